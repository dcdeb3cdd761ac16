"""The classes of a scene classification set: names as the dataset spells them, concepts, and each record's class."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rsdata import readers
from rsdata.errors import BadCorpus
from rsdata.evaluate.data import Data, packed_id
from rsdata.record import Record

I64 = npt.NDArray[np.int64]
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-\s]+")


@dataclass
class Classes:
    """`names` and `concepts` [class], in the dataset's order; `labels` [record]: which one each record is of."""

    set_name: str
    names: list[str]
    concepts: list[str]
    labels: I64


def of(data: Data) -> tuple[Data, Classes]:
    """The records of one set that have a class, and their classes. All classes of a known set are there, even those
    without an image here. Raises BadCorpus where no record has a class, or several sets are mixed."""
    labelled = data.only(lambda record: record.label is not None, "no class")
    sets = sorted({source_of(record) for record in labelled.records})
    if len(sets) != 1:
        found = f"records of {', '.join(sets)}" if sets else "no record with a class"
        raise BadCorpus(f"{data.name}: {found}; wanted one set of scenes, such as aid or eurosat")
    concepts = _known(sets[0])
    here = [_name(record) for record in labelled.records]
    if not set(here) <= set(concepts):
        concepts = dict(sorted({name: r.label or "" for name, r in zip(here, labelled.records, strict=True)}.items()))
    names = list(concepts)
    numbers = {name: n for n, name in enumerate(names)}
    labels = np.array([numbers[name] for name in here], np.int64)
    return labelled, Classes(sets[0], names, [concepts[name] for name in names], labels)


def source_of(record: Record) -> str:
    """The dataset of a record, also of one that was packed."""
    return packed_id(record).partition("/")[0]


def words_of(name: str, concept: str) -> str:
    """A class name as words in lower case: `SeaLake` -> `sea lake`; one that is no words by itself is its concept's."""
    parts = [part for part in _WORDS.split(name) if part]
    if len(parts) == 1 and "_" in concept and parts[0].lower() != concept.replace("_", " "):
        parts = concept.split("_")
    return " ".join(parts).lower()


def _known(name: str) -> dict[str, str]:
    if name not in readers.names():
        return {}
    info = readers.get(name).INFO
    return {name: concept or "" for name, concept in info.classes.items()} if info.task == "scenes" else {}


def _name(record: Record) -> str:
    return record.extra.get("class") or record.label or ""
