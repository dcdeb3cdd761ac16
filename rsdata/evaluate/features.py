"""Images and texts as unit vectors of a model, once; and a file to keep them in.

encoder = load("runs/x")
images, unreadable = encoder.images(data)      float32 [n, dim]; equal texts have equal vectors, bit for bit
texts = encoder.texts(["a river", ...])        float32 [n, dim]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import pixels
from rsdata.errors import BadImage, BadRecipe, MissingExtra
from rsdata.evaluate.data import Data, packed_id
from rsdata.record import Record

F32 = npt.NDArray[np.float32]
RANDOM = "random"  # what to give for weights that are meant to be random
FORMAT = 1


class Embedded(NamedTuple):
    """Images as vectors: `vectors` [n, dim], row i is `records[i]`; `unreadable`: one line for each image left out."""

    records: list[Record]
    vectors: F32
    unreadable: list[str]


class Encoder:
    """A loaded model. `card` says what it is: name, weights, their sha256, activation, size; `key` tells one set of
    weights and preprocessing from another."""

    def __init__(self, loaded: Any, card: Mapping[str, Any], device: str, batch: int = 64) -> None:
        self.model, self.tokenizer, self.preprocess = loaded.model.to(device), loaded.tokenizer, loaded.preprocess
        self.card, self.device, self.batch = dict(card), device, batch
        self.key = hashlib.sha256(json.dumps(self.card, sort_keys=True, default=str).encode()).hexdigest()[:32]
        self.store: Store | None = None

    def images(self, data: Data, advance: Callable[[int], None] = lambda n: None) -> Embedded:
        """Unit vectors of the images of `data`; those kept in the store are not opened again."""
        known = self.store.images if self.store else {}
        found: dict[int, npt.NDArray[np.float32]] = {}
        bad: list[str] = []
        todo = []
        for n, record in enumerate(data.records):
            vector = known.get(image_key(record))
            if vector is None:
                todo.append(n)
            else:
                found[n] = vector
        for numbers, tensors in self._batches(data, todo, bad):
            if numbers:
                found |= dict(zip(numbers, self._encode(tensors), strict=True))
            advance(self.batch)
        kept = sorted(found)
        records = [data.records[n] for n in kept]
        vectors = np.stack([found[n] for n in kept]) if kept else np.zeros((0, 1), np.float32)
        if not kept:
            raise BadRecipe(f"{data.name}: none of its {len(data.records)} images can be read ({bad[0]})")
        _finite(vectors, self.card)
        if self.store:
            self.store.add_images([image_key(record) for record in records], vectors)
        return Embedded(records, vectors, bad)

    def texts(self, texts: Sequence[str], unit: bool = True) -> F32:
        """Vectors of texts `[n, dim]`. Each different text is encoded once, so that equal texts tie exactly."""
        unique = list(dict.fromkeys(texts))
        known = self.store.texts if self.store and unit else {}
        todo = [text for text in unique if text not in known]
        fresh = dict(zip(todo, self._encode_texts(todo, unit), strict=True))
        if self.store and unit:
            self.store.add_texts(fresh)
        if not texts:
            return np.zeros((0, 1), np.float32)
        vectors = np.stack([fresh[text] if text in fresh else known[text] for text in texts])
        _finite(vectors, self.card)
        return vectors

    def _batches(self, data: Data, todo: Sequence[int], bad: list[str]) -> Iterator[tuple[list[int], list[Any]]]:
        """Prepared images, the next batch being decoded in threads while one is encoded."""

        def prepare(n: int) -> Any:
            try:
                return n, self._prepare(data, data.records[n])
            except BadImage as error:
                return n, str(error)

        cuts = [todo[first : first + self.batch] for first in range(0, len(todo), self.batch)]
        with ThreadPoolExecutor(4) as pool:
            coming = [pool.submit(prepare, n) for n in (cuts[0] if cuts else [])]
            for place in range(len(cuts)):
                done = [future.result() for future in coming]
                following = cuts[place + 1] if place + 1 < len(cuts) else []
                coming = [pool.submit(prepare, n) for n in following]
                good = [(n, value) for n, value in done if not isinstance(value, str)]
                bad += [value for _, value in done if isinstance(value, str)]
                yield [n for n, _ in good], [value for _, value in good]

    def _prepare(self, data: Data, record: Record) -> Any:
        from PIL import Image

        return self.preprocess(Image.fromarray(pixels.load(data.file(record), record.window)))

    def _encode(self, tensors: Sequence[Any]) -> F32:
        import torch

        with torch.inference_mode():
            return _array(self.model.encode_image(torch.stack(list(tensors)).to(self.device)), True)

    def _encode_texts(self, texts: Sequence[str], unit: bool) -> list[F32]:
        import torch

        found: list[F32] = []
        with torch.inference_mode():
            for first in range(0, len(texts), 4 * self.batch):
                tokens = self.tokenizer(list(texts[first : first + 4 * self.batch])).to(self.device)
                found += list(_array(self.model.encode_text(tokens), unit))
        return found


class Store:
    """Vectors kept in one .npz file: of images by id, window and size, of texts by their words."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self.images: dict[str, F32] = {}
        self.texts: dict[str, F32] = {}
        self._changed = False
        if path.is_file():
            self._load()

    def add_images(self, keys: Sequence[str], vectors: F32) -> None:
        """Keep vectors of images."""
        self._changed |= any(key not in self.images for key in keys)
        self.images |= dict(zip(keys, vectors, strict=True))

    def add_texts(self, vectors: Mapping[str, F32]) -> None:
        """Keep vectors of texts."""
        self._changed |= bool(vectors)
        self.texts |= vectors

    def save(self) -> None:
        """Write the file whole, where there is anything new."""
        if not self._changed:
            return
        data: dict[str, Any] = {"about": _packed_json({"format": FORMAT, "key": self.key})}
        for name, held in (("image", self.images), ("text", self.texts)):
            data[f"{name}_names"] = _packed_json(list(held))
            data[f"{name}_vectors"] = np.stack(list(held.values())) if held else np.zeros((0, 1), np.float32)
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, **data)
        temporary.replace(self.path)
        self._changed = False

    def _load(self) -> None:
        import zipfile

        try:
            with np.load(self.path, allow_pickle=False) as file:
                about = json.loads(file["about"].tobytes())
                held = {
                    name: (json.loads(file[f"{name}_names"].tobytes()), file[f"{name}_vectors"])
                    for name in ("image", "text")
                }
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            problem = str(error).splitlines()[0][:100]
            raise BadRecipe(f"{self.path}: no features of rsdata ({problem}); give another --features") from error
        if about.get("format") != FORMAT or about.get("key") != self.key:
            raise BadRecipe(f"{self.path}: features of other weights or preprocessing; give another --features")
        self.images = dict(zip(*held["image"], strict=True))
        self.texts = dict(zip(*held["text"], strict=True))


