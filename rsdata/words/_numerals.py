"""The numbers that a sentence says, in digits and in words, for the check that a translation keeps them."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "numbers.toml"
ALWAYS = {1, 2}  # an article is "one" in many languages, and "both sides", "between" are said with a two
JOINED = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[ -](two|three|four|five|six|seven|eight|nine)\b"
)
HAN = "一二两三四五六七八九十百"
HAN_COUNTED = re.compile(rf"(?<![第几数{HAN}])([{HAN}]+)(?=[个架艘辆座条片栋块名只处列台张根棵幢排行间家])")
HAN_VALUE = re.compile("(?:([一二两三四五六七八九])百)?(?:([一二三四五六七八九]?)(十))?([一二两三四五六七八九]?)")
KOREAN_COUNTED = (
    "(?<![가-힣])({})\\s?(?=(대|척|개|채|그루|명|마리|곳|동|줄|차선|층|군데)(의|가|이|는|은|를|을|와|과|로|도|\\W|$))"
)


class Words(NamedTuple):
    """The number words of a language: whole words, and beginnings that may say the number."""

    whole: dict[str, int]
    begin: dict[int, tuple[str, ...]]


def kept(source: str, text: str, lang: str) -> bool:
    """Whether the text says every number of an English sentence, and no other."""
    plain = _normal(text)
    wanted, allowed = _english(source.casefold())
    if any(not _says(plain, number, lang) for number in wanted):
        return False
    return not numbers(text, lang) - wanted - allowed - ALWAYS


def numbers(text: str, lang: str) -> set[int]:
    """The numbers that a text surely says: in digits, or in whole words for 2 to 10 (zh: up to 999, with counters)."""
    plain = _normal(text)
    found = _digits(plain)
    whole = _words(lang).whole
    if lang == "zh":
        return found | {n for n in map(_han, HAN_COUNTED.findall(plain)) if n}
    if lang == "ko":
        return found | {whole[match[0]] for match in _korean().findall(plain)}
    return found | {whole[word] for word in re.findall(r"[^\W\d_]+", plain) if word in whole}


def _says(plain: str, number: int, lang: str) -> bool:
    """Whether a number may be said: in digits, by a word or the beginning of one, in zh and ko by a sign anywhere."""
    if number in _digits(plain):
        return True
    forms = _words(lang).begin.get(number, ())
    if lang in ("zh", "ko"):
        return any(form in plain for form in forms) or (
            lang == "zh" and number in map(_han, re.findall(f"[{HAN}]+", plain))
        )
    return any(word.startswith(forms) for word in re.findall(r"[^\W\d_]+", plain)) if forms else False


@lru_cache(maxsize=4096)
def _english(lower: str) -> tuple[frozenset[int], frozenset[int]]:
    """The numbers that an English sentence says, and those that a translation of it may say besides."""
    units, more = _words("en").whole, _more()
    compound = set()
    for ten, unit in JOINED.findall(lower):
        compound |= {n + units[unit] for n in more[ten] if n % 10 == 0}
    words = re.findall(r"[a-z]+", JOINED.sub(" ", lower))
    said = {units[word] for word in words if word in units} | _digits(_normal(lower))
    return frozenset(said), frozenset(compound.union(*(more.get(word, ()) for word in words)))


def _normal(text: str) -> str:
    """Lower case, ё as е, and no sign between thousands: 1,200 1.200 1 200 -> 1200."""
    lower = text.casefold().replace("ё", "е")
    return re.sub(r"(?<=\d)[.,'\u00a0\u202f\u2009](?=\d{3}(?!\d))", "", lower)


def _digits(plain: str) -> set[int]:
    return {int(n) for n in re.findall(r"\d+", plain)}


def _han(sign: str) -> int:
    """二十三 -> 23, 一百零五 without the zero sign; 0 where the signs are no number (三四个, three or four)."""
    match = HAN_VALUE.fullmatch(sign)
    if not match:
        return 0
    values = {s: n for n, s in enumerate("一二三四五六七八九", 1)} | {"两": 2}
    hundreds, tens, ten, ones = match.groups()
    return 100 * values.get(hundreds, 0) + (10 * values.get(tens, 1) if ten else 0) + values.get(ones, 0)


@lru_cache(maxsize=1)
def _korean() -> re.Pattern[str]:
    return re.compile(KOREAN_COUNTED.format("|".join(_words("ko").whole)))


@lru_cache(maxsize=16)
def _words(lang: str) -> Words:
    whole: dict[str, int] = {}
    begin: dict[int, tuple[str, ...]] = {}
    for number, words in _table().get(lang, {}).items():
        forms = words.split()
        whole |= {form: int(number) for form in forms if not form.endswith("*")}
        begin[int(number)] = tuple(form.rstrip("*") for form in forms)
    return Words(whole, begin)


@lru_cache(maxsize=1)
def _more() -> dict[str, set[int]]:
    """English words that allow numbers: "half" -> {2}, "dozens" -> {10, 12}."""
    found: dict[str, set[int]] = {}
    for number, words in _table()["more"].items():
        for word in words.split():
            found.setdefault(word, set()).add(int(number))
    return found


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text("utf-8"))
    return table
