"""Items of datasets that are folders of images and folders of masks: every file is sorted by its folders and name.

A reader gives `sort(folders, stem) -> Part | None`. `folders` are the folders between the root and the file, in lower
case; None is for what is neither image nor mask (heights, previews). One walk over the tree sorts everything, so that
a dataset may lie a level higher or lower than it was handed out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadSource
from rsdata.readers import _files, _masks
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

IMAGE, MASK = "image", "mask"
WORDS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
DEPTH = 5


class Part(NamedTuple):
    """What one file is. Image and mask of one (split, name) are a pair, and `name` is the last part of its id.

    Of two files of one role and name the one of lower rank is taken; with equal ranks they are an error.
    """

    role: str
    split: str
    name: str
    rank: int = 0
    extra: Mapping[str, str] = {}


Sort = Callable[[tuple[str, ...], str], Part | None]
Sorted = dict[tuple[str, str], tuple[Part, str]]  # (split, name) -> part, path relative to root


def split_of(folders: Iterable[str]) -> str:
    """The split that a folder's name tells, the outermost first: "uavid_val" -> "val", "training_set" -> "train"."""
    words = (word for folder in folders for word in re.split(r"[^a-z0-9]+", folder.lower()))
    return next((WORDS[word] for word in words if word in WORDS), "")


def walk(root: Path, sort: Sort, info: Info, depth: int = DEPTH) -> tuple[Sorted, Sorted]:
    """All images and all masks below root. Raises BadSource for two files of one role, name and rank."""
    found: dict[str, Sorted] = {IMAGE: {}, MASK: {}}
    for folder in [root, *_files.folders(root, lambda _: True, depth)]:
        parts = tuple(part.lower() for part in folder.relative_to(root).parts)
        for stem, path in _files.images_of(root, folder).items():
            part = sort(parts, stem)
            if part is not None:
                _add(found[part.role], part, path, info)
    return found[IMAGE], found[MASK]


def _add(into: Sorted, part: Part, path: str, info: Info) -> None:
    key = (part.split, part.name)
    if key in into:
        other, there = into[key]
        if other.rank == part.rank:
            raise BadSource(f"{info.title}: {there} and {path} are two files of one name; keep one of them")
        if other.rank < part.rank:
            return
    into[key] = (part, path)


def find(
    root: Path,
    info: Info,
    source: str,
    sort: Sort,
    split: str | None,
    images: bool,
    *,
    wanted: str,
    beside: Callable[[str], str],
    depth: int = DEPTH,
) -> list[Item]:
    """One item for each name that has an image or a mask, sorted by id; its `data` goes to the record's `extra`.

    `images=False` lists the masks alone. `wanted` names a mask folder for the message when there is no mask;
    `beside(mask path)` is where the missing image of a mask should lie. A test split may have no masks.
    """
    root = _files.check_root(root, info)
    pictures, masks = walk(root, sort, info, depth)
    keys = masks.keys() | (pictures.keys() if images else set())
    there = sorted({part for part, _ in keys})
    if not masks and (split != "test" or "test" not in there):
        raise _files.missing(info, root, wanted)
    if split is not None and split not in there:
        raise _files.wrong_split(info, split, there)
    found = []
    for key in keys:
        part, name = key
        if split is None or part == split:
            mask = masks[key][1] if key in masks else None
            image = (pictures[key][1] if key in pictures else beside(mask or "")) if images else None
            extra = {**(masks[key][0].extra if mask else {}), **(pictures[key][0].extra if key in pictures else {})}
            id = f"{source}/{part}/{name}" if part else f"{source}/{name}"
            found.append(Item(root, id, part, image, mask, extra))
    return sorted(found, key=lambda item: item.id)


def read(
    item: Item, info: Info, kinds: Mapping[int, str], held_back: Iterable[str] = ("test",)
) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask; images of the splits `held_back` are records without mask too."""
    yield from _masks.read(item, info, kinds, extra=item.data, unlabelled=item.split in held_back)
