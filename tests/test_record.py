"""Records: through Arrow and back, schemas, drops."""

from __future__ import annotations

import json
import string
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsdata import record
from rsdata.record import Caption, Drop, Geo, Obj, Record, Window

ROOT = Path(__file__).resolve().parents[1]

FULL = Record(
    id="dota/train/P0001@0,0,512,512",
    source="dota",
    split="train",
    path="train/images/P0001.png",
    width=512,
    height=512,
    window=Window(0, 0, 512, 512),
    gsd=0.25,
    platform="satellite",
    label="airport",
    mask_path="m.png",
    mask_kind="index:0=,1=plane",
    geo=Geo("EPSG:32618", (0.5, 0.0, 101985.0, 0.0, -0.5, 2826915.0)),
    objects=[
        Obj("plane", (1.0, 2.0, 30.5, 40.0), (1.0, 2.0, 30.5, 2.0, 30.5, 40.0, 1.0, 40.0), 1121.0, True),
        Obj("ship", (0.0, 0.0, 1.0, 1.0), area=1.0, origin="m2b"),
    ],
    captions=[
        Caption("A plane and a ship.", rule="count/list", origin="b2c"),
        Caption("Un avion et un navire.", "fr", "b2c", "count/list", 0, 0.5),
    ],
    phash=2**64 - 1,
    licence="CC-BY-4.0",
    extra={"imagesource": "GoogleEarth", "a": ""},
)


def test_a_full_record_and_an_empty_one_come_back_as_they_were(tmp_path: Path) -> None:
    bare = Record("a/b", "a", width=1, height=1)
    record.write_part(tmp_path / "part-00000.parquet", [FULL, bare])
    assert record.read_part(tmp_path / "part-00000.parquet") == [FULL, bare]
    assert [p.name for p in tmp_path.iterdir()] == ["part-00000.parquet"]


def test_an_empty_part_is_a_part(tmp_path: Path) -> None:
    record.write_part(tmp_path / "p.parquet", [])
    assert record.read_part(tmp_path / "p.parquet") == []


numbers = st.floats(0, 1e6, width=32)
words = st.text(string.ascii_letters + "áß中한я 0.", min_size=1, max_size=12)
objects = st.builds(
    Obj,
    words,
    st.tuples(numbers, numbers, numbers, numbers),
    st.lists(numbers, max_size=8).map(tuple),
    numbers,
    st.booleans(),
)
captions = st.builds(
    Caption, words, st.sampled_from(["en", "ko"]), words, words, st.none() | st.integers(0, 9), st.none() | numbers
)


@given(st.lists(st.tuples(st.lists(objects, max_size=4), st.lists(captions, max_size=4)), max_size=5))
def test_any_objects_and_captions_survive(rows: list[tuple[list[Obj], list[Caption]]]) -> None:
    records = [Record(f"a/{i}", "a", width=1, height=1, objects=o, captions=c) for i, (o, c) in enumerate(rows)]
    assert record.from_table(record.to_table(records)) == records


def test_a_slice_of_a_table_reads_as_that_slice() -> None:
    records = [Record(f"a/{i}", "a", width=1, height=1, objects=FULL.objects[: i % 3]) for i in range(7)]
    assert record.from_table(record.to_table(records).slice(2, 3)) == records[2:5]


def test_two_writes_are_the_same_bytes(tmp_path: Path) -> None:
    record.write_part(tmp_path / "a", [FULL] * 50)
    record.write_part(tmp_path / "b", [FULL] * 50)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_drops_come_back(tmp_path: Path) -> None:
    drops = [Drop("a/1", "read", "missing-image", "a/1.jpg", 1, 3), Drop("a/2", "tile", "cut", "", 0, 2)]
    record.write_drops(tmp_path / "d", drops)
    assert record.read_drops(tmp_path / "d") == drops


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        record.write_part(tmp_path / "part-00000.parquet", [FULL])
    assert list(tmp_path.iterdir()) == []


def test_the_committed_json_schema_is_the_codes() -> None:
    assert json.loads((ROOT / "schemas/record.json").read_text()) == record.json_schema()


def test_the_schema_accepts_a_record_and_refuses_a_wrong_one() -> None:
    validator = jsonschema.Draft202012Validator(record.json_schema())
    row = json.loads(json.dumps(record.as_dict(FULL)))
    assert list(validator.iter_errors(row)) == []
    row["objects"][0]["box"] = [0, 1, 2]
    row["width"] = 0
    row["colour"] = "red"
    assert len(list(validator.iter_errors(row))) == 3


def test_object_drops_are_grouped_by_reason() -> None:
    reasons = [("degenerate-box", "line 3"), ("unknown-class", "line 4: kite"), ("degenerate-box", "line 9")]
    assert record.dropped_objects("a/1", "read", reasons) == [
        Drop("a/1", "read", "degenerate-box", "line 3; line 9", 0, 2),
        Drop("a/1", "read", "unknown-class", "line 4: kite", 0, 1),
    ]


def test_boxes_are_kept_as_float32() -> None:
    found = record.from_table(record.to_table([FULL]))[0].objects[0]
    assert found.box == tuple(np.float32(FULL.objects[0].box).tolist())
