"""Any dataset in YOLO's form, with any classes: one text file an image, coordinates as shares of the image.

Source of the format: Ultralytics, dataset formats (detect, obb, segment). Class names come from data.yaml, classes.txt,
*.names or the option `names`, and are looked up among the concepts; one that fits none is a counted drop
(unknown-class) unless the option `classes` says what it means. An image with an empty label file, or none, is a
background image: a record without objects, as YOLO trains on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.readers import _files, _yolo
from rsdata.readers._info import Info
from rsdata.readers._objects import checked_classes, finish, refuse_file, refuse_image, resolver
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="YOLO format",
    task="detection",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read.",
    homepage="https://docs.ultralytics.com/datasets/",
    citation="Redmon et al., You Only Look Once: Unified, Real-Time Object Detection, CVPR 2016",
    obtain="Give the folder that holds images/ and labels/, or images and txt files side by side, and the class names.",
    tree="""\
data.yaml                 (names:) or classes.txt or *.names, in the root or one folder below
images/train/0001.jpg     labels/train/0001.txt
or train/images/, train/labels/; or flat: images/ and labels/; or 0001.jpg and 0001.txt side by side""",
)

_SPLIT = re.compile(r"(train|val|test)(?:id|idation|ing)?(?:\d{4})?(?:-dev)?$")
_NO_LABELS = re.compile(r"classes|labels?\.txt$|names|readme", re.IGNORECASE)


def find(
    root: Path,
    split: str | None = None,
    *,
    images: bool = True,
    names: Sequence[str] | str | None = None,
    classes: Mapping[str, str | None] | None = None,
) -> list[Item]:
    """List images, and label files that have none.

    names: the class names in order, or a file that holds them (relative to the root).
    classes: class name -> concept, or null to leave it out; for names that are not concepts themselves.
    Raises BadSource where no label file is there at all: every image would be taken for background.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    data = {"names": class_names(root, names), "classes": checked_classes(classes)}
    places = _places(root)
    if split is not None and not any(name == split for name, _ in places):
        raise _files.wrong_split(INFO, split, sorted({name for name, _ in places}))
    found: list[Item] = []
    for name, folder in places:
        if split is None or name == split:
            found += _items(root, name, folder, data)
    if not any(item.label for item in found):
        raise _files.missing(INFO, root, "label file (labels/*.txt, or *.txt beside the images)")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one label file and the size of its image."""
    label, names = item.label or "", item.data["names"]
    try:
        text = _files.read_text(item.root / label, label) if label else ""
        width, height = pixels.size(item.root / (item.image or ""))
        page = _yolo.parse(text, label, names, width, height)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    except BadImage as error:
        page = _yolo.parse(text, label, names, 1, 1)
        yield refuse_image(item, error, len(page.shapes) + len(page.refused))
        return
    yield from finish(item, INFO, page, resolver(item.data["classes"]), size=(width, height))


def class_names(root: Path, given: Sequence[str] | str | None = None) -> list[str]:
    """The class names in order. Raises BadSource where none are found, or files that disagree."""
    if given is not None and not isinstance(given, str):
        return [str(name) for name in given]
    files = [given] if given else _name_files(root)
    found = {path: names for path in files if (names := _names_in(root / path, path))}
    if not found:
        wanted = f"class names in {given}" if given else "class names (data.yaml with names:, classes.txt, *.names)"
        raise _files.missing(INFO, root, wanted, "Give them with the option names, as a list or a file.")
    if len({tuple(names) for names in found.values()}) > 1:
        raise BadSource(
            f"YOLO format: {', '.join(found)} in {root} name different classes; choose with the option names"
        )
    return next(iter(found.values()))


def _name_files(root: Path) -> list[str]:
    found: list[str] = []
    for folder in [root, *_files.folders(root, lambda _: True, depth=1)]:
        prefix = _files.prefix_of(root, folder)
        for path in sorted(p.name for p in folder.iterdir() if p.suffix.lower() in (".yaml", ".yml", ".names", ".txt")):
            if not path.lower().endswith(".txt") or path.lower().removesuffix(".txt").endswith("classes"):
                found.append(prefix + path)
    return found


def _names_in(path: Path, shown: str) -> list[str]:
    """Names from YAML (`names:`, a list or index -> name) or one a line; empty where a YAML file has none."""
    try:
        text = _files.read_text(path, shown)
    except BadAnnotation as error:
        raise BadSource(f"YOLO format: {error}") from error
    if path.suffix.lower() not in (".yaml", ".yml"):
        return [line.strip() for line in text.strip().splitlines()]
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise BadSource(f"YOLO format: {shown} is broken YAML ({problem})") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict) and all(isinstance(key, int) and 0 <= key < 100_000 for key in names):
        names = [names.get(n, "") for n in range(max(names, default=-1) + 1)]
    if not isinstance(names, list):
        return []
    for name in names:
        if not isinstance(name, str | int | float):  # aliases of aliases would make a text without end
            raise BadSource(f"YOLO format: {shown}: a {type(name).__name__} in names where a class name is wanted")
    return [str(name) for name in names]


def _places(root: Path) -> list[tuple[str, Path]]:
    """(split, folder of images): images/train, train/images, train, and images or the root itself."""
    found: list[tuple[str, Path]] = []
    for parent in (root / "images", root):
        for folder in (
            _files.folders(parent, lambda name: bool(_SPLIT.match(name.lower())), 1) if parent.is_dir() else ()
        ):
            inner = folder / "images" if (folder / "images").is_dir() else folder
            found.append((_split(folder.name), inner))
    flat = root / "images" if (root / "images").is_dir() else root
    if not found or _files.images_of(root, flat):
        found.append(("", flat))
    return found


def _split(name: str) -> str:
    match = _SPLIT.match(name.lower())
    return match[1] if match else ""


def _label_folder(root: Path, folder: Path) -> Path:
    """images/train -> labels/train, where that exists; else the labels lie beside the images."""
    parts = list(folder.relative_to(root).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    else:
        parts.insert(0, "labels")
    labels = root.joinpath(*parts)
    return labels if labels.is_dir() else folder


def _items(root: Path, split: str, folder: Path, data: Any) -> list[Item]:
    place = _label_folder(root, folder)
    pictures = _files.images_of(root, folder)
    labels = _files.listing(place, {".txt"}, _files.prefix_of(root, place))
    for stem in [s for s in labels if s not in pictures and not _is_label(root, labels[s])]:
        del labels[stem]
    prefix = f"yolo/{split}/" if split else "yolo/"
    expected = _files.prefix_of(root, folder)
    return [
        Item(root, prefix + stem, split, pictures.get(stem, f"{expected}{stem}.jpg"), labels.get(stem), data)
        for stem in pictures.keys() | labels.keys()
    ]


def _is_label(root: Path, path: str) -> bool:
    """Whether a txt file that has no image is a label file: its first line is empty or starts with a number."""
    if _NO_LABELS.search(path.rpartition("/")[2]):
        return False
    with (root / path).open("rb") as file:
        first = file.readline(200).split()
    return not first or first[0].isdigit()
