"""What can be said of a record, without a language: pairs of a rule and its facts, most important first.

A rule is `family/template`. Its family tells what a caption survives: `position/` neither a crop nor a rotation,
`count/` and `area/` a rotation but no crop, `scene/` both (unless its template names the ground resolution, `.._gsd`,
which a resize changes). Facts are what `rsdata.words.render` takes. `select` renders them in English to tell captions
apart.

An object stands where its box's centre stands (RemoteCLIP, section III-B1).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rsdata import words
from rsdata.record import Obj, Record
from rsdata.stages._groups import Counts, Said, count, most_first, ordered, things, with_children
from rsdata.stages._places import crowds, positions
from rsdata.words.render import Facts, Group, render

# The largest share of the image that each name of [phrases.share] is used for: halfway to the next fraction.
SHARES = (
    (0.02, "tiny"),
    (0.07, "small"),
    (0.15, "tenth"),
    (0.225, "fifth"),
    (0.29, "quarter"),
    (0.41, "third"),
    (0.58, "half"),
    (0.71, "two_thirds"),
    (0.82, "three_quarters"),
    (0.95, "most"),
)
VIEWS = frozenset({"satellite", "aerial", "uav"})


class Options(NamedTuple):
    """The parameters of `b2c` that decide what is said; `text` is kept in a record's `extra["b2c"]`, so that a later
    stage (translate, explain) finds the same facts again."""

    rules: str = "full"
    per_image: int = 5
    centre: float = 0.5
    many: int = 10
    skip_difficult: bool = False
    seed: int = 0

    def text(self) -> str:
        """`full 5 0.5 10 0 7`: the fields in their order."""
        return f"{self.rules} {self.per_image} {self.centre!r} {self.many} {int(self.skip_difficult)} {self.seed}"

    @classmethod
    def of(cls, text: str) -> Options:
        """What `text` wrote. Raises ValueError where it is something else."""
        rules, per_image, centre, many, skip_difficult, seed = text.split()
        if rules not in RULES:
            raise ValueError(f"unknown rules {rules!r}")
        return cls(rules, int(per_image), float(centre), int(many), skip_difficult == "1", int(seed))


def select(record: Record, options: Options) -> list[tuple[str, Facts, str]]:
    """The captions of a record as (rule, facts, English text), no two alike, at most `per_image`.

    The draw depends on seed, record id and the record alone, so any language can be rendered later from the same facts.
    """
    objects = [obj for obj in record.objects if not (options.skip_difficult and obj.difficult)]
    rng = random.Random(f"{options.seed}:b2c:{record.id}")
    chosen: list[tuple[str, Facts, str]] = []
    seen: set[str] = set()
    for rule, facts in RULES[options.rules](record, objects, options, rng):
        text = render("en", rule, facts)
        if text not in seen:
            seen.add(text)
            chosen.append((rule, facts, text))
            if len(chosen) >= options.per_image:
                break
    return chosen


def counterpart(code: str, rule: str, facts: Facts, said: set[str]) -> str | None:
    """The rule's text in another language, unlike those already `said`: another template where one would repeat.

    None where all were said; the text is added to `said`.
    """
    for turn in range(6):
        text = render(code, rule, {**facts, "pick": facts["pick"] + turn} if turn else facts)
        if text not in said:
            said.add(text)
            return text
    return None


# -- RemoteCLIP's rules


def remoteclip(record: Record, objects: Sequence[Obj], options: Options, rng: random.Random) -> Iterator[Said]:
    """Caption 1: objects whose centre lies in the middle; 2: the others; then counts of randomly drawn objects.

    Stuff is counted by its components, as the paper did. Where middle or edge is empty, counts take the place.
    """
    if not objects:
        return
    counts = count(objects)
    pick = int(rng.random() * 60)

    def said(rule: str, part: Counts, turn: int) -> Said:
        return rule, {"style": "remoteclip", "pick": turn, "things": things(part, options.many, turn)}

    if record.width > 0 and record.height > 0:
        middle, edge = _middle_and_edge(record, objects, options.centre)
        if middle:
            yield said("position/middle", middle, pick)
        if edge:
            yield said("position/edge", edge, pick + 1)
    for turn in range(pick, pick + 2 * options.per_image):
        k = 1 + int(rng.random() * min(len(objects), 5))
        drawn = with_children([objects[int(rng.random() * len(objects))].label for _ in range(k)], counts)
        if len(drawn) == 2 and min(drawn.values()) > 1 and rng.random() < 0.25 and not _related(drawn):
            one, two = (Group(name, "bare", n) for name, n in drawn.items())
            yield "count/kinds", {"style": "remoteclip", "pick": turn, "things1": (one,), "things2": (two,)}
        else:
            yield said("count/drawn", drawn, turn)
    for turn in range(pick, pick + 4 * options.per_image):
        yield said("count/drawn", counts, turn)


def _related(counts: Counts) -> bool:
    return any(wider for _, wider in ordered(tuple(counts)))


def _middle_and_edge(record: Record, objects: Sequence[Obj], centre: float) -> tuple[Counts, Counts]:
    """Counts inside and outside the middle region: the share `centre` of each side, its border included."""
    x_low, x_high = record.width * (1 - centre), record.width * (1 + centre)
    y_low, y_high = record.height * (1 - centre), record.height * (1 + centre)
    middle: Counts = {}
    edge: Counts = {}
    for obj in objects:
        x0, y0, x1, y1 = obj.box
        part = middle if x_low <= x0 + x1 <= x_high and y_low <= y0 + y1 <= y_high else edge
        part[obj.label] = part.get(obj.label, 0) + 1
    return middle, edge


# -- our own rules


def full(record: Record, objects: Sequence[Obj], options: Options, rng: random.Random) -> Iterator[Said]:
    """First every category, then a position, land cover, the scene's name, then more of these as long as asked for."""
    counts = count(objects)
    stuff = {name for name in counts if words.kind(name) == "stuff"}
    solid = most_first({name: n for name, n in counts.items() if name not in stuff})
    pick = int(rng.random() * 60)
    base: dict[str, Any] = {"style": "full", "pick": pick}
    view = {"view": record.platform} if record.platform in VIEWS else {}
    land = _land(record, objects, stuff)
    everything = _everything(solid, land, base, options.many)
    where = positions(record, [obj for obj in objects if obj.label not in stuff], solid, base, options.many, rng)
    areas = _areas(land, base, view, _covered(record, objects, solid))
    yield from islice(everything, 1)
    yield from islice(where, 1)
    yield from islice(areas, 1)
    yield from _scene(record, base)
    extras = [*_views(record, solid, base, view, options.many), *crowds(record, objects, solid, base)]
    extras += _some(solid, base, options.many, rng)
    rng.shuffle(extras)
    yield from extras[:1]
    yield from islice(where, 2)
    yield from islice(areas, 1)
    yield from extras[1:]
    yield from where
    yield from areas
    yield from everything


