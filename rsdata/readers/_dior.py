"""The tree of DIOR and DIOR-R, and its 20 classes; the XML itself is that of `_voc`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _lists, _voc
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

CLASSES: dict[str, str | None] = {
    "airplane": "airplane",
    "airport": "airport",
    "baseballfield": "baseball_diamond",
    "basketballcourt": "basketball_court",
    "bridge": "bridge",
    "chimney": "chimney",
    "dam": "dam",
    "Expressway-Service-area": "expressway_service_area",
    "Expressway-toll-station": "expressway_toll_station",
    "golffield": "golf_course",
    "groundtrackfield": "ground_track_field",
    "harbor": "harbor",
    "overpass": "overpass",
    "ship": "ship",
    "stadium": "stadium",
    "storagetank": "storage_tank",
    "tenniscourt": "tennis_court",
    "trainstation": "train_station",
    "vehicle": "vehicle",
    "windmill": "windmill",
}
KINDS = {"hbb": ("Horizontal Bounding Boxes", "bndbox"), "obb": ("Oriented Bounding Boxes", "robndbox")}
DEPTH = 4  # DIOR/Annotations/Annotations/Horizontal Bounding Boxes


def items(root: Path, info: Info, name: str, split: str | None, images: bool, boxes: str) -> list[Item]:
    """Items of the reader `name`: the ids of the split lists, and what no list names (split "")."""
    if boxes not in KINDS:
        raise BadSource(f"{info.title}: boxes is {boxes!r} where 'hbb' or 'obb' is wanted")
    root = _files.check_root(root, info)
    folder, element = KINDS[boxes]
    labels = _labels(root, folder)
    if not labels:
        raise _files.missing(info, root, f"folder 'Annotations/{folder}' with XML files")
    lists = _lists.read_lists(root, root, DEPTH)
    if split is not None and split not in lists:
        raise _files.wrong_split(info, split, lists)
    pictures = _images(root) if images else None
    found = _lists.items(root, f"{name}/", pictures, labels, lists, _expected, {"boxes": element})
    return [item for item in found if split is None or item.split == split]


def read(item: Item, info: Info) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        data = _files.read_bytes(item.root / item.label, item.label)
        page = _voc.parse(data, item.label, item.data["boxes"])
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, info, page, info.concept, _voc.where(item.label, data))


def _labels(root: Path, name: str) -> dict[str, str]:
    other = {kind.lower() for kind, _ in KINDS.values()} - {name.lower()}
    for folder in _files.folders(root, _files.named(name, "Annotations"), DEPTH):
        if folder.name.lower() in other:
            continue
        found = _files.listing(folder, {".xml"}, _files.prefix_of(root, folder))
        if found:
            return found
    return _files.listing(root, {".xml"})


def _images(root: Path) -> dict[str, str]:
    """Images of every JPEGImages* folder; of images/ or the root where there is none."""
    places = _files.folders(root, lambda name: name.lower().startswith("jpegimage"), DEPTH)
    places = places or _files.folders(root, _files.named("images"), DEPTH) or [root]
    found: dict[str, str] = {}
    for folder in places:
        found |= _files.images_of(root, folder)
    return found


def _expected(split: str, stem: str) -> str:
    return f"JPEGImages-{'test' if split == 'test' else 'trainval'}/{stem}.jpg"
