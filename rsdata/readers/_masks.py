"""From an image with a mask file to a Record: sizes from headers, the encoding by the number of bands.

`mask_kind` is a string that describes itself, so that the stage which turns masks into boxes needs no reader:

    index:0=,1=,2=building,3=road                 one band; value=concept
    rgb:000000=,00003f=ship,003f3f=storage_tank   three bands; colour (hex RRGGBB)=concept
    rgb128:000000=,00ffff=urban_land              the same, for colours that are not exact: each channel becomes 0, or
                                                  255 from 128 on, before it is looked up
    binary:128=building                           one band; at or above the number = concept

An empty concept is known and means nothing to find (background, no data). A value that the string does not name is
unknown and must be counted as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, no_annotation
from rsdata.record import Drop, Item, Record

MISSING, UNREADABLE, SIZE, ENCODING = "missing-annotation", "unreadable-mask", "mask-size", "mask-encoding"


def index_kind(values: Mapping[int, str | None]) -> str:
    """The kind of a one-band mask: value -> concept, None for background."""
    return "index:" + ",".join(f"{value}={concept or ''}" for value, concept in values.items())


def rgb_kind(colours: Mapping[tuple[int, int, int], str | None], threshold: int = 0) -> str:
    """The kind of a colour mask: (red, green, blue) -> concept, None for background.

    With a threshold, colours have only 0 and 255, and the mask's channels are made so (255 from the threshold on).
    """
    named = (f"{r:02x}{g:02x}{b:02x}={concept or ''}" for (r, g, b), concept in colours.items())
    return f"rgb{threshold or ''}:" + ",".join(named)


def read(
    item: Item,
    info: Info,
    kinds: Mapping[int, str],
    *,
    instances: str | None = None,
    extra: Mapping[str, str] | None = None,
    unlabelled: bool = False,
) -> Iterator[Record | Drop]:
    """Yield the record of one image and its mask, `item.label`, or a drop that says why not.

    `kinds`: bands of the mask -> mask_kind. `instances`: an image of instance ids (R + 256*G + 65536*B), which goes to
    `extra["instances"]`. Without images (`item.image` is None) the size is that of the mask. `unlabelled` lets an image
    without mask through (a test split whose masks are held back).

    Drop reasons: missing-image, unreadable-image, too-large (the image); missing-annotation, unreadable-mask,
    mask-size (mask and image differ), mask-encoding (a number of bands that the dataset does not have).
    """
    if item.label is None and not unlabelled:
        yield no_annotation(item)
        return
    try:
        size = pixels.size(item.root / item.image) if item.image else None
        kind = None
        if item.label:
            size, kind = _mask(item, item.label, size, kinds)
        if instances:
            size, _ = _mask(item, instances, size, {3: "", 4: ""})
    except BadImage as error:
        shown = str(error).replace(f"{item.root}/", "")
        yield Drop(item.id, STAGE, error.reason, shown)
        return
    more = dict(extra or {}) | ({"instances": instances} if instances else {})
    width, height = size or (0, 0)
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        split=item.split,
        path=item.image,
        width=width,
        height=height,
        gsd=info.gsd,
        platform=info.platform,
        mask_path=item.label,
        mask_kind=kind,
        licence=info.licence,
        extra=more,
    )


def _mask(item: Item, path: str, size: tuple[int, int] | None, kinds: Mapping[int, str]) -> tuple[tuple[int, int], str]:
    """Size and kind of a mask file. Raises BadImage with the reasons of `read`."""
    try:
        found = pixels.info(item.root / path)
    except BadImage as error:
        reason = MISSING if error.reason == "missing-image" else UNREADABLE
        raise BadImage(path, reason, f"the mask cannot be used: {error.problem}") from error
    here = found.width, found.height
    if size is not None and here != size:
        problem = f"the mask has {here[0]} x {here[1]} pixels, {item.image or item.label} has {size[0]} x {size[1]}"
        raise BadImage(path, SIZE, f"{problem}; one of them was cut or resized, take both from one download")
    if found.bands not in kinds or found.dtype not in ("uint8", "uint16", "int32"):
        wanted = " or ".join(str(bands) for bands in kinds)
        problem = f"the mask has {found.bands} bands of {found.dtype} where {wanted} of uint8 are wanted"
        raise BadImage(path, ENCODING, problem)
    return here, kinds[found.bands]
