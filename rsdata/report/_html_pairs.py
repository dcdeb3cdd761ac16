"""What a corpus lost, to look at: duplicates and leaks beside the image they are the same as, and drops of each
reason by example."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import corpus as corpora
from rsdata.errors import BadSource
from rsdata.record import Drop, Record, from_table
from rsdata.report import _html_thumbs as thumbs
from rsdata.report import _parts, leaks

if TYPE_CHECKING:
    from pathlib import Path

    from rsdata.corpus import Corpus, StageDir

SIDE, LIMIT = 192, 9_000  # pixels and bytes of a picture
MOST_PAIRS, EXAMPLES = 60, 6  # pairs of one stage, examples of one reason
PAIRED = {"dedup": "duplicate", "decontaminate": "contaminated"}


class Side(NamedTuple):
    """One image of a pair: `picture` is the key of its thumbnail."""

    id: str
    what: str
    picture: str


class Pairs(NamedTuple):
    """The pairs of one stage that are shown, out of `total`; `lists`: benchmark -> {images, leaked, dropped}."""

    stage: StageDir
    total: int
    shown: list[tuple[Side, Side, list[str]]]
    lists: dict[str, Any]


class Example(NamedTuple):
    """One drop and, where its record and picture can be found, the key of its thumbnail, and its first caption."""

    drop: Drop
    picture: str
    caption: str


Row = tuple[str, str, str, tuple[str, ...]]
Examples = dict[str, dict[str, list[Example]]]


def pairs(corpus: Corpus, seed: int, jobs: list[thumbs.Job]) -> list[Pairs]:
    """The pairs of all dedup and decontaminate stages, some of them drawn by `seed` where there are many; what is to
    be shrunk for them is added to `jobs`."""
    found = []
    for stage in corpus.stages:
        file = stage.path / "prepare.json"
        if stage.name not in PAIRED or not file.is_file():
            continue
        state = corpora.read_json(file)["state"]
        rows = _duplicates if stage.name == "dedup" else _leaks
        total, some = rows(stage.path / state["file"], random.Random(f"{seed}:report:{stage.path.name}"))
        records = find(_before(corpus, stage), {id for pair in some for id in pair[:2]})
        files = {name: _files(stage, name) for name in sorted({pair[2] for pair in some} - {""})}
        shown = [_pair(corpus, stage, pair, records, files, jobs) for pair in some]
        found.append(Pairs(stage, total, shown, state.get("lists", {})))
    return found


def _duplicates(file: Path, rng: random.Random) -> tuple[int, list[Row]]:
    """How many there are, and some of them: (dropped, kept, "", why)."""
    rows = _parts.read(file)
    some = rows.take(_some(rng, len(rows))).to_pylist()
    found: list[Row] = [(row["id"], row["kept"], "", (row["why"].removeprefix(f"of {row['kept']}, "),)) for row in some]
    return len(rows), found


def _leaks(file: Path, rng: random.Random) -> tuple[int, list[Row]]:
    """How many pairs there are, and some of them: (dropped, benchmark's id, benchmark, why)."""
    every = leaks._pairs(file)
    some = [every[n] for n in _some(rng, len(every))]
    return len(every), [(pair.id, pair.benchmark, pair.list, pair.why) for pair in some]


def _some(rng: random.Random, total: int) -> list[int]:
    """Up to MOST_PAIRS row numbers, in order."""
    return sorted(rng.sample(range(total), min(MOST_PAIRS, total)))


def _pair(
    corpus: Corpus,
    stage: StageDir,
    pair: Row,
    records: dict[str, Record],
    files: dict[str, dict[str, Path]],
    jobs: list[thumbs.Job],
) -> tuple[Side, Side, list[str]]:
    one, other, bench, why = pair
    first = Side(one, "dropped", _job(corpus, f"{stage.path.name} {one}", records.get(one), jobs))
    if stage.name == "dedup":
        second = Side(other, "kept", _job(corpus, f"{stage.path.name} {other}", records.get(other), jobs))
    else:
        key = f"{bench} {other}"
        file = files[bench].get(other)
        jobs.append(thumbs.Job(key, file, leaks._window(other), SIDE, LIMIT))
        name = bench.rpartition("/")[2].removesuffix(".parquet")
        second = Side(other, f"benchmark {name}", key if file else "")
    return first, second, list(why)


def _files(stage: StageDir, name: str) -> dict[str, Path]:
    """Where the images of a benchmark's hash list lie; nothing where the list is gone or does not say."""
    try:
        return leaks._files(stage.path.parent.parent / name)
    except BadSource:
        return {}


def _job(corpus: Corpus, key: str, record: Record | None, jobs: list[thumbs.Job]) -> str:
    if record is None or record.path is None:
        return ""
    jobs.append(thumbs.job(key, record, corpus.roots.get(record.source), SIDE, LIMIT))
    return key


def _before(corpus: Corpus, stage: StageDir) -> StageDir | None:
    """The newest stage with records before another."""
    return next((s for s in reversed(corpus.stages) if s.index < stage.index and not s.sink), None)


def find(stage: StageDir | None, ids: set[str]) -> dict[str, Record]:
    """The records of these ids, as far as a stage has them; only the ids of parts without any of them are read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, Record] = {}
    wanted = pa.array(sorted(ids), pa.string())
    for part in stage.parts if stage else []:
        if len(found) == len(ids):
            break
        rows = pc.indices_nonzero(pc.is_in(_parts.read(part, ["id"]).column("id"), wanted))
        if len(rows):
            found |= {record.id: record for record in from_table(_parts.read(part).take(rows))}
    return found


def examples(corpus: Corpus, jobs: list[thumbs.Job]) -> Examples:
    """Stage -> reason -> the first drops of it; those of whole images with their picture, unless they are pairs."""
    found: Examples = {}
    for stage in corpus.stages:
        first = _first(corpus, stage)
        lost = [drop for drop in chain(*first.values()) if drop.images and drop.reason not in PAIRED.values()]
        records = find(_before(corpus, stage), {drop.id for drop in lost})
        for reason, drops in first.items():
            own = records if reason not in PAIRED.values() else {}
            told = found.setdefault(stage.path.name, {}).setdefault(reason, [])
            told += [_example(corpus, stage, drop, own.get(drop.id) if drop.images else None, jobs) for drop in drops]
    return found


def _first(corpus: Corpus, stage: StageDir) -> dict[str, list[Drop]]:
    """The first drops of each reason; reading ends when there are enough."""
    found: dict[str, list[Drop]] = {reason: [] for reason in sorted(stage.drops)}
    missing = set(found)
    for drop in corpus.drops(stage) if found else ():
        told = found.setdefault(drop.reason, [])
        if len(told) < EXAMPLES:
            told.append(drop)
        if len(told) == EXAMPLES:
            missing.discard(drop.reason)
            if not missing:
                break
    return {reason: drops for reason, drops in found.items() if drops}


def _example(corpus: Corpus, stage: StageDir, drop: Drop, record: Record | None, jobs: list[thumbs.Job]) -> Example:
    text = record.captions[0].text if record and record.captions else ""
    return Example(drop, _job(corpus, f"{stage.path.name} {drop.id}", record, jobs), text)


def unique(jobs: Sequence[thumbs.Job]) -> list[thumbs.Job]:
    """Jobs without those of a key that came before."""
    return list({job.key: job for job in jobs}.values())
