"""The xBD reader: pairs before and after, well-known text, damage, faults, targets, and drawn scenes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reading import dropped, labels, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _polygons, xbd
from rsdata.record import Obj, Record
from rsdata.sample import files
from rsdata.sample import xbd as drawn_xbd
from rsdata.sample.classes import buildings
from rsdata.stages import m2b

SQUARE = "POLYGON ((10 20, 30.5 20, 30.5 40, 10 40, 10 20))"
STEM = "guatemala-volcano_00000003"


def note(*features: object, **metadata: object) -> str:
    return json.dumps({"features": {"lng_lat": [], "xy": list(features)}, "metadata": metadata})


def building(wkt: str = SQUARE, subtype: str | None = None, kind: str | None = "building") -> dict[str, object]:
    properties = {"feature_type": kind, "uid": "u"} | ({"subtype": subtype} if subtype else {})
    return {"properties": {k: v for k, v in properties.items() if v}, "wkt": wkt}


def one(root: Path, content: str | bytes, phase: str = "post") -> None:
    picture(root / f"train/images/{STEM}_{phase}_disaster.png")
    text(root / f"train/labels/{STEM}_{phase}_disaster.json", content)


# Well-known text


@pytest.mark.parametrize(
    ("wkt", "polygons"),
    [
        ("POLYGON ((0 0, 4 0, 4 3, 0 0))", [[(0, 0, 4, 0, 4, 3)]]),
        ("polygon((0 0,4 0,4 3))", [[(0, 0, 4, 0, 4, 3)]]),
        (" POLYGON Z ((0 0 9,4 0 9,4 3 9,0 0 9)) ", [[(0, 0, 4, 0, 4, 3)]]),
        ("POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1))", [[(0, 0, 9, 0, 9, 9), (2, 1, 3, 1, 3, 2)]]),
        (
            "MULTIPOLYGON (((0 0, 4 0, 4 3, 0 0), (1 0.1, 2 0.1, 2 0.2, 1 0.1)), ((-1e1 5, 6 5, 6 6)))",
            [[(0, 0, 4, 0, 4, 3), (1, 0.1, 2, 0.1, 2, 0.2)], [(-10, 5, 6, 5, 6, 6)]],
        ),
        ("POLYGON EMPTY", []),
        ("MULTIPOLYGON EMPTY", []),
    ],
)
def test_well_known_text(wkt: str, polygons: list[list[tuple[float, ...]]]) -> None:
    assert _polygons.parse_wkt(wkt) == polygons


@pytest.mark.parametrize(
    ("wkt", "problem"),
    [
        ("", "'' where POLYGON"),
        ("POINT (1 2)", "'POINT (1 2)' where POLYGON"),
        ("POLYGON", "brackets"),
        ("POLYGON ()", "brackets"),
        ("POLYGON (0 0, 1 0, 1 1)", "brackets"),
        ("POLYGON ((0 0, 1 0, 1 1)", "brackets"),
        ("POLYGON ((0 0, 1 0, 1 1)) x", "brackets"),
        ("POLYGON ((0 0, 1 0, 1 1)) ((0 0, 1 0, 1 1))", "brackets"),
        ("POLYGON (((0 0, 1 0, 1 1)))", "brackets"),
        ("MULTIPOLYGON ((0 0, 1 0, 1 1))", "brackets"),
        ("POLYGON ((0 0, 1 0, 0 0))", "a ring of 2 corners"),
        ("POLYGON ((0 0, 1 0, 1))", "'1' where x and y are wanted"),
        ("POLYGON ((0 0, 1 0, 1 2 3 4 5))", "where x and y are wanted"),
        ("POLYGON ((0 0, 1 nan, 1 2))", "'nan' where a coordinate is wanted"),
        ("POLYGON ((0 0, 1 1e300, 1 2))", "'1e300' where a coordinate is wanted"),
        ("POLYGON ((0 0, 1_0 1, 1 2))", "'1_0' where a coordinate is wanted"),
        ("POLYGON (())", "'' where x and y are wanted"),
    ],
)
def test_broken_well_known_text(wkt: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        _polygons.parse_wkt(wkt)


@given(st.text() | st.text(alphabet="POLYGNMUTIEZ(), .-0123456789e").map("POLYGON ((".__add__))
def test_any_text_is_polygons_or_a_value_error(wkt: str) -> None:
    try:
        polygons = _polygons.parse_wkt(wkt)
    except ValueError:
        return
    assert all(len(ring) >= 6 and len(ring) % 2 == 0 for ring in _polygons.flat(polygons))


@given(st.lists(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=3, max_size=6), min_size=1))
def test_polygons_come_back_from_text(rings: list[list[tuple[int, int]]]) -> None:
    wkt = "POLYGON (" + ", ".join("(" + ", ".join(f"{x} {y}" for x, y in [*r, r[0]]) + ")" for r in rings) + ")"
    if all(r[0] != r[-1] for r in rings):
        assert _polygons.parse_wkt(wkt) == [[tuple(float(v) for point in r for v in point) for r in rings]]


def test_holes_and_parts_count_in_the_area() -> None:
    square, hole = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0), (15.0, 15.0, 20.0, 15.0, 20.0, 20.0, 15.0, 20.0)
    far = (90.0, 10.0, 120.0, 10.0, 120.0, 40.0, 90.0, 40.0)  # 10 of its 30 columns are in the image
    found = _polygons.shape("building", [[square, hole], [far]], 100, 80, 7)
    assert (found.box, found.poly, found.area, found.number) == ((10, 10, 120, 40), square, 400 - 25 + 300, 7)


# Folders


def test_pairs(tmp_path: Path) -> None:
    one(tmp_path, note(building(subtype="destroyed"), gsd=2.1, disaster="Fuego", disaster_type="volcano"))
    one(tmp_path, note(building()), "pre")
    after, before = read_all("xbd", tmp_path)[0]
    assert (after.id, before.id) == (f"xbd/train/{STEM}_post_disaster", f"xbd/train/{STEM}_pre_disaster")
    assert after.objects == [
        Obj("destroyed_building", (10, 20, 30.5, 40), (10, 20, 30.5, 20, 30.5, 40, 10, 40), 20.5 * 20)
    ]
    assert (after.gsd, after.split, after.platform) == (2.1, "train", "satellite")
    assert after.extra == {"disaster": "Fuego", "disaster_type": "volcano", "phase": "post", "pair": STEM}
    assert [obj.label for obj in before.objects] == ["building"]
    assert (before.gsd, before.extra) == (None, {"disaster": "guatemala-volcano", "phase": "pre", "pair": STEM})


def test_damage_is_part_of_the_label(tmp_path: Path) -> None:
    grades = ["no-damage", "minor-damage", "major-damage", "destroyed", "un-classified"]
    one(tmp_path, note(*(building(subtype=grade) for grade in grades), {"properties": {}, "wkt": SQUARE}))
    (record,), drops = read_all("xbd", tmp_path)
    assert ([obj.label for obj in record.objects], drops) == (
        [
            "undamaged_building", "slightly_damaged_building", "heavily_damaged_building", "destroyed_building",
            "building", "building",
        ],
        [],
    )  # fmt: skip


def test_what_is_refused(tmp_path: Path) -> None:
    features = [
        building(),
        building(subtype="wobbly"),
        building(kind="road"),
        building("POLYGON ((1 1, 2 2))"),
        building("POLYGON EMPTY"),
        building("POLYGON ((-30 -30, -10 -30, -10 -10, -30 -10))"),
        building("POLYGON ((90 70, 140 70, 140 90, 90 90))"),
        building("POLYGON ((5 5, 5.2 5, 5.2 9, 5 9))"),
        {"properties": {}},
        17,
    ]
    one(tmp_path, note(*features))
    (record,), drops = read_all("xbd", tmp_path)
    assert [(obj.box, obj.area) for obj in record.objects] == [((10, 20, 30.5, 40), 410), ((90, 70, 100, 80), 100)]
    assert dropped(drops) == {
        "bad-annotation": (0, 4),
        "unknown-class": (0, 2),
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
    }
    details = {drop.reason: drop.detail for drop in drops}
    label = f"train/labels/{STEM}_post_disaster.json"
    assert details["bad-annotation"].startswith(f"{label}: feature 4: a ring of 2 corners; {label}: feature 5: ")
    assert f"{label}: feature 2: no concept for class 'wobbly'" in details["unknown-class"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "broken JSON"),
        ("[1", r"json:1: broken JSON"),
        ("[]", 'has no list "xy"'),
        ('{"features": []}', 'has no list "xy"'),
        ('{"features": {"xy": {}}}', 'has no list "xy"'),
        ("[" * 100_000, "cannot be read|broken JSON"),
        (b"\xff\xfe\xfa{", "cannot be read|broken JSON"),
    ],
)
def test_broken_files(tmp_path: Path, content: str | bytes, problem: str) -> None:
    one(tmp_path, content)
    records, (drop,) = read_all("xbd", tmp_path)
    assert (records, drop.reason, drop.images) == ([], "bad-annotation", 1)
    assert re.search(problem, drop.detail) and drop.detail.startswith(f"train/labels/{STEM}_post_disaster.json")


KEYS = st.sampled_from(["properties", "wkt", "subtype", "feature_type"])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@given(st.binary() | json_like.map(lambda v: json.dumps({"features": {"xy": v}, "metadata": v}).encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        _, features = xbd.parse(data, "a.json")
    except BadAnnotation as error:
        assert str(error).startswith("a.json")
        return
    page = xbd.shapes(features, "a.json", (100, 80))
    assert len(page.shapes) + len(page.refused) == len(features)


def test_splits_and_trees(tmp_path: Path) -> None:
    for part in ("train", "tier3", "hold", "test", "guatemala-volcano"):
        stem = f"{part}-flood_00000001_pre_disaster"
        picture(tmp_path / f"xBD/{part}/images/{stem}.png")
        text(tmp_path / f"xBD/{part}/labels/{stem}.json", note())
    records, drops = read_all("xbd", tmp_path)
    assert [(r.id, r.objects) for r in records] == [
        ("xbd/guatemala-volcano-flood_00000001_pre_disaster", []),
        ("xbd/test/test-flood_00000001_pre_disaster", []),
        ("xbd/train/tier3-flood_00000001_pre_disaster", []),
        ("xbd/train/train-flood_00000001_pre_disaster", []),
        ("xbd/val/hold-flood_00000001_pre_disaster", []),
    ]
    assert drops == []
    assert [r.id for r in read_all("xbd", tmp_path, "val")[0]] == ["xbd/val/hold-flood_00000001_pre_disaster"]
    with pytest.raises(BadSource, match=r"no split 'train' here; found: val"):
        read_all("xbd", _only_hold(tmp_path), "train")


def _only_hold(root: Path) -> Path:
    text(root / "alone/hold/labels/a_1_pre_disaster.json", note())
    return root / "alone"


def test_images_and_labels_that_are_missing(tmp_path: Path) -> None:
    one(tmp_path, note(building(), building()))
    (tmp_path / f"train/images/{STEM}_post_disaster.png").unlink()
    picture(tmp_path / "train/images/a_1_pre_disaster.png")
    records, drops = read_all("xbd", tmp_path)
    assert (records, dropped(drops)) == ([], {"missing-annotation": (1, 0), "missing-image": (1, 2)})
    assert drops[1].detail.startswith(f"train/images/{STEM}_post_disaster.png: no such image file")
    with pytest.raises(BadSource, match=r"no folder labels with JSON files \(train/labels\).*xview2.org"):
        read_all("xbd", tmp_path / "train/images")
    with pytest.raises(BadSource, match="labels is 'masks' where"):
        read_all("xbd", tmp_path, labels="masks")


def test_without_images_the_metadata_say_the_size(tmp_path: Path) -> None:
    text(tmp_path / "train/labels/a_1_pre_disaster.json", note(building(), width=1024, height=512))
    text(tmp_path / "train/labels/b_1_pre_disaster.json", note(building(), width="1024"))
    (record,), drops = read_all("xbd", tmp_path, images=False)
    assert (record.path, record.width, record.height, labels([record])) == (None, 1024, 512, {"building": 1})
    assert dropped(drops) == {"no-size": (1, 1)}


def test_targets(tmp_path: Path) -> None:
    stem = f"{STEM}_post_disaster"
    picture(tmp_path / f"train/images/{stem}.png")
    mask = np.zeros((80, 100), np.uint8)
    for grade in (1, 2, 3, 4):
        mask[10:20, 20 * grade : 20 * grade + 10] = grade
    (tmp_path / "train/targets").mkdir()
    Image.fromarray(mask).save(tmp_path / f"train/targets/{stem}_target.png")
    (record,), drops = read_all("xbd", tmp_path, labels="targets")
    assert (record.mask_path, drops) == (f"train/targets/{stem}_target.png", [])
    (found,) = [o for o in m2b.run([record], roots={"xbd": tmp_path}) if isinstance(o, Record)]
    assert [(obj.label, obj.box) for obj in found.objects] == [
        ("undamaged_building", (20, 10, 30, 20)),
        ("slightly_damaged_building", (40, 10, 50, 20)),
        ("heavily_damaged_building", (60, 10, 70, 20)),
        ("destroyed_building", (80, 10, 90, 20)),
    ]


def test_drawn_scenes(tmp_path: Path) -> None:
    assert drawn_xbd.write(tmp_path, 3, 4) == 3
    records, drops = read_all("xbd", tmp_path)
    assert (len(records), drops) == (6, [])
    by_id = {record.id.rpartition("/")[2]: record for record in records}
    for number, (split, scene) in enumerate(files.shots(drawn_xbd.SHOTS, 3, 4, "xbd")):
        truth = buildings(scene)
        assert len(truth) > 1
        names = ["undamaged_building", "slightly_damaged_building", "heavily_damaged_building", "destroyed_building"]
        grades = [names[grade] for grade in drawn_xbd.damages(scene)]
        for phase, expected in (("pre", ["building"] * len(truth)), ("post", grades)):
            record = by_id[f"drawn-storm_{number:08d}_{phase}_disaster"]
            assert (record.split, record.gsd) == (split, scene.gsd)
            assert [obj.label for obj in record.objects] == expected
            for obj, thing in zip(record.objects, truth, strict=True):
                x0, y0, x1, y1 = thing.box
                hull = (max(x0, 0), max(y0, 0), min(x1, scene.width), min(y1, scene.height))
                assert obj.box == pytest.approx(hull, abs=1e-3)
    masks, _ = read_all("xbd", tmp_path, labels="targets")
    out = [o for o in m2b.run(masks, roots={"xbd": tmp_path}, min_area=1) if isinstance(o, Record)]
    assert {r.id: len(r.objects) for r in out} == {r.id: len(r.objects) for r in records}
