"""Frozen splits: rules over sorted names, kept in splits.toml. The same images give the same split on every machine."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.evaluate.data import packed_id
from rsdata.record import Record

FILE = Path(__file__).parent / "splits.toml"
PARTS = ("train", "val", "test")


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The rules, and the twelve sets of RemoteCLIP."""
    return tomllib.loads(FILE.read_text("utf-8"))


def rule_for(set_name: str, given: str = "", records: Iterable[Record] = ()) -> str:
    """The rule to take: the one given; RemoteCLIP's for its twelve sets; the records' own splits where some are train
    and some test; or ours."""
    rules = table()["rules"]
    if given and given not in rules:
        raise BadRecipe(f"eval: no split rule {given!r}; there are {', '.join(rules)}")
    if given or set_name in table()["sets"]:
        return given or "remoteclip-1"
    return "own-1" if {record.split for record in records} >= {"train", "test"} else "hashed-1"


def split(
    records: Sequence[Record], labels: npt.NDArray[np.int64], set_name: str, rule: str, seed: int = 0
) -> npt.NDArray[np.str_]:
    """The part of each record, `train`, `val` or `test` [record]; "" for a record of another split (rule own-1)."""
    how = table()["rules"][rule]
    parts = np.full(len(records), "", dtype="<U5")
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label).tolist()
        if how["order"] == "own":
            for row in rows:
                parts[row] = records[row].split if records[row].split in PARTS else ""
        else:
            rows.sort(key=lambda n: _order(records[n], how["order"], set_name, seed))
            cut = int(how["train"] * len(rows) + 1e-9)
            parts[rows[:cut]], parts[rows[cut:]] = "train", "test"
    if not (parts == "val").any():
        _take_val(parts, records, labels, set_name, how["val_of_train"])
    if not (parts == "test").any():
        there = ", ".join(sorted({record.split or "(none)" for record in records}))
        raise BadCorpus(f"{set_name}: no test images by the rule {rule}; the records' own splits: {there}")
    return parts


def digest(records: Iterable[Record], parts: Iterable[str]) -> str:
    """A hash of which image is in which part."""
    lines = sorted(f"{part}\t{packed_id(record)}" for record, part in zip(records, parts, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _take_val(
    parts: npt.NDArray[np.str_],
    records: Sequence[Record],
    labels: npt.NDArray[np.int64],
    set_name: str,
    share: float,
) -> None:
    """Move a share of each class's train to val, at least one where there are two."""
    for label in np.unique(labels):
        rows = np.flatnonzero((labels == label) & (parts == "train")).tolist()
        rows.sort(key=lambda n: _hash(f"rsdata-val-1:{set_name}:{_name(records[n])}"))
        count = max(int(share * len(rows)), 1 if len(rows) > 1 else 0)
        parts[rows[:count]] = "val"


def _order(record: Record, order: str, set_name: str, seed: int) -> Any:
    name = _name(record)
    if order == "name":
        return name.rpartition("/")[2], name
    return _hash(f"rsdata-split-1:{seed}:{set_name}:{name}"), name


def _name(record: Record) -> str:
    """`<class>/<stem>`: the id without source and split."""
    parts = packed_id(record).split("/")[1:]
    return "/".join(parts[1:] if record.split and parts[0] == record.split else parts)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
