"""show --captions: captions of all languages beside their source, and what was refused and why."""

from __future__ import annotations

import json
from pathlib import Path

import drawn
import pytest
from captioned import FRENCH, Scripted, corpus_of, use
from rich.cells import cell_len
from rich.console import Console

from rsdata import corpus, recipe
from rsdata.cli import look
from rsdata.record import Caption
from rsdata.report import captions, show
from rsdata.run import extend, run

ONE, TWO, THREE = FRENCH
WRONG = "il y a sept avions sur la piste de l'aéroport , à côté du grand terminal ."


@pytest.fixture
def translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two records; one caption refused for its number, one a copy, one good and scored."""
    path = corpus_of([list(FRENCH), [THREE]], tmp_path)
    use(monkeypatch, Scripted(FRENCH | {ONE: WRONG, TWO: TWO}))
    extend(path, "translate", {"langs": ["fr"], "model": "m"}, workers=1)
    (tmp_path / "kiwi.tsv").write_text(f"source\ttext\tlang\tscore\n{THREE}\t{FRENCH[THREE]}\tfr\t0.8125\n")
    extend(path, "translate", {"langs": ["fr"], "scores": str(tmp_path / "kiwi.tsv")}, workers=1)
    return path


def printed(path: Path, record: str, limit: int) -> list[str]:
    found = captions.beside(corpus.open(path), show.pick(corpus.open(path), record), limit)
    console = Console(width=80, force_terminal=False, highlight=False)
    with console.capture() as capture:
        console.print(captions.render(found))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_captions_stand_beside_their_source_with_the_checks_that_failed(translated: Path) -> None:
    assert printed(translated, "0", 5) == [
        "dota/P0000  3 captions",
        "",
        "1  en  there are two planes on the runway .  human",
        "   fr  refused (numbers): il y a sept avions sur la piste de l'aéroport , à côté",
        "       du grand terminal .",
        "",
        "2  en  a river flows through green fields .  human",
        "   fr  refused (copy): a river flows through green fields .",
        "",
        "3  en  many buildings are near the harbor .  human",
        "   fr  de nombreux bâtiments sont près du port .  mt:scripted 0.812",
        "",
        "01-translate refused captions of this record: mt-copy 1",
        "01-translate refused captions of this record: mt-numbers 1",
    ]
    assert printed(translated, "0", 1)[0] == "dota/P0000  1 of 3 captions"
    assert printed(translated, "1", 9)[-1] == ""


def test_without_the_memory_the_reasons_are_still_told(translated: Path) -> None:
    (translated / "cache/translations.sqlite").unlink()
    lines = printed(translated, "0", 1)
    assert lines[2:] == [
        "1  en  there are two planes on the runway .  human",
        "",
        "01-translate refused captions of this record: mt-copy 1",
        "01-translate refused captions of this record: mt-numbers 1",
    ]


def test_the_command(translated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    look.show(translated, "0", captions=2, json=True)
    found = json.loads(capsys.readouterr().out)
    assert [row["text"] for row in found["captions"]] == [ONE, TWO]
    assert found["captions"][0]["refused"] == [{"lang": "fr", "checks": ["numbers"], "text": WRONG}]
    assert (found["captions_in_all"], found["captions"][0]["translations"]) == (3, [])
    assert not Path("show.png").exists(), "no picture is drawn"


def test_captions_from_boxes_in_all_languages(tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota")
    steps = [("b2c", {"langs": ["en", "ko", "zh"]})]
    run(recipe.make("t", [recipe.source("dota", root)], steps), tmp_path / "c", workers=1)
    record = show.pick(corpus.open(tmp_path / "c"), "4")
    found = captions.beside(corpus.open(tmp_path / "c"), record, 2)
    assert [[c.lang for c in source.again] for source in found.sources] == [["ko", "zh"]] * 2
    assert all(cell_len(line) <= 80 for line in printed(tmp_path / "c", "4", 9))
    alone = [Caption("一艘船。", "zh", "b2c", "count/all"), Caption("A ship.", "en")]
    record.captions = alone  # without English, each stands for itself
    assert [s.caption for s in captions.beside(corpus.open(tmp_path / "c"), record, 5).sources] == alone
