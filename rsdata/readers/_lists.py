"""Items of datasets whose splits are lists of ids (VOC and DIOR: ImageSets/Main/train.txt)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsdata.readers._files import folders, listing, named, prefix_of, split_list
from rsdata.readers._objects import STAGE
from rsdata.record import Drop, Item

ABSENT = "listed-but-absent"
SPLITS = ("train", "val", "test")


def read_lists(root: Path, base: Path, depth: int) -> dict[str, list[str]]:
    """The lists train, val and test of ImageSets/Main below base, where they are.

    Where VOC's trainval.txt stands without train.txt, its ids that val.txt does not name are train.
    """
    found: dict[str, list[str]] = {}
    for folder in folders(base, named("Main", "ImageSets"), depth):
        for stem, path in listing(folder, {".txt"}, prefix_of(root, folder)).items():
            if stem in (*SPLITS, "trainval") and stem not in found:
                found[stem] = split_list(root / path, path)
    both = found.pop("trainval", None)
    if both is not None and "train" not in found:
        val = set(found.get("val", ()))
        found["train"] = [stem for stem in both if stem not in val]
    return {split: found[split] for split in SPLITS if split in found}


def items(
    root: Path,
    prefix: str,
    images: Mapping[str, str] | None,
    labels: Mapping[str, str],
    lists: Mapping[str, Sequence[str]],
    expected: Callable[[str, str], str],
    data: Any,
) -> list[Item]:
    """Items of every list, and, under the empty split, of files that no list names; sorted by id.

    An id is an item when its image or its annotation is on disk (`images` is None: when its annotation is). Ids of a
    list with neither come as one item for the whole list, which is read by `absent`. `expected(split, id)` is where a
    missing image should lie. `prefix` is what ids start with, such as "dior/".
    """
    here = labels if images is None else images

    def item(split: str, stem: str) -> Item:
        image = None if images is None else images.get(stem) or expected(split, stem)
        return Item(root, f"{prefix}{split}/{stem}" if split else prefix + stem, split, image, labels.get(stem), data)

    found: list[Item] = []
    for split, ids in lists.items():
        lost = [stem for stem in ids if stem not in labels and stem not in here]
        gone = set(lost)
        found += [item(split, stem) for stem in ids if stem not in gone]
        if lost:
            detail = f"{len(lost):,} of the {len(ids):,} ids of the list {split} have no file here, first {lost[0]}"
            found.append(Item(root, f"{prefix}{split}/{ABSENT}", split, data={"absent": len(lost), "detail": detail}))
    listed = {stem for ids in lists.values() for stem in ids}
    found += [item("", stem) for stem in (labels.keys() | here.keys()) - listed]
    return sorted(found, key=lambda item: item.id)


def absent(item: Item) -> Iterator[Drop]:
    """One drop that counts every listed id of which nothing is on disk (images = their number)."""
    yield Drop(item.id, STAGE, ABSENT, item.data["detail"], images=item.data["absent"])
