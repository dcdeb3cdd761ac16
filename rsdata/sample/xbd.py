"""The drawn world in the format of xBD: every scene before and after a disaster, polygons as well-known text."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rsdata.sample.classes import U8, buildings
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Outline, Scene, Thing, instance_map

SHOTS = tuple(Shot(kind, 512, 512, 0.4) for kind in ("residential", "storagetanks", "parking"))
FOLDERS = {"train": "train", "val": "hold", "test": "test"}
EVENT = "drawn-storm"
DAMAGE = ("no-damage", "minor-damage", "major-damage", "destroyed")
SHARE = (0.5, 0.2, 0.15, 0.15)
RUBBLE = ((0, 0, 0), (0, 0, 0), (92, 84, 74), (70, 64, 58))


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {train,hold,test}/{images,labels,targets}: two images for each scene, before and after."""
    note(root, "xBD")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "xbd")):
        base, stem = root / FOLDERS[split], f"{EVENT}_{number:08d}"
        damage = damages(scene)
        for phase, view in (("pre", scene), ("post", after(scene, damage))):
            name = f"{stem}_{phase}_disaster"
            grades = damage if phase == "post" else None
            save_image(base / "images" / f"{name}.png", paint(view))
            save_image(base / "targets" / f"{name}_target.png", target(scene, grades))
            save_text(base / "labels" / f"{name}.json", [json.dumps(label(scene, name, grades))])
    return scenes


def damages(scene: Scene) -> list[int]:
    """The damage of each building, as a position in DAMAGE."""
    rng = random.Random(zlib.crc32(scene.name.encode()))
    return rng.choices(range(len(DAMAGE)), SHARE, k=len(buildings(scene)))


def after(scene: Scene, damage: Sequence[int]) -> Scene:
    """The scene after the disaster: badly damaged buildings are grey, destroyed ones flat."""
    grades = dict(zip(buildings(scene), damage, strict=True))

    def view(thing: Thing) -> Thing:
        grade = grades.get(thing, 0)
        return thing if grade < 2 else replace(thing, tint=RUBBLE[grade], height=thing.height * (3 - grade) / 2)

    return replace(scene, things=[view(thing) for thing in scene.things])


def label(scene: Scene, name: str, damage: Sequence[int] | None) -> dict[str, object]:
    """The JSON of one image; before the disaster no building has a subtype."""
    features = []
    for number, thing in enumerate(buildings(scene)):
        properties = {"feature_type": "building", "uid": f"{name}-{number}"}
        if damage is not None:
            properties["subtype"] = DAMAGE[damage[number]]
        features.append({"properties": properties, "wkt": wkt(thing.outline)})
    metadata = {"img_name": f"{name}.png", "width": scene.width, "height": scene.height, "gsd": scene.gsd}
    metadata |= {"disaster": EVENT, "disaster_type": "wind"}
    return {"features": {"lng_lat": [], "xy": features}, "metadata": metadata}


def wkt(outline: Outline) -> str:
    """A closed polygon as well-known text."""
    points = ", ".join(f"{x:.4f} {y:.4f}" for x, y in (*outline, outline[0]))
    return f"POLYGON (({points}))"


def target(scene: Scene, damage: Sequence[int] | None) -> U8:
    """1 to 4 for the damage of buildings, 1 for every building before it, `[row, column]`."""
    found = buildings(scene)
    values = [1 + grade for grade in damage] if damage is not None else [1] * len(found)
    return np.array([0, *values], np.uint8)[instance_map(scene, found)]
