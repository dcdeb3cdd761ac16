"""The iSAID reader: names, encodings, missing files, and the real masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reading import dropped, picture, read_all

from rsdata import pixels, words
from rsdata.errors import BadSource
from rsdata.readers import _masks, isaid

RGB_KIND = (
    "rgb:000000=,00003f=ship,003f3f=storage_tank,003f00=baseball_diamond,003f7f=tennis_court,003fbf=basketball_court,"
    "003fff=ground_track_field,007f3f=bridge,007f7f=large_vehicle,00007f=small_vehicle,0000bf=helicopter,"
    "0000ff=swimming_pool,00bf7f=roundabout,007fbf=soccer_field,007fff=airplane,00649b=harbor"
)
INDEX_KIND = (
    "index:0=,1=ship,2=storage_tank,3=baseball_diamond,4=tennis_court,5=basketball_court,6=ground_track_field,7=bridge,"
    "8=large_vehicle,9=small_vehicle,10=helicopter,11=swimming_pool,12=roundabout,13=soccer_field,14=airplane,"
    "15=harbor,255="
)


def grey(path: Path, width: int = 100, height: int = 80, mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (width, height)).save(path)
    return path


def put(root: Path, stem: str, image: bool = True, colour: bool = True, ids: bool = True) -> None:
    if image:
        picture(root / f"{stem}.png")
    if colour:
        picture(root / f"{stem}_instance_color_RGB.png")
    if ids:
        picture(root / f"{stem}_instance_id_RGB.png")


def test_image_and_both_masks_become_one_record(tmp_path: Path) -> None:
    put(tmp_path / "train/images", "P0002")
    put(tmp_path / "val/images", "P0003_0_800_200_1000", ids=False)
    picture(tmp_path / "test/images/P0006.png")
    records, drops = read_all("isaid", tmp_path)
    assert drops == []
    assert [record.id for record in records] == [
        "isaid/test/P0006",
        "isaid/train/P0002",
        "isaid/val/P0003_0_800_200_1000",
    ]
    test, train, val = records
    assert (test.mask_path, test.mask_kind, test.extra) == (None, None, {})
    assert (train.path, train.width, train.height, train.split) == ("train/images/P0002.png", 100, 80, "train")
    assert (train.mask_path, train.mask_kind) == ("train/images/P0002_instance_color_RGB.png", RGB_KIND)
    assert train.extra == {"instances": "train/images/P0002_instance_id_RGB.png"}
    assert val.extra == {}


def test_masks_in_their_own_folders(tmp_path: Path) -> None:
    picture(tmp_path / "train/images/P0001.png")
    picture(tmp_path / "train/Semantic_masks/images/P0001_instance_color_RGB.png")
    picture(tmp_path / "train/Instance_masks/images/P0001_instance_id_RGB.png")
    (record,), drops = read_all("isaid", tmp_path)
    assert drops == []
    assert record.path == "train/images/P0001.png"
    assert record.mask_path == "train/Semantic_masks/images/P0001_instance_color_RGB.png"
    assert record.extra["instances"] == "train/Instance_masks/images/P0001_instance_id_RGB.png"


def test_a_flat_folder_has_no_split(tmp_path: Path) -> None:
    put(tmp_path, "P0009")
    (record,), _ = read_all("isaid", tmp_path)
    assert (record.id, record.split, record.path) == ("isaid/P0009", "", "P0009.png")


def test_an_index_mask_under_the_colour_name(tmp_path: Path) -> None:
    put(tmp_path, "P0009", colour=False)
    grey(tmp_path / "P0009_instance_color_RGB.png")
    (record,), drops = read_all("isaid", tmp_path)
    assert (record.mask_kind, drops) == (INDEX_KIND, [])


def test_what_is_missing_is_dropped_with_its_reason(tmp_path: Path) -> None:
    put(tmp_path / "train/images", "P0001", image=False)
    put(tmp_path / "train/images", "P0002", colour=False)
    put(tmp_path / "train/images", "P0003")
    records, drops = read_all("isaid", tmp_path, "train")
    assert [record.id for record in records] == ["isaid/train/P0003"]
    assert [(drop.id, drop.reason, drop.images) for drop in drops] == [
        ("isaid/train/P0001", "missing-image", 1),
        ("isaid/train/P0002", "missing-annotation", 1),
    ]
    assert drops[0].detail.startswith("train/images/P0001.png: no such image file")


def test_without_images_the_mask_has_the_size(tmp_path: Path) -> None:
    put(tmp_path / "train/images", "P0001", image=False)
    put(tmp_path / "train/images", "P0002", colour=False)
    (record,), drops = read_all("isaid", tmp_path, images=False)
    assert (record.id, record.path, record.width, record.height, drops) == ("isaid/train/P0001", None, 100, 80, [])


@pytest.mark.parametrize("suffix", ["_instance_color_RGB.png", "_instance_id_RGB.png"])
def test_a_mask_of_another_size(tmp_path: Path, suffix: str) -> None:
    put(tmp_path, "P0001")
    picture(tmp_path / f"P0001{suffix}", 99, 80)
    records, drops = read_all("isaid", tmp_path)
    assert (records, dropped(drops)) == ([], {"mask-size": (1, 0)})
    assert drops[0].detail == (
        f"P0001{suffix}: the mask has 99 x 80 pixels, P0001.png has 100 x 80; "
        "one of them was cut or resized, take both from one download"
    )


def test_masks_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "P0001")
    put(tmp_path, "P0002")
    put(tmp_path, "P0003")
    (tmp_path / "P0001_instance_color_RGB.png").write_bytes(b"\x89PNG\r\n")
    grey(tmp_path / "P0002_instance_color_RGB.png", mode="LA")
    grey(tmp_path / "P0003_instance_id_RGB.png")
    records, drops = read_all("isaid", tmp_path)
    assert records == []
    assert [(drop.id, drop.reason) for drop in drops] == [
        ("isaid/P0001", "unreadable-mask"),
        ("isaid/P0002", "mask-encoding"),
        ("isaid/P0003", "mask-encoding"),
    ]
    assert "2 bands of uint8 where 1 or 3 or 4 of uint8 are wanted" in drops[1].detail


def test_a_folder_without_masks_says_what_is_there(tmp_path: Path) -> None:
    picture(tmp_path / "train/images/P0001.png")
    with pytest.raises(BadSource, match=r"no mask named P0002_instance_color_RGB.png, below train .*found: train/"):
        isaid.find(tmp_path)
    with pytest.raises(BadSource, match=r"no split 'val' here; found: train"):
        isaid.find(tmp_path, "val")
    with pytest.raises(BadSource, match="does not exist"):
        isaid.find(tmp_path / "none")


def test_one_name_twice(tmp_path: Path) -> None:
    put(tmp_path / "train/images", "P0001")
    picture(tmp_path / "train/Semantic_masks/images/P0001_instance_color_RGB.png")
    with pytest.raises(BadSource, match="two files of one name"):
        isaid.find(tmp_path)


def test_kinds() -> None:
    assert _masks.index_kind({0: None, 7: "road"}) == "index:0=,7=road"
    assert _masks.rgb_kind({(0, 16, 255): "ship", (1, 2, 3): None}) == "rgb:0010ff=ship,010203="
    assert isaid.KINDS[1] == INDEX_KIND
    assert {concept for concept in isaid.INFO.classes.values() if concept} <= words.concepts().keys()


def test_the_real_masks(shared_data: Path, counts: dict) -> None:
    facts = counts["isaid"]
    records, drops = read_all("isaid", shared_data / "isaid")
    assert len(records) == facts["images"] == 2
    assert [(drop.id, drop.reason) for drop in drops] == [("isaid/train/P0002", "missing-image")]
    records, drops = read_all("isaid", shared_data / "isaid", images=False)
    assert drops == []
    names = {name: "{:02x}{:02x}{:02x}".format(*colour) for name, (colour, _) in isaid.PALETTE.items()}
    assert [record.id for record in records] == ["isaid/train/P0002", "isaid/val/P0003", "isaid/val/P0004"]
    for record in records:
        fact = facts["per_image"][f"{record.split}/images/{record.id.rsplit('/')[-1]}"]
        assert [record.width, record.height] == fact["mask_size"]
        known = dict(part.split("=") for part in str(record.mask_kind).removeprefix("rgb:").split(","))
        mask = pixels.load_mask(shared_data / "isaid" / str(record.mask_path)).astype(np.int64)
        packed = mask[:, :, 0] << 16 | mask[:, :, 1] << 8 | mask[:, :, 2]
        found = {f"{value:06x}": int(n) for value, n in zip(*np.unique(packed, return_counts=True), strict=True)}
        assert found == {names[name]: entry["pixels"] for name, entry in fact["classes"].items()}
        assert found.keys() <= known.keys()
        ids = pixels.load_mask(shared_data / "isaid" / record.extra["instances"]).astype(np.int64)
        unique = np.unique(ids[:, :, 0] + 256 * ids[:, :, 1] + 65536 * ids[:, :, 2])
        assert np.count_nonzero(unique) == fact["instances"]
