"""Any table of images and captions: CSV, TSV or Parquet with the columns `filepath` and `title`, as open_clip reads it.

Source of the form: open_clip, params.py (--csv-img-key, --csv-caption-key, --csv-separator), and SkyScript, whose CSV
has a second caption in `title_multi_objects`. Rows of one image are put together, wherever they stand. The separator is
found from the header, since open_clip's .csv are often split by tabs. Text is UTF-8 unless the option `encoding` says
otherwise: RemoteCLIP's training code reads the tables with "rsicd" in their name as gb18030.

Tables are read row by row. What stays in memory is one item for each image, with its captions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, _files, _table
from rsdata.readers._captions import Entry
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Caption table",
    task="captions",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read.",
    homepage="https://github.com/mlfoundations/open_clip",
    citation="Ilharco et al., OpenCLIP, 2021; Wang et al., SkyScript, AAAI 2024",
    obtain="Give the folder that holds the table and the images that its column filepath names.",
    tree="""\
train.csv  val.csv        (or .tsv, .parquet; the split is read from the name; columns: filepath, title)
images/0001.jpg           (as the column filepath says, relative to the root)""",
)

MORE = ("title_multi_objects",)  # SkyScript
SUFFIXES = {".csv", ".tsv", ".parquet"}
LONGEST = 65_536  # characters of a header
ORIGINS = re.compile(r"human|alt|template|b2c|(mt|llm):.+")
_SPLIT = re.compile(r"(?<![a-z])(train|val|valid|validation|test)(?![a-z])")


def find(
    root: Path,
    split: str | None = None,
    *,
    images: bool = True,
    file: str | None = None,
    filepath: str = "filepath",
    title: Sequence[str] | str | None = None,
    image_root: str = "",
    encoding: str = "utf-8",
    quotes: bool = True,
    lang: str = "en",
    origin: str = "human",
) -> list[Item]:
    """Read the tables and list their images, once each. Images that no table names are not looked for.

    file: the table, relative to the root; else every .csv, .tsv and .parquet of the root that has the columns.
    filepath: the column of paths.
    title: the column of captions, or a list of them; else title, and title_multi_objects where it is there.
    image_root: the folder, below the root, that the paths start from.
    encoding: that of CSV and TSV, such as gb18030.
    quotes: false for tables without quoting, such as Conceptual Captions.
    lang: the language of the captions.
    origin: who wrote them: human, alt, template, b2c, mt:MODEL or llm:MODEL.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if not ORIGINS.fullmatch(origin) or not lang:
        raise BadSource(f"{INFO.title}: origin is {origin!r}; human, alt, template, b2c, mt:MODEL, llm:MODEL are known")
    titles = (title,) if isinstance(title, str) else title
    columns = _table.Columns(filepath, titles or ("title",), () if titles else MORE)
    tables = [file] if file else _tables(root, columns, encoding)
    splits = {path: split_of(path) for path in tables}
    if split is not None and split not in splits.values():
        raise _files.wrong_split(INFO, split, sorted(set(splits.values())))
    found = _Found(root, image_root)
    for path, name in splits.items():
        if split in (None, name):
            try:
                found.add(name, path, _rows(root, path, columns, encoding, quotes))
            except BadAnnotation as error:
                raise BadSource(f"{INFO.title}: {error}") from error
    data = {"lang": lang, "origin": origin}
    return sorted((item for item in found.items(data)), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions are in the item."""
    yield from _captions.read(item, INFO, None, {}, item.data["lang"], item.data["origin"])


def split_of(path: str) -> str:
    """The split that a table's name tells: "SkyScript_train_top30pct.csv" -> "train"; else ""."""
    found = {name[:3] for name in _SPLIT.findall(path.rpartition("/")[2].lower())}
    return {"tra": "train", "val": "val", "tes": "test"}[found.pop()] if len(found) == 1 else ""


class _Found:
    """Rows put together by image."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root, self.folder = root, folder
        self.titles: dict[tuple[str, str], list[str]] = {}
        self.table: dict[tuple[str, str], str] = {}
        self.damaged: list[Entry] = []

    def add(self, split: str, table: str, rows: Iterator[_table.Row]) -> None:
        """Rows of one table. Raises BadSource for an image that another table of the split has."""
        for row in rows:
            problem = row.problem
            try:
                path = "" if problem else _table.place(row.file, self.root, self.folder)
            except ValueError as error:
                problem = f"{table}:{row.number}: {row.file[:60]!a} {error}"
            if problem:
                self.damaged.append(Entry(f"{table}-{row.number}", split, (), problem))
                continue
            key = (split, path)
            if self.table.setdefault(key, table) != table:
                raise BadSource(
                    f"{INFO.title}: {path} is in {self.table[key]} and in {table}, both of the split {split!r}; "
                    "choose one with the option file"
                )
            self.titles.setdefault(key, []).extend(row.titles)

    def items(self, data: Mapping[str, str]) -> Iterator[Item]:
        """One item for each image, and one for each damaged row."""
        while self.titles:
            (split, path), texts = self.titles.popitem()
            yield self._item(Entry(path, split, tuple(texts)), path, data)
        for entry in self.damaged:
            yield self._item(entry, None, data)

    def _item(self, entry: Entry, path: str | None, data: Mapping[str, str]) -> Item:
        folder, slash, name = entry.file.rpartition("/")
        stem = folder + slash + _files.stem_of(name)
        id = f"caption_table/{entry.split}/{stem}" if entry.split else f"caption_table/{stem}"
        return Item(self.root, id, entry.split, path, None, {"entry": entry, "note": "", **data})


def _tables(root: Path, columns: _table.Columns, encoding: str) -> list[str]:
    """Every table of the root that has the columns. Raises BadSource where there is none, with what was found."""
    here = sorted(path.name for path in root.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    headers = {name: _header(root, name, columns, encoding) for name in here}
    found = [name for name, header in headers.items() if not columns.lacking(header)]
    if not found:
        wanted = f"table with the columns {columns.file}, {', '.join(columns.titles)}"
        seen = "; ".join(f"{name} has the columns {', '.join(header)[:120]}" for name, header in headers.items())
        hint = f"{seen}; name the columns with the options filepath and title." if here else ""
        raise _files.missing(INFO, root, wanted, hint)
    return found


def _header(root: Path, name: str, columns: _table.Columns, encoding: str) -> list[str]:
    try:
        if name.lower().endswith(".parquet"):
            return _table.parquet_columns(root / name, name)
        with _opened(root / name, encoding, "replace") as file:
            return _table.header(file.readline(LONGEST), columns)
    except (BadAnnotation, UnicodeError):
        return []


def _rows(root: Path, path: str, columns: _table.Columns, encoding: str, quotes: bool) -> Iterator[_table.Row]:
    if not _files.holds(root, path):
        raise _files.missing(INFO, root, f"file {path}", "Name one that is there with the option file.")
    if path.lower().endswith(".parquet"):
        yield from _table.parse_parquet(root / path, path, columns)
        return
    try:
        with _opened(root / path, encoding) as file:
            yield from _table.parse_text(file, path, columns, quotes)
    except UnicodeError as error:
        problem = f"not {encoding} text ({error}); set the option encoding, such as gb18030 or latin-1"
        raise BadAnnotation(path, 0, problem) from error


def _opened(path: Path, encoding: str, errors: str = "strict") -> Any:
    name = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    try:
        return path.open(encoding=name, errors=errors, newline="")
    except LookupError as error:
        raise BadSource(f"{INFO.title}: no encoding is called {encoding!r}") from error
    except OSError as error:
        raise BadAnnotation(path.name, 0, f"the file cannot be read ({error.strerror})") from error
