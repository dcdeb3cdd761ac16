"""The drawn world as YOLO: images/<split>/ and labels/<split>/ with normalised boxes, and data.yaml with the names."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.dota import SHOTS
from rsdata.sample.files import note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.voc import CLASSES


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images, one text a picture (`class cx cy w h`, shares of the image) and data.yaml."""
    note(root, "YOLO")
    numbers = {label: number for number, label in enumerate(CLASSES)}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "plain"), 1):
        stem = f"{number:06d}"
        save_image(root / "images" / split / f"{stem}.jpg", paint(scene))
        lines = []
        for thing in scene.annotated(CLASSES):
            x0, y0, x1, y1 = thing.box
            centre = ((x0 + x1) / 2 / scene.width, (y0 + y1) / 2 / scene.height)
            size = ((x1 - x0) / scene.width, (y1 - y0) / scene.height)
            lines.append(" ".join([str(numbers[thing.label]), *(f"{v:.6f}" for v in (*centre, *size))]))
        save_text(root / "labels" / split / f"{stem}.txt", lines)
    names = [f"  {number}: {name}" for number, name in enumerate(CLASSES.values())]
    save_text(root / "data.yaml", ["train: images/train", "val: images/val", "test: images/test", "names:", *names])
    return scenes
