"""Reading landmark files, whatever made them, into rows of one table; streamed, and only what lies near the images.

    .osm.pbf .osm .osm.bz2 .osm.gz     OpenStreetMap, areas assembled (pyosmium)       ODbL-1.0
    .geojson .json                     RFC 7946, and the older form with a `crs`       as given
    .geojsonl .geojsons .ndjson        one feature a line                              as given
    .gpkg .shp .fgb                    GeoPackage, Shapefile, FlatGeobuf (pyogrio)     as given
    .parquet .geoparquet               GeoParquet, Overture places and buildings       as its rows say, or as given
    .json                              a saved answer of Google Places (either API)    google-maps-content

Nothing is fetched: neither Overpass nor Google allow what a corpus needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rsdata.errors import BadAnnotation, BadSource, MissingExtra
from rsdata.stages import _landgoogle, _landkinds, _landosm, _landparquet
from rsdata.stages._landcrs import WGS84, crs_of_geojson, to_wgs84
from rsdata.stages._landtable import GOOGLE, Landmark, Near, Tally, chunks

OSM = (".osm.pbf", ".osm", ".osm.bz2", ".osm.gz", ".pbf")
LINES = (".geojsonl", ".geojsons", ".ndjson")
VECTOR = (".gpkg", ".shp", ".fgb")
PARQUET = (".parquet", ".geoparquet")
SUFFIXES = (*OSM, ".geojson", ".json", *LINES, *VECTOR, *PARQUET)
OVERTURE_SOURCES = {"OpenStreetMap": "ODbL-1.0", "meta": "CDLA-Permissive-2.0", "Microsoft": "CDLA-Permissive-2.0"}


class Raw(NamedTuple):
    """A row before it is judged: a shapely geometry in the source's CRS (None for none) and its properties."""

    geometry: Any
    row: Mapping[str, Any]


def files_of(paths: Sequence[str]) -> list[Path]:
    """The landmark files behind names of files and folders. Raises BadSource for one that is not there."""
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(SUFFIXES))
            if not inside:
                raise BadSource(f"{path}: no landmark file in this folder; wanted {', '.join(SUFFIXES)}")
            found += inside
        elif not path.is_file():
            raise BadSource(f"{path}: no such landmark file; give --landmarks a file such as city.osm.pbf")
        elif not path.name.lower().endswith(SUFFIXES):
            raise BadSource(f"{path}: not a landmark file that can be read; wanted {', '.join(SUFFIXES)}")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def rows(path: Path, near: Near, tally: Tally, *, kind: str = "", licence: str = "") -> Iterator[Landmark]:
    """The landmarks of one file that lie near the images. `kind`: of rows that tell none; `licence`: of rows that
    carry none. What is left out is counted in `tally`: no-geometry, bad-geometry, far-away, no-kind, closed."""
    name = path.name.lower()
    if name.endswith(OSM):
        yield from _judged(_landosm.read(path, near.bounds), path, WGS84, near, tally, kind, "ODbL-1.0", _osm_kind)
    elif name.endswith(PARQUET):
        crs, found = _landparquet.read(path, near.bounds)
        yield from _judged(found, path, crs, near, tally, kind, licence, _landkinds.of_any)
    elif name.endswith(VECTOR):
        crs, found = _vector(path, near)
        yield from _judged(found, path, crs, near, tally, kind, licence, _landkinds.of_any)
    elif name.endswith(LINES):
        yield from _judged(_lines(path), path, WGS84, near, tally, kind, licence, _landkinds.of_any)
    else:
        yield from _json(path, near, tally, kind, licence)


def _json(path: Path, near: Near, tally: Tally, kind: str, licence: str) -> Iterator[Landmark]:
    """A GeoJSON file, or a saved answer of Google Places."""
    data = _loaded(path.read_bytes(), str(path))
    if isinstance(data, dict) and (places := _landgoogle.places(data)) is not None:
        yield from _judged(places, path, WGS84, near, tally, "", GOOGLE, _google_kind)
        return
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise BadAnnotation(path, 0, "neither a GeoJSON FeatureCollection nor a saved answer of Google Places")
    crs = crs_of_geojson(data.get("crs"), str(path))
    yield from _judged(map(_feature, features), path, crs, near, tally, kind, licence, _landkinds.of_any)


def _loaded(data: bytes, shown: str, line: int = 0) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, line or getattr(error, "lineno", 0), f"broken JSON ({error})") from error


def _lines(path: Path) -> Iterator[Raw]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if text := line.strip(b" \t\r\n\x1e"):
                yield _feature(_loaded(text, str(path), number))


