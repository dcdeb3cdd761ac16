"""Finding and reading the files of a dataset: folders, images by stem, text, and messages for what is not there.

Paths in items and messages are relative to the dataset's root, with forward slashes, so that they are the same on
every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rsdata import place
from rsdata.errors import BadAnnotation, BadSource, UnknownLayout
from rsdata.readers._info import Info

_FLAG = re.compile(r"\s+-?[01]\s*$")  # VOC's class lists: "000012 -1"
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jp2"})


def check_root(root: Path, info: Info) -> Path:
    """The root as a Path. Raises BadSource when it is no folder."""
    root = place.place(root)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise BadSource(f"{info.title}: the folder {root} {what}; give the dataset's folder as root. {info.obtain}")
    return root


def missing(info: Info, root: Path, wanted: str, hint: str = "") -> UnknownLayout:
    """The error for a folder that lacks `wanted`: what was looked for, what is there, how to get it."""
    text = f"{info.title}: no {wanted} in {root} (found: {contents(root)}). "
    return UnknownLayout(text + (hint or info.obtain))


def contents(folder: Path, most: int = 8) -> str:
    """The names in a folder for a message, folders with a slash, at most `most` of them."""
    try:
        with place.scandir(folder) as entries:
            found = sorted(e.name + "/" * e.is_dir() for e in entries if not e.name.startswith("."))
    except OSError as error:
        return f"not readable, {error.strerror}"
    if not found:
        return "nothing"
    return ", ".join(found[:most]) + (f" and {len(found) - most:,} more" if len(found) > most else "")


def no_sizes(info: Info) -> BadSource:
    """The error for images=False where the annotations do not hold the image sizes."""
    return BadSource(
        f"{info.title} cannot be read without images: its annotations do not hold the image sizes; "
        "put the images in their folder and leave out --no-images"
    )


def wrong_split(info: Info, split: str, found: Iterable[str]) -> BadSource:
    """The error for a split that is not there."""
    there = ", ".join(name for name in found if name)
    hint = f"found: {there}" if there else "no split folders or lists are there: leave the split out"
    return BadSource(f"{info.title}: no split {split!r} here; {hint}")


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file system takes, or that may not be looked at, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def holds(root: Path, name: str) -> bool:
    """Whether `name` is a file in root or below, links followed (a dataset may be a tree of links); no `..`."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts and (root / name).is_file()


def listing(folder: Path, suffixes: Iterable[str], prefix: str = "") -> dict[str, str]:
    """Files of a folder by stem: `{"P0001": prefix + "P0001.png"}`, sorted by stem; hidden files are left out.

    A folder that does not exist is empty. Raises BadSource when two files share a stem: ids would not be unique.
    """
    wanted = frozenset(suffixes)
    found: dict[str, str] = {}
    try:
        with place.scandir(folder) as entries:
            names = sorted(e.name for e in entries)
    except FileNotFoundError:
        return found
    except OSError as error:
        raise BadSource(f"the folder {folder} cannot be listed ({error.strerror})") from error
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        if not stem or dot + suffix.lower() not in wanted or name[0] == ".":
            continue
        if stem in found:
            raise BadSource(f"{folder}: {found[stem].rpartition('/')[2]} and {name} share one stem; keep one of them")
        found[stem] = prefix + name
    return dict(sorted(found.items()))


def images_of(root: Path, folder: Path) -> dict[str, str]:
    """Images of a folder by stem, as paths relative to root."""
    return listing(folder, IMAGE_SUFFIXES, prefix_of(root, folder))


def prefix_of(root: Path, folder: Path) -> str:
    """A folder relative to root, with a slash at its end; empty for root itself."""
    relative = folder.relative_to(root).as_posix()
    return "" if relative == "." else relative + "/"


def folders(root: Path, matches: Callable[[str], bool], depth: int = 3) -> list[Path]:
    """Folders below root whose name matches, sorted by path; at most `depth` levels down, hidden ones left out."""
    return sorted(_walk(root, matches, depth))


def _walk(folder: Path, matches: Callable[[str], bool], depth: int) -> Iterator[Path]:
    try:
        with place.scandir(folder) as entries:
            below = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    except OSError as error:
        raise BadSource(f"the folder {folder} cannot be listed ({error.strerror})") from error
    for name in below:
        if matches(name):
            yield folder / name
        if depth > 1:
            yield from _walk(folder / name, matches, depth - 1)


def named(*wanted: str) -> Callable[[str], bool]:
    """A test for `folders`: the name is one of these, whatever its case."""
    lower = {name.lower() for name in wanted}
    return lambda name: name.lower() in lower


def read_bytes(path: Path, shown: str) -> bytes:
    """A whole annotation file. `shown` is its name in messages. Raises BadAnnotation when it cannot be read."""
    try:
        if isinstance(path, place.Remote):
            return path.read_bytes()
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - twice as fast as Path.open on small files
            return file.readall()
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error


def read_text(path: Path, shown: str) -> str:
    """A whole text file, UTF-8 with or without a byte order mark, any line ends. Raises BadAnnotation."""
    data = read_bytes(path, shown)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadAnnotation(shown, line, f"not UTF-8 text (byte 0x{data[error.start]:02x})") from error


def split_list(path: Path, shown: str) -> list[str]:
    """Ids of a split list, one a line, in order, each once: "00001", "00001  -1" and "images/00001.jpg" -> "00001".

    Raises BadSource when the list cannot be read.
    """
    try:
        text = read_text(path, shown)
    except BadAnnotation as error:
        raise BadSource(f"the split list {error}") from error
    names = (_FLAG.sub("", line).strip() for line in text.splitlines())
    return list(dict.fromkeys(stem_of(name) for name in names if name))


def stem_of(name: str) -> str:
    """The name of an image without folders and image suffix; other dots are part of it."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem, _, suffix = base.rpartition(".")
    return stem if stem and f".{suffix.lower()}" in IMAGE_SUFFIXES else base
