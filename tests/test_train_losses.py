"""Losses beside open_clip's and beside direct references in float64."""

from __future__ import annotations

import copy

import numpy as np
import open_clip
import pytest
import tiny_train
import torch
from open_clip.loss import CoCaLoss, SigLipLoss

from rsdata.train import dino, losses
from rsdata.train.config import make
from rsdata.train.mammut import MaMMUT
from rsdata.train.model import load
from rsdata.train.objectives import Learner, Part, backward, tokens_of

EXACT = {"rtol": 1e-6, "atol": 1e-6}
WORDS = 500  # a vocabulary of its own: these tests need no tokenizer


def small_words(config: dict) -> dict:
    """A tiny config with few words."""
    config = copy.deepcopy(config)
    for part in ("text_cfg", "multimodal_cfg"):
        if part in config:
            config[part]["vocab_size"] = WORDS
    return config


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    rows = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=-1).requires_grad_()


def test_clip_equals_open_clip_with_gradients() -> None:
    image, text, scale = unit(9, 16), unit(9, 16, seed=1), torch.tensor(14.3, requires_grad=True)
    ours = losses.clip(image, text, scale, torch.eye(9, dtype=torch.bool))
    theirs = open_clip.ClipLoss()(image, text, scale)
    torch.testing.assert_close(ours, theirs, **EXACT)
    for mine, other in zip(
        torch.autograd.grad(ours, (image, text, scale)), torch.autograd.grad(theirs, (image, text, scale)), strict=True
    ):
        torch.testing.assert_close(mine, other, **EXACT)


def test_siglip_equals_open_clip() -> None:
    image, text = unit(7, 16), unit(7, 16, seed=1)
    scale, bias = torch.tensor(10.0), torch.tensor(-10.0)
    ours = losses.siglip(image, text, scale, bias, torch.eye(7, dtype=torch.bool))
    torch.testing.assert_close(ours, SigLipLoss()(image, text, scale, bias), **EXACT)


def test_caption_equals_cocas_and_parts_weigh_by_their_tokens() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(6, 10, 50, generator=generator)
    labels = torch.randint(1, 50, (6, 10), generator=generator)
    labels[0, 4:] = labels[5, 2:] = 0
    image, text, scale = unit(6, 8), unit(6, 8, seed=1), torch.tensor(5.0)
    shared, told = CoCaLoss(caption_loss_weight=2.0, clip_loss_weight=1.0)(image, text, logits, labels, scale)
    torch.testing.assert_close(2 * losses.caption(logits, labels, 0), told, **EXACT)
    torch.testing.assert_close(losses.clip(image, text, scale), shared, **EXACT)
    whole = torch.cat([torch.ones(6, 1, dtype=torch.long), labels], 1)
    norm = tokens_of([whole[:1], whole[1:]])
    parts = losses.caption(logits[:1], labels[:1], 0, norm) + losses.caption(logits[1:], labels[1:], 0, norm)
    torch.testing.assert_close(parts, losses.caption(logits, labels, 0), **EXACT)


@pytest.mark.parametrize("how", ["mask", "positive", "negative"])
def test_equal_captions_in_a_batch(how: str) -> None:
    """Rows 0 and 2 have one caption; a reference that goes through the pairs one by one."""
    image, text = unit(4, 8).detach(), unit(4, 8, seed=1).detach()
    text[2] = text[0]
    same = losses.pairs(torch.tensor([5, 6, 5, 7]), torch.arange(4))
    assert same.int().tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    scores = 3.0 * image.double().numpy() @ text.double().numpy().T
    total = 0.0
    for table in (scores, scores.T):
        for i in range(4):
            below = [j for j in range(4) if how != "mask" or j == i or not same[i, j]]
            norm = np.log(sum(np.exp(table[i, j]) for j in below))
            targets = [j for j in range(4) if same[i, j]] if how == "positive" else [i]
            total += np.mean([norm - table[i, j] for j in targets]) / 8
    assert losses.clip(image, text, torch.tensor(3.0), same, how).item() == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize(("how", "sign", "weight"), [("mask", -1, 0), ("positive", 1, 1), ("negative", -1, 1)])
def test_equal_captions_under_siglip(how: str, sign: int, weight: int) -> None:
    image, text = unit(3, 8).detach(), unit(3, 8, seed=1).detach()
    same = torch.eye(3, dtype=torch.bool)
    same[0, 2] = True
    scores = 4.0 * image.double().numpy() @ text.double().numpy().T - 2.0
    total = 0.0
    for i in range(3):
        for j in range(3):
            y, w = (1, 1) if i == j else (sign, weight) if (i, j) == (0, 2) else (-1, 1)
            total += w * np.log1p(np.exp(-y * scores[i, j])) / 3
    ours = losses.siglip(image, text, torch.tensor(4.0), torch.tensor(-2.0), same, how)
    assert ours.item() == pytest.approx(total, rel=1e-6)


