"""The drawn world in the format of OpenEarthMap: regions with index masks, and split lists in the root."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.classes import U8, class_map, save_tiff
from rsdata.sample.files import Shot, note, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = tuple(
    Shot(kind, 512, 512, 0.3) for kind in ("residential", "farmland", "storagetanks", "parking", "port", "farmland")
)
REGIONS = ("northford", "eastmere")  # no such places
COVERS = {"": 2, "paved": 3, "building": 8, "road": 4, "water": 6, "bare_land": 1, "forest": 5, "farmland": 7}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write <region>/{images,labels}, and train.txt, val.txt, test.txt. Masks of test are held back."""
    note(root, "OpenEarthMap")
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "openearthmap")):
        region = REGIONS[number % len(REGIONS)]
        name = f"{region}_{number // len(REGIONS) + 1}.tif"
        lists[split].append(name)
        save_tiff(root / region / "images" / name, paint(scene))
        if split != "test":
            save_tiff(root / region / "labels" / name, mask(scene))
    for split, names in lists.items():
        save_text(root / f"{split}.txt", names)
    return scenes


def mask(scene: Scene) -> U8:
    """Values 1 to 8, `[row, column]`."""
    return class_map(scene, COVERS, _value)


def _value(thing: Thing) -> int | None:
    return 8 if thing.cover == "building" else 5 if thing.look == "tree" else None
