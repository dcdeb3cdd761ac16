"""The SpaceNet reader: footprints on Earth to pixels, coordinate systems, names, the CSV, faults, the real sample."""

from __future__ import annotations

import json
import socket
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from rasterio.warp import transform
from reading import dropped, objects, picture, read_all, text

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadSource
from rsdata.geometry import hull
from rsdata.readers import _geojson, _georef, _spacenet
from rsdata.record import Geo
from rsdata.sample import files
from rsdata.sample import spacenet as drawn_spacenet
from rsdata.sample.classes import buildings

UTM = "EPSG:32616"
PLACE = (0.5, 0.0, 733_601.0, 0.0, -0.5, 3_725_139.0)
CRS_MEMBER = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32616"}}
SQUARE = [(10.0, 20.0), (30.0, 20.0), (30.0, 40.0), (10.0, 40.0)]


def raster(path: Path, crs: str | None = UTM, place: tuple[float, ...] | None = PLACE, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {"driver": "GTiff", "width": 100, "height": 80, "count": 3, "dtype": "uint16"} | options
    if place is not None:
        kind["transform"] = Affine(*place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", crs=crs, **kind) as out:
            out.write(np.zeros((3, 80, 100), np.uint16))
    return path


def on_earth(points: list[tuple[float, float]], crs: str = UTM, place: tuple[float, ...] = PLACE) -> list[list[float]]:
    """Pixels of the raster as closed coordinates on Earth."""
    a, b, c, d, e, f = place
    xs, ys = zip(*((a * x + b * y + c, d * x + e * y + f) for x, y in points), strict=True)
    if crs != UTM:
        xs, ys = transform(UTM, crs, xs, ys)
    return [[x, y] for x, y in zip([*xs, xs[0]], [*ys, ys[0]], strict=True)]


def collection(*geometries: object, crs: object = CRS_MEMBER) -> str:
    features = [{"type": "Feature", "properties": {"building": "yes"}, "geometry": g} for g in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features} | ({"crs": crs} if crs else {}))


def polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def one(root: Path, content: str, **options: object) -> None:
    raster(root / "a.tif", **options)  # type: ignore[arg-type]
    text(root / "a.geojson", content)


# Coordinates


@pytest.mark.parametrize(
    ("crs", "member"),
    [
        (UTM, CRS_MEMBER),
        (UTM, {"type": "name", "properties": {"name": "EPSG:32616"}}),
        (UTM, {"type": "EPSG", "properties": {"code": 32616}}),
        ("EPSG:4326", {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}),
        ("EPSG:4326", {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}),
        ("EPSG:4326", None),  # RFC 7946: longitude and latitude
        (UTM, None),  # no degrees: the image's own
        ("EPSG:3857", {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}),
    ],
)
def test_footprints_in_any_coordinates(tmp_path: Path, crs: str, member: object) -> None:
    one(tmp_path, collection(polygon(on_earth(SQUARE, crs)), crs=member))
    (record,), drops = read_all("spacenet", tmp_path)
    (obj,) = record.objects
    assert (obj.label, drops) == ("building", [])
    assert obj.box == pytest.approx((10, 20, 30, 40), abs=1e-3)
    assert obj.poly == pytest.approx((10, 20, 30, 20, 30, 40, 10, 40), abs=1e-3)
    assert obj.area == pytest.approx(400, abs=1e-2)
    assert record.geo == Geo(UTM, PLACE)
    assert (record.gsd, record.width, record.height) == (pytest.approx(0.5), 100, 80)


def test_a_raster_in_degrees(tmp_path: Path) -> None:
    place = (4.5e-06, 0.0, -84.48, 0.0, -4.5e-06, 60.0)
    one(tmp_path, collection(polygon(on_earth(SQUARE, UTM, place)), crs=None), crs="EPSG:4326", place=place)
    (record,), _ = read_all("spacenet", tmp_path)
    assert record.objects[0].box == pytest.approx((10, 20, 30, 40), abs=1e-4)
    assert record.gsd == pytest.approx(4.5e-06 * 111_320 * 0.5**0.5, rel=1e-4)  # half as wide as high at 60 degrees


def test_a_turned_raster() -> None:
    geo = Geo(UTM, (0.3, 0.4, 1000.0, 0.4, -0.3, 2000.0))
    (ring,) = _georef.to_pixels([(1000.0, 2000.0, 1003.0, 2004.0, 1007.0, 2001.0)], "", geo)
    assert ring == pytest.approx((0, 0, 10, 0, 10, 10))


def test_holes_parts_and_borders(tmp_path: Path) -> None:
    hole = [(15.0, 25.0), (20.0, 25.0), (20.0, 30.0), (15.0, 30.0)]
    beyond = [(90.0, 70.0), (120.0, 70.0), (120.0, 90.0), (90.0, 90.0)]
    multi = {"type": "MultiPolygon", "coordinates": [[on_earth(SQUARE)], [on_earth(beyond)]]}
    one(tmp_path, collection(polygon(on_earth(SQUARE), on_earth(hole)), multi, polygon(on_earth(beyond))))
    (record,), drops = read_all("spacenet", tmp_path)
    assert [(o.box, o.area) for o in record.objects] == [
        ((10, 20, 30, 40), pytest.approx(375)),
        ((10, 20, 100, 80), pytest.approx(500)),
        ((90, 70, 100, 80), pytest.approx(100)),
    ]
    assert record.objects[1].poly == (10, 20, 30, 20, 30, 40, 10, 40)
    assert drops == []


def test_what_is_refused(tmp_path: Path) -> None:
    outside = [(x + 500.0, y) for x, y in SQUARE]
    tiny = [(1.0, 1.0), (1.4, 1.0), (1.4, 3.0)]
    content = collection(
        None,
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
        polygon(),
        polygon([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]),
        polygon([[1.0, "x"], [3.0, 4.0], [1.0, 2.0]]),
        {"type": "Polygon"},
        {"type": "MultiPolygon", "coordinates": []},
        polygon(on_earth(outside)),
        polygon(on_earth(tiny)),
        polygon(on_earth(SQUARE)),
    )
    one(tmp_path, content)
    (record,), drops = read_all("spacenet", tmp_path)
    assert len(record.objects) == 1
    assert dropped(drops) == {
        "no-geometry": (0, 1),
        "not-a-polygon": (0, 2),
        "bad-annotation": (0, 5),
        "outside-image": (0, 1),
        "degenerate-box": (0, 1),
    }
    details = {drop.reason: drop.detail for drop in drops}
    assert details["not-a-polygon"] == "a.geojson: feature 2: Point; a.geojson: feature 3: LineString"
    assert details["outside-image"].startswith("a.geojson: feature 9: building at (510, 20, 530, 40)")


def test_empty_collections_are_images_without_buildings(tmp_path: Path) -> None:
    one(tmp_path, collection(), crs=UTM)
    picture(tmp_path / "plain/b.png")
    text(tmp_path / "plain/b.geojson", collection(crs=None))
    (record,), drops = read_all("spacenet", tmp_path / "plain")  # needs no georeference
    assert (record.id, record.geo, record.objects, drops) == ("spacenet/b", None, [], [])
    records, drops = read_all("spacenet", tmp_path)
    assert [(r.id, r.geo, r.objects) for r in records] == [
        ("spacenet/a", Geo(UTM, PLACE), []),
        ("spacenet/b", None, []),
    ]
    assert drops == []


def test_images_that_do_not_say_where_they_lie(tmp_path: Path) -> None:
    for crs, place, member in ((None, None, CRS_MEMBER), (None, PLACE, CRS_MEMBER), (None, None, None)):
        one(tmp_path, collection(polygon(on_earth(SQUARE)), crs=member), crs=crs, place=place)
        records, (drop,) = read_all("spacenet", tmp_path)
        assert (records, drop.reason, drop.images, drop.objects) == ([], "no-georeference", 1, 1)
    one(tmp_path, collection(polygon(on_earth(SQUARE)), crs=None), crs=None, place=PLACE)
    (record,), _ = read_all("spacenet", tmp_path)
    assert (record.geo, record.gsd, record.objects[0].box) == (Geo("", PLACE), None, (10, 20, 30, 40))


def test_a_crs_that_nobody_knows(tmp_path: Path) -> None:
    member = {"type": "name", "properties": {"name": "EPSG:999999"}}
    one(tmp_path, collection(polygon(on_earth(SQUARE)), polygon(on_earth(SQUARE)), crs=member))
    (record,), drops = read_all("spacenet", tmp_path)
    assert (record.objects, dropped(drops)) == ([], {"bad-annotation": (0, 2)})
    assert "'EPSG:999999' is no coordinate reference system" in drops[0].detail


def test_points_without_a_place(tmp_path: Path) -> None:
    pole = [[0.0, 89.99999], [0.0, 95.0], [1.0, 95.0]]
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}
    one(tmp_path, collection(polygon(pole), polygon(on_earth(SQUARE, "EPSG:4326")), crs=member))
    (record,), drops = read_all("spacenet", tmp_path)
    assert (len(record.objects), sum(drop.objects for drop in drops)) == (1, 1)


