"""Landmarks: sources, join, facts, captions, the whole stage; held to independent counts of the real samples."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from services import Service, captions, serving

from rsdata import corpus, readers, recipe, sample, sources, words
from rsdata.errors import BadAnnotation, BadCorpus, BadRecipe, BadSource, MissingExtra
from rsdata.record import Drop, Geo, Record, Window
from rsdata.report import check
from rsdata.run import extend, run
from rsdata.stages import (
    _landcrs,
    _landcut,
    _landfacts,
    _landframes,
    _landjoin,
    _landkinds,
    _landsay,
    _landsources,
    landmarks,
)
from rsdata.stages._landcrs import moved
from rsdata.stages._landfacts import Place, Rules, Scene
from rsdata.stages._landtable import Landmark, Near, Table, Tally, read, write

WORLD = Near([(-180.0, -90.0, 180.0, 90.0)])
ALL = Rules(min_pixels=1.0)


def load(path: Path, near: Near = WORLD, **more: str) -> tuple[list[Landmark], Tally]:
    tally = Tally()
    return list(_landsources.rows(path, near, tally, **more)), tally


def table_of(rows: list[Landmark]) -> Table:
    geometry = np.asarray(shapely.from_wkb([row.wkb for row in rows]), object)
    return Table(geometry, *([getattr(r, name) for r in rows] for name in ("name", "kind", "source", "licence")))


def table(*rows: tuple[Any, str, str], licence: str = "ODbL-1.0") -> Table:
    """Rows of (geometry, name, kind)."""
    return Table(
        np.array([row[0] for row in rows], object), [r[1] for r in rows], [r[2] for r in rows], ["m"] * len(rows),
        [licence] * len(rows),
    )  # fmt: skip


def image(width: int = 100, height: int = 100, gsd: float = 1.0, id: str = "a/x", **more: Any) -> Record:
    """A north-up image in UTM zone 31 at 3 degrees east; a pixel is `gsd` metres."""
    geo = Geo("EPSG:32631", (gsd, 0.0, 500_000.0, 0.0, -gsd, 5_400_000.0))
    return Record(id, "a", width=width, height=height, gsd=gsd, geo=geo, **more)


def at(record: Record, *points: tuple[float, float]) -> list[tuple[float, float]]:
    """Pixels as longitude and latitude."""
    from rasterio.warp import transform

    a, b, c, d, e, f = record.geo.transform
    xs, ys = [a * x + b * y + c for x, y in points], [d * x + e * y + f for x, y in points]
    return list(zip(*transform(record.geo.crs, "EPSG:4326", xs, ys)[:2], strict=True))


def box(record: Record, x0: float, y0: float, x1: float, y1: float) -> Any:
    return shapely.Polygon(at(record, (x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def line(record: Record, *points: tuple[float, float]) -> Any:
    return shapely.LineString(at(record, *points))


def facts_of(record: Record, rows: Table, rules: Rules = ALL, near: float = 0.0) -> Scene:
    [hits] = _landjoin.join([record], rows, near)
    return _landfacts.scene(record, hits, rows, rules)


# -- kinds


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"aeroway": "runway"}, "runway"),
        ({"amenity": "place_of_worship", "building": "church"}, "church"),
        ({"building": "yes"}, "building"),
        ({"building": "no"}, ""),
        ({"amenity": "bank"}, "shop"),
        ({"building": "yes", "shop": "bakery"}, "building"),
        ({"natural": "water", "water": "lake"}, "lake"),
        ({"leisure": "pitch", "sport": "soccer;tennis"}, "soccer_field"),
        ({"highway": "residential"}, "road"),
        ({"highway": "footway"}, ""),
        ({"railway": "station", "building": "train_station"}, "train_station"),
        ({"name": "X"}, ""),
    ],
)
def test_kind_of_osm_tags(tags: dict[str, str], kind: str) -> None:
    assert _landkinds.of_osm(tags) == kind


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"categories": {"primary": "park", "alternate": []}}, "park"),
        ({"categories": None, "basic_category": "museum"}, "museum"),
        ({"categories": None, "taxonomy": {"primary": "x", "hierarchy": ["structure", "bridge"]}}, "bridge"),
        ({"categories": {"primary": "gas_station_sushi"}, "basic_category": "casual_eatery"}, "shop"),
        ({"categories": None, "basic_category": None, "taxonomy": None}, ""),
        ({"names": {"primary": "A"}, "class": "hangar", "subtype": "transportation", "num_floors": 1}, "building"),
        ({"kind": "Airport"}, "airport"),
        ({"fclass": "cemetery"}, "cemetery"),
        ({"building": "yes", "natural": ""}, "building"),
        ({"population": 5}, ""),
    ],
)
def test_kind_of_any_row(row: dict[str, Any], kind: str) -> None:
    assert _landkinds.of_any(row) == kind


def test_kinds_are_sound() -> None:
    for kind in _landkinds.kinds().values():
        assert kind.rank in range(5) and kind.metres >= 0
        assert not kind.concept or words.concept(kind.concept).name == kind.concept
    assert _landkinds.kind("runway").rank < _landkinds.kind("building").rank and _landkinds.kind("shop").rank == 0
    with pytest.raises(BadRecipe, match="no kind is called 'castel'"):
        _landkinds.kind("castel")


# -- sources


GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"name": " A \n B "}, "geometry": {"type": "Point", "coordinates": [3, 48]}},
        {"type": "Feature", "properties": {"name": "None"}, "geometry": None},
        {"type": "Feature", "properties": {"building": "yes"}, "geometry": {"type": "Polygon", "coordinates": [[[3]]]}},
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [3, 48]}},
        {"type": "Feature", "properties": {"name": "Far"}, "geometry": {"type": "Point", "coordinates": [-70, 10]}},
        {
            "type": "Feature",
            "properties": {"name": "Bank", "building": "yes", "amenity": "bank"},
            "geometry": {"type": "Polygon", "coordinates": [[[3, 48], [3.1, 48.1], [3.1, 48], [3, 48.1], [3, 48]]]},
        },
    ],
}  # fmt: skip


def test_geojson_rows_and_what_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps(GEOJSON))
    rows, tally = load(file, Near([(2.9, 47.9, 3.2, 48.2)]), licence="CC-BY-4.0")
    assert [(row.name, row.kind, row.source, row.licence) for row in rows] == [
        ("A B", "landmark", "a.geojson", "CC-BY-4.0"),
        ("", "building", "a.geojson", "CC-BY-4.0"),
    ], "the name on a building with a bank in it is the bank's"
    assert tally.as_dict() == {
        "read": 6,
        "kept": 2,
        "refused": {"bad-geometry": 1, "far-away": 1, "no-geometry": 1, "no-kind": 1},
        "licences": {"CC-BY-4.0": 2},
    }
    assert shapely.is_valid(shapely.from_wkb(rows[1].wkb)), "a bow tie is mended"
    lines = tmp_path / "a.geojsonl"
    lines.write_text("\n".join(json.dumps(feature) for feature in GEOJSON["features"]) + "\n\n")
    again, _ = load(lines, Near([(2.9, 47.9, 3.2, 48.2)]), licence="CC-BY-4.0")
    assert [row._replace(source="") for row in again] == [row._replace(source="") for row in rows]


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::32631", "EPSG:32631", "urn:ogc:def:crs:EPSG:6.9:32631"])
def test_geojson_with_a_crs_member(name: str, tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"name": "A"},
        "geometry": {"type": "Point", "coordinates": [500000, 0]},
    }
    crs = {"type": "name", "properties": {"name": name}}
    (tmp_path / "a.json").write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    [row], _ = load(tmp_path / "a.json")
    point = shapely.from_wkb(row.wkb)
    assert (point.x, point.y) == pytest.approx((3.0, 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type": "FeatureCollection", "features": [', r"a.json:1: broken JSON"),
        ('{"type": "Feature"}', "neither a GeoJSON FeatureCollection nor a saved answer of Google Places"),
        ("[]", "neither a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "crs": 7, "features": []}', "a crs member that cannot be understood: 7"),
    ],
)
def test_a_broken_geojson_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadAnnotation, match=message):
        load(tmp_path / "a.json")


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb"])
def test_vector_files_in_another_crs(suffix: str, tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    shapes = [
        shapely.Point(500_000, 5_400_000),
        shapely.Point(0, 0),
        shapely.box(500_100, 5_400_000, 500_200, 5_400_100),
    ]
    frame = geopandas.GeoDataFrame(
        {"name": ["Here", "Far", None], "leisure": ["park", "park", "pitch"], "sport": [None, None, "tennis"]},
        geometry=shapes[:1] * 2 + shapes[:1] if suffix == "shp" else shapes,
        crs="EPSG:32631",
    )  # fmt: skip
    file = tmp_path / f"a.{suffix}"
    frame.to_file(file)
    near = Near(_landjoin.places([image(400, 400)]))
    rows, _ = load(file, near)
    found = {(row.name, row.kind) for row in rows}
    assert {("Here", "park"), ("", "tennis_court")} <= found and (("Far", "park") in found) == (suffix == "shp")
    assert shapely.from_wkb(rows[0].wkb).centroid.x == pytest.approx(3.0, abs=0.01)


def test_geoparquet_in_another_crs(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame(
        {"name": ["A"], "kind": ["lake"]}, geometry=[shapely.Point(500_000, 0)], crs="EPSG:32631"
    )
    frame.to_parquet(tmp_path / "a.parquet")
    [row], _ = load(tmp_path / "a.parquet")
    assert (row.name, row.kind) == ("A", "lake") and shapely.from_wkb(row.wkb).x == pytest.approx(3.0)


def overture(shared_data: Path, tmp_path: Path) -> Path:
    """The schema's examples as the release has them: GeoParquet with nested columns, nulls where a row has none."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import yaml

    rows = []
    for file in sorted((shared_data / "overture_schema/examples/places").glob("*.yaml")):
        data = yaml.safe_load(file.read_text())
        properties = {k: data["properties"].get(k) for k in COLUMNS}
        x, y = data["geometry"]["coordinates"]
        bbox = {"xmin": x, "ymin": y, "xmax": x, "ymax": y}
        rows.append({"id": data["id"], "geometry": shapely.to_wkb(shapely.Point(x, y)), "bbox": bbox, **properties})
    meta = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    path = tmp_path / "places.parquet"
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata({"geo": json.dumps(meta)}), path)
    return path


