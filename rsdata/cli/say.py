"""What commands print: tables and next steps on stdout, progress and logs on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from rsdata.run import Progress, Summary

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def as_json(data: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar per stage on a terminal; elsewhere a plain line when a stage begins and, now and then, how far it is."""
    if not err.is_terminal:
        yield Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = [TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TextColumn("parts")]
    with RichProgress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err) as bars:
        yield Bars(bars)


class Bars:
    """Progress as rich bars."""

    def __init__(self, bars: Any) -> None:
        self.bars, self.task = bars, None

    def start(self, stage: str, total: int, done: int) -> None:
        """A new bar."""
        self.task = self.bars.add_task(stage, total=total, completed=done)

    def advance(self) -> None:
        """One part more."""
        self.bars.advance(self.task)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self.bars.console.print(text, soft_wrap=True)


class Lines:
    """Progress as plain lines, about ten a stage."""

    def __init__(self) -> None:
        self.stage, self.total, self.done = "", 0, 0

    def start(self, stage: str, total: int, done: int) -> None:
        """Say what begins."""
        self.stage, self.total, self.done = stage, total, done
        if done == total:
            print(f"{stage}: all {total} parts are there", file=sys.stderr)
        else:
            print(f"{stage}: {total - done} of {total} parts to do", file=sys.stderr)

    def advance(self) -> None:
        """Say every tenth."""
        self.done += 1
        if self.total >= 20 and self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(f"{self.stage}: {self.done} of {self.total} parts", file=sys.stderr)

    def note(self, text: str) -> None:
        """A line of its own."""
        print(text, file=sys.stderr)


def summary(made: Summary, json_too: bool, *following: str) -> None:
    """The funnel of a run and the next commands; ends with exit code 3 when too much was dropped."""
    if json_too:
        as_json(as_data(made))
    else:
        from rsdata.report import stats

        out.print(stats.funnel(as_data(made)["stages"]))
        for line in _reasons(made):
            out.print(line, soft_wrap=True)
        for line in following:
            out.print(f"next: {line}", soft_wrap=True)
    if made.over:
        for line in made.over:
            print(f"rsdata: {made.path}: {line}: more than max_drop allows", file=sys.stderr)
        raise typer.Exit(3)


def _reasons(made: Summary) -> Iterator[str]:
    """What was dropped, a line a reason."""
    for stage in made.stages:
        for reason, n in stage.drops.items():
            counts = [f"{n[kind]:,} {kind}" for kind in ("images", "objects", "captions") if n.get(kind)]
            if counts:
                yield f"dropped by {stage.name}: {reason}: {', '.join(counts)}"


def as_data(made: Summary) -> dict[str, Any]:
    """A run's summary as plain data."""
    return {
        "corpus": str(made.path),
        "ran": made.ran,
        "stages": [{"stage": s.path.name, **s.counts, "drops": s.drops} for s in made.stages],
        "over_max_drop": made.over,
    }
