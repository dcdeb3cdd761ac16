"""UAVid: oblique views of streets from a drone, 42 sequences with eight classes (Lyu et al., ISPRS 2020).

Source of the format: YeLyuUT/UAVidToolKit (README, colorTransformer.py). Masks are colours in Labels/; indices in the
order of the tool kit's table are read where a folder TrainId/ has them and Labels/ is not there. Other tools order the
classes otherwise: index files of theirs would be read wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _masks, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

# Class as written in the tool kit -> colour (RGB), concept. The position is the index.
PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {
    "Clutter": ((0, 0, 0), None),
    "Building": ((128, 0, 0), "building"),
    "Road": ((128, 64, 128), "road"),
    "Static_Car": ((192, 0, 192), "car"),
    "Tree": ((0, 128, 0), "tree"),
    "Vegetation": ((128, 128, 0), "vegetation"),
    "Human": ((64, 64, 0), "person"),
    "Moving_Car": ((64, 0, 128), "car"),
}

INFO = Info(
    title="UAVid",
    task="segmentation",
    platform="uav",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "val", "test"),
    licence="CC-BY-NC-SA-4.0",
    terms="CC BY-NC-SA 4.0 (not verified in a source).",
    homepage="https://uavid.nl/",
    citation="Lyu et al., UAVid: A Semantic Segmentation Dataset for UAV Imagery, ISPRS 2020",
    obtain="Download uavid_train, uavid_val and uavid_test from https://uavid.nl/ and unpack them there.",
    tree="""\
UAVid/train/seq1/Images/000000.png      (or uavid_train/)
UAVid/train/seq1/Labels/000000.png
UAVid/valid/...                         (or uavid_val/)
UAVid/test/seq21/Images/000000.png      (its masks are not public)""",
    sizes_in_annotations=True,
)

_COLOURS = _masks.rgb_kind(dict(PALETTE.values()))
KINDS = {
    1: _masks.index_kind(dict(enumerate(concept for _, concept in PALETTE.values()))),
    3: _COLOURS,
    4: _COLOURS,
}

_SEQUENCE = re.compile(r"seq_?\d+$")
_FOLDERS = {"images": (IMAGE, 0), "labels": (MASK, 0), "trainid": (MASK, 1)}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the labelled frames, one item for each sequence and number that has an image or a mask (seq1-000000).

    The frames of a sequence are five seconds apart, so none is skipped. `images=False` lists the masks alone.
    """
    wanted = "folder Labels with masks (train/seq1/Labels/000000.png)"
    return _pairs.find(root, INFO, "uavid", _sort, split, images, wanted=wanted, beside=_beside)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _pairs.read(item, INFO, KINDS)


def _sort(folders: tuple[str, ...], stem: str) -> Part | None:
    role = _FOLDERS.get(folders[-1] if folders else "")
    if role is None:
        return None
    sequence = next((folder for folder in folders if _SEQUENCE.match(folder)), "")
    name = f"{sequence}-{stem}" if sequence else stem
    return Part(role[0], _pairs.split_of(folders), name, role[1], {"sequence": sequence} if sequence else {})


def _beside(mask: str) -> str:
    folder, _, name = mask.rpartition("/")
    return f"{folder.rpartition('/')[0]}/Images/{name}".lstrip("/")
