"""Open places of the drawn world: airport, port, farmland, tank farm. Lengths are metres around the middle."""

from __future__ import annotations

import math

from rsdata.sample.plan import CONCRETE, DOWN, GRASS, UP, WATER, WHITE, YELLOW, Plan, disc, rect, ribbon, wave
from rsdata.sample.world import Colour

TAXIWAY: Colour = (112, 112, 112)
FOREST: Colour = (58, 78, 44)
SOIL: Colour = (150, 120, 88)
BARE: Colour = (134, 112, 82)
CROPS: tuple[Colour, ...] = ((146, 152, 76), (112, 138, 66), (176, 160, 98), (92, 124, 60), (164, 134, 96), BARE)
HULLS: tuple[Colour, ...] = ((124, 44, 38), (44, 62, 88), (66, 70, 72), (40, 82, 72))
BOATS: tuple[Colour, ...] = ((236, 236, 232), (226, 228, 230), (214, 206, 188), (70, 96, 132))
TANKS: tuple[Colour, ...] = ((226, 224, 218), (208, 208, 204), (192, 186, 174))
BOXES: tuple[Colour, ...] = ((152, 62, 48), (54, 92, 140), (196, 150, 60), (88, 120, 88), (180, 180, 176))


def airport(plan: Plan) -> None:
    """A runway, a taxiway, an apron with planes at the terminal, hangars, a fuel farm and a helipad."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    plan.base("grass", GRASS)
    runway, taxi, apron = -h * 0.66, -h * 0.24, 0.28 * h
    _runways(plan, runway, taxi)
    plan.thing("airport", "field", 0, 0, 0, 1.86 * w, 1.86 * h, free=False)
    for x in (-0.3 * w, 0.45 * w):
        plan.ground("asphalt", rect(x, (taxi + apron) / 2, 15, apron - taxi), TAXIWAY)
    plan.ground("slabs", rect(0, apron, 1.72 * w, 0.86 * h), CONCRETE)
    _terminal(plan, 0.72 * h)
    for i in range(6):
        if rng.random() < 0.75:
            angle = UP + rng.choice([0.5, -0.5, 0.0])
            plane(plan, -0.74 * w + i * 0.2 * w, apron - 0.22 * h, angle, rng.choice([22, 30, 36]))
    plane(plan, 0.62 * w, taxi, 0.0, 38)
    for i in range(3):
        plan.hall(0.62 * w, apron - 0.2 * h + i * 34, 44, 28, look="hangar", height=11, tint=(152, 164, 172))
    for i in range(6):
        tank(plan, 0.52 * w + (i % 3) * 17, 0.72 * h + (i // 3) * 17, 13, 8)
    _helipad(plan, -0.78 * w, 0.5 * h)
    plan.road([(-2 * w, 0.985 * h), (2 * w, 0.985 * h)], 8)
    for _ in range(14):
        plan.car(rng.uniform(-0.7, 0.4) * w, 0.72 * h - rng.uniform(6, 10), 0, rng.choice(["van", "truck", "car"]))
    plan.trees(90, (-1.2 * w, -1.3 * h, 1.2 * w, -0.9 * h), 5, 9)


def _runways(plan: Plan, runway: float, taxi: float) -> None:
    w = plan.half_x
    plan.ground("meadow", rect(0, (runway + taxi) / 2, 3 * w, 26), (122, 130, 78))
    plan.ground("asphalt", rect(0, runway, 2.4 * w, 34), (88, 89, 92))
    plan.ground("asphalt", rect(0, taxi, 2.4 * w, 16), TAXIWAY)
    for x in (-0.62 * w, 0.05 * w, 0.7 * w):
        plan.ground("asphalt", rect(x, (runway + 15 + taxi) / 2, 15, taxi - runway - 15), TAXIWAY)
        plan.line((x, runway + 12), (x, taxi), 0.5, YELLOW)
    plan.line((-1.2 * w, taxi), (1.2 * w, taxi), 0.5, YELLOW)
    plan.line((-0.62 * w, runway), (1.2 * w, runway), 0.9, WHITE, 18, 14)
    for y in (runway - 15.6, runway + 15.6):
        plan.line((-1.2 * w, y), (1.2 * w, y), 0.8)
    for i in (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5):
        plan.line((-0.82 * w, runway + 2.6 * i), (-0.82 * w + 24, runway + 2.6 * i), 1.5)
    for side in (-6, 6):
        plan.line((-0.5 * w, runway + side), (-0.5 * w + 30, runway + side), 4)


def _terminal(plan: Plan, y: float) -> None:
    """The building, its piers, and planes nose in at the gates."""
    w = plan.half_x
    plan.hall(-0.2 * w, y + 10, 0.98 * w, 24, height=14, tint=(186, 188, 192))
    stand = -0.65 * w
    while stand < 0.28 * w:
        plane(plan, stand, y - 26, DOWN, plan.rng.choice([34, 38, 40]))
        plan.line((stand, y - 60), (stand, y - 8), 0.4, YELLOW)
        plan.hall(stand + 23, y - 6, 5, 9, height=6, tint=(168, 170, 176))
        stand += 46


def _helipad(plan: Plan, x: float, y: float) -> None:
    plan.ground("asphalt", disc(x, y, 14), (112, 116, 112))
    plan.mark(ribbon([(x + 11.5 * math.cos(a / 10), y + 11.5 * math.sin(a / 10)) for a in range(64)], 0.8))
    plan.thing("helicopter", "helicopter", x, y, UP + 0.6, 17, 12.5, (196, 70, 54), 3)


def plane(plan: Plan, x: float, y: float, angle: float, length: float) -> bool:
    """A jet of `length` metres, nose along `angle`."""
    tint = plan.rng.choice([(232, 234, 236), (240, 240, 238), (206, 212, 218)])
    return plan.thing("airplane", "plane", x, y, angle, length, length * 0.94, tint, 5, room=1)


def tank(plan: Plan, x: float, y: float, size: float, height: float = 10) -> bool:
    """A round storage tank."""
    tint = plan.rng.choice(TANKS)
    return plan.thing("storage_tank", "tank", x, y, 0, size, size, tint, height, "building")


def port(plan: Plan) -> None:
    """A quay with container ships, a marina with boats on piers, warehouses, tanks and lorries."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    plan.base("water", WATER, "water")
    quay = 0.08 * h
    plan.ground("slabs", rect(0, quay + h, 3 * w, 2 * h), (158, 154, 146))
    plan.ground("asphalt", rect(0, quay + 3, 3 * w, 3), (120, 118, 112))
    plan.line((-2 * w, quay + 1), (2 * w, quay + 1), 0.8, YELLOW)
    for x in (-0.62 * w, -0.02 * w):
        _berth(plan, x, quay, 0.62 * h)
    _marina(plan, 0.3 * w, 0.92 * w, quay)
    plan.thing("ship", "ship", rng.uniform(-0.3, 0.3) * w, -0.74 * h, rng.uniform(-0.2, 0.2), 74, 15, (150, 60, 46), 7)
    plan.thing("ship", "boat", 0.72 * w, -0.8 * h, 2.7, 11, 3.4, (238, 238, 236), 1)
    road = quay + 0.46 * h
    plan.road([(-2 * w, road), (2 * w, road)], 10)
    for column in range(12):
        for row in range(4):
            x, y = -0.92 * w + column * 15 + column // 6 * 12, quay + 12 + row * 7
            plan.thing("", "container", x, y, 0, 12.2, 5, rng.choice(BOXES), 5)
    for i in range(3):
        tint = rng.choice([(150, 158, 160), (168, 150, 132)])
        plan.hall(0.12 * w + i * 36, quay + 0.2 * h, 30, 20, look="hangar", tint=tint)
    for i in range(8):
        tank(plan, -0.85 * w + (i % 4) * 22, quay + 0.62 * h + (i // 4) * 22, 17)
    plan.parking(0.5 * w, quay + 0.68 * h, 0.7 * w, 2, 0.8)
    plan.traffic([(-0.98 * w, road), (0.98 * w, road)], 10, 20, 0.4)
    plan.ground("grass", rect(0, road - 8, 3 * w, 5), GRASS)
    plan.ground("grass", rect(0, 1.4 * h, 3 * w, h), GRASS)
    plan.trees(70, (-w, 0.92 * h, w, 1.15 * h), 4, 7)


def _berth(plan: Plan, x: float, quay: float, long: float) -> None:
    """A wide pier with a freighter on each side and lorries on it."""
    rng = plan.rng
    plan.ground("slabs", rect(x, quay - long / 2, 15, long), (166, 162, 152))
    plan.thing("harbor", "pier", x, quay - long / 2, DOWN, long, 15, (166, 162, 152), 2, free=False)
    for side in (-1, 1):
        length = rng.uniform(0.6, 0.85) * long
        plan.thing(
            "ship", "ship", x + side * 16, quay - 10 - length / 2, UP, length, 14, rng.choice(HULLS), 6, room=0.5
        )
    for i in range(4):
        label = rng.choice(["truck", "van", "truck"])
        plan.car(x + rng.uniform(-3, 3), quay - long * (0.2 + 0.18 * i), UP, label)


def _marina(plan: Plan, left: float, right: float, quay: float) -> None:
    """Two wooden piers with small boats on both sides, and the one that joins them to the quay."""
    rng, h = plan.rng, plan.half_y
    wood: Colour = (178, 164, 136)
    for row in range(2):
        y = quay - 0.16 * h - row * 34
        plan.thing("harbor", "pier", (left + right) / 2, y, 0, right - left, 3, wood, 1.5, free=False)
        along = left + 4
        while along < right - 3:
            for side in (-1, 1):
                long = rng.uniform(8, 12)
                if rng.random() < 0.78:
                    heading = UP if side < 0 else DOWN
                    spot = y + side * (2.4 + long / 2)
                    plan.thing("ship", "boat", along, spot, heading, long, 3.1, rng.choice(BOATS), 1.2)
            along += 5
    plan.thing("harbor", "pier", left - 2, quay - 0.3 * h, UP, 0.6 * h, 3, wood, 1.5, free=False)


def farmland(plan: Plan) -> None:
    """Fields on both sides of a river, a bridge, a wood, a farm and a country road."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    r = plan.reach + 5
    plan.base("grass", (116, 130, 78))
    _fields(plan, r)
    river = wave((-0.35 * w, -r), (0.1 * w, r), 0.09 * w, 1.1, rng.uniform(0, 6))
    plan.ground("grass", ribbon(river, 0.17 * w + 12), (92, 112, 62))
    plan.ground("water", ribbon(river, 0.17 * w), (62, 92, 92), "water")
    rim = [(math.cos(a / 10) * (0.34 + 0.06 * math.sin(a / 2)), 0.32 * math.sin(a / 10)) for a in range(63)]
    plan.ground("forest", [((0.62 + u) * w, (v - 0.62) * h) for u, v in rim], FOREST, "forest")
    road = 0.3 * h
    x = min(river, key=lambda point: abs(point[1] - road))[0]
    plan.road([(-r, road), (r, road)], 8, (126, 122, 114))
    plan.thing("bridge", "bridge", x, road, 0, 0.17 * w + 26, 12, (150, 148, 142), 4, "road", free=False)
    plan.traffic([(-0.97 * w, road), (0.97 * w, road)], 8, 60, 0.3)
    plan.keep_clear(x, road, 0.17 * w + 30, 16)
    _farm(plan, 0.62 * w, 0.62 * h)
    for px, py in river[::3]:
        for bank in (0.085 * w + 4, -0.085 * w - 5):
            plan.tree(px + bank, py, rng.uniform(4, 8))


def _fields(plan: Plan, r: float) -> None:
    rng, step = plan.rng, r * 2 / 5
    for i in range(5):
        top = -r
        while top < r:
            high, tint = rng.uniform(0.22, 0.5) * r, rng.choice(CROPS)
            field = rect(-r + (i + 0.5) * step, top + high / 2, step - 2.2, high - 2.2)
            cover = "bare_land" if tint == BARE else "farmland"
            plan.ground("crop", field, tint, cover, rng.choice([0.0, math.pi / 2]))
            top += high


def _farm(plan: Plan, x: float, y: float) -> None:
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    plan.ground("gravel", rect(x, y, 0.5 * w, 0.4 * h), SOIL, "bare_land")
    for i, (dx, dy) in enumerate([(-0.12, -0.1), (0.1, -0.1), (-0.1, 0.1), (0.12, 0.09)]):
        tint = rng.choice([(148, 84, 64), (140, 132, 124)])
        plan.hall(x + dx * w, y + dy * h, 26, 13, 0 if i % 2 else 0.06, "house", tint)
    for i in range(3):
        tank(plan, 0.8 * w, 0.56 * h + i * 10, 7, 9)
    plan.car(x - 0.02 * w, y, 0.4, "truck")
    plan.trees(12, (0.4 * w, 0.42 * h, 0.9 * w, 0.85 * h), 4, 7)


def storagetanks(plan: Plan) -> None:
    """A tank farm: bunds with tanks of several sizes, sheds, a road of lorries."""
    rng, w, h = plan.rng, plan.half_x, plan.half_y
    r = plan.reach + 5
    plan.base("gravel", (160, 146, 120), "bare_land")
    for i in range(6):
        _bund(plan, (-0.62 + i % 3 * 0.62) * w, (-0.5 + i // 3 * 0.72) * h)
    plan.road([(-r, -0.14 * h), (r, -0.14 * h)], 8)
    plan.road([(-r, 0.66 * h), (r, 0.66 * h)], 9)
    plan.traffic([(-0.97 * w, 0.66 * h), (0.97 * w, 0.66 * h)], 9, 24, 0.6)
    plan.traffic([(-0.97 * w, -0.14 * h), (0.97 * w, -0.14 * h)], 8, 50, 0.7)
    for i in range(4):
        plan.hall(-0.7 * w + i * 0.44 * w, 0.84 * h, 34, 15, look=rng.choice(["hangar", "roof"]))
    plan.trees(40, (-w, 0.92 * h, w, 1.2 * h), 4, 7)
    plan.trees(40, (-w, -1.2 * h, w, -0.88 * h), 4, 7)


def _bund(plan: Plan, x: float, y: float) -> None:
    """A walled basin with one large tank, or two rows of smaller ones."""
    w, h = plan.half_x, plan.half_y
    plan.ground("grass", rect(x, y, 0.56 * w, 0.62 * h), (136, 136, 100), "bare_land")
    plan.ground("gravel", rect(x, y, 0.53 * w, 0.58 * h), (172, 164, 146), "bare_land")
    count, size = plan.rng.choice([(1, 38), (4, 20), (4, 22), (6, 15)])
    columns = max(1, count // 2)
    for i in range(count):
        dx = (i % columns - (columns - 1) / 2) * size * 1.22
        dy = (i // columns - 0.5) * size * 1.22 if count > 1 else 0.0
        tank(plan, x + dx, y + dy, size)
