"""What a model is measured on: records of a corpus, of a packed folder, or of a dataset by name, as they are found.

read("corpus/rsicd")              a corpus of `rsdata convert`
read("corpus/rsicd/05-pack")      shards or Parquet files, as packed
read("rsicd", "test", root=...)   a dataset, by its reader; also read("rsicd:test")
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rsdata import corpus, readers, recipe, sources
from rsdata.errors import BadCorpus, BadSource
from rsdata.record import Drop, Record

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Data:
    """Records with the folders of their images, and what was left out: reason -> images."""

    name: str
    records: list[Record]
    roots: dict[str, Path]
    left_out: Counter[str] = field(default_factory=Counter)

    def file(self, record: Record) -> Path:
        """Where the image of a record lies."""
        return self.roots[record.source] / (record.path or "")

    def only(self, keep: Callable[[Record], bool], reason: str) -> Data:
        """The records that `keep` is true of; the others are counted under `reason`."""
        kept = [record for record in self.records if keep(record)]
        lost = len(self.records) - len(kept)
        left_out = self.left_out + Counter({reason: lost} if lost else {})
        return Data(self.name, kept, self.roots, left_out)

    def about(self) -> dict[str, Any]:
        """What a result says of its data; `digest` is of the ids, so that two results can be compared."""
        ids = "\n".join(sorted(packed_id(record) for record in self.records))
        digest = hashlib.sha256(ids.encode()).hexdigest()[:16]
        return {
            "name": self.name,
            "images": len(self.records),
            "splits": dict(sorted(Counter(record.split or "none" for record in self.records).items())),
            "left_out": dict(sorted(self.left_out.items())),
            "digest": digest,
        }


def read(
    what: str, split: str | None = None, *, root: Path | None = None, options: Mapping[str, Any] = NO_OPTIONS
) -> Data:
    """The records of `what`. Raises BadCorpus where it is nothing that can be measured, BadSource by a reader."""
    path = Path(what)
    if (path / "corpus.yaml").is_file():
        found = corpus.open(path)
        data = Data(path.name, list(found.records()), found.roots)
    elif path.is_dir():
        data = _read(path.resolve().name, _packed(path), path, None, options)
    else:
        name, _, own = what.partition(":")
        if path.suffix or "/" in what or name not in readers.names():
            wanted = "a corpus, a folder of shards or Parquet files, or the name of a dataset (rsdata datasets)"
            raise BadCorpus(f"{what}: nothing to measure on here; wanted {wanted}")
        split = split or own or None
        data = _read(name, name, root, split, options)
    if split:
        data = data.only(lambda record: record.split == split, f"not of the split {split}")
    data = data.only(lambda record: record.path is not None, "no image")
    data.records.sort(key=packed_id)  # shards are shuffled: nothing may depend on that
    if not data.records:
        lost = ", ".join(f"{n} {reason}" for reason, n in data.left_out.items())
        raise BadCorpus(f"{what}: no image to measure on" + (f" ({lost})" if lost else ""))
    return data


def packed_id(record: Record) -> str:
    """The id that a record had before it was packed: the same for a corpus and for its shards."""
    return record.extra.get("packed_id", record.id)


def _packed(path: Path) -> str:
    for reader, pattern in (("webdataset", "*.tar"), ("parquet", "*.parquet")):
        if any(True for _ in path.glob(pattern)) or any(True for _ in path.glob(f"*/{pattern}")):
            return reader
    inside = sorted(path.glob("*-pack"))
    if inside:
        return _packed(inside[-1])
    raise BadCorpus(f"{path}: no corpus.yaml, *.tar or *.parquet here; wanted a corpus or a packed folder")


def _read(name: str, reader: str, root: Path | None, split: str | None, options: Mapping[str, Any]) -> Data:
    source = recipe.source(reader, root, split, options=options)
    data = Data(name, [], {reader: source.root})
    found = readers.get(reader)
    for output in _outputs(found, sources.items(source)):
        if isinstance(output, Drop):
            data.left_out[output.reason] += output.images
        elif isinstance(output, Record):
            data.records.append(output)
    data.left_out = +data.left_out
    if not data.records and data.left_out:
        lost = ", ".join(f"{n} {reason}" for reason, n in data.left_out.items())
        raise BadSource(f"{name}: no image could be read ({lost})")
    return data


def _outputs(reader: Any, items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield from reader.read(item)
