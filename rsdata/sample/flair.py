"""The drawn world in the format of FLAIR #1: five bands (red, green, blue, near infrared, height) and index masks."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rsdata.sample.classes import U8, class_map, save_tiff
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = tuple(Shot(kind, 512, 512, 0.2) for kind in ("residential", "farmland", "parking", "storagetanks"))
PLACES = ("D999_2020/Z1_UU", "D999_2020/Z2_FA")  # no such department
COVERS = {"": 10, "paved": 3, "building": 1, "road": 3, "water": 5, "bare_land": 4, "forest": 7, "farmland": 11}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write flair_aerial_train, flair_labels_train and the same for test. Val's share of the scenes goes to train."""
    note(root, "FLAIR #1")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "flair"), 1):
        aerial, labels = (f"flair_{kind}_{'test' if split == 'test' else 'train'}" for kind in ("aerial", "labels"))
        place = PLACES[number % len(PLACES)]
        values = mask(scene)
        image = root / aerial / place / "img" / f"IMG_{number:06d}.tif"
        _save_bands(image, bands(scene, paint(scene), values))
        save_tiff(root / labels / place / "msk" / f"MSK_{number:06d}.tif", values)
    return scenes


def mask(scene: Scene) -> U8:
    """Values 1 to 13, `[row, column]`."""
    return class_map(scene, COVERS, _value)


def bands(scene: Scene, pixels: U8, values: U8) -> npt.NDArray[np.uint8]:
    """Five bands `[band, row, column]`: near infrared is bright on plants, height is 5 units a metre."""
    green = np.isin(values, (7, 10, 11))
    near = np.where(green, 200, pixels.mean(axis=2) * 0.7).astype(np.uint8)
    height = np.select([values == 1, values == 7], [30, 50], 0).astype(np.uint8)
    return np.concatenate([np.moveaxis(pixels, 2, 0), near[None], height[None]])


def _value(thing: Thing) -> int | None:
    return 1 if thing.cover == "building" else {"tree": 7, "pool": 13}.get(thing.look)


def _save_bands(path: Path, found: npt.NDArray[np.uint8]) -> None:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = found.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, dtype="uint8", compress="lzw"
        ) as out:
            out.write(found)
