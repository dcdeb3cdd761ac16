"""The XML of FAIR1M: polygons of five points, the class under possibleresult. A pure parser."""

from __future__ import annotations

from xml.etree import ElementTree

from rsdata.geometry import hull
from rsdata.readers import _voc
from rsdata.readers._objects import Page, Shape, number


def parse(data: bytes, shown: str) -> Page:
    """Parse one file; `shown` is its name in messages. Raises BadAnnotation when the file is no such XML.

        <annotation><source><filename>0.tif</filename></source><objects><object><coordinate>pixel</coordinate>
        <type>rectangle</type><possibleresult><name>Small Car</name></possibleresult><points>
        <point>10.0,20.5</point><point>30.0,20.5</point><point>30.0,40.5</point><point>10.0,40.5</point>
        <point>10.0,20.5</point></points></object></objects></annotation>

    Points are x,y in pixels, used as they are; the last repeats the first and is left out. A Shape's number is the
    ordinal of the object. Objects in other coordinates than pixels are refused.
    """
    tree = _voc.root(data, shown)
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for count, node in enumerate(tree.iterfind("objects/object"), 1):
        try:
            shapes.append(_shape(node, count))
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}: object {count}: {error}"))
    return Page(shapes, refused)


def _shape(node: ElementTree.Element, count: int) -> Shape:
    unit = (node.findtext("coordinate") or "pixel").strip()
    if unit.lower() != "pixel":
        raise ValueError(f"coordinates in {unit[:20]!r} where pixel is wanted")
    name = (node.findtext("possibleresult/name") or "").strip()
    if not name:
        raise ValueError("no possibleresult/name")
    values: list[float] = []
    for point in node.iterfind("points/point"):
        fields = (point.text or "").split(",")
        if len(fields) != 2:
            raise ValueError(f"{(point.text or '').strip()[:40]!r} where x,y is wanted")
        values += [number(field) for field in fields]
    if len(values) > 2 and values[:2] == values[-2:]:
        values = values[:-2]
    if len(values) != 8:
        raise ValueError(f"{len(values) // 2} corners where 4 are wanted")
    poly = tuple(values)
    return Shape(name, hull(poly), poly, False, count)
