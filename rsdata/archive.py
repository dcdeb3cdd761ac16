"""Where the encoded bytes of an image lie: in a file of its own, in a plain tar, or in a column of a Parquet file.

shards/000000.tar!000000123.jpg     a member of a tar
parquet/000000.parquet!17           the image in row 17 (from 0)
"""

from __future__ import annotations

import re
import tarfile
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from rsdata.errors import BadImage
from rsdata.place import place

IMAGE_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "webp", "image_bytes", "img_content", "bytes")
BINARY = ("binary", "large_binary")

_INSIDE = re.compile(r"(.+?\.(?:tar|parquet))!(.+)", re.DOTALL | re.IGNORECASE)


def inside(path: Path) -> tuple[Path, str] | None:
    """Archive and member of a path into an archive; None for a plain file."""
    match = _INSIDE.fullmatch(str(path)) if "!" in str(path) else None
    return (place(match[1]), match[2]) if match else None


def content(path: Path) -> bytes:
    """The encoded bytes of an image, wherever it lies. Raises BadImage: missing-image, unreadable-archive."""
    place = inside(path)
    try:
        if place is None:
            return path.read_bytes()
        archive, member = place
        if archive.suffix.lower() == ".parquet":
            return _parquet_image(archive, member)
        offset, size = _tar_index(str(archive), stamp(archive)).get(member, (-1, 0))
        if offset < 0:
            raise BadImage(path, "missing-image", f"the archive {archive.name} has no such member")
        with archive.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except FileNotFoundError as error:
        raise BadImage(path, "missing-image", f"no such file: {error.filename}") from error
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueError or OSError
        raise BadImage(path, "unreadable-archive", f"the archive cannot be read ({_short(error)})") from error


def tar_members(path: Path) -> tuple[list[tuple[str, int, int]], str]:
    """Name, offset and size of every regular file in a plain tar, in order; and, where the archive is cut short or
    damaged, what is wrong from the last of them on (else ""). Raises OSError where the file cannot be opened."""
    found: list[tuple[str, int, int]] = []
    total = path.stat().st_size
    try:
        with tarfile.open(path, "r:") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps every header
                if member.isreg() and member.offset_data + member.size <= total:
                    found.append((member.name, member.offset_data, member.size))
            end = archive.offset
    except (tarfile.TarError, EOFError, ValueError) as error:
        return found, f"{_short(error)}; {len(found):,} members are sound"
    with path.open("rb") as file:  # tarfile takes a damaged header in the middle for the end
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE or any(block):
        what = "no tar header" if any(block) else "cut short, without an end,"
        return found, f"{what} at byte {end:,}; {len(found):,} members are sound"
    return found, ""


def image_column(schema: Any) -> str:
    """The column of a Parquet schema (pyarrow) that holds encoded images: "image.bytes" in the Hugging Face form, or a
    binary column with one of the usual names; "" where there is none."""
    by_name = {field.name: field.type for field in schema}
    for name in [*(n for n in IMAGE_COLUMNS if n in by_name), *by_name]:
        kind = by_name[name]
        parts = [kind.field(n) for n in range(kind.num_fields)]
        if any(part.name == "bytes" and str(part.type) in BINARY for part in parts):
            return f"{name}.bytes"
        if name in IMAGE_COLUMNS and str(kind) in BINARY:
            return str(name)
    return ""


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file: a changed file is another one to every cache."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=8)
def _tar_index(path: str, stamp: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Member -> offset and size; the first of two members of one name."""
    members, _ = tar_members(place(path))
    return {name: (offset, size) for name, offset, size in reversed(members)}


def _parquet_image(path: Path, row: str) -> bytes:
    starts = _parquet_groups(str(path), stamp(path))
    number = int(row) if row.isdecimal() else -1
    if not 0 <= number < starts[-1]:
        raise BadImage(f"{path}!{row}", "missing-image", f"no such row; the file has {starts[-1]:,}")
    group = bisect_right(starts, number) - 1
    image = _parquet_group(str(path), stamp(path), group)[number - starts[group]].as_py()
    if not image:
        raise BadImage(f"{path}!{row}", "missing-image", "this row holds no image bytes")
    return bytes(image)


@lru_cache(maxsize=8)
def _parquet_groups(path: str, stamp: tuple[int, int]) -> list[int]:
    """The first row of each row group, and the number of rows."""
    import pyarrow.parquet as pq

    meta = pq.read_metadata(place(path))
    return list(accumulate((meta.row_group(n).num_rows for n in range(meta.num_row_groups)), initial=0))


@lru_cache(maxsize=1)  # one row group: rows are read in order, and a group holds many images
def _parquet_group(path: str, stamp: tuple[int, int], group: int) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place(path), pre_buffer=False) as file:
        column = image_column(file.schema_arrow)
        if not column:
            raise ValueError("no column of image bytes")
        values = file.read_row_group(group, columns=[column]).column(0)
    return values if "." not in column else values.combine_chunks().field(0)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
