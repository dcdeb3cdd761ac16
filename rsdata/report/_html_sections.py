"""The sections of the report that are numbers and lists: ledger, contents, captions, sizes, pairs, drops, log. Each
function returns the inner HTML of its section, or nothing where there is nothing to tell."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from rsdata.report import _html_charts as charts
from rsdata.report._html_charts import count, percent
from rsdata.report._html_pairs import PAIRED, Examples, Pairs, Side
from rsdata.report._html_thumbs import Thumb

FIRST_PAIRS = 9  # before "more"
KINDS, SIDES = ("images", "objects"), ("in", "made", "out", "dropped")
Found = Mapping[str, Any]


def figures(found: Found) -> str:
    """The few numbers that come first."""
    share = f"{percent(found['unique_captions'] / found['captions'])} of all" if found["captions"] else ""
    langs, sources = len(found["captions_by_lang"]), len(found["images_by_source"])
    dropped = sum(found["dropped_images"].values())
    cells = [
        ("images", found["images"], f"of {charts.amount(sources, 'sources')}"),
        ("objects", found["objects"], "in " + _classes(len(found["objects_by_label"]))),
        ("captions", found["captions"], f"in {charts.amount(langs, 'languages')}"),
        ("unique_captions", found["unique_captions"], share),
        ("dropped_images", dropped, "each with its reason"),
    ]
    names = {"unique_captions": "different captions", "dropped_images": "images dropped"}
    return "".join(
        f'<div><dt>{names.get(name, name)}</dt><dd data-figure="{name}" data-count="{value}">{count(value)}</dd>'
        f"<dd><small>{aside}</small></dd></div>"
        for name, value, aside in cells
    )


def _classes(n: int) -> str:
    return "1 class" if n == 1 else f"{n:,} classes"


def ledger(found: Found, log: Found, examples: Examples) -> str:
    """For each stage in + made = out + dropped, and what was dropped by reason."""
    seconds: dict[str, float] = {}
    for run in log["runs"]:
        seconds[run["stage"]] = seconds.get(run["stage"], 0.0) + run["seconds"]
    most = max([1, *(stage["images"]["out"] for stage in found["stages"])])
    drops = {stage["stage"]: stage["drops"] for stage in log["stages"]}
    body = ""
    for stage in found["stages"]:
        name = stage["stage"]
        told = examples.get(name, {})
        body += _stage(stage, seconds.get(name), stage["images"]["out"] / most, drops.get(name, {}), told)
    signs = zip(("", "+ ", "= ", "+ "), SIDES, strict=True)
    head = "".join(f'<th scope="col" class="n">{sign}{side}</th>' for sign, side in signs)
    return charts.scrolled(f'<table class="ledger"><thead><tr><td></td>{head}</tr></thead>{body}</table>', "ledger")


def _stage(stage: Found, seconds: float | None, width: float, drops: Found, examples: Mapping[str, Any]) -> str:
    number, _, name = stage["stage"].partition("-")
    time = f"<small>{duration(seconds)}</small>" if seconds is not None else ""
    bar = f'<span class="track" title="images that went on"><i style="width:{100 * width:.2f}%"></i></span>'
    heading = f"<div><span><small>{escape(number)}</small> {escape(name)}</span>{time}{bar}</div>"
    title = f'<th scope="rowgroup" colspan="5">{heading}</th>'
    rows = ""
    for kind in KINDS:
        n = stage[kind]
        cells = "".join(
            f'<td class="n" data-side="{side}" data-count="{n[side]}">{count(n[side])}</td>' for side in SIDES
        )
        whole = n["in"] + n["made"] == n["out"] + n["dropped"]
        fault = "" if whole else f'<tr class="bad"><td colspan="5">{kind} do not add up: run rsdata check</td></tr>'
        rows += f'<tr data-kind="{kind}"><th scope="row">{kind}</th>{cells}</tr>{fault}'
    return f'<tbody data-stage="{escape(stage["stage"])}"><tr>{title}</tr>{rows}{_reasons(drops, examples)}</tbody>'


def _reasons(drops: Found, examples: Mapping[str, Any]) -> str:
    """What a stage dropped: reason, counts, and where the first of it is."""
    items = ""
    for reason, n in sorted(drops.items(), key=lambda item: (-item[1].get("images", 0), -item[1].get("objects", 0))):
        counts = [charts.amount(n[kind], kind) for kind in ("images", "objects", "captions") if n.get(kind)]
        if not counts:
            continue
        first = examples.get(reason, [])[:1]
        such = "".join(
            f"<small>such as {escape(e.drop.id)}{': ' + escape(_cut(e.drop.detail)) if e.drop.detail else ''}</small>"
            for e in first
        )
        items += f'<li data-reason="{escape(reason)}"><b>{escape(reason)}</b> {", ".join(counts)}{such}</li>'
    if not items:
        return ""
    total = sum(1 for n in drops.values() if any(n.values()))
    reasons = f'<summary>{charts.amount(total, "reasons")}</summary><ul class="reasons">{items}</ul>'
    return f'<tr><td colspan="5"><details open>{reasons}</details></td></tr>'


def _cut(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def duration(seconds: float) -> str:
    """1.2 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def contents(found: Found) -> str:
    """Counts by source, class, split and so on."""
    bars = [
        charts.bars("Images by source", found["images_by_source"], "images_by_source", "source"),
        charts.bars("Objects by class", found["objects_by_label"], "objects_by_label", "label"),
        charts.bars("Images by scene class", found["images_by_label"], "images_by_label", "label"),
        charts.bars("Images by split", found["images_by_split"], "images_by_split"),
        charts.bars("Images by platform", found["images_by_platform"], "images_by_platform"),
        charts.bars("Objects by origin", found["objects_by_origin"], "objects_by_origin", note="m2b: found in a mask"),
    ]
    return f'<div class="panels">{"".join(bars)}</div>'


