"""The drawn world in the format of xView: TIFF images, and one GeoJSON for all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rsdata.sample.classes import save_tiff
from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (Shot("airport", 1000, 800, 0.5), Shot("port", 900, 800, 0.5), Shot("residential", 800, 640, 0.3))
CLASSES = {"airplane": 11, "helicopter": 15, "car": 18, "bus": 19, "truck": 23, "ship": 40, "storage_tank": 86}
LEFT, TOP, STEP = 0.0, 0.0, 1e-6  # degrees, in the sea off Africa


def write(root: Path, scenes: int, seed: int) -> int:
    """Write train_images/ and xView_train.geojson."""
    note(root, "xView")
    features: list[dict[str, Any]] = []
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "xview"), 1):
        name = f"{number * 5}.tif"
        save_tiff(root / "train_images" / name, paint(scene))
        features += rows(scene, name, len(features))
    text = json.dumps({"type": "FeatureCollection", "features": features})
    save_text(root / "xView_train.geojson", [text])
    return scenes


def rows(scene: Scene, name: str, first: int) -> list[dict[str, Any]]:
    """The features of one image; the box is text, and the type a number."""
    found = []
    for number, thing in enumerate(scene.annotated(CLASSES), first):
        left, top, width, height = whole(thing.box)
        right, bottom = left + width, top + height
        properties = {"bounds_imcoords": f"{left},{top},{right},{bottom}", "type_id": CLASSES[thing.label]}
        properties |= {"image_id": name, "feature_id": number, "edited_by": "drawn"}
        corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
        ring = [[LEFT + STEP * x, TOP - STEP * y] for x, y in corners]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        found.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return found
