"""What is to be done: a YAML file, or a command's flags, as a Recipe with every default filled in.

    name: pretrain
    seed: 7
    sources:
      - {reader: dota, root: ${RSDATA_DATA}/dota, split: train}
      - {reader: isaid, root: ${RSDATA_DATA}/isaid, images: false}
    stages:
      - tile: {size: 1024}
      - m2b:
      - b2c: {rules: full}
      - pack: {formats: [webdataset, parquet]}
    compare: remoteclip       # optional: the paper beside whose counts `rsdata plan` puts those of this disk

`sources: {found_in: FOLDER, sample: FOLDER2}` takes every dataset found in FOLDER/<reader>, and if there is none draws
sample scenes into FOLDER2 and takes those; `skip_splits: [test]` leaves splits
out. `${RSDATA_DATA}` is `data` where the variable is not set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from rsdata import readers, stages
from rsdata.errors import BadRecipe, BadSource
from rsdata.place import place
from rsdata.sources import Source

PART_SIZE = 2000
MAX_DROP = 0.05
TOP_KEYS = ("name", "seed", "part_size", "max_drop", "compare", "sources", "stages")
OWN_KEYS = ("format", "rsdata")  # written by corpus.yaml beside the recipe
SOURCE_KEYS = ("reader", "name", "root", "split", "skip_splits", "images", "licence", "drawn", "options")


@dataclass(frozen=True)
class Step:
    """One stage of a recipe with all its parameters."""

    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """Sources to read and the stages after it, in order."""

    name: str
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    seed: int = 0
    part_size: int = PART_SIZE
    max_drop: float = MAX_DROP
    compare: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for corpus.yaml."""
        head: dict[str, Any] = {
            "name": self.name,
            "seed": self.seed,
            "part_size": self.part_size,
            "max_drop": self.max_drop,
        }
        if self.compare:
            head["compare"] = self.compare
        steps = [{step.name: dict(step.params)} for step in self.steps]
        return {**head, "sources": [s.as_dict() for s in self.sources], "stages": steps}

    def then(self, name: str, **params: Any) -> Recipe:
        """This recipe and one stage more."""
        return replace(self, steps=(*self.steps, Step(name, stages.complete(name, params))))


def make(name: str, sources: list[Source], steps: list[tuple[str, dict[str, Any]]], seed: int = 0) -> Recipe:
    """A recipe from parts, completed as one from a file is: `convert` and the other commands use this."""
    complete = tuple(Step(stage, stages.complete(stage, params)) for stage, params in steps)
    return Recipe(name, _named(sources, name), complete, seed)


def source(
    reader: str,
    root: Path | None,
    split: str | None = None,
    images: bool = True,
    options: Mapping[str, Any] | None = None,
) -> Source:
    """A source from a command's flags; without `root` it lies in the data folder under its reader's name."""
    readers.get(reader)
    return Source(reader, root or data_folder() / reader, reader, split, (), images, options or {})


