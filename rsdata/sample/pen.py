"""The pen that draws one thing in its own frame: u from -0.5 (tail) to 0.5 (nose), v from left to right."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from PIL import ImageDraw

from rsdata.sample.world import Colour, Outline, Point, Thing, arc, shape

GLASS: Colour = (44, 52, 62)
WHITE: Colour = (228, 228, 222)


class Pen:
    """Draws one thing on a canvas that is `scale` times as large as the scene."""

    def __init__(self, canvas: ImageDraw.ImageDraw, thing: Thing, scale: int) -> None:
        self.canvas, self.thing, self.scale = canvas, thing, scale
        self.aspect = thing.length / thing.width
        self.pixels = min(thing.length, thing.width)
        self.dice = zlib.crc32(f"{thing.x:.3f},{thing.y:.3f}".encode())

    def to(self, u: float, v: float) -> Point:
        """From the frame of the thing to the canvas."""
        x, y = self.thing.at(u, v)
        return x * self.scale - 0.5, y * self.scale - 0.5

    def poly(self, points: Sequence[Point], tint: Colour) -> None:
        """A filled polygon."""
        self.canvas.polygon([self.to(u, v) for u, v in points], fill=tint)

    def shape(self) -> Outline:
        """The outline of the thing in its frame."""
        return shape(self.thing.look, self.thing.length, self.thing.width)

    def body(self, light: float = 1.0) -> None:
        """The whole outline in the colour of the thing."""
        points = [(x * self.scale - 0.5, y * self.scale - 0.5) for x, y in self.thing.outline]
        self.canvas.polygon(points, fill=shade(self.thing.tint, light))

    def rect(self, u0: float, v0: float, u1: float, v1: float, tint: Colour) -> None:
        """A filled rectangle of the frame."""
        self.poly(((u0, v0), (u1, v0), (u1, v1), (u0, v1)), tint)

    def line(self, points: Sequence[Point], width: float, tint: Colour) -> None:
        """A line of `width` scene pixels, never thinner than one pixel of the canvas."""
        spots = [self.to(u, v) for u, v in points]
        self.canvas.line(spots, fill=tint, width=max(1, round(width * self.scale)))

    def ring(
        self, u: float, v: float, r: float, width: float, tint: Colour, start: float = 0, end: float = 360
    ) -> None:
        """A circle line around (u, v), the radius in lengths of the thing."""
        points = arc(u, v, r, r * self.aspect, start, end, 40)
        self.line((*points, points[0]) if end - start >= 360 else points, width, tint)

    def disc(self, u: float, v: float, r: float, tint: Colour) -> None:
        """A filled circle around (u, v), the radius in lengths of the thing."""
        self.poly(arc(u, v, r, r * self.aspect, 0, 360, 28), tint)


def shade(tint: Colour, light: float) -> Colour:
    """A lighter or darker colour."""
    red, green, blue = (max(0, min(255, round(c * light))) for c in tint)
    return red, green, blue
