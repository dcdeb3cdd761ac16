"""Landmarks: georeferenced images and map features become captions, by template or by a language model.

    images with a CRS -> windows of a stated ground size -> what the map has there -> facts -> captions, checked

The open way to what RS-Landmarks (arXiv 2503.08722, section 3) did with Google Maps and Gemini: any map that its user
may use, any model or none. Records without a georeference are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Made, Output, Record, read_part
from rsdata.stages import _asking, _landcut, _landfacts, _landjoin, _landkinds, _landsay, _landsources, _landtable
from rsdata.stages._asking import Answers, Ask, Asking
from rsdata.stages._landfacts import Rules, Scene
from rsdata.stages._landtruth import as_lines, truth
from rsdata.words.render import language

VERSION = 1
FILTERS = ("mostly-nodata", "flat", "no-landmarks")  # drops that are this stage's work, not losses
STAGE = "landmarks"
BESIDE = "landmarks"  # the folder of a source's root where landmark files are looked for
CHUNK = 256  # windows that are joined at once
LARGEST_OVERLAP = 0.9


class _Cut(NamedTuple):
    """How windows are cut and refused."""

    ground: float
    overlap: float
    max_nodata: float


class _Say(NamedTuple):
    """What is said, and how often."""

    per_image: int
    many: int
    seed: int
    fallback: str
    codes: tuple[str, ...]


class Found(NamedTuple):
    """Where the landmarks of a corpus lie (`out` is the stage's folder), and how windows are joined with them."""

    out: Path
    table: str
    roots: Mapping[str, Path]
    cut: _Cut
    rules: Rules
    near: float


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    roots: Mapping[str, Path],
    landmarks: Sequence[str] = (),
    kind: str = "",
    licence: str = "",
    google_allowed: bool = False,
    ground: float = 0.0,
    overlap: float = 0.0,
    max_nodata: float = 0.5,
    near: float = 0.0,
    min_pixels: float = 6.0,
    most: int = 12,
    per_image: int = 5,
    writer: Mapping[str, Any] | None = None,
    progress: Any = None,
) -> dict[str, Any]:
    """Read the landmarks that lie near the images into one table; with a model, ask it for what is not answered yet."""
    how = _asking.of(writer, STAGE, "landmarks")
    cut, rules = _Cut(ground, overlap, max_nodata), Rules(min_pixels, most, google_allowed)
    _check(kind, cut)
    files = _landsources.files_of(landmarks) if landmarks else _beside(roots)
    table, sources = _gather(parts, files, out, (kind, licence, near), progress)
    state: dict[str, Any] = {"table": table, "sources": sources}
    if how.llm != "template" and table:
        found = Found(out, table, roots, cut, rules, near)
        state |= _asking.fill(how, questions(how, parts, found, per_image), out, progress)
    return state


def stamp(*, params: Mapping[str, Any], roots: Mapping[str, Path]) -> list[Any]:
    """Names, sizes and times of the landmark files, and the words of the prompt: a changed file of the same name is
    noticed on a rerun."""
    names = params["landmarks"]
    files = _landsources.files_of(names) if names else _beside(roots)
    told: list[Any] = [[file.name, (status := file.stat()).st_size, status.st_mtime_ns] for file in files]
    return [*told, *_asking.stamp(params["writer"])]


def asks(
    parts: Sequence[Path], *, out: Path, roots: Mapping[str, Path], params: Mapping[str, Any]
) -> tuple[Asking, Iterator[Ask]]:
    """What `prepare` would ask, for a plan or a batch; `params` are all of the stage's."""
    how = _asking.of(params["writer"], STAGE, "landmarks")
    if how.llm == "template":
        raise BadRecipe("landmarks: the template asks nobody and costs nothing; give --llm")
    cut = _Cut(*(params[name] for name in _Cut._fields))
    rules = Rules(params["min_pixels"], params["most"], params["google_allowed"])
    files = _landsources.files_of(params["landmarks"]) if params["landmarks"] else _beside(roots)
    table, _ = _gather(parts, files, out, (params["kind"], params["licence"], params["near"]), None)
    found = Found(out, table, roots, cut, rules, params["near"])
    return how, questions(how, parts, found, params["per_image"])


def questions(how: Asking, parts: Sequence[Path], found: Found, per_image: int) -> Iterator[Ask]:
    """What a model is to be asked about each window of which something can be said."""
    for part in parts:
        for record, facts in scenes(read_part(part), found):
            if isinstance(record, Record) and facts is not None and not facts.empty():
                yield _question(how, record, facts, found.roots, per_image)


