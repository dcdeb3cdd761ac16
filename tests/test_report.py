"""report: numbers as stats counts them, the same bytes every time, data is never HTML, pictures in their bounds."""

from __future__ import annotations

import base64
import io
import json
import random
import re
import tomllib
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from rsdata import corpus
from rsdata.cli.app import _register, app
from rsdata.errors import RsdataError
from rsdata.record import Drop, Obj, Record
from rsdata.report import _html_charts as charts
from rsdata.report import _html_licences as terms
from rsdata.report import _html_pairs as lost
from rsdata.report import _html_samples as samples
from rsdata.report import _html_sections as sections
from rsdata.report import _html_thumbs as thumbs
from rsdata.report import html, licences, sheet, stats


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> corpus.Corpus:
    return browser.build(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(made: corpus.Corpus) -> str:
    return html.page(made, workers=1)[0]


def data_of(page: str) -> dict[str, Any]:
    """The data that the page's script is given."""
    found: dict[str, Any] = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    return found


def attributes(page: str, name: str) -> list[str]:
    return re.findall(rf'{name}="([^"]*)"', page)


# the page


def test_every_number_of_stats_is_there(made: corpus.Corpus, page: str) -> None:
    found = stats.stats(made)
    figures = dict(re.findall(r'data-figure="(\w+)" data-count="(\d+)"', page))
    wanted = {name: found[name] for name in ("images", "objects", "captions", "unique_captions")} | {
        "dropped_images": 3
    }
    assert {name: int(n) for name, n in figures.items()} == wanted
    assert (found["images"], found["objects"]) == (39, 30)
    for stage in found["stages"]:
        part = page.partition(f'<tbody data-stage="{stage["stage"]}">')[2].partition("</tbody>")[0]
        ledger = [int(n) for n in attributes(part, "data-count")]
        assert ledger == [
            stage[kind][side] for kind in ("images", "objects") for side in ("in", "made", "out", "dropped")
        ]
    assert attributes(page, "data-reason") == ["missing-image", "duplicate", "contaminated"]


def test_captions_by_language(made: corpus.Corpus, page: str) -> None:
    found = stats.stats(made, histograms=True)
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition('data-table="captions_by_lang"')[2].partition("</table>")[0])
    cells = [re.findall(r"<td[^>]*>(?:<b>)?([^<]*)", row) for row in rows[1:]]
    assert [(row[0], int(row[1]), int(row[2])) for row in cells] == [
        (lang, n, found["unique_captions_by_lang"][lang]) for lang, n in found["captions_by_lang"].items()
    ]
    assert sum(found["unique_captions_by_lang"].values()) == found["unique_captions"]
    lengths = found["histograms"]["caption_lengths"]
    assert {lang: sum(counts.values()) for lang, counts in lengths.items()} == found["captions_by_lang"]


def test_the_same_corpus_gives_the_same_bytes(made: corpus.Corpus, page: str) -> None:
    assert html.page(corpus.open(made.path), workers=2)[0] == page
    assert html.page(made, 20, seed=1, workers=1)[0] != html.page(made, 20, seed=2, workers=1)[0]


def test_nothing_of_the_data_is_html_and_nothing_is_asked_of_the_network(page: str) -> None:
    assert "window.hacked" in page
    assert not re.search(r"<script>window|<img src=x|a<b>", page)
    assert "all &lt;b&gt;kinds&lt;/b&gt;" in page
    assert set(re.findall(r'(?:src|href)="([^"#,]*)', page)) <= {"data:image/webp;base64", ""}
    assert "url(" not in page and "@import" not in page
    assert page.count("<script") == 2
    texts = [caption[1] for sample in data_of(page)["samples"] for caption in sample["c"]]
    assert browser.EVIL in texts


