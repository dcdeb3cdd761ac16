"""Readers of image and mask folders: trees, splits, palettes, faults, drawn scenes, and the real ISPRS crops."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reading import dropped, picture, read_all, text

from rsdata import pixels, readers, words
from rsdata.errors import BadSource
from rsdata.readers import _pairs
from rsdata.record import Drop, Record, labels_of
from rsdata.sample import files
from rsdata.stages import m2b

NAMES = (
    "potsdam", "vaihingen", "openearthmap", "flair", "uavid", "semantic_drone", "deepglobe", "inria", "whu_building",
)  # fmt: skip


SPELLED = {"boundary/ignore": "boundary", "impervious_surface": "impervious surfaces"}  # COUNTS.json -> the source


def index(path: Path, values: object = 0, size: tuple[int, int] = (100, 80)) -> Path:
    """A one-band mask: of one value, or of the given rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(values, np.ndarray):
        Image.fromarray(values).save(path)
    else:
        Image.new("L", size, values).save(path)  # type: ignore[arg-type]
    return path


def pair(root: Path, image: str, mask: str) -> None:
    picture(root / image)
    index(root / mask)


def found(name: str, root: Path, **options: object) -> list[tuple[str, str | None, str | None, dict[str, str]]]:
    records, drops = read_all(name, root, **options)
    assert drops == []
    return [(r.id, r.path, r.mask_path, r.extra) for r in records]


def boxes(name: str, root: Path, **params: object) -> tuple[dict[str, int], list[Drop]]:
    """Objects by label that m2b finds in all masks of a folder, and what it drops."""
    records, drops = read_all(name, root)
    assert drops == []
    out = list(m2b.run(records, roots={name: root}, **params))  # type: ignore[arg-type]
    labels: Counter[str] = Counter()
    for record in out:
        if isinstance(record, Record):
            labels.update(labels_of(record))
    return dict(labels), [drop for drop in out if isinstance(drop, Drop)]


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        (("flair_aerial_train", "d006_2020"), "train"),
        (("uavid_val", "seq1", "images"), "val"),
        (("training_set", "gt"), "train"),
        (("AOI_2_Vegas_Test_public",), "test"),
        (("valid", "train"), "val"),
        (("trainer", "testament", "values"), ""),
        ((), ""),
    ],
)
def test_the_split_stands_in_a_folder_name(folders: tuple[str, ...], split: str) -> None:
    assert _pairs.split_of(folders) == split


# ISPRS


def test_potsdam_tiles(tmp_path: Path) -> None:
    base = tmp_path / "Potsdam"
    pair(base, "2_Ortho_RGB/top_potsdam_6_07_RGB.tif", "5_Labels_all/top_potsdam_6_07_label.tif")
    pair(
        base, "4_Ortho_RGBIR/top_potsdam_6_07_RGBIR.tif", "5_Labels_all_noBoundary/top_potsdam_6_7_label_noBoundary.tif"
    )
    pair(base, "3_Ortho_IRRG/top_potsdam_2_13_IRRG.tif", "top_potsdam_2_13_label.tif")
    picture(base / "1_DSM/dsm_potsdam_06_07.tif")
    picture(base / "1_DSM_normalisation/dsm_potsdam_06_07_normalized_lastools.jpg")
    irrg = ("potsdam/test/2_13", "Potsdam/3_Ortho_IRRG/top_potsdam_2_13_IRRG.tif")
    rgb = ("potsdam/train/6_7", "Potsdam/2_Ortho_RGB/top_potsdam_6_07_RGB.tif")
    other = (*irrg, "Potsdam/top_potsdam_2_13_label.tif", {"bands": "irrg"})
    assert found("potsdam", tmp_path) == [other, (*rgb, "Potsdam/5_Labels_all/top_potsdam_6_07_label.tif", {})]
    eroded = "Potsdam/5_Labels_all_noBoundary/top_potsdam_6_7_label_noBoundary.tif"
    assert found("potsdam", tmp_path, labels="noboundary") == [other, (*rgb, eroded, {})]
    assert [id for id, *_ in found("potsdam", tmp_path, split="train")] == ["potsdam/train/6_7"]
    with pytest.raises(BadSource, match="labels is 'eroded' where 'full' or 'noboundary'"):
        read_all("potsdam", tmp_path, labels="eroded")


