"""Commands that write captions from facts: landmarks, describe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, NEW, ONE_CORPUS, OUT, REPLACE, SEED, WORKERS, chosen, names, pairs

if TYPE_CHECKING:
    from rsdata.corpus import Corpus

LLM = Annotated[str | None, typer.Option(help="template, gemini, gemini-legacy or openai.", show_default="template")]
MODEL = Annotated[str | None, typer.Option(help="The model's name, such as gemini-2.5-flash.")]
ENDPOINT = Annotated[str | None, typer.Option(help="Address of the service, such as http://localhost:8000/v1.")]
IMAGE = Annotated[bool | None, typer.Option("--with-image/--without-image", help="Send the picture, too.")]
RPM = Annotated[float | None, typer.Option(min=0, help="Requests a minute, 0: no limit.", show_default="60")]
BUDGET = Annotated[float | None, typer.Option(min=0, help="Dollars that this corpus may cost in all.")]
REPLAY = Annotated[bool | None, typer.Option("--replay", help="Ask nothing; use the answers that are kept.")]
DRY = Annotated[bool, typer.Option("--dry-run", help="State requests, tokens and cost; ask nothing.")]
EXPORT = Annotated[Path | None, typer.Option("--batch-export", help="Write the questions as a batch (JSONL) and stop.")]
IMPORT = Annotated[Path | None, typer.Option("--batch-import", help="Take in the answers of a batch first.")]
SET = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Another option of the stage or the writer, such as tpm=100000."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (landmarks, describe):
        app.command()(command)


def landmarks(
    scenes: Annotated[Path, typer.Argument(help="A folder of rasters or map tiles, or a corpus.")],
    landmarks: Annotated[
        list[str] | None,
        typer.Option("--landmarks", "-l", help="Map features, file or folder; again for more.", show_default=False),
    ] = None,
    reader: Annotated[str, typer.Option(help="How a folder is read: geotiff, tiles, spacenet, ...")] = "geotiff",
    ground: Annotated[float | None, typer.Option(min=0, help="Window side in metres.", show_default="whole")] = None,
    near: Annotated[float | None, typer.Option(min=0, help="Name what lies so near, metres.", show_default="0")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of features that tell none, such as town.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of files that carry none.")] = None,
    langs: Annotated[str | None, typer.Option(help="Languages, such as en,pt.", show_default="en")] = None,
    per_image: Annotated[int | None, typer.Option(min=1, help="Captions an image.", show_default="5")] = None,
    google_allowed: Annotated[
        bool | None, typer.Option("--google-allowed", help="You state the right to use Google's places.")
    ] = None,
    llm: LLM = None,
    model: MODEL = None,
    endpoint: ENDPOINT = None,
    with_image: IMAGE = None,
    rpm: RPM = None,
    budget: BUDGET = None,
    replay: REPLAY = None,
    dry_run: DRY = False,
    batch_export: EXPORT = None,
    batch_import: IMPORT = None,
    settings: SET = None,
    out: OUT = None,
    seed: SEED = 0,
    workers: WORKERS = 0,
    replace: REPLACE = False,
    json: JSON = False,
) -> None:
    """Caption georeferenced images by what a map has in them: by template, offline, or by a language model, checked.

    Example: rsdata landmarks scenes/ --landmarks city.osm.pbf --ground 500 --langs en,fr
    """
    writer = chosen(llm=llm, model=model, endpoint=endpoint, with_image=with_image, rpm=rpm, budget=budget)
    files = landmarks and [str(Path(name).absolute()) for name in landmarks]  # found again from another folder
    params = chosen(landmarks=files, ground=ground, near=near, kind=kind, licence=licence, per_image=per_image)
    params |= chosen(langs=names(langs), google_allowed=google_allowed)
    params = _with_writer(params, writer | chosen(replay=replay), settings)
    made = _Made(scenes, reader, out, seed, workers, replace, json)
    if dry_run or batch_export or batch_import:
        _ahead(made.read(), "landmarks", params, dry_run, batch_export, batch_import, json)
    if not (dry_run or batch_export):
        made.run("landmarks", params)


def describe(
    corpus: ONE_CORPUS,
    captions: Annotated[int | None, typer.Option(min=1, help="Captions an image.", show_default="2")] = None,
    llm: LLM = None,
    model: MODEL = None,
    endpoint: ENDPOINT = None,
    with_image: IMAGE = None,
    rpm: RPM = None,
    budget: BUDGET = None,
    replay: REPLAY = None,
    dry_run: DRY = False,
    batch_export: EXPORT = None,
    batch_import: IMPORT = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """A language model writes captions from each record's facts; what is not true of them is refused and counted.

    Example: rsdata describe corpus/dota --llm openai --model qwen3 --endpoint http://localhost:8000/v1
    """
    from rsdata import corpus as corpora

    writer = chosen(llm=llm, model=model, endpoint=endpoint, with_image=with_image, rpm=rpm, budget=budget)
    params = _with_writer(chosen(captions=captions), writer | chosen(replay=replay), settings)
    if dry_run or batch_export or batch_import:
        _ahead(corpora.open(corpus), "describe", params, dry_run, batch_export, batch_import, json)
    if not (dry_run or batch_export):
        _Made(corpus, "", out, 0, workers, False, json).run("describe", params)


def _with_writer(params: dict[str, Any], writer: dict[str, Any], settings: list[str] | None) -> dict[str, Any]:
    """The stage's parameters; flags and settings that are the writer's go into it."""
    from rsdata.stages._asking import Asking

    more = pairs(settings)
    writer |= {key: more.pop(key) for key in list(more) if key in Asking._fields}
    return params | more | ({"writer": writer} if writer else {})


class _Made:
    """A corpus to be read from a folder of images, or one that is there, and a stage to be added to it."""

    def __init__(
        self, path: Path, reader: str, out: Path | None, seed: int, workers: int, replace: bool, json: bool
    ) -> None:
        self.path, self.reader, self.out, self.seed = path, reader, out, seed
        self.workers, self.replace, self.json = workers, replace, json
        self.is_corpus = (path / "corpus.yaml").is_file()

    def read(self) -> Corpus:
        """The corpus as it is, or with the images of the folder read."""
        from rsdata import corpus as corpora

        return corpora.open(self.path if self.is_corpus else self._convert([]).path)

    def run(self, stage: str, params: dict[str, Any]) -> None:
        """Add the stage and print what it did."""
        from rsdata.run import extend

        if self.is_corpus:
            with say.progress() as progress:
                done = extend(self.path, stage, params, out=self.out, workers=self.workers, progress=progress)
        else:
            done = self._convert([(stage, params)])
        say.summary(done, self.json, f"rsdata show {done.path} --random", f"rsdata pack {done.path}")

    def _convert(self, steps: list[tuple[str, dict[str, Any]]]) -> Any:
        from rsdata import recipe
        from rsdata.run import run

        made = recipe.make(self.path.name, [recipe.source(self.reader, self.path)], steps, self.seed)
        out = self.out or Path("corpus") / (self.path.resolve().name or self.reader)
        with say.progress() as progress:
            return run(made, out, workers=self.workers, replace=self.replace, progress=progress)


def _ahead(
    found: Corpus,
    stage: str,
    params: dict[str, Any],
    dry_run: bool,
    batch_export: Path | None,
    batch_import: Path | None,
    json: bool,
) -> None:
    """What is done before a model is asked, or instead: take a batch's answers in, state the cost, write a batch."""
    from rsdata.stages import _asking, complete, load

    module, complete_params = load(stage), complete(stage, params)
    records = [s for s in found.stages if not s.sink and s.name != stage][-1]
    out = found.path / stage
    how, asks = module.asks(records.parts, out=out, roots=found.roots, params=complete_params)
    told: dict[str, Any] = {"stage": stage, "llm": how.llm, "model": how.model}
    if batch_import:
        told["answers"], told["failed"] = _asking.take_in(how, out, batch_import)
    if batch_export:
        told["requests"], told["file"] = _asking.export(how, asks, out, batch_export), str(batch_export)
    elif dry_run:
        told |= _asking.plan(how, asks, out)._asdict()
    last = dry_run or batch_export is not None  # else the stage follows, and stdout is for what it says
    if json and last:
        say.as_json(told)
        return
    for name, value in told.items():
        said = (
            "unknown: give price_in and price_out" if value is None else f"{value:,}" if value != str(value) else value
        )
        (say.out if last else say.err).print(f"{name.replace('_', ' '):<12} {said}", soft_wrap=True, markup=False)
