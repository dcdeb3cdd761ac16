"""A million landmarks joined with ten thousand windows, beside geopandas.sjoin: pairs first, then time.

    python tests/bench/bench_landmarks.py [landmarks] [windows]

Three fifths points, a fifth lines, a fifth polygons, over 100 x 100 windows of 512 pixels at 0.5 m. Each side runs in a
process of its own, so that peak memory is its own. Ours goes on where sjoin stops: it clips and measures in pixels.
`measures` is the time of clipping, middles and lengths, `facts` the time for what captions are made from. Compare
seconds of processor where others use the machine, too.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import shapely

CRS, WEST, NORTH, SIDE, GSD = "EPSG:32631", 500_000.0, 5_400_000.0, 512, 0.5


def world(landmarks: int, windows: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Geometries in UTM, and the top left corners of the windows."""
    rng = np.random.default_rng(0)
    across = round(windows**0.5)
    span = across * SIDE * GSD
    x, y = WEST + rng.random(landmarks) * span, NORTH - rng.random(landmarks) * span
    third = landmarks * 3 // 5
    fourth = landmarks * 4 // 5
    points = shapely.points(x[:third], y[:third])
    ends = np.stack([x[third:fourth], y[third:fourth]], axis=1)
    lines = shapely.linestrings(np.stack([ends, ends + rng.normal(0, 40, ends.shape)], axis=1))
    sizes = rng.gamma(2.0, 8.0, landmarks - fourth)
    polygons = shapely.box(x[fourth:], y[fourth:], x[fourth:] + sizes, y[fourth:] + sizes)
    corners = [(WEST + i * SIDE * GSD, NORTH - j * SIDE * GSD) for j in range(across) for i in range(across)]
    return np.concatenate([points, lines, polygons]), corners


def digest(frames: Any, rows: Any) -> str:
    """Identity of a set of pairs."""
    pairs = np.sort(np.asarray(frames, np.int64) << 32 | np.asarray(rows, np.int64))
    return hashlib.sha256(pairs.tobytes()).hexdigest()[:16]


class Watch:
    """Processor time spent in some functions of a module."""

    def __init__(self, module: Any, *names: str) -> None:
        self.seconds = 0.0
        for name in names:
            setattr(module, name, self.timed(getattr(module, name)))

    def timed(self, function: Any) -> Any:
        def run(*args: Any) -> Any:
            start = time.process_time()
            found = function(*args)
            self.seconds += time.process_time() - start
            return found

        return run


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(landmarks: int, windows: int) -> dict[str, Any]:
    from rsdata.record import Geo, Record
    from rsdata.stages import _landfacts, _landjoin
    from rsdata.stages._landcrs import moved
    from rsdata.stages._landtable import Table

    shapes, corners = world(landmarks, windows)
    geometry = moved(shapes, CRS, "EPSG:4326")
    n = len(geometry)
    table = Table(geometry, [""] * n, ["building"] * n, ["m"] * n, ["ODbL-1.0"] * n)
    records = [
        Record(f"a/{i}", "a", width=SIDE, height=SIDE, gsd=GSD, geo=Geo(CRS, (GSD, 0.0, x, 0.0, -GSD, y)))
        for i, (x, y) in enumerate(corners)
    ]
    watch = Watch(_landjoin, "_clipped", "_middles", "_lengths")
    frames, rows = [], []
    before = peak()
    began, busy = time.perf_counter(), time.process_time()
    pairs = 0
    facts = busy_facts = 0.0
    for first in range(0, len(records), 256):  # as the stage does
        chunk = records[first : first + 256]
        hits = _landjoin.join(chunk, table)
        pairs += sum(map(len, hits))
        frames += [np.full(len(found), first + i) for i, found in enumerate(hits)]
        rows += [found.part("row") for found in hits]
        start, start_busy = time.perf_counter(), time.process_time()
        for record, found in zip(chunk, hits, strict=True):
            _landfacts.scene(record, found, table, _landfacts.Rules())
        facts, busy_facts = facts + time.perf_counter() - start, busy_facts + time.process_time() - start_busy
    seconds, cpu = time.perf_counter() - began - facts, time.process_time() - busy - busy_facts
    found = {"pairs": pairs, "join": seconds, "cpu": cpu, "measures": watch.seconds, "facts": busy_facts}
    above = peak() - before
    return found | {"above": above, "digest": digest(np.concatenate(frames), np.concatenate(rows))}


def theirs(landmarks: int, windows: int) -> dict[str, Any]:
    import geopandas

    shapes, corners = world(landmarks, windows)
    frames = [shapely.box(x, y - SIDE * GSD, x + SIDE * GSD, y) for x, y in corners]
    marks = geopandas.GeoDataFrame({"name": [""] * len(shapes)}, geometry=shapes, crs=CRS).to_crs("EPSG:4326")
    boxes = geopandas.GeoDataFrame(geometry=frames, crs=CRS)
    before = peak()
    began, busy = time.perf_counter(), time.process_time()
    found = geopandas.sjoin(boxes, marks.to_crs(CRS), predicate="intersects")
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    above = peak() - before
    return {
        "pairs": len(found),
        "join": seconds,
        "cpu": cpu,
        "above": above,
        "digest": digest(found.index, found["index_right"]),
    }


def main() -> None:
    if len(sys.argv) == 4:
        side = ours if sys.argv[1] == "ours" else theirs
        print(json.dumps(side(int(sys.argv[2]), int(sys.argv[3]))))
        return
    sizes = [*sys.argv[1:], "1000000", "10000"][:2] if len(sys.argv) > 1 else ["1000000", "10000"]
    found = {}
    for name in ("ours", "geopandas"):
        out = subprocess.run(
            [sys.executable, __file__, name, *sizes], capture_output=True, text=True, check=True
        ).stdout
        found[name] = json.loads(out)
        print(name, {k: round(v, 2) if isinstance(v, float) else v for k, v in found[name].items()})
    a, b = found["ours"], found["geopandas"]
    print(f"pairs equal: {a['digest'] == b['digest']} ({a['pairs']:,} and {b['pairs']:,})")
    print(f"seconds: ours {a['join']:.1f} with measures, geopandas.sjoin {b['join']:.1f}")
    alone = a["cpu"] - a["measures"]
    print(f"seconds of processor: ours {a['cpu']:.2f} with measures, {alone:.2f} without, sjoin {b['cpu']:.2f}")
    print(f"peak MB above the data: ours {a['above']:.0f}, geopandas {b['above']:.0f}")


if __name__ == "__main__":
    main()
