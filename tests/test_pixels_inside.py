"""Images inside tar and Parquet files: the same pixels as outside, and what is wrong with an archive."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.transform import from_origin

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Record, Window

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def encoded(kind: str = "PNG", pixels: np.ndarray = PICTURE) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def tar(path: Path, members: Mapping[str, bytes], format: int = tarfile.GNU_FORMAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=format) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def parquet(path: Path, images: list[bytes | None], column: str = "", rows: int = 2) -> Path:
    """Images as image{bytes,path}, or as a binary column of that name; `rows` in a row group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = pa.binary() if column else pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    values = images if column else [image and {"bytes": image, "path": "x"} for image in images]
    table = pa.table({"text": ["t"] * len(images), column or "image": pa.array(values, kind)})
    pq.write_table(table, path, row_group_size=rows)
    return path


def test_paths_into_archives() -> None:
    assert pixels.inside(Path("a/b.tar!c/d.jpg")) == (Path("a/b.tar"), "c/d.jpg")
    assert pixels.inside(Path("a/b.PARQUET!17")) == (Path("a/b.PARQUET"), "17")
    assert pixels.inside(Path("a/b.tar!c.tar!d.jpg")) == (Path("a/b.tar"), "c.tar!d.jpg")
    for plain in ("a/b.tar", "a/wow!.jpg", "a/b.tar.gz!x", "b.tar/c.jpg"):
        assert pixels.inside(Path(plain)) is None, plain


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_member_of_a_tar_is_read_as_a_file_is(tmp_path: Path, format: int) -> None:
    long = "x" * 60 + "/" + "y" * 90 + ".png"
    path = tar(tmp_path / "s.tar", {"a.txt": b"words", "a.png": encoded(), long: encoded("PNG", PICTURE[:9])}, format)
    inside = Path(f"{path}!a.png")
    assert pixels.content(inside) == encoded()
    assert pixels.info(inside) == pixels.ImageInfo(80, 60, "PNG", 3, "uint8", 1)
    np.testing.assert_array_equal(pixels.load(inside), PICTURE)
    np.testing.assert_array_equal(pixels.load(inside, Window(10, 20, 30, 25)), PICTURE[20:45, 10:40])
    np.testing.assert_array_equal(pixels.load_mask(inside), PICTURE)
    pixels.decodes(inside)
    assert pixels.size(Path(f"{path}!{long}")) == (80, 9)
    record = Record("s/a", "s", path="s.tar!a.png", width=80, height=60)
    np.testing.assert_array_equal(pixels.load_record(record, tmp_path), PICTURE)


def test_a_raster_in_a_tar(tmp_path: Path) -> None:
    data = np.arange(300 * 200, dtype=np.uint16).reshape(1, 200, 300)
    profile = dict(driver="GTiff", count=1, height=200, width=300, dtype="uint16", crs="EPSG:32618")
    plain = tmp_path / "t.tif"
    with rasterio.open(plain, "w", **profile, transform=from_origin(0, 0, 2, 2), tiled=True, compress="lzw") as dst:
        dst.write(data)
    path = tar(tmp_path / "s.tar", {"first": b"1" * 700, "t.tif": plain.read_bytes()})
    inside = Path(f"{path}!t.tif")
    assert pixels.info(inside) == pixels.info(plain)
    window = Window(20, 30, 50, 60)
    np.testing.assert_array_equal(pixels.load(inside, window), pixels.load(plain, window))
    np.testing.assert_array_equal(pixels.load_mask(inside, window), data[0, 30:90, 20:70])


@pytest.mark.parametrize("column", ["", "jpg", "img_content"])
def test_a_row_of_a_parquet_file(tmp_path: Path, column: str) -> None:
    images = [encoded("PNG", PICTURE[: n + 1]) for n in range(5)]
    path = parquet(tmp_path / "p.parquet", [*images, None], column)
    for n in (0, 4, 1, 3, 2):
        assert pixels.size(Path(f"{path}!{n}")) == (80, n + 1)
        assert pixels.content(Path(f"{path}!{n}")) == images[n]
    for row, problem in (("5", "this row holds no image bytes"), ("6", "the file has 6"), ("x", "no such row")):
        with pytest.raises(BadImage, match=problem) as error:
            pixels.load(Path(f"{path}!{row}"))
        assert error.value.reason == "missing-image"


