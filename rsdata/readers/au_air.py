"""AU-AIR: traffic seen by a drone flying low, with flight data (Bozcan and Kayacan, ICRA 2020).

Source of the format: bozcani/auairdataset (README, auair.py). One `annotations.json` that looks like COCO and is not:
one entry for each image, boxes inside it, `class` a 0-based index into a list of strings. The list of the JSON counts;
the README has another order. Some keys may end in a colon (`image_width:`); both spellings are read. Frames come from
videos and neighbours are nearly the same picture: take every tenth or so with the option `every`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _tracks
from rsdata.readers._info import Info
from rsdata.readers._objects import FARTHEST, STAGE, Page, Shape, finish, no_annotation
from rsdata.record import Box, Drop, Item, Record

INFO = Info(
    title="AU-AIR",
    task="detection",
    platform="uav",
    classes={
        "Human": "person",
        "Car": "car",
        "Truck": "truck",
        "Van": "van",
        "Motorbike": "motorcycle",
        "Bicycle": "bicycle",
        "Bus": "bus",
        "Trailer": "trailer",
    },
    splits=(),
    licence="CC-BY-NC-SA-2.0",
    terms="The JSON names CC BY-NC-SA 2.0 and CC BY-NC 2.0.",
    homepage="https://bozcani.github.io/auairdataset",
    citation="Bozcan and Kayacan, AU-AIR: A Multi-modal Unmanned Aerial Vehicle Dataset, ICRA 2020",
    obtain="Download images and annotations from https://bozcani.github.io/auairdataset and unpack both there.",
    tree="""\
AU-AIR/annotations.json
AU-AIR/images/frame_20190829091111_x_0001973.jpg""",
    sizes_in_annotations=True,
)

FACTS = {"latitude": "latitude", "longtitude": "longitude", "longitude": "longitude"}  # the first is their spelling


class Frame(NamedTuple):
    """One entry: sizes are 0 where it does not say, `boxes` is as in the JSON, `problem` says why it cannot be used."""

    name: str
    width: int
    height: int
    boxes: Sequence[Any]
    extra: Mapping[str, str]
    problem: str = ""


def find(root: Path, split: str | None = None, *, images: bool = True, every: int = 1) -> list[Item]:
    """List the images of the JSON, and images that it does not name.

    every: take the first frame of each video and every so many after it, in order of their names; those between are
    not listed at all, so that every=10 reads a tenth of the set. There are no splits.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    index = next((path for path in _json(root) if path.is_file()), None)
    if index is None:
        raise _files.missing(INFO, root, "annotations.json")
    try:
        names, frames = parse(_files.read_bytes(index, index.name), index.name)
    except BadAnnotation as error:
        raise BadSource(f"AU-AIR: {error}; get the file again") from error
    pictures = (_files.images_of(root, root / "images") or _files.images_of(root, root)) if images else {}
    videos: dict[str, list[Item]] = defaultdict(list)
    listed = set()
    for n, frame in enumerate(frames):
        stem = _files.stem_of(frame.name) or f"annotations-{n}"
        if stem in listed:
            frame = frame._replace(problem=f"annotations[{n}] names {frame.name[:60]} a second time")
        listed.add(stem)
        image = (pictures.get(stem) or f"images/{stem}.jpg") if images else None
        data = {"frame": frame, "names": names}
        videos[stem.rpartition("_")[0]].append(Item(root, f"au_air/{stem}", "", image, index.name, data))
    for stem, path in pictures.items():
        if stem not in listed:
            videos[stem.rpartition("_")[0]].append(Item(root, f"au_air/{stem}", "", path))
    chosen = [item for video in videos.values() for item in sorted(video, key=lambda item: item.id)[::every]]
    return sorted(chosen, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """One entry of the JSON, and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    frame: Frame = item.data["frame"]
    if frame.problem:
        yield Drop(item.id, STAGE, "bad-annotation", f"{item.label}: {frame.problem}")
        return
    page = page_of(frame, item.data["names"], item.label)
    yield from finish(
        item, INFO, page, INFO.concept, lambda shape: f"{item.label}: {frame.name} bbox[{shape.number}]", same_size=True
    )


def parse(data: bytes, shown: str) -> tuple[list[str], list[Frame]]:
    """Parse the JSON into its class names and its entries; `shown` is the file's name in messages.

        {"categories": ["Human", "Car"], "annotations": [{"image_name": "frame_20190829091111_x_0001973.jpg",
         "image_width": 1920.0, "image_height": 1080.0, "altitude": 19921.6, "latitude": 56.2, "longtitude": 10.19,
         "bbox": [{"top": 163, "left": 1098, "height": 185, "width": 420, "class": 1}]}]}

    Altitude is in millimetres. A damaged entry comes with a problem. Raises BadAnnotation when it is no such JSON.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, f"JSON that cannot be read ({type(error).__name__})") from error
    names, entries = (content.get("categories"), content.get("annotations")) if isinstance(content, dict) else (0, 0)
    if not isinstance(names, list) or not isinstance(entries, list):
        raise BadAnnotation(shown, 0, 'no AU-AIR file: the lists "categories" and "annotations" are wanted')
    if not all(isinstance(name, str) for name in names):
        raise BadAnnotation(shown, 0, '"categories" is no list of strings; for COCO files use the reader coco')
    return names, [_frame(entry, n) for n, entry in enumerate(entries)]


