"""Single frames out of a video file, with PyAV (the extra `video`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from rsdata.errors import BadSource, MissingExtra

QUALITY = 95


def extract(video: Path, folder: Path, wanted: Collection[int], pattern: str = "{:06d}.jpg") -> int:
    """Write the wanted frames (0-based, in the order of decoding) as JPEG into a folder; returns how many were written.

    Frames that are there already stay as they are, and each is written whole or not at all, so a run that was cut off
    goes on where it stopped. Raises MissingExtra without PyAV, BadSource where the video cannot be decoded, or ends
    before the last wanted frame.
    """
    left = {frame for frame in wanted if not (folder / pattern.format(frame)).is_file()}
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for number, frame in enumerate(_decoded(video, max(left, default=-1) + 1)):
        if number in left:
            path = folder / pattern.format(number)
            temporary = path.with_name(path.name + ".tmp")
            frame.to_image().save(temporary, "JPEG", quality=QUALITY)
            temporary.replace(path)
            left.remove(number)
            written += 1
    if left:
        raise BadSource(f"{video}: the video ends before frame {max(left)}; {len(left):,} wanted frames are not in it")
    return written


def _decoded(video: Path, count: int) -> Iterator[Any]:
    """The first `count` frames of a video."""
    if count < 1:
        return
    av = _av()
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for number, frame in enumerate(container.decode(stream), 1):
                yield frame
                if number == count:
                    return
    except (av.error.FFmpegError, IndexError) as error:
        raise BadSource(f"{video}: the video cannot be decoded ({error or type(error).__name__})") from error


def _av() -> Any:
    import importlib

    try:
        return importlib.import_module("av")
    except ModuleNotFoundError as error:
        raise MissingExtra("av", "video", "taking frames out of videos") from error
