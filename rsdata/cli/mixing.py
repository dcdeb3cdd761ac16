"""Commands that mix corpora: merge, balance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, NEW, ONE_CORPUS, REPLACE, SET, WORKERS, chosen, pairs

CAPS = Annotated[list[str] | None, typer.Option("--cap", metavar="KIND[:NAME]=N", help="At most N images.")]
WEIGHTS = Annotated[list[str] | None, typer.Option("--weight", metavar="KIND[:NAME]=P", help="Images stay with P.")]
MORE = Annotated[list[Path], typer.Argument(help="Two corpora or more.")]
INTO = Annotated[Path, typer.Option("--out", "-o", help="The corpus to make.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (merge, balance):
        app.command()(command)


def merge(
    corpora: MORE,
    out: INTO,
    prefix: Annotated[bool, typer.Option("--prefix", help="Put the corpus's name before its sources.")] = False,
    replace: REPLACE = False,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Put corpora together into a new one; each keeps its records, its log and its drops. Run again, it resumes.

    Example: rsdata merge corpus/dota corpus/dior --out corpus/both
    """
    from rsdata import merge as merging

    with say.progress() as progress:
        done = merging.merge(corpora, out, prefix=prefix, replace=replace, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata stats {out}", f"rsdata dedup {out}", f"rsdata balance {out} --cap class=1000")


def balance(
    corpus: ONE_CORPUS,
    class_share: Annotated[float | None, typer.Option(help="Thin classes in more than this share.")] = None,
    cap: CAPS = None,
    weight: WEIGHTS = None,
    stride: Annotated[int | None, typer.Option(min=1, help="Keep every n-th frame of a video.")] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Choose images by a stated rule and a seed, so that no class, source, language or platform drowns the others.

    Example: rsdata balance corpus/dota --class-share 0.1 --cap class:small_vehicle=1000 --weight source:dota=0.5
    """
    from rsdata.report import mixing
    from rsdata.run import extend

    given: dict[str, Any] = chosen(class_share=class_share, stride=stride, caps=pairs(cap), weights=pairs(weight))
    with say.progress() as progress:
        done = extend(corpus, "balance", {**given, **pairs(settings)}, out=out, workers=workers, progress=progress)
    stage = next(stage for stage in reversed(done.stages) if stage.name == "balance")
    if json:
        say.as_json({**say.as_data(done), "balance": mixing.compare(stage)})
        return
    say.out.print(mixing.render(mixing.compare(stage)))
    say.summary(done, False, f"rsdata stats {done.path}", f"rsdata pack {done.path}")
