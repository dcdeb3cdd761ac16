"""NWPU VHR-10: ten classes in 650 images, and 150 images without any of them (Cheng et al., ISPRS 2014).

Sources of the format: the scripts NWPU-VHR-10_2_VOC (yiruzzz) and DAL, torchgeo's vhr10.py, and the JSON of
chaozhong2010/VHR-10_dataset_coco. Both sets of images count from 001, so an id has the set: nwpu_vhr10/positive/001.
The JSON is another annotation than the text: polygons, 3,921 objects where the text has 3,775. 85 of the images are
false colour (infrared, red, green), so that words on colour would be wrong. There are no official splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _cocospans, _files, _rows
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record
from rsdata.words import fold

INFO = Info(
    title="NWPU VHR-10",
    task="detection",
    platform="",
    classes={name: name.replace(" ", "_") for name in _rows.NWPU},
    splits=(),
    licence="research-only",
    terms="For research, as far as is known; no source states it. The images are of Google Earth and ISPRS Vaihingen.",
    homepage="https://gcheng-nwpu.github.io/#Datasets",
    citation="Cheng et al., Multi-class geospatial object detection and geographic image classification based on "
    "collection of part detectors, ISPRS 2014",
    obtain="Download it from https://gcheng-nwpu.github.io/#Datasets and unpack it there.",
    tree="""\
NWPU VHR-10 dataset/positive image set/001.jpg
NWPU VHR-10 dataset/negative image set/001.jpg
NWPU VHR-10 dataset/ground truth/001.txt
or, for the second annotation: annotations.json beside them""",
    sizes_in_annotations=True,
)
FORMS = ("", "txt", "coco")
POSITIVE, NEGATIVE, TRUTH = "positive image set", "negative image set", "ground truth"
DEPTH = 3


def find(root: Path, split: str | None = None, *, images: bool = True, form: str = "") -> list[Item]:
    """List the positive images with their annotations, and the negative images.

    form: "txt" (ground truth/, the official annotation) or "coco" (annotations.json); empty takes the text where it is
    there. Only the JSON holds the image sizes.
    """
    if form not in FORMS:
        raise BadSource(f"NWPU VHR-10: form is {form!r} where 'txt' or 'coco' is wanted")
    root = _files.check_root(root, INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    labels = _in(root, TRUTH, {".txt"}) if form != "coco" else {}
    index = _index(root) if not labels and form != "txt" else None
    if labels and not images:
        raise _files.no_sizes(INFO)
    if labels:
        found = _text_items(root, labels)
    elif index:
        found = _coco_items(root, index, images)
    else:
        wanted = {"txt": f"folder '{TRUTH}'", "coco": "annotations.json"}
        raise _files.missing(INFO, root, wanted.get(form, f"folder '{TRUTH}' with txt files, and no annotations.json"))
    if images:
        negative = _in(root, NEGATIVE, _files.IMAGE_SUFFIXES)
        found += [
            Item(root, f"nwpu_vhr10/negative/{s}", "", path, None, {"negative": True}) for s, path in negative.items()
        ]
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one text file, or one image entry of the JSON, and the size of the image."""
    data = item.data
    if "negative" in data:
        yield from finish(item, INFO, Page([], [], extra={"set": "negative"}), INFO.concept)
    elif "spans" in data or "loose" in data:
        yield from _cocospans.read(item, INFO, INFO.concept, {"set": "positive"})
    elif item.label is None:
        yield no_annotation(item)
    else:
        try:
            page = _rows.nwpu(_files.read_text(item.root / item.label, item.label), item.label)
        except BadAnnotation as error:
            yield refuse_file(item, error)
            return
        yield from finish(item, INFO, page._replace(extra={"set": "positive"}), INFO.concept)


def _text_items(root: Path, labels: dict[str, str]) -> list[Item]:
    pictures = _in(root, POSITIVE, _files.IMAGE_SUFFIXES)
    prefix = next(iter(labels.values())).rpartition("/")[0].rpartition("/")[0]
    expected = f"{prefix}/{POSITIVE}/".removeprefix("/")
    return [
        Item(root, f"nwpu_vhr10/positive/{s}", "", pictures.get(s, f"{expected}{s}.jpg"), labels.get(s), {})
        for s in labels.keys() | pictures.keys()
    ]


def _coco_items(root: Path, path: str, images: bool) -> list[Item]:
    try:
        index = _cocospans.index(root / path, path)
    except BadAnnotation as error:
        raise BadSource(f"NWPU VHR-10: {error}; get this file again, or use form=txt") from error
    beside = path.rpartition("/")[0]
    prefix = f"{beside}/" if beside else ""
    pictures = _in(root, POSITIVE, _files.IMAGE_SUFFIXES) or _files.images_of(root, root / beside)
    found: list[Item] = []
    for name, picture in zip(_cocospans.ids(index.pictures), index.pictures, strict=True):
        stem = _files.stem_of(picture.file_name)
        image = pictures.get(stem, f"{prefix}{POSITIVE}/{stem}.jpg") if images else None
        found.append(Item(root, f"nwpu_vhr10/positive/{name}", "", image, path, _cocospans.data_of(picture, index)))
    if index.loose:
        found.append(Item(root, "nwpu_vhr10/annotations-without-image", "", None, path, {"loose": index.loose}))
    return found


def _index(root: Path) -> str | None:
    """The JSON, relative to root: annotations.json, or the only JSON of the first folder that has one."""
    for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]:
        listed = _files.listing(folder, {".json"}, _files.prefix_of(root, folder))
        if "annotations" in listed or len(listed) == 1:
            return listed.get("annotations") or next(iter(listed.values()))
    return None


def _in(root: Path, name: str, suffixes: frozenset[str] | set[str]) -> dict[str, str]:
    """The files of the first folder of that name that has any; `positive_image_set` is one too."""
    for folder in _files.folders(root, lambda found: fold(found) == fold(name), DEPTH):
        found = _files.listing(folder, suffixes, _files.prefix_of(root, folder))
        if found:
            return found
    return {}
