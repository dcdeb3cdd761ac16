"""Every reader on drawn scenes in its own format, through the whole pipeline; and one scene in many formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsdata import corpus, readers, recipe, sample, sources
from rsdata.record import Record
from rsdata.report import check
from rsdata.run import run

# Sources whose drawn scenes hold nothing that box-to-caption could speak of.
SILENT = {"geotiff", "tiles"}


def test_every_reader_can_be_tried_without_data() -> None:
    assert list(sample.FORMATS) == readers.names()


@pytest.mark.parametrize("name", sample.FORMATS)
def test_drawn_scenes_become_a_sound_corpus_with_captions(name: str, tmp_path: Path) -> None:
    sample.write(tmp_path / "data", scenes=3, seed=2, formats=[name])
    source = recipe.source(name, tmp_path / "data" / name)
    done = run(recipe.make(name, [source], [("m2b", {}), ("b2c", {})]), tmp_path / "c", workers=1)
    found = corpus.open(tmp_path / "c")
    records = list(found.records())
    assert records and check.check(found, workers=1) == []
    lost = {r: n for s in done.stages for r, n in s.drops.items() if n["images"]}
    assert set(lost) <= {"missing-annotation"}, lost
    assert all(r.extra["drawn"] == "yes" and r.licence == "CC0-1.0" for r in records)
    assert name in SILENT or any(r.captions for r in records)
    assert len({r.id for r in records}) == len(records) and all(r.source == name for r in records)


def objects_of(name: str, root: Path, **options: object) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Image stem -> (label, box) of each object, by position."""
    found = {}
    reader = readers.get(name)
    for item in sources.items(sources.Source(name, root, name, options=options)):
        for output in reader.read(item):
            if isinstance(output, Record):
                rows = [(o.label, np.array(o.box)) for o in output.objects]
                found[output.id.rpartition("/")[2].lstrip("0")] = sorted(
                    rows, key=lambda row: (row[0], *row[1].round())
                )
    return found


def test_one_scene_in_many_formats_gives_the_same_boxes(tmp_path: Path) -> None:
    """VOC, COCO and YOLO of one truth agree within a pixel, box by box."""
    sample.write(tmp_path, scenes=4, seed=1, formats=["voc", "coco", "yolo"])
    voc, coco, yolo = (objects_of(name, tmp_path / name) for name in ("voc", "coco", "yolo"))
    assert voc.keys() == coco.keys() == yolo.keys() and len(voc) == 4
    for stem in voc:
        agree(voc[stem], coco[stem])
        agree(yolo[stem], coco[stem])
    assert sum(map(len, voc.values())) > 100


def agree(one: list[tuple[str, np.ndarray]], other: list[tuple[str, np.ndarray]]) -> None:
    """The same labels, and each box has one within a pixel."""
    assert sorted(label for label, _ in one) == sorted(label for label, _ in other)
    for label in {label for label, _ in one}:
        a = np.array([box for name, box in one if name == label])
        b = np.array([box for name, box in other if name == label])
        apart = np.abs(a[:, None] - b[None]).max(axis=2)
        assert (apart.min(axis=1) <= 1.01).all() and (apart.min(axis=0) <= 1.01).all(), label


def test_oriented_boxes_and_instance_masks_agree(tmp_path: Path) -> None:
    """DOTA's corners and iSAID's instances are drawn from the same scenes: the mask lies in the oriented box's hull."""
    from rsdata.stages import m2b

    sample.write(tmp_path, scenes=3, seed=0, formats=["dota", "isaid"])
    dota = objects_of("dota", tmp_path / "dota")
    root = tmp_path / "isaid"
    masks = {}
    for item in sources.items(sources.Source("isaid", root, "isaid")):
        found = [r for r in readers.get("isaid").read(item) if isinstance(r, Record)]
        for record in m2b.run(found, roots={"isaid": root}, min_area=1):
            if isinstance(record, Record) and record.objects:
                masks[record.id.rpartition("/")[2].lstrip("0")] = record.objects
    assert masks
    for stem, objects in masks.items():
        boxes = np.array([box for _, box in dota[stem]])
        for obj in objects:
            inside = (boxes[:, :2] <= np.array(obj.box[:2]) + 1.01).all(1) & (
                boxes[:, 2:] >= np.array(obj.box[2:]) - 1.01
            ).all(1)
            assert inside.any(), (stem, obj)
