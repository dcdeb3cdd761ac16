"""The spatial join: what lies in each window, in the raster's own CRS, whatever way the raster is turned.

All windows of one CRS are joined at once: a tree of their bounds in degrees finds the landmarks that may lie in them,
and these are measured on whole arrays in pixels of the window, half open as everywhere. Points never become objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from rsdata.record import Record
from rsdata.stages._landcrs import WGS84, same, smoothly_moved
from rsdata.stages._landframes import Floats, Frames, Ints, frames, margins
from rsdata.stages._landframes import places as places
from rsdata.stages._landtable import Table

Shapely = npt.NDArray[Any]  # of geometries
INSIDE, CUT, NEAR = "inside", "cut", "near"
HOW = (INSIDE, CUT, NEAR)
RIM = 0.01  # pixels by which a landmark may stand over and still be inside: what moving between CRS rounds
EXACT = 1e-6  # pixels to which coordinates are moved
PAD = 1e-3  # share by which bounds in degrees are widened for the tree: edges bend between the places looked at
BATCH = 1 << 18  # coordinates of shapes that are measured at once


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


class Pairs(NamedTuple):
    """Windows and their landmarks as columns; see Hit. `how` is a place in HOW; `shape` is None for points."""

    frame: Ints
    row: Ints
    how: npt.NDArray[np.int8]
    middle: Floats
    box: Floats
    area: Floats
    length: Floats
    away: Floats
    shape: Shapely


class Hits(Sequence[Hit]):
    """The landmarks of one window, made when they are asked for. `columns` are those of all windows of its CRS, from
    `first` to `last` its own."""

    def __init__(self, columns: Pairs, first: int, last: int) -> None:
        self.columns, self.first, self.last = columns, first, last

    def __len__(self) -> int:
        return self.last - self.first

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hit]: ...
    def __getitem__(self, place: int | slice) -> Hit | list[Hit]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return _hit(self.columns, self.first + place % len(self))

    def part(self, column: str) -> npt.NDArray[Any]:
        """One column, this window's rows of it."""
        found: npt.NDArray[Any] = getattr(self.columns, column)[self.first : self.last]
        return found


def _hit(columns: Pairs, i: int) -> Hit:
    x, y = columns.middle[i].tolist()
    shape = columns.shape[i]
    if shape is None:
        import shapely

        shape = shapely.Point(columns.box[i, :2])
    size = (float(columns.area[i]), float(columns.length[i]), float(columns.away[i]))
    return Hit(int(columns.row[i]), HOW[columns.how[i]], x, y, tuple(columns.box[i].tolist()), *size, shape)


def join(records: Sequence[Record], table: Table, near: float = 0.0) -> list[Hits]:
    """For each record its landmarks, rows in order. Touching is enough to be found, as in a spatial join.

    `near`: also those within so many metres of the window. Records without a georeference get none.
    """
    found = [Hits(_none(), 0, 0) for _ in records]
    for windows in frames(records):
        columns = _ordered([_none(), *_joined(windows, table, margins(windows, near))])
        ends = np.searchsorted(columns.frame, np.arange(len(windows.number) + 1)).tolist()
        for place, number in enumerate(windows.number):
            found[number] = Hits(columns, ends[place], ends[place + 1])
    return found


