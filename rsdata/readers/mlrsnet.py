"""MLRSNet: 46 scene categories, and up to 13 of 60 tags for each image (Qi et al., ISPRS Journal 2020).

Source of the format: cugbrs/MLRSNet (README, Categories_names.xlsx, the headers of labels/*.csv). Spellings are the
official ones, slips included: the category `swimmimg_pool`, the tag `habor`. Tags go to `extra["tags"]`, joined by
commas, in the order of the table. The images come as one rar file for each category.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rsdata.errors import BadAnnotation, BadSource
from rsdata.place import place
from rsdata.readers import _files, _scenes
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="MLRSNet",
    task="scenes",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "airport": "airport",
        "bareland": "bare_land",
        "baseball_diamond": "baseball_diamond",
        "basketball_court": "basketball_court",
        "beach": "beach",
        "bridge": "bridge",
        "chaparral": "chaparral",
        "cloud": "cloud",
        "commercial_area": "commercial_area",
        "dense_residential_area": "dense_residential_area",
        "desert": "desert",
        "eroded_farmland": "eroded_farmland",
        "farmland": "farmland",
        "forest": "forest",
        "freeway": "freeway",
        "golf_course": "golf_course",
        "ground_track_field": "ground_track_field",
        "harbor&port": "harbor",
        "industrial_area": "industrial_area",
        "intersection": "intersection",
        "island": "island",
        "lake": "lake",
        "meadow": "meadow",
        "mobile_home_park": "mobile_home_park",
        "mountain": "mountain",
        "overpass": "overpass",
        "park": "park",
        "parking_lot": "parking_lot",
        "parkway": "parkway",
        "railway": "railway",
        "railway_station": "train_station",
        "river": "river",
        "roundabout": "roundabout",
        "shipping_yard": "shipping_yard",
        "snowberg": "snowberg",
        "sparse_residential_area": "sparse_residential_area",
        "stadium": "stadium",
        "storage_tank": "storage_tank",
        "swimmimg_pool": "swimming_pool",
        "tennis_court": "tennis_court",
        "terrace": "terrace",
        "transmission_tower": "transmission_tower",
        "vegetable_greenhouse": "vegetable_greenhouse",
        "wetland": "wetland",
        "wind_turbine": "wind_turbine",
    },
    splits=(),
    licence="none-stated",
    terms="No licence is stated in its repository; research use with citation. The images are of Google Earth.",
    homepage="https://github.com/cugbrs/MLRSNet",
    citation="Qi et al., MLRSNet: A Multi-label High Spatial Resolution Remote Sensing Dataset, ISPRS Journal 2020",
    obtain="Download MLRSNet by the links of https://github.com/cugbrs/MLRSNet and unpack the rar files in Images/.",
    tree="""\
MLRSNet/Images/airplane/airplane_00001.jpg ...
MLRSNet/labels/airplane.csv    (header: image and 60 tags; 0 or 1)""",
)

ALIASES = {"swimming_pool": "swimmimg_pool", "harbor_port": "harbor&port", "harbor": "harbor&port"}


class Tags(NamedTuple):
    """The tags of one image; `problem` says why its line cannot be used."""

    names: tuple[str, ...]
    problem: str = ""


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders with their tags, and the lines of the tables that have no image.

    Without tables the images have no tags. Raises BadSource for a table that cannot be read at all.
    """
    found = _scenes.find(root, split, images, INFO, "mlrsnet", aliases=ALIASES)
    tags = read_tags(place(root))
    for item in found:
        line = tags.pop(_files.stem_of(item.image or ""), None)
        if line is not None and "class" in item.data:
            item.data["tags"] = line
    if split is None and tags:
        first = min(tags)
        detail = f"{len(tags):,} lines of labels/*.csv have no image here, first {first}"
        found.append(Item(place(root), "mlrsnet/listed-but-absent", data={"absent": len(tags), "detail": detail}))
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its tags are in the item."""
    if "absent" in item.data:
        yield Drop(item.id, STAGE, "listed-but-absent", item.data["detail"], images=item.data["absent"])
        return
    tags: Tags = item.data.get("tags", Tags(()))
    if tags.problem:
        yield Drop(item.id, STAGE, "bad-annotation", tags.problem)
        return
    yield from _scenes.read(item, INFO, {"tags": ",".join(tags.names)} if tags.names else None)


def read_tags(root: Path) -> dict[str, Tags]:
    """Tags of every line of labels/*.csv, by the stem of the image. Raises BadSource."""
    found: dict[str, Tags] = {}
    for folder in _files.folders(root, _files.named("labels", "label"), depth=2):
        for path in _files.listing(folder, {".csv"}, _files.prefix_of(root, folder)).values():
            try:
                found |= parse_tags(_files.read_text(root / path, path), path)
            except BadAnnotation as error:
                raise BadSource(f"MLRSNet: {error}; get this file again, or take it away") from error
    return found


def parse_tags(text: str, shown: str) -> dict[str, Tags]:
    """Parse one table; `shown` is its name in messages.

        image,airplane,airport,bare soil, ...
        airplane_00001.jpg,1,0,1, ...

    A line with another number of columns, or with anything but 0 and 1, comes with a problem. Raises BadAnnotation
    where the first line is no such header.
    """
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise BadAnnotation(shown, 0, f"no comma-separated table ({error})") from error
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) < 2 or header[0].lower() != "image":
        raise BadAnnotation(shown, 1, f"the header begins with {','.join(header)[:40]!r} where 'image' is wanted")
    found: dict[str, Tags] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        values = [value.strip() for value in row[1:]]
        problem = ""
        if len(row) != len(header):
            problem = f"{shown}:{line}: {len(row)} columns where the header has {len(header)}"
        elif bad := [value for value in values if value not in ("0", "1")]:
            problem = f"{shown}:{line}: {bad[0][:40]!r} where 0 or 1 is wanted"
        names = () if problem else tuple(n for n, v in zip(header[1:], values, strict=True) if v == "1")
        found[_files.stem_of(row[0].strip())] = Tags(names, problem)
    return found
