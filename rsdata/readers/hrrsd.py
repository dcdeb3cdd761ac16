"""TGRS-HRRSD: 13 classes in 21,761 images of many sizes (Zhang et al., TGRS 2019).

Source of the format: CrazyStoneonRoad/TGRS-HRRSD-Dataset (README and all XML). The boxes are VOC's, 1-based and
inclusive; a few start at 0, and lose that pixel to the clipping. The README counts 55,740 objects, its XML hold 57,137.
Class names have blanks, one a capital letter (`T junction`); the lists of single classes (`ship_train.txt`) are not
read. The COCO files of COCOFormat/ are for the reader coco. The images are not on GitHub.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _lists, _voc
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="TGRS-HRRSD",
    task="detection",
    platform="satellite",
    classes={
        "ship": "ship",
        "bridge": "bridge",
        "ground track field": "ground_track_field",
        "storage tank": "storage_tank",
        "basketball court": "basketball_court",
        "tennis court": "tennis_court",
        "airplane": "airplane",
        "baseball diamond": "baseball_diamond",
        "harbor": "harbor",
        "vehicle": "vehicle",
        "crossroad": "crossroads",
        "T junction": "t_junction",
        "parking lot": "parking_lot",
    },
    splits=("train", "val", "test"),
    licence="MulanPSL-1.0",
    terms="Mulan Permissive Software License 1 for the repository; it says nothing sure about the pixels.",
    homepage="https://github.com/CrazyStoneonRoad/TGRS-HRRSD-Dataset",
    citation="Zhang et al., Hierarchical and Robust Convolutional Neural Network for Very High-Resolution Remote "
    "Sensing Object Detection, TGRS 2019",
    obtain="Clone https://github.com/CrazyStoneonRoad/TGRS-HRRSD-Dataset, and add the images by the links there.",
    tree="""\
OPT2017/JPEGImages/00001.jpg
OPT2017/Annotations/00001.xml
OPT2017/ImageSets/Main/train.txt  val.txt  test.txt""",
    sizes_in_annotations=True,
)
DEPTH = 4


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the ids of the split lists and what no list names (split "").

    Listed ids of which neither image nor XML is on disk are counted in one drop for each list (listed-but-absent).
    """
    root = _files.check_root(root, INFO)
    labels = _in(root, "Annotations", {".xml"})
    if not labels:
        raise _files.missing(INFO, root, "folder Annotations with XML files")
    lists = _lists.read_lists(root, root, DEPTH)
    if split is not None and split not in lists:
        raise _files.wrong_split(INFO, split, lists)
    pictures = _in(root, "JPEGImages", _files.IMAGE_SUFFIXES) if images else None
    prefix = next(iter(labels.values())).rpartition("Annotations/")[0] + "JPEGImages/"
    found = _lists.items(root, "hrrsd/", pictures, labels, lists, lambda _, stem: f"{prefix}{stem}.jpg", {})
    return [item for item in found if split is None or item.split == split]


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        data = _files.read_bytes(item.root / item.label, item.label)
        page = _voc.parse(data, item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept, _voc.where(item.label, data))


def _in(root: Path, name: str, suffixes: frozenset[str] | set[str]) -> dict[str, str]:
    """The files of the first folder of that name that has any."""
    for folder in _files.folders(root, _files.named(name), DEPTH):
        found = _files.listing(folder, suffixes, _files.prefix_of(root, folder))
        if found:
            return found
    return {}
