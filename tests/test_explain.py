"""explain: objects back to their lines through windows and merges, captions to their facts, drops to their reasons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import drawn
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from rsdata import corpus, recipe
from rsdata.cli import look
from rsdata.errors import BadCorpus
from rsdata.merge import merge
from rsdata.recipe import make
from rsdata.report import explain
from rsdata.run import extend, run


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Image n has n objects, object k on line k + 3 of its file; cut into windows of 64 pixels, then said."""
    root = drawn.dota(tmp_path / "d", 5)
    (root / "labelTxt/Q1.txt").write_text("1 1 9 1 9 9 1 9 ship 0\n2 2 8 2 8 8 2 8 ship 0\n")
    steps = [("tile", {"size": 64, "overlap": 0}), ("b2c", {})]
    return run(make("c", [recipe.source("dota", root)], steps), tmp_path / "c", workers=1).path  # type: ignore[arg-type]


def test_objects_of_a_window_lead_back_to_their_lines(made: Path) -> None:
    found = explain.explain(corpus.open(made), "dota/P0004@0,0,64,64")
    assert [(o["label"], o["box"], o["from"]) for o in found["objects"]] == [
        ("airplane", [5, 10, 25, 22], "labelTxt/P0004.txt:3"),
        ("ship", [12, 15, 32, 27], "labelTxt/P0004.txt:4"),
        ("airplane", [19, 20, 39, 32], "labelTxt/P0004.txt:5"),
        ("ship", [26, 25, 46, 37], "labelTxt/P0004.txt:6"),
    ]
    assert found["fate"] == "kept; the newest record is that of 02-b2c"
    assert [(row["stage"], row["id"]) for row in found["stages"]] == [
        ("00-read", "dota/P0004"),
        ("01-tile", "dota/P0004@0,0,64,64"),
        ("02-b2c", "dota/P0004@0,0,64,64"),
    ]
    assert found["stages"][1]["did"] == "cut from dota/P0004"
    assert len(found["siblings"]) == 3 and all(s["fate"] == "kept" for s in found["siblings"])


def test_captions_have_their_facts(made: Path) -> None:
    found = explain.explain(corpus.open(made), "dota/P0004@0,0,64,64")
    first = found["captions"][0]
    assert first["from"] == "rule count/all"
    assert first["facts"] == {"style": "full", "things": ["2 airplane", "2 ship"]}
    assert all("facts" in caption for caption in found["captions"])


def test_what_was_dropped_is_explained_too(made: Path) -> None:
    found = explain.explain(corpus.open(made), "Q1")
    assert found["fate"].startswith("dropped by 00-read: missing-image: images/Q1.png")
    assert found["source"]["annotation"] == "labelTxt/Q1.txt" and found["objects"] == []
    assert [(row["reason"], row["images"], row["objects"]) for row in found["dropped"]] == [("missing-image", 1, 2)]
    extend(made, "balance", {"caps": {"source": 0}}, workers=1)
    found = explain.explain(corpus.open(made), "dota/P0004@0,0,64,64")
    assert found["fate"] == "dropped by 03-balance: source-cap: dota has 0 images already"
    assert len(found["objects"]) == 4


def test_an_unknown_id_names_near_ones_and_a_short_one_its_choice(made: Path) -> None:
    with pytest.raises(BadCorpus, match=r"no record has or had the id 'dota/P0009'; near ones: dota/P000"):
        explain.explain(corpus.open(made), "dota/P0009")
    with pytest.raises(BadCorpus, match=r"'P0004@' fits 4 ids: dota/P0004@0,0,64,64, .*give more of the id"):
        explain.explain(corpus.open(made), "P0004@")


def test_a_merged_record_leads_back_into_its_own_corpus(made: Path, tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "e", 3, 1)
    other = run(make("o", [recipe.source("dota", root)], [("b2c", {})]), tmp_path / "other", workers=1).path
    merge((made, other), tmp_path / "both", prefix=True, workers=1)
    shutil.rmtree(made)
    found = explain.explain(corpus.open(tmp_path / "both"), "dota-c/P0004@0,0,64,64")
    assert [o["from"] for o in found["objects"]] == [f"labelTxt/P0004.txt:{n}" for n in (3, 4, 5, 6)]
    assert [row["stage"] for row in found["stages"]] == ["00-read", "01-tile", "02-b2c", "01-merge"]
    assert all("facts" in caption for caption in found["captions"])


def test_a_source_that_is_gone_or_changed_is_said(made: Path, tmp_path: Path) -> None:
    (tmp_path / "d/labelTxt/P0002.txt").write_text("5 10 25 10 25 22 5 22 ship 0\n")
    found = explain.explain(corpus.open(made), "dota/P0002@0,0,64,64")
    assert found["notes"] == ["the annotation is not as it was when it was read: places are those of today's file"]
    assert [o["from"] for o in found["objects"]] == ["labelTxt/P0002.txt (file only)"] * 2
    shutil.rmtree(tmp_path / "d")
    found = explain.explain(corpus.open(made), "dota/P0004@0,0,64,64")
    assert "lines are not told" in found["notes"][0] and "file only" in found["objects"][0]["from"]


def test_the_command_prints_eighty_columns_and_json(made: Path) -> None:
    app = typer.Typer()
    look.add_to(app)
    found = explain.explain(corpus.open(made), "dota/P0004@0,0,64,64")
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(explain.render(found))
    lines = capture.get().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "0 airplane (5, 10, 25, 22) <- labelTxt/P0004.txt:3" in [line.strip() for line in lines]
    done = CliRunner().invoke(app, ["explain", str(made), "dota/P0004@0,0,64,64", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout) == json.loads(json.dumps(found))


def test_a_mask_component_of_real_data(shared_data: Path, tmp_path: Path) -> None:
    source = recipe.source("loveda", shared_data / "loveda")
    path = run(make("l", [source], [("m2b", {})]), tmp_path / "l", workers=1).path
    found = explain.explain(corpus.open(path), "loveda/train/0")
    assert found["objects"][0]["from"] == "Train/Rural/masks_png/0.png: value 2, component 1, 2,108 pixels"
    assert all(", component " in o["from"] for o in found["objects"])
