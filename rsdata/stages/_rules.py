"""The rules of the text stage, over whole Arrow columns: which rows go, and by which rule first.

Every rule but the last few is one pass of RE2 over a column (about 0.1 microseconds a row); only rows with a phrase
that may mean a view from above are looked at one by one. Repeats are found elsewhere (`_seen.py`), after these.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.services import addresses
from rsdata.words import lexicon, quality

if TYPE_CHECKING:
    import pyarrow as pa

RULES = (  # in the order in which they are asked; a row is counted under the first that refuses it
    "broken-row",
    "no-url",
    "bad-scheme",
    "private-address",
    "no-caption",
    "file-name",
    "too-short",
    "too-long",
    "boilerplate",
    "personal-data",
    "off-topic",
    "other-language",
    "repeated-url",
    "repeated-caption",
)
CODE = {name: number for number, name in enumerate(RULES, 1)}  # 0 is kept
HOST = r"^https?://(?:[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^/:?#]*)"
Codes = npt.NDArray[np.uint8]
_SPACES = re.compile(r"\s+")
_TAGS = re.compile(r"</?[a-zA-Z][^>]{0,200}>")


class Options(NamedTuple):
    """What the rules go by. `langs` empty: any language; `lingua`: ask it for what passes all else (slow)."""

    min_score: float = lexicon.MIN_SCORE
    min_words: int = 3
    max_chars: int = 500
    langs: tuple[str, ...] = ("en",)
    lingua: bool = False
    allow: tuple[str, ...] = ()
    same_caption: int = 10


class Judged(NamedTuple):
    """One row of the arrays for each text: the code of the rule that refused it (0: none), a detail for those that the
    word list judged, the score (NaN where it was not asked), the language ("" where not asked), the text made clean."""

    codes: Codes
    details: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]
    langs: npt.NDArray[np.object_]
    texts: pa.Array


def judge(urls: pa.Array | None, texts: pa.Array, options: Options, words: lexicon.Lexicon) -> Judged:
    """Hold texts (and their addresses, where there are any) against every rule but those on repeats."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(texts)
    codes = np.zeros(count, np.uint8)
    if urls is not None:
        _judge_urls(urls, options, codes)
    clean = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    lower = pc.utf8_lower(pc.utf8_normalize(clean, "NFC"))
    _judge_texts(lower, options, words, codes)
    _refuse(codes, "off-topic", ~_matches(lower, words.anchors))
    left = np.flatnonzero(codes == 0)
    tidied = [tidy(text) for text in clean.take(pa.array(left)).to_pylist()]
    details, langs = np.full(count, "", object), np.full(count, "", object)
    scores = np.full(count, np.nan, np.float32)
    for index, text in zip(left.tolist(), tidied, strict=True):
        found = words.score(text)
        scores[index] = found.value
        if found.value < options.min_score:
            codes[index], details[index] = CODE["off-topic"], f"{found.value:g}: {', '.join(found.found)}"
            continue
        langs[index] = words.language(text, found.found)
        if problem := _language(text, langs[index], options):
            codes[index], details[index] = CODE["other-language"], problem
    mask = np.zeros(count, bool)
    mask[left] = True
    return Judged(
        codes, details, scores, langs, pc.replace_with_mask(clean, pa.array(mask), pa.array(tidied, pa.string()))
    )


def tidy(text: str) -> str:
    """White space made single, HTML signs read (&amp; is &), tags taken out."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAGS.sub(" ", text)
    return _SPACES.sub(" ", text).strip()


def hosts(urls: pa.Array) -> pa.Array:
    """The host of each address, lower case; null where there is none."""
    import pyarrow.compute as pc

    return pc.utf8_lower(pc.struct_field(pc.extract_regex(urls, HOST), "host"))


def _judge_urls(urls: pa.Array, options: Options, codes: Codes) -> None:
    import pyarrow.compute as pc

    urls = pc.utf8_trim_whitespace(pc.fill_null(urls, ""))
    _refuse(codes, "no-url", _mask(pc.equal(urls, "")))
    lower = pc.utf8_lower(urls)
    _refuse(codes, "bad-scheme", ~_mask(pc.or_(pc.starts_with(lower, "http://"), pc.starts_with(lower, "https://"))))
    found = pc.fill_null(hosts(lower), "").dictionary_encode()
    inside = np.array([_inside(host, options.allow) for host in found.dictionary.to_pylist()], bool)
    if inside.any():
        _refuse(codes, "private-address", inside[found.indices.to_numpy()])


@lru_cache(maxsize=200_000)
def _inside(host: str, allow: tuple[str, ...]) -> bool:
    return addresses.host_is_inside(host, addresses.networks(allow))


def _judge_texts(lower: pa.Array, options: Options, words: lexicon.Lexicon, codes: Codes) -> None:
    import pyarrow.compute as pc

    _refuse(codes, "no-caption", _mask(pc.equal(lower, "")))
    _refuse(codes, "file-name", _matches(lower, words.rules["file_name"]))
    spaces = pc.count_substring_regex(lower, r"\s+").to_numpy(zero_copy_only=False)
    unspaced = _matches(lower, r"\p{Han}|\p{Hangul}")  # a sentence of Chinese has no spaces
    _refuse(codes, "too-short", (spaces + 1 < options.min_words) & ~unspaced)
    _refuse(codes, "too-long", _mask(pc.greater(pc.utf8_length(lower), options.max_chars)))
    _refuse(codes, "boilerplate", _matches(lower, words.rules["boilerplate"]))
    for rule in ("mail", "phone"):
        _refuse(codes, "personal-data", _matches(lower, words.rules[rule]))


def _language(text: str, lang: str, options: Options) -> str:
    """Why the language is not wanted; "" where it is."""
    if not options.langs:
        return ""
    if lang not in options.langs:
        return lang or "unknown"
    if options.lingua and len(text.split()) >= quality.WORDS_FOR_LANGUAGE:
        best = quality.detector().compute_language_confidence_values(text)[0]
        found = best.language.iso_code_639_1.name.lower()
        return found if found not in options.langs and best.value >= quality.CONFIDENT else ""
    return ""


def _matches(texts: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    return _mask(pc.match_substring_regex(texts, pattern))


def _mask(values: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)


def _refuse(codes: Codes, rule: str, hit: npt.NDArray[np.bool_]) -> None:
    """Mark rows that no rule refused so far."""
    codes[(codes == 0) & hit] = CODE[rule]


def options(
    min_score: float,
    min_words: int,
    max_chars: int,
    langs: Sequence[str],
    lingua: bool,
    allow: Sequence[str],
    same: int,
) -> Options:
    """The options of the rules from a stage's parameters."""
    addresses.networks(allow)
    return Options(min_score, min_words, max_chars, tuple(langs), lingua, tuple(allow), same)
