"""Video sets with one row for each object in each frame: VisDrone-VID, UAVDT, Stanford Drone."""

from __future__ import annotations

import sys
import types
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource, MissingExtra
from rsdata.readers import _frames, _tracks, stanford_drone, uavdt, visdrone_vid
from rsdata.readers._objects import Page, Shape
from rsdata.record import Drop

VID = "1,0,593,43,174,190,0,0,0,0\n2,1,10,20,30,40,1,4,0,2\n1,1,10,20,30,40,1,4,0,1,\r\n"
WHOLE = "1,1,10,20,30,40,1,1,1\n2,1,11,20,30,40,1,2,2\n4,9,5,5,20,10,2,1,3\n"
IGNORE = "1,1,0,0,25,80,1,-1,-1\n4,1,0,0,15,80,1,-1,-1\n"
SDD = """\
0 10 20 40 60 0 0 0 0 "Pedestrian"
0 11 20 41 60 1 0 1 1 "Pedestrian"
0 0 0 0 0 2 1 0 1 "Pedestrian"
7 -5 5 25 30 1 0 0 0 "Cart"
"""
PARSERS = [visdrone_vid.parse, uavdt.parse, uavdt.parse_ignored, stanford_drone.parse]
COLUMN = {visdrone_vid.parse: 0, uavdt.parse: 0, uavdt.parse_ignored: 0, stanford_drone.parse: 5}


def vid(root: Path, frames: int = 2) -> Path:
    text(root / "VisDrone2019-VID-val/annotations/uav1_v.txt", VID)
    for frame in range(1, frames + 1):
        picture(root / f"VisDrone2019-VID-val/sequences/uav1_v/{frame:07d}.jpg")
    return root


def drone(root: Path, frames: tuple[int, ...] = (0, 1, 2)) -> Path:
    text(root / "annotations/quad/video3/annotations.txt", SDD)
    picture(root / "annotations/quad/video3/reference.jpg")
    for frame in frames:
        picture(root / f"frames/quad/video3/{frame:06d}.jpg")
    return root


def benchmark(root: Path, frames: tuple[int, ...] = (1, 2, 3, 4, 5)) -> Path:
    text(root / "UAV-benchmark-MOTD_v1.0/GT/M0101_gt_whole.txt", WHOLE)
    text(root / "UAV-benchmark-MOTD_v1.0/GT/M0101_gt.txt", WHOLE.replace(",1\n", ",-1\n"))
    for frame in frames:
        picture(root / f"UAV-benchmark-M/M0101/img{frame:06d}.jpg")
    return root


@pytest.mark.parametrize(
    ("parse", "content", "pages"),
    [
        (
            visdrone_vid.parse,
            VID,
            {
                1: ([Shape("car", (10, 20, 40, 60), (), False, 3)], ["ignored-region"]),
                2: ([Shape("car", (10, 20, 40, 60), (), True, 2)], []),
            },
        ),
        (
            uavdt.parse,
            WHOLE,
            {
                1: ([Shape("car", (10, 20, 40, 60), (), False, 1)], []),
                2: ([Shape("truck", (11, 20, 41, 60), (), True, 2)], []),
                4: ([Shape("bus", (5, 5, 25, 15), (), False, 3)], []),
            },
        ),
        (
            stanford_drone.parse,
            SDD,
            {
                0: ([Shape("Pedestrian", (10, 20, 40, 60), (), False, 1)], []),
                1: (
                    [
                        Shape("Pedestrian", (11, 20, 41, 60), (), True, 2),
                        Shape("Cart", (-5, 5, 25, 30), (), False, 4),
                    ],
                    [],
                ),
                2: ([], ["lost"]),
            },
        ),
    ],
)
def test_rows_become_frames(parse: _tracks.Parse, content: str, pages: dict) -> None:
    clip = parse(content, "a.txt")
    found = {frame: (page.shapes, [reason for reason, _ in page.refused]) for frame, page in clip.pages.items()}
    assert (found, clip.frameless) == (pages, [])


