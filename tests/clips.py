"""A small CLIP model on disk, pictures from above and from the ground, for tests of scoring."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def model(folder: Path, seed: int = 0) -> tuple[str, str]:
    """Write tiny.json and tiny.pt, random weights; returns their paths, as --model and --pretrained."""
    import open_clip
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    made = open_clip.CLIP(CONFIG["embed_dim"], CONFIG["vision_cfg"], CONFIG["text_cfg"])
    (folder / "tiny.json").write_text(json.dumps(CONFIG))
    torch.save(made.state_dict(), folder / "tiny.pt")
    return str(folder / "tiny.json"), str(folder / "tiny.pt")


def from_ground(number: int, size: int = 96) -> npt.NDArray[np.uint8]:
    """A drawn picture as one stands in the street: sky above, ground below, houses and trees on the horizon."""
    rng = np.random.default_rng([7, number])
    tint = rng.integers(-25, 25, 3)
    image = Image.new("RGB", (size, size), tuple(int(v) for v in np.clip(np.array([120, 170, 230]) + tint, 0, 255)))
    pen = ImageDraw.Draw(image)
    horizon = int(size * rng.uniform(0.4, 0.7))
    ground = np.clip(rng.choice([[90, 130, 60], [110, 110, 115], [190, 170, 120]]) + tint, 0, 255)
    pen.rectangle((0, horizon, size, size), fill=tuple(int(v) for v in ground))
    for _ in range(int(rng.integers(1, 5))):
        x, wide, high = rng.uniform(0, 0.9) * size, rng.uniform(0.1, 0.3) * size, rng.uniform(0.1, 0.4) * size
        colour = tuple(int(v) for v in rng.integers(60, 220, 3))
        if rng.random() < 0.6:
            pen.rectangle((x, horizon - high, x + wide, horizon + 4), fill=colour)
        else:
            pen.ellipse((x, horizon - high, x + wide, horizon), fill=(40, 110, 50))
    noise = rng.normal(0, 6, (size, size, 3))
    return np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)


def from_above(number: int, size: int = 128) -> list[npt.NDArray[np.uint8]]:
    """Windows of a drawn sample scene."""
    from rsdata.sample.files import shots
    from rsdata.sample.paint import paint
    from rsdata.sample.rsicd import SHOTS

    ((_, scene),) = shots([SHOTS[number % len(SHOTS)]], 1, number, "clips")
    whole = paint(scene)
    corners = [
        (y, x) for y in range(0, whole.shape[0] - size + 1, size) for x in range(0, whole.shape[1] - size + 1, size)
    ]
    return [whole[y : y + size, x : x + size] for y, x in corners[::3]]


def train(weights: str, config: str, pictures: list[npt.NDArray[np.uint8]], texts: list[str], steps: int = 50) -> None:
    """Train the small model on pictures and their texts, in place: CLIP's loss over texts that differ."""
    import torch
    from torch.nn import functional as F

    from rsdata.train.model import load

    torch.manual_seed(0)
    loaded = load(config, weights)
    images = torch.stack([loaded.preprocess(Image.fromarray(p)) for p in pictures])
    kinds = list(dict.fromkeys(texts))
    labels = torch.tensor([kinds.index(text) for text in texts])
    tokens = loaded.tokenizer(kinds)
    model = loaded.model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(steps):
        pick = torch.randint(len(images), (32,))
        x = F.normalize(model.encode_image(images[pick]), dim=-1)
        y = F.normalize(model.encode_text(tokens), dim=-1)
        loss = F.cross_entropy(model.logit_scale.exp() * x @ y.T, labels[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), weights)
