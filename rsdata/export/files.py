"""What the forms share: files that are whole or not there, names of images, and what a corpus holds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Record
from rsdata.report import _parts

FORMS = ("coco", "csv")
IMAGES = ("keep", "write")
SUFFIXES = {"JPEG": "jpg", "PNG": "png"}  # copied as they are; all else is written as PNG


class Seen(NamedTuple):
    """What occurs in a corpus, sorted: splits, labels of objects, licences."""

    splits: list[str]
    labels: list[str]
    licences: list[str]


def seen(parts: Sequence[Path]) -> Seen:
    """One pass over three columns."""
    import pyarrow.compute as pc

    splits: set[str] = set()
    labels: set[str] = set()
    licences: set[str] = set()
    for part in parts:
        for rows in _parts.batches(part, ["split", "licence", "objects.list.element.label"]):
            splits.update(pc.unique(rows.column("split")).to_pylist())
            licences.update(pc.unique(rows.column("licence")).to_pylist())
            labels.update(pc.unique(rows.column("objects").flatten().field("label")).to_pylist())
    return Seen(sorted(splits), sorted(labels), sorted(licences))


class Names:
    """The name of a record's image in the export; with `write`, the image is written under it."""

    def __init__(self, roots: Mapping[str, Path], form: str, out: Path, *, write: bool) -> None:
        self._roots, self._form, self._out, self._write = roots, form, out, write

    def of(self, record: Record) -> str:
        """Raises BadImage where there is no such file: no-image, window, in-archive, or why it cannot be read."""
        if record.path is None:
            raise BadImage(record.id, "no-image", "read without images")
        if self._write:
            return self._written(record, self._roots[record.source] / record.path)
        if record.window is not None:
            raise BadImage(record.id, "window", "a window is no file of its own; --images write makes it one")
        if pixels.inside(self._roots[record.source] / record.path):
            raise BadImage(record.id, "in-archive", "the image lies in an archive; --images write makes it a file")
        if self._form == "csv":
            return str(self._roots[record.source] / record.path)
        return record.path if len(self._roots) == 1 else f"{record.source}/{record.path}"

    def _written(self, record: Record, file: Path) -> str:
        found = pixels.info(file)
        passed = record.window is None and found.format in SUFFIXES
        name = f"images/{safe(record.id)}.{SUFFIXES[found.format] if passed else 'png'}"
        target = self._out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not passed:
            target.write_bytes(pixels.encode(pixels.load(file, record.window), "png"))
        elif pixels.inside(file):
            target.write_bytes(pixels.content(file))
        else:
            shutil.copyfile(file, target)
        return name


def safe(id: str) -> str:
    """An id as a path: other signs than letters, digits and / . @ , _ - become their code, so that no two ids meet."""
    text = re.sub(r"[^A-Za-z0-9/.@,_-]", lambda sign: f"%{ord(sign.group()):x}", id)
    return "/".join("%2e" * len(part) if set(part) == {"."} else part for part in text.split("/"))


@contextmanager
def whole(path: Path) -> Iterator[IO[str]]:
    """A text file that appears under its name when it is whole."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
