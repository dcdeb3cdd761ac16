"""Text annotations of one object a line, with few columns: LEVIR, RSOD, UCAS-AOD and NWPU VHR-10. Pure parsers.

All take any line ends, blank lines, blanks or commas between fields, and refuse a line that they do not understand as
bad-annotation, with its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rsdata.geometry import hull
from rsdata.readers._objects import Page, Shape, number
from rsdata.record import Box

LEVIR = {"1": "airplane", "2": "ship", "3": "oilpot"}
NWPU = (
    *("airplane", "ship", "storage tank", "baseball diamond", "tennis court"),
    *("basketball court", "ground track field", "harbor", "bridge", "vehicle"),
)
_NWPU_LINE = re.compile(
    r"\s*\(\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*\)\s*,?\s*\(\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*\)\s*,?\s*(\d{1,3})\s*,?\s*$"
)


def levir(text: str, shown: str) -> Page:
    """Parse one file of LEVIR; `shown` is its name in messages.

        2 318 201 377 252

    Class (1 airplane, 2 ship, 3 oilpot, or the name) and x1, y1, x2, y2 in pixels, used as they are. No source tells
    the order of the columns: where the class does not stand first, or the box would be inside out, it is taken from
    the end of the line.
    """
    return _lines(text, shown, lambda line, n: _levir_row(line.replace(",", " ").split(), n))


def _levir_row(fields: Sequence[str], n: int) -> Shape:
    if len(fields) != 5:
        raise ValueError(f"{len(fields)} fields where 5 are wanted (class x1 y1 x2 y2)")
    found = []
    for name, corners in ((fields[0], fields[1:]), (fields[4], fields[:4])):
        if name in LEVIR or not _numeric(name):
            x0, y0, x1, y1 = (number(field) for field in corners)
            found.append(Shape(LEVIR.get(name, name), (x0, y0, x1, y1), (), False, n))
    if not found:
        raise ValueError(f"{' '.join(fields)[:60]!r} has no class of {', '.join(LEVIR)}, first or last")
    upright = [shape for shape in found if shape.box[0] < shape.box[2] and shape.box[1] < shape.box[3]]
    return (upright or found)[0]


def rsod(text: str, shown: str) -> Page:
    """Parse one txt file of RSOD; `shown` is its name in messages.

        aircraft_1	aircraft	120	67	171	118

    Name of the image, class, xmin, ymin, xmax, ymax, as in its VOC XML: 1-based and inclusive. The name may be absent.
    """

    def row(line: str, n: int) -> Shape:
        fields = line.replace(",", " ").split()
        if not 5 <= len(fields) <= 6:
            raise ValueError(f"{len(fields)} fields where 5 or 6 are wanted (image class xmin ymin xmax ymax)")
        x0, y0, x1, y1 = (number(field) for field in fields[-4:])
        return Shape(fields[-5], (x0 - 1.0, y0 - 1.0, x1, y1), (), False, n)

    return _lines(text, shown, row)


def ucas_aod(text: str, shown: str, name: str) -> Page:
    """Parse one file of UCAS-AOD; `shown` is its name in messages, `name` the class, which only the folder tells.

        2.76e+02 4.4e+01 3.20e+02 4.1e+01 3.28e+02 9.7e+01 2.84e+02 1.0e+02 1.05e+02 2.7e+02 3.8e+01 5.0e+01 6.3e+01

    With tabs between them: four corners in pixels, the angle in degrees, and an upright box that is not used, for the
    box is the hull of the corners. Copies that stop after the corners, or name the class in front, are read too.
    """

    def row(line: str, n: int) -> Shape:
        fields = line.replace(",", " ").split()
        written = fields.pop(0) if fields and not _numeric(fields[0]) else name
        if not 8 <= len(fields) <= 13:
            raise ValueError(f"{len(fields)} numbers where 13 are wanted (x1 y1 .. x4 y4 theta x y w h)")
        poly = tuple([number(field) for field in fields[:8]])
        return Shape(written, hull(poly), poly, False, n)

    return _lines(text, shown, row)


def nwpu(text: str, shown: str) -> Page:
    """Parse one ground truth file of NWPU VHR-10; `shown` is its name in messages.

        (563,478),(630,573),1

    Top left, bottom right, class from 1 (airplane) to 10 (vehicle); blanks may stand anywhere. The corners are used as
    they are, since no source states their convention.
    """

    def row(line: str, n: int) -> Shape:
        found = _NWPU_LINE.match(line)
        if not found:
            raise ValueError(f"{line.strip()[:60]!r} where (x1,y1),(x2,y2),class is wanted")
        x0, y0, x1, y1, index = (int(value) for value in found.groups())
        box: Box = (float(x0), float(y0), float(x1), float(y1))
        return Shape(NWPU[index - 1] if 1 <= index <= len(NWPU) else f"class {index}", box, (), False, n)

    return _lines(text, shown, row)


def _lines(text: str, shown: str, row: Callable[[str, int], Shape]) -> Page:
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip(" \t\f\v,"):
            try:
                shapes.append(row(line, n))
            except ValueError as error:
                refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
    return Page(shapes, refused)


def _numeric(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True
