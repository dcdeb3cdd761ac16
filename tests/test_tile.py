"""Windows of large images: the grid, clipped objects, ids in file coordinates, and a ledger that adds up."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rsdata import geometry
from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Geo, Made, Obj, Output, Record, Window, write_part
from rsdata.stages import m2b, tile


def record(width: int, height: int, *objects: Obj, **fields: object) -> Record:
    defaults: dict[str, object] = {"path": "images/a.png", "objects": list(objects)}
    return Record("dota/train/a", "dota", "train", width=width, height=height, **(defaults | fields))  # type: ignore[arg-type]


def ship(x0: float, y0: float, x1: float, y1: float, **fields: object) -> Obj:
    return Obj("ship", (x0, y0, x1, y1), **fields)  # type: ignore[arg-type]


def run(one: Record, **params: object) -> list[Output]:
    """The stage's output, with its ledger checked."""
    out = list(tile.run([one], **params))  # type: ignore[arg-type]
    made = [o for o in out if isinstance(o, Made)]
    drops = [o for o in out if isinstance(o, Drop)]
    kept = [o for o in out if isinstance(o, Record)]
    assert 1 + sum(m.images for m in made) == len(kept) + sum(d.images for d in drops)
    objects = len(one.objects) + sum(m.objects for m in made)
    assert objects == sum(len(r.objects) for r in kept) + sum(d.objects for d in drops)
    assert all(m.objects >= 0 and m.images >= 0 for m in made)
    assert len({r.id for r in kept}) == len(kept)
    return out


def records(out: list[Output]) -> list[Record]:
    return [o for o in out if isinstance(o, Record)]


