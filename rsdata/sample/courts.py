"""How sports grounds look from above, drawn in the frame of the thing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rsdata.sample.pen import WHITE, Pen, shade
from rsdata.sample.world import Colour, Outline, arc


def _court(pen: Pen, gsd: float, boxes: Sequence[tuple[float, float]], inner: float) -> None:
    tint = pen.thing.tint
    pen.body(0.9)
    width = max(0.28, 0.08 / gsd)
    along, across = boxes[0]
    pen.rect(along, -across, -along, across, shade(tint, inner))
    for u, v in boxes:
        pen.line(((u, -v), (u, v), (-u, v), (-u, -v), (u, -v)), width, WHITE)


def _tennis(pen: Pen, gsd: float) -> None:
    _court(pen, gsd, ((0.33, 0.3), (0.33, 0.225)), 1.28)
    width = max(0.28, 0.08 / gsd)
    for u in (0.177, -0.177):
        pen.line(((u, -0.225), (u, 0.225)), width, WHITE)
    pen.line(((0.177, 0), (-0.177, 0)), width, WHITE)
    pen.line(((0, -0.36), (0, 0.36)), 0.3 / gsd * 0.5, (52, 58, 60))


def _basket(pen: Pen, gsd: float) -> None:
    _court(pen, gsd, ((0.46, 0.44),), 1.12)
    width = max(0.28, 0.08 / gsd)
    pen.line(((0, -0.44), (0, 0.44)), width, WHITE)
    pen.ring(0, 0, 0.065, width, WHITE)
    for sign in (1, -1):
        pen.rect(sign * 0.46, -0.16, sign * 0.255, 0.16, shade(pen.thing.tint, 0.72))
        start = 90 if sign > 0 else -90
        pen.ring(sign * 0.405, 0, 0.24, width, WHITE, start, start + 180)


def _pitch(pen: Pen, gsd: float) -> None:
    tint = pen.thing.tint
    for i in range(12):
        u = -0.5 + i / 12
        pen.rect(u, -0.5, u + 1 / 12, 0.5, shade(tint, 1.06 if i % 2 else 0.95))
    width = max(0.4, 0.12 / gsd)
    pen.line(((0.48, -0.47), (0.48, 0.47), (-0.48, 0.47), (-0.48, -0.47), (0.48, -0.47)), width, WHITE)
    pen.line(((0, -0.47), (0, 0.47)), width, WHITE)
    pen.ring(0, 0, 0.09, width, WHITE)
    for sign in (1, -1):
        for deep, wide in ((0.155, 0.3), (0.05, 0.14)):
            pen.line(((sign * 0.48, -wide), (sign * (0.48 - deep), -wide), (sign * (0.48 - deep), wide),
                      (sign * 0.48, wide)), width, WHITE)  # fmt: skip


def _track(pen: Pen, gsd: float) -> None:
    pen.body()
    ratio = pen.thing.width / pen.thing.length
    for i in range(7):
        k = 1 - 0.042 * i
        if i in (0, 6):
            k -= 0.01
        points = _stadium(ratio, k)
        pen.line((*points, points[0]), max(0.25, 0.05 / gsd), (226, 196, 184))
    pen.poly(_stadium(ratio, 0.72), (98, 128, 70))
    for sign in (1, -1):
        start = -90 if sign > 0 else 90
        pen.poly(arc(sign * (0.5 - ratio / 2), 0, ratio * 0.33, 0.33, start, start + 180, 14), (176, 98, 76))


def _stadium(ratio: float, k: float) -> Outline:
    r, across = ratio / 2 * k, 0.5 * k
    middle = 0.5 - ratio / 2
    return arc(middle, 0, r, across, -90, 90, 20) + arc(-middle, 0, r, across, 90, 270, 20)


def _diamond(pen: Pen, gsd: float) -> None:
    grass: Colour = (96, 130, 66)
    pen.body()
    pen.poly(((-0.5, 0), *_fan(0.97)), grass)
    pen.poly(((-0.5, 0), *_fan(0.52)), pen.thing.tint)
    home, side = -0.5 + 0.055, 0.29
    half = side * math.sqrt(0.5)
    bases = ((home, 0.0), (home + half, half * 0.707), (home + 2 * half, 0.0), (home + half, -half * 0.707))
    pen.poly(bases, grass)
    for u, v in bases:
        pen.disc(u, v, 0.014, WHITE)
    pen.disc(home + half, 0, 0.035, pen.thing.tint)
    for sign in (1, -1):
        pen.line(((home, 0), (-0.5 + 0.68, sign * 0.48)), max(0.3, 0.1 / gsd), WHITE)


def _fan(r: float) -> Outline:
    return arc(-0.5, 0, r, r * math.sqrt(0.5), -44, 44, 16)


def _pool(pen: Pen, gsd: float) -> None:
    rim_u, rim_v = 0.7 / gsd / pen.thing.length, 0.7 / gsd / pen.thing.width
    pen.poly(pen.shape(), (224, 218, 206))
    pen.rect(0.5 - rim_u, rim_v - 0.5, rim_u - 0.5, 0.5 - rim_v, pen.thing.tint)
    pen.rect(0.5 - rim_u, rim_v - 0.5, 0.1, 0.5 - rim_v, shade(pen.thing.tint, 0.92))
    lanes = int(pen.thing.width * gsd / 2.6)
    for i in range(1, lanes if lanes > 3 else 0):
        v = -0.5 + i / lanes
        pen.line(((0.5 - rim_u, v), (rim_u - 0.5, v)), 0.2, shade(pen.thing.tint, 1.22))


COURTS: dict[str, Callable[[Pen, float], None]] = {
    "tennis": _tennis,
    "basket": _basket,
    "pitch": _pitch,
    "track": _track,
    "diamond": _diamond,
    "pool": _pool,
}
