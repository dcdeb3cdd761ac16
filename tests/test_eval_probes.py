"""Probes on vectors whose answer is known; and the test's labels have no say in what is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsdata.errors import BadRecipe
from rsdata.evaluate import fewshot, knn, linear, probing, zeroshot
from rsdata.evaluate.classes import Classes


def toy(count: int, classes: int = 4, spread: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors near to one axis for each class, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    vectors = np.eye(classes, 8)[labels] + rng.normal(0, spread, (count, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((zeroshot.predict(scores, labels) == labels).mean())


def test_separable_vectors_are_told_apart_by_all() -> None:
    train, val, test = toy(80, seed=1), toy(40, seed=2), toy(60, seed=3)
    assert accuracy(linear.select(train, val, 4).scores(test[0]), test[1]) == 1.0
    assert accuracy(knn.votes(*train, test[0], 4), test[1]) == 1.0
    assert accuracy(fewshot.learn(train, val, 4, 1, 0).scores(test[0]), test[1]) == 1.0


def test_shuffled_labels_are_at_chance() -> None:
    rng = np.random.default_rng(5)
    train, val, test = toy(400, spread=1.0, seed=1), toy(100, spread=1.0, seed=2), toy(800, spread=1.0, seed=3)
    wrong = [(vectors, rng.permutation(labels)) for vectors, labels in (train, val)]
    shuffled = test[0], rng.permutation(test[1])
    for scores in (linear.select(*wrong, 4).scores(shuffled[0]), knn.votes(*wrong[0], shuffled[0], 4)):
        assert 0.25 - 0.055 < accuracy(scores, shuffled[1]) < 0.25 + 0.055  # 3.6 standard deviations of 800 tosses


def test_the_probe_is_at_the_minimum_of_its_loss() -> None:
    (x, y), l2 = toy(60, spread=0.7), 1e-2
    probe = linear.fit(x, y, 4, l2)
    logits = probe.scores(x)
    share = np.exp(logits - logits.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    share[np.arange(60), y] -= 1
    slope = x.astype(np.float64).T @ share / 60 + l2 * probe.weights
    assert np.abs(slope).max() < 1e-4 and np.abs(share.sum(0) / 60).max() < 1e-4


def test_l2_is_chosen_on_validation_of_several_the_strongest() -> None:
    """A probe learns noise the better the weaker its L2 is; each validation set gets what suits it."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 60)).astype(np.float32)
    train = noise / np.linalg.norm(noise, axis=1, keepdims=True), rng.integers(0, 2, 40)
    by_heart = linear.select(train, train, 2, refit=False)
    assert (by_heart.validation, by_heart.l2) == (1.0, 1e-2)  # its own training images: 0.1 gives 0.9, 1e-3 is weaker
    flat = np.zeros((9, 60), np.float32), np.full(9, np.bincount(train[1]).argmax())
    assert linear.select(train, flat, 2, refit=False).l2 == max(linear.GRID)  # all the same: the strongest


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 40))
def test_votes_equal_a_plain_loop(seed: int, k: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    train = rng.integers(-1, 2, (60, 2)).astype(np.float32)  # ties everywhere
    labels, queries = rng.integers(0, 3, 60), rng.integers(-1, 2, (5, 2)).astype(np.float32)
    wanted = np.zeros((5, 3))
    for n, query in enumerate(queries):
        scores = train @ query
        for near in sorted(range(60), key=lambda j: (-scores[j], j))[:k]:
            wanted[n, labels[near]] += np.exp((float(scores[near]) - 1) / 0.07)
    np.testing.assert_allclose(knn.votes(train, labels, queries, 3, k=k, block=block), wanted, rtol=1e-6)


def test_the_test_images_have_no_say_in_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every test label changed, the same L2 and the same weights come out of a whole run of each task."""
    chosen: list[list[linear.Probe]] = []
    fit = linear.select

    def spy(*args: object, **named: object) -> linear.Probe:
        chosen[-1].append(fit(*args, **named))
        return chosen[-1][-1]

    monkeypatch.setattr(linear, "select", spy)
    train, val, test = toy(80, spread=0.5, seed=1), toy(40, spread=0.5, seed=2), toy(60, spread=0.5, seed=3)
    known = Classes("toy", list("abcd"), list("abcd"), test[1])
    numbers = []
    for labels in (test[1], (test[1] + 1) % 4):
        chosen.append([])
        cut = probing.Cut(train, val, (test[0], labels), known, {}, [])
        few = [probing._few(cut, shots, 2, 10, 0) for shots in (1, 4)]
        numbers.append([row["metrics"]["top1"]["value"] for row in (*few, probing._linear(cut, 10, 0))])
    assert len(chosen[0]) == len(chosen[1]) == 5 and numbers[0][-1] > 60 > 40 > numbers[1][-1]
    for one, other in zip(*chosen, strict=True):
        assert one.l2 == other.l2 and one.validation == other.validation and (one.weights == other.weights).all()


def test_shots_are_k_of_each_class() -> None:
    labels = np.array([0] * 10 + [1] * 3 + [2] * 10)
    rows = fewshot.draw(labels, 4, 0)
    assert np.bincount(labels[rows]).tolist() == [4, 3, 4] and len(set(rows)) == 11
    assert fewshot.draw(labels, 4, 0).tolist() == rows.tolist() != fewshot.draw(labels, 4, 1).tolist()


def test_a_tie_is_a_mistake_and_confusions_are_listed() -> None:
    scores = np.array([[1, 1, 0], [2, 1, 0], [0, 0, 0], [0, 3, 1]], np.float32)
    labels = np.array([0, 0, 2, 2])
    predicted = zeroshot.predict(scores, labels)
    assert predicted.tolist() == [1, 0, 0, 1]
    found = zeroshot.measure(predicted, labels, 3, rounds=50)
    assert (found["top1"]["value"], found["per_class"]["value"]) == (25.0, 25.0)
    assert zeroshot.confusions(predicted, labels, ["a", "b", "c"]) == [
        {"class": "a", "taken_for": "b", "images": 1, "share": 0.5},
        {"class": "c", "taken_for": "a", "images": 1, "share": 0.5},
        {"class": "c", "taken_for": "b", "images": 1, "share": 0.5},
    ]


def test_the_mean_over_classes_is_of_those_with_images() -> None:
    labels = np.array([0, 0, 0, 0, 2])
    found = zeroshot.measure(np.array([0, 0, 0, 1, 2]), labels, 5, rounds=50)
    assert (found["top1"]["value"], found["per_class"]["value"]) == (80.0, 87.5)


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(BadRecipe, match="no training image"):
        linear.fit(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), 3, 1.0)