def test_potsdam_has_the_official_split() -> None:
    reader = readers.get("potsdam")
    assert (len(reader.TRAIN), len(reader.TEST), reader.TRAIN & reader.TEST) == (24, 14, set())


def test_potsdam_crops_keep_the_split_of_their_folder(tmp_path: Path) -> None:
    pair(tmp_path, "img_dir/val/2_13_0_0_512_512.png", "ann_dir/val/2_13_0_0_512_512.png")
    pair(tmp_path, "img_dir/2_10_0_256_512_768.png", "ann_dir/2_10_0_256_512_768.png")
    assert found("potsdam", tmp_path) == [
        (
            "potsdam/train/2_10_0_256_512_768", "img_dir/2_10_0_256_512_768.png", "ann_dir/2_10_0_256_512_768.png", {},
        ),
        (
            "potsdam/val/2_13_0_0_512_512", "img_dir/val/2_13_0_0_512_512.png", "ann_dir/val/2_13_0_0_512_512.png", {},
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "truth", ["ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE", "", "gts_for_participants"]
)
def test_vaihingen_tiles(tmp_path: Path, truth: str) -> None:
    mask = f"{truth}/top_mosaic_09cm_area1.tif".lstrip("/")
    pair(tmp_path, "top/top_mosaic_09cm_area1.tif", mask)
    eroded = "ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE/top_mosaic_09cm_area1_noBoundary.tif"
    index(tmp_path / eroded)
    picture(tmp_path / "dsm/dsm_09cm_matching_area1.tif")
    image = ("vaihingen/train/area1", "top/top_mosaic_09cm_area1.tif")
    assert found("vaihingen", tmp_path) == [(*image, mask, {"bands": "irrg"})]
    assert found("vaihingen", tmp_path, labels="noboundary") == [(*image, eroded, {"bands": "irrg"})]
    pair(tmp_path, "top/top_mosaic_09cm_area2.tif", f"{truth}/top_mosaic_09cm_area2.tif".lstrip("/"))
    assert [id for id, *_ in found("vaihingen", tmp_path)] == ["vaihingen/test/area2", "vaihingen/train/area1"]


@pytest.mark.parametrize("name", ["potsdam", "vaihingen"])
def test_the_palette_of_isprs_is_rgb(name: str, tmp_path: Path) -> None:
    """In BGR, as mmsegmentation writes it, blue buildings would be clutter, and yellow cars low vegetation."""
    stem = {"potsdam": "2_10_0_0_8_6", "vaihingen": "area1_0_0_8_6"}[name]
    picture(tmp_path / f"img_dir/{stem}.png", 8, 6)
    mask = np.zeros((6, 8, 3), np.uint8)
    for column, colour in enumerate([(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0)]):
        mask[1:4, column] = colour
    mask[5, 7] = (255, 0, 0)
    mask[0, 0] = (1, 2, 3)
    index(tmp_path / f"ann_dir/{stem}.png", mask)
    records, _ = read_all(name, tmp_path)
    out = list(m2b.run(records, roots={name: tmp_path}, min_area=1))
    (record,) = [o for o in out if isinstance(o, Record)]
    assert [(obj.label, obj.box) for obj in record.objects] == [
        ("impervious_surface", (0, 1, 1, 4)),
        ("building", (1, 1, 2, 4)),
        ("low_vegetation", (2, 1, 3, 4)),
        ("tree", (3, 1, 4, 4)),
        ("car", (4, 1, 5, 4)),
    ]
    (drop,) = [o for o in out if isinstance(o, Drop)]
    assert (drop.reason, drop.objects, drop.detail) == ("unknown-mask-value", 1, "010203: 1 pixels")


@pytest.mark.parametrize("name", ["potsdam", "vaihingen"])
def test_the_real_crop(name: str, shared_data: Path, counts: dict) -> None:
    facts = counts[name]
    (stem, crop), *rest = facts["per_image"].items()
    assert (len(rest), facts["images"]) == (0, 1)
    (record,), drops = read_all(name, shared_data / name)
    assert (drops, record.id) == ([], f"{name}/train/{stem.removesuffix('.png')}")
    assert [record.width, record.height] == crop["image"][:2]
    assert record.extra == ({"bands": "irrg"} if name == "vaihingen" else {})
    info = readers.get(name).INFO
    for min_area, key in ((1, "components_ge_1px"), (10, "components_ge_10px")):
        expected = {}
        for source, entry in crop["classes"].items():
            concept = info.concept(SPELLED.get(source, source))
            if concept:
                expected[concept] = entry[key]
        labels, dropped_dust = boxes(name, shared_data / name, min_area=min_area)
        assert labels == expected
        lost = sum(c["components_ge_1px"] - c[key] for c in crop["classes"].values())
        assert sum(drop.objects for drop in dropped_dust) == lost
    mask = pixels.load_mask(shared_data / name / str(record.mask_path))
    values = dict(zip(*np.unique(mask, return_counts=True), strict=True))
    assert values == {entry["value"]: entry["pixels"] for entry in crop["classes"].values()}


# OpenEarthMap


def test_openearthmap_lists(tmp_path: Path) -> None:
    base = tmp_path / "OpenEarthMap_wo_xBD"
    for n in (1, 2, 3, 4):
        pair(base, f"aachen/images/aachen_{n}.tif", f"aachen/labels/aachen_{n}.tif")
    (base / "aachen/labels/aachen_3.tif").unlink()
    (base / "aachen/images/aachen_2.tif").unlink()
    text(base / "train.txt", "aachen_1.tif\r\naachen_2.tif\r\nsoma_9.tif\r\nsoma_8.tif\r\n")
    text(base / "test.txt", "aachen_3.tif\n")
    records, drops = read_all("openearthmap", tmp_path)
    assert [(r.id, r.mask_path is None, r.extra) for r in records] == [
        ("openearthmap/aachen_4", False, {"region": "aachen"}),
        ("openearthmap/test/aachen_3", True, {"region": "aachen"}),
        ("openearthmap/train/aachen_1", False, {"region": "aachen"}),
    ]
    assert dropped(drops) == {"missing-image": (1, 0), "listed-but-absent": (2, 0)}
    assert drops[0].detail.startswith("OpenEarthMap_wo_xBD/aachen/images/aachen_2.tif: no such image")
    assert drops[1].detail == "2 of the 4 names of train.txt have no file here, first soma_9"
    assert [r.id for r in read_all("openearthmap", tmp_path, "test")[0]] == ["openearthmap/test/aachen_3"]


def test_openearthmap_values(tmp_path: Path) -> None:
    mask = np.zeros((80, 100), np.uint8)
    for value in range(1, 9):
        mask[10:20, value * 10 : value * 10 + 5] = value
    picture(tmp_path / "r/images/r_1.tif")
    index(tmp_path / "r/labels/r_1.tif", mask)
    everything = dict.fromkeys(
        ("bare_land", "grass", "pavement", "road", "tree", "water", "farmland", "building"), 1
    )  # fmt: skip
    assert boxes("openearthmap", tmp_path) == (everything, [])
    table = np.zeros((256, 3), np.uint8)
    for value, (colour, _) in enumerate(readers.get("openearthmap").PALETTE.values()):
        table[value] = colour
    index(tmp_path / "r/labels/r_1.tif", table[mask])
    assert boxes("openearthmap", tmp_path) == (everything, [])


# FLAIR, UAVid, Semantic Drone


def test_flair_pairs_by_domain_zone_and_number(tmp_path: Path) -> None:
    for kind, place, n in (
        ("train", "D006_2020/Z10_UU", 1),
        ("train", "D006_2020/Z11_FF", 1),
        ("test", "D012_2019/Z1_UU", 7),
    ):
        pair(
            tmp_path,
            f"flair_aerial_{kind}/{place}/img/IMG_{n:06d}.tif",
            f"flair_labels_{kind}/{place}/msk/MSK_{n:06d}.tif",
        )
    assert [(id, extra) for id, _, _, extra in found("flair", tmp_path)] == [
        ("flair/test/D012_2019-Z1_UU-000007", {"domain": "D012_2019"}),
        ("flair/train/D006_2020-Z10_UU-000001", {"domain": "D006_2020"}),
        ("flair/train/D006_2020-Z11_FF-000001", {"domain": "D006_2020"}),
    ]
    (tmp_path / "flair_aerial_train/D006_2020/Z11_FF/img/IMG_000001.tif").unlink()
    _, (drop,) = read_all("flair", tmp_path)
    assert drop.detail.startswith("flair_aerial_train/D006_2020/Z11_FF/img/IMG_000001.tif: no such image")


def test_flair_counts_from_one(tmp_path: Path) -> None:
    mask = np.zeros((80, 100), np.uint8)
    mask[0, :19] = range(1, 20)
    picture(tmp_path / "img/IMG_000001.tif")
    index(tmp_path / "msk/MSK_000001.tif", mask)
    labels, drops = boxes("flair", tmp_path, min_area=1)
    assert list(labels)[:3] == ["building", "pervious_surface", "impervious_surface"] and len(labels) == 18
    assert dropped(drops) == {"unknown-mask-value": (0, 1)}  # 0 is no class
    assert labels["greenhouse"] == labels["woody_vegetation"] == 1


def test_flair_images_have_five_bands(tmp_path: Path) -> None:
    importlib.import_module("rsdata.sample.flair").write(tmp_path, 1, 0)
    (record,), _ = read_all("flair", tmp_path)
    path = tmp_path / str(record.path)
    assert pixels.info(path)[:5] == (512, 512, "GTiff", 5, "uint8")
    assert pixels.load(path).shape == (512, 512, 3)


def test_uavid_sequences(tmp_path: Path) -> None:
    for split in ("uavid_train", "valid"):
        pair(tmp_path, f"{split}/seq1/Images/000000.png", f"{split}/seq1/Labels/000000.png")
    index(tmp_path / "valid/seq1/TrainId/000000.png")
    picture(tmp_path / "uavid_test/seq21/Images/000100.png")
    assert found("uavid", tmp_path) == [
        ("uavid/test/seq21-000100", "uavid_test/seq21/Images/000100.png", None, {"sequence": "seq21"}),
        (
            "uavid/train/seq1-000000", "uavid_train/seq1/Images/000000.png", "uavid_train/seq1/Labels/000000.png",
            {"sequence": "seq1"},
        ),
        (
            "uavid/val/seq1-000000", "valid/seq1/Images/000000.png", "valid/seq1/Labels/000000.png",
            {"sequence": "seq1"},
        ),
    ]  # fmt: skip
    assert len(found("uavid", tmp_path, split="val", images=False)) == 1


@pytest.mark.parametrize(
    ("image", "masks", "id"),
    [
        ("training_set/images/000.jpg", ["training_set/gt/semantic/label_images/000.png"], "train/000"),
        (
            "dataset/semantic_drone_dataset/original_images/000.jpg",
            [
                "dataset/semantic_drone_dataset/label_images_semantic/000.png",
                "RGB_color_image_masks/RGB_color_image_masks/000.png",
            ],
            "000",
        ),
        (
            "dataset/semantic_drone_dataset/original_images/000.jpg",
            ["RGB_color_image_masks/RGB_color_image_masks/000.png"],
            "000",
        ),
    ],
)
def test_semantic_drone_trees(tmp_path: Path, image: str, masks: list[str], id: str) -> None:
    picture(tmp_path / image)
    for mask in masks:
        index(tmp_path / mask)
    assert found("semantic_drone", tmp_path) == [(f"semantic_drone/{id}", image, masks[0], {})]
    (tmp_path / image).unlink()
    if "RGB" not in masks[0]:
        assert read_all("semantic_drone", tmp_path)[1][0].detail.startswith(f"{image}: no such image")


# DeepGlobe, Inria, WHU


DEEPGLOBE = (
    "rgb128:00ffff=urban_land,ffff00=farmland,ff00ff=rangeland,00ff00=forest,0000ff=water,ffffff=bare_land,000000="
)


def test_deepglobe_masks_need_not_be_exact(tmp_path: Path) -> None:
    picture(tmp_path / "train/119_sat.jpg")
    picture(tmp_path / "valid/120_sat.jpg")
    mask = np.zeros((80, 100, 3), np.uint8)
    mask[:40] = (4, 250, 129)
    mask[40:] = (251, 127, 255)
    index(tmp_path / "train/119_mask.png", mask)
    records, drops = read_all("deepglobe", tmp_path)
    assert drops == []
    assert [(r.id, r.mask_kind) for r in records] == [
        (
            "deepglobe/train/119",
            DEEPGLOBE,
        ),
        ("deepglobe/val/120", None),
    ]
    assert boxes("deepglobe", tmp_path) == ({"urban_land": 1, "rangeland": 1}, [])
    (tmp_path / "train/119_sat.jpg").unlink()
    assert read_all("deepglobe", tmp_path)[1][0].detail.startswith("train/119_sat.jpg: no such image")


def test_inria_tiles(tmp_path: Path) -> None:
    base = tmp_path / "AerialImageDataset"
    for name in ("austin1", "austin5", "austin6", "austin36", "tyrol-w3"):
        pair(base, f"train/images/{name}.tif", f"train/gt/{name}.tif")
    picture(base / "test/images/bellingham1.tif")
    assert [(id, extra) for id, _, _, extra in found("inria", tmp_path)] == [
        ("inria/test/bellingham1", {"city": "bellingham"}),
        ("inria/train/austin36", {"city": "austin"}),
        ("inria/train/austin6", {"city": "austin"}),
        ("inria/val/austin1", {"city": "austin"}),
        ("inria/val/austin5", {"city": "austin"}),
        ("inria/val/tyrol-w3", {"city": "tyrol-w"}),
    ]


@pytest.mark.parametrize(("name", "stem"), [("inria", "austin6"), ("whu_building", "7")])
@pytest.mark.parametrize("form", ["255", "1", "one-bit", "colour"])
def test_building_masks_of_every_kind(tmp_path: Path, name: str, stem: str, form: str) -> None:
    folders = ("images", "gt") if name == "inria" else ("image", "label")
    picture(tmp_path / "train" / folders[0] / f"{stem}.tif")
    mask = np.zeros((80, 100), np.uint8)
    mask[10:20, 30:50] = 1 if form == "1" else 255
    path = index(tmp_path / "train" / folders[1] / f"{stem}.tif", np.dstack([mask] * 3) if form == "colour" else mask)
    if form == "one-bit":
        Image.fromarray(mask).convert("1").save(path)
    records, _ = read_all(name, tmp_path)
    (record,) = [o for o in m2b.run(records, roots={name: tmp_path}) if isinstance(o, Record)]
    assert [(obj.label, obj.box, obj.area) for obj in record.objects] == [("building", (30, 10, 50, 20), 200)]


def test_whu_building(tmp_path: Path) -> None:
    pair(tmp_path, "train/image/1.tif", "train/label/1.tif")
    pair(tmp_path, "val/images/1.tif", "val/labels/1.tif")
    picture(tmp_path / "test/image/1.tif")
    records, drops = read_all("whu_building", tmp_path)
    assert [r.id for r in records] == ["whu_building/train/1", "whu_building/val/1"]
    assert dropped(drops) == {"missing-annotation": (1, 0)}
    (tmp_path / "val/images/1.tif").unlink()
    details = [drop.detail for drop in read_all("whu_building", tmp_path, "val")[1]]
    assert details[0].startswith("val/images/1.tif: no such image")


# What all of them do


ONE = {  # an image and its mask
    "potsdam": ("train/2_Ortho_RGB/top_potsdam_2_10_RGB.tif", "train/5_Labels_all/top_potsdam_2_10_label.tif"),
    "vaihingen": ("train/top/top_mosaic_09cm_area1.tif", "train/gts/top_mosaic_09cm_area1.tif"),
    "openearthmap": ("train/r/images/r_1.tif", "train/r/labels/r_1.tif"),
    "flair": ("flair_train/img/IMG_000001.tif", "flair_train/msk/MSK_000001.tif"),
    "uavid": ("train/seq1/Images/000000.png", "train/seq1/Labels/000000.png"),
    "semantic_drone": ("training_set/images/000.jpg", "training_set/gt/semantic/label_images/000.png"),
    "deepglobe": ("train/1_sat.jpg", "train/1_mask.png"),
    "inria": ("train/images/austin6.tif", "train/gt/austin6.tif"),
    "whu_building": ("train/image/1.tif", "train/label/1.tif"),
}


@pytest.mark.parametrize("name", NAMES)
def test_faults_are_counted(name: str, tmp_path: Path) -> None:
    image, mask = ONE[name]
    colour = name == "deepglobe"

    def put(size: tuple[int, int]) -> None:
        picture(tmp_path / mask, *size) if colour else index(tmp_path / mask, 1, size)

    picture(tmp_path / image)
    put((100, 80))
    (record,), drops = read_all(name, tmp_path)
    assert (drops, record.path, record.mask_path, record.split) == ([], image, mask, "train")
    (record,), drops = read_all(name, tmp_path, images=False)
    assert (drops, record.path, record.width, record.height) == ([], None, 100, 80)

    def fault() -> str:
        records, (drop,) = read_all(name, tmp_path)
        assert (records, drop.images, drop.objects) == ([], 1, 0) and str(tmp_path) not in drop.detail
        return drop.reason

    put((80, 100))
    assert fault() == "mask-size"
    Image.new("I;16", (100, 80)).save(tmp_path / mask) if not colour else index(tmp_path / mask)
    assert colour is False or fault() == "mask-encoding"
    (tmp_path / mask).write_bytes(b"II*\0 and then nothing")
    assert fault() == "unreadable-mask"
    put((100, 80))
    (tmp_path / image).write_bytes(b"")
    assert fault() == "unreadable-image"
    (tmp_path / image).unlink()
    assert fault() == "missing-image"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_folders(name: str, tmp_path: Path) -> None:
    image, mask = ONE[name]
    picture(tmp_path / image)
    with pytest.raises(BadSource, match=rf"^{readers.get(name).INFO.title.partition('(')[0]}.*: no .*found: "):
        read_all(name, tmp_path)
    index(tmp_path / mask)
    with pytest.raises(BadSource, match="no split 'val' here; found: train"):
        read_all(name, tmp_path, "val")
    index(tmp_path / "copy" / mask)
    with pytest.raises(BadSource, match="two files of one name; keep one of them"):
        read_all(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_mask_has_a_concept_or_none(name: str) -> None:
    reader = readers.get(name)
    for kind in reader.KINDS.values():
        parsed = m2b.parse_mask_kind(kind)
        assert {concept for concept in parsed.concepts.values() if concept} <= words.concepts().keys()
        assert len(parsed.concepts) >= len(reader.INFO.classes)
    if hasattr(reader, "PALETTE"):
        colours = [colour for colour, _ in reader.PALETTE.values()]
        assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_scenes_are_read_back(name: str, tmp_path: Path) -> None:
    writer = importlib.import_module(f"rsdata.sample.{name}")
    assert writer.write(tmp_path, 3, 4) == 3
    records, drops = read_all(name, tmp_path)
    assert (len(records), drops) == (3, [])
    drawn = [scene for _, scene in files.shots(writer.SHOTS, 3, 4, name)]
    assert Counter((r.width, r.height) for r in records) == Counter((s.width, s.height) for s in drawn)
    truth = sorted(areas(writer.mask(scene)) for scene in drawn)
    masked = [record for record in records if record.mask_path]
    assert len(masked) == {"openearthmap": 2, "uavid": 2, "inria": 2, "deepglobe": 1}.get(name, 3)
    for record in masked:
        kind = m2b.parse_mask_kind(str(record.mask_kind))
        mask = pixels.load_mask(tmp_path / str(record.mask_path))
        (values,) = m2b._class_bands(tmp_path, [mask], kind)
        assert areas(values) in truth  # one value for each drawn class
        assert set(np.unique(values).tolist()) <= kind.concepts.keys()
    again = tmp_path / "again"
    writer.write(again, 3, 4)
    first = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.*") if again not in p.parents}
    assert first == {p.relative_to(again): p.read_bytes() for p in again.rglob("*.*")}
    assert "not real imagery" in (tmp_path / "README.txt").read_text()


def areas(values: np.ndarray) -> list[int]:
    """How many pixels each value has, smallest first."""
    return sorted(np.unique(values, return_counts=True)[1].tolist())
