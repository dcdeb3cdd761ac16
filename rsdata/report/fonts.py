"""Fonts for the pictures: Pillow's own font first, then whatever this machine has for the letters it lacks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from PIL import ImageFont

SYSTEM = [
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansKR-Regular.otf",
    "SourceHanSans-Regular.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "NanumGothic.ttf",
    "UnDotum.ttf",
    "PingFang.ttc",
    "AppleSDGothicNeo.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "malgun.ttf",
    "simsun.ttc",
]
Font = Any  # ImageFont.FreeTypeFont, or the bitmap font of a Pillow without FreeType


def for_text(text: str, size: int) -> Font | None:
    """The first font that has every letter of `text`; None where no font of this machine has them."""
    letters = frozenset(text) - frozenset(" \t\n\u00a0\u3000")
    for name in ("", *SYSTEM):
        if (font := _load(name, size)) is not None and all(_has(name, letter) for letter in letters):
            return font
    return None


@lru_cache(maxsize=256)
def _load(name: str, size: int) -> Font | None:
    """A font by file name, searched by Pillow in the system's font folders; "" is Pillow's own."""
    if not name:
        return ImageFont.load_default(size=size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@lru_cache(maxsize=20_000)
def _has(name: str, letter: str) -> bool:
    """Whether a font draws a letter differently from the sign it shows for letters that it lacks."""
    font = _load(name, 16)
    return font is not None and _glyph(font, letter) != _glyph(font, "\uffff")


def _glyph(font: Font, letter: str) -> tuple[Any, bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
