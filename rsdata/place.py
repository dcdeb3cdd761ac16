"""Where files lie: on a disk, or in a store that fsspec knows (`s3://bucket/corpus`, `gs://`, `memory://`).

`place` makes a path of a text. A local one is a plain pathlib.Path. A remote one is a `store.Remote`, which is a
pathlib.Path too: it joins, lists, opens, reads and writes the same way, and where a library wants a file on disk
(`os.fspath`) it gives a local copy, fetched once. An object appears in a store whole or not at all, so what is a
temporary name and a rename on a disk is one put there.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from rsdata.errors import BadCorpus, ServiceError
from rsdata.store import SCHEME, lives, scratch
from rsdata.store import Remote as Remote

BEAT, STALE = 30, 300  # seconds: how often a lock in a store is put anew, and when it is nobody's
_held: set[Path] = set()  # locks of this process
_mark = ""  # in the names of temporary files; a Ray worker has one of its own


def place(text: str | Path) -> Path:
    """A path: Remote for `scheme://...` (also as pathlib writes it, `scheme:/...`), else a plain one."""
    if isinstance(text, Remote):
        return text
    found = str(text)
    return Remote(found) if ":/" in found and SCHEME.match(found) else Path(text)


def mark(text: str) -> None:
    """Make the temporary names of this process its own, for work that two processes may do at once."""
    global _mark
    _mark = f".{text}"


def beside(path: Path) -> Path:
    """A temporary name next to a file; fixed but for the mark, so that what a killed run left is overwritten."""
    return path.with_name(f"{path.name}{_mark}.tmp")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A local path to write to. At the end it becomes `path`, whole; when anything fails (a full disk, a stop) it is
    removed and `path` is as before."""
    if isinstance(path, Remote):
        with scratch() as folder:
            temporary = Path(folder) / path.name
            yield temporary
            path.put(temporary)
        return
    temporary = beside(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_remote(path: Path) -> bool:
    """Whether a path lies in a store."""
    return isinstance(path, Remote)


def source(path: Path) -> Any:
    """What pyarrow and Pillow read a whole file from: the path, or the bytes of an object in one request."""
    return io.BytesIO(path.read_bytes()) if isinstance(path, Remote) else path


@contextmanager
def worked_on(path: Path) -> Iterator[Path]:
    """A file that is changed in place (SQLite): itself on a disk. Of one in a store a copy in $RSDATA_CACHE (default
    ~/.cache/rsdata), put back at the end where it was changed. What a killed process did stays in the copy, and the
    next one on this machine goes on with it, unless the object in the store changed since."""
    if not isinstance(path, Remote):
        yield path
        return
    folder = Path(os.environ.get("RSDATA_CACHE") or "~/.cache/rsdata").expanduser()
    copy = folder / hashlib.sha256(str(path).encode()).hexdigest()[:16] / path.name
    known = copy.with_name(copy.name + ".json")  # the object that the copy is of, and the copy as it was then
    copy.parent.mkdir(parents=True, exist_ok=True)
    there = _stamp(path)
    if not (copy.is_file() and known.is_file() and json.loads(known.read_text("utf-8"))["of"] == there):
        with replacing(copy) as temporary:
            temporary.write_bytes(path.read_bytes() if there else b"")
        known.write_text(json.dumps({"of": there, "as": _stamp(copy)}), "utf-8")
    try:
        yield copy
    finally:
        if _stamp(copy) != json.loads(known.read_text("utf-8"))["as"]:
            path.put(copy)
            known.write_text(json.dumps({"of": _stamp(path), "as": _stamp(copy)}), "utf-8")


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def opener(path: Path, size: int, trouble: list[ServiceError]) -> Callable[..., Any]:
    """What rasterio opens a raster in a store and its side files with; `size` bytes are fetched at once. GDAL turns
    what goes wrong in it into errors of its own, so a store that does not answer is put into `trouble`."""

    def opened(name: str, mode: str = "rb") -> Any:
        file = path.with_name(name.rpartition("/")[2])
        try:
            if file != path:
                file.stat()  # raises where there is no such side file
            return _Told(file.open("rb", size), trouble)
        except ServiceError as error:
            trouble.append(error)
            raise OSError(str(error)) from error

    return opened


class _Told:
    """A file whose errors are kept."""

    def __init__(self, file: Any, trouble: list[ServiceError]) -> None:
        self._file, self._trouble = file, trouble

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self._file.read(size))
        except ServiceError as error:
            self._trouble.append(error)
            return b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def exact(path: Path) -> int:
    """The `buffering` for reads here and there in a file: in a store exactly what is asked for, on a disk as usual."""
    return 0 if isinstance(path, Remote) else -1


