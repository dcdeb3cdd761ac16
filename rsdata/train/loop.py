"""The training loop, from settings to the last checkpoint.

    for step in range(start, steps):
        parts = next of the loader, on the device
        backward(parts); clip the gradient; optimizer.step()
        now and then: log, save

A run whose folder holds a checkpoint goes on from it: same samples, same losses. Chance inside the model is seeded by
step, so no generator's state has to travel.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsdata.errors import BadRecipe
from rsdata.train import checkpoint, config, dino, dist, optim, provenance
from rsdata.train.config import Settings
from rsdata.train.data import Batch, Loader, Sizes
from rsdata.train.losses import pairs
from rsdata.train.model import Loaded, load, write_folder
from rsdata.train.objectives import Learner, Part, backward, tokens_of

Say = Callable[[str, Mapping[str, Any]], None]
MAX_SCALE = math.log(100)  # CLIP (arXiv 2103.00020 section 2.5) keeps the temperature from going below 0.01


@dataclass
class Run:
    """What the loop works with; equal on every process but for rank and device."""

    settings: Settings
    loaded: Loaded
    learner: Learner
    wrapped: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: Any
    loader: Loader
    teacher: dino.Teacher | None
    device: torch.device
    precision: str
    out: Path
    step: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    drawn: Counter[str] = field(default_factory=Counter)
    waited: float = 0.0
    since: float = 0.0
    logged: int = 0
    pending: list[dict[str, torch.Tensor]] = field(default_factory=list)

    def cast(self) -> torch.autocast:
        """The precision of a forward pass."""
        return optim.cast(self.device, self.precision)


def _silent(kind: str, facts: Mapping[str, Any]) -> None:
    """Tell nobody."""


def train(
    settings: Settings, sources: Mapping[str, str] = {}, say: Say = _silent, *, replace: bool = False
) -> dict[str, Any]:
    """Train from `settings`, or go on with the run in its folder; `replace` removes that run first.

    Returns steps, images seen, the last line of the log and the weights. `say(kind, facts)` is told of start, log and
    save, on the first process only.
    """
    out = Path(settings.out)
    rank, world, device = dist.start(settings.device)
    say = say if rank == 0 else _silent
    try:
        out.mkdir(parents=True, exist_ok=True)
        if replace and rank == 0:
            checkpoint.clear(out)
        dist.wait()
        run = _prepare(settings, out, rank, world, device)
        if rank == 0:
            config.write(out / "config.yaml", run.settings, sources)
            write_folder(out, run.loaded)
            provenance.write(out, run.loader.data.reader.paths)
            checkpoint.cut_log(out / "log.jsonl", run.step)
        say("start", _facts(run, world))
        last = _steps(run, say)
        weights = out / f"step-{run.step:08d}.pth"
        seen = run.step * settings.batch
        last = last or _last_line(out / "log.jsonl")
        return {"out": str(out), "steps": run.step, "images": seen, "weights": str(weights), "last": last}
    finally:
        dist.stop()


def _steps(run: Run, say: Say) -> dict[str, Any]:
    """The loop."""
    s, last = run.settings, dict[str, Any]()
    batches = run.loader.batches(run.step, pin=run.device.type == "cuda")
    board = _board(run) if s.tensorboard and dist.rank() == 0 else None
    run.since, run.logged = time.perf_counter(), run.step
    while run.step < s.steps:
        began = time.perf_counter()
        batch = [next(batches) for _ in range(s.accumulate)]
        run.waited += time.perf_counter() - began
        _learn(run, batch)
        run.step += 1
        if run.step % s.log_every == 0 or run.step == s.steps:
            last = _log(run)
            say("log", last)
            if board is not None:
                for name, value in last.items():
                    if isinstance(value, float):
                        board.add_scalar(name, value, run.step)
        if run.step % s.save_every == 0 or run.step == s.steps:
            _save(run)
            say("save", {"step": run.step})
    if board is not None:
        board.close()
    return last


def _learn(run: Run, batch: list[Batch]) -> None:
    """One step: gradients of all parts, then the optimizer, then the teacher."""
    s = run.settings
    run.learner.train()
    parts, same = _parts(run, batch)
    for group in run.optimizer.param_groups:
        group["lr"] = optim.rate(run.step, s)
    run.optimizer.zero_grad(set_to_none=True)
    seed = (s.seed * 1_000_003 + run.step) * 64 * dist.world() + dist.rank() * 64
    run.pending.append(backward(run.wrapped, parts, same, s, run.scaler, run.cast, seed))
    run.scaler.unscale_(run.optimizer)
    if s.clip_grad:
        nn.utils.clip_grad_norm_(run.learner.parameters(), s.clip_grad)
    if run.learner.head is not None and run.step < s.dino_freeze:
        run.learner.head.last.grad = None
    run.scaler.step(run.optimizer)
    run.scaler.update()
    with torch.no_grad():
        _towers(run).logit_scale.clamp_(0, MAX_SCALE)
    if run.teacher is not None:
        visual: Any = run.learner.model.visual
        run.teacher.step(visual, run.learner.head)  # type: ignore[arg-type]


def _parts(run: Run, batch: list[Batch]) -> tuple[list[Part], torch.Tensor]:
    """Batches on the device: pixels normalised, teacher's scores, and which pairs are equal."""
    mean, std = (run.loaded.card["preprocess_cfg"][name] for name in ("mean", "std"))
    move = functools.partial(torch.Tensor.to, device=run.device, non_blocking=True)
    tokens = [move(part.tokens) for part in batch]
    norm = tokens_of(tokens) if run.settings.objective in ("coca", "mammut") else torch.empty(0)
    parts = []
    for part, words in zip(batch, tokens, strict=True):
        run.drawn.update(part.counts)
        large, small = (_normal(move(pixels), mean, std) for pixels in (part.images, part.small))
        scores = centre = torch.empty(0)
        if run.teacher is not None:
            with run.cast():
                scores, centre = run.teacher(large), run.teacher.centre
        parts.append(Part(large, words, small, scores, centre, norm))
    same = pairs(*(move(torch.cat([getattr(part, name) for part in batch])) for name in ("same", "image_ids")))
    return parts, same


