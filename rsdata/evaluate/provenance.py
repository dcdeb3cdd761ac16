"""Was the training corpus compared with the benchmark? Said with every number; "unknown" where nothing tells.

`rsdata train` keeps data.json beside the weights (rsdata.train.provenance). Published checkpoints have none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

FILE = "data.json"
UNKNOWN = "unknown: nothing beside these weights says what they were trained on"


def training(model: str, pretrained: str = "") -> dict[str, Any]:
    """What is known of the training of a model given by `model` and `pretrained`: status yes, no or unknown, and why.

    yes: every packed corpus that it was trained on went through `decontaminate`. The weights that a run began with are
    named: what those had seen is not known either.
    """
    if pretrained == "random":
        return {"decontaminated": "yes", "why": "random weights have seen nothing", "packs": [], "began_with": ""}
    folder = next((place for place in _places(model, pretrained) if (place / FILE).is_file()), None)
    if folder is None:
        return {"decontaminated": "unknown", "why": UNKNOWN, "packs": [], "began_with": ""}
    try:
        packs = json.loads((folder / FILE).read_text("utf-8"))["packs"]
        settings = _settings(folder)
        began = str(settings.get("pretrained") or "")
        named = str(settings.get("model") or "")
        began = began or (
            named if named.startswith("hf-hub:") or ("/" in named and not named.endswith(".json")) else ""
        )
        status, why = _status(packs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {
            "decontaminated": "unknown",
            "why": f"unknown: {FILE} is damaged ({error})",
            "packs": [],
            "began_with": "",
        }
    if began:
        began = Path(began).name if "/" in began else began
        why += f"; it began with the weights {began}, whose training data are unknown"
        status = "unknown" if status == "yes" else status
    return {"decontaminated": status, "why": why, "packs": packs, "began_with": began}


def of_sets(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """One line on a training corpus and the sets that are measured on, by their names."""
    line, packs = str(found["why"]), found["packs"]
    for name in names:
        held = sum(int((pack.get("sources") or {}).get(name, 0)) for pack in packs)
        if held:
            splits: Counter[str] = Counter()
            for pack in packs:
                splits.update(pack.get("splits") or {})
            shown = ", ".join(f"{split} {n:,}" for split, n in sorted(splits.items()))
            line += f"; it holds {held:,} images of {name} itself (splits of the whole corpus: {shown})"
        if found["decontaminated"] == "yes" and packs and name not in _against(packs):
            line += f"; {name} is not among what it was compared with"
    return line


def _against(packs: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of benchmarks without their split: rsicd:test and the list rsicd-test are rsicd."""
    names = {what for pack in packs for entry in pack["decontaminated"] or [] for what in entry["against"]}
    return {name.partition(":")[0].rpartition("-")[0] or name.partition(":")[0] for name in names} | names


def _places(model: str, pretrained: str) -> list[Path]:
    paths = [Path(part) for part in (pretrained, model) if part]
    return [place for path in paths for place in (path, path.parent) if place.is_dir() and path.exists()]


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "config.yaml"
    try:
        found = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    except yaml.YAMLError:
        found = {}
    return found if isinstance(found, dict) else {}


def _status(packs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    lines, states = [], []
    for pack in packs:
        checks = pack["decontaminated"]
        if checks is None:
            states.append("unknown")
            lines.append(f"{pack['title']}: unknown, its shards came without their corpus")
        elif not checks:
            states.append("no")
            lines.append(f"{pack['title']}: not compared with any benchmark")
        else:
            states.append("yes")
            told = (
                f"{', '.join(c['against'])} (distance <= {c['distance']}, {c['dropped']:,} dropped)" for c in checks
            )
            lines.append(f"{pack['title']}: compared with {'; '.join(told)}")
    if not states:
        return "unknown", UNKNOWN
    status = "no" if "no" in states else "unknown" if "unknown" in states else "yes"
    return status, "; ".join(lines)
