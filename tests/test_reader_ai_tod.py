"""AI-TOD: COCO JSON by split, indexed and not held, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading import dropped, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import ai_tod

NAMES = ("airplane", "bridge", "storage-tank", "ship", "swimming-pool", "vehicle", "person", "wind-mill")


def coco(*stems: str, boxes: int = 2, **changes: Any) -> str:
    images = [{"id": n, "file_name": f"{stem}.png", "width": 100, "height": 80} for n, stem in enumerate(stems)]
    annotations = [
        {"id": 10 * n + k, "image_id": n, "category_id": 1 + (n + k) % 8, "bbox": [5.0 * k, 10.0, 4.0, 6.0]}
        for n in range(len(stems))
        for k in range(boxes)
    ]
    categories = [{"id": n, "name": name} for n, name in enumerate(NAMES, 1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories} | changes)


def test_splits_and_folders(tmp_path: Path) -> None:
    text(tmp_path / "annotations/aitod_train_v1.json", coco("2514__0_600", "P1"))
    text(tmp_path / "annotations/aitod_val_v1.json", coco("v"))
    text(tmp_path / "annotations/aitod_test_v1.json", coco("t"))
    text(tmp_path / "annotations/aitod_trainval_v1.json", "never read")
    picture(tmp_path / "images/train/2514__0_600.png")
    picture(tmp_path / "trainval/images/P1.png")
    picture(tmp_path / "trainval/images/v.png")
    records, drops = read_all("ai_tod", tmp_path)
    assert [(r.id, r.split, r.path) for r in records] == [
        ("ai_tod/train/2514__0_600", "train", "images/train/2514__0_600.png"),
        ("ai_tod/train/P1", "train", "trainval/images/P1.png"),
        ("ai_tod/val/v", "val", "trainval/images/v.png"),
    ]
    assert [(o.label, o.box) for o in records[1].objects] == [
        ("bridge", (0, 10, 4, 16)),
        ("storage_tank", (5, 10, 9, 16)),
    ]
    assert dropped(drops) == {"missing-image": (1, 2)}
    assert drops[0].detail.startswith("images/test/t.png: no such image file")
    with pytest.raises(BadSource, match="no split 'extra' here; found: train, val, test"):
        ai_tod.find(tmp_path, "extra")


def test_trainval_stands_in_for_both(tmp_path: Path) -> None:
    text(tmp_path / "aitod_trainval_v1.json", coco("a"))
    (record,), drops = read_all("ai_tod", tmp_path, images=False)
    assert (record.id, record.path, record.width, record.height, drops) == ("ai_tod/train/a", None, 100, 80, [])


def test_bad_input_is_counted(tmp_path: Path) -> None:
    box = {"bbox": [1, 1, 5, 5]}
    annotations = [
        {"id": 1, "image_id": 0, "category_id": 99, **box},
        {"id": 2, "image_id": 0, "category_id": 1, "iscrowd": 1, **box},
        {"id": 3, "image_id": 0, "category_id": 1, "bbox": [1, 2]},
        {"id": 4, "image_id": 0, "category_id": 9, **box},
        {"id": 5, "image_id": 0, "category_id": 1, "bbox": [200, 1, 5, 5]},
        {"id": 6, "image_id": 0, "category_id": 8, **box},
        {"id": 7, "image_id": 66, "category_id": 8, **box},
        "nonsense",
    ]
    categories = [{"id": n, "name": name} for n, name in enumerate((*NAMES, "zeppelin"), 1)]
    text(tmp_path / "annotations/aitod_val_v1.json", coco("a", "b", annotations=annotations, categories=categories))
    picture(tmp_path / "images/val/a.png")
    picture(tmp_path / "images/val/b.png", 50, 50)
    (record,), drops = read_all("ai_tod", tmp_path)
    assert [(o.label, o.box) for o in record.objects] == [("windmill", (1, 1, 6, 6))]
    assert dropped(drops) == {
        "unknown-class": (0, 2),
        "crowd": (0, 1),
        "bad-annotation": (0, 2),
        "outside-image": (0, 1),
        "size-mismatch": (1, 0),
        "orphan-annotation": (0, 1),
    }
    place = next(drop for drop in drops if drop.reason == "outside-image").detail
    assert place.startswith("annotations/aitod_val_v1.json: annotation 5: airplane at (200, 1, 205, 6)")


def test_the_file_may_change_or_go(tmp_path: Path) -> None:
    path = text(tmp_path / "aitod_test_v1.json", coco("a", boxes=9))
    (item,) = ai_tod.find(tmp_path, images=False)
    assert len(item.data["spans"]) == 2
    path.unlink()
    (drop,) = ai_tod.read(item)
    assert drop.detail == "aitod_test_v1.json: the file cannot be read (No such file or directory)"  # type: ignore[union-attr]


def test_two_files_of_one_split(tmp_path: Path) -> None:
    text(tmp_path / "annotations/aitod_test_v1.json", coco("a"))
    text(tmp_path / "annotations/aitodv2_test.json", coco("b"))
    with pytest.raises(
        BadSource, match=r"aitod_test_v1\.json and .*aitodv2_test\.json .*choose one with the option json"
    ):
        ai_tod.find(tmp_path)
    (record,), _ = read_all("ai_tod", tmp_path, images=False, json="annotations/aitodv2_test.json")
    assert (record.id, record.split) == ("ai_tod/test/b", "test")
    with pytest.raises(BadSource, match=r"no file \.\./x\.json in"):
        ai_tod.find(tmp_path, json="../x.json")


def test_a_wrong_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no annotations/\*train\*\.json.* in .*found: nothing"):
        ai_tod.find(tmp_path)
    text(tmp_path / "aitod_train_v1.json", coco("a")[:-9])
    with pytest.raises(BadSource, match=r"aitod_train_v1\.json:1: .*get this file again"):
        ai_tod.find(tmp_path)
    text(tmp_path / "aitod_train_v1.json", '{"images": []}')
    with pytest.raises(BadSource, match='it has no list "annotations"'):
        ai_tod.find(tmp_path)