def page_of(frame: Frame, names: Sequence[str], shown: str) -> Page:
    """The shapes of one entry. Boxes are left, top, width, height in pixels; a Shape's number is the box's ordinal."""
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, entry in enumerate(frame.boxes):
        where = f"{shown}: {frame.name} bbox[{n}]"
        try:
            box, category = _box(entry)
        except ValueError as error:
            refused.append(("bad-annotation", f"{where}: {error}"))
            continue
        if not 0 <= category < len(names):
            refused.append(("unknown-class", f"{where}: class {category}, but there are {len(names)} categories"))
            continue
        shapes.append(Shape(names[category], box, (), False, n))
    return Page(shapes, refused, frame.width, frame.height, extra=frame.extra)


def _json(root: Path) -> tuple[Path, ...]:
    return root / "annotations.json", root / "annotations" / "annotations.json"


def _frame(entry: Any, n: int) -> Frame:
    if not isinstance(entry, dict):
        return Frame("", 0, 0, (), {}, f"annotations[{n}] is no object")
    plain = {key.rstrip(": "): value for key, value in entry.items()}
    name, boxes = plain.get("image_name"), plain.get("bbox")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return Frame("", 0, 0, (), {}, f"annotations[{n}] has no image_name that can be used")
    if not isinstance(boxes, list):
        return Frame(name, 0, 0, (), {}, f'annotations[{n}] ({name[:60]}) has no list "bbox"')
    return Frame(name, _side(plain.get("image_width")), _side(plain.get("image_height")), boxes, _extra(name, plain))


def _extra(name: str, plain: Mapping[str, Any]) -> dict[str, str]:
    video, _, number = _files.stem_of(name).rpartition("_")
    found = {"video": video, "frame": number}
    for key, wanted in FACTS.items():
        if _is_number(plain.get(key)):
            found[wanted] = repr(plain[key])
    if _is_number(plain.get("altitude")):
        found["altitude_m"] = f"{plain['altitude'] / 1000:.3f}"
    return found


def _box(entry: Any) -> tuple[Box, int]:
    if not isinstance(entry, dict):
        raise ValueError("a box that is no object")
    plain = {key.rstrip(": "): value for key, value in entry.items()}
    for key in ("left", "top", "width", "height"):
        if not _is_number(plain.get(key)):
            raise ValueError(f"{key} is {plain.get(key)!r:.40} where a number of pixels is wanted")
    category = plain.get("class")
    if not isinstance(category, int) or isinstance(category, bool):
        raise ValueError(f"class is {category!r:.40} where an index into categories is wanted")
    left, top, width, height = (float(plain[key]) for key in ("left", "top", "width", "height"))
    return (left, top, left + width, top + height), category


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FARTHEST


def _side(value: Any) -> int:
    return int(value) if _is_number(value) and value >= 1 else 0
