"""What can be said of a window's landmarks, without a language: names, places, sizes, relations; best seen first.

Kept in a record's `extra["landmarks"]` as JSON, so that a reader, `describe` and `explain` find the same facts again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rsdata.record import Record
from rsdata.stages._landjoin import CUT, HOW, NEAR, Hit, Hits
from rsdata.stages._landkinds import kind
from rsdata.stages._landtable import GOOGLE, Table

PARTLY, AWAY = HOW.index(CUT), HOW.index(NEAR)
CELLS = ("top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right")
SIDES = ("east", "southeast", "south", "southwest", "west", "northwest", "north", "northeast")
WIDE = 0.6  # of a side: what is longer stands everywhere, and no cell is named for it
RELATED = 8  # landmarks among which relations are looked for
BESIDE = 0.05  # of the window's longer side: what is nearer than that stands beside
ATTRIBUTION = {"ODbL-1.0": "© OpenStreetMap contributors"}


class Rules(NamedTuple):
    """The parameters of the stage that decide which landmarks count."""

    min_pixels: float = 6.0
    most: int = 12
    google: bool = False


@dataclass
class Place:
    """One landmark as it is said. `share` of the window; `area` in m² (of all of it), `length` in m (of what is seen);
    `cell` of the 3 x 3 grid or "" where it spreads over several; `side`: the direction of a near one, "" where the
    raster is not north up; `distance` of a near one in m."""

    name: str
    kind: str
    how: str
    cell: str = ""
    share: float = 0.0
    area: float = 0.0
    length: float = 0.0
    side: str = ""
    distance: float = 0.0


@dataclass
class Scene:
    """The landmarks of one window.

    `counts`: all by kind, named or not, streets and the like apart; `cells`: those of them with a place, by cell.
    `relations`: (crosses | beside | between, places in `named`). `licences`, `sources`: of all that is used. `refused`:
    reason -> number of landmarks left out.
    """

    named: list[Place] = field(default_factory=list)
    near: list[Place] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    cells: dict[str, dict[str, int]] = field(default_factory=dict)
    relations: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)

    def empty(self) -> bool:
        """Whether nothing can be said."""
        return not (self.named or self.counts)

    def text(self) -> str:
        """As JSON for `extra["landmarks"]`."""
        rows: dict[str, Any] = {"named": [_row(place) for place in self.named]}
        rows |= {"near": [_row(place) for place in self.near], "counts": self.counts, "cells": self.cells}
        rows |= {"relations": self.relations, "sources": self.sources}
        return json.dumps({key: value for key, value in rows.items() if value}, ensure_ascii=False)

    def attribution(self) -> str:
        """Whom to name, for all licences in use."""
        return "; ".join(dict.fromkeys(ATTRIBUTION[name] for name in self.licences if name in ATTRIBUTION))


def _row(place: Place) -> dict[str, Any]:
    row = {key: value for key, value in asdict(place).items() if value}
    return row | {key: float(f"{row[key]:.3g}") for key in ("share", "area", "length", "distance") if key in row}


class _Seen(NamedTuple):
    """A hit that counts, with what its row says."""

    hit: Hit
    name: str
    kind: str
    licence: str
    source: str


def scene(record: Record, hits: Hits, table: Table, rules: Rules) -> Scene:
    """The facts of one window.

    Left out and counted: not-seen-from-above (kinds of rank 0), too-small (fewer than `min_pixels` pixels long or
    wide), touching (no area or length inside), google-content, unnamed-line.
    """
    found = Scene()
    counted = _counted(hits, record, table, rules, found.refused)
    rows, far, cells = hits.part("row").tolist(), (hits.part("how") == AWAY).tolist(), cells_of(hits, record)
    named = [_seen(hits, i, table) for i in counted if table.name[rows[i]]]
    merged = sorted(_by_name([one for one in named if one.hit.how != NEAR]), key=_rank)
    best = merged[: rules.most]
    found.named = [_place(group, record) for group in best]
    near = [one for one in named if one.hit.how == NEAR]
    found.near = [_near(one, record) for one in near][: rules.most]
    alone = [i for i in counted if not table.name[rows[i]] and not far[i]]
    told = [(group[0].kind, cell_of(group[0].hit, record)) for group in merged]
    told += [(table.kind[rows[i]], cells[i]) for i in alone]
    for name, cell in told:
        if kind(name).line or not kind(name).concept:
            continue
        found.counts[name] = found.counts.get(name, 0) + 1
        if cell:
            here = found.cells.setdefault(name, {})
            here[cell] = here.get(cell, 0) + 1
    found.counts = dict(sorted(found.counts.items(), key=lambda item: (kind(item[0]).rank, -item[1], item[0])))
    found.relations = _relations([group[0] for group in best[:RELATED]], record)
    used = [one.hit.row for group in best for one in group] + [one.hit.row for one in near]
    used += [rows[i] for i in counted if not table.name[rows[i]]]
    found.licences = sorted({table.licence[row] for row in used})
    found.sources = sorted({table.source[row] for row in used})
    return found


def _seen(hits: Hits, i: int, table: Table) -> _Seen:
    hit = hits[i]
    return _Seen(hit, table.name[hit.row], table.kind[hit.row], table.licence[hit.row], table.source[hit.row])


def _counted(hits: Hits, record: Record, table: Table, rules: Rules, refused: dict[str, int]) -> list[int]:
    """Places in `hits` of those that count; the others go into `refused`."""
    found = []
    columns = (hits.part(name).tolist() for name in ("row", "how", "area", "length"))
    for i, (row, how, area, length) in enumerate(zip(*columns, strict=True)):
        name = table.kind[row]
        reason = _unsaid(name, bool(table.name[row]), table.licence[row] == GOOGLE and not rules.google)
        if not reason and how == PARTLY and not (area or length):
            reason = "touching"
        elif not reason and how != AWAY and _pixels(area, length, name, record) < rules.min_pixels:
            reason = "too-small"
        if reason:
            refused[reason] = refused.get(reason, 0) + 1
        else:
            found.append(i)
    return found


@lru_cache(maxsize=4096)
def _unsaid(name: str, named: bool, google: bool) -> str:
    """Why a row is never said, wherever it lies; "" where it may be."""
    what = kind(name)
    if google:
        return "google-content"
    return "not-seen-from-above" if what.rank == 0 else "unnamed-line" if what.line and not named else ""


def _pixels(area: float, length: float, name: str, record: Record) -> float:
    """How large a landmark is in the window: the side of a square of its area, the length of a line, or, for a point,
    what its kind usually measures."""
    if length:
        return length
    if area:
        return math.sqrt(area)
    metres = kind(name).metres
    return metres / record.gsd if record.gsd and metres else math.inf


def _by_name(seen: Sequence[_Seen]) -> list[list[_Seen]]:
    """Pieces of one name together, the largest of the best-seen kind first: a street of many ways, a church mapped as
    point and as building."""
    groups: dict[str, list[_Seen]] = {}
    for one in seen:
        groups.setdefault(one.name.casefold(), []).append(one)
    for group in groups.values():
        group.sort(key=lambda one: (kind(one.kind).rank, -_reach(one.hit), one.hit.row))
    return list(groups.values())


def _rank(group: list[_Seen]) -> tuple[int, float, int]:
    one = group[0]
    return kind(one.kind).rank, -_reach(one.hit), one.hit.row


def _reach(hit: Hit) -> float:
    """How far a landmark reaches, in pixels: the length of a line, the side of a square of an area."""
    return max(hit.length, math.sqrt(hit.area))


def _place(group: list[_Seen], record: Record) -> Place:
    first = group[0]
    same = [one for one in group if one.kind == first.kind]
    cells = {cell_of(one.hit, record) for one in same}
    gsd = record.gsd or 0.0
    area = sum(one.hit.area for one in same)
    return Place(
        name=first.name,
        kind=first.kind,
        how=CUT if any(one.hit.how == CUT for one in same) else first.hit.how,
        cell=cells.pop() if len(cells) == 1 else "",
        share=min(1.0, area / (record.width * record.height)),
        area=area * gsd * gsd,
        length=sum(one.hit.length for one in same) * gsd,
    )


def cell_of(hit: Hit, record: Record) -> str:
    """The cell of the 3 x 3 grid where the middle lies; "" for what spreads over more than WIDE of a side."""
    x0, y0, x1, y1 = hit.box
    if x1 - x0 > WIDE * record.width or y1 - y0 > WIDE * record.height:
        return ""
    column = min(2, int(3 * hit.x / record.width))
    row = min(2, int(3 * hit.y / record.height))
    return CELLS[3 * row + column]


def cells_of(hits: Hits, record: Record) -> list[str]:
    """`cell_of` of all; "" for near ones, whose middle lies outside."""
    if not len(hits):
        return []
    box, middle = hits.part("box"), hits.part("middle")
    size = np.array([record.width, record.height], np.float64)
    wide = ((box[:, 2:] - box[:, :2]) > WIDE * size).any(axis=1) | (hits.part("how") == AWAY)
    column, row = np.clip((3 * middle / size).astype(np.int64), 0, 2).T
    return [CELLS[i] if i >= 0 else "" for i in np.where(wide, -1, 3 * row + column).tolist()]


def north_up(record: Record) -> bool:
    """Whether up is north, so that compass directions mean what they say."""
    if record.geo is None:
        return False
    a, b, _, d, e, _ = record.geo.transform
    return a > 0 > e and abs(b) < 1e-6 * a and abs(d) < 1e-6 * a


def _near(one: _Seen, record: Record) -> Place:
    side = ""
    if north_up(record):
        east, south = one.hit.x - record.width / 2, one.hit.y - record.height / 2
        side = SIDES[round(math.degrees(math.atan2(south, east)) / 45) % 8]
    return Place(one.name, one.kind, NEAR, side=side, distance=one.hit.away * (record.gsd or 0.0))


def _relations(best: Sequence[_Seen], record: Record) -> list[tuple[str, tuple[int, ...]]]:
    """Which of the best crosses which, stands beside which, or between which two."""
    found: list[tuple[str, tuple[int, ...]]] = []
    close = BESIDE * max(record.width, record.height)
    for i, one in enumerate(best):
        for j, other in enumerate(best):
            if i != j and _crosses(one.hit, other.hit):
                if ("crosses", (j, i)) not in found:
                    found.append(("crosses", (i, j)))
            elif i < j and _beside(one.hit, other.hit, close):
                found.append(("beside", (i, j)))
    for i, one in enumerate(best):
        found += [("between", (i, j, k)) for j, k in _pairs(best, i) if _between(one.hit, best[j].hit, best[k].hit)][:1]
    return found


def _crosses(one: Hit, other: Hit) -> bool:
    """Whether a line runs through an area, or through another line: in at one end and out at the other."""
    if not one.length:
        return False
    if other.length:
        return bool(one.shape.crosses(other.shape))
    return bool(other.area) and one.shape.intersection(other.shape).length > 0.5 * math.sqrt(other.area)


def _beside(one: Hit, other: Hit, close: float) -> bool:
    """Whether two places that are no lines lie close together and apart."""
    if one.length or other.length:
        return False
    return bool(one.shape.distance(other.shape) <= close and not one.shape.intersects(other.shape))


def _pairs(best: Sequence[_Seen], i: int) -> list[tuple[int, int]]:
    others = [j for j in range(len(best)) if j != i]
    return [(j, k) for place, j in enumerate(others) for k in others[place + 1 :]]


def _between(one: Hit, left: Hit, right: Hit) -> bool:
    """Whether the middle of one lies between two others: seen from it, they stand on opposite sides, about as far."""
    if one.length or left.length or right.length:
        return False
    ax, ay, bx, by = left.x - one.x, left.y - one.y, right.x - one.x, right.y - one.y
    long, short = math.hypot(ax, ay), math.hypot(bx, by)
    if not long or not short or not 0.4 <= long / short <= 2.5:
        return False
    return (ax * bx + ay * by) / (long * short) < math.cos(math.radians(155))


def of_text(text: str) -> Mapping[str, Any]:
    """What `Scene.text` wrote."""
    found: Mapping[str, Any] = json.loads(text)
    return found
