"""RSITMD: 4,743 images with five finer sentences each (Yuan et al., TGRS 2021).

Source of the format: xiaoyuan1996/AMFMN (RSITMD/README.md and its lists). Two forms: `dataset_RSITMD.json` (Karpathy's
JSON) and the lists of `rsitmd_precomp/`. Four images of the lists have five blank captions each (their JSON was mended
in 2021); they are kept without captions. The scene class is the beginning of the file name. Its test images overlap
RSICD's training images: both were cut from the same scenes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _captions, _captionsets, _files
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSITMD",
    task="captions",
    platform="satellite",
    classes={
        "airport": "airport",
        "bareland": "bare_land",
        "baseballfield": "baseball_diamond",
        "beach": "beach",
        "boat": "boat",
        "bridge": "bridge",
        "center": "civic_center",
        "church": "church",
        "commercial": "commercial_area",
        "denseresidential": "dense_residential_area",
        "desert": "desert",
        "farmland": "farmland",
        "forest": "forest",
        "industrial": "industrial_area",
        "intersection": "intersection",
        "meadow": "meadow",
        "mediumresidential": "medium_residential_area",
        "mountain": "mountain",
        "park": "park",
        "parking": "parking_lot",
        "plane": "airplane",
        "playground": "playground",
        "pond": "pond",
        "port": "harbor",
        "railwaystation": "train_station",
        "resort": "resort",
        "river": "river",
        "school": "school",
        "sparseresidential": "sparse_residential_area",
        "square": "square",
        "stadium": "stadium",
        "storagetanks": "storage_tank",
        "viaduct": "viaduct",
    },
    splits=("train", "test"),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of the map services RSICD took them from.",
    homepage="https://github.com/xiaoyuan1996/AMFMN/tree/master/RSITMD",
    citation="Yuan et al., Exploring a Fine-Grained Multiscale Method for Cross-Modal Remote Sensing Image Retrieval, "
    "TGRS 2021",
    obtain="Download images and dataset_RSITMD.json by the links of https://github.com/xiaoyuan1996/AMFMN.",
    tree="""\
RSITMD/dataset_RSITMD.json
RSITMD/images/airport_100.tif ...
or, for the JSON: RSITMD/rsitmd_precomp/train_caps.txt  train_filename.txt  test_caps.txt  test_filename.txt""",
)

LAYOUT = _captionsets.Layout("rsitmd", ("dataset_RSITMD.json", "dataset.json"), ("images", "RSITMD_images", "imgs"))
_NUMBERED = re.compile(r"(.*?)_?\d+$")


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "", lists: str = "") -> list[Item]:
    """List every image that the captions name, and every image that they do not.

    form: "json" or "lists"; empty takes the JSON where it is there.
    lists: the folder of the lists, where there are several.
    """
    return _captionsets.find(root, split, INFO, LAYOUT, images, form, lists)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions are in the item."""
    name = _NUMBERED.match(_files.stem_of(item.image or ""))
    prefix = name[1] if name else ""
    label = INFO.classes.get(prefix.lower())
    yield from _captions.read(item, INFO, label, {"class": prefix} if prefix else {})