# Files


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "broken JSON"),
        ("[]", "an object is wanted"),
        ('{"type": "FeatureCollection"}', "no GeoJSON FeatureCollection"),
        ('{"type": "Feature", "features": []}', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [], "crs": 7}', "a crs member that cannot be understood: 7"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_broken_files(tmp_path: Path, content: str, problem: str) -> None:
    one(tmp_path, content)
    records, (drop,) = read_all("spacenet", tmp_path)
    assert (records, drop.reason, drop.images) == ([], "bad-annotation", 1)
    assert drop.detail.startswith("a.geojson") and problem in drop.detail


def test_broken_images(tmp_path: Path) -> None:
    one(tmp_path, collection(polygon(on_earth(SQUARE))))
    (tmp_path / "a.tif").write_bytes(b"II*\0 and then nothing")
    _, (drop,) = read_all("spacenet", tmp_path)
    assert (drop.reason, drop.objects) == ("unreadable-image", 1) and drop.detail.startswith("a.tif: ")
    (tmp_path / "a.tif").unlink()
    _, (drop,) = read_all("spacenet", tmp_path)
    assert (drop.reason, drop.objects) == ("missing-image", 1) and drop.detail.startswith("a.tif: no such image file")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["geometry", "type", "coordinates", "properties", "name", "code"]), inner)
    ),
    max_leaves=14,
)
rings = st.lists(st.lists(st.lists(st.integers() | st.floats() | st.none(), max_size=3), max_size=5), max_size=3)


