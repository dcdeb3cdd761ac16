"""Translation models on this disk: conversion of published weights to CTranslate2, and a list of what is there.

Codes of NLLB-200 and M2M100 as in their tokenizers, of MADLAD-400 as in its paper; licences as their cards say.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

from rsdata.errors import BadRecipe, BadSource, MissingExtra
from rsdata.services.translators import CARD, NAMES, Card, read_card, vocabulary

NLLB = {
    "pt": "por_Latn",
    "es": "spa_Latn",
    "fr": "fra_Latn",
    "de": "deu_Latn",
    "nl": "nld_Latn",
    "it": "ita_Latn",
    "zh": "zho_Hans",
    "ko": "kor_Hang",
    "ru": "rus_Cyrl",
}
CODES = tuple(NLLB)
# OPUS-MT names its targets by ISO 639-3, some with a script
MARIAN = {lang: (code[:3],) for lang, code in NLLB.items()} | {"zh": ("cmn_Hans", "zho_Hans", "cmn", "zho")}
LICENCES = {
    "marian": "CC-BY-4.0",
    "m2m100": "MIT",
    "nllb": "CC-BY-NC-4.0",
    "madlad": "Apache-2.0",
    "tower": "CC-BY-NC-4.0",
}
TOKENIZER_FILES = ("source.spm", "target.spm", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model")
QUANTIZATIONS = ("int8", "int8_float16", "int16", "float16", "bfloat16", "float32")


def convert(
    source: Path,
    target: Path,
    *,
    quantization: str = "int8",
    family: str = "",
    licence: str = "",
    langs: list[str] | None = None,
    name: str = "",
) -> Card:
    """Convert a folder of Hugging Face weights to a folder that `load` reads.

    family: told from config.json where empty. langs: what a marian model writes (its pair is not in its files; told
    from a name such as opus-mt-en-pt where it can). Raises BadSource, BadRecipe, MissingExtra.
    """
    config = _config(source)
    family = family or detect(config, source)
    if family not in LICENCES:
        raise BadRecipe(f"{source}: family {family!r}; known: {', '.join(LICENCES)}")
    if quantization not in QUANTIZATIONS:
        raise BadRecipe(f"quantization {quantization!r}; known: {', '.join(QUANTIZATIONS)}")
    if target.exists() and any(target.iterdir()):
        raise BadRecipe(f"{target}: not empty; give another --to")
    name = name or str(config.get("_name_or_path") or "").rpartition("/")[2] or source.resolve().name
    card: dict[str, Any] = {"name": name, "family": family, "licence": licence or LICENCES[family]}
    made = target.with_name(target.name + ".tmp")
    shutil.rmtree(made, ignore_errors=True)
    try:
        _run_converter(source, made, quantization)
        card["source"], card["languages"] = codes(family, vocabulary(made), langs or _pair(name), source)
        card["id"] = f"{name}@{_digest(made)}"
        (made / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
        made.replace(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return read_card(target)


def detect(config: dict[str, Any], source: Path) -> str:
    """The family of weights, from config.json and, to tell NLLB from M2M100, from the tokenizer's tokens."""
    kind = str(config.get("model_type"))
    if kind == "m2m_100":
        text = "".join(p.read_text("utf-8") for p in sorted(source.glob("*token*.json")))
        return "nllb" if "eng_Latn" in text else "m2m100"
    found = {"marian": "marian", "t5": "madlad", "llama": "tower", "mistral": "tower"}.get(kind)
    if not found:
        raise BadSource(f"{source}/config.json: model_type {kind!r}; known: marian, m2m_100, t5, llama, mistral")
    return found


def codes(family: str, known: set[str], langs: list[str], where: Path) -> tuple[str, dict[str, str]]:
    """The source code and our code -> the model's, as far as the vocabulary has them."""
    if family == "marian":
        if not langs:
            raise BadRecipe(f"{where}: a marian model does not say its languages; give --langs pt")
        return "", {lang: _marian_token(lang, known, where) for lang in langs}
    if family == "tower":
        return "en", {lang: NAMES[lang] for lang in CODES}
    start, wanted = {
        "nllb": ("eng_Latn", NLLB),
        "m2m100": ("__en__", {lang: f"__{lang}__" for lang in CODES}),
        "madlad": ("", {lang: f"<2{lang}>" for lang in CODES}),
    }[family]
    found = {lang: code for lang, code in wanted.items() if code in known}
    if not found or (start and start not in known):
        raise BadSource(f"{where}: the vocabulary has none of {', '.join(wanted.values())}; is it really {family}?")
    return start, found


def listing(folder: Path) -> list[Card]:
    """The converted models right below a folder, or the one it is. Raises BadSource where there is none."""
    found = [read_card(file.parent) for file in sorted([*folder.glob(CARD), *folder.glob(f"*/{CARD}")])]
    if not found:
        raise BadSource(f"{folder}: no translation model in here; `rsdata models convert HF_DIR --to {folder}/NAME`")
    return found


def _marian_token(lang: str, known: set[str], where: Path) -> str:
    """`>>por<<` where the model writes several languages; empty for a model of one pair."""
    if lang not in MARIAN:
        raise BadRecipe(f"{where}: langs has {lang!r}; it can be {', '.join(MARIAN)}")
    tokens = [f">>{code}<<" for code in (*MARIAN[lang], lang)]
    there = sorted(token for token in known if token.startswith(">>") and token.endswith("<<"))
    if there and not set(tokens) & set(there):
        raise BadRecipe(f"{where}: this model writes {' '.join(there[:12])}, not {lang} ({' '.join(tokens)})")
    return next((token for token in tokens if token in known), "")


def _pair(name: str) -> list[str]:
    """`opus-mt-en-pt` -> ["pt"]; nothing where the name says no pair."""
    parts = name.lower().split("-")
    after = parts[parts.index("en") + 1 :] if "en" in parts else []
    return [code for code in after if code in CODES]


def _config(source: Path) -> dict[str, Any]:
    file = source / "config.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadSource(f"{file}: cannot be read; wanted a folder of Hugging Face weights with config.json") from error
    return found


def _run_converter(source: Path, target: Path, quantization: str) -> None:
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401 - the converter swallows the error where one of the two is missing
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise MissingExtra("transformers", "models", "converting translation models") from error
    files = [name for name in TOKENIZER_FILES if (source / name).is_file()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converter = TransformersConverter(str(source), copy_files=files, low_cpu_mem_usage=True)
            converter.convert(str(target), quantization=quantization, force=True)
    except (OSError, ValueError, KeyError) as error:
        raise BadSource(f"{source}: the weights cannot be converted ({str(error).splitlines()[0]})") from error


def _digest(folder: Path) -> str:
    """Eight hex digits of the weights: two conversions of one name are told apart."""
    with (folder / "model.bin").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]
