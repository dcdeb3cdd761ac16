"""DeepGlobe land cover: 1,146 satellite images of 2448 x 2448 pixels, seven classes (Demir et al., CVPRW 2018).

Source of the format: torchgeo (deepglobelandcover.py). Only the 803 train images have masks. The colours of the masks
are not exactly 0 and 255 in every copy, so each channel is cut at 128 before it is looked up (mask_kind rgb128).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _masks, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {  # class -> colour (RGB), concept
    "urban_land": ((0, 255, 255), "urban_land"),
    "agriculture_land": ((255, 255, 0), "farmland"),
    "rangeland": ((255, 0, 255), "rangeland"),
    "forest_land": ((0, 255, 0), "forest"),
    "water": ((0, 0, 255), "water"),
    "barren_land": ((255, 255, 255), "bare_land"),
    "unknown": ((0, 0, 0), None),
}

INFO = Info(
    title="DeepGlobe land cover",
    task="segmentation",
    platform="satellite",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "val", "test"),
    licence="research-only",
    terms="DigitalGlobe's terms for the challenge: research use (not verified in a source).",
    homepage="http://deepglobe.org/",
    citation="Demir et al., DeepGlobe 2018: A Challenge to Parse the Earth through Satellite Images, CVPRW 2018",
    obtain="Download the land cover track by http://deepglobe.org/challenge.html or from Kaggle and unpack it there.",
    tree="""\
DeepGlobe/train/119_sat.jpg
DeepGlobe/train/119_mask.png
DeepGlobe/valid/...  DeepGlobe/test/...    (without masks)""",
    gsd=0.5,
    sizes_in_annotations=True,
)

THRESHOLD = 128
KINDS = dict.fromkeys((3, 4), _masks.rgb_kind(dict(PALETTE.values()), THRESHOLD))

_NAME = re.compile(r"(.+)_(sat|mask)$", re.IGNORECASE)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks, one item for each number that has either; those of val and test have no masks.

    `images=False` lists the masks alone, and takes sizes from them.
    """
    wanted = "mask named 119_mask.png"
    return _pairs.find(root, INFO, "deepglobe", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS, held_back=("val", "test"))


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    name = _NAME.match(stem)
    return name and Part(IMAGE if name[2].lower() == "sat" else MASK, _pairs.split_of(folders), name[1])


def _beside(mask: str) -> str:
    return f"{mask.rpartition('_')[0]}_sat.jpg"
