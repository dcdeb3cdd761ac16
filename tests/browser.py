"""A corpus with everything that the report shows, and a Chromium to look at it with."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import drawn
import numpy as np
import pytest
from PIL import Image, ImageOps

from rsdata import corpus, recipe
from rsdata.run import run

EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></script> & \"quoted\""
EVIL_NAME = "a<b>&'c'.png"
TABLE = 31  # images of the table of captions; one more is not there
LANGS = ["en", "fr", "zh"]


def noise(path: Path, seed: int, width: int = 64, height: int = 48) -> None:
    """A picture that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng([5, seed]).integers(0, 256, (height, width, 3), np.uint8)).save(path)


def table(root: Path) -> None:
    """A table of captions: image n is "house n by the river"; one tries to be HTML, the last is missing."""
    names = [f"{n:02d}.png" for n in range(TABLE - 1)] + [EVIL_NAME]
    for n, name in enumerate(names):
        noise(root / name, n)
    texts = [f"house {n} by the river" for n in range(TABLE - 1)] + [EVIL, "nothing to see"]
    with (root / "train.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("filepath", "title"), *zip([*names, "gone.png"], texts, strict=True)])


def build(folder: Path) -> corpus.Corpus:
    """Boxes in three languages and human captions; one duplicate, one leak, one missing image."""
    root = drawn.dota(folder / "dota", 9)
    for kind, suffix in (("images", "png"), ("labelTxt", "txt")):
        shutil.copy(root / f"{kind}/P0008.{suffix}", root / f"{kind}/P0020.{suffix}")
    (folder / "bench").mkdir()
    ImageOps.mirror(Image.open(root / "images/P0006.png")).save(folder / "bench/seen.png")
    table(folder / "table")
    sources = [recipe.source("dota", root), recipe.source("caption_table", folder / "table")]
    steps: list[tuple[str, dict[str, Any]]] = [("b2c", {"langs": LANGS}), ("fingerprint", {}), ("dedup", {})]
    steps.append(("decontaminate", {"against": [str(folder / "bench")]}))
    run(recipe.make("all <b>kinds</b>", sources, steps), folder / "corpus", workers=1)
    return corpus.open(folder / "corpus")


def chromium() -> str:
    """Where Chromium is; the test skips where there is none, or no playwright."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install 'rsdata[dev]')")
    found = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    if found is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    return found


@dataclass
class Seen:
    """An open page, what it said and asked for, and the requests that were stopped, with why."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    stopped: list[tuple[str, str | None]] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """The text of the first element."""
        return str(self.page.text_content(selector))

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that are shown."""
        found: list[str] = self.page.eval_on_selector_all(
            selector, "all => all.filter(e => e.checkVisibility()).map(e => e.textContent)"
        )
        return found

    def until(self, expression: str, seconds: float = 10) -> None:
        """Wait until an expression holds; playwright's own wait needs eval, which the page's policy forbids."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"never came true: {expression}"
            time.sleep(0.02)


@contextmanager
def browsing(path: str) -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, file: Path, width: int = 1280, height: int = 900, **options: Any) -> Iterator[Seen]:
    """A file in a window of that size, once its script has run."""
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
    try:
        seen = Seen(context.new_page())
        seen.page.on("console", lambda message: seen.errors.append(message.text))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("requestfailed", lambda request: seen.stopped.append((request.url, request.failure)))
        seen.page.goto(file.as_uri())
        seen.page.wait_for_selector("html[data-ready]", timeout=20_000)
        yield seen
    finally:
        context.close()
