"""Mask to box (RemoteCLIP, arXiv 2306.11029, section III-B2): objects from class masks and instance masks.

The paper follows the outer borders of every class. Here the 8-connected components of all classes are found in one
pass over run lengths, which gives the same boxes and keeps an island inside a hole of its own class. Where a source
knows its instances (iSAID), an object is one instance, because touching vehicles are one component.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata import geometry, pixels
from rsdata.errors import BadAnnotation, BadCorpus, BadImage, BadRecipe
from rsdata.record import Drop, Made, Obj, Output, Record, Window

VERSION = 1
STAGE = "m2b"
CACHE_PIXELS = 64_000_000  # a larger mask is decoded for every window of it
INSTANCE_PIXEL = 0xFFFFFFFF  # class value of a pixel that an instance has taken

_RGB_LIMIT = re.compile(r"rgb([1-9]\d{0,2})", re.ASCII)

Array = npt.NDArray[Any]


class MaskKind(NamedTuple):
    """How a mask says its classes. `concepts`: value -> concept, empty for background; a colour's value is
    R + 256 G + 65536 B. `threshold` is that of a binary mask, whose values become 0 and 1, and of a colour mask whose
    channels become 0 and 255; 0 leaves colours as they are."""

    form: str
    concepts: Mapping[int, str]
    threshold: int = 0

    def name(self, value: int) -> str:
        """A value as the user knows it: a number, or a colour RRGGBB."""
        return value.to_bytes(4, "little")[:3].hex() if self.form == "rgb" else str(value)


@lru_cache(maxsize=64)
def parse_mask_kind(text: str) -> MaskKind:
    """Read the `mask_kind` of a record. An empty concept is a known background or void value.

        index:0=,1=,2=building,3=road
        rgb:000000=,00003f=ship
        rgb128:000000=,00ffff=urban_land  (colours whose channels are made 0, or 255 from 128 on, before they are named)
        binary:128=building               (values from 128 on)

    Raises BadAnnotation where the text has another form.
    """
    form, _, rest = text.partition(":")
    limit = _RGB_LIMIT.fullmatch(form)
    form = "rgb" if limit else form
    concepts: dict[int, str] = {}
    try:
        for pair in rest.split(","):
            key, equals, concept = pair.partition("=")
            if not equals:
                raise ValueError(f"{pair!r} has no =")
            value = int.from_bytes(bytes.fromhex(key), "little") if form == "rgb" else int(key)
            if form == "rgb" and len(key) != 6:
                raise ValueError(f"the colour {key!r} has not six hex digits")
            concepts[value] = concept.strip()
    except ValueError as error:
        problem = f"mask_kind {text!r}: {error}; wanted index:<n>=<concept>,... rgb:<RRGGBB>=... or binary:<n>=..."
        raise BadAnnotation("mask_kind", 0, problem) from error
    if form == "binary" and len(concepts) == 1:
        (threshold, concept), *_ = concepts.items()
        return MaskKind(form, {0: "", 1: concept}, threshold)
    if form not in ("index", "rgb"):
        raise BadAnnotation("mask_kind", 0, f"mask_kind {text!r}: wanted index:, rgb: or binary: with one value")
    return MaskKind(form, concepts, int(limit[1]) if limit else 0)


@dataclass(slots=True)
class _Found:
    """What one mask holds: objects kept, and drops that count the others; their sum is what was made."""

    objects: list[Obj] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)


def run(
    records: Iterable[Record],
    *,
    roots: Mapping[str, Path],
    min_area: int = 10,
    instances: bool = True,
    min_instance_id: int = 1000,
) -> Iterator[Output]:
    """Add the objects of each record's mask, with `origin` m2b; boxes and areas in pixels of the image or window.

    Objects of an earlier run of this stage are replaced. A record without a mask passes as it is.

    - `min_area`: objects of fewer pixels are refused (`below-min-area`); 1 keeps the dust of drawn masks too.
    - `instances`: use the instance ids of `extra["instances"]` (R + 256 G + 65536 B, 0 for none), one object for each
      id, its class the one of most of its pixels; class pixels without an id fall back to components.
    - `min_instance_id`: smaller ids are no instances (iSAID_Devkit, instances2dict_with_polygons.py: below 1000).

    Images are refused as `missing-mask`, `unreadable-mask`, `mask-size-differs`, `mask-kind-differs` (colours where
    indices were announced, or the reverse) and `unknown-mask-kind`; objects as `below-min-area`,
    `unknown-mask-value`, `instance-id-too-small`, `instance-without-class`, and `replaced`.
    """
    if min_area < 1:
        raise BadRecipe(f"m2b: min_area {min_area}; wanted a number of pixels, 1 or more")
    masks = _Masks()
    for record in records:
        if record.mask_path is None:
            yield record
            continue
        if record.source not in roots:
            raise BadCorpus(f"{record.id}: no root folder is known for the source {record.source!r}; give its --root")
        try:
            found = _objects(record, roots[record.source], masks, min_area, instances, min_instance_id)
        except BadImage as error:
            reason = {"missing-image": "missing-mask", "window-outside": "mask-size-differs"}.get(error.reason)
            reason = reason or (error.reason if error.reason.startswith("mask-") else "unreadable-mask")
            yield Drop(record.id, STAGE, reason, str(error), objects=len(record.objects))
            continue
        except BadAnnotation as error:
            yield Drop(record.id, STAGE, "unknown-mask-kind", str(error), objects=len(record.objects))
            continue
        yield from _ledger(record, found)


def idle(part: Path, **_: Any) -> bool:
    """Whether a part has no masks, so that this stage would leave it as it is; from the file's statistics alone."""
    import pyarrow.parquet as pq

    meta = pq.read_metadata(part)
    column = meta.schema.names.index("mask_path")
    groups = [meta.row_group(i).column(column) for i in range(meta.num_row_groups)]
    return all(g.statistics is not None and g.statistics.null_count == g.num_values for g in groups)


