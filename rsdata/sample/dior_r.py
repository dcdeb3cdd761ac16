"""The drawn world in the format of DIOR-R: the images and lists of DIOR, with oriented XML alone."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.dior import CLASSES, SHOTS, oriented
from rsdata.sample.files import note, save_image, save_text, shots
from rsdata.sample.paint import paint


def write(root: Path, scenes: int, seed: int) -> int:
    """Write JPEGImages-*, Annotations/Oriented Bounding Boxes and ImageSets/Main."""
    note(root, "DIOR-R")
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "dior"), 1):
        stem = f"{number:05d}"
        lists[split].append(stem)
        folder = "JPEGImages-test" if split == "test" else "JPEGImages-trainval"
        save_image(root / folder / f"{stem}.jpg", paint(scene))
        things = scene.annotated(CLASSES)
        save_text(root / "Annotations" / "Oriented Bounding Boxes" / f"{stem}.xml", oriented(stem, scene, things))
    for split, stems in lists.items():
        save_text(root / "ImageSets" / "Main" / f"{split}.txt", stems, "\r\n")
    return scenes
