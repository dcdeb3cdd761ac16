"""SpaceNet: building footprints in satellite images of ten cities (Van Etten et al., 2018), rounds 1, 2, 4 and others.

Sources of the format: torchgeo (spacenet/base.py, spacenet1.py, spacenet2.py, spacenet4.py), the GeoJSON of the
solaris project, the competitions' CSV. Footprints are GeoJSON on Earth, brought to pixels through the georeference of
the image. Their coordinates are those of the `crs` member; without one, longitude and latitude where every number
could be that, else the image's own. Images of 16 bits are stretched when they are shown. The CSV is indexed by the
place of its rows, so that no more than the rows of one image are held.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.readers import _files, _geojson, _georef, _pairs, _polygons, _spacenet
from rsdata.readers._info import Info
from rsdata.readers._objects import Page, Shape, finish, no_annotation, refuse_file, refuse_image
from rsdata.record import Drop, Geo, Item, Record

INFO = Info(
    title="SpaceNet",
    task="detection",
    platform="satellite",
    classes={"building": "building"},
    splits=("train", "val", "test"),
    licence="CC-BY-SA-4.0",
    terms="CC BY-SA 4.0 (not verified in a source).",
    homepage="https://spacenet.ai/datasets/",
    citation="Van Etten et al., SpaceNet: A Remote Sensing Dataset and Challenge Series, 2018",
    obtain="Download the archives of a round from s3://spacenet-dataset (https://spacenet.ai/datasets/).",
    tree="""\
SpaceNet/AOI_2_Vegas_Train/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img1.tif    (or PS-RGB, 3band, Pan-Sharpen)
SpaceNet/AOI_2_Vegas_Train/geojson/buildings/buildings_AOI_2_Vegas_img1.geojson
SpaceNet/AOI_2_Vegas_Train/summaryData/AOI_2_Vegas_Train_Building_Solutions.csv
images and footprints of one number (img1, chip1, or 732701_3721589) go together;
or one image and one .geojson, whatever their names""",
)

LABELS = ("", "geojson", "csv")
DEPTH = 5


def find(
    root: Path, split: str | None = None, *, images: bool = True, labels: str = "", product: str = ""
) -> list[Item]:
    """List images and footprints, one item for each scene that has either.

    labels: "geojson" or "csv" (ImageId, BuildingId, PolygonWKT_Pix); empty takes the GeoJSON where it is there.
    product: which images to take, such as "PS-RGB" or "MUL"; empty takes the first of RGB-PanSharpen, PS-RGB, 3band,
    Pan-Sharpen and so on that a scene has. A split without any footprints (test) is left out unless it is asked for.
    """
    if labels not in LABELS:
        raise BadSource(f"SpaceNet: labels is {labels!r} where 'geojson' or 'csv' is wanted")
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    pictures: dict[tuple[str, str], str] = {}
    notes: dict[tuple[str, str], str] = {}
    tables: dict[str, str] = {}
    for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]:
        part = _pairs.split_of(folder.relative_to(root).parts)
        prefix = _files.prefix_of(root, folder)
        for stem, path in _files.images_of(root, folder).items():
            _better(pictures, (part, _spacenet.scene(stem)), path, product)
        for stem, path in _files.listing(folder, {".geojson"}, prefix).items():
            _once(notes, (part, stem), path)
        tables |= {path: part for path in _files.listing(folder, {".csv"}, prefix).values()}
    found = _by_geojson(root, pictures, notes) if notes and labels != "csv" else []
    if not found and labels != "geojson":
        found = _by_csv(root, pictures, tables)
    if not found:
        wanted = {"csv": "CSV with the columns ImageId and PolygonWKT_Pix", "geojson": ".geojson"}
        raise _files.missing(INFO, root, wanted.get(labels, ".geojson, or CSV of buildings,"))
    return _chosen(found, split)


def _chosen(found: list[Item], split: str | None) -> list[Item]:
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    labelled = {item.split for item in found if item.label}
    wanted = labelled if split is None else {split}
    return sorted((item for item in found if item.split in wanted), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the footprints of one image, its size and its place on Earth.

    Drops beside those of all readers: no-georeference (an image that does not say where it lies), and, for objects,
    no-geometry and not-a-polygon.
    """
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        if "rows" in item.data:
            rows = _spacenet.parse_rows(item.root / item.label, item.label, item.data["rows"], item.data["column"])
            count = len(rows.found) + len(rows.refused)
        else:
            collection = _geojson.parse(_files.read_bytes(item.root / item.label, item.label), item.label)
            count = len(collection.features) + len(collection.refused)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    try:
        ground = _georef.read(item.root / (item.image or ""))
        page = _from_rows(rows, ground) if "rows" in item.data else _from_earth(item, collection, ground)
    except BadImage as error:
        shown = BadImage(item.image or "", error.reason, error.problem)
        yield refuse_image(item, shown, count)
        return
    what = "line" if "rows" in item.data else "feature"

    def where(found: Shape) -> str:
        return f"{item.label}: {what} {found.number}"

    for output in finish(item, INFO, page, INFO.concept, where, size=(ground.width, ground.height)):
        if isinstance(output, Record):
            output.geo = ground.geo
        yield output


