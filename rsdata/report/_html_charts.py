"""Pieces of the report as HTML: numbers, bars, histograms, tables. Everything from data is escaped here."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

TOP = 12  # bars shown before "more"
FEW = 12  # different values up to which each has its own bar
BINS = 28
Number = int | float


class Bar(NamedTuple):
    """One bar of a histogram: `size` values from `low` to below `high` (None: and more; the same: `low` alone)."""

    low: Number
    high: Number | None
    size: int

    @property
    def name(self) -> str:
        """The values in words."""
        if self.high is None:
            return f"{self.low:,g} or more"
        return f"{self.low:,g}" if self.high == self.low else f"{self.low:,g} to {self.high:,g}"


def count(value: int) -> str:
    """12,345."""
    return f"{value:,}"


def amount(value: int, word: str) -> str:
    """1 image, 12,345 images; `word` is in the plural."""
    return f"{value:,} {word.removesuffix('s') if value == 1 else word}"


def percent(share: float) -> str:
    """12.3 %; what is there but rounds to nothing says so."""
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def nice(name: str) -> str:
    """A concept or name as words, escaped."""
    return escape(name.replace("_", " "))


def panel(title: str, body: str, note: str = "", wide: bool = False) -> str:
    """A box with a heading."""
    aside = f" <small>{note}</small>" if note else ""
    return f'<section class="panel{" wide" if wide else ""}"><h3>{title}{aside}</h3>{body}</section>'


def bars(title: str, counts: Mapping[str, int], key: str, link: str = "", note: str = "") -> str:
    """Counts as bars, the largest first. `key` names them in the page; `link` makes each a button that filters the
    gallery by that field."""
    if not counts or list(counts) == ["none"]:
        return ""
    total, most = sum(counts.values()), max(counts.values())
    rows = [_bar(name, n, n / total, n / most, link) for name, n in counts.items()]
    shown = f'<ol class="bars" data-counts="{key}">{"".join(rows[:TOP])}</ol>'
    if len(rows) > TOP:
        more = f'<ol class="bars" data-counts="{key}">{"".join(rows[TOP:])}</ol>'
        shown += f"<details><summary>{len(rows) - TOP:,} more</summary>{more}</details>"
    return panel(title, shown, note or f"{count(total)} in all")


def _bar(name: str, n: int, share: float, width: float, link: str) -> str:
    text = nice(name)
    if link and name != "none":
        text = f'<button type="button" class="link" data-filter="{link}" data-value="{escape(name)}">{text}</button>'
    bar = f'<span class="track"><i style="width:{100 * width:.2f}%"></i></span>'
    numbers = f"<b>{count(n)}</b><span>{percent(share)}</span>"
    return f'<li data-name="{escape(name)}" data-count="{n}"><em>{text}</em>{bar}{numbers}</li>'


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[int] = (0,), name: str = "table"
) -> str:
    """A table of ready-made HTML cells; the columns whose numbers are in `words` hold words, the others numbers."""
    kinds = ["" if n in words else ' class="n"' for n in range(len(columns))]
    head = "".join(f'<th scope="col"{kind}>{column}</th>' for kind, column in zip(kinds, columns, strict=True))
    body = ""
    for row in rows:
        cells = (f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
        body += f"<tr>{''.join(cells)}</tr>"
    top = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    return scrolled(f'<table data-table="{escape(name)}">{top}<tbody>{body}</tbody></table>', name)


def scrolled(table: str, name: str) -> str:
    """A table in a box of its own that scrolls sideways where the screen is narrow."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{table}</div>'


def binned(counts: Mapping[Any, int]) -> list[Bar]:
    """Value -> count as at most about thirty bars: each value its own where there are few, else equal steps up to the
    99th percentile, and one bar for all beyond it."""
    values = sorted(counts)
    if len(values) <= FEW:
        return [Bar(value, value, counts[value]) for value in values]
    total, below, high = sum(counts.values()), 0, values[-1]
    for value in values:
        below += counts[value]
        if below >= 0.99 * total:
            high = value
            break
    step = _step((high - values[0]) / BINS, all(float(value).is_integer() for value in values))
    first = math.floor(values[0] / step)
    last = max(first + 1, math.floor(high / step) + 1)
    tallies = [0] * (last - first)
    beyond = 0
    for value in values:
        place = math.floor(value / step + 1e-9) - first
        if place >= len(tallies):
            beyond += counts[value]
        else:
            tallies[place] += counts[value]
    edges = [_clean((first + n) * step) for n in range(len(tallies) + 1)]
    found = [Bar(edges[n], edges[n + 1], tally) for n, tally in enumerate(tallies)]
    return [*found, Bar(edges[-1], None, beyond)] if beyond else found


def _step(least: float, whole: bool) -> float:
    """The smallest of 1, 2, 5, 10 ... (times a power of ten) that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= least * (1 - 1e-9))
    return max(1.0, step) if whole else step


def _clean(value: float) -> Number:
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def histogram(title: str, found: Sequence[Bar], unit: str, marks: Mapping[str, float] | None = None) -> str:
    """Bars over an axis; `marks` are vertical lines with a name, at a value. The numbers are in a table below."""
    if not found:
        return ""
    if len(found) == 1 and not marks:
        return f'<p class="one">{found[0].name} {unit} <small>all {count(found[0].size)}</small></p>'
    most = max(bar.size for bar in found) or 1
    rects = "".join(
        f'<rect x="{n + 0.06:.2f}" y="{100 - 100 * bar.size / most:.2f}" width=".88"'
        f' height="{100 * bar.size / most:.2f}"><title>{bar.name} {unit}: {count(bar.size)}</title></rect>'
        for n, bar in enumerate(found)
    )
    lines = "".join(_mark(found, name, value) for name, value in (marks or {}).items())
    svg = f'<svg viewBox="0 0 {len(found)} 100" preserveAspectRatio="none" aria-hidden="true">{rects}</svg>'
    rows = [[bar.name, count(bar.size)] for bar in found]
    numbers = f"<details><summary>Numbers</summary>{table([unit, 'count'], rows, name=title)}</details>"
    top = f'<span class="top">{count(most)}</span>'
    return f'<figure class="hist">{top}<div class="plot">{svg}{lines}</div>{_axis(found)}{numbers}</figure>'


def _mark(found: Sequence[Bar], name: str, value: float) -> str:
    low, high = found[0].low, found[-1].high or found[-1].low
    place = min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0
    side = " flip" if place > 0.7 else ""
    return f'<span class="mark{side}" style="left:{100 * place:.2f}%"><b>{value:.3f} {escape(name)}</b></span>'


def _axis(found: Sequence[Bar]) -> str:
    """Names under the bars: of each bar where there are few, else of about five edges."""
    if found[0].high == found[0].low:
        each = 1 if len(found) <= 6 else 2
        names = [(n + 0.5, f"{bar.low:,g}") for n, bar in enumerate(found) if n % each == 0]
    else:
        each = max(1, round(len(found) / 5))
        names = [(float(n), f"{found[n].low:,g}") for n in range(0, len(found), each)]
        if found[-1].high is None and len(found) - 1 - names[-1][0] < each / 2:
            names[-1] = (len(found) - 1.0, f"{found[-1].low:,g}+")
    spans = "".join(f'<span style="left:{100 * x / len(found):.2f}%">{name}</span>' for x, name in names)
    return f'<div class="axis" aria-hidden="true">{spans}</div>'
