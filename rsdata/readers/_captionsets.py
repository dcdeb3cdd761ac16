"""Finding caption sets that come as Karpathy's JSON or as AMFMN's pairs of text lists (RSITMD, UCM, Sydney)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, _files
from rsdata.readers._captions import Entry
from rsdata.readers._info import Info
from rsdata.record import Item

FORMS = ("", "json", "lists")
SPLITS = ("train", "val", "test")


class Layout(NamedTuple):
    """Where a set's files lie: names of the JSON and of the image folder, first choice first. `merged` is what to say
    of the split train where its folder of lists has no val."""

    source: str
    jsons: Sequence[str]
    images: Sequence[str]
    merged: str = ""


def find(root: Path, split: str | None, info: Info, layout: Layout, images: bool, form: str, lists: str) -> list[Item]:
    """One item for each image that the captions name, and for each that they do not.

    form: "json" or "lists"; empty takes the JSON where it is there. lists: the folder of the lists, needed where there
    are several. Raises BadSource.
    """
    if form not in FORMS:
        raise BadSource(f"{info.title}: form is {form!r} where 'json' or 'lists' is wanted")
    root = _files.check_root(root, info)
    if not images:
        raise _files.no_sizes(info)
    index = None if form == "lists" or lists else _json(root, layout.jsons)
    try:
        entries, note = _from_json(index) if index else _from_lists(root, info, layout, form, lists)
    except BadAnnotation as error:
        raise BadSource(f"{info.title}: {error}; get the file again") from error
    there = sorted({entry.split for entry in entries})
    if split is not None and split not in there:
        raise _files.wrong_split(info, split, there)
    folder, pictures = pictures_of(root, layout.images)
    found = _captions.items(root, layout.source, entries, pictures, folder, note)
    return [item for item in found if split is None or item.split == split]


def pairs(folder: Path) -> dict[str, tuple[str, str]]:
    """split -> names of its two lists; JGDN's re-splits `*_verify` are left out. Raises BadSource where one lacks."""
    found = {}
    for split in SPLITS:
        names = (f"{split}_caps.txt", f"{split}_filename.txt")
        there = [(folder / name).is_file() for name in names]
        if any(there) and not all(there):
            raise BadSource(f"{folder}: {names[there.index(True)]} is there without {names[there.index(False)]}")
        if all(there):
            found[split] = names
    return found


def pictures_of(root: Path, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The folder of the images, relative to root, and the images in it by stem; "" is root itself."""
    for name in names:
        if (root / name).is_dir():
            return name, _files.images_of(root, root / name)
    loose = _files.images_of(root, root)
    return ("", loose) if loose else (names[0], {})


def _json(root: Path, names: Sequence[str]) -> Path | None:
    here = {path.name.lower(): path for path in root.glob("*.json")}
    return next((here[name.lower()] for name in names if name.lower() in here), None)


def _from_json(index: Path) -> tuple[list[Entry], dict[str, str]]:
    return _captions.parse_json(_files.read_text(index, index.name), index.name), {}


def _from_lists(root: Path, info: Info, layout: Layout, form: str, chosen: str) -> tuple[list[Entry], dict[str, str]]:
    folder, found = _folder(root, info, layout, form, chosen)
    prefix = _files.prefix_of(root, folder)
    entries: list[Entry] = []
    for split, names in found.items():
        shown = (prefix + names[0], prefix + names[1])
        captions, files = (_files.read_text(root / path, path) for path in shown)
        entries += _captions.parse_lists(captions, files, shown, split)
    return entries, {} if "val" in found or not layout.merged else {"train": layout.merged}


def _folder(root: Path, info: Info, layout: Layout, form: str, chosen: str) -> tuple[Path, dict[str, tuple[str, str]]]:
    places = [root, *_files.folders(root, lambda _: True, 1)]
    found = {folder: listed for folder in places if (listed := pairs(folder))}
    if chosen:
        found = {folder: listed for folder, listed in found.items() if folder.name == chosen}
    if not found:
        lists = f"{chosen or '*_precomp'}/train_caps.txt with train_filename.txt"
        wanted = {"json": layout.jsons[0], "lists": lists}.get(form if not chosen else "lists")
        raise _files.missing(info, root, wanted or f"{layout.jsons[0]} or {lists}")
    if form == "json":
        raise _files.missing(info, root, layout.jsons[0], "Lists are there: leave out the option form.")
    if len(found) > 1:
        names = ", ".join(f"{folder.name} ({_summary(listed)})" for folder, listed in found.items())
        raise BadSource(f"{info.title}: several folders of lists in {root}: {names}; choose one with the option lists")
    return next(iter(found.items()))


def _summary(listed: dict[str, tuple[str, str]]) -> str:
    return " ".join(listed)
