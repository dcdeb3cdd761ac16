"""The drawn world in the format of the Semantic Drone Dataset, as TU Graz hands it out: colour masks."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.classes import U8, class_map, colours
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Colour, Scene, Thing

SHOTS = tuple(Shot(kind, 768, 512, 0.06) for kind in ("residential", "crossing"))
CLASSES: dict[str, Colour] = {
    "unlabeled": (0, 0, 0), "paved-area": (128, 64, 128), "dirt": (130, 76, 0), "grass": (0, 102, 0),
    "water": (28, 42, 168), "pool": (0, 50, 89), "vegetation": (107, 142, 35), "roof": (70, 70, 70),
    "person": (255, 22, 0), "car": (9, 143, 150), "bicycle": (119, 11, 32), "tree": (51, 51, 0),
}  # fmt: skip
NAMES = list(CLASSES)
COVERS = {
    cover: NAMES.index(name)
    for cover, name in (
        ("", "grass"), ("paved", "paved-area"), ("building", "roof"), ("road", "paved-area"), ("water", "water"),
        ("bare_land", "dirt"), ("forest", "vegetation"), ("farmland", "vegetation"),
    )
}  # fmt: skip
_LOOKS = {"tree": "tree", "pool": "pool", "person": "person", "bicycle": "bicycle"}
_LOOKS |= dict.fromkeys(("car", "van", "truck", "bus"), "car")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write training_set/images, training_set/gt/semantic/label_images and class_dict.csv; there is no other split."""
    note(root, "Semantic Drone Dataset")
    base = root / "training_set"
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "semantic_drone")):
        palette = dict(enumerate(CLASSES.values()))
        save_image(base / "images" / f"{number:03d}.jpg", paint(scene))
        save_image(base / "gt/semantic/label_images" / f"{number:03d}.png", colours(mask(scene), palette))
    lines = [f"{name}, {', '.join(map(str, colour))}" for name, colour in CLASSES.items()]
    save_text(base / "gt/semantic/class_dict.csv", ["name, r, g, b", *lines])
    return scenes


def mask(scene: Scene) -> U8:
    """Positions in NAMES, `[row, column]`."""
    return class_map(scene, COVERS, _value)


def _value(thing: Thing) -> int | None:
    name = "roof" if thing.cover == "building" else _LOOKS.get(thing.look)
    return NAMES.index(name) if name else None
