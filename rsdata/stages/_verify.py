"""Is a packed corpus what its manifest says? Every problem is one line; none means that all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from rsdata.errors import BadCorpus
from rsdata.stages import _tar
from rsdata.stages._whole import digest, read_json

IMAGES = ("jpg", "png")


def verify(out: Path) -> list[str]:
    """Check every file of a packed corpus: there, of the right bytes, of the right number of samples, keys digits only
    and unique, the sentence in .txt the one that the JSON text names; and nothing that the manifest does not know."""
    manifest = out / "manifest.json"
    if not manifest.is_file():
        return [f"{manifest}: missing; the corpus is not packed to its end, run pack again"]
    try:
        files = {entry["path"]: entry for entry in read_json(manifest)["files"]}
    except (ValueError, KeyError, TypeError) as error:
        return [f"{manifest}: not a manifest ({type(error).__name__}: {error}); pack again"]
    problems = [f"{out / name}: not in the manifest; remove it or pack again" for name in _strangers(out, set(files))]
    for name, entry in sorted(files.items()):
        problems += verify_file(out / name, entry)
    for kind in ("shards/", "parquet/"):
        ends = [
            (name, entry["keys"])
            for name, entry in sorted(files.items())
            if name.startswith(kind) and entry.get("keys")
        ]
        for (one, before), (other, after) in pairwise(ends):
            if after[0] <= before[1]:
                problems.append(
                    f"{out / other}: key {after[0]} also lies in {one}, which ends with {before[1]}; pack again"
                )
    return problems


def intact(out: Path) -> bool:
    """Whether every file of the manifest is there in its size: cheap, for a rerun; `verify` reads the bytes."""
    try:
        files = read_json(out / "manifest.json")["files"]
        return all((out / entry["path"]).stat().st_size == entry["bytes"] for entry in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def verify_file(path: Path, entry: dict[str, Any]) -> list[str]:
    """Check one file against its line in the manifest. Independent of all others, so it can run in any process."""
    if not path.is_file():
        return [f"{path}: missing; pack again"]
    found = digest(path)
    problems = []
    if found["bytes"] != entry["bytes"]:
        problems.append(f"{path}: {found['bytes']:,} bytes, the manifest says {entry['bytes']:,}; pack again")
    elif found["sha256"] != entry["sha256"]:
        problems.append(f"{path}: sha256 is not that of the manifest: bytes were changed; pack again")
    if "samples" in entry:
        problems += _contents(path, entry)
    return problems


def _contents(path: Path, entry: dict[str, Any]) -> list[str]:
    problems: list[str] = []
    try:
        keys = _tar_keys(path, problems) if path.suffix == ".tar" else _parquet_keys(path)
    except (BadCorpus, OSError, ValueError) as error:
        return [*problems, str(error) if isinstance(error, BadCorpus) else f"{path}: cannot be read ({error})"]
    if len(keys) != entry["samples"]:
        problems.append(f"{path}: {len(keys):,} samples, the manifest says {entry['samples']:,}; pack again")
    elif keys and [keys[0], keys[-1]] != entry["keys"]:
        problems.append(
            f"{path}: keys {keys[0]} to {keys[-1]}, the manifest says {' to '.join(entry['keys'])}; pack again"
        )
    for key in keys:
        if not (key.isascii() and key.isdigit()):
            problems.append(f"{path}: the key {key} is not digits only; loaders cut keys at the first dot")
    for one, other in pairwise(keys):
        if one >= other:
            problems.append(f"{path}: key {other} comes after {one}: keys must rise; pack again")
    return problems


def _tar_keys(path: Path, problems: list[str]) -> list[str]:
    keys = []
    for key, sample in _tar.samples(path):
        keys.append(key)
        problems += [f"{path}: sample {key}: {problem}" for problem in _sample(sample)]
    return keys


def _sample(sample: dict[str, bytes]) -> Iterator[str]:
    if sum(extension in sample for extension in IMAGES) != 1:
        yield f"wants one image, has the members {', '.join(sample) or 'none'}"
    try:
        meta = json.loads(sample["json"])
        chosen = meta["chosen"]
        stated = None if chosen is None else meta["captions"][chosen]["text"]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        yield f"no readable JSON text ({type(error).__name__}: {error})"
        return
    if sample.get("txt") != (None if stated is None else stated.encode()):
        yield "the sentence in .txt is not the one that the JSON text names"


def _parquet_keys(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    keys: list[str] = pq.read_table(path, columns=["key"]).column("key").to_pylist()
    return keys


def _strangers(out: Path, known: set[str]) -> list[str]:
    kinds = ("shards", "parquet", "captions")
    found = {path.relative_to(out).as_posix() for kind in kinds for path in (out / kind).glob("*")}
    return sorted(found - known)
