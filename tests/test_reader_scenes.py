"""The scene classification readers: one folder parser, fourteen layouts, tags of MLRSNet, boxes of fMoW."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, labels, picture, read_all, text

from rsdata import readers, words
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _scenes, fmow, mlrsnet
from rsdata.readers._scenes import Place
from rsdata.record import Record

# reader -> number of classes, and one file as the dataset names it, its class, concept and id
SETS: dict[str, tuple[int, str, str, str, str]] = {
    "eurosat": (10, "2750/SeaLake/SeaLake_7.jpg", "SeaLake", "sea_or_lake", "SeaLake/SeaLake_7"),
    "ucmerced": (
        21,
        "Images/denseresidential/denseresidential00.tif",
        "denseresidential",
        "dense_residential_area",
        "",
    ),
    "whu_rs19": (19, "footballField/footballField-01.jpg", "footballField", "soccer_field", ""),
    "aid": (30, "AID/Center/center_12.jpg", "Center", "civic_center", "Center/center_12"),
    "resisc45": (45, "NWPU-RESISC45/railway_station/railway_station_700.jpg", "railway_station", "train_station", ""),
    "rsscn7": (7, "dRiverLake/d081.jpg", "dRiverLake", "river_or_lake", "dRiverLake/d081"),
    "patternnet": (38, "images/baseball_field/baseballfield001.jpg", "baseball_field", "baseball_diamond", ""),
    "optimal31": (
        31,
        "Images/golf_course/golf_course(12).jpg",
        "golf_course",
        "golf_course",
        "golf_course/golf_course(12)",
    ),
    "rsc11": (11, "RSC11/storage tank/x 1.tif", "storagetanks", "storage_tank", "storagetanks/x 1"),
    "mlrsnet": (
        46,
        "Images/harbor&port/harbor_port_00001.jpg",
        "harbor&port",
        "harbor",
        "harbor&port/harbor_port_00001",
    ),
    "rsi_cb128": (45, "other objects/pipeline/pipeline_(3).tif", "pipeline", "pipeline", "pipeline/pipeline_(3)"),
    "rsi_cb256": (35, "water area/hirst/hirst_(3).tif", "hirst", "hirst", "hirst/hirst_(3)"),
    "siri_whu": (12, "idle_land/1.tif", "idle_land", "idle_land", "idle_land/1"),
}


@pytest.mark.parametrize("name", SETS)
def test_a_file_as_each_dataset_names_it(name: str, tmp_path: Path) -> None:
    classes, path, spelled, concept, id = SETS[name]
    info = readers.get(name).INFO
    assert (len(info.classes), info.task) == (classes, "scenes")
    picture(tmp_path / path, 40, 30)
    (record,), drops = read_all(name, tmp_path)
    stem = path.rpartition("/")[2].rpartition(".")[0]
    assert drops == []
    assert record == Record(
        id=f"{name}/{id or f'{spelled}/{stem}'}",
        source=name,
        path=path,
        width=40,
        height=30,
        gsd=info.gsd,
        platform=info.platform,
        label=concept,
        licence=info.licence,
        extra={"class": spelled},
    )


@pytest.mark.parametrize("name", [*SETS, "fmow"])
def test_every_class_has_a_concept_of_its_own(name: str) -> None:
    """A classifier must be able to tell its classes apart by their concepts; what cannot be told is listed here."""
    concepts = [concept for concept in readers.get(name).INFO.classes.values() if concept is not None]
    assert set(concepts) <= set(words.concepts())
    shared = {concept for concept, count in Counter(concepts).items() if count > 1}
    assert shared == ({"building"} if name == "rsc11" else set()), shared


@pytest.mark.parametrize("name", [*SETS, "fmow"])
def test_drawn_scenes_come_back(name: str, tmp_path: Path) -> None:
    writer = import_module(f"rsdata.sample.{name}")
    assert writer.write(tmp_path / "a", 9, 3) == 9
    records, drops = read_all(name, tmp_path / "a")
    assert (len(records), drops) == (9, [])
    found = {record.extra["class"] for record in records}
    assert found == set(writer.PLACES.values())
    kinds = Counter(writer.PLACES[kind] for kind in (list(writer.PLACES) * 9)[:9])
    assert Counter(record.extra["class"] for record in records) == kinds
    writer.write(tmp_path / "b", 9, 3)
    for path in sorted(p for p in (tmp_path / "a").rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


SPELLED = {"airport": "Airport", "sparseforest": "sparse_forest", "park": "Park", "parking": "Parking"}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Airport/airport_1.jpg", Place("", "Airport")),
        ("AIRPORT/x.jpg", Place("", "Airport")),
        ("train/Airport/1.jpg", Place("train", "Airport")),
        ("Airport/Validation/1.jpg", Place("val", "Airport")),
        ("ds/images/tif/Sparse Forest/images/1.jpg", Place("", "sparse_forest")),
        ("woodland/sparse-forest/sparse_forest_(12).tif", Place("", "sparse_forest")),
        ("park/zoo/zoo_1.jpg", Place("", "", "zoo")),  # not the wider folder's class
        ("all/airport (1).jpg", Place("", "Airport")),
        ("airport-01.jpg", Place("", "Airport")),
        ("parking12.jpg", Place("", "Parking")),
        ("parkingx_1.jpg", Place("", "", "parkingx")),
        ("test/1.jpg", Place("test", "", "")),
    ],
)
def test_what_a_path_says(path: str, place: Place) -> None:
    assert _scenes.parse(path, SPELLED) == place


@given(st.text(min_size=1, max_size=60))
def test_any_path_has_a_class_or_none(path: str) -> None:
    place = _scenes.parse(path, SPELLED)
    assert place.name in ("", *SPELLED.values()) and place.split in ("", "train", "val", "test")
    assert not (place.name and place.found)


def test_splits_of_folders_and_lists(tmp_path: Path) -> None:
    for n in range(4):
        picture(tmp_path / f"2750/Forest/Forest_{n}.jpg")
    picture(tmp_path / "test/Forest/Forest_9.jpg")
    text(tmp_path / "eurosat-train.txt", "Forest_0.jpg\nForest_1.jpg\r\n")
    text(tmp_path / "eurosat-val.txt", "Forest_2.jpg\n\n")
    records, _ = read_all("eurosat", tmp_path)
    assert [record.id for record in records] == [
        "eurosat/Forest/Forest_3",
        "eurosat/test/Forest/Forest_9",
        "eurosat/train/Forest/Forest_0",
        "eurosat/train/Forest/Forest_1",
        "eurosat/val/Forest/Forest_2",
    ]
    assert [record.split for record in read_all("eurosat", tmp_path, "val")[0]] == ["val"]
    with pytest.raises(BadSource, match="no split 'dev' here; found: test, train, val"):
        read_all("eurosat", tmp_path, "dev")


def test_the_wrong_dataset_of_that_name(tmp_path: Path) -> None:
    """A 12-class set goes around as RESISC45; what is not of the 45 classes is counted, never guessed."""
    for name in ("airfield/airfield_001.tif", "anchorage/anchorage_001.tif", "beach/beach_001.jpg"):
        picture(tmp_path / name)
    records, drops = read_all("resisc45", tmp_path)
    assert [record.label for record in records] == ["beach"]
    assert dropped(drops) == {"unknown-class": (2, 0)}
    assert drops[0].detail == "airfield/airfield_001.tif: no class of this dataset: 'airfield'"


def test_folders_and_images_that_will_not_do(tmp_path: Path) -> None:
    picture(tmp_path / "cats/1.jpg")
    with pytest.raises(BadSource, match=r"AID: no image in a folder named for a class \(Airport/.*found: cats/"):
        read_all("aid", tmp_path)
    text(tmp_path / "Pond/pond_1.jpg", b"\xff\xd8 broken")
    picture(tmp_path / "Pond/pond_2.jpg")
    text(tmp_path / "Pond/._pond_3.jpg", b"of a Mac")
    records, drops = read_all("aid", tmp_path)
    assert [record.id for record in records] == ["aid/Pond/pond_2"]
    assert dropped(drops) == {"unreadable-image": (1, 0), "unknown-class": (1, 0)}
    picture(tmp_path / "Pond/pond_2.png")
    with pytest.raises(BadSource, match=r"pond_2.jpg and pond_2.png share one stem"):
        read_all("aid", tmp_path)
    with pytest.raises(BadSource, match="AID cannot be read without images"):
        readers.get("aid").find(tmp_path, images=False)


# MLRSNet


def test_tags(tmp_path: Path) -> None:
    for n in range(1, 6):
        picture(tmp_path / f"Images/airplane/airplane_0000{n}.jpg")
    lines = ["image,airplane,bare soil,habor", "airplane_00001.jpg,1,0,1", "airplane_00002.jpg,0,0,0"]
    lines += ["airplane_00003.jpg,1,0", "airplane_00004.jpg,1,2,0", "", "airplane_00007.jpg,1,0,0"]
    text(tmp_path / "labels/airplane.csv", "\ufeff" + "\r\n".join(lines))
    records, drops = read_all("mlrsnet", tmp_path)
    assert [(r.id, r.extra) for r in records] == [
        ("mlrsnet/airplane/airplane_00001", {"class": "airplane", "tags": "airplane,habor"}),
        ("mlrsnet/airplane/airplane_00002", {"class": "airplane"}),
        ("mlrsnet/airplane/airplane_00005", {"class": "airplane"}),
    ]
    assert [(drop.reason, drop.images, drop.detail) for drop in drops] == [
        ("bad-annotation", 1, "labels/airplane.csv:4: 3 columns where the header has 4"),
        ("bad-annotation", 1, "labels/airplane.csv:5: '2' where 0 or 1 is wanted"),
        ("listed-but-absent", 1, "1 lines of labels/*.csv have no image here, first airplane_00007"),
    ]
    text(tmp_path / "labels/airport.csv", "name,a\n")
    with pytest.raises(BadSource, match=r"labels/airport.csv:1: the header begins with 'name,a' where 'image'"):
        mlrsnet.find(tmp_path)


@given(st.text(max_size=80) | st.text(max_size=60).map("image,a,b\n".__add__))
def test_any_table_gives_tags_or_an_error(page: str) -> None:
    try:
        found = mlrsnet.parse_tags(page, "a.csv")
    except BadAnnotation as error:
        assert str(error).startswith("a.csv")
        return
    assert all(not (tags.names and tags.problem) for tags in found.values())


# fMoW


def place(folder: Path, stem: str, *boxes: Any, **more: Any) -> None:
    picture(folder / f"{stem}.jpg", 100, 80)
    text(folder / f"{stem}.json", json.dumps({"gsd": 0.5, "bounding_boxes": list(boxes), **more}))


def test_boxes_of_fmow(tmp_path: Path) -> None:
    folder = tmp_path / "fmow-rgb/train/burial_site/burial_site_7"
    grave = {"ID": 1, "category": "burial_site", "box": [10, 20, 30, 40]}
    wrong = {"ID": 2, "category": "false_detection", "box": [0, 0, 5, 5]}
    odd = [{"box": [1, 2, 3]}, {"category": "castle", "box": [0, 0, 9, 9]}, {**grave, "box": [90, 70, 30, 30]}]
    place(folder, "burial_site_7_0_rgb", grave, wrong, *odd, cloud_cover=3, country_code="FRA", utm=None)
    place(folder, "burial_site_7_0_msrgb", grave)
    picture(folder / "burial_site_7_1_rgb.jpg")
    place(tmp_path / "fmow-rgb/val/port/port_1", "port_1_0_rgb", {"category": "port", "box": [-5, 0, 20, 20]})
    place(tmp_path / "fmow-rgb/test/0012", "0012_0_rgb", {"box": [0, 0, 9, 9]})
    place(tmp_path / "fmow-rgb/test/0013", "0013_0_rgb", {"category": "zoo", "box": [0, 0, 9, 9]})
    records, drops = read_all("fmow", tmp_path)
    zoo, cemetery, port = records
    assert (cemetery.id, cemetery.label, cemetery.gsd) == ("fmow/train/burial_site_7_0_rgb", "cemetery", 0.5)
    assert [(o.label, o.box) for o in cemetery.objects] == [
        ("cemetery", (10, 20, 40, 60)),
        ("cemetery", (90, 70, 100, 80)),
    ]
    assert cemetery.extra == {"class": "burial_site", "cloud_cover": "3", "country_code": "FRA"}
    assert (port.label, [o.box for o in port.objects]) == ("harbor", [(0, 0, 15, 20)])
    assert (zoo.id, zoo.label, zoo.split) == ("fmow/test/0013_0_rgb", "zoo", "test")
    assert dropped(drops) == {
        "refused-class": (0, 1),
        "bad-annotation": (0, 1),
        "unknown-class": (0, 1),
        "missing-annotation": (2, 1),
    }
    assert len(read_all("fmow", tmp_path, msrgb=True)[0]) == 4
    assert labels(read_all("fmow", tmp_path, "val")[0]) == {"harbor": 1}


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ('{"bounding_boxes": [', "a.json:1: broken JSON"),
        ("[]", 'a.json: no list "bounding_boxes"'),
        ('{"bounding_boxes": {}}', 'a.json: no list "bounding_boxes"'),
        ("[" * 100_000, "a.json: the JSON is nested too deeply"),
    ],
)
def test_a_file_that_is_no_fmow_json(page: str, problem: str) -> None:
    with pytest.raises(BadAnnotation) as error:
        fmow.parse(page, "a.json")
    assert str(error.value).startswith(problem)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["box", "category", "ID"]), inner),
    max_leaves=10,
)


@given(st.fixed_dictionaries({"bounding_boxes": VALUES}, optional={"gsd": VALUES, "utm": VALUES}))
def test_any_json_gives_all_its_boxes_or_an_error(page: dict[str, Any]) -> None:
    try:
        found = fmow.parse(json.dumps(page), "a.json").page
    except BadAnnotation as error:
        assert str(error).startswith("a.json")
        return
    assert len(found.shapes) + len(found.refused) == len(page["bounding_boxes"])
    assert found.gsd is None or 0 < found.gsd < 1e4


# Real data


@pytest.mark.parametrize(("name", "folder"), [("aid", "aid_resized"), ("rsscn7", "rsscn7")])
def test_the_real_scenes(name: str, folder: str, shared_data: Path, counts: dict) -> None:
    facts = counts[folder]
    records, drops = read_all(name, shared_data / folder)
    assert drops == [] and len(records) == facts["images"]
    assert Counter(record.extra["class"] for record in records) == facts["per_class"]
    assert Counter(record.label for record in records) == {
        readers.get(name).INFO.classes[spelled]: count for spelled, count in facts["per_class"].items()
    }
    ((form, _),) = facts["image_formats"].items()
    assert {f"JPEG RGB {record.width}x{record.height}" for record in records} == {form}


def test_scenes_that_rsicd_was_cut_from_keep_their_names(shared_data: Path, counts: dict) -> None:
    names = {record.id.rpartition("/")[2] for record in read_all("aid", shared_data / "aid_resized")[0]}
    rsicd = {record.id.rpartition("/")[2] for record in read_all("rsicd", shared_data / "rsicd")[0]}
    shared = {pair["rsicd"].removesuffix(".jpg") for pair in counts["aid_resized"]["sources_of_shared_rsicd_images"]}
    assert names & rsicd == shared
