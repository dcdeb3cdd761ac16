"""AI-TOD: tiny objects of eight classes in 28,036 tiles of 800 x 800 pixels (Wang et al., ICPR 2020).

Source of the format: jwwangchn/AI-TOD (README, lists); COCO JSON and png. The user builds the images from the tiles
that can be downloaded and from xView, so that some may be missing: counted drops. The tiles were cut from xView, DOTA,
DIOR, VisDrone and Airbus images: run dedup where these are in the corpus too. `trainval` repeats train and val, and is
read only where these are absent. The JSON is gone through once and not held (`_cocospans`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _cocospans, _files
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="AI-TOD",
    task="detection",
    platform="aerial",
    classes={
        "airplane": "airplane",
        "bridge": "bridge",
        "storage-tank": "storage_tank",
        "ship": "ship",
        "swimming-pool": "swimming_pool",
        "vehicle": "vehicle",
        "person": "person",
        "wind-mill": "windmill",
    },
    splits=("train", "val", "test"),
    licence="mixed",
    terms="Each image keeps the terms of the dataset that it was cut from (xView, DOTA, DIOR, VisDrone, Airbus).",
    homepage="https://github.com/jwwangchn/AI-TOD",
    citation="Wang et al., Tiny Object Detection in Aerial Images, ICPR 2020",
    obtain="Follow https://github.com/jwwangchn/AI-TOD to download the annotations and to build the images.",
    tree="""\
AI-TOD/annotations/aitod_train_v1.json  aitod_val_v1.json  aitod_test_v1.json
AI-TOD/images/train/2514__0_600.png     (or train/images/, train/)
AI-TOD/images/val/...  test/...  trainval/...""",
    sizes_in_annotations=True,
)
ORPHANS = "annotations-without-image"
_SPLIT = re.compile(r"(?<![a-z])(trainval|train|val|test)(?![a-z])")


def find(root: Path, split: str | None = None, *, images: bool = True, json: str | None = None) -> list[Item]:
    """Go through the JSON of every split and list its images.

    json: one file, relative to the root, where a split has more than one (AI-TOD and AI-TOD-v2).
    """
    root = _files.check_root(root, INFO)
    files = _one_file(root, json) if json else _files_by_split(root)
    if split is not None:
        if split not in files:
            raise _files.wrong_split(INFO, split, files)
        files = {split: files[split]}
    found: list[Item] = []
    for name, path in files.items():
        found += _items(root, name, path, images)
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Fetch the annotations of one image from the JSON, and read the size of the image."""
    yield from _cocospans.read(item, INFO, INFO.concept)


def _one_file(root: Path, json: str) -> dict[str, str]:
    if not _files.holds(root, json):
        raise BadSource(f"AI-TOD: no file {json} in {root} (found: {_files.contents(root)})")
    name = _split_of(json)
    return {"train" if name == "trainval" else name: Path(json).as_posix()}


def _split_of(path: str) -> str:
    found = _SPLIT.search(path.rpartition("/")[2].lower())
    return found[1] if found else ""


def _files_by_split(root: Path) -> dict[str, str]:
    """The JSON of every split; of trainval, as train, where there is none of train and val."""
    found: dict[str, str] = {}
    for folder in [root, *_files.folders(root, lambda name: name.lower().startswith("annotation"), 3)]:
        for path in _files.listing(folder, {".json"}, _files.prefix_of(root, folder)).values():
            name = _split_of(path)
            if name in found:
                both = f"{found[name]} and {path}"
                raise BadSource(f"AI-TOD: {both} in {root} are both of {name}; choose one with the option json")
            if name:
                found[name] = path
    if not found:
        raise _files.missing(INFO, root, "annotations/*train*.json, *val*.json or *test*.json")
    both = found.pop("trainval", "")
    if both and not {"train", "val"} & found.keys():
        found["train"] = both
    return {name: found[name] for name in INFO.splits if name in found}


def _items(root: Path, split: str, path: str, images: bool) -> list[Item]:
    try:
        index = _cocospans.index(root / path, path)
    except BadAnnotation as error:
        raise BadSource(f"AI-TOD: {error}; get this file again, or choose another with the option json") from error
    prefix = f"ai_tod/{split}/" if split else "ai_tod/"
    pictures = _pictures(root, split) if images else {}
    found: list[Item] = []
    for name, picture in zip(_cocospans.ids(index.pictures), index.pictures, strict=True):
        stem = _files.stem_of(picture.file_name)
        image = pictures.get(stem, f"images/{split}/{stem}.png".replace("//", "/")) if images else None
        found.append(Item(root, prefix + name, split, image, path, _cocospans.data_of(picture, index)))
    if index.loose:
        found.append(Item(root, prefix + ORPHANS, split, None, path, {"loose": index.loose}))
    return found


def _pictures(root: Path, split: str) -> dict[str, str]:
    """Images of a split's folders by stem; those of trainval come last, for what is not in the split's own."""
    names = [split, "trainval"] if split in ("train", "val") else [split]
    places = [place for name in names if name for place in (f"images/{name}", f"{name}/images", name)]
    found: dict[str, str] = {}
    for place in [*places, "images"]:
        if (root / place).is_dir():
            found = _files.images_of(root, root / place) | found
    return found
