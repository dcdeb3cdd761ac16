"""Reading columns of parts; a damaged part is a one-line error and no traceback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rsdata.errors import BadCorpus

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 4000  # rows


def batches(part: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """A part in pieces. `columns` may name leaves, such as "objects.list.element.label". Raises BadCorpus."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(BATCH, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise BadCorpus(f"{part}: {reason(error)}; `rsdata check` says what to do") from error


def read(part: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Columns of a whole part, each in one chunk. Raises BadCorpus."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part) as file:
            return file.read(columns=columns).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise BadCorpus(f"{part}: {reason(error)}; `rsdata check` says what to do") from error


def captions(part: Path) -> int:
    """How many captions the records of a part have."""
    import pyarrow.compute as pc

    return int(pc.sum(pc.list_value_length(read(part, ["captions"]).column("captions"))).as_py() or 0)


def reason(error: BaseException) -> str:
    """Why a part cannot be read, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "missing"
    return f"cannot be read ({(str(error) or type(error).__name__).splitlines()[0][:120]})"
