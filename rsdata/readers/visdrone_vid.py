"""VisDrone-VID (and MOT, which is laid out alike): drone videos over Chinese cities (Zhu et al., TPAMI 2021).

Source of the format: VisDrone2018-VID-toolkit (README). A row is the eight columns of VisDrone-DET after the frame and
the target: the same rows are left out for the same reasons (see `visdrone`). Neighbouring frames are nearly the same
picture: take every tenth or so with the option `every`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadSource
from rsdata.readers import _files, _tracks, _visdrone
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, Shape, finish
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="VisDrone-VID",
    task="detection",
    platform="uav",
    classes={
        "ignored regions": None,
        "pedestrian": "person",
        "people": "person",
        "bicycle": "bicycle",
        "car": "car",
        "van": "van",
        "truck": "truck",
        "tricycle": "tricycle",
        "awning-tricycle": "awning_tricycle",
        "bus": "bus",
        "motor": "motorcycle",
        "others": None,
    },
    splits=("train", "val", "test"),
    licence="academic-only",
    terms="The toolkit states no terms; the dataset is handed out for academic use.",
    homepage="https://github.com/VisDrone/VisDrone-Dataset",
    citation="Zhu et al., Detection and Tracking Meet Drones Challenge, TPAMI 2021",
    obtain="Download it from https://github.com/VisDrone/VisDrone-Dataset (Task 2, or 4) and unpack it there.",
    tree="""\
VisDrone/VisDrone2019-VID-train/sequences/uav0000013_00000_v/0000001.jpg
VisDrone/VisDrone2019-VID-train/annotations/uav0000013_00000_v.txt
VisDrone/VisDrone2019-VID-val/...
VisDrone/VisDrone2019-VID-test-dev/...
or VisDrone2019-MOT-*; or flat: sequences/, annotations/""",
)

_FOLDER = re.compile(r"(?:visdrone\d*-(?:vid|mot)-)?(train|val|test)(?:-dev)?$")


def find(root: Path, split: str | None = None, *, images: bool = True, every: int = 1) -> list[Item]:
    """List the frames that have rows or an image; ids end in video/frame.

    every: take frames 1, 1 + every, 1 + 2*every ... of each video; the frames between are not listed at all, so that
    every=10 reads a tenth of the set. test-dev is the split test.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    bases = _bases(root)
    if not bases:
        raise _files.missing(INFO, root, "folder with annotations/ (txt files) and sequences/")
    if split is not None and split not in bases:
        raise _files.wrong_split(INFO, split, bases)
    found: list[Item] = []
    for name, base in bases.items():
        if split is None or name == split:
            found += _items(root, name, base, every)
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one frame: its rows, and the size of its image."""
    page = _tracks.page(item, parse)
    if isinstance(page, Page):
        yield from finish(item, INFO, page, INFO.concept)
    else:
        yield from page


def parse(text: str, shown: str) -> _tracks.Clip:
    """Parse one video's file; `shown` is its name in messages.

        1,0,593,43,174,190,0,0,0,0
        1,1,684,8,273,116,1,4,0,1

    The columns are frame (from 1), target, then those of `_visdrone.row`.
    """
    return _tracks.parse(text, shown, 0, _row)


def _row(fields: list[str], n: int) -> Shape | tuple[str, str]:
    if len(fields) != 10:
        raise ValueError(f"{len(fields)} fields where 10 are wanted (frame,target,{_visdrone.COLUMNS})")
    return _visdrone.row(fields[2:], n)


def _bases(root: Path) -> dict[str, Path]:
    """Split -> the folder that holds its annotations/ and sequences/. A root that is one split's folder works too."""
    found: dict[str, Path] = {}
    for folder in _files.folders(root, _files.named("annotations"), depth=3):
        base = folder.parent
        name = _FOLDER.match(base.name.lower())
        if base != root and not (name and ("-" in base.name or (base / "sequences").is_dir())):
            continue
        split = name[1] if name else ""
        if split in found:
            raise BadSource(
                f"{INFO.title}: {found[split].name} and {base.name} in {root} are both of the split {split!r}; "
                "give one of them as root"
            )
        found[split] = base
    return {split: base for split, base in found.items() if any((base / "annotations").glob("*.txt"))}


def _items(root: Path, split: str, base: Path, every: int) -> list[Item]:
    labels = _files.listing(base / "annotations", {".txt"}, _files.prefix_of(root, base / "annotations"))
    frames = base / "sequences"
    there = {folder.name for folder in _files.folders(frames, lambda _: True, 1)} if frames.is_dir() else set()
    found: list[Item] = []
    for name in labels.keys() | there:
        pictures = _tracks.frames_on_disk(root, frames / name)
        expected = _files.prefix_of(root, frames / name) + "{:07d}.jpg"
        video = _tracks.Video(name, split, labels.get(name), pictures, expected, 1, {})
        found += _tracks.items(root, "visdrone_vid", video, 0, every)
    return found
