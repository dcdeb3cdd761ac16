"""The VOC reader: XML, its quick way, folders, and the real sample."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _voc, _vocplain, voc
from rsdata.readers._objects import Page, Shape


def thing(name: str = "ship", box: str = "11,21,50,60", more: str = "") -> str:
    sides = "".join(f"\n<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box.split(","), strict=True))
    return f"<object>\n<name>{name}</name>{more}<bndbox>{sides}</bndbox></object>\n"


def page(*things: str, size: str = "<size><width>90</width><height>70</height></size>") -> str:
    return f"<annotation>\n{size}\n{''.join(things)}</annotation>\n"


ONE = Shape("ship", (10, 20, 50, 60), (), False, 1)
PARTS = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></part>"


@pytest.mark.parametrize(
    ("xml", "shapes"),
    [
        (page(thing()), [ONE]),
        (page(thing(box="11.5,21,50.25,60")), [ONE._replace(box=(10.5, 20, 50.25, 60))]),
        (page(thing(more="<truncated>1</truncated><difficult>1</difficult>")), [ONE._replace(difficult=True)]),
        (page(thing(more="<difficult>0</difficult>")), [ONE]),
        (page(thing(more=PARTS)), [ONE]),
        (page(f"<group>{thing()}</group>", thing()), [ONE]),
        (page("<!-- <object/> -->", thing(" ship ")), [ONE]),
        (page(thing("sea &amp; sky")), [ONE._replace(name="sea & sky")]),
        (page(thing("港口")), [ONE._replace(name="港口")]),
        (page(thing()).replace("<xmin>11</xmin>", "").replace("</bndbox>", "<xmin>11</xmin></bndbox>"), [ONE]),
        ('\ufeff<?xml version="1.0" encoding="utf-8"?>' + page(thing()), [ONE]),
        ('<?xml version="1.0"?>' + page(thing(), thing()).replace("\n", "\r\n"), [ONE, ONE._replace(number=2)]),
        (page(), []),
        ("<annotation/>", []),
    ],
)
def test_xml(xml: str, shapes: list[Shape]) -> None:
    found = _voc.parse(xml.encode(), "a.xml")
    assert found.shapes == shapes and found.refused == []
    if "<size>" in xml:
        assert (found.width, found.height) == (90, 70)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (thing("  "), "an object without <name>"),
        ("<object><name>ship</name></object>", "an object without <bndbox>"),
        (thing(box="11,,50,60"), "nothing where a coordinate is wanted"),
        (thing().replace("<ymax>60</ymax>", ""), "nothing where a coordinate is wanted"),
        (thing(box="11,2l,50,60"), "'2l' where a coordinate is wanted"),
        (thing(box="11,inf,50,60"), "'inf' where a coordinate is wanted"),
        (thing(more="<difficult>maybe</difficult>"), "<difficult> is 'maybe' where 0 or 1 is wanted"),
    ],
)
def test_a_broken_object_is_refused_with_its_line(broken: str, problem: str) -> None:
    found = _voc.parse(page(thing(), broken, thing()).encode(), "a.xml")
    line = page(thing()).count("\n")
    assert found.refused == [("bad-annotation", f"a.xml:{line}: {problem}")]
    assert [shape.number for shape in found.shapes] == [1, 3]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "a.xml:1: broken XML (no element found: line 1, column 0)"),
        (page(thing()).encode()[:-20], "a.xml:8: broken XML (unclosed token: line 8, column 24)"),
        (b"<HRSC_Image/>", "a.xml:1: the root element is <HRSC_Image> where <annotation> is wanted"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + page(thing()).encode(), "a.xml: the XML declares a DOCTYPE"),
        (page(thing()).encode("utf-16"), "a.xml: the XML is not UTF-8"),
        (page(thing("\xe9")).encode("latin-1"), "a.xml:4: broken XML (not well-formed (invalid token)"),
        (b'<?xml version="1.0" encoding="gb2312"?>' + page(thing()).encode(), "a.xml:1: XML in an encoding"),
    ],
)
def test_a_file_that_is_no_such_xml(data: bytes, problem: str) -> None:
    with pytest.raises(BadAnnotation, match="^" + re.escape(problem)):
        _voc.parse(data, "a.xml")


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet="<>/annotiobject &;!-\n").map(str.encode))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadAnnotation):
        assert isinstance(_voc.parse(data, "x.xml"), Page)


PLAIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<annotation>\n\t<folder>x</folder>\n\t<source>\n\t\t<a>x</a>\n'
    "\t</source>\n\t<size>\n\t\t<width>90</width>\n\t\t<height>70</height>\n\t\t<depth>3</depth>\n\t</size>\n"
    + thing(more="\n<pose>Left</pose><truncated>0</truncated><difficult>1</difficult>")
    + thing("storage tank", "1,-2,3.25,4")
    + "</annotation>\n"
)


def test_the_quick_way_reads_the_plain_form() -> None:
    found = _vocplain.parse(PLAIN.encode())
    assert found is not None and found == _voc.parse_tree(PLAIN.encode(), "a.xml", "bndbox")
    assert [shape.name for shape in found.shapes] == ["ship", "storage tank"]


PIECES = [
    *(
        "<object>",
        "</object>",
        "<name>",
        "</name>",
        "<bndbox>",
        "</annotation>",
        "<annotation>",
        "&amp;",
        "&",
        "<",
        ">",
    ),
    *(
        "<size>",
        "</size>",
        "<!-- ",
        " -->",
        "<![CDATA[",
        "]]>",
        "\x01",
        "\x0b",
        "\x85",
        "é",
        " ",
        "\r\n",
        "5",
        ".",
        "-",
    ),
    *("<difficult>1</difficult>", "<depth/>", "<xmin>7</xmin>", "<part/>", "<a>b</a>", "\x00", "\x7f", "_", "<?x y?>"),
]


@settings(max_examples=600)
@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN)), st.sampled_from(PIECES), st.integers(0, 30)), min_size=1, max_size=3)
)
def test_the_quick_way_never_differs_from_the_parser(edits: list[tuple[int, str, int]]) -> None:
    """Wherever the plain form is accepted, ElementTree accepts the file too and finds the same."""
    content = PLAIN
    for at, piece, cut in edits:
        content = content[:at] + piece + content[at + cut :]
    quick = _vocplain.parse(content.encode())
    if quick is not None:
        assert quick == _voc.parse_tree(content.encode(), "a.xml", "bndbox")


@given(st.lists(st.tuples(st.text(min_size=1), st.lists(st.integers(0, 99999), min_size=4, max_size=4))), st.booleans())
def test_what_is_written_is_read(things: list[tuple[str, list[int]]], difficult: bool) -> None:
    names = [re.sub(r"[^\w ]", "x", name).strip() or "x" for name, _ in things]
    more = f"<difficult>{int(difficult)}</difficult>"
    boxes = [box for _, box in things]
    xml = page(*(thing(escape(n), ",".join(map(str, b)), more) for n, b in zip(names, boxes, strict=True)))
    found = _voc.parse(xml.encode(), "a.xml")
    assert [shape.name for shape in found.shapes] == names
    assert [shape.box for shape in found.shapes] == [(x - 1, y - 1, right, bottom) for x, y, right, bottom in boxes]
    assert all(shape.difficult == difficult for shape in found.shapes)


def test_splits_sizes_and_classes(tmp_path: Path) -> None:
    base = tmp_path / "VOCdevkit/VOC2007"
    for stem in ("000001", "000002", "000003"):
        text(base / f"Annotations/{stem}.xml", page(thing(), thing("oil rig"), thing("other"), thing("Aeroplane")))
        picture(base / f"JPEGImages/{stem}.jpg")
    text(base / "ImageSets/Main/trainval.txt", "000001\n000002\n")
    text(base / "ImageSets/Main/val.txt", "000002\n")
    text(base / "ImageSets/Main/ship_train.txt", "000003 -1\n")
    records, drops = read_all("voc", tmp_path)
    assert [(r.id, r.split, r.width, r.height) for r in records] == [
        ("voc/000003", "", 100, 80),
        ("voc/train/000001", "train", 100, 80),
        ("voc/val/000002", "val", 100, 80),
    ]
    assert records[0].path == "VOCdevkit/VOC2007/JPEGImages/000003.jpg"
    assert labels(records) == {"ship": 3, "airplane": 3}
    assert dropped(drops) == {"unknown-class": (0, 3), "refused-class": (0, 3)}
    unknown = "VOCdevkit/VOC2007/Annotations/000003.xml:9: no concept for class 'oil rig'"
    assert drops[0].detail == unknown
    mapped = {"oil rig": "ship", "other": "vehicle", "ship": None}
    records, drops = read_all("voc", tmp_path, "val", images=False, classes=mapped)
    assert [(r.id, r.path, r.width, r.height) for r in records] == [("voc/val/000002", None, 90, 70)]
    assert labels(records) == {"ship": 1, "vehicle": 1, "airplane": 1}
    with pytest.raises(BadSource, match="'oil rig' is mapped to 'oilrig', which is no concept"):
        voc.find(tmp_path, classes={"oil rig": "oilrig"})
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        voc.find(tmp_path, "test")


def test_class_lists_and_several_years(tmp_path: Path) -> None:
    for year in ("VOC2007", "VOC2012"):
        text(tmp_path / year / "Annotations/000001.xml", page(thing()))
        picture(tmp_path / year / "JPEGImages/000001.png")
        text(tmp_path / year / "ImageSets/Main/train.txt", "000001  1\n\nmy photo\n")
    records, drops = read_all("voc", tmp_path)
    assert [(r.id, r.path) for r in records] == [
        ("voc/train/VOC2007-000001", "VOC2007/JPEGImages/000001.png"),
        ("voc/train/VOC2012-000001", "VOC2012/JPEGImages/000001.png"),
    ]
    assert {(d.id, d.images, d.detail.rpartition(", ")[2]) for d in drops} == {
        ("voc/train/VOC2007-listed-but-absent", 1, "first my photo"),
        ("voc/train/VOC2012-listed-but-absent", 1, "first my photo"),
    }


def test_side_by_side_and_bad_input(tmp_path: Path) -> None:
    for stem in "abdef":
        picture(tmp_path / f"{stem}.tif", 60, 60)
    text(tmp_path / "a.xml", page(thing(), thing(box="61,1,70,70"), thing(box="9,9,8,20"), thing(box="1,1,60,61")))
    text(tmp_path / "b.xml", page())
    text(tmp_path / "c.xml", page(thing(), thing("")))
    text(tmp_path / "d.xml", "<annotation>")
    text(tmp_path / "e.xml", page(thing()))
    (tmp_path / "e.tif").write_bytes(b"II*\0")
    records, drops = read_all("voc", tmp_path)
    assert [(r.id, r.path, len(r.objects)) for r in records] == [("voc/a", "a.tif", 2), ("voc/b", "b.tif", 0)]
    assert [obj.box for obj in records[0].objects] == [(10, 20, 50, 60), (0, 0, 60, 60)]
    assert dropped(drops) == {
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
        "missing-image": (1, 2),
        "bad-annotation": (1, 0),
        "unreadable-image": (1, 1),
        "missing-annotation": (1, 0),
    }
    with pytest.raises(BadSource, match=r"no folder Annotations with XML files in .*found: nothing"):
        voc.find(text(tmp_path / "empty/.hidden", "").parent)


def test_real_sample(shared_data: Path, counts: dict) -> None:
    want = counts["voc_mini"]
    records, drops = read_all("voc", shared_data / "voc_mini")
    assert drops == []
    assert (len(records), objects(records)) == (want["images"], want["objects"])
    assert labels(records) == as_concepts("voc", want["per_class"])
    easy = sum(not obj.difficult for record in records for obj in record.objects)
    assert easy == want["objects_not_difficult"]
    for split in ("train", "test"):
        part, _ = read_all("voc", shared_data / "voc_mini", split)
        assert labels(part) == as_concepts("voc", want["per_split"][split]["per_class"])
        assert len(part) == want["per_split"][split]["listed"]
    first = next(record for record in records if record.id.endswith("/000001"))
    assert [(obj.label, obj.box) for obj in first.objects] == [
        ("dog", (47, 239, 195, 371)),
        ("person", (7, 11, 352, 498)),
    ]
