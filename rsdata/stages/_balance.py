"""Which images go when a corpus is balanced: the rules of the stage `balance` over a whole corpus, without pixels."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadRecipe

KINDS = ("class", "source", "platform", "language")
Gone = dict[str, tuple[str, str]]  # image id -> reason, why
Silent = dict[str, tuple[str, str, list[str]]]  # image id -> reason, why, languages whose captions go


class Rules(NamedTuple):
    """The stage's parameters, checked."""

    stride: int
    class_share: float
    weights: Mapping[str, float]
    caps: Mapping[str, int]

    def weight(self, kind: str, name: str) -> float:
        """The rule for this name, else for its kind, else 1."""
        return self.weights.get(f"{kind}:{name}", self.weights.get(kind, 1.0))

    def cap(self, kind: str, name: str) -> int | None:
        """The rule for this name, else for its kind, else none."""
        return self.caps.get(f"{kind}:{name}", self.caps.get(kind))


class Image(NamedTuple):
    """What the rules ask of one record: objects by class (0 for a scene's class), captions by language."""

    id: str
    source: str
    platform: str
    classes: Mapping[str, int]
    langs: Mapping[str, int]
    video: str
    frame: str


def checked(
    stride: int, class_share: float, weights: Mapping[str, float] | None, caps: Mapping[str, int] | None
) -> Rules:
    """The rules. Raises BadRecipe where one is no such rule, or where there is none."""
    weights, caps = weights or {}, caps or {}
    for name, given in (("weights", weights), ("caps", caps)):
        if not isinstance(given, Mapping):
            raise BadRecipe(f"balance: {name} wants a mapping such as {{class: 5000}}, got {given!r}")
        for key in given:
            kind, colon, which = str(key).partition(":")
            if kind not in KINDS or (colon and not which):
                raise BadRecipe(f"balance: {name}: {key!r}; wanted {', '.join(KINDS)}, or one of them as class:ship")
    for key, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise BadRecipe(f"balance: weight {key} is {weight!r}; wanted a probability from 0 to 1")
    for key, cap in caps.items():
        if isinstance(cap, bool) or not isinstance(cap, int) or cap < 0:
            raise BadRecipe(f"balance: cap {key} is {cap!r}; wanted a whole number, 0 or more")
    if stride < 1 or not 0.0 <= class_share <= 1.0:
        raise BadRecipe(f"balance: stride {stride}, class_share {class_share}; wanted 1 or more, and 0 to 1")
    if stride == 1 and not class_share and not weights and not caps:
        raise BadRecipe("balance: no rule; give stride, class_share, weights or caps")
    return Rules(stride, class_share, weights, caps)


def read(parts: Sequence[Path]) -> list[Image]:
    """The images of all parts, sorted by id."""
    import pyarrow.parquet as pq

    names = ["id", "source", "platform", "label", "objects.list.element.label", "captions.list.element.lang", "extra"]
    found: list[Image] = []
    for part in parts:
        with pq.ParquetFile(part) as file:
            table = file.read(columns=names).to_pydict()
        for row in zip(*(table[name.partition(".")[0]] for name in names), strict=True):
            found.append(_image(*row))
    return sorted(found, key=lambda image: image.id)


def _image(
    id: str, source: str, platform: str, label: str | None, objects: list[Any], captions: list[Any], extra: list[Any]
) -> Image:
    classes = Counter(obj["label"] for obj in objects)
    if label:
        classes[label] += 0
    known = dict(extra)
    langs = Counter(caption["lang"] for caption in captions)
    return Image(id, source, platform or "none", classes, langs, known.get("video", ""), known.get("frame", ""))


def choose(images: Sequence[Image], rules: Rules, seed: int) -> tuple[Gone, Silent]:
    """What goes, and why. `images` must be sorted by id."""
    gone: Gone = dict(_strided(images, rules.stride))
    draws = {image.id: random.Random(f"{seed}:balance:{image.id}") for image in images if image.id not in gone}
    left = [image for image in images if image.id in draws]
    gone.update(_thinned(left, rules, {id: rng.random() for id, rng in draws.items()}))
    left = [image for image in left if image.id not in gone]
    turn = {image.id: draws[image.id].random() for image in left}
    gone.update(_capped(left, rules, turn))
    left = sorted((i for i in left if i.id not in gone), key=lambda i: (turn[i.id], i.id))
    silent = _silenced(left, rules, {image.id: draws[image.id].random() for image in left})
    for image in left:
        if image.id in silent and set(silent[image.id][2]) == set(image.langs):
            reason, why, _ = silent.pop(image.id)
            gone[image.id] = reason, f"{why}; no caption is left"
    return gone, silent


