"""Polygons with holes and in several parts, as WKT and GeoJSON have them, and the shape that they become. Pure parsers.

A `Polygons` is a list of polygons, each a list of rings: the outline first, then its holes. A ring is flat, x0 y0 x1
y1 ..., without the first corner repeated at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rsdata.geometry import clip_polygon, hull, polygon_area
from rsdata.readers._objects import Shape, number

Ring = tuple[float, ...]
Polygons = list[list[Ring]]

_HEAD = re.compile(r"\s*(MULTI)?POLYGON\s*(?:ZM|Z|M)?\s*", re.IGNORECASE)
_RING = re.compile(r"\(([^()]*)\)")
_POLYGON = re.compile(r"\(\s*\([^()]*\)(?:\s*,\s*\([^()]*\))*\s*\)")
_MULTI = re.compile(rf"\(\s*{_POLYGON.pattern}(?:\s*,\s*{_POLYGON.pattern})*\s*\)")


def parse_wkt(text: str) -> Polygons:
    """Polygons of well-known text; none for EMPTY. Raises ValueError with the problem in words.

        POLYGON ((558.4 1023.9, 583.2 1024, 583.2 998.1, 558.4 1023.9), (560 1010, 561 1010, 561 1011, 560 1010))
        MULTIPOLYGON (((0 0 0, 1 0 0, 1 1 0, 0 0 0)), ((5 5 0, 6 5 0, 6 6 0, 5 5 0)))

    Heights are left out.
    """
    head = _HEAD.match(text)
    if not head:
        raise ValueError(f"{text[:40]!r} where POLYGON (( is wanted")
    rest = text[head.end() :].strip()
    if rest.upper() == "EMPTY":
        return []
    if not (_MULTI if head[1] else _POLYGON).fullmatch(rest):
        raise ValueError(f"brackets that do not fit a polygon: {text[:40]!r}")
    parts = _POLYGON.findall(rest[1:-1]) if head[1] else [rest]
    return [[_ring(points) for points in _RING.findall(part)] for part in parts]


def _ring(text: str) -> Ring:
    return ring([value for point in text.split(",") for value in _point(point)])


def _point(text: str) -> tuple[float, float]:
    values = text.split()
    if not 2 <= len(values) <= 4:
        raise ValueError(f"{text.strip()[:40]!r} where x and y are wanted")
    return number(values[0]), number(values[1])


def ring(values: Sequence[float]) -> Ring:
    """A ring from flat coordinates, closed or not. Raises ValueError for fewer than three corners."""
    if len(values) >= 4 and values[:2] == values[-2:]:
        values = values[:-2]
    if len(values) < 6:
        raise ValueError(f"a ring of {len(values) // 2} corners")
    return tuple(values)


def shape(name: str, polygons: Polygons, width: int, height: int, at: int) -> Shape:
    """One object of one or more polygons: `box` around all outlines, `poly` the outline with the largest part in the
    image, `area` that of all inside an image of width x height pixels, holes taken off."""
    if not polygons:
        raise ValueError("a polygon without corners")
    boxes = [hull(rings[0]) for rings in polygons]
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    areas = [_area(rings[0], width, height) for rings in polygons]
    holes = sum(_area(hole, width, height) for rings in polygons for hole in rings[1:])
    poly = polygons[areas.index(max(areas))][0]
    return Shape(name, (min(x0), min(y0), max(x1), max(y1)), poly, False, at, max(sum(areas) - holes, 0.0))


def _area(corners: Ring, width: int, height: int) -> float:
    x0, y0, x1, y1 = hull(corners)
    if x0 >= 0.0 and y0 >= 0.0 and x1 <= width and y1 <= height:
        return polygon_area(corners)
    return polygon_area(clip_polygon(corners, (0.0, 0.0, width, height)))


def flat(polygons: Iterable[Sequence[Ring]]) -> list[Ring]:
    """All rings of some polygons, in order."""
    return [corners for rings in polygons for corners in rings]
