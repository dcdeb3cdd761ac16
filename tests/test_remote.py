"""Corpora, datasets and shards in a store: S3 as moto speaks it on loopback, the same bytes as on a disk."""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drawn
import fsspec
import numpy as np
import pytest
from PIL import Image

from rsdata import corpus, pixels, place, recipe, sample, store
from rsdata.errors import BadCorpus, BadImage, BadSource, RsdataError, ServiceError
from rsdata.place import Remote
from rsdata.readers import _georef
from rsdata.record import Window
from rsdata.report import check, stats
from rsdata.run import Silent, extend, run
from rsdata.stages import _memory
from rsdata.stages._memory import Entry

pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'rsdata[s3]'")
moto = pytest.importorskip("moto.server", reason="moto[server] is not installed: pip install 'rsdata[dev]'")


class Endpoint:
    """An S3 server that can be cut off and set up again, with what it held."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.buckets = 0
        self.up()

    def up(self) -> None:
        self.server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self.server.start()

    def down(self) -> None:
        self.server.stop()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """One server for all tests here, and nothing of the user's own S3 settings."""
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        patch.delenv(name)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made = Endpoint()
    patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.port}")
    patch.setenv("AWS_ACCESS_KEY_ID", "key")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setattr("s3fs.S3FileSystem.retries", 1)
    patch.setattr(store, "S3", {"connect_timeout": 2, "read_timeout": 10, "retries": {"max_attempts": 1}})
    store._store.cache_clear()
    yield made
    store._store.cache_clear()
    made.down()
    patch.undo()


@pytest.fixture
def bucket(endpoint: Endpoint) -> Remote:
    """A new bucket."""
    endpoint.buckets += 1
    name = f"bucket-{endpoint.buckets}"
    store._store("s3").mkdir(name)
    return Remote(f"s3://{name}")


def put(folder: Path, target: Remote) -> Remote:
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        (target / str(file.relative_to(folder))).put(file)
    return target


def plan(root: Path) -> recipe.Recipe:
    steps = [("tile", {"size": 64, "overlap": 16}), ("fingerprint", {}), ("dedup", {}), ("b2c", {})]
    steps.append(("pack", {"loader_workers": 2}))
    made = recipe.make("t", [recipe.source("dota", root)], steps, 0)
    return recipe.Recipe(made.name, made.sources, made.steps, 0, 2)


PIECES = 5 * 3 + 3 + 2  # three parts in five stages, pack's cuts, its shards


def tree(folder: Path, *without: str) -> dict[str, bytes]:
    if not isinstance(folder, Remote):
        return {name: data for name, data in drawn.tree(folder).items() if not name.endswith(without or ("\0",))}
    left_out = ("log.jsonl", ".lock", *without)
    return {name: (folder / name).read_bytes() for name in folder.files() if not name.endswith(left_out)}


