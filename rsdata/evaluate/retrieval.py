"""Retrieval: which captions does an image find, and which images does a caption find. Recall at 1, 5 and 10.

A query has a hit at k where one of its right answers is among the first k (RemoteCLIP's retrieval.py, AMFMN). Ties are
told, not left to a sort: `pessimistic` (the default) puts every wrong answer with the same similarity first, `expected`
takes the mean over all orders of those that tie, `optimistic` puts the right ones first. Equal vectors are compared
once, so that they tie exactly wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe
from rsdata.evaluate import bootstrap

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
KS = (1, 5, 10)
TIES = ("pessimistic", "expected", "optimistic")
SAME = ("own", "text")
BLOCK = 8_000_000  # similarities held at a time


class Right(NamedTuple):
    """The right answers of each query: `columns[starts[i]:starts[i + 1]]`, at least one."""

    starts: I64
    columns: I64


class Ranks(NamedTuple):
    """Where the best right answer of each query stands: wrong answers above it, wrong ones and right ones that tie
    with it (itself included), and the number of all answers and of all right ones."""

    above: I64
    tied: I64
    right: I64
    answers: int
    all_right: I64


def right(queries: npt.ArrayLike, answers: npt.ArrayLike) -> Right:
    """Right answers are those of the same group. Raises BadRecipe where a query has none."""
    wanted, groups = np.asarray(queries, np.int64), np.asarray(answers, np.int64)
    order = np.argsort(groups, kind="stable")
    first = np.searchsorted(groups[order], wanted, "left")
    last = np.searchsorted(groups[order], wanted, "right")
    if (first == last).any():
        raise BadRecipe(f"retrieval: query {int(np.argmax(first == last))} has no right answer")
    starts = np.concatenate([[0], np.cumsum(last - first)]).astype(np.int64)
    at = np.arange(starts[-1]) - np.repeat(starts[:-1] - first, last - first)
    return Right(starts, order[at].astype(np.int64))


def rank(queries: F32, answers: F32, truth: Right, block: int = BLOCK) -> Ranks:
    """Rank the best right answer of each query, in blocks of queries: never the whole matrix.

    queries [q, dim], answers [n, dim]; similarity is their product.
    """
    unique, where, counts = _unique(answers)
    step = max(1, block // max(len(unique), 1))
    above, tied, tied_right = (np.zeros(len(queries), np.int64) for _ in range(3))
    for first in range(0, len(queries), step):
        last = min(first + step, len(queries))
        scores = queries[first:last] @ unique.T
        starts = truth.starts[first : last + 1]
        own = where[truth.columns[starts[0] : starts[-1]]]
        rows = np.repeat(np.arange(last - first), np.diff(starts))
        values = scores[rows, own]
        best = np.maximum.reduceat(values, starts[:-1] - starts[0])
        above[first:last] = _count(scores > best[:, None], counts)
        even = _count(scores == best[:, None], counts)
        tied_right[first:last] = np.add.reduceat((values == best[rows]).astype(np.int64), starts[:-1] - starts[0])
        tied[first:last] = even - tied_right[first:last]
    return Ranks(above, tied, tied_right, len(answers), np.diff(truth.starts))


def hits(ranks: Ranks, k: int, ties: str = "pessimistic") -> F64:
    """1 where a right answer is among the first k, else 0; with `expected`, how likely that is."""
    if ties == "pessimistic":
        return (ranks.above + ranks.tied < k).astype(np.float64)
    if ties == "optimistic":
        return (ranks.above < k).astype(np.float64)
    if ties != "expected":
        raise BadRecipe(f"retrieval: ties {ties!r}; wanted {', '.join(TIES)}")
    places = k - ranks.above  # that those with the best score may take
    return np.where(places > 0, 1 - _none_of(ranks.tied, ranks.right, places), 0.0)


def chance(ranks: Ranks, k: int) -> F64:
    """How likely a hit at k is where answers come in random order."""
    wrong = ranks.answers - ranks.all_right
    return 1 - _none_of(wrong, ranks.all_right, np.full(len(wrong), k))


def owners(captions: Sequence[Sequence[str]], same: str = "own") -> tuple[I64, I64, list[str]]:
    """Captions of images, one after another: whose each is, its group of equal texts, and the texts.

    With `same="own"` (the protocols' rule) each caption is right for its own image alone.
    """
    texts = [text for listed in captions for text in listed]
    owner = np.repeat(np.arange(len(captions)), [len(listed) for listed in captions]).astype(np.int64)
    if same not in SAME:
        raise BadRecipe(f"retrieval: same {same!r}; wanted {' or '.join(SAME)}")
    if same == "own":
        return owner, np.arange(len(texts), dtype=np.int64), texts
    numbers: dict[str, int] = {}
    return owner, np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64), texts


def evaluate(
    images: F32,
    texts: F32,
    owner: I64,
    group: I64 | None = None,
    *,
    ks: Sequence[int] = KS,
    ties: str = "pessimistic",
    rounds: int = bootstrap.ROUNDS,
    seed: int = 0,
) -> dict[str, Any]:
    """Recall both ways and their mean, in percent, each with an interval, and what chance would give.

    images [n, dim] and texts [m, dim] of unit length; `owner` [m]: each text's image; `group` [m]: texts of one group
    are right for all images of the group. Keys: i2t_r1, ..., t2i_r10, mean_recall.
    """
    count = len(images)
    to_text, to_image = _truths(owner, group, count)
    ways = {"i2t": rank(images, texts, to_text), "t2i": rank(texts, images, to_image)}
    owned = {"i2t": np.arange(count), "t2i": owner}
    drawn = bootstrap.weights(count, rounds, seed)
    metrics: dict[str, Any] = {}
    chances: dict[str, float] = {}
    replicas = []
    for way, ranks in ways.items():
        of = np.bincount(owned[way], minlength=count)
        for k in ks:
            found = hits(ranks, k, ties)
            sums = np.bincount(owned[way], found, minlength=count)
            replicas.append(100 * bootstrap.ratios(drawn, sums, of))
            metrics[f"{way}_r{k}"] = bootstrap.interval(100 * float(found.mean()), replicas[-1]).as_dict()
            chances[f"{way}_r{k}"] = round(100 * float(chance(ranks, k).mean()), 6)
    value = float(np.mean([metric["value"] for metric in metrics.values()]))
    metrics["mean_recall"] = bootstrap.interval(value, np.mean(replicas, axis=0)).as_dict()
    chances["mean_recall"] = round(float(np.mean(list(chances.values()))), 6)
    ties_met = {way: int((ranks.tied > 0).sum()) for way, ranks in ways.items()}
    return {
        "images": count,
        "captions": len(texts),
        "metrics": metrics,
        "chance": chances,
        "queries_that_tie": ties_met,
    }


def shuffled(
    images: F32,
    texts: F32,
    owner: I64,
    *,
    ks: Sequence[int] = KS,
    ties: str = "pessimistic",
    rounds: int = 20,
    seed: int = 0,
) -> dict[str, Any]:
    """The same numbers with the images dealt out anew: what this model gets where nothing fits, mean and range.

    A model that is near to the same few answers whatever is asked stays below `chance` here: that is no fault.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(rounds):
        dealt = images[rng.permutation(len(images))]
        rows.append(evaluate(dealt, texts, owner, ks=ks, ties=ties, rounds=1)["metrics"])
    found = {name: np.array([row[name]["value"] for row in rows]) for name in rows[0]}
    return {
        name: {"value": round(float(v.mean()), 6), "low": float(v.min()), "high": float(v.max())}
        for name, v in found.items()
    }


def average(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The mean of every metric over languages."""
    names = rows[0]["metrics"] if rows else {}
    return {name: round(float(np.mean([row["metrics"][name]["value"] for row in rows])), 6) for name in names}


def _truths(owner: I64, group: I64 | None, images: int) -> tuple[Right, Right]:
    """Right texts of each image, right images of each text."""
    if group is None or len(np.unique(group)) == len(group):
        return right(np.arange(images), owner), right(owner, np.arange(images))
    pairs = np.unique(np.stack([group, owner]), axis=1)  # which images a group is right for, by group
    starts = np.searchsorted(pairs[0], np.arange(int(group.max()) + 2))
    to_image = _gathered(group, starts, pairs[1])
    order = np.argsort(group, kind="stable")  # the texts of each group
    members = _gathered(pairs[0], np.searchsorted(group[order], np.arange(int(group.max()) + 2)), order)
    sizes = np.diff(members.starts)
    both = np.stack([np.repeat(pairs[1], sizes), members.columns])
    both = both[:, np.lexsort((both[1], both[0]))]
    return Right(np.searchsorted(both[0], np.arange(images + 1)).astype(np.int64), both[1]), to_image


def _gathered(rows: I64, starts: npt.NDArray[Any], columns: npt.NDArray[Any]) -> Right:
    """For each of `rows`, the run `columns[starts[row]:starts[row + 1]]`."""
    sizes = starts[rows + 1] - starts[rows]
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    at = np.arange(ends[-1]) - np.repeat(ends[:-1] - starts[rows], sizes)
    return Right(ends, np.asarray(columns[at], np.int64))


def _count(found: npt.NDArray[np.bool_], counts: I64) -> I64:
    """How many answers the marked columns stand for, by row."""
    if counts.max(initial=1) == 1:
        return np.asarray(np.count_nonzero(found, axis=1), np.int64)
    return np.rint(found.astype(np.float64) @ counts).astype(np.int64)


def _unique(vectors: F32) -> tuple[F32, I64, I64]:
    """Different rows, where each row stands among them, and how often each is there."""
    numbers: dict[bytes, int] = {}
    rows = np.ascontiguousarray(vectors)
    where = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)
    firsts = np.unique(where, return_index=True)[1]
    return rows[firsts], where, np.bincount(where).astype(np.int64)


def _none_of(wrong: npt.NDArray[Any], good: npt.NDArray[Any], places: npt.NDArray[Any]) -> F64:
    """How likely none of `good` is among the first p `places` of a random order: C(wrong, p) / C(wrong + good, p)."""
    from scipy.special import gammaln

    taken = np.clip(places, 0, wrong + good)
    possible = taken <= wrong
    safe = np.where(possible, taken, 0)
    total = wrong + good
    found = gammaln(wrong + 1) - gammaln(wrong - safe + 1) - gammaln(total + 1) + gammaln(total - safe + 1)
    chances: F64 = np.where(possible, np.exp(found), 0.0)
    return chances
