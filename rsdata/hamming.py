"""Pairs of 64-bit hashes at a Hamming distance of at most t: exact, in numpy, for millions of hashes.

Two hashes that differ in at most t of 64 bits agree in at least k of any t + k bands of bits. So for every choice of
k bands the hashes are sorted by those bits, and equal ones are compared in full. More bands per choice make fewer
false candidates and more sorts; `bands` picks the cheapest k for the number of hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import comb

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

SORT, COMPARE = 12.0, 6.0  # nanoseconds for sorting a key, for comparing a candidate pair
MOST_KEY_BITS = 32
CHUNK = 1 << 22  # candidates compared at once


def pairs(hashes: U64, t: int) -> tuple[Ints, Ints, Ints]:
    """All pairs i < j with distance <= t, as (i, j, distance), sorted. Equal hashes are pairs of distance 0.

    Collapse equal hashes first (`collapse`) where there may be many: n equal ones are n (n - 1) / 2 pairs.
    """
    hashes = np.ascontiguousarray(hashes, np.uint64)
    found = [np.empty((0, 2), np.int64)]
    for shift_masks in _choices(len(hashes), len(hashes), t):
        keys = _sorted_keys(hashes, shift_masks)
        index = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        bits = keys >> np.uint64(32)
        for one, other in _equal_neighbours(bits):
            found.append(_near(hashes, hashes, index[one], index[other], t))
    both = np.concatenate(found)
    return _unique(np.sort(both, axis=1), hashes, hashes)


def matches(queries: U64, base: U64, t: int) -> tuple[Ints, Ints, Ints]:
    """All (query, base) pairs at distance <= t, as (query index, base index, distance), sorted."""
    queries, base = np.ascontiguousarray(queries, np.uint64), np.ascontiguousarray(base, np.uint64)
    found = [np.empty((0, 2), np.int64)]
    for choice in _choices(len(queries), len(base), t):
        asked, there = _sorted_keys(queries, choice), _sorted_keys(base, choice)
        asked_bits, there_bits = asked >> np.uint64(32), there >> np.uint64(32)
        first = np.searchsorted(there_bits, asked_bits, "left")
        count = np.searchsorted(there_bits, asked_bits, "right") - first
        low = np.uint64(0xFFFFFFFF)
        for rows, places in _spans(first, count):
            q, b = (asked[rows] & low).astype(np.int64), (there[places] & low).astype(np.int64)
            found.append(_near(queries, base, q, b, t))
    return _unique(np.concatenate(found), queries, base)


def collapse(hashes: U64) -> tuple[U64, Ints]:
    """The different hashes, sorted, and for each hash its place among them."""
    different, place = np.unique(np.asarray(hashes, np.uint64), return_inverse=True)
    return different, place.astype(np.int64)


def distance(a: U64, b: U64) -> Ints:
    """Differing bits, elementwise."""
    bits: Ints = np.bitwise_count(a ^ b).astype(np.int64)
    return bits


def bands(n: int, m: int, t: int) -> int:
    """The cheapest number of bands to choose for comparing n with m hashes."""
    costs = {k: _cost(n, m, t, k) for k in range(1, 8) if 64 // (t + k) >= 1}
    return min(costs, key=lambda k: costs[k])


def _cost(n: int, m: int, t: int, k: int) -> float:
    bits = min(MOST_KEY_BITS, 64 * k / (t + k))
    return float(comb(t + k, k) * (SORT * (n + m) + COMPARE * n * m / 2.0**bits))


def _choices(n: int, m: int, t: int) -> Iterator[list[tuple[int, int]]]:
    """Every choice of k of t + k bands, as (shift, width) of each band; at most 32 bits of a choice are used."""
    if not 0 <= t <= 16:
        raise ValueError(f"distance {t}: wanted 0 to 16")
    k = bands(max(n, 1), max(m, 1), t)
    edges = [round(64 * i / (t + k)) for i in range(t + k + 1)]
    spans = [(low, high - low) for low, high in pairwise(edges)]
    for choice in combinations(spans, k):
        room, used = MOST_KEY_BITS, []
        for shift, width in choice:
            used.append((shift, min(width, room)))
            room -= used[-1][1]
        yield [band for band in used if band[1]]


def _sorted_keys(hashes: U64, choice: list[tuple[int, int]]) -> U64:
    """Key bits above, place below, in one number: one fast sort and no argsort."""
    keys = np.zeros(len(hashes), np.uint64)
    for shift, width in choice:
        band = (hashes >> np.uint64(shift)) & np.uint64((1 << width) - 1)
        keys = (keys << np.uint64(width)) | band
    keys = (keys << np.uint64(32)) | np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    return keys


def _equal_neighbours(bits: U64) -> Iterator[tuple[Ints, Ints]]:
    """Places (p, p + s) of equal keys in a sorted list, for s = 1, 2, ... as long as there are any."""
    step = 1
    active = np.flatnonzero(bits[1:] == bits[:-1])
    while active.size:
        for start in range(0, active.size, CHUNK):
            one = active[start : start + CHUNK]
            yield one, one + step
        step += 1
        active = active[active + step < len(bits)]
        active = active[bits[active + step] == bits[active]]


def _spans(first: Ints, count: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Rows repeated `count` times with the places first, first + 1, ..., in chunks."""
    rows = np.flatnonzero(count)
    if not rows.size:
        return
    ends = np.cumsum(count[rows])
    cuts = np.searchsorted(ends, np.arange(0, int(ends[-1]), CHUNK), "right")
    for start, stop in zip(cuts, [*cuts[1:], len(rows)], strict=True):
        part = rows[start:stop] if stop > start else rows[start : start + 1]
        if stop <= start:
            continue
        n = count[part]
        offset = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
        yield np.repeat(part, n), np.repeat(first[part], n) + offset


def _near(a: U64, b: U64, i: Ints, j: Ints, t: int) -> npt.NDArray[np.int64]:
    keep = np.bitwise_count(a[i] ^ b[j]) <= t
    return np.stack([i[keep], j[keep]], axis=1)


def _unique(both: npt.NDArray[np.int64], a: U64, b: U64) -> tuple[Ints, Ints, Ints]:
    both = np.unique(both, axis=0) if len(both) else both
    i, j = both[:, 0], both[:, 1]
    return i, j, distance(a[i], b[j])
