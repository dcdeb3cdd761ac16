"""The runner: ledgers, resume, kill, full disk, other parameters, more workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import drawn
import pytest

from rsdata import corpus, recipe, sources, stages
from rsdata.errors import BadCorpus, BadRecipe, BadSource, Conservation, RsdataError
from rsdata.record import Drop, Made, Obj, Record, read_part
from rsdata.run import extend, run


def plan(root: Path, *steps: tuple[str, dict], part_size: int = 2, seed: int = 0) -> recipe.Recipe:
    made = recipe.make("t", [recipe.source("dota", root)], list(steps), seed)
    return recipe.Recipe(made.name, made.sources, made.steps, made.seed, part_size)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return drawn.dota(tmp_path / "dota")


def test_a_run_counts_every_image_and_object(root: Path, tmp_path: Path) -> None:
    done = run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert [s.path.name for s in done.stages] == ["00-read", "01-b2c"]
    assert done.stages[0].counts["images"] == {"in": 0, "made": 5, "out": 5, "dropped": 0}
    assert done.stages[0].counts["objects"] == {"in": 0, "made": 10, "out": 10, "dropped": 0}
    assert done.stages[1].counts["objects"] == {"in": 10, "made": 0, "out": 10, "dropped": 0}
    assert [p.name for p in done.stages[1].parts] == [f"part-{n:05d}.parquet" for n in range(3)]
    records = list(corpus.open(tmp_path / "c").records())
    assert [r.id for r in records] == [f"dota/P{n:04d}" for n in range(5)]
    assert records[1].objects == [
        Obj("airplane", (5.0, 10.0, 25.0, 22.0), (5.0, 10.0, 25.0, 10.0, 25.0, 22.0, 5.0, 22.0), 240.0)
    ]
    assert records[0].captions == [] and records[2].captions


def test_a_second_run_runs_nothing(root: Path, tmp_path: Path) -> None:
    first = run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    before = {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "c").rglob("part-*"))}
    again = run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert (first.ran, again.ran) == (6, 0)
    assert {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "c").rglob("part-*"))} == before


def test_one_and_two_workers_write_the_same_bytes(root: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        run(plan(root, ("m2b", {}), ("b2c", {})), tmp_path / str(workers), workers=workers)
    assert drawn.tree(tmp_path / "1") == drawn.tree(tmp_path / "2")


def test_a_mended_file_is_read_again_and_what_follows_from_it(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    label = root / "labelTxt/P0004.txt"
    label.write_text(label.read_text() + "1 1 9 1 9 9 1 9 harbor 0\n")
    again = run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert again.ran == 2  # the part of P0004 in read and in b2c
    assert again.stages[1].counts["objects"]["out"] == 11


def test_a_part_that_is_gone_is_made_again(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    before = drawn.tree(tmp_path / "c")
    (tmp_path / "c/01-b2c/part-00001.parquet").unlink()
    (tmp_path / "c/01-b2c/part-00001.done.json").write_text("{")
    assert run(plan(root, ("b2c", {})), tmp_path / "c", workers=1).ran == 1
    assert drawn.tree(tmp_path / "c") == before


def test_a_part_without_its_file_is_not_done(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    (tmp_path / "c/01-b2c/part-00001.parquet").unlink()
    assert run(plan(root, ("b2c", {})), tmp_path / "c", workers=1).ran == 1


def test_fewer_images_leave_no_old_part_behind(root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "c", workers=1)
    for name in ("images/P0004.png", "labelTxt/P0004.txt"):
        (root / name).unlink()
    done = run(plan(root), tmp_path / "c", workers=1)
    assert [p.name for p in done.stages[0].parts] == ["part-00000.parquet", "part-00001.parquet"]
    assert done.stages[0].counts["images"]["out"] == 4


def test_other_parameters_are_refused_and_with_replace_made_again(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    with pytest.raises(BadCorpus, match=r'01-b2c: was made as .*"full".* now wanted .*"remoteclip".*--out .*--replace'):
        run(plan(root, ("b2c", {"rules": "remoteclip"})), tmp_path / "c", workers=1)
    with pytest.raises(BadCorpus, match="00-read: was read with other seed"):
        run(plan(root, seed=1), tmp_path / "c", workers=1)
    done = run(plan(root, ("b2c", {"rules": "remoteclip"})), tmp_path / "c", workers=1, replace=True)
    assert done.ran == 3 and done.stages[1].params["rules"] == "remoteclip"


def test_a_shorter_command_keeps_the_stages_added_later(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("m2b", {})), tmp_path / "c", workers=1)
    extend(tmp_path / "c", "b2c", {}, workers=1)
    assert run(plan(root, ("m2b", {})), tmp_path / "c", workers=1).ran == 0
    assert [s.name for s in corpus.open(tmp_path / "c").stages] == ["read", "m2b", "b2c"]


def test_extending_twice_resumes_and_other_parameters_append(root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "c", workers=1)
    assert extend(tmp_path / "c", "b2c", {}, workers=1).ran == 3
    assert extend(tmp_path / "c", "b2c", {}, workers=1).ran == 0
    extend(tmp_path / "c", "b2c", {"rules": "remoteclip"}, workers=1)
    assert [s.path.name for s in corpus.open(tmp_path / "c").stages] == ["00-read", "01-b2c", "02-b2c"]


def test_out_branches_and_leaves_the_old_corpus_alone(root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "c", workers=1)
    before = drawn.tree(tmp_path / "c")
    extend(tmp_path / "c", "b2c", {}, out=tmp_path / "d", workers=1)
    assert drawn.tree(tmp_path / "c") == before
    assert [s.path.name for s in corpus.open(tmp_path / "d").stages] == ["00-read", "01-b2c"]
    part = "00-read/part-00000.parquet"
    assert (tmp_path / "c" / part).stat().st_ino == (tmp_path / "d" / part).stat().st_ino


def test_a_branch_leaves_packs_behind(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("pack", {"loader_workers": 1, "keep_uncaptioned": True}), ("b2c", {})), tmp_path / "c", workers=1)
    done = extend(tmp_path / "c", "m2b", {}, out=tmp_path / "d", workers=1)
    assert [s.path.name for s in done.stages] == ["00-read", "01-b2c", "02-m2b"]
    assert extend(tmp_path / "c", "b2c", {}, out=tmp_path / "e", workers=1).ran == 0  # it is there already
    assert extend(tmp_path / "c", "m2b", {}, out=tmp_path / "d", workers=1).ran == 0


def test_the_dataset_may_move(root: Path, tmp_path: Path) -> None:
    first = run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    root.rename(tmp_path / "elsewhere")
    moved = run(plan(tmp_path / "elsewhere", ("b2c", {})), tmp_path / "c", workers=1)
    assert (first.ran, moved.ran) == (6, 0)
    assert corpus.open(tmp_path / "c").roots == {"dota": (tmp_path / "elsewhere").resolve()}


def test_a_missing_dataset_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"nowhere: no such folder for dataset dota.*How to get it"):
        run(plan(tmp_path / "nowhere"), tmp_path / "c")


def test_an_unknown_reader_option_is_named(root: Path, tmp_path: Path) -> None:
    made = recipe.make("t", [recipe.source("dota", root, options={"colour": 1})], [])
    with pytest.raises(BadSource, match="reader dota has no option 'colour'"):
        run(made, tmp_path / "c")


def test_too_many_drops_are_reported(root: Path, tmp_path: Path) -> None:
    (root / "images/P0003.png").unlink()
    done = run(plan(root), tmp_path / "c", workers=1)
    assert done.over == ["read dropped 1 of 5 images (missing-image 1)"]
    assert done.stages[0].counts["objects"] == {"in": 0, "made": 10, "out": 7, "dropped": 3}
    assert extend(tmp_path / "c", "b2c", {}, workers=1).over == []  # told once, by the command that read
    drop = next(corpus.open(tmp_path / "c").drops(done.stages[0]))
    assert (drop.id, drop.reason, drop.images, drop.objects) == ("dota/P0003", "missing-image", 1, 3)


def test_a_corpus_of_another_format_is_refused(root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "c", workers=1)
    file = tmp_path / "c/corpus.yaml"
    file.write_text(file.read_text().replace("format: 1", "format: 99").replace("rsdata: 0", "rsdata: 9"))
    with pytest.raises(BadCorpus, match=r"corpus\.yaml: corpus format 99 written by rsdata 9.* reads format 1"):
        run(plan(root), tmp_path / "c", workers=1)


def test_a_stage_of_another_version_is_refused(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    file = tmp_path / "c/01-b2c/stage.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": 0}))
    with pytest.raises(BadCorpus, match="01-b2c: was made by another version of this stage; give --out"):
        run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)


def test_two_writers_do_not_meet(root: Path, tmp_path: Path) -> None:
    with corpus.locked(tmp_path / "c"), pytest.raises(BadCorpus, match="another rsdata process"):
        run(plan(root), tmp_path / "c")


def test_stale_stages_are_told(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert corpus.open(tmp_path / "c").stale() == []
    label = root / "labelTxt/P0001.txt"
    label.write_text(label.read_text() + "\n")
    run(plan(root), tmp_path / "c", workers=1)
    assert "01-b2c: older than the stage before it; run `rsdata run" in corpus.open(tmp_path / "c").stale()[0]


def test_a_damaged_shard_is_packed_again(root: Path, tmp_path: Path) -> None:
    steps = ("b2c", {}), ("pack", {"formats": ["webdataset"], "loader_workers": 1})
    run(plan(root, *steps), tmp_path / "c", workers=1)
    before = drawn.tree(tmp_path / "c")
    shard = tmp_path / "c/02-pack/shards/000000.tar"
    shard.write_bytes(shard.read_bytes()[:-512])
    assert run(plan(root, *steps), tmp_path / "c", workers=1).ran > 0
    assert drawn.tree(tmp_path / "c") == before
    assert run(plan(root, *steps), tmp_path / "c", workers=1).ran == 0


def test_a_stage_that_cannot_begin_leaves_no_trace(root: Path, tmp_path: Path) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    before = drawn.tree(tmp_path / "c")
    with pytest.raises(BadRecipe, match="no language 'xx'"):
        extend(tmp_path / "c", "b2c", {"langs": ["xx"]}, workers=1)
    assert drawn.tree(tmp_path / "c") == before
    with pytest.raises(BadSource):
        run(plan(tmp_path / "nowhere"), tmp_path / "d")
    assert drawn.tree(tmp_path / "d") == {}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stage of the test's own, under the name `odd`."""
    module = ModuleType("rsdata.stages.odd")
    module.VERSION = 1
    monkeypatch.setitem(sys.modules, "rsdata.stages.odd", module)
    monkeypatch.setitem(stages.STAGES, "odd", "rsdata.stages.odd")
    stages.defaults.cache_clear()
    return module