def test_which_column_holds_the_images() -> None:
    form = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for columns, found in (
        ([("text", pa.string()), ("image", form)], "image.bytes"),
        ([("photo", form), ("text", pa.string())], "photo.bytes"),
        ([("jpg", pa.large_binary()), ("image", pa.string())], "jpg"),
        ([("hash", pa.binary()), ("words", pa.list_(pa.string()))], ""),
        ([("URL", pa.string()), ("TEXT", pa.string())], ""),
    ):
        assert pixels.image_column(pa.schema(columns)) == found


def test_a_changed_archive_is_read_anew(tmp_path: Path) -> None:
    path = tar(tmp_path / "s.tar", {"a.png": encoded()})
    assert pixels.size(Path(f"{path}!a.png")) == (80, 60)
    tar(path, {"more": b"x" * 5000, "a.png": encoded("PNG", PICTURE[:7])})
    assert pixels.size(Path(f"{path}!a.png")) == (80, 7)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s.tar!b.png", "missing-image"),
        ("gone.tar!a.png", "missing-image"),
        ("gone.parquet!0", "missing-image"),
        ("s.tar!words", "unreadable-image"),
        ("half.tar!a.png", "missing-image"),
        ("text.parquet!0", "unreadable-archive"),
        ("url.parquet!0", "unreadable-archive"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, reason: str) -> None:
    whole = tar(tmp_path / "s.tar", {"a.png": encoded(), "words": b"no picture"})
    (tmp_path / "half.tar").write_bytes(whole.read_bytes()[:9000])
    (tmp_path / "text.parquet").write_bytes(b"this is no Parquet file")
    pq.write_table(pa.table({"URL": ["x"]}), tmp_path / "url.parquet")
    with pytest.raises(BadImage) as error:
        pixels.load(tmp_path / name)
    assert error.value.reason == reason


def test_members_of_a_sound_tar(tmp_path: Path) -> None:
    path = tar(tmp_path / "s.tar", {"a.png": b"1" * 513, "a.txt": b"", "b.png": b"22"})
    members, damage = pixels.tar_members(path)
    assert ([(name, size) for name, _, size in members], damage) == ([("a.png", 513), ("a.txt", 0), ("b.png", 2)], "")
    data = path.read_bytes()
    assert [data[at : at + size] for _, at, size in members] == [b"1" * 513, b"", b"22"]
    assert pixels.tar_members(tar(tmp_path / "none.tar", {})) == ([], "")


def test_a_cut_or_damaged_tar_says_so(tmp_path: Path) -> None:
    data = tar(tmp_path / "s.tar", {"a.png": b"1" * 600, "b.png": b"2" * 600, "c.png": b"3" * 600}).read_bytes()
    header = 512 + 1024  # of b.png
    damaged = data[:header] + b"\xff" * 512 + data[header + 512 :]
    for changed, sound in (
        (data[: header + 700], 1),  # in the data of b.png
        (data[: header + 100], 1),  # in its header
        (data[:header], 1),  # between two members
        (damaged, 1),
        (b"", 0),
        (b"no tar at all", 0),
    ):
        path = tmp_path / "x.tar"
        path.write_bytes(changed)
        members, damage = pixels.tar_members(path)
        assert f"{sound} members are sound" in damage
        assert [name for name, _, _ in members] == ["a.png"][:sound]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 3000), st.booleans())
def test_any_bytes_are_members_or_damage(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    data = tar(folder / "s.tar", {"a.png": b"1" * 600, "b.txt": b"2" * 9}).read_bytes()
    path = folder / "x.tar"
    path.write_bytes(data[:at] + junk + (b"" if cut else data[at + len(junk) :]))
    members, _ = pixels.tar_members(path)
    assert all(size >= 0 and offset >= 512 for _, offset, size in members)
    for kind in ("tar", "parquet"):
        other = path.rename(path.with_suffix(f".{kind}"))
        with pytest.raises(BadImage):
            pixels.load(Path(f"{other}!0"))
        path = other
