"""Corpora with human captions, and engines that say what they are told to, for tests of translation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import drawn
import pytest

from rsdata import corpus, recipe
from rsdata.errors import BadRecipe
from rsdata.record import Caption, read_part, write_part
from rsdata.run import run
from rsdata.services import translators

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
        self.failure: Callable[[], BaseException] = KeyboardInterrupt

    def check_language(self, lang: str) -> None:
        if lang != "fr":
            raise BadRecipe(f"this model writes fr, not {lang}")

    def translate(self, texts: Sequence[str], lang: str, beam: int = 4) -> list[str]:
        if len(self.calls) >= self.fail_after:
            raise self.failure()
        self.calls.append((list(texts), beam))
        return [self.wider.get(t, self.answers[t]) if beam > 4 else self.answers[t] for t in texts]


def corpus_of(captions: list[list[str]], folder: Path) -> Path:
    """A corpus with human captions, one record a list."""
    root = drawn.dota(folder / "dota", images=len(captions))
    made = recipe.make("t", [recipe.source("dota", root)], [])
    run(recipe.Recipe(made.name, made.sources, made.steps, 0, 2), folder / "c", workers=1)
    for part in corpus.open(folder / "c").last_records.parts:
        records = read_part(part)
        for record in records:
            record.captions = [Caption(text) for text in captions[int(record.id[-4:])]]
        write_part(part, records)
    return folder / "c"


def use(monkeypatch: pytest.MonkeyPatch, engine: Scripted) -> Scripted:
    """Let the stage load this engine."""
    monkeypatch.setattr(translators, "load", lambda folder, **_: engine)
    return engine


def french(path: Path) -> list[str]:
    """The French captions of a corpus."""
    return [c.text for r in corpus.open(path).records() for c in r.captions if c.lang == "fr"]
