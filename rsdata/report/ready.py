"""What would keep a run from ending: data, keys, packages or space that are not there. Looked at before it starts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rsdata import licence, readers
from rsdata.errors import RsdataError
from rsdata.licence import POLICIES
from rsdata.recipe import Recipe, Step
from rsdata.services.llm import KEYS
from rsdata.sources import Source

MODULES = {  # what a stage imports when it runs, and the extra that brings it
    "score": ("open_clip", "train"),
    "translate": ("ctranslate2", "translate"),
    "gemini": ("google.genai", "gemini"),
    "gemini-legacy": ("google.generativeai", "gemini-legacy"),
}


def problems(recipe: Recipe, out: Path, needs: int = 0) -> list[str]:
    """One line for each thing that is not there: what, where, and how to get it. `needs`: bytes that `out` must hold.

    An empty list is no promise; it says that nothing known stands in the way.
    """
    found = [line for source in recipe.sources for line in _data(source)]
    found += [line for step in recipe.steps for line in (*_package(step), *_key(step))]
    return found + _space(out, needs)


def refuse(found: list[str]) -> None:
    """Raises RsdataError with all of them, before anything is made."""
    if found:
        text = "; ".join(found)
        raise RsdataError(f"this run cannot end: {text}. See `rsdata plan`; --anyway starts it all the same")


def terms(recipe: Recipe) -> dict[str, Any]:
    """The licences of the sources and what they allow together; `policies`: which uses fit all of them."""
    names = {source.name or source.reader: source.licence for source in recipe.sources if _is_there(source)}
    every = [licence.lookup(name) for name in names.values()]
    fitting = [use for use in POLICIES if every and all(licence.fits(one, use) for one in every)]
    return {"sources": names, "whole": licence.rights(licence.together(every)) if every else {}, "policies": fitting}


def _is_there(source: Source) -> bool:
    return source.root.is_dir()


def _data(source: Source) -> list[str]:
    if _is_there(source):
        return []
    how = readers.get(source.reader).INFO.obtain
    return [f"{source.root}: no such folder for {source.name or source.reader} ({how})"]


def _writer(step: Step) -> str:
    writer = step.params.get("writer")
    return str(writer.get("llm", "")) if isinstance(writer, Mapping) else ""


def _package(step: Step) -> list[str]:
    name = _writer(step) if _writer(step) in MODULES else step.name
    if name not in MODULES or (name == "translate" and not step.params.get("model")):
        return []
    module, extra = MODULES[name]
    try:
        there = find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    return [] if there else [f"{step.name} needs the package {module}: pip install 'rsdata[{extra}]'"]


def _key(step: Step) -> list[str]:
    """Gemini always wants a key; an OpenAI-compatible server of one's own may want none."""
    writer = _writer(step)
    names = KEYS.get(writer, ())
    if writer == "openai" or not names or any(os.environ.get(name) for name in names):
        return []
    return [f"{step.name} asks {writer} and no key is in the environment: set {' or '.join(names)}"]


def _space(out: Path, needs: int) -> list[str]:
    if "://" in str(out) or not needs:
        return []
    folder = next(parent for parent in (out, *out.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if free >= needs:
        return []
    return [f"{folder}: about {needs / 1e9:,.1f} GB are needed and {free / 1e9:,.1f} GB are free; give another --out"]
