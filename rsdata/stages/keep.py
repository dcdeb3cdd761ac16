"""Keep: of a scored corpus, the images and captions whose scores reach a threshold, a value or a percentile.

Cheap, and apart from `score`, so that thresholds can be tried: `rsdata keep ... --replace`. General CLIP models give
pictures from above low scores, and sources differ: a percentile of each source is the safer way (`per_source`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Caption, Drop, Output, Record, read_part

VERSION = 1
FILTERS = ("not-from-above", "low-similarity")
ALL = "*"  # one threshold for every source


def prepare(
    parts: Sequence[Path],
    *,
    min_similarity: float | None = None,
    similarity_percentile: float | None = None,
    min_above: float | None = None,
    above_percentile: float | None = None,
    per_source: bool = True,
) -> dict[str, Any]:
    """The thresholds: source -> value. Raises BadRecipe where none is asked for, BadCorpus where nothing was scored."""
    _check(min_similarity, similarity_percentile, "similarity")
    _check(min_above, above_percentile, "above")
    asked = (min_similarity, similarity_percentile, min_above, above_percentile)
    if all(value is None for value in asked):
        raise BadRecipe(
            "keep: no threshold; give min_similarity or similarity_percentile, min_above or above_percentile"
        )
    similarity: dict[str, list[float]] = {}
    above: dict[str, list[float]] = {}
    for part in parts:
        for record in read_part(part):
            source = record.source if per_source else ALL
            similarity.setdefault(source, []).extend(
                c.score for c in record.captions if _scored(c) and c.score is not None
            )
            if "above" in record.extra:
                above.setdefault(source, []).append(float(record.extra["above"]))
    if parts and not above and not any(similarity.values()):
        raise BadCorpus(f"{parts[0].parent.parent}: no scores here; run `rsdata score` first")
    return {
        "similarity": _thresholds(similarity, min_similarity, similarity_percentile),
        "above": _thresholds(above, min_above, above_percentile),
        "per_source": per_source,
    }


def run(
    records: Iterable[Record],
    *,
    min_similarity: float | None = None,
    similarity_percentile: float | None = None,
    min_above: float | None = None,
    above_percentile: float | None = None,
    per_source: bool = True,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Drop images whose probability to show the ground from above is below the threshold (not-from-above), captions
    whose similarity is, with their translations, and images with no caption left (low-similarity).

    min_similarity, min_above: the least value that stays. similarity_percentile, above_percentile: this share in
    percent, the lowest, goes (70 keeps the best 30 %, as DataComp's baseline does). per_source: percentiles of each
    source alone. Captions without a score stay; an image without one is dropped as not-scored where it is needed.
    """
    for record in records:
        source = record.source if state["per_source"] else ALL
        yield from _judged(record, state["above"].get(source), state["similarity"].get(source), state)


def _judged(
    record: Record, above: float | None, similarity: float | None, state: Mapping[str, Any]
) -> Iterator[Output]:
    if state["above"]:
        found = record.extra.get("above")
        if found is None or above is None:
            yield _dropped(record, "not-scored", "no `above` in extra; run `rsdata score` again")
            return
        if float(found) < above:
            yield _dropped(record, "not-from-above", f"{found} < {above:g} ({record.extra.get('kind', '')})")
            return
    low = [n for n, c in enumerate(record.captions) if similarity is not None and _below(c, similarity)]
    if not low:
        yield record
        return
    kept = [n for n, c in enumerate(record.captions) if n not in low and c.of not in low]
    if not kept:
        best = max(record.captions[n].score or 0.0 for n in low)
        yield _dropped(record, "low-similarity", f"{best:.4f} < {similarity:g}: {record.captions[low[0]].text}"[:200])
        return
    yield Drop(record.id, "keep", "low-similarity", images=0, captions=len(record.captions) - len(kept))
    place = {old: new for new, old in enumerate(kept)}
    captions = [record.captions[n] for n in kept]
    yield replace(record, captions=[c if c.of is None else replace(c, of=place[c.of]) for c in captions])


def _dropped(record: Record, reason: str, detail: str) -> Drop:
    return Drop(record.id, "keep", reason, detail, 1, len(record.objects), len(record.captions))


def _scored(caption: Caption) -> bool:
    return caption.of is None and caption.score is not None


def _below(caption: Caption, threshold: float) -> bool:
    return caption.of is None and caption.score is not None and caption.score < threshold


def _check(value: float | None, percentile: float | None, name: str) -> None:
    if value is not None and percentile is not None:
        raise BadRecipe(f"keep: min_{name} and {name}_percentile are two ways to say one threshold; give one of them")
    for given in (value, percentile):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
            raise BadRecipe(f"keep: a threshold of {name} wants a number, got {given!r}")
    if percentile is not None and not 0 <= percentile <= 100:
        raise BadRecipe(f"keep: {name}_percentile wants 0 to 100, got {percentile:g}")


def _thresholds(values: Mapping[str, list[float]], least: float | None, percentile: float | None) -> dict[str, float]:
    if least is not None:
        return {source: float(least) for source in values}
    if percentile is None:
        return {}
    return {
        source: float(np.percentile(np.array(found), percentile, method="higher"))
        for source, found in values.items()
        if found
    }
