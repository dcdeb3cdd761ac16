"""balance: caps hold, rare classes stay, frames are thinned, and the choice depends on images and seed alone."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import drawn
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rsdata import corpus, recipe
from rsdata.cli import mixing as commands
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Obj, Record, read_part, write_part
from rsdata.report import mixing
from rsdata.run import extend, run
from rsdata.stages import balance

BOX = (0.0, 0.0, 9.0, 9.0)


def image(
    id: str,
    classes: str = "",
    source: str = "a",
    platform: str = "aerial",
    langs: str = "",
    extra: dict[str, str] | None = None,
) -> Record:
    """`classes` and `langs` are words, one for each object and caption."""
    objects = [Obj(name, BOX) for name in classes.split()]
    captions = [Caption(f"{n} of {id}", lang) for n, lang in enumerate(langs.split())]
    return Record(f"{source}/{id}", source, platform=platform, objects=objects, captions=captions, extra=extra or {})


def balanced(records: list[Record], folder: Path, parts: int = 1, seed: int = 0, **params: Any) -> list[Any]:
    """What the stage puts out, its state having been through JSON as in a run."""
    paths = []
    for n in range(parts):
        paths.append(folder / f"part-{n:05d}.parquet")
        write_part(paths[-1], records[n::parts])
    state = json.loads(json.dumps(balance.prepare(paths, out=folder, seed=seed, **params)))
    return [o for path in paths for o in balance.run(read_part(path), out=folder, state=state, **params)]


def ids(outputs: list[Any]) -> list[str]:
    return sorted(o.id for o in outputs if isinstance(o, Record))


def reasons(outputs: list[Any]) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    for drop in outputs:
        if isinstance(drop, Drop):
            before = found.get(drop.reason, (0, 0, 0))
            found[drop.reason] = before[0] + drop.images, before[1] + drop.objects, before[2] + drop.captions
    return found


def test_a_cap_is_filled_from_the_images_with_rare_classes(tmp_path: Path) -> None:
    records = [image(f"{n}", "car car") for n in range(8)] + [image("8", "car ship"), image("9", "car harbor")]
    outputs = balanced(records, tmp_path, caps={"class:car": 3})
    assert len(ids(outputs)) == 3 and ids(outputs)[-2:] == ["a/8", "a/9"]
    assert reasons(outputs) == {"class-cap": (7, 14, 0)}
    assert {d.detail for d in outputs if isinstance(d, Drop)} == {"car has 3 images already"}


def test_one_name_beats_the_rule_for_all(tmp_path: Path) -> None:
    records = [image(f"{n}", "", source) for source in "ab" for n in range(5)]
    outputs = balanced(records, tmp_path, caps={"source": 1, "source:b": 4})
    assert Counter(id[0] for id in ids(outputs)) == {"a": 1, "b": 4}
    assert reasons(outputs) == {"source-cap": (5, 0, 0)}


def test_platforms_without_a_name_are_none(tmp_path: Path) -> None:
    records = [image(f"{n}", platform="uav" if n < 4 else "") for n in range(8)]
    outputs = balanced(records, tmp_path, caps={"platform:none": 1, "platform:uav": 2})
    kept = [o for o in outputs if isinstance(o, Record)]
    assert Counter(record.platform for record in kept) == {"uav": 2, "": 1}


def test_the_class_share_thins_what_is_frequent_and_nothing_else(tmp_path: Path) -> None:
    """Cars are in every image, so images of cars alone stay with sqrt(0.04 / 1) = 0.2; those with a ship all stay."""
    records = [image(f"{n:04d}", "car ship" if n % 50 == 0 else "car") for n in range(2000)]
    outputs = balanced(records, tmp_path, class_share=0.04)
    kept = [o for o in outputs if isinstance(o, Record)]
    ships = sum(len(record.objects) == 2 for record in kept)
    assert ships == 40
    assert 0.17 < (len(kept) - ships) / 1960 < 0.23
    detail = next(d.detail for d in outputs if isinstance(d, Drop))
    assert detail == "its rarest class, car, is in 100.0 % of the images: stays with 0.200"


def test_weights_of_sources_and_classes_multiply(tmp_path: Path) -> None:
    records = [image(f"{n:04d}", "car", "ab"[n % 2]) for n in range(2000)]
    outputs = balanced(records, tmp_path, weights={"source:b": 0.5, "class:car": 0.4})
    counts = Counter(id[0] for id in ids(outputs))
    assert 0.35 < counts["a"] / 1000 < 0.45 and 0.16 < counts["b"] / 1000 < 0.24
    details = {d.detail for d in outputs if isinstance(d, Drop)}
    assert details == {"stays with 0.400: 0.4", "stays with 0.200: 0.5 x 0.4"}


def test_an_image_takes_the_largest_weight_of_its_classes(tmp_path: Path) -> None:
    records = [image("0", "car ship"), image("1", "car"), image("2")]
    assert ids(balanced(records, tmp_path, weights={"class:car": 0})) == ["a/0", "a/2"]


def test_every_third_frame_of_a_video_with_all_its_windows(tmp_path: Path) -> None:
    frames = [image(f"v/{n}@{w}", extra={"video": "v", "frame": str(n)}) for n in range(2, 16, 2) for w in (0, 8)]
    outputs = balanced([*frames, image("still")], tmp_path, parts=3, stride=3)
    assert ids(outputs) == ["a/still", *(f"a/v/{n}@{w}" for n in (14, 2, 8) for w in (0, 8))]
    assert reasons(outputs) == {"frame-stride": (8, 0, 0)}


def test_a_cap_of_a_language_counts_captions(tmp_path: Path) -> None:
    records = [image(f"{n}", "car", langs="en en pt") for n in range(4)] + [image("4", "car", langs="en en")]
    outputs = balanced(records, tmp_path, caps={"language:en": 4})
    kept = [o for o in outputs if isinstance(o, Record)]
    assert sum(c.lang == "en" for r in kept for c in r.captions) == 4
    assert sum(c.lang == "pt" for r in kept for c in r.captions) == 4
    captions = sum(count for _, _, count in reasons(outputs).values())
    assert captions == 6 and set(reasons(outputs)) == {"language-cap"}


def test_an_image_whose_every_caption_goes_is_dropped(tmp_path: Path) -> None:
    outputs = balanced([image("0", "car", langs="pt pt"), image("1", langs="en")], tmp_path, weights={"language:pt": 0})
    assert ids(outputs) == ["a/1"]
    assert reasons(outputs) == {"weight": (1, 1, 2)}
    assert outputs[0].detail == "pt stays with 0; no caption is left"


def test_what_translated_a_caption_that_goes_stands_alone() -> None:
    captions = [Caption("a", "en"), Caption("b", "pt", of=0), Caption("c", "fr", of=1), Caption("d", "pt", of=None)]
    assert balance.without(captions, ["en"]) == [
        Caption("b", "pt", of=None),
        Caption("c", "fr", of=0),
        Caption("d", "pt", of=None),
    ]


CLASSES = ("car", "ship", "harbor", "bridge")
RECORDS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CLASSES), max_size=4),
        st.sampled_from("ab"),
        st.sampled_from(("uav", "")),
        st.sampled_from(("", "en", "en pt pt")),
    ),
    max_size=25,
)
CAPS = st.dictionaries(
    st.sampled_from(("class", "class:car", "source", "source:a", "platform", "language", "language:en")),
    st.integers(0, 6),
    min_size=1,
)


def drawn_records(rows: Any) -> list[Record]:
    return [image(f"{n}", " ".join(c), s, p, langs) for n, (c, s, p, langs) in enumerate(rows)]


def cap_of(caps: dict[str, int], kind: str, name: str) -> float:
    return caps.get(f"{kind}:{name}", caps.get(kind, float("inf")))


@settings(max_examples=60, deadline=None)
@given(RECORDS, CAPS, st.integers(0, 3))
def test_caps_hold_and_everything_is_accounted_for(rows: Any, caps: dict[str, int], seed: int) -> None:
    records = drawn_records(rows)
    with tempfile.TemporaryDirectory() as folder:
        outputs = balanced(records, Path(folder), seed=seed, caps=caps)
    kept = [o for o in outputs if isinstance(o, Record)]
    drops = [o for o in outputs if isinstance(o, Drop)]
    held = Counter(("class", name) for r in kept for name in {o.label for o in r.objects})
    held += Counter(("source", r.source) for r in kept) + Counter(("platform", r.platform or "none") for r in kept)
    held += Counter(("language", c.lang) for r in kept for c in r.captions)
    assert all(count <= cap_of(caps, *key) for key, count in held.items())
    assert len(kept) + sum(d.images for d in drops) == len(records)
    assert sum(len(r.objects) for r in kept) + sum(d.objects for d in drops) == sum(len(r.objects) for r in records)
    assert sum(len(r.captions) for r in kept) + sum(d.captions for d in drops) == sum(len(r.captions) for r in records)
    assert {d.reason for d in drops} <= set(balance.FILTERS)


@settings(max_examples=40, deadline=None)
@given(RECORDS, CAPS, st.integers(0, 3), st.randoms(use_true_random=False))
def test_order_and_parts_do_not_matter_and_the_seed_does(
    rows: Any, caps: dict[str, int], seed: int, rng: random.Random
) -> None:
    records = drawn_records(rows)
    params: dict[str, Any] = {"caps": caps, "class_share": 0.3, "weights": {"source:a": 0.7}}
    with tempfile.TemporaryDirectory() as folder:
        one = balanced(records, Path(folder), seed=seed, **params)
    shuffled = list(records)
    rng.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        two = balanced(shuffled, Path(folder), parts=3, seed=seed, **params)
    assert sorted(map(repr, one)) == sorted(map(repr, two))


def test_another_seed_chooses_others(tmp_path: Path) -> None:
    records = [image(f"{n:03d}") for n in range(100)]
    chosen = [tuple(ids(balanced(records, tmp_path, seed=seed, caps={"source": 10}))) for seed in range(3)]
    assert len(set(chosen)) == 3


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "balance: no rule; give stride, class_share, weights or caps"),
        ({"caps": {"klass": 3}}, "'klass'; wanted class, source, platform, language"),
        ({"caps": {"class:": 3}}, "'class:'; wanted class"),
        ({"caps": {"class": 1.5}}, "cap class is 1.5; wanted a whole number"),
        ({"caps": {"class": True}}, "cap class is True"),
        ({"weights": {"class": 2}}, "weight class is 2; wanted a probability"),
        ({"caps": 5}, "caps wants a mapping"),
        ({"stride": 0}, "stride 0"),
        ({"class_share": 1.5}, "class_share 1.5"),
    ],
)
def test_rules_that_are_none(params: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=problem):
        balanced([image("0")], tmp_path, **params)


def test_a_changed_list_is_noticed(tmp_path: Path) -> None:
    part = tmp_path / "part-00000.parquet"
    write_part(part, [image("0")])
    state = balance.prepare([part], out=tmp_path, caps={"source": 0})
    (tmp_path / state["file"]).write_bytes(b"damaged")
    with pytest.raises(BadCorpus, match=r"balance.parquet: not the file that balance wrote"):
        list(balance.run(read_part(part), out=tmp_path, state=state))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Nine images with 0 to 8 objects, planes and from the second on ships."""
    source = recipe.source("dota", drawn.dota(tmp_path / "dota", 9))
    return run(recipe.make("c", [source], [("b2c", {})]), tmp_path / "c", workers=1).path


