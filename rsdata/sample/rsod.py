"""The drawn world in the format of RSOD: a folder for each class, with VOC XML and tab separated text."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import voc_xml
from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint

SHOTS = (Shot("airport", 800, 640, 0.55), Shot("storagetanks", 720, 600, 0.45), Shot("playground", 640, 560, 0.4))
CLASSES = {"airplane": "aircraft", "storage_tank": "oiltank", "ground_track_field": "playground"}
OF_KIND = {"airport": "airplane", "storagetanks": "storage_tank", "playground": "ground_track_field"}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {class}/JPEGImages and {class}/Annotation/{xml,labels}; a folder tells of its own class only."""
    note(root, "RSOD")
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "rsod"), 1):
        label = OF_KIND[scene.kind]
        name, things = CLASSES[label], scene.annotated({label})
        base, stem = root / name, f"{name}_{number}"
        save_image(base / "JPEGImages" / f"{stem}.jpg", paint(scene))
        save_text(base / "Annotation" / "xml" / f"{stem}.xml", voc_xml.lines(f"{stem}.jpg", scene, things, CLASSES))
        boxes = [whole(thing.box) for thing in things]
        rows = [f"{stem}\t{name}\t{x + 1}\t{y + 1}\t{x + width}\t{y + height}" for x, y, width, height in boxes]
        save_text(base / "Annotation" / "labels" / f"{stem}.txt", rows)
    return scenes
