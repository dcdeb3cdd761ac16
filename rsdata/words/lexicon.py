"""Does a text speak of a view from above? The word list `web.toml`, made ready: scores, language, text that is none.

    score("an aerial view of the river")     1.4: "aerial view" 1.0, "river" 0.4
    score("person , aerial acrobat")        -2.0

Everything here is pure; the stage `altfilter` puts it to work over tables.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadRecipe

FILE = Path(__file__).parent / "web.toml"
MIN_SCORE = 1.0
RULES = ("file_name", "boilerplate", "mail", "phone")
LATIN = ("en", "pt", "es", "fr", "de", "nl", "it")
_WORD = re.compile(r"[^\W_]+")
_SCRIPTS = (
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u0dff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_KANA = re.compile(r"[\u3040-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u4e00-\u9fff\uac00-\ud7a3]")


class Phrase(NamedTuple):
    """One phrase of a group. `words` is the phrase word by word, lower case."""

    words: tuple[str, ...]
    group: str
    weight: float


class Score(NamedTuple):
    """A text's score, and the phrases behind it in the order found, those that take away marked by a minus."""

    value: float
    found: tuple[str, ...]


class Lexicon:
    """A word list made ready. `anchors` is a regular expression (RE2 and Python) that every text which passes matches,
    in lower case: without it nothing reaches the minimum. `digest` tells one word list from another."""

    def __init__(self, table: Mapping[str, object], digest: str, where: str) -> None:
        self.digest = digest
        self.groups = _groups(table, where)
        self.by_first: dict[str, list[Phrase]] = {}
        self.unspaced: list[Phrase] = []
        anchors: set[str] = set()
        for name, group in self.groups.items():
            for phrase in _phrases(name, group):
                if _UNSPACED.search(phrase.words[0]):
                    self.unspaced.append(Phrase((" ".join(phrase.words),), name, phrase.weight))
                else:
                    self.by_first.setdefault(phrase.words[0], []).append(phrase)
                if group.get("anchor"):
                    anchors.add(r"[\W_]+".join(phrase.words))
        for phrases in self.by_first.values():
            phrases.sort(key=lambda p: -len(p.words))
        self.anchors = "|".join(_shortest(anchors))  # classes such as \\pL would make RE2 fifty times slower
        self.rules = {name: "|".join(_rule(table, name, where)) for name in RULES}
        words = table.get("function_words")
        self.function_words = (
            {k: frozenset(str(v).split()) for k, v in words.items()} if isinstance(words, dict) else {}
        )

    def score(self, text: str) -> Score:
        """The sum of the weights of the different phrases in a text, groups held to their caps."""
        words = _WORD.findall(text.casefold())
        found: dict[Phrase, None] = {}
        place = 0
        while place < len(words):
            phrase = self._longest(words, place)
            if phrase is None:
                place += 1
            else:
                found[phrase] = None
                place += len(phrase.words)
        if self.unspaced and _UNSPACED.search(text):
            found |= dict.fromkeys(p for p in self.unspaced if p.words[0] in text)
        return self._sum(found)

    def _longest(self, words: list[str], place: int) -> Phrase | None:
        for phrase in self.by_first.get(words[place], ()):
            if len(phrase.words) == 1 or tuple(words[place : place + len(phrase.words)]) == phrase.words:
                return phrase
        return None

    def _sum(self, found: Iterable[Phrase]) -> Score:
        sums: dict[str, float] = {}
        said = []
        for phrase in found:
            sums[phrase.group] = sums.get(phrase.group, 0.0) + phrase.weight
            said.append("-" * (phrase.weight < 0) + " ".join(phrase.words))
        total = 0.0
        for name, value in sums.items():
            cap = float(self.groups[name].get("cap", 0) or 0)  # type: ignore[arg-type]
            total += max(min(value, cap), -cap) if cap else value
        return Score(round(total, 4), tuple(said))

    def language(self, text: str, found: Iterable[str] = ()) -> str:
        """The language of a text by its script and, for Latin letters, its small words and the phrases that `score`
        found in it; "" where unknown.

        A guess that costs microseconds: good enough to part English from the rest, not Portuguese from Galician.
        """
        letters = len(_LETTER.findall(text))
        if 5 * len(_KANA.findall(text)) > letters:  # Japanese is written with Chinese characters too
            return "ja"
        for lang, script in _SCRIPTS:
            if letters and 2 * len(script.findall(text)) > letters:
                return lang
        words = set(_WORD.findall(text.casefold()))
        votes = {lang: len(words & self.function_words.get(lang, frozenset())) for lang in LATIN}
        for phrase in found:
            for lang in self._spoken.get(phrase, ()):
                votes[lang] = votes.get(lang, 0) + 2
        best = max(votes, key=lambda lang: (votes[lang], lang == "en"))
        return best if votes[best] else ("en" if text.isascii() else "")

    @property
    def _spoken(self) -> dict[str, set[str]]:
        if not hasattr(self, "_langs"):
            self._langs: dict[str, set[str]] = {}
            for phrases in (*self.by_first.values(), self.unspaced):
                for phrase in phrases:
                    lang = self.groups[phrase.group].get("lang")
                    if lang:
                        self._langs.setdefault(" ".join(phrase.words), set()).add(str(lang))
        return self._langs


