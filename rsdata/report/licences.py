"""What a corpus may be used for: by source, by the models that wrote captions, by map data, and as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import licence, readers
from rsdata.licence import POLICIES, Licence
from rsdata.report import _parts

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import RenderableType

    from rsdata.corpus import Corpus

COLUMNS = ["source", "licence", "objects.list.element.label", "captions.list.element.origin", "extra"]
UNDER, CREDIT = "landmarks_licence", "attribution"  # in a record's `extra`


def licences(corpus: Corpus) -> dict[str, Any]:
    """Everything that `rsdata licences --json` prints, of the newest stage with records.

    `sources`: a row for each source and licence, with images, objects and rights; `models`: captions by the model that
    wrote them; `landmarks`: images by the licence of map data; `whole`: what every part allows (null: read the terms)
    and what is in the way; `policies`: for each, the images whose licence fits; `attributions`: lines to print.
    """
    tally = _Tally()
    for part in corpus.last_records.parts:
        tally.add(part)
    parts = [licence.lookup(name) for _, name in tally.images]
    models = {name: found for name in tally.captions if (found := licence.of_caption(name))}
    maps = {name: licence.lookup(name) for name in tally.maps}
    every = [*parts, *models.values(), *maps.values()]
    return {
        "corpus": str(corpus.path),
        "stage": corpus.last_records.path.name,
        "sources": [
            {"source": source, **_row(licence.lookup(name), name), "images": n, "objects": tally.objects[source, name]}
            for (source, name), n in sorted(tally.images.items())
        ],
        "models": [{"origin": name, **_row(models[name]), "captions": tally.captions[name]} for name in sorted(models)],
        "landmarks": [{**_row(maps[name], name), "images": tally.maps[name]} for name in sorted(maps)],
        "whole": {**_row(licence.together(every)), "conflicts": licence.conflicts(every)},
        "policies": {use: _kept(tally, use, every) for use in POLICIES},
        "attributions": _attributions(corpus, tally),
    }


class _Tally:
    """Running counts: images and objects by source and licence, captions by origin, images by licence of map data."""

    def __init__(self) -> None:
        self.images: Counter[tuple[str, str]] = Counter()
        self.objects: Counter[tuple[str, str]] = Counter()
        self.captions: Counter[str] = Counter()
        self.maps: Counter[str] = Counter()
        self.credits: set[str] = set()

    def add(self, part: Path) -> None:
        """Count one part."""
        import pyarrow.compute as pc

        for batch in _parts.batches(part, COLUMNS):
            pairs = list(zip(*(batch.column(name).to_pylist() for name in ("source", "licence")), strict=True))
            self.images.update(pairs)
            for pair, n in zip(pairs, pc.list_value_length(batch.column("objects")).to_pylist(), strict=True):
                self.objects[pair] += n
            for row in pc.value_counts(batch.column("captions").flatten().field("origin")).to_pylist():
                self.captions[row["values"]] += row["counts"]
            self._extra(batch.column("extra"))

    def _extra(self, column: pa.MapArray) -> None:
        import pyarrow.compute as pc

        for text, n in _values(column, UNDER, pc).items():
            self.maps.update({name.strip(): n for name in text.split(",") if name.strip()})
        self.credits.update(_values(column, CREDIT, pc))


def _values(column: pa.MapArray, key: str, pc: Any) -> dict[str, int]:
    """How often each value of one key of `extra` occurs."""
    found = column.items.filter(pc.equal(column.keys, key))
    return {row["values"]: row["counts"] for row in pc.value_counts(found).to_pylist()}


def _row(one: Licence, written: str = "") -> dict[str, Any]:
    """A licence as plain data; `written` is its name in the records, where the table does not know it."""
    name = one.name if one.name != "unknown" else written or one.title
    found = {"licence": name or "unknown", "title": one.title, "says": says(one), **licence.rights(one)}
    return {**found, "url": one.url, "note": one.note}


def says(one: Licence) -> str:
    """A few words on a licence; what is not known is never taken for leave."""
    return licence.summary(one) if one.known else "unknown: read the terms"


def _kept(tally: _Tally, use: str, every: list[Licence]) -> dict[str, Any]:
    """How much fits a policy by the licences of its sources; `whole`: whether all of it does, captions too."""
    kept = {pair: n for pair, n in tally.images.items() if licence.fits(licence.lookup(pair[1]), use)}
    total = tally.images.total()
    unfit = sorted(
        {name for name in tally.captions if (one := licence.of_caption(name)) and not licence.fits(one, use)}
    )
    return {
        "means": POLICIES[use],
        "whole": all(licence.fits(one, use) for one in every),
        "images": sum(kept.values()),
        "images_not": total - sum(kept.values()),
        "objects": sum(tally.objects[pair] for pair in kept),
        "captions_not_by": {name: tally.captions[name] for name in unfit},
    }


def _attributions(corpus: Corpus, tally: _Tally) -> list[str]:
    """Whom to name: the citation of each source, but for drawn scenes, and what map data asks for."""
    lines = []
    there = {source for source, _ in tally.images}
    for source in corpus.recipe["sources"]:
        if source["name"] not in there or source.get("drawn"):
            continue
        reader = (source.get("options") or {}).get("of") or source["reader"]
        info = readers.get(reader).INFO
        lines.append(f"{info.title}: {' '.join(info.citation.split())} {info.homepage}".strip())
    return [*dict.fromkeys(lines), *sorted(tally.credits)]


def render(found: Mapping[str, Any]) -> RenderableType:
    """Tables for a terminal of 80 columns."""
    from rich.console import Group
    from rich.text import Text

    from rsdata.report import table

    parts: list[RenderableType] = [table.title(str(found["corpus"]), f"as of {found['stage']}")]
    rows = [[row["source"], row["licence"], f"{row['images']:,}", row["says"]] for row in found["sources"]]
    parts.append(table.grid("sources", ["source", "licence", "images", "in short"], rows, left={0, 1, 3}))
    for kind, first, count in (("models", "origin", "captions"), ("landmarks", "licence", "images")):
        if found[kind]:
            rows = [[row[first], row["licence"], f"{row[count]:,}", row["says"]] for row in found[kind]]
            parts.append(table.grid(kind, [first, "licence", count, "in short"], rows, left={0, 1, 3}))
    whole = found["whole"]
    rights = ("commercial", "redistribution", "research", "attribution", "share_alike")
    parts.append(table.grid("as a whole", ["", ""], [[n.replace("_", " "), licence.word(whole[n])] for n in rights]))
    parts += [Text(f"in the way: {line}", "yellow") for line in whole["conflicts"]]
    parts.append(_policies(found["policies"]))
    parts += [Text("to name:", "bold"), *(Text(f"- {line}") for line in found["attributions"] or ["nobody"])]
    return Group(*parts, Text("A summary to sort by, not legal advice: the terms of each source decide.", "dim"))


def _policies(found: Mapping[str, Any]) -> RenderableType:
    from rsdata.report import table

    rows = []
    for use, row in found.items():
        captions = ", ".join(f"{name} {n:,}" for name, n in row["captions_not_by"].items()) or "-"
        rows.append([use, "yes" if row["whole"] else "no", f"{row['images']:,}", f"{row['images_not']:,}", captions])
    columns = ["policy", "all fits", "images that fit", "that do not", "captions that do not"]
    return table.grid("what `rsdata policy --use` would keep", columns, rows, left={0, 1, 4})
