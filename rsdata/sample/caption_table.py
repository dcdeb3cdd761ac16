"""The drawn world as tables of `filepath` and `title`: a row for each caption, split by tabs, as open_clip reads it."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.crops import crops, save
from rsdata.sample.files import note, save_text


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/<n>.jpg, and a table for each split."""
    note(root, "Caption table")
    rows: dict[str, list[str]] = {}
    for found in crops(scenes, seed, "caption_table", 224):
        file = f"images/{found.number:05d}.jpg"
        save(root / file, found.pixels)
        table = rows.setdefault(found.split, ["filepath\ttitle"])
        table += [f"{file}\t{text}" for text in dict.fromkeys(found.sentences)]
    for split, table in rows.items():
        save_text(root / f"{split}.csv", table)
    return scenes
