"""Sentences of landmarks in ten languages, for human eyes: golden/landmarks.txt; and that names stay as they are.

`python tests/test_landmark_words.py` writes the file anew; read it as a speaker of each language before it goes in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsdata.stages import _landkinds
from rsdata.stages._groups import things
from rsdata.stages._landsay import MARKS, named
from rsdata.words import concept
from rsdata.words.render import Group, available, language, render, variants

GOLDEN = Path(__file__).parent / "golden" / "landmarks.txt"
NAMES = ("Torre d'Oro", "St. Mary's", "U+I Park, No. 7")


def one(concept: str, mark: int = 1) -> tuple[Group, ...]:
    return (Group(concept, "named", 1, key=f"n{mark}"),)


BARE = (Group("building", "name", 1, key="n1"),)
FACTS: list[tuple[str, dict[str, Any]]] = [
    ("position/named", {"things": one("stadium"), "place": "top_right"}),
    ("position/named", {"things": BARE, "place": "center"}),
    ("position/near", {"things": one("lake"), "side": "southwest"}),
    ("position/near", {"things": BARE, "side": "close"}),
    ("count/named", {"things": one("river") + things({"tennis_court": 3, "park": 1}, 10, 0)}),
    ("count/named", {"things": BARE}),
    ("count/beside", {"things": one("church") + one("park", 2)}),
    ("count/crosses", {"things1": one("river"), "things2": one("park", 2)}),
    ("count/between", {"things1": one("school"), "things2": one("airport", 2) + one("island", 3)}),
    ("count/along", {"things": one("river"), "size": 1.2, "unit": "km"}),
    ("area/extent", {"things": one("golf_course"), "size": 54, "unit": "ha"}),
    ("area/extent", {"things": BARE, "size": 850, "unit": "m2"}),
    ("area/things", {"things": one("airport"), "share": "two_thirds"}),
    ("count/view_gsd", {"view": "satellite", "things": one("harbor") + one("bridge", 2), "gsd": 0.5}),
]
RULES = sorted({rule for rule, _ in FACTS} - {"area/things", "count/view_gsd"})


def lines() -> str:
    out = []
    for rule, facts in FACTS:
        for code in available():
            for pick in range(variants(code, rule)):
                text = named(render(code, rule, {"style": "full", "pick": pick, **facts}), NAMES)
                out.append(f"{code} {rule}: {text}")
        out.append("")
    return "\n".join(out)


def test_the_golden_sentences_are_said() -> None:
    assert lines() == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("code", available())
def test_every_kind_has_a_noun_that_a_name_can_follow(code: str) -> None:
    for kind in _landkinds.kinds().values():
        if kind.concept:
            assert concept(kind.concept).name == kind.concept
            text = render(
                code, "position/named", {"style": "full", "pick": 0, "things": one(kind.concept), "place": "top"}
            )
            noun = language(code).noun(kind.concept)
            assert (noun.get("one") or noun["other"]).lower() in text.lower() and chr(0xE001) in text


@given(st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"]), min_size=1, max_size=30))
def test_a_name_is_never_changed(name: str) -> None:
    for code in available():
        text = named(render(code, "count/named", {"style": "full", "pick": 1, "things": one("church")}), (name,))
        assert name in text and not any(mark in text for mark in MARKS)


if __name__ == "__main__":
    GOLDEN.write_text(lines(), "utf-8")
