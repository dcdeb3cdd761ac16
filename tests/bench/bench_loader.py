"""Our decode beside webdataset's own: python tests/bench/bench_loader.py

Shards of noisy 800 x 800 JPEG pictures of about 265 kB, one process, to 224 px: `webdataset` decode("pil") and a
bicubic resize to an array, and our loader's samples (the whole image, no flips). The pictures are compared first (PSNR
above 35 dB, every one); then both run in turn, five times. Ours also parses the json and draws a caption.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from rsdata.stages._tar import TarWriter
from rsdata.train import config
from rsdata.train.data import Loader, Sizes

SIDE = 224


def picture(seed: int, side: int) -> bytes:
    """A drawn picture with the grain of a photograph."""
    rng = np.random.default_rng(seed)
    base = Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 9, (side, side, 1))
    out = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(base) + grain, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def write(folder: Path, count: int, side: int) -> int:
    """Two shards; mean bytes of a picture."""
    pictures = [picture(n, side) for n in range(min(count, 50))]
    captions = [
        {"text": f"caption {n}", "lang": "en", "origin": "b2c", "rule": "count/all", "of": None} for n in range(5)
    ]
    objects = [{"label": "plane", "box": [1.0, 2.0, 3.0, 4.0], "poly": [], "area": 4.0}] * 20
    for shard in range(2):
        with (folder / f"{shard:06d}.tar").open("wb") as file:
            tar = TarWriter(file)
            for n in range(count // 2):
                meta = json.dumps({"id": f"b/{shard}/{n}", "captions": captions, "objects": objects}).encode()
                tar.add(f"{n:09d}", [("jpg", pictures[n % len(pictures)]), ("txt", b"caption"), ("json", meta)])
            tar.close()
    return sum(map(len, pictures)) // len(pictures)


def theirs(folder: Path) -> Iterator[np.ndarray]:
    """webdataset, PIL, bicubic."""
    import webdataset

    shards = [str(path) for path in sorted(folder.glob("*.tar"))]
    data = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg", "txt")
    for image, _ in data:
        yield np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def ours(folder: Path, count: int) -> Iterator[np.ndarray]:
    """The loader, in this process; scale 1 keeps the whole image, so that both make the same picture."""
    given = {"shards": str(folder), "workers": 0, "shuffle": "none", "scale": 1.0, "flip": False, "turns": False}
    loader = Loader(config.make(given)[0], None, Sizes(SIDE), cache=None)
    for position in range(count):
        yield loader.data.draw(position)[1][0]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    """Decibels between two pictures."""
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - two.astype(float)) ** 2))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--side", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rsdata-bench-") as name:
        folder = Path(name)
        size = write(folder, asked.images, asked.side)
        decibels = [psnr(a, b) for a, b in zip(ours(folder, 50), theirs(folder), strict=False)]
        if min(decibels) < 35:
            sys.exit(f"the pictures differ: {min(decibels):.1f} dB")
        print(f"{asked.images} JPEG of {asked.side} px, {size:,} bytes; PSNR {min(decibels):.1f} dB or more")
        times: dict[str, list[float]] = {"rsdata": [], "webdataset": []}
        for _ in range(asked.rounds):
            for label, pictures in (("rsdata", ours(folder, asked.images)), ("webdataset", theirs(folder))):
                start = time.process_time()
                made = sum(1 for _ in pictures)
                times[label].append((time.process_time() - start) / made)
        for label, spent in times.items():
            print(
                f"{label:12} median {1 / statistics.median(spent):7.0f} images/s of one core, best {1 / min(spent):.0f}"
            )
        ratios = [b / a for a, b in zip(times["rsdata"], times["webdataset"], strict=True)]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"ratio {spread}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
