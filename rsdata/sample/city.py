"""The map of the drawn town: what stands in the scenes of `geotiff`, as OpenStreetMap has it and as GeoJSON.

Names are made up. Landmark captions of the drawn rasters come from it (`rsdata landmarks`), and tests hold them to the
scenes it was drawn from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

from rsdata.geometry import clip_polygon
from rsdata.sample.files import save_text
from rsdata.sample.world import Outline, Point, Scene, Thing

NAMES = ("Linden", "Amber", "Juniper", "Harrow", "Willow", "Falcon", "Maple", "Otter")
PLACES = {  # kind of scene -> tags of the whole of it, and its name
    "airport": ({"aeroway": "aerodrome"}, "{} Airport"),
    "port": ({"landuse": "harbour"}, "{} Harbour"),
    "storagetanks": ({"landuse": "industrial"}, "{} Works"),
    "residential": ({"place": "neighbourhood"}, "{} Hill"),
}
THINGS = {  # look of a thing -> its tags
    "house": {"building": "house"},
    "hangar": {"building": "hangar"},
    "roof": {"building": "yes"},
    "tank": {"man_made": "storage_tank"},
    "pool": {"leisure": "swimming_pool"},
    "pier": {"man_made": "pier"},
    "bridge": {"man_made": "bridge"},
    "roundabout": {"junction": "roundabout", "area": "yes"},
}
COVERS = {"water": {"natural": "water"}, "forest": {"natural": "wood"}, "farmland": {"landuse": "farmland"}}
SHOPS = {"shop": "bakery", "name": "Golden Crust"}  # not seen from above: no caption may name it


class Feature(NamedTuple):
    """One feature: its outline (one point for a node) in longitude and latitude, and its tags."""

    outline: tuple[Point, ...]
    tags: dict[str, str]


def features(scene: Scene, number: int) -> Iterator[tuple[tuple[Point, ...], dict[str, str]]]:
    """The features of one scene in its pixels: all of it, its land, the things on it, and a shop."""
    if scene.kind in PLACES:
        tags, name = PLACES[scene.kind]
        rim = ((4.0, 4.0), (scene.width - 4.0, 4.0), (scene.width - 4.0, scene.height - 4.0), (4.0, scene.height - 4.0))
        yield rim, {**tags, "name": name.format(NAMES[number % len(NAMES)])}
    for patch in scene.patches:
        if patch.cover in COVERS:
            tags = dict(COVERS[patch.cover])
            if patch.cover == "water":
                tags["name"] = f"{NAMES[number % len(NAMES)]} Water"
            if outline := _clipped(patch.outline, scene):
                yield outline, tags
    for thing in scene.things:
        if thing.look in THINGS and _inside(thing, scene):
            yield thing.outline, dict(THINGS[thing.look])
    yield ((scene.width / 2, scene.height / 2),), dict(SHOPS)


def _clipped(outline: Outline, scene: Scene) -> Outline:
    """What of a patch lies in the scene: the next scene begins at its border."""
    flat = clip_polygon([v for point in outline for v in point], (0.0, 0.0, scene.width, scene.height))
    return tuple(zip(flat[0::2], flat[1::2], strict=True))


def _inside(thing: Thing, scene: Scene) -> bool:
    x0, y0, x1, y1 = thing.box
    return x0 >= 0 and y0 >= 0 and x1 <= scene.width and y1 <= scene.height


def write(root: Path, scenes: Sequence[Scene], west: float, north: float, crs: str) -> None:
    """Write landmarks/city.osm and city.geojson: scenes from west to east, the top left of the first at west, north."""
    from rasterio.warp import transform

    found: list[Feature] = []
    left = west
    for number, scene in enumerate(scenes):
        for outline, tags in features(scene, number):
            xs, ys = [left + x * scene.gsd for x, _ in outline], [north - y * scene.gsd for _, y in outline]
            lon, lat = transform(crs, "EPSG:4326", xs, ys)
            points = tuple((round(x, 7), round(y, 7)) for x, y in zip(lon, lat, strict=True))
            if len(points) == 1 or _turns(points):
                found.append(Feature(points, tags))
        left += scene.width * scene.gsd
    save_text(root / "landmarks" / "city.osm", list(_osm(found)))
    save_text(root / "city.geojson", [json.dumps(_geojson(found), ensure_ascii=False)])


def _turns(points: Sequence[Point]) -> bool:
    """Whether an outline has an area."""
    area = sum(a * d - b * c for (a, b), (c, d) in zip(points, (*points[1:], points[0]), strict=True))
    return math.fabs(area) > 1e-13


def _osm(found: Sequence[Feature]) -> Iterator[str]:
    """OSM XML: nodes first, then closed ways, ids in order."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<osm version="0.6" generator="rsdata sample">'
    ways: list[tuple[list[int], dict[str, str]]] = []
    node = 0
    for feature in found:
        ids = []
        for lon, lat in feature.outline:
            node += 1
            ids.append(node)
            head = f'<node id="{node}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"'
            if len(feature.outline) == 1:
                yield from (f"{head}>", *_tags(feature.tags), "</node>")
            else:
                yield f"{head}/>"
        if len(ids) > 1:
            ways.append(([*ids, ids[0]], feature.tags))
    for way, (ids, tags) in enumerate(ways, 1):
        yield from (f'<way id="{way}" version="1">', *(f'<nd ref="{n}"/>' for n in ids), *_tags(tags), "</way>")
    yield "</osm>"


def _tags(tags: dict[str, str]) -> Iterator[str]:
    yield from (f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())


def _geojson(found: Sequence[Feature]) -> dict[str, Any]:
    rows = []
    for feature in found:
        points = [list(point) for point in feature.outline]
        geometry: dict[str, Any] = {"type": "Point", "coordinates": points[0]}
        if len(points) > 1:
            geometry = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
        rows.append({"type": "Feature", "properties": feature.tags, "geometry": geometry})
    return {"type": "FeatureCollection", "features": rows}
