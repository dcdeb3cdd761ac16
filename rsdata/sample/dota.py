"""The drawn world in the format of DOTA v1.0: `labelTxt/P0001.txt` with oriented boxes, PNG images."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = (
    Shot("airport", 1024, 768, 0.6),
    Shot("port", 800, 640, 0.55),
    Shot("residential", 640, 512, 0.35),
    Shot("playground", 700, 600, 0.38),
    Shot("parking", 640, 512, 0.24),
    Shot("storagetanks", 640, 512, 0.42),
    Shot("farmland", 600, 600, 0.6),
    Shot("port", 640, 560, 0.6),
)
NAME = "dota"  # iSAID has the same images under the same names
CLASSES = {
    "airplane": "plane",
    "ship": "ship",
    "storage_tank": "storage-tank",
    "baseball_diamond": "baseball-diamond",
    "tennis_court": "tennis-court",
    "basketball_court": "basketball-court",
    "ground_track_field": "ground-track-field",
    "harbor": "harbor",
    "bridge": "bridge",
    "truck": "large-vehicle",
    "bus": "large-vehicle",
    "car": "small-vehicle",
    "van": "small-vehicle",
    "helicopter": "helicopter",
    "roundabout": "roundabout",
    "soccer_field": "soccer-ball-field",
    "swimming_pool": "swimming-pool",
}
SMALL = 3.0  # pixels; annotators mark what is narrower as difficult


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images and labels; train has whole numbers and CRLF like the first release, val floats and LF. The labels
    of test are held back, as they are in DOTA."""
    note(root, "DOTA")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, NAME), 1):
        stem = f"P{number:04d}"
        save_image(root / split / "images" / f"{stem}.png", paint(scene))
        if split != "test":
            whole = split == "train"
            save_text(root / split / "labelTxt" / f"{stem}.txt", label(scene, whole), "\r\n" if whole else "\n")
    return scenes


def label(scene: Scene, whole: bool) -> list[str]:
    """The lines of one label file: `x1 y1 x2 y2 x3 y3 x4 y4 class difficult`."""
    head = ["imagesource:drawn", f"gsd:{scene.gsd}"]
    return head + [_line(thing, whole) for thing in scene.annotated(CLASSES)]


def _line(thing: Thing, whole: bool) -> str:
    corners = " ".join(f"{value:.0f}" if whole else f"{value:.1f}" for point in thing.poly for value in point)
    return f"{corners} {CLASSES[thing.label]} {int(min(thing.length, thing.width) < SMALL)}"
