"""A DIOR-sized set of VOC files to boxes and five captions an image, beside globox that only parses the same files.

    python tests/bench/bench_convert.py [--files 23463] [--rounds 3]

Both are whole processes, as a user starts them, taken in turn; ours reads, checks, captions and writes two stages of
Parquet with two workers. Equal boxes are checked in bench_readers.py; here every object and caption is counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench_readers import write

GLOBOX = """
import sys
from globox import AnnotationSet
boxes = AnnotationSet.from_pascal_voc(sys.argv[1])
print(sum(len(a.boxes) for a in boxes))
"""


def timed(command: list[str]) -> tuple[float, str]:
    """Wall seconds and stdout of one process."""
    began = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{command}: {run.stderr}")
    return time.perf_counter() - began, run.stdout


def main() -> None:
    """Write the files, take turns, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=23463)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "voc"
        objects = write(root / "Annotations", args.files)
        times: dict[str, list[float]] = {"globox": [], "remoteclip": [], "full": []}
        for _ in range(args.rounds):
            seconds, out = timed([sys.executable, "-c", GLOBOX, str(root / "Annotations")])
            times["globox"].append(seconds)
            assert int(out) == objects, (out, objects)
            for rules in ("remoteclip", "full"):
                corpus = Path(temporary) / "corpus"
                command = [sys.executable, "-m", "rsdata.cli.app", "convert", "voc", "--root", str(root), "--no-images"]
                seconds, out = timed([*command, "--rules", rules, "--out", str(corpus), "-j", "2", "--json"])
                times[rules].append(seconds)
                stages = json.loads(out)["stages"]
                assert stages[-1]["objects"]["out"] == objects, stages
                shutil.rmtree(corpus)
    base = statistics.median(times["globox"])
    print(f"{args.files} files, {objects} objects, whole processes, median of {args.rounds}")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name:12s} {middle:7.2f} s   globox / this: {base / middle:5.2f}")


if __name__ == "__main__":
    main()
