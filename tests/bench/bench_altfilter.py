"""The text stage on generated rows: rows a second and peak memory, beside one Python loop with the same word list.

    python tests/bench/bench_altfilter.py [--rows 5000000] [--share 0.02]

Rows are drawn from a small vocabulary; `share` of them speak of a view from above, some hold a mail address, a camera's
file name, or an address met before. The peer is the way most filters are written: a loop over rows and one compiled
regular expression of all phrases. Both must keep the same rows of the first 50,000.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WORDS = [
    "a",
    "the",
    "of",
    "in",
    "with",
    "on",
    "and",
    "person",
    "man",
    "woman",
    "dog",
    "city",
    "street",
    "red",
    "white",
    "green",
    "house",
    "beach",
    "table",
    "food",
    "photo",
    "portrait",
    "shot",
    "vintage",
    "wedding",
    "dress",
    "guitar",
    "player",
    "game",
    "stock",
    "background",
    "winter",
    "summer",
    "night",
    "day",
    "mountain",
    "river",
    "view",
    "car",
    "football",
    "team",
    "actor",
    "premiere",
    "arrives",
    "film",
    "poster",
    "garden",
    "kitchen",
    "room",
    "design",
    "isolated",
    "illustration",
    "vector",
    "old",
]
ABOVE = ("aerial view of {}", "satellite image of {}", "drone shot of {} at sunset", "{} seen from above")


def generate(path: Path, rows: int, share: float) -> None:
    """Write the rows as Parquet, a block at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng, pick = np.random.default_rng(0), random.Random(0)
    with pq.ParquetWriter(path, pa.schema([("URL", pa.string()), ("TEXT", pa.string())])) as writer:
        for first in range(0, rows, 100_000):
            count = min(100_000, rows - first)
            words = rng.integers(0, len(WORDS), (count, 10))
            texts = [" ".join(WORDS[w] for w in row) for row in words.tolist()]
            for n in np.flatnonzero(rng.random(count) < share).tolist():
                texts[n] = pick.choice(ABOVE).format(texts[n])
            for n in rng.integers(0, count, count // 50).tolist():
                texts[n] = pick.choice(("DSC_0123.JPG", "write to jane@example.org today please", "", "logo of"))
            urls = [f"https://site{n % 9973}.example.com/{first + n}.jpg" for n in range(count)]
            for n in rng.integers(0, count, count // 100).tolist():
                urls[n] = "https://site1.example.com/again.jpg"
            writer.write_table(pa.table({"URL": urls, "TEXT": texts}))


def measure(table: Path) -> None:
    """In a process of its own: filter, and print time and peak memory as JSON."""
    from rsdata.stages import altfilter

    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        ledger = altfilter.filter_table(table, Path(out))
        spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": ledger["rows"], "kept": ledger["kept"], "seconds": spent, "peak_mb": peak,
                      "dropped": ledger["dropped"]}))  # fmt: skip


def loop(texts: list[str]) -> list[int]:
    """The peer: rows that hold any phrase which may mean a view from above."""
    from rsdata.words import lexicon

    pattern = re.compile(lexicon.load().anchors)
    return [n for n, text in enumerate(texts) if pattern.search(text.lower())]


def compare(table: Path) -> None:
    import pyarrow.parquet as pq

    from rsdata.stages import _rules
    from rsdata.words import lexicon

    with pq.ParquetFile(table) as file:
        batch = next(file.iter_batches(50_000))
    texts = batch.column("TEXT").to_pylist()
    began = time.perf_counter()
    kept = loop(texts)
    slow = time.perf_counter() - began
    began = time.perf_counter()
    judged = _rules.judge(batch.column("URL"), batch.column("TEXT"), _rules.Options(min_score=-99), lexicon.load())
    fast = time.perf_counter() - began
    mine = np.flatnonzero((judged.codes == 0) | (judged.codes == _rules.CODE["other-language"])).tolist()
    odd = set(kept) ^ set(mine)
    assert all(not texts[n] or judged.codes[n] in range(1, _rules.CODE["off-topic"]) for n in odd), odd
    print(f"50,000 rows: loop with one regular expression {slow:.2f} s, all rules {fast:.2f} s: {slow / fast:.1f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--measure", type=Path)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in (args.rows // 5, args.rows):
            table = Path(folder) / f"{rows}.parquet"
            generate(table, rows, args.share)
            out = subprocess.run([sys.executable, __file__, "--measure", str(table)], capture_output=True, check=True)
            found = json.loads(out.stdout)
            rate = found["rows"] / found["seconds"]
            print(f"{found['rows']:,} rows in {found['seconds']:.1f} s, {rate:,.0f}/s, {60 * rate / 1e6:.1f} M/min;"
                  f" peak {found['peak_mb']:.0f} MB; kept {found['kept']:,}; dropped {found['dropped']}")  # fmt: skip
        compare(table)


if __name__ == "__main__":
    main()
