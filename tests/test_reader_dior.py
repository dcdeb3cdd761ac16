"""The DIOR reader: both kinds of box, split lists, and the real sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import dior
from rsdata.record import Drop

HBB = """<annotation>\r
\t<filename>00001.jpg</filename>\r
\t<source>\r\n\t\t<database>DIOR</database>\r\n\t</source>\r
\t<size>\r\n\t\t<width>90</width>\r\n\t\t<height>70</height>\r\n\t\t<depth>3</depth>\r\n\t</size>\r
\t<segmented>0</segmented>\r
\t<object>\r\n\t\t<name>Expressway-toll-station</name>\r\n\t\t<pose>Unspecified</pose>\r
\t\t<bndbox>\r\n\t\t\t<xmin>11</xmin>\r\n\t\t\t<ymin>21</ymin>\r\n\t\t\t<xmax>50</xmax>\r\n\t\t\t<ymax>60</ymax>\r
\t\t</bndbox>\r\n\t</object>\r
</annotation>\r
"""
OBB = """<?xml version="1.0" encoding="UTF-8"?>
<annotation>
    <size><width>90</width><height>70</height><depth>3</depth></size>
    <object><type>robndbox</type><name>golffield</name><truncated>0</truncated><difficult>0</difficult>
        <robndbox>
            <x_left_top>-10</x_left_top><y_left_top>10</y_left_top><x_right_top>30</x_right_top><y_right_top>10</y_right_top>
            <x_right_bottom>30</x_right_bottom><y_right_bottom>40</y_right_bottom>
            <x_left_bottom>-10</x_left_bottom><y_left_bottom>40</y_left_bottom>
        </robndbox><angle>0</angle></object>
