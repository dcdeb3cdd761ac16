"""The drawn world in the format of AU-AIR: frames of low flights, and one JSON of its own form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsdata.sample.clips import films, whole
from rsdata.sample.files import Shot, note, save_image, save_text
from rsdata.sample.paint import paint

SHOTS = (Shot("crossing", 960, 540, 0.06), Shot("crossing", 960, 540, 0.09))
CATEGORIES = ("Human", "Car", "Truck", "Van", "Motorbike", "Bicycle", "Bus", "Trailer")
CLASSES = {"person": 0, "car": 1, "truck": 2, "van": 3, "motorcycle": 4, "bicycle": 5, "bus": 6}
STEP = 6  # frames of the film between two that are kept


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/ and annotations.json: keys misspelt as in the dataset, sizes as floats, altitude in millimetres."""
    note(root, "AU-AIR")
    entries: list[dict[str, Any]] = []
    for film in films(SHOTS, scenes, seed, "au_air", CLASSES):
        for n, scene in enumerate(film.frames):
            name = f"frame_202001011200{film.number:02d}_x_{n * STEP + 1:07d}.jpg"
            save_image(root / "images" / name, paint(scene))
            boxes = [(CLASSES[label], whole(box)) for label, seen in film.tracks if (box := seen[n])]
            entry = {"image_name": name, "image_width": float(scene.width), "image_height": float(scene.height)}
            entry |= {"longtitude": 0.0, "latitude": 0.0, "altitude": 20000.0}
            keys = ("left", "top", "width", "height")
            entry["bbox"] = [dict(zip(keys, box, strict=True)) | {"class": label} for label, box in boxes]
            entries.append(entry)
    content = {"info": {"description": "drawn"}, "categories": list(CATEGORIES), "annotations": entries}
    save_text(root / "annotations.json", [json.dumps(content)])
    return scenes
