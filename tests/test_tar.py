"""The plain ustar writer against the standard library, and what its reader refuses."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsdata.errors import BadCorpus
from rsdata.stages import _tar

SAMPLE = [("jpg", b"\xff\xd8" + b"x" * 700), ("txt", "um avião".encode()), ("json", b"{}")]


def written(samples):
    file = io.BytesIO()
    tar = _tar.TarWriter(file)
    for key, members in samples:
        tar.add(key, members)
    tar.close()
    return file.getvalue()


def by_tarfile(samples):
    """The same archive by the standard library, every field of the machine set to zero."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for key, members in samples:
            for extension, data in members:
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [("000000000", SAMPLE)],
        [(f"{i:09d}", SAMPLE) for i in range(20)],
        [("000000001", [("txt", b"")])],
        [("000000001", [("bin", b"x" * 512)])],
        [("000000001", [("bin", b"x" * (_tar.RECORD - 1536))])],
        [("9" * 96, [("txt", b"a name of 100 letters")])],
    ],
)
def test_bytes_are_those_of_the_standard_library(samples):
    assert written(samples) == by_tarfile(samples)


@given(st.lists(st.lists(st.binary(max_size=1100), min_size=1, max_size=3), max_size=5))
def test_any_data_comes_back_through_tarfile(data):
    samples = [(f"{i:09d}", list(zip(("jpg", "txt", "json"), members, strict=False))) for i, members in enumerate(data)]
    raw = written(samples)
    assert raw == by_tarfile(samples)
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        found = [(m.name, tar.extractfile(m).read()) for m in tar]
    assert found == [(f"{key}.{ext}", value) for key, members in samples for ext, value in members]


def test_header_fields():
    header = _tar.header("000000012.jpg", 702)
    assert len(header) == 512
    assert header[:14] == b"000000012.jpg\0"
    assert header[100:156] == b"0000644\x000000000\x000000000\x0000000001276\x0000000000000\x00007417\0 "
    assert header[156:265] == b"0" + b"\0" * 100 + b"ustar\x0000"


def test_reader_gives_members_and_samples(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(written([("000000003", SAMPLE), ("000000004", [("txt", b"four")])]))
    assert list(_tar.members(path)) == [
        ("000000003.jpg", 512, 702),
        ("000000003.txt", 2048, 9),
        ("000000003.json", 3072, 2),
        ("000000004.txt", 4096, 4),
    ]
    assert list(_tar.samples(path)) == [("000000003", dict(SAMPLE)), ("000000004", {"txt": b"four"})]


def test_a_key_that_comes_back_is_a_second_sample(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(written([("1", [("txt", b"one")]), ("1", [("txt", b"other")])]))
    assert list(_tar.samples(path)) == [("1", {"txt": b"one"}), ("1", {"txt": b"other"})]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda raw: raw[:900], r"cut short inside 000000000\.jpg at byte 900"),
        (lambda raw: raw[:1600], r"cut short at byte 1,536: the archive has no end"),
        (lambda raw: raw[:3584], r"cut short at byte 3,584: the archive has no end"),
        (lambda raw: b"", r"cut short at byte 0"),
        (lambda raw: b"1" + raw[1:], r"header at byte 0 is damaged"),
        (lambda raw: raw[:124] + b"zzz" + raw[127:], r"no tar header at byte 0"),
        (lambda raw: b"\xff" * 1024, r"no tar header at byte 0"),
    ],
)
def test_damage_is_named(tmp_path, change, problem):
    path = tmp_path / "a.tar"
    path.write_bytes(change(written([("000000000", SAMPLE)])))
    with pytest.raises(BadCorpus, match=problem):
        list(_tar.members(path))


@pytest.mark.parametrize(("name", "size"), [("1" * 101, 5), ("1.jpg", 8 << 30), ("1.jpg", -1)])
def test_what_a_plain_tar_cannot_hold(name, size):
    with pytest.raises(BadCorpus, match="cannot stand in a plain tar"):
        _tar.header(name, size)


def test_largest_size_fits():
    assert _tar.header("1.jpg", (8 << 30) - 1)[124:136] == b"77777777777\0"
