"""HRSC2016: turned boxes, classes by id, unlabelled images, and the real file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, labels, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _hrsc, hrsc2016
from rsdata.record import Drop

OBJECT = (
    "<HRSC_Object><Class_ID>100000027</Class_ID><difficult>1</difficult>"
    "<box_xmin>30</box_xmin><box_ymin>20</box_ymin><box_xmax>70</box_xmax><box_ymax>60</box_ymax>"
    "<mbox_cx>50</mbox_cx><mbox_cy>40</mbox_cy><mbox_w>40</mbox_w><mbox_h>10</mbox_h><mbox_ang>{angle}</mbox_ang>"
    "</HRSC_Object>"
)


def xml(*objects: str, annotated: int = 1) -> str:
    head = "<Img_SizeWidth>100</Img_SizeWidth><Img_SizeHeight>80</Img_SizeHeight><Img_Resolution>1.07</Img_Resolution>"
    head += f"<Img_Location>69.04,33.07</Img_Location><Annotated>{annotated}</Annotated>"
    return f"<HRSC_Image>{head}<HRSC_Objects>{''.join(objects)}</HRSC_Objects></HRSC_Image>"


def folder(root: Path) -> Path:
    base = root / "FullDataSet"
    for number, content in enumerate((xml(OBJECT.format(angle=0)), xml(), xml(annotated=0), "<HRSC_Image>"), 1):
        text(base / f"Annotations/10000000{number}.xml", content)
        picture(base / f"AllImages/10000000{number}.bmp")
    text(base / "sysdata.xml", "<sysdata/>")
    text(root / "ImageSets/train.txt", "100000001\n100000007\n")
    text(root / "ImageSets/trainval.txt", "100000001\n100000002\n")
    return root


@pytest.mark.parametrize(
    ("angle", "corners"),
    [
        (0.0, (30, 35, 70, 35, 70, 45, 30, 45)),
        (math.pi / 2, (55, 20, 55, 60, 45, 60, 45, 20)),
        (-math.pi / 2, (45, 60, 45, 20, 55, 20, 55, 60)),
    ],
)
def test_corners_go_clockwise_on_screen(angle: float, corners: tuple[float, ...]) -> None:
    assert _hrsc.corners(50, 40, 40, 10, angle) == pytest.approx(corners)


def test_records_and_unlabelled_images(tmp_path: Path) -> None:
    records, drops = read_all("hrsc2016", folder(tmp_path))
    assert [(r.id, r.path, len(r.objects), r.gsd, r.extra) for r in records] == [
        ("hrsc2016/100000002", "FullDataSet/AllImages/100000002.bmp", 0, 1.07, {"location": "69.04,33.07"}),
        ("hrsc2016/train/100000001", "FullDataSet/AllImages/100000001.bmp", 1, 1.07, {"location": "69.04,33.07"}),
    ]
    (obj,) = records[1].objects
    assert (obj.label, obj.box, obj.area, obj.difficult) == ("submarine", (30, 35, 70, 45), 400, True)
    assert dropped(drops) == {"missing-annotation": (1, 0), "bad-annotation": (1, 0), "listed-but-absent": (1, 0)}
    assert (
        Drop(
            "hrsc2016/100000003",
            "read",
            "missing-annotation",
            "FullDataSet/Annotations/100000003.xml: not annotated (Annotated is not 1, no object)",
        )
        in drops
    )


def test_upright_boxes_and_bad_objects(tmp_path: Path) -> None:
    unknown = OBJECT.replace("100000027", "100000021").format(angle=0)
    broken = OBJECT.format(angle="x")
    text(tmp_path / "Train/Annotations/1.xml", xml(OBJECT.format(angle=1), unknown, broken, "<HRSC_Object/>"))
    text(tmp_path / "Test/Annotations/2.xml", xml(OBJECT.format(angle=1)))
    picture(tmp_path / "Train/AllImages/1.bmp")
    (record,), drops = read_all("hrsc2016", tmp_path, "train", boxes="hbb")
    assert [(o.box, o.poly) for o in record.objects] == [((30, 20, 70, 60), ()), ((30, 20, 70, 60), ())]
    assert record.id == "hrsc2016/train/1"
    assert dropped(drops) == {"unknown-class": (0, 1), "bad-annotation": (0, 1)}
    (record,), drops = read_all("hrsc2016", tmp_path, "train")
    assert dropped(drops) == {"unknown-class": (0, 1), "bad-annotation": (0, 2)}
    bad = next(drop for drop in drops if drop.reason == "bad-annotation")
    place = "Train/Annotations/1.xml: object"
    assert bad.detail == f"{place} 3: 'x' where a coordinate is wanted; {place} 4: nothing where a coordinate is wanted"
    (record,), _ = read_all("hrsc2016", tmp_path, "test", images=False)
    assert (record.id, record.width, record.height) == ("hrsc2016/test/2", 100, 80)


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no folder FullDataSet/Annotations with XML files in .*found: nothing"):
        hrsc2016.find(tmp_path)
    with pytest.raises(BadSource, match="'obb' or 'hbb' is wanted"):
        hrsc2016.find(tmp_path, boxes="poly")
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        hrsc2016.find(folder(tmp_path) and _with_val(tmp_path), "test")


def _with_val(root: Path) -> Path:
    text(root / "ImageSets/val.txt", "100000002\n")
    return root


@given(st.text("<>/&;!DOCTYPEHRSC_ImageObjects0123 ", max_size=80) | st.binary(max_size=80))
def test_any_bytes_are_parsed_or_refused(content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    whole = xml(OBJECT.format(angle=0)).encode()
    for case in (data, whole[:200] + data + whole[230:]):
        try:
            sheet = _hrsc.parse(case, "a.xml")
        except BadAnnotation as error:
            assert str(error).startswith("a.xml")
        else:
            assert len(sheet.page.shapes) + len(sheet.page.refused) <= 2


def test_entities_are_refused() -> None:
    with pytest.raises(BadAnnotation, match="never expanded"):
        _hrsc.parse(b'<!DOCTYPE x [<!ENTITY a "b">]><HRSC_Image/>', "a.xml")
    with pytest.raises(BadAnnotation, match="the root element is <annotation> where <HRSC_Image> is wanted"):
        _hrsc.parse(b"<annotation/>", "a.xml")


def test_real_file(shared_data: Path, counts: dict) -> None:
    want = counts["hrsc2016"]
    (record,), drops = read_all("hrsc2016", shared_data / "hrsc2016", images=False)
    (truth,) = want["objects_detail"]
    assert [record.width, record.height] == want["image_size_declared"] and drops == []
    assert labels([record]) == {"kuznetsov_carrier": 1} and record.gsd == 1.07
    (obj,) = record.objects
    bow = (obj.poly[0] + obj.poly[6]) / 2, (obj.poly[1] + obj.poly[7]) / 2
    assert math.dist(bow, (float(truth["header_x"]), float(truth["header_y"]))) < 40
    upright = [float(truth[f"box_{side}"]) for side in ("xmin", "ymin", "xmax", "ymax")]
    (record,), _ = read_all("hrsc2016", shared_data / "hrsc2016", images=False, boxes="hbb")
    assert list(record.objects[0].box) == upright
    _, drops = read_all("hrsc2016", shared_data / "hrsc2016")
    assert dropped(drops) == {"missing-image": (1, 1)}
