"""A recipe's sources beside the counts that a paper printed, with the reason where they differ."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata.errors import BadRecipe

if TYPE_CHECKING:
    from rich.console import RenderableType

FOLDER = Path(__file__).parent


@lru_cache
def printed(name: str) -> dict[str, Any]:
    """The table of a paper: source -> group, images, boxes, why; and `totals`. Raises BadRecipe for an unknown one."""
    file = FOLDER / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise BadRecipe(f"compare: no table of a paper is called {name!r}; known: {known}")
    return tomllib.loads(file.read_text("utf-8"))


def compare(name: str, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of source, images and boxes of the paper and of this disk (None: not there or not counted), difference."""
    table = printed(name)
    here = {row["reader"]: row for row in sources}
    rows = []
    for reader, entry in table.items():
        if reader == "totals":
            continue
        mine = here.get(reader, {})
        row = {
            "source": reader,
            "group": entry["group"],
            "images_paper": entry["images"],
            "images": mine.get("windows"),
        }
        row |= {"boxes_paper": entry.get("boxes"), "boxes": mine.get("boxes"), "why": entry["why"]}
        rows.append(row | {"differs": row["images"] != entry["images"] or row["boxes"] != entry.get("boxes")})
    return {"paper": name, "rows": rows, "totals": table["totals"]}


def render(found: Mapping[str, Any]) -> RenderableType:
    """The comparison as a table, and under it a line for each source that differs."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = f"beside the table of {found['paper']}"
    table = Table("source", "images", "paper", "boxes", "paper", title=title, title_justify="left")
    for row in found["rows"]:
        cells = (row["images"], row["images_paper"], row["boxes"], row["boxes_paper"])
        table.add_row(row["source"], *("-" if cell is None else f"{cell:,}" for cell in cells))
    lines = [Text(f"{row['source']}: {row['why']}") for row in found["rows"] if row["differs"]]
    return Group(table, *lines, Text(f"in all: {found['totals']['images']:,} images; {found['totals']['note']}"))
