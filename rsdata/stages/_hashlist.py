"""Hash lists of benchmarks: what `decontaminate` needs to know of their images, without a pixel of them.

A Parquet file, one row for each image:

    id, source, split    as in a record; path: relative to the dataset's folder
    size, mtime_ns       of the file, so that a later run hashes only what is new
    sha256               of the file, hex
    flat                 too little content for a hash: matches nothing
    hashes               phash.CROPS x phash.VIEWS, crop by crop; 0 where a crop is flat

and in its metadata, under `rsdata`: format, version of the hash, crops, views, and the digest of the rows (without
sizes and times, so that two machines agree). Lists can be merged; one of another hash version is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsdata import phash, place
from rsdata.errors import BadSource
from rsdata.phash import U64

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
WIDE = len(phash.CROPS) * len(phash.VIEWS)


def schema() -> pa.Schema:
    """The Arrow schema of a list."""
    import pyarrow as pa

    text, i64 = pa.string(), pa.int64()
    fields = [(name, text) for name in ("id", "source", "split", "path")]
    fields += [("size", i64), ("mtime_ns", i64), ("sha256", text), ("flat", pa.bool_())]
    return pa.schema([*fields, ("hashes", pa.list_(pa.uint64(), WIDE))])


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table; `hashes` are arrays `[6, 8]`."""
    import pyarrow as pa

    names = [name for name in schema().names if name != "hashes"]
    columns = [pa.array([row[name] for row in rows], schema().field(name).type) for name in names]
    flat = np.array([row["hashes"] for row in rows], np.uint64).reshape(-1)
    columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.uint64()), WIDE))
    return pa.Table.from_arrays([c.cast(f.type) for c, f in zip(columns, schema(), strict=True)], schema=schema())


def hashes(rows: pa.Table) -> U64:
    """The hashes of a list as `[n, 6 crops, 8 views]`."""
    column = rows.column("hashes").combine_chunks()
    flat = column.flatten().to_numpy() if len(rows) else np.empty(0, np.uint64)
    return flat.reshape(-1, len(phash.CROPS), len(phash.VIEWS))


def merge(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows, sorted by id; of two rows of one id the later one."""
    import pyarrow as pa

    rows = pa.concat_tables([schema().empty_table(), *tables]).combine_chunks()
    last = {id: place for place, id in enumerate(rows.column("id").to_pylist())}
    return rows.take(pa.array([last[id] for id in sorted(last)], pa.int64()))


def digest(rows: pa.Table) -> str:
    """SHA-256 over ids, file hashes and perceptual hashes, in the order of the rows."""
    found = hashlib.sha256()
    found.update("\n".join(rows.column("id").to_pylist()).encode())
    found.update("\n".join(rows.column("sha256").to_pylist()).encode())
    found.update(hashes(rows).astype(">u8").tobytes())
    return found.hexdigest()


def write(path: Path, rows: pa.Table, root: Path | None = None) -> None:
    """Write a list whole. `root`, where its images lie, is for lists that stay on this machine."""
    import pyarrow.parquet as pq

    about: dict[str, Any] = {"format": FORMAT, "phash": phash.VERSION, "digest": digest(rows)}
    about |= {"crops": list(phash.CROPS), "views": list(phash.VIEWS)} | ({"root": str(root)} if root else {})
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.replacing(path) as temporary:
        named = rows.replace_schema_metadata({"rsdata": json.dumps(about)})
        pq.write_table(named, temporary, compression="zstd", version="2.6")


def read(path: Path) -> pa.Table:
    """Read a list; `about` says what its metadata hold. Raises BadSource where it is none, or of another version."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(place.source(path))
    except FileNotFoundError as error:
        raise BadSource(f"{path}: no such hash list; make one with `rsdata fingerprint DATASET --to {path}`") from error
    except (OSError, pa.ArrowInvalid) as error:
        raise BadSource(f"{path}: not a Parquet file that can be read; make the hash list again") from error
    known = about(rows)
    if known.get("format") != FORMAT or known.get("phash") != phash.VERSION:
        made = (
            f"of format {known.get('format')} and hash {known.get('phash')}" if known else "not a hash list of rsdata"
        )
        raise BadSource(f"{path}: {made}; wanted format {FORMAT}, hash {phash.VERSION}: make it again with fingerprint")
    if not rows.schema.equals(schema()):
        raise BadSource(f"{path}: its columns are not those of a hash list; make it again with `rsdata fingerprint`")
    return rows


def about(rows: pa.Table) -> dict[str, Any]:
    """What the metadata of a list that was read say."""
    found: dict[str, Any] = json.loads((rows.schema.metadata or {}).get(b"rsdata", b"{}"))
    return found
