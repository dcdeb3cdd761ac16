"""Commands around images of the web: web, score, keep, funnel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdata.cli import say
from rsdata.cli.options import JSON, NEW, ONE_CORPUS, OUT, REPLACE, SET, WORKERS, chosen, names, pairs

IDS = ["rsdata_id", "alt_lang", "alt_score"]  # columns of the kept rows that go with each image
MIN_SCORE = Annotated[float | None, typer.Option(help="Least score of a text.", show_default="1.0")]
ALLOW = Annotated[list[str] | None, typer.Option(help="A network that may be asked though not public: 10.0.0.0/8.")]
AGENT = Annotated[str, typer.Option(help="Added to our name for servers: a mail address or page.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (web, altfilter, score, keep, funnel):
        app.command()(command)


def web(
    table: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet of addresses and alt texts, or a folder of them.")],
    root: Annotated[
        Path | None, typer.Option(help="Where rows and images land.", show_default="$RSDATA_DATA/web/TABLE")
    ] = None,
    out: OUT = None,
    url_col: Annotated[str, typer.Option(help="Column of addresses.", show_default="told by its name")] = "",
    caption_col: Annotated[str, typer.Option(help="Column of captions.", show_default="told by its name")] = "",
    min_score: MIN_SCORE = None,
    langs: Annotated[str | None, typer.Option(help="Languages kept; all for any.", show_default="en")] = None,
    text_only: Annotated[bool, typer.Option("--text-only", help="Judge the texts, download nothing.")] = False,
    agent: AGENT = "",
    allow: ALLOW = None,
    size: Annotated[int, typer.Option(min=0, help="Longer sides are shrunk to this; 0 keeps all.")] = 1024,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for a server's answer.")] = 10.0,
    retries: Annotated[int, typer.Option(min=0, help="Further tries where that may help.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Of each download process.")] = 64,
    distributor: Annotated[str, typer.Option(help="multiprocessing, ray or pyspark.")] = "multiprocessing",
    settings: SET = None,
    workers: WORKERS = 0,
    replace: REPLACE = False,
    json: JSON = False,
) -> None:
    """Images of the web for remote sensing: judge the alt texts, download what passes, make a corpus of it.

    Example: rsdata web laion-part.parquet --agent crawl@example.org
    """
    from rsdata.services.download import Settings, check
    from rsdata.stages.altfilter import filter_table

    root = root or _root(table)
    how = Settings(size=size, timeout=timeout, retries=retries, threads=threads, processes=workers, agent=agent,
                   allow=tuple(allow or ()), distributor=distributor)  # fmt: skip
    if not text_only:
        check(how)
    given = chosen(min_score=min_score, langs=[] if langs == "all" else names(langs)) | pairs(settings)
    with say.progress() as progress:
        text = filter_table(table, root, url_col=url_col, caption_col=caption_col, allow=how.allow, progress=progress,
                            **given)  # fmt: skip
    print(f"text: {text['rows']:,} rows, {text['kept']:,} kept (in {root}/rows)", file=sys.stderr)
    if text_only:
        _show_text(text, json)
    else:
        _fetch_and_read(root, out or Path("corpus") / root.name, text, how, workers, replace, json)


def _root(table: Path) -> Path:
    from rsdata.recipe import data_folder

    return data_folder() / "web" / table.name.partition(".")[0].lower()


def _show_text(text: dict[str, Any], json: bool) -> None:
    from rsdata.report import funnel as report

    if json:
        say.as_json(text)
    else:
        say.out.print(report.render_text(text))


def _fetch_and_read(
    root: Path, out: Path, text: dict[str, Any], how: Any, workers: int, replace: bool, json: bool
) -> None:
    from dataclasses import replace as changed

    from rsdata import recipe
    from rsdata.errors import RsdataError
    from rsdata.run import run
    from rsdata.services.download import download

    if not text["kept"]:
        raise RsdataError(
            f"{root}: no row of the table passed the text rules; see {root}/text.json, or lower --min-score"
        )
    hosts = len(text["kept_by_domain"])
    print(f"download: {text['kept']:,} addresses of {hosts:,}{'+' if hosts >= 200 else ''} sites into {root}/images;"
          f" log in {root}/download.log", file=sys.stderr)  # fmt: skip
    download(root, IDS, how)
    made = recipe.make(out.name, [recipe.source("img2dataset", root)], [])
    with say.progress() as progress:  # addresses that are gone are the web's way: they do not make the run a failure
        done = run(changed(made, max_drop=1.0), out, workers=workers, replace=replace, progress=progress)
    say.summary(done, json, f"rsdata score {out} --pretrained ...", f"rsdata funnel {out}")


def altfilter(
    corpus: ONE_CORPUS,
    min_score: MIN_SCORE = None,
    langs: Annotated[str | None, typer.Option(help="Languages kept; all for any.", show_default="en")] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """The text rules of `rsdata web` over the alt captions of a corpus, whatever it was read from.

    Example: rsdata altfilter corpus/laion --min-score 1.4
    """
    from rsdata.run import extend

    given = chosen(min_score=min_score, langs=[] if langs == "all" else names(langs)) | pairs(settings)
    with say.progress() as progress:
        done = extend(corpus, "altfilter", given, out=out, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata score {done.path} --pretrained ...", f"rsdata funnel {done.path}")


def score(
    corpus: ONE_CORPUS,
    model: Annotated[str, typer.Option(help="A model of open_clip, a config file, a folder, a run.")] = "ViT-B-32",
    pretrained: Annotated[str, typer.Option(help="Its weights: a tag, or a file such as RemoteCLIP-ViT-B-32.pt.")] = "",
    device: Annotated[str | None, typer.Option(help="cpu, cuda or auto.", show_default="cpu")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images encoded at a time.", show_default="64")] = None,
    langs: Annotated[str | None, typer.Option(help="Captions that are scored; all for any.", show_default="en")] = None,
    probe: Annotated[Path | None, typer.Option(help="A fitted probe in the place of the prompts.")] = None,
    fit: Annotated[Path | None, typer.Option(help="Fit a probe on a CSV of id,label, and score nothing.")] = None,
    settings: SET = None,
    out: NEW = None,
    workers: WORKERS = 0,
    json: JSON = False,
) -> None:
    """Score captions against images, and images for showing the ground from above, by a CLIP model.

    Example: rsdata score corpus/web --model ViT-B-32 --pretrained RemoteCLIP-ViT-B-32.pt
    """
    from rsdata.run import extend

    given = chosen(device=device, batch=batch)
    if fit:
        _fit(corpus, fit, probe or Path("probe.json"), {"model": model, "pretrained": pretrained, **given}, json)
        return
    given |= chosen(langs=[] if langs == "all" else names(langs), probe=None if probe is None else str(probe))
    params = {"model": model, "pretrained": pretrained, **given, **pairs(settings)}
    with say.progress() as progress:
        done = extend(corpus, "score", params, out=out, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata funnel {done.path}", f"rsdata keep {done.path} --above-percentile 50")


def _fit(corpus: Path, labels: Path, to: Path, params: dict[str, Any], json: bool) -> None:
    from rsdata import corpus as corpora
    from rsdata.stages import score as scoring

    found = corpora.open(corpus)
    probe = scoring.fit(found.records(), found.roots, labels, to, **params)
    if json:
        say.as_json({"probe": str(to), "auc": probe.auc, "examples": probe.examples[0], "above": probe.examples[1]})
        return
    say.out.print(
        f"{to}: {probe.examples[0]} examples, {probe.examples[1]} from above; AUC {probe.auc:.4f} on left-out folds"
    )
    say.out.print(f"next: rsdata score {corpus} --probe {to}", soft_wrap=True)


def keep(
    corpus: ONE_CORPUS,
    min_similarity: Annotated[float | None, typer.Option(help="Least similarity of a caption.")] = None,
    similarity_percentile: Annotated[float | None, typer.Option(min=0, max=100, help="Percent that goes.")] = None,
    min_above: Annotated[float | None, typer.Option(help="Least probability of a view from above.")] = None,
    above_percentile: Annotated[float | None, typer.Option(min=0, max=100, help="Percent that goes.")] = None,
    per_source: Annotated[
        bool, typer.Option("--per-source/--together", help="Percentiles of each source, or all.")
    ] = True,
    out: NEW = None,
    workers: WORKERS = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the last keep: other thresholds.")
    ] = False,
    json: JSON = False,
) -> None:
    """Keep what reaches the thresholds, by the scores of `rsdata score`; with --replace, try others at once.

    Example: rsdata keep corpus/web --min-above 0.5 --similarity-percentile 30
    """
    from rsdata.run import extend

    given = chosen(min_similarity=min_similarity, similarity_percentile=similarity_percentile)
    given |= chosen(min_above=min_above, above_percentile=above_percentile) | {"per_source": per_source}
    with say.progress() as progress:
        if replace:
            done = _rekeep(corpus, given, workers, progress)
        else:
            done = extend(corpus, "keep", given, out=out, workers=workers, progress=progress)
    say.summary(done, json, f"rsdata funnel {done.path}", f"rsdata pack {done.path}")


def _rekeep(path: Path, given: dict[str, Any], workers: int, progress: Any) -> Any:
    """The corpus made again from its last keep on, with other thresholds; what came after it is given up."""
    from dataclasses import replace as changed

    from rsdata.errors import BadCorpus
    from rsdata.run import recipe_of, run

    was, _ = recipe_of(path)
    last = max((n for n, step in enumerate(was.steps) if step.name == "keep"), default=-1)
    if last < 0:
        raise BadCorpus(f"{path}: no keep stage to replace; leave out --replace")
    wanted = changed(was, steps=was.steps[:last]).then("keep", **given)
    return run(wanted, path, workers=workers, replace=True, since=last + 1, progress=progress)


def funnel(
    corpus: ONE_CORPUS,
    json: JSON = False,
) -> None:
    """How many rows of the web table every rule left, by language and site. `rsdata report` shows examples of each.

    Example: rsdata funnel corpus/web
    """
    from rsdata import corpus as corpora
    from rsdata.report import funnel as report

    found = report.funnel(corpora.open(corpus))
    if json:
        say.as_json(found)
    else:
        say.out.print(report.render(found))
