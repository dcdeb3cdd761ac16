"""LEVIR: airplanes, ships and oil pots in images of 800 x 600 pixels (Zou and Shi, TIP 2018).

Source of the format: one public script, which says only that images and text lie side by side in imageWithLabel/. The
columns are known from memory, and read leniently (see `_rows.levir`): compare a few records with `rsdata show` before
you trust them. Text without a line is an image without objects. Images in other folders have no labels and are not
listed. Not LEVIR-CD (change detection), nor LEVIR-Ship.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _rows
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="LEVIR",
    task="detection",
    platform="satellite",
    classes={"airplane": "airplane", "ship": "ship", "oilpot": "oil_tank"},
    splits=(),
    licence="unknown",
    terms="No terms were found in a source. The images are Google Earth's.",
    homepage="http://levir.buaa.edu.cn/Code.htm",
    citation="Zou and Shi, Random Access Memories: A New Paradigm for Target Detection in High Resolution Aerial "
    "Remote Sensing Images, TIP 2018",
    obtain="Download it by the links of http://levir.buaa.edu.cn/Code.htm and unpack it there.",
    tree="""\
LEVIR/imageWithLabel/00001.jpg
LEVIR/imageWithLabel/00001.txt""",
)
FOLDER = "imageWithLabel"


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images and text of imageWithLabel/ (or of the root, without that folder), one item for each name."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    folder = next(iter(_files.folders(root, _files.named(FOLDER), 3)), root)
    prefix = _files.prefix_of(root, folder)
    labels = _files.listing(folder, {".txt"}, prefix)
    pictures = _files.images_of(root, folder)
    if not labels or not (pictures or folder != root):
        raise _files.missing(INFO, root, f"folder {FOLDER} with images and txt files")
    return [
        Item(root, f"levir/{stem}", "", pictures.get(stem, f"{prefix}{stem}.jpg"), labels.get(stem))
        for stem in sorted(labels.keys() | pictures.keys())
    ]


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one text file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = _rows.levir(_files.read_text(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept)
