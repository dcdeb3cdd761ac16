"""RSOD: aircraft, oil tanks, overpasses and playgrounds, a folder each (Long et al., TGRS 2017).

Source of the format: RSIA-LIESMARS-WHU/RSOD-Dataset- (README: four archives, Pascal VOC). The names of the folders in
an archive are known from memory and differ between copies, so that any folder below the class that holds XML will do.
40 of the 976 images are said to have no labels; they are counted drops. There are no official splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _rows, _voc
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSOD",
    task="detection",
    platform="satellite",
    classes={"aircraft": "airplane", "oiltank": "oil_tank", "overpass": "overpass", "playground": "playground"},
    splits=(),
    licence="research-cite",
    terms="Open for research; the authors ask for citation.",
    homepage="https://github.com/RSIA-LIESMARS-WHU/RSOD-Dataset-",
    citation="Long et al., Accurate Object Localization in Remote Sensing Images Based on Convolutional Neural "
    "Networks, TGRS 2017",
    obtain="Download the four archives by the links of https://github.com/RSIA-LIESMARS-WHU/RSOD-Dataset-.",
    tree="""\
RSOD-Dataset/aircraft/JPEGImages/aircraft_1.jpg
RSOD-Dataset/aircraft/Annotation/xml/aircraft_1.xml
RSOD-Dataset/aircraft/Annotation/labels/aircraft_1.txt    (read with form=txt, or where there is no XML)
RSOD-Dataset/oiltank/...  overpass/...  playground/...""",
    sizes_in_annotations=True,
)
FORMS = {"xml": ".xml", "txt": ".txt"}
DEPTH = 4


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "") -> list[Item]:
    """List images and annotations of the four class folders, one item for each name that has either.

    form: "xml" or "txt"; empty takes XML where a class folder has any. Only XML holds the image sizes. Names that do
    not tell the class, so that two folders may share one, get it in front: rsod/oiltank_1.
    """
    if form and form not in FORMS:
        raise BadSource(f"RSOD: form is {form!r} where 'xml' or 'txt' is wanted")
    root = _files.check_root(root, INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    bases = _files.folders(root, _files.named(*INFO.classes), 3)
    bases = [base for base in bases if not any(other in base.parents for other in bases)]
    found = [item for base in bases for item in _items(root, base, images, form)]
    if not any(item.label for item in found):
        wanted = f"{form} files" if form else "XML or txt files"
        raise _files.missing(INFO, root, f"class folder ({', '.join(INFO.classes)}) with {wanted}")
    if not images and any((item.label or "").endswith(".txt") for item in found):
        raise _files.no_sizes(INFO)
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one annotation file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        if item.label.endswith(".txt"):
            page, where = _rows.rsod(_files.read_text(item.root / item.label, item.label), item.label), None
        else:
            data = _files.read_bytes(item.root / item.label, item.label)
            page, where = _voc.parse(data, item.label), _voc.where(item.label, data)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept, where)


def _items(root: Path, base: Path, images: bool, form: str) -> Iterator[Item]:
    """Items of one class folder."""
    name = base.name.lower()
    places = [base, *_files.folders(base, lambda _: True, DEPTH)]
    pictures: dict[str, str] = {}
    for folder in places:
        pictures |= _files.images_of(root, folder)
    labels: dict[str, str] = {}
    for kind in [form] if form else FORMS:
        for folder in places:
            if not labels and folder != base:
                labels = _files.listing(folder, {FORMS[kind]}, _files.prefix_of(root, folder))
    expected = _files.prefix_of(root, base / "JPEGImages")
    for stem in labels.keys() | (pictures.keys() if images else set()):
        image = pictures.get(stem, f"{expected}{stem}.jpg") if images else None
        told = stem if stem.lower().startswith(name) else f"{name}_{stem}"
        yield Item(root, f"rsod/{told}", "", image, labels.get(stem))
