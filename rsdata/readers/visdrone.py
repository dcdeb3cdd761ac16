"""VisDrone2019-DET: images from drones over Chinese cities (Zhu et al., TPAMI 2021).

Source of the format: VisDrone/VisDrone2018-DET-toolkit (README). Rows of category 0 (ignored regions), 11 (others) and
rows of score 0 are object drops, as the toolkit leaves them out of the evaluation. The toolkit also leaves out objects
that lie for more than half in an ignored region; they are kept here. Heavy occlusion (2) becomes difficult.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _visdrone
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="VisDrone-DET",
    task="detection",
    platform="uav",
    classes={
        "ignored regions": None,
        "pedestrian": "person",
        "people": "person",
        "bicycle": "bicycle",
        "car": "car",
        "van": "van",
        "truck": "truck",
        "tricycle": "tricycle",
        "awning-tricycle": "awning_tricycle",
        "bus": "bus",
        "motor": "motorcycle",
        "others": None,
    },
    splits=("train", "val", "test"),
    licence="academic-only",
    terms="The toolkit states no terms; the dataset is handed out for academic use.",
    homepage="https://github.com/VisDrone/VisDrone-Dataset",
    citation="Zhu et al., Detection and Tracking Meet Drones Challenge, TPAMI 2021",
    obtain="Download it from https://github.com/VisDrone/VisDrone-Dataset (Task 1) and unpack it there.",
    tree="""\
VisDrone/VisDrone2019-DET-train/images/0000002_00005_d_0000014.jpg
VisDrone/VisDrone2019-DET-train/annotations/0000002_00005_d_0000014.txt
VisDrone/VisDrone2019-DET-val/...
VisDrone/VisDrone2019-DET-test-dev/...
or flat: images/, annotations/""",
)

_FOLDER = re.compile(r"(?:visdrone\d*-det-)?(train|val|test)(?:-dev)?$")


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and annotation files, one item for each name that has either.

    test-dev is the split test; test-challenge has no annotations and is left out, as is VisDrone-VID.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    bases = _bases(root)
    if split is not None and split not in bases:
        raise _files.wrong_split(INFO, split, bases)
    found: list[Item] = []
    for name, base in bases.items():
        if split is None or name == split:
            found += _items(root, name, base)
    if not found:
        raise _files.missing(INFO, root, "folder annotations/ with txt files")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one annotation file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = _visdrone.parse(_files.read_text(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept)


def _bases(root: Path) -> dict[str, Path]:
    """Split -> the folder that holds its annotations/. A root that is one split's folder itself works too."""
    found: dict[str, Path] = {}
    for folder in _files.folders(root, _files.named("annotations"), depth=3):
        base = folder.parent
        name = _FOLDER.search(base.name.lower())
        if name or base == root:
            found.setdefault(name[1] if name else "", base)
    return found


def _items(root: Path, split: str, base: Path) -> list[Item]:
    labels = _files.listing(base / "annotations", {".txt"}, _files.prefix_of(root, base / "annotations"))
    pictures = _files.images_of(root, base / "images")
    expected = _files.prefix_of(root, base / "images")
    prefix = f"visdrone/{split}/" if split else "visdrone/"
    return [
        Item(root, prefix + stem, split, pictures.get(stem, f"{expected}{stem}.jpg"), labels.get(stem))
        for stem in labels.keys() | pictures.keys()
    ]
