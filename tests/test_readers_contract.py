"""What every reader promises. A new reader is covered by its file name alone."""

from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import picture, text

from rsdata import readers, words
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _lists, _objects
from rsdata.readers._info import Info
from rsdata.readers._objects import Shape
from rsdata.record import Drop, Item, Obj

NAMES = readers.names()
TASKS = {"detection", "segmentation", "captions", "scenes", "landmarks"}


def test_the_table_is_the_folder() -> None:
    assert {"coco", "dior", "dota", "visdrone", "voc", "yolo"} <= set(NAMES)
    assert sorted(NAMES) == NAMES
    assert not any(name.startswith("_") for name in NAMES)
    code = (
        "import sys, rsdata.readers as r; r.names(); print([m for m in sys.modules if m.startswith('rsdata.readers.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['rsdata.readers._info']"


def test_an_unknown_name_gets_the_close_ones() -> None:
    with pytest.raises(BadSource, match=r"no reader is called 'dotaa'; did you mean dota"):
        readers.get("dotaa")
    with pytest.raises(BadSource, match=r"known readers: .*dior, dior_r, dota"):
        readers.get("qqqq")
    with pytest.raises(BadSource, match="no reader is called '_voc'"):
        readers.get("_voc")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_complete(name: str) -> None:
    info = readers.get(name).INFO
    assert isinstance(info, Info)
    assert info.task in TASKS and info.platform in ("satellite", "aerial", "uav", "")
    for field in ("title", "licence", "terms", "homepage", "citation", "obtain", "tree"):
        assert getattr(info, field).strip(), field
    assert info.homepage.startswith(("https://", "http://"))
    assert info.terms.endswith(".") and info.obtain.endswith(".")
    assert set(info.splits) <= {"train", "val", "test"}
    assert info.gsd is None or info.gsd > 0
    for source, concept in info.classes.items():
        assert concept is None or concept in words.concepts(), source
        assert info.concept(source) == concept == info.concept(source.upper().replace("-", "_"))


@pytest.mark.parametrize("name", NAMES)
def test_the_interface(name: str) -> None:
    module = readers.get(name)
    assert (module.__doc__ or "").count("\n") >= 2
    assert re.search(r"Source|et al\.|https://", module.__doc__ or ""), "the docstring does not name its source"
    find = list(inspect.signature(module.find).parameters.values())
    assert [p.name for p in find[:2]] == ["root", "split"] and find[1].default is None
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in find[2:])
    assert {p.name: p.default for p in find[2:]} == {"images": True} | readers.options(name)
    assert list(inspect.signature(module.read).parameters) == ["item"]
    assert module.find.__doc__ and module.read.__doc__
    for option in readers.options(name):
        assert f"{option}:" in inspect.getdoc(module.find), f"{name}: option {option} is not explained"


@pytest.mark.parametrize("name", NAMES)
def test_bad_roots_are_explained(name: str, tmp_path: Path) -> None:
    reader = readers.get(name)
    for root in (tmp_path / "nowhere", text(tmp_path / "file", "")):
        with pytest.raises(BadSource, match=re.escape(str(root))):
            reader.find(root)
    (tmp_path / "empty").mkdir()
    (tmp_path / "stranger").mkdir()
    text(tmp_path / "stranger/notes.md", "nothing to read")
    for folder, found in (("empty", "nothing"), ("stranger", "notes.md")):
        with pytest.raises(BadSource) as error:
            reader.find(tmp_path / folder)
        assert found in str(error.value) and "\n" not in str(error.value)


def test_infos_come_by_name() -> None:
    assert list(readers.infos()) == NAMES
    assert readers.infos()["dota"].title == "DOTA"