def _ledger(record: Record, found: _Found) -> Iterator[Output]:
    others = [obj for obj in record.objects if obj.origin != "m2b"]
    if old := len(record.objects) - len(others):
        yield Drop(record.id, STAGE, "replaced", "objects of an earlier m2b", images=0, objects=old)
    made = len(found.objects) + sum(drop.objects for drop in found.drops)
    if made:
        yield Made(record.id, objects=made)
    yield from found.drops
    yield replace(record, objects=others + found.objects)


def _objects(record: Record, root: Path, masks: _Masks, min_area: int, instances: bool, min_instance_id: int) -> _Found:
    kind = parse_mask_kind(record.mask_kind or "")
    path = root / str(record.mask_path)
    masks.check_size(path, record, root)
    classes = _class_bands(path, masks.bands(path, record.window), kind)
    background = [value for value, concept in kind.concepts.items() if not concept]
    found = _Found()
    if instances and "instances" in record.extra:
        other = root / record.extra["instances"]
        masks.check_size(other, record, root)
        owned: list[tuple[int, geometry.Components]] = []
        left, top, width, _ = record.window or Window(0, 0, masks.size(path)[0], 0)

        def ids(row: int, rows: int) -> Array:
            return _ids(other, masks.load(other, Window(left, top + row, width, rows)))

        rest = geometry.band_components(_free_of_instances(classes, ids, owned), [*background, INSTANCE_PIXEL])
        _add_instances(found, record.id, kind, owned, min_area, min_instance_id)
    else:
        rest = geometry.band_components(classes, background)
    _add_components(found, record.id, kind, rest, min_area)
    return found


def _class_bands(path: Path, bands: Iterable[Array], kind: MaskKind) -> Iterator[Array]:
    """Bands `[row, column]` of class values: colours packed to one integer, binary masks as 0 and 1."""
    for band in bands:
        if band.dtype.kind not in "ui" or (band.ndim == 3) != (kind.form == "rgb"):
            seen = "RGB colours" if band.ndim == 3 else f"one band of {band.dtype}"
            problem = f"the mask holds {seen}, but its classes are told by {kind.form} values"
            raise BadImage(path, "mask-kind-differs", problem)
        if kind.form == "rgb":
            yield _packed_colours((band >= kind.threshold) * np.uint8(255) if kind.threshold else band)
        else:
            yield (band >= kind.threshold).astype(np.uint8) if kind.form == "binary" else band