@pytest.mark.parametrize(
    ("loses", "message"),
    [("image", r"lost count of images: in 2 \+ made 0 != out 1 \+ dropped 0"), ("object", "lost count of objects")],
)
def test_a_stage_that_loses_something_is_an_error(
    root: Path, tmp_path: Path, stage: ModuleType, loses: str, message: str
) -> None:
    def odd(records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if loses == "object":
                record.objects = record.objects[1:]
            if loses == "object" or not record.id.endswith("1"):
                yield record

    stage.run = odd
    with pytest.raises(Conservation, match=message):
        run(plan(root, ("odd", {})), tmp_path / "c", workers=1)
    assert not list((tmp_path / "c/01-odd").glob("part-*"))


def test_a_stage_may_drop_and_make_when_it_says_so(root: Path, tmp_path: Path, stage: ModuleType) -> None:
    def odd(records: Iterable[Record], *, doubled: bool = True) -> Iterator[Record | Drop | Made]:
        for record in records:
            if record.objects:
                yield Made(record.id, objects=len(record.objects))
                record.objects *= 2
                yield record
            else:
                yield Drop(record.id, "odd", "no-objects")

    stage.run = odd
    done = run(plan(root, ("odd", {})), tmp_path / "c", workers=1)
    assert done.stages[1].counts["objects"] == {"in": 10, "made": 10, "out": 20, "dropped": 0}
    assert done.stages[1].counts["images"] == {"in": 5, "made": 0, "out": 4, "dropped": 1}
    assert done.stages[1].drops == {"no-objects": {"images": 1, "objects": 0}}


def test_prepare_sees_all_parts_once_and_its_state_is_in_the_key(root: Path, tmp_path: Path, stage: ModuleType) -> None:
    calls = []

    def prepare(parts: list[Path], *, step: int = 1) -> dict[str, int]:
        calls.append(len(parts))
        return {"records": step * sum(len(read_part(p)) for p in parts)}

    def odd(records: Iterable[Record], *, step: int = 1, state: dict[str, int]) -> Iterator[Record]:
        for record in records:
            record.extra["of"] = str(state["records"])
            yield record

    stage.prepare, stage.run = prepare, odd
    run(plan(root, ("odd", {})), tmp_path / "c", workers=1)
    assert run(plan(root, ("odd", {})), tmp_path / "c", workers=1).ran == 0
    assert calls == [3]
    assert {r.extra["of"] for r in corpus.open(tmp_path / "c").records()} == {"5"}


def test_a_changed_file_that_a_stage_stamps_is_noticed(root: Path, tmp_path: Path, stage: ModuleType) -> None:
    words, calls = tmp_path / "words.txt", []
    words.write_text("red")

    def stamp(*, params: dict[str, str], roots: dict[str, Path]) -> list[str]:
        assert roots == {"dota": root.resolve()}
        return [params["file"], Path(params["file"]).read_text()]

    def prepare(parts: list[Path], *, file: str) -> dict[str, int]:
        calls.append(Path(file).read_text())
        return {"letters": len(calls[-1])}

    def odd(records: Iterable[Record], *, file: str, state: dict[str, int]) -> Iterator[Record]:
        for record in records:
            record.extra["word"] = Path(file).read_text()
            yield record

    stage.stamp, stage.prepare, stage.run = stamp, prepare, odd
    wanted = plan(root, ("odd", {"file": str(words)}))
    assert [run(wanted, tmp_path / "c", workers=1).ran for _ in range(2)] == [6, 0]
    words.write_text("tan")  # as long as before: what `prepare` returns is the same, so the stamp alone tells
    assert [run(wanted, tmp_path / "c", workers=1).ran for _ in range(2)] == [3, 0]
    assert calls == ["red", "tan"]
    assert {r.extra["word"] for r in corpus.open(tmp_path / "c").records()} == {"tan"}


def test_a_full_disk_is_one_line_and_the_rerun_ends_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(plan(root, ("b2c", {})), tmp_path / "whole", workers=1)
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "01-b2c/part-00001.parquet" in str(target):
            raise OSError(28, "No space left on device", str(self))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(RsdataError, match="01-b2c: the disk is full; free some space"):
            run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert not list((tmp_path / "c").rglob("*.tmp"))
    run(plan(root, ("b2c", {})), tmp_path / "c", workers=1)
    assert drawn.tree(tmp_path / "c") == drawn.tree(tmp_path / "whole")


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    """kill -9 of the whole command while parts are being made, three times, then a run to the end."""
    root = drawn.dota(tmp_path / "dota", images=40)
    command = [sys.executable, "-c", KILLED, str(root)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, timeout=120)
    for parts in (2, 9, 14):
        process = subprocess.Popen([*command, str(tmp_path / "c")], start_new_session=True)
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "c").rglob("part-*.done.json"))) < parts and time.monotonic() < deadline:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([*command, str(tmp_path / "c")], check=True, timeout=120)
    assert drawn.tree(tmp_path / "c") == drawn.tree(tmp_path / "whole")


