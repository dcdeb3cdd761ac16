"""The five families of translation models, made small and at random: converted, loaded, asked in their own way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_models

from rsdata.errors import BadRecipe, BadSource
from rsdata.services import models, translators

TEXTS = ["two planes are near the river .", "many green trees are in the residential area .", "some cars ."]

# family -> codes that the card must have, the tokens before and after the pieces of a sentence
WANTED = {
    "marian": ({"pt": ""}, [], ["</s>"]),
    "m2m100": ({"pt": "__pt__", "fr": "__fr__", "zh": "__zh__", "ru": "__ru__"}, ["__en__"], ["</s>"]),
    "nllb": ({"pt": "por_Latn", "fr": "fra_Latn", "zh": "zho_Hans", "ru": "rus_Cyrl"}, ["eng_Latn"], ["</s>"]),
    "madlad": ({"pt": "<2pt>", "fr": "<2fr>", "zh": "<2zh>", "ru": "<2ru>"}, ["<2pt>"], ["</s>"]),
}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All five families, converted as `rsdata models convert` does."""
    made = {}
    for family in tiny_models.BUILDERS:
        folder = tmp_path_factory.mktemp(family)
        name = "opus-mt-en-pt" if family == "marian" else family
        source = tiny_models.make(folder / name, family)
        models.convert(source, folder / "ct2")
        made[family] = folder / "ct2"
    return made


@pytest.mark.parametrize("family", WANTED)
def test_a_family_is_told_converted_and_asked_with_its_own_tokens(converted: dict[str, Path], family: str) -> None:
    codes, before, after = WANTED[family]
    card = translators.read_card(converted[family])
    assert (card.family, card.languages) == (family, codes)
    engine = translators.load(converted[family], threads=1)
    tokens = engine.encode(TEXTS[0], "pt")
    assert tokens[: len(before)] == before and tokens[-1:] == after
    said = tokens[len(before) : -1]
    assert said[0].startswith("▁") and "".join(said).replace("▁", " ").strip() == TEXTS[0]
    assert set(tokens) <= translators.vocabulary(converted[family]), "every token is one of the model's"


@pytest.mark.parametrize("family", tiny_models.BUILDERS)
def test_a_model_gives_one_text_for_each(converted: dict[str, Path], family: str) -> None:
    engine = translators.load(converted[family], threads=1)
    found = engine.translate(TEXTS, "pt", beam=2)
    assert len(found) == 3 and all(isinstance(text, str) for text in found)
    assert found == engine.translate(TEXTS, "pt", beam=2)
    assert not any("por_Latn" in text or "__pt__" in text or "<|im_" in text for text in found)
    with pytest.raises(BadRecipe, match="not xx"):
        engine.translate(TEXTS, "xx")


def test_the_target_language_reaches_the_decoder(converted: dict[str, Path]) -> None:
    """The same sentence into two languages: the model's first token is the language asked for, and it is dropped."""
    for family in ("nllb", "m2m100"):
        engine = translators.load(converted[family], threads=1)
        pieces = [engine.encode(TEXTS[0], "fr")]
        prefix = [[engine.card.languages["fr"]]]
        raw = engine.model.translate_batch(pieces, target_prefix=prefix, beam_size=1, max_decoding_length=8)
        assert raw[0].hypotheses[0][0] == prefix[0][0]
        assert engine.decode(raw[0].hypotheses[0][1:9]) == engine.decode(
            translators._without(raw[0].hypotheses[0], prefix[0], engine.card)
        )


def test_tower_is_asked_in_a_chat(converted: dict[str, Path]) -> None:
    engine = translators.load(converted["tower"], threads=1)
    tokens = engine.encode("some cars .", "fr")
    assert (
        tokens[:2] == ["<s>", "<|im_start|>"] and tokens.count("<|im_start|>") == 2 and tokens.count("<|im_end|>") == 1
    )
    asked = engine.decode([t for t in tokens[: tokens.index("<|im_end|>")] if not t.startswith(("<s", "<|"))])
    assert "French" in asked or "rench" in asked
    assert translators.read_card(converted["tower"]).non_commercial


def test_the_first_token_must_be_the_language_asked_for(converted: dict[str, Path]) -> None:
    card = translators.read_card(converted["nllb"])
    with pytest.raises(BadSource, match="asked for por_Latn, the model began with"):
        translators._without(["fra_Latn", "▁x"], ["por_Latn"], card)


