"""Putting corpora together: a new corpus whose first records are the newest records of others.

    corpus/both/
      corpus.yaml         sources, roots and licences of all; stages: merge, and what is added later
      merged/dota/        the other corpus as it was, by hard links: log, stages, drops; `explain` goes on there
      00-read/            nothing is read
      01-merge/           one part for each part of the others, with the drops of all their stages

The others may be removed afterwards. Later stages, `run`, `check` and `stats` work as on any corpus.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import corpus, place, stages
from rsdata.corpus import HELD
from rsdata.errors import BadCorpus
from rsdata.part import Job
from rsdata.recipe import Recipe, Step
from rsdata.recipe import parse as recipe_parse

if TYPE_CHECKING:
    from rsdata.run import Progress, Summary


def merge(
    paths: Sequence[Path],
    out: Path,
    *,
    prefix: bool = False,
    replace: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Make the corpus `out` from the newest records of others, in the order given; the same call again resumes.

    `prefix` puts the corpus's name into its sources' names and ids: `dota/train/P0001` of corpus/old becomes
    `dota-old/train/P0001` (behind the source's name, so that benchmarks still know whose scenes these are).
    Raises BadCorpus where two corpora have one id, or one source name for two folders, or where one changed since.
    """
    from rsdata.run import run

    if len(paths) < 2:
        raise BadCorpus(f"merge wants two corpora or more, got {len(paths)}; name them before --out")
    named = _named([corpus.open(path) for path in paths], out)
    sources = {name: _sources(name, found, prefix) for name, found in named.items()}
    united = _united(named, sources)
    if not prefix:
        _check_ids(named)
    listed = {name: _card(found, sources[name]) for name, found in named.items()}
    raw = {"name": out.name, "seed": next(iter(named.values())).recipe["seed"], "sources": united}
    recipe = recipe_parse({**raw, "stages": [{"merge": {"corpora": listed}}]}, str(out))
    old = corpus.open(out).recipe["stages"] if (out / "corpus.yaml").is_file() else []
    if old and old[0] != recipe.as_dict()["stages"][0] and not replace:
        raise BadCorpus(f"{out}: was merged from other corpora, or they changed since; give --out or --replace")
    with corpus.locked(out / HELD):
        for name, found in named.items():
            _hold(found, out / HELD / name, listed[name]["key"])
    if old and old[0] == recipe.as_dict()["stages"][0]:
        recipe = recipe_parse(corpus.open(out).recipe, f"{out}/corpus.yaml")
    return run(recipe, out, workers=workers, replace=replace, since=2, progress=progress)


def is_merged(recipe: Recipe) -> bool:
    """Whether a corpus begins with the records of others instead of reading its sources."""
    return bool(recipe.steps) and recipe.steps[0].name == "merge"


def jobs(step: Step, seed: int, roots: Mapping[str, Path], folder: Path) -> list[Job]:
    """One job for each part of the corpora held in `merged/`, numbered on."""
    found: list[Job] = []
    version = stages.load("merge").VERSION
    for name, card in step.params["corpora"].items():
        held = corpus.open(folder.parent / HELD / name)
        chain = [stage for stage in held.stages if not stage.sink]
        for part in chain[-1].parts:
            drops = [str(stage.path / f"{part.stem}.drops.parquet") for stage in chain]
            there = [file for file in drops if place.place(file).is_file()]
            marker = corpus.read_json(part.with_name(f"{part.stem}.done.json"))["key"]
            text = json.dumps(["merge", version, name, card["sources"], marker], sort_keys=True)
            key = hashlib.sha256(text.encode()).hexdigest()[:32]
            state = {"corpus": name, "part": str(part), "drops": there}
            out = f"part-{len(found):05d}"
            found.append(Job("merge", step.params, seed, roots, folder, out, key, "", None, b"", state))
    return found


