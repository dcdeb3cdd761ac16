"""The history of a corpus: its stages with their counts, and when they ran and how long."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rsdata.corpus import Corpus


def log(corpus: Corpus) -> dict[str, Any]:
    """`stages`: name, counts, parameters, drops; `runs`: the lines of log.jsonl (began in seconds since 1970, UTC)."""
    file = corpus.path / "log.jsonl"
    runs = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line] if file.is_file() else []
    stages = [{"stage": s.path.name, **s.counts, "params": s.params, "drops": s.drops} for s in corpus.stages]
    return {"corpus": str(corpus.path), "stages": stages, "runs": runs}


def render(found: Mapping[str, Any]) -> RenderableType:
    """Two tables: what each stage did, and the runs."""
    from rich.console import Group
    from rich.table import Table

    stages = Table("stage", "images out", "objects out", "parameters", title=str(found["corpus"]), title_justify="left")
    for row in found["stages"]:
        params = ", ".join(f"{k}={v}" for k, v in row["params"].items() if not isinstance(v, dict))
        stages.add_row(row["stage"], f"{row['images']['out']:,}", f"{row['objects']['out']:,}", params)
    runs = Table("began (UTC)", "stage", "pieces", "seconds", "workers")
    for run in found["runs"]:
        began = datetime.datetime.fromtimestamp(run["began"], datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        runs.add_row(began, run["stage"], str(run["ran"]), f"{run['seconds']:.1f}", str(run["workers"]))
    return Group(stages, runs)
