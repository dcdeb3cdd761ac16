"""Short films of the drawn world: the same street, frame after frame, with its traffic moving on."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rsdata.record import Box
from rsdata.sample.build import build
from rsdata.sample.files import Shot, split_of
from rsdata.sample.world import Scene, Thing

LENGTH = 4  # frames of a film
SPEED = {"bicycle": 0.9, "person": 0.3} | dict.fromkeys(("car", "van", "truck", "bus", "motorcycle"), 1.5)  # m a frame


class Film(NamedTuple):
    """`frames`: what is seen; `tracks`: label and, for each frame, the box, or None where it has left the view."""

    number: int
    split: str
    frames: list[Scene]
    tracks: list[tuple[str, list[Box | None]]]


def films(wanted: Sequence[Shot], count: int, seed: int, name: str, labels: Collection[str]) -> Iterator[Film]:
    """`count` frames in all, in films of at most LENGTH, going round the wanted kinds; `labels` are annotated."""
    many = -(-count // LENGTH)
    for number in range(many):
        shot = wanted[number % len(wanted)]
        scene = build(shot.kind, f"{name}-{number}", shot.width, shot.height, shot.gsd, seed)
        length = min(LENGTH, count - number * LENGTH)
        moved = [[_moved(thing, scene, step) for thing in scene.things] for step in range(length)]
        frames = [replace(scene, things=[thing for thing in things if thing]) for things in moved]
        tracks = [
            (thing.label, [seen.box if (seen := things[n]) else None for things in moved])
            for n, thing in enumerate(scene.things)
            if thing.label in labels
        ]
        yield Film(number, split_of(number, many), frames, tracks)


def whole(box: Box) -> tuple[int, int, int, int]:
    """The whole pixels around a box: left, top, width, height."""
    left, top = math.floor(box[0]), math.floor(box[1])
    return left, top, math.ceil(box[2]) - left, math.ceil(box[3]) - top


def _moved(thing: Thing, scene: Scene, step: int) -> Thing | None:
    """The thing `step` frames later; None when it is no longer wholly in view."""
    way = step * SPEED.get(thing.label, 0.0) / scene.gsd
    if not way:
        return thing
    made = replace(thing, x=thing.x + way * math.cos(thing.angle), y=thing.y + way * math.sin(thing.angle))
    xs, ys = zip(*made.poly, strict=True)
    inside = min(xs) >= 1 and min(ys) >= 1 and max(xs) <= scene.width - 1 and max(ys) <= scene.height - 1
    return made if inside else None
