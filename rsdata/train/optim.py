"""The optimiser: AdamW, which weights decay, the learning rate of a step, the precision of a pass."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from rsdata.train.config import Settings


def adamw(learner: nn.Module, s: Settings) -> torch.optim.AdamW:
    """AdamW over all weights that learn."""
    return torch.optim.AdamW(_groups(learner, s), s.lr, (s.beta1, s.beta2), s.eps)


def rate(step: int, s: Settings) -> float:
    """The learning rate of a step: linear to `lr` in `warmup` steps, then half a cosine to 0."""
    if step < s.warmup:
        return s.lr * (step + 1) / s.warmup
    return 0.5 * s.lr * (1 + math.cos(math.pi * (step - s.warmup) / max(1, s.steps - s.warmup)))


def precision(wanted: str, device: torch.device) -> str:
    """`auto` as fp32, bf16 or fp16."""
    if wanted != "auto":
        return wanted
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported() else "fp16"


def cast(device: torch.device, precision: str) -> torch.autocast:
    """A context in which a forward pass runs in this precision; weights stay in float32."""
    kinds = {"fp32": torch.bfloat16, "bf16": torch.bfloat16, "fp16": torch.float16}
    return torch.autocast(device.type, kinds[precision], enabled=precision != "fp32")


def _groups(learner: nn.Module, s: Settings) -> list[dict[str, Any]]:
    """Weights decay, but not biases, norms, scales and single vectors (as open_clip's trainer does)."""
    named = [(name, p) for name, p in learner.named_parameters() if p.requires_grad]
    plain = [p for name, p in named if p.ndim < 2 or "logit_" in name]
    heavy = [p for name, p in named if not (p.ndim < 2 or "logit_" in name)]
    return [{"params": plain, "weight_decay": 0.0}, {"params": heavy, "weight_decay": s.weight_decay}]
