"""Packing: the manifest, the dataset card, Croissant, and what `verify` finds."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from pack_corpus import contents, packed, world, write_parts

from rsdata.stages import _card, _tar, pack
from rsdata.stages._whole import digest


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


# manifest, card, verification


def test_manifest_counts(done):
    manifest = json.loads((done[0] / "manifest.json").read_text())
    assert manifest["counts"] == {
        "images": 42,
        "objects": 30,
        "captions": 72,
        "captions_by_lang": {"en": 42, "pt": 30},
        "captions_by_origin": {"b2c": 30, "human": 30, "template": 12},
        "captions_by_source": {"big": 12, "small": 60},
        "images_by_credit": {},
        "images_by_licence": {"CC-BY-4.0": 30, "none-stated": 12},
        "images_by_map_licence": {},
        "images_by_source": {"big": 12, "small": 30},
        "images_by_split": {"none": 12, "train": 30},
        "objects_by_source": {"small": 30},
    }
    assert manifest["sources"]["small"] == {
        "title": "Small pictures",
        "licence": "CC-BY-4.0",
        "terms": "Name the authors.",
        "citation": "@misc{s}",
        "images": 30,
        "objects": 30,
        "captions": 60,
    }
    assert manifest["params"]["loader_workers"] == 4
    assert {f["path"]: f.get("samples") for f in manifest["files"]} == {
        "README.md": None,
        "croissant.json": None,
        **{f"parquet/{i:06d}.parquet": n for i, n in enumerate((10, 11, 10, 11))},
        **{f"shards/{i:06d}.tar": n for i, n in enumerate((10, 11, 10, 11))},
        "shards/sizes.json": None,
    }


def test_no_path_of_the_machine_is_written(done, root, parts):
    for name, data in contents(done[0]).items():
        assert str(root).encode() not in data, name
        assert str(parts[0].parent).encode() not in data, name
        assert str(done[0]).encode() not in data, name


def test_card_header(done):
    text = (done[0] / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert head["pretty_name"] == "A small world"
    assert (head["license"], head["license_name"]) == ("other", "cc-by-4.0-and-none-stated")
    assert head["language"] == ["en", "pt"]
    assert head["size_categories"] == ["n<1K"]
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "parquet/*.parquet"}]
    assert "| small | 30 | 30 | 60 | CC-BY-4.0 |" in text
    assert 'WebDataset("shards/{000000..000003}.tar"' in text


@pytest.mark.parametrize(
    ("images", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (828_725, "100K<n<1M"), (20_000_000, "10M<n<100M"), (10**9, "1B<n<10B")],
)
def test_size_category(images, category):
    counts = {"images": images, "images_by_licence": {"CC-BY-4.0": images}, "captions_by_lang": {"en": images}}
    head = yaml.safe_load(_card._header("t", counts, {}).split("---")[1])
    assert (head["size_categories"], head["license"]) == ([category], "cc-by-4.0")


def test_croissant(done):
    found = json.loads((done[0] / "croissant.json").read_text())
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    manifest = json.loads((done[0] / "manifest.json").read_text())
    wanted = {f["path"]: f["sha256"] for f in manifest["files"] if "samples" in f}
    files = {f["contentUrl"]: f["sha256"] for f in found["distribution"] if f["@type"] == "cr:FileObject"}
    assert files == wanted
    assert [f["name"] for f in found["recordSet"][0]["field"]][:3] == ["image", "key", "text"]


def copied(done, tmp_path):
    return Path(shutil.copytree(done[0], tmp_path / "copy"))


def test_verify_finds_nothing_wrong(done):
    assert pack.verify(done[0]) == []


def rewrite(path, change):
    """Write a shard anew with changed samples, as an honest but other writer would."""
    samples = list(_tar.samples(path))
    with path.open("wb") as file:
        tar = _tar.TarWriter(file)
        for key, members in change(samples):
            tar.add(key, list(members.items()))
        tar.close()


@pytest.mark.parametrize(
    ("damage", "problems"),
    [
        (lambda out: (out / "manifest.json").unlink(), [r"manifest\.json: missing"]),
        (lambda out: (out / "manifest.json").write_text("{"), [r"manifest\.json: not a manifest"]),
        (lambda out: (out / "shards/000001.tar").unlink(), [r"shards/000001\.tar: missing"]),
        (lambda out: (out / "shards/000009.tar").touch(), [r"shards/000009\.tar: not in the manifest"]),
        (
            lambda out: (out / "shards/000002.tar").write_bytes((out / "shards/000002.tar").read_bytes()[:9000]),
            [r"000002\.tar: 9,000 bytes, the manifest says", r"000002\.tar: cut short inside 0000000\d\d\.\w+ at byte"],
        ),
        (
            lambda out: (out / "README.md").write_bytes((out / "README.md").read_bytes().replace(b"all", b"ALL")),
            [r"README\.md: sha256 is not that of the manifest"],
        ),
        (
            lambda out: (out / "parquet/000000.parquet").write_bytes(b"PAR1"),
            [r"000000\.parquet: 4 bytes", r"000000\.parquet: cannot be read"],
        ),
    ],
)
def test_verify_names_the_file(done, tmp_path, damage, problems):
    out = copied(done, tmp_path)
    damage(out)
    found = pack.verify(out)
    assert len(found) == len(problems), found
    for line, problem in zip(found, problems, strict=True):
        assert re.search(problem, line), line


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s[:-1], r"9 samples, the manifest says 10"),
        (lambda s: [("P1", s[0][1]), *s[1:]], r"the key P1 is not digits only"),
        (lambda s: [s[1], s[0], *s[2:]], r"key 000000000 comes after 000000001: keys must rise"),
        (lambda s: [(s[0][0], {**s[0][1], "txt": b"x"}), *s[1:]], r"000000000: the sentence in \.txt is not the one"),
        (lambda s: [(s[0][0], {**s[0][1], "json": b"{"}), *s[1:]], r"000000000: no readable JSON text"),
        (
            lambda s: [(s[0][0], {"txt": b"x", "json": s[0][1]["json"]}), *s[1:]],
            r"wants one image, has the members txt",
        ),
        (lambda s: [(f"{int(k) + 5:09d}", m) for k, m in s], r"key 000000010 also lies in shards/000000\.tar"),
    ],
)
def test_verify_reads_the_samples_too(done, tmp_path, change, problem):
    """A writer that keeps the manifest in step does not get wrong samples past."""
    out = copied(done, tmp_path)
    rewrite(out / "shards/000000.tar", change)
    manifest = json.loads((out / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["path"] == "shards/000000.tar":
            entry.update(digest(out / "shards/000000.tar"))
            keys = [key for key, _ in _tar.samples(out / "shards/000000.tar")]
            entry["keys"] = [keys[0], keys[-1]]
    (out / "manifest.json").write_text(json.dumps(manifest))
    found = pack.verify(out)
    assert any(re.search(problem, line) for line in found), found
