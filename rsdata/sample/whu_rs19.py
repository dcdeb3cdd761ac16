"""The drawn world in the format of WHU-RS19: class folders in mixed case."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "airport": "Airport",
    "port": "Port",
    "farmland": "Farmland",
    "residential": "Residential",
    "parking": "Parking",
    "playground": "footballField",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {name}/{lower}_{number:02d}.jpg."""
    form = "{name}/{lower}_{number:02d}.jpg"
    return len(scene_sets.write(root, "WHU-RS19", scenes, seed, PLACES, form, size=384, gsd=0.5))
