"""Machine translation by CTranslate2: five families of models behind one engine.

A model is a folder that `rsdata models convert` made: CTranslate2's files, the tokenizer's, and a card, `rsdata.json`:

    {"name": "nllb-200-distilled-600M", "family": "nllb", "licence": "CC-BY-NC-4.0", "source": "eng_Latn",
     "languages": {"pt": "por_Latn", ...}, "id": "nllb-200-distilled-600M@1c0e8f2a"}

Each family asks for the target language in its own way, and none of them complains about a code it does not know (it
decodes from <unk>), so codes are held against the model's vocabulary before anything is translated.

    marian      pieces </s>                              one pair a model; several targets: >>por<< before the pieces
    m2m100      __en__ pieces </s>                       target prefix __pt__, dropped from the output
    nllb        eng_Latn pieces </s>                     target prefix por_Latn, dropped from the output
    madlad      <2pt> pieces </s>                        no prefix (T5)
    tower       a chat that asks for the translation     a decoder (Generator); languages by their English names
    characters  the letters themselves                   small transliteration models
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdata.errors import BadRecipe, BadSource, MissingExtra, ServiceError

CARD = "rsdata.json"
BATCH = {"cpu": 2048, "cuda": 16384}  # tokens of one batch, source side
MAX_SOURCE = 256  # tokens of one sentence; captions have about 20, and a longer text would be cut without a word
MAX_OUTPUT = 500  # positions that every family has
TURN = ("<|im_end|>", "<|im_start|>", "</s>")  # where a chat's answer ends
DEVICES = ("cpu", "cuda", "auto")
NON_COMMERCIAL = "NC"
NAMES = {
    "en": "English",
    "pt": "Portuguese",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "nl": "Dutch",
    "it": "Italian",
    "zh": "Chinese",
    "ko": "Korean",
    "ru": "Russian",
}


@dataclass(frozen=True)
class Card:
    """What `rsdata.json` says. `languages`: our code -> the model's own code, token or name."""

    folder: Path
    name: str
    family: str
    licence: str
    source: str
    languages: dict[str, str]
    id: str

    @property
    def non_commercial(self) -> bool:
        """Whether the licence forbids commercial use of the weights."""
        return NON_COMMERCIAL in self.licence.split("-")


@dataclass(frozen=True)
class Engine:
    """A loaded model. `translate` gives one text for each text."""

    card: Card
    model: Any
    encode: Callable[[str, str], list[str]]
    decode: Callable[[list[str]], str]

    @property
    def id(self) -> str:
        """Name and content of the model: what a remembered translation belongs to."""
        return self.card.id

    @property
    def name(self) -> str:
        """The model's name, as it stands in the origin of a caption."""
        return self.card.name

    def check_language(self, lang: str) -> None:
        """Raises BadRecipe for a language that the model cannot write."""
        if lang not in self.card.languages:
            known = ", ".join(self.card.languages)
            raise BadRecipe(f"{self.card.folder}: this model writes {known}, not {lang}; give another --model")

    def translate(self, texts: Sequence[str], lang: str, beam: int = 4) -> list[str]:
        """Translate sentences into `lang`; empty for one of more than MAX_SOURCE tokens, which is not tried.

        The model sorts them by length and batches them by tokens. Raises ServiceError where it fails.
        """
        self.check_language(lang)
        pieces = [self.encode(text, lang) for text in texts]
        fits = [index for index, tokens in enumerate(pieces) if len(tokens) <= MAX_SOURCE]
        found = [""] * len(pieces)
        if fits:
            tried = self._decoded([pieces[index] for index in fits], lang, beam)
            for index, tokens in zip(fits, tried, strict=True):
                found[index] = self.decode(tokens)
        return found

    def _decoded(self, pieces: list[list[str]], lang: str, beam: int) -> list[list[str]]:
        """Target tokens. A translation has no three times as many as its source: a loop ends there."""
        longest = min(MAX_OUTPUT, 32 + 3 * max(map(len, pieces)))
        options = {"beam_size": beam, "batch_type": "tokens", "max_batch_size": BATCH[self.model.device]}
        try:
            if self.card.family == "tower":
                return _generated(self.model, pieces, longest, options)
            prefix = [self.card.languages[lang]] if self.card.family in ("nllb", "m2m100") else []
            prefixes = [prefix] * len(pieces) if prefix else None
            done = self.model.translate_batch(
                pieces, target_prefix=prefixes, max_decoding_length=longest, max_input_length=0, **options
            )
        except RuntimeError as error:
            raise ServiceError(
                f"{self.card.folder}: the model failed ({error}); what is translated is kept: run the same command"
                " again, on another --device if it fails again"
            ) from error
        return [_without(result.hypotheses[0], prefix, self.card) for result in done]


def load(folder: Path, *, device: str = "cpu", threads: int = 0) -> Engine:
    """Load a converted model. `threads` 0: all cores. Raises BadSource, MissingExtra, BadRecipe for a bad code."""
    card = read_card(folder)
    if device not in DEVICES:
        raise BadRecipe(f"translate: device is {device!r}; it can be {', '.join(DEVICES)}")
    try:
        import ctranslate2
    except ImportError as error:
        raise MissingExtra("ctranslate2", "translate", "translating captions") from error
    _check_codes(card)
    encode, decode = TOKENIZERS[card.family](card)
    kind = ctranslate2.Generator if card.family == "tower" else ctranslate2.Translator
    try:
        model = kind(str(folder), device=device, intra_threads=threads or _cores(), compute_type="default")
    except (RuntimeError, ValueError) as error:
        raise BadSource(f"{folder}: the model cannot be loaded on {device} ({str(error).splitlines()[0]})") from error
    return Engine(card, model, encode, decode)


