"""Any Parquet files of images and captions, our own (`rsdata pack`) and others'.

Sources of the format: Hugging Face datasets (Image feature: a struct of bytes and path; ClassLabel names in the
metadata of the file), rom1504/img2dataset (writer.py: a binary column named for the encoding). The image stays in its
file: `path` is `parquet/000000.parquet!17`, row 17 from 0, and `rsdata.pixels` follows it. Our own rows come back as
the records that were packed; their splits are read from the rows, those of others from the names of files and folders.
Files without a column of images (lists of addresses) are left out. One row group is held at a time, images apart.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import pixels, words
from rsdata.errors import BadSource
from rsdata.place import place
from rsdata.readers import _files, _packed
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import STAGE
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Parquet (Hugging Face)",
    task="captions",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read; our own rows carry their licences.",
    homepage="https://huggingface.co/docs/datasets",
    citation="Lhoest et al., Datasets: A Community Library for Natural Language Processing, EMNLP 2021",
    obtain="Give the folder that holds Parquet files with an image column (bytes, not addresses).",
    tree="""\
parquet/000000.parquet ...    (in the root or below; data/train-00000-of-00005.parquet tells the split)
columns: image{bytes,path}, or jpg / png / img_content (bytes); caption, captions, text, raw ...; label""",
)

DEPTH = 3


class Table(NamedTuple):
    """What a file's footer says. `starts`: the first row of each row group, and the number of rows."""

    starts: tuple[int, ...]
    columns: tuple[str, ...]
    image: str
    classes: tuple[str, ...]


def find(
    root: Path, split: str | None = None, *, images: bool = True, caption: str = "", lang: str = "en"
) -> list[Item]:
    """List the rows of every file, by its footer.

    caption: the column that holds the captions; else the usual ones are tried in turn.
    lang: the language of foreign captions.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    paths = [
        path
        for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]
        for path in _files.listing(folder, {".parquet"}, _files.prefix_of(root, folder)).values()
    ]
    tables = {path: _table(root, path) for path in paths}
    if not any(table.image for table in tables.values()):
        hint = "The Parquet files there have no column of image bytes: lists of addresses are fetched by `rsdata web`."
        raise _files.missing(INFO, root, "Parquet file with a column of images", hint if paths else "")
    options = {"caption": caption, "lang": lang}
    found = [item for path, table in tables.items() if table.image for item in _items(root, path, table, options)]
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the texts of one row, and the header of its image."""
    import pyarrow as pa

    path, number = item.label or "", item.data["row"]
    try:
        table = table_of(str(item.root / path), _stamp(item.root / path))
        row = _row(str(item.root / path), _stamp(item.root / path), number)
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        yield Drop(item.id, STAGE, "bad-annotation", f"{path}: row {number} cannot be read ({_first(error)})")
        return
    if _packed.is_ours(row):
        yield from _packed.read_ours(item, row, f"{path}: row {number}")
        return
    for column in _packed.CLASSES:
        if isinstance(row.get(column), int) and 0 <= row[column] < len(table.classes):
            row[column] = table.classes[row[column]]
    yield from _packed.read_foreign(item, INFO, _packed.parse_foreign(row, item.data["caption"]), item.data["lang"])


def _table(root: Path, path: str) -> Table:
    import pyarrow as pa

    try:
        return table_of(str(root / path), _stamp(root / path))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadSource(f"Parquet: {path} cannot be read ({_first(error)}); get this file again") from error


@lru_cache(maxsize=64)
def table_of(path: str, stamp: tuple[int, int]) -> Table:
    """The footer of a file; `stamp` is its size and time. Raises pyarrow's errors."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(place(path), pre_buffer=False) as file:
        schema, meta = file.schema_arrow, file.metadata
    starts = tuple(accumulate((meta.row_group(n).num_rows for n in range(meta.num_row_groups)), initial=0))
    image = pixels.image_column(schema)
    return Table(starts, _texts(schema, image), image, class_names((schema.metadata or {}).get(b"huggingface", b"")))


def class_names(metadata: bytes) -> tuple[str, ...]:
    """The names of the ClassLabel feature in the metadata that Hugging Face datasets writes into a file.

    {"info": {"features": {"label": {"names": ["AnnualCrop", "Forest"], "_type": "ClassLabel"}}}}
    """
    try:
        features = json.loads(metadata)["info"]["features"]
        names = next(features[name]["names"] for name in _packed.CLASSES if "names" in features.get(name, ()))
        return tuple(clean(str(name)) for name in names)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        return ()


def _texts(schema: Any, image: str) -> tuple[str, ...]:
    """The columns that are read: all of our own; of others, those of texts and classes."""
    names = [name for name in schema.names if name != image.partition(".")[0]]
    if _packed.is_ours(names):
        return tuple(names)
    classes = [name for name in names if words.fold(name) in _packed.CLASSES]
    return tuple(name for name in names if name in classes or "string" in str(schema.field(name).type))


def _items(root: Path, path: str, table: Table, options: dict[str, str]) -> Iterator[Item]:
    told = _packed.split_of(path)
    stem = path.rpartition(".")[0].removeprefix("parquet/").removeprefix("data/")
    splits = _own_splits(root / path) if _packed.is_ours(table.columns) else None
    for row in range(table.starts[-1]):
        split = told if splits is None else splits[row]
        id = "/".join(part for part in ("parquet", split, stem.removeprefix(f"{split}/"), f"{row:06d}") if part)
        yield Item(root, id, split, f"{path}!{row}", path, {"row": row, **options})


def _own_splits(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place(path), pre_buffer=False) as file:
        return [str(value or "") for value in file.read(columns=["split"]).column(0).to_pylist()]


def _row(path: str, stamp: tuple[int, int], number: int) -> dict[str, Any]:
    starts = table_of(path, stamp).starts
    group = bisect_right(starts, number) - 1
    rows: list[dict[str, Any]] = _group(path, stamp, group).slice(number - starts[group], 1).to_pylist()
    return rows[0]


@lru_cache(maxsize=1)  # rows are read in order
def _group(path: str, stamp: tuple[int, int], group: int) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place(path), pre_buffer=False) as file:
        return file.read_row_group(group, columns=list(table_of(path, stamp).columns))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
