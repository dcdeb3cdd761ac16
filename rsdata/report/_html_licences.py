"""The report's section on licences: what `rsdata licences` says, of the whole corpus and of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rsdata import licence
from rsdata.report import _html_charts as charts
from rsdata.report._html_charts import count

RIGHTS = {
    "commercial": "commercial use",
    "redistribution": "passing on",
    "research": "research",
    "attribution": "name the source",
    "share_alike": "share alike",
}
WARNING = "A summary to sort and to warn by, not legal advice: the terms of each source decide."


def section(found: Mapping[str, Any]) -> str:
    """`found` is what `report.licences.licences` counts; nothing where the corpus has no record."""
    if not found["sources"]:
        return ""
    parts = [charts.panel("Sources", _parts(found["sources"], "source", ("images", "objects")), wide=True)]
    if found["models"]:
        parts.append(charts.panel("Models", _parts(found["models"], "origin", ("captions",)), wide=True))
    if found["landmarks"]:
        parts.append(charts.panel("Map data", _parts(found["landmarks"], "licence", ("images",)), wide=True))
    parts.append(charts.panel("As a whole", _whole(found["whole"])))
    parts.append(charts.panel("What rsdata policy would keep", _policies(found["policies"])))
    if found["attributions"]:
        lines = "".join(f"<li>{escape(line)}</li>" for line in found["attributions"])
        parts.append(charts.panel("Whom to name", f'<ul class="texts">{lines}</ul>', wide=True))
    return f'<div class="panels">{"".join(parts)}</div><p><small>{WARNING}</small></p>'


def _parts(rows: Sequence[Mapping[str, Any]], first: str, counts: Sequence[str]) -> str:
    """A row for each part of the corpus: what it is, its licence, how much of it, its rights."""
    columns = [first, *(["licence"] if first != "licence" else []), *counts, *RIGHTS.values(), "note"]
    cells = []
    for row in rows:
        names = [escape(str(row[name])) for name in dict.fromkeys((first, "licence"))]
        numbers = [count(row[name]) for name in counts]
        rights = [_right(row[name]) for name in RIGHTS]
        cells.append([*names, *numbers, *rights, escape(row["note"] or row["title"])])
    numeric = [n for n, name in enumerate(columns) if name in counts]
    return charts.table(columns, cells, set(range(len(columns))) - set(numeric), name=f"licences-{first}")


def _right(right: bool | None) -> str:
    return f'<span class="{ {True: "yes", False: "no", None: "ask"}[right] }">{licence.word(right)}</span>'


def _whole(whole: Mapping[str, Any]) -> str:
    rows = [[title, _right(whole[name])] for name, title in RIGHTS.items()]
    faults = "".join(f"<li>{escape(line)}</li>" for line in whole["conflicts"])
    table = charts.table(["", ""], rows, {0, 1}, name="licences-whole")
    return table + (f'<ul class="reasons">{faults}</ul>' if faults else "")


def _policies(policies: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [f"{escape(use)}<br><small>{escape(row['means'])}</small>", count(row["images"]), count(row["images_not"])]
        for use, row in policies.items()
    ]
    return charts.table(["policy", "images that fit", "that do not"], rows, name="licences-policies")
