"""The drawn world as Parquet in the Hugging Face form: image{bytes,path} and a list of captions, one file a split."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.files import note
from rsdata.sample.webdataset import pictures


def write(root: Path, scenes: int, seed: int) -> int:
    """Write data/train-00000-of-00001.parquet, and so for val and test."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    note(root, "Parquet")
    rows: dict[str, list[dict[str, object]]] = {}
    for number, (split, picture, sentences) in enumerate(pictures(scenes, seed, "parquet")):
        image = {"bytes": picture, "path": f"{number}.jpg"}
        rows.setdefault(split, []).append({"image": image, "captions": sentences})
    (root / "data").mkdir(parents=True, exist_ok=True)
    for split, found in rows.items():
        pq.write_table(pa.Table.from_pylist(found), root / f"data/{split}-00000-of-00001.parquet")
    return scenes
