"""UAVDT: vehicles in drone videos over cities (Du et al., ECCV 2018).

Source of the format: the 50 ground-truth sequences as published. The classes stand in `*_gt_whole.txt` only (`*_gt.txt`
has -1 in their place). Areas of `*_gt_ignore.txt` were not annotated with care: objects that lie in one of them for
half or more are object drops (ignored-region), as VisDrone's toolkit does it. Column names, the occlusion values and
the file names of frames are from memory, so frames are matched by the number in their name, and M_attr/train,
M_attr/test give the splits only where they are there. Occlusion 2 (large) becomes difficult. Neighbouring frames are
nearly the same picture: take every tenth or so with the option `every`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _tracks
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, Shape, finish, refuse_file
from rsdata.record import Box, Drop, Item, Record

INFO = Info(
    title="UAVDT",
    task="detection",
    platform="uav",
    classes={"car": "car", "truck": "truck", "bus": "bus"},
    splits=("train", "test"),
    licence="academic-only",
    terms="Handed out for academic use (not verified in a source).",
    homepage="https://sites.google.com/view/grli-uavdt",
    citation="Du et al., The Unmanned Aerial Vehicle Benchmark: Object Detection and Tracking, ECCV 2018",
    obtain="Download UAV-benchmark-M and UAV-benchmark-MOTD_v1.0 from the homepage and unpack both there.",
    tree="""\
UAVDT/UAV-benchmark-M/M0101/img000001.jpg
UAVDT/UAV-benchmark-MOTD_v1.0/GT/M0101_gt_whole.txt  M0101_gt_ignore.txt
UAVDT/M_attr/train/M0101_attr.txt  M_attr/test/...      (may be absent: then there are no splits)""",
)

CATEGORIES = ("", "car", "truck", "bus")
COLUMNS = "frame,target,left,top,width,height,out_of_view,occlusion,category"
IGNORED = 0.5  # share of an object's area
WHOLE, IGNORE = "_gt_whole", "_gt_ignore"
_VIDEO = re.compile(r"[MS]\d{4}$", re.IGNORECASE)


def find(root: Path, split: str | None = None, *, images: bool = True, every: int = 1) -> list[Item]:
    """List the frames that have rows or an image; ids end in video/frame.

    every: take frames 1, 1 + every, 1 + 2*every ... of each video; the frames between are not listed at all, so that
    every=10 reads a tenth of the set.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    labels = _labels(root)
    whole = {name.removesuffix(WHOLE): path for name, path in labels.items() if name.endswith(WHOLE)}
    if not whole:
        hint = "*_gt.txt has no classes; the files *_gt_whole.txt are needed" if labels else ""
        raise _files.missing(INFO, root, "file GT/*_gt_whole.txt", hint)
    splits = _splits(root)
    if split is not None and split not in splits.values():
        raise _files.wrong_split(INFO, split, sorted(set(splits.values())))
    folders = {folder.name: folder for folder in _files.folders(root, lambda name: bool(_VIDEO.match(name)), 3)}
    found: list[Item] = []
    for name in sorted(whole.keys() | folders.keys()):
        if split is None or splits.get(name) == split:
            folder = folders.get(name, root / "UAV-benchmark-M" / name)
            pictures = _tracks.frames_on_disk(root, folder)
            expected = _files.prefix_of(root, folder) + "img{:06d}.jpg"
            data = {"ignore": labels.get(name + IGNORE)}
            video = _tracks.Video(name, splits.get(name, ""), whole.get(name), pictures, expected, 1, data)
            found += _tracks.items(root, "uavdt", video, 0, every)
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one frame: its rows less those in ignored areas, and the size of its image."""
    page = _tracks.page(item, parse)
    if not isinstance(page, Page):
        yield from page
        return
    ignore = item.data["ignore"]
    if ignore is not None:
        try:
            clip = _tracks.load(item.root, ignore, parse_ignored)
        except BadAnnotation as error:
            yield refuse_file(item, error)
            return
        areas = clip.pages.get(item.data["frame"])
        if areas is not None:
            page = without_ignored(page, [shape.box for shape in areas.shapes], item.label or "")
    yield from finish(item, INFO, page, INFO.concept)


def parse(text: str, shown: str) -> _tracks.Clip:
    """Parse one `*_gt_whole.txt`; `shown` is its name in messages.

        1,1,141,147,106,45,1,1,3

    The columns are frame (from 1), target, left, top, width, height (pixels), out of view (1 not, 2, 3), occlusion
    (1 none, 2 large, 3 medium, 4 small), category (1 car, 2 truck, 3 bus).
    """
    return _tracks.parse(text, shown, 0, _row)


def parse_ignored(text: str, shown: str) -> _tracks.Clip:
    """Parse one `*_gt_ignore.txt`: the same columns, ending in 1,-1,-1. Shapes are the areas."""
    return _tracks.parse(text, shown, 0, lambda fields, n: _shape(_numbers(fields), "", n))


def without_ignored(page: Page, areas: Iterable[Box], shown: str) -> Page:
    """Move the shapes that lie for half or more in one of the areas to `refused` (ignored-region)."""
    boxes = list(areas)
    kept: list[Shape] = []
    refused = list(page.refused)
    for shape in page.shapes:
        if any(_share(shape.box, area) >= IGNORED for area in boxes):
            refused.append(("ignored-region", f"{shown}:{shape.number}: half or more of it lies in an ignored area"))
        else:
            kept.append(shape)
    return page._replace(shapes=kept, refused=refused)


def _share(box: Box, area: Box) -> float:
    """The share of a box that an area covers."""
    width = min(box[2], area[2]) - max(box[0], area[0])
    height = min(box[3], area[3]) - max(box[1], area[1])
    own = (box[2] - box[0]) * (box[3] - box[1])
    return width * height / own if width > 0 and height > 0 and own > 0 else 0.0


def _row(fields: list[str], n: int) -> Shape | tuple[str, str]:
    values = _numbers(fields)
    category = values[8]
    if not 0 < category < len(CATEGORIES):
        hint = "; -1 stands in *_gt.txt, read *_gt_whole.txt" if category == -1 else ""
        return "unknown-class", f"category {category} where 1, 2 or 3 is wanted{hint}"
    return _shape(values, CATEGORIES[category], n)


def _numbers(fields: list[str]) -> list[int]:
    if len(fields) != 9:
        raise ValueError(f"{len(fields)} fields where 9 are wanted ({COLUMNS})")
    return _tracks.whole(fields)


def _shape(values: list[int], name: str, n: int) -> Shape:
    left, top, width, height = map(float, values[2:6])
    return Shape(name, (left, top, left + width, top + height), (), values[7] == 2, n)


def _labels(root: Path) -> dict[str, str]:
    """The files of GT/ by stem, wherever it lies; of the root where there is no such folder."""
    found: dict[str, str] = {}
    for folder in _files.folders(root, _files.named("GT"), 3) or [root]:
        found |= _files.listing(folder, {".txt"}, _files.prefix_of(root, folder))
    return {stem: path for stem, path in found.items() if "_gt" in stem}


def _splits(root: Path) -> dict[str, str]:
    """Video -> split, from the folders below M_attr; empty where they are not there."""
    found: dict[str, str] = {}
    for attributes in _files.folders(root, _files.named("M_attr"), 3):
        for split in INFO.splits:
            for stem in _files.listing(attributes / split, {".txt"}):
                found[stem.partition("_")[0]] = split
    return found