COLUMNS = ("names", "categories", "basic_category", "taxonomy", "operating_status", "confidence", "sources")


def test_overture_places(shared_data: Path, counts: dict[str, Any], tmp_path: Path) -> None:
    path = overture(shared_data, tmp_path)
    rows, tally = load(path)
    examples = counts["overture_schema"]["examples"].values()
    assert tally.read == counts["overture_schema"]["objects"] == 8
    closed = sum(e["operating_status"] == "permanently_closed" for e in examples)
    nameless = sum(not e["name_primary"] for e in examples)
    assert tally.refused == {"closed": closed, "no-kind": nameless} and (closed, nameless) == (1, 2)
    named = {row.name: row.kind for row in rows}
    assert named["Bucky's Gas & Sushi"] == "gas_station" and named["11-7"] == "shop"
    assert named["My Sweet POI"] == "landmark"
    near, _ = load(path, Near([(-98.0, 30.0, -97.0, 31.0)]))
    assert [row.name for row in near] == ["Bucky's Gas & Sushi"]


def test_licence_of_overture_rows() -> None:
    of = _landsources._licence
    assert of({"sources": [{"dataset": "meta", "license": "Apache-2.0"}]}) == "Apache-2.0"
    assert of({"sources": [{"dataset": "OpenStreetMap"}]}) == "ODbL-1.0" and of({"sources": None}) == ""


def test_google_places_are_tagged(shared_data: Path, counts: dict[str, Any]) -> None:
    for file in sorted((shared_data / "google_places").glob("*.json")):
        rows, tally = load(file)
        facts = counts["google_places"]["files"][file.name]
        kept = tally.kept + tally.refused["closed"]
        assert tally.read == facts["places"] and kept == facts["with_location"], file.name
        assert all(row.licence == "google-maps-content" for row in rows)


