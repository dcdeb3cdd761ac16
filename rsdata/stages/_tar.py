"""Plain ustar archives, written and read without any state of the machine: no time, no owner, fixed mode.

One sample is a run of members with one key, `000000123.jpg`, `000000123.txt`, `000000123.json`: the webdataset
convention. The key ends at the first dot of the name, so keys here are digits only. A member is a header of 512 bytes,
the data, and zeros up to a multiple of 512; two blocks of zeros end the archive, filled up to a record of 10,240 bytes
as tar itself does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rsdata.errors import BadCorpus

BLOCK = 512
RECORD = 20 * BLOCK
MAX_SIZE = 8**11 - 1  # eleven octal digits

_BEFORE_SIZE = b"0000644\0" + b"0000000\0" * 2  # mode, owner, group
_AFTER_SIZE = b"\0" + b"0" * 11 + b"\0"  # the end of the size, and the time
_AFTER_SUM = b"0" + b"\0" * 100 + b"ustar\x0000" + b"\0" * 247  # type, link, magic; no names, no device
_FIXED_SUM = sum(_BEFORE_SIZE) + sum(_AFTER_SIZE) + sum(b" " * 8) + sum(_AFTER_SUM)
_PADS = [b"\0" * (-n % BLOCK) for n in range(BLOCK)]


class Member(NamedTuple):
    """One file of an archive and where its data lie."""

    name: str
    offset: int
    size: int


def header(name: str, size: int) -> bytes:
    """The 512 bytes before the data of a regular file. The name has at most 100 bytes of ASCII."""
    raw = name.encode("ascii")
    if len(raw) > 100 or not 0 <= size <= MAX_SIZE:
        raise BadCorpus(f"{name}: {size:,} bytes cannot stand in a plain tar (100 letters of name, 8 GiB); tile first")
    digits = b"%011o" % size
    checksum = _FIXED_SUM + sum(raw) + sum(digits)
    return b"".join(
        (raw.ljust(100, b"\0"), _BEFORE_SIZE, digits, _AFTER_SIZE, b"%06o\0 " % checksum, _AFTER_SUM),
    )


class TarWriter:
    """Writes samples to an open binary file; `close` ends the archive and leaves the file open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size = file, 0

    def add(self, key: str, members: Sequence[tuple[str, bytes]]) -> None:
        """Add one sample: `members` are (extension, data) pairs, in the order in which they are to stand."""
        chunks: list[bytes] = []
        for extension, data in members:
            chunks += (header(f"{key}.{extension}", len(data)), data, _PADS[len(data) % BLOCK])
        sample = b"".join(chunks)
        self._file.write(sample)
        self._size += len(sample)

    def close(self) -> None:
        """Write the end of the archive."""
        self._file.write(b"\0" * (2 * BLOCK + -(self._size + 2 * BLOCK) % RECORD))


def members(path: Path) -> Iterator[Member]:
    """List a plain ustar archive. Raises BadCorpus where it is cut short, damaged, or of another kind."""
    with path.open("rb") as file:
        total, at = path.stat().st_size, 0
        while True:
            file.seek(at)
            block = file.read(BLOCK)
            if len(block) < BLOCK:
                raise BadCorpus(f"{path}: cut short at byte {at:,}: the archive has no end; pack again")
            if not any(block):
                return
            member = _parsed(path, block, at)
            at = member.offset + member.size + -member.size % BLOCK
            if at > total:
                raise BadCorpus(f"{path}: cut short inside {member.name} at byte {total:,}; pack again")
            yield member


def samples(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Read key and members (extension -> data) of each sample; members of one key stand together."""
    key, found = "", dict[str, bytes]()
    with path.open("rb") as file:
        for member in members(path):
            name, _, extension = member.name.partition(".")
            if name != key or extension in found:
                if found:
                    yield key, found
                key, found = name, {}
            file.seek(member.offset)
            found[extension] = file.read(member.size)
    if found:
        yield key, found


def _parsed(path: Path, block: bytes, at: int) -> Member:
    try:
        stated, size = int(block[148:154], 8), int(block[124:135], 8)
        name = block[:100].rstrip(b"\0").decode("ascii")
    except ValueError as error:
        raise BadCorpus(f"{path}: no tar header at byte {at:,}; the archive is damaged, pack again") from error
    if stated != sum(block[:148]) + sum(b" " * 8) + sum(block[156:]) or block[156:157] != b"0":
        raise BadCorpus(f"{path}: the tar header at byte {at:,} is damaged or no plain file; pack again")
    return Member(name, at + BLOCK, size)
