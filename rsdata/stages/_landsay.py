"""Captions of landmarks by template, offline, in ten languages from the same facts; names stay as the map has them.

Rules stand in the families of `b2c`, so that a trainer knows what each survives: `position/named` and `position/near`
neither a crop nor a rotation, `count/..` and `area/..` a rotation but no crop. A name takes the place of a mark
([phrases.name]) after the sentence is finished, so no rule of grammar ever touches it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rsdata import words
from rsdata.record import Record
from rsdata.stages._facts import VIEWS, counterpart, share_of, two_digits
from rsdata.stages._groups import Said, things
from rsdata.stages._landfacts import Place, Scene
from rsdata.stages._landjoin import CUT
from rsdata.stages._landkinds import kind
from rsdata.words.render import Group, render

MARKS = {chr(0xE000 + number): number - 1 for number in range(1, 10)}  # as in [phrases.name] of every language
AT_ONCE = 3  # names in one sentence
KINDS = 3  # kinds that are counted in one sentence
SPREAD = 0.03  # share of the image from which it is said
PLAIN = frozenset({"water", "forest", "wetland"})  # nouns that no name follows ("the area of water X")


class Saying(NamedTuple):
    """A caption to be: its rule, the facts for `render`, the names behind the marks, the English text."""

    rule: str
    facts: dict[str, Any]
    names: tuple[str, ...]
    text: str


def select(record: Record, scene: Scene, per_image: int, many: int, seed: int) -> list[Saying]:
    """At most `per_image` captions, no two alike. The draw depends on seed, id and facts alone."""
    rng = random.Random(f"{seed}:landmarks:{record.id}")
    chosen: list[Saying] = []
    seen: set[str] = set()
    for (rule, facts), names in _ordered(record, scene, many, rng):
        text = named(render("en", rule, facts), names)
        if text not in seen:
            seen.add(text)
            chosen.append(Saying(rule, facts, names, text))
            if len(chosen) >= per_image:
                break
    return chosen


def in_language(code: str, saying: Saying, said: set[str]) -> str | None:
    """The same facts in another language, unlike those already said; None where all were."""
    text = counterpart(code, saying.rule, saying.facts, said)
    return None if text is None else named(text, saying.names)


def named(text: str, names: tuple[str, ...]) -> str:
    """The marks of a finished sentence replaced by the names they stand for."""
    return "".join(names[MARKS[c]] if c in MARKS else c for c in text)


Drawn = tuple[Said, tuple[str, ...]]


def _ordered(record: Record, scene: Scene, many: int, rng: random.Random) -> Iterator[Drawn]:
    """What is there; where the best one is; how much of the image it takes; then the rest by chance."""
    pick = int(rng.random() * 60)
    base: dict[str, Any] = {"style": "full", "pick": pick}
    where = [_at(place, base) for place in scene.named if place.cell]
    cells = list(_cells(scene, base, many))
    sizes = [*_shares(scene, base), *_sizes(scene, base)]
    rest = [*_relations(scene, base), *_near(scene, base), *_views(record, scene, base, many), *cells[1:]]
    rng.shuffle(rest)
    yield from _all(scene, base, many)
    yield from where[:1]
    yield from cells[:1]
    yield from sizes[:1]
    yield from rest[:2]
    yield from where[1:]
    yield from sizes[1:]
    yield from rest[2:]


def _group(place: Place, mark: int) -> Group:
    """The noun phrase of a named place: with its noun where the language can, else the name alone."""
    concept = kind(place.kind).concept
    if not concept or concept in PLAIN:
        return Group(concept or "building", "name", 1, key=f"n{mark}")
    return Group(concept, "named", 1, key=f"n{mark}")


def _others(scene: Scene, said: Sequence[Place], many: int, pick: int, most: int = KINDS) -> tuple[Group, ...]:
    """The best-seen kinds, counted without the places that are named; beside one of its kind it is "other ..."."""
    told = [kind(place.kind).concept for place in said]
    counts: dict[str, int] = {}
    for name, n in scene.counts.items():
        if concept := kind(name).concept:
            counts[concept] = counts.get(concept, 0) + n
    for concept in told:
        if concept in counts:
            counts[concept] -= 1
    groups = things(dict([row for row in counts.items() if row[1] > 0][:most]), many, pick)
    beside = {name for concept in told if concept for name in (concept, *words.parents(concept))}
    return tuple(
        g._replace(amount=f"other_{g.amount}") if g.concept in beside and not g.amount.startswith("other_") else g
        for g in groups
    )


def _all(scene: Scene, base: dict[str, Any], many: int) -> Iterator[Drawn]:
    first = scene.named[:AT_ONCE]
    groups = tuple(_group(place, mark) for mark, place in enumerate(first, 1))
    names = tuple(place.name for place in first)
    others = _others(scene, first, many, base["pick"])
    if not groups:
        if others:
            yield ("count/all", {**base, "things": others}), ()
        return
    yield ("count/named", {**base, "things": groups + others}), names


def _at(place: Place, base: dict[str, Any]) -> Drawn:
    return ("position/named", {**base, "things": (_group(place, 1),), "place": place.cell}), (place.name,)


def _cells(scene: Scene, base: dict[str, Any], many: int) -> Iterator[Drawn]:
    """Kinds by cell: the two fullest of each."""
    for name, cells in scene.cells.items():
        concept = kind(name).concept
        if not concept or words.kind(concept) == "stuff":
            continue
        for turn, (cell, n) in enumerate(sorted(cells.items(), key=lambda item: -item[1])[:2]):
            facts = {**base, "pick": base["pick"] + turn, "things": things({concept: n}, many, base["pick"])}
            yield ("position/cell", {**facts, "place": cell}), ()


def _shares(scene: Scene, base: dict[str, Any]) -> Iterator[Drawn]:
    for place in scene.named:
        if place.share >= SPREAD:
            facts = {**base, "things": (_group(place, 1),), "share": share_of(place.share)}
            yield ("area/things", facts), (place.name,)


def _sizes(scene: Scene, base: dict[str, Any]) -> Iterator[Drawn]:
    """How long a line runs through the image; how large an area is that lies in it whole."""
    for place in scene.named:
        if place.length >= 10:
            size, unit = length(place.length)
            yield ("count/along", {**base, "things": (_group(place, 1),), "size": size, "unit": unit}), (place.name,)
        elif place.area >= 100 and place.how != CUT:
            size, unit = area(place.area)
            yield ("area/extent", {**base, "things": (_group(place, 1),), "size": size, "unit": unit}), (place.name,)


def length(metres: float) -> tuple[float | int, str]:
    """Two digits that count, and the key of the unit: 1234 -> (1.2, km)."""
    return (two_digits(metres / 1000), "km") if metres >= 1000 else (_two(metres), "m")


def area(square_metres: float) -> tuple[float | int, str]:
    """Two digits that count, and the key of the unit: 15,300 -> (1.5, ha)."""
    if square_metres >= 1e6:
        return two_digits(square_metres / 1e6), "km2"
    return (two_digits(square_metres / 1e4), "ha") if square_metres >= 1e4 else (_two(square_metres), "m2")


def _two(value: float) -> int:
    return int(float(f"{value:.2g}"))


def _relations(scene: Scene, base: dict[str, Any]) -> Iterator[Drawn]:
    for name, members in scene.relations:
        first, *others = (scene.named[i] for i in members)
        names = tuple(scene.named[i].name for i in members)
        if name == "beside":
            groups = tuple(_group(scene.named[i], mark) for mark, i in enumerate(members, 1))
            yield ("count/beside", {**base, "things": groups}), names
        else:
            second = tuple(_group(place, mark) for mark, place in enumerate(others, 2))
            yield (f"count/{name}", {**base, "things1": (_group(first, 1),), "things2": second}), names


def _near(scene: Scene, base: dict[str, Any]) -> Iterator[Drawn]:
    for place in scene.near[:2]:
        facts = {**base, "things": (_group(place, 1),), "side": place.side or "close"}
        yield ("position/near", facts), (place.name,)


def _views(record: Record, scene: Scene, base: dict[str, Any], many: int) -> Iterator[Drawn]:
    """The kind of image with what it shows; never one bare name, whose gender a verb might have to know."""
    first = scene.named[:2]
    groups = tuple(_group(place, mark) for mark, place in enumerate(first, 1)) + _others(
        scene, first, many, base["pick"], 1
    )
    if not groups or (len(groups) == 1 and groups[0].amount == "name"):
        return
    facts = {**base, "view": record.platform if record.platform in VIEWS else "overhead", "things": groups}
    names = tuple(place.name for place in first)
    yield ("count/view", facts), names
    if record.gsd:
        yield ("count/view_gsd", {**facts, "gsd": two_digits(record.gsd)}), names
