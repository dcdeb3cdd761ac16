"""Translate: every caption in more languages.

Captions made from boxes are not translated but said again from the same facts, exact in every language. All others
(human, alt-text, LLM) go through a machine translation model, each different sentence once, and every translation is
checked; one that fails is tried again with a wider beam, then left out and counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Output, Record
from rsdata.stages import _memory, _scores
from rsdata.stages._facts import Options, counterpart, select
from rsdata.stages._memory import Entry, Memory, Scored
from rsdata.words import quality
from rsdata.words.render import language

VERSION = 1
SOURCE = "en"
CHUNK = 512  # sentences that are translated, checked and remembered together: what a kill can cost
RECORDS = 2000  # records whose translations are looked up together
MEMORY = Path("cache/translations.sqlite")  # in the corpus
AGAIN = "delete prepare.json in the stage's folder and run the same command again"


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    langs: Sequence[str],
    model: str = "",
    beam: int = 4,
    retry_beam: int = 8,
    device: str = "cpu",
    threads: int = 0,
    scores: str = "",
    progress: Any = None,
    each: Any = None,
) -> dict[str, Any]:
    """Translate every different sentence of the corpus that is not remembered yet, and read the scores. With `each`
    that is done on a cluster; what comes back is remembered by this process alone.

    Returns the key under which translations are remembered, the model's name, and the key of the scores.
    """
    codes = _codes(langs)
    state: dict[str, Any] = {}
    if model:
        from rsdata.services import translators

        engine = translators.load(Path(model), device=device, threads=threads)
        for code in codes:
            engine.check_language(code)
        quality.detector()  # the missing package is told before the work, not after it
        key = f"{engine.id} beam {beam}/{retry_beam} checks {quality.VERSION}"
        sources = _sources(parts, codes)
        with _memory.opened(out.parent / MEMORY, key) as memory:
            for bit, code in enumerate(codes):
                wanted = sorted((t for t, needs in sources.items() if needs >> bit & 1), key=lambda t: (len(t), t))
                one = threads or int(each is not None and device == "cpu")  # a cluster gives each job a core
                how = _How(engine.id, model, device, one, code, beam, retry_beam)
                _fill(memory, engine, wanted, how, progress, each)
        state |= {"model": key, "name": engine.name, "sentences": len(sources)}
    if scores:
        file = Path(scores)
        state["scores"] = _scores.digest(file)
        with _memory.opened(out.parent / MEMORY, "") as memory:
            memory.put_scores(state["scores"], _scores.rows(file))
    return state


class _How(NamedTuple):
    """What is translated with, and into which language; a node of a cluster loads the model by it."""

    id: str
    model: str
    device: str
    threads: int
    lang: str
    beam: int
    retry_beam: int


class _Job(NamedTuple):
    """Some sentences to translate, all that another process needs."""

    how: _How
    chunk: list[str]


@lru_cache(maxsize=1)
def _engine(model: str, device: str, threads: int, id: str) -> Any:
    from rsdata.services import translators

    return translators.load(Path(model), device=device, threads=threads)


def _elsewhere(job: _Job) -> list[Entry]:
    """Translate some sentences in a process of a cluster."""
    how = job.how
    engine = _engine(how.model, how.device, how.threads, how.id)
    if engine.id != how.id:
        raise BadRecipe(f"{how.model}: is another model on node {os.uname().nodename}; put the same one on every node")
    return _translated(engine, job.chunk, how.lang, how.beam, how.retry_beam)


def _fill(memory: Memory, engine: Any, sources: list[str], how: _How, progress: Any, each: Any) -> None:
    """Translate into one language what is not remembered, shortest first."""
    code = how.lang
    todo = memory.missing(code, sources)
    if progress:
        progress.start(f"translate {code}", len(sources), len(sources) - len(todo))
    began = time.monotonic()
    jobs = [_Job(how, todo[first : first + CHUNK]) for first in range(0, len(todo), CHUNK)]
    here = (_translated(engine, job.chunk, code, how.beam, how.retry_beam) for job in jobs)
    for entries in each(_elsewhere, jobs, device=how.device) if each else here:
        memory.put(code, entries)
        for _ in entries if progress else ():
            progress.advance()
    if progress and todo:
        spent = time.monotonic() - began
        failed = ", ".join(f"{name} {n:,}" for name, n in memory.refused([code]).items()) or "none"
        rate = len(todo) / max(spent, 1e-9)
        progress.note(f"translate {code}: {len(todo):,} sentences in {spent:.0f} s, {rate:.1f}/s; refused: {failed}")


def _translated(engine: Any, chunk: list[str], lang: str, beam: int, retry_beam: int) -> list[Entry]:
    texts = engine.translate(chunk, lang, beam)
    entries = [Entry(s, t, ",".join(quality.problems(s, t, lang)), beam) for s, t in zip(chunk, texts, strict=True)]
    again = [i for i, entry in enumerate(entries) if entry.problems]
    if again and retry_beam > beam:
        wider = engine.translate([chunk[i] for i in again], lang, retry_beam)
        for i, text in zip(again, wider, strict=True):
            found = ",".join(quality.problems(chunk[i], text, lang))
            if not found or found.count(",") < entries[i].problems.count(","):
                entries[i] = Entry(chunk[i], text, found, retry_beam)
    return entries


def _sources(parts: Sequence[Path], codes: Sequence[str]) -> dict[str, int]:
    """Every different sentence that needs a translator -> bit n is set where `codes[n]` is wanted of it."""
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: dict[str, int] = {}
    for part in parts:
        lists = pq.read_table(part, columns=["captions"]).column("captions").combine_chunks()
        rows = lists.flatten()
        wanted = pc.and_(pc.equal(rows.field("lang"), SOURCE), pc.is_null(rows.field("of")))
        wanted = pc.and_(wanted, pc.not_equal(rows.field("origin"), "b2c"))
        # a translation that is there points to its source by its place in the record
        first = lists.offsets.to_numpy()[pc.list_parent_indices(lists).to_numpy()] - lists.offsets[0].as_py()
        source = first + pc.fill_null(rows.field("of"), 0).to_numpy()
        needs = np.full(len(rows), (1 << len(codes)) - 1, np.int64)
        for bit, code in enumerate(codes):
            there = pc.and_(pc.equal(rows.field("lang"), code), pc.is_valid(rows.field("of")))
            needs[source[there.to_numpy(zero_copy_only=False)]] &= ~(1 << bit)
        needs[~wanted.to_numpy(zero_copy_only=False)] = 0
        for bits in np.unique(needs[needs > 0]).tolist():
            for text in pc.unique(rows.field("text").filter(needs == bits)).to_pylist():
                found[text] = found.get(text, 0) | bits
    return {text: bits for text, bits in found.items() if text.strip()}


def run(
    records: Iterable[Record],
    *,
    langs: Sequence[str],
    model: str = "",
    beam: int = 4,
    retry_beam: int = 8,
    device: str = "cpu",
    threads: int = 0,
    scores: str = "",
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Add the counterparts of every English caption in `langs`; `of` points to the caption they say again.

    langs: codes of the ten languages. model: folder of a converted model (`rsdata models list`); without one, captions
    that need it are counted as `no-model`. beam, retry_beam: hypotheses kept at the first and the second try. device:
    cpu, cuda or auto. threads: 0 is all cores. scores: a table (source, text, lang, score) whose scores are given to
    the translations it names (without a model, nothing is then refused), such as COMET-Kiwi's of what this prints:

        sqlite3 -header -tabs CORPUS/cache/translations.sqlite
            "select source, text, lang from translations where problems = ''"

    Captions are refused as no-model, blank, facts-changed (the objects are not those that the caption was made from),
    mt-<check> (see words/quality.py). Raises BadCorpus where the remembered translations are gone.
    """
    codes = _codes(langs)
    file = out.parent / MEMORY
    for chunk in _chunks(records):
        texts = {c.text for record in chunk for c in record.captions if _needs_model(c)}
        known = remembered(file, state, codes, texts)
        scored = _scored(file, state, texts)
        for record in chunk:
            captions, drops = _counterparts(record, codes, known, state.get("name", ""))
            yield from (drop for drop in drops if drop.reason != "no-model" or not scores)
            yield replace(record, captions=[_with_score(c, captions, scored) for c in captions])


