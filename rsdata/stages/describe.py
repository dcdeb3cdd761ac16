"""Describe: a language model writes captions from a record's facts; what is not true of them is refused and counted.

Facts are categories with counts and places, land cover by share, the scene, the ground resolution, landmarks where the
stage of that name ran. Richer sentences than templates, as RSM-CLIP and its followers found useful, and still true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsdata.errors import BadImage, BadRecipe
from rsdata.record import Caption, Drop, Output, Record, read_part
from rsdata.stages import _asking, _describing
from rsdata.stages._asking import Answers, Ask, Asking

VERSION = 1
STAGE = "describe"
CAPTIONS = 2


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    roots: Mapping[str, Path],
    writer: Mapping[str, Any] | None = None,
    captions: int = CAPTIONS,
    progress: Any = None,
) -> dict[str, Any]:
    """Ask the model about every record that is not answered yet."""
    how = asking(writer, captions)
    return _asking.fill(how, questions(how, parts, roots, captions), out, progress)


def stamp(*, params: Mapping[str, Any], roots: Mapping[str, Path]) -> list[str]:
    """The words of a prompt of the user's own, so that changed ones are noticed on a rerun."""
    return _asking.stamp(params["writer"])


def asking(writer: Mapping[str, Any] | None, captions: int) -> Asking:
    """The writer of this stage. Raises BadRecipe: `template` writes nothing here that b2c does not."""
    how = _asking.of(writer, STAGE, "describe")
    if how.llm == "template":
        raise BadRecipe("describe: no model; give --llm gemini, gemini-legacy or openai (b2c writes by template)")
    if captions < 1:
        raise BadRecipe(f"describe: captions is {captions}; wanted 1 or more")
    return how


def asks(
    parts: Sequence[Path], *, out: Path, roots: Mapping[str, Path], params: Mapping[str, Any]
) -> tuple[Asking, Iterator[Ask]]:
    """What `prepare` would ask, for a plan or a batch; `params` are all of the stage's."""
    how = asking(params["writer"], params["captions"])
    return how, questions(how, parts, roots, params["captions"])


def questions(how: Asking, parts: Sequence[Path], roots: Mapping[str, Path], captions: int) -> Iterator[Ask]:
    """What the model is to be asked about each record of which something is known."""
    for part in parts:
        for record in read_part(part):
            ask = _ask(how, record, roots, captions)
            if isinstance(ask, Ask):
                yield ask


def run(
    records: Iterable[Record],
    *,
    writer: Mapping[str, Any] | None = None,
    captions: int = CAPTIONS,
    out: Path,
    roots: Mapping[str, Path],
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Add up to `captions` English captions of the model `writer` (see _asking.py) to each record.

    All other captions stay. Refused captions are counted as llm-<problem> (see _claims.py), or as no-facts where
    nothing is known of a record but that it is there; an image that must be sent and cannot be read, by its reason.
    """
    how = asking(writer, captions)
    answers = Answers(how, out)
    for record in records:
        ask = _ask(how, record, roots, captions)
        if isinstance(ask, Drop):
            yield ask
            yield record
            continue
        kept, problems = answers.checked(ask)
        for problem, detail, n in problems:
            yield Drop(record.id, STAGE, f"llm-{problem}", detail, images=0, captions=n)
        said = {caption.text for caption in record.captions}
        fresh = [Caption(text, "en", f"llm:{how.model}", ask.rule) for text in kept if text not in said]
        yield replace(record, captions=record.captions + fresh)


def _ask(how: Asking, record: Record, roots: Mapping[str, Path], captions: int) -> Ask | Drop:
    """The question about a record, or why there is none."""
    lines = _describing.lines(record)
    if not record.objects and not record.label and "landmarks" not in record.extra:
        return Drop(record.id, STAGE, "no-facts", "no object, label or landmark", images=0, captions=captions)
    try:
        return _asking.ask_about(how, record, lines, _describing.truth(record), captions, roots)
    except BadImage as error:
        return Drop(record.id, STAGE, error.reason, error.problem, images=0, captions=captions)