def test_licences_are_those_of_the_command(made: corpus.Corpus, page: str) -> None:
    found = licences.licences(made)
    part = page.partition('data-table="licences-source"')[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(?:<span[^>]*>)?([^<]*)", row) for row in part.split("<tr>")[2:]]
    assert [(row[0], row[1], int(row[2]), int(row[3])) for row in rows] == [
        (row["source"], row["licence"], row["images"], row["objects"]) for row in found["sources"]
    ]
    assert rows[0][:9] == ["caption_table", "unknown", "31", "0", *["read the terms"] * 5]
    assert rows[1][:7] == ["dota", "academic-only", "8", "30", "no", "read the terms", "yes"]
    assert "Whom to name" in page and "Xia et al., DOTA" in page


def test_every_piece_escapes_what_it_shows(tmp_path: Path) -> None:
    evil = "<b>'\"&"
    stage = corpus.StageDir(1, "dedup", tmp_path / "01-<b>", 1, {}, {"images": {"dropped": 1}}, {}, False)
    side = lost.Side(evil, evil, "")
    lists = {evil: {"images": 1, "leaked": 1, "dropped": 1, "kinds": {evil: 1}}}
    drop = lost.Example(Drop(evil, "read", evil, evil), "k", evil)
    examples, drops = {evil: {evil: [drop]}}, {evil: {evil: {"images": 1}}}
    thumb = thumbs.Thumb("k", "", evil)
    sides = dict.fromkeys(("in", "made", "out", "dropped"), 0)
    stages = [{"stage": evil, "images": sides, "objects": sides, "drops": drops[evil], "params": {evil: [evil]}}]
    log = {"stages": stages, "runs": [{"stage": evil, "ran": 1, "seconds": 1.0, "began": 0, "workers": 1}]}
    part = {"source": evil, "origin": evil, "licence": evil, "title": evil, "note": evil, "images": 1, "objects": 1}
    part |= dict.fromkeys(terms.RIGHTS, None) | {"captions": 1}
    policy = {evil: {"means": evil, "images": 1, "images_not": 0}}
    rights = {"sources": [part], "models": [part], "landmarks": [part], "policies": policy, "attributions": [evil]}
    rights["whole"] = part | {"conflicts": [evil]}
    said = [
        charts.bars("t", {evil: 1}, "k", "source"),
        charts.table(["a"], [], name=evil),
        charts.histogram("t", charts.binned({1: 1, 2: 1}), "u", {evil: 1.5}),
        sections.same([lost.Pairs(stage, 1, [(side, side, [evil])], lists)], {}),
        sections.lost(examples, drops, {"k": thumb}),
        sections.lost({evil: {evil: [drop._replace(picture="")]}}, drops, {}),
        sections.ledger({"stages": stages}, log, examples),
        sections.history(log),
        terms.section(rights),
        html._language(evil),
    ]
    for text in said:
        assert "<b>'" not in text and "'\"&" not in text and 'title="<' not in text
        assert "&lt;b&gt;&#x27;&quot;&amp;" in text
    assert "01-&lt;b&gt;" in said[3] and said[3].count("&lt;b&gt;") == 8


def test_params_are_told_without_the_folders_of_this_machine(made: corpus.Corpus, page: str) -> None:
    assert str(made.path.parent) not in page.replace("window.hacked", "")
    assert "[&quot;.../bench&quot;]" in page


def test_a_pair_is_both_images_and_why(page: str) -> None:
    pairs = re.findall(r"<li data-text>(.*?)</li>", page.partition('<ul class="pairs"')[2])
    texts = [re.sub(r"<[^>]*>", "", pair) for pair in pairs[:2]]
    assert texts[0] == "dropped dota/P0020kept dota/P0008distance 0, same bytes"
    assert re.match(r"dropped dota/P0006benchmark \S*-bench bench/seenrotation: this image is it, mirrored", texts[1])
    assert all(pair.count("data:image/webp;base64,") == 2 for pair in pairs[:2])


def test_each_half_of_a_pair_has_its_own_picture(made: corpus.Corpus) -> None:
    jobs: list[thumbs.Job] = []
    pairs = lost.pairs(made, 0, jobs)
    files = {job.key: job.file.name for job in jobs if job.file}
    shown = [[files[side.picture] for side in pair[:2]] for found in pairs for pair in found.shown]
    assert shown == [["P0020.png", "P0008.png"], ["P0006.png", "seen.png"]]
    assert [(found.stage.name, found.total) for found in pairs] == [("dedup", 1), ("decontaminate", 1)]


def test_drops_have_an_example(page: str) -> None:
    part = page.partition('id="lost-h"')[2]
    assert "missing-image" in part and "caption_table/<wbr>train/<wbr>gone" in part and "00-read: 1 image<" in part


def test_a_benchmark_that_is_gone_leaves_its_half_of_a_pair_empty(tmp_path: Path) -> None:
    made = browser.build(tmp_path)
    for file in (tmp_path / "benchmarks").iterdir():
        file.unlink()
    page = html.page(made, workers=1)[0]
    pair = page.partition("dota/<wbr>P0006")[2].partition("</li>")[0]
    assert "no picture here" in pair and "data:image" not in pair


def test_images_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    (tmp_path / "data/dota/img/a.png").unlink()
    by_id = {sample["id"]: sample for sample in data_of(html.page(made, workers=1)[0])["samples"]}
    assert by_id["dota/train/a"]["e"].startswith("missing-image: ")
    assert by_id["rsicd/test/s"]["e"] == "read without its image"
    assert by_id["dota/train/b@50,0,50,80"]["i"].startswith("data:image/webp;base64,")


def test_a_sample_tells_all_of_its_record(tmp_path: Path) -> None:
    found = data_of(html.page(tiny.build(tmp_path), workers=1)[0])
    assert found["labels"] == [["airplane", "#00e5ff"], ["forest", "#76ff03"], ["ship", "#ff5252"]]
    assert found["langs"] == ["en", "pt", "zh"]
    by_id = {sample["id"]: sample for sample in found["samples"]}
    first = by_id["dota/train/a"]
    first.pop("i")
    told = {"id": "dota/train/a", "source": "dota", "split": "train", "platform": "aerial", "licence": "academic-only"}
    told |= {"gsd": 0.25, "w": 100, "h": 80, "n": 2, "k": 2}
    told["o"] = [[2, 0, 10, 5, 30, 15, 10, 5, 30, 5, 30, 15, 10, 15], [0, 1, 40, 20, 60, 40]]
    told["c"] = [
        [lang, text, "b2c", "count/one", None] for lang, text in (("en", "There is a ship."), ("pt", "Há um navio."))
    ]
    assert first == told
    assert by_id["loveda/val/1"]["o"] == [[1, 2, 0, 0, 64, 32]]
    assert by_id["rsicd/test/s"]["label"] == "airport" and by_id["rsicd/test/s"]["c"][1][4] == 0


def test_an_empty_corpus_and_a_fault_in_the_books(tmp_path: Path) -> None:
    page, shown = html.page(tiny.build(tmp_path / "a", {"part-00009": []}), workers=1)
    assert shown == 0 and 'id="gallery"' not in page and 'id="captions"' not in page
    made = tiny.build(tmp_path / "b")
    file = made.path / "00-read/stage.json"
    file.write_text(file.read_text().replace('"made": 5', '"made": 6'))
    assert "images do not add up" in html.page(corpus.open(made.path), workers=1)[0]
    assert "do not add up" not in page


def test_outlines_of_many_corners_are_thinned(tmp_path: Path) -> None:
    ring = tuple(float(v) for n in range(1000) for v in (n % 60, n // 60))
    found = samples._object(Obj("ship", (0, 0, 60, 17), poly=ring), {"ship": 0})
    assert len(found) == 6 + 2 * 40 and found[6:10] == [0, 0, 25, 0]


# which samples


def many(tmp_path: Path) -> corpus.Corpus:
    """Three sources: 90, 9 and 1 records, over two parts."""
    names = ["dota"] * 90 + ["loveda"] * 9 + ["rsicd"]
    records = [Record(f"{name}/{n:03d}", name, "train", None, 10, 10) for n, name in enumerate(names)]
    return tiny.build(tmp_path, {tiny.PARTS[0]: records[:50], tiny.PARTS[1]: records[50:]})


def test_small_sources_have_their_share(tmp_path: Path) -> None:
    made = many(tmp_path)
    for seed in range(4):
        chosen = [record.id for record in samples.choose(made, 24, seed)]
        assert len(chosen) == len(set(chosen)) == 24
        assert "rsicd/099" in chosen and sum(id.startswith("loveda") for id in chosen) >= 4
    assert [r.id for r in samples.choose(made, 24, 1)] != [r.id for r in samples.choose(made, 24, 2)]
    assert sorted(r.id for r in samples.choose(made, 500, 0)) == sorted(r.id for r in made.records())
    assert samples.choose(made, 0, 0) == []


def test_records_are_found_in_any_part(tmp_path: Path) -> None:
    made = many(tmp_path)
    assert set(lost.find(made.last_records, {"dota/003", "rsicd/099", "no/such"})) == {"dota/003", "rsicd/099"}
    assert lost.find(None, {"dota/003"}) == {}


def test_of_many_pairs_some_are_shown_and_all_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": f"a/{n}", "kept": "a/x", "distance": 2, "why": f"of a/x, distance {n}"} for n in range(20)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    monkeypatch.setattr(lost, "MOST_PAIRS", 6)
    total, some = lost._duplicates(tmp_path / "d.parquet", random.Random(1))
    numbers = [int(row[0].removeprefix("a/")) for row in some]
    assert total == 20 and len(set(numbers)) == 6 and numbers == sorted(numbers)
    assert some[0] == (f"a/{numbers[0]}", "a/x", "", (f"distance {numbers[0]}",))
    assert lost._duplicates(tmp_path / "d.parquet", random.Random(1))[1] == some


# pictures


@pytest.mark.parametrize("limit", [2_000, 10_000, 60_000])
def test_a_picture_keeps_within_its_bytes(limit: int) -> None:
    loud = Image.fromarray(np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8))
    data = thumbs.encoded(loud, 512, limit)
    assert 0.4 * limit < len(data) <= limit
    assert abs(Image.open(io.BytesIO(data)).width / Image.open(io.BytesIO(data)).height - 9 / 7) < 0.05


def test_a_picture_is_what_it_was(tmp_path: Path) -> None:
    tiny.picture(tmp_path / "a.png", 1000, 500, (200, 40, 40))
    found = thumbs.make(thumbs.Job("k", tmp_path / "a.png", None, 200, 9_000))
    image = Image.open(io.BytesIO(base64.b64decode(found.uri.partition(",")[2]))).convert("RGB")
    assert found.key == "k" and image.size == (200, 100)
    assert np.abs(np.array(image.getpixel((150, 80)), int) - (200, 40, 40)).max() < 12


def test_all_pictures_together_keep_within_their_bytes(made: corpus.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "BYTES", 60_000)
    found = data_of(html.page(made, workers=1)[0])["samples"]
    assert 20_000 < sum(len(sample["i"]) for sample in found) <= 60_000


def test_pictures_too_large_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbs, "MOST_PIXELS", 4_000)
    tiny.picture(tmp_path / "a.png", 100, 80)
    found = thumbs.make(thumbs.Job("k", tmp_path / "a.png", None, 200, 9_000))
    assert (found.uri, found.problem) == ("", "100 x 80 pixels: too large for a thumbnail")


# charts


def test_few_values_have_a_bar_each() -> None:
    assert charts.binned({3: 1, 1: 5}) == [(1, 1, 5), (3, 3, 1)]
    assert charts.binned({}) == []


def test_many_values_are_put_together_and_a_long_tail_is_one_bar() -> None:
    bars = charts.binned({n: 10 for n in range(100)} | {5_000: 1})
    assert bars[0] == (0, 5, 50) and bars[1] == (5, 10, 50) and bars[-2] == (95, 100, 50) and bars[-1] == (100, None, 1)
    assert [bar.name for bar in (bars[0], bars[-1], charts.Bar(7, 7, 1))] == ["0 to 5", "100 or more", "7"]
    assert charts.binned({n: 10 for n in range(100)} | {101: 1})[-2:] == [(95, 100, 50), (100, None, 1)]
    cents = charts.binned({n / 100: 1 for n in range(60)})  # 0.15 / 0.05 is a little less than 3
    assert [bar.size for bar in cents] == [5] * 12 and cents[3].low == 0.15
    tenths = charts.binned({n / 10: 1 for n in range(1, 60)})
    assert tenths[0] == (0.0, 0.5, 4) and tenths[1] == (0.5, 1.0, 5) and len(tenths) == 12


@given(st.dictionaries(st.integers(0, 30_000) | st.integers(1, 900).map(lambda n: n / 100), st.integers(1, 50)))
def test_bars_hold_every_value_once(counts: dict[float, int]) -> None:
    bars = charts.binned(counts)
    assert sum(bar.size for bar in bars) == sum(counts.values()) and len(bars) <= 60
    if bars and bars[0].high != bars[0].low:
        for bar, after in pairwise(bars):
            assert bar.high == after.low
            inside = sum(n for value, n in counts.items() if bar.low - 1e-9 <= value < bar.high - 1e-9)
            assert bar.size == inside


def test_a_threshold_stands_where_its_value_is() -> None:
    bars = [charts.Bar(n / 10, (n + 1) / 10, n) for n in range(10)]
    drawn = charts.histogram("score", bars, "score", {"web <b>": 0.25})
    assert 'style="left:25.00%"><b>0.250 web &lt;b&gt;</b>' in drawn
    assert drawn.count("<rect") == 10 and "<title>0.9 to 1 score: 9</title>" in drawn


@pytest.mark.parametrize(("share", "text"), [(0, "0.0 %"), (0.0001, "< 0.1 %"), (0.5, "50.0 %"), (1, "100.0 %")])
def test_percent(share: float, text: str) -> None:
    assert charts.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert sections.duration(seconds) == text


# the legend of `rsdata show`


@pytest.mark.parametrize(
    ("value", "colour", "kind", "text"),
    [
        (3, False, "index:0=,1=,3=bare_land", "mask: bare land"),
        (1, False, "index:0=,1=,3=bare_land", "mask 1, no class"),
        (9, False, "index:0=,1=,3=bare_land", "mask 9, not named"),
        (0x003F7F, True, "rgb:000000=,003f7f=tennis_court", "mask: tennis court"),
        (200, False, "binary:128=building", "mask: building"),
        (0x00007F, True, "", "mask 0,0,127"),
        (7, False, "what", "mask 7"),
    ],
)
def test_the_legend_names_what_a_mask_value_means(value: int, colour: bool, kind: str, text: str) -> None:
    assert sheet.mask_name(value, colour, kind) == text


# the command


def test_all_that_the_page_is_made_of_is_in_the_package() -> None:
    root = Path(__file__).resolve().parents[1]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["rsdata"]
    files = [file.name for file in (root / "rsdata/report/assets").iterdir()]
    assert len(files) == 4
    assert [name for name in files if not any(fnmatch(f"report/assets/{name}", pattern) for pattern in patterns)] == []


def rsdata(*words: str) -> tuple[int, str]:
    if not app.registered_commands:
        _register()
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.stdout


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    tiny.build(tmp_path)
    code, text = rsdata("report", "corpus", "-o", "r.html", "--samples", "2", "-j", "1")
    assert code == 0 and re.fullmatch(r"report: r\.html \(0\.\d MB, 2 images in the gallery\)\n", text)
    page = Path("r.html").read_text()
    assert len(data_of(page)["samples"]) == 2 and "2 of 4 images, seed 0, in the gallery" in page
    code, text = rsdata("report", "corpus", "--json", "-j", "1")
    assert code == 0 and json.loads(text) == {
        "report": "report.html",
        "samples": 4,
        "bytes": Path("report.html").stat().st_size,
    }
    assert not list(tmp_path.glob("*.tmp"))


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RsdataError, match=r"no/such/r\.html: cannot be written .*-o"):
        html.write(tiny.build(tmp_path), Path("no/such/r.html"), workers=1)
