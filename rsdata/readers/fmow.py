"""Functional Map of the World (fMoW): one million images of 62 kinds of places, each with boxes (Christie, CVPR 2018).

Source of the format: fMoW/dataset (README: categories, boxes as [x, y, width, height] with x, y the top left corner);
the folder tree and the keys of the JSON files are from public loaders, so they are read leniently. Each image has a
JSON file of its name. The `_msrgb` images are coarser views of the same places, and are left out unless asked for. In
the test folders the categories were taken away: an image of which neither folder nor JSON tells one is a drop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation
from rsdata.readers import _files, _scenes
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import STAGE, Page, Shape, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record
from rsdata.words import fold

INFO = Info(
    title="fMoW (RGB)",
    task="scenes",
    platform="satellite",
    classes={
        "airport": "airport",
        "airport_hangar": "aircraft_hangar",
        "airport_terminal": "airport_terminal",
        "amusement_park": "amusement_park",
        "aquaculture": "aquaculture",
        "archaeological_site": "archaeological_site",
        "barn": "barn",
        "border_checkpoint": "border_checkpoint",
        "burial_site": "cemetery",
        "car_dealership": "car_dealership",
        "construction_site": "construction_site",
        "crop_field": "crop_field",
        "dam": "dam",
        "debris_or_rubble": "debris_or_rubble",
        "educational_institution": "educational_institution",
        "electric_substation": "electric_substation",
        "factory_or_powerplant": "factory_or_power_plant",
        "fire_station": "fire_station",
        "flooded_road": "flooded_road",
        "fountain": "fountain",
        "gas_station": "gas_station",
        "golf_course": "golf_course",
        "ground_transportation_station": "ground_transportation_station",
        "helipad": "helipad",
        "hospital": "hospital",
        "impoverished_settlement": "impoverished_settlement",
        "interchange": "interchange",
        "lake_or_pond": "lake_or_pond",
        "lighthouse": "lighthouse",
        "military_facility": "military_facility",
        "multi-unit_residential": "multi_unit_residential",
        "nuclear_powerplant": "nuclear_power_plant",
        "office_building": "office_building",
        "oil_or_gas_facility": "oil_or_gas_facility",
        "park": "park",
        "parking_lot_or_garage": "parking_lot_or_garage",
        "place_of_worship": "place_of_worship",
        "police_station": "police_station",
        "port": "harbor",
        "prison": "prison",
        "race_track": "race_track",
        "railway_bridge": "railway_bridge",
        "recreational_facility": "recreational_facility",
        "road_bridge": "road_bridge",
        "runway": "runway",
        "shipyard": "shipyard",
        "shopping_mall": "shopping_mall",
        "single-unit_residential": "single_unit_residential",
        "smokestack": "chimney",
        "solar_farm": "solar_farm",
        "space_facility": "space_facility",
        "stadium": "stadium",
        "storage_tank": "storage_tank",
        "surface_mine": "surface_mine",
        "swimming_pool": "swimming_pool",
        "toll_booth": "toll_booth",
        "tower": "tower",
        "tunnel_opening": "tunnel_opening",
        "waste_disposal": "waste_disposal",
        "water_treatment_facility": "water_treatment_facility",
        "wind_farm": "wind_farm",
        "zoo": "zoo",
        "false_detection": None,
    },
    splits=("train", "val", "test"),
    licence="fMoW-Challenge",
    terms="Functional Map of the World Challenge Public License; the images are of DigitalGlobe.",
    homepage="https://github.com/fMoW/dataset",
    citation="Christie et al., Functional Map of the World, CVPR 2018",
    obtain="Fetch s3://spacenet-dataset/Hosted-Datasets/fmow/fmow-rgb, as https://github.com/fMoW/dataset says.",
    tree="""\
