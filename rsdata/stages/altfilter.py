"""Altfilter: of images with alt text from the web, keep those whose text speaks of a view from above.

Two ways to use the same rules (`_rules.py`, word list in words/web.toml): `filter_table` over a table of addresses,
before anything is downloaded (`rsdata web`); and `run`, the stage, over the alt captions of any corpus.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rsdata import place
from rsdata.errors import BadCorpus
from rsdata.record import Caption, Drop, Output, Record
from rsdata.stages import _rules
from rsdata.stages._keptrows import Rows
from rsdata.stages._seen import Seen, hashes
from rsdata.stages._webtable import Batch, batches, files, numbers
from rsdata.words import lexicon

VERSION = 1
FILTERS = _rules.RULES
REPEATS = "repeated.parquet"


def filter_table(
    table: Path,
    out: Path,
    *,
    url_col: str = "",
    caption_col: str = "",
    min_score: float = lexicon.MIN_SCORE,
    min_words: int = 3,
    max_chars: int = 500,
    langs: Sequence[str] = ("en",),
    lingua: bool = False,
    allow: Sequence[str] = (),
    same_caption: int = 10,
    words: str = "",
    progress: Any = None,
) -> dict[str, Any]:
    """Judge every row of a table, in a stream; write out/rows/*.parquet (what passes), out/refused.parquet (row number
    and rule of all others) and out/text.json (the ledger, which is returned). Done before with the same table and
    options: nothing is done again.

    url_col, caption_col: column names, where they are not the usual ones. The other options as in `run`; `allow`:
    networks that may be asked for files although they are not public. Raises BadSource, BadRecipe.
    """
    options = _rules.options(min_score, min_words, max_chars, langs, lingua, allow, same_caption)
    known = lexicon.load(Path(words)) if words else lexicon.load()
    key = _key(table, url_col, caption_col, options, known)
    done = out / "text.json"
    if done.is_file() and (found := json.loads(done.read_text("utf-8"))).get("key") == key:
        return dict(found)
    rows = Rows(out)
    seen = (Seen(), Seen())
    with rows:
        for count, batch in enumerate(batches(table, url_col, caption_col)):
            judged = _rules.judge(batch.url, batch.caption, options, known)
            _repeats(batch, judged, seen, same_caption)
            rows.add(numbers(batch), batch.url, judged, batch.broken)
            if progress and count % 20 == 19:
                progress.note(f"text: {rows.count:,} rows, {rows.kept:,} kept")
    return rows.finish(key, {"table": str(table), **options._asdict(), "lexicon": known.digest})


def _key(table: Path, url_col: str, caption_col: str, options: _rules.Options, words: lexicon.Lexicon) -> str:
    stamps = [[file.name, (status := file.stat()).st_size, status.st_mtime_ns] for file in files(table)]
    text = json.dumps([VERSION, stamps, url_col, caption_col, options, words.digest])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _repeats(batch: Batch, judged: _rules.Judged, seen: tuple[Seen, Seen], same_caption: int) -> None:
    """Refuse addresses met before, and captions that `same_caption` rows have already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for rule, store, values in (
        ("repeated-url", seen[0], pc.replace_substring_regex(pc.utf8_trim_whitespace(batch.url), "#.*", "")),
        ("repeated-caption", seen[1], pc.utf8_lower(judged.texts)),
    ):
        left = np.flatnonzero(judged.codes == 0)
        most = 1 if rule == "repeated-url" else same_caption
        rank = store.rank(hashes(values.take(pa.array(left))))
        if most:
            judged.codes[left[rank >= most]] = _rules.CODE[rule]


def prepare(
    parts: Sequence[Path], *, out: Path, origins: Sequence[str] = ("alt",), same_caption: int = 10
) -> dict[str, Any]:
    """Find addresses and captions that the whole corpus repeats; they are kept in `repeated.parquet` by record id."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rsdata.record import read_part

    seen = (Seen(), Seen())
    found: list[tuple[str, int, str]] = []
    for part in parts:
        said = [(r, n, c.text) for r in read_part(part) for n, c in enumerate(r.captions) if _judged(c, origins)]
        firsts = [n for n, (r, _, _) in enumerate(said) if "url" in r.extra and (n == 0 or said[n - 1][0] is not r)]
        for index, rank in zip(firsts, seen[0].rank(hashes([said[n][0].extra["url"] for n in firsts])), strict=True):
            if rank:
                found.append((said[index][0].id, -1, "repeated-url"))
        ranks = seen[1].rank(hashes([_rules.tidy(text).lower() for _, _, text in said]))
        found += [
            (said[n][0].id, said[n][1], "repeated-caption")
            for n in np.flatnonzero(ranks >= (same_caption or 2**32 - 1))
        ]
    rows = {name: [row[n] for row in found] for n, name in enumerate(("id", "caption", "rule"))}
    schema = pa.schema([("id", pa.string()), ("caption", pa.int32()), ("rule", pa.string())])
    with place.replacing(out / REPEATS) as temporary:
        pq.write_table(pa.table(rows, schema=schema), temporary)
    return {"repeats": len(found), "digest": hashlib.sha256(repr(found).encode()).hexdigest()[:32]}


def run(
    records: Iterable[Record],
    *,
    min_score: float = lexicon.MIN_SCORE,
    min_words: int = 3,
    max_chars: int = 500,
    langs: Sequence[str] = ("en",),
    lingua: bool = False,
    same_caption: int = 10,
    origins: Sequence[str] = ("alt",),
    words: str = "",
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Take out alt captions that a rule refuses, and what was translated from them; a record that had alt captions and
    has no caption left is dropped by the rule that took its first. Other records are left alone.

    min_score: what a caption's phrases must sum up to (words/web.toml). min_words, max_chars: lengths. langs:
    languages, told by script and small words; [] is any. lingua: ask lingua about those that pass. same_caption: how
    many images may have one text (ALIGN drops alt texts that more than 10 images share, arXiv 2102.05918); 0 is any
    number. origins: which captions are judged. words: a word list of your own, in the form of words/web.toml.
    """
    options = _rules.options(min_score, min_words, max_chars, langs, lingua, (), same_caption)
    known = lexicon.load(Path(words)) if words else lexicon.load()
    repeated = _read_repeats(out / REPEATS, state)
    listed = list(records)
    judged = _judge_records(listed, origins, options, known)
    for record in listed:
        verdicts = judged.get(record.id, {})
        for index, rule in repeated.get(record.id, ()):
            for n in verdicts if index < 0 else (index,):
                verdicts[n] = verdicts.get(n) or rule
        yield from _taken_out(record, verdicts)


def _judged(caption: Caption, origins: Sequence[str]) -> bool:
    return caption.origin in origins and caption.of is None


def _judge_records(
    records: Sequence[Record], origins: Sequence[str], options: _rules.Options, words: lexicon.Lexicon
) -> dict[str, dict[int, str]]:
    """Record id -> index of each judged caption -> rule, "" for those that pass."""
    import pyarrow as pa

    said = [(r.id, n, c.text) for r in records for n, c in enumerate(r.captions) if _judged(c, origins)]
    found = _rules.judge(None, pa.array([text for _, _, text in said], pa.string()), options, words)
    verdicts: dict[str, dict[int, str]] = {}
    for (id, n, _), code in zip(said, found.codes.tolist(), strict=True):
        verdicts.setdefault(id, {})[n] = ("", *_rules.RULES)[code]
    return verdicts


def _taken_out(record: Record, verdicts: Mapping[int, str]) -> Iterator[Output]:
    refused = {n: rule for n, rule in verdicts.items() if rule}
    if not refused:
        yield record
        return
    kept = [n for n, c in enumerate(record.captions) if n not in refused and c.of not in refused]
    if not kept:
        rule = next(iter(refused.values()))
        text = record.captions[next(iter(refused))].text if rule != "personal-data" else ""
        yield Drop(record.id, "altfilter", rule, text, 1, len(record.objects), len(record.captions))
        return
    for rule, count in Counter(refused.values()).items():
        yield Drop(record.id, "altfilter", rule, images=0, captions=count)
    place = {old: new for new, old in enumerate(kept)}
    captions = [record.captions[n] for n in kept]
    yield replace(record, captions=[c if c.of is None else replace(c, of=place[c.of]) for c in captions])


def _read_repeats(file: Path, state: Mapping[str, Any]) -> dict[str, list[tuple[int, str]]]:
    import pyarrow.parquet as pq

    if not state["repeats"]:
        return {}
    if not file.is_file():
        raise BadCorpus(f"{file}: gone; delete prepare.json beside it and run the same command again")
    found: dict[str, list[tuple[int, str]]] = {}
    for row in pq.read_table(place.source(file)).to_pylist():
        found.setdefault(row["id"], []).append((row["caption"], row["rule"]))
    return found
