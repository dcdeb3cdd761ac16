"""The drawn world in the format of DeepGlobe land cover: colour masks that are not exactly 0 and 255."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from rsdata.sample.classes import U8, class_map, colours
from rsdata.sample.files import Shot, note, save_image, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene

SHOTS = tuple(Shot(kind, 612, 612, 0.5) for kind in ("farmland", "residential", "port", "storagetanks"))
FOLDERS = {"train": "train", "val": "valid", "test": "test"}
COVERS = {"": 2, "paved": 0, "building": 0, "road": 0, "water": 4, "bare_land": 5, "forest": 3, "farmland": 1}
PALETTE: dict[int, Colour] = {
    0: (0, 255, 255), 1: (255, 255, 0), 2: (255, 0, 255), 3: (0, 255, 0), 4: (0, 0, 255), 5: (255, 255, 255),
}  # fmt: skip


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {train,valid,test}/<id>_sat.jpg, and <id>_mask.png of train alone."""
    note(root, "DeepGlobe land cover")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "deepglobe")):
        stem = root / FOLDERS[split] / str(zlib.crc32(scene.name.encode()) % 1_000_000)
        save_image(stem.with_name(f"{stem.name}_sat.jpg"), paint(scene))
        if split == "train":
            save_image(stem.with_name(f"{stem.name}_mask.png"), worn(colours(mask(scene), PALETTE), number))
    return scenes


def mask(scene: Scene) -> U8:
    """Positions in PALETTE, `[row, column]`."""
    return class_map(scene, COVERS, lambda thing: None)


def worn(exact: U8, number: int) -> U8:
    """The colours a little off, as in some copies: up to 20 from 0 or 255."""
    off = np.random.default_rng(number).integers(0, 21, exact.shape, np.uint8)
    return np.where(exact > 0, 255 - off, off).astype(np.uint8)
