"""The one ontology: what every dataset's classes are called inside, and what kind of thing each is.

`concepts.toml` holds it. Class names of datasets come in through `resolve`; `rsdata.words.render` says concepts in a
language. Nothing is read until it is asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import RsdataError

FOLDER = Path(__file__).parent
_SEPARATORS = str.maketrans("", "", "-_ ")


class UnknownConcept(RsdataError):
    """A label that concepts.toml does not have."""


class Concept(NamedTuple):
    """`kind`: thing, stuff or scene. `parents`: wider concepts, nearest first, all the way up."""

    name: str
    kind: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _Ontology(NamedTuple):
    concepts: dict[str, Concept]
    by_name: dict[str, str]
    ignored: frozenset[str]


def fold(name: str) -> str:
    """The form in which class names are compared: lower case, without `-`, `_` and spaces."""
    return name.casefold().translate(_SEPARATORS)


def _ancestors(name: str, parents: dict[str, list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    queue = list(parents[name])
    while queue:
        parent = queue.pop(0)
        if parent not in found:
            found[parent] = None
            queue += parents[parent]
    return tuple(found)


@lru_cache(maxsize=1)
def _ontology() -> _Ontology:
    table = tomllib.loads((FOLDER / "concepts.toml").read_text(encoding="utf-8"))
    ignored = frozenset(fold(name) for name in table.pop("ignored"))
    parents = {name: entry.get("parents", []) for name, entry in table.items()}
    concepts = {
        name: Concept(name, entry["kind"], _ancestors(name, parents), tuple(entry.get("aliases", ())))
        for name, entry in table.items()
    }
    by_name = {fold(alias): name for name, concept in concepts.items() for alias in concept.aliases}
    by_name |= {fold(name): name for name in concepts}
    return _Ontology(concepts, by_name, ignored)


@lru_cache(maxsize=65536)
def resolve(source_class: str) -> str | None:
    """The concept of a dataset's class name, or None: `Soccer_ball_field` -> `soccer_field`.

    Case and the characters `-`, `_` and space do not count. None means either unknown or, where `ignored` says so,
    a class for what its dataset does not name (`others`, `background`).
    """
    return _ontology().by_name.get(fold(source_class.strip()))


def resolve_all(source_classes: Iterable[str]) -> dict[str, str]:
    """`resolve` for a list of classes, those without a concept left out."""
    return {name: concept for name in source_classes if (concept := resolve(name)) is not None}


def ignored(source_class: str) -> bool:
    """True for classes that name nothing: `others`, `ignored regions`, `background`, `clutter`, ..."""
    return fold(source_class.strip()) in _ontology().ignored


def concepts() -> dict[str, Concept]:
    """Every concept by name, in the order of concepts.toml. Not to be changed by the caller."""
    return _ontology().concepts


def concept(name: str) -> Concept:
    """One concept. Raises UnknownConcept for a label that is none."""
    try:
        return _ontology().concepts[name]
    except KeyError:
        hint = resolve(name)
        way = f"it is spelled {hint!r}" if hint else "map the class in its reader, or add it to words/concepts.toml"
        raise UnknownConcept(f"{name!r} is not a concept: {way}") from None


def kind(name: str) -> str:
    """thing, stuff or scene."""
    return concept(name).kind


def parents(name: str) -> tuple[str, ...]:
    """The wider concepts, nearest first: `dump_truck` -> (`truck`, `vehicle`)."""
    return concept(name).parents
