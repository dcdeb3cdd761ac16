"""The drawn world as georeferenced rasters: GeoTIFF in UTM, side by side from west to east; and the map of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsdata.sample import city
from rsdata.sample.files import Shot, note, shots
from rsdata.sample.paint import paint

CRS, WEST, NORTH = "EPSG:32631", 500_000.0, 5_400_000.0
SHOTS = tuple(Shot(kind, 512, 512, 0.5) for kind in ("airport", "port", "residential", "farmland", "storagetanks"))


def write(root: Path, scenes: int, seed: int) -> int:
    """Write scene_<n>.tif, three bands, and the map in landmarks/city.osm and city.geojson."""
    import rasterio
    from rasterio.transform import from_origin

    note(root, "GeoTIFF")
    drawn = [scene for _, scene in shots(SHOTS, scenes, seed, "geotiff")]
    city.write(root, drawn, WEST, NORTH, CRS)
    for number, scene in enumerate(drawn):
        left = WEST + number * scene.width * scene.gsd
        transform = from_origin(left, NORTH, scene.gsd, scene.gsd)
        size = {"width": scene.width, "height": scene.height, "count": 3, "dtype": "uint8"}
        path = root / f"scene_{number}.tif"
        with rasterio.open(path, "w", driver="GTiff", crs=CRS, transform=transform, compress="deflate", **size) as out:
            out.write(np.moveaxis(paint(scene), -1, 0))
    return scenes
