"""Coverage-guided fuzzing of one target with atheris: python tests/fuzz/fuzz_run.py voc --runs 20000 --seconds 30

Without a target: the names of all. The exit code is 0 where nothing was found; else the traceback is on stderr, and the
input in ./crash-*.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rsdata.readers", "rsdata.geometry"]):
    import fuzz_targets
from fuzz_mutate import mutate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target", nargs="?")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rsdata-fuzz-"))
    if given.target is None:
        print(*fuzz_targets.parsers(folder), *fuzz_targets.reader_targets(folder), sep="\n")
        return
    reader = given.target.startswith("read:")
    if reader:
        run = fuzz_targets.Reader(folder, given.target.removeprefix("read:"))
        seeds = run.seeds()
    else:
        run, seeds = fuzz_targets.parsers(folder, given.target)[given.target]
    corpus = folder / "corpus"
    corpus.mkdir()
    for n, seed in enumerate(seeds):
        (corpus / f"{n:03d}").write_bytes(seed)

    def step(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.3:
            return atheris.Mutate(data, most)
        changed = data[:1] + mutate(data[1:], rng) if reader else mutate(data, rng)
        return changed[:most]

    bounds = [f"-runs={given.runs}", f"-max_total_time={given.seconds}", "-max_len=65536", "-timeout=10"]
    atheris.Setup([sys.argv[0], str(corpus), *bounds, "-rss_limit_mb=4096"], run, custom_mutator=step)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
