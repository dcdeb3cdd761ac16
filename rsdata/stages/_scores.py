"""Scores that another program gave to translations, read from a table.

COMET-Kiwi needs older packages than the rest and lives in an environment of its own; a table is what it shares:

    source<TAB>text<TAB>lang<TAB>score
    two planes are parked .<TAB>dois aviões estão estacionados .<TAB>pt<TAB>0.8431

`.csv` has commas and quotes; any other file has tabs and no quotes. Other columns may stand there too.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from rsdata.errors import BadSource

COLUMNS = ("lang", "source", "text", "score")


def digest(file: Path) -> str:
    """What the file holds, as sixteen hex digits. Raises BadSource where there is none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise BadSource(f"{file}: cannot be read ({error.strerror}); wanted a table of scores") from error


def rows(file: Path) -> Iterator[tuple[str, str, str, float]]:
    """Language, source, translation and score of each line. Raises BadSource with the line."""
    commas = file.suffix == ".csv"
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream) if commas else csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        head = next(reader, [])
        if missing := [name for name in COLUMNS if name not in head]:
            raise BadSource(f"{file}:1: no column {missing[0]} among {', '.join(head)}; wanted {', '.join(COLUMNS)}")
        places = [head.index(name) for name in COLUMNS]
        for row in reader:
            if len(row) != len(head):
                raise BadSource(f"{file}:{reader.line_num}: {len(row)} fields where the head has {len(head)}")
            lang, source, text, score = (row[place] for place in places)
            yield lang, source, text, _number(score, file, reader.line_num)


def _number(text: str, file: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise BadSource(f"{file}:{line}: score is {text!r}; wanted a number")
    return value
