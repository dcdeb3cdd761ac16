"""The funnel of a corpus from the web: how many rows every rule left, in the form of RS5M's table, to the last row.

The ledger of the text stage lies beside the images (text.json), those of the stages in the corpus; together they
account for every row of the table, and a sum that does not come out is an error. RS5M's table: arXiv 2306.11300 and
its README.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from rsdata.errors import BadCorpus, Conservation
from rsdata.report import _parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rsdata.corpus import Corpus, StageDir

BINS = 40
TOP = 20
SCORES = {"similarity": (-0.2, 0.6), "above": (0.0, 1.0)}  # the range of each histogram


def funnel(corpus: Corpus) -> dict[str, Any]:
    """Everything that `rsdata funnel --json` prints.

    `steps`: {step, rule, dropped, left, share} from the table's rows on, share of the rows. `sources`: source -> rows
    after each step. `by_lang`, `by_domain`: rows kept by the text rules, and images at the end. `scores`: histograms
    with the thresholds. Raises Conservation where the ledgers do not fit together.
    """
    texts = _texts(corpus)
    stages = [stage for stage in corpus.stages if not stage.sink]
    read = stages[0].counts["images"]["made"]
    begun = sum(text["kept"] for text in texts.values())
    if texts and len(texts) == len(corpus.roots) and begun != read:
        raise Conservation(f"{corpus.path}: the text rules kept {begun:,} rows, but {read:,} were read: a table or an"
                           " image folder was changed; run `rsdata web` again")  # fmt: skip
    rows = sum(text["rows"] for text in texts.values()) + (read - begun)
    steps = list(_steps(texts, stages, rows))
    left = steps[-1]["left"] if steps else rows
    if left != stages[-1].counts["images"]["out"]:
        out = stages[-1].counts["images"]["out"]
        raise Conservation(f"{corpus.path}: the ledgers leave {left:,} rows, the last stage {out:,}; this is a bug")
    return {
        "corpus": str(corpus.path),
        "rows": rows,
        "images": left,
        "steps": steps,
        "sources": _sources(corpus, texts, stages),
        **_grouped(corpus, texts),
        "scores": _scores(corpus, stages),
    }


def _texts(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """Source -> ledger of its text stage, where it has one."""
    found = {}
    for name, root in corpus.roots.items():
        file = root / "text.json"
        if file.is_file():
            try:
                found[name] = json.loads(file.read_text("utf-8"))
            except ValueError as error:
                raise BadCorpus(f"{file}: cannot be read ({error}); run `rsdata web` again") from error
    return found


def _steps(texts: Mapping[str, Any], stages: list[StageDir], rows: int) -> Iterator[dict[str, Any]]:
    left = rows
    dropped: Counter[str] = Counter()
    for text in texts.values():
        dropped.update(text["dropped"])
    order = list(dict.fromkeys(rule for text in texts.values() for rule in text["dropped"]))
    listed = [("text", rule, dropped[rule]) for rule in order]
    for stage in stages:
        reasons = sorted(stage.drops.items(), key=lambda pair: -pair[1]["images"])
        name = "download" if stage.name == "read" and texts else stage.name
        listed += [(name, reason, n["images"]) for reason, n in reasons if n["images"]]
        made = stage.counts["images"]["made"] if stage.name != "read" else 0
        if made:
            listed.append((stage.name, "made", -made))
    for step, rule, count in listed:
        left -= count
        yield {"step": step, "rule": rule, "dropped": count, "left": left, "share": left / rows if rows else 0.0}


def _sources(corpus: Corpus, texts: Mapping[str, Any], stages: list[StageDir]) -> dict[str, dict[str, int]]:
    """Source -> name of a step -> rows left after it."""
    found: dict[str, dict[str, int]] = {name: {} for name in corpus.roots}
    for name, text in texts.items():
        found[name] |= {"rows": text["rows"], "text": text["kept"]}
    for stage in stages:
        counts: Counter[str] = Counter()
        for part in stage.parts:
            for batch in _parts.batches(part, ["source"]):
                for row in batch.column("source").value_counts().to_pylist():
                    counts[row["values"]] += row["counts"]
        for name in found:
            found[name][stage.path.name] = counts[name]
    return found


def _grouped(corpus: Corpus, texts: Mapping[str, Any]) -> dict[str, Any]:
    langs, domains = Counter[str](), Counter[str]()
    for part in corpus.last_records.parts:
        for batch in _parts.batches(part, ["extra", "captions"]):
            for extra, captions in zip(
                batch.column("extra").to_pylist(), batch.column("captions").to_pylist(), strict=True
            ):
                domains[_domain(dict(extra).get("url", ""))] += 1
                langs.update({c["lang"] for c in captions})
    before: dict[str, Counter[str]] = {"kept_by_lang": Counter(), "kept_by_domain": Counter()}
    for text in texts.values():
        for key, counts in before.items():
            counts.update(text[key])
    return {
        "by_lang": _beside(before["kept_by_lang"], langs),
        "by_domain": _beside(before["kept_by_domain"], domains),
    }


def _beside(before: Counter[str], after: Counter[str]) -> dict[str, dict[str, int]]:
    names = sorted({*before, *after} - {""}, key=lambda name: (-after[name], -before[name], name))
    return {name: {"text": before[name], "images": after[name]} for name in names}


def _domain(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _scores(corpus: Corpus, stages: list[StageDir]) -> dict[str, Any]:
    """Histograms over the newest stage `score`, and the thresholds of the newest `keep` after it."""
    scored = next((stage for stage in reversed(stages) if stage.name == "score"), None)
    if scored is None:
        return {}
    values: dict[str, Counter[int]] = {name: Counter() for name in SCORES}
    for part in scored.parts:
        for batch in _parts.batches(part, ["captions", "extra"]):
            similar = [c["score"] for row in batch.column("captions").to_pylist() for c in row if c["of"] is None]
            above = [dict(row).get("above") for row in batch.column("extra").to_pylist()]
            for name, found in (("similarity", similar), ("above", above)):
                values[name].update(_bins([float(v) for v in found if v is not None], *SCORES[name]))
    kept = next((stage for stage in reversed(stages) if stage.name == "keep" and stage.index > scored.index), None)
    cuts = json.loads((kept.path / "prepare.json").read_text("utf-8"))["state"] if kept else {}
    return {
        name: {"from": low, "to": high, "counts": [values[name][n] for n in range(BINS)], "cuts": cuts.get(name, {})}
        for name, (low, high) in SCORES.items()
    }


def _bins(values: list[float], low: float, high: float) -> list[int]:
    found = np.floor((np.array(values) - low) / (high - low) * BINS).astype(int)
    return list(np.clip(found, 0, BINS - 1).tolist())


def render(found: Mapping[str, Any]) -> RenderableType:
    """The funnel for a terminal."""
    from rich.console import Group

    from rsdata.report import table

    rows = [["", "rows of the table", "", f"{found['rows']:,}", "100 %"]]
    rows += [
        [s["step"], s["rule"], f"{s['dropped']:,}", f"{s['left']:,}", f"{100 * s['share']:.3g} %"]
        for s in found["steps"]
    ]
    shown: list[RenderableType] = [
        table.title("funnel", found["corpus"]),
        table.grid("", ["step", "rule", "dropped", "left", "of all"], rows),
    ]
    for name, heading in (("by_lang", "language"), ("by_domain", "domain")):
        listed = [[key, f"{n['text']:,}", f"{n['images']:,}"] for key, n in list(found[name].items())[:TOP]]
        if listed:
            shown.append(table.grid(heading, ["", "after text rules", "at the end"], listed, left={0}))
    return Group(*shown)


def render_text(text: Mapping[str, Any]) -> RenderableType:
    """The ledger of the text stage alone, for a terminal."""
    from rsdata.report import table

    left, rows = text["rows"], [["rows of the table", "", f"{text['rows']:,}", "100 %"]]
    for rule, count in text["dropped"].items():
        left -= count
        rows.append([rule, f"{count:,}", f"{left:,}", f"{100 * left / max(text['rows'], 1):.3g} %"])
    return table.grid("text rules", ["rule", "dropped", "left", "of all"], rows, left={0})
