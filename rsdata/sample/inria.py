"""The drawn world in the format of the Inria aerial image labeling set: tiles of cities with building masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsdata.sample.classes import U8, buildings, save_tiff
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, instance_map

SHOTS = tuple(Shot(kind, 640, 640, 0.3) for kind in ("residential", "storagetanks", "parking"))
CITIES = {"train": "austin", "val": "austin", "test": "bellingham"}
FIRST = {"train": 6, "val": 1, "test": 1}  # the first five tiles of a city are val


def write(root: Path, scenes: int, seed: int) -> int:
    """Write train/{images,gt} and test/images."""
    note(root, "Inria aerial image labeling")
    used = dict.fromkeys(FIRST, 0)
    for split, scene in shots(SHOTS, scenes, seed, "inria"):
        number = FIRST[split] + used[split]
        used[split] += 1
        name = f"{CITIES[split]}{number}.tif"
        save_tiff(root / ("test" if split == "test" else "train") / "images" / name, paint(scene))
        if split != "test":
            save_tiff(root / "train/gt" / name, mask(scene))
    return scenes


def mask(scene: Scene) -> U8:
    """255 where a building is, `[row, column]`."""
    return np.where(instance_map(scene, buildings(scene)) > 0, np.uint8(255), np.uint8(0))
