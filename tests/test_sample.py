"""The drawn world: golden geometry, the same bytes twice, and every format read back to the truth it was drawn from."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read_all
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry import Polygon

from rsdata import pixels, readers, sample
from rsdata.errors import RsdataError
from rsdata.record import Record
from rsdata.sample import dior, dota, files, isaid, loveda, plan, rsicd, visdrone, world
from rsdata.sample.build import KINDS, build
from rsdata.sample.world import Patch, Scene, Thing, fill
from rsdata.stages import m2b

SCENES = 3  # train, val, test


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    assert sample.write(root, scenes=SCENES, seed=4) == dict.fromkeys(sample.BASIC, SCENES)
    return root


def digests(root: Path) -> dict[str, str]:
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def thing(label: str = "ship", look: str = "truck", **changes: float) -> Thing:
    values = {"x": 20.0, "y": 10.0, "angle": 0.0, "length": 8.0, "width": 4.0} | changes
    return Thing(label, look, **values, tint=(1, 2, 3))


# Geometry


def test_an_oriented_box_starts_at_the_head_and_goes_clockwise() -> None:
    assert thing().poly == ((24.0, 8.0), (24.0, 12.0), (16.0, 12.0), (16.0, 8.0))
    down = thing(angle=np.pi / 2).poly
    assert np.round(down, 9).tolist() == [[22.0, 14.0], [18.0, 14.0], [18.0, 6.0], [22.0, 6.0]]


@pytest.mark.parametrize("look", ["plane", "ship", "boat", "car", "person", "bicycle", "tank", "track", "helicopter"])
@pytest.mark.parametrize("angle", [0.0, 0.7, 3.0])
def test_a_shape_lies_in_its_box_and_touches_all_four_sides(look: str, angle: float) -> None:
    made = thing(look=look, angle=angle, x=100.0, y=90.0, length=60.0, width=40.0)
    outline, box = Polygon(made.outline), Polygon(made.poly)
    assert outline.is_valid and box.buffer(1e-6).contains(outline)
    upright = np.array(thing(look=look, x=0.0, y=0.0, length=60.0, width=40.0).outline)
    assert upright.min(0) == pytest.approx((-30, -20), abs=0.05) and upright.max(0) == pytest.approx((30, 20), abs=0.05)


def test_fill_takes_pixels_whose_middle_is_inside() -> None:
    rows, columns, inside = fill(((1, 1), (4, 1), (4, 3), (1, 3)), 10, 10)
    out = np.zeros((10, 10), bool)
    out[rows, columns] = inside
    assert np.argwhere(out).tolist() == [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]]


coordinate = st.floats(-8, 28).map(lambda value: round(value, 2) + 0.001)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=6))
def test_fill_agrees_with_shapely(points: list[tuple[float, float]]) -> None:
    polygon = Polygon(points)
    if not polygon.is_valid or polygon.area < 1e-3:
        return
    rows, columns, inside = fill(points, 20, 16)
    out = np.zeros((16, 20), bool)
    out[rows, columns] = inside
    for y in range(16):
        for x in range(20):
            middle = ShapelyPoint(x + 0.5, y + 0.5)
            if polygon.exterior.distance(middle) > 1e-6:
                assert out[y, x] == polygon.contains(middle), (x, y)


def test_later_things_lie_on_earlier_ones() -> None:
    scene = Scene("s", "port", 30, 20, 0.5, True)
    scene.patches = [Patch("water", ((0, 0), (30, 0), (30, 20), (0, 20)), (0, 0, 0), "water")]
    below, above = thing(length=10.0, width=10.0), thing(x=22.0)
    found = world.instance_map(scene, [below, above])
    assert Counter(found.ravel().tolist()) == {0: 600 - 100 - 4, 1: 100 - 28, 2: 32}
    assert np.unique(world.cover_map(scene)).tolist() == [world.COVERS.index("water")]


def test_things_that_touch() -> None:
    assert plan.touch(thing(), thing(x=27.9)) and not plan.touch(thing(), thing(x=28.1))
    assert plan.touch(thing(), thing(x=28.1), room=0.2)
    assert not plan.touch(thing(), thing(x=26.0, y=14.0, angle=np.pi / 4, length=4.0, width=4.0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_keeps_its_things_inside_and_apart(kind: str) -> None:
    gsd = {"airport": 0.7, "crossing": 0.08}.get(kind, 0.35)
    scene = build(kind, "t", 640, 512, gsd, 1)
    labelled = [t for t in scene.things if t.label]
    assert len(labelled) >= 8
    for t in labelled:
        xs, ys = zip(*t.poly, strict=True)
        assert min(xs) >= 1 and max(xs) <= 639 and min(ys) >= 1 and max(ys) <= 511
    vehicles = [t for t in labelled if t.label in plan.VEHICLES]
    for i, a in enumerate(vehicles):
        assert not any(plan.touch(a, b) for b in vehicles[:i])
    assert scene == build(kind, "t", 640, 512, gsd, 1)
    assert scene != build(kind, "t", 640, 512, gsd, 2)


def test_golden_lines_of_one_scene() -> None:
    (_, scene), *_ = files.shots(dota.SHOTS, 1, 0, dota.NAME)
    lines = dota.label(scene, whole=False)
    assert (scene.kind, scene.width, scene.height, scene.gsd) == ("airport", 1024, 768, 0.6)
    assert lines[:4] == [
        "imagesource:drawn",
        "gsd:0.6",
        "837.6 147.4 896.9 152.8 891.2 215.9 831.9 210.5 plane 0",
        "759.8 138.8 822.2 144.4 816.2 210.8 753.8 205.2 plane 0",
    ]
    assert dota.label(scene, whole=True)[2] == "838 147 897 153 891 216 832 211 plane 0"
    assert Counter(line.split()[8] for line in lines[2:]) == {
        "plane": 12,
        "storage-tank": 6,
        "small-vehicle": 2,
        "helicopter": 1,
    }


# The files


def test_two_runs_give_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    sample.write(tmp_path / "again", scenes=SCENES, seed=4)
    first = digests(drawn)
    assert first == digests(tmp_path / "again")
    sample.write(tmp_path / "other", scenes=SCENES, seed=5, formats=["rsicd"])
    other = digests(tmp_path / "other" / "rsicd")
    assert first["rsicd/RSICD_images/airport_1.jpg"] != other["RSICD_images/airport_1.jpg"]


def test_every_folder_says_that_it_is_drawn(drawn: Path) -> None:
    for folder in (drawn, *(drawn / name for name in sample.BASIC)):
        text = (folder / "README.txt").read_text()
        assert "drawn" in text.lower() and "not real imagery" in text and "Never report a result" in text


def test_splits() -> None:
    assert [files.split_of(i, 8) for i in range(8)] == ["train"] * 6 + ["val", "test"]
    assert [files.split_of(i, 3) for i in range(3)] == ["train", "val", "test"]
    assert [files.split_of(i, 2) for i in range(2)] == ["train", "train"]
    assert Counter(files.split_of(i, 24) for i in range(24)) == {"train": 18, "val": 3, "test": 3}


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(RsdataError, match="no sample scenes in the format 'kitti'; there are: ai_tod, aid"):
        sample.write(tmp_path, formats=["kitti"])
    with pytest.raises(RsdataError, match="0 scenes were asked for"):
        sample.write(tmp_path, scenes=0)
    assert list(tmp_path.iterdir()) == []


# Read back


def same_objects(name: str, record: Record, truth: list[tuple[str, tuple[float, ...]]]) -> None:
    """The record has exactly these (class, box or polygon) within one pixel, in any order."""
    concept = readers.get(name).INFO.concept
    found = sorted((obj.label, tuple(obj.poly or obj.box)) for obj in record.objects)
    expected = sorted((str(concept(label)), shape) for label, shape in truth)
    assert Counter(label for label, _ in found) == Counter(label for label, _ in expected)
    for label, shape in expected:
        best = min((s for at, s in found if at == label), key=lambda s: np.abs(np.subtract(s, shape)).max())
        assert np.abs(np.subtract(best, shape)).max() < 1, (record.id, label, shape)
        found.remove((label, best))


def corners(t: Thing) -> tuple[float, ...]:
    return tuple(value for point in t.poly for value in point)


def test_dota(drawn: Path) -> None:
    records, drops = read_all("dota", drawn / "dota")
    assert (len(records), drops) == (2, [])
    for record, (split, scene) in zip(records, files.shots(dota.SHOTS, SCENES, 4, dota.NAME), strict=False):
        assert (record.split, record.width, record.height) == (split, scene.width, scene.height)
        assert record.gsd == pytest.approx(scene.gsd)
        truth = [(dota.CLASSES[t.label], corners(t)) for t in scene.annotated(dota.CLASSES)]
        assert len(truth) > 15
        same_objects("dota", record, truth)


@pytest.mark.parametrize("boxes", ["hbb", "obb"])
@pytest.mark.parametrize("images", [True, False])
def test_dior(drawn: Path, boxes: str, images: bool) -> None:
    records, drops = read_all("dior", drawn / "dior", boxes=boxes, images=images)
    assert (len(records), drops) == (SCENES, [])
    by_split = {record.split: record for record in records}
    for split, scene in files.shots(dior.SHOTS, SCENES, 4, "dior"):
        things = scene.annotated(dior.CLASSES)
        truth = [(dior.CLASSES[t.label], t.box if boxes == "hbb" else corners(t)) for t in things]
        same_objects("dior", by_split[split], truth)


def test_visdrone(drawn: Path) -> None:
    records, drops = read_all("visdrone", drawn / "visdrone")
    assert len(records) == SCENES
    assert [(drop.reason, drop.images, drop.objects) for drop in drops] == [("ignored-region", 0, 1)] * SCENES
    names = ["", "pedestrian", "", "bicycle", "car", "van", "truck", "", "", "bus", "motor"]
    by_split = {record.split: record for record in records}
    for split, scene in files.shots(visdrone.SHOTS, SCENES, 4, "visdrone"):
        things = scene.annotated(visdrone.CATEGORIES)
        same_objects("visdrone", by_split[split], [(names[visdrone.CATEGORIES[t.label]], t.box) for t in things])


def test_isaid(drawn: Path) -> None:
    records, drops = read_all("isaid", drawn / "isaid")
    assert (len(records), drops) == (SCENES, [])
    by_split = {record.split: record for record in records}
    assert by_split["test"].mask_path is None
    for split, scene in files.shots(dota.SHOTS, 2, 4, dota.NAME):
        record = by_split["train" if scene.kind == "airport" else "val"]
        kind = dict(part.split("=") for part in str(record.mask_kind).removeprefix("rgb:").split(","))
        things = isaid.annotated(scene)
        truth = world.instance_map(scene, things)
        colours = pixels.load_mask(drawn / "isaid" / str(record.mask_path)).astype(np.int64)
        packed = colours[:, :, 0] << 16 | colours[:, :, 1] << 8 | colours[:, :, 2]
        names = {"car": "small_vehicle", "van": "small_vehicle", "truck": "large_vehicle", "bus": "large_vehicle"}
        labels = np.array(["", *(names.get(t.label, t.label) for t in things)])
        found = {value: kind[f"{value:06x}"] for value in np.unique(packed).tolist()}
        assert np.array_equal(np.vectorize(found.get, otypes=[labels.dtype])(packed), labels[truth]), split
        ids = pixels.load_mask(drawn / "isaid" / record.extra["instances"]).astype(np.int64)
        values = np.array([0, *(isaid.instance_id(n) for n in range(1, len(things) + 1))])
        assert np.array_equal(ids[:, :, 0] + 256 * ids[:, :, 1] + 65536 * ids[:, :, 2], values[truth])


def test_isaid_instances_have_the_boxes_of_the_things(drawn: Path) -> None:
    records, _ = read_all("isaid", drawn / "isaid", "train")
    roots = {"isaid": drawn / "isaid"}
    (record,) = [out for out in m2b.run(records, roots=roots, min_area=1) if isinstance(out, Record)]
    (_, scene), *_ = files.shots(dota.SHOTS, 1, 4, dota.NAME)
    things = isaid.annotated(scene)
    seen = world.instance_map(scene, things)
    truth = []
    for number, t in enumerate(things, 1):
        rows, columns = np.nonzero(seen == number)
        truth.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        assert np.abs(np.subtract(truth[-1], t.box)).max() <= 1, t
    assert sorted(obj.box for obj in record.objects) == sorted(truth)
    assert {obj.area for obj in record.objects} == {float(n) for n in np.bincount(seen.ravel())[1:]}


def test_loveda(drawn: Path) -> None:
    records, drops = read_all("loveda", drawn / "loveda")
    assert (len(records), drops) == (SCENES, [])
    by_split = {record.split: record for record in records}
    assert by_split["test"].mask_path is None
    for split, scene in files.shots(loveda.SHOTS, SCENES, 4, "loveda")[:2]:
        record = by_split[split]
        assert record.extra["scene"] == ("urban" if scene.urban else "rural")
        kind = dict(part.split("=") for part in str(record.mask_kind).removeprefix("index:").split(","))
        mask = pixels.load_mask(drawn / "loveda" / str(record.mask_path))
        truth = np.array(world.COVERS)[world.cover_map(scene)]
        if split == "val":
            assert not mask[:, -loveda.NO_DATA :].any() and (mask[:, : -loveda.NO_DATA] > 0).all()
            truth[:, -loveda.NO_DATA :] = ""
        assert np.array_equal(np.array([kind[str(value)] for value in range(8)])[mask], truth)
        assert len(np.unique(truth)) >= 3


def test_rsicd(drawn: Path) -> None:
    records, drops = read_all("rsicd", drawn / "rsicd")
    assert (len(records), drops) == (SCENES, [])
    assert [(record.id, record.label) for record in records] == [
        ("rsicd/test/farmland_3", "farmland"),
        ("rsicd/train/airport_1", "airport"),
        ("rsicd/val/port_2", "harbor"),
    ]
    by_split = {record.split: record for record in records}
    for split, scene in files.shots(rsicd.SHOTS, SCENES, 4, "rsicd"):
        record = by_split[split]
        assert (record.width, record.height) == (224, 224)
        assert [caption.text for caption in record.captions] == rsicd.captions(scene, rsicd.crop(scene))
        assert {caption.origin for caption in record.captions} == {"human"}


def test_sentences_count_what_the_crop_shows() -> None:
    scene = Scene("s", "airport", 100, 100, 0.5, True)
    scene.patches = [Patch("water", ((0, 0), (100, 0), (100, 30), (0, 30)), (0, 0, 0), "water")]
    scene.things = [
        thing("airplane", "plane", x=20.0),
        thing("airplane", "plane", x=40.0),
        thing("car", "car", x=60.0),
        thing("airplane", "plane", x=90.0),
    ]
    assert rsicd.captions(scene, rsicd.Window(0, 0, 80, 80)) == [
        "two planes are at an airport .",
        "there are two planes and a car at an airport .",
        "water is near the planes .",
        "a car is at an airport .",
        "this is an airport with a car and water .",
    ]
    empty = Scene("s", "farmland", 100, 100, 0.5, False)
    assert rsicd.captions(empty, rsicd.Window(0, 0, 80, 80)) == ["this is the countryside ."] * 5
