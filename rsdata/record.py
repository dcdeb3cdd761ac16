"""What travels through the pipeline: one Record per image, or per window of an image.

Pixel convention: boxes are `(x0, y0, x1, y1)` in pixels, 0-based, half open, inside the image or window they belong
to. A one-pixel object at the top left corner has the box (0, 0, 1, 1). y grows downwards.

A stage yields three things: a `Record`; a `Drop` for what it refuses; a `Made` for what it adds beyond the records it
was given. For every stage `in + made = out + dropped` holds, for images and for objects, and `run` checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import place

if TYPE_CHECKING:
    import pyarrow as pa

Box = tuple[float, float, float, float]


class Window(NamedTuple):
    """A part of an image file: left column, top row, size, all in pixels of the file."""

    x: int
    y: int
    width: int
    height: int


class Geo(NamedTuple):
    """Where an image lies: a CRS as text ("EPSG:32618" or WKT) and GDAL-free affine coefficients a b c d e f.

    `x = a*col + b*row + c`, `y = d*col + e*row + f`, of the image or, for a window, of the window.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]


@dataclass(slots=True)
class Obj:
    """One object. `label` is a concept of words/concepts.toml; `poly` is x0 y0 x1 y1 ... or empty; `area` in pixels."""

    label: str
    box: Box
    poly: tuple[float, ...] = ()
    area: float = 0.0
    difficult: bool = False
    origin: str = "source"


@dataclass(slots=True)
class Caption:
    """One sentence. `origin`: human b2c alt template mt:<model> llm:<model>; `rule`: family/template;
    `of`: index, in the same record, of the caption that this one translates."""

    text: str
    lang: str = "en"
    origin: str = "human"
    rule: str = ""
    of: int | None = None
    score: float | None = None


@dataclass(slots=True)
class Record:
    """One image or one window of it. See shared field table in schemas/record.json for every column."""

    id: str
    source: str
    split: str = ""
    path: str | None = None
    width: int = 0
    height: int = 0
    window: Window | None = None
    gsd: float | None = None
    platform: str = ""
    label: str | None = None
    mask_path: str | None = None
    mask_kind: str | None = None
    geo: Geo | None = None
    objects: list[Obj] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    phash: int | None = None
    licence: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Drop:
    """What a stage refuses, and why. An image drop counts `images=1` and the objects that went with it;
    an object drop counts `images=0` and `objects` of one reason inside the image `id`. `captions` counts sentences
    that were refused (a bad translation); captions have no ledger, since any stage may write new ones."""

    id: str
    stage: str
    reason: str
    detail: str = ""
    images: int = 1
    objects: int = 0
    captions: int = 0


@dataclass(slots=True)
class Made:
    """What a stage adds: images (windows beyond the first of an image) or objects (boxes found in a mask)."""

    id: str
    images: int = 0
    objects: int = 0


Output = Record | Drop | Made


@dataclass(slots=True)
class Item:
    """What a reader's `find` lists and its `read` turns into records: at least one Record or Drop per item.

    `image` and `label` are paths relative to `root`; `data` holds what an index file already said about this item.
    """

    root: Path
    id: str
    split: str = ""
    image: str | None = None
    label: str | None = None
    data: Any = None


def crop(record: Record, window: Window, **changes: Any) -> Record:
    """The record of one window, counted from the record, which may be a window itself; `changes` are further fields."""
    x, y, width, height = window
    geo, base = record.geo, record.id
    if geo:
        a, b, c, d, e, f = geo.transform
        geo = Geo(geo.crs, (a, b, c + a * x + b * y, d, e, f + d * x + e * y))
    if record.window:
        base = base.removesuffix("@{},{},{},{}".format(*record.window))
        x, y = x + record.window.x, y + record.window.y
    id, here = f"{base}@{x},{y},{width},{height}", Window(x, y, width, height)
    changes = {"extra": dict(record.extra)} | changes
    return replace(record, id=id, window=here, width=width, height=height, geo=geo, phash=None, **changes)


def dropped_objects(id: str, stage: str, reasons: Iterable[tuple[str, str]]) -> list[Drop]:
    """Object drops of one image, grouped: `reasons` are (reason, detail) pairs, one for each refused object."""
    grouped: dict[str, list[str]] = {}
    for reason, detail in reasons:
        grouped.setdefault(reason, []).append(detail)
    return [
        Drop(id, stage, reason, "; ".join(d for d in details[:3] if d), images=0, objects=len(details))
        for reason, details in grouped.items()
    ]


def labels_of(record: Record) -> dict[str, int]:
    """Count objects by label, in order of first appearance."""
    counts: dict[str, int] = {}
    for obj in record.objects:
        counts[obj.label] = counts.get(obj.label, 0) + 1
    return counts


