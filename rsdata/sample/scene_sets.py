"""What the writers of scene classification sets share: one folder for each class, in the names of each dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from rsdata.sample.files import Shot, note, save_image, shots
from rsdata.sample.paint import paint

DRAWN = 256  # pixels a side in which a scene is drawn, before it is resized


class Drawn(NamedTuple):
    """One picture of a set: its split, its class, its number in that class (from 1), and where it was written."""

    split: str
    name: str
    number: int
    path: str


def write(
    root: Path, title: str, count: int, seed: int, places: Mapping[str, str], form: str, size: int, gsd: float
) -> list[Drawn]:
    """Draw `count` scenes and write each as `form`, a path with {name} {lower} {glued} {first} {number} {split}.

    `places`: kind of scene -> class as the dataset spells it. `size`: pixels a side. `gsd`: metres per pixel of the
    file; the scene itself is drawn at `DRAWN` pixels a side.
    """
    note(root, title)
    seen: Counter[str] = Counter()
    found = []
    wanted = tuple(Shot(kind, DRAWN, DRAWN, gsd * size / DRAWN) for kind in places)
    for split, scene in shots(wanted, count, seed, title):
        name = places[scene.kind]
        seen[name] += 1
        words = {"name": name, "lower": name.lower(), "glued": name.replace("_", ""), "first": name[0]}
        path = form.format(**words, number=seen[name], split=split)
        picture = Image.fromarray(paint(scene)).resize((size, size), Image.Resampling.LANCZOS)
        save(root / path, np.asarray(picture))
        found.append(Drawn(split, name, seen[name], path))
    return found


def save(path: Path, pixels: npt.NDArray[Any]) -> None:
    """Write JPEG, PNG or TIFF by the suffix."""
    if path.suffix == ".tif":
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, "TIFF")
    else:
        save_image(path, pixels)


def by_class(drawn: list[Drawn]) -> Iterator[tuple[str, list[Drawn]]]:
    """Pictures of each class, classes sorted."""
    for name in sorted({one.name for one in drawn}):
        yield name, [one for one in drawn if one.name == name]
