"""The YOLO reader: lines, class names, folders, and the real sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import _yolo, yolo

NAMES = ["ship", "", "harbor"]
CONFIDENCE = "; a sixth may be the confidence of a prediction"
LINE = "0 0.5 0.5 0.2 0.25"


@pytest.mark.parametrize(
    ("line", "name", "box", "poly"),
    [
        (LINE, "ship", (40, 30, 60, 50), ()),
        ("2.0 0.5,0.5\t0.2 2.5e-1\r", "harbor", (40, 30, 60, 50), ()),
        ("0 0.95 0.5 0.2 0.25", "ship", (85, 30, 105, 50), ()),
        ("2 .1 .1 .3 .1 .3 .5 .1 .5", "harbor", (10, 8, 30, 40), (10, 8, 30, 8, 30, 40, 10, 40)),
        ("2 .1 .1 .3 .1 .3 .5", "harbor", (10, 8, 30, 40), (10, 8, 30, 8, 30, 40)),
    ],
)
def test_a_line(line: str, name: str, box: tuple[float, ...], poly: tuple[float, ...]) -> None:
    (shape,) = _yolo.parse(line, "a.txt", NAMES, 100, 80).shapes
    assert shape.name == name
    assert shape.box == pytest.approx(box)
    assert shape.poly == pytest.approx(poly)


@pytest.mark.parametrize(
    ("line", "reason", "problem"),
    [
        ("3 0.5 0.5 0.2 0.25", "unknown-class", "class 3, and 3 names are known"),
        ("1 0.5 0.5 0.2 0.25", "unknown-class", "class 1, and 3 names are known"),
        ("-1 0.5 0.5 0.2 0.25", "unknown-class", "class -1, and 3 names are known"),
        ("0.5 0.5 0.5 0.2 0.25", "bad-annotation", "class '0.5' where a whole number is wanted"),
        ("ship 0.5 0.5 0.2 0.25", "bad-annotation", "'ship' where a coordinate is wanted"),
        ("0 0.5 0.5 0.2", "bad-annotation", "4 fields where 5 (box), 9 (oriented) or another odd count is wanted"),
        (
            LINE + " 0.9",
            "bad-annotation",
            "6 fields where 5 (box), 9 (oriented) or another odd count is wanted" + CONFIDENCE,
        ),
        ("0 512 0.5 0.2 0.25", "bad-annotation", "512 where a share of the image (0 to 1) is wanted"),
        ("0 nan 0.5 0.2 0.25", "bad-annotation", "'nan' where a coordinate is wanted"),
    ],
)
def test_a_refused_line_and_its_reason(line: str, reason: str, problem: str) -> None:
    found = _yolo.parse(f"{LINE}\n\n{line}\n{LINE}", "a.txt", NAMES, 100, 80)
    assert found.refused == [(reason, f"a.txt:3: {problem}")]
    assert [shape.number for shape in found.shapes] == [1, 4]


@given(st.text() | st.text(alphabet="01.- \n"))
def test_any_text_is_parsed_or_refused(content: str) -> None:
    found = _yolo.parse(content, "x.txt", NAMES, 100, 80)
    rows = [line for line in content.replace("\r", "\n").split("\n") if line.replace(",", " ").split()]
    assert len(found.shapes) + len(found.refused) == len(rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.yaml", "train: x\nnames: [ship, harbor]\nnc: 2\n"),
        ("dataset.yml", "names:\n  0: ship\n  1: harbor\n"),
        ("classes.txt", "ship\r\nharbor\r\n\r\n"),
        ("my-classes.txt", "ship\nharbor"),
        ("labels/classes.txt", "ship\nharbor"),
        ("obj.names", "ship\nharbor\n"),
        ("cfg/obj.names", "\ufeffship\n harbor\n"),
    ],
)
def test_class_names(tmp_path: Path, name: str, content: str) -> None:
    text(tmp_path / name, content)
    assert yolo.class_names(tmp_path) == ["ship", "harbor"]
    assert yolo.class_names(tmp_path, name) == ["ship", "harbor"]
    assert yolo.class_names(tmp_path, ["a", "b"]) == ["a", "b"]


def test_class_names_that_are_missing_or_disagree(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no class names \(data\.yaml with names:.*Give them with the option names"):
        yolo.class_names(tmp_path)
    text(tmp_path / "data.yaml", "names: [ship]")
    text(tmp_path / "hyp.yaml", "lr: 0.1")
    text(tmp_path / "classes.txt", "ship\n")
    assert yolo.class_names(tmp_path) == ["ship"]
    text(tmp_path / "old/classes.txt", "harbor\n")
    with pytest.raises(BadSource, match=r"classes\.txt, data\.yaml, old/classes\.txt in .* name different classes"):
        yolo.class_names(tmp_path)
    text(tmp_path / "data.yaml", "names: [ship")
    with pytest.raises(BadSource, match=r"data\.yaml is broken YAML"):
        yolo.class_names(tmp_path)


@pytest.mark.parametrize(
    ("image", "label", "id"),
    [
        ("images/train/a.jpg", "labels/train/a.txt", "yolo/train/a"),
        ("images/val2017/a.jpg", "labels/val2017/a.txt", "yolo/val/a"),
        ("valid/images/a.jpg", "valid/labels/a.txt", "yolo/val/a"),
        ("test/a.jpg", "test/a.txt", "yolo/test/a"),
        ("images/a.jpg", "labels/a.txt", "yolo/a"),
        ("images/a.jpg", "images/a.txt", "yolo/a"),
        ("a.jpg", "a.txt", "yolo/a"),
    ],
)
def test_folders(tmp_path: Path, image: str, label: str, id: str) -> None:
    picture(tmp_path / image)
    text(tmp_path / label, LINE)
    text(tmp_path / "data.yaml", "names: [ship]")
    (record,), drops = read_all("yolo", tmp_path)
    assert (record.id, record.path, drops) == (id, image, [])
    obj = record.objects[0]
    assert (obj.label, obj.box) == ("ship", pytest.approx((40, 30, 60, 50)))
    assert obj.area == pytest.approx(400)
    split = id.split("/")[1] if id.count("/") == 2 else ""
    if split:
        assert [item.id for item in yolo.find(tmp_path, split)] == [id]
    with pytest.raises(BadSource, match="no split 'extra' here"):
        yolo.find(tmp_path, "extra")


def test_background_and_bad_input_are_counted(tmp_path: Path) -> None:
    for stem in "abcef":
        picture(tmp_path / f"{stem}.jpg")
    (tmp_path / "e.jpg").write_bytes(b"\xff\xd8")
    lines = [
        LINE,
        "0 0.5 0.5 0.001 0.5",
        "1 1.5 0.5 0.1 0.1",
        "1 1.0000005 0.5 0.1 0.1",
        "oops",
        "9 0 0 0.1 0.1",
        "2 0 0 1 1",
    ]
    text(tmp_path / "a.txt", "\n".join(lines))
    text(tmp_path / "b.txt", "")
    text(tmp_path / "d.txt", f"{LINE}\nbroken\n")
    text(tmp_path / "e.txt", LINE)
    text(tmp_path / "f.txt", b"0 0.5 \xe9")
    text(tmp_path / "classes.txt", "ship\nharbor\nweird\n")
    text(tmp_path / "train.txt", "./a.jpg\n")
    text(tmp_path / "readme.txt", "1 of 2")
    records, drops = read_all("yolo", tmp_path)
    assert [(r.id, len(r.objects)) for r in records] == [("yolo/a", 2), ("yolo/b", 0), ("yolo/c", 0)]
    assert records[0].objects[1].box == pytest.approx((95, 36, 100, 44), abs=1e-3)
    assert dropped(drops) == {
        "degenerate-box": (0, 1),
        "outside-image": (0, 1),
        "bad-annotation": (1, 1),
        "unknown-class": (0, 2),
        "missing-image": (1, 2),
        "unreadable-image": (1, 1),
    }


def test_no_label_at_all_is_an_error(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg")
    text(tmp_path / "classes.txt", "ship")
    with pytest.raises(BadSource, match=r"no label file \(labels/\*\.txt, or \*\.txt beside the images\)"):
        yolo.find(tmp_path)
    with pytest.raises(BadSource, match="cannot be read without images"):
        yolo.find(tmp_path, images=False)


def test_real_sample(shared_data: Path, counts: dict) -> None:
    want = counts["simd_yolo"]
    records, drops = read_all("yolo", shared_data / "simd_yolo")
    assert len(records) == want["images"]
    assert dropped(drops) == {"refused-class": (0, want["per_class"]["other"])}
    assert objects(records) + want["per_class"]["other"] == want["objects"]
    assert labels(records) == as_concepts("yolo", want["per_class"])
    assert yolo.class_names(shared_data / "simd_yolo") == want["class_names_in_order"]
