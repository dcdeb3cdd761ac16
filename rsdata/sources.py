"""A dataset to read: where it lies, which part of it, and what its reader lists there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rsdata import place, readers
from rsdata.errors import BadSource, UnknownLayout
from rsdata.readers._info import Info
from rsdata.record import Item

DRAWN = "drawn sample scenes, not real imagery"  # as the README.txt of `rsdata sample` says
DRAWN_LICENCE = "CC0-1.0"


@dataclass(frozen=True)
class Source:
    """One dataset to read: all of it, or one `split`, but for `skip_splits`. `options` are the reader's own.

    `limit` takes so many items, evenly over all (0: all of them); `rsdata plan` tries a recipe so."""

    reader: str
    root: Path
    name: str = ""
    split: str | None = None
    skip_splits: tuple[str, ...] = ()
    images: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    limit: int = 0

    @property
    def drawn(self) -> bool:
        """Whether the folder holds scenes that `rsdata sample` drew."""
        note = self.root / "README.txt"
        return note.is_file() and DRAWN in note.read_text("utf-8", "replace").partition("\n")[0]

    @property
    def info(self) -> Info:
        """The card of the dataset; of one read by way of captions alone (`rsdata join`), that behind the captions."""
        behind = self.options.get("of")
        return readers.get(str(behind) if behind in readers.names() else self.reader).INFO

    @property
    def licence(self) -> str:
        """The licence that its records carry: the dataset's, or that of drawn scenes."""
        return DRAWN_LICENCE if self.drawn else self.info.licence

    def as_dict(self) -> dict[str, Any]:
        """As it stands in corpus.yaml."""
        row: dict[str, Any] = {"reader": self.reader, "name": self.name, "root": str(self.root), "split": self.split}
        row |= {"skip_splits": list(self.skip_splits), "images": self.images, "licence": self.licence}
        return {**row, "drawn": self.drawn, "options": dict(self.options)}


def check_roots(listed: Sequence[Source]) -> None:
    """Raises BadSource that names every missing folder and how to get what belongs there, before anything is read."""
    missing = [source for source in listed if not source.root.is_dir()]
    if not missing:
        return
    first = missing[0]
    text = (
        f"{first.root}: no such folder for dataset {first.reader}; give --root, or set RSDATA_DATA to the folder that"
        f" holds {first.reader}/. How to get it: {first.info.obtain}"
    )
    others = ", ".join(source.name or source.reader for source in missing[1:])
    raise BadSource(text + (f" Missing too: {others}; see `rsdata plan`" if others else ""))


def items(source: Source) -> Sequence[Item]:
    """What the reader lists. Raises BadSource for a missing folder, an unknown option or an unknown layout."""
    reader = readers.get(source.reader)
    check_roots([source])
    known = readers.options(source.reader)
    for key in source.options:
        if key not in known:
            has = f"its options: {', '.join(known)}" if known else "it has none"
            raise BadSource(f"reader {source.reader} has no option {key!r}; {has}")
    try:
        found = reader.find(source.root, source.split, images=source.images, **source.options)
    except UnknownLayout as error:
        error.reader, error.root = source.reader, source.root
        raise
    kept = [item for item in found if item.split not in source.skip_splits]
    if not source.limit or len(kept) <= source.limit:
        return kept
    return [kept[n * len(kept) // source.limit] for n in range(source.limit)]


def repeated(listed: Sequence[Item]) -> list[int]:
    """Positions of items whose id was met before."""
    seen: set[str] = set()
    again = []
    for position, item in enumerate(listed):
        if item.id in seen:
            again.append(position)
        seen.add(item.id)
    return again


def stamps(root: Path, listed: Sequence[Item]) -> list[list[Any]]:
    """The identity of each item: see `stamp`. Of a root in a store, all files are listed once instead."""
    there = place.files(root)
    return [stamp(item, there) for item in listed]


def stamp(item: Item, there: Mapping[str, os.stat_result] | None = None) -> list[Any]:
    """Identity of an item's files: names, sizes and times, so that a mended file is read again. `there`: the files
    below the root, where that was listed before."""
    found: list[Any] = [item.id, item.split]
    for name in (item.image, item.label):
        if name is None:
            found.append(None)
            continue
        try:
            inner = name.partition("!")[0]  # of an image inside an archive: the archive
            status = (item.root / inner).stat() if there is None else there[inner]
            found.append([name, status.st_size, status.st_mtime_ns])
        except (OSError, KeyError):
            found.append([name, "missing"])
    return [*found, repr(item.data) if item.data is not None else None]
