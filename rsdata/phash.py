"""The 64-bit perceptual hash of an image (imagehash's `phash`, bit for bit), of its eight views and of centre crops.

An image is shrunk to 32 x 32 grey values (Lanczos), transformed by an unnormalised DCT-II along both axes, and each of
the 8 x 8 lowest coefficients, the mean among them, is a bit: 1 above their median. The first row gives the highest
byte. Nearly every hash has 32 ones, so that distances come out even.

A mirrored image has the same coefficients with the signs of odd columns (or rows) turned, a transposed one the
transposed coefficients: so one transform gives the hashes of all eight views (Zauner 2010 describes the hash alone).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

VERSION = "phash64/grey64/1"  # this hash, of the decode of pixels.load_grey; change it when either changes
SIDE, LOW = 32, 8

# Share of each side that a centre crop keeps; the first is the whole image. Of 442 real images 91 in 100 stay within
# distance 4 when 2 % of a side are cut off: so every crop down to 0.86 lies near one of these. 0.875 is 224 of 256.
CROPS = (1.0, 0.97, 0.94, 0.905, 0.875, 0.75)

# What was done to an image to get the view: mirror in columns, mirror in rows, then transpose.
VIEWS = {
    "as it is": (0, 0, 0),
    "mirrored left to right": (1, 0, 0),
    "mirrored top to bottom": (0, 1, 0),
    "turned by 180": (1, 1, 0),
    "transposed": (0, 0, 1),
    "turned left by 90": (1, 0, 1),
    "turned right by 90": (0, 1, 1),
    "transposed the other way": (1, 1, 1),
}

# An image is flat where so many of the 1,024 grey values lie within one level of one value, or where fewer than so
# many of the 64 coefficients are further than FIRM from the median: rounding alone moves a coefficient by about 18.
# A blank tile, a gradient and a straight edge between two plain halves are flat; a desert is not.
FLAT_SHARE, FIRM_BITS, FIRM = 0.75, 32, 40.0

Box = tuple[float, float, float, float]


def shrink(grey: U8, box: Box | None = None) -> U8:
    """32 x 32 grey values of an image `[row, column]`, or of a box (left, top, right, bottom; fractions allowed)."""
    image = Image.fromarray(grey)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box))


def centre(box: Box, share: float) -> Box:
    """The middle of a box, `share` of each side."""
    left, top, right, bottom = box
    x, y = (right - left) * (1 - share) / 2, (bottom - top) * (1 - share) / 2
    return left + x, top + y, right - x, bottom - y


def lows(small: U8) -> F64:
    """The 8 x 8 lowest coefficients of `[..., 32, 32]` grey values: `[..., 8, 8]`, rows are frequencies in y."""
    from scipy.fft import dct

    in_y = dct(small.astype(np.float64), axis=-2)[..., :LOW, :]
    lowest: F64 = dct(in_y, axis=-1)[..., :LOW]
    return lowest


def views(low: F64) -> F64:
    """Coefficients `[..., 8, 8]` of the eight views of an image, in the order of VIEWS: `[..., 8 views, 8, 8]`."""
    signs = np.where(np.arange(LOW) % 2, -1.0, 1.0)
    found = []
    for columns, rows, transpose in VIEWS.values():
        view = low * (signs if columns else 1.0) * (signs[:, None] if rows else 1.0)
        found.append(np.swapaxes(view, -1, -2) if transpose else view)
    return np.stack(found, axis=-3)


def pack(low: F64) -> U64:
    """Coefficients `[..., 8, 8]` to hashes `[...]`: above the median of the 64 is 1, the first is the highest bit."""
    flat = low.reshape(*low.shape[:-2], LOW * LOW)
    bits = flat > np.median(flat, axis=-1, keepdims=True)
    hashes: U64 = np.packbits(bits, axis=-1).view(">u8")[..., 0].astype(np.uint64)
    return hashes


def is_flat(small: U8, low: F64) -> npt.NDArray[np.bool_]:
    """Whether an image `[32, 32]`, and each of its centre crops after it, has too little content for a hash; `low` are
    the coefficients of all CROPS, `[6, 8, 8]`."""
    coefficients = low.reshape(len(low), -1)
    firm = np.abs(coefficients - np.median(coefficients, axis=1, keepdims=True)) > FIRM
    flat = np.empty(len(CROPS), bool)
    for k, share in enumerate(CROPS):
        edge = round(SIDE * (1 - share) / 2)
        counts = np.bincount(small[edge : SIDE - edge, edge : SIDE - edge].ravel(), minlength=258)
        near = counts[:-2] + counts[1:-1] + counts[2:]
        flat[k] = near.max() >= FLAT_SHARE * (SIDE - 2 * edge) ** 2
    return np.asarray(flat | (firm.sum(axis=1) < FIRM_BITS))


@lru_cache(maxsize=512)
def _kernel(length: int, low: float, high: float) -> F64:
    """What takes a line of `length` grey values to the 8 lowest coefficients of its part from `low` to `high`,
    `[8, length]`: a Lanczos shrink to 32 values (as Pillow, without rounding them to whole greys), then a DCT."""
    scale = (high - low) / SIDE
    stretch = max(scale, 1.0)
    middle = low + (np.arange(SIDE) + 0.5) * scale
    x = (np.arange(length) + 0.5 - middle[:, None]) / stretch
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    places = np.arange(SIDE) + 0.5
    kernel: F64 = 2 * np.cos(np.pi / SIDE * np.arange(LOW)[:, None] * places) @ weights
    return kernel


def _cropped(grey: U8, box: Box) -> F64:
    """The coefficients of the centre crops after the first: `[5, 8, 8]`."""
    left, top, right, bottom = np.transpose([centre(box, share) for share in CROPS[1:]]).tolist()
    height, width = grey.shape
    in_y = np.concatenate([_kernel(height, low, high) for low, high in zip(top, bottom, strict=True)])
    in_x = np.stack([_kernel(width, low, high) for low, high in zip(left, right, strict=True)])
    lines = (in_y @ grey.astype(np.float64)).reshape(len(CROPS) - 1, LOW, width)
    return np.asarray(lines @ in_x.transpose(0, 2, 1))


class Prints(NamedTuple):
    """What is known of one image: its hash; whether it is flat; the hashes of CROPS, 0 where a crop is flat, in one
    view (`[6]`) or in all VIEWS (`[6, 8]`)."""

    phash: int
    flat: bool
    crops: U64


def prints(grey: U8, box: Box | None = None, all_views: bool = False) -> Prints:
    """The hashes of an image, or of a box of it, from its grey values `[row, column]`."""
    whole = box or (0.0, 0.0, float(grey.shape[1]), float(grey.shape[0]))
    small = shrink(grey, whole)
    low = np.concatenate([lows(small)[None], _cropped(grey, whole)])
    flat = is_flat(small, low)
    hashes = pack(views(low) if all_views else low)
    first = int(hashes[0, 0] if all_views else hashes[0])
    hashes[flat] = 0
    return Prints(first, bool(flat[0]), hashes)
