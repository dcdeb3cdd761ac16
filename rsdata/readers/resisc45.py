"""NWPU-RESISC45: 45 classes of 700 images (Cheng et al., Proceedings of the IEEE 2017).

Source of the format: torchgeo (datasets/resisc45.py, whose split lists are read too). A public copy under the same name
holds 12 other classes (airfield, anchorage) as .tif; its images come out as drops (unknown-class).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="NWPU-RESISC45",
    task="scenes",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "airport": "airport",
        "baseball_diamond": "baseball_diamond",
        "basketball_court": "basketball_court",
        "beach": "beach",
        "bridge": "bridge",
        "chaparral": "chaparral",
        "church": "church",
        "circular_farmland": "circular_farmland",
        "cloud": "cloud",
        "commercial_area": "commercial_area",
        "dense_residential": "dense_residential_area",
        "desert": "desert",
        "forest": "forest",
        "freeway": "freeway",
        "golf_course": "golf_course",
        "ground_track_field": "ground_track_field",
        "harbor": "harbor",
        "industrial_area": "industrial_area",
        "intersection": "intersection",
        "island": "island",
        "lake": "lake",
        "meadow": "meadow",
        "medium_residential": "medium_residential_area",
        "mobile_home_park": "mobile_home_park",
        "mountain": "mountain",
        "overpass": "overpass",
        "palace": "palace",
        "parking_lot": "parking_lot",
        "railway": "railway",
        "railway_station": "train_station",
        "rectangular_farmland": "rectangular_farmland",
        "river": "river",
        "roundabout": "roundabout",
        "runway": "runway",
        "sea_ice": "sea_ice",
        "ship": "ship",
        "snowberg": "snowberg",
        "sparse_residential": "sparse_residential_area",
        "stadium": "stadium",
        "storage_tank": "storage_tank",
        "tennis_court": "tennis_court",
        "terrace": "terrace",
        "thermal_power_station": "thermal_power_station",
        "wetland": "wetland",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://gcheng-nwpu.github.io/",
    citation="Cheng et al., Remote Sensing Image Scene Classification: Benchmark and State of the Art, Proc. IEEE 2017",
    obtain="Download NWPU-RESISC45.rar by the link of https://gcheng-nwpu.github.io/ and unpack it there.",
    tree="""\
NWPU-RESISC45/airplane/airplane_001.jpg ... airplane_700.jpg
NWPU-RESISC45/wetland/wetland_001.jpg ...
optional: resisc45-train.txt  resisc45-val.txt  resisc45-test.txt""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class. Splits come from folders, or from the lists."""
    return _scenes.find(root, split, images, INFO, "resisc45", lists=True)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
