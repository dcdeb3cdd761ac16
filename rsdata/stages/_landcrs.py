"""Coordinate systems of landmarks and rasters: names, and geometries moved from one to another."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadAnnotation
from rsdata.stages._landtable import Bounds

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


def points_moved(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], crs: str, to: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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


def degrees_of(corners: npt.NDArray[np.float64], crs: str) -> Bounds | None:
    """Bounds in degrees of a four-cornered place `[corner, x y]` in a CRS, edges followed; None where it has none."""
    steps = np.linspace(0.0, 1.0, 9)[:, None]
    ring = np.concatenate([a + (b - a) * steps for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    x, y = (ring[:, 0], ring[:, 1]) if same(crs, WGS84) else points_moved(ring[:, 0], ring[:, 1], crs, WGS84)
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return None
    return float(x[good].min()), float(y[good].min()), float(x[good].max()), float(y[good].max())


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
