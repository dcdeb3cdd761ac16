"""Near hashes: the same pairs as comparing each with each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsdata import hamming


def brute(a: np.ndarray, b: np.ndarray, t: int) -> set[tuple[int, int, int]]:
    d = np.bitwise_count(a[:, None] ^ b[None, :])
    return {(int(i), int(j), int(d[i, j])) for i, j in zip(*np.nonzero(d <= t), strict=True)}


def planted(n: int, seed: int = 0) -> np.ndarray:
    """Random hashes, and for each third one a copy with 0 to 12 bits flipped."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    near = hashes[::3].copy()
    for k in range(len(near)):
        for bit in rng.choice(64, rng.integers(0, 13), replace=False):
            near[k] ^= np.uint64(1) << np.uint64(bit)
    return np.concatenate([hashes, near])


@pytest.mark.parametrize("t", range(11))
def test_pairs_are_those_of_comparing_each_with_each(t: int) -> None:
    hashes = planted(900, seed=t)
    found = set(zip(*(x.tolist() for x in hamming.pairs(hashes, t)), strict=True))
    assert found == {(i, j, d) for i, j, d in brute(hashes, hashes, t) if i < j}
    assert len(found) > 20


@pytest.mark.parametrize("t", [0, 2, 3, 8])
def test_matches_are_those_of_comparing_each_with_each(t: int) -> None:
    base = planted(800)
    queries = np.concatenate([base[::5] ^ np.uint64(0b1001), planted(60, seed=9)])
    assert set(zip(*(x.tolist() for x in hamming.matches(queries, base, t)), strict=True)) == brute(queries, base, t)


hashes = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 255), max_size=40).map(lambda x: np.array(x, np.uint64))


@settings(deadline=None, max_examples=60)
@given(hashes, hashes, st.integers(0, 10))
def test_any_hashes(a: np.ndarray, b: np.ndarray, t: int) -> None:
    assert set(zip(*(x.tolist() for x in hamming.matches(a, b, t)), strict=True)) == brute(a, b, t)
    found = set(zip(*(x.tolist() for x in hamming.pairs(a, t)), strict=True))
    assert found == {(i, j, d) for i, j, d in brute(a, a, t) if i < j}


@pytest.mark.parametrize("k", range(1, 6))
def test_every_number_of_bands_gives_the_same(monkeypatch: pytest.MonkeyPatch, k: int) -> None:
    base = planted(300)
    expected = hamming.pairs(base, 4)
    monkeypatch.setattr(hamming, "bands", lambda n, m, t: k)
    for one, other in zip(hamming.pairs(base, 4), expected, strict=True):
        assert (one == other).all()


def test_small_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    base, queries = planted(400), planted(90, seed=3)
    whole = hamming.matches(queries, base, 6), hamming.pairs(base, 6)
    monkeypatch.setattr(hamming, "CHUNK", 7)
    parts = hamming.matches(queries, base, 6), hamming.pairs(base, 6)
    for one, other in zip(whole, parts, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_equal_hashes_collapse() -> None:
    different, place = hamming.collapse(np.array([5, 9, 5, 5, 1], np.uint64))
    assert different.tolist() == [1, 5, 9] and place.tolist() == [1, 2, 1, 1, 0]


def test_a_distance_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="distance 17"):
        hamming.pairs(np.array([1], np.uint64), 17)
