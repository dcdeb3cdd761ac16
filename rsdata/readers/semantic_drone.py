"""Semantic Drone Dataset: 400 nadir views of houses and gardens from 5 to 30 m, 24 classes (ICG, TU Graz, 2019).

Sources of the format: the palette table of ayushdabra/drone-images-semantic-segmentation (README), class_dict.csv of
the data. Masks are colours (TU Graz) or indices in the order of that table (the copy on Kaggle): the number of bands
tells. Where both are there, the indices are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _masks, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

# Class -> colour (RGB), concept. The position is the index.
PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {
    "unlabeled": ((0, 0, 0), None),
    "paved-area": ((128, 64, 128), "pavement"),
    "dirt": ((130, 76, 0), "dirt"),
    "grass": ((0, 102, 0), "grass"),
    "gravel": ((112, 103, 87), "gravel"),
    "water": ((28, 42, 168), "water"),
    "rocks": ((48, 41, 30), "rock"),
    "pool": ((0, 50, 89), "swimming_pool"),
    "vegetation": ((107, 142, 35), "vegetation"),
    "roof": ((70, 70, 70), "roof"),
    "wall": ((102, 102, 156), "wall"),
    "window": ((254, 228, 12), "window"),
    "door": ((254, 148, 12), "door"),
    "fence": ((190, 153, 153), "fence"),
    "fence-pole": ((153, 153, 153), "fence_pole"),
    "person": ((255, 22, 0), "person"),
    "dog": ((102, 51, 0), "dog"),
    "car": ((9, 143, 150), "car"),
    "bicycle": ((119, 11, 32), "bicycle"),
    "tree": ((51, 51, 0), "tree"),
    "bald-tree": ((190, 250, 190), "bald_tree"),
    "ar-marker": ((112, 150, 146), None),
    "obstacle": ((2, 135, 115), "obstacle"),
    "conflicting": ((255, 0, 0), None),
}

INFO = Info(
    title="Semantic Drone Dataset",
    task="segmentation",
    platform="uav",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "test"),
    licence="non-commercial",
    terms="Non-commercial use (not verified in a source).",
    homepage="https://www.tugraz.at/index.php?id=22387",
    citation="Institute of Computer Graphics and Vision, TU Graz, Semantic Drone Dataset, 2019",
    obtain="Download it from http://dronedataset.icg.tugraz.at or from Kaggle and unpack it there.",
    tree="""\
training_set/images/000.jpg
training_set/gt/semantic/label_images/000.png                             (colours)
or, from Kaggle: dataset/semantic_drone_dataset/original_images/000.jpg
                 dataset/semantic_drone_dataset/label_images_semantic/000.png  (indices)
                 RGB_color_image_masks/RGB_color_image_masks/000.png           (colours)""",
    sizes_in_annotations=True,
)

_COLOURS = _masks.rgb_kind(dict(PALETTE.values()))
KINDS = {
    1: _masks.index_kind(dict(enumerate(concept for _, concept in PALETTE.values()))),
    3: _COLOURS,
    4: _COLOURS,
}

_FOLDERS = {
    "images": (IMAGE, 0),
    "original_images": (IMAGE, 0),
    "label_images_semantic": (MASK, 0),
    "label_images": (MASK, 1),
    "rgb_color_image_masks": (MASK, 2),
}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks, one item for each number that has either.

    `images=False` lists the masks alone, and takes sizes from them.
    """
    wanted = "folder with masks (training_set/gt/semantic/label_images or label_images_semantic)"
    return _pairs.find(root, INFO, "semantic_drone", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    role = _FOLDERS.get(folders[-1] if folders else "")
    return role and Part(role[0], _pairs.split_of(folders), stem, role[1])


def _beside(mask: str) -> str:
    folder, _, name = mask.rpartition("/")
    stem = name.rpartition(".")[0]
    if folder.endswith("label_images"):
        return f"{folder.partition('gt/')[0]}images/{stem}.jpg"
    return f"{folder.rpartition('/')[0]}/original_images/{stem}.jpg".lstrip("/")
