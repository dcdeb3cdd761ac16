"""Drawing one record: its picture with boxes and mask.

The picture is scaled to at most 1600 pixels on its long side and, where it is small, by a whole factor to at least
600. Objects with corners (`poly`) are drawn by their outline with the upright box as a thin line; boxes found in a mask
(origin m2b) are dashed; difficult objects carry a star.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from rsdata.pixels import U8, Pixels
from rsdata.record import Obj, Record
from rsdata.report import colours, fonts
from rsdata.report.colours import Colour

LONGEST, SMALLEST = 1600, 600  # pixels: long side of a picture, and of a small one
GROUND: Colour = (128, 128, 128)
DARK: Colour = (0, 0, 0)
MASK_SHARE = 0.36
Point = tuple[float, float]


def scale_of(width: int, height: int) -> float:
    """Display pixels per image pixel."""
    longest = max(width, height)
    if longest > LONGEST:
        return LONGEST / longest
    return float(-(-SMALLEST // longest)) if longest < SMALLEST else 1.0


def picture(record: Record, pixels: U8 | None, mask: Pixels | None) -> Image.Image:
    """The scaled picture of a record with its mask and objects; a plain grey ground where there are no pixels."""
    scale = scale_of(record.width, record.height)
    size = max(1, round(record.width * scale)), max(1, round(record.height * scale))
    if pixels is None:
        image = Image.new("RGB", size, GROUND)
    else:
        smooth = Image.Resampling.NEAREST if scale >= 4 else Image.Resampling.BICUBIC
        image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS if scale < 1 else smooth)
    if mask is not None:
        image = _with_mask(image, mask, used(record))
    draw_objects(image, record.objects, scale)
    return image


def values_of(mask: Pixels) -> npt.NDArray[np.int64]:
    """A mask's values `[row, column]`: class indices, or 0xRRGGBB for a mask of colours."""
    if mask.ndim == 2:
        return mask.astype(np.int64)
    red, green, blue = (mask[:, :, band].astype(np.int64) for band in range(3))
    return (red << 16) | (green << 8) | blue


def used(record: Record) -> frozenset[Colour]:
    """The colours of a record's objects, which its mask leaves alone."""
    return frozenset(colours.of_label(o.label) for o in record.objects)


def _with_mask(image: Image.Image, mask: Pixels, used: frozenset[Colour]) -> Image.Image:
    """The mask laid over the picture, one colour for each value; value 0 stays clear."""
    values, index = np.unique(values_of(mask), return_inverse=True)
    table = np.array([(0, 0, 0) if v == 0 else colours.of_value(int(v), used) for v in values], np.uint8)
    index = index.reshape(mask.shape[:2])
    cover = Image.fromarray(np.where(values == 0, 0, round(255 * MASK_SHARE)).astype(np.uint8)[index])
    painted = Image.fromarray(table[index]).resize(image.size, Image.Resampling.NEAREST)
    return Image.composite(painted, image, cover.resize(image.size, Image.Resampling.NEAREST))


