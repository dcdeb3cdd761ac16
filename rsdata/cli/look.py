"""Commands that look and change nothing: datasets, stats, check, show, log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsdata.cli import say
from rsdata.cli.options import CORPUS, JSON, ONE_CORPUS, WORKERS

CORPORA = Path("corpus")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (datasets, stats, check, show, explain, log):
        app.command()(command)


def datasets(
    name: Annotated[str | None, typer.Argument(help="One dataset, for its card.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder to look in.", show_default="$RSDATA_DATA or data")
    ] = None,
    detect: Annotated[Path | None, typer.Option(help="Say which reader fits this folder.")] = None,
    json: JSON = False,
) -> None:
    """List the datasets that can be read, under which licence, and what is found on this disk.

    Example: rsdata datasets dota
    """
    from rsdata.report import datasets as cards

    if detect:
        found, render = cards.detect(detect), cards.render_detect
    elif name:
        found, render = cards.card(name, data), cards.render_card
    else:
        found, render = cards.listing(data), cards.render
    if json:
        say.as_json(found)
    else:
        say.out.print(render(found))


def stats(corpus: CORPUS = CORPORA, json: JSON = False) -> None:
    """Count a corpus: images, objects, captions, languages, classes, and what was dropped and why.

    Example: rsdata stats corpus/dota
    """
    from rsdata import corpus as corpora
    from rsdata.report import stats as counting

    with say.progress() as progress:
        found = [counting.stats(c, progress=progress) for c in corpora.find(corpus)]
    if json:
        say.as_json(found[0] if len(found) == 1 else {"corpora": found})
        return
    for one in found:
        say.out.print(counting.render(one))


def check(
    corpus: CORPUS = CORPORA,
    images: Annotated[bool, typer.Option("--images/--no-images", help="Or leave the images unopened.")] = True,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Open every image, hold every row against the schema, verify packed files. Exit code 1 where something is wrong.

    Example: rsdata check corpus/dota
    """
    from rsdata import corpus as corpora
    from rsdata.report import check as checking

    problems = {}
    for found in corpora.find(corpus):
        with say.progress() as progress:
            problems[str(found.path)] = checking.check(found, images=images, workers=workers, progress=progress)
    if json:
        say.as_json({"ok": not any(problems.values()), "problems": problems})
    else:
        for path, lines in problems.items():
            for line in lines:
                say.out.print(line, soft_wrap=True, markup=False)
            say.out.print(f"{path}: {len(lines)} problems" if lines else f"{path}: no problems found", soft_wrap=True)
    if any(problems.values()):
        raise typer.Exit(1)


def show(
    corpus: ONE_CORPUS,
    record: Annotated[str | None, typer.Argument(help="A record's id, or its number from 0.")] = None,
    random: Annotated[bool, typer.Option("--random", help="Any record; --seed chooses which.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of --random.")] = 0,
    label: Annotated[str | None, typer.Option(help="The first record with an object of this class.")] = None,
    source: Annotated[str | None, typer.Option(help="The first record of this source.")] = None,
    captions: Annotated[
        int | None, typer.Option(min=1, help="No picture: so many captions in all languages, with what was refused.")
    ] = None,
    png: Annotated[Path, typer.Option("--png", "-o", help="The picture to write.")] = Path("show.png"),
    json: JSON = False,
) -> None:
    """Draw one record with its boxes, mask and captions to a PNG, or print its captions in all languages.

    Example: rsdata show corpus/dota --label plane -o plane.png
    """
    from rsdata import corpus as corpora
    from rsdata.report import captions as sentences
    from rsdata.report import show as drawing

    found = drawing.pick(corpora.open(corpus), record, random=random, seed=seed, label=label, source=source)
    if captions:
        beside = sentences.beside(corpora.open(corpus), found, captions)
        say.as_json(sentences.as_data(beside)) if json else say.out.print(sentences.render(beside))
        return
    notes = drawing.save(found, corpora.open(corpus).roots, png)
    if json:
        say.as_json({"png": str(png), "notes": notes, **drawing.as_data(found)})
    else:
        say.out.print(drawing.text(found), soft_wrap=True)
        for note in notes:
            say.out.print(note, soft_wrap=True, markup=False)
        say.out.print(f"drawn: {png}", soft_wrap=True)


def explain(
    corpus: ONE_CORPUS,
    record: Annotated[str, typer.Argument(help="A record's id, or a part that only one id has; dropped ones too.")],
    json: JSON = False,
) -> None:
    """Tell the whole life of a sample: the line of every object, the facts of every caption, what was lost and why.

    Example: rsdata explain corpus/dota P0706
    """
    from rsdata import corpus as corpora
    from rsdata.report import explain as lives

    found = lives.explain(corpora.open(corpus), record)
    if json:
        say.as_json(found)
    else:
        say.out.print(lives.render(found))


def log(corpus: ONE_CORPUS, json: JSON = False) -> None:
    """List the stages of a corpus with their counts and times.

    Example: rsdata log corpus/dota
    """
    from rsdata import corpus as corpora
    from rsdata.report import log as history

    found = history.log(corpora.open(corpus))
    if json:
        say.as_json(found)
    else:
        say.out.print(history.render(found))