@pytest.mark.parametrize(
    ("parse", "row", "reason", "detail"),
    [
        (visdrone_vid.parse, "1,2,3,4,5,6,1,4", "bad-annotation", "a.txt:1: 8 fields where 10 are wanted"),
        (visdrone_vid.parse, "1,0,3,4,5,6,1,11,0,0", "others", "a.txt:1: category 11, score 1"),
        (
            visdrone_vid.parse,
            "1,0,3,4,5,6,1,x,0,0",
            "bad-annotation",
            "a.txt:1: '3 4 5 6 1 x 0 0' where eight integers",
        ),
        (
            uavdt.parse,
            "1,1,2,3,4,5,1,1,-1",
            "unknown-class",
            "a.txt:1: category -1 where 1, 2 or 3 is wanted; -1 stands",
        ),
        (uavdt.parse, "1,1,2,3,4,5,1,1,4", "unknown-class", "a.txt:1: category 4 where 1, 2 or 3 is wanted"),
        (
            uavdt.parse,
            "1,1,2,3,4.5,5,1,1,1",
            "bad-annotation",
            "a.txt:1: '4.5' where an integer of a sensible size is wanted",
        ),
        (uavdt.parse, "1,1,2,3,99999999,5,1,1,1", "bad-annotation", "a.txt:1: '99999999' where an integer of"),
        (uavdt.parse, "1,1,2,3", "bad-annotation", "a.txt:1: 4 fields where 9 are wanted (frame,target,left"),
        (stanford_drone.parse, "0 1 2 3 4 1 0 0 0", "bad-annotation", "a.txt:1: 9 fields where 10 are wanted (track"),
        (stanford_drone.parse, '3 1 2 3 4 1 1 0 0 "Bus"', "lost", "a.txt:1: track 3 is out of view"),
        (stanford_drone.parse, '3 1 2 3 4 1 2 0 0 "Bus"', "bad-annotation", "a.txt:1: lost '2', occluded '0' where"),
        (
            stanford_drone.parse,
            '3 1 2 x 4 1 0 0 0 "Bus"',
            "bad-annotation",
            "a.txt:1: 'x' where a coordinate is wanted",
        ),
    ],
)
def test_a_refused_row_and_its_reason(parse: _tracks.Parse, row: str, reason: str, detail: str) -> None:
    clip = parse(row, "a.txt")
    ((found, said),) = clip.pages[1].refused
    assert found == reason and said.startswith(detail) and clip.pages[1].shapes == []


ROWS = st.lists(st.text(alphabet='0123456789-., x"', max_size=30), max_size=8).map("\n".join)


@pytest.mark.parametrize("parse", PARSERS)
@given(content=st.text() | ROWS)
def test_every_row_ends_somewhere(parse: _tracks.Parse, content: str) -> None:
    clip = parse(content, "a.txt")
    rows = [line for line in content.replace("\r", "\n").split("\n") if line.replace(",", " ").split()]
    kept = sum(len(page.shapes) + len(page.refused) for page in clip.pages.values())
    assert kept + len(clip.frameless) == len(rows)
    frames = _tracks.frames(content, COLUMN[parse])
    assert frames == set(clip.pages) | ({-1} if clip.frameless else set())