def draw_objects(image: Image.Image, objects: Sequence[Obj], scale: float) -> None:
    """Draw the outlines and, where they fit, the names of objects onto a picture; first all dark edges, then lines."""
    pen = ImageDraw.Draw(image, "RGBA")
    sides = sorted(min(o.box[2] - o.box[0], o.box[3] - o.box[1]) * scale for o in objects)
    width = (1 if sides and sides[len(sides) // 2] < 24 else 2) + (max(image.size) >= 1300)
    for obj in objects:
        if _slanted(obj):
            pen.rectangle(_upright(obj, scale), outline=(*colours.of_label(obj.label), 70))
        _draw_outline(pen, obj, scale, (0, 0, 0, 190), width, edge=1)
    for obj in objects:
        _draw_outline(pen, obj, scale, colours.of_label(obj.label), width)
    _draw_names(image, objects, scale)


def _upright(obj: Obj, scale: float) -> tuple[int, int, int, int]:
    """First and last display pixel of a box, both ways: a half-open box ends one before its right and lower side."""
    x0, y0, x1, y1 = (round(value * scale) for value in obj.box)
    return x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)


def _draw_outline(
    pen: ImageDraw.ImageDraw, obj: Obj, scale: float, colour: tuple[int, ...], width: int, edge: int = 0
) -> None:
    """The line around an object, inside its box; with `edge`, a whole one that is wider on both sides."""
    dashed = obj.origin == "m2b" and not edge
    if len(obj.poly) >= 6:
        points = [(x * scale, y * scale) for x, y in zip(obj.poly[0::2], obj.poly[1::2], strict=True)]
        for line in _dashes([*points, points[0]]) if dashed else [[*points, *points[:2]]]:
            pen.line(line, fill=colour, width=width + 2 * edge, joint="curve")
        return
    x0, y0, x1, y1 = _upright(obj, scale)
    if not dashed:  # Pillow puts lines of even width to one side or the other; rectangles are exact
        pen.rectangle((x0 - edge, y0 - edge, x1 + edge, y1 + edge), outline=colour, width=width + 2 * edge)
        return
    inside = min(width - 1, x1 - x0, y1 - y0)
    for (ax, ay), (bx, by) in _dashes([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]):
        left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        if ay == by:
            top, bottom = (top, top + inside) if top == y0 else (bottom - inside, bottom)
        else:
            left, right = (left, left + inside) if left == x0 else (right - inside, right)
        pen.rectangle((left, top, right, bottom), fill=colour)


def _slanted(obj: Obj) -> bool:
    """Whether the outline fills clearly less than the upright box, so that the box is worth a line of its own."""
    xs, ys = np.array(obj.poly[0::2]), np.array(obj.poly[1::2])
    area = abs(float(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1)))) / 2
    return len(xs) > 2 and area < 0.9 * (obj.box[2] - obj.box[0]) * (obj.box[3] - obj.box[1])


def _dashes(ring: Sequence[Point], on: float = 7, off: float = 5) -> Iterator[list[Point]]:
    """The dashes along a closed line; each edge starts with a dash, so corners show."""
    for (ax, ay), (bx, by) in pairwise(ring):
        length = hypot(bx - ax, by - ay)
        start = 0.0
        while start < length:
            stop = min(start + on, length)
            p, q = start / length, stop / length
            yield [(ax + (bx - ax) * p, ay + (by - ay) * p), (ax + (bx - ax) * q, ay + (by - ay) * q)]
            start += on + off


def _draw_names(image: Image.Image, objects: Sequence[Obj], scale: float) -> None:
    """Names in small boxes at the upper left corner, large objects first, none over another name.

    An object goes without where it is much narrower than its name or where the name would lie on other objects,
    except that one of each class is named.
    """
    pen = ImageDraw.Draw(image)
    taken = np.zeros((image.height, image.width), bool)
    covered = _covered(image, objects, scale)
    named: set[str] = set()
    size = 15 if max(image.size) >= 1300 else 13
    for obj in sorted(objects, key=lambda o: (o.box[0] - o.box[2]) * (o.box[3] - o.box[1])):
        text = nice(obj.label) + ("*" if obj.difficult else "")
        font = fonts.for_text(text, size)
        if font is None:
            continue
        wide, high = int(font.getlength(text)) + 6, size + 4
        x = int(min(max(0, obj.box[0] * scale), max(0, image.width - wide)))
        y = int(obj.box[1] * scale) - high
        above = y >= 0
        y = y if above else min(int(obj.box[1] * scale), max(0, image.height - high))
        place = slice(y, y + high), slice(x, x + wide)
        narrow = (obj.box[2] - obj.box[0]) * scale < 0.8 * wide
        crowded = narrow or (covered[place] > (0 if above else 1)).mean() > 0.1
        if taken[place].any() or (crowded and obj.label in named):
            continue
        taken[place] = True
        named.add(obj.label)
        pen.rectangle((x, y, x + wide - 1, y + high - 1), fill=colours.of_label(obj.label), outline=DARK)
        pen.text((x + 3, y + high / 2), text, fill=DARK, font=font, anchor="lm")


def _covered(image: Image.Image, objects: Sequence[Obj], scale: float) -> npt.NDArray[np.uint16]:
    """How many boxes lie on each display pixel."""
    found = np.zeros((image.height, image.width), np.uint16)
    for obj in objects:
        x0, y0, x1, y1 = (max(0, round(v * scale)) for v in obj.box)
        found[y0:y1, x0:x1] += 1
    return found


def nice(label: str) -> str:
    """A concept as words."""
    return label.replace("_", " ")