def _named(found: Sequence[corpus.Corpus], out: Path) -> dict[str, corpus.Corpus]:
    """The corpora by the names of their folders."""
    named: dict[str, corpus.Corpus] = {}
    for one in found:
        path = one.path.resolve()
        if path == out.resolve():
            raise BadCorpus(f"{one.path}: is the corpus to make, too; give another --out")
        name = re.sub(r"[^a-z0-9_.]+", "_", path.name.lower()).strip("_.") or "corpus"
        if name in named:
            first = named[name].path
            if first.resolve() == path:
                raise BadCorpus(f"{one.path}: is named twice; every corpus goes in once")
            raise BadCorpus(f"{first} and {one.path} are both called {name}; rename the folder of one of them")
        if stale := one.stale():
            raise BadCorpus(stale[0])
        named[name] = one
        _ = one.last_records
    return named


def _sources(name: str, found: corpus.Corpus, prefix: bool) -> dict[str, str]:
    """The name of each source in its corpus -> in the merged one."""
    return {s["name"]: f"{s['name']}-{name}" if prefix else s["name"] for s in found.recipe["sources"]}


def _united(named: Mapping[str, corpus.Corpus], sources: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """All sources, one row a name. Splits that differ become all splits; a name for two folders is an error."""
    united: dict[str, tuple[dict[str, Any], Path]] = {}
    for name, found in named.items():
        for row in found.recipe["sources"]:
            new = {k: v for k, v in row.items() if k not in ("licence", "drawn")} | {"name": sources[name][row["name"]]}
            if new["name"] not in united:
                united[new["name"]] = new, found.path
                continue
            old, first = united[new["name"]]
            if (old["root"], old["reader"]) != (new["root"], new["reader"]):
                raise BadCorpus(
                    f"{first} and {found.path} both have a source {new['name']!r}, from {old['root']} ({old['reader']})"
                    f" and from {new['root']} ({new['reader']}); give --prefix, so that each keeps its own ids"
                )
            old["split"] = old["split"] if old["split"] == new["split"] else None
            old["skip_splits"] = [split for split in old["skip_splits"] if split in new["skip_splits"]]
            old["images"] = old["images"] or new["images"]
    return [row for row, _ in united.values()]


def _check_ids(named: Mapping[str, corpus.Corpus]) -> None:
    """No id in two corpora. An id begins with its source's name, so only corpora that share a source are compared."""
    import pyarrow.parquet as pq

    users: dict[str, list[str]] = {}
    for name, found in named.items():
        for row in found.recipe["sources"]:
            users.setdefault(row["name"], []).append(name)
    shared = {source for source, names in users.items() if len(names) > 1}
    seen: dict[str, str] = {}
    for name in dict.fromkeys(name for source in sorted(shared) for name in users[source]):
        for part in named[name].last_records.parts:
            for id in pq.read_table(part, columns=["id"]).column("id").to_pylist():
                if id.partition("/")[0] not in shared:
                    continue
                if id in seen:
                    raise BadCorpus(
                        f"{named[seen[id]].path} and {named[name].path} both hold {id}; give --prefix to keep both"
                        f" under names of their own, or leave one corpus out"
                    )
                seen[id] = name


def _card(found: corpus.Corpus, sources: Mapping[str, str]) -> dict[str, Any]:
    """What corpus.yaml says of a merged corpus."""
    last = found.last_records
    return {"path": str(found.path), "stage": last.path.name, "key": _digest(last), "sources": dict(sources)}


def _digest(stage: corpus.StageDir) -> str:
    keys = [corpus.read_json(part.with_name(f"{part.stem}.done.json"))["key"] for part in stage.parts]
    return hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:32]


def _hold(found: corpus.Corpus, target: Path, key: str) -> None:
    """A copy of a corpus by hard links, whole or not at all; one that is there and the same stays."""
    if (target / "corpus.yaml").is_file() and _digest(corpus.open(target).last_records) == key:
        return
    place.remove(target)
    corpus.branch(found, target)
    if (found.path / "log.jsonl").is_file():
        (target / "log.jsonl").write_bytes((found.path / "log.jsonl").read_bytes())
