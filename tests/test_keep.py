"""Keep: thresholds as values and as percentiles, of each source or of all; tried again without scoring again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rsdata import corpus
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Record, write_part
from rsdata.stages import keep


def records() -> list[Record]:
    """Ten of source a, with above 0.0 to 0.9 and one caption scored as much; ten of source b at a tenth of that."""
    found = []
    for source, factor in (("a", 1.0), ("b", 0.1)):
        for n in range(10):
            value = n / 10 * factor
            found.append(
                Record(
                    f"{source}/{n}",
                    source,
                    captions=[Caption(f"c{n}", score=value)],
                    extra={"above": f"{value:.6f}", "kind": "aerial"},
                )
            )
    return found


def kept(given: list[Record], tmp_path: Path, **params: object) -> tuple[list[Record], list[Drop]]:
    write_part(tmp_path / "part-00000.parquet", given)
    state = json.loads(json.dumps(keep.prepare([tmp_path / "part-00000.parquet"], **params)))  # type: ignore[arg-type]
    from rsdata.record import read_part

    outputs = list(keep.run(read_part(tmp_path / "part-00000.parquet"), state=state, **params))  # type: ignore[arg-type]
    return [o for o in outputs if isinstance(o, Record)], [o for o in outputs if isinstance(o, Drop)]


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"min_above": 0.75}, ["a/8", "a/9"]),
        ({"min_similarity": 0.8}, ["a/8", "a/9"]),
        ({"above_percentile": 70}, ["a/7", "a/8", "a/9", "b/7", "b/8", "b/9"]),
        ({"above_percentile": 80, "per_source": False}, ["a/6", "a/7", "a/8", "a/9"]),
        ({"similarity_percentile": 50, "min_above": 0.08}, ["a/5", "a/6", "a/7", "a/8", "a/9", "b/8", "b/9"]),
        ({"above_percentile": 100}, ["a/9", "b/9"]),
        ({"min_above": 2}, []),
    ],
)
def test_thresholds(params: dict[str, object], ids: list[str], tmp_path: Path) -> None:
    records_, drops = kept(records(), tmp_path, **params)
    assert [record.id for record in records_] == ids
    assert sum(drop.images for drop in drops) == 20 - len(ids) and {d.reason for d in drops} <= set(keep.FILTERS)


def test_nothing_goes_at_percentile_zero(tmp_path: Path) -> None:
    assert len(kept(records(), tmp_path, above_percentile=0, similarity_percentile=0)[0]) == 20


def test_captions_go_one_by_one_with_their_translations(tmp_path: Path) -> None:
    captions = [
        Caption("good", score=0.5),
        Caption("bad", score=0.1),
        Caption("schlecht", "de", "mt:m", "", 1, 0.9),
        Caption("gut", "de", "mt:m", "", 0, 0.0),
        Caption("not asked", "fr"),
    ]
    (record,), (drop,) = kept([Record("a/1", "a", captions=captions)], tmp_path, min_similarity=0.3)
    assert [(c.text, c.of) for c in record.captions] == [("good", None), ("gut", 0), ("not asked", None)]
    assert (drop.images, drop.captions, drop.reason) == (0, 2, "low-similarity")


def test_details_say_how_near_it_was(tmp_path: Path) -> None:
    _, drops = kept(records()[:4], tmp_path, min_above=0.25, min_similarity=0.35)
    assert [(d.id, d.reason, d.detail) for d in drops] == [
        ("a/0", "not-from-above", "0.000000 < 0.25 (aerial)"),
        ("a/1", "not-from-above", "0.100000 < 0.25 (aerial)"),
        ("a/2", "not-from-above", "0.200000 < 0.25 (aerial)"),
        ("a/3", "low-similarity", "0.3000 < 0.35: c3"),
    ]


def test_records_without_a_score(tmp_path: Path) -> None:
    mixed = [*records()[:2], Record("a/x", "a", captions=[Caption("x")])]
    _, drops = kept(mixed, tmp_path, min_above=0.0)
    assert [(d.id, d.reason) for d in drops] == [("a/x", "not-scored")] and "not-scored" not in keep.FILTERS
    assert len(kept(mixed, tmp_path, min_similarity=0.0)[0]) == 3
    with pytest.raises(BadCorpus, match="no scores here; run `rsdata score` first"):
        kept([Record("a/x", "a", captions=[Caption("x")])], tmp_path, min_above=0.5)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({}, "no threshold; give min_similarity or similarity_percentile"),
        ({"min_above": 0.5, "above_percentile": 5}, "two ways to say one threshold"),
        ({"above_percentile": 101}, "above_percentile wants 0 to 100, got 101"),
        ({"min_similarity": "high"}, "wants a number, got 'high'"),
    ],
)
def test_bad_thresholds(params: dict[str, object], match: str, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=match):
        kept(records(), tmp_path, **params)


def test_other_thresholds_are_tried_without_scoring_again(tmp_path: Path) -> None:
    from captioned import corpus_of

    path = corpus_of([["one"], ["two"], ["three"], ["four"]], tmp_path)
    for part in corpus.open(path).last_records.parts:
        from rsdata.record import read_part

        found = read_part(part)
        for record in found:
            record.extra["above"] = f"0.{record.id[-1]}"
        write_part(part, found)

    def rsdata(*args: str) -> dict[str, object]:
        command = [sys.executable, "-m", "rsdata.cli.app", "keep", str(path), *args, "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)["stages"][-1])

    assert rsdata("--min-above", "0.25")["images"] == {"in": 4, "made": 0, "out": 1, "dropped": 3}
    assert rsdata("--min-above", "0.05", "--replace")["images"] == {"in": 4, "made": 0, "out": 3, "dropped": 1}
    assert [stage.name for stage in corpus.open(path).stages] == ["read", "keep"]
