"""Describe: what a model says is kept where numbers, nouns and places agree with the facts, else counted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from services import Service, captions, serving

from rsdata import corpus, readers, recipe, sample, sources
from rsdata.errors import BadRecipe
from rsdata.record import Obj, Record
from rsdata.report import check
from rsdata.run import extend, run
from rsdata.stages import _describing
from rsdata.stages._claims import Truth, problems, total

TRUTH = Truth(
    counts={"ship": 5, "storage_tank": 12, "harbor": 1, "small_vehicle": 40},
    present=frozenset({"stadium", "church", "forest", "road"}),
    kinds=frozenset({"museum"}),
    names=("Camp Nou", "Helsinki Cathedral", "11-7", "Café de la Paix"),
    measures=(0.5, 1240.0, 0.41, 54_000.0),
    cells={"ship": {"top_left": 2, "bottom": 3}, "camp nou": {"top_right": 1}, "harbor": {"center": 1}},
    north_up=True,
)


@pytest.mark.parametrize(
    "text",
    [
        "The image shows five ships and twelve storage tanks beside a harbor.",
        "Two ships lie in the top left of the image, near Camp Nou.",
        "The stadium Camp Nou is in the top right of the scene.",
        "Five ships are near Camp Nou, in the northern part of the image.",
        "Helsinki Cathedral stands among many small vehicles.",
        "Helsinki Cathedral, a church, stands beside dozens of small vehicles.",
        "Nearby, the Cathedral overlooks the road.",
        "A satellite image at 0.5 m per pixel showing a forest that covers about 40% of the image.",
        "A road runs through the scene for about 1.2 km, past the museum Café de la Paix.",
        "The harbor, about 5.4 hectares large, holds five ships.",
        "Forest covers about two fifths of the image.",
        "Numerous storage tanks are arranged in rows near a single harbor.",
        "Several ships surround the harbor in the center.",
        "Vehicles line the road beside 12 storage tanks.",
        "The café 11-7 is the museum beside the road.".replace("café ", ""),
    ],
)
def test_true_captions_are_kept(text: str) -> None:
    assert problems(text, TRUTH) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Seven ships are in the harbor of the image.", "wrong-number: 7 ships"),
        ("There are 6 ships and 12 storage tanks.", "wrong-number: 6 ships"),
        ("Two harbors lie in the image with five ships.", "wrong-number: 2 harbors"),
        ("The harbors of the image hold five ships.", "wrong-number: harbors"),
        ("A dozen ships lie in the harbor.", "wrong-number: 10 ships"),
        ("Hundreds of storage tanks stand beside the road.", "wrong-number: 150 storage tanks"),
        ("A single storage tank stands beside the road.", "wrong-number: 1 storage tank"),
        ("The road runs for about 3 km through the image.", "wrong-number: 3 km"),
        ("Forest covers about 70% of the image.", "wrong-number: 70 %"),
        ("An airport lies beside the harbor of the image.", "absent-object: airport"),
        ("Five ships and a helicopter are in the image.", "absent-object: helicopter"),
        ("Cars are parked along the road.", "absent-object: cars"),
        ("The river is visible in the image.", "absent-object: river"),
        ("Five ships lie near Camp Nou in Barcelona.", "invented-name: Barcelona"),
        ("The Eiffel Tower stands beside the harbor.", "invented-name: Eiffel"),
        ("Paris is shown with its five ships.", "invented-name: Paris"),
        ("Camp Road crosses the scene.", "invented-name: Camp"),
        ("Camp Nou is in the bottom left of the image.", "wrong-place: camp nou"),
        ("Five ships lie in the center of the image.", "wrong-place: ship"),
        ("The harbor is in the western part of the image.", "wrong-place: harbor"),
        ("I'm sorry, but I cannot describe this image.", "refusal"),
        ("As an AI language model, I see five ships.", "refusal"),
        ("Here is a caption: five ships in a harbor.", "boilerplate"),
        ("Based on the provided facts, five ships lie here.", "boilerplate"),
        ("Five ships.", "too-short: 2 words"),
        ("Five ships lie in the harbor. " * 20, "too-long: 120 words"),
        ("Five ships likely belong to the harbor.", "hedge: likely"),
        ("There are no airplanes in the image.", "hedge: no"),
        ("White storage tanks stand in the image.", "unseen: White"),
        ("The image shows a crocodile near the harbor.", "unknown-noun: crocodile"),
        ("Fünf Schiffe liegen im Hafen neben Camp Nou.", "language"),
        ("图像中有五艘船。 图 像 中 有", "language"),
    ],
)
def test_untrue_captions_are_refused(text: str, problem: str) -> None:
    assert problem in problems(text, TRUTH)


def test_a_picture_shows_its_colours_and_not_its_north() -> None:
    assert problems("White storage tanks stand in the image.", TRUTH._replace(image=True)) == []
    found = problems("Five ships lie in the northern part of the image.", TRUTH._replace(north_up=False))
    assert found == ["wrong-place: a compass direction, and up is not known to be north"]


def test_children_count_for_their_parents() -> None:
    truth = Truth(counts={"car": 3, "truck": 2, "vehicle": 1}, present=frozenset({"oil_tanker"}))
    assert (total("vehicle", truth), total("car", truth), total("van", truth)) == (6, 3, 0)
    assert total("ship", truth) is None, "there, but how many nobody counted"
    assert problems("Six vehicles are in the image, with three cars.", truth) == []
    assert problems("Three vehicles are in the image.", truth) == ["wrong-number: 3 vehicles"]


def test_templates_pass_their_own_check() -> None:
    """What b2c says of a record is true of it, so the check must not refuse it: a measure of false alarms."""
    from rsdata.stages._facts import Options, select

    record = Record("a/x", "a", width=300, height=300, gsd=0.5, platform="aerial", label="harbor")
    record.objects = [Obj("ship", (10 * n, 10, 10 * n + 5, 20)) for n in range(1, 6)]
    record.objects += [Obj("storage_tank", (200, 200 + 6 * n, 206, 204 + 6 * n)) for n in range(12)]
    said = [text for _, _, text in select(record, Options(per_image=40))]
    refused = {text: found for text in said if (found := problems(text, _describing.truth(record)))}
    assert len(said) > 12 and refused == {}


def test_lines_and_truth_of_a_record() -> None:
    record = Record("a/x", "a", width=100, height=100, gsd=0.256, platform="satellite", label="harbor")
    record.objects = [
        Obj("ship", (0, 0, 10, 10)),
        Obj("ship", (80, 80, 90, 90)),
        Obj("forest", (0, 0, 100, 50), area=4100.0),
        Obj("harbor", (0, 0, 90, 40)),
    ]
    assert _describing.lines(record) == [
        "- satellite image, 0.26 m per pixel",
        "- scene: harbor",
        "- 2 ships (1 top left, 1 bottom right)",
        "- 1 harbor",
        "- forest covers 41% of the image",
    ]
    truth = _describing.truth(record)
    assert truth.counts == {"ship": 2, "harbor": 1} and "forest" in truth.present
    assert truth.cells == {"ship": {"top_left": 1, "bottom_right": 1}}, "a harbor that spreads has no place"
    assert truth.measures == (0.41, 0.256)


# -- real records


def told(text: str) -> tuple[int, str]:
    """Count and noun of the first category among the facts of a question."""
    match = re.search(r"^- (\d+) ([a-z -]+?)(?: \(|$)", text, re.MULTILINE)
    assert match, text
    return int(match[1]), match[2].strip()


def true_answer(text: str) -> str:
    if match := re.search(r"^- ([a-z ]+) covers (\d+)% of the image", text, re.MULTILINE):
        return captions(f"The image shows {match[1]}, which covers about {match[2]}% of it.")
    if match := re.search(r"^- scene: ([a-z ]+)", text, re.MULTILINE):
        return captions(f"An image from above of {match[1]}.")
    n, noun = told(text)
    return captions(f"An image from above with {n} {noun} in it.")


def wrong_count(text: str) -> str:
    n, noun = told(text)
    return captions(f"An image from above with {n + 3} {noun} in it.")


def absent_object(text: str) -> str:
    return captions("A lighthouse and a zebra are seen in the image.")


SETS = {
    "dota": ({}, {}),
    "isaid": ({}, {"m2b": {}}),
    "loveda": ({}, {"m2b": {}}),
}


def real(name: str, shared_data: Path, tmp_path: Path) -> corpus.Corpus:
    _, steps = SETS[name]
    source = recipe.source(name, shared_data / name)
    run(recipe.make(name, [source], list(steps.items())), tmp_path / name, workers=1)
    return corpus.open(tmp_path / name)


@pytest.mark.parametrize("name", SETS)
def test_real_records(name: str, shared_data: Path, tmp_path: Path) -> None:
    """True answers are kept; a wrong count and an absent object are refused, each with its reason counted."""
    found = real(name, shared_data, tmp_path)
    records = [r for r in found.records() if r.objects]
    with serving(Service(always=true_answer)) as service:
        writer = {"llm": "openai", "model": "m", "endpoint": service.url, "rpm": 0.0}
        done = extend(found.path, "describe", {"writer": writer, "captions": 1}, out=tmp_path / "true", workers=1)
        assert set(done.stages[-1].drops) <= {"no-facts"}
        made = [r for r in corpus.open(tmp_path / "true").records() if r.objects]
        assert len(made) == len(records) >= 1
        assert all(r.captions[-1].origin == "llm:m" and r.captions[-1].rule == "llm/describe-1" for r in made)
        assert check.check(corpus.open(tmp_path / "true"), images=False, workers=1) == []
        service.always = absent_object
        done = extend(found.path, "describe", {"writer": writer, "captions": 1}, out=tmp_path / "absent", workers=1)
        drops = {k: v["captions"] for k, v in done.stages[-1].drops.items() if k != "no-facts"}
        assert drops == {"llm-absent-object": len(records)}
        if any(_describing.truth(r).counts for r in records):
            counted = sum(bool(_describing.truth(r).counts) for r in records)
            service.always = lambda text: wrong_count(text) if re.search(r"^- \d", text, re.M) else true_answer(text)
            done = extend(found.path, "describe", {"writer": writer, "captions": 1}, out=tmp_path / "wrong", workers=1)
            drops = {k: v["captions"] for k, v in done.stages[-1].drops.items() if k != "no-facts"}
            assert drops == {"llm-wrong-number": counted}
            assert not any(r.captions for r in corpus.open(tmp_path / "wrong").records() if _describing.truth(r).counts)


def test_facts_of_dota_are_those_of_its_labels(shared_data: Path) -> None:
    items = sources.items(sources.Source("dota", shared_data / "dota", "dota"))
    records = [r for item in items for r in readers.get("dota").read(item) if isinstance(r, Record)]
    said = sum(sum(_describing.truth(r).counts.values()) for r in records)
    assert said == sum(len(r.objects) for r in records) > 100


def test_what_is_there_stays_and_what_nothing_is_known_of_is_counted(tmp_path: Path) -> None:
    sample.write(tmp_path / "data", scenes=2, seed=0, formats=["dota", "geotiff"])
    data = tmp_path / "data"
    made = recipe.make("c", [recipe.source(n, data / n) for n in ("dota", "geotiff")], [("b2c", {})])
    run(made, tmp_path / "c", workers=1)
    before = {r.id: r for r in corpus.open(tmp_path / "c").records()}
    with serving(Service(always=true_answer)) as service:
        writer = {"llm": "openai", "model": "m", "endpoint": service.url, "rpm": 0.0, "with_image": True}
        done = extend(tmp_path / "c", "describe", {"writer": writer, "captions": 1}, workers=1)
    assert "image_url" in json.dumps(service.seen[0][2])
    after = {r.id: r for r in corpus.open(tmp_path / "c").records()}
    silent = [r for r in before.values() if not r.objects and not r.label]
    assert done.stages[-1].drops["no-facts"]["captions"] == len(silent)
    for id, record in after.items():
        n = len(before[id].captions)
        assert record.captions[:n] == before[id].captions and len(record.captions) - n == (before[id] not in silent)
        assert record.objects == before[id].objects


def test_describe_needs_a_model(tmp_path: Path) -> None:
    sample.write(tmp_path / "data", scenes=1, seed=0, formats=["dota"])
    run(recipe.make("c", [recipe.source("dota", tmp_path / "data/dota")], []), tmp_path / "c", workers=1)
    with pytest.raises(BadRecipe, match="no model; give --llm"):
        extend(tmp_path / "c", "describe", {}, workers=1)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plan, batch out, batch in, and the stage, without a service."""
    from typer.testing import CliRunner

    from rsdata.cli import app as cli

    sample.write(tmp_path / "data", scenes=2, seed=0, formats=["geotiff"])
    if not cli.app.registered_commands:
        cli._register()
    runner = CliRunner()

    def rsdata(*words: str) -> dict[str, Any]:
        done = runner.invoke(cli.app, [*words, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    scenes = ["landmarks", "data/geotiff", "--out", "c"]
    asked = [*scenes, "--llm", "gemini", "--model", "gemini-2.5-flash", "--per-image", "1"]
    plan = rsdata(*asked, "--dry-run")
    assert plan["requests"] == 2 and plan["cost"] > 0 and plan["tokens_in"] > 300
    assert rsdata(*asked, "--batch-export", "b.jsonl")["requests"] == 2
    rows = [json.loads(line) for line in Path("b.jsonl").read_text().splitlines()]
    name = re.findall(r"- ([A-Z]\w+ \w+) \(", rows[0]["request"]["contents"][0]["parts"][0]["text"])[0]
    text = captions(f"An overhead view of {name} and its surroundings.")
    good = {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}
    Path("r.jsonl").write_text(json.dumps({"key": rows[0]["key"], "response": good}) + "\n")
    summary = rsdata(*asked, "--replay", "--batch-import", "r.jsonl")
    assert summary["stages"][-1]["drops"]["llm-no-answer"]["captions"] == 1
    said = [c.origin for r in corpus.open(tmp_path / "c").records() for c in r.captions]
    assert sorted(said) == ["llm:gemini-2.5-flash", "template"]
