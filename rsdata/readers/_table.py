"""Tables of images with captions: CSV, TSV and Parquet, read row by row. Pure parsers of rows and paths."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation

SEPARATORS = ("\t", ",", ";", "|")
BATCH = 8192  # rows of a Parquet file held at a time


class Row(NamedTuple):
    """One row: the path and the captions as written (blank ones too); `problem` says why it cannot be used."""

    number: int
    file: str
    titles: tuple[str, ...]
    problem: str = ""


class Columns(NamedTuple):
    """Which columns count. `titles` must all be there; `more` are read where they are there."""

    file: str
    titles: Sequence[str]
    more: Sequence[str] = ()

    def lacking(self, header: Sequence[str]) -> list[str]:
        """The needed columns that a table does not have."""
        return [name for name in (self.file, *self.titles) if name not in header]

    def present(self, header: Sequence[str]) -> list[str]:
        """The caption columns that a table has, in the order asked for."""
        return [*self.titles, *(name for name in self.more if name in header)]


def separator(line: str, columns: Columns) -> str:
    """Which character splits a header line into the wanted columns; open_clip's .csv are often split by tabs.

    A comma where none does.
    """
    for mark in SEPARATORS:
        if not columns.lacking(_names(line, mark)):
            return mark
    return ","


def header(line: str, columns: Columns) -> list[str]:
    """The column names in a header line: `filepath<TAB>title` -> ["filepath", "title"]."""
    return _names(line, separator(line, columns))


def parse_text(lines: Iterable[str], shown: str, columns: Columns, quotes: bool = True) -> Iterator[Row]:
    """Read the lines of a CSV or TSV, each with its line end; `shown` is its name in messages.

        filepath,title,title_multi_objects
        images2/a198234555_CH_19.jpg,a satellite image of a park,"park, next to a river"

    A Row's number is its last line. Blank lines are skipped. `quotes`: a text may stand in "..." and then hold the
    separator and line ends. Raises BadAnnotation where the table as a whole cannot be read.
    """
    source = iter(lines)
    first = next(source, "")
    mark = separator(first, columns)
    names = _names(first, mark)
    lacking = columns.lacking(names)
    if lacking:
        raise BadAnnotation(shown, 1, f"no column {lacking[0]!r} (found: {', '.join(names)[:200] or 'nothing'})")
    at, wanted = names.index(columns.file), [names.index(name) for name in columns.present(names)]
    reader = csv.reader(source, delimiter=mark, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    try:
        for fields in reader:
            number = reader.line_num + 1
            if len(fields) == len(names):
                if mark == "\t" and any("\t" in field and "\n" in field for field in fields):
                    raise BadAnnotation(shown, number, f'a text from " to " runs over several rows; {_UNQUOTED}')
                yield _row(number, fields[at], [fields[n] for n in wanted], shown)
            elif fields:
                yield Row(number, "", (), f"{shown}:{number}: {len(fields)} fields where {len(names)} are wanted")
    except csv.Error as error:
        raise BadAnnotation(shown, reader.line_num + 1, f"{error}; {_UNQUOTED}") from error


_UNQUOTED = "where the table has no quoting, set quotes=false"


def parse_parquet(path: Path, shown: str, columns: Columns) -> Iterator[Row]:
    """Read a Parquet file batch by batch. Captions are strings or lists of strings; null is a blank caption.

    A Row's number is its ordinal, from 1. Raises BadAnnotation.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            names = file.schema_arrow.names
            lacking = columns.lacking(names)
            if lacking:
                raise BadAnnotation(shown, 0, f"no column {lacking[0]!r} (found: {', '.join(names)[:200]})")
            titles = columns.present(names)
            number = 0
            for batch in file.iter_batches(BATCH, columns=[columns.file, *titles]):
                table = {name: batch.column(name).to_pylist() for name in (columns.file, *titles)}
                for values in zip(*(table[name] for name in (columns.file, *titles)), strict=True):
                    number += 1
                    yield _row(number, values[0], values[1:], shown)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BadAnnotation(shown, 0, f"the Parquet file cannot be read ({problem})") from error


def parquet_columns(path: Path, shown: str) -> list[str]:
    """The column names of a Parquet file. Raises BadAnnotation."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise BadAnnotation(shown, 0, "not a Parquet file that can be read") from error


def place(file: str, root: Path, folder: str) -> str:
    """A path of the table as a path relative to root: below `folder`, unless it is absolute and lies in root.

    Raises ValueError with the problem for URLs and for what lies outside of root.
    """
    name = file.strip().replace("\\", "/")
    if "://" in name:
        raise ValueError("is a URL; download the images first (img2dataset does it)")
    if name.startswith("/") or name[1:2] == ":":
        inside = root.resolve().as_posix().rstrip("/") + "/"
        if not name.startswith(inside):
            raise ValueError("is a path outside of the root; give the folder that holds it as root")
        name, folder = name.removeprefix(inside), ""
    parts = [part for part in f"{folder}/{name}".split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("leads out of the root by '..'; give the folder above as root")
    if not all(part.isprintable() for part in parts):
        raise ValueError("has characters that no file name has")
    return "/".join(parts)


def _row(number: int, file: Any, titles: Iterable[Any], shown: str) -> Row:
    if not isinstance(file, str) or not file.strip():
        return Row(number, "", (), f"{shown}:{number}: no path")
    texts: list[str] = []
    for title in titles:
        for text in title if isinstance(title, list) else [title]:
            if text is not None and not isinstance(text, str):
                return Row(number, file, (), f"{shown}:{number}: {text!r:.40} where a caption is wanted")
            texts.append(text or "")
    return Row(number, file, tuple(texts))


def _names(line: str, mark: str) -> list[str]:
    try:
        found = next(csv.reader([line], delimiter=mark), []) if '"' in line else line.rstrip("\r\n").split(mark)
    except csv.Error:
        return []
    return [name.strip() for name in found]
