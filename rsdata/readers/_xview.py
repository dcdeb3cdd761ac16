"""The features of xView's GeoJSON: a box as text, a number for the class. A pure parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import FARTHEST, Page, Shape, number
from rsdata.record import Box

NAMES = {
    11: "Fixed-wing Aircraft",
    12: "Small Aircraft",
    13: "Passenger/Cargo Plane",
    15: "Helicopter",
    17: "Passenger Vehicle",
    18: "Small Car",
    19: "Bus",
    20: "Pickup Truck",
    21: "Utility Truck",
    23: "Truck",
    24: "Cargo Truck",
    25: "Truck Tractor w/ Box Trailer",
    26: "Truck Tractor",
    27: "Trailer",
    28: "Truck Tractor w/ Flatbed Trailer",
    29: "Truck Tractor w/ Liquid Tank",
    32: "Crane Truck",
    33: "Railway Vehicle",
    34: "Passenger Car",
    35: "Cargo/Container Car",
    36: "Flat Car",
    37: "Tank car",
    38: "Locomotive",
    40: "Maritime Vessel",
    41: "Motorboat",
    42: "Sailboat",
    44: "Tugboat",
    45: "Barge",
    47: "Fishing Vessel",
    49: "Ferry",
    50: "Yacht",
    51: "Container Ship",
    52: "Oil Tanker",
    53: "Engineering Vehicle",
    54: "Tower crane",
    55: "Container Crane",
    56: "Reach Stacker",
    57: "Straddle Carrier",
    59: "Mobile Crane",
    60: "Dump Truck",
    61: "Haul Truck",
    62: "Scraper/Tractor",
    63: "Front loader/Bulldozer",
    64: "Excavator",
    65: "Cement Mixer",
    66: "Ground Grader",
    71: "Hut/Tent",
    72: "Shed",
    73: "Building",
    74: "Aircraft Hangar",
    76: "Damaged Building",
    77: "Facility",
    79: "Construction Site",
    83: "Vehicle Lot",
    84: "Helipad",
    86: "Storage Tank",
    89: "Shipping container lot",
    91: "Shipping Container",
    93: "Pylon",
    94: "Tower",
}


def image_of(feature: Any) -> str | None:
    """The image that a feature names ("5.tif"; a number in some copies); None for anything else."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    found = properties.get("image_id") if isinstance(properties, dict) else None
    if type(found) is int:
        return str(found)
    return clean(found.strip()) or None if isinstance(found, str) else None


def parse(features: Sequence[Any], shown: str) -> Page:
    """Shapes of the features of one image; `shown` is the file's name in messages.

        {"type": "Feature", "properties": {"bounds_imcoords": "2712,1145,2746,1177", "type_id": 73,
         "image_id": "2355.tif", "feature_id": 374410}, "geometry": {...}}

    bounds_imcoords is xmin,ymin,xmax,ymax in pixels, used as they are, since no source states their convention. A
    Shape's number is the ordinal among the features of its image. Refused: no-box (an empty list or text), and
    bad-annotation. Ids without a name (75, 82) become names like "type 75", which no concept fits.
    """
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for count, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        where = f"{shown}: {place(properties, count)}"
        try:
            if not isinstance(properties, dict):
                raise ValueError("a feature without properties")
            name = _name(properties.get("type_id"))
            box = _box(properties.get("bounds_imcoords"))
        except ValueError as error:
            refused.append(("bad-annotation", f"{where}: {error}"))
            continue
        if box is None:
            refused.append(("no-box", f"{where}: bounds_imcoords is empty"))
        else:
            shapes.append(Shape(name, box, (), False, count))
    return Page(shapes, refused)


def place(properties: Any, count: int) -> str:
    """How messages name a feature: by its id, or its ordinal in the image."""
    id = properties.get("feature_id") if isinstance(properties, dict) else None
    return f"feature_id {clean(str(id))[:40]}" if isinstance(id, int | str) else f"feature {count} of its image"


def _name(value: Any) -> str:
    index = int(value) if type(value) is float and value.is_integer() else value
    if isinstance(index, str) and index.strip().isascii() and index.strip().isdigit():
        index = int(index.strip()[:9])
    if type(index) is not int:
        raise ValueError(f"type_id is {str(value)[:40]!r} where a number is wanted")
    return NAMES.get(index, f"type {index}")


def _box(value: Any) -> Box | None:
    """Four numbers as text, or as a list; None for an empty one."""
    if value in ([], ""):
        return None
    if isinstance(value, str):
        found = [number(field) for field in value.split(",")]
    elif isinstance(value, list) and all(type(v) in (int, float) and -FARTHEST <= v <= FARTHEST for v in value):
        found = [float(v) for v in value]
    else:
        raise ValueError(f"bounds_imcoords is {str(value)[:40]!r} where xmin,ymin,xmax,ymax is wanted")
    if len(found) != 4:
        raise ValueError(f"bounds_imcoords has {len(found)} numbers where 4 are wanted")
    return found[0], found[1], found[2], found[3]
