"""The drawn world: a scene is geometry first, and pixels, boxes, masks and captions all come from that one truth.

A `Patch` is ground (grass, water, a field, a road), a `Mark` is paint on the ground, a `Thing` stands on it: a plane,
a ship, a house, a tree. Coordinates are pixels of the scene, 0-based, y downwards; angles are radians, clockwise on
screen, 0 = heading right. A thing that carries a label of `annotated` lies wholly inside the scene.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rsdata.record import Box

Point = tuple[float, float]
Outline = tuple[Point, ...]
Colour = tuple[int, int, int]

COVERS = ("", "building", "road", "water", "bare_land", "forest", "farmland")


@dataclass(frozen=True)
class Patch:
    """A piece of ground. `look` says how it is painted, `cover` is a land cover concept or empty (background)."""

    look: str
    outline: Outline
    tint: Colour
    cover: str = ""
    angle: float = 0.0


@dataclass(frozen=True)
class Mark:
    """Paint on the ground: a filled outline (a line has one too)."""

    outline: Outline
    tint: Colour


@dataclass(frozen=True)
class Thing:
    """Something with a height. `label` is a concept, or empty for what nobody annotates (a tree, a kiosk).

    `x`, `y` is the centre, `length` lies along `angle`, `width` across it; `height` only sets the shadow.
    """

    label: str
    look: str
    x: float
    y: float
    angle: float
    length: float
    width: float
    tint: Colour
    height: float = 0.0
    cover: str = ""

    @property
    def poly(self) -> Outline:
        """The oriented box: head left, head right, tail right, tail left, which is clockwise on screen."""
        corners = ((0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5))
        return tuple(self.at(u, v) for u, v in corners)

    @property
    def outline(self) -> Outline:
        """The visible shape, inside `poly` and touching its sides."""
        return tuple(self.at(u, v) for u, v in shape(self.look, self.length, self.width))

    @property
    def box(self) -> Box:
        """The upright box around the visible shape, half open, not rounded."""
        xs, ys = zip(*self.outline, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def at(self, u: float, v: float) -> Point:
        """From the thing's own frame (u forward, v to the right, both -0.5 to 0.5) to the scene."""
        along, across = u * self.length, v * self.width
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return self.x + along * cos - across * sin, self.y + along * sin + across * cos


@dataclass
class Scene:
    """One drawn image: `kind` is a scene concept (airport, port, farmland ...), `gsd` metres per pixel."""

    name: str
    kind: str
    width: int
    height: int
    gsd: float
    urban: bool
    patches: list[Patch] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    def annotated(self, labels: Collection[str]) -> list[Thing]:
        """The things that a data set with these classes would annotate, in drawing order."""
        return [thing for thing in self.things if thing.label in labels]


def shape(look: str, length: float, width: float) -> Outline:
    """The outline of a look in its own frame, u and v from -0.5 to 0.5."""
    if look in HALVES:
        right = HALVES[look]
        return right + tuple((u, -v) for u, v in reversed(right) if v > 0)
    if look in ("tank", "tree", "roundabout"):
        return arc(0, 0, 0.5, 0.5, 0, 360, 40)
    if look == "track":
        r = width / length / 2
        return arc(0.5 - r, 0, r, 0.5, -90, 90, 20) + arc(r - 0.5, 0, r, 0.5, 90, 270, 20)
    if look == "diamond":
        return ((-0.5, 0.0), *arc(-0.5, 0, 1, math.sqrt(0.5), -45, 45, 16))
    if look == "helicopter":
        r = 0.36
        return (
            *arc(0.5 - r, 0, r, 0.5, -165, 165, 22),
            (-0.42, 0.04),
            (-0.42, 0.18),
            (-0.5, 0.18),
            (-0.5, -0.18),
            (-0.42, -0.18),
            (-0.42, -0.04),
        )
    return ((0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5))


