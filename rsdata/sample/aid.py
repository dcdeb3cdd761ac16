"""The drawn world in the format of AID: class folders, numbers that are not padded."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets

PLACES = {
    "airport": "Airport",
    "port": "Port",
    "farmland": "Farmland",
    "residential": "MediumResidential",
    "parking": "Parking",
    "playground": "Playground",
    "storagetanks": "StorageTanks",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {name}/{lower}_{number}.jpg."""
    form = "{name}/{lower}_{number}.jpg"
    return len(scene_sets.write(root, "AID", scenes, seed, PLACES, form, size=384, gsd=0.6))
