"""The drawn world in the format of SIRI-WHU: 200 x 200 TIFF files, numbered from 1 in every class."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "port": "harbor",
    "farmland": "agriculture",
    "storagetanks": "industrial",
    "residential": "residential",
    "crossing": "overpass",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {name}/{number}.tif."""
    form = "{name}/{number}.tif"
    return len(scene_sets.write(root, "SIRI-WHU", scenes, seed, PLACES, form, size=200, gsd=2.0))