def _everything(solid: Counts, land: Mapping[str, float], base: dict[str, Any], many: int) -> Iterator[Said]:
    masses = tuple(Group(name, "mass") for name in land)
    for turn in range(base["pick"], base["pick"] + 3):
        facts = {**base, "pick": turn}
        if solid:
            facts["things"] = things(solid, many, turn)
        if land:
            facts["land"] = masses
        if solid or land:
            yield ("count/all_land" if solid and land else "count/all" if solid else "area/kinds"), facts


def _views(record: Record, solid: Counts, base: dict[str, Any], view: dict[str, str], many: int) -> Iterator[Said]:
    if not (solid and view):
        return
    facts = {**base, **view, "things": things(solid, many, base["pick"] + 1)}
    yield "count/view", facts
    if record.gsd:
        yield "count/view_gsd", {**facts, "gsd": two_digits(record.gsd)}


def _some(solid: Counts, base: dict[str, Any], many: int, rng: random.Random) -> Iterator[Said]:
    if len(solid) >= 3:
        drawn = with_children(rng.sample(sorted(solid), 1 + int(rng.random() * (len(solid) - 1))), solid)
        if len(drawn) < len(solid):
            yield "count/some", {**base, "things": things(drawn, many, base["pick"] + 2)}


def two_digits(value: float) -> float | int:
    """Rounded to two digits that count: 0.2556 -> 0.26, 30.0 -> 30, 112.4 -> 112."""
    rounded = float(f"{value:.2g}") if value < 100 else float(round(value))
    return int(rounded) if rounded.is_integer() else rounded