def _cores() -> int:
    """Cores that this process may use; CTranslate2 itself would take four at most."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_card(folder: Path) -> Card:
    """The card of a model folder."""
    file = folder / CARD
    try:
        raw = json.loads(file.read_text("utf-8"))
        return Card(folder, *(raw[key] for key in ("name", "family", "licence", "source", "languages", "id")))
    except FileNotFoundError as error:
        way = "convert the weights with `rsdata models convert HF_DIR --to DIR`"
        raise BadSource(f"{folder}: no translation model here (no {CARD}); {way}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadSource(f"{file}: not a model card ({error!r}); convert the model again") from error


def vocabulary(folder: Path, side: str = "source") -> set[str]:
    """All tokens of a CTranslate2 model, whichever file its converter wrote."""
    for name in ("shared_vocabulary", f"{side}_vocabulary", "vocabulary"):
        if (folder / f"{name}.json").is_file():
            return set(json.loads((folder / f"{name}.json").read_text("utf-8")))
        if (folder / f"{name}.txt").is_file():
            return set((folder / f"{name}.txt").read_text("utf-8").split("\n"))
    raise BadSource(f"{folder}: no vocabulary file; convert the model again")


def _check_codes(card: Card) -> None:
    """Hold the card's codes against the vocabulary: an unknown one would be decoded from <unk> without a word."""
    if card.family not in TOKENIZERS:
        raise BadSource(f"{card.folder}: unknown family {card.family!r}; known: {', '.join(TOKENIZERS)}")
    if card.family == "characters":
        return
    known = vocabulary(card.folder)
    tokens = [*card.languages.values(), *([card.source] if card.family in ("m2m100", "nllb") else [])]
    if card.family == "tower":
        tokens = ["<|im_start|>", "<|im_end|>"]
    for token in filter(None, tokens):
        if token not in known:
            raise BadRecipe(f"{card.folder}: the code {token!r} is not in the model's vocabulary; mend {CARD}")


def _generated(model: Any, prompts: list[list[str]], longest: int, options: dict[str, Any]) -> list[list[str]]:
    results = model.generate_batch(
        prompts,
        max_length=longest,
        include_prompt_in_result=False,
        end_token=["<|im_end|>", "</s>"],
        **options,
    )
    return [result.sequences[0] for result in results]


def _without(tokens: list[str], prefix: list[str], card: Card) -> list[str]:
    """Output tokens without the language token; another first token than asked for is a broken model."""
    if not prefix:
        return tokens
    if tokens[:1] != prefix:
        raise BadSource(f"{card.folder}: asked for {prefix[0]}, the model began with {tokens[:1]}; convert it again")
    return tokens[1:]


Tokenizer = tuple[Callable[[str, str], list[str]], Callable[[list[str]], str]]


def _pieces(folder: Path, *names: str) -> Any:
    try:
        import sentencepiece
    except ImportError as error:
        raise MissingExtra("sentencepiece", "translate", "translating captions") from error
    for name in names:
        if (folder / name).is_file():
            return sentencepiece.SentencePieceProcessor(str(folder / name))
    raise BadSource(f"{folder}: no tokenizer file ({' or '.join(names)}); convert the model again")


def _marian(card: Card) -> Tokenizer:
    source, target = _pieces(card.folder, "source.spm"), _pieces(card.folder, "target.spm")

    def encode(text: str, lang: str) -> list[str]:
        token = card.languages[lang]
        return [*([token] if token else []), *source.encode(text, out_type=str), "</s>"]

    return encode, target.decode


def _prefixed(card: Card) -> Tokenizer:
    pieces = _pieces(card.folder, "sentencepiece.bpe.model", "spiece.model")
    return lambda text, lang: [card.source, *pieces.encode(text, out_type=str), "</s>"], pieces.decode


def _madlad(card: Card) -> Tokenizer:
    pieces = _pieces(card.folder, "spiece.model", "sentencepiece.bpe.model")
    return lambda text, lang: [card.languages[lang], *pieces.encode(text, out_type=str), "</s>"], pieces.decode


def _tower(card: Card) -> Tokenizer:
    pieces = _pieces(card.folder, "tokenizer.model")
    newline = pieces.encode("\n", out_type=str)[-1:]  # Llama's pieces: <0x0A>

    def encode(text: str, lang: str) -> list[str]:
        name = card.languages[lang]
        ask = f"user\nTranslate the following text from English into {name}.\nEnglish: {text}\n{name}:"
        said = pieces.encode(ask, out_type=str)
        answer = pieces.encode("assistant\n", out_type=str)
        return ["<s>", "<|im_start|>", *said, "<|im_end|>", *newline, "<|im_start|>", *answer]

    def decode(tokens: list[str]) -> str:
        end = next((n for n, token in enumerate(tokens) if token in TURN), len(tokens))
        return str(pieces.decode(tokens[:end])).strip()

    return encode, decode


def _characters(card: Card) -> Tokenizer:
    return lambda text, lang: list(text), "".join


TOKENIZERS: dict[str, Callable[[Card], Tokenizer]] = {
    "marian": _marian,
    "m2m100": _prefixed,
    "nllb": _prefixed,
    "madlad": _madlad,
    "tower": _tower,
    "characters": _characters,
}
