"""The drawn world in the format of UC Merced: 256 x 256 TIFF files at one foot."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "airport": "airplane",
    "port": "harbor",
    "farmland": "agricultural",
    "residential": "mediumresidential",
    "parking": "parkinglot",
    "storagetanks": "storagetanks",
    "crossing": "intersection",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write Images/{name}/{name}{number:02d}.tif."""
    form = "Images/{name}/{name}{number:02d}.tif"
    return len(scene_sets.write(root, "UC Merced Land Use", scenes, seed, PLACES, form, size=256, gsd=0.3048))
