"""The kinds of places there are, and how a scene is made of one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from rsdata.sample import places, towns
from rsdata.sample.plan import Plan
from rsdata.sample.world import Scene

KINDS: dict[str, tuple[Callable[[Plan], None], bool]] = {  # kind -> layout, urban
    "airport": (places.airport, True),
    "port": (places.port, True),
    "farmland": (places.farmland, False),
    "storagetanks": (places.storagetanks, False),
    "residential": (towns.residential, True),
    "parking": (towns.parking, True),
    "playground": (towns.playground, True),
    "crossing": (towns.crossing, True),
}


def build(kind: str, name: str, width: int, height: int, gsd: float, seed: int) -> Scene:
    """Lay out one scene, turned at random; the same arguments always give the same scene."""
    layout, urban = KINDS[kind]
    rng = random.Random(f"{seed}:{kind}:{name}:{width}x{height}")
    scene = Scene(name, kind, width, height, gsd, urban)
    quarter = math.pi if width != height else math.pi / 2
    layout(Plan(scene, rng, rng.randrange(4) * quarter + rng.uniform(-0.12, 0.12)))
    return scene
