"""Reading a DIOR-sized set of VOC XML, beside globox: python tests/bench/bench_readers.py [N] [--reader dior|voc]

Writes N synthetic XML files (default 23,463; DIOR's form, 8.2 objects a file) to a temporary folder, checks that both
read the same boxes within 0.01 px, then times globox and rsdata in one process each, and rsdata in two.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rsdata import readers
from rsdata.record import Item, Record

OBJECT = """\t<object>\r
\t\t<name>{name}</name>\r
\t\t<pose>Unspecified</pose>\r
\t\t<bndbox>\r
\t\t\t<xmin>{x0}</xmin>\r
\t\t\t<ymin>{y0}</ymin>\r
\t\t\t<xmax>{x1}</xmax>\r
\t\t\t<ymax>{y1}</ymax>\r
\t\t</bndbox>\r
\t</object>\r
"""
PAGE = """<annotation>\r
\t<filename>{stem}.jpg</filename>\r
\t<source>\r
\t\t<database>DIOR</database>\r
\t</source>\r
\t<size>\r
\t\t<width>800</width>\r
\t\t<height>800</height>\r
\t\t<depth>3</depth>\r
\t</size>\r
\t<segmented>0</segmented>\r
{objects}</annotation>\r
"""
NAMES = tuple(readers.get("dior").INFO.classes)
Boxes = dict[str, list[tuple[float, ...]]]


def write(folder: Path, n: int) -> int:
    """Write n files; return the number of objects."""
    rng = random.Random(1)
    folder.mkdir(parents=True)
    total = 0
    for number in range(1, n + 1):
        count = min(1 + int(rng.expovariate(1 / 7.7)), 200)
        total += count
        (folder / f"{number:05d}.xml").write_text(
            PAGE.format(stem=f"{number:05d}", objects="".join(_object(rng) for _ in range(count))), newline=""
        )
    return total


def _object(rng: random.Random) -> str:
    x0, y0 = rng.randint(1, 700), rng.randint(1, 700)
    return OBJECT.format(name=rng.choice(NAMES), x0=x0, y0=y0, x1=x0 + rng.randint(5, 99), y1=y0 + rng.randint(5, 99))


def with_globox(folder: Path) -> Boxes:
    """What globox reads: corners as in the file."""
    from globox import AnnotationSet

    found = AnnotationSet.from_pascal_voc(folder)
    return {a.image_id.removesuffix(".jpg"): [(b.xmin, b.ymin, b.xmax, b.ymax) for b in a.boxes] for a in found}


def read_all(reader: str, items: Iterable[Item]) -> list[Record]:
    """Read items; a drop would be a mistake of this script."""
    read = readers.get(reader).read
    outputs = [output for item in items for output in read(item)]
    records = [output for output in outputs if isinstance(output, Record)]
    if len(records) != len(outputs):
        raise SystemExit(f"unexpected drops: {[o for o in outputs if not isinstance(o, Record)][:3]}")
    return records


def count_all(reader: str, items: list[Item]) -> int:
    return sum(len(record.objects) for record in read_all(reader, items))


def with_rsdata(reader: str, root: Path) -> Boxes:
    """What we read, shifted back to the file's 1-based inclusive corners."""
    records = read_all(reader, readers.get(reader).find(root, images=False))
    return {
        r.id.rpartition("/")[2]: [(x0 + 1, y0 + 1, x1, y1) for x0, y0, x1, y1 in (o.box for o in r.objects)]
        for r in records
    }


def two_processes(reader: str, root: Path) -> int:
    items = readers.get(reader).find(root, images=False)
    parts = [items[start : start + 2000] for start in range(0, len(items), 2000)]
    with ProcessPoolExecutor(2) as pool:
        return sum(pool.map(count_all, [reader] * len(parts), parts))


def check_equal(ours: Boxes, theirs: Boxes) -> None:
    if ours.keys() != theirs.keys():
        raise SystemExit(f"{len(ours)} images against {len(theirs)}")
    for stem, boxes in ours.items():
        pairs = zip(boxes, theirs[stem], strict=True)
        if any(abs(a - b) > 0.01 for ours_box, their_box in pairs for a, b in zip(ours_box, their_box, strict=True)):
            raise SystemExit(f"{stem}: boxes differ")


def timed(name: str, n: int, work: Callable[[], object], repeats: int = 3) -> float:
    """The best of some runs, in seconds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    print(f"{name:28} {best:7.2f} s {n / best:9,.0f} files/s {best / n * 1e6:7.0f} us a file")
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=23463)
    parser.add_argument("--reader", default="dior", choices=["dior", "voc"])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        folder = root / ("Annotations/Horizontal Bounding Boxes" if args.reader == "dior" else "Annotations")
        objects = write(folder, args.n)
        print(f"{args.n:,} files, {objects:,} objects")
        check_equal(with_rsdata(args.reader, root), with_globox(folder))
        print("boxes are equal within 0.01 px")
        globox = timed("globox", args.n, lambda: with_globox(folder), args.repeats)
        one = timed("rsdata, find + read", args.n, lambda: with_rsdata(args.reader, root), args.repeats)
        two = timed("rsdata, two processes", args.n, lambda: two_processes(args.reader, root), args.repeats)
    print(f"rsdata is {globox / one:.2f} times as fast as globox in one process, {globox / two:.2f} times in two")


if __name__ == "__main__":
    main()
