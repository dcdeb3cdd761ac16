"""AID: 10,000 Google Earth scenes of 30 classes (Xia et al., TGRS 2017).

Source of the format: public listings of the dataset, and aitlas (datasets/aid.py). RSICD is made of these scenes
(its images are their centre crops, under the same names), so AID is no clean test after training on RSICD.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="AID",
    task="scenes",
    platform="satellite",
    classes={
        "Airport": "airport",
        "BareLand": "bare_land",
        "BaseballField": "baseball_diamond",
        "Beach": "beach",
        "Bridge": "bridge",
        "Center": "civic_center",
        "Church": "church",
        "Commercial": "commercial_area",
        "DenseResidential": "dense_residential_area",
        "Desert": "desert",
        "Farmland": "farmland",
        "Forest": "forest",
        "Industrial": "industrial_area",
        "Meadow": "meadow",
        "MediumResidential": "medium_residential_area",
        "Mountain": "mountain",
        "Park": "park",
        "Parking": "parking_lot",
        "Playground": "playground",
        "Pond": "pond",
        "Port": "harbor",
        "RailwayStation": "train_station",
        "Resort": "resort",
        "River": "river",
        "School": "school",
        "SparseResidential": "sparse_residential_area",
        "Square": "square",
        "Stadium": "stadium",
        "StorageTanks": "storage_tank",
        "Viaduct": "viaduct",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://captain-whu.github.io/AID/",
    citation="Xia et al., AID: A Benchmark Data Set for Performance Evaluation of Aerial Scene Classification, 2017",
    obtain="Download AID by the links of https://captain-whu.github.io/AID/ and unpack it there.",
    tree="""\
AID/Airport/airport_1.jpg  airport_2.jpg ...    (numbers are not padded)
AID/BareLand/bareland_1.jpg ...""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "aid")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
