"""The settings of a run: flags or a YAML file, every default with the place it comes from.

A run folder keeps them all in config.yaml, the source of each beside it:

    lr: 4.0e-05        # RemoteCLIP (arXiv 2306.11029 section IV-A), ViT-B-32
    warmup: 200        # given

This module needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from rsdata.errors import BadRecipe

OBJECTIVES = ("clip", "siglip", "clip+dino", "siglip+dino", "coca", "mammut")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
SHUFFLES = ("full", "shards", "none")
SAME = ("mask", "positive", "negative")
MEET = ("yield", "ignore")

DINO = "DINO main_dino.py (facebookresearch/dino)"
ITRA = "ITRA's argparse defaults, RemoteCLIP's trainer (not in the paper)"
OPENCLIP = "open_clip's trainer"
RC = "RemoteCLIP (arXiv 2306.11029 section IV-A)"
SILC = "SILC (arXiv 2310.13355), as papers after it tell"
OURS = "ours"


def _set(default: Any, source: str) -> Any:
    """A setting with its default and where that comes from."""
    return field(default=default, metadata={"source": source})


@dataclass(frozen=True)
class Settings:
    """Everything that a run depends on. `batch` counts images of one optimiser step over all processes."""

    shards: str = _set("", OURS)  # a folder, a file, or a brace pattern such as shards/{000000..000009}.tar
    out: str = _set("runs/train", OURS)
    # model
    model: str = _set("ViT-B-32", RC)  # a name of open_clip, a .json file, a folder, a run
    pretrained: str = _set("", OURS)  # a tag of open_clip, a checkpoint, a folder; empty: random weights
    text_folder: str = _set("", OURS)  # config, tokenizer and weights of a Hugging Face text tower, on this disk
    quick_gelu: str = _set("auto", OURS)  # auto, yes, no
    size: int = _set(0, OURS)  # pixels; 0: the model's
    objective: str = _set("clip", RC)
    # optimiser
    steps: int = _set(0, OURS)  # of the whole run; 0: from epochs
    epochs: float = _set(1.0, OURS)
    batch: int = _set(256, RC)
    accumulate: int = _set(1, OURS)  # parts of a step's batch on each process; the gradient is that of the whole
    checkpointing: bool = _set(False, OURS)  # recompute activations: less memory, a third more work
    precision: str = _set("auto", OURS)  # auto: bf16 on a GPU that has it, fp16 on others, fp32 on a CPU
    lr: float = _set(0.0, OURS)  # 0: 4e-5 from pretrained weights, 5e-4 from random ones
    warmup: int = _set(-1, OURS)  # steps; -1: a tenth of the run, 2,000 at most
    beta1: float = _set(0.9, OPENCLIP)
    beta2: float = _set(0.98, ITRA)
    eps: float = _set(1e-6, OPENCLIP)
    weight_decay: float = _set(0.05, ITRA)
    clip_grad: float = _set(0.0, OPENCLIP)  # largest norm of the gradient; 0: no limit
    same_caption: str = _set("mask", OURS)  # an equal caption elsewhere in the batch: mask, positive, negative
    caption_weight: float = _set(2.0, "CoCa (arXiv 2205.01917), and open_clip's --coca-caption-loss-weight")
    seed: int = _set(0, OURS)
    # loader
    workers: int = _set(4, OPENCLIP)  # processes that decode, for each training process
    shuffle: str = _set("full", OURS)  # full; shards: only their order; none
    mix: int = _set(4, OURS)  # shards whose samples are shuffled together
    # language -> weight; {} takes all alike
    langs: dict[str, float] = field(default_factory=lambda: {"en": 1.0}, metadata={"source": RC})
    # human, b2c, mt, llm, alt, template -> weight; {} takes all captions of the language alike
    origins: dict[str, float] = field(default_factory=dict, metadata={"source": OURS})
    # augmentation
    scale: float = _set(0.9, "ITRA's get_preprocess: RandomResizedCrop(scale=(0.9, 1.0))")
    flip: bool = _set(True, RC)
    turns: bool = _set(True, RC)  # quarter turns
    meet: str = _set("yield", OURS)  # yield: what a caption does not survive is not done to its image; ignore
    # self-distillation
    dino_weight: float = _set(1.0, SILC)
    dino_prototypes: int = _set(4096, "ours: DINO's 65,536 is for batches of 1,024")
    dino_hidden: int = _set(2048, DINO)
    dino_bottleneck: int = _set(256, DINO)
    dino_student_temp: float = _set(0.1, DINO)
    dino_teacher_temp: float = _set(0.04, DINO)
    dino_centre: float = _set(0.9, DINO)
    dino_momentum: float = _set(0.9995, DINO + ' "with batch size of 256"; fixed, as in SILC')
    dino_global_scale: float = _set(0.4, DINO)
    dino_locals: int = _set(8, DINO)
    dino_local_scale: float = _set(0.05, DINO)
    dino_local_size: int = _set(0, DINO)  # 0: 3/7 of the image in whole patches, 96 for 224
    dino_colour: float = _set(1.0, DINO)  # 1: its colour changes; 0: none
    dino_freeze: int = _set(0, OURS)  # first steps without a change of the last layer (DINO: one epoch)
    # bookkeeping
    device: str = _set("auto", OURS)
    log_every: int = _set(20, OURS)
    save_every: int = _set(1000, OURS)
    keep: int = _set(2, OURS)  # newest checkpoints that stay
    tensorboard: bool = _set(False, OURS)


# What may change when a run goes on: nothing that a loss depends on.
FREE = {"out", "shards", "workers", "log_every", "save_every", "keep", "tensorboard", "device", "checkpointing"}
NAMES = tuple(f.name for f in fields(Settings))


def read(path: Path | None, flags: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """Settings of a YAML file and of flags, which win; and setting -> source. Raises BadRecipe."""
    given: dict[str, Any] = {}
    notes: dict[str, str] = {}
    if path is not None:
        try:
            text = path.read_text("utf-8")
            data = yaml.safe_load(text)
        except (OSError, yaml.YAMLError) as error:
            raise BadRecipe(f"{path}: no training config ({str(error).splitlines()[0]})") from error
        if not isinstance(data, dict):
            raise BadRecipe(f"{path}: wants lines such as `lr: 4e-5`, found {type(data).__name__}")
        given |= data
        notes |= {name: note for name in data if (note := _comment(text, str(name)))}
    given |= flags
    sources = {name: "given" for name in given} | {n: notes[n] for n in notes if n not in flags}
    return make(given, sources)


def make(given: Mapping[str, Any], sources: Mapping[str, str] = {}) -> tuple[Settings, dict[str, str]]:
    """Checked settings with what follows from others filled in, and setting -> source."""
    for name in given:
        if name not in NAMES:
            near = get_close_matches(str(name), NAMES, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; the settings are {', '.join(NAMES)}"
            raise BadRecipe(f"train: no setting is called {name!r}{hint}")
    hints = get_type_hints(Settings)
    values = {name: _typed(name, value, hints[name]) for name, value in given.items()}
    told = {f.name: str(f.metadata["source"]) for f in fields(Settings)}
    told |= {name: sources.get(name, "given") for name in values}
    if not values.get("lr"):
        trained = bool(values.get("pretrained"))
        values["lr"] = 4e-5 if trained else 5e-4
        told["lr"] = f"{RC}, ViT-B-32" if trained else f"{OPENCLIP}, from random weights"
    settings = Settings(**values)
    _check(settings)
    return settings, told


def write(path: Path, settings: Settings, sources: Mapping[str, str]) -> None:
    """config.yaml: a line a setting, the source of its value beside it."""
    lines = []
    for name, value in asdict(settings).items():
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
        line = f"{name}: " + text.removesuffix("...\n").strip()
        lines.append(f"{line:<40}  # {sources.get(name, OURS)}")
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("\n".join(lines) + "\n", "utf-8")
    temporary.replace(path)


def differing(old: Mapping[str, Any], new: Settings) -> list[str]:
    """Settings that a run may not change when it goes on, as `lr: 0.1 -> 0.2`."""
    now = asdict(new)
    return [f"{n}: {old[n]!r} -> {now[n]!r}" for n in NAMES if n not in FREE and n in old and old[n] != now[n]]


def _comment(text: str, name: str) -> str:
    """What stands behind # on the line of a setting."""
    for line in text.splitlines():
        if line.startswith(f"{name}:") and "  #" in line:
            return line.partition("  #")[2].strip()
    return ""


