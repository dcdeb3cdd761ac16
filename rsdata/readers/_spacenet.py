"""SpaceNet's file names, and the CSV of its competitions. Pure, but for the file that is read."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers._polygons import Polygons, parse_wkt

PRODUCTS = (
    "rgb-pansharpen", "ps-rgb", "3band", "pan-sharpen", "pansharpen", "ps-ms", "ps-rgbnir", "mul-pansharpen", "mul",
    "8band", "ms", "pan", "sar-intensity",
)  # fmt: skip
MOST = 1 << 20  # bytes of one row; a longer one is damage

_PRODUCT = re.compile(rf"(?:^|_)(?:{'|'.join(sorted(PRODUCTS, key=len, reverse=True))})(?=_|$)", re.IGNORECASE)
_KEY = re.compile(r"(?:(aoi_\d+)_(?:.*_)?)?((?:img|chip)\d+)$|(\d+_\d+)$")


def scene(stem: str) -> str:
    """The name of a scene: the image's without its product. "RGB-PanSharpen_AOI_2_Vegas_img1" -> "AOI_2_Vegas_img1"."""
    return _PRODUCT.sub("", stem, count=1).strip("_") or stem


def key(stem: str) -> str:
    """What image and footprints of one scene share: "aoi_2 img1", or the corner of a tile, "732701_3721589"."""
    found = _KEY.search(stem.lower())
    if not found:
        return stem.lower()
    return found[3] or f"{found[1] or ''} {found[2]}".strip()


def rank(path: str, product: str) -> int | None:
    """The place of an image's product in PRODUCTS, 0 for an image that names none; None when another is asked for.

    The file's name counts, then its folder's.
    """
    *folders, name = path.lower().split("/")
    found = _PRODUCT.search(name.rpartition(".")[0])
    word = found[0].strip("_") if found else next((part for part in reversed(folders) if part in PRODUCTS), "")
    if product:
        return 0 if word == product.lower() else None
    return PRODUCTS.index(word) if word else 0


class Table(NamedTuple):
    """A CSV by ImageId: (offset, bytes, line) of runs of rows. `column` is the place of PolygonWKT_Pix."""

    column: int
    rows: dict[str, list[tuple[int, int, int]]]


class Rows(NamedTuple):
    """Buildings of one image, (line, polygons in pixels), and (reason, detail) of rows that cannot be understood."""

    found: list[tuple[int, Polygons]]
    refused: list[tuple[str, str]]


def index_rows(path: Path, shown: str) -> Table:
    """Read a CSV once and note where the rows of each image lie; a CSV of something else has none.

        ImageId,BuildingId,PolygonWKT_Pix,PolygonWKT_Geo
        AOI_2_Vegas_img1,1,"POLYGON ((10.5 20 0,30 20 0,30 41 0,10.5 20 0))","POLYGON ((-115.1 36.1 0,...))"

    Raises BadSource when it cannot be read.
    """
    rows: dict[str, list[tuple[int, int, int]]] = {}
    try:
        with path.open("rb") as file:
            head = file.readline(MOST).decode("utf-8-sig", "replace").strip().split(",")
            names = [name.strip().strip('"').lower() for name in head]
            if names[0] != "imageid" or "polygonwkt_pix" not in names:
                return Table(0, {})
            start, line = file.tell(), 2
            while row := file.readline(MOST):
                name = row.split(b",", 1)[0].decode("utf-8", "replace").strip().strip('"')
                if name:
                    _append(rows.setdefault(name, []), start, len(row), line)
                start, line = start + len(row), line + 1
    except OSError as error:
        raise BadSource(f"SpaceNet: the CSV {shown} cannot be read ({error.strerror})") from error
    return Table(names.index("polygonwkt_pix"), rows)


def _append(runs: list[tuple[int, int, int]], start: int, size: int, line: int) -> None:
    if runs and runs[-1][0] + runs[-1][1] == start:
        first, length, at = runs.pop()
        runs.append((first, length + size, at))
    else:
        runs.append((start, size, line))


def parse_rows(path: Path, shown: str, runs: list[tuple[int, int, int]], column: int) -> Rows:
    """The buildings of some runs of rows. An empty polygon (an image without buildings) is none.

    Raises BadAnnotation when the file cannot be read.
    """
    found: list[tuple[int, Polygons]] = []
    refused: list[tuple[str, str]] = []
    try:
        with path.open("rb") as file:
            for start, size, first in runs:
                file.seek(start)
                for line, row in enumerate(file.read(size).split(b"\n"), first):
                    if row.strip():
                        _row(row, line, column, shown, found, refused)
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error
    return Rows(found, refused)


def _row(
    row: bytes, line: int, column: int, shown: str, found: list[tuple[int, Polygons]], refused: list[tuple[str, str]]
) -> None:
    try:
        fields = next(csv.reader([row.decode("utf-8-sig").strip()]))
        if len(fields) <= column:
            raise ValueError(f"{len(fields)} fields where {column + 1} or more are wanted")
        polygons = parse_wkt(fields[column])
    except (ValueError, csv.Error) as error:
        refused.append(("bad-annotation", f"{shown}:{line}: {error}"))
        return
    if polygons:
        found.append((line, polygons))
