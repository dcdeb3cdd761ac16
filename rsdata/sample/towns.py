"""Built-up places of the drawn world: houses, a car park, a sports ground, a street crossing. Lengths are metres."""

from __future__ import annotations

import math
from itertools import product

from rsdata.sample.plan import ASPHALT, DOWN, UP, WHITE, YELLOW, Plan, disc, rect
from rsdata.sample.world import Colour

POOLS: tuple[Colour, ...] = ((74, 176, 190), (88, 190, 204))
CLOTHES: tuple[Colour, ...] = (
    (180, 60, 54), (52, 70, 120), (220, 214, 200), (60, 60, 62), (196, 160, 70), (84, 120, 84),
)  # fmt: skip
ACROSS, DOWNWARD = (-62.0, 0.0, 62.0), (-70.0, 0.0, 70.0)  # the streets of a residential area


def residential(plan: Plan) -> None:
    """A grid of streets with a roundabout, houses, gardens, trees, pools and parked cars."""
    rng, w = plan.rng, plan.half_x
    r = plan.reach + 5
    plan.base("grass", (112, 124, 80))
    for y in ACROSS:
        plan.road([(-r, y), (r, y)], 7.5)
    for x in DOWNWARD:
        plan.road([(x, -r), (x, r)], 7.5)
    plan.ground("asphalt", disc(0, 0, 17), ASPHALT, "road")
    plan.thing("roundabout", "roundabout", 0, 0, 0, 34, 34, (112, 136, 80), 0)
    for y, side in product([*ACROSS, -124.0, 124.0], (-1, 1)):
        _row_of_houses(plan, y, side, r)
    for y in ACROSS:
        plan.traffic([(-0.98 * w, y), (-20, y)], 7.5, 26, 0.05)
        plan.traffic([(20, y), (0.98 * w, y)], 7.5, 26, 0.05)
    for spot, y, off in product(range(-int(r), int(r), 9), ACROSS, (-5.6, 5.6)):
        if _off_street(spot) > 7 and math.hypot(spot, y) > 22 and rng.random() < 0.55:
            plan.tree(spot + rng.uniform(-2, 2), y + off, rng.uniform(3, 5))
    for _ in range(260):
        px, py = rng.uniform(-r, r), rng.uniform(-r, r)
        if _off_street(px) > 8 and min(abs(py - street) for street in ACROSS) > 8:
            plan.tree(px, py, rng.uniform(3, 8))


def _row_of_houses(plan: Plan, y: float, side: int, r: float) -> None:
    """Houses along one side of a street, some with a pool behind and a car before."""
    rng, x = plan.rng, -r
    while x < r:
        length, width = rng.uniform(11, 16), rng.uniform(8.5, 11)
        if _off_street(x) > 5 + length / 2 and math.hypot(x, y) > 26:
            plan.house(x, y + side * 14.5, rng.choice([0.0, UP]) if length < 12 else 0.0, length, width)
            if rng.random() < 0.34:
                spot = x + rng.uniform(-2, 2)
                plan.thing("swimming_pool", "pool", spot, y + side * 26, 0, 8.5, 4.4, rng.choice(POOLS), room=0.5)
            if rng.random() < 0.75:
                plan.car(x + length / 2 + 2.2, y + side * 9.5, UP * side)
        x += rng.uniform(18, 22)


def _off_street(x: float) -> float:
    return min(abs(x - street) for street in DOWNWARD)


def parking(plan: Plan) -> None:
    """A shopping centre with its car park, loading bays and a main road with traffic."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    r = plan.reach + 5
    plan.base("grass", (110, 124, 76))
    plan.ground("asphalt", rect(0, -0.1 * h, 2.1 * w, 1.74 * h), (118, 117, 115))
    hall = -0.5 * h
    plan.hall(-0.12 * w, hall, 1.3 * w, 0.52 * h, tint=(188, 186, 180), height=10)
    plan.hall(0.78 * w, hall + 0.02 * h, 0.32 * w, 0.4 * h, tint=(146, 152, 160), height=8)
    for i in range(6):
        plan.car(-0.7 * w + i * 0.17 * w, hall - 0.26 * h - 7, UP, "truck")
    rows = max(2, int((0.98 * h) / 8.8) // 2 * 2)
    plan.parking(-0.02 * w, 0.2 * h, 1.7 * w, rows, 0.72)
    for i in range(9):
        plan.tree(-0.8 * w + i * 0.2 * w, hall + 0.26 * h + 5, rng.uniform(3.5, 5))
    road = 0.86 * h
    plan.road([(-r, road), (r, road)], 11)
    plan.traffic([(-0.98 * w, road), (0.98 * w, road)], 11, 15, 0.15)
    plan.trees(36, (-r, road + 8, r, road + 20), 4, 7)
    plan.trees(40, (-r, -r, r, -0.9 * h), 4, 8)


def playground(plan: Plan) -> None:
    """A sports ground: running track around a football field, courts for tennis and basketball, a diamond, a pool."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    plan.base("meadow", (106, 130, 74))
    plan.thing("ground_track_field", "track", -36, -22, 0, 146, 82, (168, 82, 62))
    plan.thing("soccer_field", "pitch", -36, -22, 0, 84, 54, (88, 132, 66), free=False)
    for i in range(3):
        tint = rng.choice([(62, 108, 92), (70, 96, 132)])
        plan.thing("tennis_court", "tennis", 62, -52 + i * 23, 0, 36, 18.5, tint)
    for i in range(2):
        tint = rng.choice([(176, 112, 74), (92, 108, 128)])
        plan.thing("basketball_court", "basket", 96, -44 + i * 36, UP, 28, 16, tint)
    plan.thing("baseball_diamond", "diamond", 30, 60, -0.35, 42, 59.4, (176, 134, 92))
    plan.ground("slabs", rect(-84, 62, 56, 30), (188, 182, 170))
    plan.thing("swimming_pool", "pool", -86, 62, 0, 46, 19, (78, 180, 196))
    plan.hall(-42, 58, 18, 34, tint=(170, 150, 132))
    plan.hall(-36, -72, 96, 9, tint=(182, 184, 188), height=9)
    plan.parking(94, 44, 46, 2, 0.6)
    plan.road([(-2 * w, 100), (2 * w, 100)], 8)
    plan.traffic([(-0.98 * w, 100), (0.98 * w, 100)], 8, 26)
    plan.trees(160, (-1.1 * w, -1.1 * h, 1.1 * w, 1.1 * h), 4, 8)


