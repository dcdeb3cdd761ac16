"""What is learnt: one module whose forward pass DDP can wrap, and the contrastive loss over its outputs.

The contrastive loss couples all rows of a batch; a batch that does not fit into memory is still one batch. Its parts
run without a gradient first, the loss over all features gives the gradient of each feature, and each part runs once
more to carry its share back (GradCache, arXiv 2101.06983). So `accumulate` costs one more forward pass and changes
nothing but memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from rsdata.train import dino, dist, losses
from rsdata.train.config import Settings

PAD = 0  # open_clip's tokenizer fills sentences up with it
COUPLED = ("image", "text", "scale", "bias")  # outputs that the contrastive loss is made of


class Part(NamedTuple):
    """One part of a batch on its device. `images` [views, n, 3, h, w] and `small` are normalised; `teacher`: scores
    [2, n, k] and `centre` [k]; `norm`: tokens of the whole batch divided by the number of processes."""

    images: torch.Tensor
    tokens: torch.Tensor
    small: torch.Tensor
    teacher: torch.Tensor
    centre: torch.Tensor
    norm: torch.Tensor


class Learner(nn.Module):
    """A model and, for self-distillation, its projection head."""

    def __init__(self, model: nn.Module, settings: Settings, head: dino.Head | None = None) -> None:
        super().__init__()
        self.model, self.head, self.settings = model, head, settings

    def forward(self, part: Part) -> dict[str, torch.Tensor]:
        """`image` [views, n, d] and `text` [n, d] of unit length, `scale`, `bias` where there is one, and `own`: the
        loss that needs no other part, weighted so that the parts' sum is the batch's."""
        s, model = self.settings, self.model
        out: dict[str, torch.Tensor] = {}
        if s.objective in ("coca", "mammut"):
            found = model(part.images[0], part.tokens)
            out |= {"image": found["image_features"][None], "text": found["text_features"]}
            out["own"] = s.caption_weight * losses.caption(found["logits"], found["labels"], PAD, part.norm)
        else:
            visual: Any = model.visual
            features = dino.encode(visual, part.images.flatten(0, 1))
            out["image"] = F.normalize(features, dim=-1).reshape(*part.images.shape[:2], -1)
            out["text"] = model.encode_text(part.tokens, normalize=True)  # type: ignore[operator]
            out["own"] = torch.zeros((), device=features.device)
            if self.head is not None:
                scores = self._scores(visual, features, part)
                temps = s.dino_student_temp, s.dino_teacher_temp
                distilled = losses.dino(scores, part.teacher, part.centre, *temps)
                out["own"] = s.dino_weight * distilled / s.accumulate
        towers: Any = getattr(model, "clip", model)
        out["scale"] = towers.logit_scale.exp()
        if towers.logit_bias is not None:
            out["bias"] = towers.logit_bias * 1.0
        return out

    def _scores(self, visual: nn.Module, features: torch.Tensor, part: Part) -> torch.Tensor:
        """Prototype scores of the student's views, the large ones first: [views, n, k]."""
        count = part.images.shape[1]
        if part.small.numel():
            features = torch.cat([features, dino.encode(visual, part.small.flatten(0, 1))])
        assert self.head is not None
        scores: torch.Tensor = self.head(features)
        return scores.reshape(-1, count, scores.shape[-1])


def contrast(out: dict[str, torch.Tensor], same: torch.Tensor, s: Settings) -> torch.Tensor:
    """The contrastive loss, mean over views: SILC reports that each large view needs its own."""
    terms = []
    for image in out["image"]:
        if s.objective.startswith("siglip"):
            terms.append(losses.siglip(image, out["text"], out["scale"], out["bias"], same, s.same_caption))
        else:
            terms.append(losses.clip(image, out["text"], out["scale"], same, s.same_caption, out.get("bias")))
    return torch.stack(terms).mean()


def backward(
    learner: nn.Module, parts: Sequence[Part], same: torch.Tensor, s: Settings, scaler: Any, cast: Any, seed: int
) -> dict[str, torch.Tensor]:
    """Gradients of one step from its parts; the losses of this process, detached."""
    if len(parts) == 1:
        torch.manual_seed(seed)
        with cast():
            out = learner(parts[0])
        shared = contrast(out, same, s)
        torch.autograd.backward(scaler.scale(shared + out["own"]))
        return _told(shared, out["own"])
    bare = getattr(learner, "module", learner)
    outs = []
    for n, part in enumerate(parts):
        torch.manual_seed(seed + n)  # dropout must fall alike in both passes
        with torch.no_grad(), cast():
            outs.append(bare(part))
    leaves = {name: outs[0][name].float() for name in COUPLED[2:] if name in outs[0]}
    leaves |= {"image": torch.cat([o["image"].float() for o in outs], 1), "text": torch.cat([o["text"] for o in outs])}
    leaves = {name: leaf.float().detach().requires_grad_() for name, leaf in leaves.items()}
    shared = contrast(leaves, same, s)
    torch.autograd.backward(shared)
    own = torch.zeros_like(shared)
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        wait = learner.no_sync() if isinstance(learner, DistributedDataParallel) and not last else nullcontext()
        torch.manual_seed(seed + n)
        with wait:
            with cast():
                out = learner(part)
            carried = out["own"] + _carried(out, leaves, n, len(parts))
            torch.autograd.backward(scaler.scale(carried))
        own = own + out["own"].detach()
    return _told(shared, own)


def _carried(out: dict[str, torch.Tensor], leaves: dict[str, torch.Tensor], n: int, count: int) -> torch.Tensor:
    """A number whose gradient, at this part's weights, is this part's share of the contrastive loss's gradient."""
    grads = {name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for name, leaf in leaves.items()}
    total = (out["image"].float() * grads["image"].chunk(count, 1)[n]).sum()
    total = total + (out["text"].float() * grads["text"].chunk(count)[n]).sum()
    for name in COUPLED[2:]:
        if name in leaves:
            total = total + (out[name] * (grads[name] if n == 0 else 0.0)).sum()
    return total


def _told(shared: torch.Tensor, own: torch.Tensor) -> dict[str, torch.Tensor]:
    shared, own = shared.detach(), own.detach()
    return {"loss": shared + own, "contrastive": shared, "own": own}


def tokens_of(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """What caption losses are divided by: tokens to be told in the whole batch, divided by the number of processes."""
    count = sum((tokens[:, 1:] != PAD).sum() for tokens in parts)
    return dist.total(torch.as_tensor(count, dtype=torch.float32, device=parts[0].device)) / dist.world()
