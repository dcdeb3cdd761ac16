"""Tables of addresses and alt texts, a batch at a time: CSV, TSV (with or without a header) and Parquet.

Whatever the columns are called, a batch has `row` (from 0, over all files), `url` and `caption`; lines with another
number of fields are counted, and text that is not UTF-8 is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rsdata.errors import BadSource

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 100_000  # of Parquet; text comes in blocks of BLOCK bytes
BLOCK = 16 << 20
SUFFIXES = (".parquet", ".tsv", ".csv", ".tsv.gz", ".csv.gz")
URLS = ("url", "image_url", "img_url", "imageurl", "link", "image_link", "src", "uri")
CAPTIONS = ("caption", "text", "alt", "alt_text", "alttext", "title", "description", "sentence", "txt")


class Batch(NamedTuple):
    """Rows from number `first` on. `broken` lines were left out: they had another number of fields."""

    first: int
    url: pa.Array
    caption: pa.Array
    broken: int


def batches(path: Path, url_col: str = "", caption_col: str = "") -> Iterator[Batch]:
    """Read a file, or every table in a folder by name. Raises BadSource for one that is no such table."""
    first = 0
    for file in files(path):
        read = _parquet if file.suffix == ".parquet" else _text
        for url, caption, broken in read(file, url_col, caption_col):
            yield Batch(first, _valid(url), _valid(caption), broken)
            first += len(url) + broken


def files(path: Path) -> list[Path]:
    """The tables behind a path, by name. Raises BadSource."""
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES) and not p.name.startswith("."))
    else:
        found = [path] if path.is_file() and path.name.endswith(SUFFIXES) else []
    if not found:
        what = "no table of addresses there" if path.exists() else "no such file"
        raise BadSource(f"{path}: {what}; give a file or a folder of {', '.join(SUFFIXES)}")
    return found


def columns(file: Path, names: list[str], url_col: str, caption_col: str) -> tuple[str, str]:
    """The columns of addresses and of captions among `names`. Raises BadSource naming those that are there."""
    folded = {name.lower().replace(" ", "_"): name for name in reversed(names)}
    url = url_col or next((folded[name] for name in URLS if name in folded), "")
    caption = caption_col or next((folded[name] for name in CAPTIONS if name in folded), "")
    for what, wanted, flag in (("addresses", url, "--url-col"), ("captions", caption, "--caption-col")):
        if wanted not in names:
            raise BadSource(f"{file}: no column of {what} {wanted!r} (columns: {', '.join(names)}); give {flag}")
    return url, caption


def _parquet(file: Path, url_col: str, caption_col: str) -> Iterator[tuple[Any, Any, int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file, pre_buffer=False) as table:  # buffers stay until the end of the file
            url, caption = columns(file, table.schema_arrow.names, url_col, caption_col)
            for batch in table.iter_batches(ROWS, columns=[url, caption]):
                yield batch.column(url), batch.column(caption), 0
    except (OSError, pa.ArrowException) as error:
        raise BadSource(f"{file}: cannot be read ({_first(error)}); get this file again") from error


def _text(file: Path, url_col: str, caption_col: str) -> Iterator[tuple[Any, Any, int]]:
    """CSV is read with quotes, TSV without, as CC3M's and LAION's are written; a first line that holds an address is no
    header, and then there are two columns, of which the one with the address is told by it."""
    import pyarrow as pa
    import pyarrow.csv as pc

    tabs = ".tsv" in file.name
    broken: list[int] = []

    def skip(row: Any) -> str:
        broken.append(1)
        return "skip"

    try:
        head = _first_line(file, "\t" if tabs else ",")
        bare = [n for n, cell in enumerate(head) if cell.lower().startswith(("http://", "https://", "ftp://"))]
        names = [f"column {n + 1}" for n in range(len(head))] if bare else head
        if bare:
            url, caption = _headless(file, names, bare[0], url_col, caption_col)
        else:
            url, caption = columns(file, names, url_col, caption_col)
        kinds = dict.fromkeys((url, caption), pa.binary())
        reader = pc.open_csv(
            file,
            pc.ReadOptions(block_size=BLOCK, column_names=names if bare else None, use_threads=False),
            pc.ParseOptions(
                delimiter="\t" if tabs else ",",
                quote_char=False if tabs else '"',
                newlines_in_values=not tabs,
                invalid_row_handler=skip,
            ),
            pc.ConvertOptions(include_columns=[url, caption], column_types=kinds, check_utf8=False),
        )
        for batch in reader:
            lost, broken[:] = len(broken), []
            yield batch.column(url), batch.column(caption), lost
        if broken:
            yield pa.array([], pa.string()), pa.array([], pa.string()), len(broken)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise BadSource(f"{file}: cannot be read as a table ({_first(error)})") from error


def _headless(file: Path, names: list[str], place: int, url_col: str, caption_col: str) -> tuple[str, str]:
    """The columns of a table without header: the address is found, the caption is the only other one."""
    others = [name for n, name in enumerate(names) if n != place]
    if not (caption_col or len(others) == 1):
        raise BadSource(
            f"{file}: no header, and {len(names)} columns; say which holds captions: --caption-col 'column 1'"
        )
    return columns(file, names, url_col or names[place], caption_col or others[0])


def _first_line(file: Path, delimiter: str) -> list[str]:
    import csv
    import gzip

    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as data:
        line = data.readline(1 << 20).decode("utf-8-sig")
    if not line.strip():
        raise BadSource(f"{file}: the table is empty")
    if delimiter == "\t":
        return line.rstrip("\r\n").split("\t")
    return next(csv.reader([line.rstrip("\r\n")]))


def _valid(values: Any) -> Any:
    """Text as Arrow strings; null where it is not UTF-8."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type):
        return values
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decoded(value) for value in values.to_pylist()], pa.string())


def _decoded(value: Any) -> str | None:
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _first(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:160]


def numbers(batch: Batch) -> Any:
    """The row numbers of a batch; lines left out as broken come after it."""
    return np.arange(batch.first, batch.first + len(batch.url), dtype=np.int64)
