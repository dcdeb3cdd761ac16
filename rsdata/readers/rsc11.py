"""RSC11: 11 classes of Google Earth images of US cities (Zhao et al., Journal of Applied Remote Sensing 2016).

No public listing of the dataset was seen: folder and file names are read leniently, with or without class folders, and
with the class in singular or plural. The classes are those of the paper: Zhao et al., Feature significance-based
multibag-of-visual-words model for remote sensing image scene classification.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSC11",
    task="scenes",
    platform="satellite",
    classes={
        "denseforest": "forest",
        "grassland": "grassland",
        "harbor": "harbor",
        "highbuildings": "building",
        "lowbuildings": "building",
        "overpass": "overpass",
        "railway": "railway",
        "residentialarea": "residential_area",
        "roads": "road",
        "sparseforest": "sparse_forest",
        "storagetanks": "storage_tank",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://doi.org/10.1117/1.JRS.10.035004",
    citation="Zhao et al., Feature Significance-Based Multibag-of-Visual-Words Model for Scene Classification, 2016",
    obtain="Ask the authors for RSC11 (https://doi.org/10.1117/1.JRS.10.035004) and unpack it there.",
    tree="""\
RSC11/denseforest/denseforest1.tif ...    (or RSC11/denseforest1.tif, all in one folder)
RSC11/storagetanks/...""",
)

ALIASES = {
    "dense forests": "denseforest",
    "high building": "highbuildings",
    "low building": "lowbuildings",
    "residential": "residentialarea",
    "road": "roads",
    "sparse forests": "sparseforest",
    "storage tank": "storagetanks",
    "grass land": "grassland",
    "harbour": "harbor",
    "railways": "railway",
}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "rsc11", aliases=ALIASES)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
