"""The global shuffle: an order of the whole corpus that no process needs to hold as records.

A sample's place follows from a 64-bit hash of seed and id. So the order does not depend on how records lie in parts,
nor on the numpy version, and a few records more or less leave the others in the same order. Each part is cut on its
own and leaves an index of 40 bytes a sample; the plan sorts all of them at once (20 million samples: 1.3 GB of memory,
one time) and each shard is a slice of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Where one sample lies in the spill of its part: text, json, then the encoded image, or the name of an image file.
# `image` counts the bytes of the image wherever it lies; `file` those of the name, 0 when the image is in the spill.
ROW = np.dtype(
    [
        ("rank", "<u8"),
        ("offset", "<i8"),
        ("image", "<i8"),
        ("part", "<i4"),
        ("text", "<i4"),
        ("meta", "<i4"),
        ("file", "<i4"),
    ]
)
Rows = npt.NDArray[np.void]
CHUNK = 1 << 20


def rank(seed: int, id: str) -> int:
    """The place of a record in the shuffled corpus, as a hash: lower comes first."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{id}".encode(), digest_size=8).digest(), "little")


def merged(indexes: Sequence[Path]) -> Rows:
    """The rows of all parts, in the order of the parts, without holding any of them twice."""
    sizes = [len(np.load(path, mmap_mode="r")) for path in indexes]
    rows, at = np.empty(sum(sizes), ROW), 0
    for path, size in zip(indexes, sizes, strict=True):
        rows[at : at + size] = np.load(path)
        at += size
    return rows


def order(indexes: Sequence[Path], to: Path) -> tuple[int, int, list[tuple[int, int]]]:
    """Sort the rows of all parts by rank into one file; return samples, bytes, and neighbours of equal rank."""
    rows = merged(indexes)
    by_rank = np.argsort(rows["rank"], kind="stable")
    with to.open("wb") as file:  # no memory map: on a full disk, that would be a bus error
        layout = {"descr": np.lib.format.dtype_to_descr(ROW), "fortran_order": False, "shape": rows.shape}
        np.lib.format.write_array_header_2_0(file, layout)
        for start in range(0, len(rows), CHUNK):
            file.write(rows[by_rank[start : start + CHUNK]].tobytes())
    size = sum(int(rows[name].sum(dtype=np.int64)) for name in ("image", "text", "meta"))
    ranks = rows["rank"][by_rank]
    equal = np.flatnonzero(ranks[1:] == ranks[:-1])
    return len(rows), size, [(int(by_rank[i]), int(by_rank[i + 1])) for i in equal]


def shard_count(samples: int, size: int, *, gpus: int, loader_workers: int, shard_size: int, shard_bytes: int) -> int:
    """How many shards of equal size: within both bounds, at least one for each loader, and a multiple of the loaders.

    A loader process reads whole shards, so open_clip wants shards >= workers x GPUs, and a share that does not come
    out even makes some wait for others. A corpus of fewer samples than loaders gets one sample a shard.
    """
    loaders = gpus * loader_workers
    wanted = max(loaders, -(-samples // shard_size), -(-size // shard_bytes))
    return min(samples, -(-wanted // loaders) * loaders)


def bounds(number: int, samples: int, shards: int) -> tuple[int, int]:
    """First and last-plus-one position of a shard; sizes differ by one at most."""
    return number * samples // shards, (number + 1) * samples // shards
