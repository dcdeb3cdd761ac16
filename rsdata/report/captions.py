"""The captions of one record in all languages, each beside the sentence it says again, and what was refused and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import corpus as corpora
from rsdata.errors import BadCorpus
from rsdata.record import Caption, Record
from rsdata.stages import translate

if TYPE_CHECKING:
    from rich.console import Group

    from rsdata.corpus import Corpus, StageDir


class Refused(NamedTuple):
    """A translation that failed: the checks by name, and what the model said."""

    lang: str
    checks: list[str]
    text: str


class Source(NamedTuple):
    """A caption that translates no other, with those that say it again."""

    caption: Caption
    again: list[Caption]
    refused: list[Refused]


class Beside(NamedTuple):
    """The first captions of a record; `total` is how many it has; `drops`: (stage, reason, captions) of the record."""

    id: str
    total: int
    sources: list[Source]
    drops: list[tuple[str, str, int]]


def beside(corpus: Corpus, record: Record, limit: int) -> Beside:
    """The first `limit` captions of a record that translate no other, with their counterparts and refusals."""
    origins = [index for index, caption in enumerate(record.captions) if caption.of is None]
    stages = [stage for stage in corpus.stages if stage.name == "translate"]
    sources = []
    for index in origins[:limit]:
        caption = record.captions[index]
        again = [c for c in record.captions if c.of == index]
        there = {c.lang for c in again}
        refused = [r for stage in stages for r in _refused(corpus, stage, caption) if r.lang not in there]
        sources.append(Source(caption, again, list({r.lang: r for r in refused}.values())))
    return Beside(record.id, len(origins), sources, [drop for stage in stages for drop in _drops(stage, record.id)])


def _refused(corpus: Corpus, stage: StageDir, caption: Caption) -> Iterator[Refused]:
    """What the stage's model said of a caption where a check failed; nothing where its memory is gone."""
    file = stage.path / "prepare.json"
    if caption.lang != translate.SOURCE or caption.origin == "b2c" or not file.is_file():
        return
    state = corpora.read_json(file)["state"]
    try:
        known = translate.remembered(corpus.path / translate.MEMORY, state, stage.params["langs"], [caption.text])
    except BadCorpus:
        return
    for lang, entries in known.items():
        for entry in entries.values():
            if entry.problems:
                yield Refused(lang, entry.problems.split(","), entry.text)


def _drops(stage: StageDir, id: str) -> Iterator[tuple[str, str, int]]:
    import pyarrow.parquet as pq

    for path in sorted(stage.path.glob("*.drops.parquet")):
        rows = pq.read_table(path, columns=["id", "reason", "captions"], filters=[("id", "=", id)]).to_pylist()
        yield from ((stage.path.name, row["reason"], row["captions"]) for row in rows)


def as_data(found: Beside) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "id": found.id,
        "captions": [
            {
                **_plain(source.caption),
                "translations": [_plain(caption) for caption in source.again],
                "refused": [refused._asdict() for refused in source.refused],
            }
            for source in found.sources
        ],
        "captions_in_all": found.total,
        "drops": [dict(zip(("stage", "reason", "captions"), drop, strict=True)) for drop in found.drops],
    }


def _plain(caption: Caption) -> dict[str, Any]:
    return {name: getattr(caption, name) for name in ("lang", "text", "origin", "rule", "score")}


def render(found: Beside) -> Group:
    """The same as a table for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "left"):
        table.add_column(justify=justify, overflow="fold")
    for number, source in enumerate(found.sources, 1):
        if number > 1:
            table.add_row()
        for place, caption in enumerate([source.caption, *source.again]):
            score = "" if caption.score is None else f"{caption.score:.3f}"
            tag = " ".join(word for word in (caption.origin, "" if place else caption.rule, score) if word)
            table.add_row("" if place else str(number), caption.lang, Text.assemble(caption.text, (f"  {tag}", "dim")))
        for refused in source.refused:
            why = (f"refused ({', '.join(refused.checks)}): ", "red")
            table.add_row("", refused.lang, Text.assemble(why, (refused.text, "dim")))
    of_all = f" of {found.total}" if found.total > len(found.sources) else ""
    head = Text.assemble((found.id, "bold"), f"  {len(found.sources)}{of_all} captions\n")
    left = [f"{stage} refused captions of this record: {reason} {n:,}" for stage, reason, n in found.drops]
    return Group(head, table, Text("\n" + "\n".join(left) if left else "", "dim"))
