"""Every language says the same of the drawn world: the same captions, the same numbers, the same names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from rsdata import corpus, recipe, sample
from rsdata.record import Caption, Record
from rsdata.run import run
from rsdata.stages import b2c
from rsdata.stages._facts import Options, select
from rsdata.words.render import Group, available, language

COUNTED = {"count", "other_count", "the_count", "all"}  # the amounts that say their number
NO_FORMS = {"gender", "article", "counter", "mass_number", "mass_gender", "altro"}
FORMATS = sample.BASIC


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """The records of two scenes of each basic format, objects found in masks too."""
    folder = tmp_path_factory.mktemp("world")
    sample.write(folder / "data", scenes=2)
    sources = [recipe.source(name, folder / "data" / name) for name in FORMATS]
    run(recipe.make("world", sources, [("m2b", {})]), folder / "c", workers=1)
    return list(corpus.open(folder / "c").records())


def groups(facts: dict[str, Any]) -> list[Group]:
    return [group for value in facts.values() if isinstance(value, tuple) for group in value]


def says_number(code: str, text: str, n: int) -> bool:
    """In digits, or in a word of the language's own file."""
    if str(n) in re.findall(r"\d+", text):
        return True
    words = {form.casefold() for form in language(code)._numbers.get(n, {}).values()}
    if code in ("zh", "ko"):
        return any(word in text for word in words)
    return bool(words & set(re.findall(r"\w+", text.casefold())))


def says_name(code: str, text: str, concept: str) -> bool:
    """In any form that the language's file has for the concept."""
    forms = {form for key, form in language(code).noun(concept).items() if key.split(".")[0] not in NO_FORMS}
    return any(form and form.casefold() in text.casefold() for form in forms)


def wrong(code: str, caption: Caption, facts: dict[str, Any]) -> Iterator[str]:
    """What of the facts a caption does not say."""
    for group in groups(facts):
        if group.amount in COUNTED and not says_number(code, caption.text, group.n):
            yield f"{code}: {group.n} {group.concept} is not in {caption.text!r}"
        if not says_name(code, caption.text, group.concept):
            yield f"{code}: {group.concept} is not in {caption.text!r}"
    if "gsd" in facts and str(facts["gsd"]) not in caption.text.replace(",", "."):
        yield f"{code}: {facts['gsd']} is not in {caption.text!r}"


@pytest.mark.parametrize("rules", ["full", "remoteclip"])
def test_numbers_and_names_agree_in_every_language(world: list[Record], rules: str) -> None:
    codes = available()
    problems: list[str] = []
    held = dict.fromkeys(codes, 0)
    for record in b2c.run(world, rules=rules, langs=codes, drop_empty=True):
        if not isinstance(record, Record):
            continue
        facts = {text: (rule, said) for rule, said, text in select(record, Options.of(record.extra["b2c"]))}
        for code in codes:
            mine = [c for c in record.captions if c.origin == "b2c" and c.lang == code]
            sources = [c if c.of is None else record.captions[c.of] for c in mine]
            assert [c.text for c in sources] == list(facts), f"{record.id} {code}: not the captions that English has"
            for caption, source in zip(mine, sources, strict=True):
                rule, said = facts[source.text]
                assert caption.rule == rule
                problems += wrong(code, caption, dict(said))
                held[code] += sum(group.amount in COUNTED for group in groups(dict(said)))
    assert problems == []
    assert set(codes) >= {"en", "pt", "es", "fr", "de", "nl", "it", "zh", "ko", "ru"}
    assert len(set(held.values())) == 1 and held["en"] >= 15, held


def test_a_wrong_number_or_name_would_be_seen() -> None:
    facts = {"things": (Group("ship", "count", 3), Group("storage_tank", "a", 1))}
    assert list(wrong("fr", Caption("L'image montre trois navires et un réservoir de stockage."), facts)) == []
    assert len(list(wrong("fr", Caption("L'image montre quatre navires et un réservoir de stockage."), facts))) == 1
    assert len(list(wrong("de", Caption("Das Bild zeigt drei Schiffe und eine Brücke."), facts))) == 1
    assert len(list(wrong("ru", Caption("На снимке видны 13 кораблей."), facts))) == 2
