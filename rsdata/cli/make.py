"""Commands that make a corpus or add a stage to one: convert, tile, m2b, b2c, pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say, share
from rsdata.cli.options import JSON, NEW, ONE_CORPUS, OUT, REPLACE, SEED, SET, WORKERS, chosen, names, pairs

RULES = Annotated[str | None, typer.Option(help="full (default) or remoteclip.", show_default=False)]
PER_IMAGE = Annotated[int | None, typer.Option(min=1, help="Captions an image.", show_default="5")]
LANGS = Annotated[str | None, typer.Option(help="Languages, such as en or en,pt,fr.", show_default="en")]
CENTRE = Annotated[float | None, typer.Option(help="Centre region, share of each side.", show_default="0.5")]
MANY = Annotated[int | None, typer.Option(help="More than this of a class is 'many'.", show_default="10")]
MIN_AREA = Annotated[int | None, typer.Option(min=0, help="Smallest component kept, in pixels.", show_default=False)]
TARGETS = ("records", "boxes", "captions")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (convert, tile, m2b, b2c, pack):
        app.command()(command)


def convert(
    dataset: Annotated[str, typer.Argument(help="A dataset's name, as `rsdata datasets` lists them.")],
    to: Annotated[str, typer.Option("--to", help="records, boxes (masks become boxes) or captions.")] = "captions",
    root: Annotated[
        Path | None, typer.Option(help="The dataset's folder.", show_default="$RSDATA_DATA/<dataset>")
    ] = None,
    out: OUT = None,
    split: Annotated[str | None, typer.Option(help="Only this split.", show_default="all")] = None,
    tile: Annotated[int | None, typer.Option(min=32, help="Cut into windows of this many pixels.")] = None,
    images: Annotated[bool, typer.Option("--images/--no-images", help="Or read annotations alone.")] = True,
    rules: RULES = None,
    per_image: PER_IMAGE = None,
    langs: LANGS = None,
    min_area: MIN_AREA = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A reader's own option.")
    ] = None,
    seed: SEED = 0,
    workers: WORKERS = 0,
    replace: REPLACE = False,
    json: JSON = False,
) -> None:
    """Read a dataset and make captions of it, in a corpus of its own (corpus/DATASET).

    Example: rsdata convert dota --root data/dota --to captions --tile 1024
    """
    from rsdata import recipe
    from rsdata.run import run

    source = recipe.source(dataset, root, split, images, pairs(options))
    steps = _steps(to, tile, chosen(min_area=min_area), chosen(rules=rules, per_image=per_image, langs=names(langs)))
    made = recipe.make(dataset, [source], steps, seed)
    with say.progress() as progress:
        done = run(made, out or Path("corpus") / dataset, workers=workers, replace=replace, progress=progress)
    say.summary(
        done, json, f"rsdata show {done.path} --random", f"rsdata stats {done.path}", f"rsdata pack {done.path}"
    )


def _steps(to: str, tile: int | None, m2b: dict[str, Any], b2c: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The stages behind `--to`: each target has those before it, too."""
    if to not in TARGETS:
        raise typer.BadParameter(f"--to wants {', '.join(TARGETS)}, got {to!r}")
    steps: list[tuple[str, dict[str, Any]]] = [("tile", {"size": tile})] if tile else []
    if to != "records":
        steps.append(("m2b", m2b))
    if to == "captions":
        steps.append(("b2c", b2c))
    return steps


def tile(
    corpus: ONE_CORPUS,
    size: Annotated[int | None, typer.Option(min=32, help="Side of a window, pixels.", show_default="1024")] = None,
    overlap: Annotated[
        int | None, typer.Option(min=0, help="Pixels that neighbours share.", show_default="200")
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help="Share of an object's area that a window must hold.", show_default=False)
    ] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Cut large images into windows; pixels stay where they are, objects are clipped and counted.

    Example: rsdata tile corpus/dota --size 1024 --overlap 200
    """
    _add(corpus, "tile", chosen(size=size, overlap=overlap, keep=keep) | pairs(settings), out, workers, json)


def m2b(
    corpus: ONE_CORPUS,
    min_area: MIN_AREA = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Mask-to-box: every connected component, or instance, of a mask becomes a box.

    Example: rsdata m2b corpus/loveda --min-area 64
    """
    _add(corpus, "m2b", chosen(min_area=min_area) | pairs(settings), out, workers, json)


def b2c(
    corpus: ONE_CORPUS,
    rules: RULES = None,
    per_image: PER_IMAGE = None,
    langs: LANGS = None,
    centre: CENTRE = None,
    many: MANY = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Box-to-caption: five sentences an image from its boxes, by the rules `full` or `remoteclip`.

    Example: rsdata b2c corpus/dota --rules remoteclip
    """
    given = chosen(rules=rules, per_image=per_image, langs=names(langs), centre=centre, many=many)
    _add(corpus, "b2c", given | pairs(settings), out, workers, json)


def pack(
    corpus: ONE_CORPUS,
    format: Annotated[
        str | None, typer.Option(help="webdataset, parquet or both.", show_default="webdataset,parquet")
    ] = None,
    shard_size: Annotated[int | None, typer.Option(min=1, help="Most samples in a shard.", show_default=False)] = None,
    gpus: Annotated[int | None, typer.Option(min=1, help="GPUs that will read the shards.", show_default=False)] = None,
    loader_workers: Annotated[int | None, typer.Option(min=1, help="Loader workers a GPU.", show_default=False)] = None,
    max_side: Annotated[
        int | None, typer.Option(min=0, help="Shrink to this longer side; 0 keeps all.", show_default=False)
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="First keep only what fits: commercial, research or redistributable.")
    ] = None,
    allow: Annotated[
        str | None, typer.Option(help="For --policy: licences, sources or models whose terms you accept.")
    ] = None,
    captions_only: Annotated[
        bool, typer.Option("--captions-only", help="Captions keyed by image, without images, for `rsdata join`.")
    ] = False,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Pack a corpus into webdataset shards and Parquet files, with manifest and dataset card.

    Example: rsdata pack corpus/dota --format webdataset --gpus 8
    """
    given = chosen(formats=names(format), shard_size=shard_size, gpus=gpus)
    given |= chosen(loader_workers=loader_workers, max_side=max_side, captions_only=captions_only or None)
    if policy:
        corpus, out = share.keep_what_fits(corpus, policy, names(allow), out, workers), None
    _add(corpus, "pack", given | pairs(settings), out, workers, json)


def _add(path: Path, stage: str, params: dict[str, Any], out: Path | None, workers: int, json: bool) -> None:
    from rsdata.run import extend

    with say.progress() as progress:
        done = extend(path, stage, params, out=out, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata show {done.path} --random", f"rsdata check {done.path}")
