"""The geotiff and tiles readers: where rasters lie, how large their pixels are, and every odd raster there is."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from reading import dropped, picture, read_all, text
from shapely.geometry import box, shape

from rsdata.errors import BadSource
from rsdata.readers import _geo, geotiff, tiles
from rsdata.record import Geo


def raster(
    path: Path, crs: str | None, transform: Any = None, shape: tuple[int, int, int] = (1, 20, 30), **more: Any
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = shape
    profile: dict[str, Any] = dict(driver="GTiff", count=bands, height=height, width=width, dtype="uint8", crs=crs)
    if transform is not None:
        profile["transform"] = transform
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile | more) as dst:
            dst.write(np.ones(shape, profile["dtype"] if "dtype" not in more else more["dtype"]))
    return path


@pytest.mark.parametrize(
    ("crs", "transform", "gsd"),
    [
        ("EPSG:32618", from_origin(500_000, 4_000_000, 0.3, 0.3), 0.3),
        ("EPSG:32618", from_origin(500_000, 4_000_000, 0.4, 0.9), 0.6),
        ("EPSG:32618", Affine(0, 2, 500_000, 2, 0, 4_000_000), 2.0),
        ("EPSG:32618", Affine.translation(5e5, 4e6) * Affine.rotation(30) * Affine.scale(0.5, -0.5), 0.5),
        ("EPSG:2263", from_origin(1_000_000, 200_000, 1, 1), 0.304800609601),  # New York, US survey feet
        ("EPSG:4326", from_origin(10, 0.001, 0.0001, 0.0001), 11.095),
        ("EPSG:4326", from_origin(10, 60.001, 0.0002, 0.0001), 11.1507),
        ("EPSG:3857", from_origin(0, 0, 10, 10), 10.0),
        ("EPSG:3857", from_origin(0, 8_399_838, 10, 10), 5.0),  # 60 degrees north
        (None, from_origin(0, 0, 1, 1), None),
        (None, None, None),
    ],
)
def test_metres_per_pixel(tmp_path: Path, crs: str | None, transform: Any, gsd: float | None) -> None:
    raster(tmp_path / "a.tif", crs, transform)
    (record,), drops = read_all("geotiff", tmp_path)
    assert drops == [] and (record.width, record.height) == (30, 20)
    assert record.gsd == (None if gsd is None else pytest.approx(gsd, rel=1e-4))
    assert record.geo == (None if crs is None else Geo(crs, tuple(transform)[:6]))


def test_degrees_agree_with_the_ellipsoid() -> None:
    """Published lengths of one degree on WGS 84: 110,574 and 111,320 m at the equator, 111,412 and 55,800 m at 60."""
    assert _geo.metres_per_degree(0) == pytest.approx((111_320, 110_574), abs=1)
    assert _geo.metres_per_degree(60) == pytest.approx((55_800, 111_412), abs=1)
    assert _geo.metres_per_degree(90)[0] == pytest.approx(0, abs=1e-6)


def test_what_else_a_raster_says(tmp_path: Path) -> None:
    raster(tmp_path / "b/deep/two.tiff", "EPSG:32618", from_origin(9, 9, 1, 1), (6, 8, 9), dtype="int16", nodata=-9999)
    raster(tmp_path / "one.v2.tif", "EPSG:32618", from_origin(9, 9, 1, 1), dtype="float32", nodata=float("nan"))
    custom = "+proj=laea +lat_0=40 +lon_0=-100 +units=km"
    raster(tmp_path / "three.tif", custom, from_origin(0, 0, 0.5, 0.5))
    text(tmp_path / "broken.tif", b"II*\x00 and no more")
    text(tmp_path / "a.vrt", "<VRTDataset/>")
    text(tmp_path / "notes.txt", "")
    records, drops = read_all("geotiff", tmp_path)
    assert [(r.id, r.path, r.extra) for r in records] == [
        ("geotiff/b/deep/two", "b/deep/two.tiff", {"bands": "6", "dtype": "int16", "nodata": "-9999"}),
        ("geotiff/one.v2", "one.v2.tif", {"bands": "1", "dtype": "float32", "nodata": "nan"}),
        ("geotiff/three", "three.tif", {"bands": "1", "dtype": "uint8"}),
    ]
    assert records[2].gsd == pytest.approx(500.0)
    assert records[2].geo is not None and "Lambert" in records[2].geo.crs
    assert [(drop.id, drop.reason) for drop in drops] == [("geotiff/broken", "unreadable-image")]


def test_folders_that_will_not_do(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(BadSource, match=r"no raster \(\*.tif, \*.tiff, \*.jp2\) in .*found: a.png"):
        geotiff.find(tmp_path)
    with pytest.raises(BadSource, match=r"no image named for a tile .*found: a.png"):
        tiles.find(tmp_path)
    raster(tmp_path / "a.tif", None)
    with pytest.raises(BadSource, match="no split 'train' here"):
        geotiff.find(tmp_path, "train")
    for find in (geotiff.find, tiles.find):
        with pytest.raises(BadSource, match="cannot be read without images"):
            find(tmp_path, images=False)
    with pytest.raises(BadSource, match=r"scheme is one of .*got 'wms' and 'xyz'"):
        tiles.find(tmp_path, scheme="wms")


@pytest.mark.parametrize(
    ("path", "order", "tile"),
    [
        ("input/OAM-619212-523272-20.png", "xyz", (619212, 523272, 20)),
        ("619212-523272-20.jpg", "xyz", (619212, 523272, 20)),
        ("sat_20_619212_523272@2x.png", "zxy", (619212, 523272, 20)),
        ("site/20/619212/523272.png", "xyz", (619212, 523272, 20)),
        ("20/619212/523272@2x.webp", "zxy", (619212, 523272, 20)),
        ("site3-1-2-1.png", "xyz", (1, 2, 1)),
        ("619212/523272.png", "xyz", None),
        ("20/a/523272.png", "xyz", None),
        ("photo.png", "xyz", None),
        ("1-2.png", "xyz", None),
    ],
)
def test_names_of_tiles(path: str, order: str, tile: tuple[int, int, int] | None) -> None:
    assert tiles.tile_of(path, order) == tile


@given(st.text(max_size=40), st.sampled_from(["xyz", "zxy"]))
def test_any_name_is_a_tile_or_none(name: str, order: str) -> None:
    found = tiles.tile_of(name, order)
    assert found is None or all(0 <= value < 10**12 for value in found)


def test_records_of_tiles(tmp_path: Path) -> None:
    picture(tmp_path / "OAM-1-0-1.png", 256, 256)
    picture(tmp_path / "2/3/1.jpg", 512, 512)
    picture(tmp_path / "4-0-2.png", 256, 256)
    picture(tmp_path / "legend.png", 9, 9)
    records, drops = read_all("tiles", tmp_path)
    half = 20037508.342789244
    assert [(r.id, r.extra["tile"], r.extra["format"]) for r in records] == [
        ("tiles/2/3/1", "2/3/1", "JPEG"),
        ("tiles/OAM-1-0-1", "1/1/0", "PNG"),
    ]
    assert records[1].geo is not None and records[1].geo.crs == "EPSG:3857"
    assert records[1].geo.transform == pytest.approx((half / 256, 0, 0, 0, -half / 256, half))
    assert records[1].gsd == pytest.approx(half / 256 * math.cos(math.radians(66.51326)), rel=1e-6)
    assert records[0].geo is not None
    assert records[0].geo.transform == pytest.approx((half / 1024, 0, half / 2, 0, -half / 1024, half / 2))
    assert dropped(drops) == {"no-such-tile": (1, 0), "no-tile-name": (1, 0)}
    assert "4-0-2.png: there is no tile x 4, y 0 at zoom 2" in drops[0].detail


def test_rows_from_the_bottom(tmp_path: Path) -> None:
    picture(tmp_path / "2/3/1.png", 256, 256)
    (xyz,), _ = read_all("tiles", tmp_path)
    (tms,), _ = read_all("tiles", tmp_path, scheme="tms")
    assert (xyz.extra["tile"], tms.extra["tile"]) == ("2/3/1", "2/3/2")
    assert xyz.geo is not None and tms.geo is not None
    assert tms.geo.transform[5] == pytest.approx(0, abs=1e-6) and xyz.geo.transform[5] > 1e7


@given(st.integers(0, 22), st.floats(0, 0.999999), st.floats(0, 0.999999))
def test_a_tile_is_covered_by_its_four_children(zoom: int, u: float, v: float) -> None:
    x, y = int(u * 2**zoom), int(v * 2**zoom)
    (a, _, left, _, e, top) = _geo.tile_geo(x, y, zoom, 256, 256)[0].transform
    (a1, _, left1, _, e1, top1) = _geo.tile_geo(2 * x + 1, 2 * y + 1, zoom + 1, 256, 256)[0].transform
    assert (a1, e1) == pytest.approx((a / 2, e / 2))
    assert (left1, top1) == pytest.approx((left + a * 128, top + e * 128), abs=1e-3)


def test_the_real_rasters(shared_data: Path, counts: dict) -> None:
    records, drops = read_all("geotiff", shared_data / "rasters")
    facts = counts["rasters"]["rasters"]
    assert drops == [] and len(records) == counts["rasters"]["images"] == 4
    for record in records:
        fact = facts[record.path]
        assert (record.width, record.height) == (fact["width"], fact["height"])
        assert (record.extra["bands"], record.extra["dtype"]) == (str(fact["bands"]), fact["dtype"])
        nodata = record.extra.get("nodata")
        assert nodata == (None if fact["nodata"] is None else f"{float(fact['nodata']):g}")
        assert (record.geo and record.geo.crs) == fact["crs"]
        if record.geo is not None:
            assert record.geo.transform == pytest.approx(fact["transform"])
    by_id = {record.id: record for record in records}
    assert by_id["geotiff/RGB.byte"].gsd == pytest.approx(300.04, abs=0.01)
    assert by_id["geotiff/alpha"].gsd == pytest.approx(4 * math.cos(math.radians(39.521)), rel=1e-4)
    (atlanta,), _ = read_all("geotiff", shared_data / "spacenet")
    fact = counts["spacenet"]["raster"]
    assert atlanta.geo == Geo(fact["crs"], tuple(fact["transform"]))
    assert (atlanta.gsd, atlanta.extra) == (0.5, {"bands": "1", "dtype": "uint16", "nodata": "0"})


def test_the_real_tiles(shared_data: Path, counts: dict) -> None:
    facts = counts["fair_oam_osm"]
    records, drops = read_all("tiles", shared_data / "fair_oam_osm")
    assert drops == [] and len(records) == facts["images"] == 60
    zooms = [record.extra["tile"].partition("/")[0] for record in records]
    assert {zoom: zooms.count(zoom) for zoom in set(zooms)} == facts["tiles_per_zoom"]
    assert sum(record.extra["format"] == "JPEG" for record in records) == facts["image_formats"]["JPEG RGB 256x256"]
    polygons = 0
    shapes = json.loads((shared_data / "fair_oam_osm/input/labels.geojson").read_text())["features"]
    outlines = [shape(feature["geometry"]) for feature in shapes]
    for record in records:
        assert record.geo is not None
        a, _, left, _, e, top = record.geo.transform
        bounds = transform_bounds("EPSG:3857", "EPSG:4326", left, top + 256 * e, left + 256 * a, top)
        met = sum(outline.intersects(box(*bounds)) for outline in outlines)
        assert met == facts["polygons_per_tile"][(record.path or "").removeprefix("input/")]
        polygons += met
    assert polygons == sum(facts["polygons_per_tile"].values())
