"""Reading scene folders, tar shards and Parquet: python tests/bench/bench_scenes_shards.py [N]

Writes N small images (default 20,000) as an AID folder, as shards of image, text and JSON, and as Parquet, then times
`find` and `read` in one process, with the peak memory of each (in a process of its own). Every image must come back.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsdata import readers
from rsdata.record import Record

SHARD = 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("images", nargs="?", type=int, default=20_000)
    images = parser.parse_args().images
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)).save(out, "JPEG", quality=90)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, write in (("aid", folders), ("webdataset", shards), ("parquet", parquet)):
            write(root / name, out.getvalue(), images)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply(timed, (name, root / name, images))
            print(f"{name:10} {len(out.getvalue()) / 1e3:.0f} kB an image: {found}")


def folders(root: Path, picture: bytes, images: int) -> None:
    names = list(readers.get("aid").INFO.classes)
    for n in range(images):
        path = root / names[n % len(names)] / f"{names[n % len(names)].lower()}_{n}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)


def shards(root: Path, picture: bytes, images: int) -> None:
    root.mkdir()
    for first in range(0, images, SHARD):
        with tarfile.open(root / f"{first // SHARD:05d}.tar", "w", format=tarfile.USTAR_FORMAT) as shard:
            for n in range(first, min(first + SHARD, images)):
                meta = json.dumps({"caption": f"caption {n}", "url": f"https://example.org/{n}"}).encode()
                for extension, data in (("jpg", picture), ("txt", f"caption {n}".encode()), ("json", meta)):
                    member = tarfile.TarInfo(f"{n:09d}.{extension}")
                    member.size = len(data)
                    shard.addfile(member, io.BytesIO(data))


def parquet(root: Path, picture: bytes, images: int) -> None:
    root.mkdir()
    for first in range(0, images, SHARD):
        rows = range(first, min(first + SHARD, images))
        table = pa.Table.from_pylist(
            [{"image": {"bytes": picture + n.to_bytes(8), "path": None}, "text": f"caption {n}"} for n in rows]
        )
        pq.write_table(table, root / f"{first // SHARD:05d}.parquet", row_group_size=1000)


def timed(name: str, root: Path, images: int) -> str:
    reader = readers.get(name)
    start = time.perf_counter()
    items = reader.find(root)
    listed = time.perf_counter()
    read = sum(isinstance(output, Record) for item in items for output in reader.read(item))
    done = time.perf_counter()
    if read != images:
        raise SystemExit(f"{name}: {read} of {images} images came back")
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's pages too
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return f"find {images / (listed - start):,.0f}/s, read {images / (done - listed):,.0f}/s, peak {memory:.0f} MB"


if __name__ == "__main__":
    main()
