"""RSICap and RSIEval: detailed captions written by experts, one for each image (Hu et al., RSGPT, 2023).

The form is from memory and read leniently: a JSON list, bare or under "annotations", of objects with a file name
(filename, image, file_name, image_id) and a text (text_output, caption, text). RSIEval's questions are not read. A
caption is several sentences long and stays one caption. See https://github.com/Lavender105/RSGPT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _captions, _captionsets, _files
from rsdata.readers._captions import Entry
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="RSICap",
    task="captions",
    platform="aerial",
    classes={},
    splits=("train", "test"),
    licence="academic-only",
    terms="Handed out for academic use by a form (not verified in a source). The images are DOTA's.",
    homepage="https://github.com/Lavender105/RSGPT",
    citation="Hu et al., RSGPT: A Remote Sensing Vision Language Model and Benchmark, 2023",
    obtain="Ask for it by the form of https://github.com/Lavender105/RSGPT and unpack it there.",
    tree="""\
RSICap/captions.json
RSICap/images/P0000_0001.png
RSIEval/annotations.json       (beside it, or alone: the split test)
RSIEval/images/...""",
)

FILES = ("captions.json", "annotations.json", "rsicap.json", "rsieval.json")
NAMES = ("filename", "file_name", "image", "image_id", "image_name")
TEXTS = ("text_output", "caption", "text")
_EVAL = re.compile("eval", re.IGNORECASE)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List every image that the JSON names, and every image that it does not. A folder named RSIEval is test."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    found: dict[str, list[Item]] = {}
    for base in [root, *_files.folders(root, lambda name: name.lower() in ("rsicap", "rsieval"), 1)]:
        path = next((base / name for name in FILES if (base / name).is_file()), None)
        if path is not None:
            name = "test" if _EVAL.search(base.name) or _EVAL.search(path.name) else "train"
            if name in found:
                raise BadSource(f"RSICap: {root} holds two captions files of the split {name}; give one folder as root")
            found[name] = _items(root, base, path, name)
    if not found:
        raise _files.missing(INFO, root, "captions.json")
    if split is not None and split not in found:
        raise _files.wrong_split(INFO, split, found)
    chosen = [item for name, items in found.items() if split in (None, name) for item in items]
    return sorted(chosen, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image; its caption is in the item."""
    yield from _captions.read(item, INFO, None, {})


def parse(text: str, shown: str, split: str) -> list[Entry]:
    """Parse the JSON; `shown` is its name in messages. Several entries of one image are put together.

        {"annotations": [{"filename": "P0000_0001.png", "text_output": "This is a panchromatic aerial image ..."}]}

    A damaged entry comes with a problem. Raises BadAnnotation when it is no such JSON.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}); was the download cut?") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, f"JSON that cannot be read ({type(error).__name__})") from error
    listed = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        raise BadAnnotation(shown, 0, 'neither a list nor an object with the list "annotations"')
    grouped: dict[str, list[str]] = {}
    damaged: list[Entry] = []
    for n, node in enumerate(listed):
        name, said = _first(node, NAMES), _first(node, TEXTS)
        if name and said is not None:
            grouped.setdefault(name, []).append(said)
        else:
            lacks = "no file name" if not name else "no text"
            damaged.append(Entry(f"annotations-{n}", split, (), f"{shown}: entry {n} has {lacks}"))
    entries = [Entry(name, split, tuple(texts)) for name, texts in grouped.items()]
    _captions.once(entries, shown)
    return entries + damaged


def _first(node: Any, keys: tuple[str, ...]) -> str | None:
    found = [node[key] for key in keys if isinstance(node.get(key), str)] if isinstance(node, dict) else []
    return found[0].strip() if found else None


def _items(root: Path, base: Path, path: Path, split: str) -> list[Item]:
    shown = _files.prefix_of(root, base) + path.name
    try:
        entries = parse(_files.read_text(path, shown), shown, split)
    except BadAnnotation as error:
        raise BadSource(f"RSICap: {error}; get the file again") from error
    folder, _ = _captionsets.pictures_of(base, ("images", "imgs"))
    place = base / folder
    pictures = _files.images_of(root, place) if place.is_dir() else {}
    return _captions.items(root, "rsicap", entries, pictures, _files.prefix_of(root, place).rstrip("/"), {})
