"""Packed shards as a numbered row of samples: any sample by its number, one read each.

    shards/000000.tar   000000000.jpg 000000000.txt 000000000.json 000000001.jpg ...
    shards/sizes.json   {"000000.tar": 1000, ...}

Members of one key stand together, as `rsdata pack`, webdataset and img2dataset write them. The places of a shard's
samples are read from its tar headers when it is first needed and kept in a cache folder, so that neither resuming nor
splitting one shard over many workers reads what is not wanted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadCorpus

BLOCK = 512
IMAGES = ("jpg", "jpeg", "png", "webp")
KINDS = ("image", "json", "txt")
HEADER_KINDS = b"xgLKV"  # PAX and GNU records about the next member, volume labels
Index = npt.NDArray[np.int64]  # a row a sample: offset and size of its image, json and txt; size -1 where absent

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")


class Sample(NamedTuple):
    """The bytes of one image, and what is said of it: the record of `rsdata pack`, or a text alone."""

    key: str
    image: bytes
    meta: dict[str, Any]


def expand(pattern: str) -> list[str]:
    """`a/{000..002}.tar` and `{a,b}/x.tar` as the names they stand for; `::` joins patterns."""
    if "::" in pattern:
        return [name for part in pattern.split("::") for name in expand(part)]
    pieces, at = [], 0
    for found in sorted([*_RANGE.finditer(pattern), *_CHOICE.finditer(pattern)], key=lambda m: m.start()):
        pieces.append([pattern[at : found.start()]])
        if found.re is _RANGE:
            first, last = found.groups()
            pieces.append([f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)])
        else:
            pieces.append(found.group(1).split(","))
        at = found.end()
    pieces.append([pattern[at:]])
    return ["".join(parts) for parts in product(*pieces)]


def find(where: str) -> list[Path]:
    """The shards of a packed corpus, a folder of tar files, a tar file, or a brace pattern, sorted."""
    if "://" in where or where.startswith("pipe:"):
        raise BadCorpus(f"{where}: shards are read from a disk, by position; copy them to one first")
    paths = []
    for name in expand(where):
        path = Path(name)
        folder = next((path / sub for sub in ("shards", "") if any((path / sub).glob("*.tar"))), None)
        packed = sorted(path.glob("*-pack/shards/*.tar")) if folder is None and path.is_dir() else []
        found = packed or ([path] if path.is_file() else sorted(folder.glob("*.tar")) if folder else [])
        if not found:
            raise BadCorpus(f"{name}: no shards here; wanted .tar files, in the folder or in its shards/ (rsdata pack)")
        paths += found
    return sorted(set(paths))


def sizes(paths: Sequence[Path], cache: Path | None = None) -> list[int]:
    """Samples of each shard: from sizes.json beside it, else by reading its headers."""
    listed: dict[Path, dict[str, int]] = {}
    for folder in {path.parent for path in paths}:
        file = folder / "sizes.json"
        listed[folder] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return [listed[p.parent].get(p.name) or len(index(p, cache)) for p in paths]


def index(path: Path, cache: Path | None = None) -> Index:
    """The places of a shard's samples. With `cache`, a file there is read or written."""
    kept = None
    if cache is not None:
        stat = path.stat()
        kept = cache / f"{path.parent.name}-{path.stem}-{stat.st_size}-{stat.st_mtime_ns}.npy"
        if kept.is_file():
            found: Index = np.load(kept)
            return found
    rows = np.array(list(_rows(path)), np.int64).reshape(-1, 2 * len(KINDS))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_name(f".{kept.name}.{os.getpid()}")
        with temporary.open("wb") as file:
            np.save(file, rows)
        temporary.replace(kept)
    return rows


