"""Captions from a CoCa or MaMMUT model, by beam search over its forward pass.

open_clip's own `generate` does not work with transformers 5 (it looks for a class that is gone).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from rsdata.errors import BadRecipe

PAD = 0


@torch.no_grad()
def captions(
    model: nn.Module, images: torch.Tensor, tokenizer: Any, *, beam: int = 1, length: int = 30, batch: int = 64
) -> list[str]:
    """One sentence an image. `images`: normalised [n, 3, side, side]; `beam`: sentences kept (1 is greedy); `length`:
    tokens at most. The score of a sentence is its mean log probability per token."""
    if not hasattr(model, "decode") and not hasattr(model, "text_decoder"):
        raise BadRecipe("this model writes no captions: train with the objective coca or mammut")
    start, end = int(tokenizer.sot_token_id), int(tokenizer.eot_token_id)
    found: list[str] = []
    for at in range(0, len(images), batch):
        for row in search(model, images[at : at + batch], start, end, beam, length):
            found.append(tokenizer.decode([token for token in row if token not in (start, end, PAD)]).strip())
    return found


def search(model: Any, images: torch.Tensor, start: int, end: int, beam: int, length: int) -> list[list[int]]:
    """Tokens of the best sentence for each image, from `start` on, up to and with `end` where it ends in time."""
    count, device = len(images), images.device
    seen = _see(model, images)
    seen = seen.repeat_interleave(beam, 0)
    tokens = torch.full((count * beam, 1), start, device=device)
    scores = torch.full((count, beam), float("-inf"), device=device)
    scores[:, 0] = 0.0  # all beams begin alike: one is enough
    done = torch.zeros(count * beam, dtype=torch.bool, device=device)
    for _ in range(min(length, int(model.clip.context_length if hasattr(model, "clip") else model.context_length)) - 1):
        logs = _next(model, seen, tokens).float().log_softmax(-1)
        words = logs.shape[-1]
        logs[done] = float("-inf")
        logs[done, PAD] = 0.0  # a sentence that has ended stays as it is
        scores, best = (scores[..., None] + logs.reshape(count, beam, words)).flatten(1).topk(beam)
        rows = (best // words + torch.arange(count, device=device)[:, None] * beam).flatten()
        tokens = torch.cat([tokens[rows], (best % words).reshape(-1, 1)], 1)
        done = done[rows] | (tokens[:, -1] == end)
        if done.all():
            break
    lengths = (tokens != PAD).sum(1).reshape(count, beam)
    chosen = (scores / lengths).argmax(1) + torch.arange(count, device=device) * beam
    return [[token for token in row if token != PAD] for row in tokens[chosen].tolist()]


def _see(model: Any, images: torch.Tensor) -> torch.Tensor:
    """What the decoder looks at."""
    seen: torch.Tensor = model.see(images) if hasattr(model, "see") else model._encode_image(images)[1]
    return seen


def _next(model: Any, seen: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Scores of the next word after each row of `tokens`."""
    if hasattr(model, "decode"):
        scores: torch.Tensor = model.decode(seen, tokens)
    else:
        scores = model.text_decoder(seen, model._encode_text(tokens)[1])
    return scores[:, -1]
