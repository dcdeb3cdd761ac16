"""Airbus ships: run lengths against masks of any shape, the CSV, and the real sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _runs, airbus_ship
from rsdata.sample.airbus_ship import encode

HEAD = "ImageId,EncodedPixels\n"


@pytest.mark.parametrize(
    ("runs", "box", "area"),
    [
        ("1 1", (0, 0, 1, 1), 1),
        ("5 2", (0, 4, 1, 6), 2),
        ("7 1", (1, 0, 2, 1), 1),  # 4 wide, 6 high: pixel 7 is the top of the second column
        ("8 2 14 2", (1, 1, 3, 3), 4),
        ("6 2", (0, 0, 2, 6), 2),  # the bottom of one column and the top of the next
        ("1 24", (0, 0, 4, 6), 24),
        ("24 1", (3, 5, 4, 6), 1),
    ],
)
def test_runs_go_down_the_columns(runs: str, box: tuple[float, ...], area: int) -> None:
    assert _runs.measure(runs, 4, 6) == (box, area)


@given(st.integers(1, 9), st.integers(1, 7), st.data())
def test_box_and_area_are_those_of_the_mask(width: int, height: int, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    mask = np.array(cells).reshape(height, width)
    if not mask.any():
        return
    rows, columns = np.nonzero(mask)
    want = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert _runs.measure(encode(mask), width, height) == (want, mask.sum())


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ("1", "'1' where pairs of start and length are wanted"),
        ("1 x", "'1 x' where pairs of start and length are wanted"),
        ("1 -2", "'1 -2' where pairs of start and length are wanted"),
        ("1 ²", "'1 ²' where pairs of start and length are wanted"),
        ("0 2", "the run 0 2 overlaps another, or leaves an image of 4 x 6"),
        ("1 0", "the run 1 0 overlaps another, or leaves an image of 4 x 6"),
        ("24 2", "the run 24 2 overlaps another, or leaves an image of 4 x 6"),
        ("5 2 6 1", "the run 6 1 overlaps another, or leaves an image of 4 x 6"),
        ("9 1 2 1", "the run 2 1 overlaps another, or leaves an image of 4 x 6"),
    ],
)
def test_a_refused_row_and_its_reason(runs: str, problem: str) -> None:
    page = _runs.parse(["a.jpg,3 2", f"a.jpg,{runs}"], "x.csv", "a", 4, 6)
    assert page.refused == [("bad-annotation", f"x.csv: a, row 2: {problem}")]
    assert [(shape.box, shape.area, shape.number) for shape in page.shapes] == [((0, 2, 1, 4), 2, 1)]


@given(st.text(max_size=60) | st.text("0123456789 ,", max_size=60), st.integers(1, 9), st.integers(1, 9))
def test_any_row_is_parsed_or_refused(content: str, width: int, height: int) -> None:
    page = _runs.parse([content], "x.csv", "a", width, height)
    assert len(page.shapes) + len(page.refused) <= 1
    for shape in page.shapes:
        x0, y0, x1, y1 = shape.box
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height and 1 <= shape.area <= (x1 - x0) * (y1 - y0)


@given(st.binary(max_size=80))
def test_any_csv_is_indexed_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    for data in (content, HEAD.encode() + content):
        path.write_bytes(data)
        try:
            rows = list(_runs.index(path, "a.csv"))
        except BadAnnotation as error:
            assert str(error).startswith("a.csv:")
        else:
            assert all(b"," in data[row.start : row.end] for row in rows)


def test_images_and_rows(tmp_path: Path) -> None:
    rows = ["a.jpg,82 3", "b.jpg,", "a.jpg,1 2", 'c.jpg,""', "d.jpg,7900 2", "d.jpg,9000 1", "e.jpg,1 1", "e.jpg,"]
    text(tmp_path / "data/train_ship_segmentations.csv", "older, never read")
    text(tmp_path / "data/train_ship_segmentations_v2.csv", HEAD.replace("\n", "\r\n") + "\r\n".join(rows))
    for stem in "abcdx":
        picture(tmp_path / f"data/train_v2/{stem}.jpg", 100, 80)
    records, drops = read_all("airbus_ship", tmp_path)
    assert [(r.id, r.path, [(o.box, o.area) for o in r.objects]) for r in records] == [
        ("airbus_ship/train/a", "data/train_v2/a.jpg", [((1, 1, 2, 4), 3), ((0, 0, 1, 2), 2)]),
        ("airbus_ship/train/b", "data/train_v2/b.jpg", []),
        ("airbus_ship/train/c", "data/train_v2/c.jpg", []),
        ("airbus_ship/train/d", "data/train_v2/d.jpg", [((98, 59, 99, 61), 2)]),
    ]
    assert dropped(drops) == {
        "bad-annotation": (0, 1),
        "missing-annotation": (1, 0),
        "missing-image": (1, 1),
    }


def test_the_file_may_change(tmp_path: Path) -> None:
    path = text(tmp_path / "train_ship_segmentations_v2.csv", f"{HEAD}a.jpg,1 2\nb.jpg,1 2\n")
    items = airbus_ship.find(tmp_path, images=False)
    text(path, f"{HEAD}long.jpg,1 2\nb.jpg,1 2\n")
    assert [dropped(list(airbus_ship.read(item))) for item in items] == [{"bad-annotation": (1, 0)}] * 2  # type: ignore[arg-type]
    path.unlink()
    (drop,) = airbus_ship.read(items[0])
    assert "cannot be read (No such file" in drop.detail  # type: ignore[union-attr]


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no train_ship_segmentations_v2\.csv in .*found: nothing"):
        airbus_ship.find(tmp_path)
    path = text(tmp_path / "train_ship_segmentations_v2.csv", "a,b\n")
    with pytest.raises(BadSource, match=r"_v2\.csv:1: b'a,b' where the header ImageId,EncodedPixels is wanted"):
        airbus_ship.find(tmp_path)
    text(path, f"{HEAD}a.jpg\n")
    with pytest.raises(BadSource, match=r"_v2\.csv:2: b'a\.jpg' where a file name and run lengths are wanted"):
        airbus_ship.find(tmp_path)
    with pytest.raises(BadSource, match="no split 'test' here; found: train"):
        airbus_ship.find(tmp_path, "test")


def test_real_sample(shared_data: Path, counts: dict) -> None:
    want = counts["airbus_ship"]
    records, drops = read_all("airbus_ship", shared_data / "airbus_ship", images=False)
    assert (len(records), objects(records), drops) == (want["csv_images"], want["objects"], [])
    assert labels(records) == want["per_class"]
    stems = {name.removesuffix(".jpg"): count for name, count in want["ships_per_image"].items()}
    assert {record.id.rpartition("/")[2]: len(record.objects) for record in records} == stems
    areas = [obj.area for record in records for obj in record.objects]
    assert (sum(areas), [min(areas), max(areas)]) == (want["ship_pixels_total"], want["ship_pixels_min_max"])
    records, drops = read_all("airbus_ship", shared_data / "airbus_ship")
    here = want["objects_of_images_on_disk"]
    assert (len(records), objects(records)) == (want["images"], sum(here.values()))
    missing = want["csv_images"] - want["images"], want["objects"] - sum(here.values())
    assert dropped(drops) == {"missing-image": missing}
