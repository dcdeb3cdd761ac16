"""The drawn world in the format of iSAID: colour masks of classes and of instances beside each image.

The images are those of the drawn DOTA under the same names, as iSAID's are DOTA's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rsdata.sample import dota
from rsdata.sample.files import note, save_image, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene, Thing, instance_map

# RGB, from the dev kit's labels.py; red is always 0.
COLOURS: dict[str, Colour] = {
    "ship": (0, 0, 63),
    "storage_tank": (0, 63, 63),
    "baseball_diamond": (0, 63, 0),
    "tennis_court": (0, 63, 127),
    "basketball_court": (0, 63, 191),
    "ground_track_field": (0, 63, 255),
    "bridge": (0, 127, 63),
    "truck": (0, 127, 127),
    "bus": (0, 127, 127),
    "car": (0, 0, 127),
    "van": (0, 0, 127),
    "helicopter": (0, 0, 191),
    "swimming_pool": (0, 0, 255),
    "roundabout": (0, 191, 127),
    "soccer_field": (0, 127, 191),
    "airplane": (0, 127, 255),
    "harbor": (0, 100, 155),
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images with both masks beside them; test has images alone."""
    note(root, "iSAID")
    for number, (split, scene) in enumerate(shots(dota.SHOTS, scenes, seed, dota.NAME), 1):
        stem = root / split / "images" / f"P{number:04d}"
        save_image(stem.with_suffix(".png"), paint(scene))
        if split != "test":
            classes, ids = masks(scene)
            save_image(stem.with_name(f"{stem.name}_instance_color_RGB.png"), classes)
            save_image(stem.with_name(f"{stem.name}_instance_id_RGB.png"), ids)
    return scenes


def masks(scene: Scene) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Class colours and instance ids (R + 256*G + 65536*B), both RGB `[row, column, 3]`, black where nothing is."""
    things = scene.annotated(COLOURS)
    where = instance_map(scene, things)
    classes = np.array([(0, 0, 0), *(COLOURS[thing.label] for thing in things)], np.uint8)
    ids = np.array([(0, 0, 0), *(_bytes(instance_id(n)) for n in range(1, len(things) + 1))], np.uint8)
    return classes[where], ids[where]


def instance_id(number: int) -> int:
    """The id of the n-th instance of an image: scattered, never below 1000 (the dev kit skips smaller ones)."""
    return number * 131_101 % (1 << 24 - 1) + 1000


def _bytes(value: int) -> Colour:
    return value & 255, value >> 8 & 255, value >> 16


def annotated(scene: Scene) -> list[Thing]:
    """The instances of a scene, in the order of their ids' numbers (1 for the first)."""
    return scene.annotated(COLOURS)
