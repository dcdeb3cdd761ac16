"""Train small models on the drawn world and measure them on scenes that none of them saw: `make train-demo`.

    python tests/train_demo.py [--out runs/train-demo] [--seeds 1] [--jobs 2]

Everything is done by the command line: sample, run (read, tile, b2c, pack), train, remotecount, eval. A seed has five
models:

    english       demo.yaml, the English captions of `full`
    ten           the same images and steps, captions drawn from ten languages
    remoteclip    as english, captions by the rules of the RemoteCLIP paper
    dino, mammut  demo-dino.yaml and demo-mammut.yaml, shorter: do they learn without divergence?

The world of the test scenes has another seed; settings were chosen on worlds of further seeds. What was to be shown
(`claims`) is printed as it came out. DINO's own loss begins low, while teacher and student agree on one prototype, and
goes to the logarithm of their number (5.55 for 256) as the centre is learnt: a run of minutes ends there. Run again, it
goes on where it stopped; results.json and table.md lie in --out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "recipes"
TRAIN_WORLD, TEST_WORLD = 0, 1  # seeds of the drawn scenes; 11, 13 and 17 were used to choose settings
Result = dict[str, Any]


class Arm(NamedTuple):
    """One model: which corpus it learns from, its settings, its languages, what it is measured by."""

    corpus: str
    config: str
    langs: str
    queries: tuple[str, ...] = ("full",)
    forms: tuple[str, ...] = ("words",)


ALL = ("full", "remoteclip", "neutral"), ("words", "digits")
ARMS = {
    "english": Arm("full", "demo", "en", *ALL),
    "ten": Arm("full", "demo", "all"),
    "remoteclip": Arm("remoteclip", "demo", "en", *ALL),
    "dino": Arm("full", "demo-dino", "en"),
    "mammut": Arm("full", "demo-mammut", "en"),
}
RULES = {"full": "demo.yaml", "remoteclip": "demo-remoteclip.yaml"}


class Retrieval(NamedTuple):
    """One table of queries: whose captions, and in which languages."""

    data: str
    langs: str


QUERIES = {
    "full": Retrieval("test/corpus/full", "en,fr,ru,zh"),
    "remoteclip": Retrieval("test/corpus/remoteclip", "en"),
    "neutral": Retrieval("test/corpus/rsicd", "en"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, train, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/train-demo"))
    parser.add_argument("--seeds", type=int, default=1, help="models of each kind, with seeds 0, 1, ...")
    parser.add_argument("--jobs", type=int, default=2, help="commands at a time, one thread each")
    parser.add_argument("--scenes", type=int, default=400, help="drawn scenes; three quarters are trained on")
    parser.add_argument("--test-scenes", type=int, default=128)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument(
        "--worlds", default=f"{TRAIN_WORLD},{TEST_WORLD}", help="seeds of the scenes (to choose settings)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of every training")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    worlds = [int(seed) for seed in given.worlds.split(",")]
    both = [lambda: train_world(given.out, given.scenes, worlds[0])]
    both.append(lambda: test_world(given.out, given.test_scenes, worlds[1]))
    together(both, given.jobs)
    arms, seeds = given.arms.split(","), range(given.seeds)
    jobs = [_job(given.out, arm, seed, given.set) for seed in seeds for arm in arms]
    rows = together(jobs, given.jobs)
    found = summary(rows)
    found["seconds"] = round(time.monotonic() - began)  # of this call
    (given.out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    text = table(found)
    (given.out / "table.md").write_text(text)
    print(text)
    for line in claims(found):
        print(line)


def train_world(out: Path, scenes: int, seed: int) -> None:
    """Scenes to learn from, captioned by both rule sets and packed."""
    data = out / "train/data"
    if not (data / "done").is_file():
        rsdata("sample", data, "--only", "dota", "--scenes", scenes, "--seed", seed)
        (data / "done").touch()
    for rules, recipe in RULES.items():
        rsdata("run", RECIPES / recipe, "--out", out / "train/corpus" / rules, "-j", 1, data=data)


def test_world(out: Path, scenes: int, seed: int) -> None:
    """Scenes to measure on: captions by both rule sets, sentences of neither (the drawn RSICD), and questions."""
    data, corpora = out / "test/data", out / "test/corpus"
    if not (data / "done").is_file():
        rsdata("sample", data, "--only", "dota,rsicd", "--scenes", scenes, "--seed", seed)
        (data / "done").touch()
    for rules, recipe in RULES.items():
        rsdata("run", RECIPES / recipe, "--out", corpora / rules, "-j", 1, data=data)
    rsdata("convert", "rsicd", "--root", data / "rsicd", "--to", "records", "--out", corpora / "rsicd", "-j", 1)
    questions = ("--sizes", 256, "--split", "all", "--out", corpora / "count", "-j", 1)
    rsdata("remotecount", "build", "--root", data / "dota", *questions)


def train_and_measure(out: Path, name: str, seed: int, settings: Sequence[str] = ()) -> Result:
    """Train one model and measure it by every table; kept in the run's folder."""
    arm, run = ARMS[name], out / f"runs/{name}-{seed}"
    kept = run / "demo.json"
    if kept.is_file():
        found: Result = json.loads(kept.read_text())
        return {**found, "loss": losses(run)}
    began = time.monotonic()
    config = RECIPES / "train" / f"{arm.config}.yaml"
    more = ["--model", RECIPES / "train/demo-model.json", "--seed", seed, "--langs", arm.langs, "-o", run]
    more += [part for setting in settings for part in ("--set", setting)]
    rsdata("train", out / "train/corpus" / arm.corpus, "-c", config, *more)
    row: Result = {"arm": name, "seed": seed, "seconds": round(time.monotonic() - began), "loss": losses(run)}
    row["retrieval"] = {query: retrieval(out, run, query) for query in arm.queries}
    row["count"] = {form: count(out, run, form) for form in arm.forms}
    kept.write_text(json.dumps(row, indent=1) + "\n")
    return row


