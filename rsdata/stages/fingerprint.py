"""Fingerprint: what an image looks like in 64 bits, and which bytes its file has.

`dedup` and `decontaminate` read nothing else, so pixels are opened once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsdata import phash
from rsdata.errors import BadCorpus, BadImage
from rsdata.record import Drop, Output, Record
from rsdata.stages import _prints

VERSION = 2  # 2: five-band and 16-bit rasters are hashed, and not dropped
STAGE = "fingerprint"


def run(records: Iterable[Record], *, roots: Mapping[str, Path]) -> Iterator[Output]:
    """Fill in `phash` (imagehash's 64-bit hash of a scaled grey decode) and, in `extra`:

    - `sha256`: of the whole file, in hex, also where the record is a window of it
    - `flat`: "yes" where the image has too little content for a hash (a blank tile); else the key is absent
    - `crops`: the hashes of the centre crops phash.CROPS after the first, 16 hex digits each; zeros for a flat crop
    - `phash`: the version of hash and decode

    A record without an image passes as it is. Images that cannot be opened are refused with the reason that
    `pixels` gives: missing-image, unreadable-image, window-outside, too-large, unreadable-archive.
    """
    for record in records:
        if record.path is None:
            yield record
            continue
        if record.source not in roots:
            raise BadCorpus(f"{record.id}: no root folder is known for the source {record.source!r}; give its --root")
        file = roots[record.source] / record.path
        try:
            found = _prints.of_file(file, record.window)
            digest = _prints.sha256(file)
        except BadImage as error:
            yield Drop(record.id, STAGE, error.reason, str(error), objects=len(record.objects))
            continue
        extra = {key: value for key, value in record.extra.items() if key != "flat"}
        crops = "".join(f"{int(h):016x}" for h in found.crops[1:])
        extra |= {"sha256": digest, "crops": crops, "phash": phash.VERSION} | ({"flat": "yes"} if found.flat else {})
        yield replace(record, phash=found.phash, extra=extra)


def idle(part: Path, **_: Any) -> bool:
    """Whether a part has no images, so that this stage would leave it as it is; from the file's statistics alone."""
    import pyarrow.parquet as pq

    meta = pq.read_metadata(part)
    column = meta.schema.names.index("path")
    groups = [meta.row_group(i).column(column) for i in range(meta.num_row_groups)]
    return all(g.statistics is not None and g.statistics.null_count == g.num_values for g in groups)
