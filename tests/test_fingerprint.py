"""The stage fingerprint, and hash lists of benchmarks."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import imagehash
import numpy as np
import pyarrow.parquet as pq
import pytest
from pictures import picture, save
from PIL import Image

from rsdata import benchmarks, corpus, phash, pixels, recipe
from rsdata.cli.app import _register, app
from rsdata.errors import BadCorpus, BadSource
from rsdata.record import Drop, Obj, Record, Window, write_part
from rsdata.run import run
from rsdata.stages import _hashlist, _prints, fingerprint

OBJECTS = [Obj("ship", (0, 0, 9, 9)), Obj("ship", (9, 9, 20, 20))]


def made(tmp_path: Path, *records: Record) -> list[Record | Drop]:
    return list(fingerprint.run(list(records), roots={"a": tmp_path}))


def test_a_record_gets_hash_crops_digest_and_version(tmp_path: Path) -> None:
    file = save(picture(1), tmp_path / "x.jpg")
    record = Record("a/x", "a", path="x.jpg", width=256, height=256, objects=OBJECTS, extra={"place": "Rome"})
    (found,) = made(tmp_path, record)
    grey = pixels.load_grey(file).pixels
    assert found.phash == int(str(imagehash.phash(Image.fromarray(grey))), 16)
    assert found.extra == {
        "place": "Rome",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "crops": "".join(f"{h:016x}" for h in phash.prints(grey).crops[1:]),
        "phash": "phash64/grey64/1",
    }
    assert len(found.extra["crops"]) == 16 * 5 and found.objects == OBJECTS and record.phash is None


def test_a_window_has_its_own_hash_and_the_digest_of_its_file(tmp_path: Path) -> None:
    file = save(picture(2, 800, 600), tmp_path / "x.png")
    boxes = [Window(0, 0, 400, 400), Window(400, 200, 400, 400)]
    found = made(tmp_path, *(Record(f"a/x@{b}", "a", path="x.png", width=400, height=400, window=b) for b in boxes))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert [r.extra["sha256"] for r in found] == [digest, digest]
    assert (found[0].phash ^ found[1].phash).bit_count() > 10


def test_a_flat_image_is_marked_and_the_mark_can_go(tmp_path: Path) -> None:
    save(Image.new("RGB", (64, 64), (9, 90, 200)), tmp_path / "x.png")
    (flat,) = made(tmp_path, Record("a/x", "a", path="x.png", width=64, height=64))
    assert flat.phash == 0x8000000000000000 and flat.extra["flat"] == "yes" and flat.extra["crops"] == "0" * 80
    save(picture(3, 64, 64), tmp_path / "x.png")
    (rich,) = made(tmp_path, flat)
    assert "flat" not in rich.extra and rich.phash != flat.phash and rich.extra["sha256"] != flat.extra["sha256"]


@pytest.mark.parametrize(
    ("data", "window", "reason"),
    [
        (None, None, "missing-image"),
        (b"", None, "unreadable-image"),
        (b"\xff\xd8\xff\xe0 no more", None, "unreadable-image"),
        (b"picture", Window(0, 0, 65, 64), "window-outside"),
    ],
)
def test_what_cannot_be_opened_is_dropped_with_its_objects(
    tmp_path: Path, data: bytes | None, window: Window | None, reason: str
) -> None:
    if data == b"picture":
        save(picture(4, 64, 64), tmp_path / "x.png")
    elif data is not None:
        (tmp_path / "x.png").write_bytes(data)
    (drop,) = made(tmp_path, Record("a/x", "a", path="x.png", width=64, height=64, window=window, objects=OBJECTS))
    assert (drop.id, drop.stage, drop.reason, drop.images, drop.objects) == ("a/x", "fingerprint", reason, 1, 2)
    assert "x.png" in drop.detail


def test_a_record_without_image_passes_and_an_unknown_source_is_an_error(tmp_path: Path) -> None:
    record = Record("a/x", "a")
    assert made(tmp_path, record) == [record]
    with pytest.raises(BadCorpus, match="root folder is known for the source 'b'"):
        made(tmp_path, Record("b/x", "b", path="x.png"))


def test_a_part_without_images_is_left_alone(tmp_path: Path) -> None:
    write_part(tmp_path / "none.parquet", [Record("a/x", "a"), Record("a/y", "a")])
    write_part(tmp_path / "some.parquet", [Record("a/x", "a"), Record("a/y", "a", path="y.png")])
    assert fingerprint.idle(tmp_path / "none.parquet") and not fingerprint.idle(tmp_path / "some.parquet")


def test_fingerprints_are_read_back_column_by_column(tmp_path: Path) -> None:
    save(picture(5), tmp_path / "x.png")
    save(Image.new("L", (90, 70), 7), tmp_path / "y.png")
    window = Window(10, 20, 200, 100)
    records = made(
        tmp_path,
        Record("a/x", "a", path="x.png", width=256, height=256),
        Record("a/x@10,20,200,100", "a", path="x.png", width=200, height=100, window=window),
        Record("a/y", "a", path="y.png", width=90, height=70),
        Record("a/z", "a", width=5, height=4),
    )
    write_part(tmp_path / "0.parquet", records[:3])
    write_part(tmp_path / "1.parquet", records[3:])
    found = _prints.read([tmp_path / "0.parquet", tmp_path / "1.parquet"], "dedup")
    assert found.ids.to_pylist() == ["a/x", "a/x@10,20,200,100", "a/y", "a/z"]
    assert found.files[0] == found.files[1] and len(set(found.files.tolist())) == 3
    assert found.boxes.tolist() == [[0, 0, 256, 256], [10, 20, 210, 120], [0, 0, 90, 70], [0, 0, 5, 4]]
    assert found.areas.tolist() == [65536, 20000, 6300, 20]
    assert found.hashes.tolist() == [records[0].phash, records[1].phash, records[2].phash, 0]
    assert found.hashed.tolist() == [True, True, False, False] and found.flat.tolist() == [False, False, True, False]
    crops = [[int(r.extra["crops"][16 * k : 16 * k + 16], 16) for k in range(5)] for r in records[:3]]
    assert found.crops.tolist() == [*crops, [0] * 5] and crops[0][0] and crops[2] == [0] * 5
    assert found.sha256.to_pylist() == [*(r.extra["sha256"] for r in records[:3]), None]


def test_an_image_without_fingerprint_or_with_an_old_one_is_an_error(tmp_path: Path) -> None:
    old = Record("a/x", "a", path="x.png", width=9, height=9)
    write_part(tmp_path / "0.parquet", [old])
    with pytest.raises(BadCorpus, match="a/x has no hash; dedup needs the stage fingerprint"):
        _prints.read([tmp_path / "0.parquet"], "dedup")
    old.phash, old.extra["phash"] = 5, "phash64/grey64/0"
    write_part(tmp_path / "0.parquet", [old])
    with pytest.raises(BadCorpus, match="version phash64/grey64/0, wanted phash64/grey64/1"):
        _prints.read([tmp_path / "0.parquet"], "dedup")


# hash lists


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(4):
        save(picture(seed), tmp_path / f"Sea/part/{seed}.jpg")
    save(Image.new("L", (50, 50), 3), tmp_path / "Sea/blank.png")
    (tmp_path / "Sea/notes.txt").write_text("no image")
    return tmp_path / "Sea"


def test_a_list_of_a_folder(folder: Path, tmp_path: Path) -> None:
    made = benchmarks.hash_list(tmp_path / "h.parquet", [str(folder)], workers=1)
    assert (made.hashed, made.problems) == (5, [])
    rows = _hashlist.read(tmp_path / "h.parquet")
    assert rows.column("id").to_pylist() == ["sea/blank", "sea/part/0", "sea/part/1", "sea/part/2", "sea/part/3"]
    assert rows.column("path").to_pylist()[:2] == ["blank.png", "part/0.jpg"]
    assert rows.column("flat").to_pylist() == [True, False, False, False, False]
    table = _hashlist.hashes(rows)
    assert table.shape == (5, 6, 8) and (table[0] == 0).all() and (table[1:] != 0).all()
    grey = pixels.load_grey(folder / "part/0.jpg").pixels
    assert np.array_equal(table[1], phash.prints(grey, all_views=True).crops)
    about = _hashlist.about(rows)
    assert about == {
        "format": 1,
        "phash": "phash64/grey64/1",
        "digest": _hashlist.digest(rows),
        "crops": [1.0, 0.97, 0.94, 0.905, 0.875, 0.75],
        "views": list(phash.VIEWS),
    }


def test_a_later_run_hashes_only_what_is_new(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "h.parquet"
    benchmarks.hash_list(file, [str(folder)], workers=1)
    assert benchmarks.hash_list(file, [str(folder)], workers=1).hashed == 0
    before = file.read_bytes()
    save(picture(77), folder / "part/2.jpg")
    save(picture(78), folder / "part/new.jpg")
    (folder / "part/0.jpg").unlink()
    again = benchmarks.hash_list(file, [str(folder)], workers=1)
    assert again.hashed == 2 and file.read_bytes() != before
    ids = again.rows.column("id").to_pylist()
    assert ids == ["sea/blank", "sea/part/0", "sea/part/1", "sea/part/2", "sea/part/3", "sea/part/new"]
    changed = _hashlist.hashes(again.rows)[3, 0, 0]
    assert changed == phash.prints(pixels.load_grey(folder / "part/2.jpg").pixels).phash


def test_lists_are_merged_and_the_order_does_not_count(folder: Path, tmp_path: Path) -> None:
    save(picture(40), tmp_path / "Land/1.png")
    one, two, both = (str(tmp_path / f"{name}.parquet") for name in ("one", "two", "both"))
    benchmarks.hash_list(Path(one), [str(folder)], workers=1)
    benchmarks.hash_list(Path(two), [str(tmp_path / "Land")], workers=1)
    merged = benchmarks.hash_list(Path(both), [two, one], workers=1)
    straight = benchmarks.hash_list(tmp_path / "s.parquet", [str(folder), str(tmp_path / "Land")], workers=1)
    assert merged.hashed == 0 and merged.rows.equals(straight.rows)
    assert merged.rows.column("id").to_pylist()[0] == "land/1" and len(merged.rows) == 6


def test_one_and_two_workers_make_the_same_list_and_times_are_not_in_its_digest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmarks, "CHUNK", 2)
    one = benchmarks.make(str(folder), workers=1)
    two = benchmarks.make(str(folder), workers=2)
    assert one.rows.equals(two.rows)
    shutil.copytree(folder, tmp_path / "other/sea", copy_function=shutil.copyfile)
    copied = benchmarks.make(str(tmp_path / "other/sea"), workers=1)
    assert not copied.rows.equals(one.rows) and _hashlist.digest(copied.rows) == _hashlist.digest(one.rows)


def test_two_files_of_one_stem_keep_their_suffixes(tmp_path: Path) -> None:
    save(picture(1), tmp_path / "f/a.png")
    save(picture(2), tmp_path / "f/a.jpg")
    save(picture(3), tmp_path / "f/b.jpg")
    ids = benchmarks.make(str(tmp_path / "f"), workers=1).rows.column("id").to_pylist()
    assert ids == ["f/a.jpg", "f/a.png", "f/b"]


def test_images_that_cannot_be_read_are_named_and_nothing_at_all_is_an_error(folder: Path, tmp_path: Path) -> None:
    (folder / "part/1.jpg").write_bytes(b"cut short")
    made = benchmarks.make(str(folder), workers=1)
    assert len(made.rows) == 4 and len(made.problems) == 1 and "part/1.jpg" in made.problems[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSource, match="none of its 0 images can be read"):
        benchmarks.make(str(tmp_path / "empty"))
    with pytest.raises(BadSource, match="nowhere: no dataset, folder or hash list"):
        benchmarks.make("nowhere")


def test_a_file_that_is_no_list_is_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "h.parquet"
    with pytest.raises(BadSource, match="no such hash list; make one"):
        _hashlist.read(file)
    file.write_bytes(b"nothing")
    with pytest.raises(BadSource, match="not a Parquet file"):
        _hashlist.read(file)
    write_part(file, [Record("a/x", "a")])
    with pytest.raises(BadSource, match="not a hash list of rsdata"):
        _hashlist.read(file)
    rows = benchmarks.make(str(folder), workers=1).rows
    about = {"format": 1, "phash": "phash64/grey64/0"}
    pq.write_table(rows.replace_schema_metadata({"rsdata": json.dumps(about)}), file)
    with pytest.raises(BadSource, match="hash phash64/grey64/0; wanted format 1, hash phash64/grey64/1"):
        _hashlist.read(file)
    about["phash"] = phash.VERSION
    pq.write_table(rows.drop_columns(["flat"]).replace_schema_metadata({"rsdata": json.dumps(about)}), file)
    with pytest.raises(BadSource, match="its columns"):
        _hashlist.read(file)


def scenes(root: Path, seeds: range) -> Path:
    """RSSCN7 as it is handed out, with pictures of these seeds."""
    for seed in seeds:
        save(picture(seed, 128, 128), root / f"aGrass/a{seed:03d}.jpg")
    return root


def test_a_dataset_and_a_corpus_of_it_make_the_same_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDATA_DATA", str(tmp_path))
    scenes(tmp_path / "rsscn7", range(3))
    dataset = benchmarks.make("rsscn7", workers=1)
    run(recipe.make("r", [recipe.source("rsscn7", None)], []), tmp_path / "c/r", workers=1)
    assert benchmarks.make(str(tmp_path / "c/r"), workers=1).rows.equals(dataset.rows)
    assert dataset.rows.column("source").to_pylist() == ["rsscn7"] * 3


def rsdata(*words: str) -> tuple[int, str]:
    from typer.testing import CliRunner

    if not app.registered_commands:
        _register()
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output


def test_the_command_fingerprints_a_corpus_or_writes_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDATA_DATA", str(tmp_path))
    scenes(tmp_path / "rsscn7", range(3))
    run(recipe.make("r", [recipe.source("rsscn7", None)], []), tmp_path / "r", workers=1)
    code, text = rsdata("fingerprint", "r", "-j", "1")
    assert code == 0 and "01-fingerprint" in text and "next: rsdata dedup r" in text
    assert all(r.phash for r in corpus.open("r").records())
    code, text = rsdata("fingerprint", "rsscn7", "--to", "h.parquet", "-j", "1")
    assert code == 0 and "h.parquet: 3 images, 3 of them hashed now" in text
    code, text = rsdata("fingerprint", "rsscn7", "--to", "h.parquet", "--json")
    assert code == 0 and '"hashed": 0' in text
    assert rsdata("fingerprint", "r", "rsscn7")[0] == 2
