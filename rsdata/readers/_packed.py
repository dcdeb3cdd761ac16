"""Samples of packed corpora, our own and others': what the JSON text or the row beside an image says. Pure parsers.

Our own (`rsdata pack`) hold a whole record. Others hold captions under one of the usual names, and perhaps a class.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rsdata import pixels, words
from rsdata.errors import BadAnnotation, BadImage
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import STAGE, refuse_file, refuse_image
from rsdata.record import Caption, Drop, Geo, Item, Obj, Record, dropped_objects

OURS = frozenset({"id", "source", "split", "width", "height", "objects", "captions", "extra"})
# In the order in which they are asked; a number may follow: raw, raw_1, caption2.
CAPTIONS = ("txt", "caption", "text", "sentence", "title", "raw", "alttext", "description", "cap")
KEPT = ("url", "key", "imgname", "filename", "name")  # of foreign samples, into extra
CLASSES = ("label", "class", "category", "scene")

_NUMBERED = re.compile(r"(.*?)s?_?\d*$")
_SPLIT = re.compile(r"(?<![a-z])(train|val|valid|validation|test)(?![a-z])")


class Said(NamedTuple):
    """What stands beside one image: captions as written, the name of a class or "", and what else is kept."""

    texts: tuple[str, ...]
    name: str = ""
    extra: Mapping[str, str] = {}


def parse_json(data: bytes, shown: str) -> dict[str, Any]:
    """The JSON object of one sample, such as

        {"id": "dota/train/P0003@0,0,512,512", "source": "dota", "captions": [{"text": "two ships", "lang": "en"}], ...}
        {"caption": "an aerial view", "url": "https://...", "width": 256}

    Raises BadAnnotation where it is none.
    """
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadAnnotation(shown, 0, f"not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise BadAnnotation(shown, 0, "the JSON is nested too deeply, or holds a number too long") from error
    if not isinstance(found, dict):
        raise BadAnnotation(shown, 0, f"a JSON object is wanted, found a {type(found).__name__}")
    return found


def is_ours(keys: Sequence[str] | Mapping[str, Any]) -> bool:
    """Whether these are the keys, or columns, of samples that `rsdata pack` wrote."""
    return OURS.issubset(keys)


def split_of(path: str) -> str:
    """The split that a shard's name or folder tells: "data/train-00000-of-00005.parquet" -> "train"; else ""."""
    for part in reversed(path.lower().split("/")):
        found = set(_SPLIT.findall(part))
        if len(found) == 1:
            return "val" if "val" in (name := str(found.pop())) else name
    return ""


def family(name: str) -> str:
    """The name of a key or column without number and plural: "Raw_1" -> "raw", "captions" -> "caption"."""
    folded = words.fold(name)
    match = _NUMBERED.match(folded)
    return match[1] if match and folded not in CLASSES else folded


def parse_foreign(row: Mapping[str, Any], caption: str = "") -> Said:
    """Captions, class and what is kept of a foreign sample: key -> text, a list of texts, or of {"raw": text}.

    `caption` names the key to take; else it is the first of CAPTIONS that holds any text, with its numbered sisters.
    """
    by_family: dict[str, list[str]] = {}
    for key, value in row.items():
        by_family.setdefault(family(key), []).extend(_texts(value))
    texts = next((by_family[name] for name in CAPTIONS if by_family.get(name)), [])
    if caption:
        texts = _texts(row.get(caption))
    name = next((by_family[name][0] for name in CLASSES if by_family.get(name)), "")
    extra = {key: str(value) for key, value in row.items() if words.fold(key) in KEPT and isinstance(value, str)}
    extra = {clean(key): clean(value) for key, value in extra.items()}
    return Said(tuple(dict.fromkeys(clean(text.strip()) for text in texts)), clean(name.strip()), extra)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Mapping):
        value = value.get("raw") or value.get("text")
        return [value] if isinstance(value, str) and value.strip() else []
    return [text for item in value for text in _texts(item)] if isinstance(value, list | tuple) else []


