"""From records to the samples of a packed corpus: one sentence, one JSON text, one image.

An image file goes through untouched when the record is the whole file, it is a three-band 8-bit JPEG, it carries no
EXIF rotation and it is not larger than allowed. All else is decoded and encoded once. EXIF rotation is never applied:
annotations are drawn on the stored pixels; a file with such a tag is encoded anew without it, because some loaders
(Hugging Face datasets) do turn the picture, and boxes would be wrong.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rsdata import pixels
from rsdata.errors import BadCorpus, BadImage
from rsdata.place import place
from rsdata.record import Caption, Drop, Geo, Obj, Record, Window, as_dict

PLAIN = {"JPEG", "MPO", "PNG", "BMP", "GIF", "WEBP"}  # decoded whole, so windows of one file share a decode
TAIL = 64  # bytes at the end of a JPEG in which its end marker must stand


@dataclass(frozen=True)
class Rules:
    """How images and sentences are chosen; the parameters of `pack` with the same names."""

    image_format: str = "jpg"
    quality: int = 92
    max_side: int = 0
    check_images: bool = True
    text_lang: str = "en"
    keep_uncaptioned: bool = False


class Sample(NamedTuple):
    """One image with its words. `image` is encoded bytes, or None when `file` goes through untouched."""

    record: Record
    text: str
    meta: dict[str, Any]
    image: bytes | None
    file: str
    size: int


def cut(records: Iterable[Record], roots: Mapping[str, Path], rules: Rules) -> Iterator[Sample | Drop]:
    """Turn records into samples; what has no sentence or no readable image is a Drop."""
    images = _Images()
    for record in records:
        chosen = choose(record.captions, rules.text_lang)
        if chosen is None and not rules.keep_uncaptioned:
            detail = f"{len(record.captions)} captions, all blank" if record.captions else ""
            yield Drop(record.id, "pack", "no-captions", detail, objects=len(record.objects))
            continue
        try:
            yield _sample(record, chosen, images, roots, rules)
        except BadImage as error:
            yield Drop(record.id, "pack", error.reason, str(error), objects=len(record.objects))


def choose(captions: list[Caption], lang: str) -> int | None:
    """The caption that stands in .txt: the first one in `lang` that is not blank, else the first that is not blank."""
    filled = [index for index, caption in enumerate(captions) if caption.text.strip()]
    return next((index for index in filled if captions[index].lang == lang), filled[0] if filled else None)


def image_file(record: Record, roots: Mapping[str, Path]) -> Path:
    """Where the image of a record lies."""
    if record.path is None:
        raise BadImage(record.id, "no-image", "this record was read without images (--no-images)")
    if record.source not in roots:
        raise BadCorpus(f"{record.id}: no root folder is known for the source {record.source!r}; name it in the recipe")
    return place(roots[record.source]) / record.path


def dumps(meta: Mapping[str, Any]) -> bytes:
    """JSON text as it stands in a shard: keys in the order of the record, no spaces, UTF-8."""
    return json.dumps(meta, separators=(",", ":"), ensure_ascii=False).encode()


class _Images:
    """Opens images; keeps the last header and the last decoded file, as windows of one file follow each other."""

    def __init__(self) -> None:
        self._info: tuple[Path, pixels.ImageInfo] | None = None
        self._whole: tuple[Path, pixels.U8] | None = None

    def info(self, path: Path) -> pixels.ImageInfo:
        if self._info is None or self._info[0] != path:
            self._info = path, pixels.info(path)
        return self._info[1]

    def load(self, path: Path, window: Window | None) -> pixels.U8:
        found = self.info(path)
        large = found.width * found.height > pixels.WHOLE_DECODE
        if window is None or large or found.format not in PLAIN or found.dtype != "uint8" or found.bands > 4:
            return pixels.load(path, window)
        x, y, width, height = window
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > found.width or y + height > found.height:
            problem = f"window {tuple(window)} is not inside the image of {found.width} x {found.height} pixels"
            raise BadImage(path, "window-outside", problem)
        if self._whole is None or self._whole[0] != path:
            self._whole = None  # let go of the old picture before the next one is decoded
            self._whole = path, pixels.load(path)
        return np.ascontiguousarray(self._whole[1][y : y + height, x : x + width])


def _sample(record: Record, chosen: int | None, images: _Images, roots: Mapping[str, Path], rules: Rules) -> Sample:
    path = image_file(record, roots)
    found = images.info(path)
    whole = record.window is None or record.window == (0, 0, found.width, found.height)
    if whole and (record.width, record.height) != (found.width, found.height):
        problem = f"{found.width} x {found.height} pixels, the annotation says {record.width} x {record.height}"
        raise BadImage(path, "size-mismatch", problem)
    text = "" if chosen is None else record.captions[chosen].text
    if whole and _goes_through(found, rules.max_side):
        _check(path, full=rules.check_images)
        if pixels.inside(path):  # copied now: an archive is read in its own order, and the shuffle is another
            data = pixels.content(path)
            return Sample(record, text, _meta(record, chosen, None), data, "", len(data))
        return Sample(record, text, _meta(record, chosen, None), None, str(record.path), path.stat().st_size)
    array = images.load(path, None if whole else record.window)
    small, record = _fitted(array, record, rules.max_side)
    data = pixels.encode(small, rules.image_format, rules.quality)
    before = None if small is array else [array.shape[1], array.shape[0]]
    return Sample(record, text, _meta(record, chosen, before), data, "", len(data))


def _goes_through(found: pixels.ImageInfo, max_side: int) -> bool:
    plain = found.format == "JPEG" and found.bands == 3 and found.dtype == "uint8" and found.orientation == 1
    return plain and (not max_side or max(found.width, found.height) <= max_side)


def _check(path: Path, full: bool) -> None:
    """Refuse a JPEG that would not load: by decoding it, or only by the marker at its end."""
    if full:
        pixels.decodes(path)
        return
    with io.BytesIO(pixels.content(path)) if pixels.inside(path) else path.open("rb") as file:
        file.seek(max(0, file.seek(0, io.SEEK_END) - TAIL))
        if b"\xff\xd9" not in file.read():
            raise BadImage(path, "unreadable-image", "the JPEG has no end marker: it was cut short")


def _fitted(array: pixels.U8, record: Record, max_side: int) -> tuple[pixels.U8, Record]:
    """Shrink a picture whose longer side is above `max_side`, and everything that is measured in its pixels."""
    height, width = array.shape[:2]
    if not max_side or max(width, height) <= max_side:
        return array, record
    factor = max_side / max(width, height)
    new_width, new_height = max(1, round(width * factor)), max(1, round(height * factor))
    return pixels.resize(array, new_width, new_height), _scaled(record, new_width, new_height)


def _scaled(record: Record, width: int, height: int) -> Record:
    sx, sy = width / record.width, height / record.height

    def shrink(obj: Obj) -> Obj:
        x0, y0, x1, y1 = obj.box
        poly = tuple(v * (sy if i % 2 else sx) for i, v in enumerate(obj.poly))
        return replace(obj, box=(x0 * sx, y0 * sy, x1 * sx, y1 * sy), poly=poly, area=obj.area * sx * sy)

    geo = record.geo
    if geo is not None:
        a, b, c, d, e, f = geo.transform
        geo = Geo(geo.crs, (a / sx, b / sy, c, d / sx, e / sy, f))
    gsd = None if record.gsd is None else record.gsd * record.width / width
    objects = [shrink(obj) for obj in record.objects]
    return replace(record, width=width, height=height, gsd=gsd, geo=geo, objects=objects)


def _meta(record: Record, chosen: int | None, before: list[int] | None) -> dict[str, Any]:
    """The record as JSON data; pixels rounded to a thousandth, `chosen` = index of the caption in .txt."""
    meta = as_dict(record)
    for obj in meta["objects"]:
        obj["box"] = [round(v, 3) for v in obj["box"]]
        obj["poly"] = [round(v, 3) for v in obj["poly"]]
        obj["area"] = round(obj["area"], 3)
    for caption in meta["captions"]:
        caption["score"] = _short(caption["score"])
    meta["gsd"] = _short(meta["gsd"])
    meta["chosen"], meta["resized_from"] = chosen, before
    return meta


def _short(value: float | None) -> float | None:
    """A float32 without the digits that it does not have."""
    return None if value is None else float(f"{value:.7g}")
