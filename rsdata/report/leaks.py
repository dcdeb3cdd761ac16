"""Every leak that `decontaminate` found, side by side with the benchmark's image, in one HTML file that needs nothing
else: thumbnails are in it, no script, no link outside."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from rsdata import corpus as corpora
from rsdata import pixels
from rsdata.errors import BadCorpus, BadImage, RsdataError
from rsdata.place import place
from rsdata.record import Record, Window, read_part
from rsdata.stages import _hashlist

if TYPE_CHECKING:
    from rsdata.corpus import Corpus, StageDir

SIDE = 160  # pixels of a thumbnail's longer side
MOST_PAIRS = 1000  # pairs shown; all are counted
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;
color:#18181b;background:#fafaf9}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid #e4e4e7;vertical-align:top}
.n{text-align:right}.pair{display:flex;gap:1rem;padding:.8rem 0;border-bottom:1px solid #e4e4e7}
.pair figure{margin:0;width:170px}.pair figcaption{font-size:12px;overflow-wrap:anywhere}
.none{width:160px;height:120px;background:#e4e4e7;color:#71717a;display:grid;place-items:center;
text-align:center;font-size:12px}img{display:block;max-width:160px;max-height:160px}
.why{flex:1}.why p{margin:.2rem 0}.quiet{color:#71717a}
@media(prefers-color-scheme:dark){body{color:#e4e4e7;background:#18181b}th,td,.pair{border-color:#3f3f46}
.none{background:#27272a}}"""


class Pair(NamedTuple):
    """One image of the corpus, one of a benchmark, and every reason why they are the same."""

    id: str
    list: str
    benchmark: str
    why: tuple[str, ...]


def write(path: Path, stage: StageDir, file: Path) -> int:
    """Write the report of a finished `decontaminate` stage; returns how many pairs it is about."""
    corpus = corpora.open(path)
    state = corpora.read_json(stage.path / "prepare.json")["state"]
    pairs = _pairs(stage.path / state["file"])
    text = "\n".join(_page(corpus, stage, state, pairs))
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise RsdataError(f"{file}: cannot be written ({error.strerror}); give another file with --report") from error
    return len(pairs)


def _pairs(file: Path) -> list[Pair]:
    import pyarrow.parquet as pq

    why: dict[tuple[str, str, str], list[str]] = {}
    for row in pq.read_table(file).to_pylist():
        said = row["why"].replace(f" {row['benchmark']}:", ":", 1)
        why.setdefault((row["id"], row["list"], row["benchmark"]), []).append(said)
    return [Pair(*key, tuple(reasons)) for key, reasons in why.items()]


def _page(corpus: Corpus, stage: StageDir, state: Mapping[str, Any], pairs: Sequence[Pair]) -> Iterator[str]:
    title = f"Leaks: {corpus.recipe['name']}"
    dropped, seen = stage.counts["images"]["dropped"], stage.counts["images"]["in"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
    settings = ", ".join(f"{key} {stage.params[key]}" for key in ("distance", "views", "crops", "names"))
    yield f"<p>{dropped:,} of {seen:,} images are in a benchmark and were dropped ({escape(settings)}).</p>"
    yield "<table><tr><th>benchmark</th><th class=n>its images</th><th class=n>of them in the corpus</th>"
    yield "<th class=n>images dropped</th><th>found by</th></tr>"
    for name, n in state["lists"].items():
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in n["kinds"].items())
        numbers = "".join(f"<td class=n>{n[key]:,}</td>" for key in ("images", "leaked", "dropped"))
        yield f"<tr><td>{escape(Path(name).stem)}</td>{numbers}<td>{escape(kinds) or '-'}</td></tr>"
    yield "</table>"
    if len(pairs) > MOST_PAIRS:
        yield f"<p class=quiet>The first {MOST_PAIRS:,} of {len(pairs):,} pairs are shown.</p>"
    yield from _shown(corpus, stage, pairs[:MOST_PAIRS])
    yield "</body></html>"


def _shown(corpus: Corpus, stage: StageDir, pairs: Sequence[Pair]) -> Iterator[str]:
    records = _records(corpus, stage, {pair.id for pair in pairs})
    lists = {name: _files(stage.path.parent.parent / name) for name in dict.fromkeys(pair.list for pair in pairs)}
    for pair in pairs:
        record = records[pair.id]
        file = corpus.roots[record.source] / record.path if record.path else None
        yield "<div class=pair>" + _figure(file, record.window, pair.id, "corpus")
        there = lists[pair.list].get(pair.benchmark)
        yield _figure(there, _window(pair.benchmark), pair.benchmark, f"benchmark {Path(pair.list).stem}")
        yield "<div class=why>" + "".join(f"<p>{escape(text)}</p>" for text in pair.why) + "</div></div>"


def _records(corpus: Corpus, stage: StageDir, ids: set[str]) -> dict[str, Record]:
    """The dropped records, from the stage before."""
    before = next((s for s in reversed(corpus.stages) if s.index < stage.index and not s.sink), None)
    if before is None:
        raise BadCorpus(f"{stage.path}: the stage before it is gone, so its images cannot be shown")
    return {record.id: record for part in before.parts for record in read_part(part) if record.id in ids}


def _files(file: Path) -> dict[str, Path]:
    """Where the images of a list lie, for lists that say so."""
    rows = _hashlist.read(file)
    root = _hashlist.about(rows).get("root")
    if not root:
        return {}
    ids, paths = rows.column("id").to_pylist(), rows.column("path").to_pylist()
    return {id: place(root) / path for id, path in zip(ids, paths, strict=True)}


def _window(id: str) -> Window | None:
    numbers = id.rpartition("@")[2].split(",") if "@" in id else []
    return Window(*map(int, numbers)) if len(numbers) == 4 and all(n.isdecimal() for n in numbers) else None


def _figure(file: Path | None, window: Window | None, id: str, what: str) -> str:
    text = f"<figcaption><span class=quiet>{escape(what)}</span><br>{escape(id)}</figcaption></figure>"
    if file is None:
        return f"<figure><div class=none>no pixels in the hash list</div>{text}"
    try:
        return f'<figure><img alt="" src="{_thumbnail(file, window)}">{text}'
    except BadImage as error:
        return f"<figure><div class=none>{escape(error.reason)}</div>{text}"


def _thumbnail(file: Path, window: Window | None) -> str:
    """A JPEG of at most SIDE pixels as a data URI."""
    image = Image.fromarray(pixels.load(file, window))
    image.thumbnail((SIDE, SIDE))
    data = pixels.encode(np.asarray(image), "jpg", 80)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
