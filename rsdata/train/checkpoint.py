"""Checkpoints: weights as open_clip reads them, and beside them what a run needs to go on.

runs/x/open_clip_config.json           open_clip.create_model("local-dir:runs/x") and load("runs/x") read this
runs/x/open_clip_pytorch_model.pth     the newest weights (a second name of the file below)
runs/x/step-00001000.pth               {"state_dict", "step", "name"}; .extra: what open_clip does not know
runs/x/step-00001000.state             optimizer, scaler, teacher, loader's place, sums of the log; written last
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rsdata.errors import BadRecipe
from rsdata.train.model import WEIGHTS, extras, open_clip_part


def save(out: Path, step: int, model: nn.Module, name: str, state: dict[str, Any], keep: int) -> Path:
    """Write a checkpoint whole, point the newest weights at it, and remove all but the `keep` newest."""
    part = open_clip_part(model)
    weights = out / f"step-{step:08d}.pth"
    _write(weights, {"state_dict": part.state_dict(), "step": step, "name": name})
    if part is not model:
        mine = {key: value for key, value in model.state_dict().items() if not key.startswith("clip.")}
        _write(extras(weights), mine)
        _second_name(extras(weights), extras(out / WEIGHTS))
    _second_name(weights, out / WEIGHTS)
    _write(weights.with_suffix(".state"), {**state, "step": step})
    for old in steps(out)[:-keep]:
        for suffix in (".state", ".pth", ".extra"):
            (out / f"step-{old:08d}{suffix}").unlink(missing_ok=True)
    return weights


def steps(out: Path) -> list[int]:
    """Steps with a whole checkpoint, oldest first."""
    return sorted(int(path.stem[5:]) for path in out.glob("step-*.state") if path.with_suffix(".pth").is_file())


def newest(out: Path) -> tuple[Path, dict[str, Any]] | None:
    """Weights file and state of the newest whole checkpoint."""
    found = steps(out)
    if not found:
        return None
    weights = out / f"step-{found[-1]:08d}.pth"
    try:
        state: dict[str, Any] = torch.load(weights.with_suffix(".state"), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        problem = f"{weights.with_suffix('.state')}: cannot be read ({str(error)[:120]})"
        raise BadRecipe(f"{problem}; remove it to go on from the checkpoint before it") from error
    return weights, state


def restore(model: nn.Module, weights: Path) -> None:
    """Load the weights that `save` wrote into a model of the same shape."""
    part = open_clip_part(model)
    part.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["state_dict"])
    if part is not model:
        model.load_state_dict(torch.load(extras(weights), map_location="cpu", weights_only=True), strict=False)


def clear(out: Path) -> None:
    """Remove what a run wrote, and nothing else."""
    for path in [*out.glob("step-*.state"), *out.glob("step-*.pth"), *out.glob("step-*.extra"), *out.glob(".*.tmp")]:
        path.unlink()
    for name in (WEIGHTS, extras(Path(WEIGHTS)).name, "log.jsonl", "config.yaml", "data.json"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "index", ignore_errors=True)


def cut_log(path: Path, step: int) -> None:
    """Drop lines of steps after `step`, which will be done again, and a line that a kill cut in two."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (ValueError, KeyError):
            continue
    _whole(path, lambda temporary: temporary.write_text("".join(kept), "utf-8"))


def _write(path: Path, data: dict[str, Any]) -> None:
    _whole(path, lambda temporary: torch.save(data, temporary))


def _second_name(path: Path, name: Path) -> None:
    """A hard link where the disk has them, else a copy."""

    def link(temporary: Path) -> None:
        try:
            os.link(path, temporary)
        except OSError:
            shutil.copyfile(path, temporary)

    _whole(name, link)


def _whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write under a temporary name, to the disk, then rename."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    write(temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
