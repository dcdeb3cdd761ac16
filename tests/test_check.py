"""check: a sound corpus has no problem, and each planted fault is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rsdata import corpus
from rsdata.record import (
    Caption,
    Obj,
    Record,
    Window,
    json_schema,
    read_part,
    schema,
    to_table,
    write_drops,
    write_part,
)
from rsdata.report import _rows, _schema, check

FIRST = "dota/train/a"
INF, NAN = float("inf"), float("nan")


def test_sound_corpus(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    assert check.check(made, workers=1) == []
    assert check.check(made, images=False, workers=1) == []


def problems(tmp_path: Path, change: Callable[[Record], Any]) -> list[str]:
    """What check says when the first record is changed in the newest stage (objects and captions stay as many)."""
    made = tiny.build(tmp_path)
    part = made.last_records.parts[0]
    records = read_part(part)
    records[0] = change(records[0]) or records[0]
    write_part(part, records)
    return check.check(made, images=False, workers=1)


def box(*values: float) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        return replace(record, objects=[replace(record.objects[0], box=values), record.objects[1]])

    return change


def obj(**fields: Any) -> Callable[[Record], Record]:
    return lambda r: replace(r, objects=[replace(r.objects[0], **fields), r.objects[1]])


def caption(**fields: Any) -> Callable[[Record], Record]:
    return lambda r: replace(r, captions=[replace(r.captions[0], **fields), r.captions[1]])


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (box(10, 5, 101, 15), "the box (10, 5, 101, 15) of a ship is not inside 100 x 80"),
        (box(10, 5, 30, 80.5), "the box (10, 5, 30, 80.5) of a ship is not inside 100 x 80"),
        (box(-1, 5, 30, 15), "the box (-1, 5, 30, 15) of a ship is not inside 100 x 80"),
        (box(30, 5, 10, 15), "the box (30, 5, 10, 15) of a ship is empty"),
        (box(10, 5, 30, 5), "the box (10, 5, 30, 5) of a ship is empty"),
        (box(10, NAN, 30, 15), "the box (10, nan, 30, 15) of a ship is not finite"),
        (box(10, 5, INF, 15), "the box (10, 5, inf, 15) of a ship is not finite"),
        (obj(poly=(1, 2, 3, 4)), "an outline wants at least three finite corners"),
        (obj(poly=(1, 2, 3, 4, 5, 6, 7)), "an outline wants at least three finite corners"),
        (obj(poly=(1, 2, 3, 4, 5, NAN)), "an outline wants at least three finite corners"),
        (obj(area=-1.0), "area -1: wants pixels, 0 or more"),
        (obj(label="boaty"), "label 'boaty' is no concept; map it in its reader"),
        (obj(label="Storage-Tank"), "label 'Storage-Tank' is no concept (it is called storage_tank)"),
        (obj(origin="guess"), "object origin 'guess'; known: source, m2b"),
        (caption(text=" \t"), "a caption is blank"),
        (caption(text="There are {n} ships."), "a brace is left in the b2c caption 'There are {n} ships.'"),
        (caption(origin="parrot"), "caption origin 'parrot' is not known"),
        (caption(of=0), "caption 0 translates caption 0 of 2: no such other caption"),
        (caption(of=2), "caption 0 translates caption 2 of 2: no such other caption"),
        (caption(of=-1), "caption 0 translates caption -1 of 2: no such other caption"),
        (caption(score=NAN), "caption 0 has the score nan"),
        (lambda r: replace(r, label="no_such_scene"), "label 'no_such_scene' is no concept"),
        (lambda r: replace(r, platform="balloon"), "platform 'balloon'; known: aerial, satellite, uav or none"),
        (lambda r: replace(r, gsd=0.0), "gsd 0.0: wants metres per pixel above 0, or null"),
        (lambda r: replace(r, source="dior"), "source 'dior' is not in corpus.yaml (dota, loveda, rsicd)"),
        (lambda r: replace(r, window=Window(0, 0, 100, 81)), "the window is 100 x 81, the record 100 x 80"),
        (lambda r: replace(r, window=Window(-1, 0, 100, 80)), "the window begins at -1, 0, outside the image"),
        (lambda r: replace(r, width=0), "breaks the schema at width: 0 is less than the minimum of 1"),
    ],
)
def test_rows(tmp_path: Path, change: Callable[[Record], Record], wanted: str) -> None:
    found = problems(tmp_path, change)
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path}/corpus/01-b2c/part-00000.parquet: record {FIRST}: {wanted}")


def test_braces_of_people_and_good_translations_pass(tmp_path: Path) -> None:
    def change(record: Record) -> None:
        record.captions = [Caption("a set {x}", origin="human"), Caption("um", "pt", "mt:nllb", of=0, score=0.5)]

    assert problems(tmp_path, change) == []


def test_box_of_the_whole_image_passes(tmp_path: Path) -> None:
    assert problems(tmp_path, box(0, 0, 100, 80)) == []


def test_duplicate_id_over_parts(tmp_path: Path) -> None:
    records = tiny.records()
    records[tiny.PARTS[1]][0].id = FIRST
    found = check.check(tiny.build(tmp_path, records), images=False, workers=1)
    assert found == [
        f"{FIRST}: 2 records have this id (part-00000.parquet, part-00001.parquet); give one source another name"
    ]


def test_many_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    record = Record("dota/x", "dota", width=10, height=10, objects=[Obj("ship", (0, 0, 11, 5))] * 33)
    found = check.check(tiny.build(tmp_path, {"part-00000": [record]}), images=False, workers=1)
    assert found == [found[0]] and "is not inside 10 x 10" in found[0]  # the same line is told once
    objects = [Obj("ship", (0, 0, 11 + n, 5)) for n in range(33)]
    record = replace(record, objects=objects)
    found = check.check(tiny.build(tmp_path / "more", {"part-00000": [record]}), images=False, workers=1)
    assert len(found) == 21
    assert found[-1] == "... and 13 more problems of the kind box"


def test_problems_that_are_not_told_one_by_one_are_still_counted() -> None:
    told = [_rows.Problem("box", f"box {n}") for n in range(50)] + [_rows.Problem("row", "row 1")]
    capped = check._capped(told)
    assert len(capped) == 22
    assert check._lines(capped) == check._lines(told)
    assert check._lines(capped * 2)[-1] == "... and 60 more problems of the kind box"


class Steps:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def start(self, stage: str, total: int, done: int) -> None:
        self.told.append((stage, total, done))

    def advance(self) -> None:
        self.told.append("one more")


def test_progress(tmp_path: Path) -> None:
    steps = Steps()
    check.check(tiny.build(tmp_path), images=False, workers=1, progress=steps)
    assert steps.told == [("check", 2, 0), "one more", "one more"]


# images and masks


def broken_images(tmp_path: Path, change: Callable[[Path], Any], workers: int = 1) -> list[str]:
    made = tiny.build(tmp_path)
    change(tmp_path / "data")
    return check.check(made, workers=workers)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("workers", [1, 2])
def test_truncated_image(tmp_path: Path, workers: int) -> None:
    found = broken_images(tmp_path, lambda data: cut(data / "dota/img/a.png"), workers)
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path}/data/dota/img/a.png: the pixels cannot be decoded")
    assert found[0].endswith(f"; needed by {FIRST}; get the file again")


def test_missing_image(tmp_path: Path) -> None:
    found = broken_images(tmp_path, lambda data: (data / "loveda/1.png").unlink())
    assert len(found) == 1
    assert "loveda/1.png: no such image file" in found[0]
    assert "needed by loveda/val/1; " in found[0]


def test_image_of_another_size(tmp_path: Path) -> None:
    found = broken_images(tmp_path, lambda data: tiny.picture(data / "dota/img/a.png", 90, 80))
    assert found == [
        f"{tmp_path}/data/dota/img/a.png: record {FIRST} says 100 x 80, the image is 90 x 80; read the source again"
    ]


def test_window_outside_its_file(tmp_path: Path) -> None:
    found = broken_images(tmp_path, lambda data: tiny.picture(data / "dota/img/b.png", 99, 80))
    assert found == [
        (
            f"{tmp_path}/data/dota/img/b.png: the window 50,0,50,80 of dota/train/b@50,0,50,80 is not inside 99 x 80;"
            " run tile again"
        )
    ]


def test_mask_of_another_size_than_its_image(tmp_path: Path) -> None:
    grey = Image.fromarray(np.zeros((64, 63), np.uint8))
    found = broken_images(tmp_path, lambda data: grey.save(data / "loveda/m1.png"))
    mask = f"{tmp_path}/data/loveda/m1.png"
    assert found == [
        f"{mask}: record loveda/val/1 says 64 x 64, the mask is 63 x 64; read the source again",
        f"{mask}: 63 x 64, its image 1.png is 64 x 64; mend or remove the mask",
    ]


def test_missing_root_is_told_once(tmp_path: Path) -> None:
    found = broken_images(tmp_path, lambda data: (data / "dota").rename(data / "moved"))
    root = f"{tmp_path}/data/dota"
    assert found == [f"{root}: the folder of source dota is not there; put it back, or mend root in corpus.yaml"]


def test_missing_mask(tmp_path: Path) -> None:
    found = broken_images(tmp_path, lambda data: (data / "loveda/m1.png").unlink())
    assert len(found) == 1 and "m1.png: no such image file" in found[0]


def test_each_file_is_decoded_once_whatever_windows_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("rsdata.pixels.decodes", lambda path: opened.append(path.name))
    windows = [
        Record(f"dota/b@{x},0,10,80", "dota", "", "img/b.png", 10, 80, Window(x, 0, 10, 80)) for x in (0, 10, 20)
    ]
    made = tiny.build(tmp_path, {"part-00000": windows})
    assert check.check(made, workers=1) == []
    assert opened == ["b.png"]
    assert check.check(made, images=False, workers=1) == []
    assert opened == ["b.png"]


# stages, parts, ledgers


def edit(path: Path, change: Callable[[dict], Any]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def stage_problems(tmp_path: Path, change: Callable[[Path], Any]) -> list[str]:
    made = tiny.build(tmp_path)
    change(made.path)
    return check.check(corpus.open(made.path), images=False, workers=1)


def test_ledger_that_does_not_add_up(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        edit(out / "01-b2c/part-00000.done.json", lambda m: m["objects"].update(made=2))
        edit(out / "01-b2c/stage.json", lambda s: s["counts"]["objects"].update(made=2))

    found = stage_problems(tmp_path, change)
    assert found == [
        (
            f"{tmp_path}/corpus/01-b2c/stage.json: objects do not add up: in 4 + made 2 != out 4 + dropped 0;"
            " delete the stage and run it again"
        ),
        (
            f"{tmp_path}/corpus/01-b2c/part-00000.done.json: objects do not add up: in 3 + made 2 != out 3 + dropped 0;"
            " delete the stage and run it again"
        ),
    ]


def test_stage_that_is_not_the_sum_of_its_parts(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        edit(out / "01-b2c/stage.json", lambda s: s["counts"]["images"].update({"in": 5, "out": 5}))

    found = stage_problems(tmp_path, change)
    assert [line.split("stage.json: ")[1] for line in found] == [
        "5 images in, its parts have 4; delete it and run the stage again",
        "5 images out, its parts have 4; delete it and run the stage again",
    ]


def test_part_with_a_record_or_an_object_less(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        part = out / "01-b2c/part-00000.parquet"
        first, second = read_part(part)
        write_part(part, [replace(first, objects=first.objects[:1]), second])
        write_part(out / "01-b2c/part-00001.parquet", read_part(out / "01-b2c/part-00001.parquet")[:1])

    found = [line.removeprefix(f"{tmp_path}/corpus/01-b2c/") for line in stage_problems(tmp_path, change)]
    assert found == [
        "part-00001.parquet: 1 records, its marker says 2; delete the marker and run the stage again",
        "part-00000.parquet: 2 objects, its marker says 3; delete the marker and run the stage again",
    ]


def test_drops_that_are_not_those_of_the_marker(tmp_path: Path) -> None:
    found = stage_problems(tmp_path, lambda out: write_drops(out / "00-read/part-00000.drops.parquet", []))
    assert [line.split("drops.parquet: ")[1].split(";")[0] for line in found] == [
        "0 images dropped, its marker says 1 ({'missing-image': 1})",
        "0 objects dropped, its marker says 5 ({'missing-image': 3, 'others': 2})",
    ]


def test_part_without_marker_is_told_once(tmp_path: Path) -> None:
    found = stage_problems(tmp_path, lambda out: (out / "01-b2c/part-00001.done.json").unlink())
    part = f"{tmp_path}/corpus/01-b2c/part-00001.parquet"
    assert found == [f"{part}: has no marker (part-00001.done.json); run its stage again"]


def test_part_that_is_gone_with_its_marker(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        for path in (out / "01-b2c").glob("part-00001.*"):
            path.unlink()

    found = stage_problems(tmp_path, change)
    marker = f"{tmp_path}/corpus/01-b2c/part-00001.done.json"
    assert f"{marker}: missing, the stage before has this part; run it again" in found
    assert any("stage.json: 4 images out, its parts have 2" in line for line in found)


def test_damaged_marker(tmp_path: Path) -> None:
    found = stage_problems(tmp_path, lambda out: (out / "01-b2c/part-00001.done.json").write_text("{"))
    assert any("part-00001.done.json: cannot be read" in line for line in found)
    found = stage_problems(tmp_path / "2", lambda out: (out / "01-b2c/part-00001.done.json").write_text("{}"))
    assert any("part-00001.done.json: no marker of rsdata ('key' missing)" in line for line in found)


@pytest.mark.parametrize("keep", [0, 10, 400])
def test_damaged_part(tmp_path: Path, keep: int) -> None:
    def change(out: Path) -> None:
        part = out / "01-b2c/part-00001.parquet"
        part.write_bytes(part.read_bytes()[:keep])

    found = stage_problems(tmp_path, change)
    assert len(found) == 1
    assert "01-b2c/part-00001.parquet: cannot be read (" in found[0]
    assert "; delete part-00001.done.json beside it and run the stage again" in found[0]


def test_part_damaged_inside(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        part = out / "01-b2c/part-00001.parquet"
        data = bytearray(part.read_bytes())
        data[4:400] = bytes(396)
        part.write_bytes(bytes(data))

    found = stage_problems(tmp_path, change)
    assert len(found) == 1 and "01-b2c/part-00001.parquet: cannot be read (" in found[0]


def test_missing_part(tmp_path: Path) -> None:
    found = stage_problems(tmp_path, lambda out: (out / "00-read/part-00001.parquet").unlink())
    part = f"{tmp_path}/corpus/00-read/part-00001.parquet"
    assert found == [f"{part}: missing; delete part-00001.done.json beside it and run the stage again"]


def test_unfinished_stage(tmp_path: Path) -> None:
    found = stage_problems(tmp_path, lambda out: (out / "01-b2c/stage.json").unlink())
    assert found == [f"{tmp_path}/corpus/01-b2c: not finished (no stage.json); run its command again, it resumes"]


def test_stage_made_from_older_parts(tmp_path: Path) -> None:
    found = stage_problems(
        tmp_path, lambda out: edit(out / "00-read/part-00000.done.json", lambda m: m.update(key="new"))
    )
    assert found == [
        (
            f"{tmp_path}/corpus/01-b2c/part-00000.parquet: was made from an older part of the stage before;"
            " run the stage again"
        )
    ]


def test_column_of_another_version(tmp_path: Path) -> None:
    def change(out: Path) -> None:
        part = out / "01-b2c/part-00000.parquet"
        table = pq.read_table(part)
        pq.write_table(table.drop_columns(["gsd"]), part)

    found = stage_problems(tmp_path, change)
    assert len(found) == 1
    assert "part-00000.parquet: has no column 'gsd'; made by another version, run its stage again" in found[0]


def test_packed_files_against_their_manifest(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    folder = made.path / "02-pack"
    folder.mkdir()
    counts = {"in": 4, "made": 0, "out": 4, "dropped": 0}
    stage = {"stage": "pack", "version": 1, "params": {}, "counts": {"images": counts, "objects": counts}}
    corpus.write_json(folder / "stage.json", stage | {"drops": {}, "sink": True})
    (folder / "sizes.json").write_text("{}")
    entry = {"path": "sizes.json", "bytes": 3, "sha256": "00"}
    corpus.write_json(folder / "manifest.json", {"files": [entry]})
    found = check.check(corpus.open(made.path), images=False, workers=1)
    mend = f"{folder}: to pack again, remove this folder and run `rsdata run {made.path}`"
    assert found == [f"{folder}/sizes.json: 2 bytes, the manifest says 3; pack again", mend]
    edit(folder / "stage.json", lambda s: s["counts"]["images"].update({"in": 3, "out": 3}))
    found = check.check(corpus.open(made.path), images=False, workers=1)
    assert found[0] == f"{folder}/stage.json: 3 images in, 4 came out before; run the stage again"


# the schema, column by column


SOUND = to_table(tiny.records()[tiny.PARTS[0]]).to_pylist()[0]
BAD: list[tuple[tuple[Any, ...], Any]] = [
    (("id",), None),
    (("width",), 0),
    (("width",), None),
    (("path",), None),
    (("gsd",), None),
    (("window",), {"x": 0, "y": None, "width": 5, "height": 5}),
    (("window",), {"x": 0, "y": 0, "width": 5, "height": 5}),
    (("geo",), {"crs": "EPSG:4326", "transform": [0.0] * 6}),
    (("geo",), {"crs": None, "transform": [0.0] * 6}),
    (("geo",), {"crs": "EPSG:4326", "transform": None}),
    (("objects",), None),
    (("objects",), []),
    (("objects", 0, "label"), None),
    (("objects", 1, "box"), None),
    (("objects", 1, "box"), [0.0, None, 1.0, 1.0]),
    (("objects", 0, "poly"), None),
    (("objects", 0, "poly"), [None]),
    (("objects", 1), None),
    (("captions", 0, "text"), None),
    (("captions", 0, "of"), 1),
    (("captions", 1, "score"), None),
    (("captions",), [None]),
    (("extra",), [("a", None)]),
    (("extra",), [("a", "b"), ("c", "d")]),
    (("extra",), None),
    (("licence",), None),
]


def mutated(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    row = json.loads(json.dumps(SOUND))
    row["extra"] = []
    for path, value in changes:
        place = row
        for step in path[:-1]:
            place = place[step] if place and (not isinstance(step, int) or step < len(place)) else None
        if place and (not isinstance(path[-1], int) or path[-1] < len(place)):
            place[path[-1]] = value
    return row


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(BAD), max_size=2), min_size=1, max_size=5))
def test_quick_check_says_what_jsonschema_says(changes: list[list[tuple[tuple[Any, ...], Any]]]) -> None:
    rows = [mutated(each) for each in changes]
    fields = pa.schema([field.with_nullable(True) for field in schema()])
    batch = pa.RecordBatch.from_pylist(rows, schema=fields)
    validator = jsonschema.Draft202012Validator(json_schema())
    plain = [row | {"extra": None if row["extra"] is None else dict(row["extra"])} for row in batch.to_pylist()]
    wanted = [n for n, row in enumerate(plain) if not validator.is_valid(row)]
    assert [row for row, _ in _schema.broken(batch)] == wanted


def test_sliced_arrays_are_read_at_their_offset() -> None:
    rows = [mutated([]), mutated([(("extra",), [("a", None)])]), mutated([(("objects", 0, "box"), None)]), mutated([])]
    fields = pa.schema([field.with_nullable(True) for field in schema()])
    batch = pa.RecordBatch.from_pylist(rows, schema=fields)
    assert [row for row, _ in _schema.broken(batch.slice(1, 3))] == [0, 1]
    assert [row for row, _ in _schema.broken(batch.slice(2, 2))] == [0]


def test_a_keyword_that_is_not_understood_marks_every_row() -> None:
    assert _schema.suspects(pa.array(["a", "b"]), {"type": "string", "pattern": "a"}).tolist() == [True, True]
    assert _schema.suspects(pa.array([1, 2]), {"type": "string"}).tolist() == [True, True]
    lists = pa.array([[1], [1, 2], [], None])
    bounds = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 1}
    assert _schema.suspects(lists, bounds).tolist() == [False, True, True, True]


def test_broken_rows_do_not_hide_problems_of_the_others() -> None:
    table = to_table([replace(r, width=w) for r, w in zip(tiny.records()[tiny.PARTS[0]], (0, 5), strict=True)])
    found = list(_rows.problems("part", table.combine_chunks().to_batches()[0], ["dota"]))
    assert [problem.kind for problem in found] == ["schema", "window", "box"]
    assert found[2].line.startswith("part: record dota/train/b@50,0,50,80: the box (0, 0, 20, 10) of a ship")
