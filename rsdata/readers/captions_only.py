"""Captions without images (`rsdata pack --captions-only`), put back on the user's own copy of the images.

Source of the format: rsdata/stages/_captionsonly.py: Parquet files with a row for each image or window, keyed by
dataset, split and image id, with what a copy of the image is known by. `rsdata join` makes a source of this reader for
every dataset; the root is the folder of that dataset. Records come back as they were packed, in the same order. An
image that is not there is a drop (missing-image), and so is one that is not the image of the captions (image-differs,
size-mismatch, window-outside); its captions are counted with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import phash, pixels, readers
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.place import place as path_of
from rsdata.readers import _files, _packed
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE
from rsdata.record import Drop, Item, Record, Window

INFO = Info(
    title="Captions without images",
    task="captions",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the datasets behind the captions; each row carries its licence.",
    homepage="https://huggingface.co/docs/datasets",
    citation="Cite the datasets that README.md beside the captions names",
    obtain="Make it with `rsdata pack CORPUS --captions-only`, and read it with `rsdata join`.",
    tree="""\
captions/000000.parquet ...   (or wherever the option file says; columns: source, split, image, captions ...)
images/P0003.png              (the images of the dataset, as its own reader finds them)""",
    sizes_in_annotations=True,
)

OUTSIDE = ""  # in place of a path that leads out of the root
CHECKS = ("size", "bytes", "hash", "look")
NEAR = 6  # bits of 64: copies saved in another format or quality lie below, other pictures far above
KEY = ("source", "split", "image")


def find(
    root: Path,
    split: str | None = None,
    *,
    images: bool = True,
    file: str = "",
    dataset: str = "",
    of: str = "",
    check: str = "bytes",
) -> list[Item]:
    """List the rows of one dataset, and where its images lie.

    file: the folder or file of captions; else captions/ of the root.
    dataset: whose captions, where there are those of several.
    of: the reader of that dataset, which finds images that lie elsewhere than when the captions were made.
    check: how a copy of an image is told: size (in pixels), bytes (the size of its file too), hash (its SHA-256 too,
    where known), look (in place of both: its perceptual hash, so that copies in another format pass).
    """
    root = _files.check_root(root, INFO)
    if check not in CHECKS:
        raise BadSource(f"{INFO.title}: check is {check!r}; wanted {', '.join(CHECKS)}")
    tables = _tables(root, path_of(file) if file else root / "captions")
    rows = [row for path in tables for row in _rows(path)]
    there = sorted({row["source"] for row in rows})
    if not dataset and len(there) > 1:
        raise BadSource(f"{tables[0].parent}: captions of {', '.join(there)}; choose one with the option dataset")
    if dataset and there and dataset not in there:
        raise BadSource(f"{tables[0].parent}: no captions of {dataset}; there are those of {', '.join(there)}")
    mine = [row for row in rows if not dataset or row["source"] == dataset]
    splits = sorted({row["split"] for row in mine})
    if split is not None and split not in splits:
        raise _files.wrong_split(INFO, split, splits)
    places = _Places(root, of) if images else None
    wanted = [row for row in mine if split in (None, row["split"])]
    return [_item(root, row, places, check) for row in wanted]


class Known(NamedTuple):
    """What a row says of files: the mask, and what a copy of the image is told by."""

    mask_path: str | None
    mask_kind: str | None
    size: int | None
    sha256: str | None


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one row, and hold the image against it."""
    import pyarrow as pa

    path, number = path_of(item.label or ""), item.data["row"]
    try:
        row = _row(str(path), _stamp(path), number)
        record = _packed.parse_ours(row, f"{path.name}: row {number}")
        record.window = None if row["window"] is None else Window(**row["window"])
        known = _known(row)
    except (pa.ArrowException, BadAnnotation, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        yield Drop(item.id, STAGE, "bad-annotation", f"{path.name}: row {number} cannot be read ({_first(error)})")
        return
    record.id, record.source, record.path = item.id, item.id.partition("/")[0], item.image
    record.mask_path, record.mask_kind = known.mask_path, known.mask_kind
    cost = (1, len(record.objects), len(record.captions))
    if item.image == OUTSIDE:
        detail = f"{path.name}: row {number} names an image outside the dataset's folder"
        yield Drop(item.id, STAGE, "bad-annotation", detail, *cost)
        return
    try:
        if item.image is not None:
            _compare(item.root / item.image, record, known, item.data["check"])
    except BadImage as error:
        yield Drop(item.id, STAGE, error.reason, str(error), *cost)
        return
    yield record


def _known(row: Mapping[str, Any]) -> Known:
    found = Known(row["mask_path"], row["mask_kind"], row["file_bytes"], row["file_sha256"])
    for value, kind in zip(found, (str, str, int, str), strict=True):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{value!r:.40} where {kind.__name__} is wanted")
    return found


def _compare(path: Path, record: Record, known: Known, check: str) -> None:
    """Raises BadImage where the image is not there, or not that of the captions."""
    width, height = pixels.size(path)
    problem = f"{width} x {height} pixels; the captions are of"
    if record.window is None and (width, height) != (record.width, record.height):
        raise BadImage(path, "size-mismatch", f"{problem} {record.width} x {record.height}")
    if record.window is not None:
        x, y, wide, high = record.window
        if min(x, y) < 0 or min(wide, high) < 1 or x + wide > width or y + high > height:
            raise BadImage(path, "window-outside", f"{problem} {wide} x {high} at {x}, {y}")
    if check in ("bytes", "hash") and known.size is not None and not pixels.inside(path):
        size = pixels.stamp(path)[0]
        if size != known.size:
            raise BadImage(path, "image-differs", f"{size:,} bytes, the captions' file has {known.size:,}; {HINT}")
    if check == "hash" and known.sha256 and known.sha256 != _sha256(str(path), _stamp_of(path)):
        raise BadImage(path, "image-differs", f"its SHA-256 is not that of the captions' file; {HINT}")
    if check == "look" and record.phash is not None and "flat" not in record.extra:
        grey = pixels.load_grey(path, record.window)
        apart = (int(phash.prints(grey.pixels, grey.box).phash) ^ record.phash).bit_count()
        if apart > NEAR:
            raise BadImage(
                path, "image-differs", f"its perceptual hash is {apart} bits from that of the captions' image"
            )


HINT = "a copy in another format passes with check=size or check=look"


class _Places:
    """Where images lie: where they lay when the captions were made, else where the dataset's own reader finds them."""

    def __init__(self, root: Path, of: str) -> None:
        self._root, self._of = root, of
        self._listed: dict[str, str] | None = None

    def place(self, row: Mapping[str, Any]) -> str | None:
        """Relative to the root. None where the captions were made without images."""
        path = row["path"]
        if path is None:
            return None
        if Path(path).is_absolute() or ".." in Path(path).parts:
            return OUTSIDE
        place = pixels.inside(self._root / path)
        if _files.is_file(place[0] if place else self._root / path):
            return str(path)
        if self._listed is None:
            self._listed = self._list()
        key = f"{row['split']}/{row['image']}" if row["split"] else row["image"]
        return self._listed.get(key, str(path))

    def _list(self) -> dict[str, str]:
        """Split and image id -> path, as the dataset's reader lists this folder."""
        if not self._of or self._of not in readers.names():
            return {}
        try:
            found = readers.get(self._of).find(self._root)
        except BadSource:
            return {}
        return {item.id.partition("/")[2]: item.image for item in found if item.image is not None}


def _item(root: Path, row: Mapping[str, Any], places: _Places | None, check: str) -> Item:
    id = f"captions_only/{row['id'].partition('/')[2]}"
    data = {"row": row["row"], "check": check}
    return Item(root, id, row["split"], places.place(row) if places else None, row["file"], data)


def _tables(root: Path, place: Path) -> list[Path]:
    """The files of captions, sorted. Raises BadSource where there is none."""
    found = [place] if place.is_file() else sorted(place.glob("*.parquet")) if place.is_dir() else []
    if not found and place.is_dir():
        found = sorted((place / "captions").glob("*.parquet"))
    if not found:
        raise _files.missing(INFO, root, f"Parquet file of captions in {place}")
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The keys of a file's rows. Raises BadSource where it is no file of captions."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [*KEY, "id", "path"]
    try:
        rows = pq.read_table(path, columns=names).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadSource(f"{path}: no captions can be read ({_first(error)}); get this file again") from error
    for number, row in enumerate(rows):
        path_ok = row["path"] is None or isinstance(row["path"], str)
        if not path_ok or not all(isinstance(row[name], str) for name in (*KEY, "id")):
            raise BadSource(f"{path}: row {number} has no {', '.join((*KEY, 'id'))}; get this file again")
        yield {**row, "row": number, "file": str(path.absolute())}


def _row(path: str, stamp: tuple[int, int], number: int) -> dict[str, Any]:
    row: dict[str, Any] = _table(path, stamp).slice(number, 1).to_pylist()[0]
    return row


@lru_cache(maxsize=1)  # rows are read in the order of the files
def _table(path: str, stamp: tuple[int, int]) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(path_of(path))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _stamp_of(path: Path) -> tuple[int, int]:
    place = pixels.inside(path)
    return pixels.stamp(place[0] if place else path)


@lru_cache(maxsize=4)  # windows of one file follow each other
def _sha256(path: str, stamp: tuple[int, int]) -> str:
    return hashlib.sha256(pixels.content(path_of(path))).hexdigest()


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
