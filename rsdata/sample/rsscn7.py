"""The drawn world in the format of RSSCN7: class folders with a letter before the class."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "farmland": "bField",
    "storagetanks": "cIndustry",
    "residential": "fResident",
    "parking": "gParking",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {name}/{first}{number:03d}.jpg."""
    form = "{name}/{first}{number:03d}.jpg"
    return len(scene_sets.write(root, "RSSCN7", scenes, seed, PLACES, form, size=400, gsd=0.4))