def crossing(plan: Plan) -> None:
    """A street crossing seen from a drone at low height: cars, buses, cyclists and people on zebra crossings."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    wide = min(14.0, 0.52 * h)
    _streets(plan, wide)
    edge = wide / 2
    for sx, sy in product((-1, 1), (-1, 1)):
        plan.ground("grass", rect(sx * (edge + 3 + 0.3 * w), sy * (edge + 2.8), 0.6 * w - 6, 2.2), (104, 124, 70))
        plan.hall(sx * (edge + 5.4 + w), sy * (edge + 6.4 + h), 2 * w, 2 * h, height=5)
    for lane, vertical in product((-3, -1, 1, 3), (False, True)):
        _lane(plan, lane * wide / 8, vertical, edge + 5.5)
    for _ in range(46):
        spot, sign = rng.uniform(-0.95, 0.95) * w, rng.choice([-1, 1])
        if rng.random() < 0.4:  # on the zebra
            x, y = sign * (edge + 2.4 + rng.uniform(-1, 1)), rng.uniform(-edge, edge)
        else:
            x, y = spot, sign * (edge + rng.uniform(0.8, 5.4))
        plan.thing("person", "person", x, y, rng.uniform(0, 6.28), 0.62, 0.5, rng.choice(CLOTHES), 1.6, room=0.2)
    for _ in range(9):
        x, side = rng.uniform(-0.9, 0.9) * w, rng.choice([-1, 1])
        label, tint = rng.choice([("bicycle", (44, 46, 50)), ("motorcycle", (120, 38, 36))])
        plan.thing(label, "bicycle", x, side * (edge - 0.6), 0 if side > 0 else math.pi, 1.9, 0.75, tint, 1.3, room=0.1)
    for i, sx, sy in product(range(4), (-1, 1), (-1, 1)):
        plan.tree(sx * (edge + 6 + i * 5.5), sy * (edge + 2.8), rng.uniform(2.4, 3.4))


def _streets(plan: Plan, wide: float) -> None:
    """Two streets of `wide` metres that cross, with lane lines and zebras."""
    r, edge = plan.reach + 2, wide / 2
    plan.base("slabs", (168, 160, 148))
    plan.ground("asphalt", rect(0, 0, 2 * r, wide), (92, 93, 95), "road")
    plan.ground("asphalt", rect(0, 0, wide, 2 * r), (92, 93, 95), "road")
    for sign in (-1, 1):
        plan.line((sign * (edge + 5), 0), (sign * r, 0), 0.18, YELLOW)
        plan.line((0, sign * (edge + 5)), (0, sign * r), 0.18, YELLOW)
        for i in range(int(wide / 1.1)):
            off = -edge + 0.8 + i * 1.1
            plan.mark(rect(sign * (edge + 2.4), off, 3.2, 0.5))
            plan.mark(rect(off, sign * (edge + 2.4), 0.5, 3.2))
        for lane in (-wide / 4, wide / 4):
            plan.line((sign * (edge + 5), lane), (sign * r, lane), 0.14, WHITE, 2.5, 3)
            plan.line((lane, sign * (edge + 5)), (lane, sign * r), 0.14, WHITE, 2.5, 3)


def _lane(plan: Plan, off: float, vertical: bool, stop: float) -> None:
    """Vehicles on one lane; those on the vertical street wait at the zebra."""
    rng = plan.rng
    end = 0.94 * (plan.half_y if vertical else plan.half_x)
    forward = (off > 0) != vertical
    along = -end
    while along < end:
        label = rng.choices(["car", "van", "bus", "truck"], [8, 2, 0.8, 0.7])[0]
        if (not vertical or abs(along) > stop) and rng.random() < 0.62:
            if vertical:
                plan.car(off, along, DOWN if forward else UP, label)
            else:
                plan.car(along, off, 0 if forward else math.pi, label)
        along += rng.uniform(7, 10)
