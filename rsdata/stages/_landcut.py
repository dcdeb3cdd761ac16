"""Windows of a stated size on the ground, and whether there is anything to see in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Drop, Made, Output, Record, Window, crop

STAGE = "landmarks"
LOOK = 256  # pixels of a side at which a window is looked at
FLAT = 2.0 / 255  # spread from the 2nd to the 98th percentile below which nothing can be made out


def windows(record: Record, ground: float, overlap: float) -> Iterator[Record]:
    """The record cut into squares of `ground` metres, the last ones moved back to end at the border.

    A record of unknown resolution, one that says something already (objects, a mask, captions, a label: `tile` is for
    those), and one smaller than a window stay whole. `overlap`: share of a window that neighbours have in common.
    """
    side = round(ground / record.gsd) if ground and record.gsd else 0
    says = record.objects or record.captions or record.mask_path or record.label
    if side < 1 or says or (record.width <= side and record.height <= side):
        yield record
        return
    step = max(1, round(side * (1 - overlap)))
    for y in _starts(record.height, side, step):
        for x in _starts(record.width, side, step):
            yield crop(record, Window(x, y, min(side, record.width), min(side, record.height)))


def _starts(length: int, side: int, step: int) -> list[int]:
    return [0] if length <= side else [*range(0, length - side, step), length - side]


def cut(record: Record, root: Path | None, ground: float, overlap: float, max_nodata: float) -> Iterator[Output]:
    """The windows of a record in which there is something to see.

    Drops: no-georeference; mostly-nodata (more than `max_nodata` of it), flat, and those of an image that cannot be
    read. `max_nodata` 1 looks at no pixel.
    """
    if record.geo is None or not record.geo.crs:
        yield Drop(record.id, STAGE, "no-georeference", "no CRS and transform", objects=len(record.objects))
        return
    parts = list(windows(record, ground, overlap))
    if len(parts) > 1:
        yield Made(record.id, images=len(parts) - 1)
    for part in parts:
        reason, detail = "", ""
        if max_nodata < 1 and root is not None and part.path is not None:
            reason, detail = _look(root / part.path, part.window, max_nodata)
        if reason:
            yield Drop(part.id, STAGE, reason, detail, objects=len(part.objects))
        else:
            yield part


def _look(path: Path, window: Window | None, max_nodata: float) -> tuple[str, str]:
    """The reason to refuse a window and its detail, or two empty texts."""
    try:
        values, valid = pixels.glance(path, window, LOOK)
    except BadImage as error:
        return error.reason, error.problem
    share = 1.0 - float(valid.mean())
    if share > max_nodata:
        return "mostly-nodata", f"{share:.0%} of the window is nodata"
    spread = max(_spread(band[valid]) for band in values)
    return ("flat", f"the values spread over {spread:.2%} of their range") if spread < FLAT else ("", "")


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """From the 2nd to the 98th percentile, as a share of 255, or for deeper data of the largest value."""
    low, high = np.percentile(values, [2, 98])
    whole = 255.0 if values.max() <= 255 and values.min() >= 0 else float(np.abs(values).max())
    return float(high - low) / whole if whole else 0.0
