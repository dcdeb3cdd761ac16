"""Speed and memory of every reader family on a generated set of realistic size: python tests/bench/bench_families.py

    --scale 0.1     a tenth of the sizes          --only xview,coco     some families

Sets are written to a temporary folder (about 0.6 GB), images as links to one file: headers are read, pixels are not. A
family is read by a process of its own, which consumes records one by one as a stage does, so that its peak memory
(VmHWM, less what Python and the imports take) is what the reader itself holds. Images and boxes are first compared with
what was written; a difference stops the script.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from rsdata import readers, sources
from rsdata.record import Drop, Record

Truth = tuple[int, int]  # images, boxes (or captions)
WIDTH, HEIGHT = 1024, 768
CLASSES = ("ship", "plane", "harbor")
TEXTS = (".xml", ".txt", ".json", ".geojson", ".csv")


class Family(NamedTuple):
    """How a set is written, and read: reader, its options, whether images are opened."""

    write: Callable[[Path, float], Truth]
    reader: str
    images: bool = True
    said: str = "boxes"


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 3 if mode == "L" else (40, 80, 60)).save(path)
    return path


def link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.hardlink_to(source)


def lines(path: Path, rows: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(row + "\n" for row in rows)


def boxes(rng: random.Random, count: int) -> Iterator[tuple[int, int, int, int]]:
    for _ in range(count):
        yield rng.randint(1, 900), rng.randint(1, 650), rng.randint(4, 99), rng.randint(4, 99)


def voc(root: Path, scale: float) -> Truth:
    """DIOR's form, about 8 objects a file."""
    sys.path.insert(0, str(Path(__file__).parent))
    import bench_readers

    n = int(23_463 * scale)
    return n, bench_readers.write(root / "Annotations/Horizontal Bounding Boxes", n)


def dota(root: Path, scale: float) -> Truth:
    """DOTA v1.0: 1,869 labelled images, 113 objects each."""
    rng, n, each = random.Random(1), int(1_869 * scale), 113
    blank = picture(root.parent / "blank.png")
    for number in range(n):
        link(blank, root / f"train/images/P{number:04d}.png")
        found = (
            f"{x} {y} {x + w} {y + 3} {x + w - 2} {y + h} {x - 1} {y + h - 3} {rng.choice(CLASSES)} 0"
            for x, y, w, h in boxes(rng, each)
        )
        rows = iter(("imagesource:GoogleEarth", "gsd:0.25", *found))
        lines(root / f"train/labelTxt/P{number:04d}.txt", rows)
    return n, n * each


def coco(root: Path, scale: float) -> Truth:
    """100,000 annotations with a polygon each, in no order, of 10,000 images."""
    rng, n, total = random.Random(1), int(10_000 * scale), int(100_000 * scale)
    found = [
        {
            "id": k,
            "image_id": rng.randrange(n),
            "category_id": 1 + k % 2,
            "bbox": [x, y, w, h],
            "area": w * h,
            "iscrowd": 0,
            "segmentation": [[x, y, x + w, y, x + w, y + h / 2, x + w / 2, y + h, x, y + h]],
        }
        for k, (x, y, w, h) in enumerate(boxes(rng, total))
    ]
    pictures = [{"id": k, "file_name": f"{k:06d}.jpg", "width": WIDTH, "height": HEIGHT} for k in range(n)]
    names = [{"id": 1, "name": "ship"}, {"id": 2, "name": "car"}]
    root.mkdir(parents=True)
    page = {"images": pictures, "annotations": found, "categories": names}
    (root / "instances_train2017.json").write_text(json.dumps(page))
    return n, total


def yolo(root: Path, scale: float) -> Truth:
    rng, n, each = random.Random(1), int(10_000 * scale), 15
    blank = picture(root.parent / "blank.jpg")
    for number in range(n):
        link(blank, root / f"images/train/{number:06d}.jpg")
        found = (
            f"{k % 2} {x / WIDTH:.6f} {y / HEIGHT:.6f} 0.05 0.04" for k, (x, y, _, _) in enumerate(boxes(rng, each))
        )
        lines(root / f"labels/train/{number:06d}.txt", found)
    (root / "data.yaml").write_text("names: [ship, car]\n")
    return n, n * each


