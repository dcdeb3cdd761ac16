"""Scene classification sets: one folder for each class. A pure parser of paths, and items and records made from it.

The class is the name of the innermost folder, split folders (train/, val/, test/) and folders of pictures (images/)
apart; where that folder is no class, it is what the file name begins with: `airport_01.jpg`, `airport (1).jpg`,
`airport-01.jpg`. Case and the characters `- _` and space do not count. Whatever is no class of the dataset is a counted
drop (`unknown-class`): two public sets go by the name RESISC45, and the wrong one must not be read as the right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.readers import _files
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, refuse_image
from rsdata.record import Drop, Item, Record
from rsdata.words import fold

DEPTH = 6  # EuroSAT: ds/images/remote_sensing/otherDatasets/sentinel_2/tif/AnnualCrop
SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
PICTURES = frozenset({"images", "image", "imgs", "img", "jpg", "jpeg", "png", "tif"})
_NUMBER = re.compile(r"[\s_-]*\(?\d+\)?$")  # airport_01, airport (1), airport1
_LISTED = re.compile(r"(?:.*[-_])?(train|val|test)$")


class Place(NamedTuple):
    """What a path says. `name` is the class as its dataset spells it; empty where it is no class, and then `found`
    is what stands in its place."""

    split: str
    name: str
    found: str = ""


def spellings(info: Info, aliases: Mapping[str, str] | None = None) -> dict[str, str]:
    """Folded name -> official spelling; `aliases`: other spellings -> official ones."""
    return {fold(other): name for other, name in (aliases or {}).items()} | {fold(name): name for name in info.classes}


def parse(path: str, spelled: Mapping[str, str]) -> Place:
    """Parse a path relative to the dataset's root, such as

    train/Airport/airport_1.jpg
    woodland/sparse_forest/sparse_forest_(12).tif
    """
    *folders, name = path.split("/")
    split = next((SPLITS[part.lower()] for part in folders if part.lower() in SPLITS), "")
    places = [part for part in folders if part.lower() not in SPLITS and part.lower() not in PICTURES]
    folder = places[-1] if places else ""
    prefix = _NUMBER.sub("", _files.stem_of(name))
    official = spelled.get(fold(folder)) or spelled.get(fold(prefix)) or ""
    return Place(split, official, "" if official else folder or prefix)


def find(
    root: Path,
    split: str | None,
    images: bool,
    info: Info,
    source: str,
    *,
    aliases: Mapping[str, str] | None = None,
    lists: bool = False,
) -> list[Item]:
    """One item for each image, id `<source>/[<split>/]<class>/<stem>`: some sets number the images of every class
    from 1, and the class keeps them apart.

    `lists`: take the splits of text lists in the root (`eurosat-train.txt`) where no folder tells.
    """
    root = _files.check_root(root, info)
    if not images:
        raise _files.no_sizes(info)
    spelled = spellings(info, aliases)
    listed = split_lists(root) if lists else {}
    found = [_item(root, source, path, parse(path, spelled), listed) for path in walk(root)]
    if not any("class" in item.data for item in found):
        some = ", ".join(f"{name}/" for name in list(info.classes)[:3])
        raise _files.missing(info, root, f"image in a folder named for a class ({some} ...)")
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(info, split, there)
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def walk(root: Path, depth: int = DEPTH) -> Iterator[str]:
    """Every image below root, relative to it, folder by folder; hidden files and folders are left out."""
    for folder in [root, *_files.folders(root, lambda _: True, depth)]:
        yield from _files.images_of(root, folder).values()


def split_lists(root: Path) -> dict[str, str]:
    """Stem -> split, of the lists in root whose name ends in train, val or test."""
    found: dict[str, str] = {}
    for stem, path in _files.listing(root, {".txt"}).items():
        if match := _LISTED.match(stem.lower()):
            found |= dict.fromkeys(_files.split_list(root / path, path), match[1])
    return found


def _item(root: Path, source: str, path: str, place: Place, listed: Mapping[str, str]) -> Item:
    stem = _files.stem_of(path)
    split = place.split or listed.get(stem, "")
    id = "/".join(part for part in (source, split, place.name or place.found, stem) if part)
    data = {"class": place.name} if place.name else {"unknown": f"{path}: no class of this dataset: {place.found!r}"}
    return Item(root, id, split, path, None, data)


def read(item: Item, info: Info, extra: Mapping[str, str] | None = None) -> Iterator[Record | Drop]:
    """Read the size of one image; its class is in the item. The official spelling goes to `extra["class"]`."""
    if "unknown" in item.data:
        yield Drop(item.id, STAGE, "unknown-class", item.data["unknown"])
        return
    try:
        width, height = pixels.size(item.root / (item.image or ""))
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    name = item.data["class"]
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        split=item.split,
        path=item.image,
        width=width,
        height=height,
        gsd=info.gsd,
        platform=info.platform,
        label=info.classes[name],
        licence=info.licence,
        extra={"class": name, **(extra or {})},
    )