def _beside(roots: Mapping[str, Path]) -> list[Path]:
    """The landmark files in the folder `landmarks` of each source, where there is one."""
    folders = [str(root / BESIDE) for _, root in sorted(roots.items()) if (root / BESIDE).is_dir()]
    return _landsources.files_of(folders)


def _gather(
    parts: Sequence[Path], files: Sequence[Path], out: Path, how: tuple[str, str, float], progress: Any
) -> tuple[str, dict[str, Any]]:
    """Read the files into cache/landmarks-<digest>.parquet; its name ("" without any), and what was read."""
    kind, licence, near = how
    bounds = [b for part in parts for b in _landjoin.places(read_part(part), near)]
    if not files or not bounds:
        if progress and files:
            progress.note("landmarks: no image here has a CRS; nothing to join")
        return "", {}
    close, tallies = _landtable.Near(bounds), {}

    def rows() -> Iterator[_landtable.Landmark]:
        for number, file in enumerate(files):
            tally = tallies[f"{number:02d} {file.name}"] = _landtable.Tally()
            yield from _landsources.rows(file, close, tally, kind=kind, licence=licence)
            if progress:
                progress.note(f"landmarks: {file.name}: {_told(tally)}")

    name = f"landmarks-{_landtable.digest(files)[:16]}.parquet"
    _landtable.write(out.parent / "cache" / name, rows())
    return name, {file: tally.as_dict() for file, tally in tallies.items()}


def _told(tally: _landtable.Tally) -> str:
    left = ", ".join(f"{reason} {n:,}" for reason, n in sorted(tally.refused.items()))
    under = ", ".join(f"{name} {n:,}" for name, n in sorted(tally.licences.items()))
    return f"{tally.kept:,} of {tally.read:,} landmarks near the images" + (f"; left out: {left}" if left else "") + (
        f"; licence: {under}" if under else ""
    )  # fmt: skip


def run(
    records: Iterable[Record],
    *,
    landmarks: Sequence[str] = (),
    kind: str = "",
    licence: str = "",
    google_allowed: bool = False,
    ground: float = 0.0,
    overlap: float = 0.0,
    max_nodata: float = 0.5,
    near: float = 0.0,
    min_pixels: float = 6.0,
    most: int = 12,
    per_image: int = 5,
    many: int = 10,
    langs: Sequence[str] = ("en",),
    drop_empty: bool = False,
    writer: Mapping[str, Any] | None = None,
    fallback: str = "template",
    out: Path,
    roots: Mapping[str, Path],
    state: Mapping[str, Any],
    seed: int = 0,
) -> Iterator[Output]:
    """Captions of what a map has in each georeferenced image.

    landmarks: files or folders (OSM, GeoJSON, GeoPackage, GeoParquet, saved Google Places); where none is given, those
    in the folder `landmarks` of each source. kind: of rows that tell none, a name of words/places.toml. licence: of
    files that carry none. google_allowed: you have the right to use what Google's answers hold. ground: side of a
    window in metres, 0 for whole images. overlap: share of a window that neighbours have in common. max_nodata: share
    of nodata above which a window is refused; 1 looks at no pixel. near: metres around a window in which landmarks are
    named as outside it. min_pixels: what is smaller is not said. most: named landmarks kept per window. per_image:
    captions per language. many: counts above it become a quantifier. langs: languages of the template captions; a
    model writes English, the others are said by template. drop_empty: refuse windows without a landmark. writer: a
    model, as _asking.py has it. fallback: template or drop, for what it did not say truly.

    Drops: mostly-nodata, flat, no-landmarks; refused captions as llm-<problem> (see _claims.py); google-content, the
    landmarks so refused, which count as objects made and dropped. `extra`: landmarks (the facts as JSON),
    landmarks_licence, attribution.
    """
    how = _asking.of(writer, STAGE, "landmarks")
    say = _Say(per_image, many, seed, fallback, _codes(langs))
    cut = _Cut(ground, overlap, max_nodata)
    _check(kind, cut, say, most)
    answers = Answers(how, out) if state["table"] else None
    found = Found(out, state["table"], roots, cut, Rules(min_pixels, most, google_allowed), near)
    for output, facts in scenes(records, found):
        if facts is None or not isinstance(output, Record):
            yield output
            continue
        if n := facts.refused.get("google-content"):
            yield Made(output.id, objects=n)
            yield Drop(output.id, STAGE, "google-content", f"{n} landmarks of Google origin", images=0, objects=n)
        if not facts.empty():
            yield from _captioned(output, facts, how, answers, say, roots)
        elif drop_empty:
            yield Drop(output.id, STAGE, "no-landmarks", "", objects=len(output.objects))
        else:
            yield output


