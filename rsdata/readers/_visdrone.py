"""VisDrone-DET annotation text: eight integers a line. A pure parser."""

from __future__ import annotations

from rsdata.readers._objects import FARTHEST, Page, Shape

CATEGORIES = (
    *("ignored regions", "pedestrian", "people", "bicycle", "car", "van", "truck"),
    *("tricycle", "awning-tricycle", "bus", "motor", "others"),
)
COLUMNS = "left,top,width,height,score,category,truncation,occlusion"


def parse(text: str, shown: str) -> Page:
    """Parse one annotation file; `shown` is its name in messages.

        684,8,273,116,0,0,0,0
        406,119,265,70,1,4,0,1,

    The columns are left, top, width, height (pixels, 0-based), score (0: not evaluated), category (0 ignored regions,
    1 pedestrian ... 10 motor, 11 others), truncation, occlusion (0 none, 1 partial, 2 heavy). A comma may end the line.
    Refused with their own reasons: ignored-region, others, not-evaluated. Source: VisDrone2018-DET-toolkit README.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        fields = line.replace(",", " ").split()
        if not fields:
            continue
        try:
            found = row(fields, n)
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
            continue
        if isinstance(found, Shape):
            shapes.append(found)
        else:
            refused.append((found[0], f"{shown}:{n}: {found[1]}"))
    return Page(shapes, refused)


def row(fields: list[str], n: int) -> Shape | tuple[str, str]:
    """One row of eight fields in line n: a shape, or (reason, detail) of a refusal. Raises ValueError."""
    left, top, width, height, score, category, _, occlusion = _integers(fields)
    reason = _refusal(category, score)
    if reason:
        return reason, f"category {category}, score {score}"
    box = (float(left), float(top), float(left + width), float(top + height))
    return Shape(CATEGORIES[category], box, (), occlusion == 2, n)


def _integers(fields: list[str]) -> list[int]:
    if len(fields) != 8:
        hint = "; ten are VisDrone-VID" if len(fields) == 10 else ""
        raise ValueError(f"{len(fields)} fields where 8 are wanted ({COLUMNS}){hint}")
    try:
        values = [int(field) for field in fields]
    except ValueError:
        values = []
    if not values or max(map(abs, values)) > FARTHEST:
        raise ValueError(f"{' '.join(fields)[:60]!r} where eight integers are wanted ({COLUMNS})")
    return values


def _refusal(category: int, score: int) -> str:
    if category == 0:
        return "ignored-region"
    if category == 11:
        return "others"
    if not 0 < category < len(CATEGORIES):
        return "unknown-class"
    return "not-evaluated" if score == 0 else ""
