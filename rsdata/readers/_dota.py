"""DOTA label text: eight corner numbers, class, difficult. A pure parser."""

from __future__ import annotations

import math
import re

from rsdata.geometry import hull
from rsdata.readers._objects import Page, Shape, number

_HEADER = re.compile(r"\s*([A-Za-z][A-Za-z _]*):\s*(.*?)\s*$")
DIFFICULT = {"0": False, "1": True, "2": True}


def parse(text: str, shown: str) -> Page:
    """Parse one label file; `shown` is its name in messages.

        imagesource:GoogleEarth
        gsd:0.255589285596
        1054 1028 1063 1011 1111 1040 1112 1062 large-vehicle 0

    Corners are in pixels, 0-based, as integers or floats, clockwise on screen, and may lie outside the image. The tenth
    field is absent in some copies (then not difficult); 1 is difficult, 2 is an object cut by the dev kit's ImgSplit
    (difficult here). The two header lines may be absent; gsd may be `null`. A line that is neither header nor object
    is refused as bad-annotation. Source: DOTA_devkit dota_utils.parse_dota_poly.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    header: dict[str, str] = {}
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        fields = line.replace(",", " ").split()
        if not fields:
            continue
        found = _HEADER.match(line)
        if found:
            header.setdefault(found[1].lower(), found[2])
            continue
        try:
            shapes.append(_shape(fields, n))
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
    source = header.get("imagesource")
    extra = {"imagesource": source} if source else {}
    return Page(shapes, refused, gsd=_gsd(header.get("gsd", "")), extra=extra)


def _shape(fields: list[str], line: int) -> Shape:
    if not 9 <= len(fields) <= 10:
        raise ValueError(f"{len(fields)} fields where 9 or 10 are wanted (x1 y1 .. x4 y4 class difficult)")
    poly = tuple([number(field) for field in fields[:8]])
    difficult = fields[9] if len(fields) == 10 else "0"
    if difficult not in DIFFICULT:
        raise ValueError(f"difficult is {difficult[:20]!r} where 0, 1 or 2 is wanted")
    return Shape(fields[8], hull(poly), poly, DIFFICULT[difficult], line)


def _gsd(text: str) -> float | None:
    """Metres per pixel; None where the header has none, `null`, or nothing that is a length."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0.0 else None
