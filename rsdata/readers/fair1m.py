"""FAIR1M 1.0, 1.5 and 2.0: 37 fine classes with turned boxes in large images (Sun et al., ISPRS 2022).

Sources of the format: torchgeo's fair1m.py and JDet (fair_to_dota.py, docs). The XML is not VOC's (see `_fair1m`). The
folders of labels are called labelXml or labelXmls, and both parts of train may count from 0, so that an id has the
part: fair1m/train/part1/0. The labels of test are not public. Version 1.5 has ten coarse classes, which are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _fair1m, _files
from rsdata.readers._info import Info
from rsdata.readers._objects import Shape, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="FAIR1M",
    task="detection",
    platform="satellite",
    classes={
        "Passenger Ship": "passenger_ship",
        "Motorboat": "motorboat",
        "Fishing Boat": "fishing_boat",
        "Tugboat": "tugboat",
        "other-ship": "ship",
        "Engineering Ship": "engineering_ship",
        "Liquid Cargo Ship": "liquid_cargo_ship",
        "Dry Cargo Ship": "dry_cargo_ship",
        "Warship": "warship",
        "Small Car": "car",
        "Bus": "bus",
        "Cargo Truck": "cargo_truck",
        "Dump Truck": "dump_truck",
        "other-vehicle": "vehicle",
        "Van": "van",
        "Trailer": "trailer",
        "Tractor": "tractor",
        "Excavator": "excavator",
        "Truck Tractor": "truck_tractor",
        "Boeing737": "boeing_737",
        "Boeing747": "boeing_747",
        "Boeing777": "boeing_777",
        "Boeing787": "boeing_787",
        "ARJ21": "comac_arj21",
        "C919": "comac_c919",
        "A220": "airbus_a220",
        "A321": "airbus_a321",
        "A330": "airbus_a330",
        "A350": "airbus_a350",
        "other-airplane": "airplane",
        "Baseball Field": "baseball_diamond",
        "Basketball Court": "basketball_court",
        "Football Field": "soccer_field",
        "Tennis Court": "tennis_court",
        "Roundabout": "roundabout",
        "Intersection": "intersection",
        "Bridge": "bridge",
        "Airplane": "airplane",
        "Ship": "ship",
        "Vehicle": "vehicle",
    },
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms were not read in a source; CC BY-NC-SA 3.0 is what is said of it.",
    homepage="https://www.gaofen-challenge.com/benchmark",
    citation="Sun et al., FAIR1M: A benchmark dataset for fine-grained object recognition in high-resolution remote "
    "sensing imagery, ISPRS 2022",
    obtain="Download it from https://www.gaofen-challenge.com/benchmark (registration) and unpack it there.",
    tree="""\
FAIR1M/train/part1/images/0.tif
FAIR1M/train/part1/labelXml/0.xml       (or labelXmls)
FAIR1M/train/part2/...
FAIR1M/validation/images/  validation/labelXml/
or flat: images/, labelXml/""",
)
SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
LABELS = ("labelXml", "labelXmls")
DEPTH = 5


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and XML of every folder that has labels, one item for each name that has either.

    A split folder without labels (test) is left out.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    places = [f for f in _files.folders(root, _files.named(*LABELS), DEPTH) if any(f.glob("*.xml"))]
    if not places:
        raise _files.missing(INFO, root, "folder labelXml with XML files")
    found = [item for place in places for item in _items(root, place)]
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = _fair1m.parse(_files.read_bytes(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return

    def where(shape: Shape) -> str:
        return f"{item.label}: object {shape.number}"

    yield from finish(item, INFO, page, INFO.concept, where)


def _items(root: Path, place: Path) -> list[Item]:
    """Items of one folder of labels and the images/ beside it."""
    base = place.parent
    while base != root and base.name.lower() in ("labelxml", "labelxmls"):  # labelXmls/labelXml, as it unpacks
        base = base.parent
    split, part = _split_of(base.relative_to(root).parts)
    pictures: dict[str, str] = {}
    for folder in _files.folders(base, _files.named("images"), 2):
        pictures |= _files.images_of(root, folder)
    labels = _files.listing(place, {".xml"}, _files.prefix_of(root, place))
    prefix = "/".join(name for name in ("fair1m", split, part) if name)
    expected = _files.prefix_of(root, base / "images")
    return [
        Item(root, f"{prefix}/{stem}", split, pictures.get(stem, f"{expected}{stem}.tif"), labels.get(stem))
        for stem in labels.keys() | pictures.keys()
    ]


def _split_of(parts: tuple[str, ...]) -> tuple[str, str]:
    """The split that a path tells, and what stands after it: ("FAIR1M", "train", "part1") -> ("train", "part1")."""
    for n, part in enumerate(parts):
        if part.lower() in SPLITS:
            return SPLITS[part.lower()], "/".join(parts[n + 1 :])
    return "", "/".join(parts)
