"""Shards of drawn pictures and a model so small that a step takes milliseconds."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsdata.stages._tar import TarWriter

MODEL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
COCA = {
    **MODEL,
    "vision_cfg": {
        **MODEL["vision_cfg"],  # type: ignore[dict-item]
        "attentional_pool": True,
        "attn_pooler_heads": 2,
        "attn_pooler_queries": 8,
        "output_tokens": True,
    },
    "text_cfg": {**MODEL["text_cfg"], "embed_cls": True, "output_tokens": True},  # type: ignore[dict-item]
    "multimodal_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    "custom_text": True,
}
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220), "white": (240, 240, 240)}
NUMBERS = ("one", "two", "three")


def model(folder: Path, config: dict[str, Any] = MODEL) -> Path:
    """A config file of a tiny model."""
    path = folder / "tiny.json"
    path.write_text(json.dumps(config))
    return path


def jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    """JPEG bytes of an array."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def sample(n: int, side: int = 48) -> tuple[bytes, dict[str, Any]]:
    """Picture n: one to three squares of a colour, captions in two languages, one of each with a place in it."""
    rng = np.random.default_rng(n)
    colour, count = list(COLOURS)[n % 4], n // 4 % 3 + 1
    pixels = np.full((side, side, 3), (90, 100, 80), np.uint8)
    for k in range(count):
        x, y = k * side // 3 + 1, int(rng.integers(0, side - 14))
        pixels[y : y + 12, x : x + 12] = COLOURS[colour]
    word = NUMBERS[count - 1]
    captions = [
        {"text": f"{word} {colour} squares", "lang": "en", "origin": "b2c", "rule": "count/all", "of": None},
        {
            "text": f"{word} {colour} squares at the left",
            "lang": "en",
            "origin": "b2c",
            "rule": "position/cell",
            "of": None,
        },
        {"text": f"{count} quadrados ({colour})", "lang": "pt", "origin": "mt:x", "rule": "count/all", "of": 0},
    ]
    return jpeg(pixels), {"id": f"squares/train/{n}", "captions": captions}


def shards(folder: Path, counts: Sequence[int] = (30, 18), side: int = 48) -> Path:
    """Packed shards, as `rsdata pack` writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for shard, count in enumerate(counts):
        with (folder / f"{shard:06d}.tar").open("wb") as file:
            tar = TarWriter(file)
            for _ in range(count):
                image, meta = sample(number, side)
                text = meta["captions"][0]["text"].encode()
                tar.add(f"{number:09d}", [("jpg", image), ("txt", text), ("json", json.dumps(meta).encode())])
                number += 1
            tar.close()
    sizes = {f"{shard:06d}.tar": count for shard, count in enumerate(counts)}
    (folder / "sizes.json").write_text(json.dumps(sizes))
    return folder
