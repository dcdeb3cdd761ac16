"""The README holds what is so: its table of datasets is the readers'. `python tests/test_readme.py` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

from rsdata import readers

README = Path(__file__).resolve().parents[1] / "README.md"
TABLE = re.compile(r"(?<=<!-- datasets -->\n).*?(?=<!-- /datasets -->)", re.S)


def table() -> str:
    """A row a reader, in the order of `rsdata datasets`."""
    rows = ["| name | dataset | kind | licence or terms |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {i.title} | {i.task} | {i.licence} |" for name, i in readers.infos().items()]
    return "\n".join(rows) + "\n"


def test_the_table_of_datasets_is_the_readers() -> None:
    found = TABLE.search(README.read_text())
    assert found and found.group() == table(), "run `python tests/test_readme.py`"


def test_the_picture_is_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text()):
        assert (README.parent / name).stat().st_size < 400_000


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: table(), README.read_text()))