def parse_ours(meta: Mapping[str, Any], shown: str) -> Record:
    """The record in one of our own samples, as it was packed. Raises BadAnnotation where a field is damaged."""
    try:
        geo, width, height = meta.get("geo"), _below(meta["width"], 1 << 31), _below(meta["height"], 1 << 31)
        return Record(
            id=_text(meta["id"]),
            source=_text(meta["source"]),
            split=_text(meta["split"]),
            width=width,
            height=height,
            gsd=None if meta.get("gsd") is None else _number(meta["gsd"]),
            platform=_text(meta.get("platform") or ""),
            label=None if meta.get("label") is None else _text(meta["label"]),
            geo=None if geo is None else Geo(_text(geo["crs"]), _six(geo["transform"])),
            objects=[_object(node, width, height) for node in meta["objects"]],
            captions=[_caption(node, len(meta["captions"])) for node in meta["captions"]],
            phash=None if meta.get("phash") is None else _below(meta["phash"], 1 << 64),
            licence=_text(meta.get("licence") or ""),
            extra=_pairs(meta["extra"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        problem = f"{type(error).__name__} {error}".strip()[:80]
        raise BadAnnotation(shown, 0, f"not a sample as `rsdata pack` writes it ({problem})") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, found {value!r}")
    value.encode()  # half of a surrogate pair is a ValueError
    return value


def _number(value: Any) -> float:
    if not math.isfinite(found := float(value)):
        raise ValueError(f"{found} where a number is wanted")
    return found


def _below(value: Any, limit: int) -> int:
    if not 0 <= (found := int(value)) < limit:
        raise ValueError(f"{str(value)[:20]} where a number from 0 to {limit - 1} is wanted")
    return found


def _six(values: Any) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (_number(value) for value in values)
    return a, b, c, d, e, f


def _object(node: Mapping[str, Any], width: int, height: int) -> Obj:
    x0, y0, x1, y1 = (_number(value) for value in node["box"])
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ValueError(f"a box {x0:g}, {y0:g}, {x1:g}, {y1:g} in an image of {width} x {height}")
    poly = tuple(_number(value) for value in node.get("poly") or ())
    origin = _text(node.get("origin") or "source")
    return Obj(_text(node["label"]), (x0, y0, x1, y1), poly, _number(node["area"]), bool(node["difficult"]), origin)


def _caption(node: Mapping[str, Any], count: int) -> Caption:
    of, score = node.get("of"), node.get("score")
    return Caption(
        _text(node["text"]),
        _text(node["lang"]),
        _text(node["origin"]),
        _text(node.get("rule") or ""),
        None if of is None else _below(of, count),
        None if score is None else _number(score),
    )


def _pairs(value: Any) -> dict[str, str]:
    """`extra`: an object in JSON, a list of {key, value} in Parquet."""
    pairs = value.items() if isinstance(value, Mapping) else ((pair["key"], pair["value"]) for pair in value)
    return {_text(key): _text(text) for key, text in pairs}


def read_ours(item: Item, meta: Mapping[str, Any], shown: str) -> Iterator[Record | Drop]:
    """The record of one of our own samples, as it was but for what no longer holds: id and source are new (the old id
    goes to `extra["packed_id"]`), the image is a file of its own (no window), and masks are not packed."""
    try:
        record = parse_ours(meta, shown)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    try:
        width, height = pixels.size(item.root / (item.image or ""))
        if (width, height) != (record.width, record.height):
            problem = f"{width} x {height} pixels, the sample says {record.width} x {record.height}"
            raise BadImage(item.image or "", "size-mismatch", problem)
    except BadImage as error:
        yield refuse_image(item, error, len(record.objects))
        return
    refused = [("unknown-class", f"{shown}: {obj.label[:60]!r}") for obj in record.objects if not _known(obj.label)]
    record.objects = [obj for obj in record.objects if _known(obj.label)]
    record.extra = {"packed_id": record.id, **record.extra}
    record.id, record.source, record.path = item.id, item.id.partition("/")[0], item.image
    yield record
    yield from dropped_objects(item.id, STAGE, refused)


def _known(label: str) -> bool:
    return label in words.concepts()


def read_foreign(item: Item, info: Info, said: Said, lang: str) -> Iterator[Record | Drop]:
    """The record of a foreign sample. Captions of samples that carry a `url` are alt texts of the web."""
    try:
        width, height = pixels.size(item.root / (item.image or ""))
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    origin = "alt" if any(words.fold(key) == "url" for key in said.extra) else "human"
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        split=item.split,
        path=item.image,
        width=width,
        height=height,
        label=words.resolve(said.name) if said.name else None,
        captions=[Caption(text, lang, origin) for text in said.texts],
        licence=info.licence,
        extra={**said.extra, **({"class": said.name} if said.name else {})},
    )
