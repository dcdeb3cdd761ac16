"""Translate: every caption in more languages.

Captions made from boxes are not translated but said again from the same facts, exact in every language. All others
(human, alt-text, LLM) go through a machine translation model, each different sentence once, and every translation is
checked; one that fails is tried again with a wider beam, then left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Output, Record
from rsdata.stages import _memory
from rsdata.stages._facts import Options, counterpart, select
from rsdata.stages._memory import Entry
from rsdata.words import quality
from rsdata.words.render import language

VERSION = 1
SOURCE = "en"
CHUNK = 2000  # sentences that are translated, checked and remembered together


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
    progress: Any = None,
) -> dict[str, Any]:
    """Translate every different sentence of the corpus that is not remembered yet, in batches sorted by length.

    Returns the model's id and the file with the translations. `device`: cpu, cuda or auto; `threads`: 0 is all cores.
    """
    codes = _codes(langs)
    if not model:
        return {}
    from rsdata.services import translators

    engine = translators.load(Path(model), device=device, threads=threads)
    for code in codes:
        engine.check_language(code)
    sources = sorted(_sources(parts), key=lambda text: (len(text), text))
    file = out.parent / "cache" / "translations.sqlite"
    with _memory.opened(file, engine.id) as memory:
        for code in codes:
            done = memory.get(code, sources)
            todo = [text for text in sources if text not in done]
            if progress:
                progress.start(f"translate {code}", len(sources), len(sources) - len(todo))
            for first in range(0, len(todo), CHUNK):
                chunk = todo[first : first + CHUNK]
                memory.put(code, _translated(engine, chunk, code, beam, retry_beam))
                for _ in chunk if progress else ():
                    progress.advance()
    return {
        "model": engine.id,
        "name": engine.name,
        "memory": str(file.relative_to(out.parent)),
        "sentences": len(sources),
    }


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


def _sources(parts: Sequence[Path]) -> set[str]:
    """Every different sentence that needs a translator."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: set[str] = set()
    for part in parts:
        rows = pq.read_table(part, columns=["captions"]).column("captions").combine_chunks().flatten()
        wanted = pc.and_(pc.equal(rows.field("lang"), SOURCE), pc.is_null(rows.field("of")))
        wanted = pc.and_(wanted, pc.not_equal(rows.field("origin"), "b2c"))
        found.update(pc.unique(rows.field("text").filter(wanted)).to_pylist())
    return {text for text in found if text.strip()}


def run(
    records: Iterable[Record],
    *,
    langs: Sequence[str],
    model: str = "",
    beam: int = 4,
    retry_beam: int = 8,
    device: str = "cpu",
    threads: int = 0,
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Add the counterparts of every English caption in `langs`; `of` points to the caption they say again.

    langs: codes of the ten languages. model: folder of a converted model (`rsdata models list`); without one, captions
    that need it are counted as `no-model`. beam, retry_beam: hypotheses kept at the first and the second try. device,
    threads: where the model runs.
    Captions are refused as no-model, facts-changed (the objects are not those that the caption was made from),
    mt-<check> (see words/quality.py).
    """
    codes = _codes(langs)
    memory_file = out.parent / state["memory"] if state else None
    for chunk in _chunks(records):
        known = _remembered(chunk, codes, memory_file, state)
        for record in chunk:
            captions, drops = _counterparts(record, codes, known, state.get("name", ""))
            yield from drops
            yield replace(record, captions=captions)


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
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _needs_model(caption: Caption) -> bool:
    return caption.lang == SOURCE and caption.of is None and caption.origin != "b2c" and bool(caption.text.strip())


def _remembered(
    chunk: list[Record], codes: list[str], file: Path | None, state: Mapping[str, Any]
) -> dict[str, dict[str, Entry]]:
    if file is None:
        return {}
    texts = {c.text for record in chunk for c in record.captions if _needs_model(c)}
    with _memory.opened(file, state["model"]) as memory:
        return {code: memory.get(code, texts) for code in codes}


def _counterparts(
    record: Record, codes: list[str], known: Mapping[str, Mapping[str, Entry]], name: str
) -> tuple[list[Caption], list[Drop]]:
    captions = list(record.captions)
    there = {(caption.of, caption.lang) for caption in captions if caption.of is not None}
    refused: dict[str, list[str]] = {}
    facts = _facts(record)
    for code in codes:
        said: set[str] = set()
        for index, caption in enumerate(record.captions):
            if caption.lang != SOURCE or caption.of is not None or (index, code) in there:
                continue
            if caption.origin == "b2c":
                text, reason = _rendered(caption, facts, code, said)
                made = Caption(text, code, "b2c", caption.rule, index)
            else:
                text, reason = _looked_up(caption, known.get(code), name)
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
    """English text of each caption from boxes -> its rule and facts."""
    if not any(caption.origin == "b2c" for caption in record.captions) or "b2c" not in record.extra:
        return {}
    return {text: (rule, facts) for rule, facts, text in select(record, Options.of(record.extra["b2c"]))}


def _rendered(caption: Caption, facts: Mapping[str, Any], code: str, said: set[str]) -> tuple[str, str]:
    if caption.text not in facts:
        return "", "facts-changed"
    rule, said_of = facts[caption.text]
    return counterpart(code, rule, said_of, said) or "", ""


def _looked_up(caption: Caption, known: Mapping[str, Entry] | None, name: str) -> tuple[str, str]:
    if not caption.text.strip():
        return "", ""
    if known is None or caption.text not in known:
        return "", "no-model"
    entry = known[caption.text]
    return ("", f"mt-{entry.problems.partition(',')[0]}") if entry.problems else (entry.text, "")
