"""RSSCN7 (RS2800 in the RemoteCLIP paper): 7 classes, 400 images each, at four scales (Zou et al., GRSL 2015).

Source of the format: palewithout/RSSCN7. The folders carry a letter before the class (aGrass); each run of 100 images
of a class is of one scale, 1:700, 1:1300, 1:2600 and 1:5200 by the paper, so no one pixel size holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSSCN7",
    task="scenes",
    platform="satellite",
    classes={
        "aGrass": "grassland",
        "bField": "farmland",
        "cIndustry": "industrial_area",
        "dRiverLake": "river_or_lake",
        "eForest": "forest",
        "fResident": "residential_area",
        "gParking": "parking_lot",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://github.com/palewithout/RSSCN7",
    citation="Zou et al., Deep Learning Based Feature Selection for Remote Sensing Scene Classification, GRSL 2015",
    obtain="Clone https://github.com/palewithout/RSSCN7 and give its folder.",
    tree="""\
RSSCN7/aGrass/a001.jpg ... a400.jpg
RSSCN7/bField/b001.jpg ...  cIndustry  dRiverLake  eForest  fResident  gParking""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "rsscn7")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
