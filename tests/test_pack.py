"""Packing: what is in a sample, and what is refused."""

import io
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from pack_corpus import draw, packed, world, write_parts
from PIL import Image

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Geo, Obj, Record, Window
from rsdata.stages import _samples, _tar, pack

TRUNCATED_AT = 600


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def records(root):
    return world(root)


@pytest.fixture(scope="module")
def parts(records, tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("parts"), records)


@pytest.fixture(scope="module")
def done(root, parts, tmp_path_factory):
    """One packed corpus that tests read and never change."""
    out = tmp_path_factory.mktemp("packed")
    return out, packed(root, parts, out)


def samples_of(out):
    return dict(pair for tar in sorted((out / "shards").glob("*.tar")) for pair in _tar.samples(tar))


def one(root, record, **rules):
    """The one sample or drop of a record."""
    (found,) = _samples.cut([record], {"small": root, "big": root}, _samples.Rules(**rules))
    return found


# what is in a sample


def test_every_record_is_packed_once_and_keys_are_digits(done, records):
    out, report = done
    samples = samples_of(out)
    assert list(samples) == [f"{i:09d}" for i in range(42)]
    ids = [json.loads(sample["json"])["id"] for sample in samples.values()]
    assert sorted(ids) == sorted(record.id for record in records)
    assert (report.images, report.objects, report.shards, report.drops) == (42, 30, 4, [])


def test_json_text_in_full(done):
    found = next(s for s in samples_of(done[0]).values() if b'"small/train/p3"' in s["json"])
    assert found["txt"] == b"a plane 3"
    assert json.loads(found["json"]) == {
        "id": "small/train/p3",
        "source": "small",
        "split": "train",
        "path": "small/p3.jpg",
        "width": 64,
        "height": 48,
        "window": None,
        "gsd": None,
        "platform": "",
        "label": None,
        "mask_path": None,
        "mask_kind": None,
        "geo": None,
        "objects": [
            {
                "label": "plane",
                "box": [1.5, 2.0, 30.0, 40.25],
                "poly": [],
                "area": 100.0,
                "difficult": False,
                "origin": "source",
            }
        ],
        "captions": [
            {"text": "um avião 3", "lang": "pt", "origin": "human", "rule": "", "of": None, "score": None},
            {"text": "a plane 3", "lang": "en", "origin": "b2c", "rule": "count/one", "of": None, "score": None},
        ],
        "phash": None,
        "licence": "CC-BY-4.0",
        "extra": {"frame": "3"},
        "chosen": 1,
        "resized_from": None,
    }


def test_whole_jpeg_goes_through_untouched(done, root):
    for sample in samples_of(done[0]).values():
        meta = json.loads(sample["json"])
        if meta["source"] == "small":
            assert sample["jpg"] == (root / meta["path"]).read_bytes()


def test_windows_are_cut_where_they_say(root, parts, tmp_path):
    packed(root, parts, tmp_path, image_format="png")
    scene = np.asarray(draw(99, 400, 300))
    seen = 0
    for sample in samples_of(tmp_path).values():
        meta = json.loads(sample["json"])
        if meta["source"] == "big":
            x, y = meta["window"]["x"], meta["window"]["y"]
            assert meta["id"] == f"big/scene@{x},{y},100,100"
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(sample["png"]))), scene[y : y + 100, x : x + 100])
            assert meta["gsd"] == 0.3
            if meta["geo"]:
                assert meta["geo"]["transform"] == [0.5, 0.0, 1000 + x / 2, 0.0, -0.5, 2000 - y / 2]
            seen += 1
    assert seen == 12


def save(kind, path):
    picture = draw(5, 60, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    if kind == "rotated":
        picture.save(path, "JPEG", exif=exif)
    elif kind == "grey":
        picture.convert("L").save(path, "JPEG")
    elif kind == "cmyk":
        picture.convert("CMYK").save(path, "JPEG")
    elif kind == "progressive":
        picture.save(path, "JPEG", progressive=True)
    elif kind == "jpeg-named-png":
        picture.save(path, "JPEG")
    elif kind == "palette":
        picture.convert("P").save(path, "PNG")
    else:
        Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 200).save(path, "PNG")


@pytest.mark.parametrize(
    ("kind", "through"),
    [
        ("progressive", True),
        ("jpeg-named-png", True),
        ("rotated", False),
        ("grey", False),
        ("cmyk", False),
        ("palette", False),
        ("uint16", False),
    ],
)
def test_which_files_go_through(tmp_path, kind, through):
    name = "a.png" if kind in ("jpeg-named-png", "palette", "uint16") else "a.jpg"
    save(kind, tmp_path / name)
    found = one(tmp_path, Record("a", "small", path=name, width=60, height=40, captions=[Caption("a")]))
    assert (found.image is None) == through
    if through:
        assert (found.file, found.size) == (name, (tmp_path / name).stat().st_size)
    else:
        picture = Image.open(io.BytesIO(found.image))
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (60, 40))
        assert 0x0112 not in picture.getexif()


