"""The only module that opens images: sizes from headers, windows, bands, stretch to 8 bit, RGB.

Arrays are row-major `[row, column]` or `[row, column, band]`. EXIF orientation is left alone: annotations are drawn on
the stored pixels, so a rotated view would move every box. `info` says when a file carries an orientation tag.

A path may lead into an archive: `shards/000000.tar!000000123.jpg` is a member of a plain tar file, and
`parquet/000000.parquet!17` the image in row 17 (from 0) of a Parquet file. Such an image is read whole into memory.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from rsdata.archive import content as content
from rsdata.archive import image_column as image_column
from rsdata.archive import inside as inside
from rsdata.archive import stamp as stamp
from rsdata.archive import tar_members as tar_members
from rsdata.errors import BadImage, ServiceError
from rsdata.place import Remote, opener
from rsdata.place import place as path_of
from rsdata.record import Record, Window

U8 = npt.NDArray[np.uint8]
Pixels = npt.NDArray[Any]

MAX_PIXELS = 4_000_000_000  # DOTA v2.0 has 29,200 x 27,620; a header that claims more is a decompression bomb
BAND_ROWS = 1024
WHOLE_DECODE = 300_000_000  # pixels up to which a plain image is decoded whole before a window is cut
EXIF_ORIENTATION = 0x0112
TIFF_SUFFIXES = {".tif", ".tiff", ".gtiff", ".vrt", ".jp2"}
HEADER = 1 << 16  # bytes fetched at once from a store: for a header, for windows of a raster
RANGE = 1 << 18
MISSING = "no such image file; check the dataset's root and its image folder"
SIMPLE_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}

Image.MAX_IMAGE_PIXELS = None  # our own limit, with a drop instead of a warning


class ImageInfo(NamedTuple):
    """What a header says. `bands` counts samples per pixel; `orientation` is the EXIF tag (1: as stored)."""

    width: int
    height: int
    format: str
    bands: int
    dtype: str
    orientation: int


class Grey(NamedTuple):
    """Grey values `[row, column]` and where in them the image or window lies: left, top, right, bottom, in pixels."""

    pixels: U8
    box: tuple[float, float, float, float]


def info(path: Path) -> ImageInfo:
    """Read the header of an image file. Raises BadImage: missing-image, unreadable-image, too-large."""
    if inside(path) is None and not isinstance(path, Remote) and not _is_file(path):
        raise BadImage(path, "missing-image", MISSING)
    try:
        with _quiet(), Image.open(_source(path, HEADER)) as im:
            bands = len(im.getbands())
            dtype = "uint8" if im.mode in SIMPLE_MODES else {"I;16": "uint16", "F": "float32"}.get(im.mode, "int32")
            orientation = int(im.getexif().get(EXIF_ORIENTATION, 1)) if im.format in ("JPEG", "MPO") else 1
            found = ImageInfo(im.width, im.height, im.format or "", bands, dtype, orientation)
    except UnidentifiedImageError as error:
        found = _raster_info(path, error)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(path, Remote) and isinstance(error, FileNotFoundError):
            raise BadImage(path, "missing-image", MISSING) from error
        raise BadImage(path, "unreadable-image", f"the image header cannot be read ({_short(error)})") from error
    if found.width * found.height > MAX_PIXELS:
        problem = f"{found.width} x {found.height} pixels, more than the {MAX_PIXELS:,} that are read"
        raise BadImage(path, "too-large", problem)
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system, a folder that may not be entered
        return False


def size(path: Path) -> tuple[int, int]:
    """Width and height from the header."""
    found = info(path)
    return found.width, found.height


def load(path: Path, window: Window | None = None) -> U8:
    """The image, or a window of it, as RGB uint8 `[row, column, 3]`.

    Grey is repeated, palettes are looked up, alpha is dropped, bands beyond three are dropped. 16-bit and float data
    are stretched per band from the 2nd to the 98th percentile of the whole file (from a decimated read), so that all
    windows of one file share one stretch.
    """
    found = info(path)
    _inside(path, window, found)
    if found.dtype != "uint8" or found.bands > 4 or (window is not None and _tiled_raster(path, found)):
        return _load_raster(path, window)
    with _opened(path) as im:
        part = im.crop((window.x, window.y, window.x + window.width, window.y + window.height)) if window else im
        return np.asarray(part.convert("RGB"))


def load_grey(path: Path, window: Window | None = None, least: int = 64) -> Grey:
    """A scaled grey decode for perceptual hashes, at a half, a quarter or an eighth of the size: the smallest at which
    the shorter side of the image or window still has `least` pixels.

    JPEG is scaled while it is decoded (libjpeg, luminance alone), everything else by the mean of square blocks of its
    luminance (ITU-R 601-2, as Pillow). Windows of one file share a decode. What is done here is part of a hash's
    version (`phash.VERSION`): change them together.
    """
    if inside(path) is None and not path.is_file():
        raise BadImage(path, "missing-image", MISSING)
    if window is None and path.suffix.lower() not in TIFF_SUFFIXES:  # Pillow knows no TIFF of five or of 16-bit bands
        with _opened(path) as im:
            if im.format in ("JPEG", "MPO"):
                grey = _draft(im, _scale(im.width, im.height, least))
                return Grey(grey, (0.0, 0.0, float(grey.shape[1]), float(grey.shape[0])))
    found = info(path)
    _inside(path, window, found)
    x, y, width, height = window or (0, 0, found.width, found.height)
    scale = _scale(width, height, least)
    if found.dtype != "uint8" or found.bands > 4 or (window is not None and _tiled_raster(path, found)):
        grey, x, y = _shrunk(Image.fromarray(load(path, window)), scale), 0, 0
    else:
        place = inside(path)
        grey = _whole_grey(str(path), stamp(place[0] if place else path), scale)
    right, bottom = min((x + width) / scale, grey.shape[1]), min((y + height) / scale, grey.shape[0])
    return Grey(grey, (x / scale, y / scale, right, bottom))


def load_mask(path: Path, window: Window | None = None) -> Pixels:
    """The raw values of a mask: `[row, column]` of class indices, or `[row, column, 3]` of palette colours.

    A palette file (mode P) gives its indices, not its colours. A single-band mask of any integer type keeps it.
    """
    bands = list(mask_bands(path, window, rows=1 << 31))
    return bands[0][1]


def mask_bands(path: Path, window: Window | None = None, rows: int = BAND_ROWS) -> Iterator[tuple[int, Pixels]]:
    """Yield `(first_row, values)` from top to bottom, `rows` rows at a time; first_row counts from the window's top.

    A tiled or striped TIFF is read band by band and never held whole; other formats are decoded once.
    """
    found = info(path)
    _inside(path, window, found)
    box = window or Window(0, 0, found.width, found.height)
    if _tiled_raster(path, found):
        yield from _raster_bands(path, box, rows)
        return
    with _opened(path) as im:
        im.load()
        for y in range(0, box.height, rows):
            bottom = min(y + rows, box.height)
            part = im.crop((box.x, box.y + y, box.x + box.width, box.y + bottom))
            yield y, _mask_values(part)


def load_record(record: Record, root: Path) -> U8:
    """The pixels of a record (its file, or its window of the file) as RGB uint8."""
    if record.path is None:
        raise BadImage(record.id, "no-image", "this record was read without images (--no-images)")
    return load(root / record.path, record.window)


def decodes(path: Path) -> None:
    """Decode every pixel of a file; raise BadImage where that fails (truncated or damaged data)."""
    found = info(path)
    if found.dtype != "uint8" or found.bands > 4:
        _load_raster(path, None)
        return
    with _opened(path) as im:
        im.load()


def glance(path: Path, window: Window | None = None, side: int = 256) -> tuple[npt.NDArray[np.float64], Pixels]:
    """Values `[band, row, column]` of up to three bands, and where they are valid (nodata, mask band, alpha, NaN), of a
    file or a window of it: `side` pixels a side at most, by overviews where the file has them. Raises BadImage."""
    from rasterio.windows import Window as RasterWindow

    info(path)
    with _raster(path) as src:
        box = RasterWindow(*(window or (0, 0, src.width, src.height)))
        bands = list(range(1, min(3, src.count) + 1))
        shape = (len(bands), min(side, int(box.height)), min(side, int(box.width)))
        values = src.read(bands, window=box, out_shape=shape).astype(np.float64)
        valid = src.read_masks(bands, window=box, out_shape=shape).any(axis=0)
    return values, valid & np.isfinite(values).all(axis=0)


def encode(pixels: U8, format: str, quality: int = 92) -> bytes:
    """Encode RGB pixels as "jpg" or "png"; the same bytes on every run of one Pillow version."""
    out = io.BytesIO()
    if format == "png":
        Image.fromarray(pixels).save(out, "PNG", compress_level=6)
    else:
        Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def resize(pixels: U8, width: int, height: int) -> U8:
    """Resample RGB pixels to a size, antialiased (Lanczos)."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _scale(width: int, height: int, least: int) -> int:
    return next((scale for scale in (8, 4, 2) if min(width, height) >= scale * least), 1)


