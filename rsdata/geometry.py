"""Pure geometry: polygons, boxes, positions in an image, and the connected components of a mask.

Pixel convention: x grows to the right, y downwards, 0-based; boxes `(x0, y0, x1, y1)` are half open. Polygons are flat
sequences `x0 y0 x1 y1 ...` of corners, without the first corner repeated at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]
Array = npt.NDArray[Any]
Edges = tuple[Array, Array]

BAND_PIXELS = 1 << 20  # pixels labelled at a time, so that the bytes and runs of one piece stay in the cache
POSITIONS = (
    ("top_left", "top", "top_right"),
    ("left", "centre", "right"),
    ("bottom_left", "bottom", "bottom_right"),
)


def polygon_area(poly: Sequence[float]) -> float:
    """Area of a simple polygon (shoelace), in square pixels, whatever the order of its corners."""
    xs, ys = poly[0::2], poly[1::2]
    n = len(ys)
    return abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(n))) / 2.0


def hull(poly: Sequence[float]) -> Box:
    """The upright box around the corners of a polygon, not clipped."""
    xs, ys = poly[0::2], poly[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def clip_box(box: Sequence[float], width: float, height: float) -> Box | None:
    """The part of a box inside an image of `width` x `height` pixels; None where nothing (no area) is left."""
    x0, y0, x1, y1 = box
    x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def clip_polygon(poly: Sequence[float], box: Sequence[float]) -> tuple[float, ...]:
    """The part of a polygon inside a box (Sutherland and Hodgman 1974), empty where nothing is left.

    A convex polygon stays simple. A concave one that leaves the box and comes back keeps zero-width bridges along the
    box's side, which change neither its area nor its hull.
    """
    points = list(zip(poly[0::2], poly[1::2], strict=True))
    x0, y0, x1, y1 = box
    for axis, limit, sign in ((0, x0, 1.0), (0, x1, -1.0), (1, y0, 1.0), (1, y1, -1.0)):
        points = _clip_side(points, axis, limit, sign)
    return tuple(value for point in points for value in point)


def _clip_side(points: list[tuple[float, float]], axis: int, limit: float, sign: float) -> list[tuple[float, float]]:
    """Keep what lies on the inner side of one line: `sign * (coordinate - limit) >= 0`."""
    kept: list[tuple[float, float]] = []
    for i, here in enumerate(points):
        before = points[i - 1]
        a, b = sign * (before[axis] - limit), sign * (here[axis] - limit)
        if (a < 0.0) != (b < 0.0):
            t = a / (a - b)
            other = before[1 - axis] + t * (here[1 - axis] - before[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if b >= 0.0:
            kept.append(here)
    return kept


def centre(box: Sequence[float]) -> tuple[float, float]:
    """Centre point of a box. RemoteCLIP places an object by it (arXiv 2306.11029, section III-B1)."""
    return (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0


def grid_position(box: Sequence[float], width: float, height: float) -> str:
    """Which of the 3 x 3 equal cells of the image holds a box's centre: `top_left`, `top`, ... `bottom_right`."""
    x, y = centre(box)
    column = min(max(int(3.0 * x / width), 0), 2)
    row = min(max(int(3.0 * y / height), 0), 2)
    return POSITIONS[row][column]


def in_centre(box: Sequence[float], width: float, height: float, share: float = 0.5) -> bool:
    """Whether the box's centre lies in the middle `share` of both sides (0.5: from 1/4 to 3/4, borders included).

    The RemoteCLIP paper does not give the size of its centre region; 1/4 to 3/4 is that of RSM-CLIP, Algorithm 1.
    """
    x, y = centre(box)
    return abs(x - width / 2.0) <= share * width / 2.0 and abs(y - height / 2.0) <= share * height / 2.0


class Components(NamedTuple):
    """The 8-connected components of a mask, in the order of their first pixels (row by row, left to right).

    `value` [n] in the mask's own type; `box` int32 [n, 4] as x0 y0 x1 y1, half open; `area` int64 [n] in pixels.
    """

    value: Array
    box: npt.NDArray[np.int32]
    area: npt.NDArray[np.int64]


class _Runs(NamedTuple):
    """Runs of equal pixels along the rows of one piece of a mask, in reading order.

    `begins` says for every pixel whether a run begins there, `starts` [n] where in `flat`, `value` [n] its value,
    `kept` [n] whether that is no background.
    """

    flat: Array
    width: int
    begins: Array
    starts: Array
    value: Array
    kept: Array


class _Part(NamedTuple):
    """Components of one piece, and the component of every run of its first and of its last row (-1: background)."""

    value: Array
    box: Array
    area: Array
    first: Array
    last: Array


