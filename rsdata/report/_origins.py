"""Where the objects and captions of a record stand in the files of its dataset, by reading its item once more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rsdata import geometry, pixels, readers, sources
from rsdata.corpus import Corpus
from rsdata.errors import RsdataError
from rsdata.recipe import parse as recipe_parse
from rsdata.record import Item, Obj, Record, Window
from rsdata.stages import m2b, tile

FILE_ONLY = "file only"  # the format, or the way that it is read, tells no line
NEAR = 0.01  # pixels by which float32 may move a corner


@dataclass
class Origin:
    """An item of a dataset as it is on disk now. `places`: a text for each object; `notes`: what could not be told."""

    reader: str = ""
    root: Path = Path()
    image: str | None = None
    label: str | None = None
    objects: list[Obj] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    captions: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def reread(corpus: Corpus, id: str, record: Record | None) -> Origin:
    """Read the item of a record (`id` as the stage `read` had it) again, and say where its parts stand."""
    name, _, rest = id.partition("/")
    source = next((s for s in recipe_parse(corpus.recipe, str(corpus.path)).sources if s.name == name), None)
    if source is None:
        return Origin(notes=[f"no source is called {name!r} in {corpus.path}/corpus.yaml"])
    found = Origin(source.reader, source.root, record.path if record else None)
    own = f"{source.reader}/{rest}"
    try:
        item = _item(sources.items(source), own)
        if item is None:
            found.notes.append("the dataset lists no such item now: file only")
            return found
        found.label, found.image = item.label, item.image or found.image
        outputs, noted = readers.read_noting(source.reader, item)
    except RsdataError as error:
        found.notes.append(f"the source cannot be read again, so lines are not told: {error}")
        return found
    now = next((o for o in outputs if isinstance(o, Record) and o.id == own), None)
    if now is not None:
        found.objects = now.objects
        places = noted.get(own, [])
        file = item.label or record_file(item)
        found.places = places if len(places) == len(now.objects) else [f"{file} ({FILE_ONLY})"] * len(now.objects)
        found.captions = _captions(item, [c.text for c in now.captions])
        if record is not None and [(o.label, len(o.poly)) for o in now.objects] != [
            (o.label, len(o.poly)) for o in record.objects
        ]:
            found.notes.append("the annotation is not as it was when it was read: places are those of today's file")
    return found


def record_file(item: Item) -> str:
    """The file that tells of an item where it has no label file: an image inside an archive, or a listing."""
    return (item.image or "").partition("!")[0] or "the dataset's index"


def _item(items: Sequence[Item], id: str) -> Item | None:
    """The item of this id, or the one whose id begins it (a video, a shard)."""
    exact = next((item for item in items if item.id == id), None)
    return exact or next((item for item in items if id.startswith(item.id + "/")), None)


def follow(before: Record, after: Record, keep: float = 0.0, min_side: float = 1.0) -> list[int | None]:
    """For each object of `after`, its place in `before`; None for a new one. Order is kept by every stage."""
    window = _inside(before, after)
    if window is None:
        pieces: list[Obj | None] = list(before.objects)
    else:
        pieces = [tile.cut(obj, window, max(keep, 1e-9), min_side) for obj in before.objects]
    found: list[int | None] = []
    first = 0
    for obj in after.objects:
        match = next((n for n in range(first, len(pieces)) if (p := pieces[n]) is not None and _same(p, obj)), None)
        if match is None:
            match = next((n for n, p in enumerate(pieces) if p is not None and n not in found and _same(p, obj)), None)
        found.append(match)
        first = first if match is None else match + 1
    return found


def _inside(before: Record, after: Record) -> Window | None:
    """The window of `after` in the pixels of `before`; None where they are the same."""
    if after.window == before.window or after.window is None:
        return None
    x, y = (before.window.x, before.window.y) if before.window else (0, 0)
    return Window(after.window.x - x, after.window.y - y, after.window.width, after.window.height)


def _same(one: Obj, two: Obj) -> bool:
    near = all(abs(a - b) <= NEAR for a, b in zip(one.box, two.box, strict=True))
    return one.label == two.label and one.origin == two.origin and near


def components(record: Record, root: Path) -> list[str]:
    """Where each object with origin m2b lies in the mask: value, number of its component, pixels; in their order."""
    mine = [obj for obj in record.objects if obj.origin == "m2b"]
    if not mine or record.mask_path is None:
        return ["no mask"] * len(mine)
    try:
        kind = m2b.parse_mask_kind(record.mask_kind or "")
        mask = _values(pixels.load_mask(root / record.mask_path, record.window), kind)
        found = dict(_components(record.mask_path, mask, kind))
        if "instances" in record.extra:
            file = record.extra["instances"]
            found = dict(_instances(file, _packed(pixels.load_mask(root / file, record.window)))) | found
    except RsdataError as error:
        return [f"{record.mask_path} ({FILE_ONLY}: {error})"] * len(mine)
    return [_placed(obj, found) or f"{record.mask_path} (no component of its box and size now)" for obj in mine]


def _placed(obj: Obj, found: Mapping[Any, str]) -> str | None:
    box = tuple(round(value) for value in obj.box)
    return found.get(("", box, round(obj.area))) or found.get((obj.label, box, round(obj.area)))  # instances first


def _values(mask: Any, kind: m2b.MaskKind) -> Any:
    if kind.form == "rgb":
        return _packed((mask >= kind.threshold) * np.uint8(255) if kind.threshold else mask)
    return (mask >= kind.threshold).astype(np.uint8) if kind.form == "binary" else mask


def _packed(mask: Any) -> Any:
    """Colours as R + 256 G + 65536 B, as m2b takes them; one band of integers as it is."""
    if mask.ndim == 2:
        return mask
    wide = mask.astype(np.uint32)
    return wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16


def _components(file: str, mask: Any, kind: m2b.MaskKind) -> Iterator[tuple[Any, str]]:
    background = [value for value, concept in kind.concepts.items() if not concept]
    parts = geometry.band_components([mask], background)
    numbers: dict[int, int] = {}
    for value, box, area in zip(parts.value.tolist(), parts.box.tolist(), parts.area.tolist(), strict=True):
        numbers[value] = numbers.get(value, 0) + 1
        if not kind.concepts.get(value):
            continue
        text = f"{file}: value {kind.name(value)}, component {numbers[value]}, {area:,} pixels"
        yield (kind.concepts[value], tuple(box), area), text


def _instances(file: str, ids: Any) -> Iterator[tuple[Any, str]]:
    parts = geometry.value_boxes([ids])
    for value, box, area in zip(parts.value.tolist(), parts.box.tolist(), parts.area.tolist(), strict=True):
        yield ("", tuple(box), area), f"{file}: instance {value}, {area:,} pixels"


def _captions(item: Item, texts: Sequence[str]) -> dict[str, list[str]]:
    """Caption -> where it stands, once for each time that it is said: a line of a list, an entry of a JSON; else the
    file alone."""
    if not texts:
        return {}
    stem = Path(item.image or item.id).stem
    row = item.data.get("row") if isinstance(item.data, dict) else None
    if item.label and isinstance(row, int):
        return {text: [f"{item.label}: row {row}"] for text in texts}
    files = [item.root / item.label] if item.label else _lists(item.root)
    found: dict[str, list[str]] = {}
    for file in files:
        shown = file.relative_to(item.root).as_posix()
        for text, place in _json(file, stem, shown) if file.suffix == ".json" else _lines(file, stem, shown):
            if text in texts:
                found.setdefault(text, []).append(place)
    return {text: found.get(text, [f"{item.label or 'a list of the dataset'} ({FILE_ONLY})"]) for text in texts}


def _lists(root: Path) -> list[Path]:
    found = [*root.glob("*.json"), *root.glob("*/*.json"), *root.glob("*_caps.txt"), *root.glob("*/*_caps.txt")]
    return sorted(path for path in found if path.is_file())


def _json(file: Path, stem: str, shown: str) -> Iterator[tuple[str, str]]:
    """Karpathy's form: `images[17].sentences[2]`, both from 0."""
    try:
        page = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return
    images = page.get("images") if isinstance(page, dict) else None
    for n, node in enumerate(images if isinstance(images, list) else []):
        if isinstance(node, dict) and Path(str(node.get("filename"))).stem == stem:
            for k, said in enumerate(node.get("sentences") or []):
                if isinstance(said, dict) and isinstance(said.get("raw"), str):
                    yield said["raw"].strip(), f"{shown}: images[{n}].sentences[{k}]"


def _lines(file: Path, stem: str, shown: str) -> Iterator[tuple[str, str]]:
    """Lists of AMFMN: the caption's line, and its image's in the list of names beside it; other text by its line."""
    names = file.with_name(file.name.replace("_caps.txt", "_filename.txt"))
    try:
        said = file.read_text("utf-8").split("\n")
        named = names.read_text("utf-8").split("\n") if names != file else None
    except (OSError, ValueError):
        return
    if named is None:
        yield from ((line.strip(), f"{shown}:{n}") for n, line in enumerate(said, 1))
        return
    said, named = ([*lines[:-1]] if not lines[-1] else lines for lines in (said, named))
    each = len(said) // len(named) if named else 0
    for n, name in enumerate(named, 1):
        if Path(name.strip()).stem == stem:
            for line in range((n - 1) * each, n * each):
                other = names.relative_to(file.parent).as_posix()
                yield said[line].strip(), f"{shown}:{line + 1} (image: {other}:{n})"
