"""k nearest neighbours by cosine, votes weighted by exp(similarity / 0.07), as DINO's (eval_knn.py); k = 20.

RemoteCLIP gives the same k and temperature. Neighbours with the same similarity as the last that counts: the first in
the order of the training images.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
K = 20
TEMPERATURE = 0.07
BLOCK = 8_000_000  # similarities held at a time


def votes(
    train: F32,
    labels: I64,
    queries: F32,
    classes: int,
    *,
    k: int = K,
    temperature: float = TEMPERATURE,
    block: int = BLOCK,
) -> npt.NDArray[np.float64]:
    """Weighted votes `[query, class]` of the k nearest of `train` [n, dim]; all vectors of unit length."""
    k = min(k, len(train))
    found = np.zeros((len(queries), classes))
    step = max(1, block // max(len(train), 1))
    for first in range(0, len(queries), step):
        scores = queries[first : first + step] @ train.T
        near = _nearest(scores, k)
        weights = np.exp((np.take_along_axis(scores, near, 1).astype(np.float64) - 1) / temperature)
        rows = np.repeat(np.arange(len(scores)), k)
        np.add.at(found, (first + rows, labels[near].ravel()), weights.ravel())
    return found


def _nearest(scores: F32, k: int) -> npt.NDArray[np.intp]:
    """Columns of the k highest scores of each row, nearest first; of equal ones the first columns."""
    if scores.shape[1] > 4 * k:
        last = np.partition(scores, -k, axis=1)[:, -k]  # the lowest score that counts
        rows = [np.flatnonzero(row >= low) for row, low in zip(scores, last, strict=True)]
        return np.stack([at[np.argsort(-row[at], kind="stable")[:k]] for row, at in zip(scores, rows, strict=True)])
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]
