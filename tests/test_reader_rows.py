"""LEVIR, RSOD, UCAS-AOD and NWPU VHR-10: rows of text, folders, and the real JSON of the last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import as_concepts, dropped, labels, objects, picture, read_all, text

from rsdata.errors import BadSource
from rsdata.readers import _rows, levir, nwpu_vhr10, rsod, ucas_aod
from rsdata.readers._objects import Page

LEVIR = "2 10 20 30 40"
UCAS = "\t".join(f"{value:e}" for value in (10, 10, 30, 10, 30, 20, 10, 20, 90, 10, 10, 20, 10))
XML = (
    "<annotation><size><width>100</width><height>80</height></size>"
    "<object><name>oiltank</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>"
    "</annotation>"
)
PARSERS: dict[str, Callable[[str], Page]] = {
    "levir": lambda content: _rows.levir(content, "a.txt"),
    "rsod": lambda content: _rows.rsod(content, "a.txt"),
    "ucas_aod": lambda content: _rows.ucas_aod(content, "a.txt", "car"),
    "nwpu": lambda content: _rows.nwpu(content, "a.txt"),
}


@pytest.mark.parametrize(
    ("parser", "row", "name", "box"),
    [
        ("levir", LEVIR, "ship", (10, 20, 30, 40)),
        ("levir", "1,2,3,40,50\r", "airplane", (2, 3, 40, 50)),
        ("levir", "10 20 30 40 3", "oilpot", (10, 20, 30, 40)),
        ("levir", "2 100 50 150 1", "airplane", (2, 100, 50, 150)),
        ("levir", "ship 10 20 30 40", "ship", (10, 20, 30, 40)),
        ("levir", "10 20 30 40 airplane", "airplane", (10, 20, 30, 40)),
        ("levir", "1 9 9 2 2", "airplane", (9, 9, 2, 2)),
        ("rsod", "aircraft_1\taircraft\t1\t11\t20\t30", "aircraft", (0, 10, 20, 30)),
        ("rsod", "oiltank 1 11 20 30", "oiltank", (0, 10, 20, 30)),
        ("ucas_aod", UCAS, "car", (10, 10, 30, 20)),
        ("ucas_aod", "car  10 10 30 10 30 20 10 20", "car", (10, 10, 30, 20)),
        ("nwpu", "(563,478),(630,573),1 ", "airplane", (563, 478, 630, 573)),
        ("nwpu", " ( 563, 478) , (630 ,573 ),10\r", "vehicle", (563, 478, 630, 573)),
        ("nwpu", "(1,2),(3,4),11", "class 11", (1, 2, 3, 4)),
    ],
)
def test_a_row(parser: str, row: str, name: str, box: tuple[float, ...]) -> None:
    page = PARSERS[parser](f"\n{row}\n\n")
    assert page.refused == []
    (shape,) = page.shapes
    assert (shape.name, shape.box, shape.number) == (name, box, 2)


def test_the_corners_of_ucas_aod_are_kept() -> None:
    (shape,) = _rows.ucas_aod(UCAS, "a.txt", "car").shapes
    assert shape.poly == (10, 10, 30, 10, 30, 20, 10, 20)


@pytest.mark.parametrize(
    ("parser", "row", "problem"),
    [
        ("levir", "1 2 3 4", "4 fields where 5 are wanted (class x1 y1 x2 y2)"),
        ("levir", "9 20 30 40 50", "'9 20 30 40 50' has no class of 1, 2, 3, first or last"),
        ("levir", "1 2 3 4 x", "'x' where a coordinate is wanted"),
        ("rsod", "a b 1 2 3 4 5", "7 fields where 5 or 6 are wanted (image class xmin ymin xmax ymax)"),
        ("rsod", "a b 1 2 3 nan", "'nan' where a coordinate is wanted"),
        ("ucas_aod", "1 2 3 4 5 6 7", "7 numbers where 13 are wanted (x1 y1 .. x4 y4 theta x y w h)"),
        ("ucas_aod", "1 2 3 4 5 6 7 1e99", "'1e99' where a coordinate is wanted"),
        ("nwpu", "(1,2),(3,4)", "'(1,2),(3,4)' where (x1,y1),(x2,y2),class is wanted"),
        ("nwpu", "(1,2),(3,4.5),1", "'(1,2),(3,4.5),1' where (x1,y1),(x2,y2),class is wanted"),
    ],
)
def test_a_refused_row_and_its_reason(parser: str, row: str, problem: str) -> None:
    page = PARSERS[parser](f"\n{row}\n")
    assert (page.shapes, page.refused) == ([], [("bad-annotation", f"a.txt:2: {problem}")])


@pytest.mark.parametrize("parser", PARSERS)
@given(st.text(max_size=120) | st.text("0123456789 ,()\t\n.-eNpx", max_size=120))
def test_any_text_is_parsed_or_refused(parser: str, content: str) -> None:
    page = PARSERS[parser](content)
    lines = [line for line in content.replace("\r", "\n").split("\n") if line.strip(" \t\f\v,")]
    assert len(page.shapes) + len(page.refused) == len(lines)


def test_levir(tmp_path: Path) -> None:
    folder = tmp_path / "LEVIR/imageWithLabel"
    for stem in "abc":
        picture(folder / f"{stem}.jpg")
    text(folder / "a.txt", f"\ufeff{LEVIR}\r\n7 8 9 10 3")
    text(folder / "b.txt", "")
    text(folder / "d.txt", f"{LEVIR}\nbroken\n")
    picture(tmp_path / "LEVIR/other/x.jpg")
    records, drops = read_all("levir", tmp_path)
    assert [(r.id, r.path, labels([r])) for r in records] == [
        ("levir/a", "LEVIR/imageWithLabel/a.jpg", {"ship": 1, "oil_tank": 1}),
        ("levir/b", "LEVIR/imageWithLabel/b.jpg", {}),
    ]
    assert records[0].objects[0].box == (10, 20, 30, 40)
    assert dropped(drops) == {"missing-annotation": (1, 0), "missing-image": (1, 2)}
    flat, _ = read_all("levir", folder)
    assert [record.path for record in flat] == ["a.jpg", "b.jpg"]
    with pytest.raises(BadSource, match="no split 'train' here; no split folders"):
        levir.find(tmp_path, "train")
    with pytest.raises(BadSource, match="cannot be read without images"):
        levir.find(tmp_path, images=False)


def rsod_folder(root: Path) -> Path:
    picture(root / "oiltank/JPEGImages/oiltank_1.jpg")
    picture(root / "oiltank/JPEGImages/oiltank_2.jpg")
    text(root / "oiltank/Annotation/xml/oiltank_1.xml", XML)
    text(root / "oiltank/Annotation/labels/oiltank_1.txt", "oiltank_1\toiltank\t1\t11\t20\t30\n")
    picture(root / "aircraft/aircraft/Annotation/JPEGImages/1.jpg")
    text(root / "aircraft/aircraft/Annotation/labels/1.txt", "1\taircraft\t1\t11\t20\t30\n1\tship\t1\t1\t9\t9\n")
    return root


def test_rsod(tmp_path: Path) -> None:
    rsod_folder(tmp_path)
    records, drops = read_all("rsod", tmp_path)
    assert [(r.id, r.path, [(o.label, o.box) for o in r.objects]) for r in records] == [
        ("rsod/aircraft_1", "aircraft/aircraft/Annotation/JPEGImages/1.jpg", [("airplane", (0, 10, 20, 30))]),
        ("rsod/oiltank_1", "oiltank/JPEGImages/oiltank_1.jpg", [("oil_tank", (0, 10, 20, 30))]),
    ]
    assert dropped(drops) == {"missing-annotation": (1, 0), "unknown-class": (0, 1)}
    texts, _ = read_all("rsod", tmp_path, form="txt")
    assert [record.objects for record in texts] == [record.objects for record in records]


def test_rsod_without_images_and_without_a_form(tmp_path: Path) -> None:
    rsod_folder(tmp_path)
    with pytest.raises(BadSource, match="RSOD cannot be read without images"):
        rsod.find(tmp_path, images=False)
    (record,), drops = read_all("rsod", tmp_path, images=False, form="xml")
    assert (record.id, record.width, record.height, drops) == ("rsod/oiltank_1", 100, 80, [])
    with pytest.raises(BadSource, match="'xml' or 'txt' is wanted"):
        rsod.find(tmp_path, form="json")
    with pytest.raises(BadSource, match=r"no class folder .*aircraft, oiltank, overpass, playground.* with txt files"):
        rsod.find(tmp_path / "oiltank/JPEGImages", form="txt")


def test_rsod_broken_xml(tmp_path: Path) -> None:
    rsod_folder(tmp_path)
    text(tmp_path / "oiltank/Annotation/xml/oiltank_1.xml", XML[:60])
    _, drops = read_all("rsod", tmp_path)
    assert dropped(drops)["bad-annotation"] == (1, 0)


def test_ucas_aod(tmp_path: Path) -> None:
    for name in ("CAR", "PLANE"):
        picture(tmp_path / f"UCAS_AOD/{name}/P0001.png")
        text(tmp_path / f"UCAS_AOD/{name}/P0001.txt", UCAS + "\n")
    picture(tmp_path / "UCAS_AOD/CAR/P0002.png")
    text(tmp_path / "UCAS_AOD/CAR/P0003.txt", UCAS)
    text(tmp_path / "UCAS_AOD/CAR/sum.txt", "not a label")
    picture(tmp_path / "UCAS_AOD/Neg/N0001.png")
    records, drops = read_all("ucas_aod", tmp_path)
    assert [(r.id, labels([r])) for r in records] == [
        ("ucas_aod/CAR/P0001", {"car": 1}),
        ("ucas_aod/Neg/N0001", {}),
        ("ucas_aod/PLANE/P0001", {"airplane": 1}),
    ]
    assert records[0].objects[0].box == (10, 10, 30, 20) and records[0].objects[0].area == 200
    assert records[1].extra == {"folder": "Neg"}
    assert dropped(drops) == {"missing-annotation": (1, 0), "missing-image": (1, 1)}
    with pytest.raises(BadSource, match="cannot be read without images"):
        ucas_aod.find(tmp_path, images=False)
    with pytest.raises(BadSource, match=r"no folder CAR or PLANE with P\*\.txt"):
        ucas_aod.find(tmp_path / "UCAS_AOD/Neg")


def nwpu_folder(root: Path) -> Path:
    for name, stems in (("positive", "12"), ("negative", "1")):
        for stem in stems:
            picture(root / f"NWPU VHR-10 dataset/{name} image set/00{stem}.jpg")
    text(root / "NWPU VHR-10 dataset/ground truth/001.txt", "(10,20),(30,40),1 \r\n(1,1),(9,9),77\r\n\r\n")
    return root


def test_nwpu_vhr10_text(tmp_path: Path) -> None:
    nwpu_folder(tmp_path)
    records, drops = read_all("nwpu_vhr10", tmp_path)
    assert [(r.id, r.extra, [(o.label, o.box) for o in r.objects]) for r in records] == [
        ("nwpu_vhr10/negative/001", {"set": "negative"}, []),
        ("nwpu_vhr10/positive/001", {"set": "positive"}, [("airplane", (10, 20, 30, 40))]),
    ]
    assert dropped(drops) == {"missing-annotation": (1, 0), "unknown-class": (0, 1)}
    with pytest.raises(BadSource, match="cannot be read without images"):
        nwpu_vhr10.find(tmp_path, images=False)
    with pytest.raises(BadSource, match=r"NWPU VHR-10: no annotations\.json in"):
        nwpu_vhr10.find(tmp_path, form="coco")
    with pytest.raises(BadSource, match="'txt' or 'coco' is wanted"):
        nwpu_vhr10.find(tmp_path, form="xml")


def test_nwpu_vhr10_json(tmp_path: Path) -> None:
    nwpu_folder(tmp_path)
    box = {"bbox": [10, 20, 20, 20], "category_id": 3}
    content = {
        "images": [
            {"id": 0, "file_name": "001.jpg", "width": 100, "height": 80},
            {"id": 1, "file_name": "002.jpg", "width": 7, "height": 7},
            {"id": 2, "file_name": "003.jpg", "width": 7, "height": 7},
        ],
        "annotations": [{"id": 8, "image_id": 0, **box}, {"image_id": 1, **box}, {"image_id": 9, **box}],
        "categories": [{"id": 3, "name": "storage_tank"}],
    }
    path = text(tmp_path / "NWPU VHR-10 dataset/annotations.json", json.dumps(content))
    records, drops = read_all("nwpu_vhr10", tmp_path, form="coco")
    assert [(r.id, r.path) for r in records] == [
        ("nwpu_vhr10/negative/001", "NWPU VHR-10 dataset/negative image set/001.jpg"),
        ("nwpu_vhr10/positive/001", "NWPU VHR-10 dataset/positive image set/001.jpg"),
    ]
    assert [(o.label, o.box) for o in records[1].objects] == [("storage_tank", (10, 20, 30, 40))]
    assert dropped(drops) == {"size-mismatch": (1, 1), "missing-image": (1, 0), "orphan-annotation": (0, 1)}
    text(path, "{")
    with pytest.raises(BadSource, match=r"annotations\.json:1: broken JSON .* use form=txt"):
        nwpu_vhr10.find(tmp_path, form="coco")


def test_nwpu_vhr10_real_json(shared_data: Path, counts: dict) -> None:
    want = counts["nwpu_vhr10_coco"]
    records, drops = read_all("nwpu_vhr10", shared_data / "nwpu_vhr10_coco", images=False)
    assert (len(records), objects(records), drops) == (want["images_in_json"], want["objects"], [])
    assert labels(records) == as_concepts("nwpu_vhr10", want["per_class"])
    assert sum(bool(obj.poly) for record in records for obj in record.objects) == want["segmentation"]["polygons"]
    _, drops = read_all("nwpu_vhr10", shared_data / "nwpu_vhr10_coco")
    assert dropped(drops) == {"missing-image": (want["images_in_json"], want["objects"])}
