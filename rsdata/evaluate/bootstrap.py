"""How far a number may be trusted: percentile intervals by drawing the images again (Efron 1979), 1,000 times.

Images are drawn, not captions: the five captions of an image are no five independent trials. What is searched in stays
as it is; only the queries are drawn again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
ROUNDS = 1000
LEVEL = 0.95
BLOCK = 4_000_000  # drawn numbers held at a time


class Value(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """As it stands in a result."""
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def weights(images: int, rounds: int = ROUNDS, seed: int = 0) -> npt.NDArray[np.float32]:
    """How often each image is drawn in each round: `[rounds, images]`, every row sums to `images`."""
    rng = np.random.default_rng(seed)
    found = np.empty((rounds, images), np.float32)
    step = max(1, BLOCK // max(images, 1))
    for first in range(0, rounds, step):
        count = min(step, rounds - first)
        drawn = rng.integers(0, images, (count, images)) + np.arange(count)[:, None] * images
        found[first : first + count] = np.bincount(drawn.ravel(), minlength=count * images).reshape(count, images)
    return found


def ratios(drawn: npt.NDArray[np.float32], sums: npt.ArrayLike, counts: npt.ArrayLike) -> F64:
    """A mean over queries in each round: `sums` and `counts` [images, ...] are those of each image's queries.

    Returns [rounds, ...]; a round without any query is not a number.
    """
    above, below = np.asarray(sums, np.float64), np.asarray(counts, np.float64)
    top, bottom = np.tensordot(drawn, above, (1, 0)), np.tensordot(drawn, below, (1, 0))
    if bottom.ndim < top.ndim:
        bottom = bottom.reshape(bottom.shape + (1,) * (top.ndim - bottom.ndim))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: F64 = np.true_divide(top, bottom)
    return found


def interval(value: float, rounds: npt.ArrayLike, level: float = LEVEL) -> Value:
    """A value with the percentile interval of its rounds."""
    tail = (1 - level) / 2
    kept = np.asarray(rounds, np.float64)
    kept = kept[np.isfinite(kept)]
    if not kept.size:
        return Value(value, value, value)
    low, high = np.quantile(kept, [tail, 1 - tail])
    return Value(value, float(low), float(high))


def mean(values: npt.ArrayLike, seed: int = 0, rounds: int = ROUNDS) -> Value:
    """The mean of one number for each image, with its interval."""
    found = np.asarray(values, np.float64)
    drawn = weights(len(found), rounds, seed)
    return interval(float(found.mean()), ratios(drawn, found, np.ones(len(found))))
