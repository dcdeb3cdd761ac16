"""A linear probe on image vectors: logistic regression from labelled examples, in place of the prompts' judgement."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe

F64 = npt.NDArray[np.float64]
PENALTY = 1e-3  # of the squared weights, for one example
FOLDS = 5


class Probe(NamedTuple):
    """p = 1 / (1 + exp(-(vector . weights + bias))). `model`: id of the weights whose vectors it reads; `auc`: on folds
    left out while fitting; `examples`: how many, and how many of them from above."""

    model: str
    weights: F64
    bias: float
    auc: float
    examples: tuple[int, int]

    def __call__(self, vectors: npt.NDArray[np.float32]) -> F64:
        return 1 / (1 + np.exp(-(vectors.astype(np.float64) @ self.weights + self.bias)))


def fit(vectors: npt.NDArray[np.float32], above: npt.NDArray[np.bool_], model: str) -> Probe:
    """Fit on unit vectors `[n, dim]`. Raises BadRecipe with fewer than FOLDS examples of either kind."""
    fewest = int(min(above.sum(), (~above).sum()))
    if fewest < FOLDS:
        raise BadRecipe(f"score: {fewest} labelled examples of one kind; at least {FOLDS} of both, 1 and 0, are needed")
    fold = np.empty(len(above), int)
    for kind in (True, False):
        places = np.flatnonzero(above == kind)
        fold[np.random.default_rng(0).permutation(places)] = np.arange(len(places)) % FOLDS
    left_out = np.empty(len(above))
    for n in range(FOLDS):
        weights, bias = _fitted(vectors[fold != n], above[fold != n])
        left_out[fold == n] = vectors[fold == n] @ weights + bias
    weights, bias = _fitted(vectors, above)
    return Probe(model, weights, bias, auc(left_out, above), (len(above), int(above.sum())))


def auc(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    from scipy.stats import rankdata

    ranks, n = rankdata(scores), int(positive.sum())
    others = len(positive) - n
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * others))


def write(path: Path, probe: Probe) -> None:
    """Write a probe as JSON."""
    data = {"model": probe.model, "auc": round(probe.auc, 6), "examples": list(probe.examples), "bias": probe.bias}
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps({**data, "weights": probe.weights.tolist()}) + "\n", "utf-8")
    temporary.replace(path)


def read(path: Path, model: str) -> Probe:
    """Read a probe. Raises BadRecipe where it is none, or reads the vectors of another model."""
    try:
        data = json.loads(path.read_text("utf-8"))
        weights = np.array(data["weights"], np.float64)
        found = Probe(data["model"], weights, float(data["bias"]), float(data["auc"]), tuple(data["examples"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRecipe(f"{path}: not a probe as `rsdata score --fit` writes it ({error})") from error
    if found.model != model:
        raise BadRecipe(f"{path}: fitted on the vectors of another model ({found.model}, not {model}); fit it again")
    return found


def read_labels(path: Path) -> dict[str, bool]:
    """Record id -> from above, from a CSV with the columns id and label (1 or 0)

        id,label
        dota/train/P0003,1

    Raises BadRecipe naming the line."""
    found: dict[str, bool] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"id", "label"} <= set(rows.fieldnames or ()):
                raise BadRecipe(f"{path}:1: wants the columns id,label; found {rows.fieldnames}")
            for row in rows:
                if row["label"] not in ("0", "1"):
                    raise BadRecipe(f"{path}:{rows.line_num}: label {row['label']!r}: wants 1 (from above) or 0")
                found[str(row["id"])] = row["label"] == "1"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRecipe(f"{path}: the labels cannot be read ({error})") from error
    return found


def _fitted(vectors: npt.NDArray[np.float32], above: npt.NDArray[np.bool_]) -> tuple[F64, float]:
    from scipy.optimize import minimize

    x = np.c_[vectors.astype(np.float64), np.ones(len(vectors))]
    sign = np.where(above, 1.0, -1.0)
    share = np.where(above, 0.5 / above.sum(), 0.5 / (~above).sum())  # both kinds weigh the same

    def loss(w: F64) -> tuple[float, F64]:
        margin = sign * (x @ w)
        value = float((share * np.logaddexp(0, -margin)).sum() + PENALTY * (w[:-1] @ w[:-1]))
        slope = -(x.T @ (share * sign / (1 + np.exp(margin))))
        slope[:-1] += 2 * PENALTY * w[:-1]
        return value, slope

    best = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return best.x[:-1], float(best.x[-1])
