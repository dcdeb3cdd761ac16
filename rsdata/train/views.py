"""From JPEG bytes to square views of uint8 pixels: crops, flips, quarter turns, colour.

A crop is `(x0, y0, x1, y1)` in shares of the image, so a crop that keeps 0.9 of the area does so for any shape; the
whole of an oblong image is squeezed into the square, not cut. JPEG is decoded at the smallest of the scales 1, 1/2,
1/4, 1/8 that still has as many pixels as the views need, which is most of the work saved.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from rsdata.train.captions import Allow

U8 = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
RATIO = 4 / 3  # widest change of shape of a crop, as in torchvision's RandomResizedCrop
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class Colour(NamedTuple):
    """Probabilities of colour changes; DINO's strengths (main_dino.py, DataAugmentationDINO)."""

    jitter: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    solarize: float = 0.0

    def scaled(self, factor: float) -> Colour:
        """These changes, more seldom."""
        return Colour(*(p * factor for p in self))


PLAIN = Colour()
# first global crop, second global crop, local crops
GLOBAL_ONE = Colour(0.8, 0.2, 1.0, 0.0)
GLOBAL_TWO = Colour(0.8, 0.2, 0.1, 0.2)
LOCAL = Colour(0.8, 0.2, 0.5, 0.0)


class View(NamedTuple):
    """One view of an image: crop, side in pixels, flip, quarter turns, colour changes with their seed."""

    box: Box
    side: int
    flip: bool = False
    turns: int = 0
    colour: Colour = PLAIN
    seed: int = 0


def plan(
    side: int,
    rng: random.Random,
    allow: Allow,
    *,
    scale: tuple[float, float] = (0.9, 1.0),
    flip: bool = True,
    turns: bool = True,
    colour: Colour = PLAIN,
) -> View:
    """Draw a view within what is allowed. The same number of random draws whatever is allowed."""
    low = max(scale[0], allow.scale)
    share, shape = rng.random(), math.exp(rng.uniform(-1, 1) * math.log(RATIO))
    x, y, flipped, turned, seed = rng.random(), rng.random(), rng.random() < 0.5, rng.randrange(4), rng.getrandbits(32)
    box = _crop(low + share * (max(scale[1], low) - low), shape, x, y)
    return View(box, side, flip and allow.flip and flipped, turned if turns and allow.turn else 0, colour, seed)


def render(data: bytes, views: Sequence[View]) -> list[U8]:
    """The views of an encoded image, each uint8 [side, side, 3], from one decode. Raises OSError, SyntaxError or
    ValueError where the image is damaged."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        if image.format in ("JPEG", "MPO"):
            widest = max(v.side / (v.box[2] - v.box[0]) for v in views)
            highest = max(v.side / (v.box[3] - v.box[1]) for v in views)
            image.draft("RGB", (min(width, math.ceil(widest)), min(height, math.ceil(highest))))
        pixels = image if image.mode == "RGB" else _rgb(image)
        return [_view(pixels, view) for view in views]


def _crop(area: float, shape: float, x: float, y: float) -> Box:
    """A crop of this share of the area; `shape` is its width by its height, beside those of the image."""
    shape = min(max(shape, area), 1 / area)
    width, height = min(1.0, math.sqrt(area * shape)), min(1.0, math.sqrt(area / shape))
    x0, y0 = x * (1 - width), y * (1 - height)
    return x0, y0, x0 + width, y0 + height


def _rgb(image: Image.Image) -> Image.Image:
    """Eight-bit RGB; 16-bit grey is scaled down, transparency is dropped."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def _view(image: Image.Image, view: View) -> U8:
    width, height = image.size
    box = (view.box[0] * width, view.box[1] * height, min(view.box[2], 1.0) * width, min(view.box[3], 1.0) * height)
    small = image.resize((view.side, view.side), Image.Resampling.BICUBIC, box=box)
    if any(view.colour):
        small = _coloured(small, view.colour, random.Random(view.seed))
    pixels: U8 = np.asarray(small)
    if view.flip:
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, view.turns) if view.turns else pixels


def _coloured(image: Image.Image, colour: Colour, rng: random.Random) -> Image.Image:
    """ColorJitter(0.4, 0.4, 0.2, 0.1) in random order, grey, Gaussian blur of radius 0.1 to 2, solarize at 128."""
    if rng.random() < colour.jitter:
        steps = [("Brightness", 0.4), ("Contrast", 0.4), ("Color", 0.2), ("hue", 0.1)]
        for name, strength in rng.sample(steps, 4):
            amount = rng.uniform(-strength, strength)
            image = _hue(image, amount) if name == "hue" else getattr(ImageEnhance, name)(image).enhance(1 + amount)
    if rng.random() < colour.grey:
        image = image.convert("L").convert("RGB")
    if rng.random() < colour.blur:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.1, 2.0)))
    if rng.random() < colour.solarize:
        image = ImageOps.solarize(image, 128)
    return image


def _hue(image: Image.Image, amount: float) -> Image.Image:
    """Turn the hue by `amount` of the circle."""
    hsv = np.array(image.convert("HSV"))
    hsv[..., 0] += np.uint8(int(amount * 255) % 256)
    return Image.fromarray(hsv, "HSV").convert("RGB")