def _typed(name: str, value: Any, kind: Any) -> Any:
    """A value as its setting wants it; YAML reads 4e-5 as text."""
    try:
        if kind is bool and isinstance(value, bool):
            return value
        if kind is str and isinstance(value, (str, bool, Path)):
            return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        if kind is int and not isinstance(value, bool) and int(value) == float(value):
            return int(value)
        if kind is float and not isinstance(value, bool):
            return float(value)
        if kind == dict[str, float]:
            return _weights(value)
    except (TypeError, ValueError):
        pass
    wanted = {bool: "true or false", str: "text", int: "a whole number", float: "a number"}.get(kind, "name: weight")
    raise BadRecipe(f"train: {name} wants {wanted}, got {value!r}")


def _weights(value: Any) -> dict[str, float]:
    """`{en: 2, pt: 1}`, `[en, pt]` or `en=2,pt` as name -> weight; nothing or `all` is {}."""
    if isinstance(value, str):
        value = [] if value in ("", "all") else value.split(",")
    if isinstance(value, (list, tuple)):
        pairs = [str(item).partition("=") for item in value]
        value = {name.strip(): weight or 1 for name, _, weight in pairs}
    found = {str(name): float(weight) for name, weight in (value or {}).items()}
    if any(weight < 0 for weight in found.values()) or (found and not sum(found.values())):
        raise ValueError(value)
    return found


def _check(s: Settings) -> None:
    choices = {"objective": OBJECTIVES, "precision": PRECISIONS, "shuffle": SHUFFLES, "same_caption": SAME}
    choices |= {"meet": MEET, "quick_gelu": ("auto", "yes", "no")}
    for name, allowed in choices.items():
        if getattr(s, name) not in allowed:
            raise BadRecipe(f"train: {name} can be {', '.join(allowed)}, got {getattr(s, name)!r}")
    for name in ("batch", "accumulate", "mix", "log_every", "save_every", "keep", "dino_prototypes"):
        if getattr(s, name) < 1:
            raise BadRecipe(f"train: {name} wants 1 or more, got {getattr(s, name)}")
    for name in ("scale", "dino_global_scale", "dino_local_scale"):
        if not 0 < getattr(s, name) <= 1:
            raise BadRecipe(f"train: {name} is a share of the image's area, above 0 and up to 1")
    if s.steps < 1 and s.epochs <= 0:
        raise BadRecipe("train: steps or epochs must be above 0")
