"""Shard writing beside webdataset.ShardWriter, and the whole of pack: python tests/bench/bench_shards.py

First: the same 20,000 samples (a JPEG of 40 kB, a sentence, a JSON text) into shards of 1,000, by our ustar writer and
by webdataset.ShardWriter, in turn, five times; what both wrote is compared with the standard tarfile first. Then:
images per second and core through `pack`, for JPEG files that go through untouched and for windows cut out of large
PNG files.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from rsdata.record import Caption, Obj, Record, Window, write_part
from rsdata.stages import _tar, pack

PER_SHARD = 1000


def jpeg(seed: int, side: int, noise: int) -> bytes:
    """A drawn picture whose noise makes the file as large as a photograph."""
    rng = np.random.default_rng(seed)
    base = Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    grain = rng.integers(-noise, noise + 1, (side, side, 3))
    out = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(base) + grain, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def make_samples(count: int, size: int) -> list[tuple[str, bytes, bytes, bytes]]:
    """Key, image, sentence, JSON text; images of exactly `size` bytes that differ from each other."""
    body = jpeg(0, 400, 8)[: size - 32].ljust(size - 32, b"\0")
    meta = b'{"id":"dota/train/P%07d","objects":[' + b",".join([b'{"label":"plane","box":[1,2,3,4]}'] * 10) + b"]}"
    return [
        (f"{i:09d}", b"%032d" % i + body, b"There are %d planes beside the runway." % i, meta % i) for i in range(count)
    ]


def ours(samples: list[tuple[str, bytes, bytes, bytes]], folder: Path) -> None:
    """Shards by the writer of pack."""
    for start in range(0, len(samples), PER_SHARD):
        with (folder / f"{start // PER_SHARD:06d}.tar").open("wb") as file:
            tar = _tar.TarWriter(file)
            for key, image, text, meta in samples[start : start + PER_SHARD]:
                tar.add(key, [("jpg", image), ("txt", text), ("json", meta)])
            tar.close()


def theirs(samples: list[tuple[str, bytes, bytes, bytes]], folder: Path) -> None:
    """Shards by webdataset, given bytes, so that it encodes nothing."""
    import webdataset

    with webdataset.ShardWriter(str(folder / "%06d.tar"), maxcount=PER_SHARD, verbose=0) as sink:
        for key, image, text, meta in samples:
            sink.write({"__key__": key, "jpg": image, "txt": text, "json": meta})


def members(folder: Path) -> dict[str, dict[str, bytes]]:
    """Shard -> member -> data, by the standard library; the order inside a sample is each writer's own."""
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            found[path.name] = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    return found


def timed(write: object, samples: object, folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    start = time.perf_counter()
    write(samples, folder)  # type: ignore[operator]
    return time.perf_counter() - start


def bench_writers(count: int, size: int, base: Path) -> None:
    samples = make_samples(count, size)
    few = samples[:2500]
    timed(ours, few, base / "ours"), timed(theirs, few, base / "theirs")
    if members(base / "ours") != members(base / "theirs"):
        sys.exit("the two writers did not write the same members")
    print(f"members of {len(few)} samples are equal; {count:,} samples x {size:,} bytes, 5 times in turn")
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(5):
        times["ours"].append(timed(ours, samples, base / "ours"))
        times["theirs"].append(timed(theirs, samples, base / "theirs"))
        shutil.rmtree(base / "ours"), shutil.rmtree(base / "theirs")
    for name, label in (("ours", "rsdata"), ("theirs", "webdataset.ShardWriter")):
        median, least = statistics.median(times[name]), min(times[name])
        rate = f"{count / median:9,.0f} samples/s  {count * size / median / 1e6:7,.0f} MB/s"
        print(f"{label:24} median {median:6.2f} s  min {least:6.2f} s  {rate}")
    ratios = [b / a for a, b in zip(times["ours"], times["theirs"], strict=True)]
    print(
        f"ratio of medians {statistics.median(times['theirs']) / statistics.median(times['ours']):.1f}, "
        f"of single rounds {min(ratios):.1f} to {max(ratios):.1f}; load {os.getloadavg()[0]:.1f}"
    )


def whole_files(root: Path, count: int) -> list[Record]:
    variants = [jpeg(i, 400, 8) for i in range(20)]
    records = []
    for i in range(count):
        (root / f"{i}.jpg").write_bytes(variants[i % 20])
        records.append(Record(f"a/{i}", "a", path=f"{i}.jpg", width=400, height=400))
    return records


def windows(root: Path, scenes: int) -> list[Record]:
    records = []
    for i in range(scenes):
        rng = np.random.default_rng(i)
        base = Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).resize((4096, 4096))
        grain = rng.integers(-8, 9, (4096, 4096, 1))
        Image.fromarray(np.clip(np.asarray(base) + grain, 0, 255).astype(np.uint8)).save(root / f"s{i}.png")
        cuts = [Window(x, y, 512, 512) for y in range(0, 4096, 512) for x in range(0, 4096, 512)]
        records += [Record(f"b/s{i}@{w.x},{w.y},512,512", "b", "", f"s{i}.png", 512, 512, w) for w in cuts]
    return records


def bench_pack(label: str, records: list[Record], root: Path, base: Path, **params: object) -> None:
    for record in records:
        record.captions = [Caption(f"caption {i} of {record.id}") for i in range(5)]
        record.objects = [Obj("plane", (1, 2, 30, 40), area=100.0) for _ in range(10)]
    parts = [base / f"part-{i:05d}.parquet" for i in range(-(-len(records) // 2000))]
    for i, part in enumerate(parts):
        write_part(part, records[i * 2000 : i * 2000 + 2000])
    out = base / "packed"
    shutil.rmtree(out, ignore_errors=True)
    spent = []
    for names in pack.rounds(parts, out=out, params=params):
        start = time.perf_counter()
        for name in names:
            pack.work(name, parts=parts, out=out, roots={"a": root, "b": root}, **params)  # type: ignore[arg-type]
        spent.append(time.perf_counter() - start)
    start = time.perf_counter()
    report = pack.finish(out=out, params=params, title="bench", sources={})
    spent.append(time.perf_counter() - start)
    seconds = ", ".join(f"{word} {s:.2f} s" for word, s in zip(("cut", "shards", "finish"), spent, strict=True))
    print(f"{label:58} {report.images / sum(spent):8,.0f} images/s per core  ({seconds})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=40_000)
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--scenes", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rsdata-bench-") as folder:
        base = Path(folder)
        bench_writers(given.samples, given.bytes, base)
        root = base / "pictures"
        root.mkdir()
        files = whole_files(root, given.images)
        size = (root / "0.jpg").stat().st_size
        both, tars = ["webdataset", "parquet"], ["webdataset"]
        label = f"{len(files):,} JPEG of {size:,} bytes, untouched"
        bench_pack(f"{label}, decoded to check", files, root, base, formats=both)
        bench_pack(f"{label}, not decoded", files, root, base, formats=both, check_images=False)
        bench_pack(f"{label}, not decoded, tar only", files, root, base, formats=tars, check_images=False)
        cuts = windows(root, given.scenes)
        bench_pack(f"{len(cuts):,} windows of 512 from PNG of 4096", cuts, root, base, formats=both)


if __name__ == "__main__":
    main()
