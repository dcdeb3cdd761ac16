"""Commands that train: train."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, chosen, pairs

SHARDS = Annotated[
    str | None, typer.Argument(help="A packed corpus, a folder of shards, or {000000..000009}.tar.", show_default=False)
]
CONFIG = Annotated[Path | None, typer.Option("--config", "-c", help="A YAML file of settings; flags win over it.")]
SET = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of config.yaml.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(train)


def train(
    shards: SHARDS = None,
    config: CONFIG = None,
    model: Annotated[
        str | None, typer.Option(help="open_clip's name, a .json, a folder.", show_default="ViT-B-32")
    ] = None,
    pretrained: Annotated[str | None, typer.Option(help="A tag, or a checkpoint.", show_default="random")] = None,
    text_folder: Annotated[str | None, typer.Option(help="Hugging Face text tower on this disk.")] = None,
    quick_gelu: Annotated[str | None, typer.Option(help="yes, no, or by the weights.", show_default="auto")] = None,
    objective: Annotated[
        str | None, typer.Option(help="clip, siglip, clip+dino, siglip+dino, coca, mammut.", show_default="clip")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps.", show_default="one epoch")] = None,
    epochs: Annotated[float | None, typer.Option(help="Instead of steps.", show_default="1")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images a step, all processes.", show_default="256")] = None,
    accumulate: Annotated[int | None, typer.Option(min=1, help="Parts of a step.", show_default="1")] = None,
    checkpointing: Annotated[bool | None, typer.Option("--checkpointing", help="Less memory, more work.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate.", show_default="4e-5; random: 5e-4")] = None,
    warmup: Annotated[int | None, typer.Option(help="Steps.", show_default="a tenth")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16, fp16, auto.", show_default="auto")] = None,
    langs: Annotated[str | None, typer.Option(help="en or en=2,pt or all.", show_default="en")] = None,
    origins: Annotated[str | None, typer.Option(help="human=2,b2c=1.", show_default="all alike")] = None,
    workers: Annotated[int | None, typer.Option("--workers", "-j", min=0, help="Loaders.", show_default="4")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every choice.", show_default="0")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder.", show_default="runs/train")] = None,
    tensorboard: Annotated[bool | None, typer.Option("--tensorboard", help="Log for TensorBoard too.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Begin anew where a run lies in --out.")] = False,
    settings: SET = None,
    json: JSON = False,
) -> None:
    """Train a CLIP-like model from packed shards; the same command again goes on where a run stopped.

    Example: rsdata train corpus/pretrain --model ViT-B-32 --pretrained openai --steps 2000 --out runs/x
    Several GPUs: torchrun --nproc-per-node 4 -m rsdata.cli.app train corpus/pretrain ...
    """
    _needs_torch()
    from rsdata.train import config as configs
    from rsdata.train.loop import train as run

    flags = chosen(shards=shards, model=model, pretrained=pretrained, text_folder=text_folder, quick_gelu=quick_gelu)
    flags |= chosen(objective=objective, steps=steps, epochs=epochs, batch=batch, accumulate=accumulate, lr=lr)
    flags |= chosen(checkpointing=checkpointing, warmup=warmup, precision=precision, langs=langs, origins=origins)
    flags |= chosen(workers=workers, seed=seed, out=out, tensorboard=tensorboard) | pairs(settings)
    wanted, sources = configs.read(config, flags)
    if not wanted.shards:
        raise typer.BadParameter("SHARDS is missing: the folder of a packed corpus")
    done = run(wanted, sources, Report(), replace=replace)
    _summary(done, json)


def _needs_torch() -> None:
    """One line where the extra is not installed."""
    from importlib.util import find_spec

    from rsdata.errors import MissingExtra

    for package in ("torch", "open_clip"):
        if find_spec(package) is None:
            raise MissingExtra(package, "train", "training")


class Report:
    """What a run tells, as lines on stderr; on a terminal the line of the loss is written over."""

    def __init__(self) -> None:
        self.over = sys.stderr.isatty()

    def __call__(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Print one event."""
        if kind == "start":
            self.total = facts["steps"]
            print(_begin(facts), file=sys.stderr)
        elif kind == "log":
            print(_line(facts, self.total), end="\r" if self.over else "\n", file=sys.stderr, flush=True)
        elif kind == "save" and self.over:
            print(f"\nsaved step {facts['step']:,}", file=sys.stderr)


def _begin(facts: Mapping[str, Any]) -> str:
    where = f"going on from step {facts['from']:,} of" if facts["from"] else "for"
    return (
        f"training {facts['model']} ({facts['parameters']:,} weights, {facts['objective']}, {facts['precision']})"
        f" {where} {facts['steps']:,} steps of {facts['batch']:,} images,"
        f" {facts['samples']:,} samples in {facts['shards']:,} shards, {facts['processes']} x {facts['device']}"
    )


def _line(facts: Mapping[str, Any], total: int) -> str:
    left = int(facts["seconds_left"])
    clock = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
    return (
        f"step {facts['step']:,}/{total:,}  loss {facts['loss']:.4f}  {facts['images_per_second']:,.0f} images/s"
        f"  waited {facts['waited']:.0%} for data  {clock} left"
    )


def _summary(done: Mapping[str, Any], json: bool) -> None:
    import os

    if int(os.environ.get("RANK", "0")):
        return
    if json:
        say.as_json(done)
        return
    loss = done["last"].get("loss", float("nan"))
    say.out.print(f"{done['weights']}: {done['steps']:,} steps, {done['images']:,} images, last loss {loss:.4f}")
