"""The drawn world in the format of NWPU-Captions: a folder for each class, and a JSON of class -> images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsdata.sample.crops import crops, save
from rsdata.sample.files import note, save_text

CLASSES = {
    "airport": "airport",
    "port": "harbor",
    "farmland": "rectangular_farmland",
    "residential": "medium_residential",
    "parking": "parking_lot",
    "playground": "ground_track_field",
    "storagetanks": "storage_tank",
    "crossing": "intersection",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write NWPU_images/<class>/<class>_001.jpg and dataset_nwpu.json."""
    note(root, "NWPU-Captions")
    content: dict[str, list[dict[str, Any]]] = {}
    for found in crops(scenes, seed, "nwpu_captions", 256):
        name = CLASSES[found.kind]
        listed = content.setdefault(name, [])
        file = f"{name}_{len(listed) + 1:03d}.jpg"
        save(root / "NWPU_images" / name / file, found.pixels)
        raws = {f"raw_{n}" if n else "raw": text for n, text in enumerate(found.sentences)}
        listed.append({"filename": file, "imgid": found.number - 1, "split": found.split, **raws})
    save_text(root / "dataset_nwpu.json", [json.dumps(content)])
    return scenes
