"""The drawn world in the format of the WHU building set: crops with building masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsdata.sample.classes import U8, buildings, save_tiff
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, instance_map

SHOTS = tuple(Shot(kind, 512, 512, 0.3) for kind in ("residential", "residential", "storagetanks"))


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {train,val,test}/{image,label}; test has masks too."""
    note(root, "WHU building")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "whu_building")):
        save_tiff(root / split / "image" / f"{number}.tif", paint(scene))
        save_tiff(root / split / "label" / f"{number}.tif", mask(scene))
    return scenes


def mask(scene: Scene) -> U8:
    """255 where a building is, `[row, column]`."""
    return np.where(instance_map(scene, buildings(scene)) > 0, np.uint8(255), np.uint8(0))
