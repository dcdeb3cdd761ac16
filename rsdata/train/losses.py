"""The losses, each on plain tensors.

Every process holds its own rows; what it needs of the others is gathered first (`dist.gather`), and the mean of the
processes' losses is the loss of the whole batch. Without equal captions, `clip`, `siglip` and `caption` are open_clip's
ClipLoss, SigLipLoss and the caption part of CoCaLoss.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from rsdata.train import dist


def clip(
    image: torch.Tensor,
    text: torch.Tensor,
    scale: torch.Tensor,
    same: torch.Tensor | None = None,
    how: str = "mask",
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """InfoNCE both ways, in float32. `image`, `text`: unit rows [n, d] of this process.

    `same`: [n, world * n], true where the caption of a column is true of the image of a row (see `pairs`). `how`:
    `mask` leaves such pairs out of the sum below the fraction, `positive` shares the target among them, `negative` does
    nothing about them.
    """
    image, text = image.float(), text.float()
    every_image, every_text = dist.gather(image), dist.gather(text)
    own = dist.rank() * len(image) + torch.arange(len(image), device=image.device)
    losses = []
    for rows, columns in ((image, every_text), (text, every_image)):
        logits = scale * rows @ columns.T
        if bias is not None:
            logits = logits + bias
        if same is None or how == "negative":
            losses.append(F.cross_entropy(logits, own))
        elif how == "mask":
            others = same.clone()
            others[torch.arange(len(own), device=own.device), own] = False
            losses.append(F.cross_entropy(logits.masked_fill(others, float("-inf")), own))
        else:
            target = same.float() / same.sum(1, keepdim=True)
            losses.append(F.cross_entropy(logits, target))
    return (losses[0] + losses[1]) / 2


def siglip(
    image: torch.Tensor,
    text: torch.Tensor,
    scale: torch.Tensor,
    bias: torch.Tensor,
    same: torch.Tensor | None = None,
    how: str = "mask",
) -> torch.Tensor:
    """Sigmoid loss over all pairs (arXiv 2303.15343), summed over columns, mean over rows. Arguments as for `clip`."""
    image, text = image.float(), text.float()
    logits = scale * image @ dist.gather(text).T + bias
    own = torch.zeros_like(logits, dtype=torch.bool)
    rows = torch.arange(len(image), device=image.device)
    own[rows, dist.rank() * len(image) + rows] = True
    positive = own if same is None or how != "positive" else same
    terms = -F.logsigmoid(torch.where(positive, logits, -logits))
    if same is not None and how == "mask":
        terms = terms.masked_fill(same & ~own, 0.0)
    return terms.sum() / len(image)


def pairs(captions: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """[n, world * n]: where row and column have an equal caption or an equal image. Numbers [n] of this process."""
    return (captions[:, None] == dist.gather(captions)) | (images[:, None] == dist.gather(images))


def caption(logits: torch.Tensor, labels: torch.Tensor, pad: int, norm: torch.Tensor | None = None) -> torch.Tensor:
    """Cross-entropy of the next token, mean over tokens that are not `pad`. `logits` [n, length, words], `labels`
    [n, length]. `norm`: divide by this instead of the number of tokens here, so that parts of a batch weigh right."""
    losses = F.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=pad, reduction="sum")
    return losses / (labels.ne(pad).sum() if norm is None else norm)


def dino(
    student: torch.Tensor, teacher: torch.Tensor, centre: torch.Tensor, student_temp: float, teacher_temp: float
) -> torch.Tensor:
    """DINO's loss (arXiv 2104.14294, main_dino.py DINOLoss): mean over pairs of a teacher's view and another view of
    the student's of the cross-entropy between them. `student` [views, n, k], `teacher` [2, n, k], its views the first
    two of the student's; `centre` [k]."""
    target = ((teacher.float() - centre) / teacher_temp).softmax(-1).detach()
    guess = (student.float() / student_temp).log_softmax(-1)
    cross = -torch.einsum("tnk,snk->tsn", target, guess).mean(-1)
    off = ~torch.eye(len(target), len(guess), dtype=torch.bool, device=cross.device)
    return cross[off].mean()
