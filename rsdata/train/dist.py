"""Several processes of torchrun, or one: the same calls for both."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import distributed


def start(device: str) -> tuple[int, int, torch.device]:
    """Join the group that torchrun made; rank, number of processes, this process's device."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    cuda = torch.cuda.is_available()
    name = device if device != "auto" else "cuda" if cuda else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{local}"
    chosen = torch.device(name)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    return rank(), world(), chosen


def stop() -> None:
    """Leave the group."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def rank() -> int:
    """This process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def wait() -> None:
    """Wait for the other processes."""
    if distributed.is_initialized():
        distributed.barrier()


def total(x: torch.Tensor) -> torch.Tensor:
    """The sum over processes, without a gradient."""
    if world() == 1:
        return x
    x = x.detach().clone()
    distributed.all_reduce(x)
    return x


class _Gather(torch.autograd.Function):
    """Rows of all processes, in their order; the gradient of a row comes back from every process."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        parts = [torch.empty_like(x) for _ in range(world())]
        distributed.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        rows = grads[0].contiguous()
        distributed.all_reduce(rows)
        return rows.chunk(world())[rank()]


def gather(x: torch.Tensor) -> torch.Tensor:
    """Rows [n, ...] of all processes as [world * n, ...], with gradient."""
    if world() == 1:
        return x
    rows: torch.Tensor = _Gather.apply(x)
    return rows
