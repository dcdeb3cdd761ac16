"""merge: records, drops, roots and licences of several corpora in one; self-contained, resumable, deterministic."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import drawn
import pytest
import typer
from typer.testing import CliRunner

from rsdata import corpus, recipe
from rsdata.cli import mixing
from rsdata.errors import BadCorpus
from rsdata.merge import merge
from rsdata.recipe import Recipe
from rsdata.report import check, stats
from rsdata.report import log as history
from rsdata.run import extend, recipe_of, run

CRASH = """
import os, sys
from pathlib import Path
from rsdata import corpus, merge
calls = 0
link = corpus.link
def dying(file, target):
    global calls
    calls += 1
    if calls > int(sys.argv[1]):
        os._exit(9)
    link(file, target)
corpus.link = dying
merge.merge([Path("one"), Path("two")], Path("both"), workers=1)
"""


def made(folder: Path, root: Path, images: int, seed: int = 0, name: str = "") -> Path:
    """A corpus of drawn DOTA images with captions; the folder `root` has one label file without an image."""
    drawn.dota(root, images, seed)
    (root / "labelTxt/Q1.txt").write_text("1 1 9 1 9 9 1 9 ship 0\n2 2 8 2 8 8 2 8 ship 0\n")
    source = recipe.source("dota", root)
    full = recipe.make("c", [source], [("tile", {"size": 64, "overlap": 0}), ("b2c", {})])
    wanted = Recipe(
        name or "c",
        tuple(s.__class__(**{**s.__dict__, "name": name or s.name}) for s in full.sources),
        full.steps,
        part_size=3,
        max_drop=1.0,
    )
    return run(wanted, folder, workers=1).path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two corpora of sources with different names."""
    return made(tmp_path / "one", tmp_path / "d1", 4), made(tmp_path / "two", tmp_path / "d2", 5, 1, "other")


def clashing(tmp_path: Path) -> tuple[Path, Path]:
    """Two corpora whose sources share a name, from two folders."""
    return made(tmp_path / "one", tmp_path / "d1", 4), made(tmp_path / "two", tmp_path / "d2", 5, 1)


def test_records_are_those_of_all_in_the_order_given(two: tuple[Path, Path], tmp_path: Path) -> None:
    done = merge(two, tmp_path / "both", workers=1)
    found = corpus.open(tmp_path / "both")
    each = [list(corpus.open(path).records()) for path in two]
    assert list(found.records()) == each[0] + each[1]
    assert found.roots == {"dota": tmp_path / "d1", "other": tmp_path / "d2"}
    assert [s["licence"] for s in found.recipe["sources"]] == ["academic-only"] * 2
    assert [s.path.name for s in done.stages] == ["00-read", "01-merge"] and done.over == []
    assert len(found.last_records.parts) == sum(len(corpus.open(p).last_records.parts) for p in two)


def test_the_books_of_the_whole_history_are_kept(two: tuple[Path, Path], tmp_path: Path) -> None:
    merge(two, tmp_path / "both", workers=1)
    found = corpus.open(tmp_path / "both")
    last = found.last_records
    images = [sum(d.images for s in corpus.open(p).stages for d in corpus.open(p).drops(s)) for p in two]
    assert images == [1, 1]
    counts = last.counts["images"]
    assert counts == {"in": 0, "made": counts["out"] + 2, "out": counts["out"], "dropped": 2}
    numbers = [stats.stats(corpus.open(path)) for path in (*two, tmp_path / "both")]
    for name in ("images", "objects", "captions"):
        assert numbers[2][name] == numbers[0][name] + numbers[1][name]
    for kind in ("dropped_images", "dropped_objects"):
        reasons = numbers[0][kind].keys() | numbers[1][kind].keys()
        assert numbers[2][kind] == {r: numbers[0][kind].get(r, 0) + numbers[1][kind].get(r, 0) for r in reasons}
    assert {(d.stage, d.reason, d.id) for d in found.drops(last) if d.images} == {
        ("read", "missing-image", "dota/Q1"),
        ("read", "missing-image", "other/Q1"),
    }
    assert check.check(found, images=True, workers=1) == []
    assert [row["stage"] for row in history.log(found)["stages"]] == ["00-read", "01-merge"]
    held = history.log(corpus.open(tmp_path / "both/merged/one"))
    assert [row["stage"] for row in held["runs"]] == ["00-read", "01-tile", "02-b2c"]


def test_it_stands_alone_and_can_be_extended(two: tuple[Path, Path], tmp_path: Path) -> None:
    merge(two, tmp_path / "both", workers=1)
    for path in two:
        shutil.rmtree(path)
    extend(tmp_path / "both", "balance", {"caps": {"source": 4}}, workers=1)
    assert stats.stats(corpus.open(tmp_path / "both"))["images_by_source"] == {"dota": 4, "other": 4}
    recipe_, folder = recipe_of(tmp_path / "both")
    assert run(recipe_, folder, workers=1).ran == 0
    branch = extend(tmp_path / "both", "b2c", {"per_image": 1}, out=tmp_path / "third", workers=1).path
    shutil.rmtree(tmp_path / "both")
    assert run(*recipe_of(branch), workers=1).ran == 0
    assert check.check(corpus.open(branch), images=False, workers=1) == []


def test_again_is_a_resume_and_leaves_later_stages(two: tuple[Path, Path], tmp_path: Path) -> None:
    merge(two, tmp_path / "both", workers=1)
    extend(tmp_path / "both", "balance", {"caps": {"source": 4}}, workers=1)
    before = drawn.tree(tmp_path / "both")
    assert merge(two, tmp_path / "both", workers=1).ran == 0
    assert drawn.tree(tmp_path / "both") == before


