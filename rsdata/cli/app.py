"""The command line: `rsdata --help`. Commands parse, call the library and print; nothing imports this package.

Exit codes: 0 done; 1 the input is wrong (one line on stderr); 2 bad arguments; 3 done, but more was dropped than
max_drop allows; anything else is a bug and shows its traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import typer

from rsdata import __version__
from rsdata.errors import RsdataError, UnknownLayout

PANELS = {  # how `rsdata --help` groups the commands, in this order
    "Make a corpus": "run plan datasets sample convert tile m2b b2c landmarks describe translate models merge",
    "From the web": "web altfilter score keep funnel",
    "Clean it": "fingerprint dedup decontaminate balance policy",
    "Look at it": "stats check show explain report log licences",
    "Hand it on": "pack join export",
    "Train and measure": "train eval remotecount",
}

app = typer.Typer(
    name="rsdata",
    help="Build vision-language corpora for remote sensing: read datasets, make captions, pack, account for every box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"rsdata {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def _register() -> None:
    """Each module of this package adds its commands to `app`; once."""
    if app.registered_commands:
        return
    from rsdata.cli import (
        clean,
        counting,
        evaluating,
        look,
        make,
        mixing,
        models,
        places,
        recipes,
        reporting,
        share,
        training,
        web,
    )
    from rsdata.cli.options import on_engines

    building = (make, models, places, web, clean, mixing, look, reporting, share, recipes)
    for module in (*building, training, evaluating, counting):
        module.add_to(app)
    on_engines(app)
    _group()


def _group() -> None:
    """Put each command into its panel of the help, in the panel's order."""
    place = {name: (title, n) for n, (title, name) in enumerate((t, c) for t, v in PANELS.items() for c in v.split())}

    def of(command: Any) -> tuple[str, int]:
        return place.get(command.name or getattr(command.callback, "__name__", ""), ("Commands", len(place)))

    for command in app.registered_commands:
        command.rich_help_panel = of(command)[0]
    for group in app.registered_groups:
        group.rich_help_panel = of(group)[0]
    app.registered_commands.sort(key=lambda command: of(command)[1])


def main() -> None:
    """Run a command; a user's error is one line, a closed pipe is no error."""
    _register()
    try:
        app()
    except RsdataError as error:
        print(f"rsdata: {error}", file=sys.stderr)
        if isinstance(error, UnknownLayout) and error.root is not None:
            _show_layout(error.reader, error.root)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("rsdata: stopped; run the same command again to go on from here", file=sys.stderr)
        sys.exit(130)


def _show_layout(reader: str, root: Path) -> None:
    """The tree that was looked for beside what is there, and which other reader fits."""
    from rsdata.cli import say
    from rsdata.report import datasets

    say.err.print(datasets.render_layout(datasets.layout(reader, root)))


if __name__ == "__main__":
    main()
