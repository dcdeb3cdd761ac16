"""A whole recipe at RemoteCLIP's size, and how time and memory grow: python tests/bench/bench_scale.py

    python tests/bench/bench_scale.py [--only size,growth,pixels] [--workers 2] [--scenes 300] [--folder DIR]

size      165,745 records drawn from the paper's Table I (bench_b2c.py), as COCO files of its 14 box sources, through
          recipes/remoteclip.yaml but for the stages that need pixels (fingerprint, decontaminate, pack): time per stage
growth    10^4, 10^5 and 10^6 such records through the same stages: seconds and the largest process, which must stay
pixels    drawn scenes of all seventeen sources (--scenes images of each) through the whole recipe as it stands
The projection to 20 M pairs divides the slowest figures of these runs by cores; it is arithmetic, not a measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))
from bench_b2c import TABLE, draw

RECIPE = Path(__file__).resolve().parents[2] / "recipes/remoteclip.yaml"
SIZE = 165_745
PIXELS = {"fingerprint", "decontaminate", "pack"}


def write_coco(root: Path, source: str, count: int) -> int:
    """One COCO file of `count` drawn images, streamed; returns the number of boxes."""
    names = {name: n for n, name in enumerate(sorted(TABLE[source][5]), 1)}
    rng = random.Random(source)
    path = root / source / "annotations/instances_train.json"
    path.parent.mkdir(parents=True)
    boxes = 0
    with path.open("w") as file, tempfile.TemporaryFile("w+") as later:
        categories = [{"id": n, "name": name} for name, n in names.items()]
        file.write(f'{{"categories": {json.dumps(categories)}, "images": [')
        for i in range(count):
            record = draw(source, i, rng)
            image = {"id": i, "file_name": f"{i:07d}.jpg", "width": record.width, "height": record.height}
            file.write(", " * (i > 0) + json.dumps(image))
            for obj in record.objects:
                x0, y0, x1, y1 = (round(float(v), 2) for v in obj.box)
                row = {"id": boxes, "image_id": i, "category_id": names[obj.label], "iscrowd": 0}
                row |= {"bbox": [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)], "area": round((x1 - x0) * (y1 - y0), 2)}
                later.write(", " * (boxes > 0) + json.dumps(row))
                boxes += 1
        file.write('], "annotations": [')
        later.seek(0)
        while block := later.read(1 << 20):
            file.write(block)
        file.write("]}")
    return boxes


def make_recipe(root: Path, count: int) -> Path:
    """The paper's stages over COCO files of `count` images in the proportions of Table I; annotations alone."""
    whole = sum(row[0] for row in TABLE.values())
    sources, boxes = [], 0
    for name, row in TABLE.items():
        boxes += write_coco(root, name, round(count * row[0] / whole))
        sources.append({"reader": "coco", "name": name, "root": str(root / name), "images": False})
    steps = yaml.safe_load(RECIPE.read_text("utf-8"))["stages"]
    steps = [step for step in steps if next(iter(step)) not in PIXELS]
    path = root / "recipe.yaml"
    path.write_text(yaml.safe_dump({"name": "scale", "sources": sources, "stages": steps}))
    print(f"{count:,} images, {boxes:,} boxes written as COCO files", flush=True)
    return path


def run(recipe: Path, out: Path, workers: int, data: Path | None = None) -> dict[str, Any]:
    """Run a recipe as a user does; seconds, stats, and the largest resident memory of any of its processes in MB."""
    command = [sys.executable, "-m", "rsdata.cli.app", "run", str(recipe), "--out", str(out), "-j", str(workers)]
    environment = {**os.environ, **({"RSDATA_DATA": str(data)} if data else {})}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    peak = 0
    while process.poll() is None:
        peak = max(peak, max((_memory(p) for p in _tree(process.pid)), default=0))
        time.sleep(0.1)
    seconds = time.perf_counter() - began
    if process.returncode not in (0, 3):
        sys.exit(f"{command}: exit {process.returncode}")
    stats = subprocess.run(
        [sys.executable, "-m", "rsdata.cli.app", "stats", str(out), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {"seconds": seconds, "mb": peak / 1024, "stats": json.loads(stats.stdout), "log": _log(out)}


def _tree(pid: int) -> list[int]:
    found = [pid]
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [p for c in child.read_text().split() for p in _tree(int(c))]
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def _log(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def show(title: str, found: dict[str, Any]) -> None:
    """Seconds of each stage, the whole, and the largest process."""
    stats = found["stats"]
    print(
        f"{title}: {stats['images']:,} images, {stats['objects']:,} objects, {stats['captions']:,} captions in"
        f" {found['seconds']:.1f} s, largest process {found['mb']:.0f} MB"
    )
    for row in found["log"]:
        print(f"    {row['stage']:<18} {row['seconds']:>8.1f} s", flush=True)


def project(found: dict[str, Any], workers: int, nodes: int = 8, cores: int = 32) -> None:
    """The same work for 20 M pairs on a cluster: seconds a pair and core, times pairs, over cores."""
    pairs = found["stats"]["captions"]
    each = found["seconds"] * workers / pairs
    print(
        f"projection: {found['seconds']:.1f} s x {workers} cores / {pairs:,} pairs = {1e6 * each:.0f} us a pair and"
        f" core; x 20,000,000 / ({nodes} nodes x {cores} cores) = {each * 20e6 / nodes / cores:.0f} s"
    )


def pixels(folder: Path, scenes: int, workers: int) -> None:
    """The whole recipe on drawn scenes of all its sources."""
    sources = [row["reader"] for row in yaml.safe_load(RECIPE.read_text("utf-8"))["sources"]]
    data = folder / "data"
    command = [sys.executable, "-m", "rsdata.cli.app", "sample", str(data), "--only", ",".join(sources)]
    subprocess.run([*command, "--scenes", str(scenes)], check=True, stdout=subprocess.DEVNULL)
    found = run(RECIPE, folder / "pixels", workers, data)
    show("pixels", found)
    project(found, workers)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="size,growth,pixels")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; the system's temporary folder")
    args = parser.parse_args()
    only = args.only.split(",")
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        folder = Path(temporary)
        if "size" in only:
            found = run(make_recipe(folder / "size-data", SIZE), folder / "size", args.workers)
            show("size", found)
            project(found, args.workers)
        for count in (10_000, 100_000, 1_000_000) if "growth" in only else ():
            found = run(make_recipe(folder / f"data-{count}", count), folder / f"growth-{count}", args.workers)
            show(f"growth {count:,}", found)
        if "pixels" in only:
            pixels(folder, args.scenes, args.workers)


if __name__ == "__main__":
    main()
