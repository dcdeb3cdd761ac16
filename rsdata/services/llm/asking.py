"""Asking many questions with care: rates kept, failures tried again, a budget never passed."""

from __future__ import annotations

import random
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import ServiceError
from rsdata.services.llm import Answer, Busy, Question, Writer

PRICES = Path(__file__).parent / "prices.toml"
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
GIVE_UP = 5  # questions in a row without an answer: the service is down


class Price(NamedTuple):
    """US dollars for a million tokens, in and out."""

    into: float
    out: float

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Dollars."""
        return (tokens_in * self.into + tokens_out * self.out) / 1e6


class Limits(NamedTuple):
    """Requests and tokens a minute (0: no limit), requests at once, tries after the first, dollars (0: no limit)."""

    rpm: float = 60.0
    tpm: float = 0.0
    parallel: int = 4
    retries: int = 5
    budget: float = 0.0


def price(model: str) -> Price | None:
    """The list price of a model as prices.toml has it; None for a model that it has not."""
    rows = tomllib.loads(PRICES.read_text("utf-8"))["models"]
    best = max((name for name in rows if model.startswith(name)), key=len, default=None)
    return Price(*rows[best]) if best else None


class Rate:
    """At most so many requests and tokens in a minute: each request books its place in time."""

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._step = 60.0 / limits.rpm if limits.rpm else 0.0
        self._token = 60.0 / limits.tpm if limits.tpm else 0.0
        self._clock, self._sleep = clock, sleep
        self._lock, self._next = threading.Lock(), 0.0

    def take(self, tokens: int) -> None:
        """Wait for the place of a request of so many tokens."""
        with self._lock:
            at = max(self._next, self._clock())
            self._next = at + max(self._step, tokens * self._token)
        if (pause := at - self._clock()) > 0:
            self._sleep(pause)


class Purse:
    """What is spent and what is promised to requests under way; says no before the budget is passed."""

    def __init__(self, budget: float, price: Price | None, spent: float = 0.0) -> None:
        self.budget, self.price, self.spent = budget, price, spent
        self._promised, self._lock = 0.0, threading.Lock()

    def allows(self, question: Question) -> bool:
        """Promise the most that a question can cost; False where that would pass the budget."""
        with self._lock:
            most = self._most(question)
            if self.budget and self.spent + self._promised + most > self.budget:
                return False
            self._promised += most
            return True

    def settle(self, question: Question, answer: Answer | None) -> None:
        """Take the promise back, and count what an answer really cost."""
        with self._lock:
            self._promised -= self._most(question)
            if answer is not None and self.price:
                self.spent += self.price.cost(answer.tokens_in or question.tokens(), answer.tokens_out)

    def _most(self, question: Question) -> float:
        return self.price.cost(int(1.3 * question.tokens()), question.max_tokens) if self.price else 0.0


class Failed(NamedTuple):
    """A question without an answer: out of budget, or the last error after all tries."""

    over_budget: bool
    problem: str


def ask(
    writer: Writer,
    question: Question,
    rate: Rate,
    retries: int,
    sleep: Callable[[float], None] = time.sleep,
    seed: int = 0,
) -> Answer:
    """One answer. A Busy is tried again after what the service asks for, or 1, 2, 4, ... seconds (half by chance).

    Raises the last Busy, or the first error that another try would not mend.
    """
    chance = random.Random(f"{seed}:{question.text}")
    for attempt in range(retries + 1):
        rate.take(question.tokens())
        try:
            return writer(question)
        except Busy as error:
            if attempt == retries:
                raise
            backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
            sleep(max(error.wait, backoff * (0.5 + 0.5 * chance.random())))
    raise AssertionError("unreachable")


def ask_all(
    writer: Writer,
    questions: Iterable[tuple[str, Question]],
    limits: Limits,
    purse: Purse,
    rate: Rate,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[str, Answer | Failed]]:
    """Answers as they come, by the key of their question; a Failed for each that has none.

    After GIVE_UP failures in a row, or once the budget is reached, the rest fails unasked. Raises ServiceError at once
    for what no other question would mend either (a wrong key).
    """
    todo: Iterator[tuple[str, Question]] = iter(questions)
    running: dict[Future[Answer], tuple[str, Question]] = {}
    row, last, fatal = 0, "", None
    with ThreadPoolExecutor(max(1, limits.parallel)) as pool:
        while True:
            while fatal is None and len(running) < max(1, limits.parallel) and (one := next(todo, None)) is not None:
                key, question = one
                if row >= GIVE_UP:
                    yield key, Failed(False, last)
                elif not purse.allows(question):
                    if running:  # what these promised more than they will cost may be enough for it
                        todo = chain([one], todo)
                        break
                    yield key, Failed(True, "the budget is reached")
                else:
                    running[pool.submit(ask, writer, question, rate, limits.retries, sleep)] = one
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                key, question = running.pop(future)
                error = future.exception()
                answer = future.result() if error is None else None
                purse.settle(question, answer)
                if answer is not None:
                    row = 0
                    yield key, answer
                elif isinstance(error, Busy):
                    row, last = row + 1, str(error)
                    yield key, Failed(False, last)
                else:
                    fatal = error
    if fatal is not None:
        raise fatal


def stopped(failed: list[Failed], answered: int, purse: Purse) -> ServiceError | None:
    """The one error for all questions without an answer; None where there is none."""
    if not failed:
        return None
    kept = f"{answered:,} answers are kept and are not paid again"
    if any(one.over_budget for one in failed):
        return ServiceError(
            f"the budget of ${purse.budget:g} is reached (${purse.spent:.4f} spent): {len(failed):,} questions were not"
            f" asked; {kept}. Raise --budget, or go on without them with --replay"
        )
    return ServiceError(
        f"{len(failed):,} questions have no answer ({failed[-1].problem}); {kept}. Run the same command again, or go on"
        " without them with --replay"
    )
