"""WHU-RS19: 19 classes, about 50 Google Earth images each (Xia et al., ISPRS 2010; Dai and Yang, GRSL 2011).

Source of the format: torchrs (README). Names are mixed: `airport_01.jpg`, `beach-01.jpg`; two class folders begin in
lower case (footballField, railwayStation), so that label numbers made from a sorted listing differ between tools.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="WHU-RS19",
    task="scenes",
    platform="satellite",
    classes={
        "Airport": "airport",
        "Beach": "beach",
        "Bridge": "bridge",
        "Commercial": "commercial_area",
        "Desert": "desert",
        "Farmland": "farmland",
        "footballField": "soccer_field",
        "Forest": "forest",
        "Industrial": "industrial_area",
        "Meadow": "meadow",
        "Mountain": "mountain",
        "Park": "park",
        "Parking": "parking_lot",
        "Pond": "pond",
        "Port": "harbor",
        "railwayStation": "train_station",
        "Residential": "residential_area",
        "River": "river",
        "Viaduct": "viaduct",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="https://captain-whu.github.io/BED4RS/",
    citation="Xia et al., Structural High-Resolution Satellite Image Indexing, ISPRS TC VII Symposium 2010",
    obtain="Download WHU-RS19 by the links of https://captain-whu.github.io/BED4RS/ and unpack it there.",
    tree="""\
WHU-RS19/Airport/airport_01.jpg ...
WHU-RS19/Beach/beach-01.jpg ...
WHU-RS19/footballField/...  WHU-RS19/railwayStation/...""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "whu_rs19")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