@given(
    st.binary()
    | json_like.map(lambda v: json.dumps({"type": "FeatureCollection", "features": v, "crs": v}).encode())
    | st.lists(rings).map(lambda v: collection(*(polygon(*part) for part in v)).encode())
)  # fmt: skip
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = _geojson.parse(data, "a.geojson")
    except BadAnnotation as error:
        assert str(error).startswith("a.geojson")
        return
    assert len(found.features) + len(found.refused) == len(json.loads(data)["features"])
    assert _geojson.looks_like_degrees(found) in (True, False)


# Names


@pytest.mark.parametrize(
    ("image", "name", "key", "label"),
    [
        (
            "RGB-PanSharpen_AOI_2_Vegas_img1", "AOI_2_Vegas_img1", "aoi_2 img1", "buildings_AOI_2_Vegas_img1",
        ),
        ("3band_AOI_1_RIO_img4576", "AOI_1_RIO_img4576", "aoi_1 img4576", "Geo_AOI_1_RIO_img4576"),
        (
            "SN2_buildings_train_AOI_3_Paris_PS-RGB_img10", "SN2_buildings_train_AOI_3_Paris_img10", "aoi_3 img10",
            "SN2_buildings_train_AOI_3_Paris_geojson_buildings_img10",
        ),
        (
            "Pan-Sharpen_Atlanta_nadir7_catid_1030010003D22F00_732701_3721589",
            "Atlanta_nadir7_catid_1030010003D22F00_732701_3721589", "732701_3721589",
            "spacenet-buildings_732701_3721589",
        ),
        ("AOI_7_Moscow_chip12", "AOI_7_Moscow_chip12", "aoi_7 chip12", "AOI_7_Moscow_geojson_chip12"),
        ("PAN", "PAN", "pan", "pan"),
    ],
)  # fmt: skip
def test_names(image: str, name: str, key: str, label: str) -> None:
    assert _spacenet.scene(image) == name
    assert _spacenet.key(name) == _spacenet.key(label) == key


def test_of_several_products_one_is_taken(tmp_path: Path) -> None:
    base = tmp_path / "AOI_2_Vegas_Train"
    for product in ("PAN", "MUL", "RGB-PanSharpen", "MUL-PanSharpen"):
        raster(base / product / f"{product}_AOI_2_Vegas_img1.tif")
    text(base / "geojson/buildings/buildings_AOI_2_Vegas_img1.geojson", collection(polygon(on_earth(SQUARE))))
    text(base / "geojson/buildings/buildings_AOI_2_Vegas_img2.geojson", collection())
    raster(tmp_path / "AOI_2_Vegas_Test_public/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img3.tif")
    (record,), (drop,) = read_all("spacenet", tmp_path)
    assert (record.id, record.split) == ("spacenet/train/AOI_2_Vegas_img1", "train")
    assert record.path == "AOI_2_Vegas_Train/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img1.tif"
    assert (drop.id, drop.reason) == ("spacenet/train/buildings_AOI_2_Vegas_img2", "missing-image")
    (record,), _ = read_all("spacenet", tmp_path, product="MUL")
    assert record.path == "AOI_2_Vegas_Train/MUL/MUL_AOI_2_Vegas_img1.tif"
    records, (drop,) = read_all("spacenet", tmp_path, "test")
    assert (records, drop.reason, drop.id) == ([], "missing-annotation", "spacenet/test/AOI_2_Vegas_img3")
    with pytest.raises(BadSource, match="no split 'val' here; found: test, train"):
        read_all("spacenet", tmp_path, "val")
    raster(base / "copy/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img1.tif")
    with pytest.raises(BadSource, match="two images of one scene; choose with product"):
        read_all("spacenet", tmp_path)


