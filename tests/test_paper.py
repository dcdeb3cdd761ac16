"""A recipe beside the counts that a paper printed."""

from __future__ import annotations

import io
from pathlib import Path

import drawn
import pytest

from rsdata import recipe
from rsdata.errors import BadRecipe
from rsdata.report import paper, plan

ROOT = Path(__file__).resolve().parents[1]


def test_the_printed_rows_sum_to_what_the_papers_rows_sum_to() -> None:
    rows = [row for name, row in paper.printed("remoteclip").items() if name != "totals"]
    sums = {group: sum(r["images"] for r in rows if r["group"] == group) for group in ("RET-3", "DET-10", "SEG-4")}
    assert sums == {"RET-3": 13762, "DET-10": 110628, "SEG-4": 41171} and sum(sums.values()) == 165561
    assert paper.printed("remoteclip")["totals"]["images"] == 165745


def test_counts_of_this_disk_stand_beside_the_papers(tmp_path: Path) -> None:
    drawn.dota(tmp_path / "dota")
    raw = {"name": "x", "compare": "remoteclip", "sources": [{"reader": "dota"}, {"reader": "dior"}], "stages": []}
    found = plan.plan(recipe.parse(raw, "x.yaml", tmp_path), boxes=True)
    rows = {row["source"]: row for row in found["comparison"]["rows"]}
    assert len(rows) == 17
    dota, dior = rows["dota"], rows["dior"]
    assert (dota["images"], dota["images_paper"], dota["boxes"], dota["boxes_paper"]) == (5, 1409, 10, 98990)
    assert (dior["images"], dior["boxes"], dior["differs"]) == (None, None, True)
    from rich.console import Console

    console = Console(width=80, record=True, file=io.StringIO())
    console.print(plan.render(found))
    text = console.export_text()
    assert "1,409" in text and "98,990" in text and "165,745" in text


def test_an_unknown_paper_is_named() -> None:
    with pytest.raises(BadRecipe, match="no table of a paper is called 'x'; known: remoteclip"):
        paper.printed("x")
