"""What a stage's `prepare` found, one row for each image to drop, in a Parquet file beside the parts: a million rows
would be too many for the state that every job carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata import place
from rsdata.errors import BadCorpus


def write(file: Path, columns: Mapping[str, Any]) -> None:
    """Write the columns, among them `id` and `why`, whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with place.replacing(file) as temporary:
        pq.write_table(pa.table(dict(columns)), temporary, compression="zstd", version="2.6")


def digest(file: Path) -> str:
    """SHA-256 of the file in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@lru_cache(maxsize=2)
def reasons(file: str, sha256: str, stage: str) -> dict[str, str]:
    """Id -> why, several of one id joined. Raises BadCorpus where the file is not the one that was written."""
    import pyarrow.parquet as pq

    mend = "remove its folder and run the same command again"
    try:
        found = digest(place.place(file))
    except OSError as error:
        raise BadCorpus(f"{file}: cannot be read ({error.strerror}); {mend}") from error
    if found != sha256:
        raise BadCorpus(f"{file}: not the file that {stage} wrote; {mend}")
    rows = pq.read_table(place.source(place.place(file)), columns=["id", "why"])
    why: dict[str, str] = {}
    for id, text in zip(rows.column("id").to_pylist(), rows.column("why").to_pylist(), strict=True):
        why[id] = f"{why[id]}; {text}" if id in why else text
    return why
