"""RemoteCount: pictures in which one category is counted, and ten sentences that differ in the number alone.

The benchmark of RemoteCLIP (arXiv 2306.11029, section IV-B2, figures 7 and 8): 947 pictures, mainly of DOTA's
validation set, 13 categories, one to ten objects; the number in the caption is put to every number from 1 to 10, and
the sentence nearest to the picture is the model's count. Its pictures were never published, so this makes others by the
same rule.

The paper is silent on how pictures were cut and chosen (five students did it by hand). Here: square windows of a few
sizes on a grid of quarter steps, and of those the ones in which the count is beyond dispute: every object of the
category whole, none marked difficult, none too small to be seen at 224 pixels, no other counted category beside it.
Chosen windows do not overlap, so no object is asked about twice; larger counts are chosen first, since small ones
abound. Nobody looked at the pictures: an object that the annotators of DOTA left out is not counted here either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadRecipe
from rsdata.record import Caption, Drop, Made, Obj, Output, Record, Window, crop, dropped_objects
from rsdata.words.render import Group, available, language, render

VERSION = 1
STAGE = "remotecount"
NUMBERS = range(1, 11)
SEEN_AT = 224  # pixels of a side at which objects must be seen: the models of the paper
RULE = "count/all"
STYLES = {"words": "full", "digits": "remoteclip"}  # "five ships", "5 ships" (the paper's "digit" variant)
CATEGORIES = (
    "airplane", "helicopter", "roundabout", "bridge", "baseball_diamond", "ground_track_field", "basketball_court",
    "tennis_court", "harbor", "soccer_field", "swimming_pool", "ship", "storage_tank",
)  # fmt: skip
# Why a window, or an image without any window, is left out; the later the reason, the nearer it came.
REASONS = ("no-counted-category", "cut-at-edge", "other-category", "more-than-ten", "difficult", "too-small")
FILTERS = (*REASONS, "not-counted", "not-asked")


class _Question(NamedTuple):
    """A window and the objects (row numbers) of the category that is counted in it."""

    window: Window
    category: str
    objects: tuple[int, ...]
    aside: float  # how far the middle of the objects is from that of the window, in pixels


def run(
    records: Iterable[Record],
    *,
    langs: Sequence[str] = ("en", "pt", "es", "fr", "de", "nl", "it", "zh", "ko", "ru"),
    sizes: Sequence[int] = (128, 256, 512, 1024),
    min_side: float = 6.0,
    per_image: int = 4,
    alone: bool = True,
) -> Iterator[Output]:
    """Up to `per_image` questions of each image: a window, its true sentence in each language, the others in `extra`.

    - `sizes`: sides of the windows in pixels; where an image is smaller, its shorter side.
    - `min_side`: the narrowest side of an object's box, in pixels after the window is made 224 pixels wide.
    - `alone`: no other of the 13 categories may be in the window, not even in part (vehicles, which are not counted,
      may); otherwise each category of a window may be asked about.

    `extra` of a question: `asked` (the category), `count`, and `words.<lang>` and `digits.<lang>`, each ten lines: the
    sentence with 1, 2, ... 10. Objects outside of questions are dropped as `not-asked`, vehicles as `not-counted`.
    Raises BadRecipe for a parameter out of range or a language without a file.
    """
    codes = sorted(dict.fromkeys(langs), key=lambda code: code != "en")
    if not codes or not sizes or min(sizes) < 32 or per_image < 1:
        problem = f"langs {list(langs)}, sizes {list(sizes)}, per_image {per_image}"
        raise BadRecipe(
            f"remotecount: {problem}; wanted languages of {', '.join(available())}, sides from 32, 1 or more"
        )
    for code in codes:
        language(code)
    for record in records:
        yield from _ask(record, codes, sizes, min_side, per_image, alone)


def sentences(lang: str, category: str, form: str = "words") -> list[str]:
    """The ten sentences, for 1, 2, ... 10 objects; `form` is `words` or `digits`.

    >>> sentences("en", "ship")[4]
    'There are five ships in the image.'
    """
    style = STYLES[form]
    return [render(lang, RULE, {"things": (Group(category, "count", n),), "style": style}) for n in NUMBERS]


def _ask(
    record: Record, codes: Sequence[str], sizes: Sequence[int], min_side: float, per_image: int, alone: bool
) -> Iterator[Output]:
    found, reason = _questions(record, sizes, min_side, alone)
    chosen: list[_Question] = []
    for question in sorted(found, key=_rank):
        if len(chosen) < per_image and not any(_overlap(question.window, other.window) for other in chosen):
            chosen.append(question)
    if not chosen:
        yield Drop(record.id, STAGE, reason, f"{record.width} x {record.height}", objects=len(record.objects))
        return
    asked = {index for question in chosen for index in question.objects}
    rest = [obj for index, obj in enumerate(record.objects) if index not in asked]
    why = [("not-asked" if obj.label in CATEGORIES else "not-counted", obj.label) for obj in rest]
    yield Made(record.id, images=len(chosen) - 1)
    yield from dropped_objects(record.id, STAGE, why)
    for question in sorted(chosen, key=lambda q: (q.window.y, q.window.x)):
        yield _record(record, question, codes)


def _rank(question: _Question) -> tuple[float, ...]:
    """Larger counts first, then smaller windows, then objects nearer to the middle."""
    x, y, side, _ = question.window
    return -len(question.objects), side, question.aside, y, x, CATEGORIES.index(question.category)


def _questions(record: Record, sizes: Sequence[int], min_side: float, alone: bool) -> tuple[list[_Question], str]:
    """Every window with a sure count; and the reason that kept most of the others, where there is none."""
    rows = np.array([n for n, obj in enumerate(record.objects) if obj.label in CATEGORIES], np.int64)
    counted = [record.objects[n] for n in rows]
    labels = np.array([CATEGORIES.index(obj.label) for obj in counted], np.int64)
    boxes = np.array([obj.box for obj in counted], float).reshape(-1, 4)
    hard = np.array([obj.difficult for obj in counted], bool)
    found: list[_Question] = []
    why: Counter[str] = Counter()
    for window in _windows(record.width, record.height, sizes) if counted else ():
        whole, met = _inside(boxes, window)
        here = np.flatnonzero(met)
        seen = np.unique(labels[here]).tolist()
        for category in seen:
            index = here[labels[here] == category]
            narrow = np.minimum(boxes[index, 2] - boxes[index, 0], boxes[index, 3] - boxes[index, 1])
            problem = _problem(whole[index], hard[index], narrow * SEEN_AT / window.width, min_side)
            if alone and len(seen) > 1:
                problem = "other-category"
            if problem:
                why[problem] += 1
                continue
            objects = tuple(rows[index].tolist())
            found.append(_Question(window, CATEGORIES[category], objects, _aside(boxes[index], window)))
    if not why:
        return found, REASONS[0]
    return found, max(why, key=lambda reason: (why[reason], REASONS.index(reason)))


def _problem(
    whole: npt.NDArray[np.bool_], hard: npt.NDArray[np.bool_], narrow: npt.NDArray[np.float64], min_side: float
) -> str:
    """Why the objects of a category that a window meets are no sure count of 1 to 10; "" where they are."""
    if not whole.all():
        return "cut-at-edge"
    if len(whole) > NUMBERS[-1]:
        return "more-than-ten"
    if hard.any():
        return "difficult"
    return "too-small" if narrow.min() < min_side else ""


def _windows(width: int, height: int, sizes: Sequence[int]) -> list[Window]:
    """Square windows (a model's centre crop then cuts nothing away) on a grid of quarter steps, smallest first."""
    found: dict[Window, None] = {}
    for size in sorted(sizes):
        side = min(size, width, height)
        for y in _starts(height, side):
            found |= dict.fromkeys(Window(x, y, side, side) for x in _starts(width, side))
    return list(found)


def _starts(length: int, side: int) -> list[int]:
    return [*range(0, length - side, max(1, side // 4)), length - side]


def _inside(boxes: npt.NDArray[np.float64], window: Window) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which boxes lie whole in a window, and which share some area with it."""
    x, y, width, height = window
    x0, y0, x1, y1 = boxes.T
    whole = (x0 >= x) & (y0 >= y) & (x1 <= x + width) & (y1 <= y + height)
    return whole, (x0 < x + width) & (x1 > x) & (y0 < y + height) & (y1 > y)


def _aside(boxes: npt.NDArray[np.float64], window: Window) -> float:
    middle = (boxes[:, :2].min(axis=0) + boxes[:, 2:].max(axis=0)) / 2
    off = middle - (window.x + window.width / 2, window.y + window.height / 2)
    return round(float(np.hypot(*off)), 3)


def _overlap(one: Window, two: Window) -> bool:
    across = one.x < two.x + two.width and two.x < one.x + one.width
    return across and one.y < two.y + two.height and two.y < one.y + one.height


def _record(record: Record, question: _Question, codes: Sequence[str]) -> Record:
    x, y, side, _ = question.window
    objects = [_moved(record.objects[index], x, y) for index in question.objects]
    number = len(objects)
    extra = {**record.extra, "asked": question.category, "count": str(number)}
    captions: list[Caption] = []
    for code in codes:
        for form in STYLES:
            extra[f"{form}.{code}"] = "\n".join(sentences(code, question.category, form))
        text = sentences(code, question.category)[number - 1]
        captions.append(Caption(text, code, "b2c", RULE, of=0 if captions and codes[0] == "en" else None))
    window = Window(x, y, side, side)
    return crop(record, window, label=None, objects=objects, captions=captions, extra=extra)


def _moved(obj: Obj, x: float, y: float) -> Obj:
    """The object in the window's own coordinates."""
    x0, y0, x1, y1 = obj.box
    poly = tuple(v - (y if odd % 2 else x) for odd, v in enumerate(obj.poly))
    return replace(obj, box=(x0 - x, y0 - y, x1 - x, y1 - y), poly=poly)
