"""The AU-AIR and CARPK readers: drone pictures that belong to flights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import au_air, carpk
from rsdata.record import Drop

BOX = {"top": 10, "left": 20, "height": 30, "width": 40, "class": 1}
NAMES = ["Human", "Car", "Motorbike"]


def entry(name: str, *boxes: object, colon: str = "", **more: object) -> dict:
    facts = {"image_name": f"{name}.jpg", f"image_width{colon}": 100.0, f"image_height{colon}": 80.0}
    return {**facts, "latitude": 56.2, "longtitude": 10.5, "altitude": 19921.6, "bbox": list(boxes), **more}


def index(root: Path, *entries: object) -> Path:
    text(root / "annotations.json", json.dumps({"categories": NAMES, "annotations": list(entries)}))
    return root


def test_an_entry(tmp_path: Path) -> None:
    index(tmp_path, entry("frame_1_x_0000012", BOX, {**BOX, "class": 0, "left": -5}, {**BOX, "class": 2}))
    picture(tmp_path / "images/frame_1_x_0000012.jpg")
    (record,), drops = read_all("au_air", tmp_path)
    assert (record.id, record.path, record.platform) == (
        "au_air/frame_1_x_0000012",
        "images/frame_1_x_0000012.jpg",
        "uav",
    )
    assert [(obj.label, obj.box) for obj in record.objects] == [
        ("car", (20, 10, 60, 40)),
        ("person", (0, 10, 35, 40)),
        ("motorcycle", (20, 10, 60, 40)),
    ]
    assert record.extra == {
        "video": "frame_1_x",
        "frame": "0000012",
        "latitude": "56.2",
        "longitude": "10.5",
        "altitude_m": "19.922",
    }
    assert drops == []


@pytest.mark.parametrize("colon", ["", ":"])
def test_sizes_stand_in_the_json(tmp_path: Path, colon: str) -> None:
    records, drops = read_all("au_air", index(tmp_path, entry("a_1", BOX, colon=colon)), images=False)
    assert [(r.path, r.width, r.height, len(r.objects)) for r in records] == [(None, 100, 80, 1)]
    assert drops == []
    records, drops = read_all("au_air", index(tmp_path, entry("a_1", BOX, image_width=0)), images=False)
    assert (records, dropped(drops)) == ([], {"no-size": (1, 1)})


def test_every_takes_frames_of_each_flight_in_order(tmp_path: Path) -> None:
    names = [f"{flight}_{n}" for flight in ("b_xx", "a_x") for n in (900, 100, 500, 300, 700)]
    index(tmp_path, *(entry(name) for name in names))
    records, drops = read_all("au_air", tmp_path, images=False, every=2)
    assert [record.id for record in records] == [
        *("au_air/a_x_100", "au_air/a_x_500", "au_air/a_x_900"),
        *("au_air/b_xx_100", "au_air/b_xx_500", "au_air/b_xx_900"),
    ]
    assert drops == []


def test_bad_entries_are_counted(tmp_path: Path) -> None:
    bad = [
        {**BOX, "class": 3},
        {**BOX, "class": -1},
        {**BOX, "class": "1"},
        {**BOX, "top": "x"},
        7,
        {**BOX, "left": 500},
    ]
    index(
        tmp_path,
        entry("a_1", BOX, *bad),
        entry("a_2", BOX),
        entry("a_3", BOX),
        {"image_name": "a_4.jpg"},
        "entry",
        {"image_name": " ", "bbox": []},
        {"image_name": "\ud800.jpg", "bbox": []},
    )
    picture(tmp_path / "images/a_1.jpg")
    picture(tmp_path / "images/a_2.jpg", 50, 40)
    picture(tmp_path / "images/a_9.jpg")
    records, drops = read_all("au_air", tmp_path)
    assert [(record.id, len(record.objects)) for record in records] == [("au_air/a_1", 1)]
    assert dropped(drops) == {
        "unknown-class": (0, 2),
        "bad-annotation": (4, 3),
        "outside-image": (0, 1),
        "size-mismatch": (1, 1),
        "missing-image": (1, 1),
        "missing-annotation": (1, 0),
    }
    details = "\n".join(drop.detail for drop in drops)
    assert "annotations.json: a_1.jpg bbox[1]: class 3, but there are 3 categories" in details
    assert "annotations.json: a_1.jpg bbox[4]: top is 'x' where a number of pixels is wanted" in details
    assert 'annotations[3] (a_4.jpg) has no list "bbox"' in details
    assert (
        Drop("au_air/annotations-4", "read", "bad-annotation", "annotations.json: annotations[4] is no object") in drops
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"annotations\.json:1: broken JSON .*get the file again"),
        ("[]", r'the lists "categories" and "annotations" are wanted'),
        ('{"categories": [{"id": 1}], "annotations": []}', "for COCO files use the reader coco"),
        (b"\xff", r"JSON that cannot be read \(UnicodeDecodeError\)"),
        ("[" * 100_000, r"JSON that cannot be read \(RecursionError\)"),
        ("9" * 5000, r"JSON that cannot be read \(ValueError\)"),
    ],
)
def test_what_is_no_au_air_file(tmp_path: Path, content: str | bytes, message: str) -> None:
    text(tmp_path / "annotations.json", content)
    with pytest.raises(BadSource, match=message):
        au_air.find(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["image_name", "bbox", "class", "left", "top", "image_width:", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_any_json_is_read_or_refused(entries: list) -> None:
    data = json.dumps({"categories": NAMES, "annotations": entries}).encode()
    names, frames = au_air.parse(data, "a.json")
    assert len(frames) == len(entries)
    for frame in frames:
        page = au_air.page_of(frame, names, "a.json")
        assert len(page.shapes) + len(page.refused) == len(frame.boxes)
        assert frame.problem or frame.name


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadAnnotation, match=r"^a\.json"):
        au_air.parse(data, "a.json")


def test_real_au_air(shared_data: Path, counts: dict) -> None:
    want = counts["au_air"]
    records, drops = read_all("au_air", shared_data / "au_air")
    assert (len(records), objects(records), drops) == (want["images"], want["objects"], [])
    assert labels(records) == as_concepts("au_air", want["per_class"])
    assert {(record.width, record.height) for record in records} == {(1920, 1080)}
    alone, _ = read_all("au_air", shared_data / "au_air", images=False)
    assert [record.objects for record in alone] == [record.objects for record in records]


# CARPK


def lots(root: Path) -> Path:
    base = root / "CARPK_devkit/data"
    for n in range(1, 5):
        picture(base / f"Images/20160331_NTU_{n:05d}.png")
        text(base / f"Annotations/20160331_NTU_{n:05d}.txt", f"\ufeff{n} 20 40 60 1\r\n")
    text(base / "ImageSets/train.txt", "20160331_NTU_00001\n20160331_NTU_00002\n20160331_NTU_00003\n")
    text(base / "ImageSets/test.txt", "20160331_NTU_00004\n20160401_NTU_00001\n")
    return root


def test_carpk_boxes_are_inclusive(tmp_path: Path) -> None:
    records, drops = read_all("carpk", lots(tmp_path))
    assert [(r.id, r.objects[0].label, r.objects[0].box) for r in records] == [
        ("carpk/test/20160331_NTU_00004", "car", (4, 20, 41, 61)),
        ("carpk/train/20160331_NTU_00001", "car", (1, 20, 41, 61)),
        ("carpk/train/20160331_NTU_00002", "car", (2, 20, 41, 61)),
        ("carpk/train/20160331_NTU_00003", "car", (3, 20, 41, 61)),
    ]
    assert records[0].path == "CARPK_devkit/data/Images/20160331_NTU_00004.png"
    assert records[0].extra == {"video": "20160331_NTU", "frame": "00004"}
    assert dropped(drops) == {"listed-but-absent": (1, 0)}


def test_carpk_every_and_splits(tmp_path: Path) -> None:
    records, drops = read_all("carpk", lots(tmp_path), every=2)
    assert [r.id for r in records] == [
        *("carpk/test/20160331_NTU_00004", "carpk/train/20160331_NTU_00001", "carpk/train/20160331_NTU_00003"),
    ]
    assert dropped(drops) == {"listed-but-absent": (1, 0)}
    records, drops = read_all("carpk", tmp_path, "train")
    assert (len(records), drops) == (3, [])
    with pytest.raises(BadSource, match="no split 'val' here; found: train, test"):
        carpk.find(tmp_path, "val")


def test_carpk_lines() -> None:
    content = "1 2 3 4 1\n\n1,2,3,4,1\n1 2 3 4\n1 2 x 4 1\n1 2 3 4 2\n"
    page = carpk.parse(content, "a.txt")
    assert [(shape.name, shape.box, shape.number) for shape in page.shapes] == [
        ("1", (1, 2, 4, 5), 1),
        ("1", (1, 2, 4, 5), 3),
        ("2", (1, 2, 4, 5), 6),
    ]
    assert page.refused == [
        ("bad-annotation", "a.txt:4: 4 fields where 5 are wanted (x1 y1 x2 y2 class)"),
        ("bad-annotation", "a.txt:5: 'x' where a coordinate is wanted"),
    ]


@given(st.text() | st.text(alphabet="0123456789-. \n"))
def test_any_carpk_text_is_parsed_or_refused(content: str) -> None:
    page = carpk.parse(content, "x.txt")
    rows = [line for line in content.replace("\r", "\n").split("\n") if line.replace(",", " ").split()]
    assert len(page.shapes) + len(page.refused) == len(rows)


def test_bad_carpk_files_are_counted(tmp_path: Path) -> None:
    lots(tmp_path)
    base = tmp_path / "CARPK_devkit/data"
    text(base / "Annotations/20160331_NTU_00001.txt", "1 2 30 40 2\n200 2 230 40 1\n5 5 4 9 1\n1 1 1\n1 2 30 40 1\n")
    text(base / "Annotations/20160331_NTU_00002.txt", b"\x80")
    (base / "Images/20160331_NTU_00003.png").unlink()
    (base / "Annotations/20160331_NTU_00004.txt").unlink()
    records, drops = read_all("carpk", tmp_path)
    assert [(r.id, len(r.objects)) for r in records] == [("carpk/train/20160331_NTU_00001", 1)]
    assert dropped(drops) == {
        "unknown-class": (0, 1),
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
        "bad-annotation": (1, 1),
        "missing-image": (1, 1),
        "missing-annotation": (1, 0),
        "listed-but-absent": (1, 0),
    }


def test_two_dev_kits_in_one_root(tmp_path: Path) -> None:
    lots(tmp_path)
    text(tmp_path / "PUCPR+_devkit/data/Annotations/a.txt", "1 2 3 4 1")
    with pytest.raises(BadSource, match=r"holds CARPK_devkit/data and .*PUCPR.*; give one of them as root"):
        carpk.find(tmp_path)
    with pytest.raises(BadSource, match="cannot be read without images"):
        carpk.find(tmp_path, images=False)
