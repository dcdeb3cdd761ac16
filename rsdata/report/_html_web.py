"""The report's part for corpora from the web: how many rows every rule left, scores with their thresholds, and texts
that stayed and went. Alt texts are written by strangers: everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from rsdata.report import _html_charts as charts
from rsdata.report import funnel
from rsdata.report._html_charts import Bar, count, percent

if TYPE_CHECKING:
    from rsdata.corpus import Corpus

MOST_GROUPS = 40
TITLES = {
    "similarity": "Similarity of caption and image",
    "above": "Probability that the ground is shown from above",
}


def section(corpus: Corpus) -> str:
    """The section's inner HTML; empty for a corpus that has neither text rules nor scores."""
    texts = funnel._texts(corpus)
    if not texts and not any(stage.name == "score" for stage in corpus.stages):
        return ""
    found = funnel.funnel(corpus)
    said = [
        f"<p>{count(found['rows'])} rows of the table became {count(found['images'])} images.</p>",
        charts.panel("Rows left after each rule", _steps(found), wide=True),
        *(_scores(name, score) for name, score in found["scores"].items()),
        _groups("Languages", found["by_lang"]) if texts else "",
        _groups("Sites", found["by_domain"]) if texts else "",
        *_texts({name: text["examples"] for name, text in texts.items()}),
    ]
    return '<div class="panels">' + "".join(said) + "</div>"


def _steps(found: Mapping[str, Any]) -> str:
    rows = [["", "rows of the table", "", count(found["rows"]), "100 %"]]
    rows += [
        [escape(s["step"]), escape(s["rule"]), count(s["dropped"]), count(s["left"]), percent(s["share"])]
        for s in found["steps"]
    ]
    return charts.table(["step", "rule", "dropped", "left", "of all"], rows, {0, 1}, name="web-steps")


def _scores(name: str, score: Mapping[str, Any]) -> str:
    step = (score["to"] - score["from"]) / len(score["counts"])
    edges = [round(score["from"] + n * step, 6) for n in range(len(score["counts"]) + 1)]
    bars = [Bar(edges[n], edges[n + 1], tally) for n, tally in enumerate(score["counts"])]
    marks = {"" if source == "*" else source: cut for source, cut in score["cuts"].items()}
    note = "the line is the threshold" if len(marks) == 1 else "lines are thresholds" if marks else "no threshold set"
    return charts.panel(TITLES.get(name, charts.nice(name)), charts.histogram(name, bars, "score", marks), note)


def _groups(heading: str, groups: Mapping[str, Mapping[str, int]]) -> str:
    if not groups:
        return ""
    listed = list(groups.items())[:MOST_GROUPS]
    rows = [[escape(name), count(n["text"]), count(n["images"])] for name, n in listed]
    more = f"<p><small>{count(len(groups) - MOST_GROUPS)} more</small></p>" if len(groups) > MOST_GROUPS else ""
    return charts.panel(heading, charts.table(["", "after text rules", "at the end"], rows, name=heading) + more)


def _texts(texts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for source, rules in texts.items():
        lists = ""
        for rule, rows in rules.items():
            items = "".join(
                f"<li data-text>{escape(row['text']) or '<i>nothing</i>'} <small>{escape(row['detail'])}</small></li>"
                for row in rows
            )
            state = " open" if rule == "kept" else ""
            lists += f'<details{state}><summary>{escape(rule)}</summary><ul class="texts">{items}</ul></details>'
        yield charts.panel(f"Texts of {escape(source)} by rule", lists, "examples", wide=True)
