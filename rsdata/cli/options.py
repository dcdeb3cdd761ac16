"""The options that several commands share: one name means one thing everywhere."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

CORPUS = Annotated[Path, typer.Argument(help="A corpus folder, or a folder of them.", show_default=True)]
ONE_CORPUS = Annotated[Path, typer.Argument(help="A corpus: a folder, or s3://bucket/name.")]
OUT = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The corpus to make: folder or s3:// address.", show_default="see above"),
]
NEW = Annotated[Path | None, typer.Option("--out", "-o", help="Start a new corpus here and leave this one as it is.")]
WORKERS = Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0 is one per core.")]
SEED = Annotated[int, typer.Option(help="Seed of every choice; the same seed gives the same bytes.")]
REPLACE = Annotated[bool, typer.Option("--replace", help="Give up stages that were made with other parameters.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
SET = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another option, by its name.")]


ENGINE = Annotated[str, typer.Option("--engine", help="local, or ray: every node of a Ray cluster.")]
ADDRESS = Annotated[
    str, typer.Option("--address", help="The Ray cluster, such as 10.0.0.1:6379.", show_default="a Ray started here")
]


def on_engines(app: typer.Typer) -> None:
    """Give every command that has --workers the options --engine and --address, and all of them paths such as
    s3://bucket/corpus wherever they take a path."""
    for command in app.registered_commands:
        if command.callback and "workers" in inspect.signature(command.callback).parameters:
            command.callback = _on_engine(command.callback)
        if command.callback:
            command.callback = _anywhere(command.callback)


def _anywhere(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{name: _placed(value) for name, value in kwargs.items()})

    return command


def _placed(value: Any) -> Any:
    from rsdata.place import place

    if isinstance(value, list):
        return [_placed(one) for one in value]
    return place(value) if isinstance(value, Path) else value


def _on_engine(function: Callable[..., Any]) -> Callable[..., Any]:
    own = inspect.signature(function, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter("engine", kind, default="local", annotation=ENGINE)]
    more.append(inspect.Parameter("address", kind, default="", annotation=ADDRESS))

    @functools.wraps(function)
    def command(*args: Any, engine: str, address: str, **kwargs: Any) -> Any:
        from rsdata import execute

        with execute.using(engine, address):
            return function(*args, **kwargs)

    parameters = list(own.parameters.values())
    place = next(n for n, p in enumerate(parameters) if p.name == "workers") + 1
    parameters = [p.replace(kind=kind) for p in parameters]
    signature = own.replace(parameters=[*parameters[:place], *more, *parameters[place:]])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return command


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
