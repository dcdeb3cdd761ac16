"""Counting: the questions made from DOTA, their sentences, and the numbers of an evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rsdata import corpus
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Drop, Made, Obj, Output, Record, Window
from rsdata.stages import remotecount
from rsdata.stages.remotecount import CATEGORIES, REASONS, sentences
from rsdata.words.render import available

np.set_printoptions(threshold=20)

GOLDEN = {  # language -> the sentences for 1, 2 and 5, in words, then 5 in digits
    "en": (
        "There is one storage tank in the image.",
        "There are two storage tanks in the image.",
        "There are five storage tanks in the image.",
        "There are 5 storage tanks in the image.",
    ),
    "pt": (
        "Há um tanque de armazenamento na imagem.",
        "Há dois tanques de armazenamento na imagem.",
        "Há cinco tanques de armazenamento na imagem.",
        "Há 5 tanques de armazenamento na imagem.",
    ),
    "es": (
        "Hay un tanque de almacenamiento en la imagen.",
        "Hay dos tanques de almacenamiento en la imagen.",
        "Hay cinco tanques de almacenamiento en la imagen.",
        "Hay 5 tanques de almacenamiento en la imagen.",
    ),
    "fr": (
        "Il y a un réservoir de stockage sur l'image.",
        "Il y a deux réservoirs de stockage sur l'image.",
        "Il y a cinq réservoirs de stockage sur l'image.",
        "Il y a 5 réservoirs de stockage sur l'image.",
    ),
    "de": (
        "Auf dem Bild ist ein Lagertank zu sehen.",
        "Auf dem Bild sind zwei Lagertanks zu sehen.",
        "Auf dem Bild sind fünf Lagertanks zu sehen.",
        "Auf dem Bild sind 5 Lagertanks zu sehen.",
    ),
    "nl": (
        "Op het beeld is één opslagtank te zien.",
        "Op het beeld zijn twee opslagtanks te zien.",
        "Op het beeld zijn vijf opslagtanks te zien.",
        "Op het beeld zijn 5 opslagtanks te zien.",
    ),
    "it": (
        "Nell'immagine c'è un serbatoio di stoccaggio.",
        "Nell'immagine ci sono due serbatoi di stoccaggio.",
        "Nell'immagine ci sono cinque serbatoi di stoccaggio.",
        "Nell'immagine ci sono 5 serbatoi di stoccaggio.",
    ),
    "zh": ("图像中有一个储罐。", "图像中有两个储罐。", "图像中有五个储罐。", "图像中有5个储罐。"),
    "ko": (
        "영상에 저장 탱크 한 기가 있습니다.",
        "영상에 저장 탱크 두 기가 있습니다.",
        "영상에 저장 탱크 다섯 기가 있습니다.",
        "영상에 저장 탱크 5기가 있습니다.",
    ),
    "ru": (
        "На снимке виден один резервуар.",
        "На снимке видны два резервуара.",
        "На снимке видно пять резервуаров.",
        "На снимке видно 5 резервуаров.",
    ),
}
FEMININE = {  # a noun of another gender and counter
    "pt": "Há uma ponte na imagem.",
    "it": "Nell'immagine c'è una nave.",
    "fr": "Il y a une piscine sur l'image.",
    "es": "Hay una cancha de tenis en la imagen.",
    "zh": "图像中有一艘船。",
    "ko": "영상에 선박 한 척이 있습니다.",
}
WHICH = {"pt": "bridge", "it": "ship", "fr": "swimming_pool", "es": "tennis_court", "zh": "ship", "ko": "ship"}


@pytest.mark.parametrize("lang", available())
def test_sentences_for_one_two_and_five(lang: str) -> None:
    words = sentences(lang, "storage_tank")
    assert (words[0], words[1], words[4], sentences(lang, "storage_tank", "digits")[4]) == GOLDEN[lang]


@pytest.mark.parametrize("lang", FEMININE)
def test_the_number_agrees_with_the_noun(lang: str) -> None:
    assert sentences(lang, WHICH[lang])[0] == FEMININE[lang]


@pytest.mark.parametrize("lang", available())
def test_no_two_sentences_of_a_question_are_equal(lang: str) -> None:
    for category in CATEGORIES:
        for form in remotecount.STYLES:
            assert len(set(sentences(lang, category, form))) == 10, (category, form)


def ship(x: float, y: float, label: str = "ship", difficult: bool = False, side: float = 20) -> Obj:
    return Obj(label, (x, y, x + side, y + side), (x, y, x + side, y, x + side, y + side, x, y + side), 400, difficult)


def record(*objects: Obj, width: int = 256, height: int = 256) -> Record:
    return Record("dota/val/P1", "dota", "val", "val/images/P1.png", width, height, objects=list(objects))


def ask(*objects: Obj, width: int = 256, height: int = 256, **params) -> list[Output]:
    given = {"langs": ["en", "fr"], "sizes": [256], **params}
    return list(remotecount.run([record(*objects, width=width, height=height)], **given))


def test_a_question_is_a_window_with_its_sentences() -> None:
    made, *drops, found = ask(ship(300, 20), ship(340, 20), ship(10, 20, "small_vehicle"), width=512)
    assert made == Made("dota/val/P1", images=0)
    assert [(drop.reason, drop.images, drop.objects) for drop in drops] == [("not-counted", 0, 1)]
    assert isinstance(found, Record) and found.id == "dota/val/P1@192,0,256,256"
    assert found.window == Window(192, 0, 256, 256) and (found.width, found.height) == (256, 256)
    assert [obj.box for obj in found.objects] == [(108, 20, 128, 40), (148, 20, 168, 40)]
    assert found.objects[0].poly == (108, 20, 128, 20, 128, 40, 108, 40)
    assert [(c.lang, c.text, c.of, c.rule) for c in found.captions] == [
        ("en", "There are two ships in the image.", None, "count/all"),
        ("fr", "Il y a deux navires sur l'image.", 0, "count/all"),
    ]
    assert (found.extra["asked"], found.extra["count"]) == ("ship", "2")
    assert found.extra["words.fr"].split("\n") == sentences("fr", "ship")
    assert found.extra["digits.en"].split("\n")[2] == "There are 3 ships in the image."
    assert sorted(found.extra) == ["asked", "count", "digits.en", "digits.fr", "words.en", "words.fr"]


LEFT_OUT = {
    "no-counted-category": [ship(10, 10, "small_vehicle")],
    "cut-at-edge": [Obj("bridge", (0, 100, 400, 120))],
    "other-category": [ship(10, 10), ship(100, 100, "harbor")],
    "more-than-ten": [ship(22 * n, 10) for n in range(11)],
    "difficult": [ship(10, 10), ship(60, 10, difficult=True)],
    "too-small": [ship(10, 10, side=6)],
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_counted_for_sure_is_left_out_with_its_reason(reason: str) -> None:
    width = 400 if reason == "cut-at-edge" else 256
    (drop,) = ask(*LEFT_OUT[reason], width=width)
    assert drop == Drop("dota/val/P1", "remotecount", reason, f"{width} x 256", objects=len(LEFT_OUT[reason]))
    assert reason in remotecount.FILTERS


def test_other_categories_may_be_in_the_window_where_it_is_wished() -> None:
    found = ask(*LEFT_OUT["other-category"], alone=False)
    assert [out.extra["asked"] for out in found if isinstance(out, Record)] == ["harbor"]
    assert [(d.reason, d.objects) for d in found if isinstance(d, Drop)] == [("not-asked", 1)]


def test_larger_counts_come_first_and_windows_do_not_overlap() -> None:
    crowd = [ship(300 + 25 * n, 100) for n in range(5)]
    found = [out for out in ask(ship(20, 20), *crowd, width=640) if isinstance(out, Record)]
    assert [(out.id, out.extra["count"]) for out in found] == [
        ("dota/val/P1@0,0,256,256", "1"),
        ("dota/val/P1@256,0,256,256", "5"),
    ]
    assert len([out for out in ask(ship(20, 20), *crowd, width=640, per_image=1) if isinstance(out, Record)]) == 1


def test_a_window_of_a_window_counts_from_the_file() -> None:
    part = record(ship(10, 10), width=300, height=256)
    part.id, part.window = "dota/val/P1@1000,500,300,256", Window(1000, 500, 300, 256)
    found = [out for out in remotecount.run([part], langs=["en"], sizes=[256]) if isinstance(out, Record)]
    assert (found[0].id, found[0].window) == ("dota/val/P1@1000,500,256,256", Window(1000, 500, 256, 256))


@pytest.mark.parametrize("params", [{"langs": []}, {"langs": ["xx"]}, {"sizes": [16]}, {"sizes": []}, {"per_image": 0}])
def test_parameters_out_of_range(params: dict) -> None:
    with pytest.raises(BadRecipe, match="en"):
        ask(ship(10, 10), **params)


THINGS = st.lists(
    st.tuples(
        st.integers(0, 560),
        st.integers(0, 360),
        st.integers(4, 80),
        st.sampled_from(["ship", "harbor", "car"]),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(THINGS, st.booleans())
def test_a_count_is_what_lies_in_the_window_and_nothing_is_lost(things: list, alone: bool) -> None:
    objects = [ship(x, y, label, hard, side) for x, y, side, label, hard in things]
    outputs = ask(*objects, width=640, height=440, sizes=[128, 256], alone=alone)
    found = [out for out in outputs if isinstance(out, Record)]
    for kind in ("images", "objects"):
        into = 1 if kind == "images" else len(objects)
        made = sum(getattr(out, kind) for out in outputs if isinstance(out, Made))
        lost = sum(getattr(out, kind) for out in outputs if isinstance(out, Drop))
        kept = len(found) if kind == "images" else sum(len(out.objects) for out in found)
        assert into + made == kept + lost
    for out in found:
        x, y, side, _ = out.window or Window(0, 0, 0, 0)
        boxes = [o.box for o in objects if o.label == out.extra["asked"]]
        met = [b for b in boxes if b[0] < x + side and b[2] > x and b[1] < y + side and b[3] > y]
        assert all(b[0] >= x and b[1] >= y and b[2] <= x + side and b[3] <= y + side for b in met)
        assert len(met) == len(out.objects) == int(out.extra["count"]) <= 10
        assert out.captions[0].text == out.extra["words.en"].split("\n")[len(met) - 1]


# -- the numbers


def rows(*said: int) -> np.ndarray:
    """Similarities whose largest is at each said number, the others falling with the distance."""
    numbers = np.arange(1, 11)
    return np.array([-np.abs(numbers - n) / 10 for n in said], np.float32)


def test_metrics_of_five_answers_by_hand() -> None:
    from rsdata.evaluate.counting import score

    counts = np.array([1, 1, 2, 5, 10])
    found = score(rows(1, 2, 2, 8, 10), counts, ["ship", "ship", "ship", "bridge", "bridge"], rounds=200)
    value = {name: metric["value"] for name, metric in found["metrics"].items()}
    assert value["top1"] == pytest.approx(60)  # 1, 2 and 10 are right
    assert value["mae"] == pytest.approx((1 + 3) / 5)
    assert value["per_number"] == pytest.approx(100 * (0.5 + 1 + 0 + 1) / 4)
    # said 2 for 1: one wrong sentence is nearer and 3 ties no more; said 8 for 5: 8, 7, 9, 6, 10 are nearer
    assert found["at"] == {str(k): 60 + 20 * (k >= 3) + 20 * (k >= 6) for k in range(1, 11)}
    assert value["top5"] == found["at"]["5"] == 80
    assert found["by_number"] == {"1": 50, "2": 100, "5": 0, "10": 100}
    matrix = np.array(found["confusion"])
    assert matrix.sum() == 5 and matrix[0, 0] == matrix[0, 1] == matrix[1, 1] == matrix[4, 7] == matrix[9, 9] == 1
    assert found["chance"]["top1"] == found["chance"]["per_number"] == 10 and found["chance"]["top3"] == 30
    assert found["chance"]["mae"] == pytest.approx(np.mean([4.5, 4.5, 3.7, 2.5, 4.5]))
    assert found["blind"] == {"all": 40, "by_category": pytest.approx(60)}
    low, high = found["metrics"]["top1"]["low"], found["metrics"]["top1"]["high"]
    assert 0 <= low < 60 < high <= 100


def test_a_tie_is_no_answer() -> None:
    from rsdata.evaluate.counting import score

    even = np.zeros((3, 10), np.float32)
    found = score(even, np.array([1, 4, 10]), rounds=10)
    assert found["metrics"]["top1"]["value"] == found["at"]["9"] == 0 and found["at"]["10"] == 100
    assert found["tied"] == 3 and score(rows(3, 4), np.array([3, 9]), rounds=10)["tied"] == 0
    assert np.array(found["confusion"])[[0, 3, 9]].argmax(axis=1).tolist() == [1, 0, 0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10), st.lists(st.integers(0, 3), min_size=10, max_size=10)), min_size=1, max_size=8
    )
)
def test_top_k_is_the_brute_force_one_on_ties_too(questions: list) -> None:
    from rsdata.evaluate.counting import score

    counts = np.array([count for count, _ in questions])
    found = score(np.array([row for _, row in questions], np.float32), counts, rounds=5)
    for k in range(1, 11):
        hits = 0
        for count, row in questions:
            wrong = [value for number, value in enumerate(row, 1) if number != count]
            hits += sum(value >= row[count - 1] for value in wrong) < k
        assert found["at"][str(k)] == pytest.approx(100 * hits / len(questions), abs=1e-5)
    assert found["at"]["1"] == pytest.approx(found["metrics"]["top1"]["value"], abs=1e-5)
    assert np.trace(np.array(found["confusion"])) == pytest.approx(found["at"]["1"] * len(questions) / 100, abs=1e-5)


# -- end to end


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn DOTA of 8 scenes and its questions in three languages."""
    from rsdata.evaluate import remotecount as builder
    from rsdata.sample import dota

    root = tmp_path_factory.mktemp("counting")
    dota.write(root / "dota", 8, 5)
    params = {"sizes": [128, 256], "langs": ["en", "fr", "ru"]}
    builder.build(root / "dota", root / "questions", split="all", params=params, workers=1)
    return root


