"""What img2dataset downloaded, rows that failed included: each becomes a record, or a drop with the reason.

Source of the format: rom1504/img2dataset 1.47 (writer.py, downloader.py): a shard is 00000.parquet (every row, with
`status` and `error_message`), 00000_stats.json (written last), and the pictures in 00000.tar, in the folder 00000/ or
in a column of the Parquet file. The folder that `rsdata web` makes holds the same under images/. Rows stand in the
order in which they came in, so ids are made from the column `rsdata_id`, or from the key (the place in the list), and
sorted.

    key 000000012  status failed_to_download  error_message "HTTP Error 404: Not Found"   -> dropped as http-404
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata import pixels
from rsdata.errors import BadImage, BadSource
from rsdata.place import place
from rsdata.readers import _files
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, refuse_image
from rsdata.record import Caption, Drop, Item, Record

INFO = Info(
    title="img2dataset",
    task="captions",
    platform="",
    classes={},
    splits=(),
    licence="unknown",
    terms="Each image belongs to whoever published it; its address is kept in `extra`.",
    homepage="https://github.com/rom1504/img2dataset",
    citation="Beaumont, img2dataset: Easily turn large sets of image urls to an image dataset, 2021",
    obtain="Run `rsdata web TABLE`, or give the output folder of img2dataset (webdataset, files or parquet).",
    tree="""\
00000.tar  00000.parquet  00000_stats.json ...     (output_format webdataset)
00000/000000000.jpg  00000.parquet  00000_stats.json ...     (files; parquet has the pictures in 00000.parquet)
or, from `rsdata web`: images/ with these, rows/ and text.json""",
)

SHARD = re.compile(r"\d+\.parquet")
COLUMNS = ("key", "status", "error_message", "url")
TEXTS = (*COLUMNS, "caption", "rsdata_id", "alt_lang", "alt_score", "sha256", "original_width", "original_height")
KEPT = ("url", "sha256", "alt_score", "original_width", "original_height")  # into extra
OURS = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)+|timeout|truncated): ")  # as services/_fetch.py writes them
THEIRS = (  # what img2dataset, urllib and the system say, and what it is counted as
    (re.compile(r"HTTP Error (\d+)"), r"http-\1"),
    (re.compile(r"X-Robots-Tag"), "opted-out"),
    (re.compile(r"timed out|timeout", re.I), "timeout"),
    (re.compile(r"Name or service not known|getaddrinfo|No address associated|nodename nor", re.I), "no-such-host"),
    (re.compile(r"certificate|\bSSL\b", re.I), "bad-certificate"),
    (re.compile(r"hash mismatch"), "hash-mismatch"),
    (re.compile(r"image too small"), "too-small"),
    (re.compile(r"area too large"), "too-large"),
    (re.compile(r"aspect ratio"), "too-narrow"),
    (re.compile(r"IncompleteRead"), "truncated"),
    (re.compile(r"decod|Image", re.I), "unreadable-image"),
    (re.compile(r"unknown url type|no host given|invalid url|url can't contain|control characters", re.I), "bad-url"),
    (re.compile(r"refused|reset|unreachable|Remote end closed|broken pipe", re.I), "no-connection"),
)


def find(
    root: Path, split: str | None = None, *, images: bool = True, lang: str = "en", repeats: bool = False
) -> list[Item]:
    """List the rows of every shard, by their tables.

    lang: the language of captions without a column `alt_lang`.
    repeats: keep a picture whose bytes (sha256) an earlier row has; else it is dropped as duplicate-content.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    folder = root / "images" if _shards(root / "images") else root
    shards = _shards(folder)
    if not shards:
        raise _files.missing(INFO, root, "shard (00000.parquet with 00000_stats.json)")
    prefix = _files.prefix_of(root, folder)
    items = [item for shard in shards for item in _items(root, prefix, shard, lang)]
    items.sort(key=lambda item: item.id)
    return items if repeats else _once(items)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one row of a shard's table and, where it succeeded, the header of its picture."""
    data = item.data
    if "lost" in data:
        yield Drop(item.id, STAGE, "lost-row", f"{item.label}: {data['lost']}")
        return
    row = _row(item)
    if item.image is None:
        message = str(row["error_message"] or row["status"] or "no reason given")
        yield Drop(item.id, STAGE, reason_of(message, str(row["status"])), f"{row['url']}: {message}"[:300])
        return
    if "same_as" in data:
        yield Drop(item.id, STAGE, "duplicate-content", f"the same bytes as {data['same_as']}")
        return
    try:
        width, height = pixels.size(item.root / item.image)
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    caption = str(row.get("caption") or "").strip()
    lang = str(row.get("alt_lang") or data["lang"])
    yield Record(
        id=item.id,
        source="img2dataset",
        path=item.image,
        width=width,
        height=height,
        captions=[Caption(caption, lang, "alt")] if caption else [],
        licence=INFO.licence,
        extra={name: _shown(row[name]) for name in KEPT if row.get(name) is not None},
    )


