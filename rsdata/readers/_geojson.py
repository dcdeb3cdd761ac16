"""GeoJSON feature collections of polygons (RFC 7946, and the older form with a `crs` member). A pure parser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation
from rsdata.readers._jsonlist import clean
from rsdata.readers._polygons import Polygons, Ring, ring

LARGEST = 1e9  # beyond any coordinate on Earth, in degrees, metres or feet
LON_LAT = "EPSG:4326"  # GeoJSON gives longitude first whatever the name, as GDAL takes it
KINDS = ("Polygon", "MultiPolygon")

_URN = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC):(?:[\d.]*:)?(\w+)$", re.IGNORECASE)


class Feature(NamedTuple):
    """One object in the coordinates of its file. `number` is its place among the features, from 1 on."""

    polygons: Polygons
    properties: Mapping[str, Any]
    number: int


class Collection(NamedTuple):
    """One parsed file. `crs` is the text of the `crs` member ("EPSG:32616"), empty where there is none; `refused`
    holds (reason, detail) of features that are no polygons."""

    crs: str
    features: list[Feature]
    refused: list[tuple[str, str]]


def parse(data: bytes, shown: str) -> Collection:
    """Parse one file; `shown` is its name in messages. Raises BadAnnotation when it is no such file.

        {"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32616"}},
         "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon",
                       "coordinates": [[[733633.9, 3724917.3], [733644.0, 3724917.3], [733644.0, 3724909.2]]]}}]}

    A collection may be empty. Refused: no-geometry (null), not-a-polygon (points and lines), bad-annotation.
    """
    content = _load(data, shown)
    features = content.get("features")
    if content.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise BadAnnotation(shown, 0, "no GeoJSON FeatureCollection with a list of features")
    found: list[Feature] = []
    refused: list[tuple[str, str]] = []
    for number, feature in enumerate(features, 1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        where = f"{shown}: feature {number}"
        if geometry is None:
            refused.append(("no-geometry", where))
        elif kind not in KINDS:
            refused.append(("not-a-polygon", f"{where}: {clean(str(kind))[:40]}"))
        else:
            try:
                polygons = _polygons(geometry.get("coordinates"), kind == "MultiPolygon")
            except ValueError as error:
                refused.append(("bad-annotation", f"{where}: {error}"))
                continue
            properties = feature.get("properties")
            found.append(Feature(polygons, properties if isinstance(properties, dict) else {}, number))
    return Collection(_crs(content.get("crs"), shown), found, refused)


def _load(data: bytes, shown: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, f"JSON that cannot be read ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise BadAnnotation(shown, 0, "no GeoJSON: an object is wanted")
    return content


def _crs(member: Any, shown: str) -> str:
    """The `crs` member as an authority's code; empty where it is missing or null."""
    if member is None:
        return ""
    properties = member.get("properties") if isinstance(member, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    name = properties.get("name")
    if isinstance(name, str):
        found = _URN.match(name.strip())
        code = f"{found[1].upper()}:{found[2].upper()}" if found else name.strip()
        return LON_LAT if code == "OGC:CRS84" else code
    if isinstance(properties.get("code"), int | str):
        return f"EPSG:{properties['code']}"
    raise BadAnnotation(shown, 0, f"a crs member that cannot be understood: {member!r:.80}")


def _polygons(coordinates: Any, multi: bool) -> Polygons:
    parts = coordinates if multi else [coordinates]
    if not isinstance(parts, list):
        raise ValueError("coordinates that are no list")
    if not parts or parts == [[]]:
        raise ValueError("a polygon without corners")
    return [_rings(part) for part in parts]


def _rings(part: Any) -> list[Ring]:
    if not isinstance(part, list) or not part:
        raise ValueError("a polygon without rings")
    return [_corners(points) for points in part]


def _corners(points: Any) -> Ring:
    if not isinstance(points, list):
        raise ValueError("a ring that is no list of positions")
    values: list[float] = []
    for point in points:
        if not isinstance(point, list) or len(point) < 2:
            raise ValueError(f"{str(point)[:40]!r} where x and y are wanted")
        for value in point[:2]:
            if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:
                raise ValueError(f"{str(value)[:40]!r} where a coordinate is wanted")
            values.append(float(value))
    return ring(values)


def looks_like_degrees(collection: Collection) -> bool:
    """Whether every coordinate could be a longitude and a latitude."""
    for feature in collection.features:
        for rings in feature.polygons:
            xs, ys = rings[0][0::2], rings[0][1::2]
            if max(map(abs, xs)) > 180.0 or max(map(abs, ys)) > 90.0:
                return False
    return True
