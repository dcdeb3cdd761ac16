"""The drawn world in the format of the Airbus ship challenge: one CSV of run lengths, one row a ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, instance_map

SHOTS = (Shot("port", 768, 768, 0.8), Shot("farmland", 768, 768, 0.8), Shot("port", 768, 768, 0.6))


def write(root: Path, scenes: int, seed: int) -> int:
    """Write train_v2/ and train_ship_segmentations_v2.csv; land has a row without runs."""
    note(root, "Airbus Ship Detection")
    lines = ["ImageId,EncodedPixels"]
    for number, (_, scene) in enumerate(shots(SHOTS, scenes, seed, "airbus_ship"), 1):
        name = f"{number * 7:09x}.jpg"
        save_image(root / "train_v2" / name, paint(scene))
        lines += [f"{name},{runs}" for runs in ships(scene) or [""]]
    save_text(root / "train_ship_segmentations_v2.csv", lines)
    return scenes


def ships(scene: Scene) -> list[str]:
    """The run lengths of every ship, of what is seen of it."""
    things = scene.annotated({"ship"})
    seen = instance_map(scene, things)
    masks = (seen == number for number in range(1, len(things) + 1))
    return [encode(mask) for mask in masks if mask.any()]


def encode(mask: npt.NDArray[np.bool_]) -> str:
    """Pairs of start and length, columns first, starts from 1."""
    flat = np.concatenate(([False], mask.T.ravel(), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return " ".join(f"{start + 1} {end - start}" for start, end in zip(edges[::2], edges[1::2], strict=True))
