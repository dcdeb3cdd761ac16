"""One record of a corpus as a picture that a person can judge: do the boxes sit, are the sentences true?"""

from __future__ import annotations

import random as randomness
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import pixels, words
from rsdata.errors import BadCorpus, BadImage, RsdataError
from rsdata.record import Record, as_dict, from_table, labels_of
from rsdata.report import _parts

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL.Image import Image
    from rich.text import Text

    from rsdata.corpus import Corpus

COLUMNS = ["id", "source", "label", "objects.list.element.label"]


class Shown(NamedTuple):
    """The sheet as a Pillow image, and what could not be shown on it."""

    image: Image
    notes: list[str]


def save(record: Record, roots: Mapping[str, Path], png: Path) -> list[str]:
    """Draw a record and write the sheet as a PNG; return what could not be shown, one line each."""
    drawn = draw(record, roots)
    try:
        drawn.image.save(png, "PNG")
    except OSError as error:
        raise RsdataError(
            f"{png}: cannot be written ({error.strerror or error}); give another file with --png"
        ) from error
    return drawn.notes


def draw(record: Record, roots: Mapping[str, Path], mask: bool = True) -> Shown:
    """Draw a record; what cannot be opened is left out, and said on the sheet and in the notes."""
    from rsdata.report import sheet as drawing

    root = roots.get(record.source, Path())
    notes: list[str] = []
    ground = values = None
    record = _sized(record)
    if record.path is None:
        notes.append("read without its image (annotations only): objects on a plain ground")
    else:
        try:
            ground = pixels.load_record(record, root)
        except BadImage as error:
            notes.append(f"the image is not shown: {error}")
    if mask and record.mask_path is not None:
        try:
            values = _exact(pixels.load_mask(root / record.mask_path, record.window), record.mask_kind or "")
        except BadImage as error:
            notes.append(f"the mask is not shown: {error}")
    page = drawing.sheet(record, ground, values, notes)
    return Shown(page.image, page.notes)


def _exact(mask: pixels.Pixels, kind: str) -> pixels.Pixels:
    """The colours that a mask means, as the stage m2b takes them: with rgb128, channels are 0, or 255 from 128 on."""
    import numpy as np

    start = kind.partition(":")[0].removeprefix("rgb")
    return np.where(mask >= int(start), np.uint8(255), np.uint8(0)) if start.isdigit() and mask.ndim == 3 else mask


def as_data(record: Record) -> dict[str, Any]:
    """The record as plain data, with counts by class (`objects_by_label`) beside its objects."""
    return as_dict(record) | {"objects_by_label": _by_label(record)}


def text(record: Record) -> Text:
    """The record in words: what it is, objects by class, every caption with language, origin and rule."""
    from rich.text import Text

    from rsdata.report.draw import nice
    from rsdata.report.sheet import heading

    found = Text.assemble((record.id, "bold"), "\n", ", ".join(heading(record)), "\n")
    if record.objects:
        counts = ", ".join(f"{nice(label)} x {count:,}" for label, count in _by_label(record).items())
        found.append(f"objects: {counts}\n")
    for caption in record.captions:
        tag = " ".join(word for word in (caption.lang, caption.origin, caption.rule) if word)
        found.append_text(Text.assemble((f"  {tag}: ", "dim"), caption.text, "\n"))
    found.rstrip()
    return found


def _by_label(record: Record) -> dict[str, int]:
    """Objects by class, the most frequent first."""
    return dict(sorted(labels_of(record).items(), key=lambda item: (-item[1], item[0])))


def _sized(record: Record) -> Record:
    """A record whose size is not known gets, for drawing, the size that holds its objects."""
    if record.width > 0 and record.height > 0:
        return record
    corners = [o.box[2:] for o in record.objects]
    width, height = (max([1, *(ceil(corner[axis]) for corner in corners)]) for axis in (0, 1))
    return replace(record, width=width, height=height)


