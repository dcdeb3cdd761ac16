"""The drawn world in the format of UAVid: sequences of frames with colour masks."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.classes import U8, class_map, colours
from rsdata.sample.files import Shot, note, save_image, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene, Thing

SHOTS = tuple(Shot(kind, 768, 432, 0.08) for kind in ("crossing", "crossing", "parking"))
FOLDERS = {"train": "train", "val": "valid", "test": "test"}
COVERS = {"": 5, "paved": 0, "building": 1, "road": 2, "water": 0, "bare_land": 0, "forest": 4, "farmland": 5}
PALETTE: dict[int, Colour] = {
    0: (0, 0, 0), 1: (128, 0, 0), 2: (128, 64, 128), 3: (192, 0, 192), 4: (0, 128, 0), 5: (128, 128, 0),
    6: (64, 64, 0), 7: (64, 0, 128),
}  # fmt: skip
_CARS = ("car", "van", "truck", "bus")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {train,valid,test}/seq<n>/{Images,Labels}; the masks of test are held back."""
    note(root, "UAVid")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "uavid")):
        folder = root / FOLDERS[split] / f"seq{number // 2 + 1}"
        save_image(folder / "Images" / f"{number % 2 * 100:06d}.png", paint(scene))
        if split != "test":
            save_image(folder / "Labels" / f"{number % 2 * 100:06d}.png", colours(mask(scene), PALETTE))
    return scenes


def mask(scene: Scene) -> U8:
    """Values 0 to 7 in the order of the tool kit, `[row, column]`; cars in a parking lot are static."""
    car = 3 if scene.kind == "parking" else 7
    looks = {"tree": 4, "person": 6} | dict.fromkeys(_CARS, car)

    def value(thing: Thing) -> int | None:
        return 1 if thing.cover == "building" else looks.get(thing.look)

    return class_map(scene, COVERS, value)