def test_vid_folders_frames_and_splits(tmp_path: Path) -> None:
    vid(tmp_path)
    picture(tmp_path / "VisDrone2019-VID-train/sequences/uav2_v/0000001.jpg")
    text(tmp_path / "VisDrone2019-VID-train/annotations/uav2_v.txt", "1,1,0,0,9,9,1,1,0,0")
    picture(tmp_path / "VisDrone2019-DET-val/images/x.jpg")
    text(tmp_path / "VisDrone2019-DET-val/annotations/x.txt", "1,1,9,9,1,1,0,0")
    records, drops = read_all("visdrone_vid", tmp_path)
    assert [(r.id, r.split, labels([r])) for r in records] == [
        ("visdrone_vid/train/uav2_v/0000001", "train", {"person": 1}),
        ("visdrone_vid/val/uav1_v/0000001", "val", {"car": 1}),
        ("visdrone_vid/val/uav1_v/0000002", "val", {"car": 1}),
    ]
    assert records[1].path == "VisDrone2019-VID-val/sequences/uav1_v/0000001.jpg"
    assert records[1].extra == {"video": "uav1_v", "frame": "1"}
    assert dropped(drops) == {"ignored-region": (0, 1)}
    (record,), _ = read_all("visdrone_vid", tmp_path / "VisDrone2019-VID-train")
    assert record.id == "visdrone_vid/train/uav2_v/0000001"
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        visdrone_vid.find(tmp_path, "test")
    with pytest.raises(BadSource, match="cannot be read without images"):
        visdrone_vid.find(tmp_path, images=False)
    text(tmp_path / "VisDrone2019-MOT-val/annotations/uav9_v.txt", "1,1,0,0,9,9,1,1,0,0")
    with pytest.raises(BadSource, match=r"VisDrone2019-MOT-val and VisDrone2019-VID-val in .* are both of the split"):
        visdrone_vid.find(tmp_path)


@pytest.mark.parametrize(("every", "frames"), [(1, [1, 2, 3, 4, 5, 6, 7]), (2, [1, 3, 5, 7]), (3, [1, 4, 7]), (9, [1])])
def test_every_takes_frames_by_their_number(tmp_path: Path, every: int, frames: list[int]) -> None:
    vid(tmp_path, 7)
    text(tmp_path / "VisDrone2019-VID-val/annotations/uav1_v.txt", VID + "7,1,10,20,30,40,1,4,0,1\n")
    records, drops = read_all("visdrone_vid", tmp_path, every=every)
    assert [int(record.extra["frame"]) for record in records] == frames
    assert sum(drop.images for drop in drops) == 0


@pytest.mark.parametrize("every", [0, -1, "2", 1.5])
@pytest.mark.parametrize("name", ["visdrone_vid", "uavdt", "stanford_drone", "au_air", "carpk"])
def test_a_wrong_every_is_refused(tmp_path: Path, name: str, every: object) -> None:
    with pytest.raises(BadSource, match=f"every is {every!r} where a whole number of frames"):
        read_all(name, tmp_path, every=every)


def test_frames_without_rows(tmp_path: Path) -> None:
    benchmark(tmp_path)
    records, drops = read_all("uavdt", tmp_path)
    assert [(r.id, labels([r])) for r in records] == [
        ("uavdt/M0101/0000001", {"car": 1}),
        ("uavdt/M0101/0000002", {"truck": 1}),
        ("uavdt/M0101/0000003", {}),
        ("uavdt/M0101/0000004", {"bus": 1}),
    ]
    detail = (
        "UAV-benchmark-M/M0101/img000005.jpg: UAV-benchmark-MOTD_v1.0/GT/M0101_gt_whole.txt has no rows for frame 5 "
        "nor for frames around it"
    )
    assert drops == [Drop("uavdt/M0101/0000005", "read", "missing-annotation", detail)]


def test_uavdt_ignored_areas(tmp_path: Path) -> None:
    benchmark(tmp_path)
    text(tmp_path / "UAV-benchmark-MOTD_v1.0/GT/M0101_gt_ignore.txt", IGNORE)
    records, drops = read_all("uavdt", tmp_path)
    assert [labels([record]) for record in records] == [{}, {"truck": 1}, {}, {}]
    assert dropped(drops) == {"ignored-region": (0, 2), "missing-annotation": (1, 0)}
    text(tmp_path / "UAV-benchmark-MOTD_v1.0/GT/M0101_gt_ignore.txt", "1,1,0,0,24,80,1,-1,-1\n")
    records, drops = read_all("uavdt", tmp_path)
    assert labels(records) == {"car": 1, "truck": 1, "bus": 1}
    text(tmp_path / "UAV-benchmark-MOTD_v1.0/GT/M0101_gt_ignore.txt", b"\xff")
    records, drops = read_all("uavdt", tmp_path)
    assert records == [] and dropped(drops) == {"bad-annotation": (4, 0), "missing-annotation": (1, 0)}