def test_google_places_of_the_new_api(tmp_path: Path) -> None:
    place = {"displayName": {"text": "Big Dam"}, "primaryType": "bridge", "location": {"latitude": 1, "longitude": 2}}
    gone = {**place, "businessStatus": "CLOSED_PERMANENTLY"}
    (tmp_path / "g.json").write_text(json.dumps({"places": [place, gone, {"displayName": None}, "x"]}))
    [row], tally = load(tmp_path / "g.json")
    assert (row.name, row.kind, shapely.from_wkb(row.wkb).wkt) == ("Big Dam", "bridge", "POINT (2 1)")
    assert tally.refused == {"closed": 1, "no-geometry": 1, "bad-geometry": 1}


def test_helsinki(shared_data: Path, counts: dict[str, Any]) -> None:
    """Nodes by tag are those counted independently; areas are assembled; the lighthouse of names is there."""
    from rsdata.stages import _landosm

    known = counts["osm_extracts"]["files"]["Helsinki.osm.pbf"]["counts"]
    keys = ("amenity", "building", "shop", "tourism", "historic", "leisure")
    found: Counter[str] = Counter()
    for geometry, tags in _landosm.read(shared_data / "osm_extracts/Helsinki.osm.pbf", WORLD.bounds):
        kind = "none" if geometry is None else geometry.geom_type
        found.update(f"{kind} {key}" for key in keys if key in tags)
    for key in keys:
        assert found[f"Point {key}"] == known[f"nodes {key}"], key
    areas = known["ways building"] + known["relations building"]
    assert 0.85 * areas < found["MultiPolygon building"] <= areas
    west, south, east, north = counts["osm_extracts"]["files"]["Helsinki.osm.pbf"]["header_bbox_W_S_E_N"]
    rows, tally = load(shared_data / "osm_extracts/Helsinki.osm.pbf", Near([(west, south, east, north)]))
    assert {row.licence for row in rows} == {"ODbL-1.0"} and tally.kept == len(rows) > 3000
    by_name = {row.name: row.kind for row in rows if row.name}
    assert by_name["Ateneum"] == "museum" and by_name["Kaisaniemen puisto"] == "park"


def test_an_unsorted_extract_is_told_with_the_way_out(shared_data: Path) -> None:
    with pytest.raises(BadSource, match=r"out of order.*osmium sort sample.osm.pbf"):
        load(shared_data / "osm_extracts/sample.osm.pbf")


