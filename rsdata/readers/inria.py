"""Inria aerial image labeling: buildings in 360 tiles of 5000 x 5000 pixels at 0.3 m (Maggiori et al., IGARSS 2017).

Source of the format: torchgeo (inria.py). Masks are 0 and 255; every value above 0 is building, so that copies with 0
and 1 are read too. The masks of test are not public. The first five tiles of each city are the val split, as torchgeo
and the dataset's authors use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Inria aerial image labeling",
    task="segmentation",
    platform="aerial",
    classes={"building": "building", "not building": None},
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No terms were found in a source; it is handed out for research.",
    homepage="https://project.inria.fr/aerialimagelabeling/",
    citation="Maggiori et al., Can Semantic Labeling Methods Generalize to Any City?, IGARSS 2017",
    obtain="Download it from https://project.inria.fr/aerialimagelabeling/ and unpack it there.",
    tree="""\
AerialImageDataset/train/images/austin1.tif
AerialImageDataset/train/gt/austin1.tif
AerialImageDataset/test/images/bellingham1.tif    (its masks are not public)""",
    gsd=0.3,
    sizes_in_annotations=True,
)

KINDS = {1: "binary:1=building", 3: "rgb1:000000=,ffffff=building", 4: "rgb1:000000=,ffffff=building"}
VAL_TILES = 5

_NAME = re.compile(r"([a-z]+(?:-[a-z]+)?)(\d+)(?!\d)", re.IGNORECASE)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List tiles, or patches whose names begin with those of the tiles; the city goes to `extra`.

    `images=False` lists the masks alone, and takes sizes from them.
    """
    wanted = "folder gt with masks (train/gt/austin1.tif)"
    return _pairs.find(root, INFO, "inria", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    role = IMAGE if "images" in folders else MASK if "gt" in folders else None
    if role is None:
        return None
    split = _pairs.split_of(folders)
    name = _NAME.match(stem)
    if name is None:
        return Part(role, split, stem)
    if split == "train" and int(name[2]) <= VAL_TILES:
        split = "val"
    return Part(role, split, stem, 0, {"city": name[1].lower()})


def _beside(mask: str) -> str:
    head, _, tail = mask.rpartition("gt/")
    return f"{head}images/{tail}"