def _scene(record: Record, base: dict[str, Any]) -> Iterator[Said]:
    """What the whole image is called; with the kind of image and its ground resolution where these are known."""
    if record.label is None:
        return
    facts = {**base, "scene": (Group(words.concept(record.label).name, "scene"),)}
    facts["view"] = record.platform if record.platform in VIEWS else "overhead"
    yield "scene/view", facts
    yield "scene/label", facts
    if record.gsd:
        yield "scene/view_gsd", {**facts, "gsd": two_digits(record.gsd)}
    yield "scene/view", {**facts, "pick": base["pick"] + 1}
    yield "scene/label", {**facts, "pick": base["pick"] + 1}


# -- areas


def share_of(part: float) -> str:
    """The name of a share of the image, 0 to 1."""
    return next((name for limit, name in SHARES if part < limit), "nearly_all")


def _land(record: Record, objects: Sequence[Obj], stuff: set[str]) -> dict[str, float]:
    """Stuff by its share of the image, largest first; 0 where an area is not known."""
    pixels = record.width * record.height
    areas = dict.fromkeys(stuff, 0.0)
    unknown = set()
    for obj in objects:
        if obj.label in areas:
            areas[obj.label] += obj.area
            if obj.area <= 0:
                unknown.add(obj.label)
    shares = {name: 0.0 if name in unknown or not pixels else min(1.0, area / pixels) for name, area in areas.items()}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _covered(record: Record, objects: Sequence[Obj], solid: Counts) -> dict[str, tuple[int, float]]:
    """Things found in a mask, with their number and share of the image; boxes say nothing of areas."""
    covered: dict[str, tuple[int, float]] = {}
    pixels = record.width * record.height
    for obj in objects:
        if obj.origin == "m2b" and obj.label in solid and pixels:
            n, share = covered.get(obj.label, (0, 0.0))
            covered[obj.label] = n + 1, share + obj.area / pixels
    return {name: (n, share) for name, (n, share) in covered.items() if n == solid[name] and share >= 0.03}


def _areas(
    land: Mapping[str, float],
    base: dict[str, Any],
    view: dict[str, str],
    covered: Mapping[str, tuple[int, float]],
) -> Iterator[Said]:
    known = {name: share for name, share in land.items() if share > 0}
    if len(known) > 1 and len(known) == len(land):
        shares = tuple(Group(name, "share", key=share_of(share)) for name, share in known.items())
        yield "area/shares", {**base, "land": shares}
    for place, (name, share) in enumerate(known.items()):
        facts = {**base, "pick": base["pick"] + place, "land": (Group(name, "mass"),), "share": share_of(share)}
        if share >= 0.6:
            yield "area/mostly", facts
        yield "area/share", facts
    for name, (n, share) in covered.items():
        amount = "a" if n == 1 else "bare"
        yield "area/things", {**base, "things": (Group(name, amount, n),), "share": share_of(share)}
    if land and view:
        yield "area/view", {**base, **view, "land": tuple(Group(name, "mass") for name in land)}
    if known:
        name, share = next(iter(known.items()))
        facts = {**base, "pick": base["pick"] + 1, "land": (Group(name, "mass"),), "share": share_of(share)}
        yield "area/share", facts


RULES = {"remoteclip": remoteclip, "full": full}
