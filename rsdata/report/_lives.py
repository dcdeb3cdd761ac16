"""Where one record was at every stage of its corpus, found back through windows and merged corpora."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rsdata import corpus as corpora
from rsdata.corpus import Corpus, StageDir
from rsdata.errors import BadCorpus
from rsdata.record import Drop, Record, Window, from_table
from rsdata.report import _parts

MOST_IDS = 200_000  # ids among which near ones are looked for


class Step(NamedTuple):
    """One stage: the record as it left the stage (None where it was dropped, or not there), and what the stage said
    of it. `id` is its name at that stage: that of the whole image before it was cut."""

    corpus: Corpus
    stage: StageDir
    id: str
    record: Record | None
    drops: list[Drop]


def life(corpus: Corpus, id: str) -> list[Step]:
    """Every stage that the record went through, the first one first. `id` must be known (see `find`)."""
    part = _part_of(corpus, id)
    steps: list[Step] = []
    current = id
    for stage in reversed(corpus.stages):
        if stage.sink:
            steps.append(Step(corpus, stage, current, None, _drops(stage, None, {current})))
            continue
        if stage.name == "read" and _merged(corpus):
            continue
        ids = _ids(stage, part)
        drops = _drops(stage, part, {current, id})
        if current not in ids and not any(drop.images and drop.id == current for drop in drops):
            current = _whole(current, set(ids)) or current
            drops += [d for d in _drops(stage, part, {current}) if d not in drops]
        record = _row(stage, part, ids.index(current)) if current in ids else None
        if stage.name == "merge":
            drops = []
        steps.append(Step(corpus, stage, current, record, drops))
        if stage.name == "merge":
            held, there = _held(corpus, stage, current)
            return [*life(held, there), *reversed(steps)]
    return list(reversed(steps))


def find(corpus: Corpus, text: str) -> str:
    """The id that is meant: a whole id, one that was dropped too, or the end or a part that only one id has.

    Raises BadCorpus with near ids where there is none, or with some of them where there are several.
    """
    near: list[str] = []
    every: dict[str, None] = {}
    for stage in reversed(corpus.stages):
        parts: list[str | None] = [*sorted({p.name[:10] for p in stage.path.glob("part-?????.*")})]
        for part in parts or [None]:
            named = [*(_ids(stage, part) if part else []), *(d.id for d in _all_drops(stage, part))]
            if text in named:
                return text
            near += [id for id in named if text in id]
            if len(every) < MOST_IDS:
                every.update(dict.fromkeys(named))
    near = list(dict.fromkeys(near))
    ends = [id for id in near if id.endswith("/" + text)]
    if len(ends or near) == 1:
        return (ends or near)[0]
    if near:
        names = ", ".join(sorted(near)[:5]) + (", ..." if len(near) > 5 else "")
        raise BadCorpus(f"{corpus.path}: {text!r} fits {len(near):,} ids: {names}; give more of the id")
    close = difflib.get_close_matches(text, every, 3, 0.5)
    hint = f"near ones: {', '.join(close)}" if close else f"`rsdata show {corpus.path} --random` takes any"
    raise BadCorpus(f"{corpus.path}: no record has or had the id {text!r}; {hint}")


def siblings(corpus: Corpus, id: str) -> Iterator[tuple[str, str]]:
    """(id, what became of it) of the other windows of the same image, as far as this corpus cut it."""
    base = id.partition("@")[0] + "@"
    if "@" not in id:
        return
    part = _part_of(corpus, id)
    last = set(_ids(corpus.last_records, part))
    found: dict[str, str] = {other: "kept" for other in sorted(last) if other.startswith(base) and other != id}
    for stage in corpus.stages:
        for drop in _all_drops(stage, None if stage.sink else part):
            if drop.images and drop.id.startswith(base) and drop.id != id:
                found[drop.id] = f"dropped by {stage.path.name}: {drop.reason}" + (
                    f" ({drop.detail})" * bool(drop.detail)
                )
    yield from sorted(found.items())


def _merged(corpus: Corpus) -> bool:
    return any(stage.name == "merge" for stage in corpus.stages)


def _part_of(corpus: Corpus, id: str) -> str:
    """The part that an id is, or was, in: the same at every stage."""
    for stage in reversed(corpus.stages):
        for name in sorted({path.name[:10] for path in stage.path.glob("part-?????.*")} if not stage.sink else ()):
            if id in _ids(stage, name) or any(drop.id == id for drop in _all_drops(stage, name)):
                return name
    raise BadCorpus(f"{corpus.path}: no record has or had the id {id!r}")


def _ids(stage: StageDir, part: str | None) -> list[str]:
    file = stage.path / f"{part}.parquet"
    if stage.sink or not file.is_file():
        return []
    found: list[str] = _parts.read(file, ["id"]).column("id").to_pylist()
    return found


def _row(stage: StageDir, part: str, row: int) -> Record:
    return from_table(_parts.read(stage.path / f"{part}.parquet").slice(row, 1))[0]


def _all_drops(stage: StageDir, part: str | None) -> list[Drop]:
    """What the stage dropped of a part; of all parts where `part` is None."""
    files = [stage.path / f"{part}.drops.parquet"] if part else sorted(stage.path.glob("*.drops.parquet"))
    found: list[Drop] = []
    for file in files:
        if file.is_file():
            columns = _parts.read(file).to_pydict()
            found += [Drop(*row) for row in zip(*columns.values(), strict=True)]
    return found


def _drops(stage: StageDir, part: str | None, ids: set[str]) -> list[Drop]:
    return [drop for drop in _all_drops(stage, part) if drop.id in ids]


def _whole(id: str, ids: set[str]) -> str | None:
    """What a window was cut from, among these ids: its image, or a larger window of it that holds it."""
    base, at, numbers = id.partition("@")
    if not at:
        return None
    if base in ids:
        return base
    x, y, width, height = map(int, numbers.split(","))
    for other in sorted(ids):
        if other.startswith(base + "@"):
            w = Window(*map(int, other.partition("@")[2].split(",")))
            if w.x <= x and w.y <= y and x + width <= w.x + w.width and y + height <= w.y + w.height:
                return other
    return None


def _held(corpus: Corpus, stage: StageDir, id: str) -> tuple[Corpus, str]:
    """The merged corpus that a record came from, and its id there."""
    source, slash, rest = id.partition("/")
    for name, card in stage.params["corpora"].items():
        held = corpora.open(corpus.path / corpora.HELD / name)
        for old, new in card["sources"].items():
            if new == source and _knows(held, f"{old}{slash}{rest}"):
                return held, f"{old}{slash}{rest}"
    raise BadCorpus(f"{corpus.path}: {id} is in none of the corpora in {Path(corpora.HELD)}/; merge them again")


def _knows(corpus: Corpus, id: str) -> bool:
    try:
        return bool(_part_of(corpus, id))
    except BadCorpus:
        return False
