"""Pictures with much content, drawn from a seed: two seeds give two unlike pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, width: int = 256, height: int = 256) -> Image.Image:
    """Coarse and fine blotches in colour."""
    rng = np.random.default_rng(seed)
    layers = []
    for cells, depth in ((6, 90), (12, 50), (24, 25)):
        coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
        layers.append((np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float) - 128) * depth / 128)
    return Image.fromarray(np.clip(128 + sum(layers), 0, 255).astype(np.uint8))


def cut(image: Image.Image, share: float) -> Image.Image:
    """The middle of an image, `share` of each side."""
    x, y = round(image.width * (1 - share) / 2), round(image.height * (1 - share) / 2)
    return image.crop((x, y, image.width - x, image.height - y))


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Write an image, its format by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path
