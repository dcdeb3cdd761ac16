"""Video sets: text files with one row for each object in each frame, grouped by track or not. Rows become frames.

A file belongs to one video and holds all its frames, so `read` parses the whole file and keeps the last few parsed
(per process): neighbouring frames come one after the other. No more than that is ever held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files
from rsdata.readers._objects import FARTHEST, STAGE, Page, Shape, no_annotation, refuse_file
from rsdata.record import Drop, Item, dropped_objects

FRAMELESS = "rows-without-frame"
_NUMBER = re.compile(r"(\d+)$")

Row = Callable[[list[str], int], Shape | tuple[str, str]]  # fields, line -> a shape, or (reason, detail)


class Clip(NamedTuple):
    """One parsed file: pages by frame number, and (reason, detail) of rows of which not even the frame is known."""

    pages: dict[int, Page]
    frameless: list[tuple[str, str]]


Parse = Callable[[str, str], Clip]


def parse(text: str, shown: str, column: int, row: Row) -> Clip:
    """Group rows by the frame number in `column` (0-based); `row` reads one, or raises ValueError with the problem.

    Fields are separated by white space or commas, blank lines are skipped. `shown` is the file's name in messages.
    """
    pages: dict[int, Page] = {}
    frameless: list[tuple[str, str]] = []
    for n, fields, frame in _rows(text, column):
        if frame < 0:
            frameless.append(("bad-annotation", f"{shown}:{n}: no frame number in {' '.join(fields)[:60]!r}"))
            continue
        page = pages.get(frame)
        if page is None:
            page = pages[frame] = Page([], [])
        try:
            found = row(fields, n)
        except ValueError as error:
            page.refused.append(("bad-annotation", f"{shown}:{n}: {error}"))
            continue
        if isinstance(found, Shape):
            page.shapes.append(found)
        else:
            page.refused.append((found[0], f"{shown}:{n}: {found[1]}"))
    return Clip(pages, frameless)


def frames(text: str, column: int) -> set[int]:
    """The frame numbers of `parse`, in a third of the time; -1 stands for rows without one."""
    return {frame for _, _, frame in _rows(text, column)}


def _rows(text: str, column: int) -> Iterator[tuple[int, list[str], int]]:
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        fields = line.replace(",", " ").split()
        if fields:
            try:
                frame = int(fields[column])
            except (ValueError, IndexError):
                frame = -1
            yield n, fields, frame if 0 <= frame <= FARTHEST else -1


def whole(fields: Sequence[str]) -> list[int]:
    """Fields as integers of a sensible size. Raises ValueError with the problem."""
    try:
        values = list(map(int, fields))
    except ValueError:
        values = []
    if values and min(values) >= -FARTHEST and max(values) <= FARTHEST:
        return values
    raise ValueError(f"{_odd(fields)[:40]!r} where an integer of a sensible size is wanted")


def _odd(fields: Sequence[str]) -> str:
    """The first field that is no integer of a sensible size."""
    for field in fields:
        try:
            if abs(int(field)) > FARTHEST:
                return field
        except ValueError:
            return field
    return ""


def checked(every: int, info_title: str) -> int:
    """The option `every`. Raises BadSource unless it is a whole number above zero."""
    if not isinstance(every, int) or every < 1:
        raise BadSource(f"{info_title}: every is {every!r} where a whole number of frames, 1 or more, is wanted")
    return every


def frames_on_disk(root: Path, folder: Path) -> dict[int, str]:
    """Images of a folder by the number at the end of their names: img000012.jpg -> 12. Others are left out."""
    found: dict[int, str] = {}
    for stem, path in _files.images_of(root, folder).items():
        digits = _NUMBER.search(stem)
        if digits:
            frame = int(digits[1])
            if frame in found:
                raise BadSource(f"{root}: {found[frame]} and {path} are both frame {frame}; keep one of them")
            found[frame] = path
    return found


class Video(NamedTuple):
    """What `items` needs of one video. `images` is None when images are left out; `first` numbers its first frame."""

    name: str
    split: str
    label: str | None
    images: Mapping[int, str] | None
    expected: str  # where the image of a frame should lie, such as "M0101/img{:06d}.jpg"
    first: int
    data: Mapping[str, Any]


def items(root: Path, source: str, video: Video, column: int, every: int) -> list[Item]:
    """One item for each frame that has rows or an image and whose number is `first` + a multiple of `every`.

    Ids are source/split/video/0000012. Rows without frame number come as one item of the whole video.
    """
    prefix = f"{source}/{video.split}/{video.name}/" if video.split else f"{source}/{video.name}/"
    listed: set[int] = set()
    if video.label is not None:
        try:
            listed = frames(_files.read_text(root / video.label, video.label), column)
        except BadAnnotation:
            listed = set() if video.images else {-1}
    images = video.images or {}
    found = []
    for frame in sorted(listed | images.keys()):
        if frame >= 0 and (frame - video.first) % every:
            continue
        image = None if video.images is None else images.get(frame) or video.expected.format(frame)
        data = {**video.data, "video": video.name, "frame": frame}
        id = prefix + (f"{frame:07d}" if frame >= 0 else FRAMELESS)
        found.append(Item(root, id, video.split, image if frame >= 0 else None, video.label, data))
    return found


def page(item: Item, parse_file: Parse) -> Page | list[Drop]:
    """The page of one frame, or the drops that stand for it.

    A frame without rows has no objects when it lies between the first and the last frame with rows; outside of them
    nobody looked, and it is dropped as missing-annotation.
    """
    if item.label is None:
        return [no_annotation(item)]
    try:
        clip = load(item.root, item.label, parse_file)
    except BadAnnotation as error:
        return [refuse_file(item, error)]
    frame = item.data["frame"]
    if frame < 0:
        return dropped_objects(item.id, STAGE, clip.frameless)
    found = clip.pages.get(frame)
    if found is None:
        if not clip.pages or not min(clip.pages) <= frame <= max(clip.pages):
            detail = f"{item.image}: {item.label} has no rows for frame {frame} nor for frames around it"
            return [Drop(item.id, STAGE, "missing-annotation", detail)]
        found = Page([], [])
    return found._replace(extra={"video": item.data["video"], "frame": str(frame)})


def load(root: Path, label: str, parse_file: Parse) -> Clip:
    """A parsed file, out of the cache when it has not changed. Raises BadAnnotation."""
    path = root / label
    try:
        stat = path.stat()
    except OSError as error:
        raise BadAnnotation(label, 0, f"the file cannot be read ({error.strerror})") from error
    return _loaded(path, label, parse_file, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=4)
def _loaded(path: Path, label: str, parse_file: Parse, stamp: tuple[int, int]) -> Clip:
    return parse_file(_files.read_text(path, label), label)
