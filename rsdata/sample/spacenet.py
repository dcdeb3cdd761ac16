"""The drawn world in the format of SpaceNet 2: 16-bit GeoTIFF, footprints as GeoJSON on Earth and as CSV in pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from rsdata.sample.classes import U8, buildings
from rsdata.sample.files import Shot, note, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = tuple(Shot(kind, 512, 512, 0.3) for kind in ("residential", "residential", "farmland", "playground"))
FOLDERS = {"train": "AOI_9_Nowhere_Train", "val": "AOI_9_Nowhere_Val", "test": "AOI_9_Nowhere_Test_public"}
CRS = "EPSG:32631"
LEFT, TOP = 500_000.0, 100_000.0  # metres in that zone: in the Gulf of Guinea, where nothing is built
STEP = 1_000.0


def write(root: Path, scenes: int, seed: int) -> int:
    """Write RGB-PanSharpen/, geojson/buildings/ and summaryData/ for train and val, images alone for test."""
    note(root, "SpaceNet")
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "spacenet"), 1):
        base, name = root / FOLDERS[split], f"AOI_9_Nowhere_img{number}"
        _save(base / "RGB-PanSharpen" / f"RGB-PanSharpen_{name}.tif", paint(scene), transform(scene, number))
        if split != "test":
            text = json.dumps(collection(scene, number))
            save_text(base / "geojson/buildings" / f"buildings_{name}.geojson", [text])
            save_text(base / "summaryData" / f"{FOLDERS[split]}_{number}.csv", rows(scene, name))
    return scenes


def transform(scene: Scene, number: int) -> tuple[float, float, float, float, float, float]:
    """From pixels to metres: a b c d e f."""
    return (scene.gsd, 0.0, LEFT + STEP * number, 0.0, -scene.gsd, TOP)


def collection(scene: Scene, number: int) -> dict[str, Any]:
    """The footprints in metres, with a crs member; empty where there is no building."""
    a, _, c, _, e, f = transform(scene, number)
    features = []
    for thing in buildings(scene):
        corners = [[a * x + c, e * y + f] for x, y in (*thing.outline, thing.outline[0])]
        geometry = {"type": "Polygon", "coordinates": [corners]}
        features.append({"type": "Feature", "properties": {"building": "yes"}, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32631"}}
    return {"type": "FeatureCollection", "crs": crs, "features": features}


def rows(scene: Scene, name: str) -> list[str]:
    """The competition's CSV; an image without buildings has one row with an empty polygon."""
    head = "ImageId,BuildingId,PolygonWKT_Pix,PolygonWKT_Geo"
    found = [f'{name},{n},"{_wkt(thing)}","POLYGON EMPTY"' for n, thing in enumerate(buildings(scene), 1)]
    return [head, *(found or [f"{name},-1,POLYGON EMPTY,POLYGON EMPTY"])]


def _wkt(thing: Thing) -> str:
    points = ",".join(f"{x:.3f} {y:.3f} 0" for x, y in (*thing.outline, thing.outline[0]))
    return f"POLYGON (({points}))"


def _save(path: Path, pixels: U8, place: tuple[float, ...]) -> None:
    """11 of 16 bits are used, as by the satellite."""
    import rasterio
    from rasterio.transform import Affine

    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, count = pixels.shape
    options: dict[str, Any] = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": "uint16"}
    with rasterio.open(path, "w", **options, crs=CRS, transform=Affine(*place), compress="lzw") as out:
        out.write(np.moveaxis(pixels, 2, 0).astype(np.uint16) * 7 + 60)
