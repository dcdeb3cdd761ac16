"""What was translated already: one SQLite file in the corpus, keyed by model, language and source text.

A killed run loses at most the chunk it was working on; a second stage, or a second corpus part, pays nothing twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

TABLE = """
CREATE TABLE IF NOT EXISTS translations (
  model TEXT NOT NULL, lang TEXT NOT NULL, source TEXT NOT NULL,
  text TEXT NOT NULL, problems TEXT NOT NULL, beam INTEGER NOT NULL,
  PRIMARY KEY (model, lang, source)
) WITHOUT ROWID
"""
AT_ONCE = 500  # variables of one SQL statement


class Entry(NamedTuple):
    """One remembered translation; `problems` names the checks it failed, empty when it is good."""

    source: str
    text: str
    problems: str
    beam: int


class Memory:
    """The file, open for reading or writing; one model and many languages."""

    def __init__(self, connection: sqlite3.Connection, model: str) -> None:
        self._db, self._model = connection, model

    def get(self, lang: str, sources: Iterable[str]) -> dict[str, Entry]:
        """What is remembered of these sources."""
        wanted = list(dict.fromkeys(sources))
        found: dict[str, Entry] = {}
        for first in range(0, len(wanted), AT_ONCE):
            chunk = wanted[first : first + AT_ONCE]
            marks = ",".join("?" * len(chunk))
            query = "SELECT source, text, problems, beam FROM translations"
            query += f" WHERE model=? AND lang=? AND source IN ({marks})"
            found |= {row[0]: Entry(*row) for row in self._db.execute(query, (self._model, lang, *chunk))}
        return found

    def put(self, lang: str, entries: Sequence[Entry]) -> None:
        """Remember; all of them or, when killed, none."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO translations VALUES (?,?,?,?,?,?)",
                [(self._model, lang, *entry) for entry in entries],
            )


@contextmanager
def opened(path: Path, model: str) -> Iterator[Memory]:
    """Open, or make, the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute(TABLE)
        yield Memory(connection, model)
