"""Retrieval end to end: captions of the records by language, vectors of both sides, one row of numbers a language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.evaluate import retrieval
from rsdata.evaluate.data import NO_OPTIONS, Data, read
from rsdata.evaluate.features import Embedded, Encoder
from rsdata.record import Record

FILE = Path(__file__).parent / "protocols.toml"
TEN = ("en", "pt", "es", "fr", "de", "nl", "it", "zh", "ko", "ru")  # RS-M-CLIP's languages


@lru_cache(maxsize=1)
def protocols() -> dict[str, dict[str, Any]]:
    """The protocols of papers, by the name of the dataset."""
    return tomllib.loads(FILE.read_text("utf-8"))


def find(
    what: str, split: str | None, root: Path | None = None, options: Mapping[str, Any] = NO_OPTIONS
) -> tuple[Data, str]:
    """The data, and the name of its protocol where a dataset is named that has one; else ""."""
    name, _, own = what.partition(":")
    known = protocols().get(name) if not Path(what).is_dir() else None
    wanted = split or own or (known["split"] if known else None)
    data = read(name if known else what, wanted, root=root, options=options)
    return data, name if known and wanted == known["split"] else ""


def run(
    encoder: Encoder,
    data: Data,
    *,
    protocol: str = "",
    langs: Sequence[str] | None = None,
    origins: Sequence[str] | None = None,
    capitalize: bool | None = None,
    ties: str = "pessimistic",
    same: str = "own",
    rounds: int = 1000,
    shuffles: int = 0,
    seed: int = 0,
    progress: Any = None,
) -> dict[str, Any]:
    """Rows by language, the mean over languages where there are several, and notes.

    `protocol` fills in origins and capitalize; `langs` None takes every language that has captions. An image without a
    caption in a language is left out of that language's row, as query and as answer. `shuffles`: so often the images
    are dealt out anew, for what this model gets where nothing fits.
    """
    rule = protocols().get(protocol, {}) if protocol else {}
    if protocol and not rule:
        raise BadRecipe(f"eval: no protocol {protocol!r}; there are {', '.join(protocols())}")
    origins = origins or rule.get("origins")
    capitalize = bool(rule.get("capitalize")) if capitalize is None else capitalize
    found = _embed(encoder, data, progress)
    rows = []
    for lang in langs or _langs(found.records, origins):
        how = {"ties": ties, "same": same, "rounds": rounds, "shuffles": shuffles, "seed": seed}
        rows.append(_row(encoder, found, lang, origins, capitalize, how))
    settings = {"ties": ties, "same": same, "capitalize": capitalize, "origins": list(origins or []) or "all"}
    result: dict[str, Any] = {"settings": settings, "rounds": rounds, "rows": rows, "notes": _notes(found, rows, rule)}
    result["comparable"] = bool(rule) and len(found.records) == rule["images"]
    if len(rows) > 1:
        result["means"] = [{"of": f"{len(rows)} languages", "metrics": retrieval.average(rows)}]
    return result


def captions(record: Record, lang: str, origins: Sequence[str] | None, capitalize: bool = False) -> list[str]:
    """The captions of a record in a language, those of blanks left out. `mt` stands for every `mt:model`."""
    said = [c for c in record.captions if not origins or c.origin.partition(":")[0] in origins]
    kept = [c.text.strip() for c in said if c.lang == lang and c.text.strip()]
    return [text.capitalize() for text in kept] if capitalize else kept


def _embed(encoder: Encoder, data: Data, progress: Any) -> Embedded:
    if progress:
        progress.start("images", -(-len(data.records) // encoder.batch), 0)
    found = encoder.images(data, (lambda n: progress.advance()) if progress else (lambda n: None))
    if encoder.store:
        encoder.store.save()
    return found


def _langs(records: Sequence[Record], origins: Sequence[str] | None) -> list[str]:
    there = {caption.lang for record in records for caption in record.captions if caption.text.strip()}
    found = [lang for lang in there if any(captions(record, lang, origins) for record in records)]
    if not found:
        raise BadCorpus("eval: none of the images has a caption; convert with --to captions, or choose other --origins")
    return sorted(found, key=lambda lang: (TEN.index(lang) if lang in TEN else len(TEN), lang))


def _row(
    encoder: Encoder,
    found: Embedded,
    lang: str,
    origins: Sequence[str] | None,
    capitalize: bool,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    said = [captions(record, lang, origins, capitalize) for record in found.records]
    kept = [n for n, texts in enumerate(said) if texts]
    if not kept:
        there = ", ".join(_langs(found.records, origins))
        raise BadCorpus(f"eval: no captions in {lang} here; there are some in {there}")
    owner, group, texts = retrieval.owners([said[n] for n in kept], how["same"])
    vectors = encoder.texts(texts)
    if encoder.store:
        encoder.store.save()
    numbers = retrieval.evaluate(
        found.vectors[kept], vectors, owner, group, ties=how["ties"], rounds=how["rounds"], seed=how["seed"]
    )
    if how["shuffles"]:
        numbers["shuffled"] = retrieval.shuffled(
            found.vectors[kept], vectors, owner, ties=how["ties"], rounds=how["shuffles"], seed=how["seed"]
        )
    unique = len(set(texts))
    return {"lang": lang, **numbers, "unique_captions": unique, "images_without": len(said) - len(kept)}


def _notes(found: Embedded, rows: Sequence[dict[str, Any]], rule: dict[str, Any]) -> list[str]:
    notes = [f"{len(found.unreadable):,} images could not be read: {found.unreadable[0]}"] if found.unreadable else []
    if rule and len(found.records) != rule["images"]:
        notes.append(
            f"{len(found.records):,} of the protocol's {rule['images']:,} test images are here: fewer answers to choose"
            " from make it easier, so the published numbers are left out"
        )
    splits = sorted({record.split for record in found.records})
    if len(splits) > 1:
        notes.append(
            f"several splits are searched together ({', '.join(s or 'none' for s in splits)}): --split takes one"
        )
    for row in rows:
        if row["unique_captions"] < row["captions"]:
            more = row["captions"] - row["unique_captions"]
            notes.append(f"{row['lang']}: {more:,} of {row['captions']:,} captions repeat another one word for word")
    return notes
