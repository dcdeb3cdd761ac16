"""The drawn world as img2dataset would have downloaded it: tar, table of all rows, and stats of one shard."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from rsdata.sample.files import note
from rsdata.sample.webdataset import pictures


def write(root: Path, scenes: int, seed: int) -> int:
    """Write 00000.tar, 00000.parquet and 00000_stats.json; no address in it was ever asked for anything."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    note(root, "img2dataset")
    rows = []
    with tarfile.open(root / "00000.tar", "w", format=tarfile.USTAR_FORMAT) as shard:
        for number, (_, picture, sentences) in enumerate(pictures(scenes, seed, "img2dataset")):
            key = f"{number:09d}"
            row: dict[str, str | None] = {
                "url": f"https://example.org/{key}.jpg",
                "caption": sentences[0],
                "key": key,
                "status": "success",
            }
            row |= {"error_message": None, "sha256": hashlib.sha256(picture).hexdigest()}
            rows.append(row)
            for suffix, data in (("jpg", picture), ("txt", sentences[0].encode()), ("json", json.dumps(row).encode())):
                member = tarfile.TarInfo(f"{key}.{suffix}")  # time and owner are 0
                member.size = len(data)
                shard.addfile(member, io.BytesIO(data))
    schema = pa.schema([(name, pa.string()) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), root / "00000.parquet")
    stats = {"count": scenes, "successes": scenes, "failed_to_download": 0, "failed_to_resize": 0}
    (root / "00000_stats.json").write_text(json.dumps(stats, indent=4), encoding="utf-8")
    return scenes
