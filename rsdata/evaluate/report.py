"""A result as one JSON file and as a Markdown table, published numbers and the state of the training corpus with it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata import __version__
from rsdata.evaluate import provenance
from rsdata.evaluate.retrieval import average

FILE = Path(__file__).parent / "published.toml"
NAMES = {
    "mean_recall": "mean recall",
    "top1": "top-1",
    "per_class": "per class",
    **{f"{way}_r{k}": f"{way} R@{k}" for way in ("i2t", "t2i") for k in (1, 5, 10)},
}
KEYS = {"set": "set", "lang": "language", "method": "method", "shots": "shots"}  # of rows -> column titles


@lru_cache(maxsize=1)
def published() -> dict[str, Any]:
    """Published numbers, as published.toml has them."""
    return tomllib.loads(FILE.read_text("utf-8"))


def result(
    task: str,
    card: Mapping[str, Any],
    about: Mapping[str, Any],
    training: Mapping[str, Any],
    found: Mapping[str, Any],
    sets: Sequence[str] | str,
) -> dict[str, Any]:
    """Everything that a result says. `found` has rows, notes, settings, and `comparable` where papers may stand beside
    it; `sets` are the datasets' names."""
    sets = [sets] if isinstance(sets, str) else list(sets)
    beside = list(beside_it(task, sets)) if found.get("comparable") else []
    return {
        "task": task,
        "rsdata": __version__,
        "sets": sets,
        "model": dict(card),
        "data": dict(about),
        "training": {**training, "line": provenance.of_sets(training, sets)},
        **found,
        "published": beside,
    }


