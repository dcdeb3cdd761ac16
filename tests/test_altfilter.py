"""The text stage: scores of the word list, rules over tables, the stage over records; real alt texts by hand labels."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from captioned import corpus_of
from hypothesis import given
from hypothesis import strategies as st

from rsdata import corpus
from rsdata.errors import BadRecipe, BadSource
from rsdata.record import Caption, read_part, write_part
from rsdata.run import extend
from rsdata.stages import _rules, altfilter
from rsdata.stages._seen import Seen, hashes
from rsdata.words import lexicon

LABELS = Path(__file__).parent / "data/cc3m_labels.csv"


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("an aerial view of the river", 1.4, ("aerial view", "river")),
        ("person , aerial acrobat - doing the break away", -2.0, ("-aerial acrobat",)),
        ("a satellite dish on the roof", -1.6, ("-satellite dish", "roof")),
        ("drone pilot portrait", -2.7, ("-drone pilot", "-portrait")),
        ("Bird's-Eye View of the City", 1.4, ("bird s eye view", "city")),
        ("bird 's eye view", 1.0, ("bird s eye view",)),
        ("the satellite and the port", 1.0, ("satellite", "port")),
        ("a river, a port, a lake and a city", 0.5, ("river", "port", "lake", "city")),
        (
            "coffee, cake and cookies on a desk from above",
            -0.8,
            ("-coffee", "-cake", "-cookies", "-desk", "from above"),
        ),
        ("aerial aerial aerial", 0.6, ("aerial",)),
        ("Luftbild der Stadt", 1.4, ("luftbild", "stadt")),
        ("上海夜景航拍", 1.0, ("航拍",)),
        ("서울 항공 사진 모음", 1.0, ("항공 사진",)),
        ("Вид с дрона на реку", 1.0, ("вид с дрона",)),
        ("", 0.0, ()),
    ],
)
def test_scores(text: str, value: float, found: tuple[str, ...]) -> None:
    assert lexicon.score(text) == (value, found)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("aerial view of the harbour", "en"),
        ("Vista aérea da cidade e do rio", "pt"),
        ("Vista aérea de la ciudad y los campos", "es"),
        ("Vue aérienne de la ville", "fr"),
        ("Luftbild von der Küste", "de"),
        ("luchtfoto van het eiland", "nl"),
        ("veduta aerea della città", "it"),
        ("вид с воздуха", "ru"),
        ("上海航拍", "zh"),
        ("東京の航空写真です", "ja"),
        ("드론 촬영", "ko"),
        ("Manhattan", "en"),
        ("", "en"),
    ],
)
def test_languages(text: str, lang: str) -> None:
    words = lexicon.load()
    assert words.language(text, words.score(text).found) == lang


@given(
    st.lists(
        st.sampled_from(["aerial", "view", "satellite", "dish", "from", "space", "river", "cake", "x"]), max_size=12
    )
)
def test_what_passes_holds_an_anchor(words: list[str]) -> None:
    """The quick pass over a column may only leave out what the word list would refuse."""
    import re

    text = " ".join(words)
    if lexicon.score(text).value >= lexicon.MIN_SCORE:
        assert re.search(lexicon.load().anchors, text)


def test_every_anchor_is_found_by_the_quick_pass() -> None:
    words = lexicon.load()
    anchors = [
        p for ps in (*words.by_first.values(), words.unspaced) for p in ps if words.groups[p.group].get("anchor")
    ]
    texts = pa.array([" ".join(p.words) for p in anchors])
    assert _rules._matches(texts, words.anchors).all() and len(anchors) > 400


def judged(texts: list[str | None], urls: list[str | None] | None = None, **options: Any) -> list[str]:
    """The rule that refuses each row, "" for none."""
    column = None if urls is None else pa.array(urls, pa.string())
    found = _rules.judge(column, pa.array(texts, pa.string()), _rules.Options(**options), lexicon.load())
    return [("", *_rules.RULES)[code] for code in found.codes]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("aerial view of the harbor", ""),
        (None, "no-caption"),
        ("  ", "no-caption"),
        ("IMG_2034.JPG", "file-name"),
        ("DSC 0012 (2)", "file-name"),
        ("dji_0231", "file-name"),
        ("3f2504e04f8911d39a0c0305e82c3301", "file-name"),
        ("aerial-view-of-city.jpg", "file-name"),
        ("12/04/2019", "file-name"),
        ("aerial view", "too-short"),
        ("aerial view of " + "very " * 200 + "long", "too-long"),
        ("click here for an aerial view of the city", "boilerplate"),
        ("image may contain : aerial view of the sea", "boilerplate"),
        ("aerial view of the city, add to cart", "boilerplate"),
        ("aerial view of my farm, write to jane.doe+x@example.co.uk", "personal-data"),
        ("aerial view of the house, call 555-123-4567", "personal-data"),
        ("aerial photos of homes (555) 123-4567", "personal-data"),
        ("aerial photos, whatsapp +49 171 1234567", "personal-data"),
        ("aerial view of 48.858370, 2.294481 on 2019-04-12", ""),
        ("satellite image of 12 ships, sentinel-2, 10.5 m, 20190412", ""),
        ("a dog on a sofa", "off-topic"),
        ("the satellite dish on the roof", "off-topic"),
        ("vue aérienne de la ville et du port", "other-language"),
        ("上海航拍", "other-language"),
    ],
)
def test_rules_of_texts(text: str | None, rule: str) -> None:
    assert judged([text]) == [rule]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://example.org/a.jpg", ""),
        ("HTTP://EXAMPLE.ORG/a.jpg", ""),
        ("http://example.org:8080/a.jpg?x=1", ""),
        (None, "no-url"),
        ("", "no-url"),
        ("file:///etc/passwd", "bad-scheme"),
        ("ftp://example.org/a.jpg", "bad-scheme"),
        ("data:image/png;base64,AAAA", "bad-scheme"),
        ("//example.org/a.jpg", "bad-scheme"),
        ("http://localhost/a.jpg", "private-address"),
        ("http://127.0.0.1:9200/a.jpg", "private-address"),
        ("http://user:pw@10.1.2.3/a.jpg", "private-address"),
        ("http://169.254.169.254/latest/meta-data", "private-address"),
        ("http://[::1]/a.jpg", "private-address"),
        ("http://[::ffff:10.0.0.1]/a.jpg", "private-address"),
        ("http://2130706433/a.jpg", "private-address"),
        ("http://0x7f.1/a.jpg", "private-address"),
        ("http://printer/a.jpg", "private-address"),
        ("http://nas.local/a.jpg", "private-address"),
        ("http:///a.jpg", "private-address"),
    ],
)
def test_rules_of_addresses(url: str | None, rule: str) -> None:
    assert judged(["aerial view of the harbor"], [url]) == [rule]


def test_options() -> None:
    texts = ["vue aérienne de la ville", "上海航拍", "aerial photo", "the satellite, over there"]
    assert judged(texts, langs=()) == ["", "", "too-short", "off-topic"]
    assert judged(texts, langs=("fr", "en"), min_words=2, min_score=0.5) == ["", "other-language", "", ""]
    assert judged(["aerial view of a"], ["http://10.1.2.3/a.jpg"], allow=("10.0.0.0/8",)) == [""]
    with pytest.raises(BadRecipe, match=r"allow: .*'10.0.0'"):
        _rules.options(1.0, 3, 500, ("en",), False, ("10.0.0",), 10)


def test_texts_are_made_clean() -> None:
    texts = pa.array(["  aerial  view of\n<b>Rock &amp; Reef</b> ", "a dog  sits"])
    found = _rules.judge(None, texts, _rules.Options(), lexicon.load())
    assert found.texts.to_pylist() == ["aerial view of Rock & Reef", "a dog  sits"]
    assert found.details.tolist() == ["", ""] and np.isnan(found.scores[1])


def test_lingua_is_asked_on_request() -> None:
    text = ["Drone shot Sonnenuntergang hinter verschneiten Bergen"]
    assert judged(text) == [""]
    assert judged(text, lingua=True) == ["other-language"]
    assert judged(["drone shot of the sunset behind the mountains"], lingua=True) == [""]


def table(path: Path, rows: list[tuple[str | None, str | None]]) -> Path:
    urls, texts = zip(*rows, strict=True)
    pq.write_table(
        pa.table({"id": range(len(rows)), "URL": pa.array(urls, pa.string()), "TEXT": pa.array(texts, pa.string())}),
        path,
    )
    return path


VIEW = "aerial view of the harbor"
ROWS: list[tuple[str | None, str | None]] = [
    ("https://a.org/1.jpg", VIEW),
    ("https://a.org/1.jpg#top", "aerial view of another harbor"),
    ("https://b.org/2.jpg", "a dog on a sofa"),
    ("file:///etc/passwd", VIEW),
    (None, VIEW),
    ("https://b.org/3.jpg", None),
    ("https://c.org/4.jpg", "Aerial view of the HARBOR"),
    ("https://c.org/5.jpg", VIEW),
    ("https://c.org/6.jpg", "aerial photos, mail me@example.org"),
]


def test_a_table_is_accounted_for_to_the_last_row(tmp_path: Path) -> None:
    found = altfilter.filter_table(table(tmp_path / "t.parquet", ROWS), tmp_path / "out", same_caption=2)
    assert found["rows"] == 9 and found["kept"] == 2
    assert found["dropped"] == {
        "no-url": 1,
        "bad-scheme": 1,
        "no-caption": 1,
        "personal-data": 1,
        "off-topic": 1,
        "repeated-url": 1,
        "repeated-caption": 1,
    }
    kept = pq.read_table(tmp_path / "out/rows").to_pylist()
    assert [(row["rsdata_id"], row["url"], row["caption"], row["alt_lang"]) for row in kept] == [
        ("0000000000", "https://a.org/1.jpg", VIEW, "en"),
        ("0000000006", "https://c.org/4.jpg", "Aerial view of the HARBOR", "en"),
    ]
    gone = pq.read_table(tmp_path / "out/refused.parquet").to_pylist()
    assert [(row["row"], row["rule"]) for row in gone] == [
        (1, "repeated-url"),
        (2, "off-topic"),
        (3, "bad-scheme"),
        (4, "no-url"),
        (5, "no-caption"),
        (7, "repeated-caption"),
        (8, "personal-data"),
    ]
    assert found["kept_by_domain"] == {"a.org": 1, "c.org": 1} and found["kept_by_lang"] == {"en": 2}
    assert "me@example.org" not in (tmp_path / "out/text.json").read_text()


def test_the_same_table_again_is_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "t.parquet", ROWS)
    first = altfilter.filter_table(path, tmp_path / "out")
    monkeypatch.setattr(_rules, "judge", None)
    assert altfilter.filter_table(path, tmp_path / "out") == first
    with pytest.raises(TypeError):
        altfilter.filter_table(path, tmp_path / "out", min_words=4)


CSV = (
    'name,Image URL,alt text\r\nx,https://a.org/1.jpg,"aerial view, of\nthe harbor"\r\ny,broken\r\n'
    "z,https://a.org/2.jpg,aerial view of it\r\n"
)


@pytest.mark.parametrize(
    ("name", "content", "rows", "kept", "dropped"),
    [
        ("cc3m.tsv", f"{VIEW}\thttps://a.org/1.jpg\na \"dog\" sits\thttps://a.org/2.jpg\n", 2, 1, {"off-topic": 1}),
        ("t.tsv", f"caption\turl\n{VIEW}\thttps://a.org/1.jpg\nonly one field\n", 2, 1, {"broken-row": 1}),
        ("t.csv", CSV, 3, 2, {"broken-row": 1}),
        ("latin.tsv", f"{VIEW}\thttps://a.org/1.jpg\n".encode() + b"aerial view of S\xe3o\thttps://a.org/2.jpg\n", 2, 1,
         {"no-caption": 1}),
    ],
)  # fmt: skip
def test_tables_of_text(
    name: str, content: str | bytes, rows: int, kept: int, dropped: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    url_col = {"url_col": "Image URL", "caption_col": "alt text"} if name == "t.csv" else {}
    found = altfilter.filter_table(path, tmp_path / "out", **url_col)  # type: ignore[arg-type]
    assert (found["rows"], found["kept"], found["dropped"]) == (rows, kept, dropped)


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"nothing\.csv: no such file; give a file or a folder of \.parquet"):
        altfilter.filter_table(tmp_path / "nothing.csv", tmp_path / "out")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadSource, match=r"t\.csv: no column of addresses '' \(columns: a, b\); give --url-col"):
        altfilter.filter_table(tmp_path / "t.csv", tmp_path / "out")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(BadSource, match=r"t\.parquet: cannot be read"):
        altfilter.filter_table(tmp_path / "t.parquet", tmp_path / "out")
    (tmp_path / "e.tsv").write_text("")
    with pytest.raises(BadSource, match=r"e\.tsv: the table is empty"):
        altfilter.filter_table(tmp_path / "e.tsv", tmp_path / "out")
    with pytest.raises(BadRecipe, match="not TOML"):
        (tmp_path / "w.toml").write_text("[[")
        altfilter.filter_table(table(tmp_path / "x.parquet", ROWS), tmp_path / "out", words=str(tmp_path / "w.toml"))


def test_many_files_and_batches_count_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rsdata.stages import _keptrows, _webtable

    monkeypatch.setattr(_webtable, "ROWS", 7)
    monkeypatch.setattr(_keptrows, "FILE_ROWS", 10)
    folder = tmp_path / "tables"
    folder.mkdir()
    for n in range(3):
        table(
            folder / f"{n}.parquet", [(f"https://a.org/{n}-{k}.jpg", f"aerial view of lake {n} {k}") for k in range(20)]
        )
    found = altfilter.filter_table(folder, tmp_path / "out")
    files = sorted((tmp_path / "out/rows").iterdir())
    ids = [id for file in files for id in pq.read_table(file).column("rsdata_id").to_pylist()]
    assert found["kept"] == 60 and ids == [f"{n:010d}" for n in range(60)] and len(files) > 3


@given(st.lists(st.lists(st.integers(0, 20), max_size=30), max_size=8))
def test_seen_counts_like_a_dictionary(batches: list[list[int]]) -> None:
    seen, known = Seen(), dict[int, int]()
    for batch in batches:
        wanted = []
        for value in batch:
            wanted.append(known.get(value, 0))
            known[value] = known.get(value, 0) + 1
        assert seen.rank(np.array(batch, np.uint64)).tolist() == wanted
    assert len(seen) >= len(known)


HASHES = [17242145475855159959, 1760245841805064774, 15628100168319097090]


def test_hashes_stay_the_same() -> None:
    assert hashes(["aerial view", "", "航拍"]).tolist() == HASHES
    assert hashes(pa.array(["aerial view"])).tolist() == HASHES[:1]


def test_the_stage_takes_out_captions_and_drops_by_rule(tmp_path: Path) -> None:
    path = corpus_of([["x"]] * 6, tmp_path)
    captions = [
        [Caption(VIEW, "en", "alt"), Caption("vue", "fr", "mt:m", "", 0)],
        [Caption("a dog on a sofa", "en", "alt"), Caption("un chien", "fr", "mt:m", "", 0)],
        [
            Caption("a dog on a sofa", "en", "alt"),
            Caption("two planes", "en", "b2c"),
            Caption("zwei", "de", "mt:m", "", 1),
        ],
        [Caption("two planes", "en", "b2c")],
        [Caption(VIEW, "en", "alt")],
        [Caption(VIEW, "en", "alt")],
    ]
    urls = ["https://a.org/1", "https://a.org/2", "https://a.org/3", "", "https://a.org/1", "https://a.org/4"]
    position = 0
    for part in corpus.open(path).last_records.parts:
        records = read_part(part)
        for record in records:
            record.captions = captions[position]
            if urls[position]:
                record.extra["url"] = urls[position]
            position += 1
        write_part(part, records)
    done = extend(path, "altfilter", {"same_caption": 2}, workers=1)
    kept = {record.id[-1]: [c.text for c in record.captions] for record in corpus.open(path).records()}
    assert kept == {"0": [VIEW, "vue"], "2": ["two planes", "zwei"], "3": ["two planes"]}
    assert next(r for r in corpus.open(path).records() if r.id[-1] == "2").captions[1].of == 0
    drops = {reason: n["images"] for reason, n in done.stages[-1].drops.items()}
    assert drops == {"off-topic": 1, "repeated-url": 1, "repeated-caption": 1}
    assert done.over == []


def test_real_alt_texts_against_labels(shared_data: Path) -> None:
    """300 lines of Conceptual Captions labelled by hand before the rules were first run on them: all 143 with a word
    that might mean a view from above, and 157 others. That first run found 19 of the 20 and 5 others (precision 0.79,
    recall 0.95); then four phrases were mended with these lines in view, so what is held here is no longer a measure of
    unseen text. The misses are shown, so that a change of the word list shows its price."""
    lines = (shared_data / "cc3m/Validation_GCC-1.1.0-Validation_first4000.tsv").read_text("utf-8").splitlines()
    texts = [line.partition("\t")[0] for line in lines]
    rules = judged(texts)
    rows = [(int(row["line"]), row["from_above"] == "1") for row in csv.DictReader(LABELS.read_text().splitlines())]
    assert len(rows) == 300
    found = {n for n, _ in rows if not rules[n - 1]}
    wanted = {n for n, above in rows if above}
    shown = [f"{n}: {texts[n - 1]}" for n in sorted(found ^ wanted)]
    assert (len(found & wanted), shown) == (20, [])
    assert rules.count("") == 21


def test_the_labels_name_lines_and_hold_no_text() -> None:
    rows = list(csv.DictReader(LABELS.read_text().splitlines()))
    assert {tuple(row) for row in rows} == {("line", "from_above", "drawn")}
    assert all(row["line"].isdecimal() for row in rows) and json.dumps(rows).count("aerial") == 0
