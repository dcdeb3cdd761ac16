"""Thumbnails for the report: WebP in a data URI, none larger than its share of the whole file's bytes."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from rsdata import pixels
from rsdata.errors import BadImage
from rsdata.record import Record, Window

QUALITY = 74
SMALLEST = 48  # pixels of the longer side, below which nothing is shrunk further
MOST_PIXELS = 300_000_000  # larger pictures are not opened for a thumbnail


class Job(NamedTuple):
    """One picture to shrink: `key` comes back with it; `side` in pixels and `limit` in bytes of the data URI."""

    key: str
    file: Path | None
    window: Window | None
    side: int
    limit: int


class Thumb(NamedTuple):
    """A picture as a data URI, or why there is none."""

    key: str
    uri: str
    problem: str


def job(key: str, record: Record, root: Path | None, side: int, limit: int) -> Job:
    """The job of a record's picture."""
    file = root / record.path if root is not None and record.path is not None else None
    return Job(key, file, record.window, side, limit)


def make(job: Job) -> Thumb:
    """Open and shrink one picture; runs in any process."""
    if job.file is None:
        return Thumb(job.key, "", "read without its image")
    try:
        width, height = job.window[2:] if job.window else pixels.size(job.file)
        if width * height > MOST_PIXELS:
            return Thumb(job.key, "", f"{width:,} x {height:,} pixels: too large for a thumbnail")
        image = Image.fromarray(pixels.load(job.file, job.window))
    except BadImage as error:
        return Thumb(job.key, "", f"{error.reason}: {error.problem}")
    data = encoded(image, job.side, (job.limit - 23) * 3 // 4)
    return Thumb(job.key, "data:image/webp;base64," + base64.b64encode(data).decode(), "")


def batch(jobs: list[Job]) -> list[Thumb]:
    """Several jobs in one go, as a worker takes them."""
    return [make(job) for job in jobs]


def encoded(image: Image.Image, side: int, limit: int) -> bytes:
    """WebP of at most `side` pixels and, by shrinking further where it must, of at most `limit` bytes."""
    while True:
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        out = io.BytesIO()
        small.save(out, "WEBP", quality=QUALITY, method=4)
        if out.tell() <= limit or side <= SMALLEST:
            return out.getvalue()
        shrink = max(0.4, (limit / out.tell()) ** 0.5 * 0.97)
        side = max(SMALLEST, int(min(side, max(small.size)) * shrink))
