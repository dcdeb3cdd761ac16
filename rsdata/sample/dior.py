"""The drawn world in the format of DIOR and DIOR-R: 800 x 800 JPEG, horizontal and oriented XML, split lists."""

from __future__ import annotations

import math
from pathlib import Path

from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = tuple(
    Shot(kind, 800, 800, gsd)
    for kind, gsd in (
        ("airport", 0.7), ("playground", 0.4), ("port", 0.65), ("storagetanks", 0.45), ("farmland", 0.7),
        ("parking", 0.3), ("airport", 0.6), ("port", 0.6),
    )
)  # fmt: skip
CLASSES = {
    "airplane": "airplane",
    "airport": "airport",
    "baseball_diamond": "baseballfield",
    "basketball_court": "basketballcourt",
    "bridge": "bridge",
    "ground_track_field": "groundtrackfield",
    "harbor": "harbor",
    "ship": "ship",
    "storage_tank": "storagetank",
    "tennis_court": "tenniscourt",
    "car": "vehicle",
    "van": "vehicle",
    "truck": "vehicle",
    "bus": "vehicle",
}
CORNERS = ("left_top", "right_top", "right_bottom", "left_bottom")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write JPEGImages-*, Annotations of both kinds (test has them too) and ImageSets/Main."""
    note(root, "DIOR")
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "dior"), 1):
        stem = f"{number:05d}"
        lists[split].append(stem)
        folder = "JPEGImages-test" if split == "test" else "JPEGImages-trainval"
        save_image(root / folder / f"{stem}.jpg", paint(scene))
        things = scene.annotated(CLASSES)
        notes = root / "Annotations"
        save_text(notes / "Horizontal Bounding Boxes" / f"{stem}.xml", horizontal(stem, scene, things), "\r\n")
        save_text(notes / "Oriented Bounding Boxes" / f"{stem}.xml", oriented(stem, scene, things))
    for split, stems in lists.items():
        save_text(root / "ImageSets" / "Main" / f"{split}.txt", stems, "\r\n")
    return scenes


def horizontal(stem: str, scene: Scene, things: list[Thing]) -> list[str]:
    """VOC XML without `difficult`; boxes are 1-based and inclusive whole pixels around the visible shape."""
    lines = ["<annotation>", f"\t<filename>{stem}.jpg</filename>", *_size(scene)]
    for thing in things:
        x0, y0, x1, y1 = thing.box
        corners = (math.floor(x0) + 1, math.floor(y0) + 1, math.ceil(x1), math.ceil(y1))
        box = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
        name = CLASSES[thing.label]
        lines += ["\t<object>", f"\t\t<name>{name}</name>", "\t\t<pose>Unspecified</pose>"]
        lines += [f"\t\t<bndbox>{box}</bndbox>", "\t</object>"]
    return [*lines, "</annotation>"]


def oriented(stem: str, scene: Scene, things: list[Thing]) -> list[str]:
    """The XML of DIOR-R: corners clockwise on screen, whole pixels, and an angle in degrees."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotation>"]
    lines += [f"\t<filename>{stem}.jpg</filename>", *_size(scene)]
    for thing in reversed(things):  # the two kinds of file list their objects in different order
        corners = "".join(
            f"<x_{name}>{x:.0f}</x_{name}><y_{name}>{y:.0f}</y_{name}>"
            for name, (x, y) in zip(CORNERS, thing.poly, strict=True)
        )
        lines += ["\t<object>", "\t\t<type>robndbox</type>", f"\t\t<name>{CLASSES[thing.label]}</name>"]
        lines += ["\t\t<truncated>0</truncated>", "\t\t<difficult>0</difficult>"]
        angle = math.degrees(thing.angle) % 90 - 45
        lines += [f"\t\t<robndbox>{corners}</robndbox>", f"\t\t<angle>{angle:.0f}</angle>", "\t</object>"]
    return [*lines, "</annotation>"]


def _size(scene: Scene) -> list[str]:
    size = f"<width>{scene.width}</width><height>{scene.height}</height><depth>3</depth>"
    return ["\t<source><database>drawn</database></source>", f"\t<size>{size}</size>", "\t<segmented>0</segmented>"]
