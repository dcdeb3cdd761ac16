"""Large JSON element by element: the same values as json, the right bytes, and no other error than BadAnnotation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import text

from rsdata.errors import BadAnnotation
from rsdata.readers import _cocospans, _jsonlist

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
on_disk = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@on_disk
@given(st.dictionaries(st.text(), st.lists(values, max_size=4) | values, max_size=4), st.booleans(), st.integers(1, 30))
def test_the_elements_are_those_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any], ascii_only: bool, step: int
) -> None:
    data = json.dumps(content, ensure_ascii=ascii_only, indent=step % 3 or None).encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    path = text(tmp_path / "a.json", data)
    monkeypatch.setattr(_jsonlist, "STEP", step)
    found = list(_jsonlist.stream(path, "a.json"))
    wanted = [(key, n, e) for key, items in content.items() if isinstance(items, list) for n, e in enumerate(items)]
    assert [(element.list, element.number, element.value) for element in found] == wanted
    for element in found:
        assert json.loads(data[element.start : element.end]) == element.value


def test_a_byte_order_mark_and_letters_of_several_bytes(tmp_path: Path) -> None:
    data = '\ufeff{"a": 1, "läge": [{"n": "Zürich"}, "東京"]}'.encode()
    path = text(tmp_path / "a.json", data)
    first, second = _jsonlist.stream(path, "a.json")
    assert (first.list, first.value, second.value) == ("läge", {"n": "Zürich"}, "東京")
    assert data[second.start : second.end].decode() == '"東京"'


def test_spans_join_neighbours_and_nothing_else(tmp_path: Path) -> None:
    content = {"x": [{"k": 1, "v": v} for v in range(3)] + [{"k": 2}, {"q": 0}, {"k": 2}, {"k": 1, "v": 3}]}
    path = text(tmp_path / "a.json", json.dumps(content))
    spans = _jsonlist.Spans()
    for element in _jsonlist.stream(path, "a.json"):
        if "k" in element.value:
            spans.add(element.value["k"], element)
    assert (len(spans.of(1)), len(spans.of(2)), spans.of(3)) == (4, 4, [])
    assert spans.counts == {1: 4, 2: 2}
    assert _jsonlist.read_spans(path, "a.json", spans.of(1)) == [{"k": 1, "v": v} for v in range(4)]
    assert _jsonlist.read_spans(path, "a.json", spans.of(2)) == [{"k": 2}, {"k": 2}]
    text(path, json.dumps(content, indent=1))
    with pytest.raises(BadAnnotation, match="another than when it was listed"):
        _jsonlist.read_spans(path, "a.json", spans.of(1))
    path.unlink()
    with pytest.raises(BadAnnotation, match=r"a\.json: the file cannot be read \(No such file"):
        _jsonlist.read_spans(path, "a.json", spans.of(1))
    with pytest.raises(BadAnnotation, match=r"a\.json: the file cannot be read \(No such file"):
        list(_jsonlist.stream(path, "a.json"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.json:1: { is wanted, found the end of the file"),
        (b"[1]", "a.json:1: { is wanted, found ["),
        (b'{"x": [1,\n2', "a.json:2: , or ] is wanted, found the end of the file"),
        (b'{"x": [1,\n\n{"a": }]}', "a.json:3: broken JSON (Expecting value)"),
        (b'{"x": [1] "y": 2}', 'a.json:1: , or } is wanted, found "'),
        (b"{1: []}", "a.json:1: a name in quotes is wanted"),
        (b'{"x": []}\n{}', "a.json:2: something stands after the end"),
        (b'{"x": ["\xff\xfe"]}', "a.json:1: not UTF-8 text (UnicodeDecodeError)"),
        (b'{"x": ' + b"[" * 100_000, "a.json:1: JSON that cannot be read (RecursionError)"),
        (b'{"x": [' + b"1" * 5_000 + b"]}", "a.json:1: JSON that cannot be read (ValueError)"),
    ],
)
def test_broken_files_are_named_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = text(tmp_path / "a.json", data)
    with pytest.raises(BadAnnotation) as error:
        list(_jsonlist.stream(path, "a.json"))
    assert str(error.value) == message


def test_an_element_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_jsonlist, "STEP", 64)
    monkeypatch.setattr(_jsonlist, "LARGEST", 1000)
    path = text(tmp_path / "a.json", '{"x": ["' + "a" * 1_000_000 + '"]}')
    with pytest.raises(BadAnnotation, match="Unterminated string"):
        list(_jsonlist.stream(path, "a.json"))


def coco(**changes: Any) -> bytes:
    content = {
        "annotations": [
            {"image_id": 5, "id": 1},
            {"image_id": 5, "id": 2},
            {"image_id": 6},
            {"image_id": 5, "id": 3},
            4,
        ],
        "images": [
            {"id": 5, "file_name": "a\ud800.png", "width": 9, "height": 8.0},
            {"id": "x", "file_name": "b/b.png"},
        ],
        "categories": [{"id": 1, "name": "ship"}],
    }
    return json.dumps(content | changes).encode()


def test_an_index_of_coco_in_any_order(tmp_path: Path) -> None:
    path = text(tmp_path / "a.json", coco())
    index = _cocospans.index(path, "a.json")
    first, second = index.pictures
    assert first[:4] == (5, "a?.png", 9, 8) and second == ("x", "b/b.png", 0, 0, [])
    assert index.names == {1: "ship"}
    assert index.loose == [
        ("orphan-annotation", 1, "a.json: no image has the id 6"),
        ("bad-annotation", 1, "a.json: entry 4 of annotations is no object"),
    ]
    assert [entry["id"] for entry in _jsonlist.read_spans(path, "a.json", first.spans)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, 'no COCO instance file: it has nothing in the list "images"'),
        ({"categories": {}}, 'no COCO instance file: it has no list "categories"'),
        ({"annotations": 5}, 'no COCO instance file: it has no list "annotations"'),
        ({"images": [{"id": 1, "file_name": "a"}] * 2}, "two images have the id 1"),
        ({"images": [{"id": 1}]}, "image 1 has no file_name"),
        ({"images": [7]}, "an image without an id: 7"),
        ({"categories": [{"name": "x"}]}, "a category without an id: {'name': 'x'}"),
    ],
)
def test_what_is_no_coco(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadAnnotation) as error:
        _cocospans.index(text(tmp_path / "a.json", coco(**changes)), "a.json")
    assert str(error.value) == f"a.json: {message}"


@on_disk
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.integers(0, 300), st.integers(0, 300))
def test_any_bytes_are_indexed_or_refused(tmp_path: Path, piece: bytes, start: int, end: int) -> None:
    whole = coco()
    for data in (piece, whole[:start] + piece + whole[end:]):
        try:
            index = _cocospans.index(text(tmp_path / "a.json", data), "a.json")
        except BadAnnotation:
            continue
        assert index.pictures
