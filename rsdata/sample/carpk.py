"""The drawn world in the format of CARPK: parking lots from above, one txt file for each image."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (Shot("parking", 960, 540, 0.08), Shot("parking", 960, 540, 0.1))
CARS = ("car", "van")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write Images/, Annotations/ and ImageSets/ of CARPK_devkit/data."""
    note(root, "CARPK")
    base = root / "CARPK_devkit" / "data"
    lists: dict[str, list[str]] = {"train": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "carpk"), 1):
        stem = f"20200101_LOT{number % 2 + 1}_{number:05d}"
        lists["test" if split == "test" else "train"].append(stem)
        save_image(base / "Images" / f"{stem}.png", paint(scene))
        save_text(base / "Annotations" / f"{stem}.txt", rows(scene))
    for split, stems in lists.items():
        save_text(base / "ImageSets" / f"{split}.txt", stems)
    return scenes


def rows(scene: Scene) -> list[str]:
    """`x1 y1 x2 y2 1`, 0-based and inclusive."""
    boxes = [whole(thing.box) for thing in scene.annotated(CARS)]
    return [f"{left} {top} {left + width - 1} {top + height - 1} 1" for left, top, width, height in boxes]