@pytest.mark.parametrize(
    ("box", "area", "kept"),
    [
        ((0, 0, 10, 10), (5, 0, 20, 10), False),
        ((0, 0, 10, 10), (5.1, 0, 20, 10), True),
        ((0, 0, 10, 10), (10, 0, 20, 10), True),
        ((0, 0, 10, 10), (-5, -5, 50, 50), False),
        ((0, 0, 0, 10), (-5, -5, 50, 50), True),
    ],
)
def test_half_of_an_object_in_an_ignored_area(box: tuple, area: tuple, kept: bool) -> None:
    page = uavdt.without_ignored(Page([Shape("car", box, number=7)], []), [area], "a.txt")
    assert (len(page.shapes), page.refused) == (
        (1, []) if kept else (0, [("ignored-region", "a.txt:7: half or more of it lies in an ignored area")])
    )


def test_uavdt_splits_come_from_the_attributes(tmp_path: Path) -> None:
    benchmark(tmp_path, (1, 2, 4))
    with pytest.raises(BadSource, match="no split 'train' here"):
        uavdt.find(tmp_path, "train")
    text(tmp_path / "M_attr/train/M0101_attr.txt", "1,0\n")
    records, _ = read_all("uavdt", tmp_path, "train")
    assert [record.id for record in records][:1] == ["uavdt/train/M0101/0000001"]
    with pytest.raises(BadSource, match="no split 'test' here; found: train"):
        uavdt.find(tmp_path, "test")


def test_uavdt_without_classes_says_so(tmp_path: Path) -> None:
    text(tmp_path / "GT/M0101_gt.txt", WHOLE)
    with pytest.raises(BadSource, match=r"\*_gt\.txt has no classes; the files \*_gt_whole\.txt are needed"):
        uavdt.find(tmp_path)


@pytest.mark.parametrize("name", ["uavdt", "visdrone_vid"])
def test_bad_files_are_counted(tmp_path: Path, name: str) -> None:
    if name == "uavdt":
        label, image = tmp_path / "GT/M0101_gt_whole.txt", tmp_path / "UAV-benchmark-M/M0101/img000001.jpg"
        row = "1,1,10,20,30,40,1,1,1"
    else:
        label, image = tmp_path / "annotations/v.txt", tmp_path / "sequences/v/0000001.jpg"
        row = "1,1,10,20,30,40,1,4,0,0"
    picture(image)
    text(label, f"{row}\nx,1\n{row}\n,,\n1,1,200,20,30,40,1,1,1\n1,1,200,20,30,40,1,1,0,0\n2,1,200,20,30,40,1,1,1\n")
    records, drops = read_all(name, tmp_path)
    assert [len(record.objects) for record in records] == [2]
    found = dropped(drops)
    assert found["bad-annotation"] == (0, 2) and found["outside-image"] == (0, 1) and found["missing-image"] == (1, 1)
    (frameless,) = [drop for drop in drops if drop.id.endswith("/rows-without-frame")]
    assert frameless.detail.endswith(":2: no frame number in 'x 1'")
    text(label, b"\x80")
    records, drops = read_all(name, tmp_path)
    assert records == [] and dropped(drops) == {"bad-annotation": (1, 0)}
    image.unlink()
    records, drops = read_all(name, tmp_path)
    assert records == [] and dropped(drops) == {"bad-annotation": (1, 0)}
    text(label, "")
    assert read_all(name, tmp_path) == ([], [])