def test_a_rotated_jpeg_keeps_its_stored_pixels(tmp_path):
    save("rotated", tmp_path / "a.jpg")
    record = Record("a", "small", path="a.jpg", width=60, height=40, captions=[Caption("a")])
    found = one(tmp_path, record, image_format="png")
    stored = np.asarray(Image.open(tmp_path / "a.jpg"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.image))), stored)


def test_a_window_of_the_whole_file_goes_through(tmp_path):
    draw(1, 60, 40).save(tmp_path / "a.jpg")
    record = Record("a", "small", path="a.jpg", width=60, height=40, window=Window(0, 0, 60, 40))
    assert one(tmp_path, record, keep_uncaptioned=True).image is None


def test_max_side_shrinks_picture_and_all_that_is_measured_in_pixels(tmp_path):
    draw(1, 80, 40).save(tmp_path / "a.jpg")
    plane = Obj("plane", (8.0, 4.0, 40.0, 20.0), (8.0, 4.0, 40.0, 20.0), area=512.0)
    geo = Geo("EPSG:32618", (0.5, 0.0, 1000.0, 0.0, -0.5, 2000.0))
    record = Record("a", "small", path="a.jpg", width=80, height=40, gsd=0.5, geo=geo, objects=[plane])
    record.captions = [Caption("a")]
    found = one(tmp_path, record, max_side=20)
    assert Image.open(io.BytesIO(found.image)).size == (20, 10)
    assert (found.meta["width"], found.meta["height"], found.meta["resized_from"]) == (20, 10, [80, 40])
    assert found.meta["objects"][0]["box"] == [2.0, 1.0, 10.0, 5.0]
    assert found.meta["objects"][0]["poly"] == [2.0, 1.0, 10.0, 5.0]
    assert found.meta["objects"][0]["area"] == 32.0
    assert found.meta["gsd"] == 2.0
    assert found.meta["geo"]["transform"] == [2.0, 0.0, 1000.0, 0.0, -2.0, 2000.0]
    assert record.objects[0].box == (8.0, 4.0, 40.0, 20.0)
    assert one(tmp_path, record, max_side=80).image is None


def test_each_side_has_its_own_scale(tmp_path):
    draw(1, 30, 10).save(tmp_path / "a.jpg")
    field = Obj("farmland", (0, 0, 30, 10), (0, 0, 30, 0, 30, 10, 0, 10), area=300.0)
    record = Record("a", "small", path="a.jpg", width=30, height=10, objects=[field], captions=[Caption("a")])
    meta = one(tmp_path, record, max_side=7).meta  # 7 x 2: 7/30 across, 2/10 down
    assert (meta["width"], meta["height"]) == (7, 2)
    assert meta["objects"][0]["box"] == [0, 0, 7, 2]
    assert meta["objects"][0]["poly"] == [0, 0, 7, 0, 7, 2, 0, 2]
    assert meta["objects"][0]["area"] == 14.0


EN, PT, BLANK = Caption("a plane"), Caption("um avião", "pt"), Caption("  ")


@pytest.mark.parametrize(
    ("captions", "lang", "chosen"),
    [
        ([], "en", None),
        ([BLANK], "en", None),
        ([EN], "en", 0),
        ([PT, EN, EN], "en", 1),
        ([PT, EN], "pt", 0),
        ([BLANK, PT], "en", 1),
        ([PT, PT], "zh", 0),
        ([BLANK, EN], "en", 1),
    ],
)
def test_the_sentence_in_txt(captions, lang, chosen):
    assert _samples.choose(captions, lang) == chosen


# what is refused


REFUSED = [
    ("small/p0.jpg", (64, 48), None, [], ("no-captions", "")),
    ("small/p0.jpg", (64, 48), None, [BLANK], ("no-captions", "1 captions, all blank")),
    ("small/none.jpg", (64, 48), None, [EN], ("missing-image", "no such image file")),
    (None, (64, 48), None, [EN], ("no-image", "read without images")),
    ("small/p0.jpg", (48, 64), None, [EN], ("size-mismatch", "64 x 48 pixels, the annotation says 48 x 64")),
    ("big/scene.png", (100, 100), Window(301, 0, 100, 100), [EN], ("window-outside", "400 x 300")),
    ("small/text.jpg", (64, 48), None, [EN], ("unreadable-image", "")),
]