</annotation>
"""


def folder(root: Path) -> Path:
    """A DIOR folder with the doubled folders of its archives; 00003 has no image, 00004 no XML, 00005 neither."""
    for stem in ("00001", "00002", "00003", "11726"):
        text(root / f"Annotations/Annotations/Horizontal Bounding Boxes/{stem}.xml", HBB)
        text(root / f"Annotations/Annotations/Oriented Bounding Boxes/{stem}.xml", OBB)
    for stem in ("00001", "00002", "00004"):
        picture(root / f"JPEGImages-trainval/JPEGImages-trainval/{stem}.jpg")
    picture(root / "JPEGImages-test/11726.jpg")
    text(root / "ImageSets/Main/train.txt", "00001\r\n00003\r\n00005\r\n00006\r\n")
    text(root / "ImageSets/Main/val.txt", "00004\n")
    text(root / "ImageSets/Main/test.txt", "11726\n")
    return root


def test_lists_give_splits_and_nothing_listed_is_lost(tmp_path: Path) -> None:
    records, drops = read_all("dior", folder(tmp_path))
    assert [(r.id, r.split, r.path) for r in records] == [
        ("dior/00002", "", "JPEGImages-trainval/JPEGImages-trainval/00002.jpg"),
        ("dior/test/11726", "test", "JPEGImages-test/11726.jpg"),
        ("dior/train/00001", "train", "JPEGImages-trainval/JPEGImages-trainval/00001.jpg"),
    ]
    absent = "2 of the 4 ids of the list train have no file here, first 00005"
    assert Drop("dior/train/listed-but-absent", "read", "listed-but-absent", absent, images=2, objects=0) in drops
    assert dropped(drops) == {"listed-but-absent": (2, 0), "missing-image": (1, 1), "missing-annotation": (1, 0)}
    missing = next(drop for drop in drops if drop.reason == "missing-image")
    assert missing.detail.startswith("JPEGImages-trainval/00003.jpg: no such image file")


def test_boxes_and_sizes(tmp_path: Path) -> None:
    folder(tmp_path)
    (record,), _ = read_all("dior", tmp_path, "test")
    (obj,) = record.objects
    assert (record.width, record.height, record.platform) == (100, 80, "satellite")
    assert (obj.label, obj.box, obj.poly, obj.area) == ("expressway_toll_station", (10, 20, 50, 60), (), 1600)
    (record,), _ = read_all("dior", tmp_path, "test", boxes="obb")
    (obj,) = record.objects
    assert (obj.label, obj.box, obj.area) == ("golf_course", (0, 10, 30, 40), 900)
    assert obj.poly == (-10, 10, 30, 10, 30, 40, -10, 40)


def test_without_images_the_xml_gives_the_size(tmp_path: Path) -> None:
    records, drops = read_all("dior", folder(tmp_path), images=False)
    assert [(r.id, r.path, r.width, r.height) for r in records] == [
        ("dior/00002", None, 90, 70),
        ("dior/test/11726", None, 90, 70),
        ("dior/train/00001", None, 90, 70),
        ("dior/train/00003", None, 90, 70),
    ]
    assert dropped(drops) == {"listed-but-absent": (3, 0)}
    text(tmp_path / "Annotations/Annotations/Horizontal Bounding Boxes/11726.xml", HBB.replace("<width>90", "<width>0"))
    records, drops = read_all("dior", tmp_path, "test", images=False)
    assert records == [] and dropped(drops) == {"no-size": (1, 1)}
    assert "the annotation says 0 x 70 pixels" in drops[0].detail


def test_flat_folders(tmp_path: Path) -> None:
    text(tmp_path / "00001.xml", HBB)
    picture(tmp_path / "00001.jpg")
    (record,), drops = read_all("dior", tmp_path)
    assert (record.id, record.path, drops) == ("dior/00001", "00001.jpg", [])
    with pytest.raises(BadSource, match="no split 'train' here"):
        dior.find(tmp_path, "train")
    records, drops = read_all("dior", tmp_path, boxes="obb")
    assert len(records) == 1 and dropped(drops) == {"bad-annotation": (0, 1)}
    expected = "00001.xml:12: an object without <robndbox>; it has a <bndbox>: read it with horizontal boxes"
    assert drops[0].detail == expected


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no folder 'Annotations/Horizontal Bounding Boxes' with XML .*found: nothing"):
        dior.find(tmp_path)
    with pytest.raises(BadSource, match="'hbb' or 'obb' is wanted"):
        dior.find(tmp_path, boxes="both")
    text(tmp_path / "ImageSets/Main/val.txt", b"\xff\xff")
    text(tmp_path / "Annotations/00001.xml", HBB)
    with pytest.raises(BadSource, match=r"the split list ImageSets/Main/val\.txt:1: not UTF-8"):
        dior.find(tmp_path)


@pytest.mark.parametrize(("boxes", "kind"), [("hbb", "horizontal"), ("obb", "oriented")])
def test_real_sample(shared_data: Path, counts: dict, boxes: str, kind: str) -> None:
    want = counts["dior"][kind]
    records, drops = read_all("dior", shared_data / "dior", images=False, boxes=boxes)
    assert (len(records), objects(records)) == (want["annotation_files"], want["objects"])
    assert labels(records) == as_concepts("dior", want["per_class"])
    assert sum(not obj.difficult for record in records for obj in record.objects) == want["objects_not_difficult"]
    listed = sum(split["listed"] for split in want["per_split"].values())
    assert dropped(drops) == {"listed-but-absent": (listed - want["annotation_files"], 0)}
    for split in ("train", "val", "test"):
        part = [record for record in records if record.split == split]
        assert labels(part) == as_concepts("dior", want["per_split"][split]["per_class"])


def test_real_sample_with_images(shared_data: Path, counts: dict) -> None:
    records, drops = read_all("dior", shared_data / "dior")
    assert [(r.id, r.width, r.height, r.objects[0].box) for r in records] == [
        ("dior/train/00001", 800, 800, (132, 236, 684, 672))
    ]
    assert dropped(drops)["missing-image"] == (399, counts["dior"]["objects"] - 1)