@lru_cache(maxsize=1)
def schema() -> pa.Schema:
    """The Arrow schema of a part: one row per record, nested lists for objects and captions."""
    import pyarrow as pa

    text, i32, f32 = pa.string(), pa.int32(), pa.float32()
    window = pa.struct([("x", i32), ("y", i32), ("width", i32), ("height", i32)])
    geo = pa.struct([("crs", text), ("transform", pa.list_(pa.float64(), 6))])
    obj = [("label", text), ("box", pa.list_(f32, 4)), ("poly", pa.list_(f32))]
    obj += [("area", f32), ("difficult", pa.bool_()), ("origin", text)]
    caption = [("text", text), ("lang", text), ("origin", text), ("rule", text), ("of", i32), ("score", f32)]
    fields = [("id", text), ("source", text), ("split", text), ("path", text), ("width", i32), ("height", i32)]
    fields += [("window", window), ("gsd", f32), ("platform", text), ("label", text)]
    fields += [("mask_path", text), ("mask_kind", text), ("geo", geo)]
    fields += [("objects", pa.list_(pa.struct(obj))), ("captions", pa.list_(pa.struct(caption)))]
    fields += [("phash", pa.uint64()), ("licence", text), ("extra", pa.map_(text, text))]
    nullable = {"path", "window", "gsd", "label", "mask_path", "mask_kind", "geo", "phash"}
    return pa.schema([pa.field(name, kind, nullable=name in nullable) for name, kind in fields])


@lru_cache(maxsize=1)
def drop_schema() -> pa.Schema:
    """The Arrow schema of the drops kept beside each part."""
    import pyarrow as pa

    fields = [(name, pa.string()) for name in ("id", "stage", "reason", "detail")]
    fields += [(name, pa.int32()) for name in ("images", "objects", "captions")]
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])


def to_table(records: Sequence[Record]) -> pa.Table:
    """Records as one Arrow table, built column by column (rows of dicts are five times slower)."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        name: [getattr(r, name) for r in records]
        for name in ("id", "source", "split", "path", "width", "height", "gsd", "platform", "label")
    }
    columns |= {name: [getattr(r, name) for r in records] for name in ("mask_path", "mask_kind", "phash", "licence")}
    columns["window"] = [r.window and r.window._asdict() for r in records]
    columns["geo"] = [r.geo and r.geo._asdict() for r in records]
    columns["extra"] = [sorted(r.extra.items()) for r in records]
    arrays = {name: pa.array(values, schema().field(name).type) for name, values in columns.items()}
    arrays["objects"] = _objects_array([r.objects for r in records])
    arrays["captions"] = _captions_array([r.captions for r in records])
    return pa.Table.from_arrays([arrays[name] for name in schema().names], schema=schema())


def from_table(table: pa.Table) -> list[Record]:
    """The records of an Arrow table with the schema above."""
    column = {name: table.column(name).to_pylist() for name in schema().names if name not in ("objects", "captions")}
    column["window"] = [w and Window(**w) for w in column["window"]]
    column["geo"] = [g and Geo(g["crs"], tuple(g["transform"])) for g in column["geo"]]
    column["extra"] = [dict(e) for e in column["extra"]]
    column["objects"] = _objects_lists(table.column("objects").combine_chunks())
    column["captions"] = _captions_lists(table.column("captions").combine_chunks())
    return [Record(*row) for row in zip(*(column[name] for name in schema().names), strict=True)]


def write_part(path: Path, records: Sequence[Record]) -> None:
    """Write records as one Parquet part: temporary name, then rename."""
    _write(path, to_table(records))


def read_part(path: Path) -> list[Record]:
    """Read a whole part (about 2,000 records)."""
    import pyarrow.parquet as pq

    return from_table(pq.read_table(place.source(path), schema=schema()))


def write_drops(path: Path, drops: Sequence[Drop]) -> None:
    """Write the drops of one part; an empty file says that nothing was dropped."""
    import pyarrow as pa

    rows = {name: [getattr(d, name) for d in drops] for name in drop_schema().names}
    _write(path, pa.table(rows, schema=drop_schema()))


def read_drops(path: Path) -> list[Drop]:
    """Read the drops of one part."""
    import pyarrow.parquet as pq

    columns = pq.read_table(place.source(path), schema=drop_schema()).to_pydict()
    return [Drop(*row) for row in zip(*columns.values(), strict=True)]


def as_dict(record: Record) -> dict[str, Any]:
    """The record as plain JSON data, keys as in schemas/record.json."""
    row: dict[str, Any] = {name: getattr(record, name) for name in schema().names}
    row["window"] = record.window and record.window._asdict()
    row["geo"] = record.geo and {"crs": record.geo.crs, "transform": list(record.geo.transform)}
    row["objects"] = [
        {
            "label": o.label,
            "box": list(o.box),
            "poly": list(o.poly),
            "area": o.area,
            "difficult": o.difficult,
            "origin": o.origin,
        }
        for o in record.objects
    ]
    row["captions"] = [
        {"text": c.text, "lang": c.lang, "origin": c.origin, "rule": c.rule, "of": c.of, "score": c.score}
        for c in record.captions
    ]
    row["extra"] = dict(sorted(record.extra.items()))
    return row


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `as_dict`, generated from the Arrow schema; schemas/record.json holds it."""
    properties = {field.name: _json_type(field.type, field.nullable) for field in schema()}
    properties["width"]["minimum"] = properties["height"]["minimum"] = 1
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rsdata record",
        "description": "One image or one window of it, as it travels between stages.",
        "type": "object",
        "properties": properties,
        "required": schema().names,
        "additionalProperties": False,
    }


