"""Coordinate systems of landmarks and rasters: names, and geometries moved from one to another."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadAnnotation
from rsdata.stages._landtable import Bounds

Floats = npt.NDArray[np.float64]
MANY = 5000  # points from which on a polynomial pays
DEGREE = 6
BLOCK = 1 << 14  # points worked out at once: what they need stays in the processor's cache
_NODES = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
_FIT = np.linalg.inv(np.polynomial.chebyshev.chebvander(_NODES, DEGREE))  # from values at the nodes to a series
_CHECKS = np.linspace(-1.0, 1.0, 14)
WGS84 = "EPSG:4326"  # always longitude first here, as GDAL's tradition is
_URN = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC):(?:[\d.]*:)?(\w+)$", re.IGNORECASE)


@lru_cache(maxsize=256)
def known(text: str) -> Any:
    """rasterio's CRS of a name or WKT. Raises ValueError for a text that is none."""
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        return CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        raise ValueError(f"{text[:80]!r} is no coordinate reference system that is known") from error


@lru_cache(maxsize=256)
def same(one: str, other: str) -> bool:
    """Whether two names are one CRS."""
    return one == other or bool(known(one) == known(other))


def crs_of_geojson(member: Any, shown: str) -> str:
    """The CRS of a GeoJSON file by its `crs` member, such as

        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32616"}}

    Longitude and latitude where there is none. Raises BadAnnotation for a member that says nothing.
    """
    if member is None:
        return WGS84
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    match = _URN.match(name.strip()) if isinstance(name, str) else None
    if match is None:
        raise BadAnnotation(shown, 0, f"a crs member that cannot be understood: {str(member)[:80]}")
    code = f"{match[1].upper()}:{match[2].upper()}"
    return WGS84 if code in ("OGC:CRS84", WGS84) else code


def to_wgs84(geometries: npt.NDArray[Any], crs: str, shown: str) -> npt.NDArray[Any]:
    """Geometries of a source in longitude and latitude, two-dimensional."""
    import shapely

    flat: npt.NDArray[Any] = shapely.force_2d(geometries)
    try:
        return flat if same(crs, WGS84) else moved(flat, crs, WGS84)
    except ValueError as error:
        raise BadAnnotation(shown, 0, str(error)) from error


def moved(geometries: npt.NDArray[Any], crs: str, to: str) -> npt.NDArray[Any]:
    """Geometries in another CRS. A point that has no place there makes its geometry None."""
    import shapely

    if len(geometries) == 0 or same(crs, to):
        return geometries
    points, owner = shapely.get_coordinates(geometries, return_index=True)
    x, y = points_moved(points[:, 0], points[:, 1], crs, to)
    lost = ~(np.isfinite(x) & np.isfinite(y))
    found = geometries.copy()
    if lost.any():
        bad = np.unique(owner[lost])
        found[bad] = None
        keep = ~np.isin(owner, bad)
        x, y = x[keep], y[keep]
    return np.asarray(shapely.set_coordinates(found, np.column_stack([x, y])), object)


def points_moved(x: Floats, y: Floats, crs: str, to: str) -> tuple[Floats, Floats]:
    """Coordinates in another CRS; infinite or NaN where there is no such place."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        found = transform(known(crs), known(to), x, y)
        return np.asarray(found[0], np.float64), np.asarray(found[1], np.float64)
    except (RasterioError, CPLE_BaseError):  # one point refused spoils the call: halve until it stands alone
        if len(x) == 1:
            return np.array([np.nan]), np.array([np.nan])
    middle = len(x) // 2
    one, other = points_moved(x[:middle], y[:middle], crs, to), points_moved(x[middle:], y[middle:], crs, to)
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def bounds_in(crs: str, bounds: Bounds) -> Bounds:
    """Bounds in degrees as bounds in another CRS, edges followed; the whole plane where that cannot be done."""
    if same(crs, WGS84):
        return bounds
    return _edge_bounds(bounds, WGS84, crs) or (-1e30, -1e30, 1e30, 1e30)


def smoothly_moved(x: Floats, y: Floats, crs: str, to: str, allowed: float) -> tuple[Floats, Floats]:
    """As `points_moved`, for many points at once: by a polynomial over their bounds where that is true to `allowed`
    (in units of `to`), else point by point. PROJ is asked for a few hundred places instead of a million."""
    if len(x) < MANY or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return points_moved(x, y, crs, to)
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-12)
    u, v = (one.ravel() for one in np.meshgrid(_NODES, _NODES, indexing="ij"))
    known = np.stack(points_moved(middle[0] + u * half[0], middle[1] + v * half[1], crs, to))
    if not np.isfinite(known).all():
        return points_moved(x, y, crs, to)
    centre = known.mean(axis=1, keepdims=True)  # what is left is small, and so is what rounding takes from it
    terms = _FIT @ (known - centre).reshape(2, DEGREE + 1, DEGREE + 1) @ _FIT.T
    u, v = (one.ravel() for one in np.meshgrid(_CHECKS, _CHECKS))
    exact = np.stack(points_moved(middle[0] + u * half[0], middle[1] + v * half[1], crs, to))
    if not np.abs(_polynomial(terms, u, v) + centre - exact).max() <= allowed:
        return points_moved(x, y, crs, to)
    found = np.empty((2, len(x)))
    for first in range(0, len(x), BLOCK):
        part = slice(first, first + BLOCK)
        found[:, part] = _polynomial(terms, (x[part] - middle[0]) / half[0], (y[part] - middle[1]) / half[1])
    found += centre
    return found[0], found[1]


def _polynomial(terms: Floats, u: Floats, v: Floats) -> Floats:
    """Chebyshev series `[x y, degree of u, degree of v]` at the places u, v of [-1, 1]: `[x y, place]`."""
    by_u, by_v = _powers(u), _powers(v)
    inner = np.einsum("cjk,kn->cjn", terms, by_v)
    return np.asarray(np.einsum("jn,cjn->cn", by_u, inner), np.float64)


def _powers(u: Floats) -> Floats:
    found = np.empty((DEGREE + 1, len(u)))
    found[0], found[1] = 1.0, u
    for n in range(2, DEGREE + 1):
        found[n] = 2 * u * found[n - 1] - found[n - 2]
    return found


def _edge_bounds(bounds: Bounds, crs: str, to: str) -> Bounds | None:
    west, south, east, north = bounds
    steps = np.linspace(0.0, 1.0, 17)
    xs, ys = west + (east - west) * steps, south + (north - south) * steps
    x = np.concatenate([xs, xs, np.full(17, west), np.full(17, east)])
    y = np.concatenate([np.full(17, south), np.full(17, north), ys, ys])
    x, y = points_moved(x, y, crs, to)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
