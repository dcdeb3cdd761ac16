"""Any folder of rasters, georeferenced or not: one record for each, without annotations.

Source of the format: GDAL's raster data model, by way of rasterio (https://rasterio.readthedocs.io). What a raster may
bring and this reader takes: no CRS at all, degrees, feet, a custom CRS, a rotated transform, 1 to many bands, any type,
nodata of any value. `gsd` is metres per pixel on the ground at the centre of the image: the side of a square with the
area of one pixel. Without CRS there is no `geo` and no `gsd`. VRT files are left out: they only point to other rasters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.readers import _files, _geo
from rsdata.readers._info import Info
from rsdata.readers._objects import refuse_image
from rsdata.record import Drop, Geo, Item, Record

INFO = Info(
    title="Georeferenced rasters",
    task="landmarks",
    platform="",
    classes={},
    splits=(),
    licence="unknown",
    terms="The terms are those of the imagery that is read.",
    homepage="https://gdal.org/en/stable/drivers/raster/gtiff.html",
    citation="OGC GeoTIFF Standard 1.1, OGC 19-008r4, 2019",
    obtain="Give a folder of rasters (.tif, .tiff, .jp2).",
    tree="""\
scene.tif ...    (in the root or below)""",
)

SUFFIXES = (".tif", ".tiff", ".gtiff", ".jp2")
DEPTH = 6


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the rasters of the root and the folders below."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    found = [
        Item(root, f"geotiff/{path.rpartition('.')[0]}", "", path)
        for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]
        for path in _files.listing(folder, SUFFIXES, _files.prefix_of(root, folder)).values()
    ]
    if not found:
        raise _files.missing(INFO, root, "raster (*.tif, *.tiff, *.jp2)")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the header of one raster."""
    path = item.root / (item.image or "")
    try:
        info = pixels.info(path)
        geo, gsd, extra = _place(path)
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        path=item.image,
        width=info.width,
        height=info.height,
        gsd=gsd,
        geo=geo,
        licence=INFO.licence,
        extra=extra,
    )


def _place(path: Path) -> tuple[Geo | None, float | None, dict[str, str]]:
    """CRS and transform, metres per pixel, and what goes to `extra`: bands, type, nodata. Raises BadImage."""
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with pixels.dataset(path) as src:
                extra = {"bands": str(src.count), "dtype": str(src.dtypes[0])}
                if src.nodata is not None:
                    extra["nodata"] = f"{src.nodata:.17g}"
                if src.crs is None or src.transform.is_identity:
                    return None, None, extra
                a, b, c, d, e, f = (float(value) for value in src.transform[:6])
                geo = Geo(str(src.crs.to_string()), (a, b, c, d, e, f))
                return geo, metres(src.crs, geo.transform, src.width, src.height), extra
    except RasterioError as error:
        problem = f"the raster cannot be read ({str(error).splitlines()[0][:120]})"
        raise BadImage(path, "unreadable-image", problem) from error


def metres(crs: Any, transform: _geo.Transform, width: int, height: int) -> float | None:
    """Metres per pixel at the centre; `crs` is rasterio's. None where the CRS does not say what its units are.

    Degrees are converted on the ellipsoid; Mercator's units shrink with the latitude; other projections are close to
    true, and are taken at their word.
    """
    from rasterio.errors import CRSError

    try:
        _, factor = crs.units_factor
    except CRSError:
        return None
    x, y = _geo.middle(transform, width, height)
    if crs.is_geographic:
        degrees = math.degrees(factor)
        east, north = _geo.metres_per_degree(y * degrees)
        return _geo.pixel_metres(transform, east * degrees, north * degrees)
    scale = math.cos(math.radians(_latitude(crs, x, y))) if _is_mercator(crs) else 1.0
    return _geo.pixel_metres(transform, factor * scale, factor * scale)


def _is_mercator(crs: Any) -> bool:
    return str(crs.to_dict(projjson=False).get("proj")) in ("merc", "webmerc")


def _latitude(crs: Any, x: float, y: float) -> float:
    """Latitude in degrees of a point."""
    from rasterio.warp import transform

    _, latitudes = transform(crs, "EPSG:4326", [x], [y])
    return float(latitudes[0]) if math.isfinite(latitudes[0]) else 0.0
