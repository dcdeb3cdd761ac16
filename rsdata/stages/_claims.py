"""Is an English caption true of the facts? Names, numbers, nouns and places are held against them; doubt is a no.

refusal        the model excuses itself                 invented-name   a name that no fact has
boilerplate    talk around the caption                  wrong-number    a number that the facts do not bear out
too-short      under MIN_WORDS words                    absent-object   a kind of thing that the facts do not have
too-long       over MAX_WORDS words                     unknown-noun    a noun that nothing here knows
language       not English                              wrong-place     a thing where it does not stand
hedge          a guess, or a thing said to be missing   unseen          a look (colour, weather), no image was sent

Cheap, strict and blind to what is no noun: adjectives and verbs pass. A false alarm costs one repair, or a template.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rsdata import words
from rsdata.stages._claimplaces import misplaced

VERSION = 1
MIN_WORDS, MAX_WORDS = 4, 80
LOOK_BACK = 4  # words between a number and its noun
PATTERNS = ("refusal", "boilerplate", "hedge", "unseen")
MANY = 1_000_000_000
ROUNDING = 0.07  # by which a measure may be rounded
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TENS = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100}
UNITS = {"km": 1000.0, "kilometer": 1000.0, "kilometre": 1000.0, "m": 1.0, "meter": 1.0, "metre": 1.0, "cm": 0.01}
UNITS |= {"ha": 1e4, "hectare": 1e4, "km²": 1e6, "m²": 1.0, "%": 0.01, "percent": 0.01, "square": 1.0}
DETERMINERS = frozenset(
    {"a", "an", "the", "this", "these", "its", "several", "many", "numerous", "some", "multiple", "various"}
)
WITHIN = frozenset({"of", "both", "each"})  # may stand between a number and its noun
FRACTIONS = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1, "majority": 0.75}
_TOKEN = re.compile(r"§|\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*[²]?|[%²]|[.,;:!?()]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NAME_RUN = re.compile(
    r"\b[^\W\d_a-z][\w'’.-]*(?:\s+(?:of|de|del|di|da|la|le|the|van|von|and|&|[^\W\d_a-z][\w'’.-]*|\d+))*"
)


class Truth(NamedTuple):
    """The facts in the form that text is held against. Concepts are those of words/concepts.toml.

    `counts`: exact numbers by concept. `present`: concepts that are there, uncounted. `kinds`: other words that may be
    said. `names`: proper names. `measures`: metres, square metres and shares. `cells`: of the 3 x 3 grid, by concept or
    casefolded name. `image`: whether the model saw the picture. `north_up`: whether compass directions mean anything.
    """

    counts: Mapping[str, int] = {}
    present: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    measures: tuple[float, ...] = ()
    cells: Mapping[str, Mapping[str, int]] = {}
    image: bool = False
    north_up: bool = False


class _Lexicon(NamedTuple):
    phrases: dict[tuple[str, ...], tuple[str, bool]]  # words -> concept, whether plural
    longest: int
    neutral: frozenset[str]
    first: frozenset[str]
    breaks: frozenset[str]
    quantifiers: dict[str, tuple[int, int]]
    patterns: dict[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    from rsdata.words.render import language

    table = tomllib.loads((words.FOLDER / "claims.toml").read_text("utf-8"))
    phrases: dict[tuple[str, ...], tuple[str, bool]] = {}
    for name, concept in words.concepts().items():
        for alias in concept.aliases:
            if re.fullmatch(r"[a-z][a-z -]*", alias):
                phrases.setdefault(tuple(re.split(r"[ -]", alias)), (name, False))
    for name in words.concepts():
        noun = language("en").noun(name)
        for form in ("one", "other", "mass"):
            if form in noun:
                phrases[tuple(noun[form].lower().replace("-", " ").split())] = (name, form == "other")
    for word, name in table["synonyms"].items():
        phrases[(word,)] = (name, word.endswith("s") and word[:-1] in table["synonyms"])
    sets = {key: frozenset(table[key].split()) for key in ("neutral", "first", "breaks")}
    patterns = {
        key: re.compile("|".join(table[key]), re.IGNORECASE) for key in ("refusal", "boilerplate", "hedge", "unseen")
    }
    patterns["boilerplate"] = re.compile(
        "|".join(table["boilerplate"]).replace("\\bI\\b", "(?-i:\\bI\\b)"), re.IGNORECASE
    )
    quantifiers = {word: (low, high) for word, (low, high) in table["quantifiers"].items()}
    phrases = {key: value for key, value in phrases.items() if len(key) > 1 or key[0] not in sets["neutral"]}
    return _Lexicon(phrases, max(map(len, phrases)), **sets, quantifiers=quantifiers, patterns=patterns)


def problems(text: str, truth: Truth) -> list[str]:
    """What is wrong with a caption, by name and with what was found ("wrong-number: 7 ships"); empty when it holds."""
    lexicon = _lexicon()
    text = " ".join(text.split())
    found = [name for name in ("refusal", "boilerplate") if lexicon.patterns[name].search(_unnamed(text, truth)[0])]
    if found:
        return found[:1]
    count = len(text.split())
    if not MIN_WORDS <= count <= MAX_WORDS:
        return [f"too-short: {count} words" if count < MIN_WORDS else f"too-long: {count} words"]
    plain, marks = _unnamed(text, truth)
    listed = list(_style(plain, truth, lexicon))
    for sentence in _SENTENCE.split(plain):
        tokens = _TOKEN.findall(sentence)
        listed += _names(tokens, lexicon)
        lower = [token.lower() for token in tokens]
        spoken = list(_concepts(lower, lexicon))
        listed += _objects(lower, spoken, truth, lexicon)
        listed += _numbers(lower, spoken, truth)
        listed += _nouns(lower, spoken, truth, lexicon)
        listed += misplaced(lower, spoken, marks, truth.cells, truth.north_up)
        marks = marks[lower.count("§") :]
    return list(dict.fromkeys(listed))


def _unnamed(text: str, truth: Truth) -> tuple[str, list[str]]:
    """The text with each given name, whole or a part of it in capitals, as `§`; and the names in their order."""
    spans: list[tuple[int, int, str]] = []
    for name in sorted(truth.names, key=len, reverse=True):
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            if not any(a < match.end() and match.start() < b for a, b, _ in spans):
                spans.append((*match.span(), name.casefold()))
    pieces = {name: _words(name) for name in truth.names}
    for match in _NAME_RUN.finditer(text):
        start, run = match.start(), match.group().rstrip(".,;:")
        run = run.removeprefix("The ").removeprefix("A ")
        start = match.start() + match.group().index(run)
        owner = next((name for name, parts in pieces.items() if _part_of(_words(run), parts)), None)
        if owner and not any(a < start + len(run) and start < b for a, b, _ in spans):
            spans.append((start, start + len(run), owner.casefold()))
    spans.sort()
    out, last = [], 0
    for start, end, _ in spans:
        out += [text[last:start], "§"]
        last = end
    return "".join([*out, text[last:]]), [name for _, _, name in spans]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"[\w'’]+", text)]


def _part_of(run: list[str], name: list[str]) -> bool:
    """Whether words follow each other in a name; single common words of it are no name of their own."""
    if not run or (len(run) == 1 and len(run[0]) < 4):
        return False
    return any(name[i : i + len(run)] == run for i in range(len(name) - len(run) + 1))


def _style(plain: str, truth: Truth, lexicon: _Lexicon) -> Iterator[str]:
    letters = [c for c in plain if c.isalpha()]
    english = {word.lower() for word in plain.split()} & (lexicon.breaks | lexicon.first)
    if not english or sum(c.isascii() for c in letters) < 0.9 * len(letters):
        yield "language"
    for name in ("hedge",) if truth.image else ("hedge", "unseen"):
        if match := lexicon.patterns[name].search(plain):
            yield f"{name}: {match.group()}"


def _names(tokens: list[str], lexicon: _Lexicon) -> Iterator[str]:
    """Words in capitals that no name bears; the first of a sentence may be a common word."""
    known = {word for phrase in lexicon.phrases for word in phrase} | lexicon.neutral | lexicon.first | lexicon.breaks
    for place, token in enumerate(tokens):
        if not token[0].isupper() or token.lower() in UNITS:
            continue
        word = token.lower()
        common = any(part in known for part in (word, word.rstrip("s"), *re.split(r"[-'’]", word)[:1]))
        look = lexicon.patterns["unseen"].fullmatch(word)
        if place == 0 and (common or look or word.endswith("ly") or word in NUMBERS or word in TENS):
            continue
        if not (token.isupper() and word in lexicon.neutral):
            yield f"invented-name: {token}"


Spoken = tuple[int, int, str, bool]  # first and last word + 1, concept, plural


def _concepts(lower: list[str], lexicon: _Lexicon) -> Iterator[Spoken]:
    """The concepts that a sentence speaks of, the longest phrase at each place."""
    at = 0
    while at < len(lower):
        for size in range(min(lexicon.longest, len(lower) - at), 0, -1):
            if (found := lexicon.phrases.get(tuple(lower[at : at + size]))) is not None:
                yield at, at + size, *found
                at += size
                break
        else:
            at += 1


def total(concept: str, truth: Truth) -> int | None:
    """How many of a concept there are, its children with it; None where it is there uncounted, 0 where it is not."""
    known = [name for name in (*truth.counts, *truth.present) if name == concept or concept in words.parents(name)]
    if not known:
        return 0
    return None if any(name not in truth.counts for name in known) else sum(truth.counts[name] for name in known)


def _objects(lower: list[str], spoken: list[Spoken], truth: Truth, lexicon: _Lexicon) -> Iterator[str]:
    """Concepts that are not there, and counts that are not theirs."""
    for first, last, concept, plural in spoken:
        phrase = " ".join(lower[first:last])
        if phrase in truth.kinds:
            continue
        n = total(concept, truth)
        if n == 0:
            yield f"absent-object: {phrase}"
            continue
        stated = _stated(lower, first, spoken, lexicon)
        parts = set(truth.cells.get(concept, {}).values())
        if stated is None:
            if plural and n == 1 and words.kind(concept) == "thing":
                yield f"wrong-number: {phrase}"
            continue
        low, high = stated
        if n is None:
            if low > 1 and high != MANY:
                yield f"wrong-number: {low} {phrase}"
        elif not low <= n <= high and not (
            low == high and (low in parts or (low < n and "other" in lower[:first][-2:]))
        ):
            yield f"wrong-number: {low} {phrase}"


def _stated(lower: list[str], first: int, spoken: list[Spoken], lexicon: _Lexicon) -> tuple[int, int] | None:
    """The least and most that the words before a noun say; None where they say nothing."""
    ends = {end for _, end, _, _ in spoken}
    for back in range(1, LOOK_BACK + 1):
        place = first - back
        if (
            place < 0
            or place + 1 in ends
            or lower[place] in lexicon.breaks - {"of", "both", "each"}
            or lower[place] in ".,;:()§"
        ):
            return None
        word = lower[place]
        n = number(word)
        if n is not None and n == int(n):
            return _around(int(n), lower[max(0, place - 2) : place])
        if word in lexicon.quantifiers:
            if word in ("a", "an") and back > 1 and lower[place + 1] in ("few", "dozen", "handful", "couple", "pair"):
                continue
            return lexicon.quantifiers[word]
    return None


def _around(n: int, before: list[str]) -> tuple[int, int]:
    """What a number says with the words before it: more than ten, about forty."""
    if before[-2:] in (["more", "than"], ["at", "least"]) or before[-1:] == ["over"]:
        return n + (before[-1] != "least"), MANY
    if before[-1:] and before[-1] in ("about", "around", "approximately", "roughly", "nearly", "almost", "some"):
        return int(0.85 * n), int(1.15 * n) + (n < 100)
    return n, n


def number(word: str) -> float | None:
    """The value of a number in digits or words; None for any other word."""
    if word in NUMBERS:
        return float(NUMBERS.index(word))
    if word in TENS:
        return float(TENS[word])
    if not word[:1].isdigit():
        return None
    text = word.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word) else word.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def _numbers(lower: list[str], spoken: list[Spoken], truth: Truth) -> Iterator[str]:
    """Numbers that count no noun: measures with a unit, shares of the image, or counts said again."""
    counted = {place for first, _, _, _ in spoken for place in range(max(0, first - LOOK_BACK), first)}
    counts = {*truth.counts.values(), *(n for cells in truth.cells.values() for n in cells.values())}
    for place, word in enumerate(lower):
        after = lower[place + 1].rstrip("s") if place + 1 < len(lower) else ""
        if (value := number(word)) is not None:
            if after in UNITS:
                if not _measured(value, lower[place + 1 : place + 3], truth):
                    yield f"wrong-number: {word} {lower[place + 1]}"
            elif place not in counted and word != "one" and value not in counts:
                yield f"wrong-number: {word}"
        elif word.rstrip("s") in FRACTIONS and lower[place + 1 : place + 2] == ["of"]:
            part = FRACTIONS[word.rstrip("s")] * (number(lower[place - 1]) or 1.0 if place else 1.0)
            if not any(abs(part - share) <= 0.12 for share in truth.measures if share <= 1.0):
                yield f"wrong-number: {word}"


def _measured(value: float, units: list[str], truth: Truth) -> bool:
    unit = units[0] if units[0] in UNITS else units[0].rstrip("s")
    factor = UNITS[unit]
    if unit == "square" and len(units) > 1:
        factor = UNITS.get(units[1].rstrip("s"), 1.0) ** 2
    said = value * factor
    return any(abs(said - known) <= max(ROUNDING * known, 0.02 if factor == 0.01 else 0.0) for known in truth.measures)


def _nouns(lower: list[str], spoken: list[Spoken], truth: Truth, lexicon: _Lexicon) -> Iterator[str]:
    """Noun phrases after an article of which no word is known."""
    known = {place for first, last, _, _ in spoken for place in range(first, last)}
    for place, word in enumerate(lower):
        if word not in DETERMINERS and number(word) is None:
            continue
        run = []
        for at in range(place + 1, len(lower)):
            if lower[at] in lexicon.breaks or lower[at] in ".,;:()":
                break
            run.append(at)
        fine = any(
            at in known
            or lower[at] in lexicon.neutral
            or lower[at] in truth.kinds
            or lower[at] in ("§", "one")
            or lower[at] in UNITS
            or number(lower[at]) is not None
            or lower[at].rstrip("s") in FRACTIONS
            for at in run
        )
        if run and not fine:
            yield f"unknown-noun: {' '.join(lower[at] for at in run[-2:])}"


def as_dict(truth: Truth) -> dict[str, Any]:
    """Plain data, for the log of a question."""
    return {name: list(value) if isinstance(value, frozenset) else value for name, value in truth._asdict().items()}
