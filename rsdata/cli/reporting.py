"""The command that makes the report: one HTML file about one corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, ONE_CORPUS, SEED, WORKERS


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(report)


def report(
    corpus: ONE_CORPUS,
    to: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("report.html"),
    samples: Annotated[int, typer.Option(min=0, max=2000, help="Images in the gallery.")] = 200,
    seed: SEED = 0,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """A corpus as one HTML file, without server or network: all counts, a gallery, duplicates, leaks, drops, licences.

    Example: rsdata report corpus/dota -o report.html
    """
    from rsdata import corpus as corpora
    from rsdata.report import html

    with say.progress() as progress:
        made = html.write(corpora.open(corpus), to, samples=samples, seed=seed, workers=workers, progress=progress)
    if json:
        say.as_json(made)
    else:
        megabytes, shown = made["bytes"] / 1e6, made["samples"]
        say.out.print(f"report: {to} ({megabytes:.1f} MB, {shown:,} images in the gallery)", soft_wrap=True)