def components(mask: Array, background: Iterable[int] = (0,)) -> Components:
    """Components of every value of a mask `[row, column]` in one pass; pixels of `background` values are left out."""
    return band_components([mask], background)


def band_components(bands: Iterable[Array], background: Iterable[int] = (0,)) -> Components:
    """Components of a mask that comes in bands `[row, column]` of one width, from top to bottom.

    Two pixels are connected when they have the same integer value and touch at a side or at a corner, as in
    `scipy.ndimage.label(mask == value, np.ones((3, 3)))`; an island inside a hole of its own class is a component.
    The result is the same for every way to cut the bands. Memory: one band, and about 80 bytes a component.

    Method: the mask is cut to pieces of cache size. In each, runs of equal pixels are joined to the runs they touch
    in the row above. A piece begins with the last row of the piece before it, whose runs tell which components of the
    two pieces are one.
    """
    ignored = tuple(sorted(set(background)))
    parts: list[_Part] = []
    seams: list[Edges] = []
    row = count = 0
    for piece, halo in _pieces(bands):
        runs = _find_runs(piece, ignored)
        part = _measure(runs, _join_runs(runs), row - halo, halo)
        if halo:
            seen = part.first >= 0
            seams.append((parts[-1].last[seen] + (count - len(parts[-1].area)), part.first[seen] + count))
        parts.append(part)
        count += len(part.area)
        row += len(piece) - halo
    return _join_parts(parts, seams)


