"""The drawn world as Pascal VOC: `VOC2007/Annotations/000001.xml`, JPEGImages/ and ImageSets/Main/ lists."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import voc_xml
from rsdata.sample.dota import SHOTS
from rsdata.sample.files import note, save_image, save_text, shots
from rsdata.sample.paint import paint

CLASSES = {
    "airplane": "airplane",
    "ship": "ship",
    "storage_tank": "storage tank",
    "tennis_court": "tennis court",
    "helicopter": "helicopter",
    "car": "car",
    "truck": "truck",
    "bus": "bus",
    "van": "van",
    "swimming_pool": "swimming pool",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images, XML and split lists."""
    note(root, "Pascal VOC")
    home = root / "VOC2007"
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "plain"), 1):
        stem = f"{number:06d}"
        lists[split].append(stem)
        save_image(home / "JPEGImages" / f"{stem}.jpg", paint(scene))
        lines = voc_xml.lines(f"{stem}.jpg", scene, scene.annotated(CLASSES), CLASSES)
        save_text(home / "Annotations" / f"{stem}.xml", lines)
    for split, stems in lists.items():
        save_text(home / "ImageSets" / "Main" / f"{split}.txt", stems)
    return scenes
