"""The drawn world in the format of LoveDA: land cover as index masks, urban and rural scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rsdata.sample.files import Shot, note, save_image, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import COVERS, Scene, cover_map

SHOTS = tuple(  # LoveDA has 0.3 m pixels throughout
    Shot(kind, 512, 512, 0.3)
    for kind in (
        "farmland", "residential", "farmland", "storagetanks", "parking", "port", "residential", "farmland",
    )
)  # fmt: skip
# Land cover concept -> value; 0 is no-data, 1 is background (what has no concept).
VALUES = {"": 1, "building": 2, "road": 3, "water": 4, "bare_land": 5, "forest": 6, "farmland": 7}
NO_DATA = 10  # columns on the right of the val images, black and 0, like the rim of a strip


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {Train,Val}/{Urban,Rural}/{images_png,masks_png}; Test has images alone."""
    note(root, "LoveDA")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "loveda")):
        base = root / split.capitalize() / ("Urban" if scene.urban else "Rural")
        pixels, values = paint(scene).copy(), mask(scene)
        if split == "val":
            pixels[:, -NO_DATA:], values[:, -NO_DATA:] = 0, 0
        save_image(base / "images_png" / f"{number}.png", pixels)
        if split != "test":
            save_image(base / "masks_png" / f"{number}.png", values)
    return scenes


def mask(scene: Scene) -> npt.NDArray[np.uint8]:
    """Values 1 to 7, `[row, column]`."""
    table = np.array([VALUES[cover] for cover in COVERS], np.uint8)
    return table[cover_map(scene)]
