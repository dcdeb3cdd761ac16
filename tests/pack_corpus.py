"""A small drawn corpus for the tests of packing, and the loop that the runner does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsdata.record import Caption, Geo, Obj, Record, Window, write_part
from rsdata.stages import pack

SOURCES = {
    "small": {"title": "Small pictures", "licence": "CC-BY-4.0", "terms": "Name the authors.", "citation": "@misc{s}"},
    "big": {"title": "Big scene", "licence": "CC-BY-4.0", "homepage": "https://scene.example"},
}


def draw(seed: int, width: int, height: int) -> Image.Image:
    """A picture of soft colours, so that JPEG keeps it close."""
    corners = np.random.default_rng(seed).integers(0, 255, (3, 4, 3), np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)


def world(root: Path, pictures: int = 30, windows: int = 12) -> list[Record]:
    """`pictures` whole JPEG files with two captions and one box, and `windows` windows of one PNG of 400 x 300."""
    (root / "small").mkdir(parents=True)
    (root / "big").mkdir()
    records = []
    for i in range(pictures):
        draw(i, 64, 48).save(root / f"small/p{i}.jpg", quality=90)
        captions = [Caption(f"um avião {i}", "pt"), Caption(f"a plane {i}", rule="count/one", origin="b2c")]
        extra = {"frame": str(i)} if i % 2 else {}
        plane = Obj("plane", (1.5, 2, 30, 40.25), area=100.0)
        one = Record(f"small/train/p{i}", "small", "train", f"small/p{i}.jpg", 64, 48, objects=[plane])
        one.captions, one.extra, one.licence = captions, extra, "CC-BY-4.0"
        records.append(one)
    draw(99, 400, 300).save(root / "big/scene.png")
    for i in range(windows):
        window = Window(i % 4 * 100, i // 4 * 100, 100, 100)
        geo = Geo("EPSG:32618", (0.5, 0.0, 1000.0 + window.x / 2, 0.0, -0.5, 2000.0 - window.y / 2)) if i % 3 else None
        name = f"big/scene@{window.x},{window.y},100,100"
        captions = [Caption(f"window {i} of a scene", origin="template")]
        records.append(Record(name, "big", "", "big/scene.png", 100, 100, window, gsd=0.3, geo=geo, captions=captions))
    return records


def write_parts(folder: Path, records: Sequence[Record], size: int = 12) -> list[Path]:
    """Record parts as the runner leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, max(len(records), 1), size):
        parts.append(folder / f"part-{start // size:05d}.parquet")
        write_part(parts[-1], records[start : start + size])
    return parts


def packed(root: Path, parts: Sequence[Path], out: Path, seed: int = 7, key: str = "k", **params: Any) -> pack.Packed:
    """What the runner does, in this process."""
    roots = {"small": root, "big": root}
    for names in pack.rounds(parts, out=out, seed=seed, key=key, params=params):
        for name in names:
            pack.work(name, parts=parts, out=out, roots=roots, seed=seed, **params)
    return pack.finish(out=out, seed=seed, params=params, title="A small world", sources=SOURCES)


def contents(out: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
