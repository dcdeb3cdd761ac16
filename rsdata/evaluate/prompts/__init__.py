"""Prompts of zero-shot classification: frozen files beside this one, sentences for each class out of them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata.errors import BadRecipe
from rsdata.evaluate.classes import words_of
from rsdata.words.render import Group, Language, language

FOLDER = Path(__file__).parent
SETS = ("rsdata", "paper", "itra")


@lru_cache(maxsize=8)
def load(name: str) -> dict[str, Any]:
    """One file of prompts. Raises BadRecipe for a name that is none."""
    if name not in SETS:
        raise BadRecipe(f"eval: no prompts {name!r}; there are {', '.join(SETS)}")
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def sentences(prompts: str, lang: str, set_name: str, name: str, concept: str) -> list[str]:
    """The prompts for one class: `("rsdata", "fr", "aid", "Pond", "pond")` -> "Une image satellite d'un étang." ..."""
    table = load(prompts)
    if lang not in table["langs"]:
        raise BadRecipe(f"eval: the prompts {prompts} have no {lang}; they have {', '.join(table['langs'])}")
    key = f"{set_name}/{name}"
    if "templates" in table:
        said = table.get("names", {}).get(key) or words_of(name, concept)
        return [template.format(said) for template in table["templates"]]
    group = (Group(table["nouns"].get(key, concept), "scene"),)
    found = []
    for rule, pick, view in table["sentences"]:
        found.append(_grammar(lang).sentence(rule, {"scene": group, "view": view, "style": "full", "pick": pick}))
    return found


def unit(prompts: str) -> bool:
    """Whether sentences are made unit vectors before they are averaged."""
    return bool(load(prompts).get("unit", True))


def digest(prompts: str, lang: str, set_name: str, names: Sequence[str], concepts: Sequence[str]) -> str:
    """A hash of every sentence of a set, to be put beside its numbers."""
    said = [sentences(prompts, lang, set_name, *pair) for pair in zip(names, concepts, strict=True)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]


@lru_cache(maxsize=16)
def _grammar(lang: str) -> Language:
    """The language with the nouns of the prompt file."""
    table = language(lang).table
    more = load("rsdata")["noun"].get(lang, {})
    return Language(lang, {**table, "nouns": {**table["nouns"], **more}})
