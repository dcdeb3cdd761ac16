"""YOLO label text: class index and coordinates as shares of the image. A pure parser."""

from __future__ import annotations

from collections.abc import Sequence

from rsdata.geometry import hull
from rsdata.readers._objects import Page, Shape, number

LIMIT = 2.0  # a share beyond this is no rounding: the coordinates are pixels


def parse(text: str, shown: str, names: Sequence[str], width: int, height: int) -> Page:
    """Parse one label file for an image of width x height pixels; `shown` is its name in messages.

        0 0.394531 0.579427 0.039063 0.023438
        1 0.1 0.2 0.3 0.2 0.3 0.4 0.1 0.4

    Five fields are class, centre x, centre y, width, height; an odd count from seven on is class and polygon corners
    (nine: an oriented box). Values slightly outside 0..1 are clipped with the box. Source: Ultralytics,
    dataset formats.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        fields = line.replace(",", " ").split()
        if not fields:
            continue
        try:
            index, values = _values(fields)
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
            continue
        if not 0 <= index < len(names) or not names[index]:
            refused.append(("unknown-class", f"{shown}:{n}: class {index}, and {len(names)} names are known"))
            continue
        shapes.append(_shape(names[index], values, width, height, n))
    return Page(shapes, refused, width, height)


def _values(fields: Sequence[str]) -> tuple[int, list[float]]:
    if len(fields) < 5 or len(fields) % 2 == 0:
        hint = "; a sixth may be the confidence of a prediction" if len(fields) == 6 else ""
        raise ValueError(f"{len(fields)} fields where 5 (box), 9 (oriented) or another odd count is wanted{hint}")
    index = number(fields[0])
    if index != int(index):
        raise ValueError(f"class {fields[0][:20]!r} where a whole number is wanted")
    values = [number(field) for field in fields[1:]]
    if not all(-LIMIT <= value <= LIMIT for value in values):
        raise ValueError(f"{max(values, key=abs):g} where a share of the image (0 to 1) is wanted")
    return int(index), values


def _shape(name: str, values: Sequence[float], width: int, height: int, line: int) -> Shape:
    if len(values) == 4:
        x, y, w, h = values[0] * width, values[1] * height, values[2] * width, values[3] * height
        return Shape(name, (x - w / 2, y - h / 2, x + w / 2, y + h / 2), (), False, line)
    poly = tuple([value * (height if n % 2 else width) for n, value in enumerate(values)])
    return Shape(name, hull(poly), poly, False, line)
