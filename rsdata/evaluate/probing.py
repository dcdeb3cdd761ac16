"""Probes end to end: one set of scenes, cut by a frozen rule, embedded once; then linear, k-NN or few shots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe
from rsdata.evaluate import bootstrap, classes, fewshot, knn, linear, splits, zeroshot
from rsdata.evaluate.classes import Classes
from rsdata.evaluate.data import Data
from rsdata.evaluate.features import Encoder

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
TASKS = ("probe", "knn", "fewshot")


class Cut(NamedTuple):
    """Vectors and labels of each part."""

    train: tuple[F32, I64]
    val: tuple[F32, I64]
    test: tuple[F32, I64]
    known: Classes
    about: dict[str, Any]
    notes: list[str]


def run(
    task: str,
    encoder: Encoder,
    data: Data,
    *,
    rule: str = "",
    k: int = knn.K,
    shots: Sequence[int] = fewshot.SHOTS,
    repeats: int = fewshot.REPEATS,
    rounds: int = bootstrap.ROUNDS,
    seed: int = 0,
    progress: Any = None,
) -> dict[str, Any]:
    """Rows of one task: one for probe and knn, one for each number of shots."""
    if task not in TASKS:
        raise BadRecipe(f"eval: no task {task!r}; there are {', '.join(TASKS)}")
    cut = cut_of(encoder, data, rule, seed, progress)
    if task == "probe":
        rows, more = [_linear(cut, rounds, seed)], {"l2": f"one of {len(linear.GRID)}, by validation"}
    elif task == "knn":
        rows, more = [_knn(cut, k, rounds, seed)], {"k": str(k), "temperature": str(knn.TEMPERATURE)}
    else:
        rows = [_few(cut, shot, repeats, rounds, seed) for shot in shots]
        more = {"repeats": str(repeats), "l2": "by validation images, min(k, 4) a class"}
    rows = [{**row, **cut.about} for row in rows]
    return {"settings": more, "rounds": rounds, "rows": rows, "notes": [*cut.notes, *_scarce(rows)]}


def cut_of(encoder: Encoder, data: Data, rule: str, seed: int, progress: Any = None) -> Cut:
    """Embed a set and cut it by a rule."""
    labelled, known = classes.of(data)
    rule = splits.rule_for(known.set_name, rule, labelled.records)
    parts = splits.split(labelled.records, known.labels, known.set_name, rule, seed)
    held = splits.digest(labelled.records, parts)
    place = {id(record): part for record, part in zip(labelled.records, parts, strict=True)}
    found, labels = zeroshot.embed(encoder, labelled, known, progress)
    if encoder.store:
        encoder.store.save()
    of = np.array([place[id(record)] for record in found.records])
    cuts = [(found.vectors[of == part], labels[of == part]) for part in splits.PARTS]
    sizes = ", ".join(f"{part} {len(cut[1]):,}" for part, cut in zip(splits.PARTS, cuts, strict=True))
    notes = [f"{len(found.unreadable):,} images could not be read: {found.unreadable[0]}"] if found.unreadable else []
    empty = [part for part, cut in zip(splits.PARTS, cuts, strict=True) if not len(cut[1])]
    if empty:
        raise BadRecipe(f"eval: {known.set_name} by the rule {rule} leaves {' and '.join(empty)} empty ({sizes})")
    train, val, test = cuts
    return Cut(train, val, test, known, {"split": rule, "split_hash": held, "parts": sizes}, notes)


def _scarce(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A note for each number of shots that some class has too few images for."""
    found = []
    for row in rows:
        fewest = row.get("fewest_training_images_of_a_class")
        if fewest is not None and fewest < row["shots"]:
            found.append(f"{row['set']}: {row['shots']} shots, but a class has {fewest} training images: all of them")
    return found


def _linear(cut: Cut, rounds: int, seed: int) -> dict[str, Any]:
    count = len(cut.known.names)
    probe = linear.select(cut.train, cut.val, count)
    row = _row(cut, "linear", zeroshot.predict(probe.scores(cut.test[0]), cut.test[1]), rounds, seed)
    return {**row, "l2": probe.l2, "validation": round(100 * probe.validation, 4)}


def _knn(cut: Cut, k: int, rounds: int, seed: int) -> dict[str, Any]:
    """Neighbours are looked for in train and val together: nothing is chosen on val here."""
    train = np.concatenate([cut.train[0], cut.val[0]])
    labels = np.concatenate([cut.train[1], cut.val[1]])
    scores = knn.votes(train, labels, cut.test[0], len(cut.known.names), k=k)
    return _row(cut, "k-NN", zeroshot.predict(scores, cut.test[1]), rounds, seed)


def _few(cut: Cut, shots: int, repeats: int, rounds: int, seed: int) -> dict[str, Any]:
    """The mean over repeats; the interval is over test images, `spread` the standard deviation over repeats."""
    count, (vectors, labels) = len(cut.known.names), cut.test
    found, chosen = [], []
    for n in range(repeats):
        probe = fewshot.learn(cut.train, cut.val, count, shots, seed + n)
        found.append((zeroshot.predict(probe.scores(vectors), labels) == labels).astype(np.float64))
        chosen.append(probe.l2)
    means = [100 * float(right.mean()) for right in found]
    top = bootstrap.mean(100 * np.mean(found, axis=0), seed, rounds)
    fewest = int(np.bincount(cut.train[1], minlength=count)[np.unique(labels)].min())
    return {
        "set": cut.known.set_name,
        "shots": shots,
        "images": len(labels),
        "classes": count,
        "metrics": {"top1": top.as_dict()},
        "chance": {"top1": round(100 / count, 6)},
        "spread": round(float(np.std(means, ddof=1)), 4) if repeats > 1 else None,
        "repeats": [round(value, 4) for value in means],
        "l2": chosen,
        "fewest_training_images_of_a_class": fewest,
    }


def _row(cut: Cut, method: str, predicted: I64, rounds: int, seed: int) -> dict[str, Any]:
    count, labels = len(cut.known.names), cut.test[1]
    chance = round(100 / count, 6)
    return {
        "set": cut.known.set_name,
        "method": method,
        "images": len(labels),
        "classes": count,
        "metrics": zeroshot.measure(predicted, labels, count, rounds, seed),
        "chance": {"top1": chance, "per_class": chance},
        "confusions": zeroshot.confusions(predicted, labels, cut.known.names),
    }
