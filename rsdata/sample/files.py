"""What the writers share: which scenes go into which split, and files with the same bytes on every run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt
from PIL import Image

from rsdata.sample.build import build
from rsdata.sample.world import Scene

NOTE = """\
{title}: drawn sample scenes, not real imagery.

Every image here was drawn by `rsdata sample` from made-up geometry; boxes, masks and captions come from that geometry.
Nothing was copied from {title} or from any other dataset: only the folder layout and the file formats are the same.
Use it to try the tools. Never report a result on it.
"""


class Shot(NamedTuple):
    """One kind of scene in a dataset: place, size in pixels, metres per pixel."""

    kind: str
    width: int
    height: int
    gsd: float


def shots(wanted: Sequence[Shot], count: int, seed: int, name: str) -> list[tuple[str, Scene]]:
    """`count` scenes with their splits, going round the wanted kinds; one `name` gives the same scenes anywhere."""
    found = []
    for i in range(count):
        shot = wanted[i % len(wanted)]
        found.append((split_of(i, count), build(shot.kind, f"{name}-{i}", shot.width, shot.height, shot.gsd, seed)))
    return found


def split_of(i: int, count: int) -> str:
    """The last eighth (at least one of three) is test, the eighth before it val, the rest train."""
    part = max(1, round(count / 8)) if count >= 3 else 0
    return "test" if i >= count - part else "val" if i >= count - 2 * part else "train"


def save_image(path: Path, pixels: npt.NDArray[Any]) -> None:
    """Write PNG or JPEG by the suffix; 8-bit grey `[row, column]` or RGB `[row, column, 3]`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if path.suffix == ".jpg":
        image.save(path, "JPEG", quality=90)
    else:
        image.save(path, "PNG", compress_level=6)


def save_text(path: Path, lines: Sequence[str], end: str = "\n") -> None:
    """Write UTF-8 lines, each with the given end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())


def note(root: Path, title: str) -> None:
    """Say in the dataset's folder that it is drawn."""
    save_text(root / "README.txt", NOTE.format(title=title).splitlines())
