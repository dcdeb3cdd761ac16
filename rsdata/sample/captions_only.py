"""The drawn world as captions without images (`rsdata pack --captions-only`), and a folder of the images."""

from __future__ import annotations

from pathlib import Path

from rsdata.record import Caption, Record, as_dict
from rsdata.sample.files import note
from rsdata.sample.webdataset import pictures


def write(root: Path, scenes: int, seed: int) -> int:
    """Write images/0.jpg and on, and captions/000000.parquet with a row for each."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    note(root, "Captions without images")
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root / "captions").mkdir(exist_ok=True)
    rows = []
    for number, (split, picture, sentences) in enumerate(pictures(scenes, seed, "captions_only")):
        path = root / f"images/{number}.jpg"
        path.write_bytes(picture)
        with Image.open(path) as image:
            width, height = image.size
        record = Record(f"drawn/{split}/{number}", "drawn", split, f"images/{number}.jpg", width, height)
        record.captions = [Caption(sentence) for sentence in sentences]
        known = {"image": str(number), "file_bytes": len(picture), "file_sha256": None}
        rows.append({**known, **as_dict(record), "extra": [{"key": "drawn", "value": "yes"}]})
    pq.write_table(pa.Table.from_pylist(rows), root / "captions/000000.parquet")
    return scenes
