"""M2B against its peers: `python tests/bench/bench_m2b.py [--huge-noise]`.

1. 4096 x 4096 masks of 15 classes and background, with and without 2 % salt noise: `geometry.components` against
   `cv2.findContours(RETR_EXTERNAL)` for each class, the way of the RemoteCLIP paper. One thread each, five alternated
   rounds after a warm-up, twice: with the C library's allocator as it is, and told to keep freed memory, which spares
   the peer the page faults of its 16 MB temporaries (its best case). Our boxes and areas are first compared with
   `scipy.ndimage.label` of every class.
2. A 16384 x 16384 tiled TIFF: `pixels.mask_bands` + `geometry.band_components` against `rasterio.features.shapes`,
   each in a process of its own, three alternated rounds (one with salt), with peak memory. Both must give the same
   boxes.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from rsdata import geometry, pixels

CLASSES = 15
SIDE = 4096
KEPT = "BENCH_ALLOCATOR"


def fields(side: int, seed: int, open_ground: float) -> np.ndarray:
    """Smooth regions that cover the ground; `open_ground` raises the share of background."""
    rng = np.random.default_rng(seed)
    small = side // 8
    best, mask = np.full((small, small), -np.inf), np.zeros((small, small), np.uint8)
    for value in range(CLASSES + 1):
        field = ndimage.gaussian_filter(rng.standard_normal((small, small)), 6)
        field = field / field.std() + (open_ground if value == 0 else 0.0)
        mask[field > best] = value
        best = np.maximum(best, field)
    return cv2.medianBlur(cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST), 5)


def discs(side: int, seed: int) -> np.ndarray:
    """64 x 64 discs of random class and size on background."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((side, side), np.uint8)
    step = side // 64
    for y in range(step // 2, side, step):
        for x in range(step // 2, side, step):
            radius = int(rng.integers(step // 6, step // 2))
            cv2.circle(mask, (x, y), radius, int(rng.integers(1, CLASSES + 1)), -1)
    return mask


def salted(mask: np.ndarray, share: float = 0.02) -> np.ndarray:
    rng = np.random.default_rng(1)
    hit = rng.random(mask.shape) < share
    mask = mask.copy()
    mask[hit] = rng.integers(0, CLASSES + 1, int(hit.sum()), dtype=np.uint8)
    return mask


def by_findcontours(mask: np.ndarray) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for value in range(1, CLASSES + 1):
        contours, _ = cv2.findContours((mask == value).astype("u1"), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found += [(value, *cv2.boundingRect(contour)) for contour in contours]
    return found


def by_scipy(mask: np.ndarray) -> np.ndarray:
    rows = []
    for value in range(1, CLASSES + 1):
        label, n = ndimage.label(mask == value, np.ones((3, 3)))
        areas = np.bincount(label.ravel(), minlength=n + 1)[1:]
        for (ys, xs), area in zip(ndimage.find_objects(label), areas, strict=True):
            rows.append((value, xs.start, ys.start, xs.stop, ys.stop, area))
    return ordered(np.array(rows, np.int64).reshape(-1, 6))


def ordered(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]


def rows_of(found: geometry.Components) -> np.ndarray:
    return ordered(np.column_stack([found.value, found.box, found.area]).astype(np.int64))


def alternate(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Seconds of each work in each round, the works taking turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for seconds, work in zip(times, works, strict=True):
            seconds.append(work())
    return times


def timed(work: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def line(name: str, ours: list[float], peer: list[float], note: str) -> None:
    a, b = statistics.median(ours), statistics.median(peer)
    print(
        f"{name:32} {a * 1e3:9.1f} {min(ours) * 1e3:9.1f} {b * 1e3:9.1f} {min(peer) * 1e3:9.1f}"
        f" {b / a:7.2f} {min(peer) / min(ours):7.2f}  {note}"
    )


def header(peer: str) -> None:
    load, allocator = os.getloadavg()[0], os.environ.get(KEPT, "default allocator")
    print(f"\n{allocator}; load average {load:.2f}; milliseconds; ratio = {peer} / ours")
    print(f"{'mask':32} {'ours med':>9} {'min':>9} {'peer med':>9} {'min':>9} {'ratio':>7} {'of min':>7}", flush=True)


def in_memory() -> None:
    cv2.setNumThreads(1)
    header("cv2.findContours for each class")
    plain = {"regions": fields(SIDE, 0, 0.0), "regions, open ground": fields(SIDE, 0, 1.5), "discs": discs(SIDE, 0)}
    for name, mask in [*plain.items(), *((f"{name} + 2 % salt", salted(mask)) for name, mask in plain.items())]:
        found = rows_of(geometry.components(mask))
        if not np.array_equal(found, by_scipy(mask)):
            raise SystemExit(f"{name}: components differ from scipy.ndimage.label")
        contours = len(by_findcontours(mask))
        ours, peer = alternate(
            5, timed(lambda m=mask: geometry.components(m)), timed(lambda m=mask: by_findcontours(m))
        )
        line(name, ours, peer, f"{len(found)} components, equal to scipy; findContours finds {contours}")


def write_huge(path: Path, side: int, noise: bool) -> None:
    import rasterio
    from rasterio.windows import Window

    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "uint8"}
    profile |= {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "lzw"}
    with warnings.catch_warnings(action="ignore"), rasterio.open(path, "w", **profile) as out:
        for i, y in enumerate(range(0, side, SIDE)):
            for j, x in enumerate(range(0, side, SIDE)):
                part = fields(SIDE, 10 * i + j, 1.5)
                out.write(salted(part) if noise else part, 1, window=Window(x, y, SIDE, SIDE))


def peak_mb() -> float:
    """Peak memory of this process. ru_maxrss of a child would start at its parent's size, VmHWM does not."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def child(which: str, path: Path, result: Path) -> None:
    """Runs in a process of its own; prints seconds and peak memory, and leaves sorted (value, box) rows."""
    start = time.perf_counter()
    if which == "ours":
        found = geometry.band_components(band for _, band in pixels.mask_bands(path))
        seconds = time.perf_counter() - start
        memory = peak_mb()
        rows = np.column_stack([found.value, found.box]).astype(np.int64)
    else:
        import rasterio
        from rasterio.features import shapes

        boxes = []
        with rasterio.open(path) as src:
            for shape, value in shapes(rasterio.band(src, 1), connectivity=8):
                if value:
                    ring = shape["coordinates"][0]
                    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
                    boxes.append((value, min(xs), min(ys), max(xs), max(ys)))
        seconds = time.perf_counter() - start
        memory = peak_mb()
        rows = np.array(boxes, np.int64)
    np.save(result, ordered(rows))
    print(json.dumps({"seconds": seconds, "mb": memory, "objects": len(rows)}))


def huge(noise: bool, side: int = 16384) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "huge.tif"
        write_huge(path, side, noise)
        memory: dict[str, list[float]] = {"ours": [], "peer": []}

        def one(which: str) -> float:
            command = [sys.executable, __file__, "--child", which, str(path), f"{folder}/{which}.npy"]
            # GDAL_NUM_THREADS stays at its default of 1.
            got = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            memory[which].append(got["mb"])
            return float(got["seconds"])

        ours, peer = alternate(1 if noise else 3, lambda: one("ours"), lambda: one("peer"))
        a, b = np.load(f"{folder}/ours.npy"), np.load(f"{folder}/peer.npy")
        same = "the same boxes" if np.array_equal(a, b) else "DIFFERENT BOXES"
        note = f"{len(a)} and {len(b)} objects, {same}; peak {max(memory['ours']):.0f} and {max(memory['peer']):.0f} MB"
        line(f"{side}^2 TIFF{' + salt' if noise else ''}", ours, peer, note)


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    elif KEPT in os.environ:
        in_memory()
    else:
        in_memory()
        keep = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}
        subprocess.run([sys.executable, __file__], check=True, env=os.environ | keep | {KEPT: "allocator keeps memory"})
        header("rasterio.features.shapes")
        huge(noise=False)
        if "--huge-noise" in sys.argv:
            huge(noise=True)
