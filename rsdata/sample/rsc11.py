"""The drawn world in the format of RSC11: 512 x 512 TIFF files."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "port": "harbor",
    "residential": "lowbuildings",
    "storagetanks": "storagetanks",
    "crossing": "roads",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {name}/{name}{number}.tif."""
    form = "{name}/{name}{number}.tif"
    return len(scene_sets.write(root, "RSC11", scenes, seed, PLACES, form, size=512, gsd=0.2))