def _normal(pixels: torch.Tensor, mean: Any, std: Any) -> torch.Tensor:
    """uint8 [views, n, h, w, 3] -> float [views, n, 3, h, w]."""
    if not pixels.numel():
        return pixels.float()
    shift = torch.tensor(mean, device=pixels.device) * 255
    factor = 1 / (torch.tensor(std, device=pixels.device) * 255)
    return ((pixels.float() - shift) * factor).permute(0, 1, 4, 2, 3)


def _prepare(settings: Settings, out: Path, rank: int, world: int, device: torch.device) -> Run:
    """Model, optimizer and loader, as they begin or as a checkpoint left them."""
    found = checkpoint.newest(out)
    loaded = _model(settings)
    torch.set_float32_matmul_precision("high")
    torch.manual_seed(settings.seed)
    head = _head(settings, loaded).to(device) if "dino" in settings.objective else None
    sides = Sizes(loaded.side)
    if head is not None:
        sides = Sizes(loaded.side, dino.local_size(_visual(loaded), loaded.side, settings.dino_local_size))
    loader = Loader(settings, loaded.tokenizer, sides, cache=out / "index", rank=rank, world=world)
    settings = _resolved(settings, loader, world)
    loader.settings = loader.data.settings = settings
    learner = Learner(loaded.model.to(device), settings, head)
    if settings.checkpointing:
        learner.model.set_grad_checkpointing(True)  # type: ignore[operator]
    precision = optim.precision(settings.precision, device)
    optimizer = optim.adamw(learner, settings)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
    teacher = None
    if head is not None:
        teacher = dino.Teacher(_visual(loaded), head, settings.dino_momentum, settings.dino_centre)
    run = Run(settings, loaded, learner, learner, optimizer, scaler, loader, teacher, device, precision, out)
    if found is not None:
        _go_on(run, *found)
    if world > 1:
        ids = [device.index] if device.type == "cuda" else None
        run.wrapped = DistributedDataParallel(learner, device_ids=ids)
    return run


def _model(s: Settings) -> Loaded:
    torch.manual_seed(s.seed)  # weights that begin at random are the same on every process and in every run
    return load(
        s.model,
        s.pretrained,
        objective=s.objective,
        size=s.size,
        quick_gelu=s.quick_gelu,
        text_folder=s.text_folder,
    )


def _head(s: Settings, loaded: Loaded) -> dino.Head:
    width = int(loaded.card["model_cfg"]["embed_dim"])
    return dino.Head(width, s.dino_prototypes, s.dino_hidden, s.dino_bottleneck)


def _visual(loaded: Loaded) -> nn.Module:
    tower: Any = loaded.model.visual
    found: nn.Module = tower
    return found


def _towers(run: Run) -> Any:
    return getattr(run.learner.model, "clip", run.learner.model)


