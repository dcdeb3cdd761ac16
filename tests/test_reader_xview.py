"""xView: features grouped by image without holding them, the known faults of its file, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import _xview, xview


def feature(image: Any = "5.tif", box: Any = "10,20,30,40", type_id: Any = 18, id: Any = 7) -> dict[str, Any]:
    properties = {"bounds_imcoords": box, "image_id": image, "type_id": type_id, "feature_id": id}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [[[1.0, 2.0]]]}}


def geojson(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize(
    ("changes", "name", "box"),
    [
        ({}, "Small Car", (10, 20, 30, 40)),
        ({"box": " 1, 2.5 ,3,4 "}, "Small Car", (1, 2.5, 3, 4)),
        ({"box": [-1, 2, 3, 4.5]}, "Small Car", (-1, 2, 3, 4.5)),
        ({"type_id": 34}, "Passenger Car", (10, 20, 30, 40)),
        ({"type_id": 73.0}, "Building", (10, 20, 30, 40)),
        ({"type_id": " 93 "}, "Pylon", (10, 20, 30, 40)),
        ({"type_id": 75}, "type 75", (10, 20, 30, 40)),
    ],
)
def test_a_feature(changes: dict[str, Any], name: str, box: tuple[float, ...]) -> None:
    (shape,) = _xview.parse([feature(**changes)], "x.geojson").shapes
    assert (shape.name, shape.box, shape.number) == (name, box, 1)


@pytest.mark.parametrize(
    ("broken", "reason", "detail"),
    [
        (feature(box=[]), "no-box", "feature_id 7: bounds_imcoords is empty"),
        (feature(box=""), "no-box", "feature_id 7: bounds_imcoords is empty"),
        (feature(box="1,2,3"), "bad-annotation", "feature_id 7: bounds_imcoords has 3 numbers where 4 are wanted"),
        (feature(box="1,2,3,x"), "bad-annotation", "feature_id 7: 'x' where a coordinate is wanted"),
        (
            feature(box=[1, 2, 3, True], id=None),
            "bad-annotation",
            "feature 2 of its image: bounds_imcoords is '[1, 2, 3, True]' where xmin,ymin,xmax,ymax is wanted",
        ),
        (feature(type_id=None), "bad-annotation", "feature_id 7: type_id is 'None' where a number is wanted"),
        (feature(type_id=True), "bad-annotation", "feature_id 7: type_id is 'True' where a number is wanted"),
        (7, "bad-annotation", "feature 2 of its image: a feature without properties"),
    ],
)
def test_a_refused_feature_and_its_reason(broken: Any, reason: str, detail: str) -> None:
    page = _xview.parse([feature(), broken, feature()], "x.geojson")
    assert page.refused == [(reason, f"x.geojson: {detail}")]
    assert [shape.number for shape in page.shapes] == [1, 3]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(values, values, values, values)
def test_any_values_are_parsed_or_refused(whole: Any, box: Any, type_id: Any, id: Any) -> None:
    page = _xview.parse([whole, feature(box=box, type_id=type_id, id=id)], "x.geojson")
    assert len(page.shapes) + len(page.refused) == 2
    for _, detail in page.refused:
        assert detail.encode()
    for made in (whole, feature(image=box)):
        image = _xview.image_of(made)
        assert image is None or image.encode()


def test_every_class_has_a_concept() -> None:
    assert set(_xview.NAMES.values()) == set(xview.INFO.classes) and len(_xview.NAMES) == 60


def test_the_known_faults_are_counted(tmp_path: Path) -> None:
    features = [
        feature("5.tif", id=1),
        feature("5.tif", "90,70,130,90", 40, 2),
        {"type": "Feature", "properties": {}},
        feature("5.tif", type_id=75, id=3),
        feature("1395.tif", id=4),
        feature("5.tif", [], id=5),
        feature("9.tif", id=6, type_id=15),
        feature(5, "1,1,9,9", 73, 8),
    ]
    text(tmp_path / "xView_train.geojson", geojson(*features))
    for stem in ("5", "9", "77"):
        picture(tmp_path / f"train_images/train_images/{stem}.tif")
    picture(tmp_path / "val_images/3.tif")
    records, drops = read_all("xview", tmp_path)
    assert [(r.id, r.split, r.path) for r in records] == [
        ("xview/train/5", "train", "train_images/train_images/5.tif"),
        ("xview/train/9", "train", "train_images/train_images/9.tif"),
    ]
    assert [(o.label, o.box) for o in records[0].objects] == [
        ("car", (10, 20, 30, 40)),
        ("vessel", (90, 70, 100, 80)),
        ("building", (1, 1, 9, 9)),
    ]
    assert [o.label for o in records[1].objects] == ["helicopter"]
    assert dropped(drops) == {
        "unknown-class": (0, 1),
        "no-box": (0, 1),
        "missing-image": (1, 1),
        "missing-annotation": (1, 0),
        "orphan-annotation": (0, 1),
    }
    unknown = next(drop for drop in drops if drop.reason == "unknown-class")
    missing = next(drop for drop in drops if drop.reason == "missing-image")
    assert missing.detail.startswith("train_images/train_images/1395.tif: no such image file")
    assert unknown.detail == "xView_train.geojson: feature_id 3: no concept for class 'type 75'"


def test_items_hold_places_and_no_features(tmp_path: Path) -> None:
    features = [feature(f"{n % 2}.tif", id=n) for n in range(6)] + [feature("0.tif", id=n) for n in range(100)]
    text(tmp_path / "xView_train.geojson", geojson(*features))
    first, second = xview.find(tmp_path)
    assert [len(item.data["spans"]) for item in (first, second)] == [2 * 4, 2 * 3]
    text(tmp_path / "xView_train.geojson", geojson(*features[50:]))
    assert [dropped(list(xview.read(item))) for item in (first, second)] == [{"bad-annotation": (1, 0)}] * 2  # type: ignore[arg-type]


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no xView_train\.geojson in .*found: nothing"):
        xview.find(tmp_path)
    text(tmp_path / "labels/xView_train.geojson", geojson(feature())[:-40])
    with pytest.raises(BadSource, match=r"labels/xView_train\.geojson:1: broken JSON .*get this file again"):
        xview.find(tmp_path)
    text(tmp_path / "labels/xView_train.geojson", geojson())
    with pytest.raises(BadSource, match="has no features that name an image"):
        xview.find(tmp_path)
    with pytest.raises(BadSource, match="no split 'val' here; found: train"):
        xview.find(tmp_path, "val")
    with pytest.raises(BadSource, match="cannot be read without images"):
        xview.find(tmp_path, images=False)
