"""Pascal VOC XML, and DIOR's oriented form of it. A pure parser.

XML is read without expanding entities: a file that declares any is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from rsdata.errors import BadAnnotation
from rsdata.geometry import hull
from rsdata.readers import _vocplain
from rsdata.readers._objects import Page, Shape, number

CORNERS = tuple(
    f"{axis}_{corner}" for corner in ("left_top", "right_top", "right_bottom", "left_bottom") for axis in "xy"
)
FALSE = (None, "0", "")


def parse(data: bytes, shown: str, boxes: str = "bndbox") -> Page:
    """Parse one file; `shown` is its name in messages; `boxes` is "bndbox" or "robndbox".

        <object><name>ship</name><bndbox><xmin>1</xmin><ymin>5</ymin><xmax>20</xmax><ymax>9</ymax></bndbox></object>

    bndbox is 1-based and inclusive (VOC devkit): it becomes xmin-1, ymin-1, xmax, ymax. The corners of robndbox
    (DIOR-R: x_left_top, y_left_top, clockwise) are used as they are. Only <object> elements directly below
    <annotation> count, and only their own box, so that the boxes of VOC's <part> elements stay out. A Shape's number is
    the ordinal of its object; `lines` turns it into a line. Raises BadAnnotation when the file is no such XML.
    """
    page = _vocplain.parse(data) if boxes == "bndbox" else None
    return parse_tree(data, shown, boxes) if page is None else page


def parse_tree(data: bytes, shown: str, boxes: str) -> Page:
    """`parse` by ElementTree, for any XML."""
    shapes: list[Shape] = []
    broken: list[tuple[int, str]] = []
    width = height = count = 0
    read = _upright if boxes == "bndbox" else _oriented
    for node in root(data, shown):
        if node.tag == "object":
            count += 1
            try:
                shapes.append(read(node, count))
            except ValueError as error:
                broken.append((count, str(error)))
        elif node.tag == "size":
            width, height = _whole(node.findtext("width")), _whole(node.findtext("height"))
    at = lines(data) if broken else []
    return Page(shapes, [("bad-annotation", f"{shown}:{at[n - 1]}: {problem}") for n, problem in broken], width, height)


def root(data: bytes, shown: str, wanted: str = "annotation") -> ElementTree.Element:
    """The root element of XML that declares no entities. Raises BadAnnotation when it is none, or of another name."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadAnnotation(shown, 0, "the XML declares a DOCTYPE or an entity, which is never expanded; remove it")
    if b"\0" in data:
        raise BadAnnotation(shown, 0, "the XML is not UTF-8 (it has zero bytes)")
    try:
        found = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise BadAnnotation(shown, error.position[0], f"broken XML ({error})") from error
    except (ValueError, LookupError) as error:
        raise BadAnnotation(shown, 1, f"XML in an encoding that is not read ({error}); save it as UTF-8") from error
    if found.tag != wanted:
        raise BadAnnotation(shown, 1, f"the root element is <{found.tag[:40]}> where <{wanted}> is wanted")
    return found


def _upright(node: ElementTree.Element, count: int) -> Shape:
    box = node.find("bndbox")
    if box is None:
        hint = "; it has a <robndbox>: read it with oriented boxes" if node.find("robndbox") is not None else ""
        raise ValueError(f"an object without <bndbox>{hint}")
    x0, y0 = number(box.findtext("xmin")), number(box.findtext("ymin"))
    x1, y1 = number(box.findtext("xmax")), number(box.findtext("ymax"))
    return Shape(_name(node), (x0 - 1.0, y0 - 1.0, x1, y1), (), _difficult(node), count)


def _oriented(node: ElementTree.Element, count: int) -> Shape:
    box = node.find("robndbox")
    if box is None:
        hint = "; it has a <bndbox>: read it with horizontal boxes" if node.find("bndbox") is not None else ""
        raise ValueError(f"an object without <robndbox>{hint}")
    poly = tuple([number(box.findtext(corner)) for corner in CORNERS])
    return Shape(_name(node), hull(poly), poly, _difficult(node), count)


def _name(node: ElementTree.Element) -> str:
    name = (node.findtext("name") or "").strip()
    if not name:
        raise ValueError("an object without <name>")
    return name


def _difficult(node: ElementTree.Element) -> bool:
    text = node.findtext("difficult")
    if text in FALSE:
        return False
    text = (text or "").strip()
    if text not in ("0", "1", ""):
        raise ValueError(f"<difficult> is {text[:20]!r} where 0 or 1 is wanted")
    return text == "1"


def _whole(text: str | None) -> int:
    """A size in whole pixels; 0 where it is missing or no such number."""
    try:
        return int(number(text))
    except ValueError:
        return 0


def where(shown: str, data: bytes) -> Callable[[Shape], str]:
    """How messages name a shape's place: "00001.xml:14". Lines are looked up only when a message is needed."""
    return lambda shape: f"{shown}:{lines(data)[shape.number - 1]}"


def lines(data: bytes) -> list[int]:
    """The line of every <object> directly below the root, for messages. The data must be well-formed XML."""
    found: list[int] = []
    depth = 0
    parser = expat.ParserCreate()

    def start(tag: str, attributes: Any) -> None:
        nonlocal depth
        depth += 1
        if depth == 2 and tag == "object":
            found.append(parser.CurrentLineNumber)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return found
