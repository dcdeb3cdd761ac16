"""plan: what a recipe would read, what is missing, and what it would come to; nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny
from rich.console import Console

from rsdata import run, sample, sources
from rsdata.errors import RsdataError
from rsdata.recipe import Recipe, Source, Step, make
from rsdata.record import read_part
from rsdata.report import plan, probe, ready

TILE = Step("tile", {"size": 100, "overlap": 20, "keep": 0.5})
PACK = Step("pack", {"formats": ["webdataset", "parquet"]})


@pytest.fixture
def dota(tmp_path: Path) -> Source:
    """A DOTA folder: images of 100 x 80, 180 x 100 and 260 x 260 pixels with labels, and a label without image."""
    root = tmp_path / "dota"
    (root / "labelTxt").mkdir(parents=True)
    for name, width, height in (("P1", 100, 80), ("P2", 180, 100), ("P3", 260, 260)):
        tiny.picture(root / f"images/{name}.png", width, height)
        (root / f"labelTxt/{name}.txt").write_text("10 10 20 10 20 20 10 20 ship 0\n")
    (root / "labelTxt/P4.txt").write_text("10 10 20 10 20 20 10 20 ship 0\n")
    return Source("dota", root, "dota")


def test_counts_of_whole_images(dota: Source) -> None:
    found = plan.plan(Recipe("r", (dota,), (PACK,), seed=7))
    row = found["sources"][0]
    size = sum(p.stat().st_size for p in (dota.root / "images").iterdir())
    assert (found["name"], found["seed"], found["items"], found["windows"], found["missing"]) == ("r", 7, 4, 3, [])
    assert (row["found"], row["images"], row["images_missing"], row["unreadable"]) == (True, 3, 1, 0)
    assert row["image_bytes"] == row["packed_bytes"] == size
    assert found["disk_about"] == 2 * size + 3 * plan.ROW_BYTES
    assert json.loads(json.dumps(found)) == found


def test_counts_of_windows(dota: Source) -> None:
    found = plan.plan(Recipe("r", (dota,), (TILE, PACK)))
    assert found["windows"] == 1 + 2 + 9
    one = (dota.root / "images/P1.png").stat().st_size
    assert found["sources"][0]["packed_bytes"] == round(one + 11 * 100 * 100 * plan.BYTES_PER_PIXEL)


def test_a_sample_is_scaled_up(tmp_path: Path, dota: Source) -> None:
    for n in range(9):
        tiny.picture(dota.root / f"images/Q{n}.png", 180, 100)
    for name in ("P1", "P3"):
        (dota.root / f"images/{name}.png").unlink()
        (dota.root / f"labelTxt/{name}.txt").unlink()
    found = plan.plan(Recipe("r", (dota,), (TILE,)), sample=3)
    row = found["sources"][0]
    assert row["sampled"] <= 3 < row["images"]
    assert found["windows"] == 2 * row["images"]


def test_broken_images_are_counted(dota: Source) -> None:
    (dota.root / "images/P3.png").write_bytes(b"no image")
    row = plan.plan(Recipe("r", (dota,), ()))["sources"][0]
    assert (row["images"], row["unreadable"], row["windows"]) == (3, 1, 2)


def test_missing_sources_say_how_to_get_them(tmp_path: Path, dota: Source) -> None:
    gone = Source("dior", tmp_path / "dior", "dior")
    empty = tmp_path / "empty"
    empty.mkdir()
    found = plan.plan(Recipe("r", (dota, gone, Source("dota", empty, "dota-2")), (TILE,)))
    assert found["missing"] == ["dior", "dota-2"]
    assert found["items"] == 4
    row = found["sources"][1]
    assert row["problem"] == f"{tmp_path}/dior: no such folder"
    assert row["obtain"]
    assert str(empty) in found["sources"][2]["problem"]


def test_nothing_is_written(tmp_path: Path, dota: Source) -> None:
    before = sorted(p for p in tmp_path.rglob("*"))
    plan.plan(Recipe("r", (dota,), (TILE, PACK)))
    assert sorted(p for p in tmp_path.rglob("*")) == before


def printed(found: dict) -> str:
    with Path("out.txt").open("w") as file:
        console = Console(width=80, record=True, file=file)
        console.print(plan.render(found))
        return console.export_text()


def test_table(tmp_path: Path, dota: Source) -> None:
    text = printed(plan.plan(Recipe("r", (dota, Source("dior", tmp_path / "dior", "dior")), (TILE, PACK))))
    assert max(map(len, text.splitlines())) <= 80
    for wanted in ("nothing is written", "missing: dior", "how to get it:", "about 12 records", "size=100, overlap=20"):
        assert wanted in text
    assert "dota: 1 images are listed and not there" in " ".join(text.split())


def test_table_of_a_recipe_without_data() -> None:
    assert "drawn sample scenes would be made" in printed(plan.plan(Recipe("r", (), ())))


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_340_000, "2.3 MB"), (5.1e12, "5.1 TB")]
)
def test_space(count: float, text: str) -> None:
    assert plan._space(count) == text


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plan")
    sample.write(root, scenes=30, formats=["dota", "loveda"])
    return root


def test_what_is_expected_of_each_stage_is_what_a_run_makes(scenes: Path, tmp_path: Path) -> None:
    steps = [("tile", {"size": 512}), ("m2b", {}), ("b2c", {"langs": ["en", "fr"]}), ("pack", {})]
    listed = [Source(name, scenes / name, name) for name in ("dota", "loveda")]
    recipe = make("r", listed, steps)
    few, most = probe.FEW, probe.MORE
    probe.FEW, probe.MORE = 4, 15  # type: ignore[misc]
    try:
        found = probe.probe(recipe)
    finally:
        probe.FEW, probe.MORE = few, most  # type: ignore[misc]
    done = run.run(recipe, tmp_path / "c", workers=1)
    assert [row["stage"] for row in found["stages"]] == [stage.name for stage in done.stages]
    assert not found["exact"] and not found["unprobed"]
    for row, stage in zip(found["stages"], done.stages, strict=True):
        for kind in ("images", "objects"):
            assert row[kind] == pytest.approx(stage.counts[kind]["out"], rel=0.25), (row, kind)
        assert row["seconds"] >= 0
    captions = sum(len(record.captions) for part in done.stages[3].parts for record in read_part(part))
    assert found["stages"][3]["captions"] == pytest.approx(captions, rel=0.1)
    packed = sum(p.stat().st_size for p in done.stages[-1].path.rglob("*") if p.is_file())
    assert found["stages"][-1]["bytes"] == pytest.approx(packed, rel=0.25)


def test_a_small_source_is_measured_whole(scenes: Path, tmp_path: Path) -> None:
    recipe = make("r", [Source("loveda", scenes / "loveda", "loveda")], [("m2b", {}), ("b2c", {})])
    found = probe.probe(recipe)
    done = run.run(recipe, tmp_path / "c", workers=1)
    assert found["exact"]
    assert [(row["images"], row["objects"]) for row in found["stages"]] == [
        (stage.counts["images"]["out"], stage.counts["objects"]["out"]) for stage in done.stages
    ]


def test_stages_that_ask_a_service_are_named_and_not_tried(scenes: Path) -> None:
    asked = ("describe", {"writer": {"llm": "gemini", "model": "gemini-2.5-flash"}})
    recipe = make("r", [Source("loveda", scenes / "loveda", "loveda")], [("m2b", {}), asked])
    found = probe.probe(recipe)
    assert [row["stage"] for row in found["stages"]] == ["read", "m2b"] and list(found["unprobed"]) == ["describe"]


@pytest.mark.parametrize(
    ("step", "names", "said"),
    [
        (("describe", {"writer": {"llm": "gemini", "model": "gemini-2.5-flash"}}), {},
         ["describe asks gemini and no key is in the environment: set GEMINI_API_KEY or GOOGLE_API_KEY"]),
        (("describe", {"writer": {"llm": "gemini", "model": "gemini-2.5-flash"}}), {"GOOGLE_API_KEY": "k"}, []),
        (("describe", {"writer": {"llm": "openai", "model": "m"}}), {}, []),
        (("m2b", {}), {}, []),
    ],
)  # fmt: skip
def test_a_key_that_is_not_there(
    dota: Source, step: tuple[str, dict[str, object]], names: dict[str, str], said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert ready.problems(make("r", [dota], [step]), dota.root / "out") == said


def test_a_run_that_cannot_end_is_refused_before_it_starts(
    dota: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Source("dior", tmp_path / "nowhere", "dior")
    with pytest.raises(RsdataError, match=r"this run cannot end: .*nowhere: no such folder for dior \(.+\)"):
        plan.check(Recipe("r", (dota, gone), (PACK,)), tmp_path / "c")
    monkeypatch.setattr(ready.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(RsdataError, match=r"0\.0 GB are needed and 0\.0 GB are free; give another --out"):
        plan.check(Recipe("r", (dota,), (PACK,)), tmp_path / "c")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/corpus.yaml").write_text("")  # begun: what is there already needs no more space
    plan.check(Recipe("r", (dota,), (PACK,)), tmp_path / "c")


def test_a_package_that_is_not_there(dota: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "find_spec", lambda _: None)
    found = ready.problems(make("r", [dota], [("score", {"model": "ViT-B-32"})]), dota.root / "out")
    assert found == ["score needs the package open_clip: pip install 'rsdata[train]'"]


def test_the_licences_of_a_recipe(dota: Source, scenes: Path) -> None:
    both = Recipe("r", (dota, Source("loveda", scenes / "loveda", "loveda")), ())
    found = plan.plan(both)["licences"]
    assert found["sources"] == {"dota": "academic-only", "loveda": "CC0-1.0"}
    assert "commercial" not in found["policies"] and found["whole"]["commercial"] is False


def test_some_items_evenly(dota: Source) -> None:
    every = [item.id for item in sources.items(dota)]
    assert [item.id for item in sources.items(replace(dota, limit=2))] == [every[0], every[2]]
    assert [item.id for item in sources.items(replace(dota, limit=9))] == every
