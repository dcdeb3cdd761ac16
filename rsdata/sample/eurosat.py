"""The drawn world in the format of EuroSAT: 64 x 64 patches at 10 m."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "port": "Industrial",
    "farmland": "AnnualCrop",
    "residential": "Residential",
    "crossing": "Highway",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write 2750/{name}/{name}_{number}.jpg."""
    form = "2750/{name}/{name}_{number}.jpg"
    return len(scene_sets.write(root, "EuroSAT", scenes, seed, PLACES, form, size=64, gsd=10.0))
