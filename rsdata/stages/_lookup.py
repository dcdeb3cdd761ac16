"""Many hashes asked of few: the same answer as `hamming.matches`, for a corpus of millions against a benchmark.

As there, two hashes at distance <= t agree in at least k of any t + k bands. For every choice of k bands the few are
marked in a table by those bits, and most of the many are done with after one look at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import comb, exp

import numpy as np

from rsdata import hamming
from rsdata.phash import U64
from rsdata.stages._near import Ints

TABLE_BITS = 24
LOOK, SEARCH, COMPARE, SORT = 8.0, 150.0, 10.0, 30.0  # nanoseconds: a look, a search after it, a pair, a marked hash
BATCH = 1 << 16  # hashes looked up at once, so that their keys stay in the processor's cache
MOST_PAIRS = 1 << 22


def matches(many: U64, few: U64, t: int) -> tuple[Ints, Ints, Ints]:
    """All (place in `many`, place in `few`, distance) at distance <= t, sorted; exact."""
    if len(many) < 2 * len(few) or not len(few):
        return hamming.matches(many, few, t)
    found = [np.empty((0, 2), np.int64)]
    for mask in _choices(len(many), len(few), t):
        order = np.argsort(few & mask, kind="stable")
        keys, starts = np.unique(few[order] & mask, return_index=True)
        starts = np.append(starts, len(few))
        table = np.zeros(1 << TABLE_BITS, bool)
        table[_slots(keys)] = True
        for start in range(0, len(many), BATCH):
            batch = many[start : start + BATCH] & mask
            seen = np.flatnonzero(table[_slots(batch)])
            for one, other in _equal(batch[seen], keys, starts):
                i, j = seen[one] + start, order[other]
                near = np.bitwise_count(many[i] ^ few[j]) <= t
                found.append(np.stack([i[near], j[near]], axis=1))
    both = np.unique(np.concatenate(found), axis=0)
    return both[:, 0], both[:, 1], hamming.distance(many[both[:, 0]], few[both[:, 1]])


def _choices(n: int, m: int, t: int) -> Iterator[np.uint64]:
    """Every choice of the cheapest number of bands, as a mask of their bits."""
    costs = {}
    for k in range(1, 8):
        bits = 64 * k / (t + k)
        share = 1 - exp(-m / 2 ** min(bits, TABLE_BITS))
        costs[k] = comb(t + k, k) * (n * (LOOK + SEARCH * share) + COMPARE * n * m / 2**bits + SORT * m)
    k = min(costs, key=lambda k: costs[k])
    edges = [round(64 * i / (t + k)) for i in range(t + k + 1)]
    for choice in combinations([(1 << high) - (1 << low) for low, high in pairwise(edges)], k):
        yield np.uint64(sum(choice))


def _slots(keys: U64) -> U64:
    """The slot of a key in the table: the upper bits of a product (Fibonacci hashing, Knuth vol. 3, 6.4)."""
    return (keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - TABLE_BITS)


def _equal(asked: U64, keys: U64, starts: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Places (in `asked`, in the sorted list of few) of equal keys, not too many at once; `starts`: where in that list
    each of the different `keys` begins, and its length."""
    place = np.searchsorted(keys, asked)
    place[place == len(keys)] = 0
    there = np.flatnonzero(keys[place] == asked)
    first, n = starts[place[there]], np.diff(starts)[place[there]]
    step = max(1, MOST_PAIRS // max(1, int(n.max(initial=0))))
    for start in range(0, len(there), step):
        count = n[start : start + step]
        one = np.repeat(np.arange(start, start + len(count)), count)
        offset = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        yield there[one], first[one] + offset
