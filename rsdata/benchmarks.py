"""Hash lists of evaluation sets: made from datasets, folders and corpora, kept on disk, extended and not made again.

`resolve` does this for the `decontaminate` stages of a recipe: `against: [rsicd:test, aid]` gets the lists
`benchmarks/rsicd-test.parquet` and `benchmarks/aid.parquet` beside the corpus.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import corpus, execute, pixels, readers, recipe, sources
from rsdata.errors import BadImage, BadSource
from rsdata.place import place
from rsdata.record import Drop, Window
from rsdata.stages import _hashlist, _prints

if TYPE_CHECKING:
    import pyarrow as pa

    from rsdata.run import Progress

FOLDER = "benchmarks"
FOUND = "found"
CHUNK = 100  # images of one job
SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".jp2"}

# What RemoteCLIP and its followers are measured on, and the split that is; "" is all of it. DOTA's val, of which
# RemoteCount was made, is left out: the detection sets are what is learned from.
EVALUATION = {
    **{name: "test" for name in ("rsicd", "rsitmd", "ucm_captions", "sydney_captions", "nwpu_captions", "rsicap")},
    **dict.fromkeys(("aid", "eurosat", "mlrsnet", "optimal31", "patternnet", "resisc45", "rsc11", "rsi_cb128"), ""),
    **dict.fromkeys(("rsi_cb256", "rsscn7", "siri_whu", "ucmerced", "whu_rs19"), ""),
}


class Image(NamedTuple):
    """One image to hash; `file` is where it lies."""

    id: str
    source: str
    split: str
    path: str
    window: Window | None
    file: Path


class Made(NamedTuple):
    """A list, how many of its images were hashed now, and what could not be: one line each."""

    rows: pa.Table
    hashed: int
    problems: list[str]


def make(
    what: str, *, root: Path | None = None, known: pa.Table | None = None, workers: int = 0, progress: Any = None
) -> Made:
    """Hash a dataset (`aid`, `rsicd:test`), a folder, or a corpus; or read a list (`.parquet`).

    Images that stand in `known` with the same size and time are not opened. Raises BadSource where there is nothing.
    """
    if what.endswith(".parquet"):
        return Made(_hashlist.read(place(what)), 0, [])
    listed, problems = images(what, root)
    old = {} if known is None else _by_file(known)
    rows: list[dict[str, Any]] = []
    todo: list[Image] = []
    for image in listed:
        row = old.get((image.id, image.path))
        if row is not None and (row["size"], row["mtime_ns"]) == _size_and_time(image.file):
            rows.append(row | {"source": image.source, "split": image.split})
        else:
            todo.append(image)
    for made, failed in _each(todo, what, workers, progress):
        rows += made
        problems += failed
    if not rows:
        first = f" ({problems[0]})" if problems else ""
        raise BadSource(f"{what}: none of its {len(listed)} images can be read{first}")
    return Made(_hashlist.merge([_hashlist.table(rows)]), len(todo), problems)


def _each(todo: Sequence[Image], what: str, workers: int, progress: Any) -> Iterator[tuple[list[Any], list[str]]]:
    jobs = [todo[first : first + CHUNK] for first in range(0, len(todo), CHUNK)]
    if progress and jobs:
        progress.start(f"hash {what}", len(jobs), 0)
    with execute.engine(workers) as each:
        for result in each(work, jobs):
            yield result
            if progress:
                progress.advance()


def work(job: Sequence[Image]) -> tuple[list[dict[str, Any]], list[str]]:
    """Hash some images in all views; rows of a list, and a line for each image that cannot be read."""
    rows, problems = [], []
    for image in job:
        row: dict[str, Any] = {"id": image.id, "source": image.source, "split": image.split, "path": image.path}
        try:
            found = _prints.of_file(image.file, image.window, all_views=True)
            row |= {"sha256": _prints.sha256(image.file), "flat": found.flat, "hashes": found.crops}
        except BadImage as error:
            problems.append(str(error))
            continue
        size, time = _size_and_time(image.file)
        rows.append(row | {"size": size, "mtime_ns": time})
    return rows, problems


def images(what: str, root: Path | None = None) -> tuple[list[Image], list[str]]:
    """The images of a dataset, one split of it, a folder, or a corpus, and what a reader refused, one line each."""
    name, _, split = what.partition(":")
    if _is_dataset(what):
        return _of_dataset(name, split or None, root)
    if (place(what) / "corpus.yaml").is_file():
        found = corpus.open(what)
        every = found.records()
        return [_image(r, found.roots[r.source]) for r in every if r.path is not None], []
    if place(what).is_dir():
        return _of_folder(place(what)), []
    raise BadSource(f"{what}: no dataset, folder or hash list; see `rsdata datasets` for the names of datasets")


def _of_dataset(name: str, split: str | None, root: Path | None) -> tuple[list[Image], list[str]]:
    source = recipe.source(name, root, split)
    found, problems = [], []
    read = readers.get(name).read
    for item in sources.items(source):
        for output in read(item):
            if isinstance(output, Drop):
                problems += [f"{output.id}: {output.reason} {output.detail}".strip()] * bool(output.images)
            elif output.path is not None:
                found.append(_image(output, source.root))
    return found, problems


def _image(record: Any, root: Path) -> Image:
    return Image(record.id, record.source, record.split, record.path, record.window, root / record.path)


def _of_folder(folder: Path) -> list[Image]:
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    source = folder.resolve().name.lower()
    paths = [str(file.relative_to(folder)) for file in files]
    stems = Counter(path.rpartition(".")[0] for path in paths)
    found = []
    for file, path in zip(files, paths, strict=True):
        stem = path.rpartition(".")[0]
        found.append(Image(f"{source}/{stem if stems[stem] == 1 else path}", source, "", path, None, file))
    return found


def _by_file(rows: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    names = [name for name in rows.column_names if name != "hashes"]
    plain = rows.select(names).to_pylist()
    return {
        (row["id"], row["path"]): {**row, "hashes": found}
        for row, found in zip(plain, _hashlist.hashes(rows), strict=True)
    }


def _size_and_time(file: Path) -> tuple[int, int]:
    archive = pixels.inside(file)
    try:
        return pixels.stamp(archive[0] if archive else file)
    except OSError:
        return -1, -1


def hash_list(
    file: Path, what: Sequence[str], *, root: Path | None = None, workers: int = 0, progress: Any = None
) -> Made:
    """Write the list of all of `what` to `file`. What the file held before stays in it, and is not hashed again.

    An image that is gone from a dataset stays in the list: a benchmark's hash is true for ever. `root` is the folder
    of the one dataset named.
    """
    if root is not None and len(what) != 1:
        raise BadSource("--root is the folder of one dataset, but several are named; set RSDATA_DATA instead")
    known = _hashlist.read(file) if file.exists() else None
    made = [make(one, root=root, known=known, workers=workers, progress=progress) for one in what]
    rows = _hashlist.merge([*([] if known is None else [known]), *(m.rows for m in made)])
    _hashlist.write(file, rows)
    return Made(rows, sum(m.hashed for m in made), [line for m in made for line in m.problems])


def extend(file: Path, what: str, *, root: Path | None = None, workers: int = 0, progress: Any = None) -> Made:
    """The list of `what` kept in a file of its own: made when it is not there, else brought up to date."""
    known = _known(file)
    made = make(what, root=root, known=known, workers=workers, progress=progress)
    where = (root or _root_of(what)).absolute()
    if known is None or not made.rows.equals(known) or _hashlist.about(known).get("root") != str(where):
        _hashlist.write(file, made.rows, where)
    return made


def _known(file: Path) -> pa.Table | None:
    """The list as it is on disk; None where it is not there or of an older hash version."""
    try:
        return _hashlist.read(file)
    except BadSource:
        return None


def _root_of(what: str) -> Path:
    return recipe.data_folder() / what.partition(":")[0] if _is_dataset(what) else place(what)


def resolve(
    wanted: recipe.Recipe, folder: Path, *, workers: int = 0, progress: Progress | None = None
) -> recipe.Recipe:
    """Give every `decontaminate` stage without hash lists its lists, made or extended in `folder`/benchmarks.

    Datasets are looked for beside the recipe's sources, then in the data folder.
    """
    steps = []
    for step in wanted.steps:
        if step.name == "decontaminate" and step.params["lists"] is None:
            lists = _lists(wanted, step.params["against"], folder, workers, progress)
            step = recipe.Step(step.name, {**step.params, "lists": lists})
        steps.append(step)
    return replace(wanted, steps=tuple(steps))


def _lists(
    wanted: recipe.Recipe, against: Sequence[str], folder: Path, workers: int, progress: Progress | None
) -> list[str]:
    """Every benchmark once. One that was only `found`, and cannot be read, is told of and left out."""
    places = [*dict.fromkeys(source.root.parent for source in wanted.sources), recipe.data_folder()]
    lists: dict[str, None] = {}
    for what in against:
        for one in _found(wanted, places, progress) if what == FOUND else [what]:
            try:
                lists[_list(one, _root(wanted, one, places), folder, workers, progress)] = None
            except BadSource as error:
                if what != FOUND:
                    raise
                if progress:
                    progress.note(f"{one}: not compared with: {error}")
    return list(lists)


def _list(what: str, root: Path | None, folder: Path, workers: int, progress: Progress | None) -> str:
    """The list of one benchmark, made or extended, as `file@digest`."""
    if what.endswith(".parquet"):
        file = place(what).absolute()
        return f"{file}@{_hashlist.digest(_hashlist.read(file))[:16]}"
    name = f"{FOLDER}/{what.strip('/').replace('/', '-').replace(':', '-')}.parquet"
    made = extend(folder / name, what, root=root, workers=workers, progress=progress)
    if progress and made.problems:
        progress.note(f"{what}: {len(made.problems)} images left out, the first: {made.problems[0]}")
    return f"{name}@{_hashlist.digest(made.rows)[:16]}"


def _root(wanted: recipe.Recipe, what: str, places: Sequence[Path]) -> Path | None:
    """The folder of a dataset: where the recipe reads it, or beside that; None for a folder or an unknown place."""
    name = what.partition(":")[0]
    if not _is_dataset(what):
        return None
    own = [source.root for source in wanted.sources if source.reader == name]
    return next((root for root in [*own, *(folder / name for folder in places)] if root.is_dir()), None)


def _is_dataset(what: str) -> bool:
    return what.partition(":")[0] in readers.names() and os.sep not in what


def _found(wanted: recipe.Recipe, places: Sequence[Path], progress: Progress | None) -> Iterator[str]:
    """The evaluation sets that are there and that the recipe does not read itself."""
    for name, split in EVALUATION.items():
        own = [source for source in wanted.sources if source.reader == name]
        if any(_reads(source, split) for source in own):
            if progress:
                progress.note(f"{name}: read by this recipe, so a model that learns from it cannot be measured on it")
        elif own or any((folder / name).is_dir() for folder in places):
            yield f"{name}:{split}" if split else name


def _reads(source: sources.Source, split: str) -> bool:
    """Whether a source of the recipe reads this split of its dataset, or all of it."""
    return not split or (split not in source.skip_splits and source.split in (None, split))
