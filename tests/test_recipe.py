"""Recipes: what is understood, and how each mistake is named."""

from __future__ import annotations

from pathlib import Path

import drawn
import pytest

from rsdata import recipe, sources, stages
from rsdata.errors import BadRecipe, BadSource

ROOT = Path(__file__).resolve().parents[1]
GOOD = {"name": "x", "sources": [{"reader": "dota", "root": "d"}], "stages": [{"tile": {"size": 512}}, "m2b"]}


def test_defaults_are_filled_in() -> None:
    found = recipe.parse(GOOD, "x.yaml")
    assert (found.name, found.seed, found.part_size, found.max_drop) == ("x", 0, 2000, 0.05)
    assert found.sources[0] == sources.Source("dota", Path("d").absolute(), "dota")
    assert found.steps[0].params["size"] == 512 and "overlap" in found.steps[0].params
    assert found.steps[1] == recipe.Step("m2b", stages.defaults("m2b"))


def test_what_is_written_is_read_again_as_the_same() -> None:
    found = recipe.parse(GOOD, "x.yaml")
    assert recipe.parse({"format": 1, "rsdata": "0", **found.as_dict()}, "corpus.yaml") == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sorces": []}, r"x\.yaml: unknown key 'sorces'; did you mean sources\?"),
        ({"sources": []}, r"x\.yaml: sources wants a list such as"),
        ({"sources": [{"root": "d"}]}, r"a source is a mapping with at least `reader`"),
        ({"sources": [{"reader": "dota", "folder": "d"}]}, r"unknown source key 'folder'"),
        ({"sources": [{"reader": "dota", "root": "$NOWHERE_SET/d"}]}, r"\$NOWHERE_SET is not set"),
        ({"sources": [{"reader": "dota", "name": "a b"}]}, r"source name 'a b'"),
        ({"stages": [{"tiel": {}}]}, r"no stage is called 'tiel'; did you mean tile\?"),
        ({"stages": [{"tile": {"sise": 1}}]}, r"stage tile has no parameter 'sise'; did you mean size\?"),
        ({"stages": [{"tile": {"size": "big"}}]}, r"stage tile: size wants int, got 'big'"),
        ({"stages": [{"tile": {"size": True}}]}, r"size wants int, got True"),
        ({"stages": [{"tile": 512}]}, r"the parameters of stage tile are a mapping, got 512"),
        ({"stages": [{"tile": {}, "m2b": {}}]}, r"a stage is written `- name: \{parameters\}`"),
        ({"stages": [{"read": {}}]}, r"read is not written as a stage"),
        ({"seed": "x"}, r"seed wants a number, got 'x'"),
        ({"part_size": 0}, r"part_size wants a number above 0"),
    ],
)
def test_each_mistake_names_its_place(change: dict, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        recipe.parse(GOOD | change, "x.yaml")


def test_a_reader_that_is_not_there_is_guessed() -> None:
    with pytest.raises(BadSource, match="dota"):
        recipe.parse(GOOD | {"sources": [{"reader": "dotta"}]}, "x.yaml")


@pytest.mark.parametrize(("text", "message"), [("a: [", "not YAML"), ("- 1", "a recipe is a mapping")])
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(BadRecipe, match=rf"r\.yaml: {message}"):
        recipe.load(tmp_path / "r.yaml")
    with pytest.raises(BadRecipe, match="name a recipe file"):
        recipe.load(tmp_path / "none.yaml")


def test_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert recipe.source("dota", None).root == Path("data/dota")
    monkeypatch.setenv("RSDATA_DATA", "/mnt/big")
    assert recipe.source("dota", None).root == Path("/mnt/big/dota")
    raw = GOOD | {"sources": [{"reader": "dota", "root": "${RSDATA_DATA}/x"}]}
    assert recipe.parse(raw, "x.yaml").sources[0].root == Path("/mnt/big/x")


def test_found_in_takes_what_is_there(tmp_path: Path) -> None:
    drawn.dota(tmp_path / "dota", 1)
    (tmp_path / "dior").mkdir()
    raw = GOOD | {"sources": {"found_in": str(tmp_path)}}
    assert [s.name for s in recipe.parse(raw, "x.yaml").sources] == ["dior", "dota"]
    with pytest.raises(BadSource, match="no dataset found here"):
        recipe.parse(GOOD | {"sources": {"found_in": str(tmp_path / "empty")}}, "x.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_projects_own_recipes_are_recipes(path: Path, tmp_path: Path) -> None:
    drawn.dota(tmp_path / "dota", 1)
    assert recipe.load(path, tmp_path, draw=False).steps
