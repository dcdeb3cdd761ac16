"""The drawn world in the format of TGRS-HRRSD: VOC XML, images of several sizes, split lists."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import voc_xml
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint

SHOTS = (
    Shot("playground", 720, 640, 0.35),
    Shot("storagetanks", 512, 480, 0.5),
    Shot("airport", 800, 600, 0.6),
    Shot("port", 640, 560, 0.6),
    Shot("farmland", 600, 512, 0.5),
)
CLASSES = {
    "airplane": "airplane",
    "ship": "ship",
    "storage_tank": "storage tank",
    "baseball_diamond": "baseball diamond",
    "tennis_court": "tennis court",
    "basketball_court": "basketball court",
    "ground_track_field": "ground track field",
    "harbor": "harbor",
    "bridge": "bridge",
    "car": "vehicle",
    "van": "vehicle",
    "truck": "vehicle",
    "bus": "vehicle",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write JPEGImages, Annotations and ImageSets/Main of OPT2017."""
    note(root, "TGRS-HRRSD")
    base = root / "OPT2017"
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "hrrsd"), 1):
        stem = f"{number:05d}"
        lists[split].append(stem)
        save_image(base / "JPEGImages" / f"{stem}.jpg", paint(scene))
        text = voc_xml.lines(f"{stem}.jpg", scene, scene.annotated(CLASSES), CLASSES)
        save_text(base / "Annotations" / f"{stem}.xml", text)
    for split, stems in lists.items():
        save_text(base / "ImageSets" / "Main" / f"{split}.txt", stems)
    return scenes
