"""How each thing looks from above, drawn in the frame of the thing. Lines are at least as wide as in life."""

from __future__ import annotations

import math
from collections.abc import Callable

from rsdata.sample.courts import COURTS
from rsdata.sample.pen import GLASS, WHITE, Pen, shade
from rsdata.sample.world import Colour, Outline, arc


def draw(pen: Pen, gsd: float) -> None:
    """Draw one thing; `gsd` is metres per pixel."""
    LOOKS[pen.thing.look](pen, gsd)


def _field(pen: Pen, gsd: float) -> None:
    """An area that is only a box for annotators (an airport)."""


def _plane(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    wing = shade(tint, 0.84)
    pen.body(0.84)
    pen.poly(((0.16, 0.0), (0.15, 0.06), (-0.1, 0.47), (-0.02, 0.12), (-0.04, 0.0)), shade(tint, 0.92))
    for v in (0.17, -0.17):
        pen.rect(0.02, v - 0.025, 0.12, v + 0.025, shade(tint, 0.66))
    body = ((0.5, 0), (0.47, 0.025), (0.4, 0.048), (-0.28, 0.048), (-0.5, 0.008))
    pen.poly((*body, *((u, -v) for u, v in reversed(body))), tint)
    pen.rect(0.38, -0.012, -0.34, 0.022, shade(tint, 1.08))
    pen.poly(((0.462, 0.022), (0.445, 0.034), (0.445, -0.034), (0.462, -0.022)), GLASS)
    tail: Colour = ((176, 44, 48), (36, 70, 140), (40, 112, 96), (214, 140, 40))[pen.dice % 4]
    pen.poly(((-0.36, 0.012), (-0.49, 0.014), (-0.49, -0.014), (-0.36, -0.012)), tail)
    pen.line(((-0.06, 0.2), (-0.14, 0.47)), 0.4, wing)


def _helicopter(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.rect(0.1, -0.035, -0.47, 0.035, tint)
    pen.rect(-0.43, -0.18, -0.48, 0.18, shade(tint, 0.8))
    pen.poly(arc(0.14, 0, 0.24, 0.17, 0, 360, 24), tint)
    pen.poly(arc(0.3, 0, 0.07, 0.1, 0, 360, 16), GLASS)
    for i in range(4):
        a = math.radians(35 + 90 * i)
        pen.line(((0.14, 0), (0.14 + 0.35 * math.cos(a), 0.49 * math.sin(a))), 0.35 / gsd, (36, 38, 40))
    pen.disc(0.14, 0, 0.035, (30, 30, 32))


def _ship(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body(0.8)
    deck = tuple((u * 0.97, v * 0.86) for u, v in pen.shape())
    pen.poly(deck, shade(tint, 1.15))
    count = max(3, int(pen.thing.length * gsd / 9))
    stacks = ((152, 62, 48), (54, 92, 140), (196, 150, 60), (88, 120, 88), (186, 186, 180), (120, 84, 66))
    for i in range(count):
        u0 = -0.26 + i * 0.62 / count
        for j in range(3):
            v0 = -0.36 + j * 0.24
            colour = stacks[(pen.dice // (7 * i + 3 * j + 1)) % len(stacks)]
            pen.rect(u0, v0, u0 + 0.52 / count, v0 + 0.22, colour)
    pen.rect(-0.44, -0.4, -0.31, 0.4, WHITE)
    pen.rect(-0.345, -0.46, -0.325, 0.46, GLASS)
    pen.disc(-0.39, 0, 0.016, (70, 60, 58))


def _boat(pen: Pen, gsd: float) -> None:
    pen.body(0.9)
    pen.poly(tuple((u * 0.86, v * 0.78) for u, v in pen.shape()), shade(pen.thing.tint, 1.04))
    pen.poly(((0.16, 0.2), (0.1, 0.3), (0.02, 0.32), (0.02, -0.32), (0.1, -0.3), (0.16, -0.2)), GLASS)
    pen.rect(-0.16, -0.3, -0.4, 0.3, (150, 116, 84))


def _car(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body()
    if pen.pixels < 5:
        pen.rect(0.18, -0.36, -0.34, 0.36, shade(GLASS, 1.3))
        pen.rect(0.08, -0.34, -0.24, 0.34, shade(tint, 0.96))
        return
    pen.poly(((0.2, 0.42), (0.2, -0.42), (0.08, -0.36), (0.08, 0.36)), GLASS)
    pen.poly(((-0.42, 0.4), (-0.42, -0.4), (-0.32, -0.36), (-0.32, 0.36)), GLASS)
    for v in (-0.42, 0.42):
        pen.line(((0.1, v), (-0.33, v)), 0.12 / gsd, GLASS)
    pen.rect(0.08, -0.36, -0.32, 0.36, shade(tint, 1.05))
    if pen.pixels > 14:
        pen.line(((0.46, -0.2), (0.22, -0.26)), 0.05 / gsd, shade(tint, 0.8))
        pen.line(((0.46, 0.2), (0.22, 0.26)), 0.05 / gsd, shade(tint, 0.8))
        for v in (-0.34, 0.34):
            pen.rect(0.49, v - 0.09, 0.465, v + 0.09, (250, 246, 220))
            pen.rect(-0.475, v - 0.09, -0.495, v + 0.09, (190, 40, 36))


def _van(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body()
    pen.poly(((0.34, 0.42), (0.34, -0.42), (0.24, -0.4), (0.24, 0.4)), GLASS)
    pen.rect(0.22, -0.42, -0.46, 0.42, shade(tint, 1.05))
    pen.line(((0.1, 0), (-0.4, 0)), 0.1, shade(tint, 0.9))


def _truck(pen: Pen, gsd: float) -> None:
    cab = ((184, 58, 48), (60, 92, 150), (226, 226, 222), (72, 108, 84))[pen.dice % 4]
    box = ((222, 222, 218), (176, 180, 184), (198, 160, 92), (118, 136, 156))[pen.dice // 8 % 4]
    pen.rect(0.5, -0.46, 0.29, 0.46, cab)
    pen.rect(0.46, -0.4, 0.41, 0.4, GLASS)
    pen.rect(0.29, -0.3, 0.25, 0.3, (40, 40, 42))
    pen.rect(0.25, -0.5, -0.5, 0.5, box)
    pen.rect(0.25, -0.5, -0.5, -0.36, shade(box, 1.08))
    pen.rect(0.25, 0.38, -0.5, 0.5, shade(box, 0.86))


def _bus(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body()
    pen.rect(0.485, -0.42, 0.45, 0.42, GLASS)
    pen.rect(0.44, -0.38, -0.47, 0.38, shade(tint, 1.12))
    for u in (0.2, -0.24):
        pen.rect(u + 0.06, -0.22, u - 0.06, 0.22, (206, 206, 202))


def _tank(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body(0.78)
    pen.poly(arc(0, 0, 0.47, 0.47, 0, 360, 40), tint)
    steps = 24
    for i in range(steps):
        a = 360 * i / steps
        lit = 1 - 0.09 * math.cos(math.radians(a + 7.5) + pen.thing.angle - math.radians(48))
        pen.poly(((0.0, 0.0), *arc(0, 0, 0.45, 0.45, a, a + 360 / steps, 2)), shade(tint, lit))
    pen.ring(0, 0, 0.24, 0.4, shade(tint, 0.86))
    pen.disc(0, 0, 0.04, shade(tint, 0.7))
    pen.line(((0, 0), (0.44, 0.05)), 0.5, shade(tint, 0.74))


def _tree(pen: Pen, gsd: float) -> None:
    tint, thing, dice = pen.thing.tint, pen.thing, pen.dice
    pen.body(0.8)
    for i in range(7):
        a, r = (dice >> (i * 3)) % 360 + i * 51, 0.30
        u, v = r * math.cos(a), r * math.sin(a)
        dx, dy = thing.at(u, v)
        lit = 1.0 - 0.22 * ((dx - thing.x) + (dy - thing.y)) / (0.42 * thing.length)
        pen.disc(u * 0.9, v * 0.9, 0.2, shade(tint, lit))
    x, y = thing.x - 0.13 * thing.length, thing.y - 0.13 * thing.length
    r = thing.length * 0.16
    box = [(x - r) * pen.scale, (y - r) * pen.scale, (x + r) * pen.scale, (y + r) * pen.scale]
    pen.canvas.ellipse(box, fill=shade(tint, 1.3))


def _house(pen: Pen, gsd: float) -> None:
    tint, thing = pen.thing.tint, pen.thing
    for side in (-0.5, 0.5):
        x, y = thing.at(0, side)
        lit = 1.0 - 0.28 * ((x - thing.x) + (y - thing.y)) / thing.width
        pen.rect(0.5, 0, -0.5, side, shade(tint, lit))
        for i in range(1, 4):
            pen.line(((0.5, side * i / 4), (-0.5, side * i / 4)), 0.1, shade(tint, lit * 0.95))
    pen.line(((0.5, 0), (-0.5, 0)), 0.35 / gsd * 0.5, shade(tint, 1.25))
    pen.rect(0.22, 0.12, 0.14, 0.24, (118, 92, 84))


def _roof(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body(0.82)
    rim_u, rim_v = 0.9 / gsd / pen.thing.length, 0.9 / gsd / pen.thing.width
    pen.rect(0.5 - rim_u, rim_v - 0.5, rim_u - 0.5, 0.5 - rim_v, tint)
    columns = max(1, int(pen.thing.length * gsd / 14))
    rows = max(1, int(pen.thing.width * gsd / 14))
    size_u, size_v = 1.7 / gsd / pen.thing.length, 1.7 / gsd / pen.thing.width
    for i in range(columns):
        for j in range(rows):
            roll = (pen.dice // (5 * i + 11 * j + 1)) % 7
            u, v = (i + 0.5) / columns - 0.5, (j + 0.5) / rows - 0.5
            if roll < 3:
                x, y = pen.thing.at(u, v)
                shadow = [((x + dx) * pen.scale, (y + dy) * pen.scale) for dx, dy in _square(1.9 / gsd, 0.6 / gsd)]
                pen.canvas.polygon(shadow, fill=shade(tint, 0.66))
                pen.rect(u - size_u, v - size_v, u + size_u, v + size_v, shade(tint, 1.14))
                pen.disc(u, v, size_u * 0.6, shade(tint, 0.7))
            elif roll == 3:
                pen.rect(u - 2.4 * size_u, v - 0.6 * size_v, u + 2.4 * size_u, v + 0.6 * size_v, (126, 150, 166))


def _square(half: float, shift: float) -> Outline:
    low, high = shift - half, shift + half
    return ((low, low), (high, low), (high, high), (low, high))


def _hangar(pen: Pen, gsd: float) -> None:
    tint, thing = pen.thing.tint, pen.thing
    x, y = thing.at(0, 0.5)
    side = ((x - thing.x) + (y - thing.y)) / thing.width
    steps = 12
    for i in range(steps):
        v = -0.5 + i / steps
        lit = 1 - 0.32 * side * 2 * (v + 0.5 / steps)
        pen.rect(0.5, v, -0.5, v + 1 / steps, shade(tint, lit))
    for i in range(1, 6):
        pen.line(((0.5 - i / 6, -0.5), (0.5 - i / 6, 0.5)), 0.15, shade(tint, 0.9))


def _container(pen: Pen, gsd: float) -> None:
    for j in range(2):
        tint = shade(pen.thing.tint, 1.08 if j == 0 else 0.94)
        pen.rect(0.5, j * 0.5 - 0.49, -0.5, j * 0.5 - 0.01, tint)
        for i in range(1, 12):
            pen.line(((0.5 - i / 12, j * 0.5 - 0.47), (0.5 - i / 12, j * 0.5 - 0.03)), 0.1, shade(tint, 0.88))


def _roundabout(pen: Pen, gsd: float) -> None:
    pen.body(0.0)
    pen.disc(0, 0, 0.5, (96, 97, 99))
    pen.ring(0, 0, 0.47, 0.15 / gsd, WHITE)
    pen.disc(0, 0, 0.26, (182, 178, 168))
    pen.disc(0, 0, 0.235, pen.thing.tint)
    pen.disc(0, 0, 0.1, (158, 104, 92))
    pen.disc(0, 0, 0.06, (62, 86, 48))


def _bridge(pen: Pen, gsd: float) -> None:
    pen.body(1.06)
    pen.rect(0.5, -0.36, -0.5, 0.36, (112, 111, 110))
    for v in (-0.36, 0.36):
        pen.line(((0.5, v), (-0.5, v)), 0.25 / gsd, WHITE)
    for i in range(8):
        pen.rect(0.46 - i / 8, -0.012, 0.46 - i / 8 - 0.06, 0.012, WHITE)


def _pier(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.body()
    planks = max(4, int(pen.thing.length * gsd / 6))
    for i in range(1, planks):
        u = 0.5 - i / planks
        pen.line(((u, -0.5), (u, 0.5)), 0.15, shade(tint, 0.9))
    for v in (-0.46, 0.46):
        pen.line(((0.5, v), (-0.5, v)), 0.3 / gsd, shade(tint, 0.8))


def _person(pen: Pen, gsd: float) -> None:
    pen.body()
    pen.disc(0.02, 0, 0.23, (84, 62, 50))


def _bicycle(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    pen.line(((0.5, 0), (-0.5, 0)), 0.16 / gsd, tint)
    pen.line(((0.22, -0.4), (0.22, 0.4)), 0.12 / gsd, (40, 40, 42))
    pen.poly(arc(0.0, 0, 0.14, 0.42, 0, 360, 18), ((150, 44, 60), (50, 84, 150), (200, 190, 170))[pen.dice % 3])
    pen.disc(0.04, 0, 0.09, (70, 54, 46))


LOOKS: dict[str, Callable[[Pen, float], None]] = COURTS | {
    "field": _field, "plane": _plane, "helicopter": _helicopter, "ship": _ship, "boat": _boat, "car": _car,
    "van": _van, "truck": _truck, "bus": _bus, "tank": _tank, "tree": _tree, "house": _house, "roof": _roof,
    "hangar": _hangar, "container": _container, "roundabout": _roundabout, "bridge": _bridge, "pier": _pier,
    "person": _person, "bicycle": _bicycle,
}  # fmt: skip
