"""Doing it: a recipe into a corpus, part by part, resumable, with every image and object accounted for.

A part is done when its marker holds the key hash(stage, VERSION, params, key of the part it came from, prepared
state). Keys chain, so an unchanged command runs nothing, and a changed input runs only what follows from it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from rsdata import benchmarks, corpus, execute, merge, place, sources, stages
from rsdata.errors import BadCorpus, RsdataError
from rsdata.execute import Each
from rsdata.part import KINDS, LEDGER, Job, packed, work
from rsdata.recipe import Recipe, Step
from rsdata.recipe import load as recipe_load
from rsdata.recipe import parse as recipe_parse
from rsdata.sink import run_sink


class Progress(Protocol):
    """What a run tells while it works."""

    def start(self, stage: str, total: int, done: int) -> None:
        """A stage begins: `done` of `total` pieces are there already."""

    def advance(self) -> None:
        """One piece more is done."""

    def note(self, text: str) -> None:
        """A line that the user should see."""


class Silent:
    """Says nothing."""

    def start(self, stage: str, total: int, done: int) -> None:
        """Nothing to show."""

    def advance(self) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


@dataclass(frozen=True)
class Summary:
    """What a run did: the stages with their counts, how many pieces were really run, and stages over max_drop."""

    path: Path
    stages: list[corpus.StageDir]
    ran: int
    over: list[str]


def run(
    recipe: Recipe,
    out: Path,
    *,
    workers: int = 0,
    replace: bool = False,
    since: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Make the corpus `out` by a recipe, or bring it up to date; what is done already is not done again.

    Stages from number `since` on are held against max_drop. Raises BadCorpus when `out` holds stages made with other
    parameters, unless `replace` gives them up.
    """
    progress = progress or Silent()
    sources.check_roots(recipe.sources)
    recipe = benchmarks.resolve(recipe, out.parent, workers=workers, progress=progress)
    steps = [Step("read", {}), *recipe.steps]
    with corpus.locked(out), execute.engine(workers) as each:
        corpus.write_recipe(out, _agree(recipe, out, replace))
        try:
            ran = _run_steps(recipe, steps, out, each, workers, progress)
        except RsdataError:
            _forget_empty(out)
            raise
    made = [s for s in corpus.open(out).stages if s.index < len(steps)]
    return Summary(out, made, ran, _over(made[since:], recipe.max_drop))


def _run_steps(recipe: Recipe, steps: Sequence[Step], out: Path, each: Each, workers: int, progress: Progress) -> int:
    """Bring one stage after the other up to date; return how many pieces were run."""
    ran = 0
    keys: dict[str, str] = {}
    records = out
    for index, step in enumerate(steps):
        folder = out / f"{index:02d}-{step.name}"
        folder.mkdir(exist_ok=True)
        began = time.time()
        if stages.is_sink(step.name):
            did = _sink(recipe, step, folder, keys, records, each, progress)
        else:
            if step.name == "read":
                jobs = [] if merge.is_merged(recipe) else _read_jobs(recipe, folder)
            elif step.name == "merge":
                jobs = merge.jobs(step, recipe.seed, {s.name: s.root for s in recipe.sources}, folder)
            else:
                jobs = _map_jobs(recipe, step, folder, keys, records, progress, each)
            did = _run_jobs(step.name, jobs, folder, each, progress)
            keys, records = {job.part: job.key for job in jobs}, folder
            _finish(folder, step, {job.part for job in jobs})
        _log(out, folder, did, began, workers)
        ran += did
    return ran


def _forget_empty(out: Path) -> None:
    """After a failure: stages of which no piece was ever done leave no trace, so that a mended command can follow."""
    recipe = {k: v for k, v in corpus.open(out).recipe.items() if k not in ("format", "rsdata")}
    folders = corpus.stage_dirs(out)
    while folders and not [*folders[-1].glob("*.done.json"), *folders[-1].glob(".work/*.json")]:
        if (folders[-1] / "stage.json").is_file():
            break
        place.remove(folders.pop())
    if not folders:
        (out / "corpus.yaml").unlink()
    else:
        corpus.write_recipe(out, {**recipe, "stages": recipe["stages"][: len(folders) - 1]})


