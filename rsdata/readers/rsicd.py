"""RSICD: 10,921 images with five sentences each (Lu et al., TGRS 2017).

Two forms: `dataset_rsicd.json` (Karpathy's JSON, splits train, val and test) and the lists of AMFMN in
`rsicd_precomp/` (`train` there is the official train and val together). The scene class stands in the file name;
numbered files have none. Sizes are in the image headers only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, _files
from rsdata.readers._captions import Entry
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSICD",
    task="captions",
    platform="satellite",
    classes={
        "airport": "airport",
        "bareland": "bare_land",
        "baseballfield": "baseball_diamond",
        "beach": "beach",
        "bridge": "bridge",
        "center": "civic_center",
        "church": "church",
        "commercial": "commercial_area",
        "denseresidential": "dense_residential_area",
        "desert": "desert",
        "farmland": "farmland",
        "forest": "forest",
        "industrial": "industrial_area",
        "meadow": "meadow",
        "mediumresidential": "medium_residential_area",
        "mountain": "mountain",
        "park": "park",
        "parking": "parking_lot",
        "playground": "playground",
        "pond": "pond",
        "port": "harbor",
        "railwaystation": "train_station",
        "resort": "resort",
        "river": "river",
        "school": "school",
        "sparseresidential": "sparse_residential_area",
        "square": "square",
        "stadium": "stadium",
        "storagetanks": "storage_tank",
        "viaduct": "viaduct",
    },
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth, Baidu, MapABC, Tianditu.",
    homepage="https://github.com/201528014227051/RSICD_optimal",
    citation="Lu et al., Exploring Models and Data for Remote Sensing Image Caption Generation, TGRS 2017",
    obtain="Download images and dataset_rsicd.json by the links of https://github.com/201528014227051/RSICD_optimal.",
    tree="""\
RSICD/dataset_rsicd.json
RSICD/RSICD_images/airport_1.jpg  00001.jpg ...
or, for the JSON: RSICD/rsicd_precomp/train_caps.txt  train_filename.txt  test_caps.txt  test_filename.txt""",
)

FORMS = ("", "json", "lists")
MERGED = {"train": "the official train and val together"}
_NUMBERED = re.compile(r"(.*?)_?\d+$")


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "") -> list[Item]:
    """List every image that the captions name, and every image that they do not.

    form: "json" or "lists"; empty takes the JSON where it is there.
    """
    if form not in FORMS:
        raise BadSource(f"RSICD: form is {form!r} where 'json' or 'lists' is wanted")
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    lists = _list_pairs(root)
    index = next((path for path in (root / "dataset_rsicd.json", root / "dataset.json") if path.is_file()), None)
    note = {}
    try:
        if index is not None and form != "lists":
            entries = _captions.parse_json(_files.read_text(index, index.name), index.name)
        elif lists and form != "json":
            entries, note = read_lists(root, lists), MERGED
        else:
            wanted = "dataset_rsicd.json" if form == "json" else "dataset_rsicd.json or rsicd_precomp/train_caps.txt"
            raise _files.missing(INFO, root, wanted)
    except BadAnnotation as error:
        raise BadSource(f"RSICD: {error}; get the file again") from error
    there = sorted({entry.split for entry in entries})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    folder, pictures = _images(root)
    found = _captions.items(root, "rsicd", entries, pictures, folder, note)
    return [item for item in found if split is None or item.split == split]


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its captions are in the item."""
    name = _NUMBERED.match(_files.stem_of(item.image or ""))
    prefix = name[1] if name else ""
    label = INFO.classes.get(prefix.lower())
    yield from _captions.read(item, INFO, label, {"class": prefix} if prefix else {})


def read_lists(root: Path, pairs: dict[str, tuple[str, str]]) -> list[Entry]:
    """Entries of `{split: (captions, file names)}`, paths relative to root."""
    found = []
    for split, shown in pairs.items():
        captions, names = (_files.read_text(root / path, path) for path in shown)
        found += _captions.parse_lists(captions, names, shown, split)
    return found


def _list_pairs(root: Path) -> dict[str, tuple[str, str]]:
    """The lists of the first folder that has any. Raises BadSource where one of a pair is missing."""
    for folder in (root / "rsicd_precomp", root):
        prefix = _files.prefix_of(root, folder)
        found = {}
        for split in INFO.splits:
            pair = (f"{split}_caps.txt", f"{split}_filename.txt")
            there = [(folder / name).is_file() for name in pair]
            if any(there) and not all(there):
                lost = pair[there.index(False)]
                raise _files.missing(INFO, folder, lost, f"{pair[there.index(True)]} is there; both are needed")
            if all(there):
                found[split] = (prefix + pair[0], prefix + pair[1])
        if found:
            return found
    return {}


def _images(root: Path) -> tuple[str, dict[str, str]]:
    """The folder of the images, relative to root, and the images in it by stem."""
    for name in ("RSICD_images", "images", "imgs"):
        if (root / name).is_dir():
            return name, _files.images_of(root, root / name)
    loose = _files.images_of(root, root)
    return ("", loose) if loose else ("RSICD_images", {})
