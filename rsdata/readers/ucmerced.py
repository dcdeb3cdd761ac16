"""UC Merced Land Use (UCM21): 21 classes at one foot (Yang and Newsam, ACM SIGSPATIAL 2010).

Source of the format: torchgeo (datasets/ucmerced.py, whose split lists are read too). Some images are a few pixels off
256 x 256; each keeps its own size.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="UC Merced Land Use",
    task="scenes",
    platform="aerial",
    classes={
        "agricultural": "farmland",
        "airplane": "airplane",
        "baseballdiamond": "baseball_diamond",
        "beach": "beach",
        "buildings": "building",
        "chaparral": "chaparral",
        "denseresidential": "dense_residential_area",
        "forest": "forest",
        "freeway": "freeway",
        "golfcourse": "golf_course",
        "harbor": "harbor",
        "intersection": "intersection",
        "mediumresidential": "medium_residential_area",
        "mobilehomepark": "mobile_home_park",
        "overpass": "overpass",
        "parkinglot": "parking_lot",
        "river": "river",
        "runway": "runway",
        "sparseresidential": "sparse_residential_area",
        "storagetanks": "storage_tank",
        "tenniscourt": "tennis_court",
    },
    splits=(),
    licence="public-domain",
    terms="The images are of the USGS National Map (public domain); cite the authors.",
    homepage="http://weegee.vision.ucmerced.edu/datasets/landuse.html",
    citation="Yang and Newsam, Bag-of-Visual-Words and Spatial Extensions for Land-Use Classification, 2010",
    obtain="Download UCMerced_LandUse.zip from http://weegee.vision.ucmerced.edu/datasets/landuse.html and unpack it.",
    tree="""\
UCMerced_LandUse/Images/agricultural/agricultural00.tif ... agricultural99.tif
UCMerced_LandUse/Images/tenniscourt/...
optional: uc_merced-train.txt  uc_merced-val.txt  uc_merced-test.txt""",
    gsd=0.3048,
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class. Splits come from folders, or from the lists."""
    return _scenes.find(root, split, images, INFO, "ucmerced", lists=True)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
