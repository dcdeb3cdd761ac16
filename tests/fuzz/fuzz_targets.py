"""What is fuzzed: every pure parser with bytes of its format, and every reader with one annotation file damaged.

A target is a function of bytes that returns nothing and raises only what is a fault. A parser may raise BadAnnotation
that names the file (or, where its contract says so, ValueError); a reader's `find` may raise BadSource, and its `read`
nothing at all: what it cannot read it yields as a Drop. What comes out must be fit to be written as Parquet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rsdata import readers, record, sample, words
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import (
    _captions,
    _coco,
    _cocospans,
    _dota,
    _fair1m,
    _files,
    _geojson,
    _hrsc,
    _jsonlist,
    _objects,
    _packed,
    _polygons,
    _rows,
    _runs,
    _scenes,
    _spacenet,
    _table,
    _visdrone,
    _voc,
    _xview,
    _yolo,
    au_air,
    carpk,
    fmow,
    mlrsnet,
    nwpu_captions,
    parquet,
    rsicap,
    stanford_drone,
    tiles,
    uavdt,
    visdrone_vid,
    xbd,
)
from rsdata.readers._objects import Page
from rsdata.record import Drop, Record

Run = Callable[[bytes], None]
Target = tuple[Run, list[bytes]]  # and seeds
SUFFIXES = {".txt", ".xml", ".json", ".jsonl", ".csv", ".tsv", ".geojson", ".yaml", ".yml", ".names", ".tar"}
LARGEST = 300_000
NAME = "f.x"
SIZE = (100, 80)


def sound(page: Page) -> None:
    """Shapes are finite numbers and text that can be written; each is placed or refused."""
    objects, refused = _objects.place(page.shapes, *SIZE, words.resolve, lambda shape: f"{NAME}:{shape.number}")
    assert len(objects) + len(refused) == len(page.shapes)
    for obj in objects:
        x0, y0, x1, y1 = obj.box
        assert 0 <= x0 < x1 <= SIZE[0] and 0 <= y0 < y1 <= SIZE[1] and 0 <= obj.area < 1e15
    writable([text for pair in page.refused + refused for text in pair])
    writable([text for pair in page.extra.items() for text in pair])
    assert page.gsd is None or 0 < page.gsd < float("inf")
    assert isinstance(page.width, int) and isinstance(page.height, int) and page.width >= 0 and page.height >= 0


def writable(texts: Iterable[str]) -> None:
    """Text that a Parquet file can hold."""
    for text in texts:
        text.encode()


def named(run: Run, *allowed: type[Exception]) -> Run:
    """`run` with BadAnnotation that names the file, and what else is allowed."""

    def target(data: bytes) -> None:
        try:
            run(data)
        except BadAnnotation as error:
            assert str(error).startswith(NAME) and "\n" not in str(error), str(error)
            writable([str(error)])
        except allowed:
            pass

    return target


def text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


class Place:
    """A file that parsers of paths read; each content gets a time of its own, so that no cache takes it for another."""

    def __init__(self, path: Path) -> None:
        self.path, self.time = path, 1_600_000_000_000_000_000
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, data: bytes) -> Path:
        self.path.write_bytes(data)
        self.time += 1_000_000_000
        os.utime(self.path, ns=(self.time, self.time))
        return self.path


def entries(found: list[_captions.Entry]) -> None:
    items = _captions.items(Path(), "s", found, {}, "images", {})
    writable([text for item in items for text in (item.id, item.image or "", *item.data["entry"].sentences)])
    assert all(not item.image or ".." not in item.image.split("/")[:-1] for item in items)


def _clip(parse: Callable[[str, str], Any], data: bytes) -> None:
    clip = parse(text(data), NAME)
    for page in clip.pages.values():
        sound(page)
    writable([text for pair in clip.frameless for text in pair])


def _coco_file(place: Place, data: bytes) -> None:
    path = place.write(data)
    index = _cocospans.index(path, NAME)
    for picture in index.pictures:
        writable([picture.file_name])
        read = _jsonlist.read_spans(path, NAME, picture.spans)
        read = [entry for entry in read if isinstance(entry, dict)]
        sound(_coco.parse_annotations(read, index.names, picture.width, picture.height, NAME))
    writable([text for reason, _, detail in index.loose for text in (reason, detail)])


def _xview_spans(place: Place, data: bytes) -> None:
    features = [element.value for element in _jsonlist.stream(place.write(data), NAME)]
    writable([name for feature in features if (name := _xview.image_of(feature))])
    sound(_xview.parse(features, NAME))


def _airbus(place: Place, data: bytes) -> None:
    for row in _runs.index(place.write(data), NAME):
        line = text(data[row.start : row.end])
        sound(_runs.parse([line], NAME, row.image, 768, 768))
        writable([row.image])


def _spacenet_csv(place: Place, data: bytes) -> None:
    path = place.write(data)
    table = _spacenet.index_rows(path, NAME)
    for runs in table.rows.values():
        rows = _spacenet.parse_rows(path, NAME, runs, table.column)
        writable([text for pair in rows.refused for text in pair])
        for line, polygons in rows.found:
            sound(Page([_polygons.shape("building", polygons, *SIZE, line)], []))


def _geo(data: bytes) -> None:
    found = _geojson.parse(data, NAME)
    _geojson.looks_like_degrees(found)
    writable([text for pair in found.refused for text in pair])
    sound(Page([_polygons.shape("building", f.polygons, *SIZE, f.number) for f in found.features], []))


def _rows_of_table(quotes: bool, data: bytes) -> None:
    columns = _table.Columns("filepath", ("title",), ("title_multi_objects",))
    lines = text(data).splitlines(keepends=True)
    for row in _table.parse_text(iter(lines), NAME, columns, quotes):
        try:
            place = _table.place(row.file, Path("/data"), "images")
        except ValueError:
            continue
        assert not place.startswith("/") and ".." not in place.split("/")


def _packed_sample(data: bytes) -> None:
    row = _packed.parse_json(data, NAME)
    said = _packed.parse_foreign(row)
    writable([said.name, *said.texts, *said.extra, *said.extra.values()])
    if _packed.is_ours(row):
        record.to_table([_packed.parse_ours(row, NAME)])


def _tags(data: bytes) -> None:
    for stem, tags in mlrsnet.parse_tags(text(data), NAME).items():
        writable([stem, tags.problem, *tags.names])


def _xbd(data: bytes) -> None:
    _, features = xbd.parse(data, NAME)
    sound(xbd.shapes(features, NAME, SIZE))


def _au_air(data: bytes) -> None:
    names, frames = au_air.parse(data, NAME)
    for frame in frames:
        sound(au_air.page_of(frame, names, NAME))
        writable([frame.name, frame.problem])


def _lists(data: bytes) -> None:
    captions, _, names = text(data).partition("\f")
    entries(_captions.parse_lists(captions, names, (NAME, NAME), "train"))


def _names(place: Place, data: bytes) -> None:
    """File names and lists of them: scene folders, tiles, split lists."""
    spelled = _scenes.spellings(readers.get("aid").INFO)
    for line in text(data).split("\n"):
        _scenes.parse(line, spelled)
        tiles.tile_of(line)
        _spacenet.key(_spacenet.scene(line))
        _packed.split_of(line)
    _files.split_list(place.write(data), NAME)


def parsers(folder: Path, only: str = "") -> dict[str, Target]:
    """Name -> target and seeds, of every pure parser. `folder` is for parsers that read from a path, and for the drawn
    samples that the seeds are taken from: all of them, or those of one target."""
    place = Place(folder / NAME)
    found: dict[str, Target] = {}

    def add(name: str, run: Run, reader: str, suffix: str, *allowed: type[Exception]) -> None:
        found[name] = (named(run, *allowed), seeds(folder, reader, suffix) if only in ("", name) else [])

    def pages(name: str, parse: Callable[..., Page], reader: str, suffix: str, decode: Any = text) -> None:
        add(name, lambda data: sound(parse(decode(data), NAME)), reader, suffix)

    pages("voc", _voc.parse, "voc", ".xml", bytes)
    pages("voc_plain_or_not", partial(_voc.parse, boxes="bndbox"), "dior", ".xml", bytes)
    pages("voc_tree", partial(_voc.parse_tree, boxes="bndbox"), "hrrsd", ".xml", bytes)
    pages("dior_r", partial(_voc.parse, boxes="robndbox"), "dior_r", ".xml", bytes)
    pages("fair1m", _fair1m.parse, "fair1m", ".xml", bytes)
    pages("hrsc_obb", lambda data, shown: _hrsc.parse(data, shown).page, "hrsc2016", ".xml", bytes)
    pages("hrsc_hbb", lambda data, shown: _hrsc.parse(data, shown, "hbb").page, "hrsc2016", ".xml", bytes)
    pages("dota", _dota.parse, "dota", ".txt")
    pages("visdrone", _visdrone.parse, "visdrone", ".txt")
    pages("yolo", lambda data, shown: _yolo.parse(data, shown, ("ship", "plane", "other"), *SIZE), "yolo", ".txt")
    pages("levir", _rows.levir, "levir", ".txt")
    pages("rsod", _rows.rsod, "rsod", ".txt")
    pages("ucas_aod", lambda data, shown: _rows.ucas_aod(data, shown, "car"), "ucas_aod", ".txt")
    pages("nwpu_vhr10", _rows.nwpu, "nwpu_vhr10", ".txt")
    pages("carpk", carpk.parse, "carpk", ".txt")
    pages("fmow", lambda data, shown: fmow.parse(data, shown).page, "fmow", ".json")
    add("uavdt", partial(_clip, uavdt.parse), "uavdt", ".txt")
    add("uavdt_ignored", partial(_clip, uavdt.parse_ignored), "uavdt", ".txt")
    add("visdrone_vid", partial(_clip, visdrone_vid.parse), "visdrone_vid", ".txt")
    add("stanford_drone", partial(_clip, stanford_drone.parse), "stanford_drone", ".txt")
    add("coco", partial(_coco_file, place), "ai_tod", ".json")
    add("coco_counts", lambda data: void(_coco.decode_counts(text(data))), "", "", ValueError)
    add("xview", partial(_xview_spans, place), "xview", ".geojson")
    add("geojson", _geo, "spacenet", ".geojson")
    add("spacenet_csv", partial(_spacenet_csv, place), "", "")
    add("wkt", lambda data: void(_polygons.parse_wkt(text(data))), "", "", ValueError)
    add("airbus", partial(_airbus, place), "airbus_ship", ".csv")
    add("xbd", _xbd, "xbd", ".json")
    add("au_air", _au_air, "au_air", ".json")
    add("karpathy", lambda data: entries(_captions.parse_json(text(data), NAME)), "rsicd", ".json")
    add("nwpu_captions", lambda data: entries(nwpu_captions.parse(text(data), NAME)), "nwpu_captions", ".json")
    add("rsicap", lambda data: entries(rsicap.parse(text(data), NAME, "train")), "rsicap", ".json")
    add("caption_lists", _lists, "", "")
    add("caption_table", partial(_rows_of_table, True), "caption_table", ".csv")
    add("caption_table_unquoted", partial(_rows_of_table, False), "caption_table", ".csv")
    add("packed", _packed_sample, "", "")
    add("mlrsnet", _tags, "mlrsnet", ".csv")
    add("class_label", lambda data: writable(parquet.class_names(data)), "", "")
    add("names", partial(_names, place), "", "", BadSource)
    for name, given in SEEDS.items():
        found[name][1].extend(given)
    return found


def void(_: object) -> None:
    """For a parser whose result is only wanted to come."""


SEEDS = {
    "coco_counts": [b"PPYo0", b"52203"],
    "wkt": [b"POLYGON ((1 2, 30 2, 30 40, 1 2), (5 5, 6 5, 6 6, 5 5))", b"MULTIPOLYGON (((0 0 0, 9 0 0, 9 9 0)))"],
    "spacenet_csv": [
        (
            b'ImageId,BuildingId,PolygonWKT_Pix,PolygonWKT_Geo\nAOI_2_img1,1,"POLYGON ((10.5 20 0,30 20 0,30 41 0))",\n'
            b"AOI_2_img2,-1,POLYGON EMPTY,POLYGON EMPTY\n"
        )
    ],
    "caption_lists": [b"many planes .\ntwo ships .\n\fa_1.tif\na_1.tif\n", b"one .\ntwo .\n\fa.jpg\n"],
    "packed": [
        b'{"caption": "an aerial view", "raw_1": ["a", {"raw": "b"}], "label": "Forest", "url": "https://x/y"}',
        (
            b'{"id": "dota/a", "source": "dota", "split": "", "width": 9, "height": 9, "objects": [{"label": "ship",'
            b' "box": [1, 2, 3, 4], "poly": [], "area": 4, "difficult": false, "origin": "source"}], "captions":'
            b' [{"text": "a", "lang": "en", "origin": "b2c", "rule": "r", "of": null, "score": null}], "geo":'
            b' {"crs": "EPSG:4326", "transform": [1, 0, 0, 0, 1, 0]}, "extra": {"a": "b"}}'
        ),
    ],
    "class_label": [b'{"info": {"features": {"label": {"names": ["Forest", "River"], "_type": "ClassLabel"}}}}'],
    "names": [b"train/Airport/airport_1.jpg\nOAM-619212-523272-20.png\n12/34/56.png\n00001 -1\nAOI_2_Vegas_img1.tif"],
    "coco": [
        (
            b'{"images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}], "annotations": [{"id": 1,'
            b' "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 9, "iscrowd": 0, "segmentation":'
            b' {"size": [80, 100], "counts": [10, 20, 7970]}}], "categories": [{"id": 1, "name": "ship"}]}'
        )
    ],
    "geojson": [
        (
            b'{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "EPSG:32616"}},'
            b' "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates":'
            b" [[[[1, 2], [30, 2], [30, 40]]], [[[0, 0, 5], [9, 0, 5], [9, 9, 5], [0, 0, 5]]]]}}]}"
        )
    ],
}


def seeds(folder: Path, reader: str, suffix: str) -> list[bytes]:
    """The annotation files of a reader's drawn sample that have this suffix, the four smallest."""
    if not reader:
        return []
    paths = [path for path in annotations(drawn(folder, reader)) if path.suffix == suffix and path.stat().st_size]
    assert paths, f"the drawn sample of {reader} has no {suffix}"
    return [path.read_bytes() for path in sorted(paths, key=lambda path: path.stat().st_size)[:4]]