def test_an_image_that_comes_twice_is_no_negative_of_itself() -> None:
    assert losses.pairs(torch.tensor([1, 2]), torch.tensor([9, 9])).all()


def softmax(rows: np.ndarray) -> np.ndarray:
    top = np.exp(rows - rows.max(-1, keepdims=True))
    return top / top.sum(-1, keepdims=True)


def test_dino_equals_the_loops_of_its_paper_in_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(5, 3, 12, generator=generator), torch.randn(2, 3, 12, generator=generator)
    centre = torch.randn(12, generator=generator) * 0.1
    s, t, c = (x.double().numpy() for x in (student, teacher, centre))
    total, terms = 0.0, 0
    for q in range(2):
        for v in range(5):
            if v == q:
                continue
            target = softmax((t[q] - c) / 0.04)
            total += float((-target * np.log(softmax(s[v] / 0.1))).sum(-1).mean())
            terms += 1
    assert losses.dino(student, teacher, centre, 0.1, 0.04).item() == pytest.approx(total / terms, rel=1e-5)


def test_dino_head_has_unit_prototypes_whatever_their_length() -> None:
    torch.manual_seed(0)
    head, x = dino.Head(8, 20, hidden=16, bottleneck=4), torch.randn(3, 8)
    scores = head(x)
    assert scores.shape == (3, 20) and scores.abs().max() <= 1 + 1e-6
    with torch.no_grad():
        head.last.mul_(7)
    torch.testing.assert_close(head(x), scores, rtol=1e-5, atol=1e-6)


def test_teacher_is_a_mean_of_students_and_its_centre_one_of_outputs() -> None:
    torch.manual_seed(0)
    visual, head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 8)), dino.Head(8, 6, 8, 4)
    teacher = dino.Teacher(visual, head, momentum=0.9, centre_momentum=0.8)
    before, outputs = copy.deepcopy(visual[1].weight), []
    for seed in range(2):
        outputs.append(teacher(torch.randn(2, 5, 3, 2, 2, generator=torch.Generator().manual_seed(seed))))
    with torch.no_grad():
        visual[1].weight.add_(1.0)
    teacher.step(visual, head)
    torch.testing.assert_close(teacher.visual[1].weight, before + 0.1, **EXACT)  # type: ignore[index]
    torch.testing.assert_close(teacher.centre, 0.2 * torch.cat(outputs).flatten(0, 1).mean(0), rtol=1e-5, atol=1e-6)
    assert not any(p.requires_grad for p in teacher._parameters())


def test_small_crops_use_a_resized_position_table(tmp_path) -> None:
    torch.manual_seed(0)
    visual = load(str(tiny_train.model(tmp_path, small_words(tiny_train.MODEL)))).model.visual
    whole, crop = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(dino.encode(visual, whole), visual(whole))
    table = copy.deepcopy(visual.positional_embedding.detach())
    grid = table[1:].T.reshape(1, 32, 4, 4)
    small = torch.nn.functional.interpolate(grid, (2, 2), mode="bicubic", antialias=True, align_corners=False)
    reference = load(str(tmp_path / "tiny.json"), size=16).model.visual
    state = visual.state_dict()
    state["positional_embedding"] = torch.cat([table[:1], small.reshape(32, 4).T])
    reference.load_state_dict(state)
    features = dino.encode(visual, crop)
    torch.testing.assert_close(features, reference(crop), rtol=1e-5, atol=1e-6)
    features.sum().backward()
    assert visual.positional_embedding.grad.abs().sum() > 0
    assert dino.local_size(visual, 32, 0) == 16


def tokens(rows: int, length: int = 12, seed: int = 0) -> torch.Tensor:
    """Sentences as open_clip's tokenizer makes them: start, words, end, zeros."""
    generator = torch.Generator().manual_seed(seed)
    found = torch.zeros(rows, length, dtype=torch.long)
    for n in range(rows):
        words = 3 + n % 5
        found[n, 1 : words + 1] = torch.randint(1, WORDS - 2, (words,), generator=generator)
        found[n, 0], found[n, words + 1] = WORDS - 2, WORDS - 1
    return found


