"""CARPK and PUCPR+: cars in parking lots (Hsieh et al., ICCV 2017).

Source of the format: public readers of the dev kit's txt files. Boxes are `x1 y1 x2 y2 class`, 0-based and inclusive,
so x2 and y2 grow by one here; the class is always 1, a car. The pictures of one flight over one lot (their names
without the last number) overlap: thin them with the option `every`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _lists, _tracks
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, Shape, finish, no_annotation, number, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="CARPK",
    task="detection",
    platform="uav",
    classes={"1": "car"},
    splits=("train", "test"),
    licence="research-only",
    terms="Handed out under a research agreement (not verified in a source).",
    homepage="https://lafi.github.io/LPN/",
    citation="Hsieh et al., Drone-based Object Counting by Spatially Regularized Regional Proposal Network, ICCV 2017",
    obtain="Ask for the dev kit at https://lafi.github.io/LPN/ and unpack it there.",
    tree="""\
CARPK_devkit/data/Images/20160331_NTU_00001.png     (PUCPR+_devkit: jpg)
CARPK_devkit/data/Annotations/20160331_NTU_00001.txt
CARPK_devkit/data/ImageSets/train.txt  test.txt""",
)

DEPTH = 3


def find(root: Path, split: str | None = None, *, images: bool = True, every: int = 1) -> list[Item]:
    """List the ids of the split lists, and, under the empty split, what no list names.

    every: take the first image of each flight in each split and every so many after it, in order of their names; those
    between are not listed at all. Where the root holds CARPK and PUCPR+ both, give one of them as root.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    bases = [f.parent for f in _files.folders(root, _files.named("Annotations"), DEPTH) if any(f.glob("*.txt"))]
    if not bases:
        raise _files.missing(INFO, root, "folder Annotations with txt files")
    if len(bases) > 1:
        names = " and ".join(base.relative_to(root).as_posix() for base in bases)
        raise BadSource(f"CARPK: {root} holds {names}; give one of them as root")
    base = bases[0]
    labels = _in(root, base, "Annotations", {".txt"})
    pictures = _in(root, base, "Images", _files.IMAGE_SUFFIXES)
    lists = _lists.read_lists(root, base, 2)
    if split is not None and split not in lists:
        raise _files.wrong_split(INFO, split, lists)
    expected = _files.prefix_of(root, base / "Images")
    found = _lists.items(root, "carpk/", pictures, labels, lists, lambda _, stem: f"{expected}{stem}.png", {})
    return _thinned([item for item in found if split is None or item.split == split], every)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one txt file and the size of its image."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = parse(_files.read_text(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    flight, _, frame = _files.stem_of(item.label.removesuffix(".txt")).rpartition("_")
    yield from finish(item, INFO, page._replace(extra={"video": flight, "frame": frame}), INFO.concept)


def parse(text: str, shown: str) -> Page:
    """Parse one file; `shown` is its name in messages.

        1033 68 1070 148 1

    The columns are x1, y1, x2, y2 (pixels, 0-based, inclusive) and the class, 1.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        fields = line.replace(",", " ").split()
        if not fields:
            continue
        try:
            if len(fields) != 5:
                raise ValueError(f"{len(fields)} fields where 5 are wanted (x1 y1 x2 y2 class)")
            x0, y0, x1, y1 = (number(field) for field in fields[:4])
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
            continue
        shapes.append(Shape(fields[4], (x0, y0, x1 + 1.0, y1 + 1.0), (), False, n))
    return Page(shapes, refused)


def _in(root: Path, base: Path, name: str, suffixes: frozenset[str] | set[str]) -> dict[str, str]:
    """The files of a folder of base, whatever the case of its name."""
    found: dict[str, str] = {}
    for folder in _files.folders(base, _files.named(name), 1):
        found |= _files.listing(folder, suffixes, _files.prefix_of(root, folder))
    return found


def _thinned(items: list[Item], every: int) -> list[Item]:
    """Every so many items of each flight; the drop for listed ids of which nothing is there always stays."""
    flights: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        flights[item.id if "absent" in item.data else item.id.rpartition("_")[0]].append(item)
    return sorted((item for flight in flights.values() for item in flight[::every]), key=lambda item: item.id)
