"""DIOR and DIOR-R: 20 classes in 23,463 images of 800 x 800 pixels (Li et al., ISPRS 2020; Cheng et al., TGRS 2022).

Source of the format: the distributed XML, and mmrotate's dior.py. Horizontal boxes are VOC bndbox, 1-based and
inclusive; the corners of oriented boxes (robndbox) are used as they are, since no source states their convention. The
size in the XML is wrong in 33 oriented files, so the image's header decides wherever there is an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _lists, _voc
from rsdata.readers._info import Info
from rsdata.readers._objects import finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="DIOR",
    task="detection",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "airport": "airport",
        "baseballfield": "baseball_diamond",
        "basketballcourt": "basketball_court",
        "bridge": "bridge",
        "chimney": "chimney",
        "dam": "dam",
        "Expressway-Service-area": "expressway_service_area",
        "Expressway-toll-station": "expressway_toll_station",
        "golffield": "golf_course",
        "groundtrackfield": "ground_track_field",
        "harbor": "harbor",
        "overpass": "overpass",
        "ship": "ship",
        "stadium": "stadium",
        "storagetank": "storage_tank",
        "tenniscourt": "tennis_court",
        "trainstation": "train_station",
        "vehicle": "vehicle",
        "windmill": "windmill",
    },
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

KINDS = {"hbb": ("Horizontal Bounding Boxes", "bndbox"), "obb": ("Oriented Bounding Boxes", "robndbox")}
DEPTH = 4  # DIOR/Annotations/Annotations/Horizontal Bounding Boxes


def find(root: Path, split: str | None = None, *, images: bool = True, boxes: str = "hbb") -> list[Item]:
    """List the ids of the split lists and what no list names (split "").

    boxes: "hbb" (horizontal) or "obb" (oriented). Without the lists every file has the empty split; without the
    annotation folders, XML directly in Annotations/ or in the root is read. Listed ids of which neither image nor XML
    is on disk are counted in one drop for each list (reason listed-but-absent, images = their number).
    """
    if boxes not in KINDS:
        raise BadSource(f"DIOR: boxes is {boxes!r} where 'hbb' or 'obb' is wanted")
    root = _files.check_root(root, INFO)
    name, element = KINDS[boxes]
    labels = _labels(root, name)
    if not labels:
        raise _files.missing(INFO, root, f"folder 'Annotations/{name}' with XML files")
    lists = _lists.read_lists(root, root, DEPTH)
    if split is not None and split not in lists:
        raise _files.wrong_split(INFO, split, lists)
    pictures = _images(root) if images else None
    found = _lists.items(root, "dior/", pictures, labels, lists, _expected, {"boxes": element})
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
        page = _voc.parse(data, item.label, item.data["boxes"])
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    yield from finish(item, INFO, page, INFO.concept, _voc.where(item.label, data))


def _labels(root: Path, name: str) -> dict[str, str]:
    other = {kind.lower() for kind, _ in KINDS.values()} - {name.lower()}
    for folder in _files.folders(root, _files.named(name, "Annotations"), DEPTH):
        if folder.name.lower() in other:
            continue
        found = _files.listing(folder, {".xml"}, _files.prefix_of(root, folder))
        if found:
            return found
    return _files.listing(root, {".xml"})


def _images(root: Path) -> dict[str, str]:
    """Images of every JPEGImages* folder; of images/ or the root where there is none."""
    places = _files.folders(root, lambda name: name.lower().startswith("jpegimage"), DEPTH)
    places = places or _files.folders(root, _files.named("images"), DEPTH) or [root]
    found: dict[str, str] = {}
    for folder in places:
        found |= _files.images_of(root, folder)
    return found


def _expected(split: str, stem: str) -> str:
    return f"JPEGImages-{'test' if split == 'test' else 'trainval'}/{stem}.jpg"
