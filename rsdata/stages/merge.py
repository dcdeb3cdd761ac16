"""Merge: the newest records of other corpora become the first records of this one; `rsdata merge` writes this stage.

What the other corpora lost on the way stays in the books: their drops are carried over with the stage and the reason
that they had, so that in + made = out + dropped holds over the whole history, and `stats` tells all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rsdata.place import place
from rsdata.record import Drop, Made, Output, Record, read_drops, read_part

VERSION = 1
STAGE = "merge"


class _Judged:
    """Every reason: what is carried over was held against max_drop when its own corpus was made."""

    def __contains__(self, reason: object) -> bool:
        return True


FILTERS = _Judged()


def run(records: Iterable[Record], *, corpora: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[Output]:
    """Read one part of another corpus, with the drops of all its stages.

    `corpora`: name -> where it lay (`path`), its newest stage and the digest of that stage's keys, and `sources`: the
    name of each source there -> here. `state`: the files of this part, and the corpus that it is of.
    """
    names: Mapping[str, str] = corpora[state["corpus"]]["sources"]
    drops = [drop for file in state["drops"] for drop in read_drops(place(file))]
    found = read_part(place(state["part"]))
    yield Made(
        state["corpus"],
        len(found) + sum(drop.images for drop in drops),
        sum(len(record.objects) for record in found) + sum(drop.objects for drop in drops),
    )
    for drop in drops:
        yield _named(drop, names)
    for record in found:
        source = names.get(record.source, record.source)
        yield record if source == record.source else replace(record, id=_id(record.id, names), source=source)
    yield from records


def _named(drop: Drop, names: Mapping[str, str]) -> Drop:
    return replace(drop, id=_id(drop.id, names))


def _id(id: str, names: Mapping[str, str]) -> str:
    """`dota/train/P0001` -> `dota-old/train/P0001`."""
    source, slash, rest = id.partition("/")
    return names.get(source, source) + slash + rest
