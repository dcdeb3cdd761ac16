"""What the writers of masks share: a class for every pixel of a scene, and TIFF files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from rsdata.sample.world import COVERS, Colour, Patch, Scene, Thing, cover_map, fill, instance_map

U8 = npt.NDArray[np.uint8]
SLIVER = 2  # pixels
HARD = frozenset({"asphalt", "slabs"})  # looks of ground that is paved, though it has no land cover of its own


def class_map(scene: Scene, covers: Mapping[str, int], of_thing: Callable[[Thing], int | None]) -> U8:
    """Values `[row, column]`: of the ground by its land cover ("" for none, "paved" for lots and squares), of things as
    `of_thing` says, None for those that have no class of their own and show the ground or the cover that they have."""
    found = np.array([covers[cover] for cover in COVERS], np.uint8)[cover_map(scene)]
    found = np.where(paved_map(scene), np.uint8(covers["paved"]), found)
    things = [(thing, value) for thing in scene.things if (value := of_thing(thing)) is not None]
    seen = instance_map(scene, [thing for thing, _ in things])
    values = np.array([0, *(value for _, value in things)], np.uint8)
    return np.where(seen > 0, values[seen], found)


def paved_map(scene: Scene) -> npt.NDArray[np.bool_]:
    """Where ground without land cover is paved, `[row, column]`."""
    out = np.zeros((scene.height, scene.width), np.bool_)
    parts: list[Patch | Thing] = [*scene.patches, *(thing for thing in scene.things if thing.cover)]
    for part in parts:
        rows, columns, inside = fill(part.outline, scene.width, scene.height)
        out[rows, columns][inside] = not part.cover and part.look in HARD
    return out


def colours(values: U8, palette: Mapping[int, Colour]) -> U8:
    """The colours of class values, RGB `[row, column, 3]`."""
    table = np.zeros((256, 3), np.uint8)
    for value, colour in palette.items():
        table[value] = colour
    return table[values]


def buildings(scene: Scene) -> list[Thing]:
    """The buildings of which more than a sliver is in the scene: what an annotator would outline. No tanks."""

    def seen(thing: Thing) -> bool:
        x0, y0, x1, y1 = thing.box
        return min(x1, scene.width) - max(x0, 0) >= SLIVER and min(y1, scene.height) - max(y0, 0) >= SLIVER

    found = (thing for thing in scene.things if thing.cover == "building" and thing.label != "storage_tank")
    return [thing for thing in found if seen(thing)]


def save_tiff(path: Path, pixels: U8) -> None:
    """Write 8-bit grey `[row, column]` or RGB `[row, column, 3]` as a plain TIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "TIFF", compression="tiff_lzw")