def test_one_footprint_file_for_many_views(tmp_path: Path) -> None:
    for nadir in (7, 8):
        raster(tmp_path / f"Atlanta_nadir{nadir}/Pan-Sharpen/Pan-Sharpen_Atlanta_nadir{nadir}_732701_3721589.tif")
    text(tmp_path / "geojson/spacenet-buildings_732701_3721589.geojson", collection(polygon(on_earth(SQUARE))))
    records, drops = read_all("spacenet", tmp_path)
    assert [record.id for record in records] == [
        "spacenet/Atlanta_nadir7_732701_3721589",
        "spacenet/Atlanta_nadir8_732701_3721589",
    ]
    assert (objects(records), drops) == (2, [])


def test_wrong_folders(tmp_path: Path) -> None:
    raster(tmp_path / "a.tif")
    with pytest.raises(BadSource, match=r"no \.geojson, or CSV of buildings, in .*found: a\.tif"):
        read_all("spacenet", tmp_path)
    text(tmp_path / "a.geojson", collection())
    with pytest.raises(BadSource, match="no CSV with the columns ImageId and PolygonWKT_Pix"):
        read_all("spacenet", tmp_path, labels="csv")
    with pytest.raises(BadSource, match="labels is 'xml' where"):
        read_all("spacenet", tmp_path, labels="xml")
    with pytest.raises(BadSource, match="cannot be read without images"):
        read_all("spacenet", tmp_path, images=False)


# CSV

HEAD = "ImageId,BuildingId,PolygonWKT_Pix,PolygonWKT_Geo\r\n"
ROW = '{},{},"POLYGON (({}))","POLYGON EMPTY"\r\n'


def csv_rows(*rows: tuple[str, int, str]) -> str:
    return "".join(ROW.format(*row) for row in rows)


def test_the_csv(tmp_path: Path) -> None:
    for n in (1, 2, 3, 4):
        raster(tmp_path / f"3band/3band_AOI_1_RIO_img{n}.tif")
    content = HEAD + csv_rows(
        ("AOI_1_RIO_img1", 1, "10 20 0,30.5 20 0,30.5 40 0,10 20 0"),
        ("AOI_1_RIO_img2", 1, "90 70 0,120 70 0,120 90 0,90 90 0,90 70 0"),
        ("AOI_1_RIO_img1", 2, "1 1 0,5 1 0,5 5 0,1 1 0),(2 1 0,3 1 0,3 2 0,2 1 0"),
        ("AOI_1_RIO_img1", 3, "1 1 0,5 1 0"),
        ("AOI_1_RIO_img9", 1, "1 1 0,5 1 0,5 5 0,1 1 0"),
    )
    content += "AOI_1_RIO_img3,-1,POLYGON EMPTY,POLYGON EMPTY\r\nAOI_1_RIO_img3,2\r\n"
    text(tmp_path / "summaryData/buildings.csv", content)
    text(tmp_path / "summaryData/notes.csv", "a,b\n1,2\n")
    records, drops = read_all("spacenet", tmp_path)
    assert {r.id: [(o.box, o.area) for o in r.objects] for r in records} == {
        "spacenet/AOI_1_RIO_img1": [((10, 20, 30.5, 40), 205), ((1, 1, 5, 5), 7.5)],
        "spacenet/AOI_1_RIO_img2": [((90, 70, 100, 80), 100)],
        "spacenet/AOI_1_RIO_img3": [],
    }
    assert dropped(drops) == {"bad-annotation": (0, 2), "missing-annotation": (1, 0), "missing-image": (1, 1)}
    details = [drop.detail for drop in drops if drop.reason == "bad-annotation"]
    assert details == [
        "summaryData/buildings.csv:5: a ring of 2 corners",
        "summaryData/buildings.csv:8: 2 fields where 3 or more are wanted",
    ]
    assert records[0].geo == Geo(UTM, PLACE)


