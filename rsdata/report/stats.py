"""The numbers of a corpus: what is in it, where it came from, and what was lost on the way and why.

Everything is counted from the newest stage that holds records, column by column and one batch at a time, so a corpus
of any size fits; the funnel and the drops come from the ledgers of all stages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import licence
from rsdata.report import _parts
from rsdata.report._hashes import HashBag, hashes

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import RenderableType

    from rsdata.corpus import Corpus, StageDir
    from rsdata.run import Progress

OBJECT, CAPTION = "objects.list.element.", "captions.list.element."
COLUMNS = ["source", "split", "platform", "licence", "label", "width", "height", "gsd"]
COLUMNS += [OBJECT + name for name in ("label", "origin", "difficult")]
COLUMNS += [CAPTION + name for name in ("text", "lang", "origin", "rule")]
LANG_LIMIT = 500_000  # hashes of texts held for one language before they go to disk
PERCENTILES = (5, 25, 50, 75, 95)


def stats(corpus: Corpus, progress: Progress | None = None, histograms: bool = False) -> dict[str, Any]:
    """Everything that `rsdata stats --json` prints.

    `images` and `objects` count records and objects of the newest stage; `dropped_images` and `dropped_objects` are
    reason -> count over all stages; `stages` has the funnel. `unique_captions` are texts that differ in any character.
    Lengths of captions are in characters for zh and ko and in words between white space otherwise. With `histograms`,
    for the report: value -> count behind every range, and `unique_captions_by_lang`.
    """
    parts = corpus.last_records.parts
    if progress:
        progress.start("stats", len(parts), 0)
    with ExitStack() as stack:
        tally = _Tally(stack, histograms)
        for part in parts:
            _count_part(part, tally)
            if progress:
                progress.advance()
        found = tally.as_dict() | {"unique_captions": tally.texts.distinct()}
        if histograms:
            found |= tally.histograms()
    dropped = {kind: _dropped(corpus.stages, kind) for kind in ("images", "objects", "captions")}
    return {
        "corpus": str(corpus.path),
        "stage": corpus.last_records.path.name,
        **{name: found.pop(name) for name in ("images", "objects", "captions", "unique_captions")},
        **found,
        "dropped_images": dropped["images"],
        "dropped_objects": dropped["objects"],
        "dropped_captions": dropped["captions"],
        "stages": [{"stage": stage.path.name, **stage.counts} for stage in corpus.stages],
    }


def _dropped(stages: Iterable[StageDir], kind: str) -> dict[str, int]:
    """Reason -> count over all stages, the most frequent first."""
    counts: Counter[str] = Counter()
    for stage in stages:
        for reason, count in stage.drops.items():
            counts[reason] += count.get(kind, 0)
    return _sorted(+counts)


class _Tally:
    """The running counts: one Counter for each thing counted, by the name under which it is reported."""

    def __init__(self, stack: ExitStack, by_lang: bool) -> None:
        self.totals: Counter[str] = Counter()
        self.by: dict[str, Counter[Any]] = {}
        self.lengths: dict[str, Counter[int]] = {}
        self.stack, self.by_lang = stack, by_lang
        self.texts = stack.enter_context(HashBag())
        self.texts_by_lang: dict[str, HashBag] = {}

    def add(self, name: str, values: pa.Array) -> None:
        """Count the values of one column under `name`."""
        _count(self.by.setdefault(name, Counter()), values)

    def add_texts(self, texts: pa.Array, lang: str) -> None:
        """Count which texts there are, and of each language where that is wanted."""
        import pyarrow.compute as pc

        found = hashes(pc.unique(texts).to_pylist())
        self.texts.add(found)
        if self.by_lang:
            if lang not in self.texts_by_lang:
                self.texts_by_lang[lang] = self.stack.enter_context(HashBag(LANG_LIMIT))
            self.texts_by_lang[lang].add(found)

    def histograms(self) -> dict[str, Any]:
        """Value -> count of everything whose spread is told, and the different texts of each language."""
        spreads = {name: dict(sorted(self.by.get(name, Counter()).items())) for name in SPREADS}
        lengths = {lang: dict(sorted(counts.items())) for lang, counts in sorted(self.lengths.items())}
        unique = {lang: bag.distinct() for lang, bag in sorted(self.texts_by_lang.items())}
        return {"histograms": {**spreads, "caption_lengths": lengths}, "unique_captions_by_lang": unique}

    def as_dict(self) -> dict[str, Any]:
        """The counts as plain data; empty platform, split and rule show as "none"."""
        named = {name: self.by.get(name, Counter()) for name in COUNTED}
        tables = {name: _sorted(Counter({str(k) or "none": n for k, n in c.items()})) for name, c in named.items()}
        allowed = {name: licence.summary(licence.lookup(name)) for name in self.by.get("images_by_licence", {})}
        return {
            **{name: self.totals[name] for name in ("images", "objects", "captions", *TOTALS)},
            **tables,
            "licences": allowed,
            "caption_lengths": {lang: spread(counts) for lang, counts in sorted(self.lengths.items())},
            **{name: spread(self.by.get(name, Counter())) for name in SPREADS},
        }


COUNTED = [
    "captions_by_lang",
    "captions_by_origin",
    "captions_by_rule",
    "objects_by_label",
    "objects_by_origin",
    "images_by_source",
    "images_by_split",
    "images_by_platform",
    "images_by_label",
    "images_by_licence",
]
SPREADS = ["captions_per_image", "objects_per_image", "width", "height", "gsd"]
TOTALS = ["objects_difficult", "images_without_objects", "images_without_captions", "images_with_gsd"]


def _count_part(part: Path, tally: _Tally) -> None:
    for batch in _parts.batches(part, COLUMNS):
        _count_images(batch, tally)
        _count_objects(batch.column("objects"), tally)
        _count_captions(batch.column("captions"), tally)


def _count_images(batch: pa.RecordBatch, tally: _Tally) -> None:
    import pyarrow.compute as pc

    tally.totals["images"] += batch.num_rows
    for name in ("source", "split", "platform", "licence"):
        tally.add(f"images_by_{name}", batch.column(name))
    tally.add("images_by_label", batch.column("label").drop_null())
    for name in ("width", "height"):
        tally.add(name, batch.column(name))
    gsd = batch.column("gsd").drop_null()
    tally.totals["images_with_gsd"] += len(gsd)
    tally.add("gsd", pc.round(gsd.cast("float64"), 3))


def _count_objects(objects: pa.Array, tally: _Tally) -> None:
    import pyarrow.compute as pc

    counts = pc.list_value_length(objects)
    rows = objects.flatten()
    tally.totals["objects"] += len(rows)
    tally.totals["images_without_objects"] += pc.sum(pc.equal(counts, 0)).as_py() or 0
    tally.totals["objects_difficult"] += pc.sum(rows.field("difficult")).as_py() or 0
    tally.add("objects_per_image", counts)
    tally.add("objects_by_label", rows.field("label"))
    tally.add("objects_by_origin", rows.field("origin"))


def _count_captions(captions: pa.Array, tally: _Tally) -> None:
    import pyarrow.compute as pc

    counts = pc.list_value_length(captions)
    rows = captions.flatten()
    text, lang = rows.field("text"), rows.field("lang")
    tally.totals["captions"] += len(rows)
    tally.totals["images_without_captions"] += pc.sum(pc.equal(counts, 0)).as_py() or 0
    tally.add("captions_per_image", counts)
    tally.add("captions_by_lang", lang)
    tally.add("captions_by_origin", rows.field("origin"))
    tally.add("captions_by_rule", pc.replace_substring_regex(rows.field("rule"), "/.*", ""))
    for code in pc.unique(lang).to_pylist():
        said = text.filter(pc.equal(lang, code))
        tally.add_texts(said, code)
        _count(tally.lengths.setdefault(code, Counter()), caption_length(said, code))


def caption_length(text: pa.Array, lang: str) -> pa.Array:
    """Length of each caption: characters for zh and ko, else words between white space."""
    import pyarrow.compute as pc

    return pc.utf8_length(text) if lang in ("zh", "ko") else pc.count_substring_regex(text, r"\S+")


def _count(counts: Counter[Any], values: pa.Array) -> None:
    import pyarrow.compute as pc

    for entry in pc.value_counts(values).to_pylist():
        counts[entry["values"]] += entry["counts"]


def spread(counts: Mapping[Any, int]) -> dict[str, float]:
    """Count, mean, smallest, largest and percentiles of the values behind value -> count; {} where there are none.

    A percentile is the smallest value that at least that share of all values does not exceed.
    """
    total = sum(counts.values())
    if not total:
        return {}
    values = sorted(counts)
    found: dict[str, float] = {"count": total, "mean": round(sum(v * n for v, n in counts.items()) / total, 3)}
    found |= {"min": values[0], "max": values[-1]}
    for percent in PERCENTILES:
        found[f"p{percent}"] = _percentile(values, counts, total * percent / 100)
    return found


def _percentile(values: list[Any], counts: Mapping[Any, int], rank: float) -> Any:
    below = 0
    for value in values:
        below += counts[value]
        if below >= rank:
            return value
    return values[-1]


def _sorted(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def render(found: Mapping[str, Any], top: int = 15) -> RenderableType:
    """The numbers as tables that fit 80 columns."""
    from rich.console import Group

    from rsdata.report import table

    head = table.facts(
        {
            "images": f"{found['images']:,}",
            "objects": f"{found['objects']:,}" + _aside(found["objects_difficult"], "difficult"),
            "captions": f"{found['captions']:,}" + _aside(found["unique_captions"], "different"),
            "without captions": f"{found['images_without_captions']:,} images",
            "size": _range(found["width"], "wide") + ", " + _range(found["height"], "high"),
            "metres per pixel": _range(found["gsd"], "") + f" ({found['images_with_gsd']:,} images say)",
        }
    )
    parts: list[RenderableType] = [table.title(f"{found['corpus']}", f"as of {found['stage']}"), head]
    parts.append(funnel(found["stages"]))
    for name, heading in SHOWN.items():
        if found[name] and list(found[name]) != ["none"]:
            parts.append(table.counts(heading, found[name], top))
    if found["caption_lengths"]:
        parts.append(_lengths(found["caption_lengths"]))
    parts.append(_licences(found["images_by_licence"], found["licences"]))
    return Group(*parts)


SHOWN = {
    "dropped_images": "images dropped, by reason",
    "dropped_objects": "objects dropped, by reason",
    "dropped_captions": "captions refused, by reason",
    "images_by_source": "images by source",
    "images_by_split": "images by split",
    "images_by_platform": "images by platform",
    "images_by_label": "images by scene class",
    "objects_by_label": "objects by class",
    "captions_by_lang": "captions by language",
    "captions_by_origin": "captions by origin",
    "captions_by_rule": "captions by rule",
}


def funnel(stages: Iterable[Mapping[str, Any]]) -> RenderableType:
    """In, made, out and dropped by stage, for images and objects."""
    from rsdata.report import table

    rows = []
    for stage in stages:
        for kind in ("images", "objects"):
            counts = stage[kind]
            numbers = [f"{counts[name]:,}" for name in ("in", "made", "out", "dropped")]
            rows.append([stage["stage"] if kind == "images" else "", kind, *numbers])
    return table.grid("stages: in + made = out + dropped", ["stage", "", "in", "made", "out", "dropped"], rows)


def _lengths(lengths: Mapping[str, Mapping[str, float]]) -> RenderableType:
    from rsdata.report import table

    names = ["mean", "min", "p5", "p50", "p95", "max"]
    rows = [
        [lang, "characters" if lang in ("zh", "ko") else "words", *(f"{found[n]:g}" for n in names)]
        for lang, found in lengths.items()
    ]
    return table.grid("caption lengths", ["language", "in", *names], rows)


def _licences(images: Mapping[str, int], allowed: Mapping[str, str]) -> RenderableType:
    from rsdata.report import table

    rows = [[name, f"{count:,}", allowed.get(name, "terms not known")] for name, count in images.items()]
    return table.grid("licences", ["licence", "images", "in short"], rows, left={0, 2})


def _aside(count: int, word: str) -> str:
    return f" ({count:,} {word})" if count else ""


def _range(found: Mapping[str, float], word: str) -> str:
    if not found:
        return "not known"
    low, high = found["min"], found["max"]
    return (f"{low:g}" if low == high else f"{low:g} to {high:g}") + (f" {word}" if word else "")