def _feature(feature: Any) -> Raw:
    """One GeoJSON feature; its geometry is None where it has none, False where it is broken."""
    if not isinstance(feature, dict) or not isinstance(feature.get("geometry"), dict):
        return Raw(None, {})
    import shapely
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    properties = feature.get("properties")
    row = properties if isinstance(properties, dict) else {}
    try:
        geometry = shape(feature["geometry"])
        return Raw(None if shapely.is_empty(geometry) else geometry, row)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ShapelyError):
        return Raw(False, row)


def _vector(path: Path, near: Near) -> tuple[str, Iterator[Raw]]:
    try:
        import pyogrio
    except ImportError as error:
        raise MissingExtra("pyogrio", "landmarks", f"reading {path.name}") from error
    try:
        info = pyogrio.read_info(path)
    except pyogrio.errors.DataSourceError as error:
        raise BadSource(f"{path}: cannot be read ({str(error)[:120]})") from error
    return info["crs"] or WGS84, _vector_rows(path, info["crs"] or WGS84, near)


def _vector_rows(path: Path, crs: str, near: Near) -> Iterator[Raw]:
    """Batches of features; the file's own index leaves out those that lie far away."""
    import shapely
    from pyogrio.raw import open_arrow

    from rsdata.stages._landcrs import bounds_in

    with open_arrow(path, bbox=bounds_in(crs, near.bounds), use_pyarrow=True) as (meta, reader):
        column = meta["geometry_name"] or "wkb_geometry"
        for batch in reader:
            geometries = shapely.from_wkb(batch.column(column).to_numpy(zero_copy_only=False))
            names = [name for name in batch.schema.names if name != column]
            values = [batch.column(name).to_pylist() for name in names]
            for geometry, row in zip(geometries, zip(*values, strict=True) if names else (), strict=bool(names)):
                yield Raw(geometry, dict(zip(names, row, strict=True)))


def _osm_kind(row: Mapping[str, Any]) -> str:
    return _landkinds.of_osm(row)


def _google_kind(row: Mapping[str, Any]) -> str:
    return _landkinds.of_google(row["types"])


def _judged(
    found: Iterator[Any],
    path: Path,
    crs: str,
    near: Near,
    tally: Tally,
    kind: str,
    licence: str,
    kind_of: Callable[[Mapping[str, Any]], str],
) -> Iterator[Landmark]:
    """Rows with a geometry near the images, a kind, and a name or a kind that needs none."""
    import shapely

    for chunk in chunks(found):
        tally.read += len(chunk)
        good = [Raw(*raw) for raw in chunk if raw[0] is not None and raw[0] is not False]
        tally.refused["no-geometry"] += sum(raw[0] is None for raw in chunk)
        tally.refused["bad-geometry"] += sum(raw[0] is False for raw in chunk)
        if not good:
            continue
        geometries = to_wgs84(np.array([raw.geometry for raw in good], object), crs, str(path))
        broken = ~shapely.is_valid(geometries) & (geometries != None)  # noqa: E711
        geometries[broken] = shapely.make_valid(geometries[broken])
        close = near.meets(np.asarray(shapely.bounds(geometries), np.float64))
        tally.refused["far-away"] += int((~close).sum())
        for geometry, raw, here in zip(geometries, good, close, strict=True):
            if here and (told := _told(raw.row, kind, licence, kind_of, tally)):
                tally.kept += 1
                tally.licences[told[2]] += 1
                name, what, under = told
                yield Landmark(shapely.to_wkb(geometry), name, what, path.name, under)
    tally.refused = +tally.refused


def _told(
    row: Mapping[str, Any],
    kind: str,
    licence: str,
    kind_of: Callable[[Mapping[str, Any]], str],
    tally: Tally,
) -> tuple[str, str, str] | None:
    """Name, kind and licence of a row; None, counted, where it is closed or nothing tells what it is."""
    if row.get("operating_status", "open") not in ("open", None) or row.get("business_status") == "CLOSED_PERMANENTLY":
        tally.refused["closed"] += 1
        return None
    name = _landkinds.name_of(row)
    what = kind_of(row) or kind or (_landkinds.UNKNOWN if name else "")
    if not what:
        tally.refused["no-kind"] += 1
        return None
    if what == "building" and _landkinds.indoors(row):
        name = ""  # the sign of what is inside, which is not seen from above
    return name, what, _licence(row) or licence or "unknown"


def _licence(row: Mapping[str, Any]) -> str:
    """The licence that an Overture row carries: of its first source that names one, or what is known of the source."""
    sources = row.get("sources")
    for source in sources if isinstance(sources, (list, tuple)) else ():
        if isinstance(source, Mapping):
            told = source.get("license") or OVERTURE_SOURCES.get(str(source.get("dataset")))
            if told:
                return str(told)
    return ""
