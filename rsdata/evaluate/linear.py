"""A linear probe: multinomial logistic regression on frozen vectors, its L2 chosen on validation images.

Loss: mean cross entropy + l2/2 * |W|^2 (the bias is free), minimised by L-BFGS to the end, so that there are no epochs
to stop at. RemoteCLIP's probe is SGD for 1,000 epochs (lr 0.8, weight decay 4e-5), and ITRA's code reports the best
test accuracy over epochs; here the test images are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
GRID = tuple(10.0**power for power in range(-7, 1))  # for unit vectors
STEPS = 500


class Probe(NamedTuple):
    """Weights [dim, class], bias [class], and the L2 that was chosen with its validation accuracy."""

    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    l2: float = 0.0
    validation: float = float("nan")

    def scores(self, vectors: F32) -> npt.NDArray[np.float64]:
        """Logits `[n, class]`."""
        found: npt.NDArray[np.float64] = vectors.astype(np.float64) @ self.weights + self.bias
        return found


def fit(vectors: F32, labels: I64, classes: int, l2: float, start: Probe | None = None) -> Probe:
    """The probe that minimises the loss on these vectors [n, dim]. Raises BadRecipe where there are none."""
    from scipy.optimize import minimize

    if not len(labels):
        raise BadRecipe("eval: no training image to learn a probe from; choose another --rule")
    x, size = vectors.astype(np.float64), vectors.shape[1]
    rows = np.arange(len(labels))

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights, bias = flat[: size * classes].reshape(size, classes), flat[size * classes :]
        logits = x @ weights + bias
        logits -= logits.max(1, keepdims=True)
        exps = np.exp(logits)
        sums = exps.sum(1)
        value = float(np.mean(np.log(sums) - logits[rows, labels])) + l2 / 2 * float((weights**2).sum())
        slope = exps / sums[:, None]
        slope[rows, labels] -= 1
        slope /= len(labels)
        return value, np.concatenate([(x.T @ slope + l2 * weights).ravel(), slope.sum(0)])

    begin = np.zeros((size + 1) * classes) if start is None else np.concatenate([start.weights.ravel(), start.bias])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 20}).x
    return Probe(found[: size * classes].reshape(size, classes), found[size * classes :], l2)


def select(
    train: tuple[F32, I64], val: tuple[F32, I64], classes: int, grid: Sequence[float] = GRID, refit: bool = True
) -> Probe:
    """The L2 with the best validation accuracy, of several the strongest; then, with `refit`, a probe of train and val
    together (as CLIP's). Nothing of the test images comes in here."""
    best: Probe | None = None
    last: Probe | None = None
    for l2 in sorted(grid, reverse=True):
        last = fit(*train, classes, l2, last)
        score = float((last.scores(val[0]).argmax(1) == val[1]).mean()) if len(val[1]) else 0.0
        if best is None or score > best.validation:
            best = last._replace(validation=score)
    if best is None:
        raise BadRecipe("eval: no value of L2 to choose from")
    if not refit or not len(val[1]):
        return best
    both = np.concatenate([train[0], val[0]]), np.concatenate([train[1], val[1]])
    return fit(*both, classes, best.l2, best)._replace(validation=best.validation)
