"""Where objects stand, by the centres of their boxes: cells of a 3 x 3 grid, outer thirds, spread, crowds."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rsdata.record import Box, Obj, Record
from rsdata.stages._groups import Counts, Said, most_first, ordered, things
from rsdata.words.render import Group

CELLS = ("top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right")
# An object longer than this share of a side stands everywhere; no cell of the grid is named for it.
WIDE = 0.6


class Grid(NamedTuple):
    """Where the centres lie: per cell (3 x 3, row by row) the counts by concept; per concept its nine counts."""

    cells: list[Counts]
    spread: dict[str, list[int]]


def grid(width: int, height: int, objects: Sequence[Obj]) -> Grid:
    """Sort objects into the 3 x 3 grid by the centres of their boxes; those wider or higher than WIDE are left out."""
    cells: list[Counts] = [{} for _ in CELLS]
    spread: dict[str, list[int]] = {}
    for obj in objects:
        x0, y0, x1, y1 = obj.box
        if x1 - x0 > WIDE * width or y1 - y0 > WIDE * height:
            continue
        row, column = int(1.5 * (y0 + y1) / height), int(1.5 * (x0 + x1) / width)
        cell = 3 * (row if row < 2 else 2) + (column if column < 2 else 2)  # boxes lie inside: never below 0
        label = obj.label
        cells[cell][label] = cells[cell].get(label, 0) + 1
        spread.setdefault(label, [0] * 9)[cell] += 1
    return Grid(cells, spread)


def positions(
    record: Record, objects: Sequence[Obj], solid: Counts, base: dict[str, Any], many: int, rng: random.Random
) -> Iterator[Said]:
    """A whole category first, then what stands in two cells, then cell by cell; nothing for an image without a size."""
    if record.width <= 0 or record.height <= 0 or not objects:
        return
    cells, spread = grid(record.width, record.height, objects)
    patterns = list(_patterns(solid, spread, base, many))
    rng.shuffle(patterns)
    yield from patterns[:1]
    occupied = [cell for cell in range(9) if cells[cell]]
    rng.shuffle(occupied)
    pick = base["pick"]

    def here(cell: int) -> tuple[Group, ...]:
        return things(most_first(cells[cell]), many, pick + occupied.index(cell))

    said = occupied
    if len(said) > 1:
        one, two = said[:2]
        places = {"place1": CELLS[one], "place2": CELLS[two]}
        yield "position/two_cells", {**base, "things1": here(one), "things2": here(two), **places}
        said = said[2:] + said[:2]
    for turn, cell in enumerate(said):
        yield "position/cell", {**base, "pick": pick + turn, "things": here(cell), "place": CELLS[cell]}
    yield from patterns[1:]
    for turn, cell in enumerate(said):
        yield "position/cell", {**base, "pick": pick + turn + 1, "things": here(cell), "place": CELLS[cell]}


def _patterns(solid: Counts, spread: Mapping[str, list[int]], base: dict[str, Any], many: int) -> Iterator[Said]:
    """What is true of a whole category: together in a part of the image, mostly there, or spread over all of it."""
    for name, wider in ordered(tuple(solid)):
        n, nine = solid[name], spread.get(name)
        if wider or nine is None or n < 2:
            continue
        if n >= 9 and sum(map(bool, nine)) >= 7:
            yield "position/spread", {**base, "things": (Group(name, "the", n),)}
        place, inside = _busiest(nine)
        if inside == n:
            yield "position/together", {**base, "things": (_all(name, n, many),), "place": place}
        elif n >= 5 and inside >= 0.6 * n:
            yield "position/most", {**base, "things": (Group(name, "most", n),), "place": place}


def _all(name: str, n: int, many: int) -> Group:
    return Group(name, "both" if n == 2 else "all" if n <= many else "all_many", n)


def _busiest(nine: list[int]) -> tuple[str, int]:
    """The smallest part of the image with the most objects: a cell if it has as many as any outer third."""
    cell = max(range(9), key=lambda c: nine[c])
    parts = [(nine[cell], CELLS[cell])]
    parts += [(sum(nine[:3]), "top_third"), (sum(nine[6:]), "bottom_third")]
    parts += [(sum(nine[::3]), "left_third"), (sum(nine[2::3]), "right_third")]
    inside, place = max(parts, key=lambda part: part[0])
    return place, inside


def crowds(record: Record, objects: Sequence[Obj], solid: Counts, base: dict[str, Any]) -> Iterator[Said]:
    """Close together: eight or more whose boxes fill 0.3 of the rectangle around them. Far apart: no two of at most
    six nearer than a quarter of the diagonal."""
    diagonal = (record.width**2 + record.height**2) ** 0.5
    for name, wider in ordered(tuple(solid)):
        n = solid[name]
        if wider or n < 2 or not diagonal or 6 < n < 8:
            continue
        boxes = [obj.box for obj in objects if obj.label == name]
        if n >= 8 and _fill(boxes) >= 0.3:
            yield "count/dense", {**base, "things": (Group(name, "the", n),)}
        elif n <= 6 and _nearest(boxes) >= 0.25 * diagonal:
            yield "count/apart", {**base, "things": (Group(name, "the_count", n),)}


def _fill(boxes: Sequence[Box]) -> float:
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    around = (max(x1s) - min(x0s)) * (max(y1s) - min(y0s))
    return sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes) / around if around > 0 else 0.0


def _nearest(boxes: Sequence[Box]) -> float:
    """The smallest distance between two boxes, in pixels along the larger of the two gaps; 0 where they overlap."""
    nearest = float("inf")
    for i, (ax0, ay0, ax1, ay1) in enumerate(boxes):
        for bx0, by0, bx1, by1 in boxes[i + 1 :]:
            nearest = min(nearest, max(bx0 - ax1, ax0 - bx1, by0 - ay1, ay0 - by1, 0.0))
    return nearest
