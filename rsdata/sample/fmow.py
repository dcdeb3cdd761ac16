"""The drawn world in the format of fMoW (RGB): a folder for each place, a JSON file with a box beside each image."""

from __future__ import annotations

import json
from pathlib import Path

from rsdata.sample import scene_sets
from rsdata.sample.files import save_text

PLACES = {
    "airport": "airport",
    "port": "port",
    "farmland": "crop_field",
    "residential": "multi-unit_residential",
    "parking": "parking_lot_or_garage",
    "playground": "recreational_facility",
    "storagetanks": "storage_tank",
}
SIZE, GSD, RIM = 320, 0.5, 24  # the box leaves a rim: fMoW draws one around the place, with context


def write(root: Path, scenes: int, seed: int) -> int:
    """Write {split}/{name}/{name}_{i}/{name}_{i}_0_rgb.jpg and .json."""
    form = "{split}/{name}/{name}_{number}/{name}_{number}_0_rgb.jpg"
    drawn = scene_sets.write(root, "fMoW", scenes, seed, PLACES, form, size=SIZE, gsd=GSD)
    for picture in drawn:
        box = {"ID": 1, "category": picture.name, "box": [RIM, RIM, SIZE - 2 * RIM, SIZE - 2 * RIM]}
        page = {"gsd": GSD, "img_width": SIZE, "img_height": SIZE, "cloud_cover": 0, "bounding_boxes": [box]}
        save_text((root / picture.path).with_suffix(".json"), [json.dumps(page)])
    return len(drawn)
