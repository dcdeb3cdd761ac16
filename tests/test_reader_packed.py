"""The webdataset and parquet readers: a packed corpus comes back as it was, and so do the shards of others."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pack_corpus import packed, world, write_parts
from PIL import Image
from reading import dropped, read_all, text
from test_pixels_inside import encoded, tar

from rsdata import pixels, sample
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _packed, img2dataset, parquet, webdataset
from rsdata.record import Caption, Drop, Record, as_dict, from_table, to_table


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], Path, Path]:
    """The records that went in, their root, and the packed folder."""
    root = tmp_path_factory.mktemp("corpus")
    records = world(root / "source")
    for n, record in enumerate(records):
        record.split, record.label = ("train", "val", "test", "")[n % 4], "airport" if n % 5 == 0 else None
        record.phash, record.platform = 2**64 - 1 - n, "satellite"
        for obj in record.objects:
            obj.label, obj.poly, obj.difficult = "airplane", (1.5, 2, 30, 2, 30, 40.25), n % 2 == 0
    done = packed(root / "source", write_parts(root / "parts", records), root / "out")
    assert (done.images, done.drops) == (len(records), [])
    return records, root / "source", root / "out"


def comparable(record: Record) -> dict[str, Any]:
    """A record as a part holds it, without what a new home changes: id, source, path, window, mask."""
    (stored,) = from_table(to_table([record]))
    row = as_dict(stored)
    for changed in ("id", "source", "path", "window", "mask_path", "mask_kind"):
        del row[changed]
    return row


@pytest.mark.parametrize("name", ["webdataset", "parquet"])
def test_a_packed_corpus_comes_back(name: str, corpus: tuple[list[Record], Path, Path]) -> None:
    before, source, out = corpus
    after, drops = read_all(name, out)
    assert drops == [] and len(after) == len(before) == 42
    by_id = {record.extra.pop("packed_id"): record for record in after}
    assert by_id.keys() == {record.id for record in before}
    for old in before:
        new = by_id[old.id]
        assert (new.source, new.window) == (name, None)
        assert new.id.startswith(f"{name}/{old.split}/" if old.split else f"{name}/00000")
        assert comparable(new) == comparable(old)
        found, wanted = pixels.load_record(new, out), pixels.load_record(old, source)
        assert found.shape == wanted.shape
        if old.window is None:  # JPEG files go through untouched, windows are encoded once
            np.testing.assert_array_equal(found, wanted)
            assert pixels.content(out / (new.path or "")) == (source / (old.path or "")).read_bytes()
        else:
            assert np.abs(found.astype(int) - wanted).mean() < 3


@pytest.mark.parametrize("name", ["webdataset", "parquet"])
def test_splits_of_a_packed_corpus_are_those_of_its_samples(name: str, corpus: tuple[list[Record], Path, Path]) -> None:
    before, _, out = corpus
    for split in ("train", "val", "test"):
        records, drops = read_all(name, out, split)
        assert drops == []
        assert {r.extra["packed_id"] for r in records} == {r.id for r in before if r.split == split}
    with pytest.raises(BadSource, match="no split 'dev' here; found: test, train, val"):
        read_all(name, out, "dev")


def test_both_forms_say_the_same(corpus: tuple[list[Record], Path, Path]) -> None:
    _, _, out = corpus
    shards = {r.extra["packed_id"]: comparable(r) for r in read_all("webdataset", out)[0]}
    assert shards == {r.extra["packed_id"]: comparable(r) for r in read_all("parquet", out)[0]}


def test_shards_of_others(tmp_path: Path) -> None:
    tar(
        tmp_path / "train/pub11-train-0000.tar",
        {"7.img_content": encoded("JPEG"), "7.img_name": b"pub_7.jpg", "7.caption": "a view of Köln".encode()},
    )
    meta = {"caption": "alt text", "url": "https://x.org/a.jpg", "width": 256, "key": "000000001"}
    tar(
        tmp_path / "laion/00000.tar",
        {
            "000000001.json": json.dumps(meta, indent=4).encode(),
            "000000001.jpg": encoded(),
            "000000001.txt": b" alt text\n",
        },
    )
    many = {"captions": ["one .", {"raw": "two ."}, "one ."], "label": "sparse_residential"}
    tar(
        tmp_path / "val.tar",
        {
            "./d/a.seg.png": encoded(),
            "./d/a.jpg": encoded("JPEG"),
            "./d/a.json": json.dumps(many).encode(),
            "README": b"x",
        },
    )
    records, drops = read_all("webdataset", tmp_path)
    assert drops == []
    laion, rs5m, own = records
    assert (laion.id, laion.path, laion.split) == (
        "webdataset/laion/00000/000000001",
        "laion/00000.tar!000000001.jpg",
        "",
    )
    assert laion.captions == [Caption("alt text", "en", "alt")]
    assert laion.extra == {"url": "https://x.org/a.jpg", "key": "000000001"}
    assert (rs5m.id, rs5m.path) == (
        "webdataset/train/pub11-train-0000/7",
        "train/pub11-train-0000.tar!7.img_content",
    )
    assert (rs5m.captions, rs5m.extra) == ([Caption("a view of Köln")], {"img_name": "pub_7.jpg"})
    assert (own.id, own.path, own.label) == ("webdataset/val/val/d/a", "val.tar!./d/a.jpg", "sparse_residential_area")
    assert own.captions == [Caption("one ."), Caption("two .")] and own.extra == {"class": "sparse_residential"}
    assert [(r.width, r.height) for r in records] == [(80, 60)] * 3
    assert pixels.load_record(own, tmp_path).shape == (60, 80, 3)
    (german,), _ = read_all("webdataset", tmp_path, "train", caption="img_name", lang="de")
    assert german.captions == [Caption("pub_7.jpg", "de")]


def test_what_is_wrong_in_a_shard(tmp_path: Path) -> None:
    ours = {"id": "dota/train/a", "source": "dota", "split": "train", "width": 80, "height": 60, "extra": {}}
    box = {"label": "ship", "box": [1, 1, 9, 9], "poly": [], "area": 64, "difficult": False, "origin": "source"}
    good = ours | {"objects": [box, box | {"label": "flying saucer"}], "captions": []}
    cases = {
        "a": good,
        "b": good | {"width": 81},
        "c": good | {"objects": [box | {"box": [1, 2, 3]}]},
        "d": good | {"captions": [{"text": 7}]},
    }
    members: dict[str, bytes] = {}
    for key, meta in cases.items():
        members |= {f"{key}.png": encoded(), f"{key}.json": json.dumps(meta).encode()}
    members |= {"e.json": json.dumps(good)[:-20].encode(), "e.png": encoded(), "f.txt": b"no image", "g.png": b"none"}
    members |= {"h.png": encoded(), "h.txt": b"\xff\xfe", "i.png": encoded(), "i.json": b"[1]", "j.png": encoded()}
    whole = tar(tmp_path / "s.tar", members).read_bytes()
    records, drops = read_all("webdataset", tmp_path)
    assert [r.id for r in records] == ["webdataset/s/j", "webdataset/train/s/a"]
    assert [obj.label for obj in records[1].objects] == ["ship"]
    assert dropped(drops) == {
        "unknown-class": (0, 1),
        "size-mismatch": (1, 2),
        "bad-annotation": (5, 0),
        "missing-image": (1, 0),
        "unreadable-image": (1, 0),
    }
    details = {drop.id.rpartition("/")[2]: drop.detail for drop in drops}
    assert details["b"].endswith("s.tar!b.png: 80 x 60 pixels, the sample says 81 x 60")
    assert details["c"].startswith("s.tar!c.json: not a sample as `rsdata pack` writes it (ValueError")
    assert details["e"].startswith("s.tar!e.json:1: broken JSON")
    assert details["f"] == "s.tar: sample webdataset/s/f has no image (found: txt)"
    assert details["h"] == "s.tar!h.txt: not UTF-8 text (byte 0)"
    (tmp_path / "s.tar").write_bytes(whole[: whole.index(b"no image") - 100])
    records, drops = read_all("webdataset", tmp_path)
    (cut,) = (drop for drop in drops if drop.reason == "damaged-shard")
    assert (cut.id, cut.images) == ("webdataset/s/damaged", 1)
    assert "10 members are sound; get this shard again" in cut.detail
    assert [r.extra["packed_id"] for r in records] == ["dota/train/a"]


def hugging_face(path: Path, rows: list[dict[str, Any]], classes: list[str] | None = None) -> Path:
    """Rows as Hugging Face datasets writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows)
    if classes:
        features = {"image": {"_type": "Image"}, "label": {"names": classes, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=2)
    return path


def test_parquet_files_of_others(tmp_path: Path) -> None:
    image = {"bytes": encoded(), "path": "a.png"}
    rows = [{"image": image, "label": n % 2, "hash": b"\x00\xff"} for n in range(3)]
    hugging_face(tmp_path / "data/train-00000-of-00001.parquet", rows, ["AnnualCrop", "Sea_Lake"])
    rows = [{"jpg": encoded("JPEG"), "raw": "one .", "raw_1": "two .", "title": "t", "url": "https://x"}]
    hugging_face(tmp_path / "00000.parquet", [*rows, {**rows[0], "jpg": None}])
    hugging_face(tmp_path / "urls.parquet", [{"URL": "https://x", "TEXT": "t"}])
    records, drops = read_all("parquet", tmp_path)
    assert [(drop.id, drop.reason) for drop in drops] == [("parquet/00000/000001", "missing-image")]
    assert [(r.id, r.label, r.extra) for r in records[1:]] == [
        (f"parquet/train/train-00000-of-00001/00000{n}", label, {"class": name})
        for n, (label, name) in enumerate(
            [("annual_crop", "AnnualCrop"), ("sea_or_lake", "Sea_Lake"), ("annual_crop", "AnnualCrop")]
        )
    ]
    assert records[0].captions == [Caption("t", "en", "alt")]
    records, _ = read_all("parquet", tmp_path, caption="raw")
    assert [c.text for c in records[0].captions] == ["one ."]
    with Image.open(io.BytesIO(pixels.content(tmp_path / (records[0].path or "")))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (80, 60))


def test_folders_that_will_not_do(tmp_path: Path) -> None:
    hugging_face(tmp_path / "urls.parquet", [{"URL": "https://x", "TEXT": "t"}])
    with pytest.raises(BadSource, match=r"no Parquet file with a column of images .*fetched by `rsdata web`"):
        parquet.find(tmp_path)
    with pytest.raises(BadSource, match=r"no tar shard .*found: urls.parquet"):
        webdataset.find(tmp_path)
    for find in (webdataset.find, parquet.find):
        with pytest.raises(BadSource, match="cannot be read without images"):
            find(tmp_path, images=False)
    text(tmp_path / "bad.parquet", "PAR1 and no more")
    with pytest.raises(BadSource, match=r"Parquet: bad.parquet cannot be read \(.*\); get this file again"):
        parquet.find(tmp_path)


@pytest.mark.parametrize(
    ("row", "caption", "texts"),
    [
        ({"txt": "a", "caption": "b"}, "", ("a",)),
        ({"caption": " ", "text": "b"}, "", ("b",)),
        ({"Captions": ["a", "", " a ", "b"]}, "", ("a", "b")),
        ({"sentences": [{"raw": "a ."}, {"tokens": ["b"]}]}, "", ("a .",)),
        ({"raw": "a", "raw_1": "b", "raw_2": None}, "", ("a", "b")),
        ({"alt_text": "a", "my_words": "b"}, "my_words", ("b",)),
        ({"caption": 7, "text": {"x": 1}}, "", ()),
        ({}, "", ()),
    ],
)
def test_where_captions_stand(row: dict[str, Any], caption: str, texts: tuple[str, ...]) -> None:
    assert _packed.parse_foreign(row, caption).texts == texts


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00005.parquet", "train"),
        ("val/rs3-val-0001.tar", "val"),
        ("validation-0.parquet", "val"),
        ("test/0.tar", "test"),
        ("trainval/0.tar", ""),
        ("train-and-test/0.tar", ""),
        ("shards/000000.tar", ""),
    ],
)
def test_splits_by_name(path: str, split: str) -> None:
    assert _packed.split_of(path) == split


