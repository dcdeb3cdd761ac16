"""The drawn world in the format of RSITMD: 256 x 256 TIFF named by class, and Karpathy's JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rsdata.sample.crops import crops, karpathy, plain, save
from rsdata.sample.files import note, save_text

CLASSES = {
    "airport": "airport",
    "port": "port",
    "farmland": "farmland",
    "residential": "mediumresidential",
    "parking": "parking",
    "playground": "playground",
    "storagetanks": "storagetanks",
    "crossing": "intersection",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/<class>_<n>.tif and dataset_RSITMD.json; val goes into train, as there."""
    note(root, "RSITMD")
    entries = []
    for found in crops(scenes, seed, "rsitmd", 256):
        file = f"{CLASSES[found.kind]}_{found.number}.tif"
        save(root / "images" / file, found.pixels)
        split = "test" if found.split == "test" else "train"
        entries.append((file, split, [plain(text) for text in found.sentences]))
    save_text(root / "dataset_RSITMD.json", [json.dumps(karpathy(entries, "RSITMD"))])
    return scenes