def pick(
    corpus: Corpus,
    which: str | int | None = None,
    *,
    random: bool = False,
    seed: int = 0,
    source: str | None = None,
    label: str | None = None,
) -> Record:
    """One record of the newest stage.

    `which` is a record's id, the end or a part of an id that only one record has, or a number from 0 among the records
    that `source` and `label` (the class of an object or scene) leave. `random` takes one of these by `seed`; with
    neither it is the first. Raises BadCorpus when no record fits.
    """
    text = "" if which is None else str(which)
    numbered = text.isdigit() and str(int(text)) == text
    if text and not numbered:
        return _by_id(corpus, text)
    counts = [(part, len(rows)) for part, rows in _rows(corpus, source, label)]
    total = sum(count for _, count in counts)
    if not total:
        raise BadCorpus(f"{corpus.path}: no record{_wanted(source, label)}; `rsdata stats {corpus.path}` lists classes")
    index = int(text) if numbered else 0
    if random and not numbered:
        index = randomness.Random(f"{seed}:show").randrange(total)
    if index >= total:
        wanted = _wanted(source, label)
        raise BadCorpus(f"{corpus.path}: no record number {index}: it has {total:,}{wanted}, numbered from 0")
    for part, count in counts:
        if index < count:
            return _read(part, dict(_rows(corpus, source, label, only=part))[part][index])
        index -= count
    raise BadCorpus(f"{corpus.path}: changed while it was read; try again")


def _wanted(source: str | None, label: str | None) -> str:
    """The filter in words."""
    return (f" of source {source}" if source else "") + (f" with {label}" if label else "")


def _rows(
    corpus: Corpus, source: str | None, label: str | None, only: Path | None = None
) -> Iterator[tuple[Path, list[int]]]:
    """For each part, the rows that a filter leaves."""
    import numpy as np
    import pyarrow.compute as pc

    for part in [only] if only else corpus.last_records.parts:
        table = _parts.read(part, COLUMNS if label else COLUMNS[:2])
        keep = np.ones(table.num_rows, bool)
        if source:
            keep &= pc.equal(table.column("source"), source).to_numpy(zero_copy_only=False)
        if label:
            keep &= _has_label(table, words.resolve(label) or label)
        yield part, np.flatnonzero(keep).tolist()


def _has_label(table: pa.Table, label: str) -> Any:
    """Which rows hold an object of a class, or are a scene of it."""
    import pyarrow.compute as pc

    objects = table.column("objects").combine_chunks()
    hits = pc.equal(objects.flatten().field("label"), label).to_numpy(zero_copy_only=False)
    found = pc.fill_null(pc.equal(table.column("label"), label), False).to_numpy(zero_copy_only=False).copy()
    found[pc.list_parent_indices(objects).to_numpy()[hits]] = True
    return found


def _by_id(corpus: Corpus, id: str) -> Record:
    """The record of this id, or the only one whose id holds this text."""
    import pyarrow.compute as pc

    near: list[tuple[Path, int, str]] = []
    for part in corpus.last_records.parts:
        ids = _parts.read(part, ["id"]).column("id")
        row = pc.index(ids, id).as_py()
        if row >= 0:
            return _read(part, row)
        if len(near) < 1000:
            hits = pc.indices_nonzero(pc.match_substring(ids, id)).to_pylist()
            near += [(part, hit, ids[hit].as_py()) for hit in hits]
    ends = [found for found in near if found[2].endswith("/" + id)]
    if len(ends or near) == 1:
        return _read(*(ends or near)[0][:2])
    if near:
        names = ", ".join(name for _, _, name in near[:5]) + (", ..." if len(near) > 5 else "")
        raise BadCorpus(f"{corpus.path}: {id!r} fits {len(near):,} records: {names}; give more of the id")
    raise BadCorpus(f"{corpus.path}: no record has the id {id!r}; `rsdata show {corpus.path} --random` takes any")


def _read(part: Path, row: int) -> Record:
    """One row of a part as a record."""
    return from_table(_parts.read(part).slice(row, 1))[0]
