"""The same work on a Ray cluster of two nodes (both on this machine): same bytes, and what a lost node costs."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clips
import drawn
import pytest
from captioned import FRENCH, Scripted, corpus_of, use

from rsdata import corpus, execute, recipe, sample
from rsdata.errors import BadCorpus, BadRecipe, MissingExtra, RsdataError, ServiceError
from rsdata.run import Silent, extend, run
from rsdata.stages import translate

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'rsdata[ray]'")
PARTS = 5  # of each corpus here, in each stage


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores for work, and one node with a core; tests add and take away others."""
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for the work that is written in this file
    small = {"object_store_memory": 80 << 20}
    head = {**small, "num_cpus": 0, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    made.small = small
    made.add_node(num_cpus=1, **small)
    yield made
    ray.shutdown()
    made.shutdown()
    patch.undo()


@pytest.fixture
def second(cluster: Any) -> Iterator[Any]:
    """The second node."""
    node = cluster.add_node(num_cpus=1, **cluster.small)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


def plan(root: Path) -> recipe.Recipe:
    steps = [("tile", {"size": 64, "overlap": 16}), ("b2c", {}), ("pack", {"loader_workers": 2})]
    made = recipe.make("t", [recipe.source("dota", root)], steps, 0)
    return recipe.Recipe(made.name, made.sources, made.steps, 0, 4)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return drawn.dota(tmp_path / "dota", images=4 * PARTS)


class Kill(Silent):
    """A progress that takes a node away after some pieces."""

    def __init__(self, cluster: Any, node: Any, after: int) -> None:
        self.cluster, self.node, self.left = cluster, node, after

    def advance(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.cluster.remove_node(self.node, allow_graceful=False)


def test_two_nodes_one_process_and_two_write_the_same_bytes(
    cluster: Any, second: Any, root: Path, tmp_path: Path
) -> None:
    for workers in (1, 2):
        run(plan(root), tmp_path / f"local-{workers}", workers=workers)
    with execute.using("ray", cluster.address):
        done = run(plan(root), tmp_path / "ray")
        again = run(plan(root), tmp_path / "ray")
    assert (done.ran, again.ran) == (3 * PARTS + PARTS + 2, 0)  # records thrice, pack's cuts, its shards
    assert drawn.tree(tmp_path / "local-1") == drawn.tree(tmp_path / "local-2") == drawn.tree(tmp_path / "ray")
    rows = [json.loads(line) for line in (tmp_path / "ray/log.jsonl").read_text().splitlines()]
    assert [(r["stage"], r["engine"]) for r in rows][::3] == [("00-read", "ray"), ("03-pack", "ray")]


@pytest.mark.slow
def test_a_lost_node_changes_nothing(cluster: Any, second: Any, root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "whole", workers=1)
    with execute.using("ray", cluster.address):
        run(plan(root), tmp_path / "c", progress=Kill(cluster, second, 3))
    assert second not in cluster.worker_nodes
    assert drawn.tree(tmp_path / "c") == drawn.tree(tmp_path / "whole")


def slow(job: tuple[Path, int]) -> int:
    folder, number = job
    (folder / f"{number}-begun-{time.monotonic_ns()}").touch()
    time.sleep(0.4)
    return number


@pytest.mark.slow
def test_a_lost_node_costs_what_it_was_doing(cluster: Any, second: Any, tmp_path: Path) -> None:
    found = []
    with execute.ray(address=cluster.address) as each:
        for number in each(slow, [(tmp_path, n) for n in range(10)]):
            found.append(number)
            if len(found) == 3:
                cluster.remove_node(second, allow_graceful=False)
    assert sorted(found) == list(range(10))
    assert 10 <= len(list(tmp_path.iterdir())) <= 11  # one core: one job was open


def dies(job: Path) -> None:
    (job / f"{time.monotonic_ns()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def fails(job: str) -> None:
    raise BadCorpus(f"{job}: is broken; mend it")


def flaky(job: Path) -> str:
    (job / f"{time.monotonic_ns()}").touch()
    if len(list(job.iterdir())) < 3:
        raise ServiceError("the service is away")
    return "done"


@pytest.mark.slow
def test_failures_are_tried_again_then_told_in_one_line(cluster: Any, tmp_path: Path) -> None:
    deaths, tries = tmp_path / "deaths", tmp_path / "tries"
    deaths.mkdir()
    tries.mkdir()
    with execute.ray(address=cluster.address) as each:
        with pytest.raises(BadCorpus, match=r"^part-00001: is broken; mend it$"):
            list(each(fails, ["part-00001"]))
        assert list(each(flaky, [tries])) == ["done"]
        assert len(list(tries.iterdir())) == 3
        with pytest.raises(RsdataError, match=r"lost its Ray worker or node 4 times .* run the same command") as told:
            list(each(dies, [deaths]))
    assert len(list(deaths.iterdir())) == 1 + execute.RETRIES
    assert "\n" not in str(told.value)


def visible(device: str) -> tuple[str, int]:
    return os.environ.get("CUDA_VISIBLE_DEVICES", ""), os.getpid()


@pytest.mark.slow
def test_work_with_a_model_gets_a_gpu_where_there_is_one(cluster: Any) -> None:
    """The card is only declared here: what is looked at is who gets it, and that the process stays."""
    with execute.ray(address=cluster.address) as each:
        without = list(each(visible, ["cuda"], device="cuda"))
        node = cluster.add_node(num_cpus=1, num_gpus=1, **cluster.small)
        try:
            found = list(each(visible, ["cuda"] * 3, device="cuda"))
            plain = list(each(visible, ["cpu"] * 2, device="cpu"))
        finally:
            cluster.remove_node(node)
    assert [cards for cards, _ in found] == ["0"] * 3 and len({pid for _, pid in found}) == 1
    assert {cards for cards, _ in without + plain} == {""}


@pytest.mark.slow
def test_a_killed_command_resumes(cluster: Any, second: Any, root: Path, tmp_path: Path) -> None:
    run(plan(root), tmp_path / "whole", workers=1)
    code = "import sys; from test_ray import command; command(*sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", code, str(root), str(tmp_path / "c"), cluster.address])
    deadline = time.monotonic() + 60
    while len(done := list((tmp_path / "c").rglob("part-*.done.json"))) < 4 and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    with execute.using("ray", cluster.address):
        ran = run(plan(root), tmp_path / "c").ran
    assert ran <= 3 * PARTS + PARTS + 2 - len(done)
    assert drawn.tree(tmp_path / "c") == drawn.tree(tmp_path / "whole")


def command(root: str, out: str, address: str) -> None:
    """The command that is killed."""
    with execute.using("ray", address):
        run(plan(Path(root)), Path(out))


@pytest.mark.slow
def test_a_model_is_loaded_by_the_nodes_and_says_the_same(cluster: Any, second: Any, tmp_path: Path) -> None:
    model, pretrained = clips.model(tmp_path / "model")
    sample.write(tmp_path, scenes=6, formats=["rsicd"])
    made = recipe.make("x", [recipe.source("rsicd", tmp_path / "rsicd")], [])
    run(recipe.Recipe(made.name, made.sources, made.steps, 0, 2), tmp_path / "local", workers=1)
    given = {"model": model, "pretrained": pretrained}
    parts = len(corpus.open(tmp_path / "local").last_records.parts)
    with execute.using("ray", cluster.address):
        extend(tmp_path / "local", "score", given, out=tmp_path / "ray")
    extend(tmp_path / "local", "score", given, workers=1)
    assert parts == 3 and len(list((tmp_path / "ray/01-score").glob("scores-*.json"))) == parts
    vectors = ".npz"  # compressed with the time of day
    local, there = drawn.tree(tmp_path / "local"), drawn.tree(tmp_path / "ray")
    assert {k: v for k, v in local.items() if k[-4:] != vectors} == {
        k: v for k, v in there.items() if k[-4:] != vectors
    }


def test_translations_of_a_cluster_are_remembered_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus_of([list(FRENCH), list(FRENCH)[:1]], tmp_path)
    engine = use(monkeypatch, Scripted(FRENCH))
    monkeypatch.setattr(translate, "CHUNK", 2)
    spread: list[tuple[int, str]] = []

    def each(work: Any, jobs: list[Any], *, device: str = "") -> Iterator[Any]:
        spread.append((len(jobs), device))
        return (work(pickle.loads(pickle.dumps(job))) for job in reversed(jobs))

    parts = corpus.open(path).last_records.parts
    given = {"langs": ["fr"], "model": "m"}
    here = translate.prepare(parts, out=tmp_path / "a/01-translate", **given)
    there = translate.prepare(parts, out=tmp_path / "b/01-translate", each=each, **given)
    assert here == there and spread == [(2, "cpu")]
    texts = set(FRENCH)
    assert translate.remembered(tmp_path / "a/cache/translations.sqlite", here, ["fr"], texts) == (
        translate.remembered(tmp_path / "b/cache/translations.sqlite", there, ["fr"], texts)
    )
    translate.prepare(parts, out=tmp_path / "b/01-translate", each=each, **given)
    assert spread[1:] == [(0, "cpu")] and len(engine.calls) == 4  # each chunk once here and once there
    engine.id = "scripted@2"
    with pytest.raises(BadRecipe, match=r"m: is another model on node .*; put the same one on every node"):
        translate._elsewhere(translate._Job(translate._How("scripted@1", "m", "cpu", 1, "fr", 4, 8), ["a"]))


def test_what_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRecipe, match="no engine is called 'spark'; wanted local or ray"), execute.using("spark"):
        pass
    with pytest.raises(BadRecipe, match="give --engine ray with it"), execute.using("local", "10.0.0.1:6379"):
        pass
    monkeypatch.setitem(sys.modules, "ray", None)
    needs = r"--engine ray needs the package ray: pip install 'rsdata\[ray\]'"
    with execute.using("ray"), pytest.raises(MissingExtra, match=needs), execute.engine():
        pass