def _strided(images: Sequence[Image], stride: int) -> Iterator[tuple[str, tuple[str, str]]]:
    """Frames are numbered in their order among the frames of their video that are here, not by their own numbers."""
    videos: dict[tuple[str, str], set[str]] = {}
    for image in images if stride > 1 else ():
        if image.video:
            videos.setdefault((image.source, image.video), set()).add(image.frame)
    stays = {key: set(sorted(frames, key=_number)[::stride]) for key, frames in videos.items()}
    for image in images:
        key = (image.source, image.video)
        if key in stays and image.frame not in stays[key]:
            why = f"frame {image.frame} of {image.video}: one of {stride} stays"
            yield image.id, ("frame-stride", why)


def _number(frame: str) -> tuple[int, str]:
    return (int(frame), frame) if frame.isdecimal() else (-1, frame)


def _thinned(images: Sequence[Image], rules: Rules, draw: Mapping[str, float]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Images that the draw is against. The class share is asked first, so that a drop has one reason."""
    held = Counter(name for image in images for name in image.classes)
    for image in images:
        chance, thin = 1.0, ""
        if rules.class_share and image.classes:
            least = min(image.classes, key=lambda name: (held[name], name))
            share = held[least] / len(images)
            chance = min(1.0, sqrt(rules.class_share / share))
            thin = f"its rarest class, {least}, is in {100 * share:.1f} % of the images: stays with {chance:.3f}"
        if draw[image.id] >= chance:
            yield image.id, ("class-share", thin)
            continue
        weights = [rules.weight("source", image.source), rules.weight("platform", image.platform)]
        if image.classes:
            weights.append(max(rules.weight("class", name) for name in image.classes))
        for weight in weights:
            chance *= weight
        if draw[image.id] >= chance:
            yield image.id, ("weight", f"stays with {chance:.3f}: {' x '.join(f'{w:g}' for w in weights if w < 1)}")


def _capped(images: Sequence[Image], rules: Rules, turn: Mapping[str, float]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Images for which there is no room left, the rarest classes served first."""
    held = Counter(name for image in images for name in image.classes)
    taken: Counter[tuple[str, str]] = Counter()

    def rank(image: Image) -> tuple[int, float, str]:
        return min((held[name] for name in image.classes), default=0), turn[image.id], image.id

    for image in sorted(images, key=rank):
        keys = [("source", image.source), ("platform", image.platform)]
        keys += [("class", name) for name in sorted(image.classes)]
        full = next((key for key in keys if (cap := rules.cap(*key)) is not None and taken[key] >= cap), None)
        if full:
            yield image.id, (f"{full[0]}-cap", f"{full[1]} has {taken[full]:,} images already")
        else:
            taken.update(keys)


def _silenced(images: Sequence[Image], rules: Rules, draw: Mapping[str, float]) -> Silent:
    """Languages that images lose. A weight asks the same draw for all languages of an image, a cap counts captions."""
    spoken: Counter[str] = Counter()
    silent: Silent = {}
    for image in images:
        lost: dict[str, str] = {}
        for lang, count in sorted(image.langs.items()):
            weight, cap = rules.weight("language", lang), rules.cap("language", lang)
            if draw[image.id] >= weight:
                lost[lang] = f"{lang} stays with {weight:g}"
            elif cap is not None and spoken[lang] + count > cap:
                lost[lang] = f"{lang} has {spoken[lang]:,} captions already"
            else:
                spoken[lang] += count
        if lost:
            reason = "weight" if all("stays with" in why for why in lost.values()) else "language-cap"
            silent[image.id] = reason, "; ".join(lost.values()), list(lost)
    return silent


def columns(images: Iterable[Image], gone: Gone, silent: Silent) -> dict[str, list[str]]:
    """One row for each image that goes or loses captions."""
    rows = [
        (i.id, *(gone[i.id] if i.id in gone else silent[i.id][:2])) for i in images if i.id in gone or i.id in silent
    ]
    return {
        "id": [id for id, _, _ in rows],
        "reason": [reason for _, reason, _ in rows],
        "why": [why for _, _, why in rows],
        "langs": [",".join(silent[id][2]) if id in silent else "" for id, _, _ in rows],
    }


def tally(images: Iterable[Image], silent: Collection[str] | Silent = ()) -> dict[str, dict[str, list[int]]]:
    """kind -> name -> [images, objects or captions], the largest first."""
    found: dict[str, dict[str, list[int]]] = {kind: {} for kind in KINDS}
    for image in images:
        lost = silent[image.id][2] if isinstance(silent, Mapping) and image.id in silent else ()
        boxes = sum(image.classes.values())
        rows = [("source", image.source, boxes), ("platform", image.platform, boxes)]
        rows += [("class", name, count) for name, count in image.classes.items()]
        rows += [("language", lang, count) for lang, count in image.langs.items() if lang not in lost]
        for kind, name, count in rows:
            counts = found[kind].setdefault(name, [0, 0])
            counts[0] += 1
            counts[1] += count
    return {
        kind: dict(sorted(names.items(), key=lambda pair: (-pair[1][0], -pair[1][1], pair[0])))
        for kind, names in found.items()
    }
