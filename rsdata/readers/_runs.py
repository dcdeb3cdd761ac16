"""Run lengths of Airbus ship detection: one ship a row, columns first. Pure parsers, and an index of the CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadAnnotation
from rsdata.readers._objects import Page, Shape
from rsdata.record import Box

HEADER = "ImageId,EncodedPixels"
LONGEST = 1 << 20  # bytes of a line


class Row(NamedTuple):
    """A row of the CSV: the image's file name, and the bytes `start` to `end` that hold it, without the line end."""

    image: str
    start: int
    end: int


def index(path: Path, shown: str) -> Iterator[Row]:
    """The rows of a CSV, a line at a time; `shown` is its name in messages.

        ImageId,EncodedPixels
        0a1a7f395.jpg,281722 3 282490 6
        0a00a69de.jpg,

    Raises BadAnnotation when the file cannot be read, or a line is no such row.
    """
    try:
        with path.open("rb") as file:
            start = 0
            for n, line in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
                end = start + len(line)
                row = line.strip().removeprefix(b"\xef\xbb\xbf")
                if n == 1 and row.replace(b'"', b"") != HEADER.encode():
                    raise BadAnnotation(shown, 1, f"{row[:40]!r} where the header {HEADER} is wanted")
                if n > 1 and row:
                    image, comma, _ = row.partition(b",")
                    if not comma or not image.strip(b'" ') or len(line) == LONGEST:
                        raise BadAnnotation(shown, n, f"{row[:40]!r} where a file name and run lengths are wanted")
                    yield Row(image.strip(b'" ').decode("utf-8", "replace"), start, end)
                start = end
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error


def parse(rows: list[str], shown: str, image: str, width: int, height: int) -> Page:
    """Shapes of the rows of one image of width x height pixels; `shown` is the CSV's name in messages.

    Each row is one ship, `image,start length start length ...`; a row without runs says that there is no ship. `box`
    surrounds the set pixels, `area` is their number. A Shape's number is the ordinal among the rows of its image.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for count, row in enumerate(rows, 1):
        runs = row.strip().partition(",")[2].strip('" ')
        if not runs:
            continue
        try:
            box, area = measure(runs, width, height)
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}: {image}, row {count}: {error}"))
            continue
        shapes.append(Shape("ship", box, (), False, count, float(area)))
    return Page(shapes, refused, width, height)


def measure(text: str, width: int, height: int) -> tuple[Box, int]:
    """The box around a mask, and its number of set pixels.

    Runs are pairs of start and length; starts count from 1 at the top left, down the first column, then the next. A run
    may go on in the next column. Raises ValueError for runs that overlap, go backwards, or leave the image.
    """
    values = text.split()
    if len(values) % 2 or not all(value.isascii() and value.isdigit() and len(value) < 12 for value in values):
        raise ValueError(f"{text[:40]!r} where pairs of start and length are wanted")
    numbers = [int(value) for value in values]
    last = area = bottom = 0
    top, left, right = height, width, 0
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        first, end = start - 1, start - 1 + length
        if length < 1 or first < last or end > width * height:
            raise ValueError(f"the run {start} {length} overlaps another, or leaves an image of {width} x {height}")
        (column, row), (end_column, end_row) = divmod(first, height), divmod(end - 1, height)
        whole = column != end_column  # it wraps, so that it touches the top and the bottom
        top, bottom = min(top, 0 if whole else row), max(bottom, height if whole else end_row + 1)
        left, right = min(left, column), max(right, end_column + 1)
        last, area = end, area + length
    return (float(left), float(top), float(right), float(bottom)), area
