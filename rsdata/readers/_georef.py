"""Where a raster lies on Earth, and coordinates on Earth as pixels of it. rasterio is imported when it is needed."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.readers._polygons import Ring
from rsdata.record import Geo

METRES_PER_DEGREE = 111_320.0  # along a meridian
# A code, a URN, a PROJ string or WKT. GDAL would open anything else as a file or an address (/vsicurl/...).
_NAMED = re.compile(r"[A-Za-z]+:\w+|urn:ogc:def:crs:[\w:.]+|\+[\w=.+ -]+|[A-Z][A-Z0-9_]*\[.*\]", re.DOTALL)
NOWHERE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # the transform of a file that has none


class Ground(NamedTuple):
    """A raster's size in pixels and place. `geo` is None without georeference; `geo.crs` is empty where only the
    transform is known. `gsd` is metres per pixel, None where the units are not known."""

    width: int
    height: int
    geo: Geo | None
    gsd: float | None


def read(path: Path) -> Ground:
    """Size and georeference from the header. Raises BadImage: missing-image, unreadable-image, too-large."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    found = pixels.info(path)
    try:
        with rasterio.Env(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with pixels.dataset(path) as src:
                crs, affine = src.crs, src.transform
    except RasterioError as error:
        raise BadImage(
            path, "unreadable-image", f"the raster cannot be read ({str(error).replace(str(path), path.name)[:120]})"
        ) from error
    transform = (affine.a, affine.b, affine.c, affine.d, affine.e, affine.f)
    text = (crs.to_string() or crs.to_wkt()) if crs else ""
    if transform == NOWHERE or affine.determinant == 0.0:
        return Ground(found.width, found.height, None, None)
    return Ground(found.width, found.height, Geo(text, transform), _gsd(crs, transform, found.width, found.height))


def _gsd(crs: Any, transform: Sequence[float], width: int, height: int) -> float | None:
    """Metres per pixel: the root of a pixel's area, at the middle of the image where the units are degrees."""
    a, b, _, d, e, f = transform
    side = math.sqrt(abs(a * e - b * d))
    if not crs:
        return None
    if crs.is_geographic:
        latitude = d * width / 2 + e * height / 2 + f
        return side * METRES_PER_DEGREE * math.sqrt(math.cos(math.radians(min(abs(latitude), 89.0))))
    if crs.is_projected:
        return side * float(crs.linear_units_factor[1])
    return None


def same_crs(one: str, other: str) -> bool:
    """Whether two CRS are one. Raises ValueError for a text that is no CRS."""
    return one == other or bool(_crs(one) == _crs(other))


@lru_cache(maxsize=64)
def _crs(text: str) -> Any:
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        if not _NAMED.fullmatch(text.strip()):
            raise ValueError(text)
        return CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        raise ValueError(f"{text[:80]!r} is no coordinate reference system that is known") from error


def to_pixels(rings: Sequence[Ring], crs: str, geo: Geo) -> list[Ring]:
    """Rings in the coordinates of `crs` as pixels of a raster at `geo`, 0-based, pixel edges at whole numbers.

    An empty `crs` means the raster's own. A point that has no place in the raster's CRS becomes infinite or NaN.
    Raises ValueError where a CRS is not known.
    """
    if not rings:
        return []
    if crs and not same_crs(crs, geo.crs):
        xs, ys = _transformed(crs, geo.crs, rings)
    else:
        xs, ys = [x for ring in rings for x in ring[0::2]], [y for ring in rings for y in ring[1::2]]
    a, b, c, d, e, f = geo.transform
    area = a * e - b * d
    flat: list[float] = []
    for x, y in zip(xs, ys, strict=True):
        flat += [(e * (x - c) - b * (y - f)) / area, (a * (y - f) - d * (x - c)) / area]
    found: list[Ring] = []
    start = 0
    for ring in rings:
        found.append(tuple(flat[start : start + len(ring)]))
        start += len(ring)
    return found


def _transformed(crs: str, to: str, rings: Sequence[Ring]) -> tuple[list[float], list[float]]:
    """Coordinates of all rings in another CRS, in one call; one ring at a time where a point is refused, so that the
    others keep theirs: a refused ring becomes NaN."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    xs = [x for ring in rings for x in ring[0::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    try:
        found = transform(_crs(crs), _crs(to), xs, ys)
        return list(found[0]), list(found[1])
    except (RasterioError, CPLE_BaseError):  # GDAL's own errors come through rasterio.warp as they are
        if len(rings) == 1:
            return [math.nan] * len(xs), [math.nan] * len(ys)
    parts = [_transformed(crs, to, [ring]) for ring in rings]
    return [x for part, _ in parts for x in part], [y for _, part in parts for y in part]