def test_items_travel_between_processes(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png")
    text(tmp_path / "labelTxt/a.txt", "1 1 9 1 9 9 1 9 ship 0")
    (item,) = readers.get("dota").find(tmp_path)
    (record,) = readers.get("dota").read(pickle.loads(pickle.dumps(item)))
    assert record.objects == [Obj("ship", (1, 1, 9, 9), (1, 1, 9, 1, 9, 9, 1, 9), 64.0)]


@given(st.lists(st.tuples(*[st.floats(-60, 160)] * 4), max_size=8), st.integers(1, 100), st.integers(1, 100))
def test_every_shape_is_placed_or_refused(boxes: list[tuple[float, ...]], width: int, height: int) -> None:
    shapes = [Shape("ship", (x0, y0, x1, y1)) for x0, y0, x1, y1 in boxes]
    objects, refused = _objects.place(shapes, width, height, lambda name: name, lambda shape: "here")
    assert len(objects) + len(refused) == len(shapes)
    assert {reason for reason, _ in refused} <= {"outside-image", "degenerate-box"}
    for obj in objects:
        x0, y0, x1, y1 = obj.box
        assert x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height and x1 - x0 >= 1 and y1 - y0 >= 1
        assert obj.area == (x1 - x0) * (y1 - y0)


@pytest.mark.parametrize(
    ("box", "outcome"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10)),
        ((-5, -5, 5, 5), (0, 0, 5, 5)),
        ((9, 9, 30, 30), (9, 9, 10, 10)),
        ((9.5, 0, 30, 30), "degenerate-box"),
        ((3, 3, 3, 9), "degenerate-box"),
        ((8, 8, 2, 2), "degenerate-box"),
        ((10, 0, 20, 10), "outside-image"),
        ((0, -9, 5, 0), "outside-image"),
        ((-9, -9, -8.5, 0), "degenerate-box"),
    ],
)
def test_clipping(box: tuple[float, ...], outcome: object) -> None:
    shape = Shape("ship", box)  # type: ignore[arg-type]
    objects, refused = _objects.place([shape], 10, 10, lambda name: name, lambda shape: "a.txt:1")
    assert ([obj.box for obj in objects] or [reason for reason, _ in refused]) == [outcome]
    assert all(detail.startswith("a.txt:1: ship at (") and "in an image of 10 x 10" in detail for _, detail in refused)


def test_listings(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", ".hidden.png", "._a.png", "notes.txt", "c.d.tif", "png"):
        text(tmp_path / name, "")
    assert _files.images_of(tmp_path.parent, tmp_path) == {
        "a": f"{tmp_path.name}/a.png",
        "b": f"{tmp_path.name}/b.JPG",
        "c.d": f"{tmp_path.name}/c.d.tif",
    }
    assert _files.listing(tmp_path / "nowhere", {".txt"}) == {}
    assert _files.contents(tmp_path, most=2) == "a.png, b.JPG and 3 more"
    with pytest.raises(BadAnnotation, match=r"^x\.txt: the file cannot be read \(No such file or directory\)$"):
        _files.read_text(tmp_path / "gone.txt", "x.txt")


def test_lists_account_for_every_id(tmp_path: Path) -> None:
    lists = {"train": ["1", "2", "9", "8"], "test": ["3", "7"]}
    items = _lists.items(
        tmp_path,
        "s/",
        {"1": "i/1.jpg", "4": "i/4.jpg"},
        {"1": "1.xml", "3": "3.xml"},
        lists,
        lambda s, i: f"{s}-{i}",
        None,
    )
    assert [(i.id, i.split, i.image, i.label) for i in items if i.data is None] == [
        ("s/4", "", "i/4.jpg", None),
        ("s/test/3", "test", "test-3", "3.xml"),
        ("s/train/1", "train", "i/1.jpg", "1.xml"),
    ]
    gone = [drop for item in items if item.data for drop in _lists.absent(item)]
    assert gone == [
        Drop(
            "s/test/listed-but-absent",
            "read",
            "listed-but-absent",
            "1 of the 2 ids of the list test have no file here, first 7",
        ),
        Drop(
            "s/train/listed-but-absent",
            "read",
            "listed-but-absent",
            "3 of the 4 ids of the list train have no file here, first 2",
            images=3,
        ),
    ]


def test_a_vanished_label_file_is_a_drop(tmp_path: Path) -> None:
    item = Item(tmp_path, "dota/a", "", "images/a.png", "labelTxt/a.txt")
    (drop,) = readers.get("dota").read(item)
    assert drop == Drop(
        "dota/a", "read", "bad-annotation", "labelTxt/a.txt: the file cannot be read (No such file or directory)"
    )
