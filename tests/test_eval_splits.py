"""Frozen things stay frozen: splits, prompts, published numbers."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from rsdata import readers
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.evaluate import prompts, report, splits
from rsdata.evaluate.classes import words_of
from rsdata.record import Record

CLASSES = ("pond", "river")


def scenes(count: int = 20, split: str = "") -> tuple[list[Record], np.ndarray]:
    """`count` images of each class, numbered without leading zeros."""
    place = f"{split}/" if split else ""
    made = [Record(f"aid/{place}{c}/{c}_{n}", "aid", split, label=c) for c in CLASSES for n in range(1, count + 1)]
    return made, np.repeat(np.arange(2), count)


def test_the_rule_of_remoteclip_sorts_by_name_and_takes_the_last_fifth() -> None:
    records, labels = scenes()
    parts = splits.split(records, labels, "aid", "remoteclip-1")
    test = [r.id for r, part in zip(records, parts, strict=True) if part == "test"]
    # as text: pond_1, pond_10, ..., pond_19, pond_2, pond_20, pond_3, ..., pond_9
    assert test == [f"aid/{c}/{c}_{n}" for c in CLASSES for n in (6, 7, 8, 9)]
    assert (parts == "val").sum() == 4 and (parts == "train").sum() == 28


@pytest.mark.parametrize(
    ("rule", "seed", "digest"),
    [
        ("remoteclip-1", 0, "0fc75f376ed88776"),
        ("hashed-1", 0, "9516367549810a82"),
        ("hashed-1", 1, "5278aa70af3d2224"),
    ],
)
def test_splits_are_frozen(rule: str, seed: int, digest: str) -> None:
    records, labels = scenes()
    order = np.random.default_rng(0).permutation(len(records))  # the order of the disk does not count
    shuffled = [records[n] for n in order]
    parts = splits.split(shuffled, labels[order], "aid", rule, seed)
    assert splits.digest(shuffled, parts) == digest


def test_a_packed_image_is_in_the_part_that_it_was_in() -> None:
    records, labels = scenes()
    packed = [Record(f"webdataset/000/{n}", "webdataset", extra={"packed_id": r.id}) for n, r in enumerate(records)]
    for rule in ("remoteclip-1", "hashed-1"):
        assert (splits.split(records, labels, "aid", rule) == splits.split(packed, labels, "aid", rule)).all()


def test_the_records_own_splits() -> None:
    train, labels = scenes(16, "train")
    test, more = scenes(4, "test")
    parts = splits.split(train + test, np.concatenate([labels, more]), "aid", "own-1")
    assert (parts[32:] == "test").all() and (parts[:32] == "val").sum() == 4
    with pytest.raises(BadCorpus, match="no test images by the rule own-1; the records' own splits: train"):
        splits.split(train, labels, "aid", "own-1")


def test_which_rule_is_taken() -> None:
    assert (splits.rule_for("eurosat"), splits.rule_for("mine")) == ("remoteclip-1", "hashed-1")
    records = [Record(f"mine/{split}/x", "mine", split) for split in ("train", "test")]
    assert splits.rule_for("mine", "", records) == "own-1" and splits.rule_for("mine", "", records[:1]) == "hashed-1"
    assert splits.rule_for("eurosat", "", records) == "remoteclip-1"
    with pytest.raises(BadRecipe, match="no split rule 'best'; there are remoteclip-1, hashed-1, own-1"):
        splits.rule_for("eurosat", "best")


def test_the_twelve_sets_have_readers_with_as_many_classes() -> None:
    sets = splits.table()["sets"]
    assert len(sets) == 12
    assert {name: len(readers.get(name).INFO.classes) for name in sets} == {
        n: row["classes"] for n, row in sets.items()
    }


GOLDEN = {
    "en": "A satellite image of a pond.",
    "pt": "Imagem de satélite de uma lagoa.",
    "fr": "Une image satellite d'un étang.",
    "de": "Satellitenbild eines Teichs.",
    "ru": "Спутниковый снимок пруда.",
    "zh": "一幅池塘的卫星图像。",
}


@pytest.mark.parametrize("lang", GOLDEN)
def test_golden_prompts(lang: str) -> None:
    assert prompts.sentences("rsdata", lang, "aid", "Pond", "pond")[0] == GOLDEN[lang]


def test_prompts_of_papers_are_word_for_word() -> None:
    assert prompts.sentences("paper", "en", "aid", "BaseballField", "baseball_diamond") == [
        "a satellite photo of baseball field."
    ]
    assert prompts.sentences("itra", "en", "eurosat", "SeaLake", "sea_or_lake") == [
        "a centered satellite photo of a lake or sea.",
        "a centered satellite photo of the lake or sea taken from above.",
        "an overhead view of the lake or sea.",
        "an overhead view of a lake or sea.",
        "an overhead view of lake or sea.",
    ]
    assert words_of("denseresidential", "dense_residential_area") == "dense residential area"
    with pytest.raises(BadRecipe, match="the prompts paper have no fr; they have en"):
        prompts.sentences("paper", "fr", "aid", "Pond", "pond")
    with pytest.raises(BadRecipe, match="no prompts 'x'"):
        prompts.load("x")


@pytest.mark.parametrize("name", prompts.SETS)
def test_prompts_are_frozen_and_tell_classes_apart(name: str) -> None:
    frozen = tomllib.loads((prompts.FOLDER / "frozen.toml").read_text("utf-8"))
    table = prompts.load(name)
    found: dict[str, dict[str, str]] = {}
    for set_name in splits.table()["sets"]:
        classes = readers.get(set_name).INFO.classes
        for lang in table["langs"]:
            said = [tuple(prompts.sentences(name, lang, set_name, *pair)) for pair in classes.items()]
            assert len(set(said)) == len(classes), (set_name, lang)
            digest = prompts.digest(name, lang, set_name, list(classes), list(classes.values()))
            found.setdefault(set_name, {})[lang] = digest
    assert found == frozen[f"{name}-{table['version']}"]


def test_published_numbers_name_paper_and_table() -> None:
    data = report.published()
    papers = {paper["key"] for paper in data["paper"]}
    for row in data["row"]:
        assert row["paper"] in papers and row["table"] and isinstance(row["verified"], bool)
        assert all(0 < value < 100 for entry in row["values"] for key, value in entry.items() if key != "model")
    rsicd = {row["model"]: row["value"] for row in report.beside_it("retrieval", ["rsicd"])}
    assert rsicd["RemoteCLIP ViT-L-14"] == 36.35 and rsicd["RSM-CLIP ViT-B-32"] == 38.05
    assert {row["set"] for row in report.beside_it("zeroshot", ["aid"])} == {"average_of_12"}
    assert list(report.beside_it("fewshot", ["aid"])) == []
