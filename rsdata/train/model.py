"""Models of open_clip by name, file, folder or run, with weights, preprocessing and tokenizer: one call.

    load("ViT-B-32", "openai")                       a name of open_clip and one of its tags (from the hub or its cache)
    load("ViT-B-32", "RemoteCLIP-ViT-B-32.pt")       ... and a checkpoint of open_clip on this disk
    load("tiny.json")                                embed_dim, vision_cfg, text_cfg in a file of one's own
    load("runs/x")                                   a run of `rsdata train`, or any open_clip folder with its weights
    load("xlm-roberta-base-ViT-B-32", "rs-m-clip.bin", text_folder="hf/xlm-roberta-base")    nothing from the hub

OpenAI's weights were trained with the QuickGELU activation and open_clip's configs without a suffix use GELU: another
function from the same numbers. `quick_gelu="auto"` takes QuickGELU where the tag or an OpenAI archive says so.
"""

from __future__ import annotations

import copy
import json
import math
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from rsdata.errors import BadRecipe, MissingExtra, ServiceError

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_pytorch_model.pth"  # the newest weights of a run; open_clip's local-dir: looks for this name
KNOWN = (WEIGHTS, "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
TEXT_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class Loaded(NamedTuple):
    """A model ready to use. `preprocess`: PIL image -> float [3, side, side]; `tokenizer`: texts -> [n, length];
    `card`: what it is made of (name, pretrained, weights, quick_gelu, model_cfg, preprocess_cfg)."""

    model: nn.Module
    preprocess: Callable[[Any], torch.Tensor]
    tokenizer: Any
    card: dict[str, Any]

    @property
    def side(self) -> int:
        """Pixels of a side of the images that it takes."""
        return int(self.card["preprocess_cfg"]["size"])


class _Found(NamedTuple):
    """What a name stands for."""

    config: dict[str, Any]
    preprocess: dict[str, Any]
    folder: Path | None = None
    weights: Path | None = None
    quick_gelu: bool | None = None


def load(
    name: str,
    pretrained: str = "",
    *,
    objective: str = "clip",
    size: int = 0,
    quick_gelu: str = "auto",
    text_folder: str = "",
) -> Loaded:
    """Build a model, in float32 on the CPU and in evaluation mode, and load its weights.

    Raises BadRecipe where name, weights and objective do not fit, ServiceError where a hub is needed and does not
    answer, MissingExtra without transformers for a Hugging Face text tower.
    """
    found = _weights(name, pretrained, _found(name))
    config = copy.deepcopy(found.config)
    if size:
        config["vision_cfg"]["image_size"] = size
    gelu = {"auto": found.quick_gelu, "yes": True, "no": False}[quick_gelu]
    if gelu is not None:
        config["quick_gelu"] = gelu
    _fit(config, objective, fresh=found.weights is None)
    tokenizer, building = _text(name, config, Path(text_folder) if text_folder else found.folder, found.weights)
    model = _build(name, building, objective)
    if found.weights is not None:
        _fill(model, found.weights)
    side = model.visual.image_size  # type: ignore[union-attr]
    side = side[0] if isinstance(side, (tuple, list)) else side
    preprocess_cfg = {**_plain(), **found.preprocess, "size": side}
    card: dict[str, Any] = {
        "name": name,
        "pretrained": pretrained,
        "weights": str(found.weights or ""),
        "model_cfg": config,
    }
    card |= {"preprocess_cfg": preprocess_cfg, "quick_gelu": bool(config.get("quick_gelu")), "objective": objective}
    return Loaded(model.eval(), _preprocess(preprocess_cfg), tokenizer, card)


def open_clip_part(model: nn.Module) -> nn.Module:
    """The part of a model that open_clip knows: the model itself, or MaMMUT's two towers."""
    part = getattr(model, "clip", model)
    return part if isinstance(part, nn.Module) else model


def write_folder(folder: Path, loaded: Loaded) -> None:
    """Make a folder one that open_clip's `local-dir:` and `load` read, but for the weights."""
    data = {"model_cfg": loaded.card["model_cfg"], "preprocess_cfg": loaded.card["preprocess_cfg"]}
    temporary = folder / f".{CONFIG}.tmp"
    temporary.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    temporary.replace(folder / CONFIG)
    if hasattr(loaded.tokenizer, "save_pretrained"):
        loaded.tokenizer.save_pretrained(str(folder))
        loaded.model.text.config.save_pretrained(folder)  # type: ignore[union-attr, operator]


def _found(name: str) -> _Found:
    import open_clip

    path = Path(name)
    if path.is_dir():
        file = path / CONFIG
        if not file.is_file():
            raise BadRecipe(f"{path}: no {CONFIG} in this folder; wanted a run of `rsdata train` or an open_clip model")
        data = _json(file)
        weights = next((path / known for known in KNOWN if (path / known).is_file()), None)
        return _Found(data.get("model_cfg", data), data.get("preprocess_cfg", {}), path, weights)
    if path.suffix == ".json":
        data = _json(path)
        return _Found(data.get("model_cfg", data), data.get("preprocess_cfg", {}), path.parent)
    if name.startswith("hf-hub:"):
        return _hub(name.removeprefix("hf-hub:"))
    config = open_clip.get_model_config(name.replace("/", "-"))
    if config is None:
        near = get_close_matches(name, open_clip.list_models(), 3)
        raise BadRecipe(f"train: open_clip has no model {name!r}, nor is it a file here; near: {', '.join(near)}")
    return _Found(config, {})


def _json(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadRecipe(f"{file}: not a model config ({error})") from error
    inner = data.get("model_cfg", data)
    missing = [key for key in ("embed_dim", "vision_cfg", "text_cfg") if key not in inner]
    if missing:
        raise BadRecipe(f"{file}: not a model config of open_clip, {', '.join(missing)} missing")
    return data


def _hub(repo: str) -> _Found:
    from huggingface_hub import hf_hub_download
    from open_clip.pretrained import download_pretrained_from_hf

    try:
        data = _json(Path(hf_hub_download(repo, CONFIG)))
        weights = Path(download_pretrained_from_hf(repo))
    except (OSError, ValueError) as error:
        raise ServiceError(f"hf-hub:{repo}: the hub gave no model ({_line(error)}); name a local folder") from error
    return _Found(data["model_cfg"], data.get("preprocess_cfg", {}), None, weights)


def _weights(name: str, pretrained: str, found: _Found) -> _Found:
    """The file that `pretrained` stands for, and what its source says of the activation and the pixels."""
    import open_clip

    if not pretrained:
        return found
    path = Path(pretrained)
    if path.is_dir():
        file = next((path / known for known in KNOWN if (path / known).is_file()), None)
        if file is None:
            raise BadRecipe(f"{path}: no weights in this folder; wanted {' or '.join(KNOWN)}")
        return found._replace(weights=file)
    if path.is_file():
        return found._replace(weights=path, quick_gelu=True if _is_archive(path) else found.quick_gelu)
    tags = open_clip.list_pretrained_tags_by_model(name)
    if pretrained not in tags:
        raise BadRecipe(
            f"train: {pretrained!r} is no file here and no tag of {name}; its tags: {', '.join(tags) or '-'}"
        )
    about = open_clip.get_pretrained_cfg(name, pretrained)
    try:
        file = Path(open_clip.download_pretrained(about))
    except (OSError, ValueError, RuntimeError) as error:
        problem = f"the weights {pretrained} of {name} cannot be fetched ({_line(error)})"
        raise ServiceError(f"{problem}; give --pretrained a file of this disk") from error
    keys = {key: about[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in about}
    return found._replace(weights=file, preprocess=keys, quick_gelu=True if about.get("quick_gelu") else None)


def _fit(config: dict[str, Any], objective: str, fresh: bool) -> None:
    """What an objective asks of a config."""
    if objective == "coca" and "multimodal_cfg" not in config:
        raise BadRecipe("train: the objective coca wants a CoCa model, such as coca_ViT-B-32")
    if objective == "mammut":
        if "hf_model_name" in config["text_cfg"] or "multimodal_cfg" in config:
            raise BadRecipe("train: mammut wants open_clip's own text tower, such as ViT-B-32's")
        config["text_cfg"]["no_causal_mask"] = True  # the first pass reads both ways
        config["custom_text"] = True
    if objective.startswith("siglip"):  # arXiv 2303.15343 section 3.2, as open_clip's trainer sets it
        config.setdefault("init_logit_bias", -10)
        if fresh:
            config.setdefault("init_logit_scale", math.log(10))


def _text(name: str, config: dict[str, Any], folder: Path | None, weights: Path | None) -> tuple[Any, dict[str, Any]]:
    """The tokenizer, and the config with what a Hugging Face text tower is built from."""
    import open_clip
    from open_clip.tokenizer import HFTokenizer

    text = config["text_cfg"]
    length, tower = text.get("context_length"), text.get("hf_model_name")
    if not tower and not text.get("hf_tokenizer_name"):
        if open_clip.get_model_config(name) is not None:
            return open_clip.get_tokenizer(name, context_length=length), config
        return open_clip.SimpleTokenizer(context_length=length or 77), config
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtra("transformers", "models", f"the text tower of {name}") from error
    local = folder is not None and (folder / "config.json").is_file()
    source = str(folder) if local else str(text.get("hf_tokenizer_name") or tower)
    extra = {**(text.get("tokenizer_kwargs") or {})}
    try:
        tokenizer = HFTokenizer(source, length or 77, tokenizer_mode=text.get("tokenizer_mode"), **extra)
    except (OSError, ValueError) as error:
        raise ServiceError(f"{name}: no tokenizer {source} ({_line(error)}); {_LOCAL}") from error
    building = copy.deepcopy(config)
    if tower:
        given = local and any((folder / file).is_file() for file in TEXT_WEIGHTS)  # type: ignore[operator]
        building["text_cfg"] |= {"hf_model_name": source if local else tower}
        building["text_cfg"] |= {"hf_model_pretrained": weights is None and (given or not local)}
    return tokenizer, building


_LOCAL = "give --text-folder a folder with config.json and the tokenizer's files, or allow the hub"


def _build(name: str, config: dict[str, Any], objective: str) -> nn.Module:
    import open_clip

    config = copy.deepcopy(config)
    custom = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    try:
        if objective == "mammut":
            from rsdata.train.mammut import MaMMUT

            return MaMMUT(config)
        if "multimodal_cfg" in config:
            made: nn.Module = open_clip.CoCa(**config)
            # open_clip 3.3 leaves this table as the memory was
            decoder: Any = made.text_decoder
            nn.init.normal_(decoder.text_projection, std=decoder.width**-0.5)
            return made
        kind = open_clip.CustomTextCLIP if custom else open_clip.CLIP
        built: nn.Module = kind(**config)
    except OSError as error:
        raise ServiceError(f"{name}: no text tower ({_line(error)}); {_LOCAL}") from error
    except TypeError as error:
        raise BadRecipe(f"{name}: open_clip cannot build a model of this config ({_line(error)})") from error
    return built


def _fill(model: nn.Module, weights: Path) -> None:
    """Load a checkpoint into the part that open_clip knows; a run's own extras stand beside it."""
    import open_clip

    part = open_clip_part(model)
    try:
        if _is_archive(weights):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TorchScript is on its way out; OpenAI's files are not
                state = torch.jit.load(weights, map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
            for key in ("input_resolution", "context_length", "vocab_size", "attn_mask"):
                state.pop(key, None)
            if not hasattr(part, "positional_embedding"):
                state = open_clip.model.convert_to_custom_text_state_dict(state)
            part.load_state_dict({key: value.float() for key, value in state.items()})
        else:
            open_clip.load_checkpoint(part, str(weights))
        rest = extras(weights)
        if part is not model and rest.is_file():
            missing = model.load_state_dict(torch.load(rest, weights_only=True), strict=False)
            if missing.unexpected_keys:
                raise BadRecipe(f"{rest}: not of this model, {missing.unexpected_keys[0]} is in it")
    except (RuntimeError, KeyError, AssertionError, AttributeError, OSError, EOFError) as error:
        raise BadRecipe(f"{weights}: these weights do not fit the model ({_line(error)})") from error


def extras(weights: Path) -> Path:
    """Where a run keeps the weights that open_clip does not know (MaMMUT's cross-attention)."""
    return weights.with_suffix(".extra")


def _is_archive(path: Path) -> bool:
    """A TorchScript file, as OpenAI published its models."""
    import zipfile

    if path.suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as file:
        return any(name.endswith("/constants.pkl") for name in file.namelist())


def _plain() -> dict[str, Any]:
    from dataclasses import asdict

    from open_clip.transform import PreprocessCfg

    return asdict(PreprocessCfg())


def _preprocess(config: dict[str, Any]) -> Callable[[Any], torch.Tensor]:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    made: Callable[[Any], torch.Tensor] = image_transform_v2(PreprocessCfg(**config), is_train=False)
    return made


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__
