"""The drawn world in the format of Sydney-Captions: numbered 500 x 500 TIFF, and the JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rsdata.sample.crops import crops, karpathy, save
from rsdata.sample.files import note, save_text


def write(root: Path, scenes: int, seed: int) -> int:
    """Write imgs/<n>.tif and dataset.json."""
    note(root, "Sydney-Captions")
    entries = []
    for found in crops(scenes, seed, "sydney_captions", 500):
        file = f"{found.number}.tif"
        save(root / "imgs" / file, found.pixels)
        entries.append((file, found.split, [text[0].upper() + text[1:] for text in found.sentences]))
    save_text(root / "dataset.json", [json.dumps(karpathy(entries, "sydney"))])
    return scenes