def command(*arguments: object) -> str:
    from rsdata.cli import app as line

    if not line.app.registered_commands:
        line._register()
    done = CliRunner().invoke(line.app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def test_the_manifest_adds_up(world: Path) -> None:
    found = json.loads((world / "questions/remotecount.json").read_text())
    records = list(corpus.open(world / "questions").records())
    assert found["questions"] == len(records) == sum(found["by_category"].values()) == sum(found["by_number"].values())
    assert len(records) >= 5 and found["drawn"] and found["split"] == "all"
    reasons = found["left_out"]["remotecount"]
    lost = sum(counts["images"] for counts in reasons.values())
    assert lost + found["images"]["asked_about"] == found["images"]["read"] == 7
    stage = corpus.open(world / "questions").stages[1].counts["objects"]
    assert stage["in"] == sum(len(r.objects) for r in records) + sum(counts["objects"] for counts in reasons.values())
    assert found["paper"]["pairs"] == 947 and len(found["questions_digest"]) == 64


def test_the_command_builds_the_validation_set_and_says_what_it_left_out(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    text = command(
        "remotecount", "build", "--root", world / "dota", "--out", out, "--sizes", "256", "--langs", "en", "-j", 1
    )
    found = json.loads((out / "remotecount.json").read_text())
    assert found["split"] == "val" and found["params"]["sizes"] == [256] and found["images"]["read"] == 1
    assert f"{found['questions']} questions on" in text and "dropped by remotecount: not-counted" in text
    again = json.loads(
        command(
            "remotecount",
            "build",
            "--root",
            world / "dota",
            "--out",
            out,
            "--sizes",
            "256",
            "--langs",
            "en",
            "--json",
            "-j",
            1,
        )
    )
    assert again == found


def model(folder: Path) -> Path:
    import tiny_train

    config = {**tiny_train.MODEL, "text_cfg": {**tiny_train.MODEL["text_cfg"], "context_length": 40}}
    return tiny_train.model(folder, config)


def test_a_random_model_counts_by_chance_from_a_corpus_and_from_its_shards_alike(world: Path, tmp_path: Path) -> None:
    questions = world / "questions"
    flags = ("--pretrained", "random", "--rounds", 50, "--json", "--out", tmp_path / "eval", "--langs", "fr,en")
    found = json.loads(command("eval", "count", model(tmp_path), "--data", questions, *flags))
    assert [row["lang"] for row in found["rows"]] == ["fr", "en"] and found["task"] == "count"
    assert found["training"]["decontaminated"] == "yes" and "no number" in found["notes"][-1]
    assert found["mean"]["metrics"]["top1"] == pytest.approx(
        np.mean([row["metrics"]["top1"]["value"] for row in found["rows"]]), abs=1e-5
    )
    (table,) = (tmp_path / "eval").glob("*.md")
    assert "What was said (fr)" in table.read_text() and "| chance |" in table.read_text()
    command("pack", questions, "--out", tmp_path / "packed", "--format", "webdataset", "-j", 1)
    shards = next((tmp_path / "packed").glob("*-pack"))
    packed = json.loads(command("eval", "count", tmp_path / "tiny.json", "--data", shards, *flags))
    assert packed["data"]["images"] == found["data"]["images"]
    assert packed["data"]["digest"] == found["data"]["digest"]
    assert packed["categories"] == found["categories"]


def test_a_model_that_counts_gets_full_marks(world: Path) -> None:
    """An encoder that knows the number of every picture, and where the number stands in every sentence."""
    from rsdata.evaluate import counting
    from rsdata.evaluate import data as sets
    from rsdata.evaluate.features import Embedded

    found = sets.read(str(world / "questions"))
    eye = np.eye(10, dtype=np.float32)
    numbers = {
        text: n for r in found.records for k in r.extra if "." in k for n, text in enumerate(r.extra[k].split("\n"))
    }

    class Knows:
        def __init__(self) -> None:
            self.card, self.batch, self.store = {"name": "knows"}, 64, None

        def images(self, data, advance):
            return Embedded(data.records, eye[[int(r.extra["count"]) - 1 for r in data.records]], [])

        def texts(self, texts):
            return eye[[numbers[text] for text in texts]]

    for form in counting.FORMS:
        done = counting.evaluate(Knows(), found, form=form, rounds=20)
        assert [row["lang"] for row in done["rows"]] == ["en", "fr", "ru"]
        for row in done["rows"]:
            assert row["metrics"]["top1"]["value"] == row["metrics"]["per_number"]["value"] == 100
            assert row["metrics"]["mae"]["value"] == 0


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"count": "2", "words.en": "a\nb"}, "2 sentences"),
        ({"count": "11", "words.en": "\n".join("abcdefghij")}, "count '11'"),
        ({"count": "2", "words.en": "\n".join("aacdefghij")}, "9 sentences"),
    ],
)
def test_what_is_no_question_is_an_error(extra: dict[str, str], problem: str) -> None:
    from rsdata.evaluate.counting import asked

    with pytest.raises(BadCorpus, match=problem):
        asked(Record("dota/val/P1@0,0,9,9", "dota", extra=extra), "en")
    assert asked(Record("dota/val/P1@0,0,9,9", "dota", extra=extra), "fr") is None


