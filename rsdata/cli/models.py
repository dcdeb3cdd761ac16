"""Commands around other languages: translate, models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rsdata.cli import say
from rsdata.cli.options import CORPUS, JSON, NEW, SET, WORKERS, chosen, names, pairs

MODELS = Path("models")
models = typer.Typer(
    help="Translation models: convert published weights, list those on this disk. Example: rsdata models list models",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(translate)
    app.add_typer(models, name="models")


def translate(
    corpus: CORPUS = Path("corpus"),
    langs: Annotated[str, typer.Option(help="Languages, such as pt,fr.")] = "pt,es,fr,de,nl,it,zh,ko,ru",
    model: Annotated[
        str | None, typer.Option(help="Folder of a model, for captions that are not made from boxes.")
    ] = None,
    beam: Annotated[int | None, typer.Option(min=1, help="Hypotheses kept.", show_default="4")] = None,
    retry_beam: Annotated[int | None, typer.Option(min=1, help="For a second try.", show_default="8")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or auto.", show_default="cpu")] = None,
    threads: Annotated[int | None, typer.Option(min=0, help="0: all cores.", show_default="0")] = None,
    scores: Annotated[str | None, typer.Option(help="A table: source, text, lang, score (COMET-Kiwi's).")] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Add languages to a corpus, or to every corpus under ./corpus: captions from boxes are said again from the same
    facts, all others are translated by a model and checked.

    Example: rsdata translate corpus/rsicd --langs pt,fr --model models/nllb-200-distilled-600M
    """
    from rsdata import corpus as corpora
    from rsdata.run import extend

    if model:
        _licence_first(Path(model))
    params = chosen(model=model, beam=beam, retry_beam=retry_beam, device=device, threads=threads, scores=scores)
    for found in corpora.find(corpus):
        with say.progress() as progress:
            given = {"langs": names(langs), **params, **pairs(settings)}
            done = extend(found.path, "translate", given, out=out, workers=workers, progress=progress)
        say.summary(done, json, f"rsdata show {done.path} --random --captions 3")


def _licence_first(folder: Path) -> None:
    """Say before anything runs what the model's licence forbids."""
    from rsdata.services.translators import read_card

    card = read_card(folder)
    if card.non_commercial:
        print(f"{card.name}: {card.licence}; what it translates may not be used commercially", file=sys.stderr)


@models.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(help="A folder of Hugging Face weights.")],
    to: Annotated[Path, typer.Option("--to", help="The folder to make.")],
    quantization: Annotated[str, typer.Option(help="int8, int8_float16, int16, float16, bfloat16, float32.")] = "int8",
    family: Annotated[
        str, typer.Option(help="marian, m2m100, nllb, madlad, tower.", show_default="told from the files")
    ] = "",
    langs: Annotated[str | None, typer.Option(help="What a marian model writes, such as pt.")] = None,
    licence: Annotated[str, typer.Option(help="The weights' licence.", show_default="the family's")] = "",
    json: JSON = False,
) -> None:
    """Convert weights to CTranslate2 with a card that says family, languages and licence.

    Example: rsdata models convert hf/opus-mt-en-fr --to models/opus-mt-en-fr
    """
    from rsdata.services import models as service

    card = service.convert(source, to, quantization=quantization, family=family, licence=licence, langs=names(langs))
    if json:
        say.as_json({"folder": str(card.folder), "id": card.id, "family": card.family, "licence": card.licence})
        return
    say.out.print(f"{card.folder}: {card.name}, {card.family}, {card.licence}, writes {', '.join(card.languages)}")
    say.out.print(f"next: rsdata translate --langs {next(iter(card.languages))} --model {card.folder}", soft_wrap=True)


@models.command("list")
def listing(
    folder: Annotated[Path, typer.Argument(help="Where converted models lie.")] = MODELS,
    json: JSON = False,
) -> None:
    """List the converted models with their family, languages and licence.

    Example: rsdata models list models
    """
    from rich.table import Table

    from rsdata.services import models as service

    cards = service.listing(folder)
    if json:
        say.as_json({"models": [{k: str(v) if k == "folder" else v for k, v in vars(c).items()} for c in cards]})
        return
    table = Table("model", "family", "licence", "writes", title=f"translation models in {folder}", title_justify="left")
    for card in cards:
        table.add_row(card.name, card.family, card.licence, " ".join(card.languages))
    say.out.print(table)