def test_a_code_outside_the_vocabulary_stops_the_load(converted: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "m"
    shutil.copytree(converted["madlad"], folder)
    card = json.loads((folder / "rsdata.json").read_text())
    card["languages"]["pt"] = "<2xx>"
    (folder / "rsdata.json").write_text(json.dumps(card))
    with pytest.raises(BadRecipe, match="'<2xx>' is not in the model's vocabulary"):
        translators.load(folder)


def test_what_cannot_be_converted_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"config\.json: cannot be read"):
        models.convert(tmp_path, tmp_path / "to")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(BadSource, match="model_type 'bert'; known: marian"):
        models.convert(tmp_path, tmp_path / "to")
    (tmp_path / "config.json").write_text('{"model_type": "marian"}')
    with pytest.raises(BadRecipe, match="quantization 'int3'"):
        models.convert(tmp_path, tmp_path / "to", quantization="int3")
    with pytest.raises(BadSource, match="the weights cannot be converted"):
        models.convert(tmp_path, tmp_path / "to")


def test_a_failed_conversion_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "hf"
    source.mkdir()
    (source / "config.json").write_text('{"model_type": "marian"}')
    with pytest.raises(BadSource):
        models.convert(source, tmp_path / "to")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hf"]


@pytest.mark.parametrize(
    ("langs", "known", "wanted"),
    [
        (["pt"], {"</s>", "▁a"}, {"pt": ""}),  # a model of one pair has no tokens
        (["pt", "fr"], {">>por<<", ">>fra<<", ">>pob<<"}, {"pt": ">>por<<", "fr": ">>fra<<"}),
        (["es"], {">>es<<", ">>pt<<"}, {"es": ">>es<<"}),  # the older models have two letters
        (["zh"], {">>cmn_Hans<<", ">>cmn_Hant<<", ">>yue<<"}, {"zh": ">>cmn_Hans<<"}),
    ],
)
def test_a_marian_model_of_many_languages_is_told_which(langs: list[str], known: set[str], wanted: dict) -> None:
    assert models.codes("marian", known, langs, Path("hf")) == ("", wanted)


def test_a_marian_model_that_lacks_the_language_is_an_error() -> None:
    with pytest.raises(BadRecipe, match=r"hf: this model writes >>fra<< >>por<<, not de \(>>deu<< >>de<<\)"):
        models.codes("marian", {">>fra<<", ">>por<<", "▁a"}, ["de"], Path("hf"))
    with pytest.raises(BadRecipe, match="langs has 'xx'; it can be pt, es"):
        models.codes("marian", {"▁a"}, ["xx"], Path("hf"))
    with pytest.raises(BadRecipe, match="a marian model does not say its languages; give --langs pt"):
        models.codes("marian", {"▁a"}, [], Path("hf"))


def test_the_commands_say_family_languages_and_licence(
    converted: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rsdata.cli import models as commands

    source = converted["nllb"].parent / "nllb"
    commands.convert(source, tmp_path / "models/n", langs=None, json=False)
    told = " ".join(capsys.readouterr().out.split())
    assert "n: nllb, nllb, CC-BY-NC-4.0, writes pt, fr, zh, ru" in told
    assert f"next: rsdata translate --langs pt --model {tmp_path}/models/n" in told
    commands.listing(tmp_path / "models", json=True)
    (row,) = json.loads(capsys.readouterr().out)["models"]
    assert (row["family"], row["languages"]["zh"], row["licence"]) == ("nllb", "zho_Hans", "CC-BY-NC-4.0")
    commands._licence_first(tmp_path / "models/n")
    assert capsys.readouterr().err == "nllb: CC-BY-NC-4.0; what it translates may not be used commercially\n"
    with pytest.raises(BadSource, match="no translation model in"):
        commands.listing(tmp_path, json=True)


def test_the_list_names_what_is_there(converted: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "nllb").symlink_to(converted["nllb"])
    (card,) = models.listing(tmp_path)
    assert (card.family, card.licence, card.non_commercial) == ("nllb", "CC-BY-NC-4.0", True)
    assert card.id.startswith("nllb@") and len(card.id) == len("nllb@") + 8
