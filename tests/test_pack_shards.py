"""Packing: the shuffle, the number of shards, the same bytes whatever happens."""

import errno
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pack_corpus import SOURCES, contents, packed, world, write_parts

from rsdata.stages import _shuffle, _tar, pack


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


# the shuffle and the shards


def test_the_order_is_a_shuffle_of_seed_and_id(root, records, parts, done, tmp_path):
    def order(out):
        return [json.loads(s["json"])["id"] for s in samples_of(out).values()]

    first = order(done[0])
    assert first != sorted(first)
    assert {record.source for record in records} == {i.split("/")[0] for i in first[:11]}
    other_parts = write_parts(tmp_path / "parts", records, 5)
    packed(root, other_parts, tmp_path / "same", formats=["webdataset"])
    packed(root, parts, tmp_path / "seed", seed=8, formats=["webdataset"])
    assert order(tmp_path / "same") == first
    assert order(tmp_path / "seed") != first


def test_rank_never_changes():
    assert _shuffle.rank(0, "dota/train/P0001") == 13_630_840_379_021_929_607
    assert _shuffle.rank(1, "dota/train/P0001") == 14_302_708_631_110_706_825


@pytest.mark.parametrize(
    ("samples", "size", "gpus", "loaders", "shards"),
    [
        (0, 0, 1, 4, 0),
        (3, 300, 1, 4, 3),
        (4, 400, 1, 4, 4),
        (10_000, 1000, 1, 4, 4),
        (40_000, 1000, 1, 4, 4),
        (40_001, 1000, 1, 4, 8),
        (1_000_000, 1000, 8, 8, 128),
        (100, 9_000_000, 1, 4, 12),
        (100_000, 1000, 1, 1, 10),
    ],
)
def test_how_many_shards(samples, size, gpus, loaders, shards):
    bounds = {"shard_size": 10_000, "shard_bytes": 1_000_000}
    assert _shuffle.shard_count(samples, size, gpus=gpus, loader_workers=loaders, **bounds) == shards