def test_the_command_shows_before_and_after(made: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    commands.add_to(app)
    args = ["balance", str(made), "--cap", "class:ship=2", "--out", str(tmp_path / "d"), "-j", "1"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["airplane", "8", "3", "20", "6", "55.6", "%", "60.0", "%"] in rows
    assert ["ship", "7", "2", "16", "4", "44.4", "%", "40.0", "%"] in rows
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if not line.startswith("next:"))
    stage = corpus.open(tmp_path / "d").last_records
    found = mixing.compare(stage)
    assert found["class"]["ship"]["images"] == [7, 2]
    assert stage.drops == {"class-cap": stage.drops["class-cap"]} and stage.drops["class-cap"]["images"] == 5
    again = CliRunner().invoke(app, [*args, "--json"])
    assert again.exit_code == 0 and json.loads(again.stdout)["balance"] == found
    assert json.loads(again.stdout)["ran"] == 0


def test_one_worker_and_two_write_the_same(made: Path, tmp_path: Path) -> None:
    params = {"caps": {"class": 3}, "class_share": 0.5}
    trees = [
        drawn.tree(extend(made, "balance", params, out=tmp_path / f"w{n}", workers=n).path / "02-balance")
        for n in (1, 2)
    ]
    assert trees[0] == trees[1] and "balance.parquet" in trees[0]