def remembered(
    file: Path, state: Mapping[str, Any], codes: Iterable[str], texts: Iterable[str]
) -> dict[str, dict[str, Entry]]:
    """What `prepare` made of these English sentences: language -> sentence -> translation, refused ones too."""
    if "model" not in state:
        return {}
    if not file.is_file():
        raise BadCorpus(f"{file}: the translations are gone; {AGAIN}")
    with _memory.opened(file, state["model"]) as memory:
        return {code: memory.get(code, texts) for code in codes}


def _scored(file: Path, state: Mapping[str, Any], texts: Iterable[str]) -> dict[Scored, float]:
    if "scores" not in state:
        return {}
    with _memory.opened(file, "") as memory:
        return memory.scores(state["scores"], texts)


def _with_score(caption: Caption, captions: Sequence[Caption], scored: Mapping[Scored, float]) -> Caption:
    if not scored or caption.of is None:
        return caption
    score = scored.get((caption.lang, captions[caption.of].text, caption.text))
    return caption if score is None else replace(caption, score=score)


def _codes(langs: Sequence[str]) -> list[str]:
    codes = [code for code in dict.fromkeys(langs) if code != SOURCE]
    if not codes:
        raise BadRecipe("translate: langs is empty; give languages other than en, such as --langs pt,fr")
    for code in codes:
        language(code)
    return codes


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == RECORDS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _needs_model(caption: Caption) -> bool:
    return caption.lang == SOURCE and caption.of is None and caption.origin != "b2c" and bool(caption.text.strip())


