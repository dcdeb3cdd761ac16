"""Files in a store that fsspec knows (`s3://bucket/key`, `gs://`, `memory://`), as paths of pathlib.

Credentials come from the environment alone (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL and so on). A store that
does not answer is a ServiceError, never an OSError: a reader must not take it for a damaged file and drop an image.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PosixPath
from typing import Any
from zlib import crc32

from rsdata.errors import BadSource, MissingExtra, RsdataError, ServiceError

BUFFER = 1 << 20  # bytes fetched at once while a file is read in order
COPIES = 4 << 30  # bytes of local copies that are kept
DAY = 86_400  # seconds
EXTRAS = {"s3": ("s3fs", "s3"), "s3a": ("s3fs", "s3")}  # protocol -> package, extra
S3 = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3, "mode": "standard"}}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/+(?=[^/]|$)")


class Remote(PosixPath):
    """A path in a store: `s3://bucket/key`. Folders are made by what is put into them."""

    __slots__ = ()

    def __str__(self) -> str:
        return SCHEME.sub(r"\1://", super().__str__(), count=1)

    def __fspath__(self) -> str:
        """A copy on this machine, read only, for libraries that want a file; the address where there is no file."""
        try:
            found = self.stat()
        except FileNotFoundError:
            return str(self)
        return str(_copies().of(self, found)) if stat.S_ISREG(found.st_mode) else str(self)

    def __truediv__(self, key: Any) -> Any:
        if isinstance(key, Path) and not isinstance(key, Remote) and key.is_absolute():
            return key
        return super().__truediv__(key)

    def __reduce__(self) -> Any:
        return Remote, (str(self),)

    @property
    def protocol(self) -> str:
        """Such as s3."""
        return str(self).partition(":")[0]

    @property
    def key(self) -> str:
        """The address as the store's own functions take it: bucket and key."""
        return str(self.store._strip_protocol(str(self)))

    @property
    def store(self) -> Any:
        """The fsspec file system."""
        return _store(self.protocol)

    def is_absolute(self) -> bool:
        """Whether it has a scheme; what `relative_to` gives has none."""
        return "://" in str(self)

    def absolute(self) -> Any:
        """Itself."""
        return self

    def resolve(self, strict: bool = False) -> Any:
        """Itself: a store has no links."""
        return self

    def expanduser(self) -> Any:
        """Itself."""
        return self

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Kind, size and time. The fraction of a second in the time is made of the object's ETag, so that a stamp of
        size and time tells two contents apart that were put within a second."""
        with _asked(self):
            return _status(self.store.info(self.key))

    lstat = stat

    def listed(self) -> list[tuple[str, bool]]:
        """Names right below, sorted, and whether each is a folder. Raises FileNotFoundError where nothing is."""
        with _asked(self):
            found = self.store.ls(self.key, detail=True)
        names = {row["name"].rstrip("/").rpartition("/")[2]: row["type"] == "directory" for row in found
                 if row["name"].rstrip("/") != self.key.rstrip("/")}  # fmt: skip
        return sorted(names.items())

    def files(self) -> dict[str, os.stat_result]:
        """Every file below, by its path relative to this folder: one request for a thousand of them."""
        with _asked(self):
            found = self.store.find(self.key, detail=True)
        start = len(self.key.rstrip("/")) + 1
        return {name[start:]: _status(info) for name, info in sorted(found.items())}

    def iterdir(self) -> Generator[Any, None, None]:
        """The paths right below, sorted."""
        yield from (self / name for name, _ in self.listed())

    def glob(self, pattern: str) -> Generator[Any, None, None]:
        """Paths below that match, as pathlib does; `**` is for rglob."""
        first, _, rest = pattern.partition("/")
        with suppress(FileNotFoundError):
            for name, directory in self.listed():
                if fnmatchcase(name, first) and (directory or not rest):
                    yield from (self / name).glob(rest) if rest else [self / name]

    def rglob(self, pattern: str) -> Generator[Any, None, None]:
        """Files at any depth whose name matches."""
        with suppress(FileNotFoundError):
            yield from (self / name for name in self.files() if fnmatchcase(name.rpartition("/")[2], pattern))

    def read_bytes(self) -> bytes:
        """The whole object, in one request."""
        with _asked(self):
            return bytes(self.store.cat_file(self.key))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: Any) -> int:
        """Put an object whole."""
        with _asked(self, writing=True):
            self.store.pipe_file(self.key, bytes(data))
        return len(data)

    def write_text(
        self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> int:
        """Put a text whole."""
        return self.write_bytes(data.encode(encoding or "utf-8", errors or "strict"))

    def put(self, file: Path) -> None:
        """Put the content of a local file; a large one in pieces that become an object when all are there."""
        with _asked(self, writing=True):
            self.store.put_file(str(file), self.key)

    def copy_of(self, file: Path) -> None:
        """Put the content of another file; within one store without moving it through this machine."""
        if isinstance(file, Remote) and file.protocol == self.protocol:
            with _asked(self, writing=True):
                self.store.cp_file(file.key, self.key)
        else:
            self.put(Path(os.fspath(file)))

    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> Any:
        """As pathlib's. Reading fetches ranges (`buffering` bytes at once, 0: exactly what is asked for); writing holds
        the content in memory and puts it at the end, or not at all where an error ends the block."""
        file: Any
        if "r" in mode:
            raw = _Reader(self)
            file = raw if buffering == 0 else io.BufferedReader(raw, BUFFER if buffering < 0 else buffering)
        else:
            before = self.read_bytes() if "a" in mode and self.is_file() else b""
            file = _Writer(self, before)
        return file if "b" in mode else _Text(file, encoding or "utf-8", errors, newline)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing to do: a store has no empty folders."""

    def touch(self, mode: int = 0o666, exist_ok: bool = True) -> None:
        """Put an empty object."""
        self.write_bytes(b"")

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove an object; none is no error in a store."""
        with suppress(FileNotFoundError), _asked(self):
            self.store.rm_file(self.key)

    def clear(self) -> None:
        """Remove every object below."""
        with suppress(FileNotFoundError), _asked(self):
            self.store.rm(self.key, recursive=True)

    def replace(self, target: Any) -> Any:
        """Copy, then remove: the target is whole at any time."""
        if isinstance(target, Remote):
            target.copy_of(self)
        else:
            shutil.copyfile(os.fspath(self), target)
        self.unlink()
        return target

    rename = replace


class _Reader(io.RawIOBase):
    """An object read by ranges. Its size is asked for when it is needed, so that a header costs one request."""

    def __init__(self, path: Remote) -> None:
        self._path, self._at = path, 0
        self._length: int | None = None

    @property
    def _size(self) -> int:
        if self._length is None:
            self._length = self._path.stat().st_size
        return self._length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = self._size if whence == io.SEEK_END else self._at if whence == io.SEEK_CUR else 0
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = self._at + len(buffer)
        if self._at or self._length is not None:
            end = min(end, self._size)
        if self._at >= end:
            return 0
        try:
            with _asked(self._path):
                data = self._path.store.cat_file(self._path.key, start=self._at, end=end)
        except ServiceError:  # no range of an empty object can be had
            if self._at or self._size:
                raise
            return 0
        if len(data) < end - self._at:
            self._length = self._at + len(data)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Writer(io.BytesIO):
    """What is written becomes the object when it is closed, unless an error closed it."""

    def __init__(self, path: Remote, before: bytes) -> None:
        super().__init__()
        self._path, self.failed = path, False
        self.write(before)

    def close(self) -> None:
        if not self.closed and not self.failed:
            self._path.write_bytes(self.getvalue())
        super().close()

    def __exit__(self, *error: Any) -> None:
        self.failed = error[0] is not None
        super().__exit__(*error)


class _Text(io.TextIOWrapper):
    """Text over one of the two above."""

    def __exit__(self, *error: Any) -> None:
        if isinstance(self.buffer, _Writer):
            self.buffer.failed = error[0] is not None
        super().__exit__(*error)


@lru_cache
def _store(protocol: str) -> Any:
    import fsspec

    how: dict[str, Any] = {"use_listings_cache": False}
    if protocol in ("s3", "s3a"):
        how |= {"config_kwargs": S3, "max_concurrency": 1}  # with more, each whole read asks for the size first
    try:
        return fsspec.filesystem(protocol, **how)
    except ImportError as error:
        package, extra = EXTRAS.get(protocol, ("", ""))
        if extra:
            raise MissingExtra(package, extra, f"{protocol}://") from error
        raise RsdataError(f"{protocol}:// is read by a package that is not installed: {_short(error)}") from error
    except ValueError as error:
        raise BadSource(f"{protocol}://: no such kind of store is known; wanted a path, s3://, gs:// ...") from error


@contextmanager
def _asked(path: Remote, writing: bool = False) -> Iterator[None]:
    """Turn what the many libraries behind fsspec raise into FileNotFoundError or a ServiceError of one line."""
    bucket = "/".join(str(path).split("/")[:3])
    rerun = "what was finished is kept: run the same command again, it resumes"
    try:
        yield
    except RsdataError:
        raise
    except FileNotFoundError as error:
        if writing or "bucket does not exist" in str(error):
            raise ServiceError(f"{path}: there is no bucket {bucket}; make it first, or mend the name") from error
        raise FileNotFoundError(errno.ENOENT, "no such object", str(path)) from error
    except PermissionError as error:
        what = "write" if writing else "read"
        raise ServiceError(f"{path}: no rights to {what} here ({_short(error)}); check the keys and policy") from error
    except Exception as error:  # botocore, aiohttp, google-auth ... share no base class
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
            how = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            raise ServiceError(f"{path}: no credentials for {bucket} ({_short(error)}); {how}") from error
        raise ServiceError(f"{path}: the store does not answer ({_short(error)}); {rerun}") from error


def _status(info: dict[str, Any]) -> os.stat_result:
    kind = stat.S_IFDIR if info["type"] == "directory" else stat.S_IFREG
    size = int(info.get("size") or 0)
    time = next((info[name] for name in ("LastModified", "mtime", "updated", "created") if info.get(name)), 0)
    seconds = int(time.timestamp()) if hasattr(time, "timestamp") else int(time) if not isinstance(time, str) else 0
    tag = str(info.get("ETag") or info.get("etag") or time).strip('"')
    moment = seconds * 1_000_000_000 + crc32(tag.encode()) % 1_000_000_000
    return os.stat_result((kind | 0o644, 0, 0, 1, 0, 0, size, seconds, seconds, seconds), {"st_mtime_ns": moment})


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder on this machine that goes with the process. Folders of processes that were killed, or that ended without
    tidying up as workers do, go when the next one is made, a day after they were last used."""
    for old in Path(tempfile.gettempdir()).glob("rsdata-*-*"):
        pid = old.name.split("-")[1]
        with suppress(OSError):
            if pid.isdecimal() and not lives(int(pid)) and time.time() - old.stat().st_mtime > DAY:
                shutil.rmtree(old, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"rsdata-{os.getpid()}-")


def lives(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True


class _Copies:
    """Local copies of objects, in a folder that goes with the process; the oldest make room for new ones."""

    def __init__(self) -> None:
        self._folder = scratch()
        self._known: dict[tuple[str, int, int], tuple[Path, int]] = {}

    def of(self, path: Remote, status: os.stat_result) -> Path:
        """The copy of an object, fetched where it is not there or not of this size and time."""
        wanted = (str(path), status.st_size, status.st_mtime_ns)
        if wanted in self._known:
            self._known[wanted] = self._known.pop(wanted)  # the newest
            return self._known[wanted][0]
        while self._known and sum(size for _, size in self._known.values()) + status.st_size > COPIES:
            self._known.pop(next(iter(self._known)))[0].unlink(missing_ok=True)
        file = Path(self._folder.name) / f"{crc32(repr(wanted).encode()):08x}" / path.name
        file.parent.mkdir(exist_ok=True)
        with _asked(path):
            path.store.get_file(path.key, str(file))
        self._known[wanted] = file, status.st_size
        return file


@lru_cache
def _copies() -> _Copies:
    return _Copies()


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
