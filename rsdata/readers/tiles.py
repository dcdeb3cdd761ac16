"""Slippy map tiles, by name (`OAM-619212-523272-20.png`) or by folder (`20/619212/523272.png`).

Sources of the format: OpenStreetMap wiki, Slippy map tilenames; hotosm/fAIr-utilities for the names (x-y-z, rows from
the top). One folder may mix zooms. Some tiles are JPEG data under a .png name; the bytes tell. Tiles lie in web
Mercator (EPSG:3857), whose units are no metres on the ground: `gsd` is taken at the latitude of the tile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rsdata import pixels
from rsdata.errors import BadImage, BadSource
from rsdata.readers import _files, _geo
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, refuse_image
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Web map tiles",
    task="landmarks",
    platform="",
    classes={},
    splits=(),
    licence="unknown",
    terms="The terms are those of the imagery that is read (OpenAerialMap: CC-BY-4.0; Google and Bing forbid it).",
    homepage="https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames",
    citation="OpenStreetMap contributors, Slippy map tilenames",
    obtain="Give a folder of tiles named x-y-z or laid out as z/x/y; set scheme=tms where rows count from the bottom.",
    tree="""\
OAM-619212-523272-20.png    (any prefix, then x-y-z)
20/619212/523272.png        (or z/x/y, under any folder)""",
)

DEPTH = 6
SCHEMES, ORDERS = ("xyz", "tms"), ("xyz", "zxy")
_NAME = re.compile(r"(?:.*[^0-9])??(\d+)[-_](\d+)[-_](\d+)(?:@\dx)?$")
_ROW = re.compile(r"(\d+)(?:@\dx)?$")


def find(
    root: Path, split: str | None = None, *, images: bool = True, scheme: str = "xyz", order: str = "xyz"
) -> list[Item]:
    """List the images; those of which neither name nor folders tell a tile are drops (no-tile-name).

    scheme: "xyz", rows from the top, or "tms", rows from the bottom.
    order: what the three numbers in a file name are: "xyz" or "zxy". Folders are always z/x/y.
    """
    if scheme not in SCHEMES or order not in ORDERS:
        raise BadSource(f"tiles: scheme is one of {SCHEMES}, order one of {ORDERS}; got {scheme!r} and {order!r}")
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    found: list[Item] = []
    for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]:
        for path in _files.images_of(root, folder).values():
            data = {"tile": tile_of(path, order), "scheme": scheme}
            found.append(Item(root, f"tiles/{path.rpartition('.')[0]}", "", path, None, data))
    if not any(item.data["tile"] for item in found):
        raise _files.missing(INFO, root, "image named for a tile (OAM-619212-523272-20.png or 20/619212/523272.png)")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one tile; its place is in the item. `extra["tile"]` is z/x/y with rows from the top."""
    image, tile = item.image or "", item.data["tile"]
    if tile is None:
        yield Drop(item.id, STAGE, "no-tile-name", f"{image}: neither its name nor its folders tell a tile")
        return
    x, y, zoom = tile
    if zoom > _geo.DEEPEST or max(x, y) >= 2**zoom:
        detail = f"{image}: there is no tile x {x}, y {y} at zoom {zoom}; are the numbers in another order?"
        yield Drop(item.id, STAGE, "no-such-tile", detail)
        return
    try:
        info = pixels.info(item.root / image)
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    y = 2**zoom - 1 - y if item.data["scheme"] == "tms" else y
    geo, gsd = _geo.tile_geo(x, y, zoom, info.width, info.height)
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        path=image,
        width=info.width,
        height=info.height,
        gsd=gsd,
        geo=geo,
        licence=INFO.licence,
        extra={"tile": f"{zoom}/{x}/{y}", "format": info.format},
    )


def tile_of(path: str, order: str = "xyz") -> tuple[int, int, int] | None:
    """x, y and zoom that a path tells, such as

        OAM-619212-523272-20.png
        site/20/619212/523272@2x.jpg

    None where it tells none. Numbers are not checked.
    """
    *folders, _ = path.split("/")
    stem = _files.stem_of(path)
    if match := _NAME.match(stem):
        first, second, third = (int(number[:12]) for number in match.groups())
        return (first, second, third) if order == "xyz" else (second, third, first)
    row = _ROW.match(stem)
    if row and len(folders) > 1 and folders[-1].isdecimal() and folders[-2].isdecimal():
        return int(folders[-1][:12]), int(row[1][:12]), int(folders[-2][:12])
    return None
