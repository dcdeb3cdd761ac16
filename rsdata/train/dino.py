"""Self-distillation beside the contrastive loss: projection head, teacher, image tower on small crops.

The head is DINO's (vision_transformer.py DINOHead), the teacher an exponential mean of the student with a fixed
momentum: SILC (arXiv 2310.13355) reports that a momentum that rises to 1 stops the teacher from learning of the texts.
RS-M-CLIP's own settings are not published.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from rsdata.errors import BadRecipe
from rsdata.train import dist


class Head(nn.Module):
    """Three linear layers with GELU, unit length, and a linear layer of unit rows: [n, width] -> [n, prototypes]."""

    def __init__(self, width: int, prototypes: int, hidden: int = 2048, bottleneck: int = 256) -> None:
        super().__init__()
        sizes = (width, hidden, hidden, bottleneck)
        layers: list[nn.Module] = []
        for one, two in pairwise(sizes):
            layers += [nn.Linear(one, two), nn.GELU()]
        self.mlp = nn.Sequential(*layers[:-1])
        for module in self.mlp:
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        self.last = nn.Parameter(nn.Linear(bottleneck, prototypes, bias=False).weight.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Prototype scores. Rows of `last` count as unit rows: DINO's weight norm with its norm fixed to 1."""
        x = F.normalize(self.mlp(x), dim=-1, eps=1e-6 if x.dtype == torch.float16 else 1e-12)
        return F.linear(x, F.normalize(self.last, dim=-1).to(x.dtype))


class Teacher:
    """The mean of past students, and the centre of its outputs. Equal on every process."""

    def __init__(self, visual: nn.Module, head: Head, momentum: float, centre_momentum: float) -> None:
        self.visual, self.head = copy.deepcopy(visual), copy.deepcopy(head)
        for parameter in self._parameters():
            parameter.requires_grad_(False)
        self.momentum, self.centre_momentum = momentum, centre_momentum
        self.centre = torch.zeros(len(head.last), device=head.last.device)
        self._sum, self._rows = torch.zeros_like(self.centre), 0

    @torch.no_grad()
    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Prototype scores [views, n, k] of images [views, n, 3, h, w]."""
        scores: torch.Tensor = self.head(self.visual(images.flatten(0, 1)))
        self._sum += scores.float().sum(0)
        self._rows += len(scores)
        return scores.reshape(*images.shape[:2], -1)

    @torch.no_grad()
    def step(self, visual: nn.Module, head: Head) -> None:
        """After the optimiser's step: move towards the student, and the centre towards the outputs of this step."""
        mean = dist.total(self._sum) / (self._rows * dist.world())
        self.centre.lerp_(mean, 1 - self.centre_momentum)
        self._sum, self._rows = torch.zeros_like(self.centre), 0
        students = [*visual.parameters(), *head.parameters()]
        for mine, theirs in zip(self._parameters(), students, strict=True):
            mine.lerp_(theirs.detach(), 1 - self.momentum)
        for kept, new in zip(self.visual.buffers(), visual.buffers(), strict=True):
            kept.copy_(new)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"visual": self.visual.state_dict(), "head": self.head.state_dict(), "centre": self.centre}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        self.visual.load_state_dict(state["visual"])
        self.head.load_state_dict(state["head"])
        self.centre.copy_(state["centre"])

    def _parameters(self) -> list[nn.Parameter]:
        return [*self.visual.parameters(), *self.head.parameters()]


def local_size(visual: nn.Module, size: int, wanted: int) -> int:
    """The side of a local crop: `wanted`, or 3/7 of the image (DINO's 96 of 224) in whole patches."""
    patch = patch_of(visual)
    if patch is None:
        if wanted not in (0, size):
            raise BadRecipe(f"train: this image tower takes {size} pixels alone; leave dino_local_size at 0")
        return size
    side = wanted or max(1, round(size * 3 / 7 / patch)) * patch
    if side % patch:
        raise BadRecipe(f"train: dino_local_size {side} is no multiple of the model's patch of {patch} pixels")
    return side


def patch_of(visual: nn.Module) -> int | None:
    """The patch of an open_clip vision transformer, whose position table can be resized; None for other towers."""
    grid, patch = getattr(visual, "grid_size", None), getattr(visual, "patch_size", None)
    return int(patch[0]) if grid is not None and patch is not None and hasattr(visual, "class_embedding") else None


def encode(visual: Any, images: torch.Tensor) -> torch.Tensor:
    """Features [n, d] of square images of any size of whole patches; the position table is resized on the way."""
    patch = patch_of(visual)
    now = None if patch is None else (images.shape[-2] // patch, images.shape[-1] // patch)
    if now is None or now == tuple(visual.grid_size):
        plain: torch.Tensor = visual(images)
        return plain
    table: torch.Tensor = visual.positional_embedding
    grid = table[1:].T.reshape(1, -1, *visual.grid_size)
    grid = F.interpolate(grid.float(), now, mode="bicubic", antialias=True, align_corners=False)
    resized = torch.cat([table[:1], grid[0].flatten(1).T.to(table.dtype)])
    features: torch.Tensor = functional_call(visual, {"positional_embedding": resized}, (images,))
    return features
