"""Counting distinct strings exactly and finding repeated ones, in bounded memory.

Each string is kept as a 128-bit hash: for a billion strings the chance that any two share one is below 1e-20. Beyond
`limit` hashes they are written to files by their first byte, and counted one file at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH = 16
LIMIT = 8_000_000  # 128 MB of hashes in memory

Hashes = npt.NDArray[np.uint64]  # [n, 2]


def hashes(texts: Iterable[str]) -> Hashes:
    """128-bit hashes as `[n, 2]` words."""
    data = b"".join(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=WIDTH).digest() for text in texts)
    return np.frombuffer(data, np.uint64).reshape(-1, 2)


class HashBag:
    """A bag of hashes that goes to disk when it grows. Use it in a `with` block: leaving it deletes the files."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._held: list[Hashes] = []
        self._count = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> HashBag:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held = []
        if self._folder:
            self._folder.cleanup()

    def add(self, found: Hashes) -> None:
        """Put the hashes of strings in."""
        self._held.append(found)
        self._count += len(found)
        if self._count > self.limit:
            self._compact()

    def distinct(self) -> int:
        """How many different strings were put in."""
        return sum(len(_unique(group)[0]) for group in self._groups())

    def repeated(self) -> set[bytes]:
        """The hashes (as bytes, see `key`) of the strings that were put in more than once."""
        found: set[bytes] = set()
        for group in self._groups():
            values, counts = _unique(group)
            found.update(row.tobytes() for row in values[counts > 1])
        return found

    def _compact(self) -> None:
        """Move what is held to the files, one for each first byte."""
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="rsdata-hashes-")
        rows = np.concatenate(self._held)
        bucket = (rows[:, 0] & np.uint64(0xFF)).astype(np.uint8)
        order = np.argsort(bucket, kind="stable")
        ends = np.searchsorted(bucket[order], np.arange(257))
        for value in range(256):
            if ends[value] < ends[value + 1]:
                with (Path(self._folder.name) / f"{value:02x}").open("ab") as file:
                    file.write(rows[order[ends[value] : ends[value + 1]]].tobytes())
        self._held, self._count = [], 0

    def _groups(self) -> Iterator[Hashes]:
        """Groups of hashes such that equal ones are in one group."""
        if self._folder is None:
            yield np.concatenate(self._held) if self._held else np.empty((0, 2), np.uint64)
            return
        if self._held:
            self._compact()
        for path in sorted(Path(self._folder.name).iterdir()):
            yield np.frombuffer(path.read_bytes(), np.uint64).reshape(-1, 2)


def key(text: str) -> bytes:
    """The hash of one string, as `repeated` gives it."""
    return bytes(hashes([text])[0].tobytes())


def _unique(rows: Hashes) -> tuple[Hashes, npt.NDArray[Any]]:
    """The different rows and how often each occurs."""
    if not len(rows):
        return rows, np.empty(0, np.int64)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    first = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)]))
    return rows[first], np.diff(np.append(first, len(rows)))