def test_errors_say_what_to_do(world: Path) -> None:
    from rsdata.evaluate import counting
    from rsdata.evaluate import data as sets

    found = sets.read(str(world / "questions"))
    with pytest.raises(BadRecipe, match=r"no questions in pt; questions has en, fr, ru"):
        counting.evaluate(None, found, langs=["pt"])  # type: ignore[arg-type]
    with pytest.raises(BadRecipe, match="words or digits"):
        counting.evaluate(None, found, form="roman")  # type: ignore[arg-type]
    plain = sets.Data("plain", [Record("a/b", "a", path="b.png")], {})
    with pytest.raises(BadCorpus, match="rsdata remotecount build"):
        counting.evaluate(None, plain)  # type: ignore[arg-type]


def test_real_dota(shared_data: Path, tmp_path: Path) -> None:
    from rsdata.evaluate import remotecount as builder

    done, found = builder.build(shared_data / "dota", tmp_path / "real", workers=1)
    records = list(corpus.open(tmp_path / "real").records())
    assert [(r.id, r.captions[0].text) for r in records] == [
        ("dota/P0706@736,832,128,128", "There are six ships in the image."),
        ("dota/P0706@608,1024,128,128", "There is one ship in the image."),
    ]
    assert found["left_out"]["read"] == {"missing-image": {"images": 5, "objects": 384}}
    assert found["left_out"]["remotecount"]["no-counted-category"] == {"images": 1, "objects": 64}
    assert found["split"] == "all" and not found["drawn"] and done.over
