"""The command line: `rsdata --help`. Commands parse, call the library and print; nothing imports this package.

Exit codes: 0 done; 1 the input is wrong (one line on stderr); 2 bad arguments; 3 done, but more was dropped than
max_drop allows; anything else is a bug and shows its traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from rsdata import __version__
from rsdata.errors import RsdataError, UnknownLayout

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
    """Each module of this package adds its commands to `app`."""
    from rsdata.cli import clean, look, make, models, places, recipes, training, web

    for module in (make, models, places, web, clean, look, recipes, training):
        module.add_to(app)


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
