"""DOTA v1.0, v1.5 and v2.0: oriented boxes in large aerial images (Xia et al., CVPR 2018; Ding et al., TPAMI 2021).

Source of the format: CAPTAIN-WHU/DOTA_devkit (dota_utils.py, readme.md). The corners stay in `poly`; `box` is their
hull, clipped to the image. Objects with difficult 1 or 2 are kept and marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _dota, _files
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="DOTA",
    task="detection",
    platform="aerial",
    classes={
        "plane": "airplane",
        "baseball-diamond": "baseball_diamond",
        "bridge": "bridge",
        "ground-track-field": "ground_track_field",
        "small-vehicle": "small_vehicle",
        "large-vehicle": "large_vehicle",
        "ship": "ship",
        "tennis-court": "tennis_court",
        "basketball-court": "basketball_court",
        "storage-tank": "storage_tank",
        "soccer-ball-field": "soccer_field",
        "roundabout": "roundabout",
        "harbor": "harbor",
        "swimming-pool": "swimming_pool",
        "helicopter": "helicopter",
        "container-crane": "container_crane",
        "airport": "airport",
        "helipad": "helipad",
    },
    splits=("train", "val", "test"),
    licence="academic-only",
    terms="Academic use only; commercial use is prohibited. Google Earth images stay under Google's terms.",
    homepage="https://captain-whu.github.io/DOTA/",
    citation="Xia et al., DOTA: A Large-scale Dataset for Object Detection in Aerial Images, CVPR 2018",
    obtain="Download it from https://captain-whu.github.io/DOTA/dataset.html and unpack it there.",
    tree="""\
DOTA/train/images/P0000.png
DOTA/train/labelTxt-v1.0/P0000.txt      (or labelTxt, labelTxt-v1.5, labelTxt-v2.0; *_hbb holds upright boxes)
DOTA/val/...
or flat: DOTA/images/P0000.png, DOTA/labelTxt/P0000.txt""",
)

_VERSION = re.compile(r"v(\d\.\d)")
_HBB = re.compile(r"hbb|reclabel")


def find(
    root: Path, split: str | None = None, *, images: bool = True, version: str | None = None, boxes: str = "obb"
) -> list[Item]:
    """List images and label files, one item for each name that has either.

    version: "1.0", "1.5" or "2.0"; needed where the folder holds labels of more than one.
    boxes: "obb" (oriented, labelTxt) or "hbb" (upright, the *_hbb and reclabelTxt folders).
    A split folder without any label folder (test: its labels are not public) is left out unless it is asked for.
    """
    if boxes not in ("obb", "hbb"):
        raise BadSource(f"DOTA: boxes is {boxes!r} where 'obb' or 'hbb' is wanted")
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    bases = {name: root / name for name in INFO.splits if _label_folders(root / name) or (root / name).is_dir()}
    if not any(_label_folders(base) for base in bases.values()):
        bases = {"": root}
    if split is not None and split not in bases:
        raise _files.wrong_split(INFO, split, bases)
    wanted = bases if split is None else {split: bases[split]}
    found: list[Item] = []
    for name, base in wanted.items():
        places = _label_folders(base)
        if places:
            found += _items(root, name, base, _chosen(base, places, version, boxes))
        elif split is not None or not name:
            raise _files.missing(INFO, base, "label folder (labelTxt, labelTxt-v1.0, ...)")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one label file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = _dota.parse(_files.read_text(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept)


def _label_folders(base: Path) -> list[Path]:
    """Folders of a split that hold label files: labelTxt*, and what is unpacked inside them."""
    if not base.is_dir():
        return []
    below = _files.folders(base, lambda _: True, depth=3)
    top = {name.lower() for name in INFO.splits}
    inside = [f for f in below if f.relative_to(base).parts[0].lower() not in top and "labeltxt" in _shown(f, base)]
    return [folder for folder in inside if any(folder.glob("*.txt"))]


def _chosen(base: Path, places: list[Path], version: str | None, boxes: str) -> list[Path]:
    """The label folders of one kind of box and one version."""
    kind = [f for f in places if bool(_HBB.search(_shown(f, base))) == (boxes == "hbb")]
    names = ", ".join(_shown(f, base) for f in places)
    if not kind:
        raise BadSource(f"DOTA: no {boxes} labels in {base} (label folders: {names}); the other kind is there")
    versions = {f: _version(_shown(f, base)) for f in kind}
    if version is None and len(set(versions.values())) > 1:
        raise BadSource(f"DOTA: labels of more than one version in {base} ({names}); choose with version, such as 1.5")
    if version is None or set(versions.values()) == {""}:
        return kind
    chosen = [f for f in kind if versions[f] == version.removeprefix("v")]
    if not chosen:
        raise BadSource(f"DOTA: no labels of version {version} in {base} (label folders: {names})")
    return chosen


def _version(name: str) -> str:
    found = _VERSION.search(name)
    return found[1] if found else ""


def _shown(folder: Path, base: Path) -> str:
    return folder.relative_to(base).as_posix().lower()


def _items(root: Path, split: str, base: Path, places: list[Path]) -> list[Item]:
    labels: dict[str, str] = {}
    for folder in places:
        _merge(labels, _files.listing(folder, {".txt"}, _files.prefix_of(root, folder)))
    images: dict[str, str] = {}
    for folder in _files.folders(base, lambda _: True, depth=3):
        if "images" in _shown(folder, base).split("/") and (split or not _in_split(folder, base)):
            _merge(images, _files.images_of(root, folder))
    prefix = f"dota/{split}/" if split else "dota/"
    expected = _files.prefix_of(root, base / "images")
    return [
        Item(root, prefix + stem, split, images.get(stem, f"{expected}{stem}.png"), labels.get(stem))
        for stem in labels.keys() | images.keys()
    ]


def _in_split(folder: Path, base: Path) -> bool:
    return folder.relative_to(base).parts[0].lower() in INFO.splits


def _merge(into: dict[str, str], more: dict[str, str]) -> None:
    for stem, path in more.items():
        if stem in into:
            raise BadSource(f"DOTA: {into[stem]} and {path} are two files of one name; keep one of them")
        into[stem] = path
