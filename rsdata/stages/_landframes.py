"""Windows of one CRS as arrays: their corners, the way from the CRS into their pixels, their bounds in degrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.record import Record
from rsdata.stages._landcrs import WGS84, same, smoothly_moved
from rsdata.stages._landtable import Bounds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STEPS = 8  # pieces in which an edge is followed
FINE = 1e-9  # degrees, a tenth of a millimetre


class Frames(NamedTuple):
    """`number`: place of each window in the list it came from; `size`: width, height in pixels; `gsd`: 0 for unknown;
    `origin`: CRS coordinates of the top left corner; `forth`: 2 x 2, from pixels to the CRS; `back`: its inverse."""

    crs: str
    number: list[int]
    size: Floats
    gsd: Floats
    origin: Floats
    forth: Floats
    back: Floats

    def corners(self, margin: Floats | float = 0.0) -> Floats:
        """The four corners in order, `margin` pixels further out, in the CRS: `[window, corner, x y]`."""
        wider = np.broadcast_to(np.asarray(margin, np.float64), len(self.size))
        low, (right, bottom) = -wider, (self.size + wider[:, None]).T
        pixel = np.stack([np.stack([low, right, right, low]), np.stack([low, low, bottom, bottom])]).T
        return pixel @ self.forth.transpose(0, 2, 1) + self.origin[:, None]

    def pixel(self) -> float:
        """Side of the smallest pixel, in units of the CRS."""
        return float(np.sqrt(np.abs(np.linalg.det(self.forth)).min()))

    def hulls(self, margin: Floats | float = 0.0) -> Floats:
        """West, south, east, north in degrees, edges followed; NaN for a window that has no place: `[window, 4]`."""
        corners = self.corners(margin)
        steps = np.linspace(0.0, 1.0, STEPS + 1)[:, None]
        ring = corners[:, :, None] + (np.roll(corners, -1, axis=1) - corners)[:, :, None] * steps
        x, y = ring[..., 0].ravel(), ring[..., 1].ravel()
        if not same(self.crs, WGS84):
            x, y = smoothly_moved(x, y, self.crs, WGS84, FINE)
        lost = ~(np.isfinite(x) & np.isfinite(y))
        points = np.where(lost, np.nan, np.stack([x, y])).reshape(2, len(corners), -1)
        empty = lost.reshape(len(corners), -1).all(axis=1)
        points[:, empty] = 0.0  # so that no row is all NaN
        found = np.concatenate([np.nanmin(points, axis=2), np.nanmax(points, axis=2)]).T
        found[empty] = np.nan
        return np.asarray(found, np.float64)


def frames(records: Sequence[Record]) -> Iterator[Frames]:
    """The windows that have a georeference, by CRS."""
    by_crs: dict[str, list[int]] = {}
    for number, record in enumerate(records):
        if record.geo is not None and record.geo.crs:
            by_crs.setdefault(record.geo.crs, []).append(number)
    for crs, numbers in by_crs.items():
        mine = [records[number] for number in numbers]
        a, b, c, d, e, f = np.array([r.geo.transform for r in mine if r.geo], np.float64).T
        forth = np.stack([np.stack([a, b]), np.stack([d, e])]).transpose(2, 0, 1)
        size = np.array([(r.width, r.height) for r in mine], np.float64)
        gsd = np.array([r.gsd or 0.0 for r in mine], np.float64)
        yield Frames(crs, numbers, size, gsd, np.column_stack([c, f]), forth, np.linalg.inv(forth))


def margins(found: Frames, metres: float) -> Floats:
    """`metres` in pixels of each window; 0 where its resolution is not known."""
    known = found.gsd > 0
    return np.where(known, metres / np.where(known, found.gsd, 1.0), 0.0)


def places(records: Sequence[Record], margin: float = 0.0) -> list[Bounds]:
    """Bounds in degrees of windows, `margin` metres wider; windows without a place on Earth are left out."""
    rows: dict[int, Any] = {}
    for found in frames(records):
        rows |= zip(found.number, found.hulls(margins(found, margin)).tolist(), strict=True)
    return [tuple(row) for _, row in sorted(rows.items()) if row[0] == row[0]]
