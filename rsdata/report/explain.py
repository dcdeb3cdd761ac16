"""The whole life of one sample: where every object and sentence of it comes from, what every stage did, what was lost.

Objects lead back to the line, entry, feature or mask component of their file: the item is read again (annotations are
never copied into a corpus), and objects are followed through windows by the rule that cut them. Captions made from
boxes are selected again from the record and the options that `extra["b2c"]` holds, so their facts are those that were
rendered. What a format cannot tell is called "file only".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rsdata import corpus as corpora
from rsdata.corpus import Corpus
from rsdata.errors import BadCorpus, RsdataError
from rsdata.record import Caption, Drop, Record
from rsdata.report import _lives, _origins
from rsdata.report._lives import Step
from rsdata.stages import translate
from rsdata.stages._facts import Options, select

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN = 40  # objects, captions or siblings that the text lists; --json has all
SCORES = ("above", "kind", "similarity")  # what `score` leaves in `extra`


def explain(corpus: Corpus, text: str) -> dict[str, Any]:
    """Everything that is known of the record with this id, also of one that was dropped. Raises BadCorpus."""
    id = _lives.find(corpus, text)
    steps = _lives.life(corpus, id)
    there = [step for step in steps if step.record is not None]
    record = there[-1].record if there else None
    first = steps[0]
    origin = _origins.reread(first.corpus, first.id, there[0].record if there else None)
    return {
        "id": id,
        "corpus": str(corpus.path),
        "fate": _fate(steps, there),
        "source": _source(first, origin, record),
        "stages": [row for step in steps if (row := _stage(step, steps))],
        "objects": _objects(there, origin) if record else [],
        "captions": _captions(there, origin) if record else [],
        "dropped": [_drop(step, drop) for step in steps for drop in step.drops],
        "beat": list(_beat(steps)),
        "siblings": [{"id": other, "fate": fate} for other, fate in _siblings(steps, id)],
        "scores": {k: record.extra[k] for k in SCORES if k in record.extra} if record else {},
        "notes": origin.notes,
    }


def _fate(steps: Sequence[Step], there: Sequence[Step]) -> str:
    for step in steps:
        for drop in step.drops:
            if drop.images and drop.id == step.id and not (there and _after(there[-1], step, steps)):
                return f"dropped by {step.stage.path.name}: {drop.reason}" + (f": {drop.detail}" if drop.detail else "")
    return f"kept; the newest record is that of {there[-1].stage.path.name}" if there else "not there"


def _after(last: Step, step: Step, steps: Sequence[Step]) -> bool:
    return steps.index(last) > steps.index(step)


def _source(first: Step, origin: _origins.Origin, record: Record | None) -> dict[str, Any]:
    row: dict[str, Any] = {"reader": origin.reader, "id": first.id, "root": str(origin.root)}
    row |= {"image": origin.image, "annotation": origin.label}
    if record is not None:
        row |= {"mask": record.mask_path, "split": record.split, "licence": record.licence}
        row |= {"window": list(record.window) if record.window else None, "size": [record.width, record.height]}
        row |= {"gsd": record.gsd and round(record.gsd, 6), "platform": record.platform, "label": record.label}
    return row


def _stage(step: Step, steps: Sequence[Step]) -> dict[str, Any] | None:
    """What one stage did to the record, with the parameters that it ran with; a sink only where it refused it."""
    if step.stage.sink and not step.drops:
        return None
    params = {k: v for k, v in step.stage.params.items() if k != "corpora"}
    row: dict[str, Any] = {"corpus": str(step.corpus.path), "stage": step.stage.path.name, "id": step.id}
    row |= {"params": params, "kept": step.record is not None}
    if step.record is None:
        return row | {"did": "dropped it" if any(d.images for d in step.drops) else "was not reached"}
    before = next((s.record for s in reversed(steps[: steps.index(step)]) if s.record is not None), None)
    return row | {"did": _did(before, step.record)}


def _did(before: Record | None, after: Record) -> str:
    """The difference that a stage made, in words."""
    if before is None:
        return f"{len(after.objects)} objects, {len(after.captions)} captions"
    found = []
    if before.id != after.id:
        found.append(f"cut from {before.id}" if after.window != before.window else f"was {before.id}")
    for name in ("objects", "captions"):
        was, now = len(getattr(before, name)), len(getattr(after, name))
        if was != now:
            found.append(f"{name} {was} -> {now}")
    if before.phash != after.phash:
        found.append(f"phash {after.phash:016x}" if after.phash is not None else "phash left out")
    new = [key for key in after.extra if after.extra[key] != before.extra.get(key)]
    if new:
        found.append("noted " + ", ".join(sorted(new)))
    if not found and before.captions != after.captions:
        found.append("captions changed")
    return "; ".join(found) or "left it as it was"


def _objects(there: Sequence[Step], origin: _origins.Origin) -> list[dict[str, Any]]:
    """Each object of the newest record with the place that it comes from."""
    first = there[0].record
    places: list[str] = []
    if first is not None:
        file = origin.label or (origin.image or "the dataset")
        known = origin.places if len(origin.places) == len(first.objects) else []
        places = known or [f"{file} ({_origins.FILE_ONLY})"] * len(first.objects)
    for earlier, step in pairwise(there):
        before, after = earlier.record, step.record
        if before is None or after is None:
            continue
        fresh = iter(_origins.components(after, origin.root)) if step.stage.name == "m2b" else None
        keep = float(step.stage.params.get("keep") or 0.0) if step.stage.name == "tile" else 0.0
        found = _origins.follow(before, after, keep, float(step.stage.params.get("min_side") or 1.0))
        moved = []
        for obj, place in zip(after.objects, found, strict=True):
            component = next(fresh, None) if fresh is not None and obj.origin == "m2b" else None
            moved.append(component or (places[place] if place is not None else f"made by {step.stage.path.name}"))
        places = moved
    record = there[-1].record
    objects = record.objects if record else []
    return [
        {"label": o.label, "box": list(o.box), "area": o.area, "difficult": o.difficult, "origin": o.origin, "from": p}
        for o, p in zip(objects, places, strict=True)
    ]


def _captions(there: Sequence[Step], origin: _origins.Origin) -> list[dict[str, Any]]:
    """Each caption of the newest record with what it was made from."""
    record = there[-1].record
    if record is None:
        return []
    facts = _facts(there)
    memory = _memories(there, record)
    rows = []
    for caption in record.captions:
        row = {name: getattr(caption, name) for name in ("text", "lang", "origin", "rule", "of", "score")}
        source = record.captions[caption.of] if caption.of is not None else None
        row["from"] = _from(caption, source, origin, facts, memory)
        said = facts.get((caption.rule, (source or caption).text))
        rows.append(row | ({"facts": said} if said is not None and caption.origin == "b2c" else {}))
    return rows


def _from(
    caption: Caption,
    source: Caption | None,
    origin: _origins.Origin,
    facts: Mapping[tuple[str, str], Any],
    memory: Mapping[tuple[str, str], str],
) -> str:
    if caption.origin.startswith("mt:") and source is not None:
        return f"translated from: {source.text!r}; " + memory.get((caption.lang, source.text), "its checks are gone")
    if caption.origin == "b2c":
        key = (caption.rule, (source or caption).text)
        return f"rule {caption.rule}" + ("" if key in facts else "; its facts cannot be made again")
    if caption.origin in ("human", "alt"):
        places = origin.captions.get(caption.text) or [f"{origin.label or 'the dataset'} ({_origins.FILE_ONLY})"]
        return places.pop(0) if len(places) > 1 else places[0]
    return f"{caption.origin}, {caption.rule or 'no rule noted'}"


def _facts(there: Sequence[Step]) -> dict[tuple[str, str], Any]:
    """(rule, English text) -> facts of the captions that b2c made, selected again from the record as b2c saw it."""
    made = [step.record for step in there if step.stage.name == "b2c" and step.record is not None]
    if not made or "b2c" not in made[-1].extra:
        return {}
    try:
        chosen = select(made[-1], Options.of(made[-1].extra["b2c"]))
    except (ValueError, RsdataError):
        return {}
    return {(rule, text): {k: _plain(v) for k, v in facts.items() if k != "pick"} for rule, facts, text in chosen}


def _plain(value: Any) -> Any:
    """Groups as "3 ship"; all else as JSON can hold it."""
    if isinstance(value, tuple) and all(hasattr(group, "concept") for group in value):
        return [f"{group.n} {group.concept}" if group.n else group.concept for group in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _memories(there: Sequence[Step], record: Record) -> dict[tuple[str, str], str]:
    """(language, English sentence) -> how its translation did in the checks, as the translation memory has it."""
    found: dict[tuple[str, str], str] = {}
    texts = [record.captions[c.of].text for c in record.captions if c.of is not None and c.origin.startswith("mt:")]
    for step in there if texts else ():
        file = step.stage.path / "prepare.json"
        if step.stage.name != "translate" or not file.is_file():
            continue
        state = corpora.read_json(file)["state"]
        try:
            known = translate.remembered(step.corpus.path / translate.MEMORY, state, step.stage.params["langs"], texts)
        except BadCorpus:
            continue
        for lang, entries in known.items():
            for text, entry in entries.items():
                checks = f"failed {entry.problems}" if entry.problems else "passed every check"
                found[lang, text] = f"{checks}, beam {entry.beam}"
    return found


def _drop(step: Step, drop: Drop) -> dict[str, Any]:
    counts = {name: n for name in ("images", "objects", "captions") if (n := getattr(drop, name))}
    return {"stage": step.stage.path.name, "id": drop.id, "reason": drop.reason, "detail": drop.detail, **counts}


def _beat(steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
    """The duplicates that were dropped because this record was kept."""
    import pyarrow.parquet as pq

    for step in steps:
        file = step.stage.path / "duplicates.parquet"
        if step.stage.name == "dedup" and file.is_file():
            columns = ["id", "distance", "why"]
            for row in pq.read_table(file, columns=columns, filters=[("kept", "=", step.id)]).to_pylist():
                yield {"stage": step.stage.path.name, **row}


def _siblings(steps: Sequence[Step], id: str) -> list[tuple[str, str]]:
    """Windows of the same image, by the corpus that cut it and by those after it."""
    found: dict[str, str] = {}
    for corpus, name in {str(step.corpus.path): (step.corpus, step.id) for step in steps}.values():
        found |= dict(_lives.siblings(corpus, name))
    return sorted(found.items())


def render(found: Mapping[str, Any]) -> RenderableType:
    """The life as text for 80 columns."""
    from rich.console import Group
    from rich.text import Text

    from rsdata.report import table

    source = {k: str(v) for k, v in found["source"].items() if v not in (None, "", 0)}
    parts: list[RenderableType] = [table.title(found["id"], ""), Text(found["fate"]), table.facts(source)]
    for heading, lines in _sections(found):
        if lines:
            more = [f"... {len(lines) - SHOWN:,} more; --json has all"] if len(lines) > SHOWN else []
            parts += [Text(f"\n{heading}", "bold"), *(Text(line) for line in [*lines[:SHOWN], *more])]
    return Group(*parts)


def _sections(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "stages", [f"{row['stage']}: {row['did']}{_shown(row['params'])}" for row in found["stages"]]
    yield (
        f"objects ({len(found['objects'])})",
        [
            f"{n} {o['label']} ({', '.join(f'{v:g}' for v in o['box'])})"
            f"{' difficult' if o['difficult'] else ''} <- {o['from']}"
            for n, o in enumerate(found["objects"])
        ],
    )
    yield (
        f"captions ({len(found['captions'])})",
        [line for n, c in enumerate(found["captions"]) for line in _caption_lines(n, c)],
    )
    yield "dropped on the way", [_drop_line(row) for row in found["dropped"]]
    yield "duplicates that it beat", [f"{row['id']}: {row['why']}" for row in found["beat"]]
    yield "other windows of the image", [f"{row['id']}: {row['fate']}" for row in found["siblings"]]
    yield "scores", [f"{name} {value}" for name, value in found["scores"].items()]
    yield "notes", list(found["notes"])


def _shown(params: Mapping[str, Any]) -> str:
    given = ", ".join(f"{k}={v}" for k, v in params.items() if v not in (None, "", [], {}, False))
    return f" ({given})" if given else ""


def _caption_lines(n: int, row: Mapping[str, Any]) -> list[str]:
    score = "" if row["score"] is None else f" {row['score']:.3f}"
    facts = f" {json.dumps(row['facts'], ensure_ascii=False)}" if "facts" in row else ""
    of = "" if row["of"] is None else f" of {row['of']}"
    return [f"{n} {row['lang']} {row['origin']}{score}{of}: {row['text']}", f"   <- {row['from']}{facts}"]


def _drop_line(row: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{row[name]} {name}" for name in ("images", "objects", "captions") if name in row)
    detail = f": {row['detail']}" if row["detail"] else ""
    return f"{row['stage']}: {row['reason']}{f' ({counts})' if counts else ''}{detail}"
