"""The drawn videos and captioned pictures: every format read back to the truth that it was drawn from."""

from __future__ import annotations

import hashlib
import importlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from reading import dropped, labels, objects, read_all

from rsdata import pixels, words
from rsdata.sample import au_air, carpk, clips, crops, stanford_drone, uavdt, visdrone_vid
from rsdata.sample.files import Shot, shots

VIDEOS = {
    "visdrone_vid": (visdrone_vid.SHOTS, visdrone_vid.CATEGORIES),
    "uavdt": (uavdt.SHOTS, uavdt.CATEGORIES),
    "au_air": (au_air.SHOTS, au_air.CLASSES),
    "stanford_drone": ((stanford_drone.SHOT,), stanford_drone.NAMES),
}
CAPTIONS = ("rsitmd", "ucm_captions", "sydney_captions", "nwpu_captions", "rsicap", "caption_table")
NAMES = (*VIDEOS, "carpk", *CAPTIONS)
SCENES, SEED = 5, 3


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    for name in NAMES:
        assert importlib.import_module(f"rsdata.sample.{name}").write(root / name, SCENES, SEED) == SCENES
    return root


def test_a_film_moves_on_and_loses_what_leaves() -> None:
    (film,) = clips.films((Shot("crossing", 640, 360, 0.1),), 4, 0, "x", ("car",))
    assert (film.number, film.split, len(film.frames)) == (0, "train", 4)
    first, last = (sum(boxes[n] is not None for _, boxes in film.tracks) for n in (0, 3))
    assert 0 < last <= first == len(film.tracks)
    seen = [boxes for _, boxes in film.tracks if None not in boxes]
    for boxes in seen:
        steps = [abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in pairwise(boxes)]
        assert steps == pytest.approx([steps[0]] * 3) and steps[0] >= 14
    for n, frame in enumerate(film.frames):
        assert [thing.box for thing in frame.annotated(("car",))] == [b[n] for _, b in film.tracks if b[n]]


@pytest.mark.parametrize(("count", "lengths"), [(1, [1]), (4, [4]), (5, [4, 1]), (9, [4, 4, 1])])
def test_films_have_as_many_frames_as_asked_for(count: int, lengths: list[int]) -> None:
    found = list(clips.films((Shot("crossing", 320, 240, 0.1),), count, 0, "x", ("car",)))
    assert [len(film.frames) for film in found] == lengths


@pytest.mark.parametrize("name", VIDEOS)
def test_videos_are_read_back(drawn: Path, name: str) -> None:
    records, drops = read_all(name, drawn / name)
    wanted, classes = VIDEOS[name]
    films = list(clips.films(wanted, SCENES, SEED, name, classes))
    truth = [
        sorted(clips.whole(boxes[n]) for _, boxes in film.tracks if boxes[n])
        for film in films
        for n in range(len(film.frames))
    ]
    found = [
        sorted((int(x0), int(y0), int(x1 - x0), int(y1 - y0)) for x0, y0, x1, y1 in (o.box for o in record.objects))
        for record in sorted(records, key=lambda record: (record.extra["video"], int(record.extra["frame"])))
    ]
    assert found == truth and len(records) == SCENES and objects(records) > 20
    lost = sum(box is None for film in films for _, boxes in film.tracks for box in boxes)
    expected = {"visdrone_vid": {"ignored-region": (0, SCENES)}, "stanford_drone": {"lost": (0, lost)}}
    assert dropped(drops) == expected.get(name, {})
    assert set(labels(records)) <= set(words.concepts())


def test_parking_lots_are_read_back(drawn: Path) -> None:
    records, drops = read_all("carpk", drawn / "carpk")
    scenes = [scene for _, scene in shots(carpk.SHOTS, SCENES, SEED, "carpk")]
    truth = sorted(sorted(clips.whole(thing.box) for thing in scene.annotated(carpk.CARS)) for scene in scenes)
    boxes = [[obj.box for obj in record.objects] for record in records]
    assert sorted(sorted((a, b, c - a, d - b) for a, b, c, d in found) for found in boxes) == truth
    assert drops == [] and Counter(record.split for record in records) == {"train": 4, "test": 1}


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_are_read_back(drawn: Path, name: str) -> None:
    records, drops = read_all(name, drawn / name)
    assert (len(records), drops) == (SCENES, [])
    said = {caption.text.lower().replace(" .", ".") for record in records for caption in record.captions}
    side = {"sydney_captions": 500, "rsicap": 512, "caption_table": 224}.get(name, 256)
    assert {(record.width, record.height) for record in records} == {(side, side)}
    kinds = ("airport", "port", "farmland", "residential", "parking", "storagetanks", "crossing")
    kinds = kinds if name == "ucm_captions" else ()
    for crop in crops.crops(SCENES, SEED, name, side, kinds):
        texts = [text.lower().replace(" .", ".") for text in crop.sentences]
        assert {" ".join(dict.fromkeys(texts))} <= said if name == "rsicap" else set(texts) <= said
    if name in ("rsitmd", "ucm_captions", "nwpu_captions"):
        assert all(record.label in words.concepts() for record in records)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_draws_the_same_bytes(name: str, tmp_path: Path) -> None:
    def digests(seed: int, folder: str) -> dict[str, str]:
        root = tmp_path / folder
        importlib.import_module(f"rsdata.sample.{name}").write(root, 1, seed)
        assert "not real imagery" in (root / "README.txt").read_text()
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first = digests(SEED, "a")
    assert digests(SEED, "b") == first != digests(SEED + 1, "c")


def test_the_drawn_reference_is_another_view(drawn: Path) -> None:
    reference = pixels.load(drawn / "stanford_drone/annotations/quad/video0/reference.jpg")
    frame = pixels.load(drawn / "stanford_drone/frames/quad/video0/000000.jpg")
    assert reference.shape == frame.shape and (reference.astype(int) - frame > 40).any()
