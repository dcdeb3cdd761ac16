"""Perceptual hashes: imagehash's bits, the eight views, centre crops, flat images, the scaled decode."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import cut, picture, save
from PIL import Image

from rsdata import phash, pixels
from rsdata.errors import BadImage
from rsdata.record import Window

Y, X = np.mgrid[0:256, 0:256]
RNG = np.random.default_rng(0)
BLOTCHES = np.asarray(picture(5).convert("L"))
DRAWN = {
    "constant": np.full((256, 256), 90),
    "black": np.zeros((256, 256)),
    "gradient": X / 2 + 40,
    "halves": np.where(X < 100, 0, 120),
    "checks": np.where((X // 32 + Y // 32) % 2, 30, 220),
    "disc": np.where((X - 128) ** 2 + (Y - 128) ** 2 < 60**2, 250, 20),
    "noise": RNG.integers(0, 256, (256, 256)),
    "blotches": BLOTCHES,
}


def theirs(grey: np.ndarray) -> int:
    return int(str(imagehash.phash(Image.fromarray(np.asarray(grey, np.uint8)))), 16)


def ours(grey: np.ndarray) -> int:
    return phash.prints(np.asarray(grey, np.uint8)).phash


def bits(a: int, b: int) -> int:
    return (int(a) ^ int(b)).bit_count()


@pytest.mark.parametrize("name", DRAWN)
def test_the_hash_is_that_of_imagehash(name: str) -> None:
    for grey in (DRAWN[name], DRAWN[name][:100, :200], DRAWN[name][3:35, 7:39], DRAWN[name][:9, :5]):
        assert ours(grey) == theirs(grey)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 90), st.integers(1, 255))
def test_the_hash_is_that_of_imagehash_for_any_image(seed: int, width: int, height: int, high: int) -> None:
    grey = np.random.default_rng(seed).integers(0, high + 1, (height, width), np.uint8)
    assert ours(grey) == theirs(grey)


def test_golden_hashes() -> None:
    assert ours(DRAWN["constant"]) == 0x8000000000000000
    assert ours(DRAWN["black"]) == 0
    assert ours(DRAWN["halves"]) == 0x9C00000000000000
    assert int(phash.pack(np.arange(64.0).reshape(8, 8))) == 0x00000000FFFFFFFF
    assert int(phash.pack(-np.arange(64.0).reshape(8, 8))) == 0xFFFFFFFF00000000


def test_real_images_have_the_hashes_of_imagehash(shared_data: Path) -> None:
    files = sorted((shared_data / "rsicd/RSICD_images").glob("*.jpg"))[:60]
    files += sorted((shared_data / "simd_yolo/images").glob("*.jpg"))[:10]
    files += sorted((shared_data / "fair_oam_osm/input").glob("*.png"))[:10]
    assert len(files) == 80
    for file in files:
        grey = pixels.load_grey(file)
        found = phash.prints(grey.pixels, grey.box)
        assert found.phash == theirs(grey.pixels) and not found.flat, file
        assert bits(found.phash, int(str(imagehash.phash(Image.open(file))), 16)) <= 4, file


TURNS = {
    "as it is": None,
    "mirrored left to right": Image.Transpose.FLIP_LEFT_RIGHT,
    "mirrored top to bottom": Image.Transpose.FLIP_TOP_BOTTOM,
    "turned by 180": Image.Transpose.ROTATE_180,
    "transposed": Image.Transpose.TRANSPOSE,
    "turned left by 90": Image.Transpose.ROTATE_90,
    "turned right by 90": Image.Transpose.ROTATE_270,
    "transposed the other way": Image.Transpose.TRANSVERSE,
}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_one_transform_gives_the_hashes_of_all_eight_views(seed: int) -> None:
    small = np.random.default_rng(seed).integers(0, 256, (32, 32), np.uint8)
    found = phash.pack(phash.views(phash.lows(small)))
    assert list(TURNS) == list(phash.VIEWS)
    for turn, value in zip(TURNS.values(), found, strict=True):
        image = Image.fromarray(small)
        assert theirs(np.asarray(image if turn is None else image.transpose(turn))) == value
    assert len(set(found.tolist())) == 8


def test_centre_crops_are_those_of_the_image_cut_and_hashed() -> None:
    assert phash.CROPS[0] == 1.0 and 224 / 256 in phash.CROPS
    for seed in range(12):
        image = picture(seed, 400, 400).convert("L")
        found = phash.prints(np.asarray(image))
        assert found.crops[0] == found.phash
        for share, value in zip(phash.CROPS, found.crops, strict=True):
            assert bits(value, theirs(np.asarray(cut(image, share)))) <= 2, (seed, share)
        assert bits(found.crops[5], found.phash) > 4


def test_views_of_crops_are_crops_of_views() -> None:
    image = picture(3, 320, 320).convert("L")
    every = phash.prints(np.asarray(image), all_views=True)
    assert every.crops.shape == (6, 8)
    for view, turn in enumerate(TURNS.values()):
        turned = image if turn is None else image.transpose(turn)
        alone = phash.prints(np.asarray(turned))
        assert [bits(a, b) <= 2 for a, b in zip(alone.crops, every.crops[:, view], strict=True)] == [True] * 6


def test_a_box_is_an_image_of_its_own() -> None:
    image = np.asarray(picture(8, 300, 200).convert("L"))
    boxed = phash.prints(image, (40.0, 20.0, 240.0, 180.0))
    alone = phash.prints(image[20:180, 40:240])
    assert bits(boxed.phash, alone.phash) <= 2 and phash.centre((40.0, 20.0, 240.0, 180.0), 0.75) == (65, 40, 215, 160)


FLAT = {
    "constant": (DRAWN["constant"], True),
    "black": (DRAWN["black"], True),
    "sensor noise": (90 + RNG.normal(0, 3, (256, 256)), True),
    "gradient": (DRAWN["gradient"], True),
    "two plain halves": (DRAWN["halves"], True),
    "vignette": (200 - ((X - 128) ** 2 + (Y - 128) ** 2) / 400, True),
    "a dot on plain ground": (np.where((X - 60) ** 2 + (Y - 100) ** 2 < 200, 250, 90), True),
    "blotches": (BLOTCHES, False),
    "faint blotches": (128 + (BLOTCHES - 128.0) / 8, False),
    "a chessboard": (DRAWN["checks"], True),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_images_are_told(name: str) -> None:
    grey, flat = FLAT[name]
    found = phash.prints(np.clip(np.rint(grey), 0, 255).astype(np.uint8), all_views=True)
    assert found.flat is flat
    assert (found.crops[0] == 0).all() if flat else (found.crops != 0).all()


def test_a_flat_crop_of_a_rich_image_has_no_hash() -> None:
    frame = BLOTCHES.copy()
    frame[20:236, 20:236] = 90
    found = phash.prints(frame)
    assert not found.flat and found.crops[0] == found.phash != 0
    assert found.crops[-1] == 0


def test_no_real_scene_of_the_samples_is_flat(shared_data: Path) -> None:
    files = [*(shared_data / "aid_resized/AID").glob("*/*.jpg"), *(shared_data / "rsscn7").glob("*/*.jpg")]
    assert len(files) == 74
    for file in files:
        grey = pixels.load_grey(file)
        assert not phash.prints(grey.pixels, grey.box).flat, file


# the scaled decode


@pytest.mark.parametrize(
    ("width", "height", "window", "shape", "box"),
    [
        (60, 60, None, (60, 60), (0, 0, 60, 60)),
        (127, 300, None, (300, 127), (0, 0, 127, 300)),
        (128, 300, None, (150, 64), (0, 0, 64, 150)),
        (224, 224, None, (112, 112), (0, 0, 112, 112)),
        (257, 301, None, (76, 65), (0, 0, 65, 76)),
        (800, 600, None, (75, 100), (0, 0, 100, 75)),
        (800, 600, Window(100, 40, 300, 256), (150, 200), (25, 10, 100, 74)),
        (800, 600, Window(700, 500, 100, 100), (600, 800), (700, 500, 800, 600)),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_images_are_decoded_at_a_half_a_quarter_or_an_eighth(
    tmp_path: Path, width: int, height: int, window: Window | None, shape: tuple, box: tuple, suffix: str
) -> None:
    file = save(picture(1, width, height), tmp_path / f"a.{suffix}")
    found = pixels.load_grey(file, window)
    if suffix == "png" and window is None:
        box = tuple(min(edge, full) for edge, full in zip(box, (0, 0, *found.pixels.shape[::-1]), strict=True))
        assert found.pixels.shape == shape
    assert found.pixels.shape == shape
    assert found.box == pytest.approx(box, abs=1)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_any_kind_of_file_has_a_hash(tmp_path: Path, mode: str) -> None:
    image = picture(2).convert(mode)
    file = save(image, tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))
    assert bits(_hash(file), theirs(np.asarray(image.convert("L")))) <= 4


def _hash(file: Path, window: Window | None = None) -> int:
    grey = pixels.load_grey(file, window)
    return phash.prints(grey.pixels, grey.box).phash


def test_sixteen_bits_and_tiff_windows(tmp_path: Path) -> None:
    import rasterio
    from rasterio.transform import from_origin

    grey = np.asarray(picture(4).convert("L"))
    wide = {"driver": "GTiff", "width": 256, "height": 256, "count": 1, "transform": from_origin(5e5, 4e6, 1, 1)}
    with rasterio.open(tmp_path / "a.tif", "w", dtype="uint16", crs="EPSG:32618", **wide) as out:
        out.write(grey.astype(np.uint16) * 40 + 1000, 1)
    assert bits(_hash(tmp_path / "a.tif"), theirs(grey)) <= 4
    part = _hash(tmp_path / "a.tif", Window(16, 32, 192, 200))
    assert bits(part, theirs(grey[32:232, 16:208])) <= 4


def test_a_window_is_hashed_as_if_cut_out(tmp_path: Path) -> None:
    image = picture(6, 900, 700)
    for suffix in ("png", "jpg"):
        file = save(image, tmp_path / f"big.{suffix}")
        for x, y, w, h in ((0, 0, 512, 512), (388, 100, 512, 512), (3, 5, 130, 140), (640, 440, 260, 260)):
            part = save(image.crop((x, y, x + w, y + h)), tmp_path / "part.png")
            assert bits(_hash(file, Window(x, y, w, h)), _hash(part)) <= 4


def test_an_image_in_a_tar_has_the_hash_of_its_file(tmp_path: Path) -> None:
    data = io.BytesIO()
    picture(7).save(data, "JPEG")
    (tmp_path / "a.jpg").write_bytes(data.getvalue())
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        archive.add(tmp_path / "a.jpg", "0.jpg")
    whole = Window(0, 0, 256, 256)
    for window in (None, whole):
        assert _hash(tmp_path / "s.tar!0.jpg", window) == _hash(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("data", "window", "reason"),
    [
        (None, None, "missing-image"),
        (b"no image", None, "unreadable-image"),
        (b"half", None, "unreadable-image"),
        (b"whole", Window(200, 0, 100, 100), "window-outside"),
    ],
)
def test_what_cannot_be_decoded_says_why(tmp_path: Path, data: bytes, window: Window, reason: str) -> None:
    file = tmp_path / "a.jpg"
    if data in (b"half", b"whole"):
        save(picture(9), file)
        data = file.read_bytes()[: None if data == b"whole" else 3000]
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadImage) as caught:
        pixels.load_grey(file, window)
    assert caught.value.reason == reason and "a.jpg" in str(caught.value)
