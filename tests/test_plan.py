"""plan: what a recipe would read, what is missing, and what it would come to; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny
from rich.console import Console

from rsdata.recipe import Recipe, Source, Step
from rsdata.report import plan

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
