"""Tables shared by the reports: plain, narrow enough for 80 columns, numbers to the right."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR = 20  # characters


def title(text: str, aside: str = "") -> RenderableType:
    """A heading line."""
    from rich.text import Text

    return Text.assemble((text, "bold"), (f"  {aside}" if aside else "", "dim"))


def facts(pairs: Mapping[str, str]) -> RenderableType:
    """Name and value, one pair a line."""
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, show_header=False, pad_edge=False)
    found.add_column(style="dim", no_wrap=True)
    found.add_column(overflow="fold")
    for name, value in pairs.items():
        found.add_row(name, Text(value))
    return found


def grid(
    heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = (0, 1)
) -> RenderableType:
    """A table; the columns whose numbers are in `left` hold words, the others numbers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    found = Table(
        title=heading, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1)
    )
    for index, name in enumerate(columns):
        words = index in left
        found.add_column(name, justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for row in rows:
        found.add_row(*(Text(cell) for cell in row))
    return found


def counts(heading: str, found: Mapping[str, int], top: int) -> RenderableType:
    """Name, count, share and a bar for the `top` largest; one line says how many more there are."""
    total = sum(found.values()) or 1
    largest = max(found.values(), default=1) or 1
    rows = [
        [name, f"{count:,}", f"{100 * count / total:.1f} %", "#" * max(1, round(BAR * count / largest))]
        for name, count in list(found.items())[:top]
    ]
    rest = list(found.values())[top:]
    if rest:
        rows.append([f"... {len(rest):,} more", f"{sum(rest):,}", f"{100 * sum(rest) / total:.1f} %", ""])
    return grid(heading, ["", "count", "share", ""], rows, left={0, 3})
