"""The LoveDA reader: folders in every spelling, index masks, and the real tile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reading import dropped, picture, read_all

from rsdata import pixels, words
from rsdata.errors import BadSource
from rsdata.readers import loveda

KIND = "index:0=,1=,2=building,3=road,4=water,5=bare_land,6=forest,7=farmland"


def pair(root: Path, base: str, stem: str, images: str = "images_png", masks: str = "masks_png") -> None:
    picture(root / base / images / f"{stem}.png")
    path = root / base / masks / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (100, 80)).save(path)


def test_the_distributed_tree(tmp_path: Path) -> None:
    pair(tmp_path, "Train/Urban", "1366")
    pair(tmp_path, "Train/Rural", "0")
    pair(tmp_path, "Val/Rural", "2522")
    picture(tmp_path / "Test/Urban/images_png/4191.png")
    records, drops = read_all("loveda", tmp_path)
    assert drops == []
    assert [(record.id, record.extra, record.mask_kind) for record in records] == [
        ("loveda/test/4191", {"scene": "urban"}, None),
        ("loveda/train/0", {"scene": "rural"}, KIND),
        ("loveda/train/1366", {"scene": "urban"}, KIND),
        ("loveda/val/2522", {"scene": "rural"}, KIND),
    ]
    assert records[1].path == "Train/Rural/images_png/0.png"
    assert records[1].mask_path == "Train/Rural/masks_png/0.png"
    assert (records[1].width, records[1].height, records[1].gsd) == (100, 80, 0.3)
    assert [record.id for record in read_all("loveda", tmp_path, "val")[0]] == ["loveda/val/2522"]


@pytest.mark.parametrize(
    ("base", "images", "masks", "id", "scene"),
    [
        ("train/rural", "images_png", "masks_png", "loveda/train/7", {"scene": "rural"}),
        ("LoveDA/Val/Urban", "images_png", "masks_png", "loveda/val/7", {"scene": "urban"}),
        ("Train", "images_png", "masks_png", "loveda/train/7", {}),
        ("", "images_png", "masks_png", "loveda/7", {}),
        ("Rural", "images", "masks", "loveda/7", {"scene": "rural"}),
        ("", "img_dir/train", "ann_dir/train", "loveda/train/7", {}),
    ],
)
def test_other_trees(tmp_path: Path, base: str, images: str, masks: str, id: str, scene: dict[str, str]) -> None:
    pair(tmp_path, base, "7", images, masks)
    (record,), drops = read_all("loveda", tmp_path)
    assert (record.id, record.extra, drops) == (id, scene, [])


def test_one_number_in_town_and_country(tmp_path: Path) -> None:
    pair(tmp_path, "Train/Urban", "5")
    pair(tmp_path, "Train/Rural", "5")
    pair(tmp_path, "Train/Rural", "6")
    records, _ = read_all("loveda", tmp_path)
    assert [record.id for record in records] == ["loveda/train/5-rural", "loveda/train/5-urban", "loveda/train/6"]


def test_faults_are_counted(tmp_path: Path) -> None:
    for stem in "12345":
        pair(tmp_path, "Train/Urban", stem)
    base = tmp_path / "Train/Urban"
    (base / "images_png/1.png").unlink()
    (base / "masks_png/2.png").unlink()
    picture(base / "masks_png/3.png")
    Image.new("L", (80, 100)).save(base / "masks_png/4.png")
    (base / "masks_png/5.png").write_bytes(b"no image")
    records, drops = read_all("loveda", tmp_path)
    assert records == []
    assert dropped(drops) == {
        "missing-image": (1, 0),
        "missing-annotation": (1, 0),
        "mask-encoding": (1, 0),
        "mask-size": (1, 0),
        "unreadable-mask": (1, 0),
    }
    assert drops[0].detail.startswith("Train/Urban/images_png/1.png: no such image file")
    assert "3 bands of uint8 where 1 of uint8" in drops[2].detail
    records, drops = read_all("loveda", tmp_path, images=False)
    assert [record.id for record in records] == ["loveda/train/1", "loveda/train/4"]
    assert dropped(drops) == {"mask-encoding": (1, 0), "unreadable-mask": (1, 0)}


def test_wrong_folders(tmp_path: Path) -> None:
    picture(tmp_path / "Train/Urban/images_png/1.png")
    with pytest.raises(BadSource, match=r"no folder masks_png .*found: Train/.*zenodo"):
        loveda.find(tmp_path)
    with pytest.raises(BadSource, match=r"no split 'val' here; found: train"):
        loveda.find(tmp_path, "val")


def test_every_class_is_a_concept() -> None:
    assert {concept for concept in loveda.CLASSES.values() if concept} <= words.concepts().keys()
    assert {1: KIND} == loveda.KINDS


def test_the_real_tile(shared_data: Path, counts: dict) -> None:
    facts = counts["loveda"]
    (record,), drops = read_all("loveda", shared_data / "loveda")
    assert (drops, facts["images"]) == ([], 1)
    assert (record.id, record.extra) == ("loveda/train/0", {"scene": "rural"})
    assert [record.width, record.height] == facts["per_image"]["0.png"]["image"][:2]
    mask = pixels.load_mask(shared_data / "loveda" / str(record.mask_path))
    found = dict(zip(*np.unique(mask, return_counts=True), strict=True))
    expected = {entry["value"]: entry["pixels"] for entry in facts["per_image"]["0.png"]["classes"].values()}
    assert found == expected
    for name, entry in facts["per_image"]["0.png"]["classes"].items():
        assert list(loveda.CLASSES)[entry["value"]] == name
