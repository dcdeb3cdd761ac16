"""HRRSD and DIOR-R: VOC XML with split lists, and the real samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import hrrsd

XML = """<annotation>
	<folder>OPTIMAL_Z</folder><filename>00001.jpg</filename>
	<source><database>The OPTIMAL_Z Database</database></source>
	<size><width>90</width><height>70</height><depth>3</depth></size>
	<object><name>T junction</name><pose>overlook</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>0</xmin><ymin>11</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>
	<object><name>lighthouse</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>
	<object><name>ship</name><bndbox><xmin>95</xmin><ymin>1</ymin><xmax>130</xmax><ymax>9</ymax></bndbox></object>
</annotation>
"""


def folder(root: Path) -> Path:
    base = root / "OPT2017"
    for stem in ("00001", "00002"):
        text(base / f"Annotations/{stem}.xml", XML)
    text(base / "Annotations/00003.xml", "<annotation><object>")
    for stem in ("00001", "00003", "00004"):
        picture(base / f"JPEGImages/{stem}.jpg")
    text(base / "ImageSets/Main/train.txt", "00001\n00002\n00009\n")
    text(base / "ImageSets/Main/T junction_train.txt", "00001  1\n00002 -1\n00003 -1\n")
    text(base / "ImageSets/Main/test.txt", "00003\n00004\n")
    return root


def test_lists_boxes_and_drops(tmp_path: Path) -> None:
    (record,), drops = read_all("hrrsd", folder(tmp_path))
    assert (record.id, record.path) == ("hrrsd/train/00001", "OPT2017/JPEGImages/00001.jpg")
    assert [(o.label, o.box) for o in record.objects] == [("t_junction", (0, 10, 20, 30)), ("ship", (94, 0, 100, 9))]
    assert dropped(drops) == {
        "unknown-class": (0, 1),
        "missing-image": (1, 3),
        "bad-annotation": (1, 0),
        "missing-annotation": (1, 0),
        "listed-but-absent": (1, 0),
    }
    missing = next(drop for drop in drops if drop.reason == "missing-image")
    assert missing.detail.startswith("OPT2017/JPEGImages/00002.jpg: no such image file")


def test_without_images(tmp_path: Path) -> None:
    records, drops = read_all("hrrsd", folder(tmp_path), images=False)
    assert [(r.id, r.path, r.width, r.height) for r in records] == [
        ("hrrsd/train/00001", None, 90, 70),
        ("hrrsd/train/00002", None, 90, 70),
    ]
    assert dropped(drops)["outside-image"] == (0, 2)


def test_a_wrong_root_or_split_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no folder Annotations with XML files in .*found: nothing"):
        hrrsd.find(tmp_path)
    with pytest.raises(BadSource, match="no split 'val' here; found: train, test"):
        hrrsd.find(folder(tmp_path), "val")


def test_real_sample(shared_data: Path, counts: dict) -> None:
    want = counts["hrrsd"]
    records, drops = read_all("hrrsd", shared_data / "hrrsd", images=False)
    assert (len(records), objects(records)) == (want["annotation_files"], want["objects"])
    assert labels(records) == as_concepts("hrrsd", want["per_class"])
    listed = sum(want["per_split"][split]["listed"] for split in hrrsd.INFO.splits)
    assert dropped(drops) == {"listed-but-absent": (listed - want["annotation_files"], 0)}
    for split in hrrsd.INFO.splits:
        part = [record for record in records if record.split == split]
        assert len(part) == want["per_split"][split]["with_annotation"]
        assert labels(part) == as_concepts("hrrsd", want["per_split"][split]["per_class"])


def test_real_json_by_the_coco_reader(shared_data: Path, counts: dict) -> None:
    want = counts["hrrsd"]["coco_tiny"]
    json = f"COCOFormat/Anns/{want['file']}"
    records, drops = read_all("coco", shared_data / "hrrsd", images=False, json=json)
    assert (len(records), objects(records), drops) == (want["images_in_json"], want["objects"], [])
    assert labels(records) == as_concepts("hrrsd", want["per_class"])


def test_dior_r_is_dior_with_oriented_boxes(shared_data: Path, counts: dict) -> None:
    want = counts["dior"]["oriented"]
    records, drops = read_all("dior_r", shared_data / "dior", images=False)
    same, same_drops = read_all("dior", shared_data / "dior", images=False, boxes="obb")
    assert (len(records), objects(records)) == (want["annotation_files"], want["objects"])
    assert labels(records) == as_concepts("dior_r", want["per_class"])
    assert [(r.id.removeprefix("dior_r/"), r.objects) for r in records] == [
        (r.id.removeprefix("dior/"), r.objects) for r in same
    ]
    assert dropped(drops) == dropped(same_drops)
    assert {record.source for record in records} == {"dior_r"}


def test_dior_r_on_drawn_folders(tmp_path: Path) -> None:
    corners = "".join(
        f"<x_{name}>{x}</x_{name}><y_{name}>{y}</y_{name}>"
        for name, x, y in (("left_top", 5, 5), ("right_top", 25, 5), ("right_bottom", 25, 15), ("left_bottom", 5, 15))
    )
    xml = f"<annotation><object><name>windmill</name><robndbox>{corners}</robndbox></object></annotation>"
    text(tmp_path / "Annotations/Oriented Bounding Boxes/00001.xml", xml)
    text(tmp_path / "Annotations/Horizontal Bounding Boxes/00001.xml", "not read")
    picture(tmp_path / "JPEGImages-trainval/00001.jpg")
    (record,), drops = read_all("dior_r", tmp_path)
    assert (record.id, record.source, drops) == ("dior_r/00001", "dior_r", [])
    assert [(o.label, o.box, o.poly) for o in record.objects] == [
        ("windmill", (5, 5, 25, 15), (5, 5, 25, 5, 25, 15, 5, 15))
    ]
