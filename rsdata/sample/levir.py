"""The drawn world in the format of LEVIR: images and txt side by side, class and upright box a line."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (Shot("airport", 800, 600, 0.6), Shot("port", 800, 600, 0.6), Shot("storagetanks", 800, 600, 0.45))
CLASSES = {"airplane": 1, "ship": 2, "storage_tank": 3}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write imageWithLabel/."""
    note(root, "LEVIR")
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "levir"), 1):
        stem = f"{number:05d}"
        save_image(root / "imageWithLabel" / f"{stem}.jpg", paint(scene))
        save_text(root / "imageWithLabel" / f"{stem}.txt", rows(scene))
    return scenes


def rows(scene: Scene) -> list[str]:
    """`class x1 y1 x2 y2`."""
    boxes = [(CLASSES[thing.label], *whole(thing.box)) for thing in scene.annotated(CLASSES)]
    return [f"{index} {left} {top} {left + width} {top + height}" for index, left, top, width, height in boxes]
