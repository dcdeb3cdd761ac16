"""Policy: of a corpus, the images and captions whose licences fit what it is to be used for.

An image goes by the licence of its record, which is that of its source. A caption goes by the model that wrote it: its
translations go with it, since they are made of it. Captions of templates and language models also go where the map data
behind them may not be used so. Silence is no leave: what states no terms is dropped, unless `allow` names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rsdata import licence
from rsdata.errors import BadRecipe
from rsdata.licence import POLICIES, Licence
from rsdata.record import Caption, Drop, Output, Record

VERSION = 1
STAGE = "policy"
KINDS = ("licence", "model", "landmarks")
FILTERS = tuple(f"{kind}-{name.lower()}" for kind in KINDS for name in licence.TABLE)  # its work, not losses
LANDMARKS, UNDER = "landmarks", "landmarks_licence"  # in `extra`: the facts, and the licences of the map data
Allowed = tuple[str, ...]


def run(records: Iterable[Record], *, use: str = "research", allow: Sequence[str] = ()) -> Iterator[Output]:
    """Keep what fits.

    use: what the corpus is for: commercial, research or redistributable. allow: names whose terms you have read and
    accept for this use: licences as `rsdata licences` shows them, sources, models, or `unknown` and `none-stated`.

    Drops, each with the images, objects and captions it cost: licence-NAME for a source, model-NAME for captions of a
    model, landmarks-NAME for captions made of map data; NAME is a licence in small letters. A record whose captions all
    go stays, with its boxes: `pack` leaves out what has no caption.
    """
    check(use, allow)
    allowed = tuple(allow)
    for record in records:
        under = licence.lookup(record.licence)
        if not _granted(under, use, allowed) and record.source not in allowed:
            detail = f"{record.source}: {under.title}"
            yield Drop(
                record.id, STAGE, _reason("licence", under), detail, 1, len(record.objects), len(record.captions)
            )
            continue
        yield from _captions(record, use, allowed)


def check(use: str, allow: Sequence[str]) -> None:
    """Raises BadRecipe for parameters that cannot be."""
    if use not in POLICIES:
        raise BadRecipe(f"policy: use wants {', '.join(POLICIES)}, got {use!r}")
    if isinstance(allow, str) or not all(isinstance(name, str) for name in allow):
        raise BadRecipe(f"policy: allow wants a list of names, such as [none-stated], got {allow!r}")


def _captions(record: Record, use: str, allowed: Allowed) -> Iterator[Output]:
    """The record without the captions that do not fit, after a Drop for each reason."""
    map_data = _unfit_map(record, use, allowed)
    reasons: list[tuple[str, str] | None] = []
    for caption in record.captions:
        reasons.append(_refusal(caption, map_data, use, allowed))
    for n, caption in enumerate(record.captions):  # what is made of a refused caption goes with it
        seen = {n}
        while reasons[n] is None and caption.of is not None and caption.of not in seen:
            reasons[n] = reasons[caption.of]
            seen.add(caption.of)
            caption = record.captions[caption.of]
    lost: dict[str, list[str]] = {}
    for reason in reasons:
        if reason is not None:
            lost.setdefault(reason[0], []).append(reason[1])
    for name, details in lost.items():
        yield Drop(record.id, STAGE, name, details[0], images=0, captions=len(details))
    yield _without(record, [n for n, reason in enumerate(reasons) if reason is None], bool(map_data))


def _without(record: Record, kept: list[int], no_map: bool) -> Record:
    """The record with the captions `kept`, numbered anew, and without map facts where `no_map`."""
    if no_map:
        gone = (LANDMARKS, UNDER, "attribution")
        record = replace(record, extra={key: value for key, value in record.extra.items() if key not in gone})
    if len(kept) == len(record.captions):
        return record
    place = {old: new for new, old in enumerate(kept)}
    captions = [record.captions[n] for n in kept]
    return replace(record, captions=[c if c.of is None else replace(c, of=place[c.of]) for c in captions])


def _unfit_map(record: Record, use: str, allowed: Allowed) -> Licence | None:
    """The first licence of the map data behind a record that does not fit."""
    names = [name.strip() for name in record.extra.get(UNDER, "").split(",") if name.strip()]
    return next((one for one in map(licence.lookup, names) if not _granted(one, use, allowed)), None)


def _refusal(caption: Caption, map_data: Licence | None, use: str, allowed: Allowed) -> tuple[str, str] | None:
    """Reason and detail, or None where the caption fits."""
    kind, _, model = caption.origin.partition(":")
    if map_data is not None and kind in ("template", "llm"):
        return _reason("landmarks", map_data), map_data.title
    under = _model(caption.origin)
    if under is None or _granted(under, use, allowed) or model in allowed or caption.origin in allowed:
        return None
    return _reason("model", under), f"{caption.origin}: {under.title}"


_model = lru_cache(maxsize=256)(licence.of_caption)
_granted = lru_cache(maxsize=1024)(licence.fits)


def _reason(kind: str, under: Licence) -> str:
    return f"{kind}-{under.name.lower()}"
