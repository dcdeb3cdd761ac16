"""report in a browser: it opens without a request or an error, keys and fingers work, data stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
import tiny

from rsdata.report import html, stats

BOX_CAPTIONS = 8  # dota images that are left, of which P0000 has no object


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = browser.chromium()
    folder = tmp_path_factory.mktemp("report")
    corpus = browser.build(folder)
    html.write(corpus, folder / "report.html", workers=1)
    return folder / "report.html", stats.stats(corpus) | {"chromium": path}


@pytest.fixture(scope="module")
def chromium(made: tuple[Path, dict[str, Any]]) -> Iterator[Any]:
    with browser.browsing(made[1]["chromium"]) as found:
        yield found


@pytest.fixture
def seen(chromium: Any, made: tuple[Path, dict[str, Any]]) -> Iterator[browser.Seen]:
    with browser.opened(chromium, made[0]) as found:
        yield found
        assert found.errors == []
        assert {url for url in found.requests if not url.startswith("data:")} == {made[0].as_uri()}
        assert found.page.evaluate("window.hacked") is None


def count_of(text: str) -> int:
    return int(text.replace(",", ""))


def test_its_numbers_are_those_of_stats(seen: browser.Seen, made: tuple[Path, dict[str, Any]]) -> None:
    found = made[1]
    for name in ("images", "objects", "captions", "unique_captions"):
        assert count_of(seen.text(f'[data-figure="{name}"]')) == found[name]
    assert count_of(seen.text('[data-figure="dropped_images"]')) == sum(found["dropped_images"].values())
    for name in ("images_by_source", "objects_by_label", "captions_by_origin", "images_by_split"):
        rows = seen.page.eval_on_selector_all(
            f'[data-counts="{name}"] li', "all => all.map(e => [e.dataset.name, e.querySelector('b').textContent])"
        )
        assert {key: count_of(n) for key, n in rows} == found[name]
    for stage in found["stages"]:
        for kind in ("images", "objects"):
            cells = f'[data-stage="{stage["stage"]}"] [data-kind="{kind}"] td'
            assert [count_of(text) for text in seen.texts(cells)] == [
                stage[kind][s] for s in ("in", "made", "out", "dropped")
            ]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (360, "light")])
def test_nothing_is_wider_than_the_screen(
    chromium: Any, made: tuple[Path, dict[str, Any]], width: int, scheme: str, tmp_path: Path
) -> None:
    with browser.opened(chromium, made[0], width, 800, color_scheme=scheme, reduced_motion="reduce") as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 21, 23)"
        assert dark == (scheme == "dark")
        seen.page.click(".card")
        assert seen.page.evaluate("document.querySelector('dialog').scrollWidth") <= width
        seen.page.keyboard.press("Escape")
        seen.page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert (tmp_path / "page.png").stat().st_size > 20_000
        assert seen.errors == []


def test_search_finds_captions_ids_and_pairs(seen: browser.Seen) -> None:
    every = seen.text("#range")
    assert re.fullmatch(r"1 to 24 of 39 samples", every)
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("House 17 river")
    seen.until("document.querySelectorAll('.card').length === 1")
    assert "house 17 by the river" in seen.text(".card") and "caption_table/train/17" in seen.text(".card")
    assert seen.text("#status") == "“House 17 river”: 1 samples see them"
    seen.page.keyboard.press("Enter")
    seen.until("document.getElementById('gallery').getBoundingClientRect().top < 150")
    seen.page.fill("#search", "p0020")
    seen.page.wait_for_selector("#empty:not([hidden])")
    assert len(seen.texts(".pairs li")) == 1 and "dota/P0008" in seen.texts(".pairs li")[0]
    assert seen.text("#status") == "“p0020”: 0 samples, 1 pairs and examples"
    seen.page.click("#clear")
    assert seen.text("#range") == every and len(seen.texts(".pairs li")) == 2


def test_the_language_changes_captions_and_their_lengths(seen: browser.Seen) -> None:
    seen.page.select_option("#source", "dota")
    said = {}
    for lang in browser.LANGS:
        seen.page.select_option("#lang", lang)
        said[lang] = seen.texts(".card .text")
        assert seen.page.get_attribute(".card .text:not(.other)", "lang") == lang
        assert len(seen.texts("[data-only-lang]")) == 1 and lang in seen.texts("[data-only-lang] .unit")[0]
    assert len(said["en"]) == BOX_CAPTIONS
    assert any("image" in text for text in said["en"]) and any("l'image" in text for text in said["fr"])
    assert any("图" in text for text in said["zh"]) and not any("图" in text for text in said["fr"])
    seen.page.select_option("#source", "caption_table")
    assert seen.texts(".card .text")[0].startswith("(en) ")  # there is no Chinese caption: that is said


def test_classes_and_sources_filter_the_gallery(seen: browser.Seen) -> None:
    seen.page.select_option("#label", "ship")
    assert len(seen.texts(".card")) == 6 and all("dota/P" in text for text in seen.texts(".card"))
    seen.page.click("#clear")
    seen.page.click('[data-filter="source"][data-value="dota"]')
    assert seen.page.eval_on_selector("#source", "e => e.value") == "dota"
    assert len(seen.texts(".card")) == BOX_CAPTIONS


def test_keys_alone_go_through_gallery_and_samples(seen: browser.Seen) -> None:
    page = seen.page
    page.focus("#boxes")
    page.keyboard.press("Tab")
    place = "document.activeElement.dataset.place"
    assert page.evaluate(place) == "0"  # the gallery is one stop
    moves = [
        ("ArrowRight", "1"),
        ("ArrowDown", "5"),
        ("ArrowUp", "1"),
        ("ArrowLeft", "0"),
        ("End", "23"),
        ("Home", "0"),
    ]
    for key, wanted in [*moves, ("PageDown", "24"), ("ArrowLeft", "23"), ("ArrowRight", "24")]:
        page.keyboard.press(key)
        assert page.evaluate(place) == wanted, key
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('dialog').open") and seen.text("#place") == "25 of 39"
    page.keyboard.press("ArrowRight")
    assert seen.text("#place") == "26 of 39"
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")
    assert page.evaluate(place) == "25"


def sample(seen: browser.Seen, id: str) -> None:
    seen.page.fill("#search", id)
    seen.until("document.querySelectorAll('.card').length === 1")
    seen.page.click(".card .text")


def test_boxes_are_named_by_keys_and_pointer_and_lie_where_they_are(seen: browser.Seen) -> None:
    page = seen.page
    sample(seen, "dota/P0003")
    assert seen.texts("#legend button") == ["airplane × 2", "ship × 1"]
    page.keyboard.press("ArrowDown")
    assert seen.text("#said") == "Box 1 of 3: airplane, 20 by 12 pixels" and seen.text("#big .tag") == "airplane"
    assert page.get_attribute("#big .hot", "d") == "M5 10L25 10L25 22L5 22Z"
    page.keyboard.press("ArrowUp")
    assert seen.text("#said") == "Box 3 of 3: airplane, 20 by 12 pixels"
    frame = page.eval_on_selector("#big", "e => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width] }")
    scale = frame[2] / 120
    page.mouse.move(frame[0] + 20 * scale, frame[1] + 25 * scale)  # in the ship, 12 15 32 27, and out of the planes
    assert seen.text("#said") == "Box 2 of 3: ship, 20 by 12 pixels"
    page.click("#legend button:nth-child(2)")
    assert page.eval_on_selector_all("#big path.line", "all => all.map(e => e.getAttribute('d'))") == [
        "M12 15L32 15L32 27L12 27Z"
    ]
    facts = seen.text("#facts")
    assert "120 × 90 pixels" in facts and "metres per pixel0.25" in facts and "academic-only" in facts


def test_upright_boxes_lie_where_they_are(chromium: Any, tmp_path: Path) -> None:
    page, _ = html.page(tiny.build(tmp_path), workers=1)
    (tmp_path / "tiny.html").write_text(page)
    with browser.opened(chromium, tmp_path / "tiny.html") as seen:
        sample(seen, "train/a")
        seen.page.keyboard.press("ArrowUp")
        assert seen.text("#said") == "Box 2 of 2: airplane (difficult), 20 by 20 pixels"
        assert seen.page.get_attribute("#big .hot", "d") == "M40 20H60V40H40Z"
        seen.page.keyboard.press("Escape")
        sample(seen, "loveda")
        assert seen.page.get_attribute("#big .dash", "d") == "M0 0H64V32H0Z"
        assert seen.errors == []


def test_pointing_at_a_box_in_the_gallery_names_it(seen: browser.Seen) -> None:
    seen.page.fill("#search", "dota/P0003")
    seen.until("document.querySelectorAll('.card').length === 1")
    seen.page.hover(".card .frame", position={"x": 1, "y": 1})
    assert seen.texts(".card .tag") == []
    wide, high = seen.page.eval_on_selector(".card .frame", "e => [e.clientWidth, e.clientHeight]")
    scale = min(wide / 120, high / 90)  # the picture is as large as fits, in the middle
    left, top = (wide - 120 * scale) / 2, (high - 90 * scale) / 2
    seen.page.hover(".card .frame", position={"x": left + 28 * scale, "y": top + 24.5 * scale})
    assert seen.texts(".card .tag") == ["ship"]
    seen.page.hover("h1")
    assert seen.texts(".card .tag") == []


def test_boxes_can_be_put_out(seen: browser.Seen) -> None:
    seen.page.select_option("#label", "ship")
    shown = "getComputedStyle(document.querySelector('.card svg')).display"
    assert seen.page.evaluate(shown) != "none"
    seen.page.uncheck("#boxes")
    assert seen.page.evaluate(shown) == "none"


def test_a_caption_that_is_html_stays_text(seen: browser.Seen) -> None:
    sample(seen, "hacked")
    assert browser.EVIL in seen.text("#sentences") and browser.EVIL in seen.text(".card .text")
    assert seen.text("#viewer-id") == "caption_table/train/" + browser.EVIL_NAME.removesuffix(".png")
    assert seen.text("h1") == "all <b>kinds</b>"
    assert seen.page.query_selector("main b b") is None and seen.page.query_selector("#cards img[onerror]") is None


def test_no_script_but_its_own_may_run(chromium: Any, made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Were something not escaped, the policy would still stop it."""
    text = (
        made[0].read_text().replace("<main", "<script>window.hacked = 1</script><img src='http://127.0.0.1:9/x'><main")
    )
    (tmp_path / "bad.html").write_text(text)
    with browser.opened(chromium, tmp_path / "bad.html") as seen:
        assert seen.page.evaluate("window.hacked") is None
        assert sum("Content Security Policy" in error for error in seen.errors) == 2
        assert seen.stopped == [("http://127.0.0.1:9/x", "csp")]


