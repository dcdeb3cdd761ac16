"""The drawn world in the format of UCAS-AOD: cars and planes in folders of their own, and images with neither."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = (Shot("parking", 960, 560, 0.12), Shot("airport", 960, 640, 0.5), Shot("farmland", 800, 600, 0.4))
FOLDERS = {"parking": "CAR", "airport": "PLANE", "farmland": "Neg"}
LABELS = {"CAR": ("car", "van"), "PLANE": ("airplane",), "Neg": ()}
MARKED = ("car", "van", "airplane")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write CAR/, PLANE/ and Neg/; every folder counts from 1."""
    note(root, "UCAS-AOD")
    numbers = dict.fromkeys(LABELS, 0)
    for _, scene in shots(SHOTS, scenes, seed, "ucas_aod"):
        name = FOLDERS[scene.kind]
        numbers[name] += 1
        stem = f"{'N' if name == 'Neg' else 'P'}{numbers[name]:04d}"
        save_image(root / name / f"{stem}.png", paint(view(scene, LABELS[name])))
        if name != "Neg":
            save_text(root / name / f"{stem}.txt", [row(thing) for thing in scene.annotated(LABELS[name])])
    return scenes


def view(scene: Scene, labels: tuple[str, ...]) -> Scene:
    """The scene without cars and planes that its folder would not mark."""
    kept = [thing for thing in scene.things if thing.label not in MARKED or thing.label in labels]
    return replace(scene, things=kept)


def row(thing: Thing) -> str:
    """Four corners, the angle in degrees, and the upright box around the corners: 13 numbers with tabs between."""
    xs, ys = zip(*thing.poly, strict=True)
    upright = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    corners = [value for point in thing.poly for value in point]
    return "\t".join(f"{value:e}" for value in (*corners, math.degrees(thing.angle) % 360, *upright))
