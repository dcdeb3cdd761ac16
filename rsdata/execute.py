"""On what the work is done. An executor is a context that gives `each(work, jobs)`, which yields results as they come.

    with local(workers=2) as each:
        for result in each(work, jobs): ...

Every failure is reported: the first one stops new jobs from starting, the running ones end, then it is raised. What
was finished stays finished, so the same command resumes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Any

from rsdata.errors import RsdataError

Each = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def local(workers: int = 0) -> Iterator[Each]:
    """Processes of this machine, `workers` of them (0: one per core), started when first needed and then kept.

    One worker, or one job, runs in this process. `each` raises what `work` raised; a process that died (killed, out
    of memory) is an RsdataError that says so.
    """
    count = workers or cores()
    pools: list[ProcessPoolExecutor] = []
    with ExitStack() as stack:

        def each(work: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
            if min(count, len(jobs)) <= 1:
                return map(work, jobs)
            if not pools:
                pools.append(stack.enter_context(ProcessPoolExecutor(count, mp_context=get_context("spawn"))))
            return _drain(pools[0], work, jobs, count)

        yield each


def _drain(pool: ProcessPoolExecutor, work: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[Any]:
    todo = iter(jobs)
    running: set[Future[Any]] = set()
    failure: BaseException | None = None
    while True:
        try:
            while failure is None and len(running) < 2 * workers and (job := next(todo, None)) is not None:
                running.add(pool.submit(work, job))
        except BrokenProcessPool as broken:
            failure = broken
        if not running:
            break
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            problem = future.exception()
            if problem is None:
                yield future.result()
            elif failure is None:
                failure = problem
                running = {f for f in running if not f.cancel()}
    if isinstance(failure, BrokenProcessPool):
        raise RsdataError(
            "a worker process died (killed, or out of memory); what was finished is kept: run the same command again,"
            " with fewer --workers if memory is short"
        ) from failure
    if failure is not None:
        raise failure