def test_a_corpus_without_a_record_opens(chromium: Any, tmp_path: Path) -> None:
    page, _ = html.page(tiny.build(tmp_path, {"part-00009": []}), workers=1)
    (tmp_path / "empty.html").write_text(page)
    with browser.opened(chromium, tmp_path / "empty.html", 360) as seen:
        seen.page.fill("#search", "nothing")
        seen.until("document.getElementById('status').textContent !== ''")
        assert seen.text("#status") == "“nothing”: 0 samples" and seen.errors == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 360


def test_pictures_show(seen: browser.Seen) -> None:
    """Every picture of the first page and of the pairs is decoded at its own size."""
    seen.page.evaluate("document.querySelectorAll('img').forEach(e => { e.loading = 'eager' })")
    seen.until("[...document.images].every(e => e.complete)")
    sizes = seen.page.evaluate(
        "[...document.images].filter(e => e.id !== 'big').map(e => [e.naturalWidth, e.naturalHeight])"
    )
    assert len(sizes) == 24 + 4 and all(width >= 64 and abs(width / height - 4 / 3) < 0.02 for width, height in sizes)


def test_it_is_read_without_javascript(chromium: Any, made: tuple[Path, dict[str, Any]]) -> None:
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(made[0].as_uri())
        assert "need JavaScript" in page.text_content("body")
        assert page.text_content('[data-figure="images"]') == "39" and page.is_visible(".ledger")
    finally:
        context.close()
