"""Small pictures with sentences, for the writers of caption sets; cut and described as in `rsicd`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from rsdata.sample.files import save_image, shots
from rsdata.sample.paint import paint
from rsdata.sample.rsicd import SHOTS, captions, crop


class Crop(NamedTuple):
    """`kind` is that of the scene, `pixels` are RGB `[row, column, 3]`, sentences end in " ."."""

    number: int
    split: str
    kind: str
    pixels: npt.NDArray[Any]
    sentences: list[str]


def crops(count: int, seed: int, name: str, side: int, kinds: Sequence[str] = ()) -> Iterator[Crop]:
    """`count` square pictures of `side` pixels, each with five sentences; `kinds` leaves out other kinds of scenes."""
    wanted = [shot for shot in SHOTS if not kinds or shot.kind in kinds]
    for number, (split, scene) in enumerate(shots(wanted, count, seed, name), 1):
        window = crop(scene)
        x, y, width, height = window
        part = Image.fromarray(paint(scene)[y : y + height, x : x + width])
        pixels = np.asarray(part.resize((side, side), Image.Resampling.LANCZOS))
        yield Crop(number, split, scene.kind, pixels, captions(scene, window))


def save(path: Path, pixels: npt.NDArray[Any]) -> None:
    """Write TIFF, JPEG or PNG by the suffix."""
    if path.suffix != ".tif":
        save_image(path, pixels)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "TIFF")


def karpathy(entries: Sequence[tuple[str, str, Sequence[str]]], dataset: str) -> dict[str, Any]:
    """Karpathy's JSON of (file name, split, sentences)."""
    images = [
        {
            "filename": file,
            "imgid": n,
            "sentences": [{"raw": text, "tokens": text.rstrip(" .").split(), "imgid": n} for text in sentences],
            "split": split,
        }
        for n, (file, split, sentences) in enumerate(entries)
    ]
    return {"images": images, "dataset": dataset}


def plain(sentence: str) -> str:
    """ "two ships in a port ." -> "Two ships in a port." """
    return sentence[0].upper() + sentence[1:].replace(" .", ".")
