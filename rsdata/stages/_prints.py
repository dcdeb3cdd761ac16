"""Fingerprints: made from files, and read back from the parts of a corpus, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import phash, pixels
from rsdata.errors import BadCorpus, BadImage
from rsdata.phash import U64
from rsdata.place import place
from rsdata.record import Window

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
WITH_CROPS = len(phash.CROPS) - 1


def of_file(path: Path, window: Window | None = None, all_views: bool = False) -> phash.Prints:
    """The hashes of an image file or of a window of it. Raises BadImage."""
    grey = pixels.load_grey(path, window)
    return phash.prints(grey.pixels, grey.box, all_views)


def sha256(path: Path) -> str:
    """SHA-256 of an image's encoded bytes in hex; windows of one file come one after another, and share it."""
    archive = pixels.inside(path)
    try:
        return _sha256(str(path), pixels.stamp(archive[0] if archive else path))
    except OSError as error:
        raise BadImage(path, "unreadable-image", f"the file cannot be read ({error.strerror})") from error


@lru_cache(maxsize=4)
def _sha256(path: str, stamp: tuple[int, int]) -> str:
    if pixels.inside(place(path)):
        return hashlib.sha256(pixels.content(place(path))).hexdigest()
    with place(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Prints(NamedTuple):
    """What the parts of a corpus say of all its images, one entry each; `hashed` is False where there is no hash, or
    where the image is flat and the hash therefore means nothing."""

    ids: pa.Array
    sources: pa.Array
    files: Ints  # the same number: the same file of the same source
    boxes: Ints  # [n, 4]: left, top, right, bottom in the file
    areas: Ints
    captions: Ints
    hashes: U64
    hashed: Bools
    flat: Bools
    crops: U64  # [n, 5], 0 where flat
    sha256: pa.Array  # null where there is no fingerprint

    def __len__(self) -> int:
        return len(self.hashes)


def read(parts: Sequence[Path], what: str) -> Prints:
    """Read the fingerprints of a corpus. Raises BadCorpus where images have none, or those of another version."""
    import pyarrow as pa

    tables = [_part(part, what) for part in parts]
    table = pa.concat_tables(tables).combine_chunks() if tables else _part_schema().empty_table()
    column: dict[str, Any] = {name: _whole(table.column(name)) for name in table.column_names}
    boxes = np.stack([column[name].to_numpy(zero_copy_only=False) for name in ("x", "y", "right", "bottom")], axis=1)
    known = column["hash"].is_valid().to_numpy(zero_copy_only=False)
    flat = column["flat"].to_numpy(zero_copy_only=False)
    return Prints(
        column["id"],
        column["source"],
        column["file"].dictionary_encode().indices.to_numpy().astype(np.int64),
        boxes.astype(np.int64),
        ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).astype(np.int64),
        column["captions"].to_numpy().astype(np.int64),
        column["hash"].fill_null(0).to_numpy().astype(np.uint64),
        known & ~flat,
        known & flat,
        np.frombuffer(column["crops"].buffers()[1] or b"", ">u8").astype(np.uint64).reshape(-1, WITH_CROPS),
        column["sha256"],
    )


def _part_schema() -> pa.Schema:
    import pyarrow as pa

    i64, text = pa.int64(), pa.string()
    fields = [("id", text), ("source", text), ("file", text), ("x", i64), ("y", i64), ("right", i64), ("bottom", i64)]
    fields += [("captions", i64), ("hash", pa.uint64()), ("flat", pa.bool_())]
    return pa.schema([*fields, ("crops", pa.binary(8 * WITH_CROPS)), ("sha256", text)])


def _part(part: Path, what: str) -> pa.Table:
    """The columns of one part that count here."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = ["id", "source", "path", "width", "height", "window", "captions", "phash", "extra"]
    rows = {name: _whole(column) for name, column in zip(names, pq.read_table(part, columns=names), strict=True)}
    extra, window = rows["extra"], rows["window"]
    version, sha256, flat, crops = (_value(extra, key) for key in ("phash", "sha256", "flat", "crops"))
    known = pc.and_(rows["phash"].is_valid(), pc.equal(version, phash.VERSION).fill_null(False))
    _complete(rows, known, version, part, what)
    x, y, width, height = (pc.struct_field(window, name) for name in ("x", "y", "width", "height"))
    x, y = x.fill_null(0), y.fill_null(0)
    blank = "0" * 16 * WITH_CROPS
    nothing = pa.nulls(len(known), pa.string())
    columns = [
        rows["id"],
        rows["source"],
        pc.binary_join_element_wise(rows["source"], rows["path"].fill_null(""), "\0"),
        x,
        y,
        pc.add(x, pc.coalesce(width, rows["width"])),
        pc.add(y, pc.coalesce(height, rows["height"])),
        pc.list_value_length(rows["captions"]),
        pc.if_else(known, rows["phash"], pa.scalar(None, pa.uint64())),
        pc.and_(known, flat.is_valid()),
        _binary(pc.if_else(known, crops, nothing).fill_null(blank).to_pylist()),
        pc.if_else(known, sha256, nothing),
    ]
    schema = _part_schema()
    return pa.Table.from_arrays([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _complete(rows: dict[str, Any], known: Any, version: Any, part: Path, what: str) -> None:
    """Every record with an image must have a fingerprint of this version."""
    import pyarrow.compute as pc

    missing = pc.and_(rows["path"].is_valid(), pc.invert(known))
    if not pc.any(missing).as_py():
        return
    first = pc.index(missing, True).as_py()
    stale = version[first].as_py() if rows["phash"][first].is_valid else None
    problem = f"a hash of version {stale}, wanted {phash.VERSION}" if stale else "no hash"
    raise BadCorpus(f"{part}: {rows['id'][first]} has {problem}; {what} needs the stage fingerprint before it")


def _value(extra: Any, key: str) -> Any:
    """The values of one key of a map column; null where a row has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places = np.flatnonzero(pc.equal(extra.keys, key).to_numpy(zero_copy_only=False))
    rows = np.searchsorted(extra.offsets.to_numpy(), places, "right") - 1
    index = np.full(len(extra), -1, np.int64)
    index[rows] = places
    return extra.items.take(pa.array(index, mask=index < 0))


def _binary(texts: list[str]) -> Any:
    import pyarrow as pa

    data = bytes.fromhex("".join(texts))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(8 * WITH_CROPS), len(texts), [None, pa.py_buffer(data)])


def _whole(column: Any) -> Any:
    import pyarrow as pa

    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) and found.num_chunks else found