def reason_of(message: str, status: str) -> str:
    """The short reason behind an error message: ours begin with it, others are told by their words."""
    if match := OURS.match(message):
        return match[1]
    for pattern, reason in THEIRS:
        if match := pattern.search(message):
            return match.expand(reason)
    return "not-resized" if status == "failed_to_resize" else "not-downloaded"


def _shards(folder: Path) -> list[str]:
    """Names of finished shards. Raises BadSource where img2dataset was stopped inside one."""
    if not folder.is_dir():
        return []
    names = {path.name for path in folder.iterdir()}
    tables = sorted(name for name in names if SHARD.fullmatch(name))
    done = [name for name in tables if name.replace(".parquet", "_stats.json") in names]
    if done and (open_ := sorted(set(tables) - set(done))):
        raise BadSource(f"{folder}: shard {open_[0]} has no _stats.json: the download was stopped there; run it again")
    return done


def _items(root: Path, prefix: str, shard: str, lang: str) -> Iterator[Item]:
    import pyarrow as pa

    try:
        table = _table(str(root / prefix / shard), _stamp(root / prefix / shard))
        stats = json.loads((root / prefix / shard.replace(".parquet", "_stats.json")).read_text("utf-8"))
        count = int(stats["count"])
    except (OSError, pa.ArrowException, ValueError, ArithmeticError, RecursionError, LookupError, TypeError) as error:
        raise BadSource(f"img2dataset: shard {prefix}{shard} cannot be read ({error}); download it again") from error
    keys = table.column("key").to_pylist()
    ids = table.column("rsdata_id").to_pylist() if "rsdata_id" in table.column_names else keys
    hashes = table.column("sha256").to_pylist() if "sha256" in table.column_names else [None] * len(keys)
    place = _pictures(root, prefix, shard)
    for row, (key, id, status, sha) in enumerate(
        zip(keys, ids, table.column("status").to_pylist(), hashes, strict=True)
    ):
        image = place.replace("*", key).replace("#", str(row)) if status == "success" else None
        yield Item(root, f"img2dataset/{id}", "", image, prefix + shard, {"row": row, "sha": sha, "lang": lang})
    number = shard.partition(".")[0]
    width = min(len(keys[0]) if keys else 9, 18)
    most = 10 ** max(0, width - len(number))  # a key is the shard's number and the row's digits
    if not 0 <= count <= most:
        raise BadSource(
            f"img2dataset: {prefix}{number}_stats.json says {str(count)[:20]} rows; keys of {width} digits count"
            f" {most:,} in a shard. Download it again"
        )
    first = int(number) * most
    if count > len(keys):
        lost = sorted({f"{n:0{width}d}" for n in range(first, first + count)} - set(keys))[: count - len(keys)]
        problem = "the list had this row, img2dataset says nothing of it"
        for key in lost:
            yield Item(root, f"img2dataset/lost-{key}", "", None, prefix + shard, {"lost": problem})


def _once(items: list[Item]) -> list[Item]:
    """Mark pictures whose bytes an earlier one has."""
    seen: dict[str, str] = {}
    for item in items:
        sha = item.data.pop("sha", None)
        if item.image is None or not sha:
            continue
        first = seen.setdefault(sha, item.id)
        if first != item.id:
            item.data["same_as"] = first
    return items


def _pictures(root: Path, prefix: str, shard: str) -> str:
    """Where the pictures of a shard lie, * for the key and # for the row."""
    import pyarrow.parquet as pq

    stem = shard.removesuffix(".parquet")
    tar, folder = root / prefix / f"{stem}.tar", root / prefix / stem
    if tar.is_file():
        return f"{prefix}{stem}.tar!*.{_first_suffix(tar)}"
    if folder.is_dir():
        names = (path.suffix for path in folder.iterdir() if path.suffix not in (".json", ".txt"))
        return f"{prefix}{stem}/*{next(names, '.jpg')}"
    if not pixels.image_column(pq.read_schema(root / prefix / shard)):
        raise BadSource(f"img2dataset: the pictures of {prefix}{shard} are gone: no {stem}.tar, no folder {stem}/")
    return f"{prefix}{shard}!#"


def _first_suffix(tar: Path) -> str:
    """The suffix of the pictures in a shard: that of the first member that is no text."""
    try:
        with tarfile.open(tar, "r:") as archive:
            for member in archive:
                suffix = member.name.rpartition(".")[2]
                if suffix not in ("json", "txt"):
                    return suffix
    except tarfile.TarError:
        pass  # each row will say that its picture cannot be read
    return "jpg"


def _row(item: Item) -> dict[str, Any]:
    path = item.root / (item.label or "")
    rows: list[dict[str, Any]] = _table(str(path), _stamp(path)).slice(item.data["row"], 1).to_pylist()
    return rows[0]


@lru_cache(maxsize=2)  # ids go mostly shard by shard
def _table(path: str, stamp: tuple[int, int]) -> Any:
    """The texts of a shard's table; `stamp` is its size and time. Raises pyarrow's errors, and ValueError."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(place(path), pre_buffer=False) as file:
        names = file.schema_arrow.names
        if missing := [name for name in COLUMNS if name not in names]:
            raise ValueError(f"no column {missing[0]!r}")
        return file.read(columns=[name for name in TEXTS if name in names]).combine_chunks()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
