"""Cut large images into overlapping windows. Records of windows are made, no image is read or written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from rsdata import geometry
from rsdata.errors import BadRecipe
from rsdata.record import Box, Drop, Made, Obj, Output, Record, Window, crop, dropped_objects

VERSION = 1
FILTERS = ("empty-window",)  # drops that are asked for, not losses
STAGE = "tile"


def run(
    records: Iterable[Record],
    *,
    size: int = 1024,
    overlap: int = 200,
    keep: float = 0.5,
    min_side: float = 1.0,
    empty: str = "keep",
    only: Sequence[str] = (),
) -> Iterator[Output]:
    """One record for each window of `size` x `size` pixels, `overlap` pixels shared by neighbours.

    The grid is that of DOTA_devkit's ImgSplit.py and mmrotate's img_split.py: steps of `size - overlap`, the last
    window moved back to end at the border; nothing is padded, so a side shorter than `size` is one window's whole side.
    An image that fits into one window passes as it is, and so does one of unknown size.

    - `keep`: the share of an object's area that must lie in a window for the object to stay in it. The dev kits take
      0.7, with which a caption of the window denies what is plainly seen there; 0.5 keeps what is seen by half.
      An object that is whole in a window always stays.
    - `min_side`: a cut object whose box is then narrower, in pixels, is refused.
    - `only`: names of the sources to cut; all of them where it is empty.
    - `empty`: `drop` refuses windows without an object (`empty-window`); windows with a mask stay, since their
      objects are found later.

    Objects are clipped: a polygon by Sutherland-Hodgman, its box the hull of what is left; `area` becomes that of the
    clipped polygon, otherwise the old area times the share. Run this before m2b where masks have the objects.
    Every (object, window) pair that meets is counted: the copies kept, the fragments refused (`cut-at-tile-edge`),
    and one `lost-at-tile-edge` for each object that no window keeps.

    What was said of the whole image is not true of a window: its captions, scene label and phash are left out, noted
    as a drop of no objects. A record that has nothing but those (no object, no mask) is not tiled.

    Raises BadRecipe where the parameters make no grid.
    """
    _check(size, overlap, keep, empty)
    for record in records:
        if only and record.source not in only:
            yield record
            continue
        windows = list(grid(record.width, record.height, size, overlap))
        said = record.captions or record.label
        if len(windows) < 2 or (said and not record.objects and record.mask_path is None):
            yield record
        else:
            yield from _tile(record, windows, keep, min_side, empty)


def idle(part: Path, *, only: Sequence[str] = (), **_: Any) -> bool:
    """Whether a part is of one source that is not cut, so that it stays as it is; from the file's statistics alone."""
    import pyarrow.parquet as pq

    if not only:
        return False
    meta = pq.read_metadata(part)
    column = meta.schema.names.index("source")
    groups = [meta.row_group(i).column(column).statistics for i in range(meta.num_row_groups)]
    return all(g is not None and g.has_min_max and g.min == g.max and g.min not in only for g in groups)


def grid(width: int, height: int, size: int, overlap: int) -> Iterator[Window]:
    """The windows of an image, row by row; together they cover every pixel."""
    for y, x in product(_starts(height, size, size - overlap), _starts(width, size, size - overlap)):
        yield Window(x, y, min(size, width), min(size, height))


def _starts(length: int, size: int, step: int) -> list[int]:
    if length <= size:
        return [0]
    return [*range(0, length - size, step), length - size]


def _check(size: int, overlap: int, keep: float, empty: str) -> None:
    if size < 1 or not 0 <= overlap < size:
        raise BadRecipe(f"tile: size {size} and overlap {overlap}; wanted 0 <= overlap < size")
    if not 0.0 < keep <= 1.0:
        raise BadRecipe(f"tile: keep {keep}; wanted a share of the object's area, above 0 and up to 1")
    if empty not in ("keep", "drop"):
        raise BadRecipe(f"tile: empty {empty!r}; wanted keep or drop")


def _tile(record: Record, windows: list[Window], keep: float, min_side: float, empty: str) -> Iterator[Output]:
    tiles: list[list[Obj]] = [[] for _ in windows]
    refused: list[tuple[str, str]] = []
    pairs = 0
    for obj in record.objects:
        met, homes = 0, 0
        for tile, window in zip(tiles, windows, strict=True):
            if not _meets(obj.box, window):
                continue
            met += 1
            if piece := cut(obj, window, keep, min_side):
                tile.append(piece)
                homes += 1
        met = max(met, 1)  # an object of no area on the last border meets no half-open window
        pairs += met
        refused += [("cut-at-tile-edge", obj.label)] * (met - max(homes, 1))
        if not homes:
            refused.append(("lost-at-tile-edge", obj.label))
    yield Made(record.id, images=len(windows) - 1, objects=pairs - len(record.objects))
    yield from dropped_objects(record.id, STAGE, refused)
    if record.captions or record.label:
        detail = f"{len(record.captions)} captions, scene label {record.label or 'none'}"
        yield Drop(record.id, STAGE, "said-of-whole-image", detail, images=0)
    for tile, window in zip(tiles, windows, strict=True):
        part = crop(record, window, objects=tile, captions=[], label=None)
        if empty == "drop" and not tile and record.mask_path is None:
            yield Drop(part.id, STAGE, "empty-window")
        else:
            yield part


def _meets(box: Box, window: Window) -> bool:
    """Whether a box and a window share some area, or a box of no area lies in the window."""
    x0, y0, x1, y1 = box
    right, bottom = window.x + window.width, window.y + window.height
    across = x0 < right and (x1 > window.x or x0 == x1 >= window.x)
    return across and y0 < bottom and (y1 > window.y or y0 == y1 >= window.y)


def cut(obj: Obj, window: Window, keep: float, min_side: float) -> Obj | None:
    """The object in the window's coordinates; None where less than `keep` of it, or too narrow a strip, is left."""
    x, y, width, height = window
    x0, y0, x1, y1 = obj.box
    if x0 >= x and y0 >= y and x1 <= x + width and y1 <= y + height:
        poly = tuple(v - (y if i % 2 else x) for i, v in enumerate(obj.poly))
        return replace(obj, box=(x0 - x, y0 - y, x1 - x, y1 - y), poly=poly)
    # Corners may lie outside the image; the object's box does not, so it cuts off what no window can show.
    corners = geometry.clip_polygon(obj.poly, obj.box) or (x0, y0, x1, y0, x1, y1, x0, y1)
    whole = geometry.polygon_area(corners)
    piece = geometry.clip_polygon(corners, (x, y, x + width, y + height))
    if not piece or whole <= 0.0:
        return None
    left = geometry.polygon_area(piece)
    moved = tuple(v - (y if i % 2 else x) for i, v in enumerate(piece))
    box = geometry.clip_box(geometry.hull(moved), width, height)
    if left < keep * whole or box is None or min(box[2] - box[0], box[3] - box[1]) < min_side:
        return None
    area = left if obj.poly else (obj.area or whole) * left / whole
    return replace(obj, box=box, poly=moved if obj.poly else (), area=area)
