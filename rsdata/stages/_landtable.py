"""Landmarks of all sources as one table: geometry in WGS 84, name, kind, where it is from, under which licence.

The table of a corpus lies in its `cache/` as Parquet, rows near each other on the ground near each other in the file,
so that a part of the corpus reads only the rows of its own neighbourhood.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import place

Bounds = tuple[float, float, float, float]  # west, south, east, north in degrees
Floats = npt.NDArray[np.float64]
GROUP = 20_000  # rows of a row group, the least that is read
GOOGLE = "google-maps-content"
EDGES = ("west", "south", "east", "north")


class Landmark(NamedTuple):
    """One row as a source gives it. `wkb` is a geometry in WGS 84, longitude first."""

    wkb: bytes
    name: str
    kind: str
    source: str
    licence: str


@dataclass
class Table:
    """Landmarks as columns; `geometry` holds shapely geometries in WGS 84."""

    geometry: npt.NDArray[Any]
    name: list[str]
    kind: list[str]
    source: list[str]
    licence: list[str]

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def bounds(self) -> Floats:
        """West, south, east, north of each geometry, NaN where there is none: `[row, 4]`, columns whole in memory."""
        import shapely

        return np.asfortranarray(shapely.bounds(self.geometry).reshape(-1, 4), np.float64)

    @cached_property
    def points(self) -> npt.NDArray[np.bool_]:
        """Whether each geometry is a point."""
        import shapely

        return np.asarray(shapely.get_type_id(self.geometry) == 0)


@dataclass
class Tally:
    """What was seen of one source: rows read, kept, and refused by reason."""

    read: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for prepare.json."""
        found = {"read": self.read, "kept": self.kept, "refused": dict(sorted(self.refused.items()))}
        return {**found, "licences": dict(sorted(self.licences.items()))}


class Near:
    """Whether bounds meet one of many places: a tree of the places' own bounds."""

    def __init__(self, places: Sequence[Bounds]) -> None:
        import shapely

        boxes = np.array(places, np.float64).reshape(-1, 4)
        self.tree = shapely.STRtree(shapely.box(*boxes.T))
        self.bounds: Bounds = (
            float(boxes[:, 0].min()), float(boxes[:, 1].min()), float(boxes[:, 2].max()), float(boxes[:, 3].max())
        ) if len(boxes) else (0.0, 0.0, 0.0, 0.0)  # fmt: skip

    def meets(self, bounds: Floats) -> npt.NDArray[np.bool_]:
        """For each row of bounds `[row, 4]` whether it meets a place; NaN meets none."""
        import shapely

        west, south, east, north = self.bounds
        found = np.zeros(len(bounds), bool)
        close = np.flatnonzero(
            (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
        )
        if len(close):
            hit, _ = self.tree.query(shapely.box(*bounds[close].T))
            found[close[np.unique(hit)]] = True
        return found


def empty() -> Table:
    """A table without rows."""
    return Table(np.empty(0, object), [], [], [], [])


def digest(files: Iterable[Path]) -> str:
    """Identity of landmark files by content, so that a mended file makes its captions anew."""
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.name.encode())
        with file.open("rb") as handle:
            while block := handle.read(1 << 20):
                found.update(block)
    return found.hexdigest()[:32]


def write(path: Path, rows: Iterable[Landmark]) -> int:
    """Write rows, nearest to each other on the ground together; returns their number. Temporary name, then rename."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.concat_tables([_columns([]), *(_columns(chunk) for chunk in chunks(iter(rows)))]).combine_chunks()
    if len(table):
        west, south = (table.column(name).to_numpy() for name in ("west", "south"))
        cells = [np.floor(20 * one).astype(np.int64) for one in (south, west)]
        names = table.column("name").to_numpy(zero_copy_only=False)
        table = table.take(np.lexsort((names.astype(str), south, west, *cells)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=GROUP)
    return len(table)


def _columns(rows: list[Landmark]) -> Any:
    """Rows as an Arrow table with their bounds: a tenth of what the objects take."""
    import pyarrow as pa
    import shapely

    wkb = [row.wkb for row in rows]
    texts = {name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in Landmark._fields[1:]}
    bounds = np.asarray(shapely.bounds(shapely.from_wkb(wkb)), np.float64).reshape(-1, 4)
    edges = {name: pa.array(bounds[:, number]) for number, name in enumerate(EDGES)}
    return pa.table({"wkb": pa.array(wkb, pa.large_binary()), **texts, **edges})


def read(path: Path, near: Near | None = None) -> Table:
    """The rows whose bounds meet the places, or all; row groups that are far away are not read."""
    import pyarrow.parquet as pq

    filters = None
    if near is not None:
        west, south, east, north = near.bounds
        filters = [("west", "<=", east), ("east", ">=", west), ("south", "<=", north), ("north", ">=", south)]
    return _as_table(pq.read_table(path, filters=filters), near)


def _as_table(rows: Any, near: Near | None) -> Table:
    import shapely

    if near is not None and len(rows):
        rows = rows.filter(near.meets(np.column_stack([rows.column(name).to_numpy() for name in EDGES])))
    geometry = shapely.from_wkb(rows.column("wkb").to_numpy(zero_copy_only=False))
    text = [rows.column(name).to_pylist() for name in ("name", "kind", "source", "licence")]
    return Table(np.asarray(geometry, object), *text)


def chunks(rows: Iterator[Any], size: int = 4096) -> Iterator[list[Any]]:
    """Rows in lists of `size`."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
