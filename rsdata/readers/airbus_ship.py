"""Airbus Ship Detection Challenge: ships as run lengths in 768 x 768 images (Kaggle, 2018).

Source of the format: the competition's CSV, and a public sample of it. One row is one ship; the runs go down the
columns and count from 1. An image with an empty row has no ship, and is kept so. The CSV is gone through once; an item
remembers where its image's rows lie. Images of which no row tells (test_v2) are not labelled, and not listed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.readers import _files, _runs
from rsdata.readers._info import Info
from rsdata.readers._objects import Shape, finish, no_annotation, refuse_file, refuse_image
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Airbus Ship Detection",
    task="detection",
    platform="satellite",
    classes={"ship": "ship"},
    splits=("train",),
    licence="competition",
    terms="The rules of the competition hold; they were not read in a source.",
    homepage="https://www.kaggle.com/c/airbus-ship-detection",
    citation="Airbus, Airbus Ship Detection Challenge, Kaggle 2018",
    obtain="Download it from https://www.kaggle.com/c/airbus-ship-detection/data and unpack it there.",
    tree="""\
airbus-ship-detection/train_ship_segmentations_v2.csv
airbus-ship-detection/train_v2/0a1a7f395.jpg""",
    sizes_in_annotations=True,
)
SIZE = (768, 768)  # of every image of the challenge; taken where images are not read
FOLDERS = ("train_v2", "train")


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """Go through the CSV once and list the images that it names, and those of train_v2/ that it does not.

    Without images, all are taken to be 768 x 768 pixels.
    """
    root = _files.check_root(root, INFO)
    if split not in (None, "train"):
        raise _files.wrong_split(INFO, str(split), ("train",))
    label = _csv(root)
    rows: dict[str, array[int]] = {}
    try:
        for row in _runs.index(root / label, label):
            places = rows.setdefault(_files.stem_of(row.image), array("Q"))
            if places and places[-1] == row.start:
                places[-1] = row.end
            else:
                places.extend((row.start, row.end))
    except BadAnnotation as error:
        raise BadSource(f"Airbus Ship Detection: {error}; get this file again") from error
    base = (root / label).parent
    folder = next((base / name for name in FOLDERS if (base / name).is_dir()), base / FOLDERS[0])
    pictures = _files.images_of(root, folder) if images else {}
    prefix = _files.prefix_of(root, folder)
    found = []
    for stem in sorted(rows.keys() | pictures.keys()):
        places = rows.get(stem, array("Q"))
        image = pictures.get(stem, f"{prefix}{stem}.jpg") if images else None
        data = {"spans": places.tolist()}
        found.append(Item(root, f"airbus_ship/train/{stem}", "train", image, label if places else None, data))
    return found


def read(item: Item) -> Iterator[Record | Drop]:
    """Fetch the rows of one image from the CSV, and read the size of the image."""
    if item.label is None:
        yield no_annotation(item)
        return
    name = item.id.rpartition("/")[2]
    try:
        rows = _rows(item.root / item.label, item.label, name, item.data["spans"])
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    try:
        width, height = pixels.size(item.root / item.image) if item.image else SIZE
    except BadImage as error:
        yield refuse_image(item, error, sum(bool(row.strip().partition(",")[2].strip('" ')) for row in rows))
        return
    page = _runs.parse(rows, item.label, name, width, height)

    def where(shape: Shape) -> str:
        return f"{item.label}: {name}, row {shape.number}"

    yield from finish(item, INFO, page, INFO.concept, where, size=(width, height))


def _csv(root: Path) -> str:
    """The CSV with the run lengths, relative to root."""
    for folder in [root, *_files.folders(root, lambda _: True, 2)]:
        listed = _files.listing(folder, {".csv"}, _files.prefix_of(root, folder))
        named = [path for stem, path in listed.items() if "ship_segmentations" in stem.lower()]
        if named:
            return sorted(named)[-1]  # _v2 is the corrected one
    raise _files.missing(INFO, root, "train_ship_segmentations_v2.csv")


def _rows(path: Path, shown: str, stem: str, spans: list[int]) -> list[str]:
    """The lines in these spans of the CSV. Raises BadAnnotation when it is not the file that was indexed."""
    found: list[str] = []
    try:
        with path.open("rb") as file:
            for start, end in zip(spans[::2], spans[1::2], strict=True):
                file.seek(start)
                found += file.read(end - start).decode("utf-8", "replace").strip("\r\n").split("\n")
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error
    if any(_files.stem_of(row.partition(",")[0].strip('" ')) != stem for row in found):
        raise BadAnnotation(shown, 0, "the file is another than when it was listed; list it again")
    return found
