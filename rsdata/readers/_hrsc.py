"""The XML of HRSC2016: ships by class id, with an upright and a turned box each. A pure parser."""

from __future__ import annotations

import math
from typing import NamedTuple
from xml.etree import ElementTree

from rsdata.geometry import hull
from rsdata.readers import _voc
from rsdata.readers._objects import Page, Shape, number

BOXES = ("obb", "hbb")


class Sheet(NamedTuple):
    """One parsed file. `annotated`: it has objects, or says (Annotated 1) that there are none."""

    page: Page
    annotated: bool


def parse(data: bytes, shown: str, boxes: str = "obb") -> Sheet:
    """Parse one file; `shown` is its name in messages. Raises BadAnnotation when the file is no such XML.

        <HRSC_Image><Img_SizeWidth>1172</Img_SizeWidth><Img_Resolution>1.07</Img_Resolution><Annotated>1</Annotated>
        <HRSC_Objects><HRSC_Object><Class_ID>100000013</Class_ID><difficult>0</difficult>
        <box_xmin>119</box_xmin><box_ymin>75</box_ymin><box_xmax>587</box_xmax><box_ymax>789</box_ymax>
        <mbox_cx>341.2143</mbox_cx><mbox_cy>443.3325</mbox_cy><mbox_w>778.4297</mbox_w><mbox_h>178.2595</mbox_h>
        <mbox_ang>-1.122944</mbox_ang></HRSC_Object></HRSC_Objects></HRSC_Image>

    boxes "obb": the turned box as four corners clockwise on screen, its hull as the box. "hbb": the upright box, its
    numbers as they are, since no source states their convention. A Shape's name is the class id, its number the ordinal
    of the object. `gsd` is Img_Resolution, where it is a length.
    """
    tree = _voc.root(data, shown, "HRSC_Image")
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    read = _turned if boxes == "obb" else _upright
    nodes = tree.findall("HRSC_Objects/HRSC_Object")
    for count, node in enumerate(nodes, 1):
        try:
            shapes.append(read(node, count))
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}: object {count}: {error}"))
    width, height = (_positive(tree.findtext(f"Img_Size{side}")) or 0.0 for side in ("Width", "Height"))
    place = (tree.findtext("Img_Location") or "").strip()
    gsd = _positive(tree.findtext("Img_Resolution"))
    page = Page(shapes, refused, int(width), int(height), gsd, {"location": place} if place else {})
    return Sheet(page, bool(nodes) or (tree.findtext("Annotated") or "").strip() == "1")


def corners(cx: float, cy: float, width: float, height: float, angle: float) -> tuple[float, ...]:
    """The corners of a box turned by `angle` radians, clockwise on screen (y grows downwards)."""
    cos, sin = math.cos(angle), math.sin(angle)
    found = []
    for u, v in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        along, across = u * width, v * height
        found += [cx + along * cos - across * sin, cy + along * sin + across * cos]
    return tuple(found)


def _turned(node: ElementTree.Element, count: int) -> Shape:
    cx, cy, width, height, angle = (number(node.findtext(f"mbox_{key}")) for key in ("cx", "cy", "w", "h", "ang"))
    poly = corners(cx, cy, width, height, angle)
    return Shape(_name(node), hull(poly), poly, _difficult(node), count)


def _upright(node: ElementTree.Element, count: int) -> Shape:
    x0, y0, x1, y1 = (number(node.findtext(f"box_{key}")) for key in ("xmin", "ymin", "xmax", "ymax"))
    return Shape(_name(node), (x0, y0, x1, y1), (), _difficult(node), count)


def _name(node: ElementTree.Element) -> str:
    name = (node.findtext("Class_ID") or "").strip()
    if not name:
        raise ValueError("no Class_ID")
    return name


def _difficult(node: ElementTree.Element) -> bool:
    return (node.findtext("difficult") or "").strip() == "1"


def _positive(text: str | None) -> float | None:
    """A size or a length; None where there is none."""
    try:
        value = number(text)
    except ValueError:
        return None
    return value if value > 0.0 else None
