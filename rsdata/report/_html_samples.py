"""The gallery of the report: which records are shown, and what the page is told of each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rsdata import execute
from rsdata.record import Obj, Record, from_table
from rsdata.report import _html_thumbs as thumbs
from rsdata.report import _parts, colours

if TYPE_CHECKING:
    from rsdata.corpus import Corpus
    from rsdata.run import Progress

SIDE = 512  # pixels of a picture's longer side
BYTES = 11_000_000  # of all pictures of the gallery
MOST_BYTES = 90_000  # of one picture
MOST_BOXES, MOST_CAPTIONS = 600, 120  # of one sample
MOST_CORNERS = 40  # of one object
BATCH = 8  # pictures a worker takes at a time
DIFFICULT, MASK = 1, 2
Places = dict[Path, list[int]]


def choose(corpus: Corpus, count: int, seed: int) -> list[Record]:
    """`count` records of the newest stage in an order of no meaning; every source has its fair least share.

    Each source gives up to count / (2 x sources) of its records, the rest is drawn from all alike.
    """
    parts = corpus.last_records.parts
    sources, starts = _sources(parts)
    rng = random.Random(f"{seed}:report")
    chosen: set[int] = set()
    names = np.unique(sources)
    for name in names:
        chosen.update(_drawn(rng, np.flatnonzero(sources == name), count // (2 * len(names))))
    more = [n for n in rng.sample(range(len(sources)), min(len(sources), count)) if n not in chosen]
    chosen.update(more[: count - len(chosen)])
    found = []
    for number, part in enumerate(parts):
        rows = [n - starts[number] for n in sorted(chosen) if starts[number] <= n < starts[number + 1]]
        if rows:
            found += from_table(_parts.read(part).take(rows))
    rng.shuffle(found)
    return found


def _sources(parts: Sequence[Path]) -> tuple[npt.NDArray[Any], list[int]]:
    """The source of each record as a number, over all parts, and where each part begins."""
    codes: dict[str, int] = {}
    found: list[npt.NDArray[Any]] = [np.empty(0, np.int16)]
    starts = [0]
    for part in parts:
        column = _parts.read(part, ["source"]).column("source").combine_chunks().dictionary_encode()
        number = [codes.setdefault(name, len(codes)) for name in column.dictionary.to_pylist()]
        found.append(np.array(number, np.int16)[column.indices.to_numpy()])
        starts.append(starts[-1] + len(column))
    return np.concatenate(found), starts


def _drawn(rng: random.Random, rows: npt.NDArray[Any], count: int) -> list[int]:
    return [int(rows[n]) for n in rng.sample(range(len(rows)), max(0, min(count, len(rows))))]


def gallery(corpus: Corpus, count: int, seed: int, workers: int, progress: Progress | None) -> dict[str, Any]:
    """What the page is told: `labels` [name, colour] and `samples`, see `_sample`."""
    records = choose(corpus, count, seed)
    limit = min(MOST_BYTES, BYTES // max(1, len(records)))
    jobs = [thumbs.job(record.id, record, corpus.roots.get(record.source), SIDE, limit) for record in records]
    made = pictures(jobs, workers, progress)
    names = {label: n for n, label in enumerate(sorted({o.label for r in records for o in r.objects}))}
    labels = [[name, "#{:02x}{:02x}{:02x}".format(*colours.of_label(name))] for name in names]
    return {"labels": labels, "samples": [_sample(record, names, made[record.id]) for record in records]}


def pictures(jobs: Sequence[thumbs.Job], workers: int, progress: Progress | None) -> dict[str, thumbs.Thumb]:
    """Shrink pictures; those of one file go to one worker, one after another."""
    order = sorted(jobs, key=lambda job: (str(job.file), job.key))
    cut = [order[n : n + BATCH] for n in range(0, len(order), BATCH)]
    if progress and cut:
        progress.start("thumbnails", len(cut), 0)
    found: dict[str, thumbs.Thumb] = {}
    with execute.local(workers if len(cut) > 3 else 1) as each:
        for some in each(thumbs.batch, cut):
            found |= {thumb.key: thumb for thumb in some}
            if progress:
                progress.advance()
    return found


def _sample(record: Record, names: dict[str, int], thumb: thumbs.Thumb) -> dict[str, Any]:
    """One sample with short keys: i picture, e why there is none, w and h its size, o objects, n how many there are,
    c captions [lang, text, origin, rule, of]."""
    captions = [[c.lang, c.text, c.origin, c.rule, c.of] for c in record.captions[:MOST_CAPTIONS]]
    gsd = float(f"{record.gsd:.3g}") if record.gsd else None
    facts = {"source": record.source, "split": record.split, "platform": record.platform, "licence": record.licence}
    facts |= {"label": record.label or ""}
    return {
        "id": record.id,
        **{name: value for name, value in facts.items() if value},
        **({"gsd": gsd} if gsd else {}),
        **({"i": thumb.uri} if thumb.uri else {"e": thumb.problem}),
        "w": record.width,
        "h": record.height,
        "n": len(record.objects),
        "k": len(record.captions),
        "o": [_object(o, names) for o in _shown(record.objects)],
        "c": captions,
    }


def _shown(objects: Sequence[Obj]) -> Iterable[Obj]:
    """All objects; of a crowd the largest, in the order that they have."""
    if len(objects) <= MOST_BOXES:
        return objects
    areas = [(o.box[2] - o.box[0]) * (o.box[3] - o.box[1]) for o in objects]
    keep = sorted(range(len(objects)), key=lambda n: (-areas[n], n))[:MOST_BOXES]
    return [objects[n] for n in sorted(keep)]


def _object(obj: Obj, names: dict[str, int]) -> list[float]:
    """[label, flags, x0, y0, x1, y1] and, where it has corners, x and y of each or, of many, every n-th."""
    flags = DIFFICULT * obj.difficult + MASK * (obj.origin == "m2b")
    step = -(-len(obj.poly) // (2 * MOST_CORNERS)) if obj.poly else 1
    corners = [v for n in range(0, len(obj.poly), 2 * step) for v in obj.poly[n : n + 2]]
    return [names[obj.label], flags, *map(_short, obj.box), *map(_short, corners)]


def _short(value: float) -> float:
    """A tenth of a pixel is enough to draw by."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
