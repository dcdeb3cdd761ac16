"""Zero-shot classification: an image is of the class whose prompts are nearest (Radford et al. 2021, section 3.1.4).

A tie with another class is a mistake, whatever its place in the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rsdata.evaluate import bootstrap, classes, prompts, splits
from rsdata.evaluate.classes import Classes
from rsdata.evaluate.data import Data
from rsdata.evaluate.features import Encoder

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
MOST = 10  # confusions that are listed


def run(
    encoder: Encoder,
    data: Data,
    *,
    langs: Sequence[str] = ("en",),
    prompt_set: str = "rsdata",
    rule: str = "",
    part: str = "test",
    rounds: int = 1000,
    seed: int = 0,
    progress: Any = None,
) -> dict[str, Any]:
    """One row a language: top-1, the mean over classes, what is taken for what. `part`: test, or all."""
    labelled, known = classes.of(data)
    rule = splits.rule_for(known.set_name, rule, labelled.records) if part != "all" else "all images"
    if part != "all":
        parts = splits.split(labelled.records, known.labels, known.set_name, rule, seed)
        held = splits.digest(labelled.records, parts)
        kept = {id(record) for record, place in zip(labelled.records, parts, strict=True) if place == part}
        labelled, known = classes.of(labelled.only(lambda record: id(record) in kept, f"not in {part}"))
    else:
        held = splits.digest(labelled.records, ["all"] * len(labelled.records))
    found, labels = embed(encoder, labelled, known, progress)
    cut = {"split": rule, "split_hash": held}
    rows = [
        {**_row(encoder, found.vectors, labels, known, lang, prompt_set, rounds=rounds, seed=seed), **cut}
        for lang in langs
    ]
    if encoder.store:
        encoder.store.save()
    notes = [f"{len(found.unreadable):,} images could not be read: {found.unreadable[0]}"] if found.unreadable else []
    settings = {"prompts": f"{prompt_set}-{prompts.load(prompt_set)['version']}", "part": part}
    return {"settings": settings, "rounds": rounds, "rows": rows, "notes": notes}


def class_vectors(encoder: Encoder, known: Classes, lang: str, prompt_set: str) -> F32:
    """Unit vectors `[class, dim]`: the mean of the vectors of each class's prompts."""
    unit = prompts.unit(prompt_set)
    pairs = zip(known.names, known.concepts, strict=True)
    said = [prompts.sentences(prompt_set, lang, known.set_name, name, concept) for name, concept in pairs]
    vectors = encoder.texts([text for texts in said for text in texts], unit)
    ends = np.cumsum([0, *map(len, said)]).tolist()
    means = np.stack([vectors[first:last].mean(0) for first, last in pairwise(ends)])
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), np.float32)


def predict(scores: npt.NDArray[Any], labels: I64) -> I64:
    """The class of the highest score [n]; of several, one that is wrong."""
    rows = np.arange(len(labels))
    own = scores[rows, labels]
    others = scores.copy()
    others[rows, labels] = -np.inf
    best = others.argmax(1)
    return np.where(others[rows, best] >= own, best, labels).astype(np.int64)


def measure(predicted: I64, labels: I64, count: int, rounds: int = bootstrap.ROUNDS, seed: int = 0) -> dict[str, Any]:
    """Top-1 and the mean over the classes that have images, in percent, with intervals; chance is one in `count`."""
    right = (predicted == labels).astype(np.float32)
    hot = np.zeros((len(labels), count), np.float32)
    hot[np.arange(len(labels)), labels] = 1
    there = hot.sum(0) > 0
    hot = hot[:, there]
    drawn = bootstrap.weights(len(labels), rounds, seed)
    top = bootstrap.ratios(drawn, right, np.ones_like(right))
    with np.errstate(invalid="ignore", divide="ignore"):
        by_class = (drawn @ (hot * right[:, None])) / (drawn @ hot)
    own = (hot * right[:, None]).sum(0) / hot.sum(0)
    macro = np.nanmean(by_class, axis=1) if len(labels) else np.zeros(0)
    return {
        "top1": bootstrap.interval(100 * float((predicted == labels).mean()), 100 * top).as_dict(),
        "per_class": bootstrap.interval(100 * float(own.mean()), 100 * macro).as_dict(),
    }


def confusions(predicted: I64, labels: I64, names: Sequence[str], most: int = MOST) -> list[dict[str, Any]]:
    """The pairs that were taken for each other most: how many images, and which share of the class."""
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    total = counts.sum(1)
    np.fill_diagonal(counts, 0)
    order = sorted(np.argwhere(counts > 0).tolist(), key=lambda pair: (-counts[tuple(pair)], pair))[:most]
    return [
        {
            "class": names[true],
            "taken_for": names[other],
            "images": int(counts[true, other]),
            "share": round(float(counts[true, other] / total[true]), 4),
        }
        for true, other in order
    ]


def embed(encoder: Encoder, data: Data, known: Classes, progress: Any = None) -> tuple[Any, I64]:
    """Vectors of the images that can be read, and their labels."""
    if progress:
        progress.start(known.set_name, -(-len(data.records) // encoder.batch), 0)
    found = encoder.images(data, (lambda n: progress.advance()) if progress else (lambda n: None))
    numbers = {id(record): label for record, label in zip(data.records, known.labels, strict=True)}
    return found, np.array([numbers[id(record)] for record in found.records], np.int64)


def _row(
    encoder: Encoder, vectors: F32, labels: I64, known: Classes, lang: str, prompt_set: str, *, rounds: int, seed: int
) -> dict[str, Any]:
    scores = vectors @ class_vectors(encoder, known, lang, prompt_set).T
    predicted = predict(scores, labels)
    chance = round(100 / len(known.names), 6)
    return {
        "set": known.set_name,
        "lang": lang,
        "images": len(labels),
        "classes": len(known.names),
        "metrics": measure(predicted, labels, len(known.names), rounds, seed),
        "chance": {"top1": chance, "per_class": chance},
        "confusions": confusions(predicted, labels, known.names),
        "prompts_hash": prompts.digest(prompt_set, lang, known.set_name, known.names, known.concepts),
    }
