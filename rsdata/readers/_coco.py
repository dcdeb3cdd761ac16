"""COCO annotations of one image. A pure parser: annotation dicts to shapes. `_cocospans` fetches them from the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsdata.geometry import clip_polygon, polygon_area
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import FARTHEST, Page, Shape
from rsdata.record import Box


def parse_annotations(
    annotations: Sequence[Mapping[str, Any]], names: Mapping[Any, str], width: int, height: int, shown: str
) -> Page:
    """Shapes of one image. bbox is x, y, width, height in pixels, 0-based, right edge x + width.

    Polygons: `poly` is the largest ring, `area` that of all rings inside the image. Run lengths: the box as given, area
    the number of set pixels. Refused: crowd (iscrowd 1), unknown-class (category_id without category), bad-annotation.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, annotation in enumerate(annotations):
        where = f"{shown}: annotation {shown_id(annotation)}"
        category = annotation.get("category_id")
        name = names.get(category) if isinstance(category, int | str) else None
        if annotation.get("iscrowd") == 1:
            refused.append(("crowd", where))
        elif name is None:
            refused.append(("unknown-class", f"{where}: no category has the id {category!r:.40}"))
        else:
            try:
                shapes.append(_shape(annotation, name, width, height, n))
            except ValueError as error:
                refused.append(("bad-annotation", f"{where}: {error}"))
    return Page(shapes, refused, width, height)


def _shape(annotation: Mapping[str, Any], name: str, width: int, height: int, n: int) -> Shape:
    box = _numbers(annotation.get("bbox"), "bbox")
    if len(box) != 4:
        raise ValueError(f"bbox has {len(box)} numbers where 4 are wanted")
    x, y, w, h = box
    hull: Box = (x, y, x + w, y + h)
    poly, area = _segmentation(annotation.get("segmentation"), width, height)
    difficult = annotation.get("ignore") == 1 or annotation.get("difficult") == 1
    return Shape(name, hull, poly, difficult, n, area)


def _segmentation(value: Any, width: int, height: int) -> tuple[tuple[float, ...], float]:
    """The largest ring and the area inside the image; area -1 where there is no segmentation."""
    if isinstance(value, dict):
        return (), float(_rle_area(value, width, height))
    if not value:
        return (), -1.0
    if not isinstance(value, list):
        raise ValueError("segmentation is neither polygons nor run lengths")
    rings = [_numbers(ring, "a polygon") for ring in value]
    if any(len(ring) % 2 for ring in rings):
        raise ValueError("a polygon has an odd count of numbers")
    rings = [ring for ring in rings if len(ring) >= 6]
    if not rings:
        return (), -1.0
    areas = [_area_inside(ring, width, height) for ring in rings]
    return rings[areas.index(max(areas))], sum(areas)


def _area_inside(ring: Sequence[float], width: int, height: int) -> float:
    if not width or (min(ring) >= 0.0 and max(ring[0::2]) <= width and max(ring[1::2]) <= height):
        return polygon_area(ring)
    return polygon_area(clip_polygon(ring, (0.0, 0.0, width, height)))


def _rle_area(rle: Mapping[str, Any], width: int, height: int) -> int:
    """Set pixels of a run-length mask: column by column, the first run is background."""
    size, counts = rle.get("size"), rle.get("counts")
    runs = decode_counts(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or any(type(run) is not int or run < 0 for run in runs):
        raise ValueError("run lengths that cannot be understood")
    if not isinstance(size, list) or len(size) != 2 or any(type(side) is not int for side in size):
        raise ValueError("run lengths without size [height, width]")
    if width and size != [height, width]:
        raise ValueError(f"a mask of {size[1]} x {size[0]} on an image of {width} x {height}")
    if sum(runs) != size[0] * size[1]:
        raise ValueError(f"run lengths of {sum(runs)} pixels for a mask of {size[0] * size[1]}")
    return sum(runs[1::2])


def decode_counts(text: str) -> list[int]:
    """Run lengths of COCO's compressed form (cocoapi maskApi.c, rleFrString), checked; raises ValueError.

    Six bits a character from "0" on, five of them value, low ones first; from the third run on, each is the difference
    to the run two before.
    """
    runs: list[int] = []
    value = shift = 0
    for char in text:
        bits = ord(char) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("run lengths that cannot be understood")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("run lengths that break off")
    return runs


def _numbers(values: Any, what: str) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise ValueError(f"{what} is not a list of numbers")
    for value in values:
        if type(value) not in (int, float) or not -FARTHEST <= value <= FARTHEST:
            raise ValueError(f"{what} has {str(value)[:40]!r} where a coordinate is wanted")
    return tuple([float(value) for value in values])


def shown_id(annotation: Mapping[str, Any]) -> str:
    """How messages name an annotation."""
    return clean(str(annotation.get("id", "without id")))[:40]
