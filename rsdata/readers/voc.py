"""Any dataset in Pascal VOC's form (Everingham et al., IJCV 2010), with any classes.

Source of the format: the VOC devkit. Boxes are 1-based and inclusive. Class names are looked up among the concepts; one
that fits none is a counted drop (unknown-class) unless the option `classes` says what it means. Sizes come from the
image; the size in the XML is used only where images are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _lists, _voc
from rsdata.readers._info import Info
from rsdata.readers._objects import checked_classes, finish, no_annotation, refuse_file, resolver
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Pascal VOC format",
    task="detection",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read.",
    homepage="http://host.robots.ox.ac.uk/pascal/VOC/",
    citation="Everingham et al., The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010",
    obtain="Give the folder that holds Annotations/ (XML) and JPEGImages/, or one of XML files beside their images.",
    tree="""\
VOCdevkit/VOC2007/Annotations/000001.xml
VOCdevkit/VOC2007/JPEGImages/000001.jpg
VOCdevkit/VOC2007/ImageSets/Main/train.txt  val.txt  test.txt
or flat: 000001.xml and 000001.jpg side by side""",
    sizes_in_annotations=True,
)

DEPTH = 3


def find(
    root: Path, split: str | None = None, *, images: bool = True, classes: Mapping[str, str | None] | None = None
) -> list[Item]:
    """List the ids of ImageSets/Main and, under the empty split, what no list names.

    classes: class name in the XML -> concept, or null to leave it out; for names that are not concepts themselves.
    Where the root holds several folders with Annotations/ (VOC2007 and VOC2012), ids carry the folder's name:
    voc/train/VOC2007-000001.
    """
    root = _files.check_root(root, INFO)
    data: dict[str, Any] = {"classes": checked_classes(classes)}
    bases = [
        f.parent for f in _files.folders(root, _files.named("Annotations"), DEPTH) if any(f.glob("*.[xX][mM][lL]"))
    ]
    if not bases and any(root.glob("*.[xX][mM][lL]")):
        bases = [root]
    if not bases:
        raise _files.missing(INFO, root, "folder Annotations with XML files")
    found: list[Item] = []
    splits: set[str] = set()
    for base in bases:
        lists = _lists.read_lists(root, base, DEPTH)
        splits |= lists.keys()
        found += _items(root, base, lists, images, data, f"{base.name}-" if len(bases) > 1 else "")
    if split is not None and split not in splits:
        raise _files.wrong_split(INFO, split, sorted(splits))
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        data = _files.read_bytes(item.root / item.label, item.label)
        page = _voc.parse(data, item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, resolver(item.data["classes"]), _voc.where(item.label, data))


def _has_xml(folder: Path) -> bool:
    return any(folder.glob("*.[xX][mM][lL]"))


def _items(root: Path, base: Path, lists: Mapping[str, list[str]], images: bool, data: Any, mark: str) -> list[Item]:
    folder = base / "Annotations" if (base / "Annotations").is_dir() else base
    labels = _files.listing(folder, {".xml"}, _files.prefix_of(root, folder))
    places = _files.folders(base, _files.named("JPEGImages", "images"), depth=1) if folder != base else []
    place = places[0] if places else base / "JPEGImages" if folder != base else base
    pictures = _files.images_of(root, place) if images else None
    expected = _files.prefix_of(root, place)
    found = _lists.items(root, "voc/", pictures, labels, lists, lambda _, stem: f"{expected}{stem}.jpg", data)
    for item in found if mark else ():
        front, _, stem = item.id.rpartition("/")
        item.id = f"{front}/{mark}{stem}"
    return found
