"""The drawn world in the format of PatternNet: folders with underscores, files without."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "airport": "airplane",
    "port": "harbor",
    "residential": "dense_residential",
    "parking": "parking_lot",
    "playground": "football_field",
    "storagetanks": "storage_tank",
    "crossing": "intersection",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/{name}/{glued}{number:03d}.jpg."""
    form = "images/{name}/{glued}{number:03d}.jpg"
    return len(scene_sets.write(root, "PatternNet", scenes, seed, PLACES, form, size=256, gsd=0.5))
