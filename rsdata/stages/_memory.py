"""What was translated already: one SQLite file in the corpus, keyed by model, language and source text.

A killed run loses at most the chunk it was working on; a second stage, or a second corpus part, pays nothing twice.
Scores that another program gave to translations lie in the same file, in a table of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import place

TABLES = """
CREATE TABLE IF NOT EXISTS translations (
  model TEXT NOT NULL, lang TEXT NOT NULL, source TEXT NOT NULL,
  text TEXT NOT NULL, problems TEXT NOT NULL, beam INTEGER NOT NULL,
  PRIMARY KEY (model, lang, source)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scores (
  file TEXT NOT NULL, lang TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL, score REAL NOT NULL,
  PRIMARY KEY (file, source, text, lang)
) WITHOUT ROWID;
"""
AT_ONCE = 500  # variables of one SQL statement
Scored = tuple[str, str, str]  # language, source, translation


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
        columns = "source, text, problems, beam"
        return {row[0]: Entry(*row) for row in self._rows(columns, lang, list(dict.fromkeys(sources)))}

    def missing(self, lang: str, sources: Sequence[str]) -> list[str]:
        """The sources that are not remembered, in their order; holds no more of the file than their names at once."""
        found: list[str] = []
        for first in range(0, len(sources), 100 * AT_ONCE):
            chunk = sources[first : first + 100 * AT_ONCE]
            known = {row[0] for row in self._rows("source", lang, chunk)}
            found += [source for source in chunk if source not in known]
        return found

    def put(self, lang: str, entries: Sequence[Entry]) -> None:
        """Remember; all of them or, when killed, none."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO translations VALUES (?,?,?,?,?,?)",
                [(self._model, lang, *entry) for entry in entries],
            )

    def refused(self, langs: Sequence[str]) -> dict[str, int]:
        """How many remembered translations fail, by their first check, over some languages."""
        marks = ",".join("?" * len(langs))
        query = f"SELECT problems, count(*) FROM translations WHERE model=? AND problems<>'' AND lang IN ({marks})"
        counts: dict[str, int] = {}
        for problems, n in self._db.execute(query + " GROUP BY problems ORDER BY problems", (self._model, *langs)):
            name = problems.partition(",")[0]
            counts[name] = counts.get(name, 0) + n
        return counts

    def put_scores(self, file: str, rows: Iterable[tuple[str, str, str, float]]) -> None:
        """Keep the scores of one file: language, source, translation, score. All of them or none."""
        with self._db:
            self._db.execute("DELETE FROM scores WHERE file=?", (file,))
            self._db.executemany("INSERT OR REPLACE INTO scores VALUES (?,?,?,?,?)", ((file, *row) for row in rows))

    def scores(self, file: str, sources: Iterable[str]) -> dict[Scored, float]:
        """The scores that a file gives to translations of these sources."""
        query = "SELECT lang, source, text, score FROM scores WHERE file=? AND source IN ({})"
        rows = self._chunked(query, (file,), list(dict.fromkeys(sources)))
        return {(lang, source, text): score for lang, source, text, score in rows}

    def _rows(self, columns: str, lang: str, sources: Sequence[str]) -> Iterator[Any]:
        query = f"SELECT {columns} FROM translations WHERE model=? AND lang=? AND source IN ({{}})"
        return self._chunked(query, (self._model, lang), sources)

    def _chunked(self, query: str, first: tuple[str, ...], sources: Sequence[str]) -> Iterator[Any]:
        for start in range(0, len(sources), AT_ONCE):
            chunk = sources[start : start + AT_ONCE]
            yield from self._db.execute(query.format(",".join("?" * len(chunk))), (*first, *chunk))


@contextmanager
def opened(path: Path, model: str) -> Iterator[Memory]:
    """Open, or make, the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.worked_on(path) as file, closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.executescript(TABLES)
        yield Memory(connection, model)
