"""Pixels: windows, palettes, stretches, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Record, Window


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (60, 80, 3), np.uint8)


def tiff(path: Path, data: np.ndarray, **options: object) -> Path:
    """Write bands-first data as a GeoTIFF."""
    bands, height, width = data.shape
    profile = dict(driver="GTiff", count=bands, height=height, width=width, dtype=data.dtype)
    with rasterio.open(
        path, "w", **profile, crs="EPSG:32618", transform=from_origin(500, 9000, 2, 2), **options
    ) as dst:
        dst.write(data)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_a_window_is_that_part_of_the_image(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    Image.fromarray(picture).save(tmp_path / name)
    assert pixels.size(tmp_path / name) == (80, 60)
    np.testing.assert_array_equal(pixels.load(tmp_path / name), picture)
    np.testing.assert_array_equal(pixels.load(tmp_path / name, Window(10, 20, 30, 25)), picture[20:45, 10:40])


def test_a_tiled_tiff_gives_the_same_window(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(0, 256, (3, 300, 400), np.uint8)
    path = tiff(tmp_path / "t.tif", data, tiled=True, blockxsize=64, blockysize=64, compress="lzw")
    np.testing.assert_array_equal(pixels.load(path, Window(50, 60, 100, 90)), np.moveaxis(data, 0, -1)[60:150, 50:150])


def test_palette_grey_alpha_become_rgb(tmp_path: Path) -> None:
    index = np.array([[0, 1], [2, 1]], np.uint8)
    palette = Image.fromarray(index, "P")
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    palette.save(tmp_path / "p.png")
    assert pixels.load(tmp_path / "p.png").tolist() == [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]
    assert pixels.load_mask(tmp_path / "p.png").tolist() == [[0, 1], [2, 1]]
    Image.fromarray(index * 100, "L").save(tmp_path / "g.png")
    assert pixels.load(tmp_path / "g.png")[1, 0].tolist() == [200, 200, 200]
    Image.fromarray(np.full((2, 2, 4), (1, 2, 3, 0), np.uint8), "RGBA").save(tmp_path / "a.png")
    assert pixels.load(tmp_path / "a.png")[0, 0].tolist() == [1, 2, 3]


def test_sixteen_bits_are_stretched_alike_in_all_windows(tmp_path: Path) -> None:
    ramp = np.linspace(100, 4000, 200 * 100).reshape(1, 100, 200).astype(np.uint16)
    path = tiff(tmp_path / "u16.tif", ramp)
    whole = pixels.load(path)
    assert whole.dtype == np.uint8 and whole[0, 0, 0] == 0 and whole[-1, -1, 0] == 255
    assert abs(int(whole[50, 0, 0]) - 128) <= 1
    np.testing.assert_array_equal(pixels.load(path, Window(20, 30, 50, 40)), whole[30:70, 20:70])


def test_float_with_nan_and_six_bands(tmp_path: Path) -> None:
    data = np.random.default_rng(2).normal(size=(6, 40, 50)).astype(np.float32)
    data[:, 0, 0] = np.nan
    found = pixels.load(tiff(tmp_path / "f.tif", data))
    assert found.shape == (40, 50, 3) and found[0, 0].tolist() == [0, 0, 0]
    order = np.argsort(data[1].ravel()[1:])
    assert (np.diff(found[..., 1].ravel()[1:][order].astype(int)) >= 0).all()


def test_mask_bands_join_to_the_mask(tmp_path: Path) -> None:
    mask = np.random.default_rng(3).integers(0, 9, (130, 70), np.uint8)
    Image.fromarray(mask).save(tmp_path / "m.png")
    path = tiff(tmp_path / "m.tif", mask[None], tiled=True, blockxsize=16, blockysize=16)
    for file in (tmp_path / "m.png", path):
        bands = list(pixels.mask_bands(file, Window(5, 7, 60, 100), rows=32))
        assert [y for y, _ in bands] == [0, 32, 64, 96]
        np.testing.assert_array_equal(np.concatenate([b for _, b in bands]), mask[7:107, 5:65])


def test_a_truncated_image_says_so(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=95)
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    assert pixels.size(tmp_path / "a.jpg") == (80, 60)
    with pytest.raises(BadImage, match=r"a\.jpg: the pixels cannot be decoded") as caught:
        pixels.decodes(tmp_path / "a.jpg")
    assert caught.value.reason == "unreadable-image"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "missing-image"), (b"", "unreadable-image"), (b"<html>", "unreadable-image")]
)
def test_what_is_no_image(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "x.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadImage) as caught:
        pixels.info(path)
    assert caught.value.reason == reason and "x.jpg" in str(caught.value)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "a.png")
    monkeypatch.setattr(pixels, "MAX_PIXELS", 4000)
    with pytest.raises(BadImage, match="80 x 60 pixels") as caught:
        pixels.load(tmp_path / "a.png")
    assert caught.value.reason == "too-large"


def test_orientation_is_reported_and_left_alone(tmp_path: Path, picture: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(tmp_path / "r.jpg", exif=exif)
    assert pixels.info(tmp_path / "r.jpg").orientation == 6
    assert pixels.load(tmp_path / "r.jpg").shape == (60, 80, 3)


def test_a_window_outside_is_refused(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "a.png")
    with pytest.raises(BadImage, match="not inside the image of 80 x 60"):
        pixels.load(tmp_path / "a.png", Window(70, 0, 20, 20))


def test_a_record_without_image_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="--no-images"):
        pixels.load_record(Record("a/1", "a", width=3, height=3), tmp_path)


def test_png_is_lossless_and_jpeg_repeats(picture: np.ndarray) -> None:
    import io

    assert np.array_equal(np.asarray(Image.open(io.BytesIO(pixels.encode(picture, "png")))), picture)
    assert pixels.encode(picture, "jpg") == pixels.encode(picture, "jpg")
    assert pixels.resize(picture, 40, 30).shape == (30, 40, 3)


def test_real_rasters_open(shared_data: Path) -> None:
    rgb = pixels.load(shared_data / "rasters/RGB.byte.tif", Window(300, 300, 64, 64))
    assert rgb.shape == (64, 64, 3)
    pan = pixels.load(shared_data / "spacenet/sample_geotiff.tif")
    assert pan.shape[2] == 3 and pan.std() > 10 and (pan[..., 0] == pan[..., 1]).all()


@pytest.mark.parametrize(("bands", "dtype"), [(5, "uint8"), (8, "uint16"), (3, "uint16")])
def test_rasters_that_pillow_does_not_know_have_a_grey(tmp_path: Path, bands: int, dtype: str) -> None:
    values = np.zeros((bands, 96, 128), dtype)
    values[:, :, 64:] = 200
    how = {"driver": "GTiff", "width": 128, "height": 96, "count": bands, "dtype": dtype}
    with rasterio.open(tmp_path / "a.tif", "w", transform=rasterio.Affine(1, 0, 9, 0, -1, 9), **how) as to:
        to.write(values)
    grey = pixels.load_grey(tmp_path / "a.tif")
    assert grey.pixels.shape == (96, 128) and grey.box == (0.0, 0.0, 128.0, 96.0)
    assert (grey.pixels[:, :60].max(), grey.pixels[:, 70:].min()) == (0, 200 if dtype == "uint8" else 255)
