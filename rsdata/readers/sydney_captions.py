"""Sydney-Captions: 613 images of 500 x 500 pixels with five sentences each (Qu et al., CITS 2016).

Two forms: `dataset.json` (Karpathy's JSON) and lists of AMFMN's form as JGDN handed them out, whose test list leaves
images out (28 of 58 are in it). Images are numbered; no rule tells the scene class of a number, so there is none.
Source of the format: torchrs, datasets/sydney_captions.py, and the lists themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _captions, _captionsets
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Sydney-Captions",
    task="captions",
    platform="satellite",
    classes={},
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are Google Earth's.",
    homepage="https://github.com/201528014227051/RSICD_optimal",
    citation="Qu et al., Deep Semantic Understanding of High Resolution Remote Sensing Image, CITS 2016",
    obtain="Download Sydney_captions by the links of https://github.com/201528014227051/RSICD_optimal.",
    tree="""\
Sydney_captions/dataset.json
Sydney_captions/imgs/1.tif ... 613.tif      (or images/)
or, for the JSON: Sydney_captions/sydney_precomp/train_caps.txt  train_filename.txt  ...""",
    gsd=0.5,
)

LAYOUT = _captionsets.Layout(
    "sydney_captions",
    ("dataset.json", "dataset_sydney.json", "dataset_Sydney_captions.json"),
    ("imgs", "images", "Sydney_images"),
    merged="the official train and val together",
)


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "", lists: str = "") -> list[Item]:
    """List every image that the captions name, and every image that they do not.

    form: "json" or "lists"; empty takes the JSON where it is there.
    lists: the folder of the lists, where there are several.
    """
    return _captionsets.find(root, split, INFO, LAYOUT, images, form, lists)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions are in the item."""
    yield from _captions.read(item, INFO, None, {})
