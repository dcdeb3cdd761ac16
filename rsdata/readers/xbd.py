"""xBD (xView2): buildings before and after disasters, with the damage of each (Gupta et al., CVPR workshops 2019).

Sources of the format: DIUx-xView/xView2_baseline (README, utils), torchgeo (xview.py). Every scene has two images,
`extra["phase"]` pre and post, of one `extra["pair"]`. The polygons after the disaster carry the damage (`subtype`);
those before have none, and are buildings. Polygons are well-known text in pixels and may leave the image. The picture
after the disaster may be shifted against the one before. The index masks of targets/ are an option.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.readers import _files, _masks, _pairs, _polygons
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import Page, Shape, finish, no_annotation, refuse_file, refuse_image
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="xBD",
    task="detection",
    platform="satellite",
    classes={
        "building": "building",
        "un-classified": "building",
        "no-damage": "undamaged_building",
        "minor-damage": "slightly_damaged_building",
        "major-damage": "heavily_damaged_building",
        "destroyed": "destroyed_building",
    },
    splits=("train", "val", "test"),
    licence="CC-BY-NC-SA-4.0",
    terms="CC BY-NC-SA 4.0 (not verified in a source); the images are of Maxar's Open Data programme.",
    homepage="https://xview2.org/",
    citation="Gupta et al., xBD: A Dataset for Assessing Building Damage from Satellite Imagery, CVPRW 2019",
    obtain="Register at https://xview2.org/dataset, download the archives and unpack them there.",
    tree="""\
