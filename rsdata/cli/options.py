"""The options that several commands share: one name means one thing everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

CORPUS = Annotated[Path, typer.Argument(help="A corpus folder, or a folder of them.", show_default=True)]
ONE_CORPUS = Annotated[Path, typer.Argument(help="A corpus folder.")]
OUT = Annotated[Path | None, typer.Option("--out", "-o", help="The corpus to make.", show_default="see above")]
NEW = Annotated[Path | None, typer.Option("--out", "-o", help="Start a new corpus here and leave this one as it is.")]
WORKERS = Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0 is one per core.")]
SEED = Annotated[int, typer.Option(help="Seed of every choice; the same seed gives the same bytes.")]
REPLACE = Annotated[bool, typer.Option("--replace", help="Give up stages that were made with other parameters.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
SET = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another option, by its name.")]


def chosen(**flags: Any) -> dict[str, Any]:
    """The flags that were given; a flag left out takes the stage's own default."""
    return {name: value for name, value in flags.items() if value is not None}


def pairs(settings: list[str] | None) -> dict[str, Any]:
    """`--set key=value` pairs, values read as YAML (numbers, true, lists)."""
    found: dict[str, Any] = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--set wants key=value, got {setting!r}")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise typer.BadParameter(f"--set {key}: {value!r} is no YAML value") from error
    return found


def names(text: str | None) -> list[str] | None:
    """`pt,fr` -> ["pt", "fr"]."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]
