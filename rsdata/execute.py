"""On what the work is done. An executor is a function: `local(work, jobs, workers)` yields results as they come.

Every failure is reported: the first one stops new jobs from starting, the running ones end, then it is raised. What
was finished stays finished, so the same command resumes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from rsdata.errors import RsdataError

Job = TypeVar("Job")
Done = TypeVar("Done")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local(work: Callable[[Job], Done], jobs: Sequence[Job], workers: int = 0) -> Iterator[Done]:
    """Run `work` on each job in `workers` processes (0: one per core) and yield results in order of completion.

    One worker, or one job, runs in this process. Raises what `work` raised; a process that died (killed, out of
    memory) is an RsdataError that says so.
    """
    workers = min(workers or cores(), len(jobs))
    if workers <= 1:
        for job in jobs:
            yield work(job)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from _drain(pool, work, jobs, workers)


def _drain(pool: ProcessPoolExecutor, work: Callable[[Job], Done], jobs: Sequence[Job], workers: int) -> Iterator[Done]:
    todo = iter(jobs)
    running: set[Future[Done]] = set()
    failure: BaseException | None = None
    while True:
        while failure is None and len(running) < 2 * workers and (job := next(todo, None)) is not None:
            running.add(pool.submit(work, job))
        if not running:
            break
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            error = future.exception()
            if error is None:
                yield future.result()
            elif failure is None:
                failure = error
                running = {f for f in running if not f.cancel()}
    if isinstance(failure, BrokenProcessPool):
        raise RsdataError(
            "a worker process died (killed, or out of memory); what was finished is kept: run the same command again,"
            " with fewer --workers if memory is short"
        ) from failure
    if failure is not None:
        raise failure
