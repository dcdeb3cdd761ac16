"""The drawn world in the format of RSI-CB256: class folders within wider ones, file names with parentheses."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "airport": "airport_runway",
    "port": "marina",
    "farmland": "green_farmland",
    "residential": "residents",
    "parking": "parkinglot",
    "crossing": "crossroads",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write drawn places/{name}/{name}_({number}).tif."""
    form = "drawn places/{name}/{name}_({number}).tif"
    return len(scene_sets.write(root, "RSI-CB256", scenes, seed, PLACES, form, size=256, gsd=0.5))
