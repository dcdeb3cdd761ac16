"""Translate: captions from boxes said again, others through a model once each, checked, remembered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import drawn
import pytest

from rsdata import corpus, recipe
from rsdata.errors import BadRecipe, BadSource
from rsdata.record import Caption, Obj, Record, write_part
from rsdata.run import extend, run
from rsdata.services import translators
from rsdata.stages import b2c, translate

FRENCH = {
    "there are two planes on the runway .": "il y a deux avions sur la piste .",
    "a river flows through green fields .": "une rivière traverse des champs verts .",
    "many buildings are near the harbor .": "de nombreux bâtiments sont près du port .",
}


class Scripted:
    """An engine that says what it is told to, and counts what it is asked."""

    id, name = "scripted@1", "scripted"

    def __init__(self, answers: dict[str, str], wider: dict[str, str] | None = None, fail_after: int = 10**9) -> None:
        self.answers, self.wider, self.calls, self.fail_after = answers, wider or {}, [], fail_after

    def check_language(self, lang: str) -> None:
        if lang != "fr":
            raise BadRecipe(f"this model writes fr, not {lang}")

    def translate(self, texts: Sequence[str], lang: str, beam: int = 4) -> list[str]:
        if len(self.calls) >= self.fail_after:
            raise KeyboardInterrupt
        self.calls.append((list(texts), beam))
        return [self.wider.get(t, self.answers[t]) if beam > 4 else self.answers[t] for t in texts]


def corpus_of(captions: list[list[str]], folder: Path) -> Path:
    """A corpus with human captions, one record a list."""
    root = drawn.dota(folder / "dota", images=len(captions))
    made = recipe.make("t", [recipe.source("dota", root)], [])
    run(recipe.Recipe(made.name, made.sources, made.steps, 0, 2), folder / "c", workers=1)
    for part in corpus.open(folder / "c").last_records.parts:
        from rsdata.record import read_part

        records = read_part(part)
        for record in records:
            record.captions = [Caption(text) for text in captions[int(record.id[-4:])]]
        write_part(part, records)
    return folder / "c"


def use(monkeypatch: pytest.MonkeyPatch, engine: Scripted) -> Scripted:
    monkeypatch.setattr(translators, "load", lambda folder, **_: engine)
    return engine


def french(path: Path) -> list[str]:
    return [c.text for r in corpus.open(path).records() for c in r.captions if c.lang == "fr"]


def test_each_sentence_is_translated_once_and_said_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = FRENCH
    path = corpus_of([[one, two], [one], [one, three], [two]], tmp_path)
    engine = use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert [sorted(texts) for texts, _ in engine.calls] == [sorted(FRENCH)]
    records = list(corpus.open(path).records())
    assert records[2].captions[2:] == [
        Caption(FRENCH[one], "fr", "mt:scripted", "", 0),
        Caption(FRENCH[three], "fr", "mt:scripted", "", 1),
    ]
    assert len(french(path)) == 6


def test_the_same_command_again_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus_of([list(FRENCH)], tmp_path)
    engine = use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    before = drawn.tree(path)
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert len(engine.calls) == 1 and drawn.tree(path) == before


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "CHUNK", 1)
    path = corpus_of([list(FRENCH)], tmp_path)
    stopped = use(monkeypatch, Scripted(FRENCH, fail_after=2))
    with pytest.raises(KeyboardInterrupt):
        extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    again = use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert len(stopped.calls) == 2 and len(again.calls) == 1
    assert sorted(french(path)) == sorted(FRENCH.values())


def test_a_bad_translation_is_tried_again_then_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = FRENCH
    wrong = FRENCH | {one: "il y a sept avions sur la piste .", two: two, three: "bâtiments " * 8}
    engine = use(monkeypatch, Scripted(wrong, wider={one: FRENCH[one]}))
    path = corpus_of([[one, two], [three]], tmp_path)
    done = extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert [beam for _, beam in engine.calls] == [4, 8]
    assert french(path) == [FRENCH[one]]
    assert done.stages[-1].drops == {
        "mt-copy": {"images": 0, "objects": 0, "captions": 1},
        "mt-repetition": {"images": 0, "objects": 0, "captions": 1},
    }
    drops = list(corpus.open(path).drops(done.stages[-1]))
    assert [(d.reason, d.detail) for d in drops] == [("mt-copy", f"fr: {two}"), ("mt-repetition", f"fr: {three}")]


def test_captions_from_boxes_need_no_model_and_say_the_same_as_convert_does(tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota")
    plan = recipe.make("t", [recipe.source("dota", root)], [("b2c", {})])
    run(plan, tmp_path / "c", workers=1)
    extend(tmp_path / "c", "translate", {"langs": ["es", "pt"]}, workers=1)
    both = recipe.make("t", [recipe.source("dota", root)], [("b2c", {"langs": ["en", "es", "pt"]})])
    run(both, tmp_path / "d", workers=1)
    assert list(corpus.open(tmp_path / "c").records()) == list(corpus.open(tmp_path / "d").records())
    record = list(corpus.open(tmp_path / "c").records())[4]
    spanish = [c for c in record.captions if c.lang == "es"]
    assert [record.captions[c.of].rule for c in spanish] == [c.rule for c in spanish]


def test_without_a_model_other_captions_are_counted(tmp_path: Path) -> None:
    path = corpus_of([list(FRENCH), [" "]], tmp_path)
    done = extend(path, "translate", {"langs": ["es"]}, workers=1)
    assert done.stages[-1].drops == {"no-model": {"images": 0, "objects": 0, "captions": 3}}


def test_objects_that_changed_since_are_told() -> None:
    (record,) = b2c.run([Record("a/1", "a", width=90, height=90, objects=[Obj("ship", (1.0, 1.0, 9.0, 9.0))])])
    record.objects *= 3
    found = list(translate.run([record], langs=["es"], out=Path("x/y"), state={}))
    assert {o.reason for o in found[:-1]} == {"facts-changed"}


def test_languages_are_checked_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(FRENCH))
    path = corpus_of([list(FRENCH)], tmp_path)
    with pytest.raises(BadRecipe, match="writes fr, not es"):
        extend(path, "translate", {"langs": ["es"], "model": "m"}, workers=1)
    with pytest.raises(BadRecipe, match="langs is empty"):
        extend(path, "translate", {"langs": ["en"]}, workers=1)
    with pytest.raises(BadRecipe, match="no language 'xx'"):
        extend(path, "translate", {"langs": ["xx"]}, workers=1)


@pytest.fixture
def letters(shared_data: Path, tmp_path: Path) -> Path:
    """The real transliteration model of the samples, with a card."""
    folder = tmp_path / "model"
    shutil.copytree(shared_data / "ct2_models/v2/aren-transliteration-i8", folder)
    card = {"name": "aren", "family": "characters", "licence": "MIT", "source": "ar", "languages": {"en": ""}}
    (folder / "rsdata.json").write_text(json.dumps({**card, "id": "aren@1"}))
    return folder


def test_the_real_model_says_what_it_should(letters: Path, counts: dict) -> None:
    engine = translators.load(letters, threads=1)
    found = engine.translate(["آتزمون", "آتشيسون"], "en", beam=2)
    assert found == counts["ct2_models"]["models"]["aren-transliteration-i8"]["translations"]


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no translation model here \(no rsdata.json\); convert"):
        translators.load(tmp_path)
    (tmp_path / "rsdata.json").write_text('{"name": "x"}')
    with pytest.raises(BadSource, match="not a model card"):
        translators.load(tmp_path)


def test_a_code_that_the_vocabulary_lacks_is_an_error_not_an_unknown_token(tmp_path: Path) -> None:
    card = {"name": "n", "family": "nllb", "licence": "MIT", "source": "eng_Latn", "id": "n@1"}
    (tmp_path / "rsdata.json").write_text(json.dumps({**card, "languages": {"pt": "xxx_Latn"}}))
    (tmp_path / "shared_vocabulary.json").write_text('["eng_Latn", "por_Latn"]')
    with pytest.raises(BadRecipe, match="the code 'xxx_Latn' is not in the model's vocabulary"):
        translators.load(tmp_path)
