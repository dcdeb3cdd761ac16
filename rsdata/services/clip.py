"""A CLIP model as a judge: unit vectors of images and texts, and classes from prompts. Any model that training takes.

scorer = load("ViT-B-32", "RemoteCLIP-ViT-B-32.pt")
similarity = scorer.images([picture]) @ scorer.texts(["an aerial view"]).T
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe, MissingExtra

F32 = npt.NDArray[np.float32]
PROMPTS = Path(__file__).parents[1] / "words/prompts.toml"
TEXTS = 256  # encoded at a time


class Classes(NamedTuple):
    """Classes from prompts: `vectors` [class, dim] of unit length; `above` says which show the ground from above."""

    names: tuple[str, ...]
    above: npt.NDArray[np.bool_]
    vectors: F32


class Scorer:
    """A loaded model. `id` tells one set of weights and preprocessing from another; `scale` multiplies similarities
    before a softmax (the model's own temperature)."""

    def __init__(self, loaded: Any, id: str, name: str, device: str) -> None:
        self.id, self.name, self.device = id, name, device
        self.model, self.tokenizer = loaded.model.to(device), loaded.tokenizer
        self.preprocess = loaded.preprocess
        self.scale = float(loaded.model.logit_scale.detach().exp())

    def prepare(self, pixels: npt.NDArray[np.uint8]) -> Any:
        """RGB `[row, column, 3]` as the model's input tensor; safe to call in threads."""
        from PIL import Image

        return self.preprocess(Image.fromarray(pixels))

    def encode(self, tensors: Sequence[Any]) -> F32:
        """Prepared images as unit vectors `[n, dim]`."""
        import torch

        with torch.inference_mode():
            found = self.model.encode_image(torch.stack(list(tensors)).to(self.device))
            return _unit(found)

    def images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> F32:
        """RGB images as unit vectors `[n, dim]`, in one batch."""
        return self.encode([self.prepare(picture) for picture in pictures])

    def texts(self, texts: Sequence[str]) -> F32:
        """Texts as unit vectors `[n, dim]`."""
        import torch

        found = []
        with torch.inference_mode():
            for first in range(0, len(texts), TEXTS):
                tokens = self.tokenizer(list(texts[first : first + TEXTS])).to(self.device)
                found.append(_unit(self.model.encode_text(tokens)))
        return np.concatenate(found) if found else np.zeros((0, 1), np.float32)

    def classes(self, prompts: Mapping[str, Mapping[str, Any]]) -> Classes:
        """The mean vector of each class's prompts, made a unit vector again (Radford et al. 2021, section 3.1.4)."""
        means = [self.texts(entry["prompts"]).mean(axis=0) for entry in prompts.values()]
        vectors = np.stack([mean / np.linalg.norm(mean) for mean in means]).astype(np.float32)
        above = np.array([bool(entry.get("above")) for entry in prompts.values()])
        return Classes(tuple(prompts), above, vectors)

    def probabilities(self, features: F32, classes: Classes) -> npt.NDArray[np.float64]:
        """Softmax over the classes `[n, class]` of unit vectors `[n, dim]`."""
        logits = self.scale * (features.astype(np.float64) @ classes.vectors.T.astype(np.float64))
        logits -= logits.max(axis=1, keepdims=True)
        found: npt.NDArray[np.float64] = np.exp(logits)
        found /= found.sum(axis=1, keepdims=True)
        return found


def load(model: str, pretrained: str = "", *, device: str = "cpu") -> Scorer:
    """A model by open_clip's name, a config file, a folder or a run, with weights by tag or file.

    device: cpu, cuda, cuda:1, mps, or auto. Raises BadRecipe where there are no weights, MissingExtra, ServiceError.
    """
    try:
        import open_clip  # noqa: F401  # with torch: what the trainer's loading needs
        import torch
    except ImportError as error:
        raise MissingExtra(error.name or "torch", "train", "scoring images with CLIP") from error
    from rsdata.train import model as trainer

    loaded = trainer.load(model, pretrained)
    weights = loaded.card["weights"]
    if not weights:
        raise BadRecipe(f"score: {model} has no weights; give --pretrained a tag of open_clip or a file of this disk")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise BadRecipe("score: no CUDA device here; leave out --device, or give --device cpu")
    return Scorer(loaded, _id(loaded.card, Path(weights)), _name(model, pretrained), device)


def read_prompts(path: Path = PROMPTS) -> dict[str, dict[str, Any]]:
    """Classes and prompts in the form of words/prompts.toml. Raises BadRecipe naming the file and what is wrong."""
    try:
        table: dict[str, dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRecipe(f"{path}: the prompts cannot be read ({error})") from error
    for name, entry in table.items():
        prompts = entry.get("prompts") if isinstance(entry, dict) else None
        if not isinstance(prompts, list) or not prompts or not all(isinstance(text, str) for text in prompts):
            raise BadRecipe(f"{path}: [{name}] wants `prompts`, a list of texts")
    above = sum(bool(entry.get("above")) for entry in table.values())
    if not 0 < above < len(table):
        raise BadRecipe(f"{path}: some classes want `above = true` and some none; found {above} of {len(table)}")
    return table


def _name(model: str, pretrained: str) -> str:
    """A short name that is the same on every machine: files without their folders."""
    return " ".join(Path(part).name if Path(part).exists() else part for part in (model, pretrained) if part)


def _unit(found: Any) -> F32:
    return np.asarray((found / found.norm(dim=-1, keepdim=True)).float().cpu().numpy())


def _id(card: Mapping[str, Any], weights: Path) -> str:
    digest = hashlib.sha256()
    with weights.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    digest.update(json.dumps([card["model_cfg"], card["preprocess_cfg"]], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:32]
