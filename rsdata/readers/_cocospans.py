"""COCO instance JSON of any size: an index of images that says where their annotations lie, not what they are.

A file is gone through once, and 16 bytes are kept for each run of annotations of one image; `read` fetches those of
its image again and lets `_coco` parse them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation
from rsdata.readers import _coco, _jsonlist
from rsdata.readers._files import stem_of
from rsdata.readers._info import Info
from rsdata.readers._objects import FARTHEST, STAGE, Lookup, Shape, finish, refuse_file
from rsdata.record import Drop, Item, Record


class Picture(NamedTuple):
    """One entry of "images" and the spans of its annotations. Sizes are 0 where the JSON does not say."""

    id: int | str
    file_name: str
    width: int
    height: int
    spans: list[int]


class Index(NamedTuple):
    """One COCO file: its images, category names by id, and (reason, count, detail) of annotations of no image."""

    pictures: list[Picture]
    names: dict[int | str, str]
    loose: list[tuple[str, int, str]]


def index(path: Path, shown: str) -> Index:
    """Go through a file; `shown` is its name in messages. The lists may come in any order.

        {"images": [{"id": 0, "file_name": "001.jpg", "width": 958, "height": 808}],
         "annotations": [{"id": 0, "image_id": 0, "category_id": 1, "bbox": [563.0, 485.0, 66.0, 86.0], ...}],
         "categories": [{"id": 1, "name": "airplane"}]}

    Ids need not start at 1 or be contiguous. Raises BadAnnotation when it is no COCO instance file, or two images have
    one id.
    """
    entries: dict[int | str, tuple[str, int, int]] = {}
    names: dict[int | str, str] = {}
    spans, lists = _jsonlist.Spans(), set[str]()
    orphans, damaged = _Tally("orphan-annotation"), _Tally("bad-annotation")
    for element in _jsonlist.stream(path, shown, lists):
        if element.list == "annotations":
            _note(element, spans, orphans, damaged)
        elif element.list == "images":
            id, entry = _entry(element.value, shown)
            if id in entries:
                raise BadAnnotation(shown, 0, f"two images have the id {id!r:.40}")
            entries[id] = entry
        elif element.list == "categories":
            id = _id(element.value, shown, "a category")
            names[id] = _jsonlist.clean(str(element.value.get("name", "")))
    for key in ("annotations", "images", "categories"):
        if key not in lists:
            raise BadAnnotation(shown, 0, f'no COCO instance file: it has no list "{key}"')
    if not entries:
        raise BadAnnotation(shown, 0, 'no COCO instance file: it has nothing in the list "images"')
    for image, count in spans.counts.items():
        if image not in entries:
            orphans.add(f"no image has the id {image!r:.40}", count)
    pictures = [Picture(id, *entry, spans.of(id)) for id, entry in entries.items()]
    loose = [(tally.reason, tally.count, f"{shown}: {tally.first}") for tally in (orphans, damaged) if tally.count]
    return Index(pictures, names, loose)


class _Tally:
    """Counts annotations of no image; the first of them is described."""

    def __init__(self, reason: str) -> None:
        self.reason, self.count, self.first = reason, 0, ""

    def add(self, problem: str, count: int = 1) -> None:
        self.count, self.first = self.count + count, self.first or problem


def _note(element: _jsonlist.Element, spans: _jsonlist.Spans, orphans: _Tally, damaged: _Tally) -> None:
    """Remember where one annotation lies, or count one that names no image."""
    entry = element.value
    if not isinstance(entry, dict):
        damaged.add(f"entry {element.number} of annotations is no object")
    elif type(image := entry.get("image_id")) in (int, str):
        spans.add(image, element)
    else:
        orphans.add(f"annotation {_coco.shown_id(entry)}: no image has the id {image!r:.40}")


def ids(pictures: Sequence[Picture]) -> list[str]:
    """A name for each picture: its stem, with its id where several share the stem ("0001-17")."""
    stems = [stem_of(picture.file_name) for picture in pictures]
    often, seen, found = Counter(stems), set[str](), []
    for stem, picture in zip(stems, pictures, strict=True):
        name = stem if often[stem] == 1 else f"{stem}-{_jsonlist.clean(str(picture.id))}"
        while name in seen:
            name += "+"
        seen.add(name)
        found.append(name)
    return found


def data_of(picture: Picture, found: Index) -> dict[str, Any]:
    """What `read` needs of a picture, for an Item's data."""
    return {"spans": picture.spans, "names": found.names, "width": picture.width, "height": picture.height}


def read(item: Item, info: Info, lookup: Lookup, extra: Mapping[str, str] | None = None) -> Iterator[Record | Drop]:
    """The record of one picture (`data_of`) with its drops, or the drops of `data["loose"]` (`Index.loose`)."""
    data, shown = item.data, item.label or ""
    if "loose" in data:
        for reason, count, detail in data["loose"]:
            yield Drop(item.id, STAGE, reason, detail, images=0, objects=count)
        return
    try:
        annotations = _jsonlist.read_spans(item.root / shown, shown, data["spans"])
        if not all(isinstance(annotation, dict) for annotation in annotations):
            raise BadAnnotation(shown, 0, "the file is another than when it was listed; list it again")
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    page = _coco.parse_annotations(annotations, data["names"], data["width"], data["height"], shown)
    where = _where(annotations, shown)
    yield from finish(item, info, page._replace(extra=extra or {}), lookup, where, same_size=True)


def _where(annotations: list[dict[str, Any]], shown: str) -> Callable[[Shape], str]:
    return lambda shape: f"{shown}: annotation {_coco.shown_id(annotations[shape.number])}"


def _entry(value: Any, shown: str) -> tuple[int | str, tuple[str, int, int]]:
    id = _id(value, shown, "an image")
    name = value.get("file_name")
    if not isinstance(name, str) or not name.strip("./\\ "):
        raise BadAnnotation(shown, 0, f"image {id!r:.40} has no file_name")
    return id, (_jsonlist.clean(name), _side(value.get("width")), _side(value.get("height")))


def _id(value: Any, shown: str, what: str) -> int | str:
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, int | str):
        raise BadAnnotation(shown, 0, f"{what} without an id: {value!r:.80}")
    return found


def _side(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 1 <= value <= FARTHEST else 0