def load(path: Path, data: Path | None = None, draw: bool = True) -> Recipe:
    """Read a recipe file. Raises BadRecipe naming the file, the key and the known keys.

    `draw=False` draws no sample scenes where the recipe asks for them and no data is found.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadRecipe(
            f"{path}: cannot be read ({error.strerror}); name a recipe file such as recipes/pretrain.yaml"
        ) from error
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRecipe(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return parse(raw, str(path), data, draw)


def parse(raw: Any, where: str, data: Path | None = None, draw: bool = True) -> Recipe:
    """A recipe from plain data; `where` names it in errors, `data` stands for ${RSDATA_DATA}."""
    if not isinstance(raw, dict):
        raise BadRecipe(f"{where}: a recipe is a mapping with the keys {', '.join(TOP_KEYS)}")
    _known(raw, TOP_KEYS + OWN_KEYS, where, "key")
    sources = _sources(raw.get("sources"), where, data or data_folder(), draw)
    steps = tuple(_step(entry, where) for entry in raw.get("stages") or [])
    name = str(raw.get("name") or Path(where).stem)
    numbers = {
        key: raw.get(key, default) for key, default in (("seed", 0), ("part_size", PART_SIZE), ("max_drop", MAX_DROP))
    }
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise BadRecipe(f"{where}: {key} wants a number, got {value!r}")
    if numbers["part_size"] < 1:
        raise BadRecipe(f"{where}: part_size wants a number above 0, got {numbers['part_size']}")
    part_size, seed = int(numbers["part_size"]), int(numbers["seed"])
    compare = str(raw.get("compare") or "")
    return Recipe(name, _named(sources, where), steps, seed, part_size, numbers["max_drop"], compare)


def data_folder() -> Path:
    """Where datasets lie when no --root is given: $RSDATA_DATA, or `data`."""
    return place(os.environ.get("RSDATA_DATA") or "data")


def _step(entry: Any, where: str) -> Step:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise BadRecipe(f"{where}: a stage is written `- name: {{parameters}}`, got {entry!r}")
    name, params = next(iter(entry.items()))
    if params is not None and not isinstance(params, dict):
        raise BadRecipe(f"{where}: the parameters of stage {name} are a mapping, got {params!r}")
    if name == "read":
        raise BadRecipe(f"{where}: read is not written as a stage; list what is to be read under sources")
    return Step(str(name), stages.complete(str(name), params, where))


def _sources(raw: Any, where: str, data: Path, draw: bool) -> list[Source]:
    if isinstance(raw, dict):
        return _found(raw, where, data, draw)
    if not isinstance(raw, list) or not raw:
        raise BadRecipe(f"{where}: sources wants a list such as `- {{reader: dota, root: data/dota}}`, got {raw!r}")
    return [_source(entry, where, data) for entry in raw]


def _source(entry: Any, where: str, data: Path) -> Source:
    if not isinstance(entry, dict) or "reader" not in entry:
        raise BadRecipe(f"{where}: a source is a mapping with at least `reader`, got {entry!r}")
    _known(entry, SOURCE_KEYS, where, "source key")
    reader = str(entry["reader"])
    readers.get(reader)
    root = _expand(str(entry.get("root") or f"${{RSDATA_DATA}}/{reader}"), where, data)
    skip = tuple(str(split) for split in entry.get("skip_splits") or ())
    options, images = entry.get("options") or {}, bool(entry.get("images", True))
    return Source(reader, root, str(entry.get("name") or ""), entry.get("split"), skip, images, options)


def _found(raw: dict[str, Any], where: str, data: Path, draw: bool) -> list[Source]:
    """Every dataset below a folder; the drawn sample scenes where there is none."""
    _known(raw, ("found_in", "sample", "skip_splits"), where, "sources key")
    skip = tuple(raw.get("skip_splits") or ())
    folder = _expand(str(raw.get("found_in") or "${RSDATA_DATA}"), where, data)
    found = in_folder(folder, skip)
    if found or not raw.get("sample"):
        if not found:
            raise BadSource(f"{folder}: no dataset found here; see `rsdata datasets`, or set RSDATA_DATA to your data")
        return found
    from rsdata import sample

    drawn = _expand(str(raw["sample"]), where, data)
    if draw:
        sample.write(drawn)
    return in_folder(drawn, skip)


def in_folder(folder: Path, skip_splits: tuple[str, ...] = ()) -> list[Source]:
    """The datasets that lie in `folder` under their readers' names."""
    here = [name for name in readers.names() if (folder / name).is_dir()]
    return [Source(name, folder / name, name, skip_splits=skip_splits) for name in here]


def _named(sources: list[Source], where: str) -> tuple[Source, ...]:
    """Give each source a name, the reader's unless it says otherwise; two of one name would share ids."""
    named: dict[str, Source] = {}
    for s in sources:
        name = s.name or s.reader
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
            raise BadRecipe(f"{where}: source name {name!r}: use small letters, digits, _ . and - only")
        if name in named:
            first = named[name].root
            raise BadRecipe(
                f"{where}: two sources are called {name!r} ({first} and {s.root}), so their ids would collide;"
                f" give one of them a name, such as `name: {name}-2`"
            )
        named[name] = replace(s, root=s.root.absolute(), name=name)
    return tuple(named.values())


def _expand(text: str, where: str, data: Path) -> Path:
    text = re.sub(r"\$\{?RSDATA_DATA\}?", lambda _: str(data), text)
    text = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111
    if left := re.search(r"\$\{?\w+\}?", text):
        raise BadRecipe(f"{where}: {left.group()} is not set in the environment")
    return place(text)


def _known(raw: Mapping[str, Any], known: tuple[str, ...], where: str, what: str) -> None:
    for key in raw:
        if key not in known:
            guess = get_close_matches(str(key), known, 1)
            hint = f"; did you mean {guess[0]}?" if guess else ""
            raise BadRecipe(f"{where}: unknown {what} {key!r}{hint} Known: {', '.join(known)}")
