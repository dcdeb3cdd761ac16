"""Counting by RemoteCLIP's protocol (arXiv 2306.11029, section IV-B2): ten sentences that differ in the number alone.

The sentence most similar to the picture is the model's count. Reported: top-1 to top-10 accuracy and the confusion
matrix as in the paper's figures 7 and 8; beside them the mean over numbers (small counts abound), the mean absolute
error, what chance gives, and what is right without a look at the picture. A wrong sentence that ties with the true one
goes before it.

The paper shows its results as figures, without a number, and its pictures were never published: numbers made on a set
of `rsdata remotecount build` can be compared among models on that very set alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.evaluate import bootstrap
from rsdata.evaluate.data import Data
from rsdata.evaluate.features import Encoder
from rsdata.evaluate.protocols import TEN
from rsdata.record import Record

NUMBERS = 10
FORMS = ("words", "digits")
PUBLISHED = (
    "published: RemoteCLIP (arXiv 2306.11029 v4, figures 7 and 8) shows curves and confusion matrices, gives no number,"
    " and its 947 pictures were never published: there is no number to stand beside these"
)
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]


class Asked(NamedTuple):
    """One question: the true number, and the sentences for 1 to 10."""

    number: int
    sentences: tuple[str, ...]


def asked(record: Record, lang: str, form: str = "words") -> Asked | None:
    """The question of a record of `rsdata remotecount build`; None where it has none in this language.

    Raises BadCorpus where what stands in the record is no question.
    """
    text, count = record.extra.get(f"{form}.{lang}"), record.extra.get("count", "")
    if text is None:
        return None
    sentences = tuple(text.split("\n"))
    whole = len(sentences) == NUMBERS == len(set(sentences)) and count.isdecimal() and 1 <= int(count) <= NUMBERS
    if not whole:
        wanted = f"{NUMBERS} different sentences and a count from 1 to {NUMBERS}"
        raise BadCorpus(f"{record.id}: {len(set(sentences))} sentences and count {count!r}; wanted {wanted}")
    return Asked(int(count), sentences)


def languages(data: Data, form: str = "words") -> list[str]:
    """The languages that every picture is asked about in, in the order of RS-M-CLIP's ten."""
    keys = set.intersection(*({*record.extra} for record in data.records)) if data.records else set()
    codes = sorted(key.partition(".")[2] for key in keys if key.startswith(f"{form}."))
    return sorted(codes, key=lambda code: TEN.index(code) if code in TEN else len(TEN))