xBD/train/images/guatemala-volcano_00000000_post_disaster.png
xBD/train/labels/guatemala-volcano_00000000_post_disaster.json
xBD/train/targets/guatemala-volcano_00000000_post_disaster_target.png
xBD/tier3/...  xBD/hold/...  xBD/test/...    (tier3 is train too, hold is val)
or, as the baseline has it: xBD/guatemala-volcano/images/, xBD/guatemala-volcano/labels/""",
    sizes_in_annotations=True,
)

LABELS = ("polygons", "targets")
TIERS = {"tier1": "train", "tier3": "train", "hold": "val"}
TARGETS = {1: _masks.index_kind(dict(enumerate((None, *list(INFO.classes.values())[2:]))))}
DEPTH = 4

_NAME = re.compile(r"(.+?)_(\d+)_(pre|post)_disaster$", re.IGNORECASE)
_TARGET = "_target"


def find(root: Path, split: str | None = None, *, images: bool = True, labels: str = "polygons") -> list[Item]:
    """List images and labels, one item for each name that has either.

    labels: "polygons" (labels/*.json, one object for each building) or "targets" (targets/*_target.png, index masks
    for the stage m2b, in which buildings that touch are one).
    """
    if labels not in LABELS:
        raise BadSource(f"xBD: labels is {labels!r} where 'polygons' or 'targets' is wanted")
    root = _files.check_root(root, INFO)
    pictures: dict[tuple[str, str], str] = {}
    notes: dict[tuple[str, str], str] = {}
    for folder in [root, *_files.folders(root, lambda _: True, DEPTH)]:
        name, part = folder.name.lower(), _split_of(folder.relative_to(root).parts)
        listed = _files.images_of(root, folder) if name in ("images", "targets") else {}
        if name == "labels" and labels == "polygons":
            _add(notes, part, _files.listing(folder, {".json"}, _files.prefix_of(root, folder)))
        elif name == "images":
            _add(pictures, part, listed)
        elif name == "targets" and labels == "targets":
            _add(notes, part, {s.removesuffix(_TARGET): p for s, p in listed.items() if s.endswith(_TARGET)})
    if not notes:
        wanted = "labels with JSON files" if labels == "polygons" else "targets with *_target.png"
        raise _files.missing(INFO, root, f"folder {wanted} (train/{wanted.partition(' ')[0]})")
    keys = notes.keys() | (pictures.keys() if images else set())
    there = sorted({part for part, _ in keys})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    found = []
    for key in keys:
        part, stem = key
        if split is None or part == split:
            label = notes.get(key)
            image = (pictures.get(key) or _beside(label or "", stem)) if images else None
            id = f"xbd/{part}/{stem}" if part else f"xbd/{stem}"
            found.append(Item(root, id, part, image, label, _extra(stem)))
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one JSON file and the size of its image, or the headers of an image and its target."""
    if item.label is None:
        yield no_annotation(item)
        return
    if item.label.endswith(".png"):
        yield from _masks.read(item, INFO, TARGETS, extra=item.data)
        return
    try:
        content, features = parse(_files.read_bytes(item.root / item.label, item.label), item.label)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    try:
        size = pixels.size(item.root / item.image) if item.image else _size(item.label, content)
    except BadImage as error:
        yield refuse_image(item, error, len(features))
        return
    page = shapes(features, item.label, size)
    extra = dict(item.data)
    for key in ("disaster", "disaster_type"):
        if isinstance(content.get(key), str) and content[key].strip():
            extra[key] = clean(content[key].strip())
    page = page._replace(gsd=_gsd(content.get("gsd")), extra=extra)

    def where(found: Shape) -> str:
        return f"{item.label}: feature {found.number}"

    yield from finish(item, INFO, page, INFO.concept, where, size=size)


def parse(data: bytes, shown: str) -> tuple[dict[str, Any], list[Any]]:
    """The metadata and the list features.xy of one file; `shown` is its name in messages. Raises BadAnnotation.

    {"features": {"lng_lat": [...], "xy": [{"properties": {"feature_type": "building", "subtype": "no-damage",
     "uid": "d5a8..."}, "wkt": "POLYGON ((558.4 1023.9, 583.2 1024, 583.2 998.1, 558.4 1023.9))"}]},
     "metadata": {"width": 1024, "height": 1024, "gsd": 2.1, "disaster": "guatemala-volcano", ...}}
    """
    try:
        content = json.loads(data)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, f"JSON that cannot be read ({type(error).__name__})") from error
    features = content.get("features") if isinstance(content, dict) else None
    xy = features.get("xy") if isinstance(features, dict) else None
    if not isinstance(xy, list):
        raise BadAnnotation(shown, 0, 'no xBD label: it has no list "xy" in "features"')
    metadata = content.get("metadata")
    return metadata if isinstance(metadata, dict) else {}, xy


def shapes(features: list[Any], shown: str, size: tuple[int, int]) -> Page:
    """Shapes of features.xy in an image of width x height pixels; what cannot be understood is refused."""
    found: list[Shape] = []
    refused: list[tuple[str, str]] = []
    for number, feature in enumerate(features, 1):
        try:
            if not isinstance(feature, dict) or not isinstance(feature.get("wkt"), str):
                raise ValueError("a feature without wkt")
            name = _class(feature.get("properties"))
            found.append(_polygons.shape(name, _polygons.parse_wkt(feature["wkt"]), *size, number))
        except ValueError as error:
            refused.append(("bad-annotation", f"{shown}: feature {number}: {error}"))
    return Page(found, refused, *size)


def _class(properties: Any) -> str:
    """The subtype of a building where it has one, else the type of the feature."""
    known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    kind = known.get("feature_type") or "building"
    return clean(str(known.get("subtype") or kind) if kind == "building" else str(kind))


def _size(label: str, metadata: Mapping[str, Any]) -> tuple[int, int]:
    sides = [metadata.get(key) for key in ("width", "height")]
    width, height = (side if type(side) is int and 1 <= side <= 100_000 else 0 for side in sides)
    if not width or not height:
        raise BadImage(label, "no-size", "the metadata have no width and height; read it with its image")
    return width, height


def _gsd(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0.01 <= value <= 100 else None


def _split_of(parts: tuple[str, ...]) -> str:
    tier = next((TIERS[part.lower()] for part in parts if part.lower() in TIERS), "")
    return tier or _pairs.split_of(parts)


def _extra(stem: str) -> dict[str, str]:
    name = _NAME.match(stem)
    if not name:
        return {}
    return {"disaster": name[1], "phase": name[3].lower(), "pair": f"{name[1]}_{name[2]}"}


def _add(into: dict[tuple[str, str], str], part: str, more: Mapping[str, str]) -> None:
    for stem, path in more.items():
        if (part, stem) in into:
            raise BadSource(f"xBD: {into[part, stem]} and {path} are two files of one name; keep one of them")
        into[part, stem] = path


def _beside(label: str, stem: str) -> str:
    base = label.rpartition("/")[0].rpartition("/")[0]
    return f"{base}/images/{stem}.png".lstrip("/")
