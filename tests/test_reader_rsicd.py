"""The RSICD reader and the caption parsers: both forms, blank captions, lists that do not fit, and the real lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, picture, read_all, text

from rsdata import words
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, rsicd
from rsdata.readers._captions import Entry
from rsdata.record import Caption

SHOWN = ("a_caps.txt", "a_filename.txt")
NAMES = st.lists(st.from_regex(r"[a-z]{1,5}_[0-9]{1,3}\.jpg", fullmatch=True), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("captions", "names", "expected"),
    [
        ("a .\nb .\nc .\nd .\n", "x_1.jpg\nx_2.jpg\n", [("x_1.jpg", ("a .", "b .")), ("x_2.jpg", ("c .", "d ."))]),
        (
            "a .\nb .\nc .\nd .\n",
            "x_1.jpg\nx_1.jpg\nx_2.jpg\nx_2.jpg\n",
            [("x_1.jpg", ("a .", "b .")), ("x_2.jpg", ("c .", "d ."))],
        ),
        ("a .\nb .\nc .", "2.jpg\n1.jpg\n2.jpg", [("2.jpg", ("a .", "c .")), ("1.jpg", ("b .",))]),
        ("a .\r\n \r\n", "x_1.jpg\r\n", [("x_1.jpg", ("a .\r", " \r"))]),
        ("a .\n\nc .\n", "x_1.jpg\n", [("x_1.jpg", ("a .", "", "c ."))]),
        ("a\x0bb\x85c\n", "x_1.jpg\n", [("x_1.jpg", ("a\x0bb\x85c",))]),
        ("", "", []),
    ],
)
def test_lists(captions: str, names: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    found = _captions.parse_lists(captions, names, SHOWN, "train")
    assert found == [Entry(file, "train", sentences) for file, sentences in expected]


@pytest.mark.parametrize(
    ("captions", "names", "message"),
    [
        ("a\nb\nc\n", "1.jpg\n2.jpg\n", "a_caps.txt: 3 captions do not fit the 2 file names of a_filename.txt"),
        ("a\n", "1.jpg\n2.jpg\n", "a_caps.txt: 1 captions do not fit the 2 file names of a_filename.txt"),
        ("a\n", "", "a_caps.txt: 1 captions do not fit the 0 file names of a_filename.txt"),
        ("a\nb\n", "1.jpg\n\n2.jpg\n", "a_filename.txt:2: a blank line where a file name is wanted"),
        ("a\nb\nc\nd\n", "1.jpg\n1.jpg\n", "a_filename.txt: 1.jpg is listed a second time in the split 'train'"),
    ],
)
def test_lists_that_do_not_fit(captions: str, names: str, message: str) -> None:
    with pytest.raises(BadAnnotation) as error:
        _captions.parse_lists(captions, names, SHOWN, "train")
    assert str(error.value).startswith(message)


@given(NAMES, st.integers(2, 5), st.text(alphabet="abc .\t", max_size=8))
def test_both_forms_of_a_list_say_the_same(names: list[str], each: int, sentence: str) -> None:
    captions = [f"{sentence}{i}" for i in range(len(names) * each)]
    once = _captions.parse_lists("\n".join(captions), "\n".join(names), SHOWN, "val")
    every = "\n".join(name for name in names for _ in range(each))
    assert once == _captions.parse_lists("\n".join(captions), every, SHOWN, "val")
    assert [s for entry in once for s in entry.sentences] == captions


@given(st.text(), st.text())
def test_any_text_gives_all_its_captions_or_an_error(captions: str, names: str) -> None:
    try:
        found = _captions.parse_lists(captions, names, SHOWN, "")
    except BadAnnotation:
        return
    total = _captions.count(found).captions
    assert total == captions.count("\n") + bool(captions.rsplit("\n", 1)[-1])


def karpathy(*entries: object) -> str:
    return json.dumps({"images": list(entries), "dataset": "rsicd"})


def entry(name: str, split: str = "train", *sentences: str) -> dict[str, object]:
    return {"filename": name, "split": split, "sentences": [{"raw": text} for text in sentences]}


def test_json() -> None:
    page = karpathy(
        entry("airport_1.jpg", "train", "many planes .", " "),
        {"filename": "00001.jpg", "split": "restval", "sentences": [{"tokens": ["a", "road"]}]},
        entry("airport_1.jpg", "test", "x"),
    )
    assert _captions.parse_json(page, "d.json") == [
        Entry("airport_1.jpg", "train", ("many planes .", " ")),
        Entry("00001.jpg", "train", ("a road",)),
        Entry("airport_1.jpg", "test", ("x",)),
    ]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (7, "d.json: images[1] has no filename"),
        ({"sentences": []}, "d.json: images[1] has no filename"),
        ({"filename": "a.jpg", "split": "train"}, 'd.json: images[1] (a.jpg): no list "sentences"'),
        ({"filename": "a.jpg", "split": "dev", "sentences": []}, "d.json: images[1] (a.jpg): split is 'dev'"),
        (
            {"filename": "a.jpg", "split": "val", "sentences": [{"raw": "x"}, {"raw": 3}]},
            "d.json: images[1] (a.jpg): sentences[1] has no text in raw or tokens",
        ),
    ],
)
def test_a_damaged_entry_stays_with_its_problem(bad: object, problem: str) -> None:
    good, broken = _captions.parse_json(karpathy(entry("b.jpg", "train", "x"), bad), "d.json")
    assert (good.problem, broken.problem) == ("", problem)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (karpathy(entry("a.jpg"))[:-9], "d.json:1: broken JSON"),
        ("[]", 'd.json: no list "images" at the top'),
        ("", "d.json:1: broken JSON"),
        (
            karpathy(entry("a.jpg"), entry("a.tif")),
            "d.json: a.tif is listed a second time in the split 'train' (entry 2)",
        ),
    ],
)
def test_a_file_that_is_no_karpathy_json(page: str, message: str) -> None:
    with pytest.raises(BadAnnotation) as error:
        _captions.parse_json(page, "d.json")
    assert str(error.value).startswith(message)


def test_records_of_the_json(tmp_path: Path) -> None:
    page = karpathy(
        entry("airport_58.jpg", "train", "many planes . ", "  ", "many planes ."),
        entry("00001.jpg", "test", "", " "),
        entry("zoo_1.jpg", "val", "an ape ."),
        entry("../pond_2.jpg", "val", "a pond ."),
        {"filename": "park_3.jpg", "split": "val"},
    )
    text(tmp_path / "dataset_rsicd.json", page)
    for name in ("airport_58.png", "00001.jpg", "zoo_1.jpg", "park_3.jpg", "loose_1.jpg"):
        picture(tmp_path / "RSICD_images" / name, 224, 223)
    records, drops = read_all("rsicd", tmp_path)
    blank, airport, zoo = records
    assert (airport.id, airport.path, airport.label) == (
        "rsicd/train/airport_58",
        "RSICD_images/airport_58.png",
        "airport",
    )
    assert (airport.width, airport.height) == (224, 223)
    assert airport.captions == [Caption("many planes .", "en", "human"), Caption("many planes .", "en", "human")]
    assert airport.extra == {"class": "airport", "blank_captions": "1"}
    assert (blank.id, blank.label, blank.captions, blank.extra) == (
        "rsicd/test/00001",
        None,
        [],
        {"blank_captions": "2"},
    )
    assert (zoo.label, zoo.extra) == (None, {"class": "zoo"})
    assert [(drop.id, drop.reason) for drop in drops] == [
        ("rsicd/loose_1", "missing-annotation"),
        ("rsicd/park_3", "bad-annotation"),
        ("rsicd/val/pond_2", "missing-image"),
    ]
    assert drops[2].detail.startswith("RSICD_images/pond_2.jpg: no such image file")


def test_records_of_the_lists(tmp_path: Path) -> None:
    folder = tmp_path / "rsicd_precomp"
    text(folder / "train_caps.txt", "a .\nb .\nc .\nd .\n")
    text(folder / "train_filename.txt", "storagetanks_1.jpg\n00002.jpg\n")
    text(folder / "test_caps.txt", "e .\nf .\n")
    text(folder / "test_filename.txt", "port_3.jpg\nport_3.jpg\n")
    for name in ("storagetanks_1", "00002", "port_3"):
        picture(tmp_path / "RSICD_images" / f"{name}.jpg")
    records, drops = read_all("rsicd", tmp_path)
    assert drops == []
    assert [(r.id, r.label, [c.text for c in r.captions], r.extra.get("split_note")) for r in records] == [
        ("rsicd/test/port_3", "harbor", ["e .", "f ."], None),
        ("rsicd/train/00002", None, ["c .", "d ."], "the official train and val together"),
        ("rsicd/train/storagetanks_1", "storage_tank", ["a .", "b ."], "the official train and val together"),
    ]
    text(tmp_path / "dataset_rsicd.json", karpathy(entry("port_3.jpg", "val", "g .")))
    assert [r.id for r in read_all("rsicd", tmp_path, form="lists")[0]] == [r.id for r in records]
    records, drops = read_all("rsicd", tmp_path)
    assert [r.id for r in records] == ["rsicd/val/port_3"]
    assert dropped(drops) == {"missing-annotation": (2, 0)}


def test_folders_that_will_not_do(tmp_path: Path) -> None:
    picture(tmp_path / "RSICD_images/port_1.jpg")
    with pytest.raises(
        BadSource, match=r"no dataset_rsicd.json or rsicd_precomp/train_caps.txt .*found: RSICD_images/"
    ):
        rsicd.find(tmp_path)
    text(tmp_path / "train_caps.txt", "a\n")
    with pytest.raises(BadSource, match=r"no train_filename.txt .*train_caps.txt is there; both are needed"):
        rsicd.find(tmp_path)
    text(tmp_path / "train_filename.txt", "port_1.jpg\n")
    assert len(rsicd.find(tmp_path)) == 1
    with pytest.raises(BadSource, match="no split 'val' here; found: train"):
        rsicd.find(tmp_path, "val")
    with pytest.raises(BadSource, match="cannot be read without images"):
        rsicd.find(tmp_path, images=False)
    with pytest.raises(BadSource, match="form is 'csv' where 'json' or 'lists' is wanted"):
        rsicd.find(tmp_path, form="csv")


def test_every_scene_class_is_a_concept() -> None:
    for name, concept in rsicd.INFO.classes.items():
        assert concept in words.concepts(), name


def test_the_real_lists_by_the_parser_alone(shared_data: Path, counts: dict) -> None:
    root, facts = shared_data / "rsicd", counts["rsicd"]["lists"]
    for split in ("train", "test"):
        fact = facts[f"rsicd_precomp/{split}"]
        pair = (f"rsicd_precomp/{split}_caps.txt", f"rsicd_precomp/{split}_filename.txt")
        found = _captions.count(rsicd.read_lists(root, {split: pair}))
        assert found == (fact["images"], fact["captions"], fact["unique_captions"], fact["blank_captions"])


def test_the_real_images_and_every_listed_one(shared_data: Path, counts: dict) -> None:
    facts = counts["rsicd"]
    records, drops = read_all("rsicd", shared_data / "rsicd")
    assert len(records) == facts["images"] == 154
    assert dropped(drops) == {"missing-image": (10_921 - 154, 0)}
    splits = [record.split for record in records]
    assert (splits.count("test"), splits.count("train")) == (
        facts["images_of_test_list"],
        facts["images_of_train_list"],
    )
    assert {(record.width, record.height) for record in records} == {(224, 224)}
    assert sum(len(record.captions) for record in records) == 154 * 5
    found: dict[str, int] = {}
    for record in records:
        name = record.extra.get("class", "(numbered)")
        found[name] = found.get(name, 0) + 1
        assert (record.label is None) == (name == "(numbered)")
    assert found == facts["per_class_images"]
    (airport,) = [record for record in records if record.id.endswith("/airport_58")]
    assert (airport.split, airport.label) == ("test", "airport")
