"""policy: what stays for a use, what goes by which licence, and what that cost."""

from __future__ import annotations

import json
from pathlib import Path

import drawn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsdata import corpus, licence, recipe, stages
from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Obj, Record, read_part, write_part
from rsdata.report import licences
from rsdata.run import extend, run
from rsdata.stages import policy

SHIP = Obj("ship", (0, 0, 4, 4))


def record(under: str, *captions: Caption, source: str = "s", **extra: str) -> Record:
    return Record(
        f"{source}/a", source, "", "a.png", 9, 9, objects=[SHIP], captions=[*captions], licence=under, extra=extra
    )


SAID = Caption("two ships", "en", "human")
MADE = Caption("two ships", "en", "b2c")
NLLB = Caption("deux navires", "fr", "mt:nllb-200-distilled-600M", of=0)
OPUS = Caption("deux navires", "fr", "mt:opus-mt-en-fr", of=0)
GEMINI = Caption("a harbour", "en", "llm:gemini-2.5-flash")


@pytest.mark.parametrize(
    ("use", "under", "reason"),
    [
        ("commercial", "CC-BY-4.0", ""),
        ("commercial", "CC-BY-NC-4.0", "licence-cc-by-nc-4.0"),
        ("commercial", "academic-only", "licence-academic-only"),
        ("commercial", "", "licence-unknown"),
        ("research", "academic-only", ""),
        ("research", "none-stated", "licence-none-stated"),
        ("redistributable", "CC-BY-NC-4.0", ""),
        ("redistributable", "CC-BY-ND-4.0", "licence-cc-by-nd-4.0"),
        ("redistributable", "ISPRS", "licence-isprs"),
    ],
)
def test_images_go_by_the_licence_of_their_source(use: str, under: str, reason: str) -> None:
    one = record(under, SAID, MADE)
    found = list(policy.run([one], use=use))
    if reason:
        detail = f"s: {licence.lookup(under).title}"
        assert found == [Drop("s/a", "policy", reason, detail, images=1, objects=1, captions=2)]
    else:
        assert found == [one]


def test_captions_go_by_their_model_with_what_is_made_of_them() -> None:
    german = Caption("ein Hafen", "de", "mt:opus-mt-en-de", of=3)
    dutch = Caption("een haven", "nl", "mt:opus-mt-de-nl", of=4)
    one = record("CC-BY-4.0", SAID, NLLB, OPUS, GEMINI, german, dutch)
    nllb, gemini, kept = policy.run([one], use="commercial")
    assert nllb == Drop(
        "s/a",
        "policy",
        "model-cc-by-nc-4.0",
        "mt:nllb-200-distilled-600M: Creative Commons BY-NC 4.0",
        images=0,
        captions=1,
    )
    assert (gemini.reason, gemini.images, gemini.objects, gemini.captions) == ("model-gemini-terms", 0, 0, 3)
    assert kept.captions == [SAID, OPUS] and kept.objects == [SHIP]
    assert list(policy.run([one], use="redistributable")) == [one]


def test_places_of_captions_move_up_with_them() -> None:
    one = record("MIT", GEMINI, SAID, Caption("deux navires", "fr", "mt:opus-mt-en-fr", of=1))
    *_, kept = policy.run([one], use="commercial")
    assert [(c.text, c.of) for c in kept.captions] == [("two ships", None), ("deux navires", 0)]


def test_a_record_without_captions_left_stays_with_its_boxes() -> None:
    drop, kept = policy.run([record("MIT", GEMINI)], use="commercial")
    assert drop.captions == 1 and drop.images == 0
    assert kept.captions == [] and kept.objects == [SHIP]


def test_map_data_takes_the_captions_made_of_it_and_its_facts() -> None:
    facts = {"landmarks": "{}", "landmarks_licence": "ODbL-1.0, google-maps-content", "attribution": "©", "frame": "1"}
    template = Caption("a park near a river", "en", "template")
    one = record("MIT", template, MADE, GEMINI, **facts)
    drop, kept = policy.run([one], use="research")
    assert (drop.reason, drop.captions) == ("landmarks-google-maps-content", 2)
    assert kept.captions == [MADE] and kept.extra == {"frame": "1"}
    one = record("MIT", template, landmarks_licence="ODbL-1.0")
    assert list(policy.run([one], use="commercial")) == [one]
    one = record("MIT", template, landmarks_licence="")
    assert list(policy.run([one], use="commercial")) == [one]


@pytest.mark.parametrize("allow", [["none-stated"], ["other", "aid"]])
def test_accepted_sources_and_licences_stay(allow: list[str]) -> None:
    one = record("none-stated", SAID, source="aid")
    assert list(policy.run([one], use="commercial", allow=allow)) == [one]