def _pieces(bands: Iterable[Array]) -> Iterator[tuple[Array, int]]:
    """Cut to cache size. Each piece but the first has, as its first row, the last one of the piece before: halo 1."""
    last: Array | None = None
    for band in bands:
        if band.size == 0:
            continue
        rows = max(1, BAND_PIXELS // band.shape[1])
        for y in range(0, len(band), rows):
            if y:
                yield band[y - 1 : y + rows], 1
            elif last is not None:
                yield np.concatenate([last, band[:rows]]), 1
            else:
                yield band[:rows], 0
        last = band[-1:].copy()


def _find_runs(piece: Array, ignored: Iterable[int]) -> _Runs:
    flat = np.ascontiguousarray(piece).reshape(-1)
    width = piece.shape[1]
    begins = np.empty(flat.size, np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[::width] = True
    starts = np.flatnonzero(begins)
    value = flat[starts]
    kept = np.ones(len(value), np.bool_)
    for number in ignored:
        kept &= value != number
    return _Runs(flat, width, begins, starts, value, kept)


def _join_runs(runs: _Runs) -> Array:
    """For every run the first run, in reading order, of its component."""
    direct, others = _touching(runs)
    parent = np.arange(len(runs.starts))
    parent[others[1]] = others[0]
    parent[direct[1]] = direct[0]
    # Every parent lies in the row above, so no chain is longer than the piece is high.
    for _ in range((runs.flat.size // runs.width).bit_length()):
        parent = parent[parent]
    return _hook(parent, *others)


def _touching(runs: _Runs) -> tuple[Edges, Edges]:
    """Pairs (upper run, lower run) of one value that touch; in the first list no lower run comes twice.

    An overlap of two runs begins where one of the two begins, so only the pixels around run starts are looked at:
    at the start of a run (before | here, with left_above | above over them), or below the start of an upper run.
    """
    flat, width, begins, starts, value, kept = runs
    second, last = np.searchsorted(starts, [width, flat.size - width]).tolist()
    start, here, before, kept_here = starts[second:], value[second:], value[second - 1 : -1], kept[second:]
    above, left_above = flat[start - width], flat[start - (width + 1)]
    rank = _rank(begins)

    direct = np.flatnonzero((above == here) & kept_here)
    inner = np.ones(len(start), np.bool_)
    inner[np.searchsorted(start, np.arange(width, flat.size, width))] = False  # a row's first pixel has no left side
    corner = inner & (above != left_above)
    left = np.flatnonzero(corner & (left_above == here) & kept_here)
    right = np.flatnonzero(corner & (above == before) & kept[second - 1 : -1])

    below = starts[:last] + width
    down = np.flatnonzero((flat[below] == value[:last]) & kept[:last] & ~begins[below])
    upper = [rank(start[left] - (width + 1)), rank(start[right] - width), down]
    lower = [left + second, right + (second - 1), rank(below[down])]
    return (rank(start[direct] - width), direct + second), (np.concatenate(upper), np.concatenate(lower))


def _rank(begins: Array) -> Callable[[Array], Array]:
    """A function from pixels to the runs that hold them: the number of run starts up to a pixel, less one.

    Starts are kept as bits, 64 to a word, with a running count of the words before: three small look-ups a pixel.
    """
    packed = np.packbits(begins, bitorder="little")
    words = np.concatenate([packed, np.zeros(-len(packed) % 8, np.uint8)]).view("<u8")
    counts = np.bitwise_count(words).astype(np.int64)
    earlier = np.cumsum(counts) - counts - 1
    up_to = ~np.uint64(0) >> np.arange(63, -1, -1).astype(np.uint64)

    def rank(pixels: Array) -> Array:
        word = pixels >> 6
        found: Array = earlier[word] + np.bitwise_count(words[word] & up_to[pixels & 63])
        return found

    return rank


def _hook(parent: Array, a: Array, b: Array) -> Array:
    """Union of the trees that edges (a, b) join; `parent` holds roots on entry and on return, the smallest of each."""
    while True:
        root_a, root_b = parent[a], parent[b]
        apart = np.flatnonzero(root_a != root_b)
        if apart.size == 0:
            return parent
        a, b, root_a, root_b = a[apart], b[apart], root_a[apart], root_b[apart]
        np.minimum.at(parent, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
        before = parent
        parent = parent[parent]
        while not np.array_equal(before, parent):
            before, parent = parent, parent[parent]


def _measure(runs: _Runs, root: Array, top: int, halo: int) -> _Part:
    """Box and area of every component; `top` is the mask row of the piece's first row, a halo row adds no area."""
    flat, width, _, starts, value, kept = runs
    is_root = kept & (root == np.arange(len(root)))
    n = int(np.count_nonzero(is_root))
    number = np.cumsum(is_root) - 1
    label = np.where(kept, number[root], -1)
    second, last = np.searchsorted(starts, [width, flat.size - width]).tolist()

    seen = np.flatnonzero(kept)
    owner, start, length = label[seen], starts[seen], np.diff(starts, append=flat.size)[seen]
    row = start // width
    column = start - row * width
    left, right, bottom = np.full(n, width), np.zeros(n, np.int64), np.zeros(n, np.int64)
    np.minimum.at(left, owner, column)
    np.maximum.at(right, owner, column + length)
    bottom[owner] = row  # runs come in reading order: the last one written is the lowest
    box = np.stack([left, starts[is_root] // width + top, right, bottom + (top + 1)], axis=1).astype(np.int32)
    length[: np.searchsorted(start, halo * width)] = 0
    area = np.bincount(owner, weights=length, minlength=n).astype(np.int64)
    return _Part(value[is_root], box, area, label[:second].copy(), label[last:].copy())


def _join_parts(parts: list[_Part], seams: list[Edges]) -> Components:
    """Put the pieces together; components that a seam cuts are added to the first of their parts."""
    if not parts:
        return Components(np.empty(0, np.uint8), np.empty((0, 4), np.int32), np.empty(0, np.int64))
    value = np.concatenate([part.value for part in parts])
    box = np.concatenate([part.box for part in parts])
    area = np.concatenate([part.area for part in parts])
    if not seams:
        return Components(value, box, area)
    upper, lower = (np.concatenate(ends) for ends in zip(*seams, strict=True))
    nodes, index = np.unique(np.concatenate([upper, lower]), return_inverse=True)
    root = _hook(np.arange(len(nodes)), index[: len(upper)], index[len(upper) :])
    joined = np.flatnonzero(root != np.arange(len(nodes)))
    return _add_up(Components(value, box, area), nodes[joined], nodes[root[joined]])


def _add_up(found: Components, source: Array, target: Array) -> Components:
    """Add the boxes and areas of the rows `source` to the rows `target`, and take the former out."""
    value, box, area = found
    for axis, reduce in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
        reduce.at(box[:, axis], target, box[source, axis])
    np.add.at(area, target, area[source])
    left = np.ones(len(value), np.bool_)
    left[source] = False
    return Components(value[left], box[left], area[left])


def value_boxes(bands: Iterable[Array], background: Iterable[int] = (0,)) -> Components:
    """One box and area for each value of a mask, over all its pixels whether they touch or not (instance ids).

    Bands and order as in `band_components`.
    """
    ignored = tuple(sorted(set(background)))
    parts: list[_Part] = []
    row = 0
    for piece, halo in _pieces(bands):
        runs = _find_runs(piece[halo:], ignored)
        _, first, inverse = np.unique(runs.value, return_index=True, return_inverse=True)
        parts.append(_measure(runs, first[inverse], row, 0))
        row += len(piece) - halo
    found = _join_parts(parts, [])
    _, first, inverse = np.unique(found.value, return_index=True, return_inverse=True)
    target = first[inverse]
    source = np.flatnonzero(target != np.arange(len(target)))
    return _add_up(found, source, target[source])
