"""Commands that measure a model: eval retrieval, zeroshot, probe, knn, fewshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, SEED, SET, names, pairs

evaluation = typer.Typer(
    name="eval",
    help="Measure a model. Example: rsdata eval retrieval runs/x --data rsicd",
    no_args_is_help=True,
)

MODEL = Annotated[str, typer.Argument(help="A run of `rsdata train`, open_clip's name, or a checkpoint.")]
DATA = Annotated[str, typer.Option("--data", help="A corpus, a packed folder, or a dataset such as rsicd:test.")]
ROOT = Annotated[Path | None, typer.Option("--root", help="The dataset's folder.", show_default="$RSDATA_DATA/NAME")]
SPLIT = Annotated[str | None, typer.Option(help="Only this split of the data.", show_default="all, or the protocol's")]
PRETRAINED = Annotated[str, typer.Option(help="A tag, a checkpoint, or random for a check at chance level.")]
DEVICE = Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")]
GELU = Annotated[str, typer.Option("--quick-gelu", help="yes, no, or auto: by the weights.")]
TEXT = Annotated[str, typer.Option("--text-folder", help="Hugging Face text tower on this disk.")]
BATCH = Annotated[int, typer.Option(min=1, help="Images at a time.")]
FEATURES = Annotated[Path | None, typer.Option(help="Keep vectors in this .npz file, and take them from it.")]
OUT = Annotated[Path, typer.Option("--out", "-o", help="Folder of the JSON and Markdown files.")]
LANGS = Annotated[str | None, typer.Option(help="Languages, such as en,fr.")]
SCENES = Annotated[str, typer.Option("--data", help="Scene sets such as eurosat,aid; twelve: RemoteCLIP's; a corpus.")]
RULE = Annotated[str, typer.Option(help="Split: remoteclip-1, hashed-1, own-1.", show_default="by the set")]
ROUNDS = Annotated[int, typer.Option(min=1, help="How often images are drawn again for an interval.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(evaluation, name="eval")


@evaluation.command("retrieval")
def retrieval(
    model: MODEL,
    data: DATA,
    root: ROOT = None,
    split: SPLIT = None,
    protocol: Annotated[str | None, typer.Option(help="rsicd, rsitmd, ucm_captions: for a corpus of theirs.")] = None,
    langs: LANGS = None,
    origins: Annotated[str | None, typer.Option(help="human, b2c, mt, ...: these captions alone.")] = None,
    ties: Annotated[str, typer.Option(help="pessimistic, expected or optimistic.")] = "pessimistic",
    same: Annotated[str, typer.Option(help="own, or text: an equal caption of another image is right too.")] = "own",
    capitalize: Annotated[bool | None, typer.Option("--capitalize/--as-is", show_default="the protocol's")] = None,
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    text_folder: TEXT = "",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    shuffles: Annotated[int, typer.Option(help="Deal the images out anew so often, to see chance.")] = 0,
    out: OUT = Path("eval"),
    seed: SEED = 0,
    settings: SET = None,
    json: JSON = False,
) -> None:
    """Recall at 1, 5 and 10 of captions by images and of images by captions, in each language.

    Example: rsdata eval retrieval runs/x --data rsicd --langs en
    """
    from rsdata.evaluate import protocols

    found, named = protocols.find(data, split, root, pairs(settings))
    encoder = _encoder(model, pretrained, device, quick_gelu, text_folder, batch, features, seed)
    how: dict[str, Any] = {"protocol": protocol or named, "langs": names(langs), "origins": names(origins)}
    how |= {"capitalize": capitalize, "ties": ties, "same": same, "rounds": rounds, "shuffles": shuffles, "seed": seed}
    with say.progress() as progress:
        made = protocols.run(encoder, found, **how, progress=progress)
    name = how["protocol"] or found.name
    _show("retrieval", encoder, found.about(), made, [name], (model, pretrained), out, json)


@evaluation.command("zeroshot")
def zeroshot(
    model: MODEL,
    data: SCENES,
    root: ROOT = None,
    langs: Annotated[str, typer.Option(help="en,fr,... or all: the ten.")] = "en",
    prompts: Annotated[str, typer.Option(help="rsdata (ten languages), paper or itra (RemoteCLIP's).")] = "rsdata",
    rule: RULE = "",
    part: Annotated[str, typer.Option(help="test, or all images.")] = "test",
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    text_folder: TEXT = "",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    out: OUT = Path("eval"),
    seed: SEED = 0,
    json: JSON = False,
) -> None:
    """Scene classes by their names alone: top-1, the mean over classes, what is taken for what; in each language.

    Example: rsdata eval zeroshot ViT-B-32 --pretrained openai --data eurosat,aid --langs en,fr
    """
    from rsdata.evaluate import sets

    encoder = _encoder(model, pretrained, device, quick_gelu, text_folder, batch, features, seed)
    how: dict[str, Any] = {"langs": langs, "prompt_set": prompts, "rule": rule, "part": part}
    with say.progress() as progress:
        about, made, sources = sets.run(
            "zeroshot", encoder, data, root, {**how, "rounds": rounds, "seed": seed}, progress
        )
    _show("zeroshot", encoder, about, made, sources, (model, pretrained), out, json)


@evaluation.command("probe")
def probe(
    model: MODEL,
    data: SCENES,
    root: ROOT = None,
    rule: RULE = "",
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    out: OUT = Path("eval"),
    seed: SEED = 0,
    json: JSON = False,
) -> None:
    """A linear probe of frozen images: logistic regression, its L2 chosen on validation images.

    Example: rsdata eval probe runs/x --data eurosat --features eurosat.npz
    """
    encoder = _encoder(model, pretrained, device, quick_gelu, "", batch, features, seed)
    _probing(
        "probe", encoder, data, root, {"rule": rule, "rounds": rounds, "seed": seed}, (model, pretrained), out, json
    )


@evaluation.command("knn")
def knn(
    model: MODEL,
    data: SCENES,
    root: ROOT = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Neighbours.")] = 20,
    rule: RULE = "",
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    out: OUT = Path("eval"),
    seed: SEED = 0,
    json: JSON = False,
) -> None:
    """The k nearest training images by cosine, votes weighted as DINO's.

    Example: rsdata eval knn runs/x --data eurosat --features eurosat.npz
    """
    encoder = _encoder(model, pretrained, device, quick_gelu, "", batch, features, seed)
    how = {"k": k, "rule": rule, "rounds": rounds, "seed": seed}
    _probing("knn", encoder, data, root, how, (model, pretrained), out, json)


@evaluation.command("fewshot")
def fewshot(
    model: MODEL,
    data: SCENES,
    root: ROOT = None,
    shots: Annotated[str, typer.Option(help="Training images of each class.")] = "1,2,4,8,16,32",
    repeats: Annotated[int, typer.Option(min=1, help="Draws of training images.")] = 5,
    rule: RULE = "",
    pretrained: PRETRAINED = "",
    device: DEVICE = "auto",
    quick_gelu: GELU = "auto",
    batch: BATCH = 64,
    features: FEATURES = None,
    rounds: ROUNDS = 1000,
    out: OUT = Path("eval"),
    seed: SEED = 0,
    json: JSON = False,
) -> None:
    """Linear probes from k images of each class, chosen on validation images, never on the test.

    Example: rsdata eval fewshot runs/x --data eurosat --shots 1,4,16
    """
    encoder = _encoder(model, pretrained, device, quick_gelu, "", batch, features, seed)
    how = {"shots": _whole(shots), "repeats": repeats, "rule": rule, "rounds": rounds, "seed": seed}
    _probing("fewshot", encoder, data, root, how, (model, pretrained), out, json)


def _probing(
    task: str,
    encoder: Any,
    data: str,
    root: Path | None,
    how: dict[str, Any],
    model: tuple[str, str],
    out: Path,
    json: bool,
) -> None:
    from rsdata.evaluate import sets

    with say.progress() as progress:
        about, made, sources = sets.run(task, encoder, data, root, how, progress)
    _show(task, encoder, about, made, sources, model, out, json)


def _whole(text: str) -> list[int]:
    """`1,4,16` -> [1, 4, 16]."""
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"--shots wants whole numbers such as 1,4,16, got {text!r}")
    return [int(part) for part in parts]


def _encoder(
    model: str, pretrained: str, device: str, gelu: str, text: str, batch: int, features: Path | None, seed: int
) -> Any:
    from rsdata.evaluate import features as embedding

    return embedding.load(
        model,
        pretrained,
        device=device,
        quick_gelu=gelu,
        text_folder=text,
        batch=batch,
        features=features,
        seed=seed,
    )


def _show(
    task: str,
    encoder: Any,
    about: Any,
    made: Any,
    sets: list[str],
    model: tuple[str, str],
    out: Path,
    json: bool,
    more: Callable[[dict[str, Any]], str] | None = None,
) -> None:
    """Write the result beside what is known of the training corpus, and print it; `more` is text below the table."""
    from rsdata.evaluate import provenance, report

    found = report.result(task, encoder.card, about, provenance.training(*model), made, sets)
    paths = report.write(found, out)
    text = report.markdown(found) + (f"\n{more(found)}" if more else "")
    if more:
        paths[1].write_text(text, "utf-8")
    if json:
        say.as_json(found)
        return
    say.out.print(text, soft_wrap=True, markup=False)
    say.out.print(f"written: {' '.join(map(str, paths))}", soft_wrap=True)