def _ids(path: Path, band: Array) -> Array:
    """Instance ids `[row, column]`, from colours or from one band of integers."""
    if band.dtype.kind not in "ui":
        raise BadImage(path, "mask-kind-differs", f"the instance mask holds {band.dtype}, wanted integer ids")
    return _packed_colours(band) if band.ndim == 3 else band


def _packed_colours(band: Array) -> Array:
    """`[row, column, 3]` colours as R + 256 G + 65536 B."""
    four = np.zeros((*band.shape[:2], 4), np.uint8)
    for i in range(3):  # four times as fast as one assignment of all three
        four[..., i] = band[..., i]
    return four.view("<u4")[..., 0]


def _free_of_instances(
    bands: Iterable[Array], ids: Callable[[int, int], Array], owned: list[tuple[int, geometry.Components]]
) -> Iterator[Array]:
    """Bands of class values where instance pixels are taken out; `ids(row, rows)` reads the ids of a band.

    Boxes by (id, class) go to `owned`, with the row that their y counts from.
    """
    row = 0
    for band in bands:
        classes, numbers = band.astype(np.uint32), ids(row, len(band))
        taken = numbers != 0
        key = np.where(taken, numbers.astype(np.uint64) << np.uint64(32) | classes, np.uint64(0))
        owned.append((row, geometry.value_boxes([key])))
        row += len(band)
        yield np.where(taken, np.uint32(INSTANCE_PIXEL), classes)


class _Instance(NamedTuple):
    """All pixels of one instance id: box, and pixels by class value."""

    box: tuple[int, int, int, int]
    pixels: Counter[int]


def _gathered(owned: Iterable[tuple[int, geometry.Components]]) -> dict[int, _Instance]:
    """Instances by id, put together from bands that begin at the given rows."""
    found: dict[int, _Instance] = {}
    for row, part in owned:
        for key, (x0, y0, x1, y1), area in zip(part.value.tolist(), part.box.tolist(), part.area.tolist(), strict=True):
            number, value = key >> 32, key & 0xFFFFFFFF
            box = (x0, y0 + row, x1, y1 + row)
            if number in found:
                a, counts = found[number]
                box = (min(a[0], box[0]), min(a[1], box[1]), max(a[2], box[2]), max(a[3], box[3]))
            else:
                counts = Counter()
            counts[value] += area
            found[number] = _Instance(box, counts)
    return found


def _add_instances(
    found: _Found,
    id: str,
    kind: MaskKind,
    owned: Iterable[tuple[int, geometry.Components]],
    min_area: int,
    min_instance_id: int,
) -> None:
    refused: dict[str, list[str]] = {}
    mixed: list[str] = []
    kept: list[tuple[tuple[int, int, int, int], int, Obj]] = []
    for number, (box, counts) in sorted(_gathered(owned).items()):
        value, most = max(counts.items(), key=lambda pair: (pair[1], -pair[0]))
        area = counts.total()
        reason = _instance_fault(kind, number, value, area, min_area, min_instance_id)
        if reason:
            refused.setdefault(reason, []).append(f"id {number}: {area} pixels of value {kind.name(value)}")
            continue
        if most < area:
            mixed.append(f"id {number}: {area - most} of {area} pixels are not {kind.concepts[value]}")
        x0, y0, x1, y1 = map(float, box)
        kept.append((box, number, Obj(kind.concepts[value], (x0, y0, x1, y1), area=float(area), origin="m2b")))
    found.objects += [obj for box, _, obj in sorted(kept, key=lambda item: (item[0][1], item[0][0], item[1]))]
    found.drops += [
        Drop(id, STAGE, reason, _some(details), images=0, objects=len(details)) for reason, details in refused.items()
    ]
    if mixed:
        found.drops.append(Drop(id, STAGE, "instance-with-two-classes", _some(mixed), images=0, objects=0))


