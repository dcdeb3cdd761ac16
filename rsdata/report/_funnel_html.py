"""The funnel as one HTML file that needs nothing else: table, histograms with thresholds, examples with thumbnails.

Alt texts are written by strangers: everything from a table or a site is escaped, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Record

if TYPE_CHECKING:
    from rsdata.corpus import Corpus, StageDir

EXAMPLES = 6
SIDE = 128  # pixels of a thumbnail
STYLE = """\
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#18181b}
table{border-collapse:collapse;margin:.6rem 0 1.4rem}td,th{padding:.15rem .7rem;text-align:right}
th{border-bottom:1px solid #a1a1aa}td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}
.bar{background:#0f766e;height:.6rem;display:inline-block}.dim{color:#71717a}figure{display:inline-block;margin:.3rem;
width:8.5rem;vertical-align:top;font-size:12px}figure img{width:8rem;height:8rem;object-fit:contain;background:#e4e4e7}
li{margin:.1rem 0}summary{cursor:pointer}
"""


def page(corpus: Corpus, data: Mapping[str, Any], texts: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page."""
    body = [
        f"<h1>Funnel of {escape(corpus.path.name)}</h1>",
        f"<p>{data['rows']:,} rows of the table became {data['images']:,} images.</p>",
        _steps(data),
        *(_histogram(name, score) for name, score in data["scores"].items()),
        _groups("Languages", data["by_lang"]),
        _groups("Sites", data["by_domain"]),
        *_text_examples(texts),
        *_picture_examples(corpus),
    ]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Funnel of {escape(corpus.path.name)}</title>"
    return f"{head}<style>{STYLE}</style>\n" + "\n".join(body) + "\n</html>\n"


def _steps(data: Mapping[str, Any]) -> str:
    rows = [_row("", "rows of the table", "", data["rows"], 1.0)]
    rows += [_row(s["step"], s["rule"], f"{s['dropped']:,}", s["left"], s["share"]) for s in data["steps"]]
    head = "<tr><th>step<th>rule<th>dropped<th>left<th>of all<th></tr>"
    return f"<h2>Steps</h2><table>{head}{''.join(rows)}</table>"


def _row(step: str, rule: str, dropped: str, left: int, share: float) -> str:
    bar = f"<span class=bar style='width:{12 * share:.3f}rem'></span>"
    cells = f"<td>{escape(step)}<td>{escape(rule)}<td>{dropped}<td>{left:,}<td>{100 * share:.3g} %"
    return f"<tr>{cells}<td style='text-align:left'>{bar}</tr>"


def _histogram(name: str, score: Mapping[str, Any]) -> str:
    """Bars of the scores, a line at each threshold."""
    width, height, counts = 640, 140, score["counts"]
    tallest, step = max(counts) or 1, width / len(counts)
    bars = "".join(
        f"<rect x='{n * step:.1f}' y='{height - height * count / tallest:.1f}' width='{step - 1:.1f}'"
        f" height='{height * count / tallest:.1f}' fill='#0f766e'><title>{count:,}</title></rect>"
        for n, count in enumerate(counts)
    )
    span = score["to"] - score["from"]
    lines = ""
    for source, cut in score["cuts"].items():
        x = min(max((cut - score["from"]) / span, 0.0), 1.0) * width
        label = f"{cut:.3f}" + ("" if source == "*" else f" {escape(source)}")
        lines += f"<line x1='{x:.1f}' x2='{x:.1f}' y1='0' y2='{height}' stroke='#b91c1c' stroke-width='2'/>"
        lines += f"<text x='{x + 4:.1f}' y='12' font-size='11' fill='#b91c1c'>{label}</text>"
    axis = ""
    for k in range(5):
        place = f"x='{width * k / 4:.0f}' y='{height + 14}' font-size='11' text-anchor='middle'"
        axis += f"<text {place}>{score['from'] + span * k / 4:.2f}</text>"
    title = {
        "similarity": "Similarity of caption and image",
        "above": "Probability that the ground is shown from above",
    }
    picture = f"<svg viewBox='-16 0 {width + 32} {height + 20}' width='{width + 32}' role=img>{bars}{lines}{axis}</svg>"
    return f"<h2>{title.get(name, escape(name))}</h2>{picture}"


def _groups(heading: str, groups: Mapping[str, Mapping[str, int]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}<td><td>{n['text']:,}<td>{n['images']:,}</tr>" for name, n in list(groups.items())[:40]
    )
    more = f"<p class=dim>{len(groups) - 40:,} more</p>" if len(groups) > 40 else ""
    return f"<h2>{heading}</h2><table><tr><th><th><th>after text rules<th>at the end</tr>{rows}</table>{more}"


def _text_examples(texts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for source, rules in texts.items():
        yield f"<h2>Texts of {escape(source)}</h2>"
        for rule, rows in rules.items():
            items = "".join(
                f"<li>{escape(row['text']) or '<i>nothing</i>'} <span class=dim>{escape(row['detail'])}</span></li>"
                for row in rows
            )
            state = " open" if rule == "kept" else ""
            yield f"<details{state}><summary>{escape(rule)}</summary><ul>{items}</ul></details>"


def _picture_examples(corpus: Corpus) -> Iterator[str]:
    stages = [stage for stage in corpus.stages if not stage.sink]
    yield "<h2>Images kept</h2>" + _figures(corpus, stages[-1], None)
    for before, stage in pairwise(stages):
        ids: dict[str, dict[str, str]] = {}
        for drop in corpus.drops(stage):
            if drop.images and len(found := ids.setdefault(drop.reason, {})) < EXAMPLES:
                found[drop.id] = drop.detail
        for reason, wanted in ids.items():
            yield f"<h2>Dropped by {escape(stage.name)}: {escape(reason)}</h2>" + _figures(corpus, before, wanted)


def _figures(corpus: Corpus, stage: StageDir, wanted: Mapping[str, str] | None) -> str:
    shown: list[str] = []
    most = EXAMPLES if wanted is None else len(wanted)
    for record in corpus.records(stage):
        if len(shown) >= most:
            break
        if wanted is None or record.id in wanted:
            shown.append(_figure(corpus, record, "" if wanted is None else wanted[record.id]))
    return "".join(shown)


def _figure(corpus: Corpus, record: Record, detail: str) -> str:
    text = record.captions[0].text if record.captions else ""
    scores = [f"above {record.extra['above']}"] if "above" in record.extra else []
    scores += [f"similarity {record.captions[0].score:.3f}"] if record.captions and record.captions[0].score else []
    try:
        picture = pixels.load_record(record, corpus.roots[record.source])
        height, width = picture.shape[:2]
        shrunk = SIDE / max(height, width, SIDE)
        small = pixels.resize(picture, max(1, round(width * shrunk)), max(1, round(height * shrunk)))
        data = base64.b64encode(pixels.encode(small, "jpg", 80)).decode()
        image = f"<img alt='' src='data:image/jpeg;base64,{data}'>"
    except BadImage as error:
        image = f"<span class=dim>{escape(error.problem)}</span>"
    note = f"<br><span class=dim>{escape('; '.join(scores) or detail)}</span>"
    return f"<figure title='{escape(record.id)}'>{image}<figcaption>{escape(text[:160])}{note}</figcaption></figure>"
