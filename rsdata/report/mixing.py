"""What balancing did: images and objects of each class, source, language and platform, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rsdata.corpus import StageDir, read_json
from rsdata.errors import BadCorpus

if TYPE_CHECKING:
    from rich.console import RenderableType

TOP = 30  # rows of a table
UNITS = {"class": "objects", "source": "objects", "platform": "objects", "language": "captions"}


def compare(stage: StageDir) -> dict[str, Any]:
    """kind -> name -> {images, objects or captions: [before, after]} of a stage `balance`. Raises BadCorpus."""
    if stage.name != "balance":
        raise BadCorpus(f"{stage.path}: is the stage {stage.name}; wanted balance")
    state = read_json(stage.path / "prepare.json")["state"]
    before, after = state["before"], state["after"]
    return {
        kind: {
            name: {what: [counts[n], after[kind].get(name, [0, 0])[n]] for n, what in enumerate(("images", unit))}
            for name, counts in before[kind].items()
        }
        for kind, unit in UNITS.items()
    }


def render(found: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """One table a kind, the largest first; kinds of a single name that lost nothing are left out."""
    from rich.console import Group

    from rsdata.report import table

    tables = []
    for kind, names in found.items():
        if len(names) < 2 and all(b == a for row in names.values() for b, a in row.values()):
            continue
        heads = [kind, "images", "left", UNITS[kind], "left", "share", "now"]
        total = [sum(row[UNITS[kind]][n] for row in names.values()) or 1 for n in (0, 1)]
        rows = [_row(name, row, UNITS[kind], total) for name, row in list(names.items())[:TOP]]
        if len(names) > TOP:
            rows.append([f"... {len(names) - TOP:,} more", *[""] * 6])
        tables.append(table.grid(f"by {kind}", heads, rows, left={0}))
    return Group(*tables)


def _row(name: str, row: Mapping[str, list[int]], unit: str, total: list[int]) -> list[str]:
    shares = [f"{100 * row[unit][n] / total[n]:.1f} %" for n in (0, 1)]
    return [name, *(f"{count:,}" for what in ("images", unit) for count in row[what]), *shares]