def files(folder: Path) -> dict[str, os.stat_result] | None:
    """Every file below a folder of a store, by its relative path; None for one on a disk, where asking is cheap."""
    return folder.files() if isinstance(folder, Remote) else None


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; none is no error."""
    if isinstance(folder, Remote):
        folder.clear()
    else:
        shutil.rmtree(folder, ignore_errors=not folder.is_dir())


def copy(file: Path, target: Path) -> None:
    """A second file with the content of the first, whole at once: a hard link where a disk can, else a copy."""
    if isinstance(target, Remote):
        target.copy_of(file)
        return
    with replacing(target) as temporary:
        temporary.unlink(missing_ok=True)
        try:
            if isinstance(file, Remote):
                raise OSError(errno.EXDEV, "another place")
            os.link(file, temporary)
        except OSError:
            shutil.copyfile(file, temporary)


def scandir(folder: Path) -> AbstractContextManager[Iterator[Any]]:
    """As os.scandir: entries with `name` and `is_dir()`."""
    return _entries(folder) if isinstance(folder, Remote) else os.scandir(folder)


@contextmanager
def _entries(folder: Remote) -> Iterator[Iterator[Any]]:
    class Entry:
        def __init__(self, name: str, directory: bool) -> None:
            self.name, self._directory = name, directory

        def is_dir(self) -> bool:
            return self._directory

    yield iter([Entry(name, directory) for name, directory in folder.listed()])


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold an object in a store as a lock: it says which process on which machine, and is put anew every BEAT seconds.

    One that is STALE seconds old, or of a process of this machine that is gone, is taken over. Two that begin within
    the same moment are told apart by reading back what was put. Raises BadCorpus when another process holds it.
    """
    mine = {"host": os.uname().nodename, "pid": os.getpid(), "since": round(time.time())}
    _refuse_held(lock, mine)
    lock.write_text(json.dumps(mine))
    if json.loads(lock.read_text()) != mine:
        _refuse_held(lock, mine)
    _held.add(lock)
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(lock, mine, stop), daemon=True)
    beat.start()
    try:
        yield
    finally:
        _held.discard(lock)
        stop.set()
        beat.join()
        with suppress(ServiceError):
            lock.unlink()


def _beat(lock: Path, mine: dict[str, Any], stop: threading.Event) -> None:
    while not stop.wait(BEAT):
        with suppress(ServiceError):  # the work itself will tell
            lock.write_text(json.dumps(mine))


def _refuse_held(lock: Path, mine: dict[str, Any]) -> None:
    try:
        age = time.time() - lock.stat().st_mtime
        other = json.loads(lock.read_text())
    except (FileNotFoundError, ValueError):
        return
    own = (other["host"], other["pid"]) == (mine["host"], mine["pid"]) and lock not in _held  # its store was cut off
    if own or age > STALE or (other["host"] == mine["host"] and not lives(other["pid"])):
        return
    raise BadCorpus(
        f"{lock.parent}: process {other['pid']} on {other['host']} is writing this corpus; wait for it to end. If it is"
        f" dead, run the same command in {max(1, round(STALE - age))} s, or delete {lock}"
    )
