"""Any WebDataset of images and captions: tar shards, our own (`rsdata pack`) and others'.

Sources of the format: webdataset (a sample is the members of one key, which ends at the first dot of the name),
rom1504/img2dataset (writer.py: .jpg .txt .json), om-ai-lab/RS5M (dataloader.py: .img_content .img_name .caption). The
image stays in its shard: `path` is `shards/000000.tar!000000123.jpg`, and `rsdata.pixels` follows it. Our own samples
come back as the records that were packed; their splits are read from the samples, those of others from the names of
shards and folders. Nothing is ever unpickled. A shard that is cut short or damaged gives the samples before the damage
and one drop (damaged-shard). Listing takes about 1 kB of memory a sample, and never its words or pixels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _packed
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="WebDataset",
    task="captions",
    platform="",
    classes={},
    splits=("train", "val", "test"),
    licence="unknown",
    terms="The terms are those of the dataset that is read; our own samples carry their licences.",
    homepage="https://github.com/webdataset/webdataset",
    citation="Aizman, Maltby and Breuel, High Performance I/O For Large Scale Deep Learning, IEEE Big Data 2019",
    obtain="Give the folder that holds the shards (*.tar), not packed with gzip.",
    tree="""\
shards/000000.tar ...    (in the root or below)
in a shard: 000000123.jpg  000000123.txt  000000123.json    (.jpeg .png .webp .tif; captions in .txt or .json)
or, as RS5M: 0001.img_content  0001.img_name  0001.caption""",
)

PICTURES = tuple(suffix.removeprefix(".") for suffix in (".jpg", ".jpeg", ".png", *sorted(_files.IMAGE_SUFFIXES)))
TEXTS = ("txt", "text", "caption", "cap", "title", "img_name")
DEPTH = 3
_KEY = re.compile(r"((?:.*/)?[^/.][^/.]*)\.([^/]+)$", re.DOTALL)


class Part(NamedTuple):
    """One text member of a sample: its extension, and where its bytes lie in the shard."""

    extension: str
    offset: int
    size: int


def find(
    root: Path, split: str | None = None, *, images: bool = True, caption: str = "", lang: str = "en"
) -> list[Item]:
    """List the samples of every shard, by their headers.

    caption: the extension, or the key of the JSON, that holds the captions; else the usual ones are tried in turn.
    lang: the language of foreign captions.
    """
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    shards = [path for folder in _folders(root) for path in _shards(root, folder)]
    if not shards:
        raise _files.missing(INFO, root, "tar shard (*.tar)")
    options = {"caption": caption, "lang": lang}
    found = [item for path in shards for item in _items(root, path, options)]
    there = sorted({item.split for item in found})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the texts of one sample, and the header of its image."""
    if "damage" in item.data:
        yield Drop(item.id, STAGE, "damaged-shard", f"{item.label}: {item.data['damage']}; get this shard again")
        return
    if item.image is None:
        there = ", ".join(item.data["others"]) or "nothing"
        yield Drop(item.id, STAGE, "missing-image", f"{item.label}: sample {item.id} has no image (found: {there})")
        return
    shown = item.image.rpartition(".")[0]
    try:
        row = _row(item.root / (item.label or ""), item.data["parts"], shown)
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    if _packed.is_ours(row):
        yield from _packed.read_ours(item, row, f"{shown}.json")
        return
    yield from _packed.read_foreign(item, INFO, _packed.parse_foreign(row, item.data["caption"]), item.data["lang"])


def samples(members: list[tuple[str, int, int]]) -> dict[str, list[tuple[str, str, int, int]]]:
    """Members of a tar by sample: key -> (extension in lower case, name, offset, size). Names without extension are
    no members of a sample. `a/0001.seg.png` has the key `a/0001` and the extension `seg.png`."""
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for name, offset, size in members:
        if match := _KEY.match(name):
            found.setdefault(match[1], []).append((match[2].lower(), name, offset, size))
    return found


def _folders(root: Path) -> list[Path]:
    return [root, *_files.folders(root, lambda _: True, DEPTH)]


def _shards(root: Path, folder: Path) -> list[str]:
    return list(_files.listing(folder, {".tar"}, _files.prefix_of(root, folder)).values())


def _items(root: Path, path: str, options: dict[str, str]) -> Iterator[Item]:
    try:
        members, damage = pixels.tar_members(root / path)
    except OSError as error:
        raise BadSource(f"WebDataset: the shard {path} cannot be read ({error.strerror})") from error
    grouped = samples(members)
    told = _packed.split_of(path)
    stem = path.removesuffix(".tar").removeprefix("shards/")
    with (root / path).open("rb") as file:
        ours = True  # until a sample is not
        for key, parts in grouped.items():
            split = told
            if ours and _has_json(parts):
                own = _own_split(file, parts)
                ours, split = own is not None, told if own is None else own
            yield _item(root, path, stem, key, parts, split, options)
    if damage:
        yield Item(root, _id(told, stem, "damaged"), told, None, path, {"damage": damage})


def _item(
    root: Path, path: str, stem: str, key: str, parts: list[tuple[str, str, int, int]], split: str, options: Any
) -> Item:
    pictures = [name for extension, name, _, _ in parts if _is_picture(extension)]
    exact = [name for wanted in PICTURES for extension, name, _, _ in parts if extension == wanted]
    id = _id(split, stem, key.removeprefix("./"))
    if not pictures:
        others = [extension for extension, _, _, _ in parts]
        return Item(root, id, split, None, path, {"others": others})
    wanted = {*TEXTS, "json", options["caption"]}
    texts = tuple(Part(extension, offset, size) for extension, _, offset, size in parts if extension in wanted)
    return Item(root, id, split, f"{path}!{(exact or pictures)[0]}", path, {"parts": texts, **options})


def _id(split: str, stem: str, key: str) -> str:
    return "/".join(part for part in ("webdataset", split, stem.removeprefix(f"{split}/"), key) if part)


def _is_picture(extension: str) -> bool:
    return extension == "img_content" or extension.rpartition(".")[2] in PICTURES


def _has_json(parts: list[tuple[str, str, int, int]]) -> bool:
    return any(extension == "json" for extension, _, _, _ in parts)


def _own_split(file: Any, parts: list[tuple[str, str, int, int]]) -> str | None:
    """The split in one of our own samples, "" where the JSON is damaged (`read` will say so); None for others."""
    offset, size = next((offset, size) for extension, _, offset, size in parts if extension == "json")
    file.seek(offset)
    try:
        meta = _packed.parse_json(file.read(size), "")
    except BadAnnotation:
        return ""
    return str(meta["split"] or "") if _packed.is_ours(meta) else None


def _row(path: Path, parts: tuple[Part, ...], shown: str) -> dict[str, Any]:
    """The texts of one sample: extension -> text, and the keys of its JSON. Raises BadAnnotation."""
    found: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            for extension, offset, size in parts:
                file.seek(offset)
                data = file.read(size)
                if extension == "json":
                    found |= {k: v for k, v in _packed.parse_json(data, f"{shown}.json").items() if k not in found}
                else:
                    found[extension] = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadAnnotation(f"{shown}.{extension}", 0, f"not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise BadAnnotation(path.name, 0, f"the shard cannot be read ({error.strerror})") from error
    return found