def _json_type(kind: pa.DataType, nullable: bool) -> dict[str, Any]:
    import pyarrow.types as t

    if t.is_struct(kind):
        optional = {"of", "score"}
        inner = {f.name: _json_type(f.type, f.name in optional) for f in kind}
        found: dict[str, Any] = {
            "type": "object",
            "properties": inner,
            "required": list(inner),
            "additionalProperties": False,
        }
    elif t.is_map(kind):
        found = {"type": "object", "additionalProperties": {"type": "string"}}
    elif t.is_fixed_size_list(kind):
        size = kind.list_size
        found = {"type": "array", "items": _json_type(kind.value_type, False), "minItems": size, "maxItems": size}
    elif t.is_list(kind):
        found = {"type": "array", "items": _json_type(kind.value_type, False)}
    else:
        names = {"string": "string", "bool": "boolean", "float": "number", "double": "number"}
        found = {"type": names.get(str(kind), "integer")}
    if nullable:
        found["type"] = [found["type"], "null"]
    return found


def _write(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    with place.replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", version="2.6")


def _offsets(lists: Iterable[Sequence[Any]]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    lengths = np.fromiter((len(x) for x in lists), np.int64)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _objects_array(lists: Sequence[Sequence[Obj]]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    kind = schema().field("objects").type.value_type
    flat = [o for objects in lists for o in objects]
    boxes = np.array([o.box for o in flat], np.float32).reshape(-1)
    polys = np.fromiter((v for o in flat for v in o.poly), np.float32)
    columns = [
        pa.array([o.label for o in flat], pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(boxes, pa.float32()), type=kind.field("box").type),
        pa.ListArray.from_arrays(_offsets([o.poly for o in flat]), pa.array(polys), type=kind.field("poly").type),
        pa.array(np.fromiter((o.area for o in flat), np.float32), pa.float32()),
        pa.array([o.difficult for o in flat], pa.bool_()),
        pa.array([o.origin for o in flat], pa.string()),
    ]
    rows = pa.StructArray.from_arrays(columns, fields=list(kind))
    return pa.ListArray.from_arrays(_offsets(lists), rows, type=schema().field("objects").type)


def _captions_array(lists: Sequence[Sequence[Caption]]) -> pa.Array:
    import pyarrow as pa

    kind = schema().field("captions").type.value_type
    flat = [c for captions in lists for c in captions]
    columns = [pa.array([getattr(c, f.name) for c in flat], f.type) for f in kind]
    rows = pa.StructArray.from_arrays(columns, fields=list(kind))
    return pa.ListArray.from_arrays(_offsets(lists), rows, type=schema().field("captions").type)


def _objects_lists(array: pa.Array) -> list[list[Obj]]:
    rows = array.flatten()
    label, area, difficult, origin = (rows.field(n).to_pylist() for n in ("label", "area", "difficult", "origin"))
    box = [tuple(b) for b in rows.field("box").flatten().to_numpy().reshape(-1, 4).tolist()]
    values, poly = rows.field("poly"), []
    coordinates, ends = values.flatten().to_pylist(), values.offsets.to_pylist()
    start = ends[0] if ends else 0
    for first, last in pairwise(ends):
        poly.append(tuple(coordinates[first - start : last - start]) if last > first else ())
    flat = [Obj(*row) for row in zip(label, box, poly, area, difficult, origin, strict=True)]
    return _cut(flat, array)


def _captions_lists(array: pa.Array) -> list[list[Caption]]:
    rows = array.flatten()
    names = [f.name for f in rows.type]
    flat = [Caption(*row) for row in zip(*(rows.field(n).to_pylist() for n in names), strict=True)]
    return _cut(flat, array)


def _cut(flat: list[Any], array: pa.Array) -> list[list[Any]]:
    ends = array.offsets.to_pylist()
    return [flat[a - ends[0] : b - ends[0]] for a, b in pairwise(ends)]


def write_schemas(folder: Path) -> None:
    """Write schemas/*.json: `make schemas`."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(json_schema(), indent=1, ensure_ascii=False)
    (folder / "record.json").write_text(text + "\n", "utf-8")