def captions(found: Found) -> str:
    """Counts by language, origin and rule; lengths and how many differ, by language."""
    if not found["captions"]:
        return ""
    unique, spreads = found["unique_captions_by_lang"], found["caption_lengths"]
    names = ("mean", "p5", "p50", "p95", "max")
    rows = []
    for lang, n in found["captions_by_lang"].items():
        spread = spreads.get(lang, {})
        numbers = [f"{spread[name]:,g}" if name != "mean" else f"{spread['mean']:.1f}" for name in names if spread]
        rows.append([f"<b>{escape(lang)}</b>", count(n), count(unique[lang]), percent(unique[lang] / n), *numbers])
    columns = ["language", "captions", "different", "share", "mean", "p5", "median", "p95", "longest"]
    note = "lengths in words, for zh and ko in characters"
    table = charts.panel("Captions by language", charts.table(columns, rows, name="captions_by_lang"), note, wide=True)
    lengths = "".join(
        _lengths(lang, found["histograms"]["caption_lengths"][lang]) for lang in found["captions_by_lang"]
    )
    each = found["histograms"]["captions_per_image"]
    parts = [
        table,
        charts.panel("Length of captions", lengths, "in the language chosen above"),
        _histogram("Captions per image", each, "captions"),
        charts.bars("Captions by origin", found["captions_by_origin"], "captions_by_origin"),
        charts.bars("Captions by rule", found["captions_by_rule"], "captions_by_rule"),
    ]
    return f'<div class="panels">{"".join(parts)}</div>'


def _lengths(lang: str, counts: Mapping[int, int]) -> str:
    unit = "characters" if lang in ("zh", "ko") else "words"
    chart = charts.histogram(f"Length of captions, {escape(lang)}", charts.binned(counts), unit)
    return f'<div data-only-lang="{escape(lang)}"><p class="unit">{unit}, {escape(lang)}</p>{chart}</div>'


def _histogram(title: str, counts: Mapping[Any, int], unit: str, note: str = "") -> str:
    chart = charts.histogram(title, charts.binned(counts), unit)
    return charts.panel(title, chart, note) if chart else ""


def sizes(found: Found) -> str:
    """Widths, heights, metres per pixel, objects per image."""
    every = found["histograms"]
    said = f"{count(found['images_with_gsd'])} of {count(found['images'])} images say"
    objects = _histogram("Objects per image", every["objects_per_image"], "objects") if found["objects"] else ""
    parts = [
        _histogram("Width of images", every["width"], "pixels", "pixels"),
        _histogram("Height of images", every["height"], "pixels", "pixels"),
        _histogram("Metres per pixel", every["gsd"], "metres per pixel", said),
        objects,
    ]
    return f'<div class="panels">{"".join(parts)}</div>'


