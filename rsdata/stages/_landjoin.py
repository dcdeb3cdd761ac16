"""The spatial join: what lies in each window, in the raster's own CRS, whatever way the raster is turned.

All windows of one CRS are joined at once: landmarks are moved into it, one tree is built, and every measure is taken on
whole arrays. Measures are in pixels of the window, half open as everywhere; metres come from its ground resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.record import Record
from rsdata.stages._landcrs import degrees_of, moved
from rsdata.stages._landtable import Bounds, Near, Table

Floats = npt.NDArray[np.float64]
INSIDE, CUT, NEAR = "inside", "cut", "near"
RIM = 0.01  # pixels by which a landmark may stand over and still be inside: what moving between CRS rounds


class Hit(NamedTuple):
    """One landmark of one window. `row` is its row in the table; `how`: inside, cut by the border, or near.

    `x`, `y`: its middle (of what is seen of it, or of a near one its nearest place) in pixels; `box`: of what is seen;
    `area` in square pixels and `length` in pixels of what is seen (length of lines only); `away`: pixels from the
    window of a near one. `shape`: what is seen of it in pixels, or for a near one all of it.
    """

    row: int
    how: str
    x: float
    y: float
    box: tuple[float, float, float, float]
    area: float
    length: float
    away: float
    shape: Any


def corners(record: Record, margin: float = 0.0) -> Floats:
    """The four corners of a window, `margin` pixels wider on each side, in its CRS: `[corner, x y]`, in order."""
    if record.geo is None:
        raise ValueError(f"{record.id} has no georeference")
    a, b, c, d, e, f = record.geo.transform
    right, bottom = record.width + margin, record.height + margin
    column = np.array([-margin, right, right, -margin])
    row = np.array([-margin, -margin, bottom, bottom])
    return np.column_stack([a * column + b * row + c, d * column + e * row + f])


def places(records: Sequence[Record], margin: float = 0.0) -> list[Bounds]:
    """Bounds in degrees of windows, `margin` metres wider; windows without a place on Earth are left out."""
    found = []
    for record in records:
        if record.geo is not None and record.geo.crs:
            wider = margin / record.gsd if margin and record.gsd else 0.0
            bounds = degrees_of(corners(record, wider), record.geo.crs)
            if bounds is not None:
                found.append(bounds)
    return found


def join(records: Sequence[Record], table: Table, near: float = 0.0) -> list[list[Hit]]:
    """For each record its landmarks, rows in order. Touching is enough to be found, as in a spatial join.

    `near`: also those within so many metres of the window. Records without a georeference get none.
    """
    found: list[list[Hit]] = [[] for _ in records]
    by_crs: dict[str, list[int]] = {}
    for number, record in enumerate(records):
        if record.geo is not None and record.geo.crs:
            by_crs.setdefault(record.geo.crs, []).append(number)
    for crs, numbers in by_crs.items():
        mine = [records[number] for number in numbers]
        for number, hits in zip(numbers, _join_crs(crs, mine, table, near), strict=True):
            found[number] = hits
    return found


def _join_crs(crs: str, records: Sequence[Record], table: Table, near: float) -> list[list[Hit]]:
    import shapely

    found: list[list[Hit]] = [[] for _ in records]
    bounds = places(records, near)
    if not bounds or not len(table):
        return found
    rows = np.flatnonzero(Near(bounds).meets(table.bounds))
    geometry = moved(table.geometry[rows], crs_of_table(), crs)
    windows = shapely.polygons(np.stack([corners(record) for record in records]))
    tree = shapely.STRtree(geometry)
    frame, hit = tree.query(windows, predicate="intersects")
    rims = shapely.polygons(np.stack([corners(record, RIM) for record in records]))
    _add(found, records, _Pairs(frame, rows[hit], geometry[hit], windows[frame], rims[frame]), seen=True)
    if near > 0:
        wide = [near / record.gsd if record.gsd else 0.0 for record in records]
        outer = shapely.polygons(np.stack([corners(r, w) for r, w in zip(records, wide, strict=True)]))
        around, close = tree.query(outer, predicate="intersects")
        fresh = ~np.isin(around * len(rows) + close, frame * len(rows) + hit)
        frame, hit = around[fresh], close[fresh]
        _add(found, records, _Pairs(frame, rows[hit], geometry[hit], windows[frame], rims[frame]), seen=False)
    for hits in found:
        hits.sort(key=lambda one: one.row)
    return found


def crs_of_table() -> str:
    """The CRS of every table of landmarks."""
    return "EPSG:4326"


class _Pairs(NamedTuple):
    """Window and landmark of each pair, as arrays of one length."""

    frame: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    geometry: npt.NDArray[Any]
    window: npt.NDArray[Any]
    rim: npt.NDArray[Any]


def _add(found: list[list[Hit]], records: Sequence[Record], pairs: _Pairs, seen: bool) -> None:
    """Measure all pairs at once and sort them to their windows."""
    import shapely

    if not len(pairs.frame):
        return
    whole = shapely.covers(pairs.rim, pairs.geometry)
    shapes = pairs.geometry.copy()
    if seen and not whole.all():
        shapes[~whole] = _clipped(pairs.geometry[~whole], pairs.window[~whole])
    pixel = _in_pixels(shapes, np.array([_inverse(record) for record in records])[pairs.frame])
    boxes, areas = shapely.bounds(pixel), shapely.area(pixel)
    lengths = np.where(shapely.get_dimensions(pixel) == 1, shapely.length(pixel), 0.0)
    sizes = np.array([(record.width, record.height) for record in records], np.float64)[pairs.frame]
    middles = _middles(pixel, sizes, seen)
    away = _away(pixel, sizes) if not seen else np.zeros(len(pixel))
    how = np.where(whole, INSIDE, CUT) if seen else np.full(len(pixel), NEAR)
    columns = (pairs.frame, pairs.row, how, middles, boxes, areas, lengths, away, pixel)
    for frame, row, state, middle, box, area, length, gap, shape in zip(*(c.tolist() for c in columns), strict=True):
        found[frame].append(Hit(row, state, middle[0], middle[1], tuple(box), area, length, gap, shape))


def _clipped(geometry: npt.NDArray[Any], window: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The parts that lie in the windows; moving a geometry to another CRS may have broken it, so it is mended first."""
    import shapely

    return np.asarray(shapely.intersection(shapely.make_valid(geometry), window), object)