def mammut(tmp_path) -> MaMMUT:
    torch.manual_seed(0)
    found = load(str(tiny_train.model(tmp_path, small_words(tiny_train.MODEL))), objective="mammut").model
    assert isinstance(found, MaMMUT)
    return found


def test_mammut_first_pass_is_an_open_clip_model(tmp_path) -> None:
    model, words, images = mammut(tmp_path), tokens(4), torch.randn(4, 3, 32, 32)
    config = small_words(tiny_train.MODEL)
    config["text_cfg"]["no_causal_mask"] = True
    plain = open_clip.CustomTextCLIP(**config).eval()
    plain.load_state_dict(model.clip.state_dict())
    torch.testing.assert_close(model.encode_text(words), plain.encode_text(words))
    torch.testing.assert_close(model.encode_image(images), plain.encode_image(images))
    before = model.encode_text(words)
    words[0, 1] += 1  # a word before the end changes the feature: the pass reads both ways
    assert (model.encode_text(words) - before).abs()[0].max() > 1e-6


def test_mammut_second_pass_looks_back_and_at_the_image_only(tmp_path) -> None:
    model, words, images = mammut(tmp_path), tokens(2), torch.randn(2, 3, 32, 32)
    seen = model.see(images)
    plain = model.decode(seen, words)
    assert plain.shape == (2, 12, WORDS)
    torch.testing.assert_close(plain, model.decode(model.see(images.flip(0)), words))  # cross-attention begins at zero
    for block in model.cross:
        torch.nn.init.normal_(block.attn.out_proj.weight, std=0.5)
    scores = model.decode(seen, words)
    assert (model.decode(model.see(images.flip(0)), words) - scores).abs().max() > 1e-4
    changed = words.clone()
    changed[:, 4] = 77 + (words[:, 4] == 77).long()
    again = model.decode(seen, changed)
    torch.testing.assert_close(again[:, :4], scores[:, :4], rtol=1e-4, atol=1e-5)
    assert (again[:, 4] - scores[:, 4]).abs().max() > 1e-4
    found = model(images, words)
    torch.testing.assert_close(found["logits"], scores[:, :-1], rtol=1e-4, atol=1e-5)
    assert found["labels"].tolist() == words[:, 1:].tolist()
    assert not words[:, 6:].any() and words[1, 5]  # the longer sentence ends there: nothing is learnt behind it
    learnt = model.train()(images, words)
    torch.testing.assert_close(learnt["logits"], scores[:, :5], rtol=1e-4, atol=1e-5)
    assert learnt["labels"].tolist() == words[:, 1:6].tolist()


class NoScaler:
    """A gradient scaler that leaves gradients alone."""

    def scale(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize("objective", ["clip", "siglip", "clip+dino", "coca", "mammut"])
def test_gradients_of_parts_are_those_of_the_whole_batch(objective: str, tmp_path) -> None:
    torch.manual_seed(0)
    config = tiny_train.COCA if objective == "coca" else tiny_train.MODEL
    model = load(str(tiny_train.model(tmp_path, small_words(config))), objective=objective).model
    head = dino.Head(32, 30, 32, 16) if "dino" in objective else None
    views = 2 if head else 1
    images, small = torch.randn(views, 8, 3, 32, 32), torch.randn(3 if head else 0, 8, 3, 16, 16)
    teacher, words = torch.randn(2, 8, 30), tokens(8)
    same = losses.pairs(torch.tensor([0, 1, 2, 3, 0, 5, 6, 7]), torch.arange(8))
    found = {}
    for count in (1, 4):
        settings, _ = make({"objective": objective, "accumulate": count, "batch": 8})
        learner = Learner(model, settings, head)
        learner.zero_grad()
        norm = tokens_of([words])
        parts = [
            Part(images[:, rows], words[rows], small[:, rows], teacher[:, rows], torch.zeros(30), norm)
            for rows in (slice(k * 8 // count, (k + 1) * 8 // count) for k in range(count))
        ]
        told = backward(learner, parts, same, settings, NoScaler(), lambda: torch.autocast("cpu", enabled=False), 0)
        grads = {name: p.grad.clone() for name, p in learner.named_parameters() if p.grad is not None}
        found[count] = told, grads
    (whole, grads), (split, others) = found[1], found[4]
    assert grads.keys() == others.keys() and "model.visual.conv1.weight" in {k.replace(".clip", "") for k in grads}
    for name, value in whole.items():
        torch.testing.assert_close(split[name], value, rtol=1e-5, atol=1e-6)
    for name, grad in grads.items():
        torch.testing.assert_close(others[name], grad, rtol=2e-4, atol=2e-6, msg=lambda m, n=name: f"{n}: {m}")
