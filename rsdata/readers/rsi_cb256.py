"""RSI-CB256: 35 classes of 256 x 256 images, chosen with OpenStreetMap points of interest (Li et al., Sensors 2020).

Source of the format: lehaifeng/RSI-CB (README) and aitlas (datasets/rsi_cb256.py). Classes lie in folders of wider ones
(transportation/airport_runway/); names hold parentheses: bridge_(12).tif. "hirst" and "sapling" are official spellings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSI-CB256",
    task="scenes",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "airport_runway": "runway",
        "artificial_grassland": "artificial_grassland",
        "avenue": "avenue",
        "bare_land": "bare_land",
        "bridge": "bridge",
        "city_building": "city_building",
        "coastline": "coastline",
        "container": "shipping_container",
        "crossroads": "crossroads",
        "dam": "dam",
        "desert": "desert",
        "dry_farm": "dry_farm",
        "forest": "forest",
        "green_farmland": "green_farmland",
        "highway": "highway",
        "hirst": "hirst",
        "lakeshore": "lakeshore",
        "mangrove": "mangrove",
        "marina": "marina",
        "mountain": "mountain",
        "parkinglot": "parking_lot",
        "pipeline": "pipeline",
        "residents": "residential_area",
        "river": "river",
        "river_protection_forest": "river_protection_forest",
        "sandbeach": "beach",
        "sapling": "sapling",
        "sea": "sea",
        "shrubwood": "shrubwood",
        "snow_mountain": "snow_mountain",
        "sparse_forest": "sparse_forest",
        "storage_room": "storage_room",
        "stream": "stream",
        "town": "town",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated; research use with citation. The images are of Google Earth and Bing Maps.",
    homepage="https://github.com/lehaifeng/RSI-CB",
    citation="Li et al., RSI-CB: A Large-Scale Remote Sensing Image Classification Benchmark, Sensors 2020",
    obtain="Download RSI-CB256.rar by the links of https://github.com/lehaifeng/RSI-CB and unpack it there.",
    tree="""\
RSI-CB256/transportation/airport_runway/airport_runway_(1).tif ...
RSI-CB256/woodland/mangrove/mangrove_(1).tif ...    (or the classes without wider folders)""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "rsi_cb256")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
