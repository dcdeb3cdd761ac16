"""RSI-CB128: 45 classes of 128 x 128 images, chosen with OpenStreetMap points of interest (Li et al., Sensors 2020).

Source of the format: lehaifeng/RSI-CB (README); the class list was checked in part only, so an unknown folder may
well be one of the official ones: it comes out as counted drops. Classes lie in folders of wider ones; file names hold
parentheses.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSI-CB128",
    task="scenes",
    platform="satellite",
    classes={
        "city_building": "city_building",
        "container": "shipping_container",
        "grave": "cemetery",
        "residents": "residential_area",
        "storage_room": "storage_room",
        "tower": "tower",
        "bare_land": "bare_land",
        "dry_farm": "dry_farm",
        "green_farmland": "green_farmland",
        "desert": "desert",
        "mountain": "mountain",
        "sandbeach": "beach",
        "snow_mountain": "snow_mountain",
        "pipeline": "pipeline",
        "town": "town",
        "airport_runway": "runway",
        "avenue": "avenue",
        "bridge": "bridge",
        "city_road": "city_road",
        "crossroads": "crossroads",
        "fork_road": "fork_road",
        "highway": "highway",
        "marina": "marina",
        "mountain_road": "mountain_road",
        "overpass": "overpass",
        "parkinglot": "parking_lot",
        "rail": "railway",
        "turning_circle": "roundabout",
        "coastline": "coastline",
        "dam": "dam",
        "hirst": "hirst",
        "lakeshore": "lakeshore",
        "river": "river",
        "sea": "sea",
        "stream": "stream",
        "artificial_grassland": "artificial_grassland",
        "city_avenue": "city_avenue",
        "city_green_tree": "city_green_tree",
        "forest": "forest",
        "mangrove": "mangrove",
        "natural_grassland": "natural_grassland",
        "river_protection_forest": "river_protection_forest",
        "sapling": "sapling",
        "shrubwood": "shrubwood",
        "sparse_forest": "sparse_forest",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth and Bing Maps.",
    homepage="https://github.com/lehaifeng/RSI-CB",
    citation="Li et al., RSI-CB: A Large-Scale Remote Sensing Image Classification Benchmark, Sensors 2020",
    obtain="Download RSI-CB128.rar by the links of https://github.com/lehaifeng/RSI-CB and unpack it there.",
    tree="""\
RSI-CB128/construction land/city_building/city_building_(1).tif ...
RSI-CB128/woodland/mangrove/mangrove_(1).tif ...    (or the classes without wider folders)""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "rsi_cb128")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
