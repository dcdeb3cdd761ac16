"""De-duplicate: of images that look the same, keep one.

Images are linked when their 64-bit hashes differ in at most `distance` bits (nearly every hash has 32 ones, so
distances come out even: 2 finds what 3 finds), or when they are the same bytes. Linked images, also through others,
are a group. Flat images (blank tiles) have no meaningful hash and are linked by their bytes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rsdata import hamming
from rsdata.errors import BadRecipe
from rsdata.record import Drop, Output, Record
from rsdata.stages import _found, _near, _prints
from rsdata.stages._near import Ints
from rsdata.stages._prints import Prints

VERSION = 1
STAGE = "dedup"
FILTERS = ("duplicate",)
FILE = "duplicates.parquet"
CHAIN = ", through images each at most {} from the next"
MOST_DISTANCE = 10
METHODS = ("groups", "remoteclip")


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    distance: int = 2,
    within: str = "corpus",
    method: str = "groups",
    operator: str = "<=",
    segments: int = 4,
) -> dict[str, Any]:
    """Find the groups of the whole corpus and write what is to be dropped into `out`; returns that file's name."""
    limit = _checked(distance, within, method, operator, segments)
    images = _prints.read(parts, STAGE)
    labels = _labels(images, limit, within, method, segments)
    boxes = images.boxes if method == "groups" else np.zeros_like(images.boxes)  # empty boxes overlap nothing
    kept = _near.keep(labels, _rank(images, method), images.files, boxes)
    gone = np.flatnonzero(kept != np.arange(len(kept)))
    _write(out / FILE, images, gone, kept[gone], limit)
    return {
        "file": FILE,
        "sha256": _found.digest(out / FILE),
        "images": len(images),
        "flat": int(images.flat.sum()),
        "groups": len(np.unique(labels[gone])),
        "dropped": len(gone),
    }


def run(
    records: Iterable[Record],
    *,
    distance: int = 2,
    within: str = "corpus",
    method: str = "groups",
    operator: str = "<=",
    segments: int = 4,
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Drop every image of a group but one, as `duplicate` with the id that was kept and the distance to it.

    - `distance`: 0 to 10 of 64 bits; `operator`: "<=" or "<"
    - `within`: corpus, or source: then images of two sources are never duplicates of each other
    - `method`: `groups` keeps the image with more captions, then the larger, then the first id; overlapping windows of
      one file are not duplicates of each other. `remoteclip` is the paper's rule (arXiv 2306.11029, III-B3): a pair
      must agree in one of `segments` parts of the hash, flat images count like all others, the first id is kept.
      The paper says distance < 2, its code num_diff <= 2.
    """
    gone = _found.reasons(str(out / state["file"]), state["sha256"], STAGE)
    for record in records:
        if record.id in gone:
            yield Drop(record.id, STAGE, "duplicate", gone[record.id], objects=len(record.objects))
        else:
            yield record


def _checked(distance: int, within: str, method: str, operator: str, segments: int) -> int:
    """The largest distance of a pair."""
    if within not in ("corpus", "source"):
        raise BadRecipe(f"dedup: within {within!r}; wanted corpus or source")
    if method not in METHODS:
        raise BadRecipe(f"dedup: method {method!r}; wanted {' or '.join(METHODS)}")
    if operator not in ("<", "<="):
        raise BadRecipe(f'dedup: operator {operator!r}; wanted "<" or "<="')
    limit = distance if operator == "<=" else distance - 1
    if not 0 <= limit <= MOST_DISTANCE:
        raise BadRecipe(f"dedup: distance {operator} {distance}; wanted 0 to {MOST_DISTANCE} differing bits of 64")
    if not 1 <= segments <= 64:
        raise BadRecipe(f"dedup: segments {segments}; wanted 1 to 64")
    return limit


def _labels(images: Prints, limit: int, within: str, method: str, segments: int) -> Ints:
    """The group of each image, by number."""
    paper = method == "remoteclip"
    hashed = images.hashed | images.flat if paper else images.hashed
    sources = images.sources.dictionary_encode().indices.to_numpy() * (within == "source")
    found = [np.empty((0, 2), np.int64)] if paper else [_same_bytes(images, sources)]
    for source in np.unique(sources):
        which = np.flatnonzero(hashed & (sources == source))
        hashes = images.hashes[which]
        if paper:
            found.append(which[_near.segment_links(hashes, limit, segments)])
        else:
            found.append(which[_near.links(hashes, images.files[which], images.boxes[which], limit)])
    return _near.components(len(images), np.concatenate(found))


def _same_bytes(images: Prints, sources: Ints) -> Ints:
    """Links between images of the same bytes and, where they are windows, of the same place."""
    there = np.flatnonzero(images.sha256.is_valid().to_numpy(zero_copy_only=False))
    digests = images.sha256.take(there).dictionary_encode().indices.to_numpy().astype(np.int64)
    keys = np.column_stack([digests, sources[there], images.boxes[there]])
    order = np.lexsort(keys.T)
    same = (keys[order][1:] == keys[order][:-1]).all(axis=1)
    return np.stack([there[order[:-1][same]], there[order[1:][same]]], axis=1)


def _rank(images: Prints, method: str) -> Ints:
    """The order of preference: more captions, more pixels, first id; for the paper's rule the id alone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table({"captions": images.captions, "area": images.areas, "id": images.ids})
    keys = [("captions", "descending"), ("area", "descending"), ("id", "ascending")]
    order = pc.sort_indices(table, sort_keys=keys if method == "groups" else keys[-1:]).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _write(file: Path, images: Prints, gone: Ints, kept: Ints, limit: int) -> None:
    """One row for each image to drop, with the reason in words."""
    import pyarrow.compute as pc

    bits = hamming.distance(images.hashes[gone], images.hashes[kept])
    same = (images.boxes[gone] == images.boxes[kept]).all(axis=1)
    same &= pc.equal(images.sha256.take(gone), images.sha256.take(kept)).fill_null(False).to_numpy(zero_copy_only=False)
    ids = images.ids.take(gone).to_pylist()
    others = images.ids.take(kept).to_pylist()
    why = [
        f"of {other}, distance {d}" + (", same bytes" if equal else CHAIN.format(limit) if d > limit else "")
        for other, d, equal in zip(others, bits.tolist(), same.tolist(), strict=True)
    ]
    _found.write(file, {"id": ids, "kept": others, "distance": bits, "why": why})
