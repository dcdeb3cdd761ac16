"""Commands for handing a corpus on: licences, policy, join, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import CORPUS, JSON, NEW, ONE_CORPUS, REPLACE, WORKERS, chosen, names, pairs

CORPORA = Path("corpus")
USE = Annotated[str | None, typer.Option(help="commercial, research or redistributable.", show_default="research")]
ACCEPTED = "Licences, sources or models whose terms you accept, such as none-stated,dior."


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (licences, policy, join, export):
        app.command()(command)


def licences(corpus: CORPUS = CORPORA, json: JSON = False) -> None:
    """What a corpus may be used for: by source, model and map data, and as a whole; and whom to name.

    Example: rsdata licences corpus/dota
    """
    from rsdata import corpus as corpora
    from rsdata.report import licences as rights

    found = [rights.licences(one) for one in corpora.find(corpus)]
    if json:
        say.as_json(found[0] if len(found) == 1 else {"corpora": found})
        return
    for one in found:
        say.out.print(rights.render(one))


def policy(
    corpus: ONE_CORPUS,
    use: USE = None,
    allow: Annotated[str | None, typer.Option(help=ACCEPTED, metavar="NAMES")] = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Keep only the images and captions whose licences fit a use; what it costs is counted by licence.

    Example: rsdata policy corpus/dota --use commercial --out corpus/dota-commercial
    """
    from rsdata.run import extend

    with say.progress() as progress:
        params = chosen(use=use, allow=names(allow))
        done = extend(corpus, "policy", params, out=out, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata licences {done.path}", f"rsdata pack {done.path}")


def keep_what_fits(path: Path, use: str, allow: list[str] | None, out: Path | None, workers: int) -> Path:
    """The stage `policy` before `pack --policy`; return the corpus that it was added to."""
    from rsdata import corpus as corpora
    from rsdata.run import extend

    with say.progress() as progress:
        for stage in corpora.open(path).stages:
            if stage.name == "policy" and stage.params["use"] != use:
                progress.note(f"{path}: cut down to {stage.params['use']} before; what is packed fits both")
        return extend(path, "policy", chosen(use=use, allow=allow), out=out, workers=workers, progress=progress).path


def join(
    captions: Annotated[Path, typer.Argument(help="What `pack --captions-only` wrote, or the corpus that it lies in.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The corpus to make.")],
    root: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FOLDER", help="Where the images of a dataset lie.")
    ] = None,
    skip: Annotated[str | None, typer.Option(help="Datasets to leave out, such as dota,dior.")] = None,
    check: Annotated[
        str, typer.Option(help="How a copy is told: size (pixels), bytes, hash, or look (perceptual hash).")
    ] = "bytes",
    workers: WORKERS = 0,
    replace: REPLACE = False,
    json: JSON = False,
) -> None:
    """Put captions that came without images back on your own copy of the images, every caption accounted for.

    Example: rsdata join captions/dota --root dota=data/dota --out corpus/dota
    """
    from rsdata.join import join as together

    folders = {name: Path(str(folder)) for name, folder in pairs(root).items()}
    with say.progress() as progress:
        given: dict[str, Any] = {"skip": names(skip) or (), "check": check, "workers": workers, "replace": replace}
        found = together(captions, folders, out, **given, progress=progress)
    say.as_json(found.as_dict()) if json else say.out.print(found.text(), soft_wrap=True, markup=False)
    for line in found.summary.over:
        print(f"rsdata: {found.summary.path}: {line}: more than max_drop allows", file=sys.stderr)
    if found.summary.over:
        raise typer.Exit(3)


def export(
    form: Annotated[str, typer.Argument(metavar="coco|csv", help="coco: instances and captions; csv: for open_clip.")],
    corpus: ONE_CORPUS,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")],
    langs: Annotated[str | None, typer.Option(help="Captions of these languages only.", show_default="all")] = None,
    images: Annotated[
        str, typer.Option(help="keep: name image files where they lie; write: put them into the folder.")
    ] = "keep",
    segmentation: Annotated[str, typer.Option(help="Of coco: polygon, rle or none.")] = "polygon",
    json: JSON = False,
) -> None:
    """Write a corpus for other tools: COCO JSON, or the tab-separated CSV (filepath, title) that open_clip reads.

    Example: rsdata export coco corpus/dota --out exported/dota
    """
    from rsdata import corpus as corpora
    from rsdata import export as exporting

    with say.progress() as progress:
        given: dict[str, Any] = {"langs": names(langs), "images": images, "segmentation": segmentation}
        found = exporting.export(corpora.open(corpus), form, out, **given, progress=progress)
    say.as_json(found.as_dict()) if json else say.out.print(found.text(), soft_wrap=True, markup=False)
