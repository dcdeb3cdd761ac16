"""Any dataset in COCO's instance form (Lin et al., ECCV 2014), with any classes.

Source of the format: cocodataset.org, format-data, and cocoapi. Class names are looked up among the concepts; one that
fits none is a counted drop (unknown-class) unless the option `classes` says what it means. Crowds (iscrowd 1) are
counted drops. An image whose size is not the one in the JSON is a drop (size-mismatch): its boxes would be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _cocospans, _files
from rsdata.readers._info import Info
from rsdata.readers._objects import checked_classes, resolver
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="COCO format",
    task="detection",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read.",
    homepage="https://cocodataset.org/#format-data",
    citation="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014",
    obtain="Give the folder that holds the images and annotations/*.json, or name the file with the option json.",
    tree="""\
annotations/instances_train2017.json    (or any .json in the root or one folder below)
train2017/000000000009.jpg              (or images/train2017/, images/, the root, or beside the JSON)""",
    sizes_in_annotations=True,
)

OTHER_KINDS = ("image_info_", "captions_", "person_keypoints_", "panoptic_", "stuff_")
ORPHANS = "annotations-without-image"
MOST_FILES = 50  # a folder with more JSON files than this holds one for each image, and no index

_SPLIT = re.compile(r"(?<![a-z])(train|val|valid|test)(?![a-z])")


def find(
    root: Path,
    split: str | None = None,
    *,
    images: bool = True,
    json: str | None = None,
    classes: Mapping[str, str | None] | None = None,
) -> list[Item]:
    """Go through the JSON once and list its images.

    json: the file, relative to the root; else every instance JSON of annotations/, the root, or the folders below, one
    for each split. The split is read from the file's name (instances_val2017.json: val) or its folder's.
    classes: category name -> concept, or null to leave it out; for names that are not concepts themselves.
    Images that share a stem carry their image id too: coco/val/0001-17.
    """
    root = _files.check_root(root, INFO)
    mapped = checked_classes(classes)
    files = _one_file(root, json) if json else _files_by_split(root)
    if split is not None and not json:
        if split not in files:
            raise _files.wrong_split(INFO, split, files)
        files = {split: files[split]}
    found: list[Item] = []
    for name, path in files.items():
        found += _items(root, split or name, path, images, mapped)
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Fetch the annotations of one image from the JSON, and read the size of the image file."""
    yield from _cocospans.read(item, INFO, resolver(item.data.get("classes", {})))


def split_of(path: str) -> str:
    """The split that a file's name or folder tells: "annotations/instances_val2017.json" -> "val"; else ""."""
    parts = path.lower().rsplit("/", 2)[::-1]
    for part in parts[:2]:
        found = _SPLIT.findall(part)
        if len(set(found)) == 1:
            return "val" if found[0] == "valid" else str(found[0])
    return ""


def _one_file(root: Path, json: str) -> dict[str, str]:
    if not _files.holds(root, json):
        raise BadSource(f"COCO format: no file {json} in {root} (found: {_files.contents(root)})")
    return {split_of(json): Path(json).as_posix()}


def _files_by_split(root: Path) -> dict[str, str]:
    """The instance JSON of every split. Raises BadSource where there is none, or more than one for a split."""
    below = _files.folders(root, lambda name: name.lower() != "annotations", depth=1)
    candidates: list[str] = []
    for places in ([root / "annotations"], [root], below):
        for folder in places:
            listed = list(_files.listing(folder, {".json"}, _files.prefix_of(root, folder)).values())
            if len(listed) <= MOST_FILES:
                candidates += [p for p in listed if not p.rpartition("/")[2].lower().startswith(OTHER_KINDS)]
        if candidates:
            break
    if not candidates:
        raise _files.missing(INFO, root, "instance JSON (annotations/*.json)")
    found: dict[str, str] = {}
    for path in candidates:
        name = split_of(path)
        if name in found:
            raise BadSource(
                f"COCO format: {found[name]} and {path} in {root} are both of the split {name or '(none)'!r}; "
                "choose one with the option json"
            )
        found[name] = path
    return found


def _items(root: Path, split: str, path: str, images: bool, classes: Mapping[str, str | None]) -> list[Item]:
    try:
        index = _cocospans.index(root / path, path)
    except BadAnnotation as error:
        raise BadSource(
            f"COCO format: {error}; name another file with the option json, or get this one again"
        ) from error
    prefix = f"coco/{split}/" if split else "coco/"
    place = _Places(root, path, split)
    found: list[Item] = []
    for name, picture in zip(_cocospans.ids(index.pictures), index.pictures, strict=True):
        data = {**_cocospans.data_of(picture, index), "classes": classes}
        image = place.of(picture.file_name) if images else None
        found.append(Item(root, prefix + name, split, image, path, data))
    if index.loose:
        found.append(Item(root, prefix + ORPHANS, split, None, path, {"loose": index.loose}))
    return found


class _Places:
    """Where the image files of one JSON lie: folders tried in turn, the last that was right first."""

    def __init__(self, root: Path, path: str, split: str) -> None:
        stem = path.rpartition("/")[2].removesuffix(".json").rpartition("_")[2]
        beside = path.rpartition("/")[0]
        names = [stem, f"images/{stem}", split, f"{split}/images", f"images/{split}", beside, f"{beside}/images"]
        unique = dict.fromkeys(name.strip("/") for name in [*names, "images", "JPEGImages", ""])
        self.root = root
        self.prefixes = [f"{name}/" if name else "" for name in unique if (root / name).is_dir()]

    def of(self, file_name: str) -> str:
        """The image relative to root; where no folder has it, the path at which it is wanted."""
        name = file_name.replace("\\", "/").removeprefix("./")
        if name.startswith("/") or ":" in name or ".." in name.split("/"):
            name = name.rpartition("/")[2]
        for n, prefix in enumerate(self.prefixes):
            if _files.is_file(self.root / (prefix + name)):
                self.prefixes.insert(0, self.prefixes.pop(n))
                return prefix + name
        return self.prefixes[0] + name
