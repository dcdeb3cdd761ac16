"""What a model learned from, kept beside its weights: runs/x/data.json. An evaluation prints it with every number.

{"packs": [{"title": "pretrain", "images": 144, "sources": {"rsicd": {"train": 144}}, "manifest": "3f0c...",
            "stages": ["read", "decontaminate", "pack"],
            "decontaminated": [{"against": ["rsitmd:test"], "distance": 6, "dropped": 12}]}]}

`decontaminated` is null where nothing tells: the shards came without their corpus, or are not of `rsdata pack`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

FILE = "data.json"


def write(out: Path, shards: Sequence[Path]) -> None:
    """Write data.json into a run's folder, whole."""
    temporary = out / f".{FILE}.tmp"
    temporary.write_text(json.dumps(describe(shards), indent=1, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(out / FILE)


def describe(shards: Sequence[Path]) -> dict[str, Any]:
    """What is known of the packed folders that these shards lie in; no folder of this machine."""
    return {"packs": [_pack(folder) for folder in sorted({path.absolute().parent for path in shards})]}


def _pack(folder: Path) -> dict[str, Any]:
    home = next((place for place in (folder, folder.parent) if (place / "manifest.json").is_file()), None)
    if home is None:
        return {"title": folder.name, "images": None, "sources": {}, "manifest": "", **_stages(folder)}
    data = (home / "manifest.json").read_bytes()
    try:
        manifest = json.loads(data)
        counts = manifest["counts"]
        title, images, sources = manifest["title"], counts["images"], counts["images_by_source"]
        splits = counts["images_by_split"]
    except (ValueError, KeyError, TypeError):
        return {"title": folder.name, "images": None, "sources": {}, "manifest": "", **_stages(home)}
    digest = hashlib.sha256(data).hexdigest()
    return {
        "title": title,
        "images": images,
        "sources": sources,
        "splits": splits,
        "manifest": digest,
        **_stages(home),
    }


def _stages(home: Path) -> dict[str, Any]:
    """The stages before this pack, and those of the corpora that were merged into its corpus."""
    file = home.parent / "corpus.yaml"
    if not (file.is_file() and home.name.endswith("-pack")):
        return {"stages": None, "decontaminated": None}
    try:
        names, found = _of(file, int(home.name.partition("-")[0]))
        for held in sorted(home.parent.glob("merged/*/corpus.yaml")):
            more, checked = _of(held, None)
            names += [f"{held.parent.name}: {name}" for name in more]
            found += [{**entry, "part": held.parent.name} for entry in checked]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, StopIteration):
        return {"stages": None, "decontaminated": None}
    return {"stages": names, "decontaminated": found}


def _of(file: Path, before: int | None) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the stages below the number `before`, and what was compared. Stage n of corpus.yaml is folder n + 1."""
    steps = yaml.safe_load(file.read_text("utf-8"))["stages"]
    pairs = [next(iter(step.items())) for step in steps][: None if before is None else before - 1]
    checked = [
        _checked(params or {}, file.parent / f"{n:02d}-decontaminate/stage.json")
        for n, (name, params) in enumerate(pairs, 1)
        if name == "decontaminate"
    ]
    return ["read", *(name for name, _ in pairs)], checked


def _checked(params: dict[str, Any], stage: Path) -> dict[str, Any]:
    """Benchmarks by the names of their hash lists, which stand for `found` and for folders too."""
    lists = [Path(str(what).rpartition("@")[0] or str(what)).stem for what in params.get("lists") or []]
    names = lists or [Path(str(what)).name for what in params.get("against") or []]
    dropped = json.loads(stage.read_text("utf-8"))["counts"]["images"]["dropped"]
    return {"against": names, "distance": params.get("distance"), "dropped": dropped}