def extend(
    path: Path,
    stage: str,
    params: Mapping[str, Any],
    *,
    out: Path | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Add a stage to a corpus, or with `out` to a copy of it. The same stage again, with nothing after it, resumes."""
    found = corpus.open(path)
    wanted = recipe_parse(found.recipe, f"{path}/corpus.yaml").then(stage, **params)
    wanted = benchmarks.resolve(wanted, (out or path).parent, workers=workers, progress=progress)
    *earlier, step = wanted.steps
    if out is not None and out != path:  # a branch leaves packs behind
        earlier = [old for old in earlier if not stages.is_sink(old.name)]
        corpus.branch(found, out)
    wanted = changed(wanted, steps=(*earlier,) if _is_last(earlier, step) else (*earlier, step))
    return run(wanted, out or path, workers=workers, since=len(wanted.steps), progress=progress)


def _is_last(steps: Sequence[Step], step: Step) -> bool:
    """Whether `step` stands in `steps` with only sinks after it, so that adding it again is a resume."""
    for index in range(len(steps) - 1, -1, -1):
        if steps[index] == step:
            return True
        if not stages.is_sink(steps[index].name):
            return False
    return False


def recipe_of(path: Path, data: Path | None = None, draw: bool = True) -> tuple[Recipe, Path]:
    """The recipe behind a file or a corpus folder, and where its corpus lies."""
    if path.is_dir():
        return recipe_parse(corpus.open(path).recipe, f"{path}/corpus.yaml"), path
    found = recipe_load(path, data, draw)
    return found, Path("corpus") / found.name


def _agree(recipe: Recipe, out: Path, replace: bool) -> dict[str, Any]:
    """Compare with what `out` holds, and return what its corpus.yaml is to say.

    Where `out` holds more stages than the recipe, they stay. Stages made otherwise are an error, or with `replace`
    removed together with what came after them.
    """
    new = recipe.as_dict()
    if not (out / "corpus.yaml").is_file():
        if corpus.stage_dirs(out):
            raise BadCorpus(f"{out}: has stage folders but no corpus.yaml; give another --out or remove the folder")
        return new
    old = corpus.open(out).recipe
    known = [_comparable(old), *old["stages"]]
    wanted = [_comparable(new), *new["stages"]]
    for index, (was, now) in enumerate(zip(known, wanted, strict=False)):
        if was == now and not _other_version(out, index):
            continue
        if not replace:
            raise BadCorpus(_conflict(out, index, was, now))
        for folder in corpus.stage_dirs(out)[index:]:
            place.remove(folder)
        return new
    return new | {"stages": max(old["stages"], new["stages"], key=len)}


def _comparable(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What the read stage was made with; the folder of a dataset may move, its content may not."""
    listed = [{k: v for k, v in s.items() if k not in ("root", "licence")} for s in recipe["sources"]]
    return {"seed": recipe["seed"], "part_size": recipe["part_size"], "sources": listed}


def _other_version(out: Path, index: int) -> bool:
    for stage in corpus.open(out).stages:
        if stage.index == index and stage.version != stages.load(stage.name).VERSION:
            return True
    return False


def _conflict(out: Path, index: int, was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    folder = next(iter(corpus.stage_dirs(out)[index : index + 1]), out)
    if was == now:
        what = "was made by another version of this stage"
    elif index == 0:
        changed = [key for key in now if was.get(key) != now[key]]
        what = f"was read with other {' and '.join(changed)}"
    else:
        what = f"was made as {json.dumps(was)}, now wanted {json.dumps(now)}"
    return f"{folder}: {what}; give --out for a new corpus, or --replace to make it again from this stage on"


def _read_jobs(recipe: Recipe, folder: Path) -> list[Job]:
    """Parts of at most `part_size` items; a source begins a new part."""
    jobs: list[Job] = []
    roots = {s.name: s.root for s in recipe.sources}
    for source in recipe.sources:
        items = sources.items(source)
        repeated, stamps = sources.repeated(items), sources.stamps(source.root, items)
        for first in range(0, len(items), recipe.part_size):
            chunk = items[first : first + recipe.part_size]
            mine = [i - first for i in repeated if first <= i < first + len(chunk)]
            params = {"reader": source.reader, "name": source.name, "drawn": source.drawn, "repeated": mine}
            key = _key("read", params, stamps[first : first + len(chunk)], "")
            part = f"part-{len(jobs):05d}"
            jobs.append(Job("read", params, recipe.seed, roots, folder, part, key, "", None, packed(chunk)))
    return jobs


def _map_jobs(
    recipe: Recipe,
    step: Step,
    folder: Path,
    keys: Mapping[str, str],
    records: Path,
    progress: Progress,
    each: Each,
) -> list[Job]:
    module = stages.load(step.name)
    roots = {s.name: s.root for s in recipe.sources}
    state, mark = None, ""
    stamp = _stamp(module, step, roots)
    if hasattr(module, "prepare"):
        state, mark = _prepared(module, recipe, step, folder, keys, records, stamp, progress, each)
    return [
        Job(
            step.name,
            step.params,
            recipe.seed,
            roots,
            folder,
            part,
            key,
            parent,
            records / f"{part}.parquet",
            b"",
            state,
        )
        for part, parent in keys.items()
        for key in [_key(step.name, step.params, [recipe.seed, mark, *stamp], parent)]
    ]


def _stamp(module: ModuleType, step: Step, roots: Mapping[str, Path]) -> list[Any]:
    """What a stage says of files outside the corpus that it reads (a map, a list of hashes): `stamp(params=, roots=)`
    gives JSON data, names with sizes and times or digests, that goes into every key of the stage. A changed file of
    the same name is noticed on a rerun. Empty for a stage without the hook."""
    if not hasattr(module, "stamp"):
        return []
    return [module.stamp(params=dict(step.params), roots=roots)]


def _prepared(
    module: ModuleType,
    recipe: Recipe,
    step: Step,
    folder: Path,
    keys: Mapping[str, str],
    records: Path,
    stamp: Sequence[Any],
    progress: Progress,
    each: Each,
) -> tuple[Any, str]:
    """What `prepare` found over the whole corpus, once; kept as prepare.json with the key of its input."""
    key = _key(step.name, step.params, [recipe.seed, "prepare", *stamp], json.dumps(keys))
    file = folder / "prepare.json"
    if file.is_file() and (kept := corpus.read_json(file))["key"] == key:
        return kept["state"], kept["mark"]
    given: dict[str, Any] = {"roots": {s.name: s.root for s in recipe.sources}, "seed": recipe.seed, "out": folder}
    given |= {"progress": progress, "each": each if execute.spread() else None}
    own = {name: value for name, value in given.items() if stages.takes(module.prepare, name)}
    parts = [records / f"{part}.parquet" for part in keys]
    state = module.prepare(parts, **{k: v for k, v in step.params.items() if stages.takes(module.prepare, k)}, **own)
    mark = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:32]
    corpus.write_json(file, {"key": key, "mark": mark, "state": state})
    return state, mark


def _sink(
    recipe: Recipe, step: Step, folder: Path, keys: Mapping[str, str], records: Path, each: Each, progress: Progress
) -> int:
    stamp = _stamp(stages.load(step.name), step, {s.name: s.root for s in recipe.sources})
    key = _key(step.name, step.params, [recipe.seed, *stamp], json.dumps(keys))
    parts = [records / f"{part}.parquet" for part in keys]
    into = corpus.read_json(records / "stage.json")["counts"]
    return run_sink(recipe, step, folder, key, parts, into, each, progress)


def _run_jobs(stage: str, jobs: Sequence[Job], folder: Path, each: Each, progress: Progress) -> int:
    """Do the parts that are not done; remove parts of an earlier, longer run."""
    todo = [job for job in jobs if not _done(folder, job)]
    wanted = {job.part for job in jobs}
    for path in folder.glob("part-?????.*"):
        if path.name[:10] not in wanted or path.suffix == ".tmp":
            path.unlink()
    for job in todo:  # a marker must never outlive its part
        (folder / f"{job.part}.done.json").unlink(missing_ok=True)
    progress.start(stage, len(jobs), len(jobs) - len(todo))
    if todo:
        (folder / "stage.json").unlink(missing_ok=True)
    for _ in each(work, todo):
        progress.advance()
    for path in folder.glob("part-?????.*.tmp") if todo else ():  # of a node that was lost
        path.unlink(missing_ok=True)
    return len(todo)


def _done(folder: Path, job: Job) -> bool:
    files = [folder / f"{job.part}.{suffix}" for suffix in ("done.json", "parquet", "drops.parquet")]
    if not all(file.is_file() for file in files):
        return False
    try:
        return bool(corpus.read_json(files[0])["key"] == job.key)
    except (BadCorpus, KeyError, TypeError):
        return False


def _finish(folder: Path, step: Step, parts: set[str]) -> None:
    """Add up the markers into stage.json."""
    markers = [corpus.read_json(folder / f"{part}.done.json") for part in sorted(parts)]
    counts = {kind: {n: sum(m[kind][n] for m in markers) for n in LEDGER} for kind in KINDS}
    drops: dict[str, dict[str, int]] = {}
    for marker in markers:
        for reason, found in marker["drops"].items():
            total = drops.setdefault(reason, {"images": 0, "objects": 0})
            for kind, n in found.items():
                total[kind] = total.get(kind, 0) + n
    _write_stage(folder, step, counts, dict(sorted(drops.items())), sink=False)


def _write_stage(folder: Path, step: Step, counts: Any, drops: Any, sink: bool) -> None:
    version = stages.load(step.name).VERSION
    data = {"stage": step.name, "version": version, "params": dict(step.params), "counts": counts}
    corpus.write_json(folder / "stage.json", {**data, "drops": drops, "sink": sink})


def _key(stage: str, params: Mapping[str, Any], more: Any, parent: str) -> str:
    version = stages.load(stage).VERSION
    text = json.dumps([stage, version, params, more, parent], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _log(out: Path, folder: Path, ran: int, began: float, workers: int) -> None:
    if not ran:
        return
    row = {"stage": folder.name, "ran": ran, "began": round(began, 3), "seconds": round(time.time() - began, 3)}
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**row, **execute.about(workers)}) + "\n")


def _over(made: Sequence[corpus.StageDir], max_drop: float) -> list[str]:
    """Stages that dropped more images than allowed. Reasons in a stage's FILTERS are its work and do not count."""
    found = []
    for stage in made:
        filters = getattr(stages.load(stage.name), "FILTERS", ())
        lost = {reason: n["images"] for reason, n in stage.drops.items() if n["images"] and reason not in filters}
        seen = stage.counts["images"]["in"] + stage.counts["images"]["made"]
        if sum(lost.values()) > max_drop * seen:
            why = ", ".join(f"{reason} {n}" for reason, n in lost.items())
            found.append(f"{stage.name} dropped {sum(lost.values())} of {seen} images ({why})")
    return found
