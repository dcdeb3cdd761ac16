"""Groups of images that look the same: connected components of near hashes, with equal hashes collapsed first.

Two overlapping windows of one file are never linked to each other, however alike they are; both may be linked to a
third image.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rsdata import hamming
from rsdata.phash import U64

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def overlap(one: Ints, other: Ints) -> Bools:
    """Whether boxes `[..., 4]` (left, top, right, bottom) share a pixel."""
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    return np.asarray((low < high).all(axis=-1))


def components(n: int, links: Ints) -> Ints:
    """The component of each of n images, numbered from 0, by links `[m, 2]`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links), np.bool_), (links[:, 0], links[:, 1])), shape=(n, n))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def segment_links(hashes: U64, t: int, segments: int) -> Ints:
    """Links `[m, 2]` as RemoteCLIP finds them: pairs at distance <= t that agree in at least one of `segments` equal
    parts of the hash (arXiv 2306.11029, section III-B3). With more segments than t these are all pairs."""
    different, place = hamming.collapse(hashes)
    order = np.argsort(place, kind="stable")
    first = order[np.searchsorted(place[order], np.arange(len(different)))]
    one, other, _ = hamming.pairs(different, t)
    edges = np.linspace(0, 64, segments + 1).round().astype(int)
    agree = np.zeros(len(one), bool)
    for low, high in pairwise(edges):
        mask = np.uint64(((1 << int(high - low)) - 1) << int(low))
        agree |= ((different[one] ^ different[other]) & mask) == 0
    near = np.stack([first[one[agree]], first[other[agree]]], axis=1)
    return np.concatenate([np.stack([order, first[place[order]]], axis=1), near])


def links(hashes: U64, files: Ints, boxes: Ints, t: int) -> Ints:
    """Links `[m, 2]` whose components are those of all pairs at distance <= t that are not overlapping windows of one
    file. Few links stand for many pairs: a hash that many images share costs one link for each of them."""
    if not len(hashes):
        return np.empty((0, 2), np.int64)
    different, place = hamming.collapse(hashes)
    order = np.lexsort((files, place))
    starts = np.searchsorted(place[order], np.arange(len(different) + 1))
    first, last = order[starts[:-1]], order[starts[1:] - 1]
    mixed = files[first] != files[last]  # then all images of this hash are linked with each other
    partner = np.where(files[order] != files[first[place[order]]], first[place[order]], last[place[order]])
    found = [np.stack([order, partner], axis=1)[mixed[place[order]]]]
    for k in np.flatnonzero(~mixed & (np.diff(starts) > 1)):
        found.append(_apart(order[starts[k] : starts[k + 1]], boxes))
    one, other, _ = hamming.pairs(different, t)
    alone = ~mixed[one] & ~mixed[other] & (files[first[one]] == files[first[other]])
    for a, b in zip(one[alone], other[alone], strict=True):
        found.append(_across(order[starts[a] : starts[a + 1]], order[starts[b] : starts[b + 1]], boxes))
    for a, b in ((one[~alone], other[~alone]), (other[~alone], one[~alone])):
        found.extend(_to_another_file(a, b, order, starts, first, last, mixed, files))
    return np.concatenate(found)


def _to_another_file(
    a: Ints, b: Ints, order: Ints, starts: Ints, first: Ints, last: Ints, mixed: Bools, files: Ints
) -> Iterator[Ints]:
    """Link the images of hash a (one of them, where they are linked already) to one of hash b of another file."""
    count = np.where(mixed[a], 1, starts[a + 1] - starts[a])
    offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    mine = order[np.repeat(starts[a], count) + offset]
    there = np.repeat(b, count)
    theirs = np.where(files[first[there]] != files[mine], first[there], last[there])
    apart = files[mine] != files[theirs]
    yield np.stack([mine[apart], theirs[apart]], axis=1)


def _apart(members: Ints, boxes: Ints) -> Ints:
    """Links among windows of one file and one hash that do not overlap: a tree for each component."""
    found, left = [], members
    while left.size:
        queue, left = [left[0]], left[1:]
        while queue and left.size:
            member = queue.pop()
            free = ~overlap(boxes[member], boxes[left])
            found += [(member, other) for other in left[free]]
            queue += list(left[free])
            left = left[~free]
    return np.array(found, np.int64).reshape(-1, 2)


def _across(a: Ints, b: Ints, boxes: Ints) -> Ints:
    """Links between windows of one file with two near hashes."""
    i, j = np.nonzero(~overlap(boxes[a][:, None], boxes[b][None, :]))
    return np.stack([a[i], b[j]], axis=1)


def keep(labels: Ints, rank: Ints, files: Ints, boxes: Ints) -> Ints:
    """For each image the one that is kept in its place, itself where it is kept.

    The image of the lowest rank of each component is kept, and so are windows that overlap it in its file; others go.
    """
    order = np.lexsort((rank, labels))
    head = np.r_[True, labels[order][1:] != labels[order][:-1]] if len(order) else np.empty(0, bool)
    best = np.empty(len(labels), np.int64)
    best[order] = order[head][np.cumsum(head) - 1] if len(order) else order
    kept = best.copy()
    spared = (files == files[best]) & overlap(boxes, boxes[best]) & (best != np.arange(len(best)))
    more: dict[int, list[int]] = {}
    for image in order[spared[order]]:
        others = more.setdefault(int(best[image]), [])
        apart = [k for k in others if not (files[k] == files[image] and overlap(boxes[k], boxes[image]))]
        kept[image] = apart[0] if apart else image
        if not apart:
            others.append(int(image))
    return kept