fmow-rgb/train/airport/airport_0/airport_0_0_rgb.jpg  airport_0_0_rgb.json ...
fmow-rgb/val/...  fmow-rgb/test/...    (test without categories)""",
)

DEPTH = 4  # fmow-rgb/train/airport/airport_0
KEPT = ("timestamp", "country_code", "cloud_cover", "utm")  # of the JSON, into extra
_PLACE = re.compile(r"(.+)_\d+_\d+_(?:ms)?rgb$")
_SPELLED = _scenes.spellings(INFO)


class Entry(NamedTuple):
    """One JSON file: its boxes, and what it says of the image."""

    page: Page
    categories: tuple[str, ...]


def find(root: Path, split: str | None = None, *, images: bool = True, msrgb: bool = False) -> list[Item]:
    """List the images with the JSON beside each.

    msrgb: list the coarser multispectral views (`_msrgb.jpg`) too.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    found: list[Item] = []
    for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]:
        pictures = _files.images_of(root, folder)
        beside = _files.listing(folder, {".json"}, _files.prefix_of(root, folder)) if pictures else {}
        for stem, path in pictures.items():
            if msrgb or not stem.endswith("_msrgb"):
                found.append(_item(root, path, stem, beside.get(stem)))
    if not any(item.label and item.split for item in found):
        raise _files.missing(INFO, root, "image with its JSON (train/airport/airport_0/airport_0_0_rgb.jpg and .json)")
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one JSON file and the size of its image."""
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        page, categories = parse(_files.read_text(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    names = {name for name in (item.data["class"], *categories) if name and INFO.concept(name)}
    if not names:
        yield Drop(
            item.id, STAGE, "missing-annotation", f"{item.label}: no category", 1, len(page.shapes) + len(page.refused)
        )
        return
    name = item.data["class"] or sorted(names)[0]

    def where(shape: Shape) -> str:
        return f"{item.label}: bounding_boxes[{shape.number}]"

    for output in finish(item, INFO, page, INFO.concept, where):
        if isinstance(output, Record):
            output.label = INFO.concept(name)
            output.extra = {"class": name, **output.extra}
        yield output


def parse(text: str, shown: str) -> Entry:
    """Parse one JSON file; `shown` is its name in messages.

        {"gsd": 0.5, "cloud_cover": 0, "bounding_boxes": [{"ID": 1, "category": "airport", "box": [0, 0, 9, 9]}]}

    A box that is no four numbers is refused (bad-annotation). A box without category has the class "", which is no
    class. Raises BadAnnotation where there is no list of boxes.
    """
    try:
        page = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise BadAnnotation(shown, 0, "the JSON is nested too deeply, or holds a number too long") from error
    boxes = page.get("bounding_boxes") if isinstance(page, dict) else None
    if not isinstance(boxes, list):
        raise BadAnnotation(shown, 0, 'no list "bounding_boxes"')
    shapes: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for n, node in enumerate(boxes):
        shape = _shape(node, n)
        if shape is None:
            refused.append(("bad-annotation", f"{shown}: bounding_boxes[{n}] has no box of four numbers"))
        else:
            shapes.append(shape)
    categories = tuple(dict.fromkeys(shape.name for shape in shapes))
    known = tuple(_SPELLED[name] for name in map(fold, categories) if name in _SPELLED)
    extra = {key: clean(str(page[key])) for key in KEPT if isinstance(page.get(key), str | int | float)}
    return Entry(Page(shapes, refused, gsd=_gsd(page.get("gsd")), extra=extra), known)


def _item(root: Path, path: str, stem: str, label: str | None) -> Item:
    folders = path.split("/")[:-1]
    split = next((_scenes.SPLITS[part.lower()] for part in folders if part.lower() in _scenes.SPLITS), "")
    match = _PLACE.match(stem)
    names = [*reversed(folders), match[1] if match else ""]
    name = next((_SPELLED[folded] for folded in map(fold, names) if folded in _SPELLED), "")
    return Item(root, f"fmow/{split}/{stem}" if split else f"fmow/{stem}", split, path, label, {"class": name})


def _shape(node: Any, n: int) -> Shape | None:
    box = node.get("box") if isinstance(node, Mapping) else None
    if not isinstance(box, list) or len(box) != 4:
        return None
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not abs(v) <= 1e7 for v in box):
        return None
    x, y, width, height = (float(v) for v in box)
    return Shape(clean(str(node.get("category") or ""))[:60], (x, y, x + width, y + height), number=n)


def _gsd(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e4
    return float(value) if good else None