def arc(u: float, v: float, ru: float, rv: float, start: float, end: float, steps: int) -> Outline:
    """Points on an ellipse around (u, v), from `start` to `end` degrees; a full turn does not repeat its first."""
    count = steps if end - start >= 360 else steps + 1
    angles = [math.radians(start + (end - start) * i / steps) for i in range(count)]
    return tuple((u + ru * math.cos(a), v + rv * math.sin(a)) for a in angles)


# The right half of symmetric shapes, from nose to tail.
HALVES: dict[str, Outline] = {
    "plane": (
        (0.5, 0.008), (0.485, 0.022), (0.45, 0.04), (0.40, 0.05), (0.17, 0.052), (-0.09, 0.475), (-0.13, 0.5),
        (-0.165, 0.5), (-0.15, 0.46), (-0.045, 0.20), (-0.06, 0.05), (-0.33, 0.038), (-0.45, 0.18), (-0.49, 0.185),
        (-0.465, 0.03), (-0.5, 0.012),
    ),
    "ship": (
        (0.5, 0.04), (0.47, 0.14), (0.42, 0.28), (0.35, 0.41), (0.27, 0.48), (0.2, 0.5), (-0.44, 0.5), (-0.485, 0.44),
        (-0.5, 0.36),
    ),
    "boat": (
        (0.5, 0.06), (0.42, 0.17), (0.3, 0.33), (0.12, 0.46), (-0.1, 0.5), (-0.44, 0.46), (-0.5, 0.4),
    ),
    "car": ((0.5, 0.3), (0.47, 0.44), (0.42, 0.5), (-0.44, 0.5), (-0.48, 0.45), (-0.5, 0.34)),
    "person": ((0.5, 0.0), (0.42, 0.3), (0.2, 0.5), (-0.2, 0.5), (-0.42, 0.3), (-0.5, 0.0)),
    "bicycle": ((0.5, 0.06), (0.25, 0.12), (0.15, 0.5), (-0.05, 0.5), (-0.15, 0.3), (-0.5, 0.08)),
}  # fmt: skip


def fill(outline: Sequence[Point], width: int, height: int) -> tuple[slice, slice, npt.NDArray[np.bool_]]:
    """Which pixels have their centre inside a polygon (even-odd): rows, columns and the mask of that part."""
    xs, ys = zip(*outline, strict=True)
    top, bottom = (min(max(math.floor(value), 0), height) for value in (min(ys), max(ys) + 1))
    left, right = (min(max(math.floor(value), 0), width) for value in (min(xs), max(xs) + 1))
    inside = np.zeros((bottom - top, right - left), bool)
    columns = np.arange(left, right) + 0.5
    for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if y0 == y1:
            continue
        first, last = (min(max(math.ceil(y - 0.5), top), bottom) for y in (min(y0, y1), max(y0, y1)))
        rows = np.arange(first, last) + 0.5
        crossing = x0 + (rows - y0) * ((x1 - x0) / (y1 - y0))
        inside[first - top : last - top] ^= columns[None, :] < crossing[:, None]
    return slice(top, bottom), slice(left, right), inside


def cover_map(scene: Scene) -> npt.NDArray[np.uint8]:
    """Land cover of every pixel, `[row, column]`, as an index into COVERS."""
    out = np.zeros((scene.height, scene.width), np.uint8)
    parts: list[Patch | Thing] = [*scene.patches, *(thing for thing in scene.things if thing.cover)]
    for part in parts:
        rows, columns, inside = fill(part.outline, scene.width, scene.height)
        out[rows, columns][inside] = COVERS.index(part.cover)
    return out


def instance_map(scene: Scene, things: Sequence[Thing]) -> npt.NDArray[np.int32]:
    """Which of `things` is seen at every pixel: its position + 1, 0 for none. Later things lie on earlier ones."""
    out = np.zeros((scene.height, scene.width), np.int32)
    for number, thing in enumerate(things, 1):
        rows, columns, inside = fill(thing.outline, scene.width, scene.height)
        out[rows, columns][inside] = number
    return out
