"""Cheap checks that catch most failures of machine translation, by name: pure functions on two sentences.

empty        nothing came back, or no letter of any script
copy         the source came back
leftover     a language token, an unknown-token sign, an HTML sign, or a chat's talk is in the text
script       letters of another script than the language's, or English words left between them
length       far shorter or longer than a translation into this language is
repetition   a group of characters over and over (a decoder's loop)
language     English words left over, or confidently another language (lingua, offline)
numbers      a number of the source is missing, or one that the source does not say stands in the text
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from rsdata.errors import MissingExtra
from rsdata.words import _numerals

VERSION = 1  # a translation is judged again, and made again, when the checks change
LATIN = re.compile("[A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ]")
SCRIPTS = {"zh": re.compile("[㐀-䶿一-鿿]"), "ko": re.compile("[가-힣]"), "ru": re.compile("[Ѐ-ӿ]")}  # others: Latin
SCRIPT_SHARE = 0.7  # of the letters; a name or a "T" may stand in others
LENGTHS = {"zh": (0.1, 1.0), "ko": (0.2, 1.4)}  # characters of the translation for one of English
LENGTH = (0.4, 2.4)
SHORT = 15  # characters of English below which a ratio of lengths says nothing
SHORT_LIMIT = 45  # characters that a translation of a short sentence may have
WORDS_FOR_LANGUAGE = 5
CONFIDENT = 0.9
LEFTOVER = re.compile(
    r"⁇|▁|@@|\n|&(lt|gt|amp|quot|apos|#\d+);|</?[a-z0-9_|]{1,24}>|__[a-z]{2,3}__|>>[a-z_]+<<|\[/?inst\]"
    r"|[a-z]{3}_(latn|cyrl|arab|hans|hant|hang|deva|ethi|beng|tibt)"
    # a chat that answers: "Sure, ...", "Here is ...", "Portuguese: ...", "(Note: ...)"
    r"|^(sure|certainly|of course|okay|ok)\s*[,!:]"
    r"|^(claro|bien sûr|natürlich|natuurlijk|certo|certamente|конечно|当然|물론)\s*[,!，！:：]"
    r"|^here(\sis|'s|\sare)\b|\btranslat\w*|\btradu[cçz]\w*|\bübersetz\w*|\bvertaling|翻译|译文|번역|\bперевод\w*|\bnote\s*:"
    r"|^(english|portuguese|spanish|french|german|dutch|italian|chinese|korean|russian)\s*[:：]"
    r"|^(português|español|français|deutsch|nederlands|italiano|中文|한국어|русский)\s*[:：]",
    re.IGNORECASE,
)
LOOP = re.compile(r"(.{2,30}?)\1{3,}|(.{10,80}?)\2{2,}", re.DOTALL)
QUOTED = re.compile(r"\s*[\"“„«「].*[\"”“»」]\s*\.?\s*", re.DOTALL)
WORD = re.compile("[a-z]{4,}")
# English words that none of pt es fr de nl it has, and that a caption is full of.
ENGLISH = re.compile(r"\b(the|and|with|there|are|many|some|near|next|beside|around|which|its|several|between)\b")

# Words that only one of the ten languages has: two of them settle it, without the slower detector.
_OWN = {
    "pt": "uma são há estão em com ao não perto muitas muitos",
    "es": "el los las hay están y muchos muchas cerca",
    "fr": "les est sont dans avec près une et au aux plusieurs",
    "de": "der ist sind und mit auf ein eine einem einer neben viele von",
    "nl": "het een zijn van met op naast bij veel staan",
    "it": "gli sono è nel nella di della delle dei vicino molti molte",
}
OWN = {lang: frozenset(words.split()) for lang, words in _OWN.items()}


def problems(source: str, text: str, lang: str) -> list[str]:
    """The names of the checks that a translation of an English sentence fails, in the order above."""
    if not text.strip() or (_has_letters(source) and not _has_letters(text)):
        return ["empty"]
    found = []
    if _plain(text) == _plain(source) and len(source.split()) > 1:
        found.append("copy")
    if (LEFTOVER.search(text) and not LEFTOVER.search(source)) or (QUOTED.fullmatch(text) and '"' not in source):
        found.append("leftover")
    if not right_script(source, text, lang):
        found.append("script")
    if not fitting_length(source, text, lang):
        found.append("length")
    if loops(text) and not loops(source):
        found.append("repetition")
    if not found and other_language(text, lang):
        found.append("language")
    if not {"copy", "script", "language"} & set(found) and not _numerals.kept(source, text, lang):
        found.append("numbers")
    return found


def right_script(source: str, text: str, lang: str) -> bool:
    """Whether the letters are of the language's script, and no English word of the source was left in another."""
    letters = sum(map(str.isalpha, text))
    if len(SCRIPTS.get(lang, LATIN).findall(text)) < SCRIPT_SHARE * letters:
        return False
    return lang not in SCRIPTS or not set(WORD.findall(text)) & set(WORD.findall(source))


def fitting_length(source: str, text: str, lang: str) -> bool:
    """Whether the number of characters is one that a translation may have; a short source says little."""
    low, high = LENGTHS.get(lang, LENGTH)
    if len(source) < SHORT:
        return len(text) <= SHORT_LIMIT
    return low * len(source) <= len(text) <= high * len(source)


def loops(text: str) -> bool:
    """Whether a group of 2 to 30 characters stands there four times in a row, or one of 10 to 80 three times."""
    again = len({text[n : n + 6] for n in range(len(text) - 5)}) < len(text) - 5  # no loop without six letters twice
    return again and LOOP.search(text) is not None


def other_language(text: str, lang: str) -> bool:
    """Whether English words stand in the text, or it is confidently another of the ten languages.

    Languages of a script of their own are told by it; fewer than five words say nothing but English ones.
    """
    if lang in SCRIPTS:
        return False
    lower = text.casefold()
    if ENGLISH.search(lower):
        return True
    words = lower.split()
    if len(words) < WORDS_FOR_LANGUAGE or len(OWN.get(lang, frozenset()).intersection(words)) > 1:
        return False
    best = detector().compute_language_confidence_values(text)[0]
    return bool(best.language.iso_code_639_1.name.lower() != lang and best.value >= CONFIDENT)


@lru_cache(maxsize=1)
def detector() -> Any:
    """Lingua's detector for the ten languages. Raises MissingExtra."""
    try:
        from lingua import IsoCode639_1, LanguageDetectorBuilder
    except ImportError as error:
        raise MissingExtra("lingua-language-detector", "translate", "checking the language of translations") from error
    codes = [getattr(IsoCode639_1, code) for code in ("EN", "PT", "ES", "FR", "DE", "NL", "IT", "ZH", "KO", "RU")]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()


def _has_letters(text: str) -> bool:
    return any(c.isalpha() for c in text)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
