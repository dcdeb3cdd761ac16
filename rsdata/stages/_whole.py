"""Files that appear under their name only when they are whole, and their digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rsdata import place


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it at the end, remove it when anything fails (a full disk, a stop).

    The name is fixed, so that what a killed run left is overwritten by the next one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.replacing(path) as temporary:
        yield temporary


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def write_json(path: Path, data: Any) -> None:
    """Write JSON whole, keys in the order given."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that `write_json` wrote."""
    return json.loads(path.read_text("utf-8"))


def digest(path: Path) -> dict[str, Any]:
    """Bytes and sha256 of a file, as they stand in manifest.json."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