KILLED = """
import sys, time
from pathlib import Path
from rsdata import recipe, part
from rsdata.run import run
write = part.write_part
part.write_part = lambda path, records: (time.sleep(0.03), write(path, records))
made = recipe.make("t", [recipe.source("dota", Path(sys.argv[1]))], [("b2c", {})])
run(recipe.Recipe(made.name, made.sources, made.steps, 0, 4), Path(sys.argv[2]), workers=1)
"""


def test_a_killed_worker_is_told_and_the_rerun_ends(tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota", images=8)
    script = tmp_path / "work.py"
    script.write_text(WORKER)
    bad = subprocess.run([sys.executable, script, root, tmp_path / "c", "kill"], capture_output=True, text=True)
    assert bad.returncode == 1 and "a worker process died" in bad.stderr and "same command again" in bad.stderr
    done = len(list((tmp_path / "c/00-read").glob("*.done.json")))
    assert f"{done} of 4 pieces were finished and are kept, at most 2 were open and are lost" in bad.stderr
    subprocess.run([sys.executable, script, root, tmp_path / "c", "live"], check=True)
    assert corpus.open(tmp_path / "c").stages[-1].counts["images"]["out"] == 8


WORKER = """
import os, sys
from pathlib import Path
from rsdata import recipe, stages, part
from rsdata.errors import RsdataError
from rsdata.run import run
if __name__ != "__main__" and sys.argv[3] == "kill":
    work = part.write_drops
    part.write_drops = lambda path, drops: os.kill(os.getpid(), 9) if "00002" in path.name else work(path, drops)
if __name__ == "__main__":
    made = recipe.make("t", [recipe.source("dota", Path(sys.argv[1]))], [])
    try:
        run(recipe.Recipe(made.name, made.sources, made.steps, 0, 2), Path(sys.argv[2]), workers=2)
    except RsdataError as error:
        sys.exit(str(error))
"""


def test_two_files_of_one_id_keep_the_first_and_count_the_second(tmp_path: Path) -> None:
    from rsdata.record import Item

    items = [Item(tmp_path, f"dota/{name}") for name in ("a", "b", "a", "c", "a")]
    assert sources.repeated(items) == [2, 4]
    root = drawn.dota(tmp_path / "dota", images=3)
    (root / "train").mkdir()
    from rsdata.stages import read

    items = [Item(root, "dota/P0002", "", "images/P0002.png", "labelTxt/P0002.txt")] * 2
    found = list(read.run(items, reader="dota", name="dota", repeated=[1]))
    drops = [o for o in found if isinstance(o, Drop)]
    assert [(d.reason, d.images, d.objects) for d in drops] == [("duplicate-id", 1, 2)]
    assert sum(isinstance(o, Record) for o in found) == 1


def test_two_sources_of_one_name_are_refused_and_named_apart_work(root: Path, tmp_path: Path) -> None:
    two = [recipe.source("dota", root), recipe.source("dota", root)]
    with pytest.raises(BadRecipe, match=r"two sources are called 'dota' .* give one of them a name"):
        recipe.make("t", two, [])
    named = [two[0], sources.Source("dota", root, "dota-2")]
    run(recipe.make("t", named, []), tmp_path / "c", workers=1)
    records = list(corpus.open(tmp_path / "c").records())
    assert [r.id for r in records][::5] == ["dota/P0000", "dota-2/P0000"]
    assert {r.source for r in records} == {"dota", "dota-2"}


def test_a_name_that_is_not_unicode_is_a_drop(tmp_path: Path) -> None:
    root = drawn.dota(tmp_path / "dota", images=3)
    for name in ("images/P0002.png", "labelTxt/P0002.txt"):
        (root / name).rename(root / name.replace("P0002", "P\udce9"))
    done = run(plan(root), tmp_path / "c", workers=1)
    assert done.stages[0].drops == {"not-unicode": {"images": 1, "objects": 2}}
    drop = next(corpus.open(tmp_path / "c").drops(done.stages[0]))
    assert "P\\udce9.png: a name or text that is not Unicode" in drop.detail
