"""Box-to-caption at RemoteCLIP's size: records drawn from the paper's Table I, captioned by both rule sets.

    python tests/bench/bench_b2c.py [--share 0.1] [--langs en] [--workers 2] [--parquet]

Prints captions per second and core (stage alone, records made beforehand), the share of distinct captions, and with
--parquet the time of a whole job: read parts of 2,000 records, caption them, write them, in `workers` processes.
The goal (design, section 8) is 828,725 English captions of 165,745 images in 60 s on 2 cores. Peer: none is known.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from rsdata.record import Obj, Record
from rsdata.stages import b2c

# source: images, boxes, width, height, platform, {concept: weight}; Table I of RemoteCLIP, label shares of its figure 5
# where they are printed, guessed where not
TABLE = {
    "au_air": (32_823, 132_031, 1920, 1080, "uav", {"car": 78, "person": 6, "truck": 6, "van": 6, "bus": 2}),
    "carpk": (1_568, 106_690, 1280, 720, "uav", {"car": 1}),
    "stanford_drone": (17_351, 355_443, 1424, 1088, "uav", {"person": 56, "cyclist": 34, "car": 6, "skater": 2}),
    "visdrone": (6_471, 77_547, 1509, 849, "uav", {"car": 36, "person": 32, "van": 9, "motorcycle": 9, "bus": 2}),
    "dior": (23_463, 192_472, 800, 800, "satellite", {"ship": 32, "vehicle": 21, "storage_tank": 13, "airplane": 5,
             "tennis_court": 6, "baseball_diamond": 3, "harbor": 3, "bridge": 2, "airport": 1, "stadium": 1, "dam": 1}),
    "dota": (1_409, 98_990, 1504, 1395, "satellite", {"ship": 28, "small_vehicle": 26, "large_vehicle": 17,
             "airplane": 8, "storage_tank": 5, "harbor": 6, "tennis_court": 3, "swimming_pool": 2, "bridge": 2}),
    "hrrsd": (21_761, 57_137, 1406, 1264, "satellite", {"storage_tank": 8, "bridge": 8, "ship": 7, "harbor": 7,
              "airplane": 9, "vehicle": 8, "tennis_court": 8, "crossroads": 7, "t_junction": 7, "parking_lot": 7}),
    "hrsc2016": (1_055, 1_055, 1105, 791, "satellite", {"ship": 1}),
    "levir": (3_791, 11_028, 800, 600, "satellite", {"airplane": 43, "oil_tank": 30, "ship": 27}),
    "rsod": (936, 7_400, 1051, 900, "satellite", {"airplane": 73, "oil_tank": 23, "overpass": 2, "playground": 2}),
    "isaid": (30_821, 987_239, 896, 896, "satellite", {"small_vehicle": 61, "ship": 12, "large_vehicle": 8,
              "airplane": 3, "harbor": 3, "storage_tank": 3, "tennis_court": 1, "swimming_pool": 1, "bridge": 1}),
    "loveda": (4_187, 97_989, 1024, 1024, "satellite", {"building": 60, "road": 8, "water": 10, "forest": 8,
               "farmland": 10, "bare_land": 4}),
    "potsdam": (5_421, 92_161, 512, 512, "aerial", {"building": 15, "tree": 35, "low_vegetation": 30, "car": 20}),
    "vaihingen": (742, 16_875, 512, 512, "aerial", {"building": 15, "tree": 35, "low_vegetation": 30, "car": 20}),
}  # fmt: skip
STUFF = {"road", "water", "forest", "farmland", "bare_land", "tree", "low_vegetation"}


def draw(source: str, index: int, rng: random.Random) -> Record:
    """One record: number of boxes exponential around the source's mean, a few labels an image, clustered places."""
    images, boxes, width, height, platform, weights = TABLE[source]
    mean = boxes / images
    n = 1 + int(rng.expovariate(1 / max(mean - 0.5, 0.1))) if mean > 1 else 1
    labels = rng.choices(list(weights), list(weights.values()), k=rng.choice((1, 1, 2, 3, 5)))
    cx, cy, spread = rng.random() * width, rng.random() * height, rng.choice((0.1, 0.3, 1.0))
    objects = []
    for _ in range(n):
        label = rng.choice(labels)
        side = rng.uniform(8, 60)
        x = min(max(rng.gauss(cx, spread * width / 2), 0), width - side)
        y = min(max(rng.gauss(cy, spread * height / 2), 0), height - side)
        origin = "m2b" if label in STUFF or source in ("loveda", "potsdam", "vaihingen") else "source"
        objects.append(Obj(label, (x, y, x + side, y + side), area=side * side, origin=origin))
    return Record(
        f"{source}/train/{index:06d}",
        source,
        "train",
        f"{index}.jpg",
        width,
        height,
        platform=platform,
        objects=objects,
    )


def corpus(share: float) -> list[Record]:
    """Records of all sources in the table's proportions, 165,745 for share 1 (the table itself has fewer: the paper's
    other images carry human captions and no boxes)."""
    rng = random.Random(0)
    share *= 165_745 / sum(row[0] for row in TABLE.values())
    return [draw(source, i, rng) for source in TABLE for i in range(max(1, int(TABLE[source][0] * share)))]


def _job(source: Path, target: Path, rules: str, langs: list[str], name: str) -> int:
    from rsdata.record import read_part, write_part

    records = list(b2c.run(read_part(source / name), rules=rules, langs=langs))
    write_part(target / name, records)
    return sum(len(record.captions) for record in records)


def whole_job(records: list[Record], rules: str, langs: list[str], workers: int) -> None:
    from rsdata.record import write_part

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        source.mkdir()
        target.mkdir()
        names = []
        for start in range(0, len(records), 2000):
            names.append(f"part-{start // 2000:05d}.parquet")
            write_part(source / names[-1], records[start : start + 2000])
        began = time.perf_counter()
        with ProcessPoolExecutor(workers) as pool:
            made = sum(pool.map(partial(_job, source, target, rules, langs), names))
        spent = time.perf_counter() - began
        print(f"{rules:>10} parquet to parquet, {workers} workers: {made:,} captions in {spent:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--share", type=float, default=0.1, help="share of RemoteCLIP's 165,745 images")
    parser.add_argument("--langs", default="en")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--parquet", action="store_true")
    args = parser.parse_args()
    records = corpus(args.share)
    boxes = sum(len(record.objects) for record in records)
    print(f"{len(records):,} records, {boxes:,} boxes, {boxes / len(records):.1f} a record; langs {args.langs}")
    for rules in ("remoteclip", "full"):
        began = time.perf_counter()
        texts = [c.text for r in b2c.run(iter(records), rules=rules, langs=args.langs.split(",")) for c in r.captions]
        spent = time.perf_counter() - began
        print(
            f"{rules:>10}: {len(texts):,} captions, {len(texts) / len(records):.2f} a record, {spent:.1f} s,"
            f" {1e3 * spent / len(records):.3f} ms a record, {len(texts) / spent:,.0f} captions/s on one core,"
            f" {len(set(texts)) / len(texts):.1%} distinct"
        )
        if args.parquet:
            whole_job(records, rules, args.langs.split(","), args.workers)


if __name__ == "__main__":
    main()
