"""The drawn world in the format of OPTIMAL-31: file names with parentheses."""

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
    "crossing": "intersection",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write Images/{name}/{name}({number}).jpg."""
    form = "Images/{name}/{name}({number}).jpg"
    return len(scene_sets.write(root, "OPTIMAL-31", scenes, seed, PLACES, form, size=256, gsd=0.5))