def test_a_video_without_rows_is_unlabelled(tmp_path: Path) -> None:
    vid(tmp_path)
    for frame in (1, 2, 3):
        picture(tmp_path / f"VisDrone2019-VID-val/sequences/uav2_v/{frame:07d}.jpg")
    _, drops = read_all("visdrone_vid", tmp_path, every=2)
    assert dropped(drops) == {"ignored-region": (0, 1), "missing-annotation": (2, 0)}
    picture(tmp_path / "VisDrone2019-VID-val/sequences/uav2_v/other_0000002.jpg")
    with pytest.raises(BadSource, match="are both frame 2; keep one of them"):
        visdrone_vid.find(tmp_path)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    vid(tmp_path)
    assert objects(read_all("visdrone_vid", tmp_path)[0]) == 2
    text(tmp_path / "VisDrone2019-VID-val/annotations/uav1_v.txt", VID + "1,5,1,1,9,9,1,1,0,0\n")
    assert objects(read_all("visdrone_vid", tmp_path)[0]) == 3


def test_stanford_drone_frames(tmp_path: Path) -> None:
    records, drops = read_all("stanford_drone", drone(tmp_path))
    assert [(r.id, r.path, labels([r])) for r in records] == [
        ("stanford_drone/quad/video3/0000000", "frames/quad/video3/000000.jpg", {"person": 1}),
        ("stanford_drone/quad/video3/0000001", "frames/quad/video3/000001.jpg", {"person": 1, "golf_cart": 1}),
        ("stanford_drone/quad/video3/0000002", "frames/quad/video3/000002.jpg", {}),
    ]
    assert records[1].objects[1].box == (0, 5, 25, 30) and records[1].objects[0].difficult
    assert records[1].extra == {"video": "quad/video3", "frame": "1"}
    assert dropped(drops) == {"lost": (0, 1)}
    with pytest.raises(BadSource, match="no split 'train' here"):
        stanford_drone.find(tmp_path, "train")


def test_stanford_drone_reference_is_no_frame(tmp_path: Path) -> None:
    drone(tmp_path, ())
    with pytest.raises(BadSource, match=r"no folder frames/.* with images .*stanford_drone ROOT --every 30"):
        stanford_drone.find(tmp_path)
    records, drops = read_all("stanford_drone", tmp_path, images=False)
    assert [(r.path, r.width, r.height) for r in records] == [(None, 100, 80)] * 3
    assert labels(records) == {"person": 2, "golf_cart": 1} and dropped(drops) == {"lost": (0, 1)}
    (tmp_path / "annotations/quad/video3/reference.jpg").unlink()
    records, drops = read_all("stanford_drone", tmp_path, images=False)
    assert records == [] and dropped(drops) == {"no-size": (3, 4)}


def test_stanford_drone_counts_frames_that_were_not_extracted(tmp_path: Path) -> None:
    records, drops = read_all("stanford_drone", drone(tmp_path, (0, 2)))
    assert [record.extra["frame"] for record in records] == ["0", "2"]
    assert dropped(drops) == {"lost": (0, 1), "frames-not-extracted": (1, 2)}
    lacking = next(drop for drop in drops if drop.images)
    assert lacking.id == "stanford_drone/quad/video3/frames-not-extracted"
    assert lacking.detail.startswith("1 annotated frames have no image, first 1; take them out of the videos with")
    records, drops = read_all("stanford_drone", tmp_path, every=2)
    assert len(records) == 2 and dropped(drops) == {"lost": (0, 1)}


@pytest.mark.parametrize(("width", "ok"), [(100, True), (104, True), (84, True), (117, False), (50, False)])
def test_stanford_drone_frames_of_another_size(tmp_path: Path, width: int, ok: bool) -> None:
    drone(tmp_path)
    picture(tmp_path / "frames/quad/video3/000001.jpg", width)
    records, drops = read_all("stanford_drone", tmp_path)
    assert ("size-mismatch" not in dropped(drops)) == ok and len(records) == (3 if ok else 2)
    assert dropped(drops).get("size-mismatch", (1, 2)) == (1, 2)


