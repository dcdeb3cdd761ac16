"""Tables of images and captions: open_clip's CSV and TSV, SkyScript's CSV, Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import dropped, picture, read_all, text

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _table, caption_table
from rsdata.readers._table import Columns, Row
from rsdata.record import Record

WANTED = Columns("filepath", ("title",), ("title_multi_objects",))


def said(records: list[Record]) -> dict[str, list[str]]:
    return {record.id: [caption.text for caption in record.captions] for record in records}


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("filepath,title\na.jpg,a ship\n", [Row(2, "a.jpg", ("a ship",))]),
        ("filepath\ttitle\r\na.jpg\ta ship, a car\r\n", [Row(2, "a.jpg", ("a ship, a car",))]),
        ("title;filepath\na ship;a.jpg", [Row(2, "a.jpg", ("a ship",))]),
        ('"filepath","title"\n"a.jpg","a ""big"" ship, red"\n', [Row(2, "a.jpg", ('a "big" ship, red',))]),
        ('filepath,title\na.jpg,"two\nlines"\nb.jpg,b', [Row(3, "a.jpg", ("two\nlines",)), Row(4, "b.jpg", ("b",))]),
        ("filepath,title,title_multi_objects\na.jpg,x,y\n", [Row(2, "a.jpg", ("x", "y"))]),
        ("id,title_multi_objects,title,filepath\n7,y,x,a.jpg\n", [Row(2, "a.jpg", ("x", "y"))]),
        ("filepath,title\n\na.jpg,\n", [Row(3, "a.jpg", ("",))]),
        ("filepath,title\n,x\n", [Row(2, "", (), "t.csv:2: no path")]),
        ("filepath,title\na.jpg,x,y\n", [Row(2, "", (), "t.csv:2: 3 fields where 2 are wanted")]),
        ("filepath,title\na.jpg\n", [Row(2, "", (), "t.csv:2: 1 fields where 2 are wanted")]),
        ("filepath,title\n", []),
    ],
)
def test_rows_of_text(content: str, rows: list[Row]) -> None:
    lines = content.splitlines(keepends=True)
    assert list(_table.parse_text(lines, "t.csv", WANTED)) == rows


def test_a_table_without_quoting() -> None:
    content = ["filepath\ttitle\n", 'a.jpg\t"a ship\n', 'b.jpg\ta "car\n', 'c.jpg\tthe end"\n']
    with pytest.raises(BadAnnotation, match=r't\.tsv:3: a text from " to " runs over several rows.*quotes=false'):
        list(_table.parse_text(content, "t.tsv", WANTED))
    rows = list(_table.parse_text(content, "t.tsv", WANTED, quotes=False))
    assert [(row.file, row.titles) for row in rows] == [
        ("a.jpg", ('"a ship',)),
        ("b.jpg", ('a "car',)),
        ("c.jpg", ('the end"',)),
    ]
    with pytest.raises(BadAnnotation, match=r"larger than field limit.*quotes=false"):
        list(_table.parse_text(["filepath,title\n", 'a.jpg,"' + "x" * 140_000], "t.csv", WANTED))


@pytest.mark.parametrize(("content", "found"), [("path,text\n", "path, text"), ("", "nothing"), ("title\n", "title")])
def test_missing_columns_are_named(content: str, found: str) -> None:
    with pytest.raises(BadAnnotation, match=rf"t\.csv:1: no column 'filepath' \(found: {found}\)"):
        list(_table.parse_text(content.splitlines(keepends=True), "t.csv", WANTED))


@given(st.text(alphabet='abc,\t"\n\r;', max_size=60), st.booleans(), st.sampled_from(",\t;"))
def test_any_text_is_read_or_refused(content: str, quotes: bool, mark: str) -> None:
    lines = f"filepath{mark}title\n{content}".splitlines(keepends=True)
    try:
        rows = list(_table.parse_text(lines, "t.csv", WANTED, quotes))
    except BadAnnotation as error:
        assert str(error).startswith("t.csv:") and "quotes=false" in str(error)
    else:
        assert all(row.problem or (row.file.strip() and len(row.titles) == 1) for row in rows)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z/]{1,8}\.jpg", fullmatch=True), st.text(st.characters(codec="utf-8"), max_size=20)
        ),
        max_size=6,
    ),
    st.sampled_from(",\t;|"),
)
def test_what_csv_writes_is_read_back(pairs: list[tuple[str, str]], mark: str) -> None:
    import csv
    import io

    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark).writerows([("filepath", "title"), *pairs])
    lines = io.StringIO(out.getvalue(), newline="")
    try:
        rows = list(_table.parse_text(lines, "t.csv", WANTED))
    except BadAnnotation:
        assert mark == "\t" and any("\t" in title and "\n" in title for _, title in pairs)
        return
    assert [(row.file, row.titles[0]) for row in rows] == pairs


@pytest.mark.parametrize(
    ("file", "folder", "path"),
    [
        ("images/a.jpg", "", "images/a.jpg"),
        ("./images//a.jpg", "", "images/a.jpg"),
        ("images\\a.jpg", "", "images/a.jpg"),
        (" a.jpg ", "images2/", "images2/a.jpg"),
        ("ROOT/x/a.jpg", "images", "x/a.jpg"),
    ],
)
def test_places(tmp_path: Path, file: str, folder: str, path: str) -> None:
    assert _table.place(file.replace("ROOT", str(tmp_path)), tmp_path, folder) == path


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("https://example.org/a.jpg", "is a URL"),
        ("/elsewhere/a.jpg", "outside of the root"),
        ("C:\\data\\a.jpg", "outside of the root"),
        ("../a.jpg", "leads out of the root"),
        ("a/../../b.jpg", "leads out of the root"),
        ("a\0.jpg", "characters that no file name has"),
    ],
)
def test_places_outside_are_refused(tmp_path: Path, file: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        _table.place(file, tmp_path, "")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"),
        ("SkyScript_train_top30pct_filtered.csv", "train"),
        ("rs3-val.parquet", "val"),
        ("Validation.tsv", "val"),
        ("test-00000-of-00002.parquet", "test"),
        ("captions.csv", ""),
        ("contest.csv", ""),
        ("train_and_test.csv", ""),
    ],
)
def test_the_split_is_in_the_name(name: str, split: str) -> None:
    assert caption_table.split_of(name) == split


def test_rows_of_one_image_are_put_together(tmp_path: Path) -> None:
    text(
        tmp_path / "train.tsv", "filepath\ttitle\nb/1.jpg\tb .\na/1.jpg\ta .\nb/1.jpg\t \na/1.jpg\ta .\nb/1.jpg\tc .\n"
    )
    text(tmp_path / "val.csv", "filepath,title\na/1.jpg,v .\n")
    text(tmp_path / "notes.csv", "x,y\n1,2\n")
    picture(tmp_path / "a/1.jpg")
    picture(tmp_path / "b/1.jpg")
    records, drops = read_all("caption_table", tmp_path)
    assert said(records) == {
        "caption_table/train/a/1": ["a .", "a ."],
        "caption_table/train/b/1": ["b .", "c ."],
        "caption_table/val/a/1": ["v ."],
    }
    assert [(r.path, r.split, r.extra) for r in records] == [
        ("a/1.jpg", "train", {}),
        ("b/1.jpg", "train", {"blank_captions": "1"}),
        ("a/1.jpg", "val", {}),
    ]
    assert drops == []
    assert len(read_all("caption_table", tmp_path, "val")[0]) == 1
    assert len(read_all("caption_table", tmp_path, file="train.tsv")[0]) == 2
    with pytest.raises(BadSource, match="no split 'test' here; found: train, val"):
        caption_table.find(tmp_path, "test")


def test_skyscript(tmp_path: Path) -> None:
    rows = 'images2/a198234555_CH_19.jpg,a satellite image of a park,"park, next to a river"\n'
    text(tmp_path / "SkyScript_val_5K.csv", "filepath,title,title_multi_objects\n" + rows)
    picture(tmp_path / "images2/a198234555_CH_19.jpg")
    records, _ = read_all("caption_table", tmp_path, origin="template", lang="en")
    assert said(records) == {
        "caption_table/val/images2/a198234555_CH_19": ["a satellite image of a park", "park, next to a river"]
    }
    assert {caption.origin for caption in records[0].captions} == {"template"}
    records, _ = read_all("caption_table", tmp_path, title="title_multi_objects", lang="pt")
    assert [(c.text, c.lang, c.origin) for c in records[0].captions] == [("park, next to a river", "pt", "human")]
    with pytest.raises(
        BadSource, match=r"no table with the columns filepath, titel in .*found: SkyScript.*title_multi"
    ):
        caption_table.find(tmp_path, title=["titel"])
    with pytest.raises(BadSource, match="origin is 'me'"):
        caption_table.find(tmp_path, origin="me")


def test_two_tables_that_name_one_image(tmp_path: Path) -> None:
    text(tmp_path / "train_a.csv", "filepath,title\n1.jpg,a\n")
    text(tmp_path / "train_b.csv", "filepath,title\n2.jpg,b\n")
    assert len(caption_table.find(tmp_path)) == 2
    text(tmp_path / "train_b.csv", "filepath,title\n1.jpg,b\n")
    with pytest.raises(BadSource, match=r"1\.jpg is in train_a\.csv and in train_b\.csv, both of the split 'train'"):
        caption_table.find(tmp_path)


def test_the_encoding(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    text(tmp_path / "rsicd.tsv", "filepath\ttitle\n1.jpg\t飞机\n".encode("gb18030"))
    with pytest.raises(BadSource, match=r"rsicd\.tsv: not utf-8 text .*set the option encoding, such as gb18030"):
        caption_table.find(tmp_path)
    (record,), _ = read_all("caption_table", tmp_path, encoding="gb18030", lang="zh")
    assert [(c.text, c.lang) for c in record.captions] == [("飞机", "zh")]
    with pytest.raises(BadSource, match="no encoding is called 'klingon'"):
        caption_table.find(tmp_path, encoding="klingon")
    text(tmp_path / "rsicd.tsv", "\ufefffilepath\ttitle\n1.jpg\té\n")
    (record,), _ = read_all("caption_table", tmp_path)
    assert record.captions[0].text == "é"


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    rows = "1.jpg,a\n2.jpg,b\n3.jpg\n,c\nhttps://x.org/4.jpg,d\n../5.jpg,e\n6.jpg,f\n"
    text(tmp_path / "t.csv", "filepath,title\n" + rows)
    picture(tmp_path / "1.jpg")
    text(tmp_path / "6.jpg", "no image")
    records, drops = read_all("caption_table", tmp_path)
    assert said(records) == {"caption_table/1": ["a"]}
    assert dropped(drops) == {"missing-image": (1, 0), "bad-annotation": (4, 0), "unreadable-image": (1, 0)}
    details = {drop.id: drop.detail for drop in drops}
    assert details["caption_table/t.csv-4"] == "t.csv:4: 1 fields where 2 are wanted"
    assert details["caption_table/t.csv-6"].startswith("t.csv:6: 'https://x.org/4.jpg' is a URL; download the images")


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"filepath": ["a.jpg", "b.jpg", "a.jpg", None], "title": ["x", None, "y", "z"], "n": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "train-00000.parquet", row_group_size=2)
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    records, drops = read_all("caption_table", tmp_path)
    assert said(records) == {"caption_table/train/a": ["x", "y"], "caption_table/train/b": []}
    assert records[1].extra == {"blank_captions": "1"}
    assert [(drop.id, drop.detail) for drop in drops] == [
        ("caption_table/train/train-00000.parquet-4", "train-00000.parquet:4: no path")
    ]
    lists = pa.table({"image": ["a.jpg"], "captions": [["x", "y"]]})
    pq.write_table(lists, tmp_path / "val.parquet")
    records, _ = read_all("caption_table", tmp_path, file="val.parquet", filepath="image", title="captions")
    assert said(records) == {"caption_table/val/a": ["x", "y"]}
    pq.write_table(pa.table({"filepath": ["a.jpg"], "title": [3]}), tmp_path / "val.parquet")
    _, drops = read_all("caption_table", tmp_path, "val")
    assert [drop.detail for drop in drops] == ["val.parquet:1: 3 where a caption is wanted"]


def test_damaged_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"filepath": ["a.jpg"], "title": ["x"]}), tmp_path / "t.parquet")
    data = (tmp_path / "t.parquet").read_bytes()
    for cut in (0, 10, len(data) // 2, len(data) - 5):
        (tmp_path / "t.parquet").write_bytes(data[:cut])
        with pytest.raises(BadSource, match=r"t\.parquet"):
            caption_table.find(tmp_path)
        with pytest.raises(BadSource, match=r"Caption table: t\.parquet: the Parquet file cannot be read"):
            caption_table.find(tmp_path, file="t.parquet")
    wrong = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    pq.write_table(pa.table({"filepath": ["a.jpg"], "title": wrong}), tmp_path / "t.parquet")
    with pytest.raises(BadSource, match=r"the Parquet file cannot be read \('utf-?8' codec"):
        caption_table.find(tmp_path)


@pytest.mark.parametrize("file", ["gone.csv", "../secret.csv", "images"])
def test_the_file_must_lie_in_the_root(tmp_path: Path, file: str) -> None:
    text(tmp_path / "secret.csv", "filepath,title\n1.jpg,a\n")
    picture(tmp_path / "set/images/1.jpg")
    with pytest.raises(BadSource, match=f"no file {file} in"):
        caption_table.find(tmp_path / "set", file=file)
    with pytest.raises(BadSource, match="cannot be read without images"):
        caption_table.find(tmp_path, images=False)
