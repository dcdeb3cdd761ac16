"""Commands around recipes: run, plan, sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, OUT, REPLACE, WORKERS

RECIPE = Annotated[Path, typer.Argument(help="A recipe (YAML) or a corpus folder.")]
DATA = Annotated[
    Path | None, typer.Option("--data", help="Folder of the datasets.", show_default="$RSDATA_DATA or data")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, plan, sample):
        app.command()(command)


def run(
    recipe: RECIPE,
    out: OUT = None,
    data: DATA = None,
    workers: WORKERS = 0,
    replace: REPLACE = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Start though something it needs is not there.")] = False,
    json: JSON = False,
) -> None:
    """Make a whole corpus by a recipe, or bring a corpus up to date. Run again, it resumes.

    Example: rsdata run recipes/pretrain.yaml --out corpus/pretrain
    """
    from rsdata import run as runner
    from rsdata.report import plan as planning

    wanted, folder = runner.recipe_of(recipe, data)
    if not anyway:
        planning.check(wanted, out or folder)
    with say.progress() as progress:
        done = runner.run(wanted, out or folder, workers=workers, replace=replace, progress=progress)
    say.summary(done, json, *_following(done.path, [s.path.name for s in done.stages]))


def _following(path: Path, stages: list[str]) -> list[str]:
    packed = [name for name in stages if name.endswith("-pack")]
    shards = f"load it: webdataset.WebDataset('{path}/{packed[-1]}/shards/*.tar')" if packed else f"rsdata pack {path}"
    return [f"rsdata stats {path}", f"rsdata show {path} --random", f"rsdata check {path}", shards]


def plan(
    recipe: RECIPE,
    data: DATA = None,
    out: OUT = None,
    boxes: Annotated[bool, typer.Option("--boxes", help="Read every annotation to count its boxes.")] = False,
    probe: Annotated[bool, typer.Option(help="Try the stages on a few images, for counts and time.")] = True,
    json: JSON = False,
) -> None:
    """Say what a recipe would read and make, and what is missing; nothing is written.

    Example: rsdata plan recipes/pretrain.yaml
    """
    from rsdata import run as runner
    from rsdata.report import plan as planning

    wanted, folder = runner.recipe_of(recipe, data, draw=False)
    found = planning.plan(wanted, boxes=boxes, probe=probe, out=out or folder)
    if json:
        say.as_json(found)
    else:
        say.out.print(planning.render(found))


def sample(
    folder: Annotated[Path, typer.Argument(help="Where to write; a folder per dataset is made in it.")],
    only: Annotated[str | None, typer.Option(help="Datasets, such as dota,rsicd.", show_default="all")] = None,
    scenes: Annotated[int, typer.Option(min=1, help="Images of each dataset.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the drawn world.")] = 0,
    json: JSON = False,
) -> None:
    """Draw sample scenes and write them as datasets are distributed. Drawn pictures, no real imagery.

    Example: rsdata sample data
    """
    from rsdata import sample as drawing
    from rsdata.cli.options import names

    made = drawing.write(folder, scenes=scenes, seed=seed, formats=names(only))
    if json:
        say.as_json({"folder": str(folder), "drawn": True, "images": made})
        return
    for dataset, images in made.items():
        say.out.print(f"{folder}/{dataset}: {images} drawn images")
    say.out.print(f"next: RSDATA_DATA={folder} rsdata convert {next(iter(made))} --to captions", soft_wrap=True)
