"""The table that open_clip reads: filepath and title, split by tabs, one row a caption.

Source of the form: open_clip, params.py: --csv-separator "\\t" --csv-img-key filepath --csv-caption-key title; data.py
reads it by pandas. The column `lang` is one more, which open_clip leaves alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rsdata.export.files import whole
from rsdata.record import Record

COLUMNS = ("filepath", "title", "lang")


@contextmanager
def opened(path: Path, langs: Sequence[str] | None) -> Iterator[Table]:
    """A table that appears under its name when it is whole."""
    with whole(path) as file:
        yield Table(file, langs)


class Table:
    """Writes rows; a text with a tab, a quote or a line end is quoted, as pandas reads it."""

    def __init__(self, file: IO[str], langs: Sequence[str] | None) -> None:
        self._langs = langs
        self._rows = csv.writer(file, "excel-tab", lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, record: Record, name: str) -> Counter[str]:
        """Write the captions of one record; return how many there were."""
        rows = [
            (name, caption.text, caption.lang)
            for caption in record.captions
            if caption.text.strip() and (self._langs is None or caption.lang in self._langs)
        ]
        self._rows.writerows(rows)
        return Counter(captions=len(rows))
