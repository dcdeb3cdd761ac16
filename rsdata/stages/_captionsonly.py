"""Captions without images: what may be passed on where the images may not, to be joined to the user's own copy.

One Parquet file for each part, in the order of the corpus, captions/000000.parquet and on; Hugging Face datasets reads
them. A row is a record, with the key of its image in front and what a copy of the image is known by:

    source, split, image     the key: dataset, split, id of the image in it (for windows that of the whole image)
    file_bytes, file_sha256  of the image file: its size where it was at hand, its digest where `fingerprint` ran
    then the columns of a record: id, path, window, width, height, objects, captions, phash, licence, extra ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import licence, pixels
from rsdata.place import place
from rsdata.record import Drop, Record, as_dict, read_part
from rsdata.record import schema as record_schema
from rsdata.stages import _card, _samples
from rsdata.stages._parquet import as_array, plain
from rsdata.stages._whole import digest, replacing

if TYPE_CHECKING:
    import pyarrow as pa

KIND = "captions"
KEY = ("source", "split", "image")


@lru_cache(maxsize=1)
def schema() -> pa.Schema:
    """The key, what the file is known by, and the columns of a record."""
    import pyarrow as pa

    rest = [pa.field(field.name, plain(field.type)) for field in record_schema() if field.name not in KEY]
    known = [pa.field("file_bytes", pa.int64()), pa.field("file_sha256", pa.string())]
    return pa.schema([*(pa.field(name, pa.string()) for name in KEY), *known, *rest])


def write(
    number: int, part: Path, out: Path, roots: Mapping[str, Path], *, objects: bool, uncaptioned: bool
) -> tuple[list[Drop], Counter[str], dict[str, Any]]:
    """Write the captions of one part; return drops, counts, and the file's entry for the manifest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    drops: list[Drop] = []
    rows: list[dict[str, Any]] = []
    tally: Counter[str] = Counter()
    sizes = _Sizes(roots)
    for record in read_part(part):
        if _samples.choose(record.captions, "") is None and not uncaptioned:
            drops.append(Drop(record.id, "pack", "no-captions", objects=len(record.objects)))
            continue
        if not objects and record.objects:
            drops.append(Drop(record.id, "pack", "objects-left-out", images=0, objects=len(record.objects)))
            record.objects = []
        row = _row(record, sizes.of(record))
        tally += _card.tally(row)
        rows.append({**row, "extra": [{"key": k, "value": v} for k, v in row["extra"].items()]})
    path = out / f"{KIND}/{number:06d}.parquet"
    with replacing(path) as temporary:
        arrays = [as_array([row[field.name] for row in rows], field.type) for field in schema()]
        table = pa.Table.from_arrays(arrays, schema=schema())
        pq.write_table(table, temporary, compression="zstd", version="2.6")
    return drops, tally, {path.relative_to(out).as_posix(): {**digest(path), "rows": len(rows)}}


def notes(tally: Mapping[str, int], objects: bool) -> Iterator[str]:
    """Where boxes are passed on that perhaps may not be."""
    for name, images in sorted(tally.items()):
        group, _, member = name.partition("/")
        boxes = objects and tally["objects"] and group == "images_by_licence"
        if boxes and not licence.lookup(member).redistribution:
            yield (
                f"{images:,} images are under {member}, which does not say that copies may be passed on: boxes are"
                " annotations of their source; --set with_objects=false leaves them out"
            )


def image_id(record: Record) -> str:
    """The id of the image within its dataset and split: "dota/train/P0003@0,0,512,512" -> "P0003"."""
    rest = record.id.removeprefix(f"{record.source}/")
    rest = rest.removeprefix(f"{record.split}/") if record.split else rest
    return rest.rpartition("@")[0] if record.window is not None and "@" in rest else rest


def _row(record: Record, size: int | None) -> dict[str, Any]:
    known = {"file_bytes": size, "file_sha256": record.extra.get("sha256")}
    return {"image": image_id(record), **known, **as_dict(record)}


class _Sizes:
    """Sizes of image files in bytes; windows of one file follow each other, so the last one is kept."""

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = roots
        self._last: tuple[Path | None, int | None] = (None, None)

    def of(self, record: Record) -> int | None:
        """None where the file is not at hand, or lies in an archive."""
        if record.path is None or record.source not in self._roots:
            return None
        path = place(self._roots[record.source]) / record.path
        if self._last[0] != path:
            try:
                size = None if pixels.inside(path) else pixels.stamp(path)[0]
            except OSError:
                size = None
            self._last = (path, size)
        return self._last[1]


def files(names: Sequence[str]) -> bool:
    """Whether the files of a pack are captions only."""
    return any(name.startswith(f"{KIND}/") for name in names)