def beside_it(task: str, sets: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Published numbers for a task and a set; averages over RemoteCLIP's twelve sets stand under `average_of_12`."""
    papers = {paper["key"]: paper for paper in published()["paper"]}
    for row in published()["row"]:
        if row["task"] != task:
            continue
        for entry in row["values"]:
            for name in [name for name in sets if name in entry] or [name for name in entry if name == "average_of_12"]:
                yield {
                    "model": entry["model"],
                    "set": name,
                    "metric": row["metric"],
                    "value": entry[name],
                    "paper": papers[row["paper"]]["name"],
                    "table": row["table"],
                    "verified": row["verified"],
                }


def markdown(found: Mapping[str, Any]) -> str:
    """The result as Markdown: what was measured, one table of our numbers, one of published ones, notes."""
    model, data = found["model"], found["data"]
    lines = [f"## {found['task']}: {model['name']} on {data['name']}", ""]
    weights = f"{model['weights']}" + (f" (sha256 {model['sha256'][:12]})" if model["sha256"] else "")
    gelu = "QuickGELU" if model["quick_gelu"] else "GELU"
    lines.append(f"- Weights: {weights}; {gelu}; {model['size']} pixels.")
    lost = ", ".join(f"{n:,} {reason}" for reason, n in data["left_out"].items())
    splits = ", ".join(f"{split} {n:,}" for split, n in data.get("splits", {}).items())
    what = f"{data['images']:,} images" + (f" ({splits})" if splits else "")
    lines.append(f"- Data: {what}" + (f"; left out: {lost}" if lost else "") + ".")
    lines.append(f"- Training corpus decontaminated: {found['training']['decontaminated']}. {_sentence(found)}")
    settings = ", ".join(f"{name} {_plain(value)}" for name, value in found["settings"].items())
    lines += [f"- Settings: {settings}.", "", *table(found), ""]
    spread = " Spread: the standard deviation over draws of training images." if "spread" in found["rows"][0] else ""
    lines += [f"Intervals: 95 %, images drawn again {found.get('rounds', 1000):,} times.{spread}", ""]
    if found["published"]:
        lines += ["Published, of the whole protocol:", "", *_published(found["published"]), ""]
    lines += _splits(found["rows"])
    lines += [f"- {note}" for note in found["notes"]]
    return "\n".join(lines).rstrip() + "\n"


def table(found: Mapping[str, Any]) -> list[str]:
    """One line for each row (a language, a number of shots), its metrics in columns; chance below."""
    rows = found["rows"]
    names = list(rows[0]["metrics"])
    keys = [key for key in KEYS if key in rows[0]]
    more = [key for key in ("spread",) if rows[0].get(key) is not None]
    rest = [""] * (len(keys) - 1)
    head = [*(KEYS[key] for key in keys), "images", *(NAMES.get(name, name) for name in names), *more]
    body = []
    for row in rows:
        cells = [*(str(row[key]) for key in keys), f"{row['images']:,}"]
        cells += [_value(row["metrics"][name]) for name in names]
        body.append([*cells, *(f"{row[key]:.2f}" for key in more)])
        if "shuffled" in row:
            dealt = [_value(row["shuffled"][name]) for name in names]
            body.append([f"{row[keys[0]]}, images dealt anew", *rest, "", *dealt])
    blank = [""] * len(more)
    for mean in found.get("means", []):
        body.append([f"mean of {mean['of']}", *rest, "", *(f"{mean['metrics'][name]:.2f}" for name in names), *blank])
    chances = [row["chance"] for row in rows]
    for row in rows if any(chance != chances[0] for chance in chances) and "set" in keys else []:
        values = [f"{row['chance'][name]:.2f}" if name in row["chance"] else "" for name in names]
        line = [f"chance, {row['set']}", *rest, "", *values, *blank]
        body += [line] if line not in body else []
    if all(chance == chances[0] for chance in chances):
        values = [f"{chances[0][name]:.2f}" if name in chances[0] else "" for name in names]
        body.append(["chance", *rest, "", *values, *blank])
    return _table(head, body)


def write(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the JSON and the Markdown file, named for task, data and model; returns their paths."""
    stem = "-".join(re.sub(r"[^\w.]+", "_", part) for part in (found["task"], found["data"]["name"], _name(found)))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{stem}.json", folder / f"{stem}.md"]
    texts = [json.dumps(found, indent=1, ensure_ascii=False) + "\n", markdown(found)]
    for path, text in zip(paths, texts, strict=True):
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    return paths


def _splits(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which images were the test, by rule and hash, and what was taken for what."""
    said = {f"{row['set']}: split {row['split']}, hash {row['split_hash']}": row for row in rows if "split" in row}
    lines = [f"- {text}" + (f" ({row['parts']})" if "parts" in row else "") for text, row in said.items()]
    for row in (row for row in rows if row.get("lang") == rows[0].get("lang")):  # ten languages would be too much
        pairs = [f"{p['class']} for {p['taken_for']} {p['share']:.0%}" for p in row.get("confusions", [])[:3]]
        if pairs:
            which = " ".join(str(row[key]) for key in KEYS if key in row)
            lines.append(f"- {which}: most taken for another: {', '.join(pairs)}")
    return lines


def merged(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Results of several sets as one: all rows, and means over the sets for each language or method."""
    rows = [row for found in each for row in found["rows"]]
    notes = [note for found in each for note in found["notes"]]
    result = {"settings": each[0]["settings"], "rounds": each[0]["rounds"], "rows": rows, "notes": notes}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        which = " ".join(str(row[key]) for key in ("lang", "method", "shots") if key in row)
        groups.setdefault(f"{len(each)} sets, {which}", []).append(row)
    means = [{"of": name, "metrics": average(listed)} for name, listed in groups.items()] if len(each) > 1 else []
    langs = {row["lang"] for row in rows if "lang" in row}
    if len(langs) > 1:
        means.append(
            {"of": f"{len(langs)} languages" + (", all sets" if len(each) > 1 else ""), "metrics": average(rows)}
        )
    if means:
        result["means"] = means
    return result


def _name(found: Mapping[str, Any]) -> str:
    return str(found["model"]["name"])


def _sentence(found: Mapping[str, Any]) -> str:
    line = str(found["training"]["line"])
    return line[:1].upper() + line[1:] + "."


def _value(metric: Mapping[str, float]) -> str:
    text = f"{metric['value']:.2f}"
    return f"{text} [{metric['low']:.2f}, {metric['high']:.2f}]" if "low" in metric else text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _published(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ["model", "set", "metric", "value", "source", "verified"]
    body = []
    for row in rows:
        shown = {"average_of_12": "average of RemoteCLIP's 12 sets"}.get(row["set"], row["set"])
        source = f"{row['paper']}, {row['table']}"
        cells = [row["model"], shown, NAMES.get(row["metric"], row["metric"]), f"{row['value']:.2f}"]
        body.append([*cells, source, "yes" if row["verified"] else "no"])
    return _table(head, body)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join([" --- "] * len(head)) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in body]
