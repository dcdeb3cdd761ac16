"""Reading video sets and caption tables of real size, beside pandas: python tests/bench/bench_videos.py [--rows N]

Writes a set of UAVDT's size (50 videos, 800,000 rows, 40,000 frames of one blank image) and a table of 500,000 captions
of 100,000 images to a temporary folder. Checks that pandas finds the same boxes for each frame, and the same captions
for each image, then times both. pandas only parses and groups; rsdata also makes records and reads each image's size.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from rsdata import readers
from rsdata.record import Record

VIDEOS, FRAMES, EACH = 50, 800, 5
WORDS = ["two", "large", "ships", "are", "in", "a", "harbor", "near", "grey", "buildings", "and", "many", "cars"]


def write_videos(root: Path, rows: int) -> None:
    """VIDEOS files with rows in all, and FRAMES links to one blank image for each."""
    rng = random.Random(1)
    (root / "GT").mkdir(parents=True)
    Image.new("RGB", (1024, 540)).save(root / "blank.png")
    for video in range(VIDEOS):
        name = f"M{video:04d}"
        folder = root / "UAV-benchmark-M" / name
        folder.mkdir(parents=True)
        for frame in range(1, FRAMES + 1):
            (folder / f"img{frame:06d}.png").symlink_to(root / "blank.png")
        lines = [
            f"{n % FRAMES + 1},{n // FRAMES},{rng.randint(0, 900)},{rng.randint(0, 450)},{rng.randint(5, 99)},"
            f"{rng.randint(5, 80)},1,1,{rng.choice((1, 1, 1, 2, 3))}\n"
            for n in range(rows // VIDEOS)
        ]
        (root / "GT" / f"{name}_gt_whole.txt").write_text("".join(lines))


def write_table(root: Path, rows: int) -> None:
    """A TSV with EACH captions an image; the images are links to one blank image."""
    rng = random.Random(2)
    (root / "images").mkdir(parents=True)
    Image.new("RGB", (224, 224)).save(root / "blank.png")
    for n in range(rows // EACH):
        (root / f"images/{n:07d}.png").symlink_to(root / "blank.png")
    lines = [f"images/{n // EACH:07d}.png\t{' '.join(rng.sample(WORDS, 11))}\n" for n in range(rows)]
    (root / "train.tsv").write_text("filepath\ttitle\n" + "".join(lines))


def read(name: str, root: Path) -> tuple[list[Any], float, float]:
    """Records, seconds of find, seconds of read."""
    reader = readers.get(name)
    began = time.perf_counter()
    items = reader.find(root)
    found = time.perf_counter()
    outputs = [output for item in items for output in reader.read(item)]
    done = time.perf_counter()
    records = [output for output in outputs if isinstance(output, Record)]
    if len(records) != len(outputs):
        raise SystemExit(f"{len(outputs) - len(records)} drops, first: {outputs[-1]}")
    return records, found - began, done - found


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the seconds."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def by_frame(root: Path) -> dict[str, int]:
    """What pandas finds: boxes in each frame."""
    found = {}
    for path in sorted((root / "GT").iterdir()):
        table = pd.read_csv(path, header=None)
        for frame, count in table.groupby(0).size().items():
            found[f"{path.name[:5]}/{frame:07d}"] = int(count)
    return found


def by_image(root: Path) -> dict[str, list[str]]:
    """What pandas finds: captions of each image."""
    table = pd.read_csv(root / "train.tsv", sep="\t")
    return dict(table.groupby("filepath")["title"].agg(list))


def alone(name: str, root: Path) -> tuple[int, float, float]:
    """Items, and MiB by which memory grew in find and in reading one by one, in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_walk, name, root).result()


def _pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def _walk(name: str, root: Path) -> tuple[int, float, float]:
    reader = readers.get(name)
    before = _pages()
    items = reader.find(root)
    found = _pages()
    for item in items:
        for _ in reader.read(item):
            pass
    done = _pages()
    size = resource.getpagesize() / 2**20
    return len(items), (found - before) * size, (done - found) * size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=800_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "uavdt"
        write_videos(root, rows)
        count, grew, more = alone("uavdt", root)
        print(f"uavdt: {count:,} items: memory grows by {grew:.0f} MiB in find, {more:.0f} MiB in reading one by one")
        records, finding, reading = read("uavdt", root)
        want, peer = timed(lambda: by_frame(root))
        if {record.id.removeprefix("uavdt/"): len(record.objects) for record in records} != want:
            raise SystemExit("pandas finds other boxes")
        boxes = sum(want.values())
        print(
            f"uavdt: {boxes:,} boxes in {len(records):,} frames: find {finding:.2f} s, read {reading:.2f} s", end="; "
        )
        print(f"{boxes / (finding + reading):,.0f} boxes/s, {len(records) / (finding + reading):,.0f} images/s")
        print(f"       pandas, boxes of each frame: {peer:.2f} s")
        root = Path(folder) / "table"
        write_table(root, rows * 5 // 8)
        count, grew, more = alone("caption_table", root)
        print(f"table: {count:,} items: memory grows by {grew:.0f} MiB in find, {more:.0f} MiB in reading one by one")
        records, finding, reading = read("caption_table", root)
        texts, peer = timed(lambda: by_image(root))
        if {record.path: [caption.text for caption in record.captions] for record in records} != texts:
            raise SystemExit("pandas finds other captions")
        total = sum(map(len, texts.values()))
        print(
            f"table: {total:,} captions of {len(records):,} images: find {finding:.2f} s, read {reading:.2f} s",
            end="; ",
        )
        print(f"{total / (finding + reading):,.0f} captions/s")
        print(f"       pandas, captions of each image: {peer:.2f} s")


if __name__ == "__main__":
    main()