class FakeVideo:
    """Frames of one colour each, in place of PyAV's container."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.streams = types.SimpleNamespace(video=[types.SimpleNamespace(thread_type="")])

    def __enter__(self) -> FakeVideo:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def decode(self, _: object):
        for n in range(self.count):
            image = Image.new("RGB", (100, 80), (n * 20, 0, 0))
            yield types.SimpleNamespace(to_image=lambda image=image: image)


class FakeError(Exception):
    pass


@pytest.fixture
def fake_av(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType("av")
    fake.open = lambda path: FakeVideo(10)  # type: ignore[attr-defined]
    fake.error = types.SimpleNamespace(FFmpegError=FakeError)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "av", fake)


def reds(folder: Path) -> dict[str, int]:
    return {path.name: round(Image.open(path).getpixel((5, 5))[0] / 20) for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("fake_av")
def test_extract_takes_the_annotated_frames(tmp_path: Path) -> None:
    drone(tmp_path, ())
    text(
        tmp_path / "annotations/quad/video3/annotations.txt",
        SDD.replace(" 2 1 0 1", " 9 1 0 1").replace(" 0 0 0 0", " 3 0 0 0"),
    )
    with pytest.raises(BadSource, match=r"no videos/<scene>/<video>/video\.mov"):
        list(stanford_drone.extract(tmp_path))
    text(tmp_path / "videos/quad/video3/video.mov", "")
    assert list(stanford_drone.extract(tmp_path, every=2)) == [("quad/video3", 4)]
    assert reds(tmp_path / "frames/quad/video3") == {f"{n:06d}.jpg": n for n in (2, 4, 6, 8)}
    assert list(stanford_drone.extract(tmp_path, every=2)) == [("quad/video3", 0)]
    records, _ = read_all("stanford_drone", tmp_path, every=2)
    assert [record.extra["frame"] for record in records] == ["2", "4", "6", "8"]


@pytest.mark.usefixtures("fake_av")
def test_extract_goes_on_and_finds_a_short_video(tmp_path: Path) -> None:
    picture(tmp_path / "f/000004.jpg")
    assert _frames.extract(tmp_path / "v.mov", tmp_path / "f", [0, 4, 8]) == 2
    assert reds(tmp_path / "f") == {"000000.jpg": 0, "000004.jpg": 0, "000008.jpg": 8}
    with pytest.raises(BadSource, match="the video ends before frame 12; 2 wanted frames are not in it"):
        _frames.extract(tmp_path / "v.mov", tmp_path / "f", [9, 11, 12])
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.usefixtures("fake_av")
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    drone(tmp_path, ())
    text(tmp_path / "videos/quad/video3/video.mov", "")
    monkeypatch.setattr(sys, "argv", ["stanford_drone", str(tmp_path), "--every", "1"])
    stanford_drone.main()
    assert capsys.readouterr().err == "quad/video3: 3 frames\n"
    monkeypatch.setattr(sys, "argv", ["stanford_drone", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match=r"nowhere does not exist"):
        stanford_drone.main()


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"needs the package av: pip install 'rsdata\[video\]'"):
        _frames.extract(tmp_path / "video.mov", tmp_path / "frames", [0])
    assert _frames.extract(tmp_path / "video.mov", tmp_path / "frames", []) == 0


def test_a_real_video(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed (the extra video)")
    with av.open(str(tmp_path / "video.mov"), "w") as out:
        stream = out.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for n in range(8):
            frame = av.VideoFrame.from_image(Image.new("RGB", (96, 64), (n * 30, 60, 60)))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert _frames.extract(tmp_path / "video.mov", tmp_path / "frames", range(0, 8, 3)) == 3
    found = {path.name: Image.open(path).getpixel((40, 30))[0] for path in (tmp_path / "frames").iterdir()}
    assert found == pytest.approx({"000000.jpg": 0, "000003.jpg": 90, "000006.jpg": 180}, abs=8)
    text(tmp_path / "broken.mov", b"no video")
    with pytest.raises(BadSource, match=r"broken\.mov: the video cannot be decoded"):
        _frames.extract(tmp_path / "broken.mov", tmp_path / "frames", [1])


def test_real_uavdt_rows(shared_data: Path, counts: dict) -> None:
    want = counts["uavdt"]
    per_class: Counter[str] = Counter()
    large = 0
    for name, sequence in want["sequences"].items():
        folder = shared_data / "uavdt/UAV-benchmark-MOTD_v1.0/GT"
        clip = uavdt.parse((folder / f"{name}_gt_whole.txt").read_text(), name)
        shapes = [shape for page in clip.pages.values() for shape in page.shapes]
        assert (len(shapes), len(clip.pages)) == (sequence["rows_whole"], sequence["frames"])
        assert [min(clip.pages), max(clip.pages)] == sequence["frame_min_max"]
        assert clip.frameless == [] and not any(page.refused for page in clip.pages.values())
        per_class.update(shape.name for shape in shapes)
        areas = uavdt.parse_ignored((folder / f"{name}_gt_ignore.txt").read_text(), name)
        assert sum(len(page.shapes) for page in areas.pages.values()) == sequence["rows_ignore"]
        large += sum(shape.difficult for shape in shapes)
    assert large == want["by_kind"]["gt_whole"]["column8"]["2"]
    assert per_class == want["per_class"] and per_class.total() == want["objects"]


def test_real_uavdt_with_blank_images(shared_data: Path, counts: dict, tmp_path: Path) -> None:
    want = counts["uavdt"]
    (tmp_path / "GT").mkdir()
    blank = picture(tmp_path / "blank.png", 1024, 540)
    total = 0
    for path in (shared_data / "uavdt/UAV-benchmark-MOTD_v1.0/GT").iterdir():
        (tmp_path / "GT" / path.name).symlink_to(path)
    for name, sequence in want["sequences"].items():
        folder = tmp_path / "UAV-benchmark-M" / name
        folder.mkdir(parents=True)
        first, last = sequence["frame_min_max"]
        for frame in range(first, last + 1):
            (folder / f"img{frame:06d}.png").symlink_to(blank)
        total += last - first + 1
    records, drops = read_all("uavdt", tmp_path)
    ignored = dropped(drops).pop("ignored-region")[1]
    assert dropped(drops) == {"ignored-region": (0, 56)}
    assert (len(records), objects(records) + ignored) == (total, want["objects"])
    assert sum(not record.objects for record in records) >= 12


def test_real_stanford_drone(shared_data: Path, counts: dict) -> None:
    want = counts["stanford_drone"]
    records, drops = read_all("stanford_drone", shared_data / "stanford_drone", images=False)
    assert labels(records) == as_concepts("stanford_drone", want["per_class_not_lost"])
    assert objects(records) == want["objects_not_lost"]
    assert dropped(drops) == {"lost": (0, want["objects"] - want["objects_not_lost"])}
    for name, video in want["videos"].items():
        mine = [r for r in records if r.extra["video"] == name.removeprefix("annotations/")]
        frames = [int(record.extra["frame"]) for record in mine]
        assert (len(frames), [min(frames), max(frames)]) == (video["frames_with_rows"], video["frames_min_max"])
        assert objects(mine) == video["objects_not_lost"]
    with pytest.raises(BadSource, match="no folder frames/"):
        stanford_drone.find(shared_data / "stanford_drone")
    tenth, _ = read_all("stanford_drone", shared_data / "stanford_drone", images=False, every=10)
    assert {record.id for record in tenth} == {r.id for r in records if int(r.extra["frame"]) % 10 == 0}
