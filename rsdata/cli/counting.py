"""Commands about counting: remotecount build, and `count` for the group eval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import evaluating, say
from rsdata.cli.evaluating import BATCH, DEVICE, FEATURES, GELU, MODEL, PRETRAINED, ROUNDS, TEXT
from rsdata.cli.evaluating import OUT as RESULTS
from rsdata.cli.options import JSON, REPLACE, SEED, WORKERS, chosen, names

FILE = "remotecount.json"
LANGS = Annotated[str | None, typer.Option(help="Languages, such as en,fr.", show_default="all ten")]
SIZES = Annotated[str | None, typer.Option(help="Sides of windows, pixels.", show_default="128,256,512,1024")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="RemoteCLIP's counting benchmark from your own DOTA. Example: rsdata remotecount build --root data/dota",
        no_args_is_help=True,
    )
    group.command()(build)
    app.add_typer(group, name="remotecount")
    evaluating.evaluation.command("count")(count)


def build(
    root: Annotated[Path, typer.Option(help="The folder of DOTA, with its val images and labels.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The corpus to make.")] = Path("corpus/remotecount"),
    split: Annotated[str | None, typer.Option(help="Which images.", show_default="val, or all")] = None,
    version: Annotated[str | None, typer.Option(help="Of the labels, where there are several.")] = None,
    langs: LANGS = None,
    sizes: SIZES = None,
    min_side: Annotated[float | None, typer.Option(help="Of an object, pixels at 224.", show_default="6")] = None,
    per_image: Annotated[int | None, typer.Option(min=1, help="Questions an image.", show_default="4")] = None,
    alone: Annotated[bool | None, typer.Option("--alone/--not-alone", help="One category in a window.")] = None,
    workers: WORKERS = 0,
    replace: REPLACE = False,
    json: JSON = False,
) -> None:
    """Make questions "how many?" from DOTA's images: windows with 1 to 10 objects, ten sentences in ten languages.

    Example: rsdata remotecount build --root data/dota --out corpus/remotecount
    """
    from rsdata.evaluate import remotecount

    params = chosen(version=version, langs=names(langs), min_side=min_side, per_image=per_image, alone=alone)
    params |= chosen(sizes=_numbers(sizes))
    with say.progress() as progress:
        done, found = remotecount.build(
            root, out, split=split, params=params, workers=workers, replace=replace, progress=progress
        )
    if json:
        say.as_json(found)
        return
    say.out.print(_told(found), soft_wrap=True)
    say.summary(done, False, f"rsdata show {out} --random", f"rsdata eval count MODEL --data {out}")


def count(
    model: MODEL,
    data: Annotated[str, typer.Option("--data", help="What `rsdata remotecount build` made, packed or not.")],
    langs: LANGS = None,
    digits: Annotated[bool, typer.Option("--digits", help='"5 ships" instead of "five ships".')] = False,
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    text_folder: TEXT = "",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    out: RESULTS = Path("eval"),
    seed: SEED = 0,
    json: JSON = False,
) -> None:
    """How many? Of ten sentences that differ in the number, which is nearest to the picture (RemoteCount's protocol).

    Example: rsdata eval count runs/x --data corpus/remotecount --langs en,fr
    """
    from rsdata.evaluate import counting
    from rsdata.evaluate import data as sets

    found = sets.read(data)
    encoder = evaluating._encoder(model, pretrained, device, quick_gelu, text_folder, batch, features, seed)
    form = counting.FORMS[digits]
    with say.progress() as progress:
        made = counting.evaluate(
            encoder, found, langs=names(langs), form=form, rounds=rounds, seed=seed, progress=progress
        )
    about = found.about()
    evaluating._show("count", encoder, about, made, ["remotecount"], (model, pretrained), out, json, counting.confusion)


def _numbers(text: str | None) -> list[int] | None:
    """`256,512` -> [256, 512]."""
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--sizes wants whole numbers such as 256,512, got {text!r}") from error


def _told(found: dict[str, Any]) -> str:
    """What was made, in three lines."""
    images, paper = found["images"], found["paper"]
    told = (("objects", found["by_number"]), ("categories", found["by_category"]))
    lines = [f"{name}: " + ", ".join(f"{key} {n:,}" for key, n in counts.items() if n) for name, counts in told]
    head = f"{found['questions']:,} questions on {images['asked_about']:,} of {images['read']:,} images"
    return "\n".join([f"{head} (the paper's set: {paper['pairs']}); all of it in {FILE}", *lines])
