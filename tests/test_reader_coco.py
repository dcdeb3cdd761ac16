"""The COCO reader: index, segmentations, folders, and three real files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _coco, _cocospans, _jsonlist, coco

NAMES = {1: "ship", 2: "harbor"}
L_SHAPE = [0, 0, 20, 0, 20, 10, 10, 10, 10, 20, 0, 20]


def annotation(**more: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40.5], "iscrowd": 0} | more


def index(annotations: list[Any], **image: Any) -> dict[str, Any]:
    images = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80} | image]
    categories = [{"id": id, "name": name} for id, name in NAMES.items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def write(path: Path, content: Any) -> Path:
    return text(path, json.dumps(content))


@pytest.mark.parametrize(
    ("more", "box", "poly", "area"),
    [
        ({}, (10, 20, 40, 60.5), (), -1),
        ({"segmentation": []}, (10, 20, 40, 60.5), (), -1),
        ({"segmentation": [[]]}, (10, 20, 40, 60.5), (), -1),
        ({"segmentation": [L_SHAPE]}, (10, 20, 40, 60.5), tuple(L_SHAPE), 300),
        ({"segmentation": [[1, 1, 3, 1, 3, 3, 1, 3], L_SHAPE]}, (10, 20, 40, 60.5), tuple(L_SHAPE), 304),
        (
            {"segmentation": [[90, 0, 120, 0, 120, 10, 90, 10]]},
            (10, 20, 40, 60.5),
            (90, 0, 120, 0, 120, 10, 90, 10),
            100,
        ),
        ({"segmentation": {"size": [80, 100], "counts": [10, 25, 7965]}}, (10, 20, 40, 60.5), (), 25),
        ({"bbox": [-5, 0, 10, 10]}, (-5, 0, 5, 10), (), -1),
    ],
)
def test_an_annotation(more: dict[str, Any], box: tuple[float, ...], poly: tuple[float, ...], area: float) -> None:
    (shape,) = _coco.parse_annotations([annotation(**more)], NAMES, 100, 80, "a.json").shapes
    assert (shape.name, shape.box, shape.poly, shape.area, shape.difficult) == ("ship", box, poly, area, False)


@pytest.mark.parametrize(
    ("more", "reason", "problem"),
    [
        ({"iscrowd": 1}, "crowd", ""),
        ({"category_id": 3}, "unknown-class", ": no category has the id 3"),
        ({"category_id": [3]}, "unknown-class", ": no category has the id [3]"),
        ({"bbox": None}, "bad-annotation", ": bbox is not a list of numbers"),
        ({"bbox": [1, 2, 3]}, "bad-annotation", ": bbox has 3 numbers where 4 are wanted"),
        ({"bbox": [1, 2, 3, "4"]}, "bad-annotation", ": bbox has '4' where a coordinate is wanted"),
        ({"bbox": [1, 2, 3, float("nan")]}, "bad-annotation", ": bbox has 'nan' where a coordinate is wanted"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "bad-annotation", ": a polygon has an odd count of numbers"),
        ({"segmentation": [1, 2, 3]}, "bad-annotation", ": a polygon is not a list of numbers"),
        ({"segmentation": "x"}, "bad-annotation", ": segmentation is neither polygons nor run lengths"),
        ({"segmentation": {"size": [80, 100]}}, "bad-annotation", ": run lengths that cannot be understood"),
        ({"segmentation": {"counts": [8000]}}, "bad-annotation", ": run lengths without size [height, width]"),
        (
            {"segmentation": {"size": [100, 80], "counts": [8000]}},
            "bad-annotation",
            ": a mask of 80 x 100 on an image of 100 x 80",
        ),
        (
            {"segmentation": {"size": [80, 100], "counts": [8, 1]}},
            "bad-annotation",
            ": run lengths of 9 pixels for a mask of 8000",
        ),
    ],
)
def test_a_refused_annotation_and_its_reason(more: dict[str, Any], reason: str, problem: str) -> None:
    found = _coco.parse_annotations([annotation(**more), annotation(id=8)], NAMES, 100, 80, "a.json")
    assert found.refused == [(reason, f"a.json: annotation 7{problem}")]
    assert [shape.number for shape in found.shapes] == [1]


@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_compressed_run_lengths_agree_with_pycocotools(height: int, width: int, rng: Any) -> None:
    from pycocotools import mask as reference

    pixels = np.array([[rng.random() < 0.4 for _ in range(width)] for _ in range(height)], np.uint8, order="F")
    counts = reference.encode(pixels)["counts"].decode()
    runs = _coco.decode_counts(counts)
    assert (sum(runs), sum(runs[1::2])) == (height * width, int(pixels.sum()))
    rle = {"size": [height, width], "counts": counts}
    (shape,) = _coco.parse_annotations([annotation(segmentation=rle)], NAMES, width, height, "a.json").shapes
    assert shape.area == pixels.sum()


@given(st.text(alphabet=st.characters(min_codepoint=40, max_codepoint=120)))
def test_damaged_run_lengths_are_refused(counts: str) -> None:
    rle = {"size": [8, 9], "counts": counts}
    found = _coco.parse_annotations([annotation(segmentation=rle)], NAMES, 9, 8, "a.json")
    assert len(found.shapes) + len(found.refused) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["id", "image_id", "category_id", "bbox", "segmentation", "size", "counts"]), inner
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON, JSON)
def test_any_json_is_indexed_or_refused(tmp_path: Path, images: Any, annotations: Any, categories: Any) -> None:
    path = write(tmp_path / "x.json", {"images": images, "annotations": annotations, "categories": categories})
    try:
        found = _cocospans.index(path, "x.json")
    except BadAnnotation:
        return
    read = [_jsonlist.read_spans(path, "x.json", picture.spans) for picture in found.pictures]
    assert sum(map(len, read)) + sum(count for _, count, _ in found.loose) == len(annotations)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "category_id", "bbox", "segmentation", "iscrowd"]), JSON)))
def test_any_annotation_is_parsed_or_refused(annotations: list[dict[str, Any]]) -> None:
    found = _coco.parse_annotations(annotations, NAMES, 10, 10, "x.json")
    assert len(found.shapes) + len(found.refused) == len(annotations)


def test_records(tmp_path: Path) -> None:
    picture(tmp_path / "val2017/a.jpg")
    content = index(
        [
            annotation(segmentation=[L_SHAPE]),
            annotation(id=8, bbox=[90, 70, 30, 30], category_id=2, ignore=1),
            annotation(id=9, iscrowd=1),
            annotation(id=10, image_id=99),
            annotation(id=11, bbox=[200, 0, 9, 9]),
            annotation(id=12, bbox=[20, 20, -9, 9]),
            "nothing",
        ]
    )
    content["images"].append({"id": 2, "file_name": "b.jpg", "width": 100, "height": 80})
    write(tmp_path / "annotations/instances_val2017.json", content)
    write(tmp_path / "annotations/captions_val2017.json", {})
    write(tmp_path / "annotations/image_info_test-dev2017.json", {"images": []})
    records, drops = read_all("coco", tmp_path)
    (record,) = records
    assert (record.id, record.split, record.path) == ("coco/val/a", "val", "val2017/a.jpg")
    ship, harbor = record.objects
    assert (ship.label, ship.box, ship.poly, ship.area) == ("ship", (10, 20, 40, 60.5), tuple(L_SHAPE), 300)
    assert (harbor.label, harbor.box, harbor.area, harbor.difficult) == ("harbor", (90, 70, 100, 80), 100, True)
    assert dropped(drops) == {
        "crowd": (0, 1),
        "orphan-annotation": (0, 1),
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
        "bad-annotation": (0, 1),
        "missing-image": (1, 0),
    }
    details = {drop.reason: drop.detail for drop in drops}
    shown = "annotations/instances_val2017.json"
    assert details["orphan-annotation"] == f"{shown}: no image has the id 99"
    assert details["outside-image"].startswith(f"{shown}: annotation 11: ship at (200, 0, 209, 9)")
    records, _ = read_all("coco", tmp_path, "val", images=False)
    assert [(r.id, r.path, r.width, r.height) for r in records] == [
        ("coco/val/a", None, 100, 80),
        ("coco/val/b", None, 100, 80),
    ]


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg", 50, 40)
    write(tmp_path / "all.json", index([annotation()]))
    records, drops = read_all("coco", tmp_path)
    assert records == [] and dropped(drops) == {"size-mismatch": (1, 1)}
    assert drops[0].detail == "images/a.jpg: 50 x 40 pixels, annotated as 100 x 80: the boxes would be wrong"
    write(tmp_path / "all.json", index([annotation(bbox=[1, 2, 3, 4])], width=None))
    records, drops = read_all("coco", tmp_path)
    assert [(r.width, r.height, len(r.objects)) for r in records] == [(50, 40, 1)]
    assert dropped(read_all("coco", tmp_path, images=False)[1]) == {"no-size": (1, 1)}


@pytest.mark.parametrize(
    ("file_name", "at"),
    [
        ("x/a.jpg", "images/x/a.jpg"),
        ("x\\a.jpg", "images/x/a.jpg"),
        ("./a.jpg", "images/train/a.jpg"),
        ("/home/me/set/a.jpg", "images/train/a.jpg"),
        ("../a.jpg", "images/train/a.jpg"),
        ("C:\\set\\a.jpg", "images/train/a.jpg"),
    ],
)
def test_where_images_are_looked_for(tmp_path: Path, file_name: str, at: str) -> None:
    picture(tmp_path / at)
    write(tmp_path / "my_train.json", index([annotation()], file_name=file_name))
    (record,), _ = read_all("coco", tmp_path)
    assert (record.id, record.path) == ("coco/train/a", at)


def test_images_that_share_a_stem_get_their_image_id(tmp_path: Path) -> None:
    content = index([annotation()])
    content["images"] += [{"id": 2, "file_name": "x/a.png", "width": 5, "height": 5}]
    write(tmp_path / "all.json", content)
    assert [item.id for item in coco.find(tmp_path)] == ["coco/a-1", "coco/a-2"]


def test_classes_can_be_mapped(tmp_path: Path) -> None:
    content = index([annotation(), annotation(id=8, category_id=2)])
    content["categories"][0]["name"] = "thingy"
    write(tmp_path / "all.json", content)
    records, drops = read_all("coco", tmp_path, images=False)
    assert labels(records) == {"harbor": 1} and dropped(drops) == {"unknown-class": (0, 1)}
    assert drops[0].detail == "all.json: annotation 7: no concept for class 'thingy'"
    records, drops = read_all("coco", tmp_path, images=False, classes={"thingy": "airplane", "harbor": None})
    assert labels(records) == {"airplane": 1} and dropped(drops) == {"refused-class": (0, 1)}


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("annotations/instances_train2017.json", "train"),
        ("annotations/instances_val2017.json", "val"),
        ("valid/_annotations.coco.json", "val"),
        ("test/annotations.json", "test"),
        ("annotations/trainval.json", ""),
        ("visdrone2019-det-train-first50image.json", "train"),
        ("latest.json", ""),
    ],
)
def test_the_split_stands_in_the_name(path: str, split: str) -> None:
    assert coco.split_of(path) == split


def test_which_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no instance JSON \(annotations/\*\.json\) in .*found: nothing"):
        coco.find(tmp_path)
    for name in ("a_train", "a_val", "b_val"):
        write(tmp_path / f"annotations/{name}.json", index([], file_name=f"{name}.jpg"))
    with pytest.raises(
        BadSource, match=r"a_val\.json and annotations/b_val\.json .* both of the split 'val'.*option json"
    ):
        coco.find(tmp_path)
    assert [item.id for item in coco.find(tmp_path, json="annotations/b_val.json")] == ["coco/val/b_val"]
    (tmp_path / "annotations/b_val.json").unlink()
    assert [item.id for item in coco.find(tmp_path)] == ["coco/train/a_train", "coco/val/a_val"]
    assert [item.id for item in coco.find(tmp_path, "train")] == ["coco/train/a_train"]
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        coco.find(tmp_path, "test")
    with pytest.raises(BadSource, match=r"no file c\.json in .*found: annotations/"):
        coco.find(tmp_path, json="c.json")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"images": [', "all.json:1: broken JSON (Expecting value)"),
        ("[]", "all.json:1: { is wanted, found ["),
        (
            json.dumps(index([]) | {"images": []}),
            'all.json: no COCO instance file: it has nothing in the list "images"',
        ),
        ("[" * 200_000, "all.json:1: { is wanted, found ["),
        ('{"images":' + "[" * 200_000, "all.json:1: JSON that cannot be read (RecursionError)"),
        ('{"images": []}', 'all.json: no COCO instance file: it has no list "annotations"'),
        (json.dumps(index([], file_name=None)), "all.json: image 1 has no file_name"),
        (json.dumps(index([]) | {"categories": [{}]}), "all.json: a category without an id: {}"),
        (json.dumps(index([]) | {"images": index([])["images"] * 2}), "all.json: two images have the id 1"),
    ],
)
def test_a_file_that_is_no_coco_file(tmp_path: Path, content: str, problem: str) -> None:
    text(tmp_path / "all.json", content)
    with pytest.raises(BadSource, match=re.escape(problem)):
        coco.find(tmp_path)


def test_real_coco(shared_data: Path, counts: dict) -> None:
    want = counts["coco_mini"]
    records, drops = read_all("coco", shared_data / "coco_mini")
    assert drops == []
    assert (len(records), objects(records)) == (want["images_in_json"], want["objects_not_crowd"])
    assert labels(records) == as_concepts("coco", want["per_class"])
    content = json.loads((shared_data / "coco_mini/annotations/instances_val2017.json").read_text())
    given = {a["id"]: a["area"] for a in content["annotations"]}
    assert sum(obj.area for r in records for obj in r.objects) == pytest.approx(sum(given.values()), rel=1e-3)


@pytest.mark.parametrize("name", ["visdrone_coco", "nwpu_vhr10_coco"])
def test_real_annotations_without_images(shared_data: Path, counts: dict, name: str) -> None:
    want = counts[name]
    records, drops = read_all("coco", shared_data / name, images=False)
    assert drops == []
    assert (len(records), objects(records)) == (want["images_in_json"], want["objects"])
    assert sum(not record.objects for record in records) == want["images_without_annotation"]
    assert labels(records) == as_concepts("coco", want["per_class"])
    _, drops = read_all("coco", shared_data / name)
    assert dropped(drops) == {"missing-image": (want["images_in_json"], want["objects"])}
