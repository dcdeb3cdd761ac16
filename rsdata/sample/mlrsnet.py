"""The drawn world in the format of MLRSNet: class folders, and a table of tags for each class."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample import scene_sets
from rsdata.sample.files import save_text

PLACES = {
    "airport": "airport",
    "port": "harbor&port",
    "farmland": "farmland",
    "residential": "dense_residential_area",
    "parking": "parking_lot",
    "playground": "ground_track_field",
    "storagetanks": "storage_tank",
    "crossing": "intersection",
}
TAGS = {  # some of the official 60, "habor" spelled as there
    "airplane": ("airport",),
    "buildings": ("airport", "dense_residential_area"),
    "cars": ("parking_lot", "dense_residential_area", "intersection"),
    "field": ("farmland",),
    "habor": ("harbor&port",),
    "parking lot": ("parking_lot",),
    "road": ("intersection", "dense_residential_area"),
    "tanks": ("storage_tank",),
    "track": ("ground_track_field",),
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write Images/{name}/{name}_{number:05d}.jpg and labels/{name}.csv."""
    form = "Images/{name}/{name}_{number:05d}.jpg"
    drawn = scene_sets.write(root, "MLRSNet", scenes, seed, PLACES, form, size=256, gsd=0.5)
    for name, pictures in scene_sets.by_class(drawn):
        values = ",".join("1" if name in places else "0" for places in TAGS.values())
        rows = [f"{Path(picture.path).name},{values}" for picture in pictures]
        save_text(root / "labels" / f"{name}.csv", [",".join(("image", *TAGS)), *rows])
    return len(drawn)
