"""NWPU-Captions: the 31,500 images of NWPU-RESISC45 with five sentences each (Cheng et al., TGRS 2022).

Source of the format: public loaders of `dataset_nwpu.json`: class -> list of images, the captions of an image under
`raw`, `raw_1` ... `raw_4`. The class is the key of the JSON and the folder of the image.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, _files
from rsdata.readers._captions import Entry
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="NWPU-Captions",
    task="captions",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "airport": "airport",
        "baseball_diamond": "baseball_diamond",
        "basketball_court": "basketball_court",
        "beach": "beach",
        "bridge": "bridge",
        "chaparral": "chaparral",
        "church": "church",
        "circular_farmland": "circular_farmland",
        "cloud": "cloud",
        "commercial_area": "commercial_area",
        "dense_residential": "dense_residential_area",
        "desert": "desert",
        "forest": "forest",
        "freeway": "freeway",
        "golf_course": "golf_course",
        "ground_track_field": "ground_track_field",
        "harbor": "harbor",
        "industrial_area": "industrial_area",
        "intersection": "intersection",
        "island": "island",
        "lake": "lake",
        "meadow": "meadow",
        "medium_residential": "medium_residential_area",
        "mobile_home_park": "mobile_home_park",
        "mountain": "mountain",
        "overpass": "overpass",
        "palace": "palace",
        "parking_lot": "parking_lot",
        "railway": "railway",
        "railway_station": "train_station",
        "rectangular_farmland": "rectangular_farmland",
        "river": "river",
        "roundabout": "roundabout",
        "runway": "runway",
        "sea_ice": "sea_ice",
        "ship": "ship",
        "snowberg": "snowberg",
        "sparse_residential": "sparse_residential_area",
        "stadium": "stadium",
        "storage_tank": "storage_tank",
        "tennis_court": "tennis_court",
        "terrace": "terrace",
        "thermal_power_station": "thermal_power_station",
        "wetland": "wetland",
    },
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are Google Earth's.",
    homepage="https://github.com/HaiyanHuang98/NWPU-Captions",
    citation="Cheng et al., NWPU-Captions Dataset and MLCA-Net for Remote Sensing Image Captioning, TGRS 2022",
    obtain="Download images and dataset_nwpu.json from https://github.com/HaiyanHuang98/NWPU-Captions (Git LFS).",
    tree="""\
NWPU-Captions/dataset_nwpu.json
NWPU-Captions/NWPU_images/airplane/airplane_001.jpg""",
)

FOLDERS = ("NWPU_images", "NWPU-RESISC45", "images")
_RAW = re.compile(r"raw(?:_(\d{1,3}))?")


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List every image that the JSON names, and every image that it does not."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    path = next((root / name for name in ("dataset_nwpu.json", "dataset.json") if (root / name).is_file()), None)
    if path is None:
        raise _files.missing(INFO, root, "dataset_nwpu.json")
    try:
        entries = parse(_files.read_text(path, path.name), path.name)
    except BadAnnotation as error:
        raise BadSource(f"NWPU-Captions: {error}; get the file again") from error
    there = sorted({entry.split for entry in entries})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    folder = next((name for name in FOLDERS if (root / name).is_dir()), FOLDERS[0])
    pictures = _pictures(root, root / folder)
    found = _captions.items(root, "nwpu_captions", entries, pictures, folder, {})
    return [_with_class(item, folder) for item in found if split is None or item.split == split]


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions and its class are in the item."""
    entry: Entry | None = item.data.get("entry")
    name = entry.file.rpartition("/")[0] if entry else ""
    try:
        label = INFO.concept(name)
    except KeyError:
        label = None
    yield from _captions.read(item, INFO, label, {"class": name} if name else {})


def parse(text: str, shown: str) -> list[Entry]:
    """Parse the JSON; the file of an Entry is class/filename. `shown` is the file's name in messages.

        {"airplane": [{"filename": "airplane_001.jpg", "imgid": 0, "split": "train", "raw": "A plane .",
                       "raw_1": "There is a plane .", "sentids": 0, "sentids_1": 1}]}

    A damaged entry comes with a problem. Raises BadAnnotation when it is no such JSON, or names an image twice.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}); was the download cut?") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, f"JSON that cannot be read ({type(error).__name__})") from error
    if not isinstance(content, dict) or not any(isinstance(listed, list) for listed in content.values()):
        raise BadAnnotation(shown, 0, "the JSON is no object of class -> list of images, as NWPU-Captions has it")
    entries = []
    for name, listed in content.items():
        if not isinstance(listed, list):
            raise BadAnnotation(shown, 0, f"{name[:60]!r} holds no list of images")
        entries += [_entry(node, name, n, shown) for n, node in enumerate(listed)]
    seen: set[str] = set()
    for entry in entries:
        stem = _files.stem_of(entry.file)
        if stem in seen and not entry.problem:
            raise BadAnnotation(shown, 0, f"{clean(entry.file)} is listed a second time")
        seen.add(stem)
    return entries


def _entry(node: Any, name: str, n: int, shown: str) -> Entry:
    where = f"{shown}: {name[:60]}[{n}]"
    file = node.get("filename") if isinstance(node, dict) else None
    if not isinstance(file, str) or not file.strip():
        return Entry(f"{name}-{n}", "", (), f"{where} has no filename")
    split = node.get("split")
    if split not in INFO.splits:
        return Entry(file, "", (), f"{where} ({file[:60]}): split is {split!r:.60}")
    keys = sorted((int(found[1] or 0), key) for key in node if (found := _RAW.fullmatch(key)))
    texts = tuple(node[key] for _, key in keys)
    if not texts or not all(isinstance(text, str) for text in texts):
        return Entry(file, split, (), f"{where} ({file[:60]}): raw, raw_1 ... are not all sentences")
    folder = name.replace("\\", "/").rpartition("/")[2]
    return Entry(f"{folder}/{file.replace(chr(92), '/').rpartition('/')[2]}", split, texts)


def _pictures(root: Path, folder: Path) -> dict[str, str]:
    """Images of the class folders, and of the folder itself, by stem. Raises BadSource where two share a name."""
    found: dict[str, str] = {}
    places = [folder, *_files.folders(folder, lambda _: True, 1)] if folder.is_dir() else []
    for place in places:
        for stem, path in _files.images_of(root, place).items():
            if stem in found:
                raise BadSource(f"NWPU-Captions: {found[stem]} and {path} are two files of one name; keep one of them")
            found[stem] = path
    return found


def _with_class(item: Item, folder: str) -> Item:
    """A missing image is looked for in the folder of its class."""
    entry: Entry | None = item.data.get("entry")
    name, _, file = entry.file.rpartition("/") if entry else ("", "", "")
    wanted = name not in ("", "..") and item.image == f"{folder}/{file}" and not _files.is_file(item.root / item.image)
    return replace(item, image=f"{folder}/{name}/{file}") if wanted else item
