"""Few shots: a linear probe from k training images of each class, its L2 chosen on min(k, 4) validation images of each.

ITRA draws k images out of the files of all classes met so far, and takes the best of its settings on the test images.
Here k are k of each class, and `draw` and `learn` are never given a test image or label.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rsdata.evaluate import linear
from rsdata.evaluate.linear import GRID, Probe

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
SHOTS = (1, 2, 4, 8, 16, 32)
REPEATS = 5
MOST_VAL = 4  # validation images of a class, as CoOp's min(k, 4)


def draw(labels: I64, k: int, seed: int) -> I64:
    """Rows of k images of each class, without repeats; all of a class that has fewer. Sorted."""
    rng = np.random.default_rng([seed, k])
    picked = [rng.permutation(np.flatnonzero(labels == label))[:k] for label in np.unique(labels)]
    return np.sort(np.concatenate(picked)).astype(np.int64) if picked else np.zeros(0, np.int64)


def learn(
    train: tuple[F32, I64],
    val: tuple[F32, I64],
    classes: int,
    k: int,
    seed: int,
    grid: Sequence[float] = GRID,
) -> Probe:
    """A probe from k images a class. It is not fitted again with the validation images: k shots stay k."""
    rows, checked = draw(train[1], k, seed), draw(val[1], min(k, MOST_VAL), seed + 1_000_003)
    few = train[0][rows], train[1][rows]
    return linear.select(few, (val[0][checked], val[1][checked]), classes, grid, refit=False)