def drawn(folder: Path, reader: str) -> Path:
    """A small drawn dataset in the form of a reader."""
    root = folder / "drawn" / reader
    if not root.is_dir():
        sample.write(folder / "drawn", scenes=1, seed=3, formats=[reader])
    return root


def annotations(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob("*") if p.suffix in SUFFIXES and p.name not in ("README.txt",))


class Reader:
    """A reader on its own drawn sample with one annotation file replaced: the first byte of the input says which."""

    def __init__(self, folder: Path, name: str, most: int = 8) -> None:
        self.name, self.root = name, drawn(folder, name)
        self.module = readers.get(name)
        small = [path for path in annotations(self.root) if 0 < path.stat().st_size <= LARGEST]
        self.places = [(Place(path), path.read_bytes()) for path in small[:most]]

    def seeds(self) -> list[bytes]:
        return [bytes([n]) + data for n, (_, data) in enumerate(self.places)]

    def __call__(self, data: bytes) -> None:
        place, whole = self.places[(data[0] if data else 0) % len(self.places)]
        place.write(data[1:])
        try:
            self._read()
        finally:
            place.write(whole)

    def _read(self) -> None:
        try:
            items = self.module.find(self.root)
        except BadSource as error:
            writable([str(error)])
            return
        assert [item.id for item in items] == sorted(item.id for item in items)
        outputs: list[Record | Drop] = []
        for item in items:
            made = list(self.module.read(item))
            assert made, item
            outputs += made
        found = [output for output in outputs if isinstance(output, Record)]
        assert len({output.id for output in found}) == len(found)
        record.to_table(found)
        for output in outputs:
            writable([output.id] if isinstance(output, Record) else [output.id, output.reason, output.detail])
        for made_record in found:
            for obj in made_record.objects:
                x0, y0, x1, y1 = obj.box
                assert obj.label in words.concepts(), obj
                assert 0 <= x0 < x1 <= made_record.width and 0 <= y0 < y1 <= made_record.height, obj


def reader_targets(folder: Path) -> dict[str, Target]:
    """read:<name> -> target and seeds, of every reader whose drawn sample has annotation files."""
    found: dict[str, Target] = {}
    for name in readers.names():
        target = Reader(folder, name)
        if target.places:
            found[f"read:{name}"] = (target, target.seeds())
    return found
