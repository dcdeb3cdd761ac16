"""The facts of landmarks for a language model: as lines to write from, and as the truth that its words are held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsdata import words
from rsdata.record import Record
from rsdata.stages._claims import Truth
from rsdata.stages._landfacts import north_up
from rsdata.stages._landjoin import CUT
from rsdata.stages._landkinds import kind
from rsdata.stages._landsay import SPREAD, area, length

RELATION = {"crosses": "crosses", "beside": "is beside", "between": "lies between"}


def as_lines(facts: Mapping[str, Any]) -> list[str]:
    """The facts as plain English lines, for a language model: what is there, how large, where; nothing else."""
    lines = []
    for place in facts.get("named", ()):
        lines.append(f"- {place['name']} ({place['kind'].replace('_', ' ')}){_details(place)}")
    for name, n in facts.get("counts", {}).items():
        spots = facts.get("cells", {}).get(name, {})
        where = ", ".join(f"{k} {cell.replace('_', ' ')}" for cell, k in spots.items())
        lines.append(f"- {n} in all: {name.replace('_', ' ')}" + (f" ({where})" if where and n <= 10 else ""))
    for place in facts.get("near", ()):
        side = f", to the {place['side']}" if place.get("side") else ""
        lines.append(f"- outside the image{side}: {place['name']} ({place['kind'].replace('_', ' ')})")
    for name, members in facts.get("relations", ()):
        listed = [facts["named"][i]["name"] for i in members]
        lines.append(f"- {listed[0]} {RELATION[name]} {' and '.join(listed[1:])}")
    return lines


def _details(place: Mapping[str, Any]) -> str:
    told = []
    if place.get("cell"):
        told.append(place["cell"].replace("_", " "))
    if place.get("share", 0.0) >= SPREAD:
        told.append(f"{place['share']:.0%} of the image")
    if place.get("length", 0.0) >= 10:
        told.append("{} {} long in the image".format(*length(place["length"])))
    elif place.get("area", 0.0) >= 100 and place["how"] != CUT:
        told.append("{} {}".format(*area(place["area"])))
    if place["how"] == CUT:
        told.append("cut by the border")
    return f": {', '.join(told)}" if told else ""


def truth(record: Record, facts: Mapping[str, Any]) -> Truth:
    """What may be said: the names given, the kinds that are there with their numbers, sizes in metres and shares."""
    named, near = facts.get("named", ()), facts.get("near", ())
    counts: dict[str, int] = {}
    cells: dict[str, dict[str, int]] = {}
    for name, n in facts.get("counts", {}).items():
        concept = kind(name).concept
        counts[concept] = counts.get(concept, 0) + n
        for cell, k in facts.get("cells", {}).get(name, {}).items():
            cells.setdefault(concept, {})[cell] = cells.get(concept, {}).get(cell, 0) + k
    cells = {name: spots for name, spots in cells.items() if sum(spots.values()) == counts[name]}
    cells |= {place["name"].casefold(): {place["cell"]: 1} for place in named if place.get("cell")}
    present = {kind(place["kind"]).concept or place["kind"] for place in (*named, *near)} & set(words.concepts())
    return Truth(
        counts={name: n for name, n in counts.items() if name not in _outside(near)},
        present=frozenset(present - counts.keys()) | {name for name in counts if name in _outside(near)},
        kinds=frozenset(
            word for name in (*_kinds(named), *_kinds(near), *facts.get("counts", ())) for word in name.split("_")
        ),
        names=tuple(place["name"] for place in (*named, *near)),
        measures=(*_measures(named), *([record.gsd] if record.gsd else [])),
        cells=cells,
        north_up=north_up(record),
    )


def _kinds(places: Sequence[Mapping[str, Any]]) -> list[str]:
    return [place["kind"] for place in places]


def _outside(near: Sequence[Mapping[str, Any]]) -> set[str]:
    """Concepts of which one lies outside, so that a number may count it or not."""
    return {kind(place["kind"]).concept for place in near} - {""}


def _measures(named: Sequence[Mapping[str, Any]]) -> list[float]:
    return [place[key] for place in named for key in ("share", "length", "area") if place.get(key)]
