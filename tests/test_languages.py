"""Forty sentences a language, for human eyes: golden/sentences_<lang>.txt, each below its English.

`python tests/test_languages.py fr` writes the file anew; read it as a speaker of the language would before it goes in.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import test_landmark_words

from rsdata.stages._groups import things
from rsdata.words.render import Group, language, render

GOLDEN = Path(__file__).parent / "golden"
WITH_FILE = sorted(path.stem.removeprefix("sentences_") for path in GOLDEN.glob("sentences_*.txt"))


def said(rule: str, pick: int = 0, style: str = "full", **facts: Any) -> tuple[str, dict[str, Any]]:
    """A rule with its facts; counts (a dict) become noun phrases as the stage makes them."""
    ready = {slot: things(value, 10, pick) if isinstance(value, dict) else value for slot, value in facts.items()}
    return rule, {"style": style, "pick": pick, **ready}


def one(concept: str, amount: str, n: int = 0, key: str = "") -> tuple[Group, ...]:
    return (Group(concept, amount, n, key=key),)


def masses(*concepts: str) -> tuple[Group, ...]:
    return tuple(Group(concept, "mass") for concept in concepts)


SHARES = (
    Group("farmland", "share", key="half"),
    Group("forest", "share", key="third"),
    Group("water", "share", key="tenth"),
    Group("road", "share", key="small"),
)
RCLIP = "remoteclip"
FACTS = [
    said("position/middle", 0, RCLIP, things={"airplane": 1}),
    said("position/middle", 1, RCLIP, things={"tennis_court": 2, "car": 21}),
    said("position/edge", 0, RCLIP, things={"large_vehicle": 4, "small_vehicle": 1, "storage_tank": 5}),
    said("position/edge", 1, RCLIP, things={"road": 2, "water": 1, "building": 11}),
    said("count/drawn", 0, RCLIP, things={"cyclist": 3, "person": 2}),
    said("count/drawn", 2, RCLIP, things={"bridge": 1, "harbor": 2}),
    said("count/drawn", 3, RCLIP, things={"small_vehicle": 101}),
    said("count/drawn", 4, RCLIP, things={"car": 30, "vehicle": 22}),
    said("count/drawn", 5, RCLIP, things={"roundabout": 1, "soccer_field": 3, "swimming_pool": 10}),
    said("count/kinds", 0, RCLIP, things1=one("airplane", "bare", 3), things2=one("helicopter", "bare", 2)),
    said("position/cell", 0, things={"ship": 1}, place="top_left"),
    said("position/cell", 1, things={"airplane": 5, "oil_tank": 2}, place="right"),
    said("position/two_cells", 0, things1={"harbor": 1}, place1="bottom", things2={"boat": 3}, place2="center"),
    said("position/two_cells", 1, things1={"church": 1}, place1="left", things2={"car": 2}, place2="top"),
    said("position/together", things=one("baseball_diamond", "both", 2), place="bottom_right"),
    said("position/together", 1, things=one("swimming_pool", "all", 7), place="left_third"),
    said("position/together", things=one("ship", "all_many", 24), place="bottom_third"),
    said("position/most", things=one("large_vehicle", "most", 9), place="top_third"),
    said("position/spread", 0, things=one("building", "the", 60)),
    said("position/spread", 1, things=one("car", "the", 12)),
    said("count/all", 0, things={"ship": 1, "oil_tanker": 1}),
    said("count/all", 1, things={"storage_tank": 8, "airport_terminal": 1, "small_vehicle": 250}),
    said("count/all_land", 0, things={"building": 40}, land=masses("forest", "water", "road")),
    said("count/some", 1, things={"intersection": 1, "island": 2}),
    said("count/view", 0, view="satellite", things={"stadium": 1, "ground_track_field": 1}),
    said("count/view_gsd", 0, view="aerial", things={"tennis_court": 6}, gsd=0.26),
    said("count/view_gsd", 1, view="uav", things={"person": 13, "bus": 1}, gsd=0.05),
    said("count/dense", 1, things=one("small_vehicle", "the", 30)),
    said("count/apart", 0, things=one("airplane", "the_count", 2)),
    said("area/kinds", 0, land=masses("water", "bare_land", "grass")),
    said("area/kinds", 1, land=masses("farmland", "tree")),
    said("area/view", 0, view="satellite", land=masses("forest", "water", "railway")),
    said("area/share", 0, land=masses("water"), share="two_thirds"),
    said("area/share", 1, land=masses("road"), share="tiny"),
    said("area/mostly", 0, land=masses("grassland"), share="most"),
    said("area/shares", 0, land=SHARES),
    said("area/things", 0, things=one("building", "bare", 14), share="fifth"),
    said("scene/view", 1, view="aerial", scene=one("dense_residential_area", "scene")),
    said("scene/label", 1, scene=one("airport", "scene")),
    said("scene/view_gsd", 0, view="overhead", scene=one("forest", "scene"), gsd=30),
]


def lines(code: str) -> str:
    """The golden file: each sentence below its English, or below its rule for English itself."""
    out = []
    for rule, facts in FACTS:
        out += [f"# {rule if code == 'en' else render('en', rule, facts)}", render(code, rule, facts)]
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("code", WITH_FILE)
def test_the_golden_sentences_are_said(code: str) -> None:
    assert lines(code) == (GOLDEN / f"sentences_{code}.txt").read_text(encoding="utf-8")


def test_the_golden_sentences_use_every_rule() -> None:
    elsewhere = set(test_landmark_words.RULES)
    assert len(FACTS) == 40 and {rule for rule, _ in FACTS} | elsewhere == set(language("en").rules())


if __name__ == "__main__":
    for name in sys.argv[1:]:
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / f"sentences_{name}.txt").write_text(lines(name), encoding="utf-8")
