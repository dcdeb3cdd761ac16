"""Recall against brute force, ties included; chance; the interval's coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsdata.errors import BadRecipe
from rsdata.evaluate import bootstrap, retrieval

# Whole numbers, so that a product is exact and ties are many.
VECTORS = st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), min_size=2, max_size=6)


def brute(scores: np.ndarray, truth: list[set[int]], k: int, ties: str) -> list[float]:
    """Hits at k by sorting; `expected` by every order of the answers."""
    found = []
    for row, good in zip(scores, truth, strict=True):
        answers = range(len(row))
        if ties == "expected":
            orders = [sorted(p, key=lambda j: -row[j]) for p in itertools.permutations(answers)]
            found.append(float(np.mean([any(j in good for j in order[:k]) for order in orders])))
            continue
        last = 1 if ties == "pessimistic" else -1
        order = sorted(answers, key=lambda j: (-row[j], last * (j in good)))
        found.append(float(any(j in good for j in order[:k])))
    return found


@settings(max_examples=60, deadline=None)
@given(st.data(), VECTORS, st.integers(1, 4), st.sampled_from(retrieval.TIES), st.integers(1, 9))
def test_recall_equals_brute_force_on_ties_too(data, answers, k, ties, block) -> None:
    queries = data.draw(VECTORS)
    groups = data.draw(st.lists(st.integers(0, 2), min_size=len(answers), max_size=len(answers)))
    asked = data.draw(st.lists(st.sampled_from(groups), min_size=len(queries), max_size=len(queries)))
    q, a = np.array(queries, np.float32), np.array(answers, np.float32)
    ranks = retrieval.rank(q, a, retrieval.right(asked, groups), block)
    truth = [{j for j, group in enumerate(groups) if group == wanted} for wanted in asked]
    np.testing.assert_allclose(retrieval.hits(ranks, k, ties), brute(q @ a.T, truth, k, ties), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(2, 4))
def test_equal_captions_can_be_right_for_all_their_images(data, images) -> None:
    words = data.draw(
        st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=images, max_size=images)
    )
    vectors = {"a": (1, 0), "b": (0, 1), "c": (1, 1)}
    pictures = np.array(data.draw(st.lists(st.sampled_from(list(vectors.values())), min_size=images, max_size=images)))
    owner, group, texts = retrieval.owners(words, "text")
    said = np.array([vectors[text] for text in texts], np.float32)
    found = retrieval.evaluate(pictures.astype(np.float32), said, owner, group, rounds=2)
    to_text = [{j for j, text in enumerate(texts) if text in words[i]} for i in range(images)]
    to_image = [{i for i in range(images) if text in words[i]} for text in texts]
    for k in (1, 5, 10):
        i2t = brute(pictures @ said.T, to_text, k, "pessimistic")
        t2i = brute(said @ pictures.T, to_image, k, "pessimistic")
        assert found["metrics"][f"i2t_r{k}"]["value"] == pytest.approx(100 * np.mean(i2t), abs=1e-5)
        assert found["metrics"][f"t2i_r{k}"]["value"] == pytest.approx(100 * np.mean(t2i), abs=1e-5)


def test_golden_numbers_of_a_small_set() -> None:
    images = np.eye(3, dtype=np.float32)
    texts = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    owner = np.array([0, 0, 1, 2, 2])  # image 0 has a caption of 1's, image 2 one of 0's
    found = retrieval.evaluate(images, texts, owner, ks=(1, 2), rounds=10)
    values = {name: metric["value"] for name, metric in found["metrics"].items()}
    # image 0 ties with image 2's caption: the wrong one first. Captions 1 and 4 find the wrong image first.
    assert values == pytest.approx(
        {
            "i2t_r1": 100 / 3, "i2t_r2": 100.0, "t2i_r1": 60.0, "t2i_r2": 60.0,
            "mean_recall": (100 / 3 + 100 + 60 + 60) / 4,
        },
        abs=1e-4,
    )  # fmt: skip
    assert found["queries_that_tie"] == {"i2t": 2, "t2i": 2}
    assert found["chance"]["t2i_r1"] == pytest.approx(100 / 3, abs=1e-4)
    # one right of five, two right of five: 1 - C(3, 2) / C(5, 2) = 0.7
    assert found["chance"]["i2t_r2"] == pytest.approx(100 * (0.7 + 0.4 + 0.7) / 3, abs=1e-4)


def test_the_same_model_for_all_gives_nothing_when_ties_count_against_it() -> None:
    flat = np.ones((20, 4), np.float32) / 2
    owner = np.arange(20)
    values = {
        ties: retrieval.evaluate(flat, flat, owner, ties=ties, rounds=2)["metrics"]["i2t_r5"]["value"]
        for ties in retrieval.TIES
    }
    assert values == pytest.approx({"pessimistic": 0.0, "expected": 25.0, "optimistic": 100.0})


def test_random_vectors_are_at_chance_and_dealing_anew_says_so() -> None:
    rng = np.random.default_rng(1)
    images, texts = (rng.normal(size=(200, 16)).astype(np.float32) for _ in range(2))
    images, texts = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, texts))
    found = retrieval.evaluate(images, texts, np.arange(200), rounds=200)
    assert found["chance"]["i2t_r10"] == pytest.approx(5.0)
    assert (
        found["metrics"]["mean_recall"]["low"]
        < found["chance"]["mean_recall"]
        < found["metrics"]["mean_recall"]["high"]
    )
    dealt = retrieval.shuffled(images, images, np.arange(200), rounds=5)
    assert dealt["i2t_r1"]["value"] < 3  # undealt, it would be 100
    assert retrieval.evaluate(images, images, np.arange(200), rounds=2)["metrics"]["i2t_r1"]["value"] == 100


def test_what_cannot_be_ranked_is_an_error() -> None:
    with pytest.raises(BadRecipe, match="query 1 has no right answer"):
        retrieval.right([0, 7], [0, 1])
    with pytest.raises(BadRecipe, match="ties 'lucky'; wanted pessimistic, expected, optimistic"):
        retrieval.hits(retrieval.Ranks(*(np.zeros(1, np.int64),) * 3, 1, np.ones(1, np.int64)), 1, "lucky")
    with pytest.raises(BadRecipe, match="same 'x'; wanted own or text"):
        retrieval.owners([["a"]], "x")


def test_the_mean_over_languages() -> None:
    rows = [{"metrics": {"i2t_r1": {"value": 10.0}}}, {"metrics": {"i2t_r1": {"value": 25.0}}}]
    assert retrieval.average(rows) == {"i2t_r1": 17.5}


def test_every_round_draws_as_many_images_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = bootstrap.weights(7, 50, 3)
    assert drawn.shape == (50, 7) and (drawn.sum(1) == 7).all() and (drawn != 1).any()
    monkeypatch.setattr(bootstrap, "BLOCK", 21)  # three rounds at a time: whole draws all the same
    again = bootstrap.weights(7, 50, 3)
    assert (again.sum(1) == 7).all() and again.shape == (50, 7)


def test_rounds_are_ratios_of_captions_not_of_images() -> None:
    drawn = np.array([[2, 0], [0, 2], [1, 1]], np.float32)
    sums, counts = np.array([1, 3]), np.array([5, 5])
    assert bootstrap.ratios(drawn, sums, counts).tolist() == pytest.approx([0.2, 0.6, 0.4])
    assert bootstrap.ratios(drawn, [1, 1], [1, 9]).tolist() == pytest.approx([1.0, 1 / 9, 0.2])


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """300 samples of 120 images with a true share of 0.3: 95 % of the intervals hold it, give or take."""
    rng = np.random.default_rng(0)
    held = 0
    for n in range(300):
        value = bootstrap.mean(rng.random(120) < 0.3, seed=n, rounds=400)
        held += value.low <= 0.3 <= value.high
    assert 0.90 <= held / 300 <= 0.985


def test_the_interval_is_the_middle_95_percent() -> None:
    assert bootstrap.interval(7.0, np.arange(1001)) == pytest.approx((7.0, 25.0, 975.0))
    assert bootstrap.interval(7.0, [np.nan, np.nan]) == (7.0, 7.0, 7.0)


def test_an_image_is_drawn_with_all_its_captions() -> None:
    """A plain loop over the rounds: the captions of each drawn image, as often as it was drawn."""
    rng = np.random.default_rng(4)
    owner = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    images, texts = rng.normal(size=(12, 3)).astype(np.float32), rng.normal(size=(len(owner), 3)).astype(np.float32)
    found = retrieval.evaluate(images, texts, owner, ks=(3,), rounds=100, seed=9)["metrics"]
    scores = texts @ images.T
    hit = np.array([100.0 * ((scores[j] > scores[j, owner[j]]).sum() < 3) for j in range(len(owner))])
    rounds = []
    for drawn in bootstrap.weights(12, 100, 9):
        rounds.append(
            np.mean([hit[j] for i in range(12) for _ in range(int(drawn[i])) for j in np.flatnonzero(owner == i)])
        )
    wanted = bootstrap.interval(float(hit.mean()), rounds)
    assert found["t2i_r3"] == pytest.approx(wanted._asdict(), abs=1e-5)
    assert wanted.low < wanted.value < wanted.high


def test_equal_vectors_tie_wherever_they_stand() -> None:
    """Columns of a float32 product depend on where they stand in it, by a last bit; here they must not."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(7, 100)).astype(np.float32)
    which = rng.integers(0, 7, 501)
    queries = rng.normal(size=(7, 100)).astype(np.float32)
    for column in (0, 250, 500):
        truth = retrieval.Right(np.arange(8), np.full(7, column))
        ranks = retrieval.rank(queries, few[which], truth)
        assert (ranks.tied + ranks.right == (which == which[column]).sum()).all() and (ranks.right == 1).all()
