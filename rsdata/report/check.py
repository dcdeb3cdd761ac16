"""Is a corpus sound? Every image opened, every row held against the schema, every ledger added up.

A problem is one line that names the file or record and says what to do. Of problems of one kind the first twenty are
listed and the rest counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import execute, pixels, stages
from rsdata.corpus import Corpus
from rsdata.errors import BadCorpus, BadImage
from rsdata.record import Window, schema
from rsdata.report import _ledgers, _parts, _rows
from rsdata.report._hashes import HashBag, Hashes, hashes, key
from rsdata.report._rows import Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from rsdata.run import Progress

MOST = 20  # lines of one kind


class Job(NamedTuple):
    """One part, or the `slice`-th of `of` slices of its images; the first slice checks the rows, too."""

    part: Path
    roots: Mapping[str, Path]
    images: bool
    slice: int
    of: int


class Result(NamedTuple):
    """What a job found."""

    part: Path
    slice: int
    problems: list[Problem]
    ids: Hashes


class Use(NamedTuple):
    """How one record uses an image or a mask file."""

    id: str
    width: int
    height: int
    window: Window | None


def check(corpus: Corpus, *, images: bool = True, workers: int = 0, progress: Progress | None = None) -> list[str]:
    """Every problem of a corpus as one line; an empty list when it is sound. `images=False` opens no image or mask."""
    found = [*_ledgers.problems(corpus), *_records(corpus, images, workers, progress), *_packed(corpus)]
    return _lines(found)


def _lines(problems: Iterable[Problem]) -> list[str]:
    """The first of each kind, each line once, and how many more there are."""
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for problem in problems:
        if problem.line in lines:
            continue
        counts[problem.kind] += problem.times
        if problem.line and counts[problem.kind] <= MOST:
            lines.append(problem.line)
    return lines + [f"... and {n - MOST:,} more problems of the kind {kind}" for kind, n in counts.items() if n > MOST]


def _capped(problems: Iterable[Problem]) -> list[Problem]:
    """The same problems, with all beyond the first of each kind counted in one: a broken corpus must fit in memory."""
    kept: list[Problem] = []
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.kind] += problem.times
        if problem.line and counts[problem.kind] <= MOST:
            kept.append(problem)
    return kept + [Problem(kind, "", count - MOST) for kind, count in counts.items() if count > MOST]


def _records(corpus: Corpus, images: bool, workers: int, progress: Progress | None) -> Iterator[Problem]:
    """Every row of the newest stage, every file that it names, and the ids of the whole corpus."""
    parts = corpus.last_records.parts
    slices = max(1, -(-2 * (workers or execute.cores()) // max(1, len(parts)))) if images else 1
    jobs = [Job(part, corpus.roots, images, number, slices) for part in parts for number in range(slices)]
    if progress:
        progress.start("check", len(jobs), 0)
    found: dict[tuple[Path, int], list[Problem]] = {}
    with HashBag() as bag, execute.engine(workers) as each:
        for result in each(work, jobs):
            bag.add(result.ids)
            if result.problems:
                found[result.part, result.slice] = result.problems
            if progress:
                progress.advance()
        for _, problems in sorted(found.items()):
            yield from problems
        yield from _repeated(parts, bag.repeated())
    yield from _ledgers.objects(corpus.last_records)


def work(job: Job) -> Result:
    """Check one part, or a slice of its images; runs in any process."""
    ids = hashes([])
    try:
        table = _parts.read(job.part)
    except BadCorpus as error:
        return Result(job.part, job.slice, [_ledgers.unreadable(job.part, error.__cause__ or error)], ids)
    if wrong := _types(table.schema, schema()):
        line = f"{job.part}: {wrong}; made by another version, run its stage again"
        return Result(job.part, job.slice, [Problem("columns", line)] if job.slice == 0 else [], ids)
    found: list[Problem] = []
    for batch in table.combine_chunks().to_batches():
        if job.slice == 0:
            found += _rows.problems(str(job.part), batch, list(job.roots))
            ids = hashes(batch.column("id").drop_null().to_pylist())
        if job.images:
            found += _files(batch, job)
    return Result(job.part, job.slice, _capped(found), ids)


def _types(found: pa.Schema, wanted: pa.Schema) -> str:
    """How the columns of a part differ from the record's; empty when they do not."""
    missing = [name for name in wanted.names if name not in found.names]
    if missing:
        return f"has no column {missing[0]!r}"
    other = [f for f in wanted if found.field(f.name).type != f.type]
    if other:
        return f"column {other[0].name!r} is {found.field(other[0].name).type}, wanted {other[0].type}"
    more = [name for name in found.names if name not in wanted.names]
    return f"has the column {more[0]!r}, which no record has" if more else ""


