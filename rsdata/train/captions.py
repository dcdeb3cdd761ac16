"""Which caption goes with an image, and what may then be done to the image.

A caption is drawn first, by the weights of languages and origins; the image is changed only in ways that leave the
caption true. So no sample is lost, and a quarter turn and "left" never meet. Families of rules are those of
`rsdata b2c`: `position/` survives neither a crop nor a turn, `count/` and `area/` a turn but no strong crop, `scene/`
both, unless its template names the ground resolution (`.._gsd`).
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

KEEP = 0.9  # share of the area that a crop must keep for counts and shares to hold; RemoteCLIP's own crops
ROUND = ("position/middle", "position/edge", "position/spread")  # the same after any flip or quarter turn

# Words of human, alt-text and LLM captions that a flip or a turn makes false; too many is better than too few.
_PLACES = re.compile(
    r"\b(left|right|top|bottom|upper|lower|above|below|north\w*|south\w*|east\w*|west\w*|horizontal\w*|vertical\w*)\b",
    re.IGNORECASE,
)


class Allow(NamedTuple):
    """What a caption survives. `scale`: the smallest share of the image's area that a crop may keep."""

    flip: bool
    turn: bool
    scale: float


ALL = Allow(True, True, 0.0)


class Chosen(NamedTuple):
    """A caption, its language, what its image may undergo, and a number that equal captions share."""

    text: str
    lang: str
    allow: Allow
    same: int


def allowed(rule: str, english: str = "") -> Allow:
    """What a caption survives, from its rule or, where it has none, from the words of its English text."""
    family, _, template = rule.partition("/")
    if family == "position":
        free = rule in ROUND
        return Allow(free, free, 1.0)
    if family in ("count", "area") or template.endswith("_gsd"):
        return Allow(True, True, KEEP)
    if family == "scene":
        return ALL
    fixed = bool(_PLACES.search(english))
    return Allow(not fixed, not fixed, KEEP if fixed else 0.0)


def choose(
    captions: Sequence[Mapping[str, Any]],
    langs: Mapping[str, float],
    origins: Mapping[str, float],
    rng: random.Random,
) -> Chosen | None:
    """Draw a language by weight from those at hand, then an origin by weight, then a caption; None where there is none.

    No `langs`: all languages alike. No `origins`: all captions of the language alike. `mt` stands for every `mt:model`.
    """
    filled = [c for c in captions if c["text"].strip() and (not langs or langs.get(c["lang"], 0) > 0)]
    if origins:
        filled = [c for c in filled if origins.get(_kind(c), 0) > 0]
    if not filled:
        return None
    lang = _draw({c["lang"]: langs.get(c["lang"], 1.0) for c in filled}, rng)
    filled = [c for c in filled if c["lang"] == lang]
    if origins:
        kind = _draw({_kind(c): origins[_kind(c)] for c in filled}, rng)
        filled = [c for c in filled if _kind(c) == kind]
    caption = rng.choice(filled)
    root = _root(captions, caption)
    english = root["text"] if root["lang"] == "en" else ""
    return Chosen(caption["text"], lang, allowed(caption.get("rule") or "", english), number(root["text"]))


def number(text: str) -> int:
    """63 bits of a text, the same on every machine; case and spaces at the ends do not count."""
    digest = hashlib.blake2b(text.strip().casefold().encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _kind(caption: Mapping[str, Any]) -> str:
    return str(caption.get("origin") or "human").partition(":")[0]


def _draw(weights: Mapping[str, float], rng: random.Random) -> str:
    names = sorted(weights)
    return rng.choices(names, [weights[name] for name in names])[0]


def _root(captions: Sequence[Mapping[str, Any]], caption: Mapping[str, Any]) -> Mapping[str, Any]:
    """The caption that this one says in another language: equal roots make equal captions."""
    for _ in range(len(captions)):
        of = caption.get("of")
        if of is None or not 0 <= of < len(captions):
            break
        caption = captions[of]
    return caption
