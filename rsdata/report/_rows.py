"""What is wrong with the rows of a part, column by column: the schema, boxes, labels, captions, windows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import words
from rsdata.report import _schema

if TYPE_CHECKING:
    import pyarrow as pa

SLACK = 1e-3  # pixels: float32 keeps coordinates up to 16,384 to a thousandth
PLATFORMS = ("", "aerial", "satellite", "uav")
RENDERED = ("b2c", "template", "mt:", "llm:")  # captions that a machine wrote: a brace is a hole left in a template


class Problem(NamedTuple):
    """One thing that is wrong. `kind` groups problems of one sort; `line` says where, what, and what to do.

    With an empty line it stands for `times` more of the kind that are not told one by one.
    """

    kind: str
    line: str
    times: int = 1


Found = Iterator[tuple[str, int, str]]  # kind, row, problem
Marks = npt.NDArray[np.bool_]


def problems(part: str, batch: pa.RecordBatch, sources: Collection[str]) -> Iterator[Problem]:
    """Everything that is wrong with the rows of a part; `sources` are the names that corpus.yaml knows."""
    ids = batch.column("id")
    broken = list(_schema.broken(batch))
    for row, message in broken:
        yield Problem("schema", f"{part}: record {ids[row].as_py()}: {message}; run its stage again")
    if broken:  # the checks below take a sound row for granted
        batch = batch.filter(_keep(batch.num_rows, [row for row, _ in broken]))
        ids = batch.column("id")
    for check in CHECKS:
        for kind, row, message in check(batch, sources):
            yield Problem(kind, f"{part}: record {ids[row].as_py()}: {message}")


def _keep(count: int, without: list[int]) -> pa.Array:
    import pyarrow as pa

    keep = np.ones(count, bool)
    keep[without] = False
    return pa.array(keep)


def _records(batch: pa.RecordBatch, sources: Collection[str]) -> Found:
    """Names and numbers of the record itself."""
    for row, source in enumerate(batch.column("source").to_pylist()):
        if source not in sources:
            yield "source", row, f"source {source!r} is not in corpus.yaml ({', '.join(sources)})"
    for row, platform in enumerate(batch.column("platform").to_pylist()):
        if platform not in PLATFORMS:
            yield "platform", row, f"platform {platform!r}; known: {', '.join(PLATFORMS[1:])} or none"
    for row, gsd in enumerate(batch.column("gsd").to_pylist()):
        if gsd is not None and not (np.isfinite(gsd) and gsd > 0):
            yield "gsd", row, f"gsd {gsd}: wants metres per pixel above 0, or null"
    known = words.concepts()
    for row, label in enumerate(batch.column("label").to_pylist()):
        if label is not None and label not in known:
            yield "label", row, _no_concept(label)


def _windows(batch: pa.RecordBatch, sources: Collection[str]) -> Found:
    """A window has the size of its record and begins inside the file."""
    sizes = zip(batch.column("width").to_pylist(), batch.column("height").to_pylist(), strict=True)
    for row, (window, size) in enumerate(zip(batch.column("window").to_pylist(), sizes, strict=True)):
        if window is None:
            continue
        if (window["width"], window["height"]) != size:
            found = f"{window['width']} x {window['height']}"
            yield "window", row, f"the window is {found}, the record {size[0]} x {size[1]}; run tile again"
        if window["x"] < 0 or window["y"] < 0:
            yield "window", row, f"the window begins at {window['x']}, {window['y']}, outside the image; run tile again"


def _boxes(batch: pa.RecordBatch, sources: Collection[str]) -> Found:
    """Boxes are finite, not empty, and inside their record; outlines and areas are finite."""
    import pyarrow.compute as pc

    objects = batch.column("objects")
    rows, parents = objects.flatten(), pc.list_parent_indices(objects).to_numpy()
    boxes = rows.field("box").flatten().to_numpy().reshape(-1, 4)
    width, height = (batch.column(name).to_numpy()[parents] for name in ("width", "height"))
    labels = rows.field("label")
    finite = np.isfinite(boxes).all(axis=1)
    x0, y0, x1, y1 = boxes.T
    with np.errstate(invalid="ignore"):
        empty = (x1 <= x0) | (y1 <= y0)
        outside = (x0 < -SLACK) | (y0 < -SLACK) | (x1 > width + SLACK) | (y1 > height + SLACK)
    for index in np.flatnonzero(~finite | empty | outside).tolist():
        size = f"{width[index]} x {height[index]}"
        what = "is not finite" if not finite[index] else "is empty" if empty[index] else f"is not inside {size}"
        box = ", ".join(f"{v:g}" for v in boxes[index])
        yield "box", int(parents[index]), f"the box ({box}) of a {labels[index]} {what}; run its reader or stage again"
    yield from _outlines(rows, parents)


def _outlines(rows: pa.StructArray, parents: npt.NDArray[Any]) -> Found:
    """Corners are pairs, at least three, and finite; areas are finite and not negative."""
    import pyarrow.compute as pc

    poly = rows.field("poly")
    lengths = pc.list_value_length(poly).to_numpy()
    values, owners = poly.flatten().to_numpy(), pc.list_parent_indices(poly).to_numpy()
    bad = (lengths % 2 == 1) | ((lengths > 0) & (lengths < 6))
    bad[owners[~np.isfinite(values)]] = True
    area = rows.field("area").to_numpy()
    bad_area = ~(np.isfinite(area) & (area >= 0))
    for index in np.flatnonzero(bad).tolist():
        yield "poly", int(parents[index]), "an outline wants at least three finite corners x, y; run its reader again"
    for index in np.flatnonzero(bad_area).tolist():
        yield "area", int(parents[index]), f"area {area[index]:g}: wants pixels, 0 or more; run its reader again"


def _labels(batch: pa.RecordBatch, sources: Collection[str]) -> Found:
    """Objects carry concepts, and say where they come from."""
    import pyarrow.compute as pc

    objects = batch.column("objects")
    rows, parents = objects.flatten(), pc.list_parent_indices(objects).to_numpy()
    known = words.concepts()
    for name, allowed in (("label", known), ("origin", ("source", "m2b"))):
        for value in pc.unique(rows.field(name)).to_pylist():
            if value not in allowed:
                hits = pc.equal(rows.field(name), value).to_numpy(zero_copy_only=False)
                message = _no_concept(value) if name == "label" else f"object origin {value!r}; known: source, m2b"
                for row in np.unique(parents[hits]).tolist():
                    yield name, row, message


def _no_concept(label: str) -> str:
    near = words.resolve(label)
    return f"label {label!r} is no concept" + (f" (it is called {near})" if near else "") + "; map it in its reader"


def _captions(batch: pa.RecordBatch, sources: Collection[str]) -> Found:
    """Captions say something, hold no template holes, and name the caption that they translate."""
    import pyarrow.compute as pc

    captions = batch.column("captions")
    rows, parents = captions.flatten(), pc.list_parent_indices(captions).to_numpy()
    text, origin = rows.field("text"), rows.field("origin")
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(text)), 0).to_numpy(zero_copy_only=False)
    for row in parents[blank].tolist():
        yield "blank-caption", row, "a caption is blank; run the stage or reader that made it again"
    machine = np.zeros(len(text), bool)
    for start in RENDERED:
        machine |= pc.starts_with(origin, start).to_numpy(zero_copy_only=False)
    braces = pc.match_substring_regex(text, r"[{}]").to_numpy(zero_copy_only=False)
    for index in np.flatnonzero(braces & machine).tolist():
        yield "brace", int(parents[index]), f"a brace is left in the {origin[index]} caption {text[index].as_py()!r}"
    known = machine | pc.is_in(origin, _strings("human", "alt")).to_numpy(zero_copy_only=False)
    for index in np.flatnonzero(~known).tolist():
        yield "origin", int(parents[index]), f"caption origin {origin[index].as_py()!r} is not known"
    yield from _translations(batch, rows, parents)


def _translations(batch: pa.RecordBatch, rows: pa.StructArray, parents: npt.NDArray[Any]) -> Found:
    """`of` is the index of another caption of the same record; scores are finite."""
    import pyarrow.compute as pc

    counts = pc.list_value_length(batch.column("captions")).to_numpy()
    own = np.arange(len(parents)) - np.concatenate([[0], np.cumsum(counts)])[parents]
    of = pc.fill_null(rows.field("of"), -1).to_numpy()
    given = rows.field("of").is_valid().to_numpy(zero_copy_only=False)
    for index in np.flatnonzero(given & ((of < 0) | (of >= counts[parents]) | (of == own))).tolist():
        row = int(parents[index])
        yield "of", row, f"caption {own[index]} translates caption {of[index]} of {counts[row]}: no such other caption"
    score = pc.fill_null(rows.field("score"), 0.0).to_numpy()
    for index in np.flatnonzero(~np.isfinite(score)).tolist():
        yield "score", int(parents[index]), f"caption {own[index]} has the score {score[index]}; score it again"


def _strings(*values: str) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string())


CHECKS: tuple[Callable[[Any, Collection[str]], Found], ...] = (_records, _windows, _boxes, _labels, _captions)
