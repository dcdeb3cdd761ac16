"""The loader: which samples, in which order, as batches of tensors.

The order of all samples is a function of the seed alone. Shards are shuffled, `mix` of them at a time are opened, and
their samples shuffled together; an endless row of samples results, epoch after epoch, cut into batches. Any place in
it can be computed, so that a run goes on where it was, one shard feeds any number of workers and processes without any
of them waiting, and the batches do not depend on how many there are.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from rsdata.errors import BadCorpus, RsdataError
from rsdata.train import shards, views
from rsdata.train.captions import ALL, Chosen, choose, number
from rsdata.train.config import Settings

TRIES = 100  # samples without a wanted caption in a row before the run stops


class Place(NamedTuple):
    """Where a run stands: this many whole epochs, then this shard (index in the sorted list) and sample of it."""

    epoch: int
    shard: int
    sample: int


class Batch(NamedTuple):
    """Part of a batch. `images`: uint8 [views, n, side, side, 3]; `small`: the same for local crops, or empty;
    `tokens`: [n, length]; `same`, `image_ids`: [n], equal where captions or images are; `counts`: what was drawn."""

    images: torch.Tensor
    small: torch.Tensor
    tokens: torch.Tensor
    same: torch.Tensor
    image_ids: torch.Tensor
    counts: dict[str, int]


class Order:
    """The endless row of samples."""

    def __init__(self, sizes: Sequence[int], shuffle: str = "full", mix: int = 4, seed: int = 0) -> None:
        self.sizes, self.shuffle, self.mix, self.seed = list(sizes), shuffle, mix, seed
        self.total = sum(sizes)
        if not self.total:
            raise BadCorpus("the shards hold no samples; pack a corpus first")
        self._epoch: tuple[int, list[list[int]], list[int]] | None = None
        self._group: tuple[tuple[int, int], npt.NDArray[np.int64]] | None = None

    def at(self, position: int) -> Place:
        """The sample at a position of the row, counted from 0 over all epochs."""
        epoch, rest = divmod(position, self.total)
        groups, starts = self._groups(epoch)
        which = int(np.searchsorted(starts, rest, "right")) - 1
        shard, sample = self._samples(epoch, which, groups[which])[rest - starts[which]].tolist()
        return Place(epoch, shard, sample)

    def group(self, position: int) -> list[int]:
        """The shards that are open at a position."""
        epoch, rest = divmod(position, self.total)
        groups, starts = self._groups(epoch)
        return groups[int(np.searchsorted(starts, rest, "right")) - 1]

    def _groups(self, epoch: int) -> tuple[list[list[int]], list[int]]:
        """The shards of an epoch in groups that are shuffled together, and the position at which each group begins."""
        if self._epoch is None or self._epoch[0] != epoch:
            names = [n for n, size in enumerate(self.sizes) if size]
            if self.shuffle != "none":
                random.Random(f"{self.seed}:shards:{epoch}").shuffle(names)
            step = self.mix if self.shuffle == "full" else 1
            groups = [names[n : n + step] for n in range(0, len(names), step)]
            lengths = [sum(self.sizes[n] for n in group) for group in groups]
            self._epoch = epoch, groups, np.cumsum([0, *lengths[:-1]]).tolist()
        return self._epoch[1:]

    def _samples(self, epoch: int, which: int, group: list[int]) -> npt.NDArray[np.int64]:
        """Shard and number of each sample of a group, in order."""
        if self._group is None or self._group[0] != (epoch, which):
            rows = np.concatenate([np.stack([np.full(self.sizes[n], n), np.arange(self.sizes[n])], 1) for n in group])
            if self.shuffle == "full":
                np.random.Generator(np.random.PCG64([self.seed, epoch, which])).shuffle(rows)
            self._group = (epoch, which), rows
        return self._group[1]


class Samples(Dataset[Any]):
    """Positions of the row -> a batch: captions drawn, views cut, words turned into tokens."""

    def __init__(self, reader: shards.Reader, order: Order, tokenizer: Any, settings: Settings, plan: Sizes) -> None:
        self.reader, self.order, self.tokenizer = reader, order, tokenizer
        self.settings, self.plan = settings, plan
        self._ready: list[int] = []

    def __getitems__(self, positions: list[int]) -> Batch | RsdataError:
        """A batch; the name is PyTorch's for fetching many at once. A worker hands an error over as it is: raised
        there, it would arrive as a traceback."""
        try:
            return self.batch(positions)
        except RsdataError as error:
            return error

    def batch(self, positions: list[int]) -> Batch:
        """The samples at these positions."""
        info = get_worker_info()
        group = self.order.group(positions[0])
        if info is not None and group != self._ready:
            self.reader.ready(group, info.id)
            self._ready = group
        drawn = [self.draw(position) for position in positions]
        large = [torch.from_numpy(np.stack(column)) for column in zip(*(d[1] for d in drawn), strict=True)]
        small = [torch.from_numpy(np.stack(column)) for column in zip(*(d[2] for d in drawn), strict=True)]
        counts: Counter[str] = Counter()
        for chosen, _, _, _, skipped in drawn:
            counts[f"lang/{chosen.lang}"] += 1
            counts["no_caption"] += skipped
        return Batch(
            torch.stack(large),
            torch.stack(small) if small else torch.empty(0),
            self.tokenizer([chosen.text for chosen, *_ in drawn]),
            torch.tensor([chosen.same for chosen, *_ in drawn]),
            torch.tensor([image for *_, image, _ in drawn]),
            dict(counts),
        )

    def draw(self, position: int) -> tuple[Chosen, list[views.U8], list[views.U8], int, int]:
        """Caption, large and small views, the image's number, and how many samples without a caption were passed."""
        s = self.settings
        for skipped in range(TRIES):
            place = self.order.at(position + skipped)
            sample = self.reader.sample(place.shard, place.sample)
            rng = random.Random(f"{s.seed}:{position}")
            chosen = choose(sample.meta["captions"], s.langs, s.origins, rng)
            if chosen is not None:
                large, small = self._views(chosen, rng)
                try:
                    pixels = views.render(sample.image, [*large, *small])
                except (OSError, SyntaxError, ValueError) as error:
                    where = f"{self.reader.paths[place.shard]}: the image of sample {place.sample}"
                    raise BadCorpus(f"{where} ({sample.meta['id']}) cannot be read ({error}); pack again") from error
                return chosen, pixels[: len(large)], pixels[len(large) :], number(sample.meta["id"]), skipped
        wanted = ", ".join([*s.langs, *s.origins]) or "any language"
        raise BadCorpus(f"{s.shards}: {TRIES} samples in a row have no caption in {wanted}; see `rsdata stats`")

    def _views(self, chosen: Chosen, rng: random.Random) -> tuple[list[views.View], list[views.View]]:
        s = self.settings
        allow = chosen.allow if s.meet == "yield" else ALL
        if not self.plan.small:
            scale = (s.scale, 1.0)
            return [views.plan(self.plan.large, rng, allow, scale=scale, flip=s.flip, turns=s.turns)], []
        low = s.dino_global_scale
        colours = [c.scaled(s.dino_colour) for c in (views.GLOBAL_ONE, views.GLOBAL_TWO, views.LOCAL)]
        large = [
            views.plan(self.plan.large, rng, allow, scale=(low, 1.0), flip=s.flip, turns=s.turns, colour=colour)
            for colour in colours[:2]
        ]
        # No caption goes with a local crop, so nothing can make one false.
        small = [
            views.plan(self.plan.small, rng, ALL, scale=(s.dino_local_scale, low), flip=s.flip, turns=s.turns)._replace(
                colour=colours[2]
            )
            for _ in range(s.dino_locals)
        ]
        return large, small


