"""The drawn world in the format of NWPU-RESISC45: class folders, numbers of three digits."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
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
    """Write NWPU-RESISC45/{name}/{name}_{number:03d}.jpg."""
    form = "NWPU-RESISC45/{name}/{name}_{number:03d}.jpg"
    return len(scene_sets.write(root, "NWPU-RESISC45", scenes, seed, PLACES, form, size=256, gsd=0.5))
