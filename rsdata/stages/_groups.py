"""From counts of objects to noun phrases without a language; a parent concept beside its child becomes "other ..."."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from rsdata import words
from rsdata.record import Obj
from rsdata.words.render import Group

Counts = dict[str, int]
Said = tuple[str, dict[str, Any]]


def count(objects: Sequence[Obj]) -> Counts:
    """Objects by label, in order of first appearance."""
    counts: Counts = {}
    for obj in objects:
        counts[obj.label] = counts.get(obj.label, 0) + 1
    return counts


@lru_cache(maxsize=65536)
def ordered(names: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Concepts as given, but each after its children; True for those that have a child among them.

    >>> ordered(("vehicle", "car"))
    (('car', False), ('vehicle', True))
    """
    above = {name: words.parents(name) for name in names}
    wider = {parent for parents in above.values() for parent in parents if parent in above}
    narrow = [(name, False) for name in names if name not in wider]
    return (*narrow, *((name, True) for name in sorted(wider, key=lambda name: (-len(above[name]), names.index(name)))))


def things(counts: Mapping[str, int], many: int, pick: int) -> tuple[Group, ...]:
    """Noun phrases for counts: `a` for one, `many` for more than that number; parents become "other ..."."""
    return _things(tuple(counts.items()), many, pick if max(counts.values(), default=0) > many else 0)


@lru_cache(maxsize=65536)
def _things(counts: tuple[tuple[str, int], ...], many: int, pick: int) -> tuple[Group, ...]:
    number = dict(counts)
    groups = []
    for place, (name, wider) in enumerate(ordered(tuple(number))):
        n = number[name]
        amount = "a" if n == 1 else "count" if n <= many else "many"
        groups.append(Group(name, f"other_{amount}" if wider else amount, n, pick + place if n > many else 0))
    return tuple(groups)


def with_children(drawn: Sequence[str], counts: Counts) -> Counts:
    """The counts of the drawn concepts; a parent never without its children, or its number would read as all."""
    return {name: n for name, n in counts.items() if name in drawn or not set(words.parents(name)).isdisjoint(drawn)}


def most_first(counts: Counts) -> Counts:
    """Counts from the largest to the smallest, equal ones as they came."""
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
