"""Make the counting benchmark from one's own copy of DOTA: a corpus of questions, and what was left out and why.

    corpus/remotecount/
      corpus.yaml 00-read/ 01-remotecount/    a corpus: `rsdata show`, `rsdata check` and `rsdata pack` work on it
      remotecount.json                        how it was made, how many of what, what was left out and why

No pixel is copied: a question is a window of an image where it lies. DOTA may not be handed on, but the file
remotecount.json and a packed copy's sha256 tell two people whether they measured on the same questions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rsdata import corpus, recipe
from rsdata.run import Progress, Summary, run
from rsdata.stages.remotecount import CATEGORIES, NUMBERS

FILE = "remotecount.json"
PAPER = {
    "name": "RemoteCount",
    "source": "RemoteCLIP, arXiv 2306.11029 v4, section IV-B2",
    "pairs": 947,
    "categories": len(CATEGORIES),
    "numbers": f"{NUMBERS[0]} to {NUMBERS[-1]}",
    "silent_on": "how pictures were cut and chosen, the wording; its pictures were never published",
}


def build(
    root: Path,
    out: Path,
    *,
    split: str | None = None,
    params: Mapping[str, Any] = {},
    workers: int = 0,
    replace: bool = False,
    progress: Progress | None = None,
) -> tuple[Summary, dict[str, Any]]:
    """Make the corpus `out` of questions from a DOTA folder, and write its manifest.

    split: `val`, as in the paper, where the folder has one; `all` labelled images otherwise. `params` are those of the
    stage `remotecount`. Raises what `run` raises.
    """
    split = split or ("val" if (root / "val").is_dir() else "all")
    options = {"version": version} if (version := params.get("version")) else {}
    source = recipe.source("dota", root, None if split == "all" else split, options=options)
    steps = [("remotecount", {name: value for name, value in params.items() if name != "version"})]
    done = run(recipe.make("remotecount", [source], steps), out, workers=workers, replace=replace, progress=progress)
    about = manifest(out)
    corpus.write_json(out / FILE, about)
    return done, about


def manifest(path: Path) -> dict[str, Any]:
    """What a corpus of questions holds and what was left out: the content of remotecount.json."""
    found = corpus.open(path)
    stage = next(s for s in found.stages if s.name == "remotecount")
    categories, counts, images = Counter[str](), Counter[str](), set[str]()
    lines = []
    for record in found.records(stage):
        categories[record.extra["asked"]] += 1
        counts[record.extra["count"]] += 1
        images.add(record.id.rpartition("@")[0])
        lines.append(f"{record.id} {record.extra['asked']} {record.extra['count']}")
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    read = found.stages[0]
    return {
        "paper": PAPER,
        "split": found.recipe["sources"][0]["split"] or "all",
        "drawn": bool(found.recipe["sources"][0].get("drawn")),
        "params": stage.params,
        "images": {"read": read.counts["images"]["out"], "asked_about": len(images)},
        "questions": len(lines),
        "questions_digest": digest,
        "by_category": {name: categories[name] for name in CATEGORIES},
        "by_number": {str(n): counts[str(n)] for n in NUMBERS},
        "left_out": {"read": read.drops, "remotecount": stage.drops},
    }
