"""FAIR1M: points, parts that share names, and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _fair1m, fair1m

SQUARE = ("10.0,20.5", "30.0,20.5", "30.0,40.5", "10.0,40.5", "10.0,20.5")


def entry(name: str = "Small Car", points: tuple[str, ...] = SQUARE, coordinate: str = "pixel") -> str:
    inside = "".join(f"<point>{point}</point>" for point in points)
    return (
        f"<object><coordinate>{coordinate}</coordinate><type>rectangle</type><description>None</description>"
        f"<possibleresult><name>{name}</name></possibleresult><points>{inside}</points></object>"
    )


def xml(*objects: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotation><source><filename>0.tif</filename></source>'
        f"<objects>{''.join(objects)}</objects></annotation>"
    )


def test_an_object() -> None:
    (shape,) = _fair1m.parse(xml(entry()).encode(), "0.xml").shapes
    assert (shape.name, shape.box, shape.number) == ("Small Car", (10, 20.5, 30, 40.5), 1)
    assert shape.poly == (10, 20.5, 30, 20.5, 30, 40.5, 10, 40.5)
    (shape,) = _fair1m.parse(xml(entry(points=SQUARE[:4])).encode(), "0.xml").shapes
    assert shape.poly == (10, 20.5, 30, 20.5, 30, 40.5, 10, 40.5)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (entry(coordinate="geodegree"), "coordinates in 'geodegree' where pixel is wanted"),
        (entry(name=" "), "no possibleresult/name"),
        (entry(points=SQUARE[:3]), "3 corners where 4 are wanted"),
        (entry(points=(*SQUARE[:4], "1,1", SQUARE[0])), "5 corners where 4 are wanted"),
        (entry(points=("1,2,3",)), "'1,2,3' where x,y is wanted"),
        (entry(points=("1,inf", *SQUARE)), "'inf' where a coordinate is wanted"),
        ("<object/>", "no possibleresult/name"),
    ],
)
def test_a_refused_object_and_its_reason(broken: str, problem: str) -> None:
    page = _fair1m.parse(xml(entry(), broken, entry()).encode(), "0.xml")
    assert page.refused == [("bad-annotation", f"0.xml: object 2: {problem}")]
    assert [shape.number for shape in page.shapes] == [1, 3]


@given(st.binary(max_size=60), st.integers(0, 330), st.integers(0, 330))
def test_any_bytes_are_parsed_or_refused(piece: bytes, start: int, end: int) -> None:
    whole = xml(entry()).encode()
    for data in (piece, whole[:start] + piece + whole[end:]):
        try:
            page = _fair1m.parse(data, "0.xml")
        except BadAnnotation as error:
            assert str(error).startswith("0.xml")
        else:
            assert len(page.shapes) + len(page.refused) <= 2


def test_parts_and_splits(tmp_path: Path) -> None:
    for base in ("train/part1", "train/part2", "validation"):
        picture(tmp_path / "FAIR1M" / base / "images/0.tif")
    text(tmp_path / "FAIR1M/train/part1/labelXml/0.xml", xml(entry("Boeing737"), entry("Ufo")))
    text(tmp_path / "FAIR1M/train/part2/labelXmls/labelXml/0.xml", xml(entry("other-ship")))
    text(tmp_path / "FAIR1M/train/part2/labelXmls/labelXml/1.xml", xml(entry("other-ship")))
    text(tmp_path / "FAIR1M/validation/labelXml/0.xml", xml(entry("Football_Field", points=SQUARE[::-1])))
    picture(tmp_path / "FAIR1M/validation/images/2.tif")
    picture(tmp_path / "FAIR1M/test/images/9.tif")
    records, drops = read_all("fair1m", tmp_path)
    assert [(r.id, r.split, r.path, r.objects[0].label) for r in records] == [
        ("fair1m/train/part1/0", "train", "FAIR1M/train/part1/images/0.tif", "boeing_737"),
        ("fair1m/train/part2/0", "train", "FAIR1M/train/part2/images/0.tif", "ship"),
        ("fair1m/val/0", "val", "FAIR1M/validation/images/0.tif", "soccer_field"),
    ]
    assert records[0].objects[0].area == 400
    assert dropped(drops) == {"unknown-class": (0, 1), "missing-image": (1, 1), "missing-annotation": (1, 0)}
    assert [record.id for record in read_all("fair1m", tmp_path, "val")[0]] == ["fair1m/val/0"]
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        fair1m.find(tmp_path, "test")


def test_flat_folders_and_broken_files(tmp_path: Path) -> None:
    for stem in "012":
        picture(tmp_path / f"images/{stem}.tif")
    text(tmp_path / "labelXmls/0.xml", xml())
    text(tmp_path / "labelXmls/1.xml", xml()[:-5])
    text(tmp_path / "labelXmls/2.xml", xml(entry(points=("200,1", "220,1", "220,9", "200,9"))))
    records, drops = read_all("fair1m", tmp_path)
    assert [(record.id, record.objects) for record in records] == [("fair1m/0", []), ("fair1m/2", [])]
    assert dropped(drops) == {"bad-annotation": (1, 0), "outside-image": (0, 1)}
    assert drops[-1].detail == "labelXmls/2.xml: object 1: Small Car at (200, 1, 220, 9) in an image of 100 x 80"


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="no folder labelXml with XML files in"):
        fair1m.find(tmp_path)
    with pytest.raises(BadSource, match="cannot be read without images"):
        fair1m.find(tmp_path, images=False)
