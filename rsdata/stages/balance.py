"""Balance: choose images so that no class, source, language or platform drowns the others.

Three steps, in this order, each by a stated rule and a seed:

1. `stride`: of a video (records with `video` and `frame` in `extra`) every n-th frame stays, the first one among them.
2. `class_share` and `weights`: an image stays with a probability. For a class in the share f of the images that are
   left, `class_share` t gives min(1, sqrt(t / f)), and an image takes the largest of its classes, so that a rare class
   keeps its images whatever else is on them. This is the repeat factor of LVIS (Gupta et al. 2019, arXiv 1908.03195,
   section "Repeat factor sampling": max over classes of max(1, sqrt(t / f))) turned round: a corpus holds no image
   twice, so frequent classes are thinned and not rare ones repeated, with the square root by which word2vec thins
   frequent words (Mikolov et al. 2013, arXiv 1310.4546, section 2.3).
3. `caps`: images are gone through from the one with the rarest class on, in seeded order among equals, and one that
   would lift a class, source or platform over its cap goes. Caps of a language count captions.

What stays depends on the set of images, the parameters and the seed, never on the order of the images or of the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsdata.record import Caption, Drop, Output, Record
from rsdata.stages import _balance, _found

VERSION = 1
STAGE = "balance"
FILTERS = ("frame-stride", "class-share", "weight", "class-cap", "source-cap", "platform-cap", "language-cap")
FILE = "balance.parquet"


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    stride: int = 1,
    class_share: float = 0.0,
    weights: Mapping[str, float] | None = None,
    caps: Mapping[str, int] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Choose over the whole corpus; writes what goes into `out`, returns that file's name and counts by class."""
    rules = _balance.checked(stride, class_share, weights, caps)
    images = _balance.read(parts)
    gone, silent = _balance.choose(images, rules, seed)
    _found.write(out / FILE, _balance.columns(images, gone, silent))
    kept = [image for image in images if image.id not in gone]
    return {
        "file": FILE,
        "sha256": _found.digest(out / FILE),
        "before": _balance.tally(images),
        "after": _balance.tally(kept, silent),
    }


def run(
    records: Iterable[Record],
    *,
    stride: int = 1,
    class_share: float = 0.0,
    weights: Mapping[str, float] | None = None,
    caps: Mapping[str, int] | None = None,
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Drop the images, and the captions of a language, that are too many. Every drop is counted under its rule.

    - `stride`: keep every n-th frame of a video; 1 keeps all. All windows of a frame stay or go together.
    - `class_share`: a class that is in more than this share of the images (0 to 1) is thinned; 0 thins none.
    - `weights`: the probability to stay, 0 to 1: {source: 0.5} for every source, {"source:dota": 0.5} for one; also
      platform, class (an image takes the largest of its classes) and language (all captions of an image in it).
      Those of source, platform, class and class_share are multiplied.
    - `caps`: the most images: {class: 5000}, {"class:small_vehicle": 1000, "source:dota": 20000}; the most captions:
      {"language:en": 100000}. A rule for one name beats the rule for all.

    The classes of an image are the labels of its objects and its scene label; a platform that is not known is `none`.
    """
    rows = _rows(str(out / state["file"]), state["sha256"])
    for record in records:
        reason, why, langs = rows.get(record.id, ("", "", ""))
        if not reason:
            yield record
        elif langs:
            kept = without(record.captions, langs.split(","))
            yield Drop(record.id, STAGE, reason, why, images=0, captions=len(record.captions) - len(kept))
            yield replace(record, captions=kept)
        else:
            yield Drop(record.id, STAGE, reason, why, 1, len(record.objects), len(record.captions))


def without(captions: Sequence[Caption], langs: Sequence[str]) -> list[Caption]:
    """The captions of other languages, `of` renumbered; None where the sentence it pointed to is gone."""
    place: dict[int, int] = {}
    for index, caption in enumerate(captions):
        if caption.lang not in langs:
            place[index] = len(place)
    kept = [captions[index] for index in place]
    return [c if c.of is None else replace(c, of=place.get(c.of)) for c in kept]


@lru_cache(maxsize=2)
def _rows(file: str, sha256: str) -> dict[str, tuple[str, str, str]]:
    """Id -> reason, why, languages whose captions go (empty: the image goes)."""
    import pyarrow.parquet as pq

    _found.reasons(file, sha256, STAGE)
    table = pq.read_table(file).to_pydict()
    rows = zip(table["reason"], table["why"], table["langs"], strict=True)
    return dict(zip(table["id"], rows, strict=True))
