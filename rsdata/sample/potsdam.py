"""The drawn world in the format of ISPRS Potsdam: large tiles with colour masks under the names of official tiles."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.classes import U8, class_map, colours, save_tiff
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene, Thing

SHOTS = tuple(Shot(kind, 640, 640, 0.2) for kind in ("residential", "parking", "residential", "crossing"))
TILES = {"train": ("2_10", "3_11", "4_12", "6_7", "7_8", "5_10", "2_11"), "test": ("2_13", "5_14", "6_15", "7_13")}
IMPERVIOUS, BUILDING, LOW, TREE, CAR, CLUTTER = 1, 2, 3, 4, 5, 6
COVERS = {
    "": LOW, "paved": IMPERVIOUS, "building": BUILDING, "road": IMPERVIOUS, "water": CLUTTER, "bare_land": CLUTTER,
    "forest": TREE, "farmland": LOW,
}  # fmt: skip
PALETTE: dict[int, Colour] = {
    0: (0, 0, 0), IMPERVIOUS: (255, 255, 255), BUILDING: (0, 0, 255), LOW: (0, 255, 255), TREE: (0, 255, 0),
    CAR: (255, 255, 0), CLUTTER: (255, 0, 0),
}  # fmt: skip
_LOOKS = {"tree": TREE, "car": CAR, "van": CAR, "truck": CAR, "bus": CAR, "container": CLUTTER, "pool": CLUTTER}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write 2_Ortho_RGB and 5_Labels_all. There is no val: its share of the scenes goes to train."""
    note(root, "ISPRS Potsdam")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "potsdam")):
        tiles = TILES["test" if split == "test" else "train"]
        tile = tiles[number % len(tiles)] + (f"_0_{number}_640_640" if number >= len(tiles) else "")
        save_tiff(root / "2_Ortho_RGB" / f"top_potsdam_{tile}_RGB.tif", paint(scene))
        save_tiff(root / "5_Labels_all" / f"top_potsdam_{tile}_label.tif", colours(mask(scene), PALETTE))
    return scenes


def mask(scene: Scene) -> U8:
    """Values 1 to 6, as mmsegmentation orders the classes, `[row, column]`."""
    return class_map(scene, COVERS, _value)


def _value(thing: Thing) -> int | None:
    return BUILDING if thing.cover == "building" else _LOOKS.get(thing.look)
