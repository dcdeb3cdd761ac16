"""Scenes to pixels: ground with texture, paint, shadows, then things, at twice the size and averaged down."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from rsdata.sample.looks import draw
from rsdata.sample.pen import Pen
from rsdata.sample.world import Outline, Patch, Point, Scene, Thing, fill

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[Any]  # float32

SCALE = 2
SUN = (0.55, 0.62)  # shadows fall to the lower right, where the eye expects them
SHADE = 0.52


def paint(scene: Scene) -> U8:
    """The scene as RGB `[row, column, 3]`; the same scene always gives the same bytes."""
    rng = np.random.default_rng(zlib.crc32(f"{scene.name}:{scene.width}x{scene.height}".encode()))
    ground = _ground(scene, rng)
    big = (scene.width * SCALE, scene.height * SCALE)
    image = Image.fromarray(ground).resize(big, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for mark in scene.marks:
        pen.polygon(_scaled(mark.outline), fill=mark.tint)
    image = _shadows(image, scene.things)
    pen = ImageDraw.Draw(image)
    for thing in scene.things:
        draw(Pen(pen, thing, SCALE), scene.gsd)
    small = np.asarray(image.reduce(SCALE)).astype(np.float32)
    grain = noise(rng, scene.height, scene.width, 2)[:, :, None] * 3.0
    light = noise(rng, scene.height, scene.width, 220)[:, :, None] * 0.035 + 1
    return np.clip(np.rint(small * light + grain), 0, 255).astype(np.uint8)


def noise(rng: np.random.Generator, height: int, width: int, cell: float, stretch: float = 1.0) -> F32:
    """Smooth noise of about unit strength with features of `cell` pixels, `stretch` times longer along x."""
    rows, columns = max(2, math.ceil(height / cell) + 2), max(2, math.ceil(width / (cell * stretch)) + 2)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    size = (round(columns * cell * stretch) + 1, round(rows * cell) + 1)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))[:height, :width]


def _ground(scene: Scene, rng: np.random.Generator) -> U8:
    out = np.zeros((scene.height, scene.width, 3), np.float32)
    for patch in scene.patches:
        double = tuple((x * 2, y * 2) for x, y in patch.outline)
        rows, columns, inside = fill(double, scene.width * 2, scene.height * 2)
        if not inside.any():
            continue
        top, left = rows.start // 2, columns.start // 2
        bottom, right = (rows.stop + 1) // 2, (columns.stop + 1) // 2
        whole = np.zeros(((bottom - top) * 2, (right - left) * 2), np.float32)
        whole[rows.start - top * 2 : rows.stop - top * 2, columns.start - left * 2 : columns.stop - left * 2] = inside
        alpha = ((whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2]) / 4)[:, :, None]
        part = out[top:bottom, left:right]
        part += alpha * (_texture(patch, rng, left, top, right, bottom, scene.gsd) - part)
    image = Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))
    _forests(image, scene, rng)
    return np.asarray(image)


def _texture(patch: Patch, rng: np.random.Generator, x0: int, y0: int, x1: int, y1: int, gsd: float) -> F32:
    """Colour of a patch over its bounding box."""
    h, w = y1 - y0, x1 - x0
    tint = np.array(patch.tint, np.float32)
    clouds = noise(rng, h, w, 30 / gsd)
    fine = noise(rng, h, w, max(1.6 / gsd, 2.0))
    if patch.look == "water":
        glint = noise(rng, h, w, max(1.0 / gsd, 2.0), 5)
        swell = noise(rng, h, w, 9 / gsd, 3)
        return (tint * (1 + 0.05 * clouds + 0.035 * swell + 0.03 * glint)[:, :, None]).astype(np.float32)
    if patch.look == "crop":
        return _rows(patch, clouds, fine, x0, y0, gsd)
    if patch.look == "slabs":
        joints = _joints(patch, h, w, x0, y0, gsd)
        return (tint * (1 + 0.03 * clouds + 0.012 * fine - 0.05 * joints)[:, :, None]).astype(np.float32)
    strength = {"asphalt": (0.035, 0.025), "gravel": (0.05, 0.05), "forest": (0.08, 0.1)}.get(patch.look, (0.07, 0.055))
    value = 1 + strength[0] * clouds + strength[1] * fine
    out = tint * value[:, :, None]
    if patch.look == "grass":  # dry spots are yellower
        out += (np.clip(noise(rng, h, w, 12 / gsd), 0, 2) * 7)[:, :, None] * np.array([1.2, 0.7, -0.1], np.float32)
    if patch.look == "meadow":  # mown in bands
        out *= (1 + 0.025 * np.sign(_wave(patch, h, w, x0, y0, 9 / gsd)))[:, :, None]
    return out.astype(np.float32)


def _rows(patch: Patch, clouds: F32, fine: F32, x0: int, y0: int, gsd: float) -> F32:
    """A field: drill rows, tramlines every 24 m, uneven growth."""
    h, w = clouds.shape
    drill = _wave(patch, h, w, x0, y0, max(2.6 / gsd, 4.0))
    tram = _wave(patch, h, w, x0, y0, 24 / gsd) > 0.985
    value = 1 + 0.06 * clouds + 0.03 * fine + 0.045 * drill - 0.13 * tram
    return (np.array(patch.tint, np.float32) * value[:, :, None]).astype(np.float32)


def _wave(patch: Patch, h: int, w: int, x0: int, y0: int, period: float) -> F32:
    y, x = np.mgrid[y0 : y0 + h, x0 : x0 + w].astype(np.float32)
    across = y * math.cos(patch.angle) - x * math.sin(patch.angle)
    out: F32 = np.sin(across * np.float32(2 * math.pi / period))
    return out


def _joints(patch: Patch, h: int, w: int, x0: int, y0: int, gsd: float) -> F32:
    """Thin dark lines between concrete slabs of 12 m."""
    y, x = np.mgrid[y0 : y0 + h, x0 : x0 + w].astype(np.float32)
    cos, sin = math.cos(patch.angle), math.sin(patch.angle)
    step = 12 / gsd
    along, across = (x * cos + y * sin) % step, (y * cos - x * sin) % step
    out: F32 = ((along < 1) | (across < 1)).astype(np.float32)
    return out


def _forests(image: Image.Image, scene: Scene, rng: np.random.Generator) -> None:
    """Crowns over every forest patch, drawn one over the other from back to front."""
    pen = ImageDraw.Draw(image)
    for patch in scene.patches:
        if patch.look != "forest":
            continue
        rows, columns, inside = fill(patch.outline, scene.width, scene.height)
        ys, xs = np.nonzero(inside)
        crown = 5.5 / scene.gsd
        chosen = np.sort(rng.integers(0, len(xs), int(len(xs) / crown**2 * 2.6) if len(xs) else 0))
        for i in chosen:
            x, y = float(xs[i]) + columns.start, float(ys[i]) + rows.start
            _crown(pen, x, y, crown * rng.uniform(0.36, 0.68), patch.tint, rng.uniform(0.82, 1.16))


def _crown(pen: ImageDraw.ImageDraw, x: float, y: float, r: float, tint: Sequence[int], light: float) -> None:
    for shift, size, value in ((0.3, 1.0, 0.62), (0.0, 0.95, 0.96), (-0.25, 0.55, 1.2)):
        colour = tuple(min(255, int(c * light * value)) for c in tint)
        cx, cy, cr = x + shift * r, y + shift * r, r * size
        pen.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=colour)


def _shadows(image: Image.Image, things: Sequence[Thing]) -> Image.Image:
    layer = Image.new("L", image.size)
    pen = ImageDraw.Draw(layer)
    for thing in things:
        if thing.height <= 0:
            continue
        outline = thing.outline
        steps = max(1, math.ceil(thing.height / max(1.0, min(thing.length, thing.width) * 0.4)))
        for i in range(1, steps + 1):
            dx, dy = (thing.height * k * i / steps for k in SUN)
            pen.polygon(_scaled(tuple((x + dx, y + dy) for x, y in outline)), fill=255)
            sides = zip(outline, (*outline[1:], outline[0]), strict=True)
            if i == steps and len(outline) <= 4:
                for (xa, ya), (xb, yb) in sides:
                    pen.polygon(_scaled(((xa, ya), (xb, yb), (xb + dx, yb + dy), (xa + dx, ya + dy))), fill=255)
    layer = layer.filter(ImageFilter.GaussianBlur(SCALE * 0.6)).point(lambda value: int(value * (1 - SHADE)))
    dark = Image.new("RGB", image.size, (18, 24, 36))
    return Image.composite(dark, image, layer)


def _scaled(outline: Outline) -> list[Point]:
    return [(x * SCALE - 0.5, y * SCALE - 0.5) for x, y in outline]
