"""Where a raster lies on the ground: transforms, metres per pixel, and the grid of web map tiles. Pure arithmetic.

Tile formulas: OpenStreetMap wiki, Slippy map tilenames (XYZ: row 0 at the top). TMS counts rows from the bottom.
"""

from __future__ import annotations

import math

from rsdata.record import Geo

Transform = tuple[float, float, float, float, float, float]

HALF = math.pi * 6378137.0  # metres from the middle of the web Mercator square to its rim
DEEPEST = 30  # zoom


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Length on the WGS 84 ellipsoid of one degree of longitude and of latitude, in metres."""
    phi = math.radians(latitude)
    flat, squash = 6378137.0, 0.00669437999014
    root = 1.0 - squash * math.sin(phi) ** 2
    east, north = flat * math.cos(phi) / math.sqrt(root), flat * (1 - squash) / root**1.5
    return math.radians(1) * east, math.radians(1) * north


def pixel_metres(transform: Transform, x_metres: float, y_metres: float) -> float | None:
    """Side in metres of a square with the area of one pixel, for any rotation; `x_metres` and `y_metres` are the metres
    in one unit of the CRS. None for a transform without area."""
    a, b, _, d, e, _ = transform
    area = abs((a * e - b * d) * x_metres * y_metres)
    return math.sqrt(area) if math.isfinite(area) and area > 0 else None


def middle(transform: Transform, width: int, height: int) -> tuple[float, float]:
    """CRS coordinates of the centre of an image."""
    a, b, c, d, e, f = transform
    return a * width / 2 + b * height / 2 + c, d * width / 2 + e * height / 2 + f


def mercator_latitude(y: float) -> float:
    """Latitude in degrees of a northing in web Mercator."""
    return math.degrees(math.atan(math.sinh(max(-700.0, min(700.0, y / 6378137.0)))))


def tile_geo(x: int, y: int, zoom: int, width: int, height: int) -> tuple[Geo, float]:
    """Geo and metres per pixel of the XYZ tile x, y at a zoom, drawn with width x height pixels.

    Web Mercator stretches lengths by 1 / cos(latitude): the metres are those on the ground at the tile's centre.
    """
    span = 2 * HALF / 2**zoom
    left, top = -HALF + x * span, HALF - y * span
    geo = Geo("EPSG:3857", (span / width, 0.0, left, 0.0, -span / height, top))
    scale = math.cos(math.radians(mercator_latitude(top - span / 2)))
    return geo, math.sqrt(span / width * span / height) * scale
