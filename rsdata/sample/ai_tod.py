"""The drawn world in the format of AI-TOD: small things, COCO JSON for each split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (Shot("port", 800, 800, 0.9), Shot("residential", 800, 800, 0.6), Shot("airport", 800, 800, 1.0))
NAMES = ("airplane", "bridge", "storage-tank", "ship", "swimming-pool", "vehicle", "person", "wind-mill")
CLASSES = {
    "airplane": 1, "bridge": 2, "storage_tank": 3, "ship": 4, "swimming_pool": 5, "car": 6, "van": 6, "truck": 6,
    "bus": 6, "person": 7,
}  # fmt: skip


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/{train,val,test} and annotations/aitod_*_v1.json."""
    note(root, "AI-TOD")
    tables: dict[str, dict[str, list[Any]]] = {}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "ai_tod"), 1):
        name = f"{number:04d}__0_0.png"
        save_image(root / "images" / split / name, paint(scene))
        table = tables.setdefault(split, {"images": [], "annotations": []})
        table["images"].append({"id": number, "file_name": name, "width": scene.width, "height": scene.height})
        table["annotations"] += rows(scene, number, len(table["annotations"]) + 1)
    categories = [{"id": index, "name": name} for index, name in enumerate(NAMES, 1)]
    for split, table in tables.items():
        text = json.dumps({**table, "categories": categories})
        save_text(root / "annotations" / f"aitod_{split}_v1.json", [text])
    return scenes


def rows(scene: Scene, image: int, first: int) -> list[dict[str, Any]]:
    """The annotations of one image."""
    found = []
    for number, thing in enumerate(scene.annotated(CLASSES), first):
        left, top, width, height = whole(thing.box)
        entry: dict[str, Any] = {"id": number, "image_id": image, "category_id": CLASSES[thing.label], "iscrowd": 0}
        entry |= {"bbox": [float(left), float(top), float(width), float(height)], "area": float(width * height)}
        found.append(entry | {"segmentation": []})
    return found
