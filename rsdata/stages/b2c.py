"""Box to caption: sentences made from what is annotated, in any language that has a file in words/langs.

Two rule sets. `remoteclip` is the paper's (arXiv 2306.11029, section III-B1): one caption for the objects in the middle
of the picture, one for those not in it, three on counts of drawn objects; more than ten of a category become a general
quantifier. `full` names every category in its first caption and goes on with positions on a 3 x 3 grid, land cover as
shares of the image, how densely objects stand, the scene's name, the platform and the ground resolution.

Numbers in `full` are words up to ten and digits above; more than `many` become a quantifier that is true of the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Made, Record
from rsdata.stages._facts import RULES, Options, counterpart, select
from rsdata.words.render import Facts, language

VERSION = 1
FILTERS = ("no-facts",)  # drops that are asked for, not losses


def run(
    records: Iterable[Record],
    *,
    rules: str = "full",
    langs: Sequence[str] = ("en",),
    per_image: int = 5,
    centre: float = 0.5,
    many: int = 10,
    skip_difficult: bool = False,
    drop_empty: bool = False,
    state: object = None,
    seed: int = 0,
) -> Iterator[Record | Drop | Made]:
    """Give each record its captions; those of an earlier run of this stage are replaced, all others kept.

    rules: `remoteclip` or `full`. langs: codes of words/langs; every language says the same facts, and `of` of a
    caption points to its English counterpart where English is among them. per_image: captions per language, fewer where
    the facts allow no more. centre: share of each side that is the middle (remoteclip). many: counts above it become a
    quantifier. skip_difficult: leave objects marked difficult out. drop_empty: drop records of which nothing can be
    said (reason no-facts); else they are kept without a caption.
    Raises BadRecipe for a parameter out of range, UnknownConcept for a label that is not in words/concepts.toml.
    """
    options = _options(rules, per_image, centre, many, skip_difficult, seed)
    codes = sorted(dict.fromkeys(langs), key=lambda code: code != "en")
    if not codes:
        raise BadRecipe("b2c: langs is empty; give at least one language, such as en")
    for code in codes:
        language(code)
    made_with = options.text()
    for record in records:
        chosen = select(record, options)
        if not chosen and drop_empty:
            yield Drop(record.id, "b2c", "no-facts", "no object, stuff or label", objects=len(record.objects))
            continue
        captions = _captions(_kept(record.captions), chosen, codes)
        yield replace(record, captions=captions, extra={**record.extra, "b2c": made_with} if chosen else record.extra)


def _options(rules: str, per_image: int, centre: float, many: int, skip_difficult: bool, seed: int) -> Options:
    if rules not in RULES:
        raise BadRecipe(f"b2c: rules is {rules!r}; it can be {' or '.join(sorted(RULES))}")
    if per_image < 1 or many < 1 or not 0 < centre <= 1:
        raise BadRecipe(
            f"b2c: per_image {per_image} and many {many} must be 1 or more, centre {centre} above 0 and at most 1"
        )
    return Options(rules, per_image, centre, many, skip_difficult, seed)


def _kept(captions: list[Caption]) -> list[Caption]:
    """The captions of other origins, `of` renumbered; what was translated from a replaced caption goes with it."""
    if not captions:
        return []
    stays: dict[int, int] = {}
    for index, caption in enumerate(captions):
        if caption.origin != "b2c" and (caption.of is None or captions[caption.of].origin != "b2c"):
            stays[index] = len(stays)
    kept = [captions[index] for index in stays]
    return [caption if caption.of is None else replace(caption, of=stays.get(caption.of)) for caption in kept]


def _captions(kept: list[Caption], chosen: list[tuple[str, Facts, str]], codes: Sequence[str]) -> list[Caption]:
    captions = list(kept)
    english: list[int] = []
    for code in codes:
        if code == "en":
            english = list(range(len(captions), len(captions) + len(chosen)))
            captions += [Caption(text, "en", "b2c", rule) for rule, _, text in chosen]
            continue
        seen: set[str] = set()
        for index, (rule, facts, _) in enumerate(chosen):
            text = counterpart(code, rule, facts, seen)
            if text is not None:
                captions.append(Caption(text, code, "b2c", rule, of=english[index] if english else None))
    return captions