def _instance_fault(
    kind: MaskKind, number: int, value: int, area: int, min_area: int, min_instance_id: int
) -> str | None:
    if number < min_instance_id:
        return "instance-id-too-small"
    if value not in kind.concepts:
        return "unknown-mask-value"
    if not kind.concepts[value]:
        return "instance-without-class"
    return "below-min-area" if area < min_area else None


def _add_components(found: _Found, id: str, kind: MaskKind, rest: geometry.Components, min_area: int) -> None:
    value, box, area = rest
    known = np.isin(value, np.asarray(list(kind.concepts), np.int64))
    small = known & (area < min_area)
    kept = known & ~small
    labels = [kind.concepts[v] for v in value[kept].tolist()]
    for label, (x0, y0, x1, y1), size in zip(
        labels, box[kept].astype(float).tolist(), area[kept].tolist(), strict=True
    ):
        found.objects.append(Obj(label, (x0, y0, x1, y1), area=float(size), origin="m2b"))
    if small.any():
        counts = Counter(kind.concepts[v] for v in value[small].tolist())
        detail = f"fewer than {min_area} pixels: " + _some([f"{n} {label}" for label, n in sorted(counts.items())])
        found.drops.append(Drop(id, STAGE, "below-min-area", detail, images=0, objects=int(small.sum())))
    if not known.all():
        sizes: Counter[int] = Counter()
        for v, size in zip(value[~known].tolist(), area[~known].tolist(), strict=True):
            sizes[v] += size
        detail = _some([f"{kind.name(v)}: {size} pixels" for v, size in sorted(sizes.items())])
        found.drops.append(Drop(id, STAGE, "unknown-mask-value", detail, images=0, objects=int((~known).sum())))


def _some(details: list[str], most: int = 8) -> str:
    more = f"; and {len(details) - most} more" if len(details) > most else ""
    return "; ".join(details[:most]) + more


class _Masks:
    """Opens masks. Windows of one file come one after another: its mask (and its instance mask) are decoded once."""

    def __init__(self) -> None:
        self._decoded: dict[Path, Array] = {}
        self._sizes: dict[Path, tuple[int, int]] = {}

    def bands(self, path: Path, window: Window | None) -> Iterator[Array]:
        """A whole mask in bands from top to bottom; a window of one in one piece."""
        if window is None:
            return (band for _, band in pixels.mask_bands(path))
        return iter([self.load(path, window)])

    def load(self, path: Path, window: Window) -> Array:
        """A window of a mask. Files that can only be decoded whole are kept, the last two, up to CACHE_PIXELS."""
        width, height = self.size(path)
        if path.suffix.lower() in pixels.TIFF_SUFFIXES or width * height > CACHE_PIXELS:
            return pixels.load_mask(path, window)
        if path not in self._decoded:
            while len(self._decoded) >= 2:
                self._decoded.pop(next(iter(self._decoded)))
            self._decoded[path] = pixels.load_mask(path)
        x, y, width, height = window
        return self._decoded[path][y : y + height, x : x + width]

    def check_size(self, path: Path, record: Record, root: Path) -> None:
        """Raise BadImage where a mask has not the size of its image (of the file, for a window)."""
        width, height = self.size(path)
        image = self._image_size(root, record)
        if image is None:
            x, y, w, h = record.window or Window(0, 0, width, height)
            image = (max(width, x + w), max(height, y + h))
        if (width, height) != image:
            problem = f"the mask has {width} x {height} pixels, its image {image[0]} x {image[1]}"
            raise BadImage(path, "mask-size-differs", problem)

    def _image_size(self, root: Path, record: Record) -> tuple[int, int] | None:
        """Size of the whole image file; None where it is not known, or cannot be read, which others will report."""
        if record.window is None:
            return (record.width, record.height) if record.width and record.height else None
        try:
            return self.size(root / record.path) if record.path else None
        except BadImage:
            return None

    def size(self, path: Path) -> tuple[int, int]:
        if path not in self._sizes:
            if len(self._sizes) >= 8:
                self._sizes.clear()
            self._sizes[path] = pixels.size(path)
        return self._sizes[path]