@given(st.integers(1, 10**6), st.integers(0, 10**9), st.integers(1, 64), st.integers(1, 16), st.integers(1, 10**5))
def test_shards_fit_the_loaders_and_differ_by_one_sample_at_most(samples, size, gpus, loaders, shard_size):
    count = _shuffle.shard_count(
        samples, size, gpus=gpus, loader_workers=loaders, shard_size=shard_size, shard_bytes=10**6
    )
    assert count == samples or (count % (gpus * loaders) == 0 and count >= gpus * loaders)
    few = {0, 1, count // 2, count - 2, count - 1} & set(range(count))
    sizes = [last - first for first, last in (_shuffle.bounds(i, samples, count) for i in few)]
    assert max(sizes) - min(sizes) <= 1
    assert 1 <= max(sizes) <= shard_size
    assert _shuffle.bounds(0, samples, count)[0] == 0
    assert _shuffle.bounds(count - 1, samples, count)[1] == samples


def test_shards_are_at_least_as_many_as_loaders(root, parts, tmp_path):
    report = packed(root, parts, tmp_path, gpus=2, loader_workers=3, shard_size=5)
    sizes = json.loads((tmp_path / "shards/sizes.json").read_text())
    assert report.shards == 12
    assert list(sizes) == [f"{i:06d}.tar" for i in range(12)]
    assert sorted(sizes.values()) == [3] * 6 + [4] * 6
    assert report.notes == []


def test_too_few_samples_are_said(root, records, tmp_path):
    report = packed(root, write_parts(tmp_path / "p", records[:2]), tmp_path / "out")
    assert (report.shards, report.notes) == (2, ["2 samples are too few for 4 loaders: one a shard"])


def test_images_of_a_test_split_are_said(root, records, tmp_path):
    mixed = [replace(record, split="test") for record in records[:3]] + records[3:8]
    report = packed(root, write_parts(tmp_path / "p", mixed), tmp_path / "out")
    assert report.notes == ["3 images are of val or test splits of their sources: drop them before training"]


def test_nothing_to_pack(root, tmp_path):
    report = packed(root, write_parts(tmp_path / "p", []), tmp_path / "out")
    assert (report.images, report.shards) == (0, 0)
    assert pack.verify(tmp_path / "out") == []


# the same bytes, whatever happens


def test_packed_twice_is_the_same_to_the_byte(root, parts, done, tmp_path):
    packed(root, parts, tmp_path)
    assert contents(tmp_path) == contents(done[0])
    assert sorted(contents(tmp_path))[:3] == ["README.md", "croissant.json", "manifest.json"]


def test_two_workers_and_another_order_give_the_same_bytes(root, parts, done, tmp_path):
    given = {"parts": parts, "out": tmp_path, "roots": {"small": root, "big": root}, "seed": 7}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for names in pack.rounds(parts, out=tmp_path, seed=7, key="k", params={}):
            list(pool.map(partial(pack.work, **given), reversed(names)))
    pack.finish(out=tmp_path, seed=7, params={}, title="A small world", sources=SOURCES)
    assert contents(tmp_path) == contents(done[0])


def test_a_stopped_run_goes_on_where_it_was(root, parts, done, tmp_path):
    given = {"parts": parts, "out": tmp_path, "roots": {"small": root, "big": root}, "seed": 7}
    first = next(pack.rounds(parts, out=tmp_path, seed=7, key="k", params={}))
    assert first == ["cut-00000", "cut-00001", "cut-00002", "cut-00003"]
    for name in ("cut-00002", "cut-00000"):
        pack.work(name, **given)
    again = pack.rounds(parts, out=tmp_path, seed=7, key="k", params={})
    assert next(again) == ["cut-00001", "cut-00003"]
    for name in ("cut-00001", "cut-00003"):
        pack.work(name, **given)
    assert next(again) == [f"shard-{i:06d}" for i in range(4)]
    pack.work("shard-000003", **given)
    third = list(pack.rounds(parts, out=tmp_path, seed=7, key="k", params={}))
    assert third == [[], ["shard-000000", "shard-000001", "shard-000002"]]
    for name in third[1]:
        pack.work(name, **given)
    pack.finish(out=tmp_path, seed=7, params={}, title="A small world", sources=SOURCES)
    assert contents(tmp_path) == contents(done[0])


def test_another_key_starts_anew_and_leaves_nothing_old(root, records, parts, tmp_path):
    packed(root, parts, tmp_path, key="old", shard_size=2)
    assert (tmp_path / "shards/000023.tar").is_file()
    names = next(pack.rounds(parts, out=tmp_path, key="new", params={}))
    assert len(names) == 4
    assert not (tmp_path / "manifest.json").exists()
    packed(root, parts, tmp_path, key="new", formats=["webdataset"])
    assert sorted(p.name for p in (tmp_path / "shards").iterdir()) == [
        *(f"{i:06d}.tar" for i in range(4)),
        "sizes.json",
    ]
    assert list((tmp_path / "parquet").iterdir()) == []
    assert pack.verify(tmp_path) == []


@pytest.mark.parametrize(
    "full", ["cut-00001.bin", "plan.npy", "000002.tar", "000001.parquet", "sizes.json", "manifest.json"]
)
def test_a_full_disk_at_rename_leaves_no_half_file_and_a_rerun_mends(root, parts, done, tmp_path, monkeypatch, full):
    rename = Path.replace

    def refuse(self, target):
        if Path(target).name == full:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(OSError, match="No space left on device"):
            packed(root, parts, tmp_path)
    names = [p.name for p in tmp_path.rglob("*")]
    assert full not in names
    assert [n for n in names if n.endswith(".tmp")] == []
    packed(root, parts, tmp_path)
    assert contents(tmp_path) == contents(done[0])


def test_a_full_disk_while_writing(root, parts, done, tmp_path, monkeypatch):
    def full(self, key, members):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_tar.TarWriter, "add", full)
        with pytest.raises(OSError, match="No space left on device"):
            packed(root, parts, tmp_path)
    assert [p.name for p in tmp_path.rglob("*") if p.suffix in (".tar", ".parquet", ".tmp")] == []
    packed(root, parts, tmp_path)
    assert contents(tmp_path) == contents(done[0])