class Sizes(NamedTuple):
    """Sides of the views in pixels; `small` is 0 without self-distillation."""

    large: int
    small: int = 0


class Turns(Sampler[list[int]]):
    """Positions of the parts of each step that belong to one process: step by step, part by part, without an end.

    The batch of step t are the positions from t * batch; process r takes the r-th of `world` equal slices, and cuts it
    into `accumulate` parts."""

    def __init__(self, step: int, batch: int, accumulate: int, rank: int, world: int) -> None:
        self.step, self.batch, self.accumulate, self.rank, self.world = step, batch, accumulate, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        share = self.batch // self.world
        part = share // self.accumulate
        step = self.step
        while True:
            start = step * self.batch + self.rank * share
            for n in range(self.accumulate):
                yield list(range(start + n * part, start + (n + 1) * part))
            step += 1


class Loader:
    """Batches of one process from a step on."""

    def __init__(
        self, s: Settings, tokenizer: Any, plan: Sizes, *, cache: Path | None, rank: int = 0, world: int = 1
    ) -> None:
        self.settings, self.rank, self.world = s, rank, world
        paths = shards.find(s.shards)
        self.order = Order(shards.sizes(paths, cache), s.shuffle, s.mix, s.seed)
        self.data = Samples(shards.Reader(paths, cache), self.order, tokenizer, s, plan)

    def place(self, step: int) -> dict[str, int]:
        """Where the next step begins: epoch, shard, sample and position."""
        position = step * self.settings.batch
        return {**self.order.at(position)._asdict(), "position": position}

    def batches(self, step: int, pin: bool = False) -> Iterator[Batch]:
        """The parts of this process's batches, `accumulate` for a step, beginning with `step`."""
        s = self.settings
        turns = Turns(step, s.batch, s.accumulate, self.rank, self.world)
        loader: DataLoader[Any] = DataLoader(
            self.data,
            batch_sampler=turns,
            num_workers=s.workers,
            collate_fn=_as_is,
            pin_memory=pin,
            prefetch_factor=4 if s.workers else None,
            worker_init_fn=_alone if s.workers else None,
        )
        for batch in loader:
            if isinstance(batch, RsdataError):
                raise batch
            yield batch


def _as_is(batch: Any) -> Any:
    """`__getitems__` makes the batch, so that there is nothing to collate."""
    return batch


def _alone(worker: int) -> None:
    """One thread a worker: the tokenizers' own threads and a fork do not agree."""
    import os

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
