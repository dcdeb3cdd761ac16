"""Where a corpus lies: a folder of stages, each a folder of parts with the same names all the way.

    corpus/dota/
      corpus.yaml                 the recipe so far, every default filled in; sources, roots, licences; versions
      log.jsonl                   one line per stage and run: when, how long (the only place with times)
      00-read/part-00000.parquet  part-00000.drops.parquet  part-00000.done.json  ...  stage.json
      01-b2c/ ...

A file appears under its name only when it is whole (temporary name, then rename; one put in a store such as s3://, see
`place`); the marker `.done.json` comes last and holds the key of what was done. `stage.json` comes when all parts of a
stage are done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rsdata import __version__, place
from rsdata.errors import BadCorpus
from rsdata.record import Drop, Record, read_drops, read_part

FORMAT = 1
HELD = "merged"  # the folder that holds, in a merged corpus, those that it was made of
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class StageDir:
    """One finished stage. `counts` is {"images": {in made out dropped}, "objects": {...}}; `drops` reason -> counts."""

    index: int
    name: str
    path: Path
    version: int
    params: dict[str, Any]
    counts: Counts
    drops: dict[str, dict[str, int]]
    sink: bool

    @property
    def parts(self) -> list[Path]:
        """The record parts, sorted; a sink such as pack has none."""
        return [] if self.sink else sorted(self.path.glob("part-?????.parquet"))


class Corpus:
    """A corpus on disk, read only. `run` makes and extends it."""

    def __init__(self, path: Path, recipe: dict[str, Any]) -> None:
        self.path, self.recipe = path, recipe

    @cached_property
    def stages(self) -> list[StageDir]:
        """The finished stages, in order."""
        found = [_stage(path) for path in sorted(self.path.glob("[0-9][0-9]-*")) if (path / "stage.json").is_file()]
        return sorted(found, key=lambda s: s.index)

    @property
    def last_records(self) -> StageDir:
        """The newest stage that holds records."""
        for stage in reversed(self.stages):
            if not stage.sink:
                return stage
        raise BadCorpus(f"{self.path}: no finished stage; run the command that makes it once more")

    @property
    def roots(self) -> dict[str, Path]:
        """Source name -> folder of its files."""
        return {source["name"]: place.place(source["root"]) for source in self.recipe["sources"]}

    def records(self, stage: StageDir | None = None) -> Iterator[Record]:
        """All records of a stage (the last one by default), one part in memory at a time."""
        for part in (stage or self.last_records).parts:
            yield from read_part(part)

    def drops(self, stage: StageDir) -> Iterator[Drop]:
        """Everything that a stage refused."""
        for path in sorted(stage.path.glob("*.drops.parquet")):
            yield from read_drops(path)

    def stale(self) -> list[str]:
        """Stages whose parts do not follow from the stage before, as sentences; empty when the chain is whole."""
        problems, keys = [], None
        for stage in self.stages:
            if stage.sink:
                continue
            markers = {p.name[:10]: read_json(p) for p in sorted(stage.path.glob("part-?????.done.json"))}
            parents = {name: m["parent"] for name, m in markers.items()}
            if keys is not None and stage.name != "merge" and parents != keys:
                problems.append(f"{stage.path}: older than the stage before it; run `rsdata run {self.path}`")
            keys = {name: m["key"] for name, m in markers.items()}
        return problems


def open(path: Path | str) -> Corpus:
    """Open a corpus folder. Raises BadCorpus when it is none, unfinished, or of another format."""
    path = place.place(path)
    file = path / "corpus.yaml"
    if not file.is_file():
        raise BadCorpus(f"{path}: no corpus here (no corpus.yaml); make one with `rsdata convert` or `rsdata run`")
    recipe = yaml.safe_load(file.read_text("utf-8"))
    found = recipe.get("format") if isinstance(recipe, dict) else None
    if found != FORMAT:
        wrote = recipe.get("rsdata", "unknown") if isinstance(recipe, dict) else "unknown"
        raise BadCorpus(
            f"{file}: corpus format {found} written by rsdata {wrote}; this is rsdata {__version__}, which reads"
            f" format {FORMAT}. Use that version, or make the corpus again with another --out"
        )
    return Corpus(path, recipe)


def find(path: Path | str = "corpus") -> list[Corpus]:
    """The corpus at `path`, or every corpus right below it. Raises BadCorpus when there is none."""
    path = place.place(path)
    if (path / "corpus.yaml").is_file():
        return [open(path)]
    found = [open(p.parent) for p in sorted(path.glob("*/corpus.yaml"))]
    if not found:
        raise BadCorpus(f"{path}: no corpus here or in a folder below; make one with `rsdata convert` or `rsdata run`")
    return found


def branch(source: Corpus, out: Path) -> None:
    """Begin a new corpus with the stages of another: hard links where the disk can, copies elsewhere."""
    if out.exists() and any(out.iterdir()):
        if (out / "corpus.yaml").is_file():
            return  # begun before: a resume
        raise BadCorpus(f"{out}: not empty and no corpus; give another --out")
    steps = source.recipe["stages"]
    kept = [stage for stage in source.stages if not stage.sink]
    for index, stage in enumerate(kept):
        folder = out / f"{index:02d}-{stage.name}"
        for file in sorted(p for p in stage.path.rglob("*") if p.is_file()):
            target = folder / file.relative_to(stage.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            link(file, target)
    for file in sorted(p for p in (source.path / HELD).rglob("*") if p.is_file() and p.name != ".lock"):
        target = out / file.relative_to(source.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        link(file, target)
    recipe = {k: v for k, v in source.recipe.items() if k not in ("format", "rsdata")}
    write_recipe(out, {**recipe, "stages": [steps[stage.index - 1] for stage in kept if stage.index]})


def link(file: Path, target: Path) -> None:
    """A second name for a file, whole at once; a copy where the disk has no hard links, or in a store."""
    place.copy(file, target)


def write_recipe(path: Path, recipe: Mapping[str, Any]) -> None:
    """Write corpus.yaml whole."""
    text = yaml.safe_dump(
        {"format": FORMAT, "rsdata": __version__, **recipe}, sort_keys=False, allow_unicode=True, width=100
    )
    write_text(path / "corpus.yaml", "# Written by rsdata: how this corpus was made, every default filled in.\n" + text)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole: temporary name, then rename."""
    with place.replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def write_json(path: Path, data: Any) -> None:
    """Write JSON whole, keys in the order given."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; a damaged file is a BadCorpus that names it."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadCorpus(f"{path}: cannot be read ({error}); delete it and run the same command again") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the corpus for one writer; a second one is told so at once. In a store this is an object with who and when:
    see `place.held`."""
    import fcntl

    if place.is_remote(path):
        with place.held(path / ".lock"):
            yield
        return
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path / ".lock", os.O_CREAT | os.O_RDWR)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadCorpus(f"{path}: another rsdata process is writing this corpus; wait for it to end") from error
        yield
    finally:
        with suppress(OSError):
            os.close(handle)


def stage_dirs(path: Path) -> list[Path]:
    """All stage folders, finished or not, in order."""
    return sorted(p for p in path.glob("[0-9][0-9]-*") if p.is_dir())


def _stage(path: Path) -> StageDir:
    data = read_json(path / "stage.json")
    index, _, name = path.name.partition("-")
    return StageDir(
        int(index), name, path, data["version"], data["params"], data["counts"], data["drops"], data["sink"]
    )
