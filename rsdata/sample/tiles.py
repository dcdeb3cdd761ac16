"""The drawn world as web map tiles, named x-y-z: a row of tiles of zoom 18; every fourth is JPEG under a .png name."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image

from rsdata.sample.files import Shot, note, save_image, shots
from rsdata.sample.paint import paint

X, Y, ZOOM = 154_809, 130_819, 18  # a few tiles north of the equator, where Mercator does not stretch
GSD = 2 * math.pi * 6378137.0 / 2**ZOOM / 256
SHOTS = tuple(Shot(kind, 256, 256, GSD) for kind in ("residential", "farmland", "parking", "storagetanks"))


def write(root: Path, scenes: int, seed: int) -> int:
    """Write OAM-<x>-<y>-<z>.png."""
    note(root, "Web map tiles")
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "tiles")):
        path = root / f"OAM-{X + number}-{Y}-{ZOOM}.png"
        save_image(path, paint(scene))
        if number % 4 == 3:
            Image.fromarray(paint(scene)).save(path, "JPEG", quality=90)
    return scenes
