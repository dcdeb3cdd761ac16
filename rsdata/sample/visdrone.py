"""The drawn world in the format of VisDrone2019-DET: low flights over streets, one txt line per object."""

from __future__ import annotations

import math
from pathlib import Path

from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (
    Shot("crossing", 960, 540, 0.07),
    Shot("parking", 960, 540, 0.11),
    Shot("crossing", 960, 540, 0.06),
    Shot("residential", 960, 540, 0.16),
    Shot("crossing", 960, 540, 0.09),
    Shot("port", 960, 540, 0.3),
    Shot("crossing", 960, 540, 0.08),
    Shot("parking", 960, 540, 0.13),
)
CATEGORIES = {"person": 1, "bicycle": 3, "car": 4, "van": 5, "truck": 6, "bus": 9, "motorcycle": 10}
FOLDERS = {"train": "VisDrone2019-DET-train", "val": "VisDrone2019-DET-val", "test": "VisDrone2019-DET-test-dev"}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images and annotations of the three splits."""
    note(root, "VisDrone")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "visdrone"), 1):
        stem = f"{number:07d}_00000_d_{number:07d}"
        base = root / FOLDERS[split]
        save_image(base / "images" / f"{stem}.jpg", paint(scene))
        save_text(base / "annotations" / f"{stem}.txt", rows(scene))
    return scenes


def rows(scene: Scene) -> list[str]:
    """`left,top,width,height,score,category,truncation,occlusion`, and one ignored region (category 0, score 0)."""
    found = []
    for thing in scene.annotated(CATEGORIES):
        x0, y0, x1, y1 = thing.box
        left, top = math.floor(x0), math.floor(y0)
        size = f"{math.ceil(x1) - left},{math.ceil(y1) - top}"
        found.append(f"{left},{top},{size},1,{CATEGORIES[thing.label]},0,0")
    return [*found, f"{scene.width - 60},0,60,30,0,0,0,0"]
