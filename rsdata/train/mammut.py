"""MaMMUT (arXiv 2303.16839): an image tower and one text decoder that is run twice.

First pass: words see each other in both directions, nothing of the image; it gives the text feature of the contrastive
loss. Second pass: the same weights, each word sees those before it, and cross-attention to the image's tokens is added;
it gives the next word. The decoder is open_clip's text transformer without a causal mask, so the image tower and the
first pass are a plain open_clip model (CustomTextCLIP), and a CLIP checkpoint can begin it.

Left out of the paper: focal contrastive loss, cropped positional embeddings. Ours: cross-attention after every second
block, whose last layers begin at zero so that a pretrained tower is not disturbed; words are scored by the embedding
table. open_clip 3.3 has no MaMMUT.
"""

from __future__ import annotations

from typing import Any

import torch
from open_clip import CustomTextCLIP
from open_clip.transformer import LayerNorm, ResidualAttentionBlock
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from rsdata.errors import BadRecipe

EVERY = 2


class MaMMUT(nn.Module):
    """`clip`: the open_clip half; the rest is what captions need. `pad` is the token that ends no sentence."""

    def __init__(self, config: dict[str, Any], pad: int = 0) -> None:
        super().__init__()
        self.clip = CustomTextCLIP(**config)
        if not hasattr(self.clip.visual, "class_embedding") or not hasattr(self.clip.text, "_embeds"):
            raise BadRecipe("train: mammut wants a vision transformer and open_clip's own text tower, such as ViT-B-32")
        self.clip.visual.output_tokens = True
        self.pad, width = pad, int(self.clip.text.token_embedding.embedding_dim)
        seen = int(self.clip.visual.conv1.out_channels)
        self.to_text = nn.Sequential(LayerNorm(seen), nn.Linear(seen, width))
        blocks = self.clip.text.transformer.resblocks
        heads = blocks[0].attn.num_heads
        self.cross = nn.ModuleList(
            ResidualAttentionBlock(width, heads, is_cross_attention=True) for _ in range(len(blocks) // EVERY)
        )
        for block in self.cross:
            for layer in (block.attn.out_proj, block.mlp.c_proj):  # type: ignore[union-attr]
                nn.init.zeros_(layer.weight)  # type: ignore[union-attr, arg-type]
                nn.init.zeros_(layer.bias)  # type: ignore[union-attr, arg-type]
        self.again = False

    @property
    def visual(self) -> nn.Module:
        """The image tower."""
        tower: nn.Module = self.clip.visual
        return tower

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Recompute activations in the backward pass."""
        self.clip.set_grad_checkpointing(enable)
        self.again = enable

    def encode_image(self, images: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Image features [n, d]."""
        return self._image(images, normalize)[0]

    def encode_text(self, tokens: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Text features [n, d]: the first pass."""
        features: torch.Tensor = self.clip.encode_text(tokens, normalize=normalize)
        return features

    def see(self, images: torch.Tensor) -> torch.Tensor:
        """What the second pass looks at: image tokens in the width of the text."""
        return self._image(images, False)[1]

    def decode(self, seen: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """The second pass: scores [n, length, words] of the word after each of `tokens` [n, length]."""
        text = self.clip.text
        x, _ = text._embeds(tokens)
        length = x.shape[1]
        causal = torch.full((length, length), float("-inf"), device=x.device, dtype=x.dtype).triu_(1)
        for n, block in enumerate(text.transformer.resblocks):
            x = self._run(block, x, None, causal)
            if n % EVERY == EVERY - 1:
                x = self._run(self.cross[n // EVERY], x, seen, None)
        x = text.ln_final(x)
        return F.linear(x, text.token_embedding.weight.to(x.dtype))

    def forward(self, images: torch.Tensor, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        """Both passes, in the words of open_clip's CoCa."""
        image, seen = self._image(images, True)
        longest = tokens.shape[1] - 1
        if self.training:  # what lies behind every caption tells nothing, and is most of the work
            longest = int(tokens[:, 1:].ne(self.pad).any(0).sum())
        return {
            "image_features": image,
            "text_features": self.encode_text(tokens, normalize=True),
            "logits": self.decode(seen, tokens[:, :longest]),
            "labels": tokens[:, 1 : longest + 1],
            "logit_scale": self.clip.logit_scale.exp(),
        }

    def _image(self, images: torch.Tensor, normalize: bool) -> tuple[torch.Tensor, torch.Tensor]:
        pooled, tokens = self.clip.visual(images)
        return F.normalize(pooled, dim=-1) if normalize else pooled, self.to_text(tokens)

    def _run(self, block: Any, x: torch.Tensor, seen: torch.Tensor | None, mask: torch.Tensor | None) -> Any:
        if self.again and torch.is_grad_enabled():
            return checkpoint(block, x, seen, seen, mask, use_reentrant=False)
        return block(x, k_x=seen, v_x=seen, attn_mask=mask)