def test_members_are_grouped_by_key() -> None:
    names = ["a/b.c/0.jpg", "a/b.c/0.seg.PNG", "1.txt", ".hidden", "noext", "1.json", "a.d/.x"]
    grouped = webdataset.samples([(name, 0, 1) for name in names])
    assert {key: [part[0] for part in parts] for key, parts in grouped.items()} == {
        "a/b.c/0": ["jpg", "seg.png"],
        "1": ["txt", "json"],
    }


FIELDS = [*sorted(_packed.OURS), "geo", "gsd", "label", "box", "text", "lang", "origin", "area", "difficult", "caption"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), inner),
    max_leaves=12,
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_object_or_an_error(data: bytes) -> None:
    try:
        assert isinstance(_packed.parse_json(data, "s.tar!a.json"), dict)
    except BadAnnotation as error:
        assert str(error).startswith("s.tar!a.json:")


@given(st.fixed_dictionaries(dict.fromkeys(sorted(_packed.OURS), JSON), optional={"geo": JSON, "gsd": JSON}))
def test_any_json_is_a_record_or_an_error(meta: dict[str, Any]) -> None:
    _packed.parse_foreign(meta)
    try:
        found = _packed.parse_ours(meta, "s.tar!a.json")
    except BadAnnotation as error:
        assert "not a sample as `rsdata pack` writes it" in str(error)
        return
    assert (found.id, found.extra) == (meta["id"], dict(meta["extra"]))


