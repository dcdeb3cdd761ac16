"""The drawn world in the format of ISPRS Vaihingen: false colour (near infrared, red, green) and colour masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsdata.sample.classes import U8, class_map, colours, save_tiff
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene, Thing

SHOTS = tuple(Shot(kind, 640, 512, 0.25) for kind in ("residential", "parking", "crossing"))
AREAS = {"train": (1, 3, 5, 7, 11, 13, 15), "test": (2, 4, 6, 8)}
TRUTH = "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
COVERS = {"": 3, "paved": 1, "building": 2, "road": 1, "water": 6, "bare_land": 6, "forest": 4, "farmland": 3}
PALETTE: dict[int, Colour] = {
    1: (255, 255, 255), 2: (0, 0, 255), 3: (0, 255, 255), 4: (0, 255, 0), 5: (255, 255, 0), 6: (255, 0, 0),
}  # fmt: skip
GREEN = (3, 4)  # classes that reflect near infrared
_LOOKS = {"tree": 4, "car": 5, "van": 5, "truck": 5, "bus": 5, "pool": 6}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write top/ and the ground truth. There is no val: its share of the scenes goes to train."""
    note(root, "ISPRS Vaihingen")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "vaihingen")):
        areas = AREAS["test" if split == "test" else "train"]
        crop = f"_0_{number}_640_512" if number >= len(areas) else ""
        name = f"top_mosaic_09cm_area{areas[number % len(areas)]}{crop}.tif"
        values = mask(scene)
        save_tiff(root / "top" / name, infrared(paint(scene), values))
        save_tiff(root / TRUTH / name, colours(values, PALETTE))
    return scenes


def mask(scene: Scene) -> U8:
    """Values 1 to 6, `[row, column]`."""
    return class_map(scene, COVERS, _value)


def infrared(pixels: U8, values: U8) -> U8:
    """RGB as near infrared, red, green; plants are bright in the first."""
    light = pixels.astype(np.uint16).sum(axis=2) // 3
    near = np.where(np.isin(values, GREEN), light + 90, light * 3 // 4)
    return np.stack([np.minimum(near, 255).astype(np.uint8), pixels[:, :, 0], pixels[:, :, 1]], axis=2)


def _value(thing: Thing) -> int | None:
    return 2 if thing.cover == "building" else _LOOKS.get(thing.look)
