"""A translation that is killed in the middle goes on where it was: a real CTranslate2 model, a real SIGKILL."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import drawn
import pytest
import tiny_models
from captioned import corpus_of

from rsdata import corpus
from rsdata.services import models

CHUNK = 4
SENTENCES = tiny_models.SENTENCES[::12]  # 48
WORK = """
import sys, time
from pathlib import Path
from rsdata.run import extend
from rsdata.services import translators
from rsdata.stages import translate
from rsdata.words import quality

folder, model, log, pause = sys.argv[1:]
translate.CHUNK = 4
quality.problems = lambda *_: []  # a random model says nothing that a check would let pass
asked = translators.Engine.translate

def logged(self, texts, lang, beam=4):
    with open(log, "a") as file:
        file.writelines(f"{text}\\n" for text in texts)
    found = asked(self, texts, lang, beam)
    time.sleep(float(pause))
    return found

translators.Engine.translate = logged
extend(Path(folder), "translate", {"langs": ["pt"], "model": model, "beam": 2, "threads": 1}, workers=1)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny marian model."""
    folder = tmp_path_factory.mktemp("marian")
    models.convert(tiny_models.make(folder / "opus-mt-en-pt", "marian"), folder / "ct2")
    return folder / "ct2"


def started(folder: Path, model: Path, log: Path, pause: float) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", WORK, str(folder), str(model), str(log), str(pause)]
    with log.with_suffix(".err").open("wb") as errors:
        return subprocess.Popen(arguments, stderr=errors)


def asked(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.is_file() else []


def finished(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "cache/translations.sqlite")) as file:
        return {source for (source,) in file.execute("SELECT source FROM translations")}


def test_a_killed_translation_repeats_nothing_that_was_finished(model: Path, tmp_path: Path) -> None:
    path = corpus_of([SENTENCES[n : n + 12] + SENTENCES[:2] for n in range(0, 48, 12)], tmp_path)
    whole = shutil.copytree(path, tmp_path / "whole")
    first, second, straight = (tmp_path / name for name in ("first", "second", "straight"))

    killed = started(path, model, first, 0.2)
    until = time.monotonic() + 60
    while len(asked(first)) < 4 * CHUNK and killed.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    killed.kill()
    assert killed.wait() == -9, first.with_suffix(".err").read_text()
    done = finished(path)
    assert CHUNK <= len(done) < len(SENTENCES)
    assert not any(c.lang == "pt" for r in corpus.open(path).records() for c in r.captions)

    for folder, log in ((path, second), (whole, straight)):
        again = started(folder, model, log, 0)
        assert again.wait() == 0, log.with_suffix(".err").read_text()
    assert sorted(asked(straight)) == sorted(SENTENCES)
    assert sorted(asked(second)) == sorted(set(SENTENCES) - done), "what was finished is not asked again"
    assert len(asked(first)) + len(asked(second)) <= len(SENTENCES) + CHUNK, "at most one chunk is done twice"

    records = list(corpus.open(path).records())
    assert records == list(corpus.open(whole).records())
    assert sum(c.lang == "pt" and c.origin == "mt:opus-mt-en-pt" for r in records for c in r.captions) > 0
    same = {n: b for n, b in drawn.tree(path).items() if n.startswith("01-")}
    assert same == {n: b for n, b in drawn.tree(whole).items() if n.startswith("01-")}