def test_one_worker_and_two_write_the_same(two: tuple[Path, Path], tmp_path: Path) -> None:
    trees = []
    for workers in (1, 2):
        merge(two, tmp_path / "both", workers=workers)
        trees.append(drawn.tree(tmp_path / "both"))
        shutil.rmtree(tmp_path / "both")
    assert trees[0] == trees[1]


@pytest.mark.parametrize("calls", [0, 7, 25])
def test_a_killed_merge_is_finished_by_the_same_command(calls: int, two: tuple[Path, Path], tmp_path: Path) -> None:
    merge([Path("one"), Path("two")], Path("both"), workers=1)
    whole = drawn.tree(tmp_path / "both")
    shutil.rmtree(tmp_path / "both")
    killed = subprocess.run([sys.executable, "-c", CRASH, str(calls)], cwd=tmp_path, env=dict(os.environ), check=False)
    assert killed.returncode == 9
    merge([Path("one"), Path("two")], Path("both"), workers=1)
    assert drawn.tree(tmp_path / "both") == whole


def test_a_corpus_that_changed_is_an_error_unless_replaced(two: tuple[Path, Path], tmp_path: Path) -> None:
    merge(two, tmp_path / "both", workers=1)
    extend(two[0], "b2c", {"per_image": 1}, workers=1)
    with pytest.raises(BadCorpus, match=r"both: was merged from other corpora, or they changed since"):
        merge(two, tmp_path / "both", workers=1)
    merge(two, tmp_path / "both", workers=1, replace=True)
    records = list(corpus.open(tmp_path / "both").records())
    assert {len(r.captions) for r in records if r.source == "dota"} <= {0, 1}
    assert check.check(corpus.open(tmp_path / "both"), images=False, workers=1) == []


def test_one_name_for_two_folders_wants_a_prefix(tmp_path: Path) -> None:
    pair = clashing(tmp_path)
    with pytest.raises(BadCorpus, match=r"one and .*two both have a source 'dota', from .*d1 .*d2 .*give --prefix"):
        merge(pair, tmp_path / "both", workers=1)
    assert not (tmp_path / "both").exists()
    merge(pair, tmp_path / "both", prefix=True, workers=1)
    found = corpus.open(tmp_path / "both")
    assert found.roots == {"dota-one": tmp_path / "d1", "dota-two": tmp_path / "d2"}
    records = list(found.records())
    assert {(r.source, r.id.partition("/")[0]) for r in records} == {("dota-one",) * 2, ("dota-two",) * 2}
    assert len({r.id for r in records}) == len(records)
    assert {d.id for d in found.drops(found.last_records) if d.images} == {"dota-one/Q1", "dota-two/Q1"}
    assert check.check(found, images=True, workers=1) == []


def test_one_id_in_two_corpora_names_both(tmp_path: Path) -> None:
    one = made(tmp_path / "one", tmp_path / "d1", 4)
    shutil.copytree(one, tmp_path / "two")
    with pytest.raises(BadCorpus, match=r"one and .*two both hold dota/P0000.*; give --prefix"):
        merge((one, tmp_path / "two"), tmp_path / "both", workers=1)


def test_two_splits_of_one_source_fit_together(tmp_path: Path) -> None:
    for n, split in enumerate(("train", "val")):
        drawn.dota(tmp_path / "d" / split, 3, n)
        source = recipe.source("dota", tmp_path / "d", split)
        run(recipe.make("c", [source], [("b2c", {})]), tmp_path / split, workers=1)
    merge((tmp_path / "train", tmp_path / "val"), tmp_path / "both", workers=1)
    found = corpus.open(tmp_path / "both")
    assert [r.id for r in found.records()] == [f"dota/{split}/P000{n}" for split in ("train", "val") for n in range(3)]
    assert [(s["name"], s["split"]) for s in found.recipe["sources"]] == [("dota", None)]
    assert check.check(found, images=True, workers=1) == []


def test_merged_corpora_can_be_merged(two: tuple[Path, Path], tmp_path: Path) -> None:
    third = made(tmp_path / "three", tmp_path / "d3", 3, 2, "third")
    merge(two, tmp_path / "both", workers=1)
    merge((tmp_path / "both", third), tmp_path / "all", workers=1)
    merge((*two, third), tmp_path / "flat", workers=1)
    nested, flat = corpus.open(tmp_path / "all"), corpus.open(tmp_path / "flat")
    assert list(nested.records()) == list(flat.records())
    assert nested.last_records.counts == flat.last_records.counts
    assert (tmp_path / "all/merged/both/merged/one/02-b2c/stage.json").is_file()
    assert check.check(nested, images=False, workers=1) == []


def test_what_cannot_be_merged(two: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match="two corpora or more, got 1"):
        merge(two[:1], tmp_path / "both")
    with pytest.raises(BadCorpus, match="is named twice"):
        merge((two[0], two[0]), tmp_path / "both")
    with pytest.raises(BadCorpus, match="is the corpus to make, too"):
        merge(two, two[0])
    with pytest.raises(BadCorpus, match="no corpus here"):
        merge((two[0], tmp_path / "none"), tmp_path / "both")
    shutil.copytree(two[1], tmp_path / "deep/one")
    with pytest.raises(BadCorpus, match=r"are both called one; rename"):
        merge((two[0], tmp_path / "deep/one"), tmp_path / "both")


def test_the_command(two: tuple[Path, Path], tmp_path: Path) -> None:
    app = typer.Typer()
    mixing.add_to(app)
    done = CliRunner().invoke(app, ["merge", "one", "two", "--out", "both", "-j", "1", "--json"])
    assert done.exit_code == 0, done.output
    assert [stage["stage"] for stage in json.loads(done.stdout)["stages"]] == ["00-read", "01-merge"]