def _from_rows(rows: _spacenet.Rows, ground: _georef.Ground) -> Page:
    shapes = [_polygons.shape("building", polygons, ground.width, ground.height, line) for line, polygons in rows.found]
    return Page(shapes, rows.refused, gsd=ground.gsd)


def _from_earth(item: Item, collection: _geojson.Collection, ground: _georef.Ground) -> Page:
    """Shapes in pixels. Raises BadImage where the image cannot say where it lies."""
    if not collection.features:
        return Page([], collection.refused, gsd=ground.gsd)
    crs, geo = _crs_of(item, collection, ground.geo)
    rings = [_polygons.flat(feature.polygons) for feature in collection.features]
    try:
        flat = _georef.to_pixels([ring for each in rings for ring in each], crs, geo)
    except ValueError as error:
        problem = f"{item.label}: {error}"
        return Page([], collection.refused + [("bad-annotation", problem)] * len(rings), gsd=ground.gsd)
    corners = iter(flat)
    refused = list(collection.refused)
    shapes: list[Shape] = []
    for feature in collection.features:
        polygons = [[next(corners) for _ in part] for part in feature.polygons]
        if all(math.isfinite(value) for ring in _polygons.flat(polygons) for value in ring):
            shapes.append(_polygons.shape("building", polygons, ground.width, ground.height, feature.number))
        else:
            where = f"{item.label}: feature {feature.number}"
            refused.append(("bad-annotation", f"{where}: a point that has no place in the image's coordinates"))
    return Page(shapes, refused, gsd=ground.gsd)


def _crs_of(item: Item, collection: _geojson.Collection, geo: Geo | None) -> tuple[str, Geo]:
    """The CRS of the footprints, empty for the image's own, and the place of the image."""
    crs = collection.crs
    if not crs and _geojson.looks_like_degrees(collection):
        crs = _geojson.LON_LAT
    if geo is None or (crs and not geo.crs):
        problem = "the file does not say where on Earth it lies, and its footprints need that; take the GeoTIFF"
        raise BadImage(item.image or "", "no-georeference", problem)
    return crs, geo


def _by_geojson(root: Path, pictures: dict[tuple[str, str], str], notes: dict[tuple[str, str], str]) -> list[Item]:
    if len(pictures) == len(notes) == 1:
        (((part, name), image),) = pictures.items()
        (((other, _), footprints),) = notes.items()
        if part == other:
            return [_item(root, part, name, image, footprints, {})]
    keys: dict[tuple[str, str], str] = {}
    for (part, stem), path in notes.items():
        _once(keys, (part, _spacenet.key(stem)), path)
    found = []
    used: set[str] = set()
    for (part, name), image in pictures.items():
        key = _spacenet.key(name)
        label = keys.get((part, key)) or keys.get(("", key))
        used.add(label or "")
        found.append(_item(root, part, name, image, label, {}))
    for (part, stem), path in notes.items():
        if path not in used:
            found.append(_item(root, part, stem, f"{path.rpartition('.')[0]}.tif", path, {}))
    return found


def _by_csv(root: Path, pictures: dict[tuple[str, str], str], tables: dict[str, str]) -> list[Item]:
    scenes: dict[tuple[str, str], tuple[str, str]] = {}
    for (part, name), image in pictures.items():
        scenes.setdefault((part, _spacenet.key(name)), (name, image))
    found = []
    used: set[str] = set()
    for path, part in tables.items():
        table = _spacenet.index_rows(root / path, path)
        for name, rows in table.rows.items():
            scene, image = _scene_of(name, part, pictures, scenes)
            if image in used:
                raise BadSource(f"SpaceNet: {path} and another CSV both have buildings of {name}; keep one of them")
            used.add(image)
            data = {"rows": rows, "column": table.column}
            found.append(_item(root, part, scene, image, path, data))
    if not found:
        return []
    rest = [(key, image) for key, image in pictures.items() if image not in used]
    return found + [_item(root, part, name, image, None, {}) for (part, name), image in rest]


def _scene_of(
    name: str, part: str, pictures: dict[tuple[str, str], str], scenes: dict[tuple[str, str], tuple[str, str]]
) -> tuple[str, str]:
    """The scene and image of an ImageId: by the whole name, else by its key."""
    scene = _spacenet.scene(name)
    if (part, scene) in pictures:
        return scene, pictures[part, scene]
    return scenes.get((part, _spacenet.key(name)), (scene, f"{name}.tif"))


def _item(root: Path, part: str, name: str, image: str, label: str | None, data: dict[str, object]) -> Item:
    return Item(root, f"spacenet/{part}/{name}" if part else f"spacenet/{name}", part, image, label, data)


def _better(into: dict[tuple[str, str], str], key: tuple[str, str], path: str, product: str) -> None:
    """Keep, of the products of one scene, the one asked for, else the one that is most like a photograph."""
    rank = _spacenet.rank(path, product)
    if rank is None:
        return
    if key in into and rank == _spacenet.rank(into[key], product):
        raise BadSource(f"SpaceNet: {into[key]} and {path} are two images of one scene; choose with product")
    if key not in into or rank < (_spacenet.rank(into[key], product) or 0):
        into[key] = path


def _once(into: dict[tuple[str, str], str], key: tuple[str, str], path: str) -> None:
    if key in into:
        raise BadSource(f"SpaceNet: {into[key]} and {path} are footprints of one scene; keep one of them")
    into[key] = path
