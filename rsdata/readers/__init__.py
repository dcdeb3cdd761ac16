"""Readers: one module per dataset, named as on the command line.

A reader has `INFO` (see `_info.Info`) and two functions:

    find(root, split=None, *, images=True, **options) -> list[Item]
        A sorted listing. Raises BadSource. `images=False` reads annotations alone (sizes from the annotations).
    read(item) -> Iterator[Record | Drop]
        At least one Record or Drop for each item; runs in any process.

The package is its own table: a new dataset is one new file here.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

from rsdata.errors import BadSource
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record


class Reader(Protocol):
    """The shape of a reader module."""

    INFO: Info

    def find(self, root: Path, split: str | None = None, *, images: bool = True, **options: Any) -> list[Item]: ...

    def read(self, item: Item) -> Iterator[Record | Drop]: ...


def names() -> list[str]:
    """The names of all readers, sorted, without importing them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def get(name: str) -> Reader:
    """Import the reader of that name. Raises BadSource with the closest names when there is none."""
    known = names()
    if name not in known:
        close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known readers: {', '.join(known)}"
        raise BadSource(f"no reader is called {name!r}; {hint}")
    return cast(Reader, importlib.import_module(f"{__name__}.{name}"))


def infos() -> dict[str, Info]:
    """The cards of all readers, by name. Imports every reader."""
    return {name: get(name).INFO for name in names()}


def options(name: str) -> dict[str, Any]:
    """The options that a reader has beyond root, split and images, with their defaults."""
    parameters = inspect.signature(get(name).find).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "images"}


def read_noting(name: str, item: Item) -> tuple[list[Record | Drop], dict[str, list[str]]]:
    """Read one item, and note where each object that is kept was found ("labels/P1.txt:17"): record id -> one text for
    each object, in order. Formats whose objects come another way (masks, packed sets) have no entry."""
    from rsdata.readers._objects import PLACES

    token = PLACES.set({})
    try:
        outputs = list(get(name).read(item))
        return outputs, dict(PLACES.get() or {})
    finally:
        PLACES.reset(token)
