"""UCM-Captions: the 2,100 images of UC Merced Land Use with five sentences each (Qu et al., CITS 2016).

Two forms: `dataset.json` (Karpathy's JSON) and lists of AMFMN's form as JGDN and PE-RSITR handed them out. The lists of
JGDN leave images out (1,800 of 2,100 are in them); those of PE-RSITR are whole, their train is the official train and
val together. Images are numbered 1 to 2,100, a hundred for each class in alphabetical order; the captions of the lists
agree with that for all 21 classes. Source of the format: torchrs, datasets/ucm_captions.py, and the lists themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _captions, _captionsets, _files
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="UCM-Captions",
    task="captions",
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
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of the USGS National Map.",
    homepage="https://github.com/201528014227051/RSICD_optimal",
    citation="Qu et al., Deep Semantic Understanding of High Resolution Remote Sensing Image, CITS 2016",
    obtain="Download UCM_captions by the links of https://github.com/201528014227051/RSICD_optimal.",
    tree="""\
UCM_captions/dataset.json
UCM_captions/imgs/1.tif ... 2100.tif
or, for the JSON: UCM_captions/ucm_precomp/train_caps.txt  train_filename.txt  ...""",
    gsd=0.3048,
)

LAYOUT = _captionsets.Layout(
    "ucm_captions",
    ("dataset.json", "dataset_ucm.json", "dataset_UCM_captions.json"),
    ("imgs", "images", "UCM_images"),
    merged="the official train and val together",
)
EACH = 100  # images of a class
_NUMBER = re.compile(r"[1-9]\d{0,3}")


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "", lists: str = "") -> list[Item]:
    """List every image that the captions name, and every image that they do not.

    form: "json" or "lists"; empty takes the JSON where it is there.
    lists: the folder of the lists, where there are several, such as "ucm_precomp".
    """
    return _captionsets.find(root, split, INFO, LAYOUT, images, form, lists)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions are in the item."""
    name = class_of(_files.stem_of(item.image or ""))
    yield from _captions.read(item, INFO, INFO.classes.get(name), {"class": name} if name else {})


def class_of(stem: str) -> str:
    """The class of a numbered image: 1 to 100 are agricultural, 101 to 200 airplane; "" where it is no such number."""
    number = int(stem) if _NUMBER.fullmatch(stem) else 0
    names = list(INFO.classes)
    return names[(number - 1) // EACH] if 1 <= number <= EACH * len(names) else ""