class Reader:
    """Reads samples by shard and number; keeps a few shards open. Its own copy in every process."""

    OPEN = 64

    def __init__(self, paths: Sequence[Path], cache: Path | None) -> None:
        self.paths, self.cache = list(paths), cache
        self._open: dict[int, tuple[int, Index]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}

    def sample(self, shard: int, number: int) -> Sample:
        """One sample. Raises BadCorpus where the shard is not what it was."""
        file, rows = self._opened(shard)
        if number >= len(rows):
            listed = f"{self.paths[shard]}: {len(rows)} samples, sizes.json promises more"
            raise BadCorpus(f"{listed}; pack again")
        parts = {}
        for kind, (at, size) in zip(KINDS, rows[number].reshape(-1, 2).tolist(), strict=True):
            if size >= 0:
                parts[kind] = os.pread(file, size, at)
                if len(parts[kind]) != size:
                    raise BadCorpus(f"{self.paths[shard]}: cut short in sample {number}; pack again")
        key = f"{self.paths[shard].name}:{number}"
        text = parts.get("txt", b"").decode("utf-8", "replace")
        try:
            meta = json.loads(parts["json"]) if "json" in parts else {}
        except ValueError as error:
            raise BadCorpus(f"{self.paths[shard]}: the json of sample {number} is damaged ({error})") from error
        if "captions" not in meta:  # not packed by rsdata: one sentence, nothing known of it
            meta = {"id": key, "captions": [{"text": text, "lang": "en", "origin": "human", "rule": "", "of": None}]}
        return Sample(key, parts["image"], meta)

    def _opened(self, shard: int) -> tuple[int, Index]:
        if shard not in self._open:
            while len(self._open) >= self.OPEN:
                os.close(self._open.pop(next(iter(self._open)))[0])
            path = self.paths[shard]
            rows = index(path, self.cache)
            self._open[shard] = os.open(path, os.O_RDONLY), rows
        return self._open[shard]

    def ready(self, shards: Sequence[int], turn: int) -> None:
        """Read the headers of shards that are needed next, each worker beginning with another one."""
        for step in range(len(shards)):
            self._opened(shards[(turn + step) % len(shards)])


def _rows(path: Path) -> Iterator[list[int]]:
    """Offset and size of image, json and txt of each sample; a sample without an image is an error."""
    key, row = None, [0, -1] * len(KINDS)
    for name, at, size in _members(path):
        stem, _, extension = name.rpartition("/")[2].partition(".")
        if stem != key:
            if key is not None:
                yield _whole(path, key, row)
            key, row = stem, [0, -1] * len(KINDS)
        kind = "image" if extension.lower() in IMAGES else extension.lower()
        if kind in KINDS:
            place = 2 * KINDS.index(kind)
            row[place : place + 2] = at, size
    if key is not None:
        yield _whole(path, key, row)


def _whole(path: Path, key: str, row: list[int]) -> list[int]:
    if row[1] < 0:
        raise BadCorpus(f"{path}: sample {key} has no image ({', '.join(IMAGES)}); pack again")
    if row[3] < 0 and row[5] < 0:
        raise BadCorpus(f"{path}: sample {key} has neither .json nor .txt; nothing is said of its image")
    return row


def _members(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of the files of a tar archive."""
    file = os.open(path, os.O_RDONLY)
    try:
        total, at = os.fstat(file).st_size, 0
        while True:
            block = os.pread(file, BLOCK, at)
            if len(block) < BLOCK:
                raise BadCorpus(f"{path}: cut short at byte {at:,}: the archive has no end; pack or copy it again")
            if not block.strip(b"\0"):
                return
            try:
                size = int(block[124:136].strip(b" \0") or b"0", 8)
            except ValueError as error:
                raise BadCorpus(f"{path}: no tar header at byte {at:,}; the archive is damaged") from error
            kind, start = block[156:157], at + BLOCK
            at = start + size + -size % BLOCK
            if at > total:
                raise BadCorpus(f"{path}: cut short at byte {total:,}; pack or copy it again")
            if kind in b"\x000":
                yield block[:100].rstrip(b"\0").decode("utf-8", "replace"), start, size
            elif kind not in HEADER_KINDS and kind != b"5":
                raise BadCorpus(f"{path}: a tar entry of kind {kind!r} at byte {start:,}; wanted plain files")
    finally:
        os.close(file)
