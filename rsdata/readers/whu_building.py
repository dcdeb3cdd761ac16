"""WHU building, aerial part: 8,188 crops of 512 x 512 pixels of Christchurch (Ji et al., TGRS 2019).

Source of the format: aitlas (whu_aerial.py). Masks are 0 and 255; every value above 0 is building, so that copies with
0 and 1, or of one bit, are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="WHU building (aerial)",
    task="segmentation",
    platform="aerial",
    classes={"building": "building", "background": None},
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No terms were found in a source; it is handed out for research.",
    homepage="http://gpcv.whu.edu.cn/data/building_dataset.html",
    citation="Ji et al., Fully Convolutional Networks for Multisource Building Extraction, TGRS 2019",
    obtain="Download the aerial part from http://gpcv.whu.edu.cn/data/building_dataset.html and unpack it there.",
    tree="""\
WHU/train/image/0.tif
WHU/train/label/0.tif
WHU/val/...  WHU/test/...                 (or images/ and labels/)""",
    sizes_in_annotations=True,
)

KINDS = {1: "binary:1=building", 3: "rgb1:000000=,ffffff=building", 4: "rgb1:000000=,ffffff=building"}

_FOLDERS = {"image": IMAGE, "images": IMAGE, "label": MASK, "labels": MASK, "gt": MASK}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks, one item for each split and name that has either.

    `images=False` lists the masks alone, and takes sizes from them.
    """
    wanted = "folder label with masks (train/label/0.tif)"
    return _pairs.find(root, INFO, "whu_building", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask. An image without mask is a drop: test has masks too."""
    yield from _pairs.read(item, INFO, KINDS, held_back=())


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    role = next((_FOLDERS[folder] for folder in reversed(folders) if folder in _FOLDERS), None)
    return Part(role, _pairs.split_of(folders), stem) if role else None


def _beside(mask: str) -> str:
    head, _, tail = mask.rpartition("label")
    return f"{head}image{tail}"
