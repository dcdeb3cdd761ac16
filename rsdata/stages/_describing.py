"""The facts of any record for a language model: as lines to write from, and as the truth that its words are held to."""

from __future__ import annotations

from collections.abc import Mapping

from rsdata import words
from rsdata.record import Record
from rsdata.stages import _landfacts, _landtruth
from rsdata.stages._claims import Truth
from rsdata.stages._facts import VIEWS, two_digits
from rsdata.stages._places import CELLS, grid
from rsdata.words.render import Group, language

VIEW = {"satellite": "satellite image", "aerial": "aerial image", "uav": "drone image"}
SHOWN = 10  # of a category: up to here its places are told one by one


def lines(record: Record) -> list[str]:
    """What is known of a record, a line a fact, such as

    - 5 ships (2 top left, 3 bottom)
    - forest covers 40% of the image
    """
    solid, land = _counts(record), _shares(record)
    cells = _cells(record)
    found = []
    if record.platform in VIEWS or record.gsd:
        size = f", {two_digits(record.gsd)} m per pixel" if record.gsd else ""
        found.append(f"- {VIEW.get(record.platform, 'image from above')}{size}")
    if record.label:
        found.append(f"- scene: {_noun(record.label, 1)}")
    for name, n in solid.items():
        spots = ", ".join(f"{k} {cell.replace('_', ' ')}" for cell, k in cells.get(name, {}).items())
        found.append(f"- {n} {_noun(name, n)}" + (f" ({spots})" if spots and n <= SHOWN else ""))
    for name, share in land.items():
        covers = f" covers {share:.0%} of the image" if share >= 0.005 else " covers a tiny part of the image"
        found.append(f"- {_noun(name, 0)}{covers if share else ''}")
    if "landmarks" in record.extra:
        found += _landtruth.as_lines(_landfacts.of_text(record.extra["landmarks"]))
    return found


def truth(record: Record) -> Truth:
    """What may be said of it: counts of things, land cover by share, the scene, the ground resolution, landmarks."""
    solid, land = _counts(record), _shares(record)
    found = Truth(
        counts=solid,
        present=frozenset([*land, *([words.concept(record.label).name] if record.label else [])]) - frozenset(solid),
        measures=(*land.values(), *([record.gsd] if record.gsd else [])),
        cells=_cells(record),
    )
    if "landmarks" not in record.extra:
        return found
    more = _landtruth.truth(record, _landfacts.of_text(record.extra["landmarks"]))
    return Truth(
        counts={**more.counts, **found.counts},
        present=(found.present | more.present) - frozenset(found.counts),
        kinds=more.kinds,
        names=more.names,
        measures=(*found.measures, *more.measures),
        cells={**more.cells, **found.cells},
        north_up=more.north_up,
    )


def _counts(record: Record) -> dict[str, int]:
    counts: dict[str, int] = {}
    for obj in record.objects:
        if words.kind(obj.label) != "stuff":
            counts[obj.label] = counts.get(obj.label, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _shares(record: Record) -> dict[str, float]:
    """Land cover by its share of the image, largest first; 0 where its area is not known."""
    pixels = record.width * record.height
    areas: dict[str, float] = {}
    for obj in record.objects:
        if words.kind(obj.label) == "stuff":
            areas[obj.label] = areas.get(obj.label, 0.0) + obj.area
    shares = {name: round(min(1.0, area / pixels), 3) if pixels else 0.0 for name, area in areas.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _cells(record: Record) -> Mapping[str, dict[str, int]]:
    """How many of each thing have their centre in each cell; not for kinds of which one spreads over several."""
    if record.width <= 0 or record.height <= 0:
        return {}
    objects = [obj for obj in record.objects if words.kind(obj.label) != "stuff"]
    counts, spread = _counts(record), grid(record.width, record.height, objects).spread
    return {
        name: {CELLS[i]: n for i, n in enumerate(row) if n} for name, row in spread.items() if sum(row) == counts[name]
    }


def _noun(name: str, n: int) -> str:
    """The English noun as the checks know it; 0 asks for the word for land cover."""
    english = language("en")
    amount = "mass" if n == 0 else "count"
    group = Group(words.concept(name).name, amount, n)
    if n == 0:
        return english.list_phrase((group,), "", "full").text
    noun = english.noun(group.concept)
    return noun["one" if n == 1 else "other"]
