"""One part of one stage, in whatever process: read it, run the stage, account for everything, write it whole."""

from __future__ import annotations

import errno
import gc
import pickle
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdata import corpus, stages
from rsdata.errors import Conservation, RsdataError
from rsdata.record import Drop, Item, Made, Output, Record, read_part, write_drops, write_part

LEDGER = ("in", "made", "out", "dropped")
KINDS = ("images", "objects")
Ledger = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Job:
    """One part of one stage, all that a worker process needs."""

    stage: str
    params: Mapping[str, Any]
    seed: int
    roots: Mapping[str, Path]
    folder: Path
    part: str
    key: str
    parent: str
    source: Path | None = None
    items: bytes = b""  # of the read stage, by `packed`: a million items would take 400 MB, packed they take 30
    state: Any = None


def packed(items: Sequence[Item]) -> bytes:
    """Items as a job holds them."""
    return zlib.compress(pickle.dumps(list(items), pickle.HIGHEST_PROTOCOL), 1)


def work(job: Job) -> dict[str, Any]:
    """Do one part: read it, run the stage, check that nothing vanished, write part, drops and marker."""
    target = job.folder / f"{job.part}.parquet"
    try:
        with _no_garbage_collection():
            ledger, drops = _pass_on(job, target) or _run(job, target)
        write_drops(job.folder / f"{job.part}.drops.parquet", drops)
        marker = {"key": job.key, "parent": job.parent, **ledger, "drops": by_reason(drops)}
        corpus.write_json(job.folder / f"{job.part}.done.json", marker)
    except OSError as error:
        raise disk_error(error, job.folder) from error
    return marker


def _run(job: Job, target: Path) -> tuple[Ledger, list[Drop]]:
    module = stages.load(job.stage)
    ledger = {kind: dict.fromkeys(LEDGER, 0) for kind in KINDS}
    inputs: Sequence[Any] = pickle.loads(zlib.decompress(job.items)) if job.items else []
    if job.source is not None:
        inputs = read_part(job.source)
        ledger["images"]["in"] = len(inputs)
        ledger["objects"]["in"] = sum(len(record.objects) for record in inputs)
    given = {"roots": job.roots, "seed": job.seed, "state": job.state, "out": job.folder}
    own = {name: value for name, value in given.items() if stages.takes(module.run, name)}
    records, drops = _collect(module.run(iter(inputs), **job.params, **own), ledger)
    _conserved(ledger, job)
    write_part(target, records)
    return ledger, drops


def _pass_on(job: Job, target: Path) -> tuple[Ledger, list[Drop]] | None:
    """Link the part where the stage says that it would leave it as it is (`idle`); None where it must run."""
    idle = getattr(stages.load(job.stage), "idle", None)
    if job.source is None or idle is None or not idle(job.source, **job.params):
        return None
    before = corpus.read_json(job.source.with_name(f"{job.part}.done.json"))
    corpus.link(job.source, target)
    counts = {kind: before[kind]["out"] for kind in KINDS}
    return {kind: dict(zip(LEDGER, (n, 0, n, 0), strict=True)) for kind, n in counts.items()}, []


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A part makes a hundred thousand small objects and no cycles; looking for cycles among them costs a third."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _collect(outputs: Iterable[Output], ledger: Ledger) -> tuple[list[Record], list[Drop]]:
    records: list[Record] = []
    drops: list[Drop] = []
    for output in outputs:
        if isinstance(output, Record):
            records.append(output)
        elif isinstance(output, Drop):
            drops.append(output)
            ledger["images"]["dropped"] += output.images
            ledger["objects"]["dropped"] += output.objects
        elif isinstance(output, Made):
            ledger["images"]["made"] += output.images
            ledger["objects"]["made"] += output.objects
    ledger["images"]["out"] = len(records)
    ledger["objects"]["out"] = sum(len(r.objects) for r in records)
    return records, drops


def _conserved(ledger: Ledger, job: Job) -> None:
    for kind, n in ledger.items():
        if n["in"] + n["made"] != n["out"] + n["dropped"]:
            raise Conservation(
                f"{job.folder}/{job.part}: stage {job.stage} lost count of {kind}: in {n['in']} + made {n['made']} !="
                f" out {n['out']} + dropped {n['dropped']}. This is a bug in the stage; nothing was written"
            )


def by_reason(drops: Iterable[Drop]) -> Ledger:
    """Drops added up: reason -> images, objects, and captions where any were refused."""
    found: Ledger = {}
    for drop in drops:
        counts = found.setdefault(drop.reason, {"images": 0, "objects": 0})
        counts["images"] += drop.images
        counts["objects"] += drop.objects
        if drop.captions:
            counts["captions"] = counts.get("captions", 0) + drop.captions
    return dict(sorted(found.items()))


def disk_error(error: OSError, folder: Path) -> Exception:
    """A full disk and missing rights are the user's to mend; anything else is shown as it is."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RsdataError(f"{folder}: the disk is full; free some space and run the same command again, it resumes")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return RsdataError(
            f"{error.filename or folder}: {error.strerror}; check the rights, then run the same command again"
        )
    return error