def _counterparts(
    record: Record, codes: list[str], known: Mapping[str, Mapping[str, Entry]], name: str
) -> tuple[list[Caption], list[Drop]]:
    captions = list(record.captions)
    there = {(caption.of, caption.lang): caption.text for caption in captions if caption.of is not None}
    refused: dict[str, list[str]] = {}
    facts = _facts(record)
    for code in codes:
        said: set[str] = set()
        for index, caption in enumerate(record.captions):
            if caption.lang != SOURCE or caption.of is not None:
                continue
            if (index, code) in there:
                said.add(there[index, code])
                continue
            if caption.origin == "b2c":
                text, reason = _rendered(caption, facts, code, said)
                made = Caption(text, code, "b2c", caption.rule, index)
            else:
                text, reason = _looked_up(caption, known.get(code))
                made = Caption(text, code, f"mt:{name}", caption.rule, index)
            if text:
                captions.append(made)
            elif reason:
                refused.setdefault(reason, []).append(f"{code}: {caption.text}")
    return captions, [
        Drop(record.id, "translate", reason, texts[0], images=0, captions=len(texts))
        for reason, texts in sorted(refused.items())
    ]


def _facts(record: Record) -> dict[str, tuple[str, Any]]:
    """English text of each caption from boxes -> its rule and facts; nothing where these cannot be found again."""
    if not any(caption.origin == "b2c" for caption in record.captions):
        return {}
    try:
        options = Options.of(record.extra["b2c"])
    except (KeyError, ValueError):
        return {}
    return {text: (rule, facts) for rule, facts, text in select(record, options)}


def _rendered(caption: Caption, facts: Mapping[str, Any], code: str, said: set[str]) -> tuple[str, str]:
    """The counterpart of a caption from boxes, or why there is none; neither where the language has said it already."""
    if caption.text not in facts:
        return "", "facts-changed"
    rule, said_of = facts[caption.text]
    return counterpart(code, rule, said_of, said) or "", ""


def _looked_up(caption: Caption, known: Mapping[str, Entry] | None) -> tuple[str, str]:
    """The remembered translation of a caption, or why there is none."""
    if not caption.text.strip():
        return "", "blank"
    if known is None:
        return "", "no-model"
    if caption.text not in known:
        raise BadCorpus(f"{MEMORY}: has no translation of {caption.text!r}; {AGAIN}")
    entry = known[caption.text]
    return ("", f"mt-{entry.problems.partition(',')[0]}") if entry.problems else (entry.text, "")
