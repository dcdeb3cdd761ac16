"""Drawn scenes of the detection sets come back as the geometry that they were drawn from."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from pathlib import Path

import pytest
from reading import labels, objects, read_all

from rsdata.geometry import hull
from rsdata.record import Record
from rsdata.sample import airbus_ship, files, rsod, ucas_aod
from rsdata.sample.world import Scene, Thing

SCENES, SEED = 6, 3
VEHICLES = dict.fromkeys(("car", "van", "truck", "bus"), "vehicle")
GROUNDS = ("baseball_diamond", "tennis_court", "basketball_court")
SAME = {label: label for label in ("airplane", "ship", "storage_tank", "ground_track_field", "harbor", *GROUNDS)}
UPRIGHT: dict[str, dict[str, str]] = {  # reader -> label of the drawn world -> concept of the reader
    "hrrsd": SAME | VEHICLES | {"bridge": "bridge"},
    "levir": {"airplane": "airplane", "ship": "ship", "storage_tank": "oil_tank"},
    "rsod": {"airplane": "airplane", "storage_tank": "oil_tank", "ground_track_field": "playground"},
    "nwpu_vhr10": SAME | VEHICLES | {"bridge": "bridge"},
    "xview": {
        **{label: label for label in ("airplane", "helicopter", "car", "bus", "truck", "storage_tank")},
        "ship": "vessel",
    },
    "ai_tod": VEHICLES
    | {label: label for label in ("airplane", "bridge", "storage_tank", "ship", "swimming_pool", "person")},
}
TURNED: dict[str, dict[str, str]] = {
    "hrsc2016": {"ship": "ship"},
    "ucas_aod": {"car": "car", "van": "car", "airplane": "airplane"},
    "fair1m": {
        **{label: label for label in ("airplane", "ship", "car", "van", "bus", "bridge", "roundabout", *GROUNDS)},
        "truck": "cargo_truck",
    },
}
Found = Counter[tuple[str, float, float, float, float]]


def drawn(name: str, root: Path) -> tuple[list[tuple[str, Scene]], list[Record]]:
    """The scenes that a writer drew with their splits, and what the reader makes of its files."""
    writer = importlib.import_module(f"rsdata.sample.{name}")
    assert writer.write(root, SCENES, SEED) == SCENES
    records, drops = read_all(name, root)
    assert drops == []
    assert "not real imagery" in (root / "README.txt").read_text()
    return files.shots(writer.SHOTS, SCENES, SEED, name), records


def marked(name: str, scene: Scene, concepts: dict[str, str]) -> list[Thing]:
    """What the dataset would annotate in a scene."""
    if name == "rsod":
        return scene.annotated({rsod.OF_KIND[scene.kind]})
    if name == "ucas_aod":
        return scene.annotated(ucas_aod.LABELS[ucas_aod.FOLDERS[scene.kind]])
    if name == "nwpu_vhr10" and scene.kind == "residential":
        return []
    return scene.annotated(concepts)


def boxes(records: list[Record], digits: int) -> Found:
    return Counter((o.label, *(round(v, digits) for v in o.box)) for r in records for o in r.objects)  # type: ignore[misc]


@pytest.mark.parametrize("name", UPRIGHT)
def test_upright_boxes_are_the_whole_pixels_around_the_shape(name: str, tmp_path: Path) -> None:
    scenes, records = drawn(name, tmp_path)
    assert len(records) == SCENES
    want: Found = Counter()
    for _, scene in scenes:
        for thing in marked(name, scene, UPRIGHT[name]):
            x0, y0, x1, y1 = thing.box
            box = (math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))
            want[UPRIGHT[name][thing.label], *box] += 1
    assert boxes(records, 0) == want and len(want) > 20


@pytest.mark.parametrize("name", TURNED)
def test_turned_boxes_have_the_corners_of_the_things(name: str, tmp_path: Path) -> None:
    scenes, records = drawn(name, tmp_path)
    want: Found = Counter()
    seen = [scene for split, scene in scenes if not (name == "fair1m" and split == "test")]
    assert len(records) == len(seen)
    things = [(scene, thing) for scene in seen for thing in marked(name, scene, TURNED[name])]
    for scene, thing in things:
        x0, y0, x1, y1 = hull([value for point in thing.poly for value in point])
        box = (max(x0, 0.0), max(y0, 0.0), min(x1, scene.width), min(y1, scene.height))
        want[TURNED[name][thing.label], *(round(value, 1) for value in box)] += 1
    found = boxes(records, 1)
    assert sum(found.values()) == sum(want.values()) > 20
    assert sum((found - want).values()) <= 0.02 * len(things)  # written numbers are rounded, a few fall otherwise
    areas = [obj.area for record in records for obj in record.objects]
    assert sum(areas) == pytest.approx(sum(thing.length * thing.width for _, thing in things), rel=0.01)


def test_negatives_are_records_without_objects(tmp_path: Path) -> None:
    for name, start in (("ucas_aod", "ucas_aod/Neg/"), ("nwpu_vhr10", "nwpu_vhr10/negative/")):
        _, records = drawn(name, tmp_path / name)
        empty = [record for record in records if not record.objects]
        assert empty and all(record.id.startswith(start) for record in empty)


def test_text_and_xml_of_rsod_agree(tmp_path: Path) -> None:
    _, records = drawn("rsod", tmp_path)
    texts, _ = read_all("rsod", tmp_path, form="txt")
    assert [record.objects for record in texts] == [record.objects for record in records]


def test_run_lengths_have_every_pixel_of_the_ships(tmp_path: Path) -> None:
    scenes, records = drawn("airbus_ship", tmp_path)
    for (_, scene), record in zip(scenes, records, strict=True):
        rows = [[int(value) for value in row.split()] for row in airbus_ship.ships(scene)]
        assert [obj.area for obj in record.objects] == [sum(row[1::2]) for row in rows]
        things = scene.annotated({"ship"})
        assert len(record.objects) == len(things)
        for obj, thing in zip(record.objects, things, strict=True):
            assert obj.box == pytest.approx(thing.box, abs=1.5)  # a pointed bow covers no pixel's middle


def test_dior_r_has_the_corners_of_dior(tmp_path: Path) -> None:
    _, records = drawn_as_dior(tmp_path)
    same, _ = read_all("dior", tmp_path, boxes="obb")
    assert [record.objects for record in records] == [record.objects for record in same]
    assert labels(records) == labels(same) and objects(records) > 50


def drawn_as_dior(root: Path) -> tuple[int, list[Record]]:
    """DIOR-R's folder has the images of DIOR, and oriented XML alone."""
    writer = importlib.import_module("rsdata.sample.dior_r")
    made = writer.write(root, 3, SEED)
    records, drops = read_all("dior_r", root)
    assert drops == [] and not (root / "Annotations/Horizontal Bounding Boxes").exists()
    return made, records
