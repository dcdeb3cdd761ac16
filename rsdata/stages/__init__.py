"""The table of stages: a name as it stands in a recipe, and its module, imported when used.

A map stage is `run(records, *, ...params, roots, seed, state)`; a stage that needs the whole corpus first adds
`prepare(parts, ...)`; a sink (SINK = True), such as pack, makes files that hold no records.
"""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, get_type_hints

from rsdata.errors import BadRecipe

STAGES = {
    "read": "rsdata.stages.read",
    "tile": "rsdata.stages.tile",
    "m2b": "rsdata.stages.m2b",
    "b2c": "rsdata.stages.b2c",
    "landmarks": "rsdata.stages.landmarks",
    "describe": "rsdata.stages.describe",
    "translate": "rsdata.stages.translate",
    "fingerprint": "rsdata.stages.fingerprint",
    "dedup": "rsdata.stages.dedup",
    "decontaminate": "rsdata.stages.decontaminate",
    "altfilter": "rsdata.stages.altfilter",
    "score": "rsdata.stages.score",
    "keep": "rsdata.stages.keep",
    "remotecount": "rsdata.stages.remotecount",
    "policy": "rsdata.stages.policy",
    "balance": "rsdata.stages.balance",
    "merge": "rsdata.stages.merge",
    "pack": "rsdata.stages.pack",
}

GIVEN = {
    "records",
    "items",
    "parts",
    "roots",
    "seed",
    "state",
    "out",
    "name",
    "progress",
    "each",
}  # what the runner passes, not the user


def load(name: str) -> ModuleType:
    """The module of a stage. An unknown name is a BadRecipe that lists the known ones."""
    if name not in STAGES:
        guess = get_close_matches(name, STAGES, 1)
        hint = f"; did you mean {guess[0]}?" if guess else ""
        raise BadRecipe(f"no stage is called {name!r}{hint} Known: {', '.join(STAGES)}")
    return import_module(STAGES[name])


def is_sink(name: str) -> bool:
    """Whether a stage makes files that hold no records, as pack does."""
    return bool(getattr(load(name), "SINK", False))


def entry(module: ModuleType) -> Any:
    """The function whose keyword parameters are the stage's parameters."""
    return module.work if getattr(module, "SINK", False) else module.run


def takes(function: Any, parameter: str) -> bool:
    """Whether a function has a parameter of this name."""
    return parameter in inspect.signature(function).parameters


@lru_cache
def defaults(name: str) -> dict[str, Any]:
    """Every parameter of a stage with its default value."""
    parameters = inspect.signature(entry(load(name))).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in GIVEN}


def complete(name: str, params: dict[str, Any] | None, where: str = "recipe") -> dict[str, Any]:
    """Parameters with defaults filled in. Unknown names and values of a wrong kind are a BadRecipe."""
    known = defaults(name)
    given = dict(params or {})
    for key in given:
        if key not in known:
            guess = get_close_matches(key, known, 1)
            hint = f"; did you mean {guess[0]}?" if guess else ""
            raise BadRecipe(f"{where}: stage {name} has no parameter {key!r}{hint} Known: {', '.join(known) or 'none'}")
    missing = [key for key, value in known.items() if value is inspect.Parameter.empty and key not in given]
    if missing:
        raise BadRecipe(f"{where}: stage {name} needs the parameter {missing[0]!r}")
    hints = get_type_hints(entry(load(name)))
    for key, value in given.items():
        given[key] = _fitted(name, key, value, known[key], str(hints.get(key, "")), where)
    merged = {**known, **given}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in merged.items()}


def _fitted(stage: str, key: str, value: Any, default: Any, hint: str, where: str) -> Any:
    """A value of the kind that the default has; whole numbers pass as decimals."""
    if value is None or default is None or default is inspect.Parameter.empty:
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted: Any = (list, tuple) if isinstance(default, (list, tuple)) else type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        kind = hint.replace("<class '", "").replace("'>", "")
        raise BadRecipe(f"{where}: stage {stage}: {key} wants {kind}, got {value!r}")
    return value