@lru_cache(maxsize=4)
def load(path: Path = FILE) -> Lexicon:
    """A word list in the form of web.toml. Raises BadRecipe naming the file and what is wrong in it."""
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise BadRecipe(f"{path}: the word list cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRecipe(f"{path}: not TOML ({error})") from error
    return Lexicon(table, hashlib.sha256(data).hexdigest()[:16], str(path))


def score(text: str) -> Score:
    """The score of a text by the built-in word list."""
    return load().score(text)


def _groups(table: Mapping[str, object], where: str) -> dict[str, dict[str, object]]:
    groups = table.get("groups")
    if not isinstance(groups, dict) or not groups:
        raise BadRecipe(f"{where}: no [groups.NAME] with `weight` and `phrases`; see rsdata/words/web.toml")
    for name, group in groups.items():
        phrases = group.get("phrases") if isinstance(group, dict) else None
        number = group.get("weight") if isinstance(group, dict) else None
        if not isinstance(number, int | float) or not isinstance(phrases, list) or not phrases:
            raise BadRecipe(f"{where}: [groups.{name}] wants a number `weight` and a list `phrases`")
    if not any(group.get("anchor") for group in groups.values()):
        raise BadRecipe(f"{where}: no group has `anchor = true`, so that nothing could pass")
    return groups


def _phrases(name: str, group: Mapping[str, object]) -> Iterable[Phrase]:
    weight = float(group["weight"])  # type: ignore[arg-type]
    listed: list[str] = group["phrases"]  # type: ignore[assignment]
    for text in listed:
        words = tuple(_WORD.findall(text.casefold()))
        yield Phrase(words, name, weight)
        if group.get("plural") and not words[-1].endswith("s"):
            yield Phrase((*words[:-1], words[-1] + "s"), name, weight)


def _shortest(patterns: Iterable[str]) -> list[str]:
    """Patterns without those that begin with another one of them: "aerial" finds all that "aerial view" does."""
    kept: list[str] = []
    for pattern in sorted(patterns):
        if not kept or not pattern.startswith(kept[-1]):
            kept.append(pattern)
    return kept


def _rule(table: Mapping[str, object], name: str, where: str) -> list[str]:
    rules = table.get("rules")
    found = rules.get(name, []) if isinstance(rules, dict) else []
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error as error:
            raise BadRecipe(f"{where}: [rules] {name}: {pattern!r} is no regular expression ({error})") from error
    return [f"(?:{pattern})" for pattern in found] or [r"\b\B"]
