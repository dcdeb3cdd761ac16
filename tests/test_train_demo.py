"""The script behind `make train-demo`: its sums and claims on numbers by hand, its recipes, and the whole in small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import train_demo

from rsdata import recipe
from rsdata.train import config


def run(
    arm: str, seed: int, french: float, full: float, neutral: float, counted: float, last: float = 1.0
) -> dict[str, Any]:
    """One model's result; every metric of a table is the same number."""

    def numbers(value: float, chance: float, blind: float | None = None) -> dict[str, Any]:
        names = ("t2i_r1", "mean_recall") if blind is None else ("top1",)
        return {
            "images": 400,
            "metrics": dict.fromkeys(names, value),
            "chance": dict.fromkeys(names, chance),
            "blind": blind,
        }

    langs = {"en": full, "fr": french, "ru": french, "zh": french}
    retrieval = {"full": {lang: numbers(value, 0.5) for lang, value in langs.items()}}
    forms = train_demo.ARMS[arm].forms
    if "neutral" in train_demo.ARMS[arm].queries:
        retrieval |= {"remoteclip": {"en": numbers(full - 2, 0.5)}, "neutral": {"en": numbers(neutral, 2.5)}}
    count = {form: {lang: numbers(counted, 10, 40.5) for lang in ("en", "fr")} for form in forms}
    loss = {"contrastive": [4.0, last], "own": [0.0, 2.5], "finite": True}
    return {"arm": arm, "seed": seed, "seconds": 9, "loss": loss, "retrieval": retrieval, "count": count}


ROWS = [
    run("english", 0, 1.0, 20, 30, 50),
    run("ten", 0, 12.0, 18, 0, 45),
    run("remoteclip", 0, 1.0, 10, 31, 20),
    run("dino", 0, 1.0, 9, 0, 30, last=3.0),
    run("mammut", 0, 1.0, 8, 0, 30, last=5.0),
    run("english", 1, 2.0, 22, 34, 54),
    run("ten", 1, 14.0, 19, 0, 47),
    run("remoteclip", 1, 1.0, 12, 33, 24),
    run("dino", 1, 1.0, 9, 0, 30),
    run("mammut", 1, 1.0, 8, 0, 30),
]


def test_the_table_has_means_spreads_chance_and_blind() -> None:
    lines = train_demo.table(train_demo.summary(ROWS)).splitlines()
    head = "English | French | Russian | Chinese | paper's rules | neither's | neither's, mean recall"
    assert lines[0] == f"| model | {head} | counting | counting, digits | counting, French |"
    assert lines[2].startswith(
        "| english | 21.0 ± 1.4 | 1.5 ± 0.7 | 1.5 ± 0.7 | 1.5 ± 0.7 | 19.0 ± 1.4 | 32.0 ± 2.8 | "
    )
    assert (
        lines[3] == "| ten | 18.5 ± 0.7 | 13.0 ± 1.4 | 13.0 ± 1.4 | 13.0 ± 1.4 |  |  |  | 46.0 ± 1.4 |  | 46.0 ± 1.4 |"
    )
    assert lines[7] == "| chance | 0.50 | 0.50 | 0.50 | 0.50 | 0.50 | 2.5 | 2.5 | 10.0 | 10.0 | 10.0 |"
    assert lines[8] == "| blind |  |  |  |  |  |  |  | 40.5 | 40.5 | 40.5 |"
    assert "Seeds: 2" in lines[-1] and "among 400 windows" in lines[-1]


def test_claims_are_told_as_they_came_out() -> None:
    learnt = "trains without divergence (contrastive loss and its own"
    assert train_demo.claims(train_demo.summary(ROWS)) == [
        "a French query, recall@1: ten languages 13.0 ± 1.4, English alone 1.5 ± 0.7: yes",
        f"dino {learnt} 4.00 -> 3.00 and 0.00 -> 2.50; 4.00 -> 1.00 and 0.00 -> 2.50): yes",
        f"mammut {learnt} 4.00 -> 5.00 and 0.00 -> 2.50; 4.00 -> 1.00 and 0.00 -> 2.50): no",
        "full against remoteclip, captions of neither rule set, mean recall: 32.0 ± 2.8 and 32.0 ± 1.4: a tie",
        "full against remoteclip, captions of neither rule set, recall@1: 32.0 ± 2.8 and 32.0 ± 1.4: a tie",
        "full against remoteclip, mean recall over the queries of both rule sets: 20.0 ± 1.4 and 10.0 ± 1.4: yes",
        "full against remoteclip, counting, the better of words and digits: 52.0 ± 2.8 and 22.0 ± 2.8: yes",
    ]
    swapped = [run("english", s, 5, 1, 1, 1) for s in (0, 1)] + [run("remoteclip", s, 5, 9, 9, 9) for s in (0, 1)]
    assert [line.rpartition(": ")[2] for line in train_demo.claims(train_demo.summary(swapped))] == ["no"] * 4
    assert train_demo.claims(train_demo.summary(ROWS[:2]))[0].endswith("12.0, English alone 1.0: higher (one seed)")


def test_losses_are_read_from_the_log(tmp_path: Path) -> None:
    values = [(4.5, 0.5), (6.25, 0.25), (3.5, 0.75)]
    lines = [json.dumps({"loss": a + b, "contrastive": a, "own": b}) + "\n" for a, b in values]
    (tmp_path / "log.jsonl").write_text("".join(lines))
    assert train_demo.losses(tmp_path) == {"contrastive": [4.5, 3.5], "own": [0.5, 0.75], "finite": True}
    (tmp_path / "log.jsonl").write_text("".join([*lines, '{"loss": NaN, "contrastive": 1.0, "own": NaN}\n']))
    assert not train_demo.losses(tmp_path)["finite"]


@pytest.mark.parametrize("arm", train_demo.ARMS)
def test_settings_of_every_model_are_settings(arm: str) -> None:
    found = train_demo.ARMS[arm]
    made, _ = config.read(train_demo.RECIPES / f"train/{found.config}.yaml", {"langs": found.langs})
    assert made.model == "recipes/train/demo-model.json" and made.save_every == made.steps
    assert made.objective == {"dino": "clip+dino", "mammut": "mammut"}.get(arm, "clip")
    assert made.langs == ({} if arm == "ten" else {"en": 1.0})


def test_both_corpora_differ_in_their_rules_alone(tmp_path: Path) -> None:
    (tmp_path / "dota").mkdir()
    made = {name: recipe.load(train_demo.RECIPES / file, tmp_path) for name, file in train_demo.RULES.items()}
    steps = {name: [(s.name, dict(s.params)) for s in r.steps] for name, r in made.items()}
    for name, listed in steps.items():
        assert [step for step, _ in listed] == ["tile", "b2c", "pack"] and listed[1][1].pop("rules") == name
    assert steps["full"] == steps["remoteclip"]


@pytest.mark.slow
def test_the_whole_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--scenes", "8", "--test-scenes", "8", "--set", "steps=2", "--set", "batch=8", "--set", "log_every=1"]
    train_demo.main(["--out", str(tmp_path / "demo"), *few])
    table = (tmp_path / "demo/table.md").read_text()
    assert [line.split(" | ")[0] for line in table.splitlines()[2:9]] == [
        f"| {name}" for name in (*train_demo.ARMS, "chance", "blind")
    ]
    assert table in capsys.readouterr().out
    found = json.loads((tmp_path / "demo/results.json").read_text())
    assert all(row["loss"]["finite"] for row in found["runs"]) and len(found["runs"]) == 5
    assert found["arms"]["english"]["neutral/en/mean_recall"]["spread"] is None
