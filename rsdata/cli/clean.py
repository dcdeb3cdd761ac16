"""Commands that keep a corpus clean: fingerprint, dedup, decontaminate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, NEW, ONE_CORPUS, SET, WORKERS, chosen, names, pairs

if TYPE_CHECKING:
    from rsdata.run import Summary

WHAT = Annotated[
    list[str], typer.Argument(help="A corpus; with --to: datasets (rsicd:test), folders, corpora, hash lists.")
]
DISTANCE = Annotated[int | None, typer.Option(min=0, help="Differing bits of 64; even.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (fingerprint, dedup, decontaminate):
        app.command()(command)


def fingerprint(
    what: WHAT,
    to: Annotated[Path | None, typer.Option("--to", help="Write a hash list (.parquet), or extend it.")] = None,
    root: Annotated[Path | None, typer.Option(help="The dataset's folder.", show_default=False)] = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Perceptual hash and SHA-256 of every image of a corpus; or, with --to, a hash list of a benchmark: no pixels in
    it, free to hand on, and used by `decontaminate --against`.

    Example: rsdata fingerprint rsicd:test aid --to benchmarks.parquet
    """
    if to is None:
        if len(what) != 1:
            raise typer.BadParameter("one corpus; a hash list of several things is made with --to LIST.parquet")
        with say.progress() as progress:
            done = _extended(Path(what[0]), "fingerprint", {}, out, workers, progress)
        say.summary(done, json, f"rsdata dedup {done.path}", f"rsdata decontaminate {done.path} --against found")
        return
    from rsdata import benchmarks

    with say.progress() as progress:
        made = benchmarks.hash_list(to, what, root=root, workers=workers, progress=progress)
    if json:
        say.as_json({"list": str(to), "images": len(made.rows), "hashed": made.hashed, "problems": made.problems})
        return
    say.out.print(f"{to}: {len(made.rows):,} images, {made.hashed:,} of them hashed now", soft_wrap=True)
    for line in made.problems[:20]:
        print(f"left out: {line}", file=sys.stderr)
    say.out.print(f"next: rsdata decontaminate CORPUS --against {to}", soft_wrap=True)


def dedup(
    corpus: ONE_CORPUS,
    distance: DISTANCE = None,
    within: Annotated[str | None, typer.Option(help="corpus or source.", show_default="corpus")] = None,
    method: Annotated[
        str | None, typer.Option(help="groups, or remoteclip: the paper's rule.", show_default="groups")
    ] = None,
    operator: Annotated[str | None, typer.Option(help='"<=" or "<" the distance.', show_default="<=")] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Of images that look the same keep one: that with more captions, then the larger, then the first id.

    Example: rsdata dedup corpus/dota --distance 2
    """
    given = chosen(distance=distance, within=within, method=method, operator=operator)
    with say.progress() as progress:
        done = _cleaned(corpus, "dedup", given | pairs(settings), out, workers, progress)
    say.summary(done, json, f"rsdata decontaminate {done.path} --against found", f"rsdata pack {done.path}")


def decontaminate(
    corpus: ONE_CORPUS,
    against: Annotated[
        list[str], typer.Option("--against", help="Datasets (aid,rsicd:test), folders, hash lists, or found.")
    ],
    distance: DISTANCE = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Show every pair in one HTML file.", show_default=False)
    ] = None,
    fail_on_leak: Annotated[bool, typer.Option("--fail-on-leak", help="End with exit code 1 on any leak.")] = False,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Drop every image that a benchmark holds: in all eight views, cropped, renamed or byte for byte, each with why.

    Example: rsdata decontaminate corpus/rsicd --against aid --report leaks.html
    """
    given = {"against": [name for text in against for name in names(text) or []], **chosen(distance=distance)}
    with say.progress() as progress:
        done = _cleaned(corpus, "decontaminate", given | pairs(settings), out, workers, progress)
    stage = next(s for s in reversed(done.stages) if s.name == "decontaminate")
    if report:
        from rsdata.report import leaks

        leaks.write(done.path, stage, report)
    say.summary(done, json, *([f"open {report}"] if report else []), f"rsdata pack {done.path}")
    if fail_on_leak and stage.drops:
        print(f"rsdata: {done.path}: {stage.counts['images']['dropped']:,} images are in a benchmark", file=sys.stderr)
        raise typer.Exit(1)


def _cleaned(
    corpus: Path, stage: str, params: dict[str, Any], out: Path | None, workers: int, progress: Any
) -> Summary:
    """Add a stage, and the fingerprints that it needs before it where they are not there."""
    from rsdata import corpus as corpora

    if out and (out / "corpus.yaml").is_file():  # begun before
        corpus, out = out, None
    done = [name for step in corpora.open(corpus).recipe["stages"] for name in step]
    if "fingerprint" not in done or "tile" in done[done.index("fingerprint") :]:
        _extended(corpus, "fingerprint", {}, out, workers, progress)
        corpus, out = out or corpus, None
    return _extended(corpus, stage, params, out, workers, progress)


def _extended(path: Path, stage: str, params: dict[str, Any], out: Path | None, workers: int, progress: Any) -> Summary:
    from rsdata.run import extend

    return extend(path, stage, params, out=out, workers=workers, progress=progress)