def losses(run: Path) -> Result:
    """First and last logged value of the contrastive loss and of the objective's own, and whether all are numbers."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    ends = {name: [lines[0][name], lines[-1][name]] for name in ("contrastive", "own")}
    return {**ends, "finite": all(math.isfinite(line["loss"]) for line in lines)}


def retrieval(out: Path, run: Path, query: str) -> Result:
    """language -> metrics and chance. An equal caption of another scene is right too."""
    what = QUERIES[query]
    flags = ("--langs", what.langs, "--same", "text", "--rounds", 100, "--out", out / "eval")
    found = json.loads(rsdata("eval", "retrieval", run, "--data", out / what.data, *flags, "--json"))
    return {row["lang"]: _values(row) for row in found["rows"]}


def count(out: Path, run: Path, form: str) -> Result:
    """language -> metrics, chance, and what is right without a look at the pictures."""
    digits = ("--digits",) if form == "digits" else ()
    flags = ("--langs", "en,fr", "--rounds", 100, "--out", out / "eval" / form, *digits)
    found = json.loads(rsdata("eval", "count", run, "--data", out / "test/corpus/count", *flags, "--json"))
    return {row["lang"]: _values(row) for row in found["rows"]}


def summary(rows: Sequence[Result]) -> Result:
    """Mean and spread (standard deviation over seeds; none for one seed) of every number of every model."""
    images = {query: langs["en"]["images"] for row in rows for query, langs in row["retrieval"].items()}
    images["count"] = rows[0]["count"]["words"]["en"]["images"]
    found: Result = {"arms": {}, "runs": list(rows), "images": images}
    for name in dict.fromkeys(row["arm"] for row in rows):
        mine = [_flat(row) for row in rows if row["arm"] == name]
        found["arms"][name] = {key: _spread([row[key] for row in mine]) for key in mine[0]}
    return found


def table(found: Mapping[str, Any]) -> str:
    """Markdown: a row a model, recall@1 of images by captions (t2i) and counting, chance last."""
    columns = {
        "English": "full/en/t2i_r1",
        "French": "full/fr/t2i_r1",
        "Russian": "full/ru/t2i_r1",
        "Chinese": "full/zh/t2i_r1",
        "paper's rules": "remoteclip/en/t2i_r1",
        "neither's": "neutral/en/t2i_r1",
        "neither's, mean recall": "neutral/en/mean_recall",
        "counting": "count/words/en/top1",
        "counting, digits": "count/digits/en/top1",
        "counting, French": "count/words/fr/top1",
    }
    lines = ["| model | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    for name, numbers in found["arms"].items():
        cells = [_cell(numbers[key]) if key in numbers else "" for key in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    every = {key: number for numbers in found["arms"].values() for key, number in numbers.items()}
    for name in ("chance", "blind"):
        cells = [_cell(every[f"{name}/{key}"]) if f"{name}/{key}" in every else "" for key in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cell.partition(" ")[0] for cell in cells) + " |")
    seeds = len(next(iter(found["arms"].values()))["full/en/t2i_r1"]["values"])
    images = found["images"]
    about = (
        f"Recall@1 in percent: a caption finds its scene among {images['full']:,} windows of drawn scenes that no model"
        f" saw ({images.get('neutral', 0):,} for the captions of neither rule set). Counting: {images['count']:,}"
        f" questions of ten sentences each. Seeds: {seeds}; mean ± standard deviation. Blind: the commonest number of"
        " each category, without a look at the picture."
    )
    return "\n".join([*lines, "", about]) + "\n"


def claims(found: Mapping[str, Any]) -> list[str]:
    """What was to be shown, and whether it came out; a tie is a difference below the sum of both spreads."""
    arms = found["arms"]
    lines = []
    if {"english", "ten"} <= set(arms):
        one, ten = (arms[name]["full/fr/t2i_r1"] for name in ("english", "ten"))
        lines.append(
            f"a French query, recall@1: ten languages {_cell(ten)}, English alone {_cell(one)}: {_beats(ten, one)}"
        )
    for name in ("dino", "mammut"):
        if name in arms:
            runs = [row["loss"] for row in found["runs"] if row["arm"] == name]
            held = all(loss["finite"] and loss["contrastive"][1] < loss["contrastive"][0] for loss in runs)
            fell = "; ".join(
                " and ".join("{:.2f} -> {:.2f}".format(*loss[k]) for k in ("contrastive", "own")) for loss in runs
            )
            lines.append(
                f"{name} trains without divergence (contrastive loss and its own {fell}): {'yes' if held else 'no'}"
            )
    if {"english", "remoteclip"} <= set(arms):
        for key, what in (
            ("neutral/en/mean_recall", "captions of neither rule set, mean recall"),
            ("neutral/en/t2i_r1", "captions of neither rule set, recall@1"),
            ("both/en/mean_recall", "mean recall over the queries of both rule sets"),
            ("count/best/en/top1", "counting, the better of words and digits"),
        ):
            full, paper = arms["english"][key], arms["remoteclip"][key]
            lines.append(f"full against remoteclip, {what}: {_cell(full)} and {_cell(paper)}: {_beats(full, paper)}")
    return lines


def together(jobs: Sequence[Callable[[], Any]], count: int) -> list[Any]:
    """Run jobs, `count` at a time; the first failure stops the rest."""
    with ThreadPoolExecutor(count) as pool:
        coming = [pool.submit(job) for job in jobs]
        try:
            return [future.result() for future in coming]
        finally:
            for future in coming:
                future.cancel()


def rsdata(*arguments: Any, data: Path | None = None) -> str:
    """One command, a thread of its own; its stdout. What it says on stderr is shown where it fails."""
    command = [sys.executable, "-m", "rsdata.cli.app", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    if data is not None:
        environment["RSDATA_DATA"] = str(data)
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=Path.cwd(), check=False)
    shown = " ".join(map(str, arguments[:3]))
    if done.returncode:
        sys.exit(f"train-demo: `rsdata {' '.join(map(str, arguments))}` ended with {done.returncode}:\n{done.stderr}")
    print(f"{time.monotonic() - began:6.0f} s  rsdata {shown} ...", file=sys.stderr, flush=True)
    return done.stdout


def _job(out: Path, arm: str, seed: int, settings: Sequence[str]) -> Callable[[], Result]:
    return lambda: train_and_measure(out, arm, seed, settings)


def _values(row: Mapping[str, Any]) -> Result:
    metrics = {name: metric["value"] for name, metric in row["metrics"].items()}
    blind = row["blind"]["by_category"] if "blind" in row else None
    return {"images": row["images"], "metrics": metrics, "chance": row["chance"], "blind": blind}


def _flat(row: Mapping[str, Any]) -> dict[str, float]:
    """Every number of a model under one name: full/fr/t2i_r1, count/words/en/top1, chance/..., blind/..."""
    flat: dict[str, float] = {}
    tables = {query: langs for query, langs in row["retrieval"].items()}
    tables |= {f"count/{form}": langs for form, langs in row["count"].items()}
    for name, langs in tables.items():
        for lang, numbers in langs.items():
            flat |= {f"{name}/{lang}/{metric}": value for metric, value in numbers["metrics"].items()}
            flat |= {f"chance/{name}/{lang}/{metric}": value for metric, value in numbers["chance"].items()}
            if numbers["blind"] is not None:
                flat[f"blind/{name}/{lang}/top1"] = numbers["blind"]
    if "remoteclip" in row["retrieval"]:
        flat["both/en/mean_recall"] = (flat["full/en/mean_recall"] + flat["remoteclip/en/mean_recall"]) / 2
        flat["count/best/en/top1"] = max(flat[f"count/{form}/en/top1"] for form in ("words", "digits"))
    return flat


def _spread(values: Sequence[float]) -> Result:
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "spread": spread, "values": list(values)}


def _beats(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    apart = one["mean"] - other["mean"]
    if one["spread"] is None:
        return "higher (one seed)" if apart > 0 else "lower (one seed)"
    if abs(apart) <= one["spread"] + other["spread"]:
        return "a tie"
    return "yes" if apart > 0 else "no"


def _cell(number: Mapping[str, Any]) -> str:
    digits = 1 if number["mean"] >= 1 else 2
    spread = "" if number["spread"] is None else f" ± {number['spread']:.1f}"
    return f"{number['mean']:.{digits}f}{spread}"


if __name__ == "__main__":
    main()