def _joined(windows: Frames, table: Table, wider: Floats) -> Iterator[Pairs]:
    """The pairs of one CRS: points first, then shapes, some hundred thousand coordinates at a time."""
    import shapely

    hulls = windows.hulls(wider)
    hulls += (hulls[:, 2:] - hulls[:, :2])[:, [0, 1, 0, 1]] * np.array([-PAD, -PAD, PAD, PAD])
    if not len(table) or np.isnan(hulls).all():
        return
    hit, frame = _candidates(hulls, table.bounds)
    point = table.points[hit]
    yield _points(windows, table, hit[point], frame[point], wider)
    row, frame = hit[~point], frame[~point]
    if not len(row):
        return
    rows, place = np.unique(row, return_inverse=True)
    shapes = _Shapes.of(table.geometry[rows], windows)
    boxes = shapely.box(0, 0, windows.size[:, 0], windows.size[:, 1])
    shapely.prepare(boxes)
    for first, last in _runs(np.cumsum(shapes.counts[place]) // BATCH):
        yield from _measured(windows, boxes, shapes, rows, place[first:last], frame[first:last], wider)


def _candidates(hulls: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    """Rows and windows whose bounds meet, `[row or window, west south east north]`.

    Rows are sorted along the axis on which the windows spread most, and each window looks at a short run of them; those
    longer than a window, such as rivers, every window looks at.
    """
    good = np.flatnonzero(~np.isnan(hulls[:, 0]))
    (west, south), (east, north) = hulls[good, :2].min(axis=0), hulls[good, 2:].max(axis=0)
    b = bounds
    close = np.flatnonzero((b[:, 0] <= east) & (b[:, 2] >= west) & (b[:, 1] <= north) & (b[:, 3] >= south))
    sides = np.median(hulls[good, 2:] - hulls[good, :2], axis=0)
    axis = int(np.argmax(np.array([east - west, north - south]) / np.maximum(sides, 1e-12)))
    order = [axis, axis + 2, 1 - axis, 3 - axis]
    low, high = bounds[close, axis], bounds[close, axis + 2]
    short = high - low <= sides[axis]
    found: list[tuple[Ints, Ints]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for group, reach in ((np.flatnonzero(short), sides[axis]), (np.flatnonzero(~short), np.inf)):
        rows = close[group[np.argsort(low[group], kind="stable")]]
        if len(rows):
            columns = [np.ascontiguousarray(bounds[rows, column]) for column in order]
            found += _meeting(hulls[:, order], good, rows, columns, reach)
    row, frame = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return row, frame


def _meeting(hulls: Floats, good: Ints, rows: Ints, columns: list[Floats], reach: float) -> Iterator[tuple[Ints, Ints]]:
    """Of each window the rows that meet it; `columns`: low and high on the sorted axis, low and high on the other."""
    low, high, below, above = columns
    first = np.searchsorted(low, hulls[good, 0] - reach).tolist()
    last = np.searchsorted(low, hulls[good, 1], "right").tolist()
    for window, a, b in zip(good.tolist(), first, last, strict=True):
        if a < b:
            start, _, bottom, top = hulls[window]
            meets = (high[a:b] >= start) & (below[a:b] <= top) & (above[a:b] >= bottom)
            here = rows[a:b][meets]
            yield here, np.full(len(here), window)


def _runs(turns: Ints) -> list[tuple[int, int]]:
    """Where equal numbers begin and end."""
    ends = [0, *(np.flatnonzero(np.diff(turns)) + 1).tolist(), len(turns)]
    return list(pairwise(ends))


def _moved(points: Floats, windows: Frames) -> Floats:
    """Degrees `[point, 2]` in the CRS of the windows."""
    if same(windows.crs, WGS84):
        return points
    x, y = smoothly_moved(points[:, 0].copy(), points[:, 1].copy(), WGS84, windows.crs, EXACT * windows.pixel())
    return np.column_stack([x, y])


def _in_pixels(points: Floats, windows: Frames, frame: Ints) -> Floats:
    """CRS coordinates in pixels of the window of each: `[point, 2]`."""
    x, y = (points - windows.origin[frame]).T
    back = windows.back[frame]
    return np.column_stack([back[:, 0, 0] * x + back[:, 0, 1] * y, back[:, 1, 0] * x + back[:, 1, 1] * y])


def _points(windows: Frames, table: Table, row: Ints, frame: Ints, wider: Floats) -> Pairs:
    pixel = _in_pixels(_moved(table.bounds[row, :2], windows), windows, frame)
    size, rim = windows.size[frame], wider[frame, None]
    kept = np.flatnonzero(((pixel >= -rim) & (pixel <= size + rim)).all(axis=1))
    pixel, size, row, frame = pixel[kept], size[kept], row[kept], frame[kept]
    nearest = np.clip(pixel, 0.0, size)
    away = np.hypot(*(pixel - nearest).T)
    how = np.where((nearest == pixel).all(axis=1), 0, 2).astype(np.int8)
    zero, none = np.zeros(len(row)), np.full(len(row), None, object)
    middle = np.where(how[:, None] == 2, pixel, nearest)
    return Pairs(frame, row, how, middle, np.hstack([pixel, pixel]), zero, zero, away, none)


class _Shapes(NamedTuple):
    """Lines and areas: geometries as the table has them, their coordinates in the CRS, where each one's begin."""

    geometry: Shapely
    points: Floats
    starts: Ints
    counts: Ints

    @staticmethod
    def of(geometry: Shapely, windows: Frames) -> _Shapes:
        """Those that have a place in the CRS keep their coordinates; of others they are NaN and meet nothing."""
        import shapely

        counts = shapely.get_num_coordinates(geometry).astype(np.int64)
        points = _moved(shapely.get_coordinates(geometry), windows)
        return _Shapes(geometry, points, np.cumsum(counts) - counts, counts)

    def pixels(self, place: Ints, windows: Frames, frame: Ints) -> tuple[Floats, Ints]:
        """The coordinates of these shapes in pixels of their windows, and where each one's begin."""
        counts = self.counts[place]
        starts = np.cumsum(counts) - counts
        gather = np.arange(int(counts.sum())) + np.repeat(self.starts[place] - starts, counts)
        return _in_pixels(self.points[gather], windows, np.repeat(frame, counts)), starts


def _measured(
    windows: Frames, boxes: Shapely, shapes: _Shapes, rows: Ints, place: Ints, frame: Ints, wider: Floats
) -> Iterator[Pairs]:
    """Lines and areas that meet their window, and those that lie near it; `boxes` are the windows in pixels."""
    import shapely

    pixel, starts = shapes.pixels(place, windows, frame)
    low, high = np.minimum.reduceat(pixel, starts), np.maximum.reduceat(pixel, starts)
    size, rim = windows.size[frame], wider[frame, None]
    kept = ((high >= -rim) & (low <= size + rim)).all(axis=1)
    if not kept.any():
        return
    pixel = pixel[np.repeat(kept, shapes.counts[place])]
    place, frame, low, high, size = place[kept], frame[kept], low[kept], high[kept], size[kept]
    shape = np.asarray(shapely.set_coordinates(shapes.geometry[place], pixel), object)
    box = np.hstack([low, high])
    meets = np.asarray(((low >= 0) & (high <= size)).all(axis=1), bool)
    border = np.flatnonzero(~meets)
    meets[border] = shapely.intersects(boxes[frame[border]], shape[border])
    whole = ((low >= -RIM) & (high <= size + RIM)).all(axis=1)
    cut = np.flatnonzero(meets & ~whole)
    shape[cut] = _clipped(shape[cut], size[cut])
    box[cut] = shapely.bounds(shape[cut])
    how = np.where(meets, np.where(whole, 0, 1), 2).astype(np.int8)
    columns = Pairs(frame, rows[place], how, size, box, shapely.area(shape), _lengths(shape), np.zeros(len(how)), shape)
    seen = np.flatnonzero(meets)
    yield _taken(columns, seen)._replace(middle=_middles(shape[seen], size[seen]))
    if rim.any() and not meets.all():
        yield _near(_taken(columns, np.flatnonzero(~meets)), boxes, wider)


def _near(columns: Pairs, boxes: Shapely, wider: Floats) -> Pairs:
    """Of shapes outside their windows those within the margin, with the distance and the nearest place of each."""
    import shapely

    rim = wider[columns.frame]
    around = shapely.box(-rim, -rim, *(columns.middle + rim[:, None]).T)
    found = _taken(columns, np.flatnonzero(shapely.intersects(columns.shape, around)))
    nearest = shapely.shortest_line(found.shape, boxes[found.frame])
    middle = shapely.get_coordinates(shapely.get_point(nearest, 0))
    return found._replace(middle=middle, away=shapely.length(nearest))


def _clipped(shape: Shapely, size: Floats) -> Shapely:
    """The parts that lie in windows of these sizes: cut straight where that works, by a true intersection where a shape
    is broken (as moving it to another CRS may leave it) or the cut would be."""
    import shapely

    found, sound = shape.copy(), shapely.is_valid(shape)
    for width, height in set(map(tuple, size.tolist())):
        mine = sound & (size == (width, height)).all(axis=1)
        found[mine] = shapely.clip_by_rect(shape[mine], 0, 0, width, height)
    bad = np.flatnonzero(~sound | ~shapely.is_valid(found) | shapely.is_empty(found))
    boxes = shapely.box(0, 0, size[bad, 0], size[bad, 1])
    found[bad] = shapely.intersection(shapely.make_valid(shape[bad]), boxes)
    return np.asarray(found, object)


def _lengths(shape: Shapely) -> Floats:
    import shapely

    return np.where(shapely.get_dimensions(shape) == 1, shapely.length(shape), 0.0)


def _middles(shape: Shapely, size: Floats) -> Floats:
    """The middle of what is seen, a point of it where the centroid lies beside it."""
    import shapely

    points = shapely.centroid(shape)
    areas = np.flatnonzero(shapely.get_dimensions(shape) == 2)
    beside = areas[~shapely.intersects(points[areas], shape[areas])]
    points[beside] = shapely.point_on_surface(shape[beside])
    found = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return np.asarray(np.clip(np.nan_to_num(found), 0.0, size), np.float64)


def _none() -> Pairs:
    zero, flat, how = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int8)
    return Pairs(zero, zero, how, np.zeros((0, 2)), np.zeros((0, 4)), flat, flat, flat, np.zeros(0, object))


def _taken(columns: Pairs, rows: Ints) -> Pairs:
    one: list[Any] = [column[rows] for column in columns]
    return Pairs(*one)


def _ordered(found: Sequence[Pairs]) -> Pairs:
    """One after another, by window and row."""
    columns = Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    return _taken(columns, np.argsort(columns.frame << 40 | columns.row, kind="stable"))  # one sort, not two
