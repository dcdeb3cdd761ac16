"""stats: every number against a count by hand; distinct strings; tables at 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from rsdata.errors import BadCorpus
from rsdata.report import _hashes, stats


@pytest.fixture
def found(tmp_path: Path) -> dict:
    return stats.stats(tiny.build(tmp_path))


def test_totals(found: dict) -> None:
    totals = {name: found[name] for name in ("images", "objects", "captions", "unique_captions", "objects_difficult")}
    assert totals == {"images": 4, "objects": 4, "captions": 6, "unique_captions": 4, "objects_difficult": 1}
    assert found["images_without_objects"] == 1
    assert found["images_without_captions"] == 1
    assert found["images_with_gsd"] == 2


def test_counts_by_kind(found: dict) -> None:
    assert found["objects_by_label"] == {"ship": 2, "airplane": 1, "forest": 1}
    assert found["objects_by_origin"] == {"source": 3, "m2b": 1}
    assert found["captions_by_lang"] == {"en": 4, "pt": 1, "zh": 1}
    assert found["captions_by_origin"] == {"b2c": 3, "human": 2, "mt:nllb": 1}
    assert found["captions_by_rule"] == {"none": 3, "count": 2, "position": 1}
    assert found["images_by_source"] == {"dota": 2, "loveda": 1, "rsicd": 1}
    assert found["images_by_split"] == {"train": 2, "test": 1, "val": 1}
    assert found["images_by_platform"] == {"none": 3, "aerial": 1}
    assert found["images_by_label"] == {"airport": 1}
    assert found["images_by_licence"] == {"academic-only": 2, "CC-BY-NC-SA-4.0": 1, "none-stated": 1}
    assert found["licences"]["CC-BY-NC-SA-4.0"] == "no commercial use, share alike, name the source"


def test_drops_and_funnel(found: dict) -> None:
    assert found["dropped_images"] == {"missing-image": 1}
    assert found["dropped_objects"] == {"missing-image": 3, "others": 2}
    assert found["stages"] == [
        {
            "stage": "00-read",
            "images": {"in": 0, "made": 5, "out": 4, "dropped": 1},
            "objects": {"in": 0, "made": 9, "out": 4, "dropped": 5},
        },
        {
            "stage": "01-b2c",
            "images": {"in": 4, "made": 0, "out": 4, "dropped": 0},
            "objects": {"in": 4, "made": 0, "out": 4, "dropped": 0},
        },
    ]


def test_sizes_and_lengths(found: dict) -> None:
    assert found["gsd"] == {
        "count": 2,
        "mean": 0.375,
        "min": 0.25,
        "max": 0.5,
        "p5": 0.25,
        "p25": 0.25,
        "p50": 0.25,
    } | {
        "p75": 0.5,
        "p95": 0.5,
    }
    assert (found["width"]["min"], found["width"]["max"]) == (50, 224)
    assert found["caption_lengths"]["en"]["mean"] == 3.0  # 4 words, 4, 2 and 2
    assert found["caption_lengths"]["zh"]["max"] == 4  # characters
    assert found["captions_per_image"]["max"] == 3
    assert found["objects_per_image"]["mean"] == 1.0


def test_is_json_and_has_what_the_contract_names(found: dict) -> None:
    wanted = {"images", "objects", "captions", "captions_by_lang", "captions_by_origin", "objects_by_label"}
    wanted |= {"dropped_images", "dropped_objects", "unique_captions", "stages"}
    assert wanted <= set(json.loads(json.dumps(found)))


def test_numbers_do_not_depend_on_the_batch_size(tmp_path: Path, found: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsdata.report._parts.BATCH", 1)
    assert stats.stats(tiny.build(tmp_path / "again")) == found | {"corpus": str(tmp_path / "again/corpus")}


def test_damaged_part_is_one_line(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    part = made.last_records.parts[1]
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(BadCorpus, match=r"part-00001\.parquet: cannot be read .*rsdata check"):
        stats.stats(made)


def test_table_fits_80_columns(found: dict) -> None:
    console = Console(width=80, record=True, file=open("out.txt", "w"))  # noqa: SIM115, PTH123
    console.print(stats.render(found))
    text = console.export_text()
    console.file.close()
    assert max(map(len, text.splitlines())) <= 80
    for wanted in ("00-read", "missing-image", "airplane", "academic-only", "0.25 to 0.5", "4 (1 difficult)"):
        assert wanted in text


def test_table_says_how_many_classes_it_leaves_out(found: dict) -> None:
    console = Console(width=80, record=True, file=open("out.txt", "w"))  # noqa: SIM115, PTH123
    console.print(stats.render(found, top=1))
    text = console.export_text()
    console.file.close()
    assert "... 2 more" in text
    assert "forest" not in text


def test_empty_corpus(tmp_path: Path) -> None:
    found = stats.stats(tiny.build(tmp_path, {"part-00009": []}))
    assert (found["images"], found["captions"], found["unique_captions"], found["gsd"]) == (0, 0, 0, {})
    stats.render(found)


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ({}, {}),
        ({7: 1}, {"count": 1, "mean": 7.0, "min": 7, "max": 7, "p5": 7, "p25": 7, "p50": 7, "p75": 7, "p95": 7}),
        (
            {v: 1 for v in range(1, 101)},
            {"count": 100, "mean": 50.5, "min": 1, "max": 100, "p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95},
        ),
        (
            {1: 99, 1000: 1},
            {"count": 100, "mean": 10.99, "min": 1, "max": 1000, "p5": 1}
            | dict.fromkeys(("p25", "p50", "p75", "p95"), 1),
        ),
    ],
)
def test_spread(counts: dict, wanted: dict) -> None:
    assert stats.spread(counts) == wanted


def test_caption_length_counts_words_or_characters() -> None:
    text = pa.array(["two words", " many  planes here. ", ""])
    assert stats.caption_length(text, "en").to_pylist() == [2, 3, 0]
    assert stats.caption_length(pa.array(["许多飞机"]), "zh").to_pylist() == [4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("abé中", max_size=2), max_size=8), max_size=8), st.integers(1, 12))
def test_distinct_equals_a_set_whatever_goes_to_disk(groups: list[list[str]], limit: int) -> None:
    every = [text for group in groups for text in group]
    with _hashes.HashBag(limit) as bag:
        for group in groups:
            bag.add(_hashes.hashes(group))
        assert bag.distinct() == len(set(every))
        assert bag.repeated() == {_hashes.key(text) for text in every if every.count(text) > 1}
