"""De-duplication: groups as comparing each with each, the rule of what is kept, the paper's rule, the ledger."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import picture, save
from PIL import Image

from rsdata import corpus, phash, recipe
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Obj, Record, Window, read_drops, write_part
from rsdata.run import extend, run
from rsdata.stages import _near, dedup

BASE = 0xF0F0A5A53C3C9696


def record(id: str, hash: int, captions: int = 0, side: int = 100, **more: Any) -> Record:
    """A record as the stage fingerprint leaves it; its file is its id unless `path` says otherwise."""
    source = id.partition("/")[0]
    extra = {"phash": phash.VERSION, "sha256": more.pop("sha256", id), "crops": "0" * 80} | more.pop("extra", {})
    path = more.pop("path", id.partition("@")[0])
    made = Record(id, source, path=path, width=side, height=side, phash=hash, extra=extra, **more)
    made.captions = [Caption(f"caption {n}") for n in range(captions)]
    return made


def window(name: str, hash: int, x: int, y: int = 0, side: int = 100, **more: Any) -> Record:
    return record(f"{name}@{x},{y},{side},{side}", hash, side=side, window=Window(x, y, side, side), path=name, **more)


def dropped(tmp_path: Path, *records: Record, **params: Any) -> dict[str, str]:
    """Id -> detail of everything that the stage drops, with the records in two parts."""
    parts = [tmp_path / "part-00000.parquet", tmp_path / "part-00001.parquet"]
    half = len(records) // 2
    write_part(parts[0], records[:half])
    write_part(parts[1], records[half:])
    state = dedup.prepare(parts, out=tmp_path, **params)
    assert json.loads(json.dumps(state)) == state
    outputs = list(dedup.run(records, out=tmp_path, state=state, **params))
    kept = [o for o in outputs if isinstance(o, Record)]
    drops = [o for o in outputs if isinstance(o, Drop)]
    assert len(kept) + len(drops) == len(records) and state["dropped"] == len(drops)
    assert {d.reason for d in drops} <= {"duplicate"} == set(dedup.FILTERS)
    return {d.id: d.detail for d in drops}


def flip(hash: int, *bits: int) -> int:
    for bit in bits:
        hash ^= 1 << bit
    return hash


# groups


def each_with_each(hashes: np.ndarray, files: np.ndarray, boxes: np.ndarray, t: int) -> list[int]:
    """Component labels by looking at every pair, numbered by first appearance."""
    n = len(hashes)
    label = list(range(n))
    for i in range(n):
        for j in range(i):
            apart = not (files[i] == files[j] and bool(_near.overlap(boxes[i], boxes[j])))
            if int(hashes[i] ^ hashes[j]).bit_count() <= t and apart:
                label = [label[j] if k == label[i] else k for k in label]
    return numbered(label)


def numbered(labels: Any) -> list[int]:
    seen: dict[int, int] = {}
    return [seen.setdefault(int(k), len(seen)) for k in labels]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 10), st.integers(1, 14), st.integers(1, 4))
def test_groups_are_those_of_comparing_each_with_each(data: st.DataObject, t: int, n: int, files: int) -> None:
    bits = st.sets(st.integers(0, 63), max_size=6)
    hashes = np.array([flip(BASE, *data.draw(bits)) for _ in range(n)], np.uint64)
    file = np.array(data.draw(st.lists(st.integers(0, files), min_size=n, max_size=n)))
    corner = np.array(data.draw(st.lists(st.integers(0, 3), min_size=2 * n, max_size=2 * n))).reshape(n, 2) * 50
    boxes = np.concatenate([corner, corner + 100], axis=1)
    found = _near.components(n, _near.links(hashes, file, boxes, t))
    assert numbered(found) == each_with_each(hashes, file, boxes, t)


@pytest.mark.parametrize("t", range(11))
def test_groups_are_exact_at_every_distance(t: int) -> None:
    rng = np.random.default_rng(t)
    hashes = rng.integers(0, 2**64, 120, dtype=np.uint64)
    turned = [flip(int(h), *rng.choice(64, rng.integers(0, 13), replace=False).tolist()) for h in hashes]
    every = np.concatenate([hashes, np.array(turned, np.uint64), hashes[:40]])
    n = len(every)
    files, boxes = np.arange(n), np.tile([0, 0, 9, 9], (n, 1))
    found = _near.components(n, _near.links(every, files, boxes, t))
    assert numbered(found) == each_with_each(every, files, boxes, t)
    assert len(set(found.tolist())) < 240


def test_many_equal_hashes_cost_one_link_each() -> None:
    n = 50_000
    hashes = np.full(n, BASE, np.uint64)
    links = _near.links(hashes, np.arange(n), np.tile([0, 0, 9, 9], (n, 1)), 3)
    assert len(links) <= 2 * n and _near.components(n, links).max() == 0


def test_nothing_has_no_groups(tmp_path: Path) -> None:
    assert dropped(tmp_path) == {}
    assert dropped(tmp_path, Record("a/x", "a"), Record("a/y", "a")) == {}


# what is kept


def test_more_captions_then_the_larger_then_the_first_id_is_kept(tmp_path: Path) -> None:
    found = dropped(
        tmp_path,
        record("a/4", BASE, captions=1, side=50),
        record("a/3", BASE, captions=1, side=50),
        record("a/2", flip(BASE, 1, 2), captions=1, side=60),
        record("a/1", BASE, captions=0, side=900),
        record("b/other", flip(BASE, *range(20))),
    )
    assert found == {
        "a/4": "of a/2, distance 2",
        "a/3": "of a/2, distance 2",
        "a/1": "of a/2, distance 2",
    }
    found = dropped(tmp_path, record("a/4", BASE, captions=5, side=10), record("a/1", BASE, captions=4, side=900))
    assert found == {"a/1": "of a/4, distance 0"}
    assert dropped(tmp_path, record("a/4", BASE), record("a/3", BASE)) == {"a/4": "of a/3, distance 0"}


@pytest.mark.parametrize(("distance", "operator", "gone"), [(0, "<=", 1), (1, "<=", 2), (2, "<=", 3), (2, "<", 2)])
def test_the_distance_and_its_operator(tmp_path: Path, distance: int, operator: str, gone: int) -> None:
    records = [record("a/0", BASE), record("a/1", BASE), record("b/2", flip(BASE, 9)), record("b/3", flip(BASE, 8, 7))]
    assert len(dropped(tmp_path, *records, distance=distance, operator=operator)) == gone


def test_a_chain_is_one_group_and_says_so(tmp_path: Path) -> None:
    steps = [BASE, flip(BASE, 0, 1), flip(BASE, 0, 1, 2, 3), flip(BASE, 0, 1, 2, 3, 4, 5)]
    found = dropped(tmp_path, *(record(f"a/{n}", h) for n, h in enumerate(steps)))
    assert found == {
        "a/1": "of a/0, distance 2",
        "a/2": "of a/0, distance 4, through images each at most 2 from the next",
        "a/3": "of a/0, distance 6, through images each at most 2 from the next",
    }


def test_overlapping_windows_of_one_file_are_no_duplicates(tmp_path: Path) -> None:
    assert dropped(tmp_path, window("a/x", BASE, 0), window("a/x", BASE, 50), window("a/x", BASE, 99)) == {}
    apart = dropped(tmp_path, window("a/x", BASE, 0), window("a/x", BASE, 50), window("a/x", BASE, 100))
    assert apart == {"a/x@100,0,100,100": "of a/x@0,0,100,100, distance 0"}
    assert list(dropped(tmp_path, window("a/x", BASE, 0), window("a/y", BASE, 50))) == ["a/y@50,0,100,100"]
    assert list(dropped(tmp_path, window("a/x", BASE, 0), window("b/x", BASE, 50))) == ["b/x@50,0,100,100"]


def test_overlapping_windows_stay_where_a_third_image_goes(tmp_path: Path) -> None:
    found = dropped(tmp_path, window("a/x", BASE, 0), window("a/x", BASE, 50), record("b/copy", flip(BASE, 3)))
    assert found == {"b/copy": "of a/x@0,0,100,100, distance 1"}
    found = dropped(tmp_path, window("a/x", BASE, 0), window("a/x", BASE, 50), record("b/copy", BASE, captions=9))
    assert list(found) == ["a/x@0,0,100,100", "a/x@50,0,100,100"]


def test_flat_images_are_duplicates_by_their_bytes_alone(tmp_path: Path) -> None:
    flat = {"extra": {"flat": "yes"}}
    records = [
        record("a/1", BASE, sha256="same", **flat),
        record("a/2", BASE, sha256="other", **flat),
        record("a/3", BASE, sha256="same", **flat),
        record("a/4", BASE),
    ]
    assert dropped(tmp_path, *records) == {"a/3": "of a/1, distance 0, same bytes"}
    windows = [window("a/x", BASE, 0, sha256="s", **flat), window("a/x", BASE, 500, sha256="s", **flat)]
    assert dropped(tmp_path, *windows) == {}
    twice = [window("a/x", BASE, 0, sha256="s", **flat), window("b/x", BASE, 0, sha256="s", **flat)]
    assert list(dropped(tmp_path, *twice)) == ["b/x@0,0,100,100"]


def test_within_a_source(tmp_path: Path) -> None:
    records = [record("a/1", BASE, sha256="s"), record("b/1", BASE, sha256="s"), record("b/2", BASE)]
    assert list(dropped(tmp_path, *records, within="source")) == ["b/2"]
    assert list(dropped(tmp_path, *records)) == ["b/1", "b/2"]


def test_a_record_without_image_is_no_duplicate(tmp_path: Path) -> None:
    records = [Record("a/1", "a"), Record("a/2", "a"), record("a/3", BASE)]
    assert dropped(tmp_path, *records) == {}


# the paper's rule


def test_the_rule_of_remoteclip(tmp_path: Path) -> None:
    flat = {"extra": {"flat": "yes"}}
    records = [
        record("a/2", BASE, captions=5),
        record("a/1", BASE),
        record("a/3", flip(BASE, 0, 20)),
        record("a/4", 1 << 63, **flat),
        record("a/5", 1 << 63, **flat),
    ]
    strict = dropped(tmp_path, *records, method="remoteclip", operator="<")
    assert strict == {"a/2": "of a/1, distance 0", "a/5": "of a/4, distance 0"}
    code = dropped(tmp_path, *records, method="remoteclip", operator="<=")
    assert code == {**strict, "a/3": "of a/1, distance 2"}
    windows = [window("a/x", BASE, 0), window("a/x", BASE, 50)]
    assert list(dropped(tmp_path, *windows, method="remoteclip")) == ["a/x@50,0,100,100"]


def test_fewer_segments_than_the_distance_miss_pairs(tmp_path: Path) -> None:
    spread = [record("a/1", BASE), record("a/2", flip(BASE, 1, 33))]  # a bit in each of two halves
    assert dropped(tmp_path, *spread, method="remoteclip", segments=2) == {}
    assert list(dropped(tmp_path, *spread, method="remoteclip", segments=3)) == ["a/2"]
    assert list(dropped(tmp_path, *spread)) == ["a/2"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(0, 4))
def test_segments_find_what_the_dictionaries_of_the_paper_find(seed: int, segments: int, t: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = np.array([flip(BASE, *rng.choice(64, 3, replace=False).tolist()) for _ in range(12)], np.uint64)
    edges = np.linspace(0, 64, segments + 1).round().astype(int).tolist()
    label = list(range(12))
    for low, high in pairwise(edges):
        buckets: dict[int, list[int]] = {}
        for k, h in enumerate(hashes.tolist()):
            buckets.setdefault(h >> low & ((1 << (high - low)) - 1), []).append(k)
        for members in buckets.values():
            for i in members:
                for j in members:
                    if int(hashes[i] ^ hashes[j]).bit_count() <= t:
                        label = [label[j] if k == label[i] else k for k in label]
    assert numbered(_near.components(12, _near.segment_links(hashes, t, segments))) == numbered(label)


# errors


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"distance": 11}, "distance <= 11; wanted 0 to 10"),
        ({"distance": -1}, "distance <= -1"),
        ({"distance": 0, "operator": "<"}, "distance < 0"),
        ({"within": "part"}, "within 'part'; wanted corpus or source"),
        ({"method": "dhash"}, "method 'dhash'; wanted groups or remoteclip"),
        ({"operator": "=="}, "operator '=='"),
        ({"segments": 0}, "segments 0"),
    ],
)
def test_wrong_parameters_are_named(tmp_path: Path, params: dict, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        dedup.prepare([], out=tmp_path, **params)


def test_a_list_of_duplicates_that_is_gone_or_changed_is_an_error(tmp_path: Path) -> None:
    write_part(tmp_path / "part-00000.parquet", [record("a/1", BASE), record("a/2", BASE)])
    state = dedup.prepare([tmp_path / "part-00000.parquet"], out=tmp_path)
    (tmp_path / "duplicates.parquet").write_bytes(b"changed")
    with pytest.raises(BadCorpus, match="not the file that dedup wrote"):
        list(dedup.run([], out=tmp_path, state=state))
    (tmp_path / "duplicates.parquet").unlink()
    with pytest.raises(BadCorpus, match="cannot be read"):
        list(dedup.run([], out=tmp_path, state={**state, "sha256": "0"}))


# in a corpus


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """RSSCN7 with two copies, one of them encoded anew, and three blank images."""
    root = tmp_path / "rsscn7"
    for seed in range(4):
        save(picture(seed, 200, 200), root / f"aGrass/a{seed:03d}.jpg", quality=95)
    save(picture(1, 200, 200), root / "aGrass/a011.jpg", quality=60)
    save(picture(2, 200, 200).resize((400, 400)), root / "aGrass/a012.jpg", quality=90)
    for n in range(3):
        save(Image.new("RGB", (200 + n, 200)), root / f"bField/b{n:03d}.jpg")
    return root


def plan(root: Path, *steps: tuple[str, dict], part_size: int = 2) -> recipe.Recipe:
    made = recipe.make("t", [recipe.source("rsscn7", root)], list(steps))
    return recipe.Recipe(made.name, made.sources, made.steps, made.seed, part_size)


def test_a_corpus_is_deduplicated_with_every_image_accounted_for(voc: Path, tmp_path: Path) -> None:
    done = run(plan(voc, ("fingerprint", {}), ("dedup", {})), tmp_path / "c", workers=1)
    last = done.stages[-1]
    assert last.counts["images"] == {"in": 9, "made": 0, "out": 7, "dropped": 2}
    assert last.drops == {"duplicate": {"images": 2, "objects": 0}} and done.over == []
    found = {d.id: d.detail for part in last.path.glob("*.drops.parquet") for d in read_drops(part)}
    assert sorted(found) == ["rsscn7/aGrass/a002", "rsscn7/aGrass/a011"]
    assert found["rsscn7/aGrass/a002"].startswith("of rsscn7/aGrass/a012, distance ")
    assert found["rsscn7/aGrass/a011"].startswith("of rsscn7/aGrass/a001, distance ")


def test_workers_resume_and_part_size_change_nothing(voc: Path, tmp_path: Path) -> None:
    steps = ("fingerprint", {}), ("dedup", {})
    run(plan(voc, *steps), tmp_path / "one", workers=1)
    run(plan(voc, *steps), tmp_path / "two", workers=2)
    run(plan(voc, *steps, part_size=100), tmp_path / "large", workers=1)
    ids = [[r.id for r in corpus.open(tmp_path / name).records()] for name in ("one", "two", "large")]
    assert ids[0] == ids[1] == ids[2] and len(ids[0]) == 7
    one, two = ((tmp_path / name / "02-dedup/duplicates.parquet").read_bytes() for name in ("one", "two"))
    assert one == two
    assert run(plan(voc, *steps), tmp_path / "one", workers=1).ran == 0
    save(picture(3, 200, 200), voc / "aGrass/a050.jpg", quality=50)
    again = run(plan(voc, *steps), tmp_path / "one", workers=1)
    assert again.stages[-1].counts["images"]["dropped"] == 3


def test_dedup_without_fingerprints_says_what_to_do_and_leaves_no_trace(voc: Path, tmp_path: Path) -> None:
    run(plan(voc), tmp_path / "c", workers=1)
    with pytest.raises(BadCorpus, match="needs the stage fingerprint before it"):
        extend(tmp_path / "c", "dedup", {}, workers=1)
    assert [p.name for p in corpus.stage_dirs(tmp_path / "c")] == ["00-read"]
    assert extend(tmp_path / "c", "fingerprint", {}, workers=1).stages[-1].counts["images"]["out"] == 9


def test_the_command_adds_fingerprints_where_they_are_missing(voc: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from rsdata.cli.app import _register, app

    if not app.registered_commands:
        _register()
    run(plan(voc), tmp_path / "c", workers=1)
    for _ in range(2):
        found = CliRunner().invoke(app, ["dedup", "c", "--distance", "2", "-j", "1", "--json"])
        assert found.exit_code == 0, found.output
        names = [p.name for p in corpus.stage_dirs(tmp_path / "c")]
        assert names == ["00-read", "01-fingerprint", "02-dedup"]
    for _ in range(2):
        found = CliRunner().invoke(app, ["dedup", "c", "--method", "remoteclip", "--out", "paper", "-j", "1"])
        assert found.exit_code == 0 and "dropped by dedup: duplicate" in found.output
        assert len(corpus.stage_dirs(tmp_path / "paper")) == 4


def test_real_duplicates_of_rsicd(shared_data: Path, tmp_path: Path) -> None:
    made = recipe.make("r", [recipe.source("rsicd", shared_data / "rsicd")], [("fingerprint", {}), ("dedup", {})])
    done = run(made, tmp_path / "c", workers=1)
    rows = [d for part in done.stages[-1].path.glob("*.drops.parquet") for d in read_drops(part)]
    assert {d.id: d.detail for d in rows} == {
        "rsicd/train/industrial_205": "of rsicd/train/industrial_203, distance 0",
        "rsicd/train/port_248": "of rsicd/train/port_183, distance 0",
    }


def test_objects_of_a_dropped_image_are_counted(tmp_path: Path) -> None:
    ship = Obj("ship", (0, 0, 5, 5))
    records = [record("a/1", BASE, objects=[ship]), record("a/2", BASE, objects=[ship, ship])]
    write_part(tmp_path / "part-00000.parquet", records)
    state = dedup.prepare([tmp_path / "part-00000.parquet"], out=tmp_path)
    (kept, drop) = dedup.run(records, out=tmp_path, state=state)
    assert (kept.id, drop.id, drop.images, drop.objects) == ("a/1", "a/2", 1, 2)
