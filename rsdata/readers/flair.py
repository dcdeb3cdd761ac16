"""FLAIR #1: land cover of France at 0.2 m in 512 x 512 patches (Garioud et al., IGN, NeurIPS 2023).

Source of the format: IGNF/FLAIR-1 (README, csv_toy). Images have five bands, red, green, blue, near infrared and
height, of which the first three are read. Masks are indices from 1 on, all 19 classes; copies in which the baseline
merged 13 to 19 to "other" cannot be told from them, and would be read wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _masks, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

# Class as written in the README -> colour (RGB), concept. The position, from 1 on, is the index.
PALETTE: dict[str, tuple[str, str | None]] = {
    "building": ("db0e9a", "building"),
    "pervious surface": ("938e7b", "pervious_surface"),
    "impervious surface": ("f80c00", "impervious_surface"),
    "bare soil": ("a97101", "bare_soil"),
    "water": ("1553ae", "water"),
    "coniferous": ("194a26", "coniferous_forest"),
    "deciduous": ("46e483", "deciduous_forest"),
    "brushwood": ("f3a60d", "brushwood"),
    "vineyard": ("660082", "vineyard"),
    "herbaceous vegetation": ("55ff00", "herbaceous_vegetation"),
    "agricultural land": ("fff30d", "farmland"),
    "plowed land": ("e4df7c", "plowed_land"),
    "swimming_pool": ("3de6eb", "swimming_pool"),
    "snow": ("ffffff", "snow"),
    "clear cut": ("8ab3a0", "clear_cut"),
    "mixed": ("6b714f", "mixed_forest"),
    "ligneous": ("c5dc42", "woody_vegetation"),
    "greenhouse": ("9999ff", "greenhouse"),
    "other": ("000000", None),
}

INFO = Info(
    title="FLAIR #1",
    task="segmentation",
    platform="aerial",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "val", "test"),
    licence="etalab-2.0",
    terms="Open licence 2.0 of Etalab: any use, naming IGN as the source.",
    homepage="https://ignf.github.io/FLAIR/",
    citation="Garioud et al., FLAIR: a Country-Scale Land Cover Semantic Segmentation Dataset, NeurIPS 2023",
    obtain="Download flair_aerial_train and flair_labels_train by https://ignf.github.io/FLAIR/ and unpack them there.",
    tree="""\
FLAIR/flair_aerial_train/D006_2020/Z10_UU/img/IMG_002993.tif
FLAIR/flair_labels_train/D006_2020/Z10_UU/msk/MSK_002993.tif
FLAIR/flair_1_aerial_test/...  FLAIR/flair_1_labels_test/...""",
    gsd=0.2,
    sizes_in_annotations=True,
)

_COLOURS = _masks.rgb_kind({(c[0], c[1], c[2]): name for h, name in PALETTE.values() for c in [bytes.fromhex(h)]})
KINDS = {
    1: _masks.index_kind(dict(enumerate((concept for _, concept in PALETTE.values()), 1))),
    3: _COLOURS,
    4: _COLOURS,
}

_NAME = re.compile(r"(img|msk)_(\d+)$", re.IGNORECASE)
_DOMAIN = re.compile(r"d\d+_\d{4}$")


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List patches, one item for each domain, zone and number that has an image or a mask.

    The domain (D006_2020: department and year) goes to `extra`. The baseline's val is a choice of domains out of the
    train folders; it is train here. `images=False` lists the masks alone, and takes sizes from them.
    """
    wanted = "folder msk with masks (flair_labels_train/D006_2020/Z10_UU/msk/MSK_002993.tif)"
    return _pairs.find(root, INFO, "flair", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    name = _NAME.match(stem)
    if not name:
        return None
    role = IMAGE if name[1].lower() == "img" else MASK
    at = next((n for n, folder in enumerate(folders) if _DOMAIN.match(folder)), None)
    if at is None:
        return Part(role, _pairs.split_of(folders), name[2])
    zone = [folder for folder in folders[at + 1 :] if folder not in ("img", "msk")]
    place = "-".join([folders[at], *zone]).upper()
    return Part(role, _pairs.split_of(folders), f"{place}-{name[2]}", 0, {"domain": folders[at].upper()})


def _beside(mask: str) -> str:
    return mask.replace("labels", "aerial").replace("/msk/", "/img/").replace("MSK_", "IMG_")
