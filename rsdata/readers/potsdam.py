"""ISPRS Potsdam: 38 aerial tiles of 6000 x 6000 pixels at 5 cm with six classes (ISPRS WG II/4, 2012).

Sources of the format: torchgeo (potsdam.py), mmsegmentation (potsdam.py, tools/dataset_converters/potsdam.py). The
palette here is RGB; the one in mmsegmentation's code is BGR, and would swap buildings with clutter and cars with low
vegetation. Masks are colours or, as mmsegmentation converts them, indices (0 = boundary): the number of bands tells.
A split is that of the folder, else the official one of the tile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadSource
from rsdata.readers import _isprs, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="ISPRS Potsdam",
    task="segmentation",
    platform="aerial",
    classes=_isprs.CLASSES,
    splits=("train", "val", "test"),
    licence="ISPRS",
    terms="On request, for research, with acknowledgement of ISPRS (not verified in a source).",
    homepage="https://www.isprs.org/education/benchmarks/UrbanSemLab/default.aspx",
    citation="ISPRS WG II/4, 2D Semantic Labeling Contest - Potsdam; Rottensteiner et al., ISPRS Annals 2012",
    obtain="Ask for it at https://www.isprs.org/education/benchmarks/UrbanSemLab/ and unpack the archives there.",
    tree="""\
Potsdam/2_Ortho_RGB/top_potsdam_2_10_RGB.tif          (or 4_Ortho_RGBIR, 3_Ortho_IRRG)
Potsdam/5_Labels_all/top_potsdam_2_10_label.tif       (or 5_Labels_all_noBoundary/..._label_noBoundary.tif)
or as mmsegmentation cuts it: img_dir/train/2_10_0_0_512_512.png, ann_dir/train/2_10_0_0_512_512.png""",
    gsd=0.05,
    sizes_in_annotations=True,
)

TRAIN = {f"{row}_{column}" for row in range(2, 6) for column in (10, 11, 12)}
TRAIN |= {f"{row}_{column}" for row in (6, 7) for column in range(7, 13)}
TEST = {f"{row}_{column}" for row in range(2, 7) for column in (13, 14)} | {"4_15", "5_15", "6_15", "7_13"}
LABELS = ("full", "noboundary")
KINDS = _isprs.KINDS

_NAME = re.compile(
    r"(?:top_potsdam_)?(\d+)_(\d+)((?:_\d+){4})?(?:_(rgb|rgbir|irrg))?(_label)?(_noboundary)?$", re.IGNORECASE
)
_BANDS = ("rgb", "rgbir", "irrg")


def find(root: Path, split: str | None = None, *, images: bool = True, labels: str = "full") -> list[Item]:
    """List tiles or crops, one item for each name that has an image or a mask. Of the images of one tile the RGB one
    is taken; one with infrared first goes with `extra["bands"]` = irrg.

    labels: "full" or "noboundary" (object borders black, value 0): which to take where a tile has both.
    `images=False` lists the masks alone, and takes sizes from them.
    """
    if labels not in LABELS:
        raise BadSource(f"ISPRS Potsdam: labels is {labels!r} where 'full' or 'noboundary' is wanted")

    def sort(folders: tuple[str, ...], stem: str) -> Part | None:
        return _sort(folders, stem, labels)

    wanted = "folder 5_Labels_all (top_potsdam_2_10_label.tif) or ann_dir"
    return _pairs.find(root, INFO, "potsdam", sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str, labels: str) -> Part | None:
    name = _NAME.match(stem)
    if not name:
        return None
    tile = f"{int(name[1])}_{int(name[2])}"  # the same tile is written 6_7 and 6_07
    split = _pairs.split_of(folders) or ("train" if tile in TRAIN else "test" if tile in TEST else "")
    full_name = tile + (name[3] or "")
    if name[5] or _isprs.is_mask(folders):
        eroded = bool(name[6]) or any("noboundary" in part for part in folders)
        rank = 2 * (eroded != (labels == "noboundary")) + any("participants" in part for part in folders)
        return Part(MASK, split, full_name, rank)
    if name[4] or _isprs.is_image(folders):
        bands = (name[4] or "rgb").lower()
        return Part(IMAGE, split, full_name, _BANDS.index(bands), {"bands": "irrg"} if bands == "irrg" else {})
    return None


def _beside(mask: str) -> str:
    folder, slash, name = mask.rpartition("/")
    if "_label" in name:
        return f"2_Ortho_RGB/{name.partition('_label')[0]}_RGB.tif"
    return f"{folder.replace('ann_dir', 'img_dir').replace('labels', 'images')}{slash}{name}"