def _repeated(parts: Iterable[Path], repeated: set[bytes]) -> Iterator[Problem]:
    """Name the ids that occur more than once, with the parts in which they do; unreadable parts gave no ids."""
    where: dict[str, list[str]] = {}
    for part in parts if repeated else ():
        try:
            ids = _parts.read(part, ["id"]).column("id").drop_null().to_pylist()
        except BadCorpus:
            continue
        for id in ids:
            if key(id) in repeated:
                where.setdefault(id, []).append(part.name)
    for id, names in sorted(where.items()):
        line = (
            f"{id}: {len(names)} records have this id ({', '.join(sorted(set(names)))}); give one source another name"
        )
        yield Problem("duplicate-id", line)


def _files(batch: pa.RecordBatch, job: Job) -> Iterator[Problem]:
    """Open every image and mask that a part names, each file once, however many windows it has."""
    names = ["id", "source", "path", "mask_path", "width", "height", "window"]
    uses: dict[tuple[str, str | None], list[tuple[str | None, Use]]] = {}
    for id, source, path, mask, width, height, window in zip(
        *(batch.column(name).to_pylist() for name in names), strict=True
    ):
        if source in job.roots and (path is not None or mask is not None):
            use = Use(id, width, height, window and Window(**window))
            uses.setdefault((source, path or mask), []).append((mask, use))
    for (source, name), rows in list(uses.items())[job.slice :: job.of]:
        root = job.roots[source]
        if not root.is_dir():
            problem = f"{root}: the folder of source {source} is not there; put it back, or mend root in corpus.yaml"
            yield Problem("root", problem)
            continue
        size = None
        if any(name != mask for mask, _ in rows):
            size = yield from _file(root / str(name), "image", [use for _, use in rows])
        masks: dict[str, list[Use]] = {}
        for mask, use in rows:
            if mask is not None:
                masks.setdefault(mask, []).append(use)
        for mask, users in masks.items():
            found = yield from _file(root / mask, "mask", users)
            if found and size and found != size:
                problem = f"{found[0]} x {found[1]}, its image {name} is {size[0]} x {size[1]}"
                yield Problem("mask-size", f"{root / mask}: {problem}; mend or remove the mask")


def _file(path: Path, what: str, uses: Iterable[Use]) -> Any:
    """Decode a file whole and hold it against the records that use it; a generator that returns the file's size."""
    uses = list(uses)
    try:
        size = pixels.size(path)
        pixels.decodes(path)
    except BadImage as error:
        more = f" and {len(uses) - 1} more records" if len(uses) > 1 else ""
        yield Problem(f"{what}-{error.reason}", f"{error}; needed by {uses[0].id}{more}; get the file again")
        return None
    for use in uses:
        if use.window is None and (use.width, use.height) != size:
            problem = f"record {use.id} says {use.width} x {use.height}, the {what} is {size[0]} x {size[1]}"
            yield Problem(f"{what}-size", f"{path}: {problem}; read the source again")
        elif use.window and not _inside(use.window, size):
            x, y, width, height = use.window
            problem = f"the window {x},{y},{width},{height} of {use.id} is not inside {size[0]} x {size[1]}"
            yield Problem("window", f"{path}: {problem}; run tile again")
    return size


def _inside(window: Window, size: tuple[int, int]) -> bool:
    return window.x + window.width <= size[0] and window.y + window.height <= size[1]


def _packed(corpus: Corpus) -> Iterator[Problem]:
    """Sinks are held against their own manifest. A finished sink is never looked into again, so it must be removed."""
    for stage in corpus.stages:
        if stage.sink and hasattr(module := stages.load(stage.name), "verify"):
            lines = module.verify(stage.path)
            for line in lines:
                yield Problem("packed", line)
            if lines:
                mend = f"{stage.path}: to pack again, remove this folder and run `rsdata run {corpus.path}`"
                yield Problem("packed-mend", mend)
