"""The VisDrone-DET reader: rows, folders, and the real file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import _visdrone, visdrone

ROW = "10,20,30,40,1,4,0,1"


@pytest.mark.parametrize(
    ("row", "name", "box", "difficult"),
    [
        (ROW, "car", (10, 20, 40, 60), False),
        (ROW + ",", "car", (10, 20, 40, 60), False),
        ("0,0,5,6,1,1,1,2\r", "pedestrian", (0, 0, 5, 6), True),
        ("-3, 20, 30, 40, 1, 10, 0, 0", "motor", (-3, 20, 27, 60), False),
    ],
)
def test_a_row(row: str, name: str, box: tuple[float, ...], difficult: bool) -> None:
    (shape,) = _visdrone.parse(row, "a.txt").shapes
    assert (shape.name, shape.box, shape.difficult, shape.number) == (name, box, difficult, 1)


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("550,248,46,67,0,0,0,0", "ignored-region", "a.txt:2: category 0, score 0"),
        ("550,248,46,67,1,11,0,0", "others", "a.txt:2: category 11, score 1"),
        ("550,248,46,67,0,4,0,0", "not-evaluated", "a.txt:2: category 4, score 0"),
        ("550,248,46,67,1,12,0,0", "unknown-class", "a.txt:2: category 12, score 1"),
        ("550,248,46,67,1,-1,0,0", "unknown-class", "a.txt:2: category -1, score 1"),
        ("1,2,3", "bad-annotation", f"a.txt:2: 3 fields where 8 are wanted ({_visdrone.COLUMNS})"),
        (
            "1,1,2,3,4,5,1,4,0,0",
            "bad-annotation",
            f"a.txt:2: 10 fields where 8 are wanted ({_visdrone.COLUMNS}); ten are VisDrone-VID",
        ),
        (
            "1,2,3,x,1,4,0,0",
            "bad-annotation",
            f"a.txt:2: '1 2 3 x 1 4 0 0' where eight integers are wanted ({_visdrone.COLUMNS})",
        ),
    ],
)
def test_a_refused_row_and_its_reason(row: str, reason: str, detail: str) -> None:
    page = _visdrone.parse(f"{ROW}\n{row}\n{ROW}\n", "a.txt")
    assert page.refused == [(reason, detail)]
    assert [shape.number for shape in page.shapes] == [1, 3]


@given(st.text() | st.text(alphabet="0123456789,-\n "))
def test_any_text_is_parsed_or_refused(content: str) -> None:
    page = _visdrone.parse(content, "x.txt")
    rows = [line for line in content.replace("\r", "\n").split("\n") if line.replace(",", " ").split()]
    assert len(page.shapes) + len(page.refused) == len(rows)


def test_folders_and_splits(tmp_path: Path) -> None:
    for folder in (
        "VisDrone2019-DET-train/VisDrone2019-DET-train",
        "VisDrone2019-DET-val",
        "VisDrone2019-DET-test-dev",
    ):
        picture(tmp_path / folder / "images/a_d_1.jpg")
        text(tmp_path / folder / "annotations/a_d_1.txt", ROW)
    picture(tmp_path / "VisDrone2019-DET-test-challenge/images/b.jpg")
    text(tmp_path / "VisDrone2019-VID-val/annotations/seq.txt", "1,1,2,3,4,5,1,4,0,0")
    records, drops = read_all("visdrone", tmp_path)
    assert drops == []
    assert [record.id for record in records] == ["visdrone/test/a_d_1", "visdrone/train/a_d_1", "visdrone/val/a_d_1"]
    assert records[1].path == "VisDrone2019-DET-train/VisDrone2019-DET-train/images/a_d_1.jpg"
    (record,), _ = read_all("visdrone", tmp_path, "val")
    obj = record.objects[0]
    assert (record.platform, obj.label, obj.box, obj.area) == ("uav", "car", (10, 20, 40, 60), 1200)
    (record,), _ = read_all("visdrone", tmp_path / "VisDrone2019-DET-val")
    assert (record.id, record.path) == ("visdrone/val/a_d_1", "images/a_d_1.jpg")
    with pytest.raises(BadSource, match="no split 'extra' here; found: test, train, val"):
        visdrone.find(tmp_path, "extra")


def test_bad_input_is_counted(tmp_path: Path) -> None:
    for stem in "abde":
        picture(tmp_path / f"images/{stem}.jpg")
    text(tmp_path / "annotations/a.txt", f"{ROW}\n200,0,9,9,1,4,0,0\n5,5,0,9,1,4,0,0\n9,9,9,9,0,0,0,0\n")
    text(tmp_path / "annotations/b.txt", "")
    text(tmp_path / "annotations/c.txt", f"{ROW}\n9,9,9,9,0,0,0,0\n")
    text(tmp_path / "annotations/d.txt", b"\x80")
    records, drops = read_all("visdrone", tmp_path)
    assert [(r.id, len(r.objects)) for r in records] == [("visdrone/a", 1), ("visdrone/b", 0)]
    assert dropped(drops) == {
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
        "ignored-region": (0, 1),
        "missing-image": (1, 2),
        "bad-annotation": (1, 0),
        "missing-annotation": (1, 0),
    }


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no folder annotations/ with txt files in .*found: nothing.*Download it"):
        visdrone.find(tmp_path)
    with pytest.raises(BadSource, match="cannot be read without images"):
        visdrone.find(tmp_path, images=False)


def test_real_sample(shared_data: Path, counts: dict, tmp_path: Path) -> None:
    want = counts["visdrone"]
    records, drops = read_all("visdrone", shared_data / "visdrone")
    assert records == [] and dropped(drops) == {"missing-image": (1, want["objects"])}
    (source,) = (shared_data / "visdrone/VisDrone2019-DET-val/annotations").iterdir()
    text(tmp_path / "annotations" / source.name, source.read_bytes())
    picture(tmp_path / "images" / f"{source.stem}.jpg", 1920, 1080)
    records, drops = read_all("visdrone", tmp_path)
    assert labels(records) == as_concepts("visdrone", want["per_class_evaluated"])
    assert dropped(drops) == {"ignored-region": (0, 1)}
    difficult = sum(obj.difficult for obj in records[0].objects)
    assert difficult == want["occlusion_values"]["2"]
