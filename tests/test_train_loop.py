"""Whole runs of a tiny model: resume after a kill, two processes, every objective, checkpoints, the command."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import open_clip
import pytest
import tiny_train
import torch

from rsdata.errors import BadRecipe, ServiceError
from rsdata.train import checkpoint, config, optim
from rsdata.train.generate import captions, search
from rsdata.train.loop import train
from rsdata.train.model import load

SAME = {"rel": 1e-6, "abs": 1e-7}  # one process again: the same arithmetic
CLOSE = {"rel": 2e-4, "abs": 2e-5}  # two processes: sums of float32 in another order
QUICK = {"dino_prototypes": 64, "dino_hidden": 32, "dino_bottleneck": 16, "dino_locals": 2, "dino_momentum": 0.9}


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's own switch, which it reads from the environment only when it is first imported."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same arithmetic here and in other processes, and no threads that wait for a busy core."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def world(tmp_path: Path) -> dict[str, Any]:
    """Settings of a run of eight steps."""
    shards, model = tiny_train.shards(tmp_path / "shards"), tiny_train.model(tmp_path)
    given = {"shards": str(shards), "model": str(model), "out": str(tmp_path / "run"), "batch": 8, "steps": 8}
    return {**given, "workers": 0, "log_every": 1, "save_every": 4, "warmup": 2, "lr": 1e-3}


def run(world: dict[str, Any], **more: Any) -> dict[str, Any]:
    settings, sources = config.make({**world, **more})
    return train(settings, sources)


def log(out: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(str(out)) / "log.jsonl").read_text().splitlines()]


def curve(out: object) -> list[float]:
    return [line["loss"] for line in log(out)]


def command(world: dict[str, Any], **more: Any) -> list[str]:
    given = {**world, **more}
    flags = [part for name, value in given.items() if name != "shards" for part in ("--set", f"{name}={value}")]
    return [sys.executable, "-m", "rsdata.cli.app", "train", given["shards"], *flags]


def test_a_killed_run_goes_on_with_the_same_losses(world: dict[str, Any], tmp_path: Path) -> None:
    world |= {"steps": 14, "save_every": 3, "objective": "clip+dino", **QUICK}
    whole = run(world, out=tmp_path / "whole")
    out = tmp_path / "run"
    said = tmp_path / "said.txt"
    with said.open("w") as file:
        process = subprocess.Popen(command(world, workers=1), stdout=file, stderr=file)
    until = time.monotonic() + 90
    while not checkpoint.steps(out) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, said.read_text()
    done = checkpoint.steps(out)
    assert done and done[-1] < 14
    with (out / "log.jsonl").open("a") as file:
        file.write('{"step": 99')  # as a kill in the middle of a line leaves it
    again = run(world)
    assert curve(out) == pytest.approx(curve(tmp_path / "whole"), **SAME)
    assert [line["step"] for line in log(out)] == list(range(1, 15))
    places = [{k: line[k] for k in ("epoch", "shard", "sample", "drawn")} for line in log(out)]
    assert places == [{k: line[k] for k in ("epoch", "shard", "sample", "drawn")} for line in log(tmp_path / "whole")]
    one, two = (torch.load(Path(r["weights"]), weights_only=True)["state_dict"] for r in (whole, again))
    assert one.keys() == two.keys() and all(torch.allclose(one[k], two[k], rtol=1e-5, atol=1e-7) for k in one)
    assert run(world) == again  # a run that is done does nothing more


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_two_processes_are_one_with_twice_the_batch(world: dict[str, Any], tmp_path: Path) -> None:
    world |= {"objective": "clip+dino", "accumulate": 2, "steps": 4, **QUICK}
    env = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    env["GLOO_SOCKET_IFNAME"] = "lo"
    said, both = [tmp_path / "0.txt", tmp_path / "1.txt"], []
    for rank, path in enumerate(said):
        with path.open("w") as file:
            ranks = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            both.append(subprocess.Popen(command(world), env={**env, **ranks}, stdout=file, stderr=file))
    run(world, out=tmp_path / "one", accumulate=1)
    codes = [process.wait(timeout=120) for process in both]
    assert codes == [0, 0], "".join(path.read_text() for path in said)
    assert curve(tmp_path / "run") == pytest.approx(curve(tmp_path / "one"), **CLOSE)
    paths = [tmp_path / name / "step-00000004.pth" for name in ("one", "run")]
    one, two = (torch.load(path, weights_only=True)["state_dict"] for path in paths)
    worst = max((one[key] - two[key]).abs().max().item() for key in one)
    assert worst < 2e-4, worst  # lr 1e-3: Adam's first steps are as long as lr whatever the gradient


@pytest.mark.parametrize("objective", ["clip", "siglip", "siglip+dino", "coca", "mammut"])
def test_each_objective_learns(objective: str, world: dict[str, Any], tmp_path: Path) -> None:
    model = tiny_train.model(tmp_path, tiny_train.COCA if objective == "coca" else tiny_train.MODEL)
    world |= {"objective": objective, "model": str(model), "steps": 16, "lr": 3e-3, "save_every": 100, **QUICK}
    run(world, clip_grad=1.0)
    losses = curve(world["out"])
    assert sum(losses[-4:]) < 0.97 * sum(losses[:4])


def test_parts_of_a_step_and_checkpointing_change_nothing(world: dict[str, Any], tmp_path: Path) -> None:
    for name, more in (("a", {}), ("b", {"accumulate": 4}), ("c", {"checkpointing": True})):
        run(world, out=tmp_path / name, steps=4, **more)
    assert curve(tmp_path / "b") == pytest.approx(curve(tmp_path / "a"), **CLOSE)
    assert curve(tmp_path / "c") == pytest.approx(curve(tmp_path / "a"), **CLOSE)


def test_bf16_trains_and_stays_near(world: dict[str, Any], tmp_path: Path) -> None:
    run(world, out=tmp_path / "a", steps=4)
    run(world, out=tmp_path / "b", steps=4, precision="bf16")
    assert curve(tmp_path / "b") == pytest.approx(curve(tmp_path / "a"), rel=0.03)
    assert curve(tmp_path / "b") != curve(tmp_path / "a")


def test_checkpoints_are_those_of_open_clip(world: dict[str, Any], tmp_path: Path) -> None:
    done = run(world, keep=1)
    out = Path(done["out"])
    assert checkpoint.steps(out) == [8] and Path(done["weights"]) == out / "step-00000008.pth"
    plain = open_clip.CLIP(**tiny_train.MODEL)
    open_clip.load_checkpoint(plain, done["weights"])  # strict
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{out}")
    loaded = load(str(out))
    words, images = loaded.tokenizer(["two red squares", "a"]), torch.rand(2, 3, 32, 32)
    for other in (plain.eval(), model.eval()):
        torch.testing.assert_close(loaded.model.encode_text(words), other.encode_text(words))
        torch.testing.assert_close(loaded.model.encode_image(images), other.encode_image(images))
    assert words.shape == (2, 12) and loaded.side == 32 and loaded.card["weights"].startswith(str(out))
    from PIL import Image

    grey = Image.new("RGB", (50, 40), (10, 200, 30))
    torch.testing.assert_close(loaded.preprocess(grey), preprocess(grey))
    further = run(world, pretrained=str(out), out=tmp_path / "next", steps=1)  # weights of a run begin another
    assert further["last"]["loss"] != curve(out)[0]


def test_mammut_is_saved_as_an_open_clip_model_and_its_rest(world: dict[str, Any]) -> None:
    done = run(world, objective="mammut", lr=3e-3)
    loaded = load(done["out"], objective="mammut")
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{done['out']}")
    words = loaded.tokenizer(["two red squares"])
    torch.testing.assert_close(loaded.model.encode_text(words), model.eval().encode_text(words))
    assert loaded.model.cross[0].attn.out_proj.weight.abs().sum() > 0  # learnt, so it came out of the second file


@pytest.mark.parametrize("objective", ["coca", "mammut"])
def test_captions_greedy_and_beam(objective: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tiny_train.model(tmp_path, tiny_train.COCA if objective == "coca" else tiny_train.MODEL)
    loaded, images = load(str(path), objective=objective), torch.rand(3, 3, 32, 32)
    start, end = loaded.tokenizer.sot_token_id, loaded.tokenizer.eot_token_id
    greedy = search(loaded.model, images, start, end, 1, 6)
    for n, row in enumerate(greedy):  # step by step through the model's own forward pass
        so_far = [start]
        while len(so_far) < 6 and so_far[-1] != end:
            words = torch.tensor([[*so_far, 0]])
            out = loaded.model(images[n : n + 1], words)
            so_far.append(int(out["logits"][0, len(so_far) - 1].argmax()))
        assert row == [token for token in so_far if token]
    texts = captions(loaded.model, images, loaded.tokenizer, beam=3, length=6, batch=2)
    assert len(texts) == 3 and all(isinstance(text, str) for text in texts)
    with pytest.raises(BadRecipe, match="writes no captions"):
        captions(load(str(tiny_train.model(tmp_path))).model, images, loaded.tokenizer)


def test_a_multilingual_tower_is_built_from_a_folder_without_the_hub(world: dict[str, Any], tmp_path: Path) -> None:
    folder = text_tower(tmp_path / "hf")
    tower = {"hf_model_name": "xlm-roberta-base", "hf_tokenizer_name": "xlm-roberta-base"}
    text = {**tower, "hf_pooler_type": "mean_pooler", "context_length": 12}
    path = tiny_train.model(tmp_path, {**tiny_train.MODEL, "text_cfg": text})
    world |= {"model": str(path), "text_folder": str(folder), "langs": "en,pt", "steps": 2}
    done = run(world)
    assert done["last"]["drawn"].keys() == {"lang/en", "lang/pt", "no_caption"}
    loaded = load(done["out"])  # the run's folder holds the tower's config and tokenizer
    again = load(str(path), done["weights"], text_folder=str(folder))
    words = loaded.tokenizer(["two red squares"])
    assert words.tolist() == again.tokenizer(["two red squares"]).tolist()
    torch.testing.assert_close(loaded.model.encode_text(words), again.model.encode_text(words))
    with pytest.raises(ServiceError, match="text-folder"):
        load(str(tiny_train.model(tmp_path, {**tiny_train.MODEL, "text_cfg": text})))


def text_tower(folder: Path) -> Path:
    """A tiny XLM-R with random weights and a tokenizer of words, as the hub's folders are laid out."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig

    words = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "<mask>",
        "one",
        "two",
        "three",
        *tiny_train.COLOURS,
        "squares",
        "quadrados",
    ]
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    marks = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    PreTrainedTokenizerFast(tokenizer_object=made, **marks).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    XLMRobertaConfig(vocab_size=40, max_position_embeddings=40, pad_token_id=1, **sizes).save_pretrained(folder)
    return folder