def same(pairs: Sequence[Pairs], pictures: Mapping[str, Thumb]) -> str:
    """Duplicates and leaks, each beside what it is the same as."""
    said = ""
    for found in pairs:
        what = "duplicates" if found.stage.name == "dedup" else "leaks"
        some = f"; {count(len(found.shown))} of them are shown" if len(found.shown) < found.total else ""
        dropped = charts.amount(found.stage.counts["images"]["dropped"], "images")
        aside = f"{escape(found.stage.path.name)} dropped {dropped}{some}"
        said += f"<h3>{charts.amount(found.total, what)} <small>{aside}</small></h3>"
        if found.lists:
            rows = [
                [escape(name), *(count(n[k]) for k in ("images", "leaked", "dropped")),
                 escape(", ".join(f"{kind} {k:,}" for kind, k in n["kinds"].items()))]
                for name, n in found.lists.items()
            ]  # fmt: skip
            said += charts.table(
                ["benchmark", "its images", "in the corpus", "dropped", "found by"], rows, {0, 4}, name=what
            )
        items = [_pair(pair, pictures) for pair in found.shown]
        said += _pair_list(items[:FIRST_PAIRS])
        if len(items) > FIRST_PAIRS:
            more = f"<summary>{len(items) - FIRST_PAIRS:,} more pairs</summary>{_pair_list(items[FIRST_PAIRS:])}"
            said += f'<details class="more-pairs">{more}</details>'
    return said


def _pair_list(items: Sequence[str]) -> str:
    return f'<ul class="pairs">{"".join(items)}</ul>'


def _pair(pair: tuple[Side, Side, list[str]], pictures: Mapping[str, Thumb]) -> str:
    one, other, why = pair
    reasons = "".join(f"<p>{escape(text)}</p>" for text in why)
    return f'<li data-text>{_side(one, pictures)}{_side(other, pictures)}<div class="why">{reasons}</div></li>'


def _side(side: Side, pictures: Mapping[str, Thumb]) -> str:
    return _picture(pictures.get(side.picture), f"<small>{escape(side.what)}</small> {_id(side.id)}", side.id)


def _id(id: str) -> str:
    """An id that may be cut into lines after each slash."""
    return '<span class="id">' + escape(id).replace("/", "/<wbr>") + "</span>"


def _picture(thumb: Thumb | None, caption: str, name: str) -> str:
    if thumb and thumb.uri:
        image = f'<img src="{thumb.uri}" alt="{escape(name)}" loading="lazy" decoding="async">'
    else:
        image = f'<div class="none">{escape(thumb.problem if thumb else "no picture here")}</div>'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def lost(examples: Examples, drops: Mapping[str, Found], pictures: Mapping[str, Thumb]) -> str:
    """Images that were dropped, some of each stage and reason, with picture and caption where there is one."""
    said = ""
    for stage, reasons in examples.items():
        for reason, shown in reasons.items():
            total = drops.get(stage, {}).get(reason, {}).get("images", 0)
            if not total or reason in PAIRED.values():
                continue
            items = "".join(_lost(example, pictures) for example in shown if example.drop.images)
            heading = f"{escape(reason)} <small>{escape(stage)}: {charts.amount(total, 'images')}</small>"
            said += f'<h3>{heading}</h3><ul class="lost">{items}</ul>'
    return said


def _lost(example: Any, pictures: Mapping[str, Thumb]) -> str:
    text = f"<p>{escape(_cut(example.caption))}</p>" if example.caption else ""
    detail = f"<p><small>{escape(_cut(example.drop.detail))}</small></p>" if example.drop.detail else ""
    thumb = pictures.get(example.picture)
    if thumb is None:
        return f'<li data-text class="bare">{_id(example.drop.id)}{detail}</li>'
    return f"<li data-text>{_picture(thumb, _id(example.drop.id) + text + detail, example.drop.id)}</li>"


def history(log: Found) -> str:
    """The runs, and the parameters of each stage."""
    runs = [
        [escape(run["stage"]), duration(run["seconds"]), count(run["ran"]), count(run["workers"]), _began(run["began"])]
        for run in log["runs"]
    ]
    params = "".join(_params(stage) for stage in log["stages"] if stage["params"])
    table = charts.table(["stage", "time", "parts done", "workers", "began (UTC)"], runs, name="runs")
    return (table if runs else "") + (f'<h3>Parameters</h3><dl class="params">{params}</dl>' if params else "")


def _params(stage: Found) -> str:
    pairs = "".join(_param(key, value) for key, value in stage["params"].items())
    return f"<dt>{escape(stage['stage'])}</dt><dd>{pairs}</dd>"


def _param(key: str, value: Any) -> str:
    value = _short(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<span><b>{escape(key)}</b> {escape(_cut(text))}</span> "


def _short(value: Any) -> Any:
    """A parameter without the folders of the machine that it was given on."""
    if isinstance(value, list):
        return [_short(one) for one in value]
    return ".../" + value.rpartition("/")[2] if isinstance(value, str) and value.startswith("/") else value


def _began(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def listed(sections: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """The sections that have something in them, with id and heading."""
    for name, (title, body) in sections.items():
        if body:
            yield f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{title}</h2>{body}</section>'
