"""GeoParquet, and with it Overture's places and buildings (https://geoparquet.org, version 1.x; 2.0-dev too)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsdata.errors import BadSource
from rsdata.stages._landcrs import WGS84, bounds_in
from rsdata.stages._landtable import Bounds

Row = tuple[Any, Mapping[str, Any]]
BATCH = 8192


def read(path: Path, bounds: Bounds) -> tuple[str, Iterator[Row]]:
    """The file's CRS, and its rows as shapely geometries with all other columns.

    A `bbox` struct column (xmin, ymin, xmax, ymax), as Overture has, leaves out far row groups unread. The metadata key
    `geo` tells the geometry column, its encoding and CRS:

        {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": {...}}}}

    Raises BadSource where there is no geometry column in WKB.
    """
    import pyarrow.dataset as ds

    try:
        dataset = ds.dataset(path, format="parquet")
    except (OSError, ValueError) as error:
        raise BadSource(f"{path}: not a Parquet file that can be read ({str(error).splitlines()[0][:120]})") from error
    column, crs = _geometry(dataset.schema, path)
    return crs, _rows(dataset, column, bounds_in(crs, bounds))


def _geometry(schema: Any, path: Path) -> tuple[str, str]:
    """The name of the geometry column, and the CRS."""
    meta = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    column = meta.get("primary_column", "geometry")
    known = meta.get("columns", {}).get(column, {})
    if column not in schema.names or known.get("encoding", "WKB") != "WKB":
        raise BadSource(f"{path}: no geometry column in WKB; write it as GeoParquet with the encoding WKB")
    return column, _crs(known.get("crs", WGS84))


def _crs(found: Any) -> str:
    """PROJJSON, or an authority's code; longitude and latitude where none is given (or null, which means unknown)."""
    if not isinstance(found, Mapping):
        return found if isinstance(found, str) else WGS84
    ident = found.get("id", found)
    code = f"{ident.get('authority', '')}:{ident.get('code', '')}"
    if code in ("OGC:CRS84", WGS84):
        return WGS84
    return code if ident.get("code") else json.dumps(found)


def _rows(dataset: Any, column: str, bounds: Bounds) -> Iterator[Row]:
    import shapely

    names = [name for name in dataset.schema.names if name not in (column, "bbox")]
    for batch in dataset.to_batches(columns=[column, *names], filter=_filter(dataset.schema, bounds), batch_size=BATCH):
        geometries = shapely.from_wkb(batch.column(column).to_numpy(zero_copy_only=False), on_invalid="ignore")
        rows = batch.select(names).to_pylist() if names else [{}] * len(geometries)
        yield from zip(geometries, rows, strict=True)


def _filter(schema: Any, bounds: Bounds) -> Any:
    """Rows whose bbox meets the bounds; None where the file has no bbox column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "bbox" not in schema.names or not pa.types.is_struct(schema.field("bbox").type):
        return None
    fields = {field.name for field in schema.field("bbox").type}
    west, south, east, north = bounds
    for low_x, low_y, high_x, high_y in (("xmin", "ymin", "xmax", "ymax"), ("minx", "miny", "maxx", "maxy")):
        if {low_x, low_y, high_x, high_y} <= fields:
            return (
                (pc.field("bbox", low_x) <= east)
                & (pc.field("bbox", high_x) >= west)
                & (pc.field("bbox", low_y) <= north)
                & (pc.field("bbox", high_y) >= south)
            )
    return None
