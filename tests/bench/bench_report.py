"""The report: seconds to make one of 500 samples, its size, and how soon Chromium has it open.

    python tests/bench/bench_report.py

No peer makes such a file; the goal is to open within a second. 500 images of 800 pixels with 40 boxes and five captions
in ten languages each are drawn first.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import browser
import tiny

from rsdata.record import Caption, Obj, Record
from rsdata.report import html

SAMPLES, BOXES, SIDE = 500, 40, 800
LANGS = ["en", "pt", "es", "fr", "de", "nl", "it", "zh", "ko", "ru"]


def record(n: int, root: Path) -> Record:
    """One drawn image: smooth noise, as hard to compress as a photograph, with boxes and captions."""
    rng = np.random.default_rng(n)
    coarse = rng.integers(0, 256, (100, 100, 3), np.uint8)
    path = root / f"{n}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path, quality=92)
    corners = rng.integers(0, SIDE - 60, (BOXES, 2)).tolist()
    made = Record(f"dota/train/{n:05d}", "dota", "train", path.name, SIDE, SIDE, licence="none-stated")
    made.objects = [Obj(("ship", "airplane")[k % 2], (x, y, x + 50, y + 30)) for k, (x, y) in enumerate(corners)]
    text = f"There are {n} ships in the left half of the image, and a few airplanes beside the harbor."
    made.captions = [Caption(f"{text} {k}", lang, "b2c", "count/all") for lang in LANGS for k in range(5)]
    return made


def main() -> None:
    """Draw, make, open five times."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data/dota"
        corpus = tiny.build(Path(folder), {"part-00000": [record(n, root) for n in range(SAMPLES)]})
        file = Path(folder) / "report.html"
        start = time.perf_counter()
        made = html.write(corpus, file, samples=SAMPLES)
        print(f"{SAMPLES} samples: {time.perf_counter() - start:.1f} s to make, {made['bytes'] / 1e6:.1f} MB")
        seconds = []
        with browser.browsing(browser.chromium()) as chromium:
            for _ in range(5):
                start = time.perf_counter()
                with browser.opened(chromium, file) as seen:
                    seconds.append(time.perf_counter() - start)
                    loaded = seen.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
                    seen.page.fill("#search", "ships in the left 499")
                    start = time.perf_counter()
                    seen.until("document.querySelectorAll('.card').length === 1")
                    found = time.perf_counter() - start
        print(f"open and ready in Chromium: median {statistics.median(seconds):.2f} s of 5 (the last: loaded after"
              f" {loaded:.0f} ms); a search: {found:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
