"""DIOR and DIOR-R: 20 classes in 23,463 images of 800 x 800 pixels (Li et al., ISPRS 2020; Cheng et al., TGRS 2022).

Source of the format: the distributed XML, and mmrotate's dior.py. Horizontal boxes are VOC bndbox, 1-based and
inclusive; the corners of oriented boxes (robndbox) are used as they are, since no source states their convention. The
size in the XML is wrong in 33 oriented files, so the image's header decides wherever there is an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _dior
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="DIOR",
    task="detection",
    platform="satellite",
    classes=_dior.CLASSES,
    splits=("train", "val", "test"),
    licence="none-stated",
    terms="No terms were found in a source; it is handed out for research. The images are Google Earth's.",
    homepage="https://gcheng-nwpu.github.io/#Datasets",
    citation="Li et al., Object detection in optical remote sensing images: A survey and a new benchmark, ISPRS 2020",
    obtain="Download it from https://gcheng-nwpu.github.io/#Datasets and unpack it there.",
    tree="""\
DIOR/JPEGImages-trainval/00001.jpg
DIOR/JPEGImages-test/11726.jpg
DIOR/Annotations/Horizontal Bounding Boxes/00001.xml
DIOR/Annotations/Oriented Bounding Boxes/00001.xml
DIOR/ImageSets/Main/train.txt  val.txt  test.txt
(a folder inside one of the same name, as the archives unpack, is fine)""",
    sizes_in_annotations=True,
)


def find(root: Path, split: str | None = None, *, images: bool = True, boxes: str = "hbb") -> list[Item]:
    """List the ids of the split lists and what no list names (split "").

    boxes: "hbb" (horizontal) or "obb" (oriented). Without the lists every file has the empty split; without the
    annotation folders, XML directly in Annotations/ or in the root is read. Listed ids of which neither image nor XML
    is on disk are counted in one drop for each list (reason listed-but-absent, images = their number).
    """
    return _dior.items(root, INFO, "dior", split, images, boxes)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    yield from _dior.read(item, INFO)
