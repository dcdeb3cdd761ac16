"""From what a parser found in one annotation file to one Record and its counted drops.

Every object a parser meets ends in one of three places: in the record, in an object drop with a reason, or (when the
image itself is refused) in the object count of the image's drop. Reasons: `unknown-class` (no concept is known for the
class), `refused-class` (known, and left out on purpose), `degenerate-box` (less than one pixel wide or high inside the
image), `outside-image`, `bad-annotation` (a line that cannot be understood), and those a format adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from rsdata import pixels, words
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.geometry import clip_polygon, polygon_area
from rsdata.readers._info import Info
from rsdata.record import Box, Drop, Item, Obj, Record, dropped_objects

STAGE = "read"
FARTHEST = 1e7  # pixels; a coordinate beyond this is damage, and float32 would no longer hold it exactly

PLACES: ContextVar[dict[str, list[str]] | None] = ContextVar("places", default=None)  # see `readers.read_noting`

Lookup = Callable[[str], str | None]  # class name -> concept; None: refused on purpose; KeyError: unknown


class Shape(NamedTuple):
    """One annotated object, not yet clipped. `box` is 0-based and half open, in pixels.

    `number` says where it was found (line, or ordinal in the file). `area` below zero: to be computed.
    """

    name: str
    box: Box
    poly: tuple[float, ...] = ()
    difficult: bool = False
    number: int = 0
    area: float = -1.0


class Page(NamedTuple):
    """One parsed annotation file. `refused` holds (reason, detail) of objects that the parser itself refused;
    width and height are 0 where the annotation does not say."""

    shapes: list[Shape]
    refused: list[tuple[str, str]]
    width: int = 0
    height: int = 0
    gsd: float | None = None
    extra: Mapping[str, str] = {}


def number(text: str | None) -> float:
    """A finite number of a sensible size. Raises ValueError with the problem in words."""
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not -FARTHEST <= value <= FARTHEST or "_" in (text or ""):
        shown = "nothing" if text is None or not text.strip() else repr(text[:40])
        raise ValueError(f"{shown} where a coordinate is wanted")
    return value


def place(
    shapes: Iterable[Shape], width: int, height: int, lookup: Lookup, where: Callable[[Shape], str]
) -> tuple[list[Obj], list[tuple[str, str]]]:
    """Clip shapes to an image of width x height pixels and name their concepts; what is refused comes with a reason.

    The box is the clipped hull; the polygon keeps its corners as annotated, and its area is that of the part inside.
    """
    objects: list[Obj] = []
    refused: list[tuple[str, str]] = []
    right, bottom = float(width), float(height)
    for shape in shapes:
        name, box, poly, difficult, _, area = shape
        try:
            label = lookup(name)
        except KeyError:
            refused.append(("unknown-class", f"{where(shape)}: no concept for class {name[:60]!r}"))
            continue
        if label is None:
            refused.append(("refused-class", f"{where(shape)}: class {name[:60]!r}"))
            continue
        x0, y0, x1, y1 = box
        inside = x0 >= 0.0 and y0 >= 0.0 and x1 <= right and y1 <= bottom
        if not inside:
            x0, y0, x1, y1 = box = (max(x0, 0.0), max(y0, 0.0), min(x1, right), min(y1, bottom))
        if x1 - x0 < 1.0 or y1 - y0 < 1.0:
            refused.append((_reason(shape.box, width, height), f"{where(shape)}: {_text(shape, width, height)}"))
            continue
        if area < 0.0:
            area = _area(box, poly, inside)
        if area == 0.0 and not inside and polygon_area(poly) > 0.0:
            refused.append(("outside-image", f"{where(shape)}: {_text(shape, width, height)}"))
            continue
        objects.append(Obj(label, box, poly, area, difficult))
    return objects, refused


def _area(box: Box, poly: Sequence[float], inside: bool) -> float:
    if not poly:
        return (box[2] - box[0]) * (box[3] - box[1])
    return polygon_area(poly if inside else clip_polygon(poly, box))


def _reason(box: Box, width: int, height: int) -> str:
    x0, y0, x1, y1 = box
    apart = x0 >= width or y0 >= height or x1 <= 0.0 or y1 <= 0.0
    return "outside-image" if apart and x1 - x0 >= 1.0 and y1 - y0 >= 1.0 else "degenerate-box"


def _text(shape: Shape, width: int, height: int) -> str:
    corners = ", ".join(f"{value:g}" for value in shape.box)
    return f"{shape.name[:60]} at ({corners}) in an image of {width} x {height}"


def finish(
    item: Item,
    info: Info,
    page: Page,
    lookup: Lookup,
    where: Callable[[Shape], str] | None = None,
    *,
    size: tuple[int, int] | None = None,
    same_size: bool = False,
) -> Iterator[Record | Drop]:
    """Yield the record of one parsed file and the drops of its refused objects, or one drop for the whole image.

    The size, unless given, comes from the image header when the item has an image, else from the annotation. With
    `same_size` an image of another size than the annotation says is refused (size-mismatch).
    """
    try:
        width, height = size or _size(item, page, same_size)
    except BadImage as error:
        yield refuse_image(item, error, len(page.shapes) + len(page.refused))
        return
    place_of = where or (lambda shape: f"{item.label}:{shape.number}")
    objects, refused = place(page.shapes, width, height, lookup, place_of)
    if (noted := PLACES.get()) is not None:
        noted[item.id] = [place_of(s) for s in page.shapes if place([s], width, height, lookup, place_of)[0]]
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        split=item.split,
        path=item.image,
        width=width,
        height=height,
        gsd=page.gsd or info.gsd,
        platform=info.platform,
        objects=objects,
        licence=info.licence,
        extra=dict(page.extra),
    )
    if page.refused or refused:
        yield from dropped_objects(item.id, STAGE, page.refused + refused)


def _size(item: Item, page: Page, same: bool) -> tuple[int, int]:
    if item.image is not None:
        width, height = pixels.size(item.root / item.image)
        if same and page.width and page.height and (width, height) != (page.width, page.height):
            problem = f"{width} x {height} pixels, annotated as {page.width} x {page.height}: the boxes would be wrong"
            raise BadImage(item.image, "size-mismatch", problem)
        return width, height
    if page.width < 1 or page.height < 1:
        problem = f"the annotation says {page.width} x {page.height} pixels; read it with its image"
        raise BadImage(item.label or item.id, "no-size", problem)
    return page.width, page.height


def refuse_image(item: Item, error: BadImage, objects: int) -> Drop:
    """The drop of an image that cannot be used, with all objects annotated in it."""
    return Drop(item.id, STAGE, error.reason, f"{item.image or item.label}: {error.problem}", 1, objects)


def refuse_file(item: Item, error: BadAnnotation) -> Drop:
    """The drop of an image whose annotation file cannot be parsed at all."""
    return Drop(item.id, STAGE, "bad-annotation", str(error))


def no_annotation(item: Item) -> Drop:
    """The drop of an image without annotation file: unlabelled, and so never a negative."""
    return Drop(item.id, STAGE, "missing-annotation", f"{item.image}: no annotation file of this name")


def resolver(classes: Mapping[str, str | None]) -> Lookup:
    """A lookup for formats with any classes: the user's own map first, then the concepts.

    Classes that name nothing (`other`, `background`: `words.ignored`) are refused on purpose.
    """

    def lookup(name: str) -> str | None:
        if name in classes:
            return classes[name]
        concept = words.resolve(name)
        if concept is None and not words.ignored(name):
            raise KeyError(name)
        return concept

    return lookup


def checked_classes(classes: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """The option `classes` (class in the source -> concept, or null to leave it out). Raises BadSource."""
    known = words.concepts()
    for name, concept in (classes or {}).items():
        if concept is not None and concept not in known:
            raise BadSource(f"classes: {name!r} is mapped to {concept!r}, which is no concept of words/concepts.toml")
    return dict(classes or {})