def evaluate(
    encoder: Encoder,
    data: Data,
    *,
    langs: Sequence[str] | None = None,
    form: str = "words",
    rounds: int = bootstrap.ROUNDS,
    seed: int = 0,
    progress: Any = None,
) -> dict[str, Any]:
    """Ask a model for the number in every picture of `data`: rows by language (all that are there by default), their
    mean, and notes, as `report.result` takes them.

    Raises BadCorpus where `data` has no questions, BadRecipe for a language or form that it does not have.
    """
    codes = _codes(data, langs, form)
    if progress:
        progress.start("images", -(-len(data.records) // encoder.batch), 0)
    images = encoder.images(data, (lambda n: progress.advance()) if progress else (lambda n: None))
    categories = [record.extra["asked"] for record in images.records]
    rows = []
    for lang in codes:
        questions = [found for record in images.records if (found := asked(record, lang, form))]
        texts = encoder.texts([sentence for question in questions for sentence in question.sentences])
        similar = np.einsum("nd,nkd->nk", images.vectors, texts.reshape(len(questions), NUMBERS, -1))
        counts = np.array([question.number for question in questions], np.int64)
        rows.append({"lang": lang, **score(similar, counts, categories, rounds=rounds, seed=seed)})
    if encoder.store:
        encoder.store.save()
    result: dict[str, Any] = {"settings": {"numbers as": form, "ties": "pessimistic"}, "rows": rows}
    result |= {"comparable": False, "rounds": rounds, "categories": dict(sorted(Counter(categories).items()))}
    if len(rows) > 1:
        result["mean"] = {"languages": codes, "metrics": _mean(rows)}
    return result | {"notes": _notes(rows, images.unreadable)}


def score(
    similar: F32, counts: I64, categories: Sequence[str] = (), *, rounds: int = bootstrap.ROUNDS, seed: int = 0
) -> dict[str, Any]:
    """Accuracies in percent, each with an interval, the error, and the confusion matrix.

    similar [n, 10]: of each picture with the sentences for 1 to 10; counts [n]: the true numbers; categories [n]: what
    is counted. `confusion[i][j]`: how often i + 1 objects were taken for j + 1. `at`: top-1 to top-10. `per_number`:
    the mean of the accuracies of the numbers that occur. `blind`: what the commonest number gives without a look at the
    picture, over all of them and for each category on its own. `tied`: pictures with a wrong sentence exactly as near
    as the true one: a tokenizer that cuts it before the number, or does not know its letters.
    """
    true = similar[np.arange(len(counts)), counts - 1][:, None]
    above = (similar >= true).sum(axis=1) - 1  # wrong sentences that are as near, or nearer
    said = _said(similar, counts)
    right = (said == counts).astype(np.float64)
    drawn = bootstrap.weights(len(counts), rounds, seed)

    def value(each: npt.NDArray[Any], scale: float = 100.0) -> dict[str, float]:
        again = scale * bootstrap.ratios(drawn, each, np.ones(len(counts)))
        return bootstrap.interval(scale * float(each.mean()), again).as_dict()

    confusion = np.zeros((NUMBERS, NUMBERS), np.int64)
    np.add.at(confusion, (counts - 1, said - 1), 1)
    metrics = {f"top{k}": value((above < k).astype(np.float64)) for k in (1, 3, 5)}
    metrics["per_number"] = _balanced(right, counts, drawn)
    metrics["mae"] = value(np.abs(said - counts).astype(np.float64), 1.0)
    return {
        "images": len(counts),
        "metrics": metrics,
        "chance": _chance(counts),
        "blind": _blind(counts, categories),
        "tied": int(((similar == true).sum(axis=1) > 1).sum()),
        "at": {str(k): round(100 * float((above < k).mean()), 6) for k in range(1, NUMBERS + 1)},
        "by_number": {str(n): round(100 * float(right[counts == n].mean()), 6) for n in np.unique(counts).tolist()},
        "confusion": confusion.tolist(),
    }


def confusion(found: Mapping[str, Any]) -> str:
    """The confusion matrix of the first language as a Markdown table, rows in percent."""
    row = found["rows"][0]
    lines = [f"What was said ({row['lang']}), in percent of the pictures with the true number:", ""]
    lines += ["| true | " + " | ".join(str(n) for n in range(1, NUMBERS + 1)) + " | pictures |"]
    lines += ["|" + " --- |" * (NUMBERS + 2)]
    for number, counts in enumerate(row["confusion"], 1):
        total = sum(counts)
        shares = [f"{100 * n / total:.0f}" if total else "-" for n in counts]
        lines.append(f"| {number} | " + " | ".join(shares) + f" | {total} |")
    return "\n".join(lines) + "\n"


def _codes(data: Data, langs: Sequence[str] | None, form: str) -> list[str]:
    if form not in FORMS:
        raise BadRecipe(f"count: numbers as {form!r}; wanted {' or '.join(FORMS)}")
    there = languages(data, form)
    if not there:
        raise BadCorpus(f"{data.name}: no questions here; make some with `rsdata remotecount build --root DOTA`")
    missing = [code for code in langs or () if code not in there]
    if missing:
        raise BadRecipe(f"count: no questions in {', '.join(missing)}; {data.name} has {', '.join(there)}")
    return list(langs or there)


def _notes(rows: Sequence[Mapping[str, Any]], unreadable: Sequence[str]) -> list[str]:
    notes = [f"{len(unreadable):,} images could not be read: {unreadable[0]}"] if unreadable else []
    every, each = rows[0]["blind"]["all"], rows[0]["blind"]["by_category"]
    notes.append(
        f"without a look at the picture the commonest number gives {every:.2f} top1, that of each category {each:.2f}"
    )
    alike = ", ".join(f"{row['lang']} {row['tied']:,}" for row in rows if row["tied"])
    if alike:
        notes.append(f"pictures with a wrong sentence as near as the true one, which counts as wrong: {alike}")
    return [*notes, PUBLISHED]


def _said(similar: F32, counts: I64) -> I64:
    """The number of the most similar sentence; where the true one ties with others, the first of the others."""
    pushed = similar.astype(np.float64)
    rows = np.arange(len(counts))
    true = pushed[rows, counts - 1]
    pushed[rows, counts - 1] = np.nextafter(true, -np.inf)
    found: I64 = pushed.argmax(axis=1) + 1
    return found


def _balanced(right: npt.NDArray[np.float64], counts: I64, drawn: F32) -> dict[str, float]:
    """The mean of the accuracies of the numbers that occur."""
    numbers = np.unique(counts)
    of = (counts[:, None] == numbers).astype(np.float64)
    value = float(np.mean((of * right[:, None]).sum(axis=0) / of.sum(axis=0)))
    again = np.ma.masked_invalid(bootstrap.ratios(drawn, of * right[:, None], of))  # a number may not be drawn at all
    return bootstrap.interval(100 * value, 100 * again.mean(axis=1).filled(np.nan)).as_dict()


def _chance(counts: I64) -> dict[str, float]:
    """What a model gives that draws the order of the ten sentences by lot."""
    numbers = np.arange(1, NUMBERS + 1)
    found = {f"top{k}": 100.0 * k / NUMBERS for k in (1, 3, 5)}
    error = np.abs(counts[:, None] - numbers).mean()
    return {**found, "per_number": 100.0 / NUMBERS, "mae": round(float(error), 6)}


def _blind(counts: I64, categories: Sequence[str]) -> dict[str, float]:
    every = float(np.bincount(counts).max() / len(counts))
    kinds = np.array(categories or [""] * len(counts), object)
    each = sum(int(np.bincount(counts[kinds == kind]).max()) for kind in set(kinds)) / len(counts)
    return {"all": round(100 * every, 6), "by_category": round(100 * each, 6)}


def _mean(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    names = rows[0]["metrics"]
    return {name: round(float(np.mean([row["metrics"][name]["value"] for row in rows])), 6) for name in names}
