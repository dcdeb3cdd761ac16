"""Large JSON files whose top level is an object of lists (GeoJSON, COCO), element by element.

`stream` reads a file once, in pieces of a few MiB, and says where each element lies, in bytes. `Spans` remembers the
places of the elements of each image, neighbours joined, at 16 bytes a span; `read_spans` fetches them again. So a file
of any size is indexed in little memory, and a worker reads no more of it than its own images.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rsdata.errors import BadAnnotation

STEP = 1 << 22  # bytes read at once
LARGEST = 1 << 26  # bytes of one element; more is a broken file

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


class Element(NamedTuple):
    """One element of the top-level list `list`, its `number` there (from 0), and its bytes `start` to `end`."""

    list: str
    number: int
    value: Any
    start: int
    end: int


def stream(path: Path, shown: str, lists: set[str] | None = None) -> Iterator[Element]:
    """The elements of every list of the top-level object; other members are passed over.

        {"type": "FeatureCollection", "features": [{...}, {...}]}

    `shown` is the file's name in messages; `lists` is given the name of every list, the empty ones too. Raises
    BadAnnotation when the file cannot be read or is no such JSON.
    """
    try:
        with path.open("rb") as file:
            yield from _members(_Text(file, shown), set() if lists is None else lists)
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error


def _members(text: _Text, lists: set[str]) -> Iterator[Element]:
    text.take("{")
    if text.peek() == "}":
        text.take("}")
    else:
        more = True
        while more:
            key, _, _ = text.value()
            if not isinstance(key, str):
                raise text.error("a name in quotes is wanted")
            text.take(":")
            if text.peek() == "[":
                lists.add(key)
                yield from _elements(text, key)
            else:
                text.value()
            more = text.take(",}") == ","
    if text.peek():
        raise text.error("something stands after the end")


def _elements(text: _Text, name: str) -> Iterator[Element]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    number, more = 0, True
    while more:
        yield Element(name, number, *text.value())
        number, more = number + 1, text.take(",]") == ","


class _Text:
    """A window that moves over the file. One character is one byte (Latin-1), so that places are byte offsets."""

    def __init__(self, file: BinaryIO, shown: str) -> None:
        self.file, self.shown = file, shown
        self.text, self.at, self.before, self.lines = "", 0, 0, 1
        self.more()
        if self.text.startswith("\xef\xbb\xbf"):
            self.at = 3

    def more(self) -> bool:
        """Read on, at least as much again as is waiting; False at the end of the file."""
        data = self.file.read(max(STEP, len(self.text) - self.at))
        self.lines += self.text.count("\n", 0, self.at)
        self.before += self.at
        self.text, self.at = self.text[self.at :] + data.decode("latin-1"), 0
        return bool(data)

    def peek(self) -> str:
        """The next character that is not blank; empty at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _BLANK:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, wanted: str) -> str:
        """Step over the next character, which is one of `wanted`."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.error(f"{' or '.join(wanted)} is wanted, found {found or 'the end of the file'}")
        self.at += 1
        return found

    def value(self) -> tuple[Any, int, int]:
        """The next value, its start and its end."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if len(self.text) - self.at > LARGEST or not self.more():
                    raise self.error(f"broken JSON ({error.msg})") from error
                continue
            except (ValueError, RecursionError) as error:
                raise self.error(f"JSON that cannot be read ({type(error).__name__})") from error
            length = end - self.at
            if self._ends(found, end) or len(self.text) - self.at > LARGEST or not self.more():
                break
        start, end = self.at, self.at + length
        self.at = end
        if not self.text.isascii() and not (piece := self.text[start:end]).isascii():
            found = self._decoded(piece)
        return found, self.before + start, self.before + end

    def _ends(self, found: Any, end: int) -> bool:
        """Whether a value surely ends there: a number near the end of the window may go on ("0", ".", "5")."""
        number = isinstance(found, int | float) and not isinstance(found, bool)
        return not number or self.text[end : end + 1] in tuple(_BLANK + ",]}")

    def _decoded(self, piece: str) -> Any:
        try:
            return json.loads(piece.encode("latin-1"))
        except ValueError as error:
            raise self.error(f"not UTF-8 text ({type(error).__name__})") from error

    def error(self, problem: str) -> BadAnnotation:
        """The error for what stands at the current place."""
        return BadAnnotation(self.shown, self.lines + self.text.count("\n", 0, self.at), problem)


class Spans:
    """Where the elements of each key lie, in the order of the file."""

    def __init__(self) -> None:
        self.places: dict[Hashable, array[int]] = {}
        self.counts: dict[Hashable, int] = {}
        self._next: Hashable = None

    def add(self, key: Hashable, element: Element) -> None:
        """Remember an element. Elements of one key that follow each other become one span."""
        places = self.places.get(key)
        if places is None:
            places = self.places[key] = array("Q")
        if places and self._next == (element.list, element.number, key):
            places[-1] = element.end
        else:
            places.extend((element.start, element.end))
        self.counts[key] = self.counts.get(key, 0) + 1
        self._next = (element.list, element.number + 1, key)

    def of(self, key: Hashable) -> list[int]:
        """Start and end of every span of a key, for an Item; none for a key that never came."""
        return self.places.get(key, array("Q")).tolist()


def read_spans(path: Path, shown: str, spans: Sequence[int]) -> list[Any]:
    """The elements in these spans. Raises BadAnnotation when the file is not the one that was indexed."""
    found: list[Any] = []
    try:
        with path.open("rb") as file:
            for start, end in zip(spans[::2], spans[1::2], strict=True):
                file.seek(start)
                found += json.loads(b"[" + file.read(end - start) + b"]")
    except OSError as error:
        raise BadAnnotation(shown, 0, f"the file cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(shown, 0, "the file is another than when it was listed; list it again") from error
    return found


def clean(text: str) -> str:
    """Text that can be written as UTF-8: JSON may escape half of a pair of surrogates, which becomes "?"."""
    return text.encode("utf-8", "replace").decode()
