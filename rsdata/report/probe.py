"""What a recipe will take on this machine: a few images of each source through its stages, scaled up.

Each source goes through the recipe alone, in a temporary folder: FEW images twice (the first to warm up), then MORE of
them as far as SECONDS allow. Time per image is the slope between the two, so what a stage takes to begin is not
multiplied. A source that is small enough is measured whole. Duplicates across the sample cannot be seen: `dedup` keeps
more here than it will.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsdata import execute, sources
from rsdata import run as runner
from rsdata.corpus import Corpus, StageDir
from rsdata.corpus import open as open_corpus
from rsdata.recipe import Recipe, Step
from rsdata.report import _parts
from rsdata.sources import Source
from rsdata.stages import _landplan

FEW, MORE, SECONDS = 8, 400, 2.0
COUNTS = ("images", "objects", "captions", "bytes", "seconds")
UNPROBED = {  # stages whose time hangs on something else than the images
    "decontaminate": "takes as long as its benchmarks are large",
    "translate": "takes as long as its model is large; each different sentence is asked once",
    "score": "takes as long as its model is large",
}


def probe(recipe: Recipe) -> dict[str, Any]:
    """Per stage what leaves it (images, objects, captions), bytes on disk, and seconds with all cores.

    `unprobed`: stages left out, and why. `exact`: whether every source was small enough to be run whole. Sources that
    are missing are left out. Nothing stays on disk.
    """
    steps = [step for step in recipe.steps if not _why_not(step)]
    rows = [dict.fromkeys(COUNTS, 0.0) for _ in range(len(steps) + 1)]
    exact = True
    for source in recipe.sources:
        if not source.root.is_dir():
            continue
        found, whole = _source(replace(recipe, steps=tuple(steps), max_drop=1.0, compare=""), source)
        exact = exact and whole
        for row, more in zip(rows, found, strict=True):
            for name in COUNTS:
                row[name] += more[name]
    cores = execute.cores()
    listed = []
    for name, row in zip(("read", *(step.name for step in steps)), rows, strict=True):
        numbers = {key: round(value) for key, value in row.items() if key != "seconds"}
        listed.append({"stage": name, **numbers, "seconds": round(row["seconds"] / cores, 3)})
    unprobed = {step.name: why for step in recipe.steps if (why := _why_not(step))}
    return {"stages": listed, "unprobed": unprobed, "cores": cores, "exact": exact}


def _why_not(step: Step) -> str:
    if _landplan.asks(step.name, step.params):
        return "asks a language model; its questions and cost stand below"
    return UNPROBED.get(step.name, "")


def _source(recipe: Recipe, source: Source) -> tuple[list[dict[str, float]], bool]:
    """The rows of one source, scaled to all its items, and whether all of them were run."""
    total = len(sources.items(source))
    if not total:
        return [dict.fromkeys(COUNTS, 0.0) for _ in range(len(recipe.steps) + 1)], True
    _run(recipe, source, FEW)
    few = _run(recipe, source, FEW)
    spent = sum(row["seconds"] for row in few) / min(FEW, total)
    number = min(total, MORE, FEW + int(SECONDS / max(spent, 1e-4)))
    more = _run(recipe, source, number) if number > FEW else few
    taken, before = more[0]["items"], few[0]["items"]
    scale = total / taken
    found = []
    for late, early in zip(more, few, strict=True):
        row = {name: late[name] * scale for name in COUNTS}
        row["seconds"] = late["seconds"]
        if taken < total:
            slope = (late["seconds"] - early["seconds"]) / (taken - before) if taken > before else 0.0
            row["seconds"] += (total - taken) * (slope if slope > 0 else late["seconds"] / taken)
        found.append(row)
    return found, taken == total


def _run(recipe: Recipe, source: Source, number: int) -> list[dict[str, float]]:
    """One source's first rows: `number` of its items, evenly taken, through all stages in this process."""
    with tempfile.TemporaryDirectory(prefix="rsdata-plan-") as folder:
        out = Path(folder) / "probe"
        few = replace(source, limit=number)
        runner.run(replace(recipe, sources=(few,)), out, workers=1)
        corpus = open_corpus(out)
        times = {row["stage"]: row["seconds"] for row in map(json.loads, (out / "log.jsonl").read_text().splitlines())}
        items = len(sources.items(few))
        return [_row(corpus, stage, times, items) for stage in corpus.stages]


def _row(corpus: Corpus, stage: StageDir, times: Mapping[str, float], items: int) -> dict[str, float]:
    counts = {kind: float(stage.counts[kind]["out"]) for kind in ("images", "objects")}
    size = sum(path.stat().st_size for path in stage.path.rglob("*") if path.is_file())
    last = corpus.last_records if stage.sink else stage
    captions = sum(_parts.captions(part) for part in last.parts)
    return {**counts, "captions": captions, "bytes": size, "seconds": times.get(stage.path.name, 0.0), "items": items}
