"""Image vectors of a part, made once: each image is decoded once, prepared in threads, encoded in batches, and kept.

The store lies in the corpus (cache/clip/MODEL/DIGEST.npz), so that other prompts or a probe cost no second look at the
pixels. A kill costs the part that was open.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import pixels, place
from rsdata.errors import BadImage
from rsdata.record import Record

F32 = npt.NDArray[np.float32]
Bad = dict[int, tuple[str, str]]  # position of a record -> reason, problem


class Features(NamedTuple):
    """Unit vectors `[record, dim]`, zeros for images that cannot be read, which stand in `bad`."""

    vectors: F32
    bad: Bad


def of_part(
    records: Sequence[Record], roots: Mapping[str, Path], scorer: Any, store: Path, batch: int, progress: Any = None
) -> Features:
    """The vectors of a part's images, from the store where they are there."""
    file = store / scorer.id / f"{_digest(records, roots)}.npz"
    if file.is_file():
        with np.load(file) as kept:
            bad = zip(kept["bad"].tolist(), kept["reason"].tolist(), kept["problem"].tolist(), strict=True)
            return Features(kept["vectors"], {n: (reason, problem) for n, reason, problem in bad})
    found = encode(records, roots, scorer, batch, progress)
    file.parent.mkdir(parents=True, exist_ok=True)
    listed = sorted(found.bad.items())
    with place.replacing(file) as temporary, temporary.open("wb") as out:
        np.savez(
            out,
            vectors=found.vectors,
            bad=np.array([n for n, _ in listed], np.int64),
            reason=np.array([reason for _, (reason, _) in listed], np.str_),
            problem=np.array([problem for _, (_, problem) in listed], np.str_),
        )
    return found


def encode(
    records: Sequence[Record], roots: Mapping[str, Path], scorer: Any, batch: int, progress: Any = None
) -> Features:
    """Decode and encode. While the model works on one batch, threads prepare the next two."""
    bad: Bad = {}
    vectors: list[F32] = []
    places: list[int] = []
    waiting: list[tuple[int, Any]] = []

    def flush() -> None:
        if waiting:
            vectors.append(scorer.encode([tensor for _, tensor in waiting]))
            places.extend(n for n, _ in waiting)
            waiting.clear()

    for n, tensor in enumerate(_tensors(records, roots, scorer, ahead=2 * batch)):
        if isinstance(tensor, BadImage):
            bad[n] = (tensor.reason, tensor.problem)
        else:
            waiting.append((n, tensor))
        if len(waiting) == batch:
            flush()
        if progress:
            progress.advance()
    flush()
    size = vectors[0].shape[1] if vectors else 1
    found = np.zeros((len(records), size), np.float32)
    if vectors:
        found[places] = np.concatenate(vectors)
    return Features(found, bad)


def _tensors(records: Sequence[Record], roots: Mapping[str, Path], scorer: Any, ahead: int) -> Iterator[Any]:
    """Prepared images in the order of the records; a BadImage in the place of one that cannot be read."""

    def one(record: Record) -> Any:
        try:
            return scorer.prepare(pixels.load_record(record, roots[record.source]))
        except BadImage as error:
            return error

    queue: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for record in records:
            queue.append(pool.submit(one, record))
            if len(queue) > ahead:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()


def _digest(records: Sequence[Record], roots: Mapping[str, Path]) -> str:
    """What the images of a part are: which files and windows, and each file's size and time."""
    digest = hashlib.sha256()
    stamps: dict[tuple[str, str], str] = {}
    for record in records:
        image = (record.source, (record.path or "").partition("!")[0])
        if image not in stamps:
            stamps[image] = _stamp(roots[record.source] / image[1])
        digest.update(repr((record.id, record.path, record.window, stamps[image])).encode())
    return digest.hexdigest()[:32]


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"
