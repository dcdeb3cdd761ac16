"""Lists of images with sentences: Karpathy's JSON, and pairs of text lists. Pure parsers, and items made from them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadImage
from rsdata.readers._files import stem_of
from rsdata.readers._info import Info
from rsdata.readers._jsonlist import clean
from rsdata.readers._objects import STAGE, refuse_image
from rsdata.record import Caption, Drop, Item, Record

_HALF = re.compile("[\ud800-\udfff]")


class Entry(NamedTuple):
    """One listed image with its sentences as written (blank ones too); `problem` says why it cannot be used."""

    file: str
    split: str
    sentences: tuple[str, ...]
    problem: str = ""


class Counts(NamedTuple):
    """What a list holds. `captions` counts blank ones too; `unique` is after strip."""

    images: int
    captions: int
    unique: int
    blank: int


def count(entries: Iterable[Entry]) -> Counts:
    """Count a list of entries."""
    kept = list(entries)
    stripped = [sentence.strip() for entry in kept for sentence in entry.sentences]
    return Counts(len(kept), len(stripped), len(set(stripped)), stripped.count(""))


def parse_json(text: str, shown: str) -> list[Entry]:
    """Parse Karpathy's form; `shown` is the file's name in messages.

        {"images": [{"filename": "airport_1.jpg", "imgid": 0, "split": "train",
                     "sentences": [{"raw": "many planes are parked .", "tokens": ["many", ...]}]}]}

    `raw` is taken; where it is absent, `tokens` are joined. A damaged entry comes with a problem. Raises BadAnnotation
    when the file is no such JSON, or when an image is listed twice in one split.
    """
    try:
        page = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadAnnotation(shown, error.lineno, f"broken JSON ({error.msg}); was the download cut?") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, "the JSON is nested too deeply, or holds a number too long") from error
    listed = page.get("images") if isinstance(page, dict) else None
    if not isinstance(listed, list):
        raise BadAnnotation(shown, 0, 'no list "images" at the top of the JSON; this is not Karpathy\'s form')
    entries = [_entry(node, n, shown) for n, node in enumerate(listed)]
    once(entries, shown)
    return entries


def _entry(node: Any, n: int, shown: str) -> Entry:
    name = node.get("filename") if isinstance(node, dict) else None
    if not isinstance(name, str) or not name.strip():
        return Entry(f"images-{n}", "", (), f"{shown}: images[{n}] has no filename")
    split = node.get("split")
    split = {"restval": "train", "validation": "val"}.get(split, split) if isinstance(split, str) else ""
    sentences = node.get("sentences")
    if not isinstance(sentences, list) or split not in ("train", "val", "test", ""):
        problem = f"split is {split!r}" if isinstance(sentences, list) else 'no list "sentences"'
        return Entry(name, "", (), f"{shown}: images[{n}] ({name[:60]}): {problem}")
    found = [_sentence(sentence) for sentence in sentences]
    if any(sentence is None for sentence in found):
        bad = found.index(None)
        problem = f"{shown}: images[{n}] ({name[:60]}): sentences[{bad}] has no text in raw or tokens"
        return Entry(name, split, (), problem)
    return Entry(name, split, tuple(sentence for sentence in found if sentence is not None))


def _sentence(node: Any) -> str | None:
    if not isinstance(node, dict):
        return None
    raw, tokens = node.get("raw"), node.get("tokens")
    if isinstance(raw, str):
        return raw
    return " ".join(str(token) for token in tokens) if isinstance(tokens, list) else None


def parse_lists(captions: str, names: str, shown: tuple[str, str], split: str) -> list[Entry]:
    """Parse the pair `<split>_caps.txt`, `<split>_filename.txt` (AMFMN); `shown` has their names for messages.

        many planes are parked next to a long building in an airport .        airport_1.jpg

    The list of names has one line for each image (every image then has equally many captions, one after the other) or
    one line for each caption; the numbers of lines tell. Lines end at \\n only. Raises BadAnnotation where the two
    numbers do not fit, with both.
    """
    texts, files = _lines(captions), [name.strip() for name in _lines(names)]
    blank = next((n for n, name in enumerate(files, 1) if not name), 0)
    if blank:
        raise BadAnnotation(shown[1], blank, "a blank line where a file name is wanted")
    if len(texts) == len(files):
        grouped: dict[str, list[str]] = {}
        for name, text in zip(files, texts, strict=True):
            grouped.setdefault(name, []).append(text)
        return [Entry(name, split, tuple(found)) for name, found in grouped.items()]
    if not files or len(texts) % len(files) or len(texts) < len(files):
        problem = (
            f"{len(texts):,} captions do not fit the {len(files):,} file names of {shown[1]}: wanted as many, or the "
            "same number of captions for each name; one of the two files was cut or belongs to another copy"
        )
        raise BadAnnotation(shown[0], 0, problem)
    each = len(texts) // len(files)
    entries = [Entry(name, split, tuple(texts[i * each : (i + 1) * each])) for i, name in enumerate(files)]
    once(entries, shown[1])
    return entries


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else lines


def once(entries: Iterable[Entry], shown: str) -> None:
    """Raises BadAnnotation where an image stands twice in one split."""
    seen: set[tuple[str, str]] = set()
    for n, (file, split, _, problem) in enumerate(entries, 1):
        key = (split, stem_of(file))
        if key in seen and not problem:
            raise BadAnnotation(shown, 0, f"{clean(file)} is listed a second time in the split {split!r} (entry {n})")
        seen.add(key)


def items(
    root: Path, source: str, entries: Iterable[Entry], images: Mapping[str, str], folder: str, note: Mapping[str, str]
) -> list[Item]:
    """One item for each entry, and one for each image that no entry names; sorted by id.

    `images`: stem -> path (matched by stem: some lists name .tif where .jpg lies on disk); `folder`: where a missing
    image should lie; `note`: split -> what to say of that split in `extra`.
    """
    found = []
    listed = set()
    for entry in map(_writable, entries):
        stem = stem_of(entry.file)
        listed.add(stem)
        name = entry.file.replace("\\", "/").rpartition("/")[2]  # a list must not lead out of the dataset's folder
        image = images.get(stem, f"{folder}/{name}" if folder else name)
        data = {"entry": entry, "note": note.get(entry.split, "")}
        found.append(Item(root, _id(source, entry.split, stem), entry.split, image, None, data))
    for stem, path in images.items():
        if stem not in listed:
            problem = f"{path}: no caption list names this image"
            found.append(Item(root, _id(source, "", stem), "", path, None, {"unlisted": problem}))
    return sorted(found, key=lambda item: item.id)


def _writable(entry: Entry) -> Entry:
    """The entry, or one with a problem where JSON escaped half of a surrogate pair, which no file can hold."""
    if not any(_HALF.search(text) for text in (entry.file, *entry.sentences, entry.problem) if not text.isascii()):
        return entry
    name, problem = (ascii(text)[1:-1] for text in (entry.file, entry.problem))
    return Entry(name, entry.split, (), problem or f"{name}: half of a surrogate pair in its name or a caption")


def _id(source: str, split: str, stem: str) -> str:
    return f"{source}/{split}/{stem}" if split else f"{source}/{stem}"


def read(
    item: Item, info: Info, label: str | None, extra: Mapping[str, str], lang: str = "en", origin: str = "human"
) -> Iterator[Record | Drop]:
    """Yield the record of one entry, or a drop: bad-annotation, missing-annotation (not listed), or the image's reason.

    Captions are stripped; blank ones are left out and their number goes to `extra["blank_captions"]`. An image all of
    whose captions are blank is kept without captions: its pixels and its scene class are as good as any.
    """
    if "unlisted" in item.data:
        yield Drop(item.id, STAGE, "missing-annotation", item.data["unlisted"])
        return
    entry: Entry = item.data["entry"]
    if entry.problem:
        yield Drop(item.id, STAGE, "bad-annotation", entry.problem)
        return
    try:
        width, height = pixels.size(item.root / (item.image or ""))
    except BadImage as error:
        yield refuse_image(item, error, 0)
        return
    texts = [sentence.strip() for sentence in entry.sentences]
    blank = texts.count("")
    more = dict(extra) | ({"blank_captions": str(blank)} if blank else {})
    more |= {"split_note": item.data["note"]} if item.data["note"] else {}
    yield Record(
        id=item.id,
        source=item.id.partition("/")[0],
        split=item.split,
        path=item.image,
        width=width,
        height=height,
        gsd=info.gsd,
        platform=info.platform,
        label=label,
        captions=[Caption(text, lang, origin) for text in texts if text],
        licence=info.licence,
        extra=more,
    )
