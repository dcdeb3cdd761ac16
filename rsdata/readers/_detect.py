"""Which reader fits a folder: every reader is tried on a small copy of its tree.

The copy has the folders of the original and, in each, links to the first few files of every kind, so that images and
their annotations stay together and a folder of a million files costs one listing. A reader fits as far as it turns the
images of the copy into records that say something, and keeps their objects. No reader has to add anything for this.
Where two fit alike (a few classes that two scene sets share), the one whose name stands on a folder comes first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rsdata import pixels, place, readers
from rsdata.errors import RsdataError
from rsdata.record import Drop, Item, Record
from rsdata.words import fold

FILES, FOLDERS, DEPTH = 12, 80, 8  # files of one suffix in a folder, folders in a folder, levels
MOST_FILES, MOST_FOLDERS = 4_000, 600  # in all
SAMPLED, OUTPUTS = 24, 50  # items that are read, and outputs of one item
LEAST = 0.2  # a guess below this is none
GENERIC = 0.85  # what a reader of any classes may reach: one made for the dataset knows more
CAPTIONED = 0.02  # who also reads the captions of a folder of scenes knows it better
SHOWN = 6  # names in a level of the tree that is printed


class Guess(NamedTuple):
    """A reader that fits, how well (0 to 1), and why, in one line."""

    reader: str
    confidence: float
    why: str


class Layout(NamedTuple):
    """The tree that a reader looks for beside what is there, line by line, and the readers that do fit."""

    wanted: list[str]
    found: list[str]
    fits: list[Guess]


def guess(root: Path, most: int = 5) -> list[Guess]:
    """The readers that fit a folder, best first. Raises RsdataError where it is no folder."""
    root = place.place(root)
    if not root.is_dir():
        raise RsdataError(f"{root}: no such folder to look into")
    with tempfile.TemporaryDirectory(prefix="rsdata-detect-") as folder:
        copy = Path(folder) / (root.resolve().name or "root")
        small_copy(root, copy)
        found = [made for name in readers.names() if (made := _try(name, copy, root)) is not None]
    best = sorted(found, key=lambda made: (-made.confidence, made.reader))[:most]
    return [made._replace(confidence=round(made.confidence, 2)) for made in best]


def layout(name: str, root: Path) -> Layout:
    """For the error of a reader that does not know a folder's layout."""
    root = place.place(root)
    look = root.is_dir() and not place.is_remote(root)  # to try readers on a store, their files would be fetched
    fits = [made for made in guess(root) if made.reader != name] if look else []
    return Layout(readers.get(name).INFO.tree.strip("\n").splitlines(), tree(root), fits)


def tree(root: Path, levels: int = 3) -> list[str]:
    """The first names of each level of a folder, folders with a slash, what is left out as a number."""
    return list(_lines(root, levels, ""))


def small_copy(root: Path, into: Path) -> None:
    """Make the folders of `root` in `into`, with links to the first files of each suffix."""
    files = folders = 0
    queue = [(root, into, 0)]
    while queue:
        source, target, level = queue.pop(0)
        target.mkdir(parents=True, exist_ok=True)
        below, names = _listed(source)
        kinds: dict[str, int] = {}
        for name in names:
            suffix = name.rpartition(".")[2].lower()
            kinds[suffix] = kinds.get(suffix, 0) + 1
            if kinds[suffix] <= FILES and files < MOST_FILES:
                (target / name).symlink_to((source / name).resolve())
                files += 1
        for name in below[:FOLDERS] if level < DEPTH else ():
            if folders < MOST_FOLDERS:
                queue.append((source / name, target / name, level + 1))
                folders += 1


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Folders and files of a folder, sorted, hidden ones left out; none where it cannot be listed."""
    below: list[str] = []
    names: list[str] = []
    try:
        with place.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    (below if entry.is_dir() else names).append(entry.name)
    except OSError:
        return [], []
    return sorted(below), sorted(names)


def _try(name: str, copy: Path, root: Path) -> Guess | None:
    """How well one reader fits the copy; None where it finds nothing of its own."""
    reader = readers.get(name)
    try:
        items = _present(reader.find(copy))
        if not items and reader.INFO.sizes_in_annotations:
            items = _present(reader.find(copy, images=False))
        step = max(1, len(items) // SAMPLED)
        chosen = items[::step][:SAMPLED]
        outputs = [list(islice(reader.read(item), OUTPUTS)) for item in chosen]
    except RsdataError:
        return None
    return _judged(name, root, outputs)


def _present(items: Sequence[Item]) -> list[Item]:
    """Items of which the image lies in the copy, or, where none is asked for, the annotation."""
    return [item for item in items if _is_there(item.root, item.image or item.label)]


def _is_there(root: Path, name: str | None) -> bool:
    if name is None:
        return False
    place = pixels.inside(root / name)
    try:
        return (place[0] if place else root / name).exists()
    except OSError:  # a name that no file system takes
        return False


def _judged(name: str, root: Path, outputs: Sequence[Sequence[Record | Drop]]) -> Guess | None:
    records = [output for made in outputs for output in made if isinstance(output, Record)]
    drops = [output for made in outputs for output in made if isinstance(output, Drop)]
    images = len(records) + sum(drop.images for drop in drops)
    if not records:
        return None
    kept, lost = sum(len(record.objects) for record in records), sum(drop.objects for drop in drops)
    telling = sum(_tells(record) for record in records) / len(records)
    info = readers.get(name).INFO
    labels = {obj.label for record in records for obj in record.objects} | {r.label for r in records if r.label}
    classes = set(info.classes.values())
    covered = len(labels & classes) / len(classes) if classes else 0.0
    named = any(fold(name) in fold(part) for part in (*root.resolve().parts[-2:], *_listed(root)[0][:FOLDERS]))
    fit = len(records) / images * ((kept + 1) / (kept + lost + 1)) * (0.3 + 0.7 * telling)
    fit *= (0.87 + 0.1 * covered + 0.03 * named) if info.classes else GENERIC
    fit = min(1.0, fit + CAPTIONED * any(record.captions for record in records))
    if fit < LEAST:
        return None
    why = f"{len(records)} of {images} sampled images read"
    why += f", {kept:,} of {kept + lost:,} objects kept" if kept + lost else ""
    why += f", {len(labels & classes)} of {len(classes)} classes met" if classes else ", a reader for any classes"
    return Guess(name, fit, why)


def _tells(record: Record) -> bool:
    """Whether a record says more than that there is an image."""
    return bool(record.objects or record.captions or record.label or record.mask_path or record.geo)


def _lines(folder: Path, levels: int, indent: str) -> Iterator[str]:
    below, names = _listed(folder)
    for name in below[:SHOWN]:
        yield f"{indent}{name}/"
        if levels > 1:
            yield from _lines(folder / name, levels - 1, indent + "  ")
    if len(below) > SHOWN:
        yield f"{indent}... {len(below) - SHOWN:,} more folders"
    yield from (indent + name for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"{indent}... {len(names) - SHOWN:,} more files"
