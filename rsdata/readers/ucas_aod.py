"""UCAS-AOD: cars and airplanes with turned boxes, and images that have neither (Zhu et al., ICIP 2015).

Source of the format: ming71/UCAS-AOD-benchmark (README, scripts) and the loader of R3Det_Tensorflow. The class stands
nowhere but in the folder's name. Both folders count from P0001, so an id has the folder: ucas_aod/CAR/P0001. Only
P*.txt are labels; other text lies beside them. The images of Neg/ are kept, without objects: they were chosen as such.
There are no official splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _rows
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="UCAS-AOD",
    task="detection",
    platform="satellite",
    classes={"car": "car", "airplane": "airplane", "plane": "airplane"},
    splits=(),
    licence="none-stated",
    terms="No terms were found in a source; it is handed out for research. The images are Google Earth's.",
    homepage="https://github.com/ming71/UCAS-AOD-benchmark",
    citation="Zhu et al., Orientation Robust Object Detection in Aerial Images Using Deep Convolutional Neural "
    "Network, ICIP 2015",
    obtain="Download it by the links of https://github.com/ming71/UCAS-AOD-benchmark and unpack it there.",
    tree="""\
UCAS_AOD/CAR/P0001.png  P0001.txt
UCAS_AOD/PLANE/P0001.png  P0001.txt
UCAS_AOD/Neg/N0001.png""",
)
NEGATIVE = "neg"
FOLDERS = ("car", "plane", NEGATIVE)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images and labels of CAR/ and PLANE/, and the images of Neg/."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    found: list[Item] = []
    for folder in _files.folders(root, _files.named(*FOLDERS), 3):
        found += _items(root, folder)
    if not any(item.label for item in found):
        raise _files.missing(INFO, root, "folder CAR or PLANE with P*.txt")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one label file and the size of its image; of a negative image the size alone."""
    name = item.data["folder"]
    if name == NEGATIVE:
        yield from finish(item, INFO, Page([], [], extra={"folder": "Neg"}), INFO.concept)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page = _rows.ucas_aod(_files.read_text(item.root / item.label, item.label), item.label, name)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept)


def _items(root: Path, folder: Path) -> list[Item]:
    name, prefix = folder.name.lower(), _files.prefix_of(root, folder)
    pictures = _files.images_of(root, folder)
    labels: dict[str, str] = {}
    if name != NEGATIVE:
        listed = _files.listing(folder, {".txt"}, prefix)
        labels = {stem: path for stem, path in listed.items() if stem.upper().startswith("P")}
    return [
        Item(
            root,
            f"ucas_aod/{'Neg' if name == NEGATIVE else name.upper()}/{stem}",
            "",
            pictures.get(stem, f"{prefix}{stem}.png"),
            labels.get(stem),
            {"folder": name},
        )
        for stem in pictures.keys() | labels.keys()
    ]