def test_other_settings_do_not_go_on_and_replace_begins_anew(world: dict[str, Any]) -> None:
    run(world, steps=4)
    with pytest.raises(BadRecipe, match=r"other settings \(lr: 0.001 -> 0.002\)"):
        run(world, steps=4, lr=2e-3)
    run(world, steps=4, save_every=2, workers=1)  # what no loss depends on may change
    settings, sources = config.make({**world, "steps": 4, "lr": 2e-3})
    train(settings, sources, replace=True)
    assert log(world["out"])[0]["lr"] == 1e-3 and len(log(world["out"])) == 4


def test_each_setting_is_recorded_with_its_source(world: dict[str, Any]) -> None:
    run(world, steps=0, epochs=0.5, warmup=-1)
    found, sources = config.read(Path(world["out"]) / "config.yaml", {})
    assert (found.steps, found.warmup) == (3, 0)  # half of 48 samples, 8 a step
    assert sources["beta2"] == config.ITRA and sources["batch"] == "given" and len(sources) == len(config.NAMES)


def test_the_learning_rate_rises_and_falls_as_half_a_cosine() -> None:
    s = config.make({"lr": 1.0, "warmup": 4, "steps": 12})[0]
    assert [round(optim.rate(step, s), 4) for step in (0, 3, 4, 8, 11)] == [0.25, 1.0, 1.0, 0.5, 0.0381]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model": "ViT-B-33"}, "open_clip has no model 'ViT-B-33'.*ViT-B-32"),
        ({"pretrained": "openia"}, "is no file here and no tag"),
        ({"batch": 9, "accumulate": 2}, "batch 9 cannot be split evenly"),
        ({"objective": "coca"}, "wants a CoCa model"),
        ({"objective": "clip+dino", "dino_local_size": 12}, "no multiple of the model's patch of 8"),
        ({"lr": 1e30, "clip_grad": 0}, "the loss is nan at step"),
    ],
)
def test_what_cannot_be_is_one_line(world: dict[str, Any], more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        run(world, **more)


def test_an_archive_of_openai_is_read_with_its_activation(tmp_path: Path) -> None:
    model = open_clip.CLIP(**tiny_train.MODEL).eval()
    given = (torch.rand(1, 3, 32, 32), torch.ones(1, 12, dtype=torch.long))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out; OpenAI's files are not
        torch.jit.trace_module(model, {"forward": given}).save(str(tmp_path / "archive.pt"))
    loaded = load(str(tiny_train.model(tmp_path)), str(tmp_path / "archive.pt"))
    assert loaded.card["quick_gelu"] and loaded.model.visual.transformer.resblocks[0].mlp.gelu(torch.ones(1)) != 1
    state = loaded.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    plain = load(str(tmp_path / "tiny.json"), str(tmp_path / "archive.pt"), quick_gelu="no")
    images = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(plain.model.encode_image(images), model.encode_image(images))
    assert (loaded.model.encode_image(images) - model.encode_image(images)).abs().max() > 1e-5


def test_weights_of_another_model_do_not_load(world: dict[str, Any], tmp_path: Path) -> None:
    done = run(world, steps=1)
    other = tiny_train.model(tmp_path, {**tiny_train.MODEL, "embed_dim": 16})
    with pytest.raises(BadRecipe, match="these weights do not fit"):
        load(str(other), done["weights"])
    with pytest.raises(ServiceError, match="give --pretrained a file"):
        load("ViT-B-32", "laion2b_s34b_b79k")


def test_the_command(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rsdata.cli import app as cli

    file = Path("c.yaml")
    file.write_text("lr: 1e-3  # table 1\nlog_every: 1\n")
    args = [world["shards"], "--model", world["model"], "--steps", "2", "--batch", "8", "--langs", "pt", "-j", "0"]
    monkeypatch.setattr(sys, "argv", ["rsdata", "train", *args, "--config", str(file), "--out", "runs/x", "--json"])
    cli._register()
    with pytest.raises(SystemExit) as ended:
        cli.app()
    assert ended.value.code in (0, None)
    told = capsys.readouterr()
    done = json.loads(told.out)
    assert (done["out"], done["steps"], done["images"]) == ("runs/x", 2, 16)
    assert done["last"]["drawn"] == {"lang/pt": 8, "no_caption": 0}
    assert "step 2/2  loss" in told.err and "48 samples in 2 shards" in told.err
    assert (
        "lr: 0.001" in Path("runs/x/config.yaml").read_text() and "# table 1" in Path("runs/x/config.yaml").read_text()
    )
