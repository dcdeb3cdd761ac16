"""export: COCO read back by pycocotools and by our own reader, the table by pandas; nothing is left out unsaid."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import drawn
import pytest

from rsdata import corpus, readers, recipe
from rsdata.errors import BadRecipe
from rsdata.export import coco, export
from rsdata.export.files import safe
from rsdata.record import Record
from rsdata.run import run


def made(folder: Path, *steps: tuple[str, dict]) -> corpus.Corpus:
    source = recipe.source("dota", drawn.dota(folder / "dota"))
    run(recipe.make("t", [source], [*steps, ("b2c", {"langs": ["en", "fr"]})]), folder / "c", workers=1)
    return corpus.open(folder / "c")


@pytest.mark.parametrize("segmentation", ["polygon", "rle", "none"])
def test_pycocotools_and_our_reader_give_the_boxes_back(tmp_path: Path, segmentation: str) -> None:
    from pycocotools.coco import COCO

    found = made(tmp_path, ("tile", {"size": 64, "overlap": 8}))
    records = {r.id: r for r in found.records()}
    done = export(found, "coco", tmp_path / "out", images="write", segmentation=segmentation)
    objects = sum(len(r.objects) for r in records.values())
    assert done.counts["images"] == done.counts["given"] == len(records) and done.counts["objects"] == objects
    with contextlib.redirect_stdout(io.StringIO()):
        read = COCO(str(tmp_path / "out/annotations/instances_all.json"))
        said = COCO(str(tmp_path / "out/annotations/captions_all.json"))
    names = {c["id"]: c["name"] for c in read.loadCats(read.getCatIds())}
    for image in read.loadImgs(read.getImgIds()):
        record = records[image["rsdata_id"]]
        rows = read.loadAnns(read.getAnnIds(imgIds=image["id"]))
        boxes = [(a["bbox"][0], a["bbox"][1], a["bbox"][0] + a["bbox"][2], a["bbox"][1] + a["bbox"][3]) for a in rows]
        assert [names[a["category_id"]] for a in rows] == [o.label for o in record.objects]
        for box, obj in zip(boxes, record.objects, strict=True):
            assert box == pytest.approx(obj.box, abs=1e-5)
        texts = [a["caption"] for a in said.loadAnns(said.getAnnIds(imgIds=image["id"]))]
        assert texts == [c.text for c in record.captions]
    reader = readers.get("coco")
    back = [o for item in reader.find(tmp_path / "out") for o in reader.read(item)]
    assert all(isinstance(one, Record) for one in back) and len(back) == len(records)
    boxes = sorted((o.label, *o.box) for r in back for o in r.objects)
    assert boxes == sorted((o.label, *o.box) for r in records.values() for o in r.objects)


def test_the_table_is_read_by_pandas_as_open_clip_does(tmp_path: Path) -> None:
    import pandas

    found = made(tmp_path)
    done = export(found, "csv", tmp_path / "out", langs=["en"])
    rows = pandas.read_csv(tmp_path / "out/captions_all.csv", sep="\t")
    assert list(rows.columns) == ["filepath", "title", "lang"]
    wanted = [c.text for r in found.records() for c in r.captions if c.lang == "en"]
    assert rows["title"].tolist() == wanted and done.counts["captions"] == len(wanted)
    assert all(Path(name).is_file() for name in rows["filepath"])


def test_windows_are_left_out_and_counted_where_files_are_kept(tmp_path: Path) -> None:
    found = made(tmp_path, ("tile", {"size": 64, "overlap": 8}))
    done = export(found, "coco", tmp_path / "out")
    assert done.counts["images"] == 0 and done.left_out == {"window": done.counts["given"]}
    assert "--images write" in done.text()


def test_two_exports_have_the_same_bytes(tmp_path: Path) -> None:
    found = made(tmp_path)
    for name in ("one", "two"):
        export(found, "coco", tmp_path / name, images="write")
    assert drawn.tree(tmp_path / "one") == drawn.tree(tmp_path / "two")
    first = json.loads((tmp_path / "one/annotations/instances_all.json").read_text())["images"][0]
    assert first == {"id": 1, "file_name": "images/dota/P0000.png", "width": 120, "height": 90, "license": 1,
                     "rsdata_id": "dota/P0000"}  # fmt: skip


def test_parameters_that_cannot_be(tmp_path: Path) -> None:
    found = made(tmp_path)
    for given, message in (({"form": "voc"}, "form wants coco, csv"), ({"images": "x"}, "images wants keep, write")):
        with pytest.raises(BadRecipe, match=message):
            export(found, given.get("form", "coco"), tmp_path / "o", images=given.get("images", "keep"))


@pytest.mark.parametrize(("id", "path"), [("a/../b", "a/%2e%2e/b"), ("d/x y@0,0,1,1", "d/x%20y@0,0,1,1")])
def test_ids_become_paths_that_stay_inside(id: str, path: str) -> None:
    assert safe(id) == path


def test_numbers_are_short() -> None:
    assert coco.dumps([coco.short(3.0), coco.short(0.10000000149011612), coco.tidy(0.3 - 0.1)]) == "[3,0.1,0.2]"
