"""OPTIMAL-31: 31 classes of 60 Google Earth images (Wang et al., TGRS 2019).

Source of the format: a public preparation guide for RemoteCLIP's benchmarks; classes from aitlas
(datasets/optimal_31.py). File names hold parentheses: airplane(1).jpg.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="OPTIMAL-31",
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
        "parking_lot": "parking_lot",
        "railway": "railway",
        "rectangular_farmland": "rectangular_farmland",
        "roundabout": "roundabout",
        "runway": "runway",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://crabwq.github.io/",
    citation="Wang et al., Scene Classification With Recurrent Attention of VHR Remote Sensing Images, TGRS 2019",
    obtain="Download OPTIMAL-31 by the link of its authors (https://crabwq.github.io/) and unpack it there.",
    tree="""\
OPTIMAL-31/Images/airplane/airplane(1).jpg ...
OPTIMAL-31/Images/runway/runway(60).jpg""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "optimal31")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