def test_a_dataset_in_a_store_gives_the_corpus_of_one_on_a_disk(bucket: Remote, tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota", images=6)
    run(plan(root), tmp_path / "local", workers=1)
    there = put(root, bucket / "DOTA")
    first = run(plan(there), bucket / "corpus/dota", workers=1)
    assert first.ran == PIECES and run(plan(there), bucket / "corpus/dota", workers=1).ran == 0
    # files have other times there, so the keys of markers differ; everything else is equal to the byte
    keyed = (".done.json", "corpus.yaml", "05-pack/stage.json", "prepare.json")
    local, remote = tree(tmp_path / "local", *keyed), tree(bucket / "corpus/dota", *keyed)
    assert remote == local and len(local) == 45
    assert not (bucket / "corpus/dota/.lock").exists()
    found = corpus.open(f"{bucket}/corpus/dota")
    assert found.recipe["sources"][0]["root"] == f"{bucket}/DOTA" and found.roots == {"dota": there}
    assert [c.path for c in corpus.find(bucket / "corpus")] == [bucket / "corpus/dota"]
    assert stats.stats(found)["images"] == stats.stats(corpus.open(tmp_path / "local"))["images"]
    assert list(check.check(found, images=True, workers=1)) == []


def test_any_store_of_fsspec_holds_a_corpus(tmp_path: Path) -> None:
    there = put(drawn.dota(tmp_path / "dota", images=4), place.place("memory://data/DOTA"))
    for out in (tmp_path / "local", place.place("memory://corpora/c")):
        assert [run(plan(there), out, workers=1).ran for _ in range(2)] == [14, 0]
    assert tree(place.place("memory://corpora/c")) == tree(tmp_path / "local")


@pytest.mark.slow
def test_two_processes_and_a_branch(bucket: Remote, tmp_path: Path) -> None:
    there = put(drawn.dota(tmp_path / "dota", images=6), bucket / "DOTA")
    run(plan(there), bucket / "one", workers=1)
    run(plan(there), bucket / "two", workers=2)
    run(plan(there), tmp_path / "local", workers=1)
    assert tree(bucket / "one") == tree(bucket / "two") == tree(tmp_path / "local")
    extend(bucket / "one", "m2b", {}, out=bucket / "branch", workers=1)
    extend(bucket / "one", "m2b", {}, out=tmp_path / "branch", workers=1)
    assert tree(bucket / "branch") == tree(tmp_path / "branch")


class Cut(Silent):
    """A progress that cuts the endpoint off after some pieces."""

    def __init__(self, endpoint: Endpoint, after: int) -> None:
        self.endpoint, self.left = endpoint, after

    def advance(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.endpoint.down()


@pytest.mark.parametrize(
    "after", [8, pytest.param(2, marks=pytest.mark.slow), pytest.param(17, marks=pytest.mark.slow)]
)
def test_an_endpoint_that_is_cut_is_told_and_the_rerun_ends(
    endpoint: Endpoint, bucket: Remote, tmp_path: Path, after: int
) -> None:
    there = put(drawn.dota(tmp_path / "dota", images=6), bucket / "DOTA")
    run(plan(there), tmp_path / "whole", workers=1)
    with pytest.raises(ServiceError, match=r"s3://.*: the store does not answer .* run the same command again") as told:
        run(plan(there), bucket / "c", workers=1, progress=Cut(endpoint, after))
    endpoint.up()
    assert "\n" not in str(told.value)
    assert run(plan(there), bucket / "c", workers=1).ran == PIECES - after  # nothing that was finished is lost
    assert tree(bucket / "c") == tree(tmp_path / "whole")


def test_a_changed_object_of_the_same_size_is_read_again(bucket: Remote, tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota", images=4)
    there = put(root, bucket / "DOTA")
    run(plan(there), tmp_path / "c", workers=1)
    label = there / "labelTxt/P0003.txt"
    label.write_text(label.read_text().replace("ship", "boat"))
    done = run(plan(there), tmp_path / "c", workers=1)
    assert done.stages[0].drops == {"unknown-class": {"images": 0, "objects": 1}}


def test_two_writers_do_not_meet_and_a_dead_ones_lock_is_taken_over(
    bucket: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    with corpus.locked(bucket / "c"):
        told = rf"/c: process {os.getpid()} on .* is writing this corpus; wait"
        with pytest.raises(BadCorpus, match=told), corpus.locked(bucket / "c"):
            pass
        assert json.loads((bucket / "c/.lock").read_text())["pid"] == os.getpid()
    (bucket / "c/.lock").write_text(json.dumps({"host": os.uname().nodename, "pid": 2**22 + 1, "since": 0}))
    with corpus.locked(bucket / "c"):  # a process of this machine that is gone
        pass
    (bucket / "c/.lock").write_text(json.dumps({"host": "elsewhere", "pid": 1, "since": 0}))
    with (
        pytest.raises(BadCorpus, match=r"process 1 on elsewhere .* in \d+ s, or delete s3://"),
        corpus.locked(bucket / "c"),
    ):
        pass
    monkeypatch.setattr(place, "STALE", -1)
    with corpus.locked(bucket / "c"):
        pass


def test_a_lock_is_put_anew_while_it_is_held(bucket: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "BEAT", 0.05)
    lock = bucket / "c/.lock"
    with corpus.locked(bucket / "c"):
        lock.unlink()
        deadline = time.monotonic() + 10
        while not lock.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert lock.exists()
    assert not lock.exists()


def test_a_database_is_worked_on_here_and_put_back(
    bucket: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSDATA_CACHE", str(tmp_path / "cache"))
    file = bucket / "c/cache/translations.sqlite"
    one, two = (Entry(text, text.upper(), "", 4) for text in ("one", "two"))
    with _memory.opened(file, "m") as memory:
        memory.put("fr", [one])
    stamp = file.stat()
    with _memory.opened(file, "m") as memory:  # reading puts nothing
        assert memory.get("fr", ["one", "two"]) == {"one": one}
    assert file.stat() == stamp
    with _memory.opened(file, "m") as memory:
        memory.put("fr", [two])
        content = next((tmp_path / "cache").rglob("translations.sqlite")).read_bytes()
    file.write_bytes(content)  # changed in the store meanwhile, by another machine
    monkeypatch.setenv("RSDATA_CACHE", str(tmp_path / "elsewhere"))
    with _memory.opened(file, "m") as memory:
        assert memory.get("fr", ["one", "two"]) == {"one": one, "two": two}


def test_what_a_killed_process_remembered_is_not_lost(
    bucket: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSDATA_CACHE", str(tmp_path / "cache"))
    file = bucket / "c/cache/translations.sqlite"
    code = (
        "import os, sys; from rsdata.place import place; from rsdata.stages import _memory\n"
        "with _memory.opened(place(sys.argv[1]), 'm') as memory:\n"
        "    memory.put('fr', [_memory.Entry('one', 'UN', '', 4)]); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(file)]).returncode == -9
    assert not file.exists()
    with _memory.opened(file, "m") as memory:
        assert memory.get("fr", ["one"])["one"].text == "UN"
    assert file.is_file()


def test_a_window_of_a_large_raster_fetches_a_part_of_it(
    bucket: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rasterio

    values = np.random.default_rng(0).integers(0, 256, (3, 2048, 2048), np.uint8)
    how = {"driver": "GTiff", "width": 2048, "height": 2048, "count": 3, "dtype": "uint8", "tiled": True}
    how |= {"blockxsize": 256, "blockysize": 256, "transform": rasterio.Affine(1, 0, 5, 0, -1, 5)}
    with rasterio.open(tmp_path / "a.tif", "w", **how) as to:
        to.write(values)
    (bucket / "a.tif").put(tmp_path / "a.tif")
    fetched: list[int] = []
    readinto = store._Reader.readinto
    monkeypatch.setattr(store._Reader, "readinto", lambda self, b: fetched.append(n := readinto(self, b)) or n)
    window = Window(512, 768, 256, 256)
    assert np.array_equal(pixels.load(bucket / "a.tif", window), pixels.load(tmp_path / "a.tif", window))
    assert 256 * 256 * 3 <= sum(fetched) < (tmp_path / "a.tif").stat().st_size / 5


def test_images_are_as_on_a_disk_and_missing_or_damaged_ones_are_told(
    endpoint: Endpoint, bucket: Remote, tmp_path: Path
) -> None:
    Image.new("RGB", (40, 30), (1, 2, 3)).save(tmp_path / "a.jpg")
    for name, data in (("a.jpg", (tmp_path / "a.jpg").read_bytes()), ("b.jpg", b"no image"), ("c.tif", b"II*\0" * 9)):
        (bucket / name).write_bytes(data)
    assert pixels.info(bucket / "a.jpg") == pixels.info(tmp_path / "a.jpg")
    assert np.array_equal(pixels.load_grey(bucket / "a.jpg").pixels, pixels.load_grey(tmp_path / "a.jpg").pixels)
    for name, reason in (("x.jpg", "missing-image"), ("b.jpg", "unreadable-image"), ("c.tif", "unreadable-image")):
        with pytest.raises(BadImage) as told:
            pixels.load(bucket / name)
        assert told.value.reason == reason
    endpoint.down()
    try:
        for name in ("a.jpg", "c.tif"):
            with pytest.raises(ServiceError, match="the store does not answer"):
                pixels.load(bucket / name, Window(0, 0, 2, 2))
    finally:
        endpoint.up()


def test_what_cannot_be_is_told(bucket: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = drawn.dota(tmp_path / "dota", images=1)
    with pytest.raises(ServiceError, match=r"there is no bucket s3://no-such-bucket; make it first, or mend the name"):
        run(plan(root), place.place("s3://no-such-bucket/c"), workers=1)
    with pytest.raises(BadSource, match=rf"{bucket}/nothing: no such folder for dataset dota; give --root"):
        run(plan(bucket / "nothing"), tmp_path / "c", workers=1)
    with pytest.raises(BadSource, match=r"no-such-store://: no such kind of store is known"):
        run(plan(root), place.place("no-such-store://c"), workers=1)

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Access Denied")

    monkeypatch.setattr(store._store("s3"), "pipe_file", refused)
    with pytest.raises(ServiceError, match=r"/c.*: no rights to write here .*Access Denied.*check the keys and policy"):
        run(plan(root), bucket / "c", workers=1)


def test_a_text_is_a_path_of_one_kind_or_the_other() -> None:
    assert type(place.place("data/dota")) is type(Path("data/dota"))
    remote = place.place("s3://bucket/a/b.jpg")
    assert isinstance(remote, Remote) and str(remote) == "s3://bucket/a/b.jpg"
    assert place.place(Path("s3://bucket/a/b.jpg")) == remote  # as a command line library hands it over
    assert pickle.loads(pickle.dumps(remote)) == remote
    assert (remote.name, remote.suffix, str(remote.parent)) == ("b.jpg", ".jpg", "s3://bucket/a")
    assert str(remote.with_name("c.png")) == "s3://bucket/a/c.png" and str(remote / "d") == "s3://bucket/a/b.jpg/d"
    assert remote.relative_to(place.place("s3://bucket")).as_posix() == "a/b.jpg"
    assert remote.is_absolute() and remote.absolute() == remote.resolve() == remote
    assert remote / Path("/elsewhere") == Path("/elsewhere")
    assert pixels.inside(place.place("s3://b/x.tar!1.jpg")) == (place.place("s3://b/x.tar"), "1.jpg")


def test_a_remote_path_does_what_a_path_does(bucket: Remote) -> None:
    for name in ("a/1.txt", "a/2.txt", "a/b/3.txt", "d.bin"):
        (bucket / name).write_text(name)
    names = lambda paths: [p.relative_to(bucket).as_posix() for p in paths]  # noqa: E731
    assert names((bucket / "a").iterdir()) == ["a/1.txt", "a/2.txt", "a/b"]
    assert names(bucket.glob("*/?.txt")) == ["a/1.txt", "a/2.txt"]
    assert names(bucket.rglob("*.txt")) == ["a/1.txt", "a/2.txt", "a/b/3.txt"]
    assert list((bucket / "nothing").glob("*")) == [] == list((bucket / "nothing").rglob("*"))
    assert (bucket / "a").is_dir() and not (bucket / "a").is_file() and not (bucket / "nothing").exists()
    assert (bucket / "d.bin").stat().st_size == 5
    with (bucket / "d.bin").open("a") as file:
        file.write("!")
    with (bucket / "d.bin").open("rb") as file:
        assert (file.read(2), file.seek(-2, 2), file.read()) == (b"d.", 4, b"n!")
    for size in (0, 1, 63, 64, 65, 128):
        (bucket / "f").write_bytes(bytes(range(size)))
        with (bucket / "f").open("rb", 64) as file:
            assert [file.read(40) for _ in range(5)] == [bytes(range(size))[n : n + 40] for n in range(0, 200, 40)]
        with (bucket / "f").open("rb", 0) as raw:
            assert (raw.read(64), raw.seek(0, 2), raw.read()) == (bytes(range(size))[:64], size, b"")
    with pytest.raises(FileNotFoundError), (bucket / "nothing").open("rb") as file:
        file.read()
    (bucket / "f").unlink()
    with pytest.raises(ZeroDivisionError), (bucket / "d.bin").open("w") as file:
        file.write(str(1 // 0))
    assert (bucket / "d.bin").read_text() == "d.bin!"  # what failed left no trace
    (bucket / "d.bin").replace(bucket / "e.bin")
    assert not (bucket / "d.bin").exists() and (bucket / "e.bin").read_bytes() == b"d.bin!"
    copy = Path(os.fspath(bucket / "e.bin"))
    assert copy.read_bytes() == b"d.bin!" and os.fspath(bucket / "e.bin") == str(copy)
    (bucket / "e.bin").write_text("new")
    assert Path(os.fspath(bucket / "e.bin")).read_text() == "new"
    with pytest.raises(FileNotFoundError, match="no such object"):
        (bucket / "d.bin").read_bytes()
    place.remove(bucket / "a")
    assert names(bucket.rglob("*")) == ["e.bin"]


def test_georeferences_of_a_store_cost_a_header(
    endpoint: Endpoint, bucket: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rasterio

    how = {"driver": "GTiff", "width": 2048, "height": 1024, "count": 1, "dtype": "uint8", "crs": "EPSG:32633"}
    with rasterio.open(tmp_path / "a.tif", "w", transform=rasterio.Affine(2, 0, 5e5, 0, -2, 5e6), **how) as to:
        to.write(np.arange(2048 * 1024, dtype=np.uint64).astype(np.uint8).reshape(1, 1024, 2048))
    (bucket / "a.tif").put(tmp_path / "a.tif")
    fetched: list[int] = []
    readinto = store._Reader.readinto
    monkeypatch.setattr(store._Reader, "readinto", lambda self, b: fetched.append(n := readinto(self, b)) or n)
    assert _georef.read(bucket / "a.tif") == _georef.read(tmp_path / "a.tif")
    assert 0 < sum(fetched) < (tmp_path / "a.tif").stat().st_size / 2
    cut = store._Reader.readinto

    def down(self: store._Reader, buffer: bytearray) -> int:
        if self._at:
            raise ServiceError("s3://: the store does not answer")
        return cut(self, buffer)

    monkeypatch.setattr(store._Reader, "readinto", down)  # in the middle of the file
    with pytest.raises(ServiceError, match="the store does not answer"):
        pixels.load(bucket / "a.tif", Window(1024, 900, 64, 64))


def rsdata(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rsdata.cli.app", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def test_commands_take_addresses_and_say_what_is_wrong_in_one_line(bucket: Remote, tmp_path: Path) -> None:
    put(drawn.dota(tmp_path / "dota", images=3), bucket / "DOTA")
    made = rsdata("convert", "dota", "--root", f"{bucket}/DOTA", "--out", f"{bucket}/c", "-j", 1, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["corpus"] == f"{bucket}/c"
    found = json.loads(rsdata("stats", f"{bucket}/c", "--json").stdout)
    assert (found["images"], found["objects"]) == (3, 3)
    bare = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    for words, environment, told in (
        (["stats", "s3://no-such-bucket/c"], {}, r"there is no bucket s3://no-such-bucket; make it first"),
        (["stats", f"{bucket}/c"], bare, r"no credentials for s3://bucket-\d+ .*AWS_ACCESS_KEY_ID"),
        (["stats", f"{bucket}/nothing"], {}, r"nothing: no corpus here"),
    ):
        bad = rsdata(*words, **environment)
        assert bad.returncode == 1 and bad.stderr.count("\n") == 1 and re.search(told, bad.stderr), bad.stderr


def test_the_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(protocol: str, **_: Any) -> None:
        raise ImportError(f"Install the package for {protocol}")

    monkeypatch.setattr(fsspec, "filesystem", absent)
    for protocol, told in (
        ("gs", r"^gs:// is read by a package that is not installed: Install the package for gs$"),
        ("s3a", r"^s3a:// needs the package s3fs: pip install 'rsdata\[s3\]'$"),
    ):
        with pytest.raises(RsdataError, match=told):
            place.place(f"{protocol}://bucket/c").is_file()


QUICK = {"coco", "geotiff", "parquet", "webdataset", "loveda"}


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in sample.FORMATS])
def test_every_reader_reads_from_a_store(tmp_path: Path, name: str) -> None:
    sample.write(tmp_path, scenes=2, formats=[name])
    there = put(tmp_path / name, place.place(f"memory://readers/{name}"))
    corpora = []
    for root, out in ((tmp_path / name, tmp_path / "c"), (there, place.place(f"memory://read/{name}"))):
        steps = [("m2b", {}), ("b2c", {})]
        done = run(recipe.make("x", [recipe.source(name, root)], steps), out, workers=1)
        assert done.stages[0].counts["images"]["out"] > 0
        corpora.append([p.read_bytes() for stage in done.stages for p in sorted(stage.path.glob("part*.parquet"))])
    assert corpora[0] == corpora[1]