def _draft(im: Image.Image, scale: int) -> U8:
    im.draft("L", (im.width // scale, im.height // scale))
    return np.asarray(im.convert("L"))


def _shrunk(im: Image.Image, scale: int) -> U8:
    grey = im.convert("L")
    return np.asarray(grey.reduce(scale) if scale > 1 else grey)


@lru_cache(maxsize=2)  # windows of one file come one after another, most of one size
def _whole_grey(path: str, stamp: tuple[int, int], scale: int) -> U8:
    with _opened(path_of(path)) as im:
        return _draft(im, scale) if im.format in ("JPEG", "MPO") else _shrunk(im, scale)


def _source(path: Path, first: int = 0) -> Any:
    """What Pillow opens: the path; the bytes of an image in an archive or a store; or, with `first`, of one in a store
    a file that fetches that many bytes at once."""
    if inside(path) is not None:
        return io.BytesIO(content(path))
    if isinstance(path, Remote):
        return path.open("rb", first) if first else io.BytesIO(path.read_bytes())
    return path


def _mask_values(im: Image.Image) -> Pixels:
    if im.mode in ("L", "P", "1", "I", "I;16"):
        return np.asarray(im.convert("L") if im.mode == "1" else im)
    return np.asarray(im if im.mode == "RGB" else im.convert("RGB"))


def _inside(path: Path, window: Window | None, found: ImageInfo) -> None:
    if window is None:
        return
    x, y, width, height = window
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > found.width or y + height > found.height:
        problem = f"window {tuple(window)} is not inside the image of {found.width} x {found.height} pixels"
        raise BadImage(path, "window-outside", problem)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of odd metadata; pixels are what counts here, and a failed decode still raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open with Pillow; any failure to decode inside the block becomes BadImage unreadable-image."""
    try:
        with _quiet(), Image.open(_source(path)) as im:
            yield im
    except BadImage:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise BadImage(path, "unreadable-image", f"the pixels cannot be decoded ({_short(error)})") from error


def _tiled_raster(path: Path, found: ImageInfo) -> bool:
    return path.suffix.lower() in TIFF_SUFFIXES or found.format == "TIFF"


@contextmanager
def dataset(path: Path) -> Iterator[Any]:
    """Open with rasterio. In a store a header or a window costs the ranges where it lies; a store that does not answer
    is a ServiceError, although GDAL takes it for a damaged file, or for one without side files."""
    import rasterio
    from rasterio.errors import RasterioError

    trouble: list[ServiceError] = []
    remote = isinstance(path, Remote) and inside(path) is None
    ranges = {"opener": opener(path, RANGE, trouble)} if remote else {}
    try:
        with rasterio.open(str(path) if remote else _source(path), **ranges) as src:
            yield src
    except RasterioError as error:
        if not trouble:
            raise
        raise trouble[0] from error
    if trouble:
        raise trouble[0]


@contextmanager
def _raster(path: Path) -> Iterator[Any]:
    """Open with rasterio (GDAL, small block cache); failures become BadImage."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with rasterio.Env(GDAL_CACHEMAX=64), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with dataset(path) as src:
                yield src
    except RasterioError as error:
        raise BadImage(path, "unreadable-image", f"the raster cannot be read ({_short(error)})") from error


def _raster_info(path: Path, cause: Exception) -> ImageInfo:
    if path.suffix.lower() not in TIFF_SUFFIXES:
        problem = "not an image file that can be read (its first bytes match no known format)"
        raise BadImage(path, "unreadable-image", problem) from cause
    with _raster(path) as src:
        return ImageInfo(src.width, src.height, str(src.driver), src.count, str(src.dtypes[0]), 1)


def _raster_bands(path: Path, box: Window, rows: int) -> Iterator[tuple[int, Pixels]]:
    """Opened anew for each band: a GDAL environment must not stay open while a caller works between bands."""
    for y in range(0, box.height, rows):
        window = Window(box.x, box.y + y, box.width, min(rows, box.height - y))
        yield y, _raster_values(path, window)


def _raster_values(path: Path, window: Window) -> Pixels:
    from rasterio.windows import Window as RasterWindow

    with _raster(path) as src:
        if src.count < 3:
            values: Pixels = src.read(1, window=RasterWindow(*window))
            return values
        return np.ascontiguousarray(np.moveaxis(src.read([1, 2, 3], window=RasterWindow(*window)), 0, -1))


def _load_raster(path: Path, window: Window | None) -> U8:
    """Read three bands by window and stretch them when they are not 8 bit."""
    from rasterio.windows import Window as RasterWindow

    with _raster(path) as src:
        indexes = [1, 2, 3] if src.count >= 3 else [1, 1, 1]
        read = src.read(indexes, window=RasterWindow(*window) if window else None)
        if str(src.dtypes[0]) == "uint8":
            return np.ascontiguousarray(np.moveaxis(_palette(src, read), 0, -1))
        limits = [_stretch_limits(src, index) for index in indexes]
    bands = [_stretch(band, low, high) for band, (low, high) in zip(read, limits, strict=True)]
    return np.ascontiguousarray(np.stack(bands, axis=-1))


def _palette(src: Any, read: U8) -> U8:
    """Look up a single-band colour table; other 8-bit data are returned as they are."""
    from rasterio.enums import ColorInterp

    if src.count != 1 or src.colorinterp[0] != ColorInterp.palette:
        return read
    table = np.zeros((256, 3), np.uint8)
    for value, colour in src.colormap(1).items():
        table[value] = colour[:3]
    colours: U8 = np.ascontiguousarray(np.moveaxis(table[read[0]], -1, 0))
    return colours


def _stretch_limits(src: Any, index: int) -> tuple[float, float]:
    """2nd and 98th percentile of the valid pixels of one band, from a read of at most 1024 x 1024."""
    shape = (min(src.height, 1024), min(src.width, 1024))
    sample = src.read(index, out_shape=shape, masked=True)
    values = np.ma.compressed(sample).astype(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values, [2, 98])
    return float(low), float(high) if high > low else float(low) + 1.0


def _stretch(band: Pixels, low: float, high: float) -> U8:
    scaled = (np.nan_to_num(band.astype(np.float32), nan=low, posinf=high, neginf=low) - low) * (255.0 / (high - low))
    stretched: U8 = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return stretched


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