def _inverse(record: Record) -> tuple[float, float, float, float, float, float]:
    """From CRS coordinates to pixels: column = p*x + q*y + r, row = s*x + t*y + u."""
    if record.geo is None:
        raise ValueError(f"{record.id} has no georeference")
    a, b, c, d, e, f = record.geo.transform
    area = a * e - b * d
    return e / area, -b / area, (b * f - e * c) / area, -d / area, a / area, (d * c - a * f) / area


def _in_pixels(geometry: npt.NDArray[Any], inverse: Floats) -> npt.NDArray[Any]:
    import shapely

    points, owner = shapely.get_coordinates(geometry, return_index=True)
    p, q, r, s, t, u = inverse[owner].T
    x, y = points[:, 0], points[:, 1]
    return np.asarray(shapely.set_coordinates(geometry.copy(), np.column_stack([p * x + q * y + r, s * x + t * y + u])))


def _middles(pixel: npt.NDArray[Any], sizes: Floats, seen: bool) -> Floats:
    """The middle of what is seen, a point of it where the centroid lies beside it, or of a near one the nearest."""
    import shapely

    if not seen:
        frames = shapely.box(0, 0, sizes[:, 0], sizes[:, 1])
        nearest = shapely.get_point(shapely.shortest_line(pixel, frames), 0)
        return np.asarray(shapely.get_coordinates(nearest), np.float64)
    points = shapely.centroid(pixel)
    areas = np.flatnonzero(shapely.get_dimensions(pixel) == 2)
    beside = areas[~shapely.intersects(points[areas], pixel[areas])]
    points[beside] = shapely.point_on_surface(pixel[beside])
    found = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return np.asarray(np.clip(np.nan_to_num(found), 0.0, sizes), np.float64)


def _away(pixel: npt.NDArray[Any], sizes: Floats) -> Floats:
    import shapely

    return np.asarray(shapely.distance(pixel, shapely.box(0, 0, sizes[:, 0], sizes[:, 1])), np.float64)