def drops_of(out: list[Output]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for d in out:
        if isinstance(d, Drop):
            images, objects = found.get(d.reason, (0, 0))
            found[d.reason] = (images + d.images, objects + d.objects)
    return found


@pytest.mark.parametrize(
    ("width", "height", "size", "overlap", "wanted"),
    [
        (100, 80, 100, 20, [(0, 0, 100, 80)]),
        (101, 80, 100, 20, [(0, 0, 100, 80), (1, 0, 100, 80)]),
        (180, 80, 100, 20, [(0, 0, 100, 80), (80, 0, 100, 80)]),
        (181, 80, 100, 20, [(0, 0, 100, 80), (80, 0, 100, 80), (81, 0, 100, 80)]),
        (150, 160, 100, 0, [(0, 0, 100, 100), (50, 0, 100, 100), (0, 60, 100, 100), (50, 60, 100, 100)]),
    ],
)
def test_grid(width: int, height: int, size: int, overlap: int, wanted: list[tuple[int, ...]]) -> None:
    assert list(tile.grid(width, height, size, overlap)) == wanted


def test_grid_of_a_dota_image_as_the_dev_kit_cuts_it() -> None:
    lefts = sorted({w.x for w in tile.grid(4000, 1500, 1024, 200)})
    tops = sorted({w.y for w in tile.grid(4000, 1500, 1024, 200)})
    assert (lefts, tops) == ([0, 824, 1648, 2472, 2976], [0, 476])


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 120), st.data())
def test_grid_covers_every_pixel_and_overlaps_as_asked(width: int, height: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(max(0, size - 40), size - 1)) if size > 40 else data.draw(st.integers(0, size // 2))
    windows = list(tile.grid(width, height, size, overlap))
    for length, spans in (
        (width, sorted({(w.x, w.width) for w in windows})),
        (height, sorted({(w.y, w.height) for w in windows})),
    ):
        assert spans[0][0] == 0 and sum(spans[-1]) == length
        assert all(part == min(size, length) for _, part in spans)
        for (a, part), (b, _) in itertools.pairwise(spans):
            assert a < b <= a + part - overlap
    assert len(set(windows)) == len(windows)


def test_objects_in_two_windows() -> None:
    objects = [
        ship(10, 10, 30, 20, area=150.0),  # in the left window alone
        ship(80, 10, 100, 20, area=120.0),  # whole in both
        ship(70, 40, 90, 60, area=200.0, difficult=True),  # whole left, half in the right one
        ship(95, 40, 105, 60),  # half left, whole in the right one
        ship(60, 70, 140, 80),  # half in each
        ship(75, 90, 81, 92),  # whole left, one pixel wide in the right one
    ]
    out = run(record(180, 100, *objects, gsd=0.5), size=100, overlap=20, keep=0.5)
    left, right = records(out)
    assert out[0] == Made("dota/train/a", images=1, objects=5)
    assert (left.id, left.window) == ("dota/train/a@0,0,100,100", Window(0, 0, 100, 100))
    assert (right.id, right.window) == ("dota/train/a@80,0,100,100", Window(80, 0, 100, 100))
    assert (right.width, right.height, right.gsd, right.path) == (100, 100, 0.5, "images/a.png")
    assert left.objects == [
        objects[0],
        objects[1],
        objects[2],
        ship(95, 40, 100, 60, area=100.0),
        ship(60, 70, 100, 80, area=400.0),
        objects[5],
    ]
    assert right.objects == [
        ship(0, 10, 20, 20, area=120.0),
        ship(0, 40, 10, 60, area=100.0, difficult=True),
        ship(15, 40, 25, 60),
        ship(0, 70, 60, 80, area=600.0),
    ]
    assert drops_of(out) == {"cut-at-tile-edge": (0, 1)}


def test_keep_is_a_share_of_the_area_and_lost_objects_are_named() -> None:
    out = run(record(180, 100, ship(60, 70, 120, 80), ship(10, 0, 170, 10)), size=100, overlap=20, keep=0.7)
    assert [r.objects for r in records(out)] == [[], []]
    assert drops_of(out) == {"cut-at-tile-edge": (0, 2), "lost-at-tile-edge": (0, 2)}
    out = run(record(180, 100, ship(60, 70, 120, 80), ship(10, 0, 170, 10)), size=100, overlap=20, keep=2 / 3)
    assert [len(r.objects) for r in records(out)] == [1, 1]
    assert drops_of(out) == {"cut-at-tile-edge": (0, 1), "lost-at-tile-edge": (0, 1)}


def test_oriented_boxes_are_clipped_and_their_box_is_the_hull() -> None:
    diamond = (90.0, 40.0, 110.0, 60.0, 90.0, 80.0, 70.0, 60.0)
    out = run(record(180, 100, ship(70, 40, 110, 80, poly=diamond)), size=100, overlap=20)
    left, right = records(out)
    (a,), (b,) = left.objects, right.objects
    assert a.box == (70.0, 40.0, 100.0, 80.0)
    assert set(zip(a.poly[0::2], a.poly[1::2], strict=True)) == {(90, 40), (100, 50), (100, 70), (90, 80), (70, 60)}
    assert a.area == 700.0
    assert b.box == (0.0, 40.0, 30.0, 80.0)
    assert b.area == 700.0


def test_a_polygon_that_leaves_the_image_is_judged_by_its_part_inside() -> None:
    sticking_out = (150.0, -60.0, 170.0, -60.0, 170.0, 20.0, 150.0, 20.0)
    one = record(180, 150, ship(150, 0, 170, 20, poly=sticking_out))
    out = run(one, size=100, overlap=20)
    assert [(r.window, o.box) for r in records(out) for o in r.objects] == [((80, 0, 100, 100), (70, 0, 90, 20))]
    out = run(record(180, 150, ship(70, 0, 120, 20, poly=(70, -60, 120, -60, 120, 20, 70, 20))), size=100, overlap=20)
    assert [(o.box, o.area) for r in records(out) for o in r.objects] == [
        ((70, 0, 100, 20), 600),
        ((0, 0, 40, 20), 800),
    ]


def test_min_side_refuses_slivers_but_never_whole_objects() -> None:
    thin, cut = ship(10, 10, 11, 40), ship(97, 10, 103, 60)
    for min_side, wanted in ((3.0, [2, 1]), (4.0, [1, 1])):
        out = run(record(180, 100, thin, cut), size=100, overlap=20, min_side=min_side)
        assert [len(r.objects) for r in records(out)] == wanted


def test_a_small_image_and_one_of_unknown_size_pass_as_they_are() -> None:
    for one in (record(1024, 1024, ship(0, 0, 5, 5), captions=[Caption("a ship")]), record(0, 0)):
        (same,) = run(one)
        assert same is one


def test_an_image_larger_in_one_side_alone_keeps_the_other_whole() -> None:
    assert [r.window for r in records(run(record(1500, 300)))] == [(0, 0, 1024, 300), (476, 0, 1024, 300)]


def test_a_window_is_tiled_in_file_coordinates_and_keeps_its_place_on_earth() -> None:
    geo = Geo("EPSG:32618", (0.5, 0.1, 1000.0, 0.2, -0.5, 2000.0))
    one = record(180, 100, ship(150, 10, 160, 20), window=Window(300, 400, 180, 100), geo=geo)
    one.id = "dota/train/a@300,400,180,100"
    left, right = records(run(one, size=100, overlap=20))
    assert left.id == "dota/train/a@300,400,100,100"
    assert (right.id, right.window) == ("dota/train/a@380,400,100,100", Window(380, 400, 100, 100))
    assert right.objects == [ship(70, 10, 80, 20)]
    assert left.geo == geo
    assert right.geo == Geo("EPSG:32618", (0.5, 0.1, 1040.0, 0.2, -0.5, 2016.0))
    lower = records(run(record(90, 150, geo=geo), size=100, overlap=20))[1]
    assert lower.geo is not None
    assert lower.geo.transform == pytest.approx((0.5, 0.1, 1005.0, 0.2, -0.5, 1975.0))


def test_tiling_twice_is_tiling_a_window() -> None:
    one = record(300, 200, ship(130, 90, 140, 110))
    out = [w for big in records(run(one, size=200, overlap=50)) for w in records(run(big, size=100, overlap=0))]
    for w in out:
        assert w.window is not None
        assert w.id == "dota/train/a@{},{},{},{}".format(*w.window)
        for obj in w.objects:
            assert obj.box[0] + w.window.x >= 130 and obj.box[2] + w.window.x <= 140
    assert {w.window for w in out if w.objects} == {(100, 0, 100, 100), (100, 100, 100, 100)}


def test_what_was_said_of_the_whole_image_is_not_said_of_a_window() -> None:
    captions = [Caption("many ships in a harbour"), Caption("Ten ships.", origin="b2c", rule="count/number")]
    one = record(180, 100, ship(1, 1, 9, 9), captions=captions, label="harbor", phash=7, extra={"place": "x"})
    out = run(one, size=100, overlap=20)
    assert [(r.captions, r.label, r.phash, r.extra) for r in records(out)] == [([], None, None, {"place": "x"})] * 2
    assert drops_of(out) == {"said-of-whole-image": (0, 0)}
    assert (len(one.captions), one.label) == (2, "harbor")


def test_a_captioned_image_with_nothing_else_is_not_tiled() -> None:
    for fields in ({"captions": [Caption("a port")]}, {"label": "port"}):
        one = record(3000, 3000, **fields)
        assert run(one) == [one]
        assert len(records(run(record(3000, 3000, mask_path="m.png", **fields)))) == 16


def test_empty_windows_can_be_dropped_but_not_those_with_a_mask() -> None:
    out = run(record(180, 100, ship(1, 1, 9, 9)), size=100, overlap=20, empty="drop")
    assert [r.id for r in records(out)] == ["dota/train/a@0,0,100,100"]
    assert drops_of(out) == {"empty-window": (1, 0)}
    assert len(records(run(record(180, 100, mask_path="m.png"), size=100, overlap=20, empty="drop"))) == 2


def test_objects_on_the_last_border_or_without_area_are_not_lost_from_the_ledger() -> None:
    objects = [
        ship(180, 100, 180, 100),
        ship(50, 50, 50, 50),
        ship(90, 50, 90, 60),
        ship(70, 20, 110, 20),
        ship(0, 5, 0, 5),
    ]
    out = run(record(180, 100, *objects), size=100, overlap=20)
    assert [len(r.objects) for r in records(out)] == [3, 1]
    assert drops_of(out) == {"lost-at-tile-edge": (0, 2), "cut-at-tile-edge": (0, 1)}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"size": 0}, "size 0"),
        ({"size": 100, "overlap": 100}, "0 <= overlap < size"),
        ({"overlap": -1}, "overlap -1"),
        ({"keep": 0.0}, "keep 0.0"),
        ({"keep": 1.5}, "keep 1.5"),
        ({"empty": "no"}, "wanted keep or drop"),
    ],
)
def test_parameters_that_make_no_grid(params: dict[str, object], message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        run(record(10, 10), **params)


@st.composite
def scenes(draw: st.DrawFn) -> Record:
    width, height = draw(st.integers(1, 260)), draw(st.integers(1, 260))
    objects = []
    for _ in range(draw(st.integers(0, 6))):
        xs = sorted((draw(st.floats(0, width, width=32)), draw(st.floats(0, width, width=32))))
        ys = sorted((draw(st.floats(0, height, width=32)), draw(st.floats(0, height, width=32))))
        x0, x1, y0, y1 = *xs, *ys
        middle = (x0 + (x1 - x0) / 4, y0, x1, y0 + (y1 - y0) / 4, x1 - (x1 - x0) / 4, y1, x0, y1 - (y1 - y0) / 4)
        objects.append(ship(x0, y0, x1, y1, poly=middle if draw(st.booleans()) else ()))
    window = draw(st.sampled_from([None, Window(17, 5, width, height)]))
    return record(width, height, *objects, window=window)


@given(scenes(), st.integers(20, 120), st.integers(0, 19), st.floats(0.05, 1.0), st.sampled_from(["keep", "drop"]))
@settings(deadline=None, max_examples=200)
def test_kept_objects_lie_in_their_window_and_on_the_original(
    one: Record, size: int, overlap: int, keep: float, empty: str
) -> None:
    out = run(one, size=size, overlap=overlap, keep=keep, empty=empty)
    shift_x, shift_y = (one.window.x, one.window.y) if one.window else (0, 0)
    boxes = np.array([o.box for o in one.objects]).reshape(-1, 4)
    for part in records(out):
        if part is one:
            continue
        assert part.window is not None
        x, y = part.window.x - shift_x, part.window.y - shift_y
        for obj in part.objects:
            x0, y0, x1, y1 = obj.box
            assert 0 <= x0 <= x1 <= part.width and 0 <= y0 <= y1 <= part.height
            back = np.array([x0 + x, y0 + y, x1 + x, y1 + y])
            inside = (boxes[:, :2] <= back[:2] + 1e-3).all(axis=1) & (boxes[:, 2:] >= back[2:] - 1e-3).all(axis=1)
            assert inside.any()
            if obj.poly:
                assert geometry.hull(obj.poly) == pytest.approx(obj.box, abs=1e-3)
    whole = [o for o in one.objects if min(o.box[2] - o.box[0], o.box[3] - o.box[1]) > 0]
    if (
        overlap
        and all(max(o.box[2] - o.box[0], o.box[3] - o.box[1]) <= overlap for o in whole)
        and whole == one.objects
    ):
        assert "lost-at-tile-edge" not in drops_of(out)


def test_masks_of_windows_add_up_to_the_mask_of_the_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    mask = np.repeat(np.repeat(rng.integers(0, 3, (15, 20)), 10, 0), 10, 1).astype(np.uint8)
    Image.fromarray(mask).save(tmp_path / "m.png")
    one = record(200, 150, path=None, mask_path="m.png", mask_kind="index:0=,1=building,2=road")
    windows = records(run(one, size=50, overlap=0))
    found = list(m2b.run(windows, roots={"dota": tmp_path}))
    assert len(windows) == 12
    assert sum(o.area for r in found if isinstance(r, Record) for o in r.objects) == (mask > 0).sum()


def test_a_part_of_a_source_that_is_not_cut_is_passed_on_whole(tmp_path: Path) -> None:
    path = tmp_path / "part-00000.parquet"
    one = [Record(f"dota/train/{n}", "dota", width=4000, height=4000) for n in range(2)]
    write_part(path, one)
    assert [tile.idle(path, only=only) for only in (["isaid"], ["dota"], [])] == [True, False, False]
    write_part(path, [*one, Record("isaid/train/1", "isaid", width=4000, height=4000)])
    assert not tile.idle(path, only=["isaid"])
    assert tile.idle(path, only=["potsdam"]) is False  # two sources: the statistics cannot tell, so it runs
