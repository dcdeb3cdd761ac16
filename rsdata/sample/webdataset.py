"""The drawn world as WebDataset shards of others: .jpg and .txt, one shard for each split."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from PIL import Image

from rsdata.sample.files import note, shots
from rsdata.sample.paint import paint
from rsdata.sample.rsicd import SHOTS, captions, crop


def write(root: Path, scenes: int, seed: int) -> int:
    """Write train/00000.tar, val/00000.tar and test/00000.tar."""
    note(root, "WebDataset")
    members: dict[str, list[tuple[str, bytes]]] = {}
    for number, (split, picture, sentences) in enumerate(pictures(scenes, seed, "webdataset")):
        found = members.setdefault(split, [])
        found += [(f"{number:09d}.jpg", picture), (f"{number:09d}.txt", sentences[0].encode())]
    for split, found in members.items():
        (root / split).mkdir(parents=True, exist_ok=True)
        with tarfile.open(root / split / "00000.tar", "w", format=tarfile.USTAR_FORMAT) as shard:
            for name, data in found:
                member = tarfile.TarInfo(name)  # time and owner are 0
                member.size = len(data)
                shard.addfile(member, io.BytesIO(data))
    return scenes


def pictures(scenes: int, seed: int, name: str) -> list[tuple[str, bytes, list[str]]]:
    """Split, JPEG bytes and five sentences of drawn scenes."""
    found = []
    for split, scene in shots(SHOTS, scenes, seed, name):
        window = crop(scene)
        x, y, width, height = window
        out = io.BytesIO()
        Image.fromarray(paint(scene)[y : y + height, x : x + width]).save(out, "JPEG", quality=90)
        found.append((split, out.getvalue(), captions(scene, window)))
    return found
