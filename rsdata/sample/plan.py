"""A drawing board: places are laid out in straight metres and come out turned, in pixels, without collisions."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from rsdata.sample.world import Colour, Mark, Outline, Patch, Point, Scene, Thing, arc

UP, DOWN = -math.pi / 2, math.pi / 2
WHITE: Colour = (226, 226, 220)
YELLOW: Colour = (214, 178, 62)
ASPHALT: Colour = (98, 99, 101)
CONCRETE: Colour = (164, 162, 155)
GRASS: Colour = (104, 124, 72)
WATER: Colour = (44, 84, 104)
CARS: tuple[Colour, ...] = (
    (232, 232, 230), (232, 232, 230), (188, 190, 194), (140, 144, 150), (70, 73, 78), (56, 58, 62), (150, 36, 34),
    (48, 74, 124), (84, 92, 96), (206, 200, 186),
)  # fmt: skip
TINTS: dict[str, tuple[Colour, ...]] = {
    "van": ((232, 232, 230), (206, 208, 210), (176, 180, 184), (214, 196, 150), (88, 112, 150)),
    "bus": ((196, 60, 44), (222, 188, 62), (60, 104, 160)),
}
ROOFS: tuple[Colour, ...] = (
    (150, 84, 66), (164, 98, 76), (132, 74, 60), (120, 114, 110), (142, 134, 126), (104, 100, 102), (172, 120, 92),
)  # fmt: skip


class Plan:
    """Collects the parts of one scene. Lengths are metres, from the centre of the scene; `turn` rotates all of it."""

    def __init__(self, scene: Scene, rng: random.Random, turn: float = 0.0) -> None:
        self.scene, self.rng, self.turn = scene, rng, turn
        self.half_x, self.half_y = scene.width * scene.gsd / 2, scene.height * scene.gsd / 2
        self.reach = math.hypot(self.half_x, self.half_y)  # this far from the centre, every corner is covered
        self._taken: list[Thing] = []

    def px(self, x: float, y: float) -> Point:
        """From metres to pixels of the scene."""
        cos, sin, gsd = math.cos(self.turn), math.sin(self.turn), self.scene.gsd
        return (
            self.scene.width / 2 + (x * cos - y * sin) / gsd,
            self.scene.height / 2 + (x * sin + y * cos) / gsd,
        )

    def ground(self, look: str, points: Sequence[Point], tint: Colour, cover: str = "", angle: float = 0.0) -> None:
        """Lay a piece of ground."""
        outline = tuple(self.px(x, y) for x, y in points)
        self.scene.patches.append(Patch(look, outline, tint, cover, angle + self.turn))

    def base(self, look: str, tint: Colour, cover: str = "") -> None:
        """Cover the whole scene."""
        r = self.reach + 4
        self.ground(look, rect(0, 0, 2 * r, 2 * r), tint, cover)

    def mark(self, points: Sequence[Point], tint: Colour = WHITE) -> None:
        """Paint an outline on the ground."""
        self.scene.marks.append(Mark(tuple(self.px(x, y) for x, y in points), tint))

    def line(
        self, a: Point, b: Point, width: float = 0.2, tint: Colour = WHITE, dash: float = 0, gap: float = 0
    ) -> None:
        """Paint a straight line, dashed where `dash` is given."""
        length, angle = math.dist(a, b), math.atan2(b[1] - a[1], b[0] - a[0])
        step, part = (dash + gap, dash) if dash else (length, length)
        for i in range(max(1, int(length / step))):
            middle = i * step + part / 2
            x, y = a[0] + middle * math.cos(angle), a[1] + middle * math.sin(angle)
            self.mark(rect(x, y, part, width, angle), tint)

    def road(self, points: Sequence[Point], width: float, tint: Colour = ASPHALT, lane: Colour = WHITE) -> None:
        """A paved road with edge and centre lines along straight pieces."""
        self.ground("gravel", ribbon(points, width + 2.4), (136, 130, 114))
        self.ground("asphalt", ribbon(points, width), tint, "road")
        for a, b in pairwise(points):
            self.line(a, b, 0.22, lane, dash=4, gap=5)

    def thing(
        self, label: str, look: str, x: float, y: float, angle: float, length: float, width: float,
        tint: Colour = WHITE, height: float = 0.0, cover: str = "", free: bool = True, room: float = 0.0,
    ) -> bool:  # fmt: skip
        """Stand a thing on the ground. Refuses (returns False) what would touch another, or, when it has a label, the
        rim of the scene; `free=False` skips the first test and `room` keeps that many metres around it clear."""
        px, py = self.px(x, y)
        gsd = self.scene.gsd
        made = Thing(
            label, look, px, py, angle + self.turn, length / gsd, width / gsd, tint, height / gsd, cover,
        )  # fmt: skip
        if not self._inside(made) or (free and any(touch(made, other, room / gsd) for other in self._taken)):
            return False
        if free:
            self._taken.append(made)
        self.scene.things.append(made)
        return True

    def keep_clear(self, x: float, y: float, length: float, width: float, angle: float = 0.0) -> None:
        """Let no later thing stand here."""
        px, py = self.px(x, y)
        gsd = self.scene.gsd
        self._taken.append(Thing("", "", px, py, angle + self.turn, length / gsd, width / gsd, WHITE))

    def _inside(self, thing: Thing) -> bool:
        xs, ys = zip(*thing.poly, strict=True)
        width, height = self.scene.width, self.scene.height
        if thing.label:
            return bool(min(xs) >= 1 and min(ys) >= 1 and max(xs) <= width - 1 and max(ys) <= height - 1)
        return bool(max(xs) > 0 and max(ys) > 0 and min(xs) < width and min(ys) < height)

    # What many places have.

    def car(self, x: float, y: float, angle: float, label: str = "car") -> bool:
        """A car, van, truck or bus of about its real size."""
        rng = self.rng
        length, width, height = VEHICLES[label]
        length *= rng.uniform(0.94, 1.06)
        tint = rng.choice(TINTS.get(label, CARS))
        return self.thing(label, label, x, y, angle + rng.gauss(0, 0.015), length, width, tint, height, room=0.3)

    def traffic(self, points: Sequence[Point], width: float, spacing: float, heavy: float = 0.12) -> None:
        """Vehicles on both lanes of a road, driving on the right."""
        for a, b in pairwise(points):
            angle = math.atan2(b[1] - a[1], b[0] - a[0])
            for side, heading in ((1, angle), (-1, angle + math.pi)):
                along = self.rng.uniform(3, spacing)
                while along < math.dist(a, b) - 3:
                    off = side * width / 4
                    x = a[0] + along * math.cos(angle) - off * math.sin(angle)
                    y = a[1] + along * math.sin(angle) + off * math.cos(angle)
                    dice = self.rng.random()
                    label = "truck" if dice < heavy else "bus" if dice < heavy * 1.3 else "van" if dice < 0.3 else "car"
                    self.car(x, y, heading, label)
                    along += self.rng.uniform(0.5, 1.6) * spacing

    def parking(self, x: float, y: float, length: float, rows: int, full: float, angle: float = 0.0) -> None:
        """A car park: pairs of rows of stalls with a lane between, `length` metres along `angle`."""
        cos, sin = math.cos(angle), math.sin(angle)
        deep, lane, stall = 5.2, 6.4, 2.7
        height = rows * deep + (rows + 1) // 2 * lane + 1
        self.ground("asphalt", rect(x, y, length + 4, height + 2, angle), (104, 104, 106))
        top = -height / 2 + 0.5
        for row in range(rows):
            across = top + deep / 2
            heading = math.pi / 2 if row % 2 == 0 else -math.pi / 2
            count = int(length / stall)
            for i in range(count + 1):
                along = -length / 2 + i * stall
                ends = [(along, across - deep / 2), (along, across + deep / 2)]
                a, b = ((x + u * cos - v * sin, y + u * sin + v * cos) for u, v in ends)
                self.line(a, b, 0.14)
                if i < count and self.rng.random() < full:
                    u, v = along + stall / 2, across + self.rng.uniform(-0.3, 0.3)
                    flip = math.pi if self.rng.random() < 0.3 else 0
                    label = "van" if self.rng.random() < 0.12 else "car"
                    self.car(x + u * cos - v * sin, y + u * sin + v * cos, angle + heading + flip, label)
            top += deep + (lane if row % 2 == 0 else 0)

    def trees(self, count: int, area: tuple[float, float, float, float], low: float = 3, high: float = 8) -> None:
        """Single trees with crowns of `low` to `high` metres, anywhere free in x0, y0, x1, y1."""
        for _ in range(count):
            x, y = self.rng.uniform(area[0], area[2]), self.rng.uniform(area[1], area[3])
            self.tree(x, y, self.rng.uniform(low, high))

    def tree(self, x: float, y: float, crown: float) -> bool:
        """One tree."""
        g = self.rng.uniform(0.8, 1.15)
        tint = (int(62 * g), int(86 * g), int(48 * g))
        return self.thing("", "tree", x, y, self.rng.uniform(0, 6.28), crown, crown, tint, crown * 0.8)

    def house(self, x: float, y: float, angle: float, length: float, width: float) -> bool:
        """A house with a ridged roof."""
        tint = self.rng.choice(ROOFS)
        return self.thing("", "house", x, y, angle, length, width, tint, 6, "building", room=1)

    def hall(self, x: float, y: float, length: float, width: float, angle: float = 0.0, look: str = "roof",
             tint: Colour | None = None, height: float = 9) -> bool:  # fmt: skip
        """A large building with a flat roof (`roof`) or a barrel roof (`hangar`)."""
        tint = tint or self.rng.choice([(176, 174, 170), (150, 152, 156), (192, 188, 178), (128, 136, 146)])
        return self.thing("", look, x, y, angle, length, width, tint, height, "building")


VEHICLES = {
    "car": (4.5, 1.85, 1.5),
    "van": (5.3, 2.0, 2.2),
    "truck": (10.5, 2.5, 3.4),
    "bus": (12.0, 2.55, 3.2),
}


def rect(x: float, y: float, length: float, width: float, angle: float = 0.0) -> Outline:
    """A rectangle around (x, y), `length` along `angle`."""
    cos, sin = math.cos(angle), math.sin(angle)
    corners = ((0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5))
    return tuple((x + u * length * cos - v * width * sin, y + u * length * sin + v * width * cos) for u, v in corners)


def disc(x: float, y: float, radius: float) -> Outline:
    """A circle as a polygon."""
    return arc(x, y, radius, radius, 0, 360, 48)


def ribbon(points: Sequence[Point], width: float) -> Outline:
    """A band of constant width along a line of points."""
    left, right = [], []
    for i, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        angle = math.atan2(y1 - y0, x1 - x0)
        dx, dy = -math.sin(angle) * width / 2, math.cos(angle) * width / 2
        left.append((x + dx, y + dy))
        right.append((x - dx, y - dy))
    return (*left, *reversed(right))


def wave(a: Point, b: Point, bend: float, turns: float, phase: float, steps: int = 60) -> list[Point]:
    """A winding line from a to b that swings `bend` metres to each side, for rivers and shores."""
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    out = []
    for i in range(steps + 1):
        t = i / steps
        off = bend * (math.sin(6.283 * turns * t + phase) + 0.35 * math.sin(6.283 * turns * 2.7 * t + 2 * phase))
        x, y = a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
        out.append((x - off * math.sin(angle), y + off * math.cos(angle)))
    return out


def touch(a: Thing, b: Thing, room: float = 0.0) -> bool:
    """Do two oriented boxes come closer than `room` pixels? (Separating axes; no false no.)"""
    dx, dy = b.x - a.x, b.y - a.y
    if math.hypot(dx, dy) > (math.hypot(a.length, a.width) + math.hypot(b.length, b.width)) / 2 + room:
        return False
    for angle in (a.angle, a.angle + math.pi / 2, b.angle, b.angle + math.pi / 2):
        cos, sin = math.cos(angle), math.sin(angle)
        apart = abs(dx * cos + dy * sin) - room
        for thing in (a, b):
            along, across = abs(math.cos(thing.angle - angle)), abs(math.sin(thing.angle - angle))
            apart -= (thing.length * along + thing.width * across) / 2
        if apart > 0:
            return False
    return True
