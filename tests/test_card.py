"""The dataset card and Croissant metadata of a pack: what it may be used for, and that mlcroissant loads it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from pack_corpus import contents, packed, world, write_parts

from rsdata.record import Caption, Record
from rsdata.stages import _card

mlcroissant = pytest.importorskip("mlcroissant")
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib's, in it


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    root = tmp_path_factory.mktemp("pictures")
    found = world(root, pictures=6, windows=4)
    for one in found[:2]:
        one.licence = "CC-BY-NC-SA-4.0"
    found[2].captions.append(Caption("ein Flugzeug", "de", "mt:nllb-200-distilled-600M", of=1))
    found[3].extra |= {
        "landmarks_licence": "ODbL-1.0, CDLA-Permissive-2.0",
        "attribution": "© OpenStreetMap contributors",
    }
    return root, found


@pytest.fixture(scope="module", params=["images", "captions"])
def done(
    records: tuple[Path, list[Record]], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A pack with images, and one of captions only."""
    out = tmp_path_factory.mktemp("packed")
    parts = write_parts(tmp_path_factory.mktemp("parts"), records[1], size=6)
    packed(records[0], parts, out, captions_only=request.param == "captions", loader_workers=2)
    return out


TABLE = """\
| part | licence | commercial | passing on | research | share alike | name it |
|---|---|---|---|---|---|---|
| images | CC-BY-4.0 | yes | yes | yes | no | yes |
| images | CC-BY-NC-SA-4.0 | no | yes | yes | yes | yes |
| images | none-stated | read the terms | read the terms | read the terms | read the terms | read the terms |
| captions mt:nllb-200-distilled-600M | CC-BY-NC-4.0 | no | yes | yes | no | yes |
| map data | CDLA-Permissive-2.0 | yes | yes | yes | no | yes |
| map data | ODbL-1.0 | yes | yes | yes | yes | yes |
| all | | no | read the terms | read the terms | yes | yes |

- In the way: CC-BY-NC-SA-4.0, ODbL-1.0 each want what is derived under their own terms; keep their parts apart, \
or pack them as separate corpora.
- Map data: © OpenStreetMap contributors.
"""


def test_the_card_says_what_it_may_be_used_for(done: Path) -> None:
    text = (done / "README.md").read_text("utf-8")
    assert TABLE in text
    assert ("rsdata join" in text) == (done / "captions").is_dir()
    assert "{" not in text.replace("{000000..000001}", "").replace("@misc{s}", "")


def test_the_manifest_carries_the_rights(done: Path) -> None:
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    rights = manifest["rights"]
    assert [(part["part"], part["licence"]) for part in rights["parts"]] == [
        ("images", "CC-BY-4.0"),
        ("images", "CC-BY-NC-SA-4.0"),
        ("images", "none-stated"),
        ("captions mt:nllb-200-distilled-600M", "CC-BY-NC-4.0"),
        ("map data", "CDLA-Permissive-2.0"),
        ("map data", "ODbL-1.0"),
    ]
    assert rights["whole"]["commercial"] is False and rights["whole"]["redistribution"] is None
    assert rights["credits"] == ["© OpenStreetMap contributors"]


def test_croissant_validates_and_loads(
    done: Path, records: tuple[Path, list[Record]], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.ERROR):
        dataset = mlcroissant.Dataset(jsonld=str(done / "croissant.json"))
    assert dataset.metadata.ctx.issues.errors == set()
    assert dataset.metadata.license == [
        "https://creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        "none-stated",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        "https://cdla.dev/permissive-2-0/",
        "https://opendatacommons.org/licenses/odbl/1-0/",
    ]
    rows = {row["samples/id"].decode(): row for row in dataset.records("samples")}
    by_id = {one.id: one for one in records[1]}
    assert rows.keys() == by_id.keys()
    for id, row in rows.items():
        assert (row["samples/width"], row["samples/height"]) == (by_id[id].width, by_id[id].height)
        assert row["samples/licence"].decode() == by_id[id].licence
        if (done / "captions").is_dir():
            assert row["samples/image"].decode() == ("scene" if by_id[id].source == "big" else id.rpartition("/")[2])
        else:
            assert row["samples/image"].size == (by_id[id].width, by_id[id].height)
            assert row["samples/text"].decode() in {c.text for c in by_id[id].captions}


def test_croissant_says_what_the_whole_allows(done: Path) -> None:
    found = json.loads((done / "croissant.json").read_text("utf-8"))
    assert found["creditText"] == "© OpenStreetMap contributors"
    assert found["usageInfo"] == (
        "commercial: no; redistribution: read the terms; derivatives: read the terms; research: read the terms;"
        " attribution: yes; share alike: yes"
    )


def test_shards_alone_validate(records: tuple[Path, list[Record]], tmp_path: Path) -> None:
    parts = write_parts(tmp_path / "parts", records[1])
    packed(records[0], parts, tmp_path / "out", formats=["webdataset"], loader_workers=1)
    dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "out/croissant.json"))
    assert dataset.metadata.ctx.issues.errors == set()


def test_captions_only_give_the_same_bytes_in_any_order(records: tuple[Path, list[Record]], tmp_path: Path) -> None:
    from rsdata.stages import pack

    parts = write_parts(tmp_path / "parts", records[1], size=4)
    packed(records[0], parts, tmp_path / "one", captions_only=True)
    given = {"parts": parts, "out": tmp_path / "two", "roots": {"small": records[0], "big": records[0]}, "seed": 7}
    (names,) = pack.rounds(parts, out=tmp_path / "two", seed=7, key="k", params={"captions_only": True})
    assert names == ["captions-00000", "captions-00001", "captions-00002"]
    for name in reversed(names):
        pack.work(name, **given, captions_only=True)
    from pack_corpus import SOURCES

    pack.finish(out=tmp_path / "two", seed=7, params={"captions_only": True}, title="A small world", sources=SOURCES)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert pack.verify(tmp_path / "one") == [] and pack.intact(tmp_path / "one")
    (tmp_path / "one/captions/000001.parquet").write_bytes(b"")
    assert len(pack.verify(tmp_path / "one")) == 1 and not pack.intact(tmp_path / "one")


def test_datasets_reads_captions_only(
    records: tuple[Path, list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    packed(records[0], write_parts(tmp_path / "parts", records[1]), tmp_path / "out", captions_only=True)
    found = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    rows = {row["id"]: row for row in found}
    row = rows["big/scene@100,0,100,100"]
    assert (row["source"], row["split"], row["image"]) == ("big", "", "scene")
    assert row["window"] == {"x": 100, "y": 0, "width": 100, "height": 100}
    assert row["file_bytes"] == (records[0] / "big/scene.png").stat().st_size and row["file_sha256"] is None
    assert [c["text"] for c in rows["small/train/p1"]["captions"]] == ["um avião 1", "a plane 1"]


def test_rights_of_nothing() -> None:
    counts = {name: {} for name in _card.GROUPS}
    found = _card.rights(counts)
    assert found["parts"] == [] and set(found["whole"].values()) == {None}
