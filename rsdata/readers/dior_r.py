"""DIOR-R: the images of DIOR with oriented boxes (Cheng et al., TGRS 2022).

The same dataset as `dior` with boxes=obb, under the name that people know it by: same images, lists and classes, other
XML. Reading both into one corpus gives every image twice. Sources and traps are those of `dior`: the corners are used
as they are, and reach over the image's border in some of the boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _dior
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="DIOR-R",
    task="detection",
    platform="satellite",
    classes=_dior.CLASSES,
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No terms were found in a source; it is handed out for research. The images are Google Earth's.",
    homepage="https://gcheng-nwpu.github.io/#Datasets",
    citation="Cheng et al., Anchor-free Oriented Proposal Generator for Object Detection, TGRS 2022",
    obtain="Download DIOR and its oriented annotations from https://gcheng-nwpu.github.io/#Datasets.",
    tree="""\
DIOR/JPEGImages-trainval/00001.jpg
DIOR/JPEGImages-test/11726.jpg
DIOR/Annotations/Oriented Bounding Boxes/00001.xml
DIOR/ImageSets/Main/train.txt  val.txt  test.txt
(a folder inside one of the same name, as the archives unpack, is fine)""",
    sizes_in_annotations=True,
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the ids of the split lists and what no list names (split ""), as `dior` does."""
    return _dior.items(root, INFO, "dior_r", split, images, "obb")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    yield from _dior.read(item, INFO)
