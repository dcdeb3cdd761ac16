"""SIRI-WHU (WHU-earth in the RemoteCLIP paper): 12 classes of 200 images at 2 m (Zhu et al., GRSL 2016).

Source of the format: a public preparation guide for RemoteCLIP's benchmarks; classes from aitlas
(datasets/siri_whu.py). Images are numbered from 1 in every class: water/1.tif, so ids carry the class.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="SIRI-WHU (Google)",
    task="scenes",
    platform="satellite",
    classes={
        "agriculture": "farmland",
        "commercial": "commercial_area",
        "harbor": "harbor",
        "idle_land": "idle_land",
        "industrial": "industrial_area",
        "meadow": "meadow",
        "overpass": "overpass",
        "park": "park",
        "pond": "pond",
        "residential": "residential_area",
        "river": "river",
        "water": "water",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth.",
    homepage="http://www.lmars.whu.edu.cn/prof_web/zhongyanfei/e-code.html",
    citation="Zhu et al., Bag-of-Visual-Words Scene Classifier With Local and Global Features for HSR Imagery, 2016",
    obtain="Download the Google image dataset of SIRI-WHU from its authors' page and unpack it there.",
    tree="""\
SIRI-WHU/agriculture/1.tif ... 200.tif
SIRI-WHU/water/1.tif ...""",
    gsd=2.0,
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "siri_whu")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
