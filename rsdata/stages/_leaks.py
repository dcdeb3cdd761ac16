"""Finding a benchmark's images among those of a corpus: by hash in all views and crops, by bytes, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rsdata import hamming, phash
from rsdata.phash import U64
from rsdata.stages import _hashlist, _lookup
from rsdata.stages._derived import scene
from rsdata.stages._prints import Ints, Prints

if TYPE_CHECKING:
    import pyarrow as pa

VIEW_NAMES = list(phash.VIEWS)
INVERSE = {
    "turned left by 90": "turned right by 90",
    "turned right by 90": "turned left by 90",
}  # of a view, else itself


class Hit(NamedTuple):
    """One image of the corpus (its place) and one of the benchmark (its row), and why they are the same.

    `kind`: phash, crop, rotation (any of the views), crop+rotation, sha256 or name.
    """

    image: int
    row: int
    kind: str
    distance: int | None
    why: str


def search(
    images: Prints, bench: pa.Table, distance: int, views: bool = True, crops: bool = True, names: bool = True
) -> list[Hit]:
    """Every image of the corpus that shows one of the benchmark: of each kind of evidence (look, bytes, name) the
    nearest or first image of the benchmark, sorted by image."""
    found = [*_by_look(images, bench, distance, views, crops), *_by_bytes(images, bench)]
    found += _by_name(images, bench) if names else []
    return sorted(found, key=lambda hit: (hit.image, hit.row, hit.kind))


def _by_look(images: Prints, bench: pa.Table, distance: int, views: bool, crops: bool) -> Iterator[Hit]:
    """Whole images against all crops and views of the benchmark, and crops of images against its whole images."""
    table = _hashlist.hashes(bench)[:, :, : None if views else 1]
    turns = table.shape[2]
    whole = np.flatnonzero(images.hashed)
    other = table if crops else table[:, :1]
    asked, row, column, bits = nearest(images.hashes[whole], other.reshape(len(other), -1), distance)
    best = {
        int(whole[i]): (d, 0, c // turns, c % turns, r)
        for i, r, c, d in zip(asked.tolist(), row.tolist(), column.tolist(), bits.tolist(), strict=True)
    }
    if crops:
        mine = images.crops[whole].T.reshape(-1)  # crop by crop
        asked, row, column, bits = nearest(mine, table[:, 0], distance)
        for i, r, c, d in zip(asked.tolist(), row.tolist(), column.tolist(), bits.tolist(), strict=True):
            image, crop = int(whole[i % len(whole)]), i // len(whole) + 1
            best[image] = min(best.get(image, (65, 0, 0, 0, 0)), (d, 1, crop, c, r))
    for image, (d, inner, crop, view, r) in sorted(best.items()):
        kind = "+".join(["crop"] * bool(crop) + ["rotation"] * bool(view)) or "phash"
        yield Hit(image, r, kind, d, _said(inner, phash.CROPS[crop], VIEW_NAMES[view]) + f", distance {d}")


def _said(inner: int, share: float, view: str) -> str:
    """How the image of the corpus ("this image") comes from that of the benchmark ("it"), or the reverse."""
    view = INVERSE.get(view, view) if inner else view
    turned = "" if view == VIEW_NAMES[0] else f", {view}"
    if share == 1.0:
        return f"this image is it{turned}" if turned else "the same image"
    part = f"the middle {share:g} of each side"
    return f"it is {part} of this image{turned}" if inner else f"this image is {part} of it{turned}"


def nearest(asked: U64, bench: U64, t: int) -> tuple[Ints, Ints, Ints, Ints]:
    """For each asked hash with one of `bench` `[m, k]` at distance <= t: its place, the row and column of the nearest,
    and the distance. Of equally near ones the first column, then the first row. Zeros match nothing."""
    mine = np.flatnonzero(asked)
    different, place = hamming.collapse(asked[mine])
    by_column = np.ascontiguousarray(bench.T).reshape(-1)
    there, first = np.unique(by_column, return_index=True)
    there, first = there[there != 0], first[there != 0]
    query, base, bits = _lookup.matches(different, there, t)
    order = np.lexsort((first[base], bits, query))
    query, base, bits = query[order], base[order], bits[order]
    head = np.flatnonzero(np.diff(query, prepend=-1))
    where = np.full(len(different), -1, np.int64)
    where[query[head]] = head
    hit = where[place]
    found = np.flatnonzero(hit >= 0)
    chosen = first[base[hit[found]]]
    return mine[found], chosen % max(len(bench), 1), chosen // max(len(bench), 1), bits[hit[found]]


def _by_bytes(images: Prints, bench: pa.Table) -> Iterator[Hit]:
    """The same file; a flat image matches nothing."""
    import pyarrow.compute as pc

    solid = bench.column("flat").to_numpy(zero_copy_only=False) == 0
    rows = np.flatnonzero(solid)
    digests = bench.column("sha256").combine_chunks().take(rows)
    place = pc.index_in(images.sha256, digests, skip_nulls=True).fill_null(-1).to_numpy()
    for image in np.flatnonzero((place >= 0) & ~images.flat):
        yield Hit(int(image), int(rows[place[image]]), "sha256", None, "the same file, byte for byte")


def _by_name(images: Prints, bench: pa.Table) -> Iterator[Hit]:
    """The same scene by its name, where one dataset is known to be made of another."""
    known: dict[tuple[str, str], int] = {}
    for row, (source, id) in enumerate(_pairs(bench.column("source"), bench.column("id"))):
        known.setdefault(scene(source, id), row)
    for image, (source, id) in enumerate(_pairs(images.sources, images.ids)):
        key = scene(source, id)
        if key in known:
            yield Hit(image, known[key], "name", None, f"the same scene by name, {key[1]} of {key[0]}")


def _pairs(sources: Any, ids: Any) -> Iterator[tuple[str, str]]:
    return zip(sources.to_pylist(), ids.to_pylist(), strict=True)
