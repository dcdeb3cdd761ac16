"""The drawn world as COCO: `annotations/instances_train.json`, boxes and polygons; images in train/, val/, test/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsdata.sample.dota import SHOTS
from rsdata.sample.files import note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.voc import CLASSES


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images and one JSON a split; ids count on over the splits and classes do not start at 1, as in COCO."""
    note(root, "COCO")
    ids = {label: 3 * number + 2 for number, label in enumerate(CLASSES)}
    categories = [{"id": ids[label], "name": name, "supercategory": "thing"} for label, name in CLASSES.items()]
    files: dict[str, dict[str, list[dict[str, Any]]]] = {}
    total = 0
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "plain"), 1):
        name = f"{number:012d}.jpg"
        save_image(root / split / name, paint(scene))
        page = files.setdefault(split, {"images": [], "annotations": [], "categories": categories})
        page["images"].append({"id": number, "file_name": name, "width": scene.width, "height": scene.height})
        for thing in scene.annotated(CLASSES):
            total += 1
            x0, y0, x1, y1 = (round(v, 2) for v in thing.box)
            ring = [round(v, 2) for point in thing.outline for v in point]
            box = [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)]
            row = {"id": total, "image_id": number, "category_id": ids[thing.label], "bbox": box, "iscrowd": 0}
            page["annotations"].append({**row, "area": round(box[2] * box[3], 2), "segmentation": [ring]})
    for split, page in files.items():
        save_text(root / "annotations" / f"instances_{split}.json", [json.dumps(page)])
    return scenes
