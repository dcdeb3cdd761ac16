"""The real samples of ../shared/data against COUNTS.json, which other parsers than ours have counted.

    folder            reader            images, objects, captions        by class, flags, lists
    ----------------  ----------------  -------------------------------  ------------------------------------------
    aid_resized       aid               test_reader_scenes               test_reader_scenes
    airbus_ship       airbus_ship       here                             here: ships an image, pixels
    au_air            au_air            test_reader_au_air               here, in the source's spelling
    coco_mini         coco              test_reader_coco                 here
    dior              dior, dior_r      test_reader_dior, _hrrsd         here; by split in test_reader_dior
    dota              dota              here (all seven files), _dota    here: difficult, beyond the image
    fair_oam_osm      tiles             test_reader_geo                  test_reader_geo
    hrrsd             hrrsd, coco       test_reader_hrrsd                here; by split in test_reader_hrrsd
    hrsc2016          hrsc2016          test_reader_hrsc2016             here
    isaid             isaid             test_reader_isaid                here: instances and components through m2b
    loveda            loveda            test_reader_loveda               here: components and pixels through m2b
    nwpu_vhr10_coco   nwpu_vhr10, coco  test_reader_rows, _coco          here
    potsdam           potsdam           test_reader_landcover            here: components and pixels through m2b
    rasters           geotiff           test_reader_geo                  test_reader_geo
    rsicd             rsicd             test_reader_rsicd                test_reader_rsicd: unique, blank
    rsitmd            rsitmd            test_reader_caption_sets         test_reader_caption_sets: unique, blank
    rsscn7            rsscn7            test_reader_scenes               test_reader_scenes
    simd_yolo         yolo              test_reader_yolo                 here
    spacenet          spacenet          test_reader_spacenet             test_reader_spacenet: area, crs
    stanford_drone    stanford_drone    test_reader_videos               here: with and without lost rows
    sydney_captions   sydney_captions   test_reader_caption_sets         test_reader_caption_sets: unique, blank
    uavdt             uavdt             test_reader_videos               test_reader_videos
    ucm_captions      ucm_captions      test_reader_caption_sets         test_reader_caption_sets: unique, blank
    vaihingen         vaihingen         test_reader_landcover            here: components and pixels through m2b
    visdrone          visdrone          test_reader_visdrone             here: all rows, and those evaluated
    visdrone_coco     coco              test_reader_coco                 here
    voc_mini          voc               test_reader_voc                  here: with and without difficult

No reader of annotated images reads the others: cc3m and img2dataset are lists of addresses; geoparquet, google_places,
osm_extracts and overture_schema are places on the ground; ct2_models are translation models (test_translate).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image
from reading import as_concepts, dropped, labels, objects, read_all

from rsdata import readers
from rsdata.readers import _coco, _cocospans, _dota, _hrsc, _jsonlist, _visdrone, _voc, _yolo, au_air, yolo
from rsdata.readers._objects import Page, Shape
from rsdata.record import Record, labels_of
from rsdata.stages import m2b

OTHERS = {"cc3m", "img2dataset", "geoparquet", "google_places", "osm_extracts", "overture_schema", "ct2_models"}


def test_every_folder_has_its_line(shared_data: Path) -> None:
    lines = re.findall(r"^    (\w+) +(\w+(?:, \w+)*) +\w", __doc__ or "", re.M)[1:]
    folders = {folder.name for folder in shared_data.iterdir() if folder.is_dir()}
    assert {folder for folder, _ in lines} == folders - OTHERS
    assert {name for _, names in lines for name in names.split(", ")} <= set(readers.names())


# Classes as the source spells them, by the parsers alone


def xml(folder: Path, boxes: str = "bndbox") -> Iterable[Shape]:
    for path in sorted(folder.glob("*.xml")):
        page = _voc.parse(path.read_bytes(), path.name, boxes)
        assert page.refused == []
        yield from page.shapes


def coco(path: Path) -> Iterable[Shape]:
    index = _cocospans.index(path, path.name)
    assert index.loose == []
    for picture in index.pictures:
        annotations = _jsonlist.read_spans(path, path.name, picture.spans)
        page = _coco.parse_annotations(annotations, index.names, picture.width, picture.height, path.name)
        assert page.refused == []
        yield from page.shapes


def simd(folder: Path) -> Iterable[Shape]:
    names = yolo.class_names(folder)
    for image in sorted(folder.glob("images/*.jpg")):
        page = _yolo.parse(image.with_suffix(".txt").read_text(), image.name, names, 1024, 768)
        assert page.refused == []
        yield from page.shapes


def flights(folder: Path) -> Iterable[Shape]:
    names, frames = au_air.parse((folder / "annotations.json").read_bytes(), "annotations.json")
    for frame in frames:
        yield from au_air.page_of(frame, names, "annotations.json").shapes


CLASSES: dict[str, tuple[str, Callable[[Path], Iterable[Shape]]]] = {
    "au_air": ("per_class", flights),
    "coco_mini": ("per_class", lambda root: coco(root / "annotations/instances_val2017.json")),
    "dior/horizontal": ("per_class", lambda root: xml(root / "Annotations/Horizontal Bounding Boxes")),
    "dior/oriented": ("per_class", lambda root: xml(root / "Annotations/Oriented Bounding Boxes", "robndbox")),
    "hrrsd": ("per_class", lambda root: xml(root / "OPT2017/Annotations")),
    "hrsc2016": ("per_class", lambda root: _hrsc.parse(next(root.rglob("1*.xml")).read_bytes(), "1.xml").page.shapes),
    "nwpu_vhr10_coco": ("per_class", lambda root: coco(next(root.rglob("*.json")))),
    "simd_yolo": ("per_class", simd),
    "visdrone_coco": ("per_class", lambda root: coco(next(root.rglob("*.json")))),
    "voc_mini": ("per_class", lambda root: xml(root / "VOC2007/Annotations")),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_as_they_are_spelled(name: str, shared_data: Path, counts: dict) -> None:
    key, parse = CLASSES[name]
    folder, _, part = name.partition("/")
    want = counts[folder][part] if part else counts[folder]
    shapes = list(parse(shared_data / folder))
    assert Counter(shape.name for shape in shapes) == want[key] and len(shapes) == want["objects"]
    if "per_class_not_difficult" in want:
        assert Counter(shape.name for shape in shapes if not shape.difficult) == want["per_class_not_difficult"]
    elif "objects_not_difficult" in want:
        assert sum(not shape.difficult for shape in shapes) == want["objects_not_difficult"]


def test_visdrone_rows(shared_data: Path, counts: dict) -> None:
    want = counts["visdrone"]
    (path,) = shared_data.glob("visdrone/*/annotations/*.txt")
    page = _visdrone.parse(path.read_text(), path.name)
    assert Counter(shape.name for shape in page.shapes) == want["per_class_evaluated"]
    assert len(page.shapes) == want["objects_evaluated"]
    assert Counter(reason for reason, _ in page.refused) == {"ignored-region": want["per_class"]["ignored regions"]}


def test_stanford_drone_rows(shared_data: Path, counts: dict) -> None:
    want = counts["stanford_drone"]
    parse = readers.get("stanford_drone").parse  # type: ignore[attr-defined]
    kept: Counter[str] = Counter()
    lost = 0
    for path in sorted(shared_data.glob("stanford_drone/annotations/*/*/annotations.txt")):
        pages = parse(path.read_text(), path.name).pages.values()
        kept.update(shape.name for page in pages for shape in page.shapes)
        lost += sum(reason == "lost" for page in pages for reason, _ in page.refused)
    assert kept == want["per_class_not_lost"]
    assert kept.total() + lost == want["objects"]


# Through the readers


def test_airbus_ships(shared_data: Path, counts: dict) -> None:
    want = counts["airbus_ship"]
    records, drops = read_all("airbus_ship", shared_data / "airbus_ship")
    here = {str(record.path).rpartition("/")[2]: len(record.objects) for record in records}
    assert here == want["objects_of_images_on_disk"] and len(here) == want["images"]
    assert labels(records) == {"ship": sum(here.values())}
    absent = want["csv_images"] - want["images"]
    assert dropped(drops) == {"missing-image": (absent, want["objects"] - sum(here.values()))}
    alone, drops = read_all("airbus_ship", shared_data / "airbus_ship", images=False)
    assert drops == [] and len(alone) == want["csv_images"]
    assert {f"{r.id.rpartition('/')[2]}.jpg": len(r.objects) for r in alone} == want["ships_per_image"]
    areas = [obj.area for record in alone for obj in record.objects]
    assert len(areas) == want["objects"] and sum(areas) == want["ship_pixels_total"]
    assert [min(areas), max(areas)] == want["ship_pixels_min_max"]
    assert sum(not record.objects for record in alone) == want["rows_without_ship"]


def test_all_dota_files_on_blank_images(shared_data: Path, counts: dict, tmp_path: Path) -> None:
    """Five of the seven images are not here: they are given blank ones, large enough for every polygon."""
    want = counts["dota"]
    (tmp_path / "labelTxt").symlink_to(shared_data / "dota/labelTxt")
    (tmp_path / "images").mkdir()
    blank = tmp_path / "blank.png"
    Image.new("1", (6000, 6000)).save(blank)
    for stem in (name.removesuffix(".txt") for name in want["objects_per_file"]):
        real = shared_data / f"dota/images/{stem}.png"
        (tmp_path / f"images/{stem}.png").symlink_to(real if real.is_file() else blank)
    records, drops = read_all("dota", tmp_path)
    assert drops == [] and objects(records) == want["objects"]
    assert {f"{r.id.partition('/')[2]}.txt": len(r.objects) for r in records} == want["objects_per_file"]
    assert labels(records) == as_concepts("dota", want["per_class"])
    easy = [obj for record in records for obj in record.objects if not obj.difficult]
    assert Counter(obj.label for obj in easy) == as_concepts("dota", want["per_class_difficult_0_or_absent"])
    cut = [o for r in records for o in r.objects if min(o.poly) < 0 or outside(o.poly, r.width, r.height)]
    assert len(cut) == want["polygons_beyond_their_image"]
    names = [shape.name for path in (tmp_path / "labelTxt").iterdir() for shape in page(path).shapes]
    assert Counter(names) == want["per_class"]


def outside(poly: tuple[float, ...], width: int, height: int) -> bool:
    return max(poly[0::2]) > width or max(poly[1::2]) > height


def page(path: Path) -> Page:
    return _dota.parse(path.read_text("utf-8-sig"), path.name)


def through_m2b(name: str, root: Path, **options: object) -> list[Record]:
    """What the reader finds, its masks made boxes."""
    records, _ = read_all(name, root, images=name != "isaid")
    return [made for made in m2b.run(records, roots={name: root}, **options) if isinstance(made, Record)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["loveda", "potsdam", "vaihingen"])
def test_components_and_pixels(name: str, shared_data: Path, counts: dict) -> None:
    (facts,) = counts[name]["per_image"].values()
    for min_area, key in ((1, "components_ge_1px"), (10, "components_ge_10px")):
        (made,) = through_m2b(name, shared_data / name, min_area=min_area)
        concepts = dict(part.split("=") for part in str(made.mask_kind).partition(":")[2].split(","))
        wanted = {label: c for c in facts["classes"].values() if (label := concepts[str(c["value"])])}
        assert len(wanted) > 3
        assert labels_of(made) == {label: c[key] for label, c in wanted.items() if c[key]}
        areas: Counter[str] = Counter()
        for obj in made.objects:
            areas[obj.label] += int(obj.area)
        if min_area == 1:
            assert areas == {label: c["pixels"] for label, c in wanted.items()}


def test_isaid_instances_and_components(shared_data: Path, counts: dict) -> None:
    want = counts["isaid"]
    made = through_m2b("isaid", shared_data / "isaid", min_area=1)
    assert labels(made) == as_concepts("isaid", want["per_class"]) and objects(made) == want["objects"]
    for record in made:
        facts = want["per_image"][place(record)]
        assert labels_of(record) == as_concepts("isaid", facts["instances_per_class"])
    for record in through_m2b("isaid", shared_data / "isaid", min_area=1, instances=False):
        facts = want["per_image"][place(record)]["classes"]
        components = {name: c["components_ge_1px"] for name, c in facts.items() if c["value"]}
        assert labels_of(record) == as_concepts("isaid", components)
        areas = sum(obj.area for obj in record.objects)
        assert areas == sum(c["pixels"] for c in facts.values() if c["value"])


def place(record: Record) -> str:
    return f"{record.split}/images/{record.id.rpartition('/')[2]}"