def scenes(records: Iterable[Record], found: Found) -> Iterator[tuple[Output, Scene | None]]:
    """Each output of cutting with its facts; None for drops and for records that this stage leaves alone."""
    if not found.table:
        yield from ((record, None) for record in records)
        return
    file = found.out.parent / "cache" / found.table
    for chunk in _landtable.chunks(_windows(records, found.roots, found.cut), CHUNK):
        windows = [one for one in chunk if isinstance(one, Record) and one.geo is not None and one.geo.crs]
        bounds = _landjoin.places(windows, found.near)
        rows = _landtable.read(file, _landtable.Near(bounds)) if bounds else _landtable.empty()
        hits = dict(zip((r.id for r in windows), _landjoin.join(windows, rows, found.near), strict=True))
        for one in chunk:
            if isinstance(one, Record) and one.id in hits:
                yield one, _landfacts.scene(one, hits[one.id], rows, found.rules)
            else:
                yield one, None


def _windows(records: Iterable[Record], roots: Mapping[str, Path], cut: _Cut) -> Iterator[Output]:
    for record in records:
        if record.geo is None or not record.geo.crs:
            yield record
        else:
            yield from _landcut.cut(record, roots.get(record.source), cut.ground, cut.overlap, cut.max_nodata)


def _captioned(
    record: Record, facts: Scene, how: Asking, answers: Answers | None, say: _Say, roots: Mapping[str, Path]
) -> Iterator[Output]:
    """The record with its captions: a model's in English where they hold, templates for the rest."""
    said: list[Caption] = []
    english = how.llm == "template"
    if not english and answers is not None:
        ask = _question(how, record, facts, roots, say.per_image)
        kept, problems = answers.checked(ask)
        said = [Caption(text, "en", f"llm:{how.model}", ask.rule) for text in kept]
        for problem, detail, n in problems:
            yield Drop(record.id, STAGE, f"llm-{problem}", detail, images=0, captions=n)
        english = not kept and say.fallback == "template"
    said += _by_template(record, facts, say, len(record.captions) + len(said), english and "en" in say.codes)
    yield replace(record, captions=record.captions + said, extra=record.extra | _extra(facts))


def _by_template(record: Record, facts: Scene, say: _Say, first: int, english: bool) -> list[Caption]:
    """Template captions; `first` is the index the first of them will have, `english` whether English is among them."""
    sayings = _landsay.select(record, facts, say.per_image, say.many, say.seed)
    found = [Caption(s.text, "en", "template", s.rule) for s in sayings] if english else []
    for code in say.codes:
        said: set[str] = set()
        for place, saying in enumerate(sayings if code != "en" else ()):
            if (text := _landsay.in_language(code, saying, said)) is not None:
                found.append(Caption(text, code, "template", saying.rule, first + place if english else None))
    return found


def _question(how: Asking, record: Record, facts: Scene, roots: Mapping[str, Path], per_image: int) -> Ask:
    """What a model is asked about a window, with what its answer is held against."""
    rows = _landfacts.of_text(facts.text())
    return _asking.ask_about(how, record, as_lines(rows), truth(record, rows), per_image, roots)


def _extra(facts: Scene) -> dict[str, str]:
    found = {"landmarks": facts.text(), "landmarks_licence": ", ".join(facts.licences)}
    return found | ({"attribution": facts.attribution()} if facts.attribution() else {})


def _codes(langs: Sequence[str]) -> tuple[str, ...]:
    codes = sorted(dict.fromkeys(langs), key=lambda code: code != "en")
    if not codes:
        raise BadRecipe("landmarks: langs is empty; give at least one language, such as en")
    for code in codes:
        language(code)
    return tuple(codes)


def _check(kind: str, cut: _Cut, say: _Say | None = None, most: int = 1) -> None:
    """Raises BadRecipe for parameters that cannot be."""
    if kind:
        _landkinds.kind(kind)
    if cut.ground < 0 or not 0 <= cut.overlap <= LARGEST_OVERLAP or not 0 <= cut.max_nodata <= 1:
        raise BadRecipe(
            f"landmarks: ground {cut.ground} m, overlap {cut.overlap}, max_nodata {cut.max_nodata}; wanted 0 or more, a"
            f" share up to {LARGEST_OVERLAP}, a share"
        )
    if say is not None and (say.per_image < 1 or say.many < 1 or most < 1):
        raise BadRecipe("landmarks: per_image, many and most want 1 or more")
    if say is not None and say.fallback not in ("template", "drop"):
        raise BadRecipe(f"landmarks: fallback is {say.fallback!r}; it can be template or drop")