def test_rows_of_one_image_are_found_again_wherever_they_lie(tmp_path: Path) -> None:
    names = ["b", "b", "a", "b", "a", "a"]
    path = text(tmp_path / "x.csv", HEAD + csv_rows(*((n, i, "0 0,9 0,9 9") for i, n in enumerate(names))))
    table = _spacenet.index_rows(path, "x.csv")
    assert {name: [line for *_, line in runs] for name, runs in table.rows.items()} == {"b": [2, 5], "a": [4, 6]}
    rows = _spacenet.parse_rows(path, "x.csv", table.rows["a"], table.column)
    assert [line for line, _ in rows.found] == [4, 6, 7]
    path.unlink()
    with pytest.raises(BadAnnotation, match=r"^x\.csv: the file cannot be read"):
        _spacenet.parse_rows(path, "x.csv", table.rows["a"], table.column)


@given(st.binary(max_size=200))
def test_any_bytes_after_the_head(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(HEAD.encode() + data)
    table = _spacenet.index_rows(path, "any.csv")
    for runs in table.rows.values():
        rows = _spacenet.parse_rows(path, "any.csv", runs, table.column)
        assert all(detail.startswith("any.csv:") for _, detail in rows.refused)
        assert all(2 <= line <= data.count(b"\n") + 2 for line, _ in rows.found)
    assert sum(size for runs in table.rows.values() for _, size, _ in runs) == sum(map(len, _named(data)))


def _named(data: bytes) -> list[bytes]:
    """Lines (ended by \\n only) whose first field is not empty."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line for line in lines if line.split(b",")[0].decode("utf-8", "replace").strip().strip('"')]


# Data


def test_drawn_scenes(tmp_path: Path) -> None:
    assert drawn_spacenet.write(tmp_path, 4, 4) == 4
    shots = files.shots(drawn_spacenet.SHOTS, 4, 4, "spacenet")
    for form in ("geojson", "csv"):
        records, drops = read_all("spacenet", tmp_path, labels=form)
        assert ([r.split for r in records], drops) == (["train", "train", "val"], [])
        for record, (split, scene) in zip(records, shots, strict=False):
            truth = buildings(scene)
            assert (record.split, record.gsd) == (split, pytest.approx(scene.gsd))
            assert len(record.objects) == len(truth) > 1
            for obj, thing in zip(record.objects, truth, strict=True):
                x0, y0, x1, y1 = thing.box
                hull = (max(x0, 0), max(y0, 0), min(x1, scene.width), min(y1, scene.height))
                assert obj.box == pytest.approx(hull, abs=2e-3)
    image = pixels.load(tmp_path / str(records[0].path))
    assert image.shape == (512, 512, 3) and image.std() > 20


def test_the_real_sample(shared_data: Path, counts: dict) -> None:
    facts = counts["spacenet"]
    (record,), drops = read_all("spacenet", shared_data / "spacenet")
    assert (drops, facts["images"], len(record.objects)) == ([], 1, facts["objects"])
    assert {obj.label: 0 for obj in record.objects} == dict.fromkeys(facts["per_class"], 0)
    assert len(record.objects) == facts["intersecting_raster"] == facts["geometry"]["Polygon"]
    frame = facts["raster"]
    assert (record.width, record.height, record.gsd) == (frame["width"], frame["height"], 0.5)
    assert record.geo == Geo(frame["crs"], tuple(frame["transform"]))
    area = sum(obj.area for obj in record.objects) * 0.25  # square metres
    assert area == pytest.approx(facts["area_sum_inside_raster"], abs=1e-3)
    whole = [obj for obj in record.objects if obj.box == hull(obj.poly)]
    assert len(whole) == facts["fully_inside_raster"]


def test_a_crs_is_no_address() -> None:
    """GDAL takes any text that it does not know for a file, and /vsicurl/ for a place on the web."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        for name in (address, f"/vsicurl/{address}", "/etc/hostname", "+nadgrids=@/etc/x", "EPSG:1;x", ""):
            with pytest.raises(ValueError, match="no coordinate reference system"):
                _georef.same_crs(name, "EPSG:32616")
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
    wkt = CRS.from_epsg(32616).to_wkt()
    for name in ("EPSG:32616", "urn:ogc:def:crs:EPSG::32616", "+proj=utm +zone=16 +datum=WGS84 +units=m", wkt):
        assert _georef.same_crs(name, "EPSG:32616"), name