@pytest.mark.parametrize("allow", [["gemini-terms"], ["gemini-2.5-flash"], ["llm:gemini-2.5-flash"]])
def test_accepted_models_stay(allow: list[str]) -> None:
    one = record("MIT", GEMINI)
    assert list(policy.run([one], use="commercial", allow=allow)) == [one]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"use": "sale"}, "use wants commercial, research, redistributable, got 'sale'"),
        ({"allow": "none-stated"}, r"allow wants a list of names, such as \[none-stated\], got 'none-stated'"),
        ({"allow": [1]}, "allow wants a list of names"),
    ],
)
def test_parameters_that_cannot_be(params: dict, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        list(policy.run([], **params))


ORIGINS = ("human", "b2c", "template", "mt:nllb-200", "mt:opus-mt-en-fr", "llm:gemini-2", "llm:some")


@given(
    st.sampled_from(sorted(licence.TABLE)),
    st.lists(st.tuples(st.sampled_from(ORIGINS), st.integers(-1, 7)), max_size=8),
    st.sampled_from(sorted(licence.POLICIES)),
)
def test_nothing_vanishes(under: str, rows: list[tuple[str, int]], use: str) -> None:
    captions = [
        Caption(str(n), "en", origin, of=None if of < 0 or of >= n else of) for n, (origin, of) in enumerate(rows)
    ]
    found = list(policy.run([record(under, *captions)], use=use))
    drops = [one for one in found if isinstance(one, Drop)]
    kept = [one for one in found if isinstance(one, Record)]
    assert sum(d.images for d in drops) + len(kept) == 1
    assert sum(d.objects for d in drops) + sum(len(r.objects) for r in kept) == 1
    assert sum(d.captions for d in drops) + sum(len(r.captions) for r in kept) == len(captions)
    assert {d.reason for d in drops} <= set(policy.FILTERS)
    for one in kept:
        before = {c.text: c for c in captions}
        for caption in one.captions:
            assert (caption.of is None) == (before[caption.text].of is None)
            if caption.of is not None:
                assert one.captions[caption.of].text == captions[before[caption.text].of].text


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A corpus of two sources: dota (academic only) with 4 images, and 3 images said to be CC BY, one with Gemini."""
    sources = [recipe.source("dota", drawn.dota(tmp_path / "dota", 4))]
    sources.append(recipe.Source("dota", drawn.dota(tmp_path / "free", 3), "free"))
    run(recipe.make("two", sources, [("b2c", {})]), tmp_path / "c", workers=1)
    for part in corpus.open(tmp_path / "c").last_records.parts:
        records = read_part(part)
        for one in records:
            if one.source == "free":
                one.licence = "CC-BY-4.0"
        if records[0].source == "free":
            records[0].captions.append(GEMINI)
            records[1].extra |= {"landmarks_licence": "ODbL-1.0", "attribution": "© OpenStreetMap contributors"}
        write_part(part, records)
    return tmp_path / "c"


def test_a_policy_is_a_stage_whose_work_is_no_loss(two: Path) -> None:
    done = extend(two, "policy", {"use": "commercial"}, workers=1)
    assert done.over == []
    stage = done.stages[-1]
    assert stage.drops == {
        "licence-academic-only": {
            "images": 4,
            "objects": 6,
            "captions": stage.drops["licence-academic-only"]["captions"],
        },
        "model-gemini-terms": {"images": 0, "objects": 0, "captions": 1},
    }
    left = list(corpus.open(two).records())
    assert {one.source for one in left} == {"free"} and len(left) == 3
    assert stages.defaults("policy") == {"use": "research", "allow": ()}


def test_what_a_corpus_may_be_used_for(two: Path) -> None:
    found = licences.licences(corpus.open(two))
    rows = [(row["source"], row["licence"], row["images"], row["objects"], row["says"]) for row in found["sources"]]
    assert rows == [
        ("dota", "academic-only", 4, 6, "research only, name the source"),
        ("free", "CC-BY-4.0", 3, 3, "name the source"),
    ]
    assert [(r["origin"], r["licence"], r["captions"]) for r in found["models"]] == [
        ("llm:gemini-2.5-flash", "gemini-terms", 1)
    ]
    assert [(r["licence"], r["images"], r["share_alike"]) for r in found["landmarks"]] == [("ODbL-1.0", 1, True)]
    whole = found["whole"]
    assert (whole["commercial"], whole["redistribution"], whole["share_alike"]) == (False, None, True)
    assert found["policies"]["commercial"] == {
        "means": "commercial use is allowed",
        "whole": False,
        "images": 3,
        "images_not": 4,
        "objects": 3,
        "captions_not_by": {"llm:gemini-2.5-flash": 1},
    }
    assert found["policies"]["research"]["whole"] is True
    dota, osm = found["attributions"]
    assert dota.startswith("DOTA: Xia et al.") and osm == "© OpenStreetMap contributors"
    json.dumps(found)


def test_unknown_terms_are_never_taken_for_leave(tmp_path: Path) -> None:
    source = recipe.source("voc", None)
    assert licence.lookup(source.info.licence).known is False
    assert licences.says(licence.lookup("unknown")) == "unknown: read the terms"
    assert licences.says(licence.lookup("none-stated")) == "unknown: read the terms"
    assert licences.says(licence.TABLE["MIT"]) == "name the source"