def visdrone(root: Path, scale: float) -> Truth:
    """VisDrone-DET train: 6,471 images, 53 objects each."""
    rng, n, each = random.Random(1), int(6_471 * scale), 53
    blank = picture(root.parent / "blank.jpg")
    for number in range(n):
        stem = f"VisDrone2019-DET-train/{{}}/{number:07d}_00000_d_{number:07d}."
        link(blank, root / (stem.format("images") + "jpg"))
        found = (f"{x},{y},{w},{h},1,{1 + k % 10},0,0" for k, (x, y, w, h) in enumerate(boxes(rng, each)))
        lines(root / (stem.format("annotations") + "txt"), found)
    return n, n * each


def uavdt(root: Path, scale: float) -> Truth:
    """UAVDT: 50 videos, 800 frames each, 20 targets in a frame: 800,000 rows, sorted by target as there."""
    rng, videos, frames, targets = random.Random(1), max(1, int(50 * scale)), 800, 20
    blank = picture(root.parent / "blank.jpg")
    for video in range(videos):
        name = f"M{video + 101:04d}"
        places = list(boxes(rng, targets))
        rows = (
            f"{frame},{k + 1},{x},{y},{w},{h},1,1,{1 + k % 3}"
            for k, (x, y, w, h) in enumerate(places)
            for frame in range(1, frames + 1)
        )
        lines(root / f"GT/{name}_gt_whole.txt", rows)
        for frame in range(1, frames + 1):
            link(blank, root / f"UAV-benchmark-M/{name}/img{frame:06d}.jpg")
    return videos * frames, videos * frames * targets


