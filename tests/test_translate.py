"""Translate: captions from boxes said again, others through a model once each, checked, remembered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import drawn
import pytest
from captioned import FRENCH, Scripted, corpus_of, french, use

from rsdata import corpus, recipe
from rsdata.errors import BadCorpus, BadRecipe, BadSource, MissingExtra, ServiceError
from rsdata.readers import _captions
from rsdata.record import Caption, Obj, Record, write_part
from rsdata.run import extend, run
from rsdata.services import translators
from rsdata.stages import b2c, translate
from rsdata.words import quality


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
    assert done.stages[-1].drops == {
        "blank": {"images": 0, "objects": 0, "captions": 1},
        "no-model": {"images": 0, "objects": 0, "captions": 3},
    }


def test_objects_that_changed_since_are_told() -> None:
    (record,) = b2c.run([Record("a/1", "a", width=90, height=90, objects=[Obj("ship", (1.0, 1.0, 9.0, 9.0))])])
    english = len(record.captions)
    record.objects *= 3
    found = list(translate.run([record], langs=["es", "pt"], out=Path("x/y"), state={}))
    assert [(o.reason, o.captions) for o in found[:-1]] == [("facts-changed", 2 * english)]
    record.extra["b2c"] = "damaged"
    found = list(translate.run([record], langs=["es"], out=Path("x/y"), state={}))
    assert [(o.reason, o.captions) for o in found[:-1]] == [("facts-changed", english)]
    assert found[-1].captions == record.captions


# each kind of failure of a model: what it says, the reason under which it is counted
FAULTS = {
    "three planes are near the old terminal .": (
        "cinq avions sont près du vieux terminal .",
        "mt-numbers",
    ),
    "12 cars are parked near the white house .": ("des voitures sont garées près de la maison .", "mt-numbers"),
    "a bridge crosses the wide and muddy river .": ("a bridge spans the broad and muddy river .", "mt-language"),
    "some trees stand around the small lake .": ("some trees stand around the small lake .", "mt-copy"),
    "a road runs along the sandy beach .": ("", "mt-empty"),
    "a storage tank is near the railway .": (" . . .", "mt-empty"),
    "two ships lie in the wide harbor .": ("deux navires " * 5, "mt-repetition"),
    "a church stands beside the green park .": ("fra_Latn une église se trouve près du parc .", "mt-leftover"),
    "a stadium is in the middle of the city .": ("Sure! un stade est au milieu de la ville .", "mt-leftover"),
    "a dry river bed winds through the desert .": ("сухое русло реки вьётся через пустыню .", "mt-script"),
    "many boats are moored in the marina .": ("bateaux .", "mt-length"),
}


def test_every_kind_of_failure_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {source: said for source, (said, _) in FAULTS.items()} | FRENCH
    engine = use(monkeypatch, Scripted(answers))
    path = corpus_of([[*FAULTS], [*FRENCH, *FAULTS]], tmp_path)
    done = extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    wanted: dict[str, int] = {}
    for _, reason in FAULTS.values():
        wanted[reason] = wanted.get(reason, 0) + 2
    assert {reason: n["captions"] for reason, n in done.stages[-1].drops.items()} == wanted
    assert french(path) == list(FRENCH.values())
    (first, first_beam), (again, again_beam) = engine.calls
    assert (first_beam, again_beam) == (4, 8) and sorted(again) == sorted(FAULTS) and len(first) == 14


def test_a_model_that_breaks_down_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "CHUNK", 1)
    path = corpus_of([list(FRENCH)], tmp_path)
    broken = Scripted(FRENCH, fail_after=1)
    broken.failure = lambda: ServiceError("m: the model failed (out of memory)")
    use(monkeypatch, broken)
    before = list(corpus.open(path).records())
    with pytest.raises(ServiceError, match="out of memory"):
        extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert list(corpus.open(path).records()) == before
    again = use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert len(again.calls) == 2 and len(french(path)) == 3


def test_what_is_there_in_a_language_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = FRENCH
    path = corpus_of([[one, two], [two, three]], tmp_path)
    use(monkeypatch, Scripted(FRENCH | {three: ""}))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    other = Scripted(FRENCH)
    other.id, other.name = "other@2", "other"
    use(monkeypatch, other)
    extend(path, "translate", {"langs": ["fr"], "model": "n"}, workers=1)
    assert [texts for texts, _ in other.calls] == [[three]]
    record = list(corpus.open(path).records())[1]
    assert record.captions[2:] == [
        Caption(FRENCH[two], "fr", "mt:scripted", "", 0),
        Caption(FRENCH[three], "fr", "mt:other", "", 1),
    ]


def test_other_beams_are_other_translations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus_of([list(FRENCH)], tmp_path)
    engine = use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, out=tmp_path / "d", workers=1)
    shutil.copytree(tmp_path / "d/cache", path / "cache")
    extend(path, "translate", {"langs": ["fr"], "model": "m", "beam": 2}, workers=1)
    assert [(len(texts), beam) for texts, beam in engine.calls] == [(3, 4), (3, 2)]


def test_lost_translations_are_an_error_not_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus_of([list(FRENCH)] * 3, tmp_path)
    use(monkeypatch, Scripted(FRENCH))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    (path / "01-translate/part-00000.done.json").unlink()
    (path / "cache/translations.sqlite").unlink()
    with pytest.raises(BadCorpus, match="the translations are gone; delete prepare"):
        extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    (path / "01-translate/prepare.json").unlink()
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    assert len(french(path)) == 9


SCORES = f"""\
lang\tsource\ttext\tscore\tother
fr\t{next(iter(FRENCH))}\t{next(iter(FRENCH.values()))}\t0.75\tx
fr\t{next(iter(FRENCH))}\tquelque chose d'autre\t0.1\tx
de\t{next(iter(FRENCH))}\t{next(iter(FRENCH.values()))}\t0.2\tx
"""


def test_scores_are_joined_by_source_text_and_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus_of([list(FRENCH), list(FRENCH)[:1]], tmp_path)
    engine = use(monkeypatch, Scripted(FRENCH))
    (tmp_path / "kiwi.tsv").write_text(SCORES)
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    extend(path, "translate", {"langs": ["fr"], "scores": str(tmp_path / "kiwi.tsv")}, workers=1)
    scores = [c.score for r in corpus.open(path).records() for c in r.captions]
    assert scores == [None, None, None, 0.75, None, None, None, 0.75]
    assert len(engine.calls) == 1
    (tmp_path / "kiwi.csv").write_text('text,source,score,lang\n"il y a, deux",two,1,fr\n')
    assert list(translate._scores.rows(tmp_path / "kiwi.csv")) == [("fr", "two", "il y a, deux", 1.0)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source\ttext\tlang\n", "scores.tsv:1: no column score among source, text, lang; wanted lang, source"),
        ("source\ttext\tlang\tscore\na\tb\tfr\n", "scores.tsv:2: 3 fields where the head has 4"),
        ("source\ttext\tlang\tscore\na\tb\tfr\tgood\n", "scores.tsv:2: score is 'good'; wanted a number"),
        ("source\ttext\tlang\tscore\na\tb\tfr\tnan\n", "scores.tsv:2: score is 'nan'; wanted a number"),
        (None, r"scores.tsv: cannot be read \(No such file or directory\); wanted a table of scores"),
    ],
)
def test_a_table_of_scores_that_is_none(tmp_path: Path, text: str | None, problem: str) -> None:
    path = corpus_of([list(FRENCH)], tmp_path)
    if text is not None:
        (tmp_path / "scores.tsv").write_text(text)
    with pytest.raises(BadSource, match=problem):
        extend(path, "translate", {"langs": ["fr"], "scores": str(tmp_path / "scores.tsv")}, workers=1)


def test_the_5465_captions_of_rsicds_test_cost_3331_calls_a_language(
    shared_data: Path, counts: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [(shared_data / f"rsicd/rsicd_precomp/test_{name}.txt").read_text("utf-8") for name in ("caps", "filename")]
    entries = _captions.parse_lists(*lists, ("caps", "filename"), "test")
    records = [Record(f"rsicd/test/{e.file}", "rsicd", captions=[Caption(s) for s in e.sentences]) for e in entries]
    write_part(tmp_path / "part-00000.parquet", records[:600])
    write_part(tmp_path / "part-00001.parquet", records[600:])
    asked: list[tuple[str, str]] = []

    class Fake(Scripted):
        def check_language(self, lang: str) -> None:
            pass

        def translate(self, texts: list[str], lang: str, beam: int = 4) -> list[str]:
            asked.extend((lang, text) for text in texts)
            return [f"{lang} {text}" for text in texts]

    use(monkeypatch, Fake({}))
    monkeypatch.setattr(quality, "problems", lambda *_: [])
    given = {"langs": ["pt", "fr"], "model": "m", "out": tmp_path / "c/01-translate"}
    state = translate.prepare([tmp_path / f"part-0000{n}.parquet" for n in (0, 1)], **given)
    wanted = counts["rsicd"]["lists"]["rsicd_precomp/test"]
    assert (wanted["captions"], wanted["unique_captions"]) == (5465, 3331)
    assert len(asked) == len(set(asked)) == 2 * 3331
    made = list(translate.run(records, **given, state=state))
    assert sum(c.lang == "fr" and c.origin == "mt:scripted" for r in made for c in r.captions) == 5465
    assert translate.prepare([tmp_path / "part-00000.parquet"], **given)["name"] == "scripted" and len(asked) == 6662


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


def test_no_package_no_work(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ctranslate2", None)
    with pytest.raises(MissingExtra, match=r"ctranslate2: pip install 'rsdata\[translate\]'"):
        translators.load(letters)


def test_a_device_that_is_not_there(letters: Path) -> None:
    with pytest.raises(BadRecipe, match="device is 'gpu'; it can be cpu, cuda, auto"):
        translators.load(letters, device="gpu")


def test_a_sentence_too_long_for_the_model_is_not_cut_but_left_out(letters: Path) -> None:
    engine = translators.load(letters, threads=1)
    short, long = engine.translate(["آتزمون", "آ" * 300], "en", beam=2)
    assert (short, long) == ("atzmon", "")
    assert quality.problems("a sentence", long, "fr") == ["empty"]


def test_a_failure_of_the_engine_is_one_line(letters: Path) -> None:
    class Broken:
        device = "cpu"

        def translate_batch(self, *_: object, **__: object) -> None:
            raise RuntimeError("CUDA failed with error out of memory")

    engine = translators.load(letters, threads=1)
    broken = translators.Engine(engine.card, Broken(), engine.encode, engine.decode)
    with pytest.raises(
        ServiceError, match=r"model: the model failed \(CUDA failed with error out of memory\); what is"
    ):
        broken.translate(["آ"], "en")
