"""Polygons, positions and connected components against hand-made figures, scipy and real masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage

from rsdata import geometry

SQUARE = (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)


@pytest.mark.parametrize(
    ("poly", "area"),
    [
        (SQUARE, 16.0),
        (SQUARE[::-1], 16.0),
        ((0.0, 0.0, 4.0, 0.0, 0.0, 3.0), 6.0),
        ((2.0, 0.0, 4.0, 2.0, 2.0, 4.0, 0.0, 2.0), 8.0),
        ((0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 2.0, 1.0, 0.0, 4.0), 10.0),
        ((1.0, 1.0, 5.0, 5.0), 0.0),
        ((), 0.0),
    ],
)
def test_polygon_area(poly: tuple[float, ...], area: float) -> None:
    assert geometry.polygon_area(poly) == area


@pytest.mark.parametrize(
    ("poly", "box", "wanted"),
    [
        (SQUARE, (1, 1, 3, 3), {(1, 1), (3, 1), (3, 3), (1, 3)}),
        (SQUARE, (2, -1, 9, 9), {(2, 0), (4, 0), (4, 4), (2, 4)}),
        (SQUARE, (0, 0, 4, 4), {(0, 0), (4, 0), (4, 4), (0, 4)}),
        (SQUARE, (5, 5, 9, 9), set()),
        ((2, 0, 4, 2, 2, 4, 0, 2), (2, 0, 4, 4), {(2, 0), (4, 2), (2, 4)}),
        ((), (0, 0, 1, 1), set()),
    ],
)
def test_clip_polygon(poly: tuple[float, ...], box: tuple[float, ...], wanted: set[tuple[float, float]]) -> None:
    found = geometry.clip_polygon(poly, box)
    assert set(zip(found[0::2], found[1::2], strict=True)) == wanted


def test_clip_polygon_of_a_concave_one_keeps_its_area_on_both_sides() -> None:
    letter_u = (0, 0, 3, 0, 3, 3, 2, 3, 2, 1, 1, 1, 1, 3, 0, 3)
    assert geometry.polygon_area(geometry.clip_polygon(letter_u, (0, 2, 3, 3))) == 2.0


@given(
    st.lists(st.integers(-20, 20), min_size=6, max_size=6),
    st.tuples(st.integers(-15, 0), st.integers(-15, 0), st.integers(1, 15), st.integers(1, 15)),
)
def test_clip_polygon_agrees_with_shapely(corners: list[int], box: tuple[int, int, int, int]) -> None:
    from shapely import Polygon
    from shapely import box as rectangle

    triangle = Polygon(list(zip(corners[0::2], corners[1::2], strict=True)))
    found = geometry.clip_polygon(corners, box)
    assert geometry.polygon_area(found) == pytest.approx(triangle.intersection(rectangle(*box)).area, abs=1e-6)
    if found:
        x0, y0, x1, y1 = geometry.hull(found)
        assert x0 >= box[0] and y0 >= box[1] and x1 <= box[2] and y1 <= box[3]


def test_hull_and_clip_box() -> None:
    assert geometry.hull((2, 0, 4, 2, 2, 5, -1, 2)) == (-1, 0, 4, 5)
    assert geometry.clip_box((-3, 2, 20, 9), 10, 8) == (0.0, 2.0, 10.0, 8.0)
    assert geometry.clip_box((10, 0, 12, 4), 10, 8) is None
    assert geometry.clip_box((3, 3, 3, 5), 10, 8) is None


@pytest.mark.parametrize(
    ("box", "position", "central"),
    [
        ((0, 0, 1, 1), "top_left", False),
        ((45, 0, 55, 10), "top", False),
        ((99, 0, 100, 1), "top_right", False),
        ((0, 40, 10, 60), "left", False),
        ((40, 40, 60, 60), "centre", True),
        ((24, 24, 26, 26), "top_left", True),
        ((90, 45, 100, 55), "right", False),
        ((0, 99, 1, 100), "bottom_left", False),
        ((40, 90, 60, 100), "bottom", False),
        ((100, 100, 100, 100), "bottom_right", False),
        ((70, 70, 80, 80), "bottom_right", True),
    ],
)
def test_positions(box: tuple[float, ...], position: str, central: bool) -> None:
    assert geometry.grid_position(box, 100, 100) == position
    assert geometry.in_centre(box, 100, 100) is central


def test_centre_region_is_a_parameter_and_follows_each_side() -> None:
    box = (95.0, 20.0, 105.0, 30.0)
    assert geometry.centre(box) == (100.0, 25.0)
    assert geometry.in_centre(box, 200, 50)
    assert not geometry.in_centre((40.0, 20.0, 50.0, 30.0), 200, 50)
    assert geometry.in_centre((40.0, 20.0, 50.0, 30.0), 200, 50, share=0.6)


Row = tuple[int, int, int, int, int, int]


def by_scipy(mask: np.ndarray, background: tuple[int, ...] = (0,)) -> list[Row]:
    """(value, x0, y0, x1, y1, area) of each component, class by class, in the order of their first pixels."""
    rows: list[tuple[int, Row]] = []
    for value in np.unique(mask).tolist():
        if value in background:
            continue
        label, n = ndimage.label(mask == value, np.ones((3, 3)))
        areas = np.bincount(label.ravel(), minlength=n + 1)[1:].tolist()
        first = np.full(n + 1, mask.size)
        np.minimum.at(first, label.ravel(), np.arange(mask.size))
        for (ys, xs), area, at in zip(ndimage.find_objects(label), areas, first[1:].tolist(), strict=True):
            rows.append((at, (value, xs.start, ys.start, xs.stop, ys.stop, area)))
    return [row for _, row in sorted(rows)]


def rows_of(found: geometry.Components) -> list[Row]:
    return list(zip(found.value.tolist(), *found.box.T.tolist(), found.area.tolist(), strict=True))


def cut_rows(mask: np.ndarray, heights: list[int]) -> Iterator[np.ndarray]:
    y = i = 0
    while y < len(mask):
        height = heights[i % len(heights)]
        yield mask[y : y + height]
        y, i = y + height, i + 1


DRAWN = {
    "island in the hole of its own class": (
        ["1111111", "1000001", "1011101", "1010101", "1011101", "1000001", "1111111"],
        [(1, 0, 0, 7, 7, 24), (1, 2, 2, 5, 5, 8)],
    ),
    "corners join": (["100", "010", "101"], [(1, 0, 0, 3, 3, 4)]),
    "corners do not join across the row's end": (["001", "100", "000"], [(1, 2, 0, 3, 1, 1), (1, 0, 1, 1, 2, 1)]),
    "two classes cross": (["12", "21"], [(1, 0, 0, 2, 2, 2), (2, 0, 0, 2, 2, 2)]),
    "a U closes late": (["101", "101", "111"], [(1, 0, 0, 3, 3, 7)]),
    "a spiral": (["11111", "00001", "11101", "10001", "11111"], [(1, 0, 0, 5, 5, 17)]),
    "a comb of teeth": (["10101", "10101", "11111"], [(1, 0, 0, 5, 3, 11)]),
    "one pixel": (["7"], [(7, 0, 0, 1, 1, 1)]),
    "nothing": (["00", "00"], []),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("height", [1, 2, 100])
def test_components_of_drawn_masks(name: str, height: int) -> None:
    lines, wanted = DRAWN[name]
    mask = np.array([[int(c) for c in line] for line in lines], np.uint8)
    assert rows_of(geometry.band_components(cut_rows(mask, [height]))) == wanted


MASKS = st.tuples(st.integers(1, 24), st.integers(1, 24), st.integers(1, 3)).flatmap(
    lambda t: arrays(np.uint8, t[:2], elements=st.integers(0, t[2]), fill=st.nothing())
)


@given(MASKS, st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_components_equal_scipy_however_the_mask_is_cut(mask: np.ndarray, heights: list[int], piece: int) -> None:
    wanted = by_scipy(mask)
    assert rows_of(geometry.components(mask)) == wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "BAND_PIXELS", piece)
        assert rows_of(geometry.band_components(cut_rows(mask, heights))) == wanted


@pytest.mark.parametrize("share", [0.02, 0.3, 0.41, 0.6])
@pytest.mark.parametrize("piece", [1, 700, 5000, 1 << 20])
def test_components_of_random_masks_equal_scipy(share: float, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "BAND_PIXELS", piece)
    rng = np.random.default_rng(7)
    mask = np.where(rng.random((190, 230)) < share, rng.integers(0, 4, (190, 230)), 1).astype(np.uint8)
    assert rows_of(geometry.components(mask)) == by_scipy(mask)
    assert rows_of(geometry.components(mask, (1, 3))) == by_scipy(mask, (1, 3))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.int64])
def test_components_of_any_integer_type_and_memory_layout(dtype: type) -> None:
    rng = np.random.default_rng(3)
    mask = rng.integers(0, 3, (40, 60)).astype(dtype)
    for view in (mask, mask.T, mask[::2, 5:-3], np.asfortranarray(mask), mask[::-1]):
        assert rows_of(geometry.components(view)) == by_scipy(view)
    assert geometry.components(mask).value.dtype == dtype


def test_components_of_nothing() -> None:
    empty = geometry.band_components([])
    assert (len(empty.value), empty.box.shape, len(empty.area)) == (0, (0, 4), 0)
    assert rows_of(geometry.band_components([np.zeros((0, 5), np.uint8)])) == []


def test_background_values_out_of_the_masks_range_are_allowed() -> None:
    mask = np.array([[1, 255]], np.uint8)
    assert rows_of(geometry.components(mask, (255, 70000, -1))) == [(1, 0, 0, 1, 1, 1)]


def test_components_of_real_masks_equal_scipy(shared_data: Path) -> None:
    paths = [*shared_data.glob("loveda/**/masks_png/*.png"), *shared_data.glob("potsdam/ann_dir/*.png")]
    paths += shared_data.glob("vaihingen/ann_dir/*.png")
    assert len(paths) == 3
    for path in paths:
        mask = np.asarray(Image.open(path))
        wanted = by_scipy(mask, ())
        for height in (1, 37, 2000):
            if height > 1 or mask.shape[0] < 600:
                assert rows_of(geometry.band_components(cut_rows(mask, [height]), ())) == wanted


@given(MASKS, st.integers(1, 9), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_value_boxes_hold_all_pixels_of_a_value(mask: np.ndarray, height: int, piece: int) -> None:
    wanted = {}
    for value in np.unique(mask[mask > 0]).tolist():
        ys, xs = np.nonzero(mask == value)
        wanted[value] = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, len(xs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "BAND_PIXELS", piece)
        found = rows_of(geometry.value_boxes(cut_rows(mask, [height])))
    assert {row[0]: row[1:] for row in found} == wanted
    assert len(found) == len(wanted)
