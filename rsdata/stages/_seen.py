"""How often was this met before? Hashes in sorted arrays: 12 bytes for each different one, no Python objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]


def hashes(texts: Any) -> U64:
    """64-bit hashes of texts (an Arrow array or a list), the same on every machine.

    Two of 5 million texts share one with a chance of about one in a million.
    """
    from pandas.util import hash_array

    values = texts.to_numpy(zero_copy_only=False) if hasattr(texts, "to_numpy") else np.array(texts, object)
    return np.asarray(hash_array(values.astype(object), categorize=False), np.uint64)


class Seen:
    """Counts of hashes, in a few sorted levels of growing size that are merged as they fill up."""

    def __init__(self) -> None:
        self._levels: list[tuple[U64, U32]] = []

    def rank(self, found: U64) -> U32:
        """For each hash how often it came before, in earlier calls and earlier in this one; then remember them."""
        if not len(found):
            return np.zeros(0, np.uint32)
        order = np.argsort(found, kind="stable")
        ordered = found[order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        counts = np.diff(np.r_[first, len(ordered)]).astype(np.uint32)
        values = ordered[first]
        before = sum((_counts(level, values) for level in self._levels), np.zeros(len(values), np.uint32))
        rank = np.empty(len(found), np.uint32)
        rank[order] = np.arange(len(ordered)) - np.repeat(first, counts) + np.repeat(before, counts)
        self._add(values, counts)
        return rank

    def __len__(self) -> int:
        return sum(len(values) for values, _ in self._levels)

    def _add(self, values: U64, counts: U32) -> None:
        while self._levels and len(self._levels[-1][0]) <= 2 * len(values):
            values, counts = _merged(self._levels.pop(), (values, counts))
        self._levels.append((values, counts))


def _counts(level: tuple[U64, U32], values: U64) -> U32:
    known, counts = level
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[place] == values, counts[place], np.uint32(0)).astype(np.uint32)


def _merged(one: tuple[U64, U32], other: tuple[U64, U32]) -> tuple[U64, U32]:
    values = np.concatenate([one[0], other[0]])
    order = np.argsort(values, kind="stable")
    values, counts = values[order], np.concatenate([one[1], other[1]])[order]
    first = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return values[first], np.add.reduceat(counts, first).astype(np.uint32)
