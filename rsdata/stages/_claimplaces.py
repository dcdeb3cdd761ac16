"""Places in running English, as cells of the 3 x 3 grid: does a thing stand where a sentence puts it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

ROWS = {"top": 0, "upper": 0, "bottom": 2, "lower": 2, "north": 0, "northern": 0, "south": 2, "southern": 2}
COLUMNS = {"left": 0, "right": 2, "west": 0, "western": 0, "east": 2, "eastern": 2}
MIDDLE = frozenset({"center", "centre", "central", "middle"})
COMPASS = {"northeast": (0, 2), "northwest": (0, 0), "southeast": (2, 2), "southwest": (2, 0)}
COMPASS |= {f"{name}ern": cell for name, cell in list(COMPASS.items())}
BY_COMPASS = frozenset(COMPASS) | {word for word in (*ROWS, *COLUMNS) if word.endswith(("th", "st", "ern"))}
CELLS = (("top_left", "top", "top_right"), ("left", "center", "right"), ("bottom_left", "bottom", "bottom_right"))
PLACES = frozenset({*ROWS, *COLUMNS, *MIDDLE, *COMPASS})
CLAUSE = frozenset({",", ";", "and", "while", "whereas", "with", "but"})
BESIDE = frozenset({"of", "from"})  # "north of the river" places a thing by another one, not in the image

Spoken = tuple[int, int, str, bool]


def misplaced(
    lower: Sequence[str],
    spoken: Sequence[Spoken],
    marks: Sequence[str],
    cells: Mapping[str, Mapping[str, int]],
    north_up: bool,
) -> Iterator[str]:
    """wrong-place for each clause of one place and one thing that is known to stand elsewhere.

    `marks`: the casefolded names behind the `§` of this sentence and those after it. Things of unknown place pass.
    """
    start = 0
    used = 0
    for end in [*(n for n, word in enumerate(lower) if word in CLAUSE), len(lower)]:
        clause = range(start, end)
        names = [marks[used + n] for n in range(sum(lower[at] == "§" for at in clause)) if used + n < len(marks)]
        used += len(names)
        subjects = names + [concept for first, last, concept, _ in spoken if first in clause and last <= end]
        places = list(dict.fromkeys(_places(lower, clause)))
        if any(lower[at] in BY_COMPASS for at in clause) and not north_up:
            yield "wrong-place: a compass direction, and up is not known to be north"
        elif len(places) == 1 and len(subjects) == 1:
            stands = cells.get(subjects[0], {})
            if stands and not places[0] & stands.keys():
                yield f"wrong-place: {subjects[0]}"
        start = end + 1


def _places(lower: Sequence[str], clause: range) -> Iterator[frozenset[str]]:
    """The places of a clause, each as the cells that it may mean; words next to each other are one place."""
    at = clause.start
    while at < clause.stop:
        row, column, middle, begin = None, None, False, at
        while at < clause.stop and (
            lower[at] in ROWS or lower[at] in COLUMNS or lower[at] in MIDDLE or lower[at] in COMPASS
        ):
            word = lower[at]
            row = ROWS.get(word, row) if word not in COMPASS else COMPASS[word][0]
            column = COLUMNS.get(word, column) if word not in COMPASS else COMPASS[word][1]
            middle = middle or word in MIDDLE
            at += 1
        if at > begin:
            relative = at < len(lower) and lower[at] in BESIDE and not _of_image(lower, at)
            if not relative:
                yield _cells(row, column, middle)
        at += 1


def _of_image(lower: Sequence[str], at: int) -> bool:
    return any(word in ("image", "picture", "scene", "view", "frame", "photo") for word in lower[at + 1 : at + 4])


def _cells(row: int | None, column: int | None, middle: bool) -> frozenset[str]:
    rows = [row] if row is not None else [1] if middle else [0, 1, 2]
    columns = [column] if column is not None else [1] if middle else [0, 1, 2]
    return frozenset(CELLS[r][c] for r in rows for c in columns)
