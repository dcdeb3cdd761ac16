"""ISPRS Vaihingen: 33 aerial tiles at 9 cm with six classes (ISPRS WG II/4, 2012).

Sources of the format: torchgeo (vaihingen.py), mmsegmentation (vaihingen.py, tools/dataset_converters/vaihingen.py).
The images are near infrared, red, green: seen as RGB they are false colour, so `extra["bands"]` is irrg and no caption
may name a colour. The palette is RGB (mmsegmentation's is BGR); masks are colours or indices, as the number of bands
tells. A mask has the name of its image, in another folder; a split is that of the folder, else of the tile.
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
    title="ISPRS Vaihingen",
    task="segmentation",
    platform="aerial",
    classes=_isprs.CLASSES,
    splits=("train", "val", "test"),
    licence="ISPRS",
    terms="On request, for research, with acknowledgement of ISPRS and the DGPF (not verified in a source).",
    homepage="https://www.isprs.org/education/benchmarks/UrbanSemLab/default.aspx",
    citation="ISPRS WG II/4, 2D Semantic Labeling - Vaihingen data; Cramer, The DGPF-Test, PFG 2010",
    obtain="Ask for it at https://www.isprs.org/education/benchmarks/UrbanSemLab/ and unpack the archives there.",
    tree="""\
Vaihingen/top/top_mosaic_09cm_area1.tif
Vaihingen/ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/top_mosaic_09cm_area1.tif    (or in the root)
          (or ..._ground_truth_eroded_COMPLETE/top_mosaic_09cm_area1_noBoundary.tif)
or as mmsegmentation cuts it: img_dir/train/area1_0_0_512_512.png, ann_dir/train/area1_0_0_512_512.png""",
    gsd=0.09,
    sizes_in_annotations=True,
)

TRAIN = {1, 3, 5, 7, 11, 13, 15, 17, 21, 23, 26, 28, 30, 32, 34, 37}
TILES = 38  # numbered 1 to 38, with gaps; what is not train is test
LABELS = ("full", "noboundary")
KINDS = _isprs.KINDS

_NAME = re.compile(r"(?:top_mosaic_09cm_)?area(\d+)((?:_\d+){4})?(_noboundary)?$", re.IGNORECASE)


def find(root: Path, split: str | None = None, *, images: bool = True, labels: str = "full") -> list[Item]:
    """List tiles or crops, one item for each name that has an image or a mask.

    labels: "full" or "noboundary" (object borders black, value 0): which to take where a tile has both.
    `images=False` lists the masks alone, and takes sizes from them.
    """
    if labels not in LABELS:
        raise BadSource(f"ISPRS Vaihingen: labels is {labels!r} where 'full' or 'noboundary' is wanted")

    def sort(folders: tuple[str, ...], stem: str) -> Part | None:
        return _sort(folders, stem, labels)

    wanted = "mask top_mosaic_09cm_area1.tif in a folder besides top/, or folder ann_dir"
    return _pairs.find(root, INFO, "vaihingen", sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str, labels: str) -> Part | None:
    name = _NAME.match(stem)
    if not name:
        return None
    number = int(name[1])
    split = _pairs.split_of(folders) or ("train" if number in TRAIN else "test" if 1 <= number <= TILES else "")
    full_name = f"area{number}{name[2] or ''}"
    if _isprs.is_image(folders) and not name[3]:
        return Part(IMAGE, split, full_name, 0, {"bands": "irrg"})
    eroded = bool(name[3]) or any("eroded" in part or "noboundary" in part for part in folders)
    rank = 2 * (eroded != (labels == "noboundary")) + any("participants" in part for part in folders)
    return Part(MASK, split, full_name, rank, {"bands": "irrg"})


def _beside(mask: str) -> str:
    folder, slash, name = mask.rpartition("/")
    if "ann_dir" in folder:
        return f"{folder.replace('ann_dir', 'img_dir')}{slash}{name}"
    return f"top/{name.replace('_noBoundary', '')}"
