"""Do the books of a corpus balance: stages, parts, markers and ledgers, each against the others?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsdata.corpus import Corpus, StageDir, read_json, stage_dirs
from rsdata.errors import BadCorpus
from rsdata.report import _parts
from rsdata.report._rows import Problem

KINDS, LEDGER = ("images", "objects"), ("in", "made", "out", "dropped")


def problems(corpus: Corpus) -> Iterator[Problem]:
    """Are all stages finished, all parts there, all ledgers right, and does each stage follow from the one before?"""
    finished = {stage.path for stage in corpus.stages}
    for folder in stage_dirs(corpus.path):
        if folder not in finished:
            yield Problem("unfinished", f"{folder}: not finished (no stage.json); run its command again, it resumes")
    before: dict[str, Any] | None = None
    for stage in corpus.stages:
        yield from _added(str(stage.path / "stage.json"), stage.counts)
        if stage.sink:
            yield from _sink(stage, before)
            continue
        markers: dict[str, Any] = {}
        for path in sorted(stage.path.glob("part-?????.done.json")):
            try:
                markers[path.name[:10]] = _marker(path)
            except BadCorpus as error:
                yield Problem("marker", str(error))
        yield from _pieces(stage, markers)
        if set(markers) != {path.stem for path in stage.parts}:
            before = None  # told above; sums and what follows would only repeat it
            continue
        yield from _sums(stage, markers)
        if before is not None and stage.name != "merge":
            yield from _follows(stage, before, markers)
        before = markers


def _sink(stage: StageDir, before: Mapping[str, Any] | None) -> Iterator[Problem]:
    """A sink took in what the newest records before it put out."""
    for kind in KINDS if before is not None else ():
        out = sum(marker[kind]["out"] for marker in (before or {}).values())
        if stage.counts[kind]["in"] != out:
            numbers = f"{stage.counts[kind]['in']} {kind} in, {out} came out before"
            yield Problem("ledger", f"{stage.path / 'stage.json'}: {numbers}; run the stage again")


def _marker(path: Path) -> dict[str, Any]:
    """A part's marker; BadCorpus when something that it must hold is missing."""
    marker: dict[str, Any] = read_json(path)
    try:
        _ = marker["key"], marker["parent"], marker["drops"], [marker[k][n] for k in KINDS for n in LEDGER]
    except (KeyError, TypeError) as error:
        raise BadCorpus(
            f"{path}: no marker of rsdata ({error} missing); delete it and run the command again"
        ) from error
    return marker


def _added(where: str, counts: Mapping[str, Mapping[str, int]]) -> Iterator[Problem]:
    """in + made = out + dropped."""
    for kind in KINDS:
        n = counts[kind]
        if n["in"] + n["made"] != n["out"] + n["dropped"]:
            sides = f"in {n['in']} + made {n['made']} != out {n['out']} + dropped {n['dropped']}"
            yield Problem("ledger", f"{where}: {kind} do not add up: {sides}; delete the stage and run it again")


def _pieces(stage: StageDir, markers: Mapping[str, Any]) -> Iterator[Problem]:
    """Each marker has its two files, with as many rows as it says, and no part is without marker."""
    for path in stage.parts:
        if path.stem not in markers:
            yield Problem("marker", f"{path}: has no marker ({path.stem}.done.json); run its stage again")
    for name, marker in markers.items():
        yield from _added(f"{stage.path / name}.done.json", marker)
        records, drops = stage.path / f"{name}.parquet", stage.path / f"{name}.drops.parquet"
        rows = _row_count(records)
        if isinstance(rows, Problem):
            yield rows
        elif rows != marker["images"]["out"]:
            problem = f"{rows} records, its marker says {marker['images']['out']}"
            yield Problem("rows", f"{records}: {problem}; delete the marker and run the stage again")
        yield from _drops(drops, marker)


def _row_count(path: Path) -> int | Problem:
    """Rows by the file's footer, or why it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        return unreadable(path, error)


def unreadable(path: Path, error: BaseException) -> Problem:
    """A part that is missing or damaged, and how to get it back."""
    marker = path.name.split(".")[0] + ".done.json"
    return Problem("part", f"{path}: {_parts.reason(error)}; delete {marker} beside it and run the stage again")


def _drops(path: Path, marker: Mapping[str, Any]) -> Iterator[Problem]:
    """The drops on disk are those that the marker counts, by reason."""
    try:
        table = _parts.read(path, ["reason", *KINDS])
    except BadCorpus as error:
        yield unreadable(path, error.__cause__ or error)
        return
    for kind in KINDS:
        found: Counter[str] = Counter()
        for reason, count in zip(table.column("reason").to_pylist(), table.column(kind).to_pylist(), strict=True):
            found[reason] += count
        said = Counter({reason: counts[kind] for reason, counts in marker["drops"].items()})
        if +found != +said or found.total() != marker[kind]["dropped"]:
            problem = f"{found.total()} {kind} dropped, its marker says {marker[kind]['dropped']} ({dict(+said)})"
            yield Problem("drops", f"{path}: {problem}; delete the marker and run the stage again")


def _sums(stage: StageDir, markers: Mapping[str, Any]) -> Iterator[Problem]:
    """stage.json is the sum of the markers."""
    for kind in KINDS:
        for name in LEDGER:
            total = sum(marker[kind][name] for marker in markers.values())
            if total != stage.counts[kind][name]:
                said = f"{stage.counts[kind][name]} {kind} {name}, its parts have {total}"
                yield Problem("ledger", f"{stage.path / 'stage.json'}: {said}; delete it and run the stage again")


def _follows(stage: StageDir, before: Mapping[str, Any], markers: Mapping[str, Any]) -> Iterator[Problem]:
    """The stage has the parts of the one before it, made from what they now hold."""
    for name in sorted(set(before) - set(markers)):
        yield Problem("part", f"{stage.path / name}.done.json: missing, the stage before has this part; run it again")
    for name, marker in markers.items():
        path = stage.path / f"{name}.parquet"
        if name not in before:
            yield Problem("part", f"{path}: the stage before has no such part; run the stage again")
            continue
        if marker["parent"] != before[name]["key"]:
            yield Problem("stale", f"{path}: was made from an older part of the stage before; run the stage again")
        for kind in KINDS:
            if marker[kind]["in"] != before[name][kind]["out"]:
                numbers = f"{marker[kind]['in']} {kind} in, {before[name][kind]['out']} came out before"
                yield Problem("ledger", f"{path}: {numbers}; run the stage again")


def objects(stage: StageDir) -> Iterator[Problem]:
    """The newest stage holds as many objects as its ledger says."""
    import pyarrow.compute as pc

    for path in stage.parts:
        try:
            marker = _marker(path.with_name(f"{path.stem}.done.json"))
            column = _parts.read(path, ["objects.list.element.difficult"]).column("objects")
        except BadCorpus:
            continue  # reported above
        found = pc.sum(pc.list_value_length(column)).as_py() or 0
        if found != marker["objects"]["out"]:
            said = f"{found} objects, its marker says {marker['objects']['out']}"
            yield Problem("rows", f"{path}: {said}; delete the marker and run the stage again")
