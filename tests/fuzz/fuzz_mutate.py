"""Damage that real files have, and worse: one step from bytes to other bytes, by the structure that they have.

Plain byte flips rarely get past the JSON or XML parser below ours, so that most steps change one value of a JSON
document, one text between tags, or one field of a line.
"""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**64), 10**400, 1e308, -1e-320, float("nan"), float("inf")),
    *("", " ", "0", "-1", "\ud800", "\0", "\n", "../../x", "/etc/hostname", "a" * 300, "\u0663", "١٢", "😀", "nan"),
    *([], {}, [[]], [[[]]], [0], [1, 2, 3, 4], ["a"], [None] * 4, {"a": 1}, {"": None}, [float("nan")] * 4),
    *("http://127.0.0.1:9/x", "EPSG:0", "EPSG:99999999", "POLYGON EMPTY", "POLYGON ((", "raw_" + "9" * 5000),
]
TOKENS = [
    *("", "-1", "0", "1e309", "-inf", "nan", "1_0", "9" * 5000, "0x10", "1e7", "10000001", "-0.0", "\ufeff", "\x85"),
    *("\u2028", "\0", "\r", "\r\n", "\n\n", "\t", ",", '"', "'", "<", "&lt;", "]]>", "<![CDATA[", "&#0;", "&x;"),
    *("<!DOCTYPE a [<!ENTITY x 'y'>]>", "<?xml version='1.0' encoding='utf-16'?>", "<?xml?>"),
    *("POLYGON ((0 0, 1 0, 1 1, 0 0))", "EMPTY", "((", "))", "Z", "é", "\ud83d", "../", "\\", "%s", "{}", "[]", "None"),
]
RAW = [b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\xc3", b"\xed\xa0\x80", b"{" * 3000, b"[" * 3000, b'{"a":' * 3000]
_BETWEEN = re.compile(rb">[^<]*<")
_FIELD = re.compile(rb"[^\s,;|]+")
_LINE = re.compile(rb"[^\n]*\n?")


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to four steps from `data`; the same seed takes the same steps."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        steps = [_bytes, _spans, _spans]
        head = data.lstrip()[:1]
        steps += [_json] * 12 if head in (b"{", b"[") else [_texts] * 6 if head == b"<" else [_fields] * 8
        data = rng.choice(steps)(data, rng)
    return data


def _bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    piece = rng.choice((rng.randbytes(1), rng.choice(RAW), rng.choice(TOKENS).encode("utf-8", "surrogatepass")))
    return data[:at] + piece + data[at + rng.choice((0, 1)) :]


def _spans(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randint(0, len(data)) for _ in range(2))
    lines = [found.span() for found in _LINE.finditer(data) if found[0]]
    if lines and rng.random() < 0.5:
        a, b = rng.choice(lines)
    return rng.choice((data[:a], data[:a] + data[b:], data[:b] + data[a:], data[a:b], data[b:] + data[:b]))


def _texts(data: bytes, rng: random.Random) -> bytes:
    return _replaced(data, [(a + 1, b - 1) for a, b in _found(_BETWEEN, data)], rng)


def _fields(data: bytes, rng: random.Random) -> bytes:
    return _replaced(data, _found(_FIELD, data), rng)


def _found(pattern: re.Pattern[bytes], data: bytes) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(data)]


def _replaced(data: bytes, spans: list[tuple[int, int]], rng: random.Random) -> bytes:
    if not spans:
        return _bytes(data, rng)
    a, b = rng.choice(spans)
    if rng.random() < 0.4:
        c, d = rng.choice(spans)
        return data[:a] + data[c:d] + data[b:]
    return data[:a] + rng.choice(TOKENS).encode("utf-8", "surrogatepass") + data[b:]


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        page = json.loads(data)
    except (ValueError, RecursionError):
        return _bytes(data, rng)
    holder = [page]
    places = list(_places(holder))
    where, key = rng.choice(places)
    other, name = rng.choice(places)
    step = rng.randrange(5)
    if step == 0 and where is not holder:
        del where[key]
    elif step == 1:
        where[key] = copy.deepcopy(other[name])
    elif step == 2 and isinstance(where, list):
        where.append(copy.deepcopy(where[key]))
    elif isinstance(where, dict) and step == 3:
        where[rng.choice([k for k in map(str, VALUES) if len(k) < 9000])] = where.pop(key)
    else:
        where[key] = rng.choice(VALUES)
    return json.dumps(holder[0], ensure_ascii=rng.random() < 0.8).encode("utf-8", "surrogatepass")


def _places(root: Any) -> Any:
    """Every (container, key) below root, at most a few thousand."""
    queue, count = [root], 0
    while queue and count < 5000:
        node = queue.pop()
        for key in range(len(node)) if isinstance(node, list) else list(node):
            count += 1
            yield node, key
            if isinstance(node[key], list | dict):
                queue.append(node[key])