@pytest.mark.parametrize(("path", "size", "window", "captions", "problem"), REFUSED)
def test_refused_with_its_objects(root, records, path, size, window, captions, problem):
    (root / "small/text.jpg").write_text("no picture")
    objects = [Obj("plane", (1, 1, 2, 2)), Obj("ship", (1, 1, 2, 2))]
    drop = one(root, Record("x", "small", "", path, *size, window=window, objects=objects, captions=captions))
    assert isinstance(drop, Drop)
    assert (drop.id, drop.stage, drop.reason, drop.images, drop.objects) == ("x", "pack", problem[0], 1, 2)
    assert problem[1] in drop.detail


@pytest.mark.parametrize("check", [True, False])
def test_a_truncated_jpeg_is_never_passed_on(root, records, tmp_path, check):
    raw = (root / "small/p0.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(raw[:TRUNCATED_AT])
    record = replace(records[0], path="a.jpg")
    drop = one(tmp_path, record, check_images=check)
    assert isinstance(drop, Drop)
    assert (drop.reason, drop.objects) == ("unreadable-image", 1)


def test_an_unknown_source_is_an_error(root):
    with pytest.raises(BadCorpus, match="no root folder is known for the source 'other'"):
        one(root, Record("x", "other", path="a.jpg", captions=[EN]))


def test_uncaptioned_images_are_kept_when_asked(root, records, tmp_path):
    plain = replace(records[0], captions=[])
    report = packed(root, write_parts(tmp_path / "parts", [plain]), tmp_path / "out", keep_uncaptioned=True)
    assert (report.images, report.drops) == (1, [])
    ((key, sample),) = samples_of(tmp_path / "out").items()
    assert (key, sorted(sample)) == ("000000000", ["jpg", "json"])
    assert pq.read_table(tmp_path / "out/parquet/000000.parquet")["text"].to_pylist() == [None]
    assert pack.verify(tmp_path / "out") == []


def test_drops_are_counted_and_survive_a_restart(root, records, tmp_path):
    mixed = [*records[:5], replace(records[5], captions=[]), replace(records[6], path="small/gone.jpg")]
    parts = write_parts(tmp_path / "parts", mixed, 3)
    out = tmp_path / "out"
    first = next(pack.rounds(parts, out=out, seed=7, key="k", params={}))
    for name in first:
        pack.work(name, parts=parts, out=out, roots={"small": root}, seed=7)
    report = packed(root, parts, out)
    assert [(d.id, d.reason) for d in report.drops] == [
        ("small/train/p5", "no-captions"),
        ("small/train/p6", "missing-image"),
    ]
    assert (report.images, report.objects) == (5, 5)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["dropped"] == {
        "missing-image": {"images": 1, "objects": 1},
        "no-captions": {"images": 1, "objects": 1},
    }


def test_an_image_that_goes_away_between_the_rounds_is_dropped(root, tmp_path):
    own = tmp_path / "own"
    records = world(own, 8, 0)
    parts = write_parts(tmp_path / "parts", records)
    out = tmp_path / "out"
    for number, names in enumerate(pack.rounds(parts, out=out, key="k", params={})):
        if number == 1:
            (own / "small/p2.jpg").unlink()
            (own / "small/p3.jpg").write_bytes(b"other")
        for name in names:
            pack.work(name, parts=parts, out=out, roots={"small": own})
    report = pack.finish(out=out, params={}, title="t", sources={})
    assert sorted((d.id, d.reason, d.objects) for d in report.drops) == [
        ("small/train/p2", "image-changed", 1),
        ("small/train/p3", "image-changed", 1),
    ]
    assert (report.images, report.objects) == (6, 6)
    assert len(samples_of(out)) == 6
    assert sum(json.loads((out / "shards/sizes.json").read_text()).values()) == 6
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    assert (counts["images"], counts["captions"], counts["captions_by_lang"]) == (6, 12, {"en": 6, "pt": 6})
    assert pack.verify(out) == []


def test_an_id_that_occurs_twice_is_an_error(root, records, tmp_path):
    parts = write_parts(tmp_path / "parts", [*records[:3], replace(records[1], path="small/p9.jpg")], 2)
    with pytest.raises(BadCorpus, match=r"two records have the id 'small/train/p1' .images small/p1.jpg and small/p9"):
        packed(root, parts, tmp_path / "out")


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"formats": ["zip"]}, "formats wants one or both of webdataset, parquet, got zip"),
        ({"formats": []}, "got none"),
        ({"image_format": "webp"}, "image_format wants jpg or png, got 'webp'"),
        ({"gpus": 0}, "gpus wants 1 or more, got 0"),
        ({"shard_size": 0}, "shard_size wants 1 or more"),
        ({"quality": 100}, "quality wants 1 to 95"),
        ({"max_side": -1}, "max_side"),
    ],
)
def test_parameters_that_cannot_be(tmp_path, params, problem):
    with pytest.raises(BadRecipe, match=problem):
        next(pack.rounds([], out=tmp_path, params=params))
