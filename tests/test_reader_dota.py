"""The DOTA reader: lines, folders of three versions, and the real sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import _dota, dota

LINE = "10 20 50 20 50 40 10 40 plane 0"


@pytest.mark.parametrize(
    ("line", "name", "poly", "difficult"),
    [
        (LINE, "plane", (10, 20, 50, 20, 50, 40, 10, 40), False),
        ("10.0 20.5 50 20 50 40 10 40 ship 1", "ship", (10, 20.5, 50, 20, 50, 40, 10, 40), True),
        ("10 20 50 20 50 40 10 40 ship 2", "ship", (10, 20, 50, 20, 50, 40, 10, 40), True),
        ("10 20 50 20 50 40 10 40 harbor", "harbor", (10, 20, 50, 20, 50, 40, 10, 40), False),
        ("  10\t20 50,20 50 40 10 40 harbor 0 \r", "harbor", (10, 20, 50, 20, 50, 40, 10, 40), False),
        ("-5 2 5e1 20 50 40 10 40 bridge 0", "bridge", (-5, 2, 50, 20, 50, 40, 10, 40), False),
    ],
)
def test_a_line(line: str, name: str, poly: tuple[float, ...], difficult: bool) -> None:
    (shape,) = _dota.parse(line, "P1.txt").shapes
    assert (shape.name, shape.poly, shape.difficult, shape.number) == (name, poly, difficult, 1)
    assert shape.box == (min(poly[0::2]), min(poly[1::2]), max(poly[0::2]), max(poly[1::2]))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("10 20 50 20 50 40 10 40", "P1.txt:3: 8 fields where 9 or 10 are wanted (x1 y1 .. x4 y4 class difficult)"),
        (LINE + " 7", "P1.txt:3: 11 fields where 9 or 10 are wanted (x1 y1 .. x4 y4 class difficult)"),
        ("10 20 50 2O 50 40 10 40 plane 0", "P1.txt:3: '2O' where a coordinate is wanted"),
        ("nan 20 50 20 50 40 10 40 plane 0", "P1.txt:3: 'nan' where a coordinate is wanted"),
        ("1e30 20 50 20 50 40 10 40 plane 0", "P1.txt:3: '1e30' where a coordinate is wanted"),
        ("1_0 20 50 20 50 40 10 40 plane 0", "P1.txt:3: '1_0' where a coordinate is wanted"),
        ("10 20 50 20 50 40 10 40 plane x", "P1.txt:3: difficult is 'x' where 0, 1 or 2 is wanted"),
    ],
)
def test_a_broken_line_is_refused_and_the_rest_is_read(line: str, problem: str) -> None:
    page = _dota.parse(f"gsd:0.5\n\n{line}\n{LINE}", "P1.txt")
    assert page.refused == [("bad-annotation", problem)]
    assert [shape.number for shape in page.shapes] == [4]


@pytest.mark.parametrize(
    ("head", "gsd", "extra"),
    [
        ("imagesource:GoogleEarth\r\ngsd:0.25\r\n", 0.25, {"imagesource": "GoogleEarth"}),
        ("imagesource:GF-2\ngsd:null\n", None, {"imagesource": "GF-2"}),
        ("acquisition dates:2016-05-04\nimagesource: JL-1 \ngsd: 1e-1\n", 0.1, {"imagesource": "JL-1"}),
        ("gsd:-1\n", None, {}),
        ("gsd:inf\n", None, {}),
        ("", None, {}),
    ],
)
def test_header_lines(head: str, gsd: float | None, extra: dict[str, str]) -> None:
    page = _dota.parse(head + LINE, "P1.txt")
    assert (page.gsd, page.extra, len(page.shapes), page.refused) == (gsd, extra, 1, [])


@given(st.text())
def test_any_text_is_parsed_or_refused(content: str) -> None:
    page = _dota.parse(content, "x.txt")
    assert all(reason == "bad-annotation" and detail.startswith("x.txt:") for reason, detail in page.refused)


def test_a_record(tmp_path: Path) -> None:
    picture(tmp_path / "train/images/P0001.png", 100, 80)
    tilted = "80 10 110 40 80 70 50 40 ship 1"  # a diamond of area 1800 whose right corner lies outside
    text(tmp_path / "train/labelTxt/P0001.txt", f"\ufeffimagesource:GoogleEarth\r\ngsd:0.25\r\n{LINE}\r\n{tilted}\r\n")
    (record,), drops = read_all("dota", tmp_path)
    assert drops == []
    assert (record.id, record.source, record.split, record.path) == (
        "dota/train/P0001",
        "dota",
        "train",
        "train/images/P0001.png",
    )
    assert (record.width, record.height, record.gsd, record.platform) == (100, 80, 0.25, "aerial")
    assert (record.licence, record.extra) == ("academic-only", {"imagesource": "GoogleEarth"})
    plane, ship = record.objects
    assert (plane.label, plane.box, plane.area, plane.difficult) == ("airplane", (10, 20, 50, 40), 800, False)
    assert plane.poly == (10, 20, 50, 20, 50, 40, 10, 40)
    assert (ship.label, ship.box, ship.area, ship.difficult) == ("ship", (50, 10, 100, 70), 1700, True)
    assert ship.poly == (80, 10, 110, 40, 80, 70, 50, 40)


def test_every_bad_object_and_image_is_counted(tmp_path: Path) -> None:
    for stem in ("P0001", "P0002", "P0004", "P0005", "P0006"):
        picture(tmp_path / f"images/{stem}.png")
    (tmp_path / "images/P0004.png").write_bytes((tmp_path / "images/P0001.png").read_bytes()[:20])
    lines = [
        LINE,
        "1 1 9 1 9 9 1 9 submarine 0",
        "200 1 209 1 209 9 200 9 ship 0",
        "5 5 5 5 5 5 5 5 ship 0",
        "99.5 1 109 1 109 9 99.5 9 ship 0",
        "95 -20 130 15 140 5 105 -30 ship 0",
        "half a line",
    ]
    text(tmp_path / "labelTxt/P0001.txt", "\n".join(lines))
    text(tmp_path / "labelTxt/P0002.txt", "")
    text(tmp_path / "labelTxt/P0003.txt", f"{LINE}\nbroken\n")
    text(tmp_path / "labelTxt/P0004.txt", LINE)
    text(tmp_path / "labelTxt/P0005.txt", b"\xff\xfe broken")
    records, drops = read_all("dota", tmp_path)
    assert [(r.id, len(r.objects)) for r in records] == [("dota/P0001", 1), ("dota/P0002", 0)]
    assert dropped(drops) == {
        "unknown-class": (0, 1),
        "outside-image": (0, 2),
        "degenerate-box": (0, 2),
        "bad-annotation": (1, 1),
        "missing-image": (1, 2),
        "unreadable-image": (1, 1),
        "missing-annotation": (1, 0),
    }
    details = {(drop.id, drop.reason): drop.detail for drop in drops}
    assert details["dota/P0001", "unknown-class"] == "labelTxt/P0001.txt:2: no concept for class 'submarine'"
    assert details["dota/P0001", "bad-annotation"].startswith("labelTxt/P0001.txt:7: 3 fields")
    assert details["dota/P0005", "bad-annotation"] == "labelTxt/P0005.txt:1: not UTF-8 text (byte 0xff)"
    assert details["dota/P0003", "missing-image"].startswith("images/P0003.png: no such image file")
    assert details["dota/P0006", "missing-annotation"].startswith("images/P0006.png")
    assert all(drop.stage == "read" and str(tmp_path) not in drop.detail for drop in drops)


def test_versions_and_kinds_are_told_apart(tmp_path: Path) -> None:
    picture(tmp_path / "train/images/part1/P0001.png")
    base = tmp_path / "train"
    text(base / "labelTxt-v1.0/labelTxt/P0001.txt", LINE)
    text(base / "labelTxt-v1.0/Train_Task2_gt/trainset_reclabelTxt/P0001.txt", f"{LINE}\n" * 2)
    text(base / "labelTxt-v1.5/DOTA-v1.5_train/P0001.txt", f"{LINE}\n" * 3)
    text(base / "labelTxt-v1.5/DOTA-v1.5_train_hbb/P0001.txt", f"{LINE}\n" * 4)
    text(base / "labelTxt-v2.0/P0001.txt", f"{LINE}\n" * 5)
    found = {
        (version, boxes): objects(read_all("dota", tmp_path, version=version, boxes=boxes)[0])
        for version, boxes in [("1.0", "obb"), ("1.0", "hbb"), ("1.5", "obb"), ("v1.5", "hbb"), ("2.0", "obb")]
    }
    assert list(found.values()) == [1, 2, 3, 4, 5]
    assert dota.find(tmp_path, version="1.5")[0].image == "train/images/part1/P0001.png"
    with pytest.raises(BadSource, match=r"more than one version .* choose with version"):
        dota.find(tmp_path)
    with pytest.raises(BadSource, match=r"no labels of version 2\.0"):
        dota.find(tmp_path, version="2.0", boxes="hbb")
    with pytest.raises(BadSource, match="'obb' or 'hbb' is wanted"):
        dota.find(tmp_path, boxes="round")


def test_splits(tmp_path: Path) -> None:
    for split, stem in (("train", "P0001"), ("val", "P0003"), ("test", "P0006")):
        picture(tmp_path / f"{split}/images/{stem}.png")
        if split != "test":
            text(tmp_path / f"{split}/labelTxt/{stem}.txt", LINE)
    assert [item.id for item in dota.find(tmp_path)] == ["dota/train/P0001", "dota/val/P0003"]
    assert [item.id for item in dota.find(tmp_path, "val")] == ["dota/val/P0003"]
    with pytest.raises(BadSource, match=r"no label folder .* \(found: images/\)"):
        dota.find(tmp_path, "test")
    with pytest.raises(BadSource, match="no split 'extra' here; found: train, val, test"):
        dota.find(tmp_path, "extra")
    assert [item.id for item in dota.find(tmp_path / "val")] == ["dota/P0003"]


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="does not exist; give the dataset's folder"):
        dota.find(tmp_path / "nowhere")
    with pytest.raises(BadSource, match=r"no label folder .*\(found: nothing\)\. Download it from https://"):
        dota.find(tmp_path)
    text(tmp_path / "labelTxt/P0001.txt", LINE)
    with pytest.raises(BadSource, match="cannot be read without images"):
        dota.find(tmp_path, images=False)
    with pytest.raises(BadSource, match="no split 'train' here; no split folders or lists"):
        dota.find(tmp_path, "train")
    picture(tmp_path / "images/P0001.png")
    picture(tmp_path / "images/P0001.jpg")
    with pytest.raises(BadSource, match=r"P0001\.jpg and P0001\.png share one stem"):
        dota.find(tmp_path)


def test_real_sample(shared_data: Path, counts: dict) -> None:
    want = counts["dota"]
    records, drops = read_all("dota", shared_data / "dota")
    assert len(records) == want["images"]
    assert dropped(drops) == {"missing-image": (5, want["objects"] - 536 - 64)}
    sizes = {record.id: (record.width, record.height, len(record.objects)) for record in records}
    assert sizes == {"dota/P0706": (1111, 1182, 536), "dota/P1888": (712, 557, 64)}
    pages = [_dota.parse(p.read_text("utf-8-sig"), p.name) for p in (shared_data / "dota/labelTxt").iterdir()]
    shapes = [shape for page in pages for shape in page.shapes]
    assert not any(page.refused for page in pages) and all(page.gsd for page in pages)
    assert sum(not shape.difficult for shape in shapes) == want["objects_difficult_0_or_absent"]
    per_class = {name: sum(shape.name == name for shape in shapes) for name in {shape.name for shape in shapes}}
    assert per_class == want["per_class"]
    here = {"P0706", "P1888"}
    assert labels(records) == as_concepts("dota", _per_class(shared_data / "dota/labelTxt", here))


def _per_class(folder: Path, stems: set[str]) -> dict[str, int]:
    names = [
        line.split()[8]
        for stem in stems
        for line in (folder / f"{stem}.txt").read_text().splitlines()
        if line.count(" ") > 7
    ]
    return {name: names.count(name) for name in set(names)}