def xview(root: Path, scale: float) -> Truth:
    """xView: 846 images, 601,806 features, 0.4 GB in one GeoJSON, in no order."""
    rng, n, total = random.Random(1), int(846 * scale), int(601_806 * scale)
    blank = picture(root.parent / "blank.tif")
    for number in range(n):
        link(blank, root / f"train_images/{number}.tif")
    filler = {
        "ingest_time": "2017/07/24 12:49:09.118+00",
        "index_right": 2356,
        "cat_id": "1040010028371A00",
        "point_count": 1,
    }
    with (root / "xView_train.geojson").open("w") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for k, (x, y, w, h) in enumerate(boxes(rng, total)):
            properties = {"bounds_imcoords": f"{x},{y},{x + w},{y + h}", "type_id": 73 if k % 3 else 18, **filler}
            properties |= {"image_id": f"{k % n if k < n else rng.randrange(n)}.tif", "feature_id": k}
            ring = [[-90.53169885094464 + x / 1e5, 14.56603647302396 + y / 1e5]] * 5
            feature = {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
            file.write((",\n" if k else "") + json.dumps(feature))
        file.write("]}")
    return n, total


def captions(root: Path, scale: float) -> Truth:
    """RSICD: 10,921 images with five sentences each, in Karpathy's JSON."""
    n = int(10_921 * scale)
    blank = picture(root.parent / "blank224.jpg", size=(224, 224))
    said = "many planes are parked next to a long building in an airport"
    found = []
    for k in range(n):
        link(blank, root / f"RSICD_images/airport_{k}.jpg")
        sentences = [
            {"raw": f"{said} {k} {m} .", "tokens": [*said.split(), str(k), str(m)], "sentid": m} for m in range(5)
        ]
        found.append({"filename": f"airport_{k}.jpg", "imgid": k, "split": "train", "sentences": sentences})
    (root / "dataset_rsicd.json").write_text(json.dumps({"images": found, "dataset": "rsicd"}))
    return n, n * 5


def table(root: Path, scale: float) -> Truth:
    """A CSV with 50,000 rows, one image and one caption each."""
    n = int(50_000 * scale)
    blank = picture(root.parent / "blank224.jpg", size=(224, 224))
    for k in range(n):
        link(blank, root / f"images/{k // 1000}/{k}.jpg")
    rows = (f'images/{k // 1000}/{k}.jpg,"a satellite image of a park, number {k}"' for k in range(n))
    lines(root / "captions.csv", iter(("filepath,title", *rows)))
    return n, n


def scenes(root: Path, scale: float) -> Truth:
    """RESISC45: 45 classes, 700 images each."""
    each = int(700 * scale)
    blank = picture(root.parent / "blank256.jpg", size=(256, 256))
    classes = list(readers.get("resisc45").INFO.classes)
    for name in classes:
        for k in range(each):
            link(blank, root / f"{name}/{name}_{k + 1:03d}.jpg")
    return len(classes) * each, 0


def masks(root: Path, scale: float) -> Truth:
    """LoveDA: 4,191 tiles with masks, of which the headers are read."""
    n = int(4_191 * scale)
    image = picture(root.parent / "blank1024.png", size=(1024, 1024))
    mask = picture(root.parent / "mask1024.png", "L", (1024, 1024))
    for k in range(n):
        link(image, root / f"Train/Urban/images_png/{k}.png")
        link(mask, root / f"Train/Urban/masks_png/{k}.png")
    return n, 0


FAMILIES = {
    "voc": Family(voc, "dior", images=False),
    "dota": Family(dota, "dota"),
    "coco": Family(coco, "coco", images=False),
    "yolo": Family(yolo, "yolo"),
    "visdrone": Family(visdrone, "visdrone"),
    "uavdt": Family(uavdt, "uavdt"),
    "xview": Family(xview, "xview"),
    "captions": Family(captions, "rsicd", said="captions"),
    "table": Family(table, "caption_table", said="captions"),
    "scenes": Family(scenes, "resisc45"),
    "masks": Family(masks, "loveda"),
}


def measure(name: str, root: Path) -> dict[str, float]:
    """Read one set in this process."""
    family = FAMILIES[name]
    reader = readers.get(family.reader)
    Image.init()
    before = peak()
    start = time.perf_counter()
    items = sources.items(sources.Source(family.reader, root, family.reader, images=family.images))
    listed = time.perf_counter()
    found = {"images": 0, "boxes": 0, "captions": 0, "lost": 0}
    for item in items:
        for output in reader.read(item):
            if isinstance(output, Record):
                found["images"] += 1
                found["boxes"] += len(output.objects)
                found["captions"] += len(output.captions)
            elif isinstance(output, Drop):
                found["lost"] += output.images + output.objects
    done = time.perf_counter()
    return {**found, "find": listed - start, "read": done - listed, "before": before, "peak": peak()}


def peak() -> float:
    """The largest resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default=",".join(FAMILIES))
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure[0], Path(given.measure[1]))))
        return
    titles = ("family", "reader", "MB", "images", "objects", "find s", "read s", "images/s", "objects/s", "peak MiB")
    print("{:9} {:13} {:>5} {:>8} {:>8} {:>7} {:>7} {:>9} {:>10} {:>9}".format(*titles))
    for name in given.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            print(row(name, Path(folder) / "set", given.scale), flush=True)


def row(name: str, root: Path, scale: float) -> str:
    """Write one set, read it in a process of its own, compare, and say how it went."""
    family = FAMILIES[name]
    images, said = family.write(root, scale)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.suffix in TEXTS) / 1e6
    command = [sys.executable, __file__, "--measure", name, str(root)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if (found["images"], found[family.said], found["lost"]) != (images, said, 0):
        sys.exit(f"{name}: read {found}, written {images} images and {said} {family.said}")
    whole, held = found["find"] + found["read"], found["peak"] - found["before"]
    start = f"{name:9} {family.reader:13} {size:5.0f} {images:8,} {said:8,} {found['find']:7.2f} {found['read']:7.2f}"
    return f"{start} {images / whole:9,.0f} {said / whole:10,.0f} {held:9.0f}"


if __name__ == "__main__":
    main()
