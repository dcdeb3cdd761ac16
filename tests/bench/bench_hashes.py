"""Perceptual hashes and near hashes beside the peers: python tests/bench/bench_hashes.py [--only rate,pairs,...]

rate     pHash of 800-pixel JPEG files, one core: our scaled grey decode with all crops and the file's SHA-256, beside
         imagehash.phash(Image.open(file)); first, our hash must equal imagehash's on the same decode, bit for bit
pairs    a million hashes, 15 % near-duplicates planted, 10 % of one blank hash: all pairs at distance <= 3 beside
         faiss.IndexBinaryMultiHash on the collapsed hashes; the two sets of pairs must be equal (the index is exact
         up to 3 with four bands of 16 bits)
far      a hundred thousand hashes at distance <= 10, held against comparing each with each
growth   seconds and peak memory of dedup's groups for 10^5, 10^6 and 10^7 hashes, each in a process of its own
leaks    a million images (and five crops each) against ten thousand benchmark images in eight views and six crops,
         beside faiss on the same queries, at distance <= 3; and ours at the default distance
table    recall and false pairs on real images, for plain pHash and for decontaminate: --data FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from rsdata import hamming, phash, pixels
from rsdata.stages import _leaks, _near, _prints

BLANK = 0x8000000000000000
NAMES = ("rate", "pairs", "far", "growth", "leaks", "table")


def planted(n: int, seed: int = 0, near: float = 0.15, blank: float = 0.10) -> np.ndarray:
    """Hashes with 32 ones each, as real ones; `near` of them others with 0 to 3 bits turned, `blank` of them equal."""
    rng = np.random.default_rng(seed)
    fresh = n - int(near * n) - int(blank * n)
    hashes = np.concatenate([balanced(min(200_000, fresh - k), rng) for k in range(0, fresh, 200_000)])
    copies = hashes[rng.integers(0, fresh, int(near * n))]
    turned = rng.integers(0, 4, len(copies))
    for k in range(3):
        copies ^= np.where(turned > k, np.uint64(1) << rng.integers(0, 64, len(copies), np.uint64), np.uint64(0))
    every = np.concatenate([hashes, copies, np.full(n - fresh - len(copies), BLANK, np.uint64)])
    rng.shuffle(every)
    return every


def balanced(n: int, rng: np.random.Generator) -> np.ndarray:
    bits = np.argpartition(rng.random((n, 64), np.float32), 32, axis=1) < 32
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of both, run in turn."""
    seconds: list[tuple[float, float]] = []
    for _ in range(repeats):
        seconds.append((timed(ours)[0], timed(theirs)[0]))
    return statistics.median(s[0] for s in seconds), statistics.median(s[1] for s in seconds)


