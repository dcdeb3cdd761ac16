"""On what the work is done. An executor is a context that gives `each(work, jobs)`, which yields results as they come.

    with local(workers=2) as each:                      processes of this machine
    with ray(address="10.0.0.1:6379") as each:          every node of a Ray cluster
        for result in each(work, jobs): ...

    with using("ray", "10.0.0.1:6379"): run(...)        whatever runs inside is done there

Every failure is reported: the first one stops new jobs from starting, the running ones end, then it is raised. What
was finished stays finished, so the same command resumes. Jobs write the same bytes wherever they run, so it does not
matter which node did a part, or whether two did.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from rsdata import __version__, place
from rsdata.errors import BadRecipe, MissingExtra, RsdataError, ServiceError

ENGINES = ("local", "ray")
RETRIES = 3  # of a part whose Ray worker or node was lost
SILENCE = 20  # seconds without a result after which the cluster is looked at
PASSED_ON = ("RSDATA_", "HF_HUB_OFFLINE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")  # no secret
STORE = 100 << 20  # bytes of Ray's object store: results are a few hundred bytes, pixels never travel

_chosen: ContextVar[tuple[str, str]] = ContextVar("engine", default=("local", ""))


class Each(Protocol):
    """Does every job and yields the results as they come. `device` is given for work that holds a model, and is what
    it runs on: here such jobs follow one another in this process, with one model and all cores; on Ray each takes a
    core, or a GPU where `device` is not "cpu" and the cluster has any."""

    def __call__(self, work: Callable[[Any], Any], jobs: Sequence[Any], *, device: str = "") -> Iterator[Any]:
        """Yields what `work(job)` returned, in any order."""


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def using(name: str, address: str = "") -> Iterator[None]:
    """Inside this, `engine` gives this one: `local`, or `ray` at an address (none: a Ray of its own)."""
    if name not in ENGINES:
        raise BadRecipe(f"no engine is called {name!r}; wanted {' or '.join(ENGINES)}")
    if address and name != "ray":
        raise BadRecipe(f"--address {address} is of a Ray cluster; give --engine ray with it")
    token = _chosen.set((name, address))
    try:
        yield
    finally:
        _chosen.reset(token)


def engine(workers: int = 0) -> AbstractContextManager[Each]:
    """The executor that was chosen with `using`; local processes where none was."""
    name, address = _chosen.get()
    return local(workers) if name == "local" else ray(workers, address)


def spread() -> bool:
    """Whether the work goes to other machines, and work that holds a model, too."""
    return _chosen.get()[0] != "local"


def about(workers: int) -> dict[str, Any]:
    """What log.jsonl says of the executor."""
    name, _ = _chosen.get()
    return {"workers": workers or cores()} if name == "local" else {"engine": name, "workers": workers}


@contextmanager
def local(workers: int = 0) -> Iterator[Each]:
    """Processes of this machine, `workers` of them (0: one per core), started when first needed and then kept.

    One worker, or one job, runs in this process. `each` raises what `work` raised; a process that died (killed, out
    of memory) is an RsdataError that says so.
    """
    count = workers or cores()
    pools: list[ProcessPoolExecutor] = []
    with ExitStack() as stack:

        def each(work: Callable[[Any], Any], jobs: Sequence[Any], *, device: str = "") -> Iterator[Any]:
            if device or min(count, len(jobs)) <= 1:
                return map(work, jobs)
            if not pools:
                pools.append(stack.enter_context(ProcessPoolExecutor(count, mp_context=get_context("spawn"))))
            return _drain(pools[0], work, jobs, count)

        yield each


def _drain(pool: ProcessPoolExecutor, work: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[Any]:
    todo = iter(jobs)
    running: set[Future[Any]] = set()
    failure: BaseException | None = None
    ended = 0
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
                ended += 1
                yield future.result()
            elif failure is None:
                failure = problem
                running = {f for f in running if not f.cancel()}
    if isinstance(failure, BrokenProcessPool):
        raise RsdataError(
            f"a worker process died (killed, or out of memory); {ended} of {len(jobs)} pieces were finished and are"
            f" kept, at most {workers} were open and are lost: run the same command again, with fewer --workers if"
            " memory is short"
        ) from failure
    if failure is not None:
        raise failure


@contextmanager
def ray(workers: int = 0, address: str = "") -> Iterator[Each]:
    """The nodes of a Ray cluster, at most `workers` jobs at once (0: one per core of the cluster).

    address: of a running cluster (`10.0.0.1:6379`, `auto`, `ray://...`), else $RAY_ADDRESS, else a Ray is started on
    this machine and ended with the context; one that this process is connected to already is used as it is. Every
    node has the same rsdata installed and sees the same folders, on a shared disk or `s3://`. A job whose worker or
    node is lost is done again elsewhere, up to RETRIES times, and so is one that a service failed.
    """
    found, own = _connected(workers, address)
    try:

        def each(work: Callable[[Any], Any], jobs: Sequence[Any], *, device: str = "") -> Iterator[Any]:
            return _spread(found, work, jobs, workers, device)

        yield each
    finally:
        if own:
            found.shutdown()


def _connected(workers: int, address: str) -> tuple[Any, bool]:
    """The package, connected to a cluster, and whether the connection was made here. No telemetry, no dashboard."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray as package
    except ImportError as error:
        raise MissingExtra("ray", "ray", "--engine ray") from error
    if package.is_initialized():
        return package, False
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    where = address or os.environ.get("RAY_ADDRESS", "")
    try:
        if where:
            package.init(address=where, **quiet)
        else:
            count = workers or cores()
            package.init("local", num_cpus=count, object_store_memory=STORE, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise ServiceError(
            f"{where or 'this machine'}: no Ray cluster can be reached ({_short(error)}); start one with"
            " `ray start --head`, or leave out --address to have Ray started here"
        ) from error
    return package, True


def _spread(package: Any, work: Callable[[Any], Any], jobs: Sequence[Any], workers: int, device: str) -> Iterator[Any]:
    """Keep the cluster busy: twice as many jobs are handed out as it has cores, or `workers` of them."""
    options: dict[str, Any] = {"num_cpus": 1, "max_retries": RETRIES}
    options["retry_exceptions"] = [ServiceError, ConnectionError, TimeoutError]
    if device not in ("", "cpu") and package.cluster_resources().get("GPU", 0):
        options |= {"num_gpus": 1, "max_calls": 0}  # 0: the process stays, and with it the model
    task = package.remote(**options)(_there)
    here, todo, failure = _Here(), iter(jobs), None
    running: dict[Any, Any] = {}
    while True:
        room = workers or max(2, 2 * int(package.cluster_resources().get("CPU", 0)))
        while failure is None and len(running) < room and (job := next(todo, None)) is not None:
            running[task.remote(here, work, job)] = job
        if not running:
            break
        ready, _ = package.wait(list(running), num_returns=1, timeout=SILENCE)
        if not ready and not any(n["Alive"] and n["Resources"].get("CPU") for n in package.nodes()):
            raise RsdataError("no node of the Ray cluster is left; what was done is kept: run the same command again")
        for ref in ready:
            job = running.pop(ref)
            try:
                result = package.get(ref)
            except package.exceptions.RayError as error:
                failure = failure or _plain(error, job)
                continue
            yield result
    if failure is not None:
        raise failure


def _plain(error: Any, job: Any) -> BaseException:
    """What `work` raised; or, where its process or node was lost again and again, one line that says so."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, BaseException) and not type(cause).__module__.startswith("ray."):
        return cause
    if cause is not None:
        return RsdataError(f"a Ray node cannot do this work ({_short(cause)}); install the same rsdata on every node")
    name = getattr(job, "part", "") or getattr(job, "name", "") or "a piece of work"
    return RsdataError(
        f"{name}: lost its Ray worker or node {RETRIES + 1} times ({_short(error)}); what was finished is kept: run the"
        " same command again, on nodes with more memory if that is short"
    )


class _Here:
    """Where the command was given: folder, environment and version, for a worker that was started elsewhere."""

    def __init__(self) -> None:
        self.folder, self.version = Path.cwd(), __version__
        self.environment = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}


def _there(here: _Here, work: Callable[[Any], Any], job: Any) -> Any:
    """One job on a node. Its relative paths mean what they mean to the user, where that folder is there, too."""
    node = os.uname().nodename
    if here.version != __version__:
        raise RsdataError(
            f"node {node} has rsdata {__version__}, this command is of {here.version}; install the same version on"
            " every node"
        )
    os.environ.update(here.environment)
    place.mark(f"{node}-{os.getpid()}")
    shared = here.folder.is_dir()
    if shared:
        os.chdir(here.folder)
    try:
        return work(job)
    except FileNotFoundError as error:
        if shared:
            raise
        raise RsdataError(
            f"node {node} does not see {error.filename}; --engine ray wants datasets and corpora on a disk that all"
            " nodes share under one name, or on s3://"
        ) from error


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