def load(
    model: str,
    pretrained: str = "",
    *,
    device: str = "auto",
    quick_gelu: str = "auto",
    text_folder: str = "",
    size: int = 0,
    batch: int = 64,
    features: Path | None = None,
    seed: int = 0,
) -> Encoder:
    """A model by open_clip's name, a run of `rsdata train`, a config file, or a checkpoint.

    A checkpoint's architecture is that of its run folder, or else the name of open_clip that stands in the file's name
    (RemoteCLIP-ViT-B-32.pt). pretrained "random" wants weights drawn from `seed`: a check of the plumbing. Raises
    BadRecipe where there are no weights, MissingExtra, ServiceError.
    """
    try:
        import open_clip  # noqa: F401
        import torch
    except ImportError as error:
        raise MissingExtra(error.name or "torch", "train", "evaluating a model") from error
    from rsdata.train import model as trainer

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise BadRecipe("eval: no CUDA device here; leave out --device, or give --device cpu")
    name, weights = _checkpoint(model) if Path(model).is_file() and not pretrained else (model, pretrained)
    torch.manual_seed(seed)
    wanted = "" if weights == RANDOM else weights
    loaded = trainer.load(name, wanted, quick_gelu=quick_gelu, text_folder=text_folder, size=size)
    file = loaded.card["weights"]
    if not file and weights != RANDOM:
        hint = f"give --pretrained a tag of open_clip or a file, or {RANDOM} to check that chance comes out"
        raise BadRecipe(f"eval: {model} has no weights; {hint}")
    if file and weights == RANDOM:
        raise BadRecipe(f"eval: {model} brings its weights along ({file}); leave out --pretrained {RANDOM}")
    encoder = Encoder(loaded, _card(model, pretrained, loaded.card, seed), device, batch)
    if features is not None:
        encoder.store = Store(features, encoder.key)
    return encoder


def image_key(record: Record) -> str:
    """What tells one image from another in a file of features: id (with the window), size, and whether it is the copy
    in a shard, which may be encoded anew."""
    return f"{packed_id(record)} {record.width}x{record.height}{' packed' * ('packed_id' in record.extra)}"


def _checkpoint(model: str) -> tuple[str, str]:
    """Architecture and weights of a checkpoint file; a .json file is a config, and stands for itself."""
    import open_clip

    from rsdata.train.model import CONFIG

    path = Path(model)
    if path.suffix == ".json":
        return model, ""
    if (path.parent / CONFIG).is_file():
        return str(path.parent), model
    names = [name for name in open_clip.list_models() if name in path.stem]
    if not names:
        raise BadRecipe(f"{path}: which model is it? give its name first: rsdata eval ... NAME --pretrained {path}")
    return max(names, key=len), model


def _card(model: str, pretrained: str, card: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a result says of its model; no folder of this machine."""
    shown = [Path(part).name if Path(part).exists() else part for part in (model, pretrained) if part]
    weights = Path(card["weights"]) if card["weights"] else None
    return {
        "name": " ".join(shown),
        "weights": weights.name if weights else f"random (seed {seed})",
        "sha256": _sha256(weights) if weights else "",
        "quick_gelu": card["quick_gelu"],
        "size": card["preprocess_cfg"]["size"],
        "preprocess": dict(card["preprocess_cfg"]),
        "config": hashlib.sha256(json.dumps(card["model_cfg"], sort_keys=True).encode()).hexdigest()[:16],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _array(found: Any, unit: bool) -> F32:
    """float32 on the CPU; divided by its length, where it has one."""
    vectors = np.asarray(found.float().cpu().numpy(), np.float32)
    if unit:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return vectors


def _finite(vectors: F32, card: Mapping[str, Any]) -> None:
    if not np.isfinite(vectors).all():
        raise BadRecipe(f"eval: {card['name']} gives vectors that are no numbers; its weights are damaged, or diverged")


def _packed_json(data: Any) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(data, ensure_ascii=False).encode(), np.uint8)