def jpeg_files(folder: Path, count: int, side: int = 800) -> list[Path]:
    """Noisy drawn pictures of about 265 kB, as the peers' measurements had them."""
    rng = np.random.default_rng(0)
    files = []
    for k in range(count):
        base = Image.fromarray(rng.integers(0, 255, (12, 12, 3), np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        grain = rng.integers(-24, 25, (side, side, 3))
        picture = Image.fromarray(np.clip(np.asarray(base) + grain, 0, 255).astype(np.uint8))
        files.append(folder / f"{k:04d}.jpg")
        picture.save(files[-1], "JPEG", quality=85)
    return files


def rate(count: int = 200) -> None:
    import imagehash

    with tempfile.TemporaryDirectory() as folder:
        files = jpeg_files(Path(folder), count)
        size = sum(f.stat().st_size for f in files) / len(files) / 1000
        apart = []
        for file in files:
            grey = pixels.load_grey(file)
            theirs = int(str(imagehash.phash(Image.fromarray(grey.pixels))), 16)
            if phash.prints(grey.pixels, grey.box).phash != theirs:
                sys.exit(f"rate: the hash of {file.name} differs from imagehash's on the same decode")
            whole = int(str(imagehash.phash(Image.open(file))), 16)
            apart.append((theirs ^ whole).bit_count())
        print(f"rate: {count} JPEG of {size:.0f} kB: equal to imagehash on the same decode, all {count};"
              f" {statistics.mean(apart):.2f} bits from imagehash on the full decode")  # fmt: skip

        def hashes_alone() -> None:
            for file in files:
                grey = pixels.load_grey(file)
                phash.pack(phash.lows(phash.shrink(grey.pixels)[None]))

        def everything() -> None:
            for file in files:
                _prints.of_file(file)
                _prints.sha256(file)

        def theirs_all() -> None:
            for file in files:
                imagehash.phash(Image.open(file))

        for name, ours in (("hash alone", hashes_alone), ("with crops, flat test and SHA-256", everything)):
            a, b = in_turn(ours, theirs_all, 5)
            print(f"rate: {name}: {count / a:.0f} images/s, imagehash {count / b:.0f}: {b / a:.2f}x")


def faiss_matches(asked: np.ndarray, base: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
    """All (asked, base) pairs by faiss: four bands of 16 bits, exact up to 3."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryMultiHash(64, 4, 16)
    index.add(base.view(np.uint8).reshape(-1, 8))
    limits, _, found = index.range_search(asked.view(np.uint8).reshape(-1, 8), t + 1)
    return np.repeat(np.arange(len(asked)), np.diff(limits.astype(np.int64))), found


def pairs(n: int = 1_000_000, t: int = 3) -> None:
    hashes = planted(n)
    kept: dict[str, object] = {}

    def ours() -> None:
        different, _ = hamming.collapse(hashes)
        kept["ours"] = hamming.pairs(different, t)

    def theirs() -> None:
        different = np.unique(hashes)
        i, j = faiss_matches(different, different, t)
        kept["theirs"] = i[i < j], j[i < j]

    a, b = in_turn(ours, theirs, 3)
    one, other, _ = kept["ours"]  # type: ignore[misc]
    i, j = kept["theirs"]  # type: ignore[misc]
    mine, faiss_set = np.sort(one * np.int64(n) + other), np.sort(i * np.int64(n) + j)
    if not np.array_equal(mine, np.unique(faiss_set)):
        sys.exit(f"pairs: {len(mine):,} pairs, faiss {len(np.unique(faiss_set)):,}: not the same set")
    print(f"pairs: {n:,} hashes, distance <= {t}: {len(mine):,} pairs of different hashes, the same set as faiss;"
          f" {a:.2f} s, faiss {b:.2f} s: {b / a:.1f}x")  # fmt: skip


def far(n: int = 100_000, t: int = 10) -> None:
    hashes = np.unique(planted(n, seed=1))
    seconds, (one, other, _) = timed(lambda: hamming.pairs(hashes, t))  # type: ignore[misc]
    count, check = 0, np.int64(0)
    start = time.perf_counter()
    for first in range(0, len(hashes), 500):
        near = np.bitwise_count(hashes[first : first + 500, None] ^ hashes[None, :]) <= t
        i, j = np.nonzero(near)
        i = i + first
        count += int((i < j).sum())
        check += (i[i < j] * np.int64(1_000_003) + j[i < j]).sum()
    brute = time.perf_counter() - start
    same = count == len(one) and check == (one * np.int64(1_000_003) + other).sum()
    if not same:
        sys.exit(f"far: {len(one):,} pairs, each with each {count:,}")
    print(f"far: {len(hashes):,} hashes, distance <= {t}: {count:,} pairs, as comparing each with each;"
          f" {seconds:.2f} s, each with each {brute:.1f} s")  # fmt: skip


def growth() -> None:
    for n in (100_000, 1_000_000, 10_000_000):
        subprocess.run([sys.executable, __file__, "--grow", str(n)], check=True)


def peak() -> int:
    """The most memory that this process ever held, in kB; getrusage would tell that of its parent, too."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


def grow(n: int, t: int = 2) -> None:
    hashes = planted(n, seed=2)
    files = np.arange(n)
    boxes = np.tile(np.array([0, 0, 800, 800], np.int64), (n, 1))

    def work() -> np.ndarray:
        return _near.keep(_near.components(n, _near.links(hashes, files, boxes, t)), files, files, boxes)

    before = peak()
    seconds, kept = timed(work)
    gone = int((np.asarray(kept) != files).sum())
    held = f"peak memory {peak() / 1e6:.2f} GB, {before / 1e6:.2f} GB of it before"
    print(f"growth: {n:>10,} hashes, distance <= {t}: {gone:,} duplicates, {seconds:.2f} s, {held}")


def leaks(n: int = 1_000_000, m: int = 10_000, t: int = 3) -> None:
    whole, crops = planted(n, 3), planted(5 * n, 4, blank=0.02)
    bench = planted(m * 48, 5, blank=0.02).reshape(m, 6, 8)
    bench[:1000, 0, 0] = whole[:1000]  # a thousand leaks
    bench[1000:2000, 0, 3] = crops[:1000]
    whole[whole == BLANK] = crops[crops == BLANK] = bench[bench == BLANK] = 0
    sides = ((whole, bench.reshape(m, -1)), (crops, bench[:, 0]))
    kept: dict[str, list[np.ndarray]] = {}

    def ours(distance: int = t) -> None:
        kept["ours"] = [_leaks.nearest(asked, there, distance)[0] for asked, there in sides]

    def theirs() -> None:
        kept["theirs"] = []
        for asked, there in sides:
            different, place = hamming.collapse(asked)
            base = np.unique(there)
            i, _ = faiss_matches(different, base[base != 0], t)
            hit = np.zeros(len(different), bool)
            hit[i] = True
            kept["theirs"].append(np.flatnonzero(hit[place] & (asked != 0)))

    a, b = in_turn(ours, theirs, 3)
    for one, other in zip(kept["ours"], kept["theirs"], strict=True):
        if not np.array_equal(np.sort(one), other):
            sys.exit(f"leaks: {len(one):,} images found, faiss {len(other):,}: not the same")
    found = sum(len(one) for one in kept["ours"])
    print(f"leaks: {n:,} images and {5 * n:,} crops against {m:,} benchmark images ({bench.size:,} hashes), distance"
          f" <= {t}: {found:,} found, as by faiss; {a:.1f} s, faiss {b:.1f} s: {b / a:.1f}x")  # fmt: skip
    print(f"leaks: the same at distance <= 6: {timed(lambda: ours(6))[0]:.1f} s")


def reencoded(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue()))


def cut(image: Image.Image, share: float) -> Image.Image:
    """The middle of an image, `share` of each side."""
    w, h = image.size
    x, y = round(w * (1 - share) / 2), round(h * (1 - share) / 2)
    return image.crop((x, y, w - x, h - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG quality 75": lambda im: reencoded(im, 75),
    "JPEG quality 30": lambda im: reencoded(im, 30),
    "half size": lambda im: im.resize((im.width // 2, im.height // 2), Image.Resampling.BICUBIC),
    "mirrored": lambda im: im.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda im: im.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "quarter turn": lambda im: im.transpose(Image.Transpose.ROTATE_90),
    "crop 2 % (0.98 of a side)": lambda im: cut(im, 0.98),
    "crop 5 % (0.95)": lambda im: cut(im, 0.95),
    "crop 2 % at each edge (0.96)": lambda im: cut(im, 0.96),
    "crop 5 % at each edge (0.90)": lambda im: cut(im, 0.90),
    "256 to 224 (0.875)": lambda im: cut(im.resize((256, 256), Image.Resampling.BICUBIC), 0.875),
    "quarter turn, 224 of 256, quality 75": lambda im: reencoded(
        cut(im.resize((256, 256), Image.Resampling.BICUBIC), 0.875).transpose(Image.Transpose.ROTATE_90), 75
    ),
    "0.8 of a side": lambda im: cut(im, 0.8),
    "2 % off the left edge": lambda im: im.crop((round(im.width * 0.02), 0, im.width, im.height)),
    "5 % off the left edge": lambda im: im.crop((round(im.width * 0.05), 0, im.width, im.height)),
}
SKIP = ("annotations", "masks", "ann_dir", "instance", "rasters", "spacenet", "au_air")


def real_images(data: Path) -> list[Path]:
    """Every photograph below a folder, without masks, and without au_air, whose frames are of few scenes."""
    files = sorted(p for p in data.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"} and p.is_file())
    return [p for p in files if not any(word in str(p.relative_to(data)) for word in SKIP)]


def table(data: Path) -> None:
    files = real_images(data)
    originals = [Image.open(f).convert("RGB") for f in files]
    with tempfile.TemporaryDirectory() as folder:

        def prints(image: Image.Image, all_views: bool) -> phash.Prints:
            file = Path(folder) / "image.png"
            image.save(file, compress_level=1)
            return _prints.of_file(file, None, all_views)

        bench = [prints(im, True) for im in originals]
        _show(bench, {name: [prints(change(im), False) for im in originals] for name, change in CHANGES.items()},
              [hashlib.sha256(f.read_bytes()).hexdigest() for f in files])  # fmt: skip


def _show(bench: list[phash.Prints], changed: dict[str, list[phash.Prints]], digests: list[str]) -> None:
    views = np.stack([p.crops for p in bench])
    known = len(set(digests))
    print(f"table: {len(bench)} real images ({known} different files, {sum(p.flat for p in bench)} flat)")
    limits = (2, 4, 6, 8)
    head = "".join(f"{f'plain {t}':>9}" for t in limits) + "".join(f"{f'ours {t}':>9}" for t in limits)
    print(f"{'change: recall in %':<38}{head}")
    for name, made in changed.items():
        plain, ours = distances(made, views)
        own = np.arange(len(bench))
        cells = [100 * np.mean(d[own, own] <= t) for d in (plain, ours) for t in limits]
        print(f"{name:<38}" + "".join(f"{c:9.1f}" for c in cells))
    whole = [p._replace(crops=p.crops[:, 0]) for p in bench]
    plain, ours = distances(whole, views)
    for d in (plain, ours):
        d[np.tril_indices(len(bench))] = 99
    print(
        f"{'pairs of different images':<38}"
        + "".join(f"{int((d <= t).sum()):9,}" for d in (plain, ours) for t in limits)
    )
    print(f"{'  of':<38}{len(bench) * (len(bench) - 1) // 2:,} pairs")


def distances(made: list[phash.Prints], views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of each changed image to each original: of the plain hashes, and of the nearest view or crop."""
    asked = np.array([p.phash for p in made], np.uint64)
    plain = np.bitwise_count(asked[:, None] ^ views[:, 0, 0][None, :]).astype(int)
    best = np.full_like(plain, 65)
    crops = np.stack([p.crops for p in made])
    for column in views.reshape(len(views), -1).T:
        best = np.minimum(best, np.bitwise_count(asked[:, None] ^ column[None, :]))
    for mine in crops.T[1:]:
        for column in views[:, 0].T:
            best = np.minimum(best, np.bitwise_count(mine[:, None] ^ column[None, :]))
    return plain, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NAMES[:-1]), help="comma-separated")
    parser.add_argument("--data", type=Path, help="folder of real images, for the table")
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grow:
        grow(given.grow)
        return
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    works = {"rate": rate, "pairs": pairs, "far": far, "growth": growth, "leaks": leaks}
    for name in given.only.split(","):
        if name in works:
            works[name]()
    if given.data:
        table(given.data)


if __name__ == "__main__":
    main()
