"""Help for the tests of the readers: read a folder whole, draw blank pictures, count what came out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from rsdata import readers, words
from rsdata.record import Drop, Record


def read_all(name: str, root: Path, split: str | None = None, **options: Any) -> tuple[list[Record], list[Drop]]:
    """Records and drops of everything that a reader finds."""
    reader = readers.get(name)
    outputs = [output for item in reader.find(root, split, **options) for output in reader.read(item)]
    records = [output for output in outputs if isinstance(output, Record)]
    assert len({record.id for record in records}) == len(records)
    for record in records:
        assert record.path is None or "\\" not in record.path
        for obj in record.objects:
            assert obj.label in words.concepts()
            x0, y0, x1, y1 = obj.box
            assert x0 >= 0 and x1 <= record.width and y0 >= 0 and y1 <= record.height
            assert x1 - x0 >= 1 and y1 - y0 >= 1
    return records, [output for output in outputs if isinstance(output, Drop)]


def picture(path: Path, width: int = 100, height: int = 80) -> Path:
    """A blank image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height)).save(path)
    return path


def text(path: Path, content: str | bytes) -> Path:
    """A text file, bytes as they are, folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def labels(records: list[Record]) -> dict[str, int]:
    """Objects by concept over all records."""
    return dict(Counter(obj.label for record in records for obj in record.objects))


def objects(records: list[Record]) -> int:
    return sum(len(record.objects) for record in records)


def dropped(drops: list[Drop]) -> dict[str, tuple[int, int]]:
    """Reason -> (images, objects)."""
    found: dict[str, tuple[int, int]] = {}
    for drop in drops:
        images, count = found.get(drop.reason, (0, 0))
        found[drop.reason] = (images + drop.images, count + drop.objects)
    return found


def as_concepts(name: str, per_class: dict[str, int]) -> dict[str, int]:
    """Counts by source class as counts by concept; classes that a reader refuses are left out."""
    info = readers.get(name).INFO
    found: Counter[str] = Counter()
    for source, count in per_class.items():
        concept = info.concept(source) if info.classes else words.resolve(source)
        if concept is not None:
            found[concept] += count
    return dict(found)