@given(st.binary(max_size=60) | st.just(b'{"info": {"features": {"label": {"names": 7}}}}'))
def test_any_metadata_gives_names_or_none(metadata: bytes) -> None:
    assert parquet.class_names(metadata) == ()


def test_a_row_that_is_gone(tmp_path: Path) -> None:
    path = hugging_face(tmp_path / "p.parquet", [{"image": {"bytes": encoded(), "path": "a"}, "text": "t"}] * 3)
    items = parquet.find(tmp_path)
    hugging_face(path, [{"image": {"bytes": encoded(), "path": "a"}, "text": "t"}])
    (last,) = parquet.read(items[2])
    assert isinstance(last, Drop) and (last.reason, last.id) == ("bad-annotation", "parquet/p/000002")
    path.unlink()
    (gone,) = parquet.read(items[0])
    assert isinstance(gone, Drop) and gone.reason == "bad-annotation"


@pytest.mark.parametrize("count", ["1" + "0" * 400, "-1", "10001"])
def test_a_shard_of_img2dataset_that_says_too_many_rows(count: str, tmp_path: Path) -> None:
    """Found by the fuzzer: such a number of lost rows was counted out one by one, for ever."""
    sample.write(tmp_path, scenes=2, formats=["img2dataset"])
    root = tmp_path / "img2dataset"
    stats = sorted(root.rglob("*_stats.json"))[0]
    stats.write_text(json.dumps({**json.loads(stats.read_text()), "count": int(count)}))
    with pytest.raises(BadSource, match=rf"_stats\.json says {count[:20]} rows; keys of 9 digits count 10,000"):
        img2dataset.find(root)


@pytest.mark.parametrize("text", ["[" * 3000, '{"count": 1e999}', '{"count": []}', "{}", '{"count"'])
def test_a_shard_of_img2dataset_with_damaged_numbers(text: str, tmp_path: Path) -> None:
    sample.write(tmp_path, scenes=2, formats=["img2dataset"])
    sorted((tmp_path / "img2dataset").rglob("*_stats.json"))[0].write_text(text)
    with pytest.raises(BadSource, match=r"cannot be read .* download it again"):
        img2dataset.find(tmp_path / "img2dataset")