def test_osm_xml_areas_lines_and_points(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{lat}" lon="{lon}"/>'
        for n, (lon, lat) in enumerate([(3, 48), (3.01, 48), (3.01, 48.01), (3, 48.01)], 1)
    )
    refs, open_refs = ("".join(f'<nd ref="{n}"/>' for n in ids) for ids in ((1, 2, 3, 4, 1), (1, 2, 3, 4)))
    ways = [
        ("<way id='1' version='1'>" + refs + '<tag k="leisure" v="park"/><tag k="name" v="A"/></way>'),
        ("<way id='2' version='1'>" + refs + '<tag k="highway" v="primary"/><tag k="name" v="Ring"/></way>'),
        ("<way id='3' version='1'>" + open_refs + '<tag k="waterway" v="river"/><tag k="name" v="R"/></way>'),
        ("<way id='4' version='1'><nd ref='99'/><nd ref='98'/><tag k='waterway' v='river'/></way>"),
    ]
    shop = '<node id="5" version="1" lat="48" lon="3"><tag k="shop" v="bakery"/><tag k="name" v="Crust"/></node>'
    (tmp_path / "a.osm").write_text(f'<osm version="0.6">{nodes}{shop}{"".join(ways)}</osm>')
    rows, tally = load(tmp_path / "a.osm")
    found = {(row.name, row.kind, shapely.from_wkb(row.wkb).geom_type) for row in rows}
    assert found == {
        ("A", "park", "MultiPolygon"),
        ("Ring", "road", "LineString"),
        ("R", "river", "LineString"),
        ("Crust", "shop", "Point"),
    }
    assert tally.refused == {"no-geometry": 1}, "a way whose nodes are not in the extract"


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.osm.pbf", "not an OpenStreetMap extract"), ("a.parquet", "not a Parquet file"), ("a.gpkg", "cannot be read")],
)
def test_a_damaged_file_is_named(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PAR1 this is nothing of the kind")
    with pytest.raises(BadSource, match=message):
        load(tmp_path / name)


def test_files_of_folders(tmp_path: Path) -> None:
    for name in ("b/x.osm.pbf", "a.geojson", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = _landsources.files_of([str(tmp_path), str(tmp_path / "a.geojson")])
    assert [p.name for p in found] == ["a.geojson", "x.osm.pbf"]
    for wrong, message in ((tmp_path / "no.osm", "no such"), (tmp_path / "notes.txt", "not a landmark file")):
        with pytest.raises(BadSource, match=message):
            _landsources.files_of([str(wrong)])


def test_the_table_gives_back_its_rows_by_place(tmp_path: Path) -> None:
    rows = [Landmark(shapely.to_wkb(shapely.Point(x / 10, 10)), f"n{x}", "park", "s", "l") for x in range(100)]
    assert write(tmp_path / "t.parquet", rows) == 100
    everything = read(tmp_path / "t.parquet")
    assert sorted(everything.name) == sorted(row.name for row in rows)
    some = read(tmp_path / "t.parquet", Near([(1.95, 9, 2.25, 11), (5.0, 9.0, 5.0, 11.0)]))
    assert sorted(some.name) == ["n20", "n21", "n22", "n50"]
    write(tmp_path / "t.parquet", [])
    assert len(read(tmp_path / "t.parquet", WORLD)) == 0


# -- the join, held to independent counts


def records_of(reader: str, root: Path) -> list[Record]:
    items = sources.items(sources.Source(reader, root, reader))
    return [found for item in items for found in readers.get(reader).read(item) if isinstance(found, Record)]


def test_nassau_lies_where_it_lies(shared_data: Path, counts: dict[str, Any]) -> None:
    records = records_of("geotiff", shared_data / "rasters")
    rows, _ = load(shared_data / "rasters/world_cities.geojson", Near(_landjoin.places(records)))
    found = table_of(rows)
    joined = dict(zip((Path(r.path or "").name for r in records), _landjoin.join(records, found), strict=True))
    for name, known in counts["rasters"]["world_cities"]["inside_rasters"].items():
        if isinstance(known, list):
            seen = [{"name": found.name[h.row], "row": int(h.y), "col": int(h.x)} for h in joined[name]]
            assert seen == known, name
        else:
            assert not joined[name], name
    assert [h.how for h in joined["RGB.byte.tif"]] == ["inside"]


def test_tiles_have_their_buildings(shared_data: Path, counts: dict[str, Any]) -> None:
    records = records_of("tiles", shared_data / "fair_oam_osm")
    rows, tally = load(
        shared_data / "fair_oam_osm/input/labels.geojson", Near(_landjoin.places(records)), kind="building"
    )
    known = counts["fair_oam_osm"]
    assert tally.read == known["objects"] and tally.kept == known["polygons_met_by_these_tiles"]
    joined = _landjoin.join(records, table_of(rows))
    assert {Path(r.path or "").name: len(h) for r, h in zip(records, joined, strict=True)} == known["polygons_per_tile"]


def test_spacenet_has_its_buildings(shared_data: Path, counts: dict[str, Any]) -> None:
    [record] = records_of("geotiff", shared_data / "spacenet")
    rows, _ = load(shared_data / "spacenet/geotiff_labels.geojson")
    [hits] = _landjoin.join([record], table_of(rows))
    known = counts["spacenet"]
    assert len(hits) == known["intersecting_raster"] == 43
    assert sum(h.how == "inside" for h in hits) == known["fully_inside_raster"]
    metres = sum(h.area for h in hits) * (record.gsd or 0) ** 2
    assert metres == pytest.approx(known["area_sum_inside_raster"], rel=1e-6)


def test_a_rotated_raster(tmp_path: Path) -> None:
    """The pixel of a landmark is found whatever way the raster is turned, and no compass direction is told of it."""
    geo = Geo("EPSG:32631", (17.32, 5.0, 500_000.0, 10.0, -8.66, 5_400_000.0))
    record = Record("a/r", "a", width=40, height=30, gsd=14.1, geo=geo)
    rows = table((shapely.Point(at(record, (31.25, 4.5))[0]), "Here", "park"), (shapely.Point(0, 0), "Far", "park"))
    [[hit]] = _landjoin.join([record], rows)
    assert (hit.x, hit.y) == pytest.approx((31.25, 4.5), abs=1e-4)
    near = table((shapely.Point(at(record, (20.0, -3.0))[0]), "Near", "park"))
    [place] = facts_of(record, near, near=200.0).near
    assert place.side == "" and _landfacts.north_up(image()) and not _landfacts.north_up(record)


@given(st.floats(-50, 150), st.floats(-50, 150))
def test_a_point_is_found_exactly_when_it_lies_in_the_window(x: float, y: float) -> None:
    record = image()
    if min(abs(v - edge) for v in (x, y) for edge in (0, 100)) < 1e-3:
        return
    [hits] = _landjoin.join([record], table((shapely.Point(at(record, (x, y))[0]), "P", "park")))
    assert bool(hits) == (0 < x < 100 and 0 < y < 100)
    assert not hits or (hits[0].x, hits[0].y) == pytest.approx((x, y), abs=1e-3)


def scattered(seed: int) -> tuple[list[Record], Table]:
    """Windows turned every way, some over each other, and landmarks of every shape, some longer than any window."""
    rng = np.random.default_rng(seed)
    records = []
    for number in range(30):
        turn, gsd = rng.uniform(0, 6.28), rng.uniform(0.5, 3)
        x, y = rng.uniform(-3000, 3000, 2) * (1, 0.1)
        a, d = gsd * np.cos(turn), gsd * np.sin(turn)
        geo = Geo("EPSG:32631", (a, d, 500_000 + x, d, -a, 5_400_000 + y))
        width, height = rng.integers(50, 200, 2).tolist()
        records.append(Record(f"a/{number}", "a", width=width, height=height, gsd=gsd, geo=geo))
    shapes: list[Any] = []
    for number in range(600):
        here = np.array([500_000, 5_400_000]) + rng.uniform(-3200, 3200, 2) * (1, 0.15)
        size = rng.uniform(1, 60) if number % 10 else 3000
        there = here + rng.normal(0, size, (4, 2))
        hull = shapely.convex_hull(shapely.MultiPoint(there))
        shapes.append((shapely.Point(here), shapely.LineString(there), hull)[number % 3])
    geometry = moved(np.array(shapes, object), "EPSG:32631", "EPSG:4326")
    return records, table(*((one, "", "park") for one in geometry))


@pytest.mark.parametrize(("seed", "near"), [(0, 0.0), (1, 0.0), (2, 150.0)])
def test_the_join_finds_what_a_test_of_every_pair_finds(seed: int, near: float) -> None:
    records, rows = scattered(seed)
    geometry = moved(rows.geometry, "EPSG:4326", "EPSG:32631")
    found = _landjoin.join(records, rows, near)
    [windows] = _landframes.frames(records)
    inner, outer = (shapely.polygons(windows.corners(m)) for m in (0.0, _landframes.margins(windows, near)))
    seen = 0
    for record, hits, window, around in zip(records, found, inner, outer, strict=True):
        assert [h.row for h in hits] == np.flatnonzero(shapely.intersects(around, geometry)).tolist()
        for hit in hits:
            mine = geometry[hit.row]
            assert (hit.how != "near") == shapely.intersects(window, mine)
            assert (hit.how == "inside") == shapely.covers(window, mine)
            part = shapely.intersection(window, mine)
            if hit.how != "near":
                scale = record.gsd or 0.0
                assert hit.area * scale**2 == pytest.approx(part.area, rel=1e-6, abs=1e-4)
                assert hit.length * scale == pytest.approx(part.length if part.area == 0 else 0.0, rel=1e-6, abs=1e-4)
            else:
                assert hit.away > 0
            seen += 1
    assert seen > 100 and len({h.how for hits in found for h in hits}) == (3 if near else 2)


def test_hits_are_a_sequence() -> None:
    record = image()
    rows = table(*((shapely.Point(at(record, (x, 5))[0]), "", "park") for x in (10, 20, 30)))
    [hits] = _landjoin.join([record], rows)
    assert [h.row for h in hits] == [0, 1, 2] and hits[-1].row == 2 and [h.row for h in hits[1:]] == [1, 2]
    assert hits[0].shape.geom_type == "Point" and hits[0].box == pytest.approx((10, 5, 10, 5), abs=1e-6)
    with pytest.raises(IndexError):
        hits[3]


def test_many_points_are_moved_as_each_alone() -> None:
    """By a polynomial where that is true, point by point where it is not: here over a pole's side of the world."""
    rng = np.random.default_rng(0)
    for west, south, wide, high in ((3.0, 48.0, 0.4, 0.3), (170.0, -80.0, 9.0, 9.0), (-179.9, -89.0, 359.0, 178.0)):
        x, y = west + rng.random(6000) * wide, south + rng.random(6000) * high
        found = _landcrs.smoothly_moved(x, y, "EPSG:4326", "EPSG:3031", 1e-6)
        exact = _landcrs.points_moved(x, y, "EPSG:4326", "EPSG:3031")
        known = np.isfinite(exact[0])
        assert known.any() and all(np.abs(a - b)[known].max() < 2e-6 for a, b in zip(found, exact, strict=True))


def test_inside_cut_near_and_touching() -> None:
    record = image()
    rows = table(
        (box(record, 10, 10, 30, 20), "In", "park"),
        (box(record, 90, 40, 110, 60), "Cut", "park"),
        (box(record, 130, 40, 150, 60), "Near", "park"),
        (box(record, 400, 40, 420, 60), "Far", "park"),
        (line(record, (-50, 50), (150, 50)), "River", "river"),
    )
    [hits] = _landjoin.join([record], rows, near=50.0)
    assert [(rows.name[h.row], h.how, round(h.area), round(h.length), round(h.away)) for h in hits] == [
        ("In", "inside", 200, 0, 0),
        ("Cut", "cut", 200, 0, 0),
        ("Near", "near", 400, 0, 30),
        ("River", "cut", 0, 100, 0),
    ]


# -- facts


def test_places_shares_sizes_and_order() -> None:
    record = image(300, 300, gsd=2.0)
    rows = table(
        (box(record, 10, 10, 20, 20), "", "building"),
        (box(record, 12, 40, 22, 50), "", "building"),
        (box(record, 200, 200, 290, 290), "Green", "park"),
        (box(record, 20, 220, 80, 250), "Loud", "stadium"),
        (line(record, (0, 150), (300, 150)), "Long", "river"),
        (shapely.Point(at(record, (150, 10))[0]), "Bank", "shop"),
        (line(record, (0, 5), (300, 5)), "", "road"),
        (box(record, 50, 50, 51, 51), "Dot", "park"),
    )
    found = facts_of(record, rows, Rules(min_pixels=6.0))
    assert [(p.name, p.kind, p.cell, round(p.share, 3), round(p.area), round(p.length)) for p in found.named] == [
        ("Long", "river", "", 0.0, 0, 600),
        ("Loud", "stadium", "bottom_left", 0.02, 7200, 0),
        ("Green", "park", "bottom_right", 0.09, 32400, 0),
    ]
    assert found.counts == {"river": 1, "stadium": 1, "park": 1, "building": 2}
    assert found.cells == {
        "building": {"top_left": 2},
        "park": {"bottom_right": 1},
        "stadium": {"bottom_left": 1},
    }
    assert found.refused == {"not-seen-from-above": 1, "unnamed-line": 1, "too-small": 1}
    assert found.licences == ["ODbL-1.0"] and found.attribution() == "© OpenStreetMap contributors"


def test_pieces_of_one_name_are_one() -> None:
    record = image()
    rows = table(
        (line(record, (0, 10), (50, 10)), "High Street", "road"),
        (line(record, (50, 10), (90, 10)), "High street", "road"),
        (shapely.Point(at(record, (70, 70))[0]), "St Ann", "place_of_worship"),
        (box(record, 60, 60, 80, 80), "St Ann", "church"),
    )
    found = facts_of(record, rows)
    assert [(p.name, p.kind, round(p.length), round(p.area)) for p in found.named] == [
        ("High Street", "road", 90, 0),
        ("St Ann", "church", 0, 400),
    ] or [(p.name, p.kind) for p in found.named] == [("St Ann", "church"), ("High Street", "road")]
    assert len(found.named) == 2


def test_relations() -> None:
    record = image(200, 200)
    rows = table(
        (box(record, 20, 20, 60, 60), "A", "park"),
        (box(record, 64, 20, 100, 60), "B", "cemetery"),
        (line(record, (0, 40), (200, 42)), "R", "river"),
        (box(record, 20, 140, 40, 160), "C", "stadium"),
        (box(record, 90, 140, 110, 160), "D", "stadium"),
        (box(record, 160, 140, 180, 160), "E", "stadium"),
    )
    found = facts_of(record, rows)
    told = {(name, tuple(found.named[i].name for i in members)) for name, members in found.relations}
    assert ("crosses", ("R", "A")) in told and ("crosses", ("R", "B")) in told
    assert {("between", ("D", "C", "E")), ("between", ("D", "E", "C"))} & told
    assert {("beside", ("A", "B")), ("beside", ("B", "A"))} & told
    assert not any("C" in members and name == "beside" for name, members in told)


def test_near_ones_have_a_direction_only_where_up_is_north() -> None:
    record = image()
    rows = table((box(record, 40, -40, 60, -20), "Up", "park"), (box(record, 120, 45, 140, 55), "Right", "park"))
    found = facts_of(record, rows, near=60.0)
    assert {p.name: (p.side, round(p.distance)) for p in found.near} == {"Up": ("north", 20), "Right": ("east", 20)}
    assert found.named == [] and found.empty()


def test_google_rows_are_left_out_unless_the_right_is_stated() -> None:
    record = image()
    rows = table((box(record, 10, 10, 40, 40), "Mall", "shopping_mall"), licence="google-maps-content")
    assert facts_of(record, rows).refused == {"google-content": 1} and facts_of(record, rows).empty()
    allowed = facts_of(record, rows, Rules(1.0, 12, True))
    assert [p.name for p in allowed.named] == ["Mall"] and allowed.licences == ["google-maps-content"]


# -- captions by template


def test_captions_say_the_facts() -> None:
    record = image(platform="satellite")
    scene = Scene(
        named=[
            Place("Camp Nou", "stadium", "inside", "top_right", 0.2, 24_000),
            Place("Ebro", "river", "cut", length=1240),
        ],
        near=[Place("Zoo", "zoo", "near", side="southwest", distance=80)],
        counts={"stadium": 2, "river": 1, "tennis_court": 2, "building": 40},
        relations=[("crosses", (1, 0))],
    )  # fmt: skip
    said = {s.text for s in _landsay.select(record, scene, 40, 10, 0)}
    for start in ("The image shows the stadium Camp Nou, the river Ebro, another stadium, two tennis courts, and ",
                  "The stadium Camp Nou, the river Ebro, another stadium, two tennis courts, and "):  # fmt: skip
        if any(text.startswith(start) for text in said):
            break
    else:
        raise AssertionError(said)
    assert {
        "The stadium Camp Nou covers about a fifth of the image.",
        "The stadium Camp Nou has an area of about 2.4 ha.",
        "The river Ebro runs through the image for about 1.2 km.",
        "The river Ebro crosses the stadium Camp Nou.",
        "The zoo Zoo lies just outside the image, to the southwest.",
    } <= said
    assert any(text.startswith("A satellite image") and "Camp Nou" in text for text in said)
    assert len(said) == len(_landsay.select(record, scene, 40, 10, 0))
    for code in ("fr", "ru", "zh", "ko"):
        seen: set[str] = set()
        texts = [_landsay.in_language(code, s, seen) for s in _landsay.select(record, scene, 5, 10, 0)]
        assert all(texts) and any("Camp Nou" in str(text) for text in texts)


@pytest.mark.parametrize(("metres", "said"), [(88, (88, "m")), (1234, (1.2, "km")), (12_340, (12, "km"))])
def test_lengths(metres: float, said: tuple[float, str]) -> None:
    assert _landsay.length(metres) == said


@pytest.mark.parametrize(("metres", "said"), [(432, (430, "m2")), (15_300, (1.5, "ha")), (2_340_000, (2.3, "km2"))])
def test_areas(metres: float, said: tuple[float, str]) -> None:
    assert _landsay.area(metres) == said


# -- windows


def test_windows_of_a_size_on_the_ground_cover_the_image() -> None:
    record = image(500, 300, gsd=0.5, path="x.tif")
    parts = list(_landcut.windows(record, ground=100.0, overlap=0.0))
    assert [tuple(p.window) for p in parts] == [
        (0, 0, 200, 200), (200, 0, 200, 200), (300, 0, 200, 200), (0, 100, 200, 200), (200, 100, 200, 200),
        (300, 100, 200, 200),
    ]  # fmt: skip
    assert parts[1].id == "a/x@200,0,200,200" and parts[1].geo.transform[2] == 500_100.0
    again = list(_landcut.windows(parts[1], ground=50.0, overlap=0.0))
    assert again[1].id == "a/x@300,0,100,100" and tuple(again[1].window) == (300, 0, 100, 100)
    assert list(_landcut.windows(record, ground=1000.0, overlap=0.0)) == [record]


def raster(path: Path, values: np.ndarray, nodata: float | None = None) -> Record:
    size = {"width": values.shape[2], "height": values.shape[1], "count": values.shape[0], "dtype": str(values.dtype)}
    transform = rasterio.transform.from_origin(500_000, 5_400_000, 1, 1)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32631", transform=transform, nodata=nodata, **size) as out:
        out.write(values)
    return image(values.shape[2], values.shape[1], path=path.name)


def test_empty_and_flat_windows_are_refused_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(1, 200, (3, 100, 300)).astype(np.uint8)
    values[:, :, :100] = 77
    values[:, :70, 200:] = 0
    record = raster(tmp_path / "a.tif", values, nodata=0)
    outputs = list(_landcut.cut(record, tmp_path, 100.0, 0.0, 0.5))
    assert [(o.id, o.reason) for o in outputs if isinstance(o, Drop)] == [
        ("a/x@0,0,100,100", "flat"),
        ("a/x@200,0,100,100", "mostly-nodata"),
    ]
    assert [o.id for o in outputs if isinstance(o, Record)] == ["a/x@100,0,100,100"]
    assert len([o for o in _landcut.cut(record, tmp_path, 100.0, 0.0, 1.0) if isinstance(o, Record)]) == 3


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", float("nan")), ("int16", -9999), ("uint16", 0)])
def test_nodata_of_any_type(dtype: str, nodata: float, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(500, 6000, (1, 80, 80)).astype(dtype)
    values[:, :60] = nodata
    record = raster(tmp_path / "a.tif", values, nodata=nodata)
    [drop] = _landcut.cut(record, tmp_path, 0.0, 0.0, 0.5)
    assert isinstance(drop, Drop) and drop.reason == "mostly-nodata" and drop.detail.startswith("75%")


def test_a_missing_raster_is_a_drop(tmp_path: Path) -> None:
    [drop] = _landcut.cut(image(path="gone.tif"), tmp_path, 0.0, 0.0, 0.5)
    assert isinstance(drop, Drop) and drop.reason == "missing-image"


# -- the stage


def drawn(tmp_path: Path, scenes: int = 5) -> Path:
    sample.write(tmp_path / "data", scenes=scenes, seed=3, formats=["geotiff"])
    return tmp_path / "data" / "geotiff"


def built(tmp_path: Path, root: Path, name: str = "c", **params: Any) -> tuple[corpus.Corpus, Any]:
    made = recipe.make("c", [recipe.source("geotiff", root)], [("landmarks", params)])
    done = run(made, tmp_path / name, workers=1)
    return corpus.open(tmp_path / name), done


def test_the_drawn_town_is_said_as_it_was_drawn(tmp_path: Path) -> None:
    """The map of the sample names each scene; what is counted is what was drawn; no shop is named."""
    from rsdata.sample.files import shots
    from rsdata.sample.geotiff import SHOTS

    found, _ = built(tmp_path, drawn(tmp_path), langs=["en", "de"])
    scenes = [scene for _, scene in shots(SHOTS, 5, 3, "geotiff")]
    for record, scene in zip(found.records(), scenes, strict=True):
        facts = json.loads(record.extra["landmarks"])
        things = Counter(t.look for t in scene.things if all(0 <= v <= 512 for v in t.box))
        counts = facts["counts"]
        assert counts.get("storage_tank", 0) == things["tank"], record.id
        assert counts.get("swimming_pool", 0) == things["pool"]
        assert counts.get("building", 0) == things["house"] + things["roof"]
        names = {place["name"] for place in facts["named"]}
        assert (scene.kind == "airport") == any(name.endswith("Airport") for name in names)
        texts = [c.text for c in record.captions]
        assert texts and not any("Golden Crust" in text for text in texts)
        assert record.extra["landmarks_licence"] == "ODbL-1.0"
        assert record.extra["attribution"] == "© OpenStreetMap contributors"
        english = [c for c in record.captions if c.lang == "en"]
        assert len(english) <= 5 and all(c.origin == "template" for c in record.captions)
        for caption in record.captions:
            if caption.lang == "de":
                assert caption.of is not None and record.captions[caption.of].rule == caption.rule
    assert check.check(found, workers=1) == []


def test_osm_and_geojson_of_the_town_say_the_same(tmp_path: Path) -> None:
    root = drawn(tmp_path)
    one, _ = built(tmp_path, root, "osm")
    other, _ = built(tmp_path, root, "json", landmarks=[str(root / "city.geojson")], licence="ODbL-1.0")
    for a, b in zip(one.records(), other.records(), strict=True):
        assert [c.text for c in a.captions] == [c.text for c in b.captions]
        assert json.loads(a.extra["landmarks"])["counts"] == json.loads(b.extra["landmarks"])["counts"]


def test_windows_are_made_and_counted(tmp_path: Path) -> None:
    found, done = built(tmp_path, drawn(tmp_path), ground=128.0, drop_empty=True)
    counts = done.stages[-1].counts["images"]
    assert counts["in"] == 5 and counts["made"] == 15 and counts["out"] + counts["dropped"] == 20
    assert all(r.window is not None and (r.width, r.height) == (256, 256) for r in found.records())
    assert check.check(found, workers=1) == []


def test_one_worker_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    root = drawn(tmp_path, 6)
    made = recipe.make("c", [recipe.source("geotiff", root)], [("landmarks", {"ground": 128.0, "langs": ["en", "fr"]})])
    made = recipe.Recipe(made.name, made.sources, made.steps, part_size=2)
    for workers in (1, 2):
        run(made, tmp_path / f"c{workers}", workers=workers)
    parts = [sorted((tmp_path / f"c{n}" / "01-landmarks").glob("*.parquet")) for n in (1, 2)]
    assert len(parts[0]) == 6 and [p.read_bytes() for p in parts[0]] == [p.read_bytes() for p in parts[1]]


def test_records_without_a_place_are_left_alone(tmp_path: Path) -> None:
    sample.write(tmp_path / "data", scenes=2, seed=0, formats=["rsicd", "geotiff"])
    data = tmp_path / "data"
    both = recipe.make("c", [recipe.source("rsicd", data / "rsicd"), recipe.source("geotiff", data / "geotiff")], [])
    run(both, tmp_path / "c", workers=1)
    before = {r.id: r for r in corpus.open(tmp_path / "c").records()}
    extend(tmp_path / "c", "landmarks", {}, workers=1)
    for record in corpus.open(tmp_path / "c").records():
        assert (record == before[record.id]) == (record.source == "rsicd")


def test_a_changed_map_makes_the_captions_anew(tmp_path: Path) -> None:
    root = drawn(tmp_path)
    _, first = built(tmp_path, root)
    _, second = built(tmp_path, root)
    assert first.ran and not second.ran
    file = root / "landmarks" / "city.osm"
    file.write_text(file.read_text().replace("Linden Airport", "Oak Airport"))
    (tmp_path / "c/01-landmarks/prepare.json").unlink()
    found, third = built(tmp_path, root)
    assert third.ran and any("Oak Airport" in c.text for r in found.records() for c in r.captions)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "castel"}, "no kind is called 'castel'"),
        ({"ground": -1.0}, "ground -1.0 m"),
        ({"overlap": 0.95}, "overlap 0.95"),
        ({"langs": []}, "langs is empty"),
        ({"fallback": "guess"}, "fallback is 'guess'"),
        ({"per_image": 0}, "want 1 or more"),
        ({"landmarks": ["nowhere.osm"]}, "nowhere.osm: no such landmark file"),
    ],
)
def test_wrong_parameters_are_told(params: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises((BadRecipe, BadSource), match=message):
        built(tmp_path, drawn(tmp_path, 1), **params)


def truthful(text: str) -> str:
    """A model that says the first named landmark of its facts."""
    lines = [line for line in text.splitlines() if line.startswith("- ") and " (" in line]
    named = [line[2:].split(" (")[0] for line in lines if "in all" not in line and "outside" not in line]
    return (
        captions(f"An overhead view of {named[0]} and its surroundings.") if named else captions("nothing at all here")
    )


def test_a_model_writes_and_is_replayed_without_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = drawn(tmp_path)
    with serving(Service(always=truthful)) as service:
        writer = {"llm": "openai", "model": "m", "endpoint": service.url, "rpm": 0.0}
        found, done = built(tmp_path, root, writer=writer, langs=["en", "fr"], per_image=1)
        asked = len(service.seen)
        named = [r for r in found.records() if json.loads(r.extra["landmarks"]).get("named")]
        assert named and asked >= 5
        for record in named:
            english = [c for c in record.captions if c.lang == "en"]
            assert [c.origin for c in english] == ["llm:m"] and english[0].rule == "llm/landmarks-1"
            assert {c.origin for c in record.captions if c.lang == "fr"} == {"template"}
        built(tmp_path, root, writer=writer, langs=["en", "fr"], per_image=1)
        assert len(service.seen) == asked
    replay = {"llm": "openai", "model": "m", "replay": True, "cache": str(tmp_path / "c/cache/answers.sqlite")}
    again, _ = built(tmp_path, root, "d", writer=replay, langs=["en", "fr"], per_image=1)
    assert [r.captions for r in again.records()] == [r.captions for r in found.records()]
    assert check.check(found, workers=1) == []
    assert done.stages[-1].drops.keys() <= {"llm-unknown-noun", "llm-too-short"}


def test_what_is_not_true_falls_back_to_templates_or_is_dropped(tmp_path: Path) -> None:
    root = drawn(tmp_path, 2)
    with serving(Service(always=captions("The Eiffel Tower stands in the image."))) as service:
        writer = {"llm": "openai", "model": "m", "endpoint": service.url, "rpm": 0.0}
        found, done = built(tmp_path, root, "a", writer=writer, per_image=1)
        assert all([c.origin for c in r.captions] == ["template"] for r in found.records())
        assert done.stages[-1].drops == {"llm-invented-name": {"images": 0, "objects": 0, "captions": 2}}
        found, _ = built(tmp_path, root, "b", writer=writer, per_image=1, fallback="drop")
        assert all(r.captions == [] for r in found.records())


def test_lost_answers_are_told(tmp_path: Path) -> None:
    root = drawn(tmp_path, 1)
    state = {"table": "t.parquet", "sources": {}}
    writer = {"llm": "openai", "model": "m", "replay": True}
    with pytest.raises(BadCorpus, match="the answers are gone"):
        list(landmarks.run([], writer=writer, out=tmp_path / "c/01", roots={"geotiff": root}, state=state))


def test_window_is_a_named_tuple_of_the_record() -> None:
    [part] = _landcut.windows(image(50, 50), 0.0, 0.0)
    assert part.window is None and Window(0, 0, 1, 1) == (0, 0, 1, 1)


@pytest.mark.parametrize(("package", "file"), [("osmium", "a.osm.pbf"), ("pyogrio", "a.gpkg")])
def test_a_missing_extra_is_told(package: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / file).write_bytes(b"x")
    way = rf"reading {file} needs the package {package}: pip install 'rsdata\[landmarks\]'"
    with pytest.raises(MissingExtra, match=way):
        load(tmp_path / file)


def test_a_changed_map_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    root = drawn(tmp_path, 2)
    found, done = built(tmp_path, root)
    assert done.ran == 2 and "Northgate" not in str([r.captions for r in found.records()])
    assert built(tmp_path, root)[1].ran == 0
    names = {place["name"] for r in found.records() for place in json.loads(r.extra["landmarks"])["named"]}
    file = root / "landmarks" / "city.osm"
    text = file.read_text("utf-8")
    for name in names:
        text = text.replace(f'"{name}"', '"Northgate"')
    file.write_text(text, "utf-8")
    found, done = built(tmp_path, root)
    assert done.ran == 1 and "Northgate" in str([r.captions for r in found.records()])
    assert built(tmp_path, root)[1].ran == 0


def test_rows_of_google_are_counted_where_they_are_refused(tmp_path: Path) -> None:
    root = drawn(tmp_path, 1)
    place = {"id": "x", "types": ["airport"], "displayName": {"text": "Mall"}}
    [(longitude, latitude)] = at(image(512, 512, 0.5), (100, 100))
    place |= {"location": {"latitude": latitude, "longitude": longitude}}
    (tmp_path / "saved.json").write_text(json.dumps({"places": [place]}), "utf-8")
    found, done = built(tmp_path, root, landmarks=[str(tmp_path / "saved.json")])
    counts = done.stages[-1].counts["objects"]
    assert counts == {"in": 0, "made": 1, "out": 0, "dropped": 1}
    assert done.stages[-1].drops == {"google-content": {"images": 0, "objects": 1}}
    assert check.check(found, workers=1) == [] and not any(r.captions for r in found.records())


def test_a_recipe_is_planned_with_what_a_model_would_cost(tmp_path: Path) -> None:
    """32 windows of 8 images are cut as by the stage itself; tokens are near those of the real questions."""
    from rich.console import Console

    from rsdata.report import plan
    from rsdata.stages import _asking, complete

    root = drawn(tmp_path, 8)
    writer = {"llm": "gemini", "model": "gemini-2.5-flash", "rpm": 8, "budget": 0.1}
    params = complete("landmarks", {"ground": 224.0, "writer": writer})
    found = plan.plan(recipe.make("c", [recipe.source("geotiff", root)], [("landmarks", params), ("pack", {})]))
    [row] = found["asking"]
    assert (row["stage"], row["model"], row["requests"], row["minutes"]) == ("landmarks", "gemini-2.5-flash", 32, 4.0)
    source = recipe.make("c", [recipe.source("geotiff", root)], [])
    parts = corpus.open(run(source, tmp_path / "read", workers=1).path).last_records.parts
    how, asks = landmarks.asks(parts, out=tmp_path / "read/01-landmarks", roots={"geotiff": root}, params=params)
    real = _asking.plan(how, asks, tmp_path / "read/01-landmarks")
    assert real.records <= 32 and real.tokens_in <= row["tokens_in"] <= 2 * real.tokens_in
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(plan.render(found))
    text = " ".join(console.export_text().split())
    assert "landmarks asks gemini-2.5-flash at most 32 questions" in text
    assert "(stops at the budget of $0.10); 4.0 minutes at least" in text
    assert plan.plan(source)["asking"] == []


def test_a_map_named_from_here_is_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from rsdata.cli import app as cli

    root = drawn(tmp_path, 2)
    if not cli.app.registered_commands:
        cli._register()
    monkeypatch.chdir(root)
    words = ["landmarks", ".", "-l", "landmarks/city.osm", "--out", str(tmp_path / "c"), "--workers", "1"]
    done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    monkeypatch.chdir(tmp_path)
    assert extend(tmp_path / "c", "fingerprint", {}, workers=1).ran == 1