def _resolved(s: Settings, loader: Loader, world: int) -> Settings:
    """Settings that follow from the number of samples and processes."""
    if s.batch % (world * s.accumulate):
        parts = f"{world} processes x accumulate {s.accumulate}"
        raise BadRecipe(f"train: batch {s.batch} cannot be split evenly over {parts}; change one of them")
    steps = s.steps or math.ceil(s.epochs * loader.order.total / s.batch)
    warmup = min(2000, steps // 10) if s.warmup < 0 else s.warmup
    return dataclasses.replace(s, steps=steps, warmup=warmup)


def _go_on(run: Run, weights: Path, state: dict[str, Any]) -> None:
    """Take up a checkpoint. Settings that a loss depends on must be the same."""
    changed = config.differing(state["settings"], run.settings)
    if changed:
        raise BadRecipe(
            f"{run.out}: its run was begun with other settings ({'; '.join(changed)}); give another --out,"
            " or --replace to begin anew"
        )
    checkpoint.restore(run.learner.model, weights)
    if run.learner.head is not None:
        run.learner.head.load_state_dict(state["head"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.scaler.load_state_dict(state["scaler"])
    if run.teacher is not None:
        run.teacher.load_state_dict(state["teacher"])
    run.step = state["step"]
    run.sums.update(state["sums"])
    run.drawn.update(state["drawn"])


def _log(run: Run) -> dict[str, Any]:
    """One line of log.jsonl: means since the last line, over all processes."""
    _gather_sums(run)
    now, s = time.perf_counter(), run.settings
    count = run.sums.pop("count")
    means = {name: value / count for name, value in run.sums.items()}
    if not math.isfinite(means["loss"]):
        hint = "try a lower lr, a longer warmup, clip_grad 1, or bf16 instead of fp16"
        raise BadRecipe(f"train: the loss is {means['loss']} at step {run.step}; {hint}")
    steps, seconds = run.step - run.logged, max(now - run.since, 1e-9)
    speed = steps * s.batch / seconds
    line: dict[str, Any] = {"step": run.step, **means, "lr": optim.rate(run.step - 1, s)}
    line |= {"scale": float(_towers(run).logit_scale.detach().exp()), "images": run.step * s.batch}
    line |= {"images_per_second": speed, "seconds_left": (s.steps - run.step) * s.batch / max(speed, 1e-9)}
    line |= {"waited": run.waited / seconds, **run.loader.place(run.step), "drawn": dict(run.drawn)}
    run.sums, run.drawn = Counter(), Counter()
    run.since, run.waited, run.logged = now, 0.0, run.step
    if dist.rank() == 0:
        with (run.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return line


def _last_line(path: Path) -> dict[str, Any]:
    """What a run that is done had logged last."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def _gather_sums(run: Run) -> None:
    """Add the losses that wait on the device to the sums."""
    if run.pending:
        names = sorted(run.pending[0])
        rows = torch.stack([torch.stack([losses[n].float() for n in names]) for losses in run.pending]).double()
        for name, value in zip(names, (dist.total(rows.sum(0)) / dist.world()).tolist(), strict=True):
            run.sums[name] += value
        run.sums["count"] += len(run.pending)
        run.pending.clear()


def _save(run: Run) -> None:
    """A checkpoint, by the first process; the others wait, so that none runs ahead of what is on disk."""
    _gather_sums(run)
    if dist.rank() == 0:
        state: dict[str, Any] = {"optimizer": run.optimizer.state_dict(), "scaler": run.scaler.state_dict()}
        state |= {"settings": asdict(run.settings), "sums": dict(run.sums)}
        if run.learner.head is not None:
            state["head"] = run.learner.head.state_dict()
        state |= {"drawn": dict(run.drawn), "loader": run.loader.place(run.step)}
        if run.teacher is not None:
            state["teacher"] = run.teacher.state_dict()
        checkpoint.save(run.out, run.step, run.learner.model, run.loaded.card["name"], state, run.settings.keep)
    dist.wait()


def _facts(run: Run, world: int) -> dict[str, Any]:
    """What is said before the first step."""
    s = run.settings
    size = sum(p.numel() for p in run.learner.parameters())
    shards = len(run.loader.order.sizes)
    facts = {"model": s.model, "objective": s.objective, "parameters": size, "samples": run.loader.order.total}
    facts |= {"shards": shards, "steps": s.steps, "from": run.step, "batch": s.batch, "processes": world}
    return facts | {"device": str(run.device), "precision": run.precision, "quick_gelu": run.loaded.card["quick_gelu"]}


def _board(run: Run) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise BadRecipe("train: tensorboard is not installed: pip install tensorboard, or leave it off") from error
    return SummaryWriter(str(run.out / "tensorboard"))
