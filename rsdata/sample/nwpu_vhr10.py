"""The drawn world in the format of NWPU VHR-10: two sets of images, and text with boxes in brackets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (
    Shot("airport", 900, 640, 0.6),
    Shot("playground", 720, 600, 0.35),
    Shot("residential", 640, 560, 0.35),
    Shot("port", 720, 560, 0.6),
    Shot("storagetanks", 640, 512, 0.5),
)
CLASSES = {
    "airplane": 1, "ship": 2, "storage_tank": 3, "baseball_diamond": 4, "tennis_court": 5, "basketball_court": 6,
    "ground_track_field": 7, "harbor": 8, "bridge": 9, "car": 10, "van": 10, "truck": 10, "bus": 10,
}  # fmt: skip
EMPTY = "residential"


def write(root: Path, scenes: int, seed: int) -> int:
    """Write the three folders; both sets count from 001. Houses without a car in sight make the negative set."""
    note(root, "NWPU VHR-10")
    numbers = {"positive": 0, "negative": 0}
    for _, scene in shots(SHOTS, scenes, seed, "nwpu_vhr10"):
        name = "negative" if scene.kind == EMPTY else "positive"
        numbers[name] += 1
        stem = f"{numbers[name]:03d}"
        if name == "negative":
            scene = replace(scene, things=[thing for thing in scene.things if thing.label not in CLASSES])
        else:
            save_text(root / "ground truth" / f"{stem}.txt", rows(scene), "\r\n")
        save_image(root / f"{name} image set" / f"{stem}.jpg", paint(scene))
    return scenes


def rows(scene: Scene) -> list[str]:
    """`(x1,y1),(x2,y2),class `, with the blank at the end that the real files have."""
    found = []
    for thing in scene.annotated(CLASSES):
        left, top, width, height = whole(thing.box)
        found.append(f"({left},{top}),({left + width},{top + height}),{CLASSES[thing.label]} ")
    return found
