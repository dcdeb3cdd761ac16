"""The drawn world in the format of UCM-Captions: numbered 256 x 256 TIFF, a hundred numbers a class, and the JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rsdata.sample.crops import crops, karpathy, save
from rsdata.sample.files import note, save_text

FIRST = {  # kind of scene -> the first number of its class
    "airport": 101,  # airplane
    "port": 1001,  # harbor
    "farmland": 1,  # agricultural
    "residential": 1201,  # mediumresidential
    "parking": 1501,  # parkinglot
    "storagetanks": 1901,
    "crossing": 1101,  # intersection
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write imgs/<n>.tif and dataset.json."""
    note(root, "UCM-Captions")
    entries = []
    taken: dict[str, int] = {}
    for found in crops(scenes, seed, "ucm_captions", 256, list(FIRST)):
        place = taken.get(found.kind, 0)
        taken[found.kind] = place + 1
        file = f"{FIRST[found.kind] + place}.tif"
        save(root / "imgs" / file, found.pixels)
        entries.append((file, found.split, [text[0].upper() + text[1:] for text in found.sentences]))
    save_text(root / "dataset.json", [json.dumps(karpathy(entries, "ucm"))])
    return scenes
