"""Small datasets drawn on the spot, for tests that need a source on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def dota(root: Path, images: int = 5, seed: int = 0) -> Path:
    """A flat DOTA folder: images/ and labelTxt/, image n with n objects, the last of each a line of 9 fields."""
    rng = np.random.default_rng(seed)
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root / "labelTxt").mkdir(exist_ok=True)
    for n in range(images):
        pixels = rng.integers(0, 256, (90, 120, 3), np.uint8)
        Image.fromarray(pixels).save(root / f"images/P{n:04d}.png")
        lines = ["imagesource:GoogleEarth", "gsd:0.25"]
        for k in range(n):
            x, y = 5 + 7 * k, 10 + 5 * k
            corners = f"{x} {y} {x + 20} {y} {x + 20} {y + 12} {x} {y + 12}"
            lines.append(f"{corners} {'ship' if k % 2 else 'plane'}" + (" 0" if k < n - 1 else ""))
        (root / f"labelTxt/P{n:04d}.txt").write_text("\r\n".join(lines) + "\r\n")
    return root


def tree(folder: Path, *, without: tuple[str, ...] = ("log.jsonl", ".lock")) -> dict[str, bytes]:
    """Every file below a folder with its bytes: two runs are the same when these are."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in without)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}
