"""Damaged annotation files: every parser and every reader refuses them in its own words, and never breaks.

The quick part makes a fixed set of damages. The slow part (`make test-slow`) lets atheris look for more, guided by the
coverage of the readers, one process for each target; `fuzz_run.py` does the same for as long as you like.
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path

import fuzz_targets
import pytest
from fuzz_mutate import mutate

from rsdata import readers

HERE = Path(__file__).resolve().parent
PARSERS = [
    *("airbus", "au_air", "caption_lists", "caption_table", "caption_table_unquoted", "carpk", "class_label", "coco"),
    *("coco_counts", "dior_r", "dota", "fair1m", "fmow", "geojson", "hrsc_hbb", "hrsc_obb", "karpathy", "levir"),
    *("mlrsnet", "names", "nwpu_captions", "nwpu_vhr10", "packed", "rsicap", "rsod", "spacenet_csv"),
    *("stanford_drone", "uavdt", "uavdt_ignored", "ucas_aod", "visdrone", "visdrone_vid", "voc", "voc_plain_or_not"),
    *("voc_tree", "wkt", "xbd", "xview", "yolo"),
]
RUNS = 100
atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def parsers(folder: Path) -> dict[str, fuzz_targets.Target]:
    return fuzz_targets.parsers(folder)


def test_every_parser_is_named(parsers: dict[str, fuzz_targets.Target]) -> None:
    assert sorted(parsers) == PARSERS


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_bytes_are_refused(name: str, parsers: dict[str, fuzz_targets.Target]) -> None:
    run, seeds = parsers[name]
    for seed in seeds:
        run(seed)
    for n in range(RUNS):
        rng = random.Random(f"{name}:{n}")
        run(mutate(rng.choice(seeds), rng))


HALF = b'"\\ud800"'  # of a surrogate pair: no file can hold it
OURS = (
    b"""{"id": "a", "source": "a", "split": "", "width": 9, "height": 9, "objects": [], "captions": [], "extra": {}"""
)
FOUND = [  # what once went through: parser, input
    ("coco", b'{"images": ["\\n"], "annotations": [], "categories": []}'),
    ("coco", b'{"images": [' + HALF + b'], "annotations": [], "categories": []}'),
    ("coco", b'{"images": [{"id": 1, "file_name": "a"}], "annotations": [], "categories": [null]}'),
    ("fmow", b'{"cloud_cover": ' + HALF + b', "bounding_boxes": []}'),
    ("fmow", b'{"bounding_boxes": [{"category": ' + HALF + b', "box": [1, 2, 3, 4]}]}'),
    ("geojson", b'{"type": "FeatureCollection", "features": [], "crs": ' + HALF + b"}"),
    ("geojson", b'{"type": "FeatureCollection", "features": [{"geometry": {"type": ' + HALF + b"}}]}"),
    ("nwpu_captions", b'{"a": [' + b", ".join([b'{"filename": %b, "split": "val", "raw": "b"}' % HALF] * 2) + b"]}"),
    ("packed", b'{"caption": ' + HALF + b', "url": ' + HALF + b"}"),
    ("packed", OURS + b', "phash": -1}'),
    ("packed", OURS + b', "gsd": NaN}'),
    ("packed", OURS.replace(b"9", b"2147483648") + b"}"),
    ("class_label", b'{"info": {"features": {"label": {"names": [' + HALF + b"]}}}}"),
]
FLIGHT = b'{"image_name": "a_1.jpg", "bbox": [], "image_width": 960, "image_height": 540}'
FOUND_BY_READERS = [  # reader, suffix of the file, its content
    ("airbus_ship", ".csv", b"ImageId,EncodedPixels\n" + b"a" * 300 + b".jpg,1 2\n"),
    ("au_air", ".json", b'{"categories": [], "annotations": [' + FLIGHT + b", " + FLIGHT + b"]}"),
    ("caption_table", ".csv", b"filepath,title\n" + b"a" * 300 + b".jpg,x\n"),
    ("rsicd", ".json", b'{"images": ['),
    ("yolo", ".yaml", b"names: [a]\nnc: " + b"9" * 5000 + b"\n"),
    ("yolo", ".yaml", b"names: [[a, [b]]]\n"),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_stays_mended(name: str, data: bytes, parsers: dict[str, fuzz_targets.Target]) -> None:
    parsers[name][0](data)


@pytest.mark.parametrize(("name", "suffix", "data"), FOUND_BY_READERS)
def test_what_readers_fell_over_stays_mended(
    name: str, suffix: str, data: bytes, folder: Path, parsers: object
) -> None:
    reader = fuzz_targets.Reader(folder, name)
    (number,) = [n for n, (place, _) in enumerate(reader.places) if place.path.suffix == suffix]
    reader(bytes([number]) + data)


def test_damaged_datasets_are_read_or_refused(folder: Path, parsers: object) -> None:
    """On the drawn samples that the parsers' seeds were taken from; the slow part has all readers."""
    drawn = sorted(path.name for path in (folder / "drawn").iterdir() if path.is_dir())
    assert len(drawn) > 25
    for name in drawn:
        reader = fuzz_targets.Reader(folder, name)
        for n in range(RUNS // 5):
            rng = random.Random(f"{name}:{n}")
            seed = rng.choice(reader.seeds())
            reader(seed[:1] + mutate(seed[1:], rng))


@pytest.mark.slow
@atheris
@pytest.mark.parametrize("name", [*PARSERS, *(f"read:{name}" for name in readers.names())])
def test_coverage_guided(name: str, tmp_path: Path) -> None:
    if name.startswith("read:") and not fuzz_targets.Reader(tmp_path, name.removeprefix("read:")).places:
        assert readers.get(name.removeprefix("read:")).INFO.task in ("scenes", "segmentation", "captions", "landmarks")
        return
    seconds = 8 if name.startswith("read:") else 20
    command = [sys.executable, "-W", "ignore", str(HERE / "fuzz_run.py"), name]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*command, "--runs", "20000", "--seconds", str(seconds)], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")[-4000:]
