"""Answers of language models: one SQLite file, keyed by the content of the question. Nothing is paid twice.

It holds questions' keys and answers' texts, and no key of a service. A copy of it replays a run offline (`cache`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rsdata import place
from rsdata.services.llm import Answer

TABLE = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL, refused TEXT NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL
) WITHOUT ROWID;
"""
AT_ONCE = 500  # variables of one SQL statement


class Memory:
    """The file, open for reading or writing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, keys: Iterable[str]) -> dict[str, Answer]:
        """What is remembered of these questions."""
        listed, found = list(dict.fromkeys(keys)), {}
        for start in range(0, len(listed), AT_ONCE):
            chunk = listed[start : start + AT_ONCE]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, text, tokens_in, tokens_out, refused FROM answers WHERE key IN ({marks})"
            found.update({row[0]: Answer(*row[1:]) for row in self._db.execute(query, chunk)})
        return found

    def put(self, key: str, model: str, prompt: str, answer: Answer) -> None:
        """Remember one answer, at once: a kill costs those under way and no other."""
        with self._db:
            row = (key, model, prompt, answer.text, answer.refused, answer.tokens_in, answer.tokens_out)
            self._db.execute("INSERT OR REPLACE INTO answers VALUES (?,?,?,?,?,?,?)", row)

    def spent(self, model: str) -> tuple[int, int, int]:
        """Answers of a model so far, and their tokens in and out."""
        query = "SELECT count(*), total(tokens_in), total(tokens_out) FROM answers WHERE model=?"
        n, into, out = self._db.execute(query, (model,)).fetchone()
        return int(n), int(into), int(out)


@contextmanager
def opened(path: Path) -> Iterator[Memory]:
    """Open, or make, the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.worked_on(path) as file, closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.executescript(TABLE)
        yield Memory(connection)
