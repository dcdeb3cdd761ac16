"""OpenStreetMap extracts (.osm.pbf, .osm, .osm.bz2): tagged nodes, ways, and areas assembled from ways and relations.

Read by pyosmium, which streams the file; areas need a second pass over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsdata.errors import BadSource, MissingExtra
from rsdata.stages._landkinds import kind, of_osm, osm_keys
from rsdata.stages._landtable import Bounds

Row = tuple[Any, Mapping[str, Any]]
# Closed ways with these tags alone are lines that end where they began, not areas.
LINES = {"highway", "railway", "waterway", "junction"}


def read(path: Path, bounds: Bounds) -> Iterator[Row]:
    """Each tagged object as a shapely geometry and its tags; areas come once, as areas. Far ones may be left out early.

    A row's tags are flat, as OpenStreetMap has them: {"name": "Ateneum", "tourism": "museum", "building": "yes"}.
    Raises BadSource where the file is no extract, MissingExtra without pyosmium.
    """
    try:
        import osmium
    except ImportError as error:
        raise MissingExtra("osmium", "landmarks", f"reading {path.name}") from error
    keys = osmium.filter.KeyFilter(*osm_keys())
    try:
        reader = osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys)
        yield from _objects(reader, osmium, bounds)
    except RuntimeError as error:
        way = f"sort it (osmium sort {path.name})" if "order" in str(error) else "is it whole?"
        raise BadSource(f"{path}: not an OpenStreetMap extract that can be read ({str(error)[:120]}); {way}") from error


def _objects(reader: Any, osmium: Any, bounds: Bounds) -> Iterator[Row]:
    """Copies of the objects: pyosmium's own are gone after the step."""
    import shapely

    factory = osmium.geom.WKBFactory()
    for found in reader:
        tags = {tag.k: tag.v for tag in found.tags}
        if not of_osm(tags):
            continue
        wkb = _wkb(found, tags, factory, bounds, osmium)
        if wkb is not None:
            yield (shapely.from_wkb(wkb) if wkb else None), tags


def _wkb(found: Any, tags: Mapping[str, str], factory: Any, bounds: Bounds, osmium: Any) -> str | None:
    """Hexadecimal WKB; "" for a broken geometry, None for what is no geometry of its own here."""
    try:
        if found.is_node():
            west, south, east, north = bounds
            place = found.location
            near = west <= place.lon <= east and south <= place.lat <= north
            return str(factory.create_point(found)) if near else None
        if found.is_area():
            return None if _is_line(tags) else str(factory.create_multipolygon(found))
        if found.is_way():
            return str(factory.create_linestring(found)) if _as_line(found, tags) else None
    except (RuntimeError, osmium.InvalidLocationError):
        return ""
    return None


def _is_line(tags: Mapping[str, str]) -> bool:
    """Whether a closed way is a line after all: a roundabout, a ring road, a rail loop."""
    if tags.get("area") == "yes" or tags.get("building", "no") != "no":
        return False
    return bool(LINES & tags.keys()) and not ({"landuse", "leisure", "natural", "amenity", "aeroway"} & tags.keys())


def _as_line(way: Any, tags: Mapping[str, str]) -> bool:
    """Whether a way is said as a line: open, or closed and a line by its tags. Closed others come as areas."""
    closed = way.is_closed() and len(way.nodes) > 3
    return not closed or _is_line(tags) or kind(of_osm(tags)).line
