"""A corpus as one HTML file to look at and to hand on: no server, nothing from outside, no network.

Numbers are those of `rsdata stats`, pictures are in the file as WebP thumbnails, boxes are drawn over them by the
page. Everything that comes from data is escaped or set as text, and a content security policy lets no script run but
the page's own. The same corpus, seed and number of samples give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import __version__
from rsdata.errors import RsdataError
from rsdata.report import _html_charts as charts
from rsdata.report import _html_licences as terms
from rsdata.report import _html_pairs as lost
from rsdata.report import _html_samples as samples
from rsdata.report import _html_sections as sections
from rsdata.report import _html_web as web
from rsdata.report import licences
from rsdata.report import log as history
from rsdata.report import stats as counting

if TYPE_CHECKING:
    from rsdata.corpus import Corpus
    from rsdata.report._html_thumbs import Job
    from rsdata.run import Progress

SAMPLES, MOST_SAMPLES = 200, 2000
SHORT = {"web": "Web", "same": "Duplicates", "lost": "Dropped"}  # headings as the bar at the top has them


def write(
    corpus: Corpus,
    path: Path,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    workers: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the report; returns `report` (the file), `bytes` and `samples` (records in the gallery).

    `samples` records, up to 2,000, are drawn by `seed`. Raises RsdataError where the file cannot be written.
    """
    text, shown = page(corpus, samples, seed, workers, progress)
    data = text.encode("utf-8", "replace")
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise RsdataError(
            f"{path}: cannot be written ({error.strerror or error}); give another file with -o"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return {"report": str(path), "bytes": len(data), "samples": shown}


def page(
    corpus: Corpus, count: int = SAMPLES, seed: int = 0, workers: int = 0, progress: Progress | None = None
) -> tuple[str, int]:
    """The page as text, and how many samples are in it."""
    found = counting.stats(corpus, progress=progress, histograms=True)
    log = history.log(corpus)
    gallery = samples.gallery(corpus, max(0, min(count, MOST_SAMPLES)), seed, workers, progress)
    jobs: list[Job] = []
    pairs = lost.pairs(corpus, seed, jobs)
    examples = lost.examples(corpus, jobs)
    pictures = samples.pictures(lost.unique(jobs), workers, progress)
    drops = {stage["stage"]: stage["drops"] for stage in log["stages"]}
    shown = len(gallery["samples"])
    parts = {
        "ledger": ("Ledger", sections.ledger(found, log, examples)),
        "gallery": ("Gallery", _asset("gallery.html") if shown else ""),
        "contents": ("Contents", sections.contents(found)),
        "captions": ("Captions", sections.captions(found)),
        "sizes": ("Sizes", sections.sizes(found)),
        "web": ("From the web", web.section(corpus)),
        "same": ("Duplicates and leaks", sections.same(pairs, pictures)),
        "lost": ("Dropped, by example", sections.lost(examples, drops, pictures)),
        "licences": ("Licences", terms.section(licences.licences(corpus))),
        "log": ("Log", sections.history(log)),
    }
    gallery["langs"] = list(found["captions_by_lang"])
    return _filled(corpus, found, parts, gallery, seed), shown


def _filled(
    corpus: Corpus,
    found: Mapping[str, Any],
    parts: Mapping[str, tuple[str, str]],
    gallery: Mapping[str, Any],
    seed: int,
) -> str:
    """The template with everything in its place; what is filled in is never looked at again."""
    name = str(corpus.recipe.get("name") or corpus.path.name)
    script, style = _asset("report.js"), _asset("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    langs = "".join(f'<option value="{escape(code)}">{_language(code)}</option>' for code in gallery["langs"])
    nav = "".join(f'<a href="#{key}">{SHORT.get(key, title)}</a>' for key, (title, body) in parts.items() if body)
    shown, total = len(gallery["samples"]), found["images"]
    some = "all images" if shown == total else f"{charts.count(shown)} of {charts.count(total)} images, seed {seed},"
    drawn = all(source.get("drawn") for source in corpus.recipe["sources"])
    about = [f"As of stage {escape(found['stage'])}; {some} in the gallery; made by rsdata {escape(__version__)}."]
    about += ["Drawn sample scenes, no real imagery."] if drawn else []
    values = {
        "title": escape(name),
        "policy": f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        "style": style,
        "script": script,
        "about": " ".join(about),
        "nav": nav,
        "langs": langs,
        "figures": sections.figures(found),
        "sections": "\n".join(sections.listed(parts)),
        "data": _json(gallery),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], _asset("report.html"))


def _asset(name: str) -> str:
    return (resources.files("rsdata.report") / "assets" / name).read_text("utf-8")


def _json(data: Any) -> str:
    """JSON that no HTML parser reads as a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _language(code: str) -> str:
    """A language's own name and its code."""
    from babel import Locale, UnknownLocaleError

    try:
        own = Locale.parse(code.replace("-", "_")).get_display_name()
    except (UnknownLocaleError, ValueError, TypeError):
        own = None
    return escape(f"{own} ({code})" if own else code)
