"""What `landmarks` and `describe` share: questions about records, answers remembered, checked, repaired once.

The parameter `writer` of these stages is a mapping with the fields of `Asking`:

    writer: {llm: gemini, model: gemini-2.5-flash, budget: 5.0, rpm: 300}

llm: template, gemini, gemini-legacy or openai. model, endpoint: which, and where (openai needs it). prompt: a prompt of
rsdata/prompts, or a TOML file. with_image: send the picture. temperature, seed, max_tokens: as the service takes them.
rpm, tpm: requests and tokens a minute, 0 for no limit. parallel: requests at once. retries: tries after the first.
timeout: seconds. budget: dollars that this corpus may cost in all, 0 for no limit; price_in, price_out: dollars for a
million tokens, where services/llm/prices.toml has not the model's. replay: ask nothing, use what is remembered. cache:
the file of answers, by default cache/answers.sqlite in the corpus.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import pixels
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Record
from rsdata.services import llm
from rsdata.services.llm import Answer, Question, asking
from rsdata.stages import _answers
from rsdata.stages._claims import Truth, problems
from rsdata.stages._landtable import chunks

PROMPTS = Path(llm.__file__).parents[2] / "prompts"
CACHE = Path("cache/answers.sqlite")  # in the corpus
CHUNK = 256  # questions that are looked up together
IMAGE_SIDE = 768
SCHEMA = {
    "type": "object",
    "properties": {"captions": {"type": "array", "items": {"type": "string"}}},
    "required": ["captions"],
    "additionalProperties": False,
}


class Asking(NamedTuple):
    """Which writer, how it is asked, and what that may cost; see above."""

    llm: str = "template"
    model: str = ""
    endpoint: str = ""
    prompt: str = ""
    with_image: bool = False
    temperature: float = 0.4
    seed: int = 0
    max_tokens: int = 1024
    rpm: float = 60.0
    tpm: float = 0.0
    parallel: int = 4
    retries: int = 5
    timeout: float = 60.0
    budget: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0
    replay: bool = False
    cache: str = ""

    def price(self) -> asking.Price | None:
        """What tokens cost, as stated, or as prices.toml has it; None where nobody says."""
        if self.price_in or self.price_out:
            return asking.Price(self.price_in, self.price_out)
        return asking.price(self.model)


class Prompt(NamedTuple):
    """The words of a question. `rule` names them in a caption: llm/landmarks-1."""

    rule: str
    system: str
    user: str
    repair: str


class Ask(NamedTuple):
    """One question about a record, what its answer is held against, and how many captions are wanted."""

    key: str
    question: Question
    rule: str
    truth: Truth
    n: int


def of(writer: Mapping[str, Any] | None, stage: str, prompt: str) -> Asking:
    """The writer of a stage. Raises BadRecipe for an unknown field, a value of a wrong kind, or one that cannot be."""
    given = dict(writer or {})
    for key, value in given.items():
        if key not in Asking._fields:
            guess = get_close_matches(key, Asking._fields, 1)
            hint = f"; did you mean {guess[0]}?" if guess else ""
            raise BadRecipe(f"{stage}: writer has no {key!r}{hint} Known: {', '.join(Asking._fields)}")
        default = Asking._field_defaults[key]
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            given[key] = float(value)
        elif type(value) is not type(default):
            raise BadRecipe(f"{stage}: writer: {key} wants {type(default).__name__}, got {value!r}")
    made = Asking(**({"prompt": prompt} | given))
    if made.llm == "template":
        return made
    if made.llm not in llm.WRITERS:
        raise BadRecipe(f"{stage}: llm is {made.llm!r}; it can be template, {', '.join(llm.WRITERS)}")
    if not made.model:
        raise BadRecipe(f"{stage}: llm {made.llm} needs the name of a model, such as --model gemini-2.5-flash")
    if min(made.rpm, made.tpm, made.budget, made.price_in, made.price_out, made.retries) < 0 or made.parallel < 1:
        raise BadRecipe(f"{stage}: writer: rpm, tpm, budget, prices and retries want 0 or more, parallel 1 or more")
    if made.budget and made.price() is None:
        raise BadRecipe(
            f"{stage}: no price of {made.model} is known, so no budget can be kept; give price_in and price_out"
        )
    if not made.replay:
        llm.check_endpoint(made.llm, made.endpoint)
    prompt_of(made.prompt)
    return made


@lru_cache(maxsize=16)
def prompt_of(name: str) -> Prompt:
    """A prompt of this package by its name, or a user's own by its file. Raises BadRecipe where it is none."""
    file = Path(name) if name.endswith(".toml") else PROMPTS / f"{name}.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        return Prompt(f"llm/{file.stem}-{table['version']}", *(str(table[k]) for k in ("system", "user", "repair")))
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in PROMPTS.glob("*.toml")))
        raise BadRecipe(f"prompt {name!r}: {error.strerror}; there are {known}, or give a .toml file") from error
    except (ValueError, KeyError) as error:
        raise BadRecipe(f"{file}: no prompt ({error}); it has version, system, user and repair") from error


def stamp(writer: Mapping[str, Any] | None) -> list[str]:
    """The words of the prompt that a user wrote, as a digest; those of this package have a version."""
    name = str((writer or {}).get("prompt", ""))
    return [hashlib.sha256(Path(name).read_bytes()).hexdigest()[:32]] if name and Path(name).is_file() else []


def ask_about(how: Asking, record: Record, lines: list[str], truth: Truth, n: int, roots: Mapping[str, Path]) -> Ask:
    """The question about a record: the facts as lines, and the picture where it is wanted."""
    words = prompt_of(how.prompt)
    image = _image(record, roots) if how.with_image else b""
    sent = "The image is attached.\n" if image else ""
    text = words.user.format(image=sent, facts="\n".join(lines), n=n)
    question = Question(words.system, text, SCHEMA, image, how.seed, how.temperature, how.max_tokens)
    return Ask(question.key(how.model), question, words.rule, truth._replace(image=bool(image)), n)


def _image(record: Record, roots: Mapping[str, Path]) -> bytes:
    """The record's pixels as a JPEG of at most IMAGE_SIDE pixels a side. Raises BadImage."""
    seen = pixels.load_record(record, roots.get(record.source, Path()))
    height, width = seen.shape[:2]
    if (longest := max(height, width)) > IMAGE_SIDE:
        seen = pixels.resize(seen, max(1, width * IMAGE_SIDE // longest), max(1, height * IMAGE_SIDE // longest))
    return pixels.encode(seen, "jpg", 85)


def repair(how: Asking, ask: Ask, answer: Answer, wrong: list[tuple[str, str]]) -> Ask:
    """The one second question, after an answer that could not be used as it is."""
    words = prompt_of(how.prompt)
    told = "; ".join(dict.fromkeys(problem for problem, _ in wrong))
    text = words.repair.format(question=ask.question.text, answer=answer.text[:2000], problems=told, n=ask.n)
    question = ask.question._replace(text=text)
    return ask._replace(key=question.key(how.model), question=question)


def judged(ask: Ask, answer: Answer) -> tuple[list[str], list[tuple[str, str]]]:
    """The captions of an answer that hold, at most `n`, and (problem, text) of each that does not."""
    if answer.refused:
        return [], [(f"blocked: {answer.refused}", "")]
    try:
        texts = captions_in(answer.text)
    except ValueError:
        return [], [("malformed: not the JSON that was asked for", answer.text[:200])]
    kept: list[str] = []
    wrong: list[tuple[str, str]] = []
    for text in texts:
        found = problems(text, ask.truth)
        if found:
            wrong.append((", ".join(found), text))
        elif text not in kept and len(kept) < ask.n:
            kept.append(text)
    return kept, wrong if texts else [("malformed: no caption", "")]


def captions_in(text: str) -> list[str]:
    """The captions of a JSON answer, one line each; a fence around it is forgiven. Raises ValueError for any other."""
    plain = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    found = json.loads(plain)
    if isinstance(found, dict):
        found = found.get("captions", found.get("caption"))
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ValueError("no captions")
    return [" ".join(one.split()) for one in listed if one.strip()]


def cache_file(how: Asking, out: Path) -> Path:
    """Where the answers of a corpus lie; `out` is the stage's folder."""
    return Path(how.cache) if how.cache else out.parent / CACHE


def fill(how: Asking, asks: Iterable[Ask], out: Path, progress: Any = None) -> dict[str, Any]:
    """Ask what is not answered yet, and once more where an answer is not true. Returns what the stage's key stands on.

    Raises ServiceError where questions stay without an answer (budget, failures); with `replay` nothing is asked.
    """
    digest = hashlib.sha256()
    asked = [0, 0]
    failed: list[asking.Failed] = []
    with _answers.opened(cache_file(how, out)) as memory:
        price = how.price()
        _, into, spent = memory.spent(how.model)
        purse = asking.Purse(how.budget, price, price.cost(into, spent) if price else 0.0)
        writer = None if how.replay else llm.connect(how.llm, how.model, how.endpoint, how.timeout)
        rate = asking.Rate(_limits(how))
        if progress and writer:
            progress.note(f"{how.llm}: asking {how.model}" + (f", ${purse.spent:.4f} spent so far" if price else ""))
        for chunk in chunks(iter(asks), CHUNK):
            for step in (0, 1):
                todo = chunk if step == 0 else _to_repair(how, chunk, memory)
                known = memory.get(ask.key for ask in todo)
                missing = {ask.key: ask for ask in todo if ask.key not in known}
                if writer is not None and missing:
                    questions = ((key, ask.question) for key, ask in missing.items())
                    for key, answer in asking.ask_all(writer, questions, _limits(how), purse, rate):
                        if isinstance(answer, asking.Failed):
                            failed.append(answer)
                        else:
                            asked[step] += 1
                            memory.put(key, how.model, missing[key].rule, answer)
            for ask in chunk:
                digest.update(ask.key.encode())
        answered = memory.spent(how.model)
    if error := asking.stopped(failed, answered[0], purse):
        raise error
    if progress:
        cost = f", ${purse.spent:.4f} in all" if price else ""
        progress.note(f"{how.model}: {asked[0]:,} questions asked, {asked[1]:,} for repair{cost}")
    return {"model": how.model, "rule": prompt_of(how.prompt).rule, "questions": digest.hexdigest()[:32]} | {
        "answers": answered[0]
    }


def _limits(how: Asking) -> asking.Limits:
    return asking.Limits(how.rpm, how.tpm, how.parallel, how.retries, how.budget)


def _to_repair(how: Asking, chunk: list[Ask], memory: _answers.Memory) -> list[Ask]:
    known = memory.get(ask.key for ask in chunk)
    found = []
    for ask in chunk:
        if ask.key in known:
            kept, wrong = judged(ask, known[ask.key])
            if wrong and len(kept) < ask.n and not known[ask.key].refused:
                found.append(repair(how, ask, known[ask.key], wrong))
    return found


class Answers:
    """The remembered answers, for `run`: read only, one lookup a record."""

    def __init__(self, how: Asking, out: Path) -> None:
        self._how, self._file = how, cache_file(how, out)
        if how.llm != "template" and not self._file.is_file():
            raise BadCorpus(f"{self._file}: the answers are gone; delete the stage's prepare.json and run once more")

    def checked(self, ask: Ask) -> tuple[list[str], list[tuple[str, str, int]]]:
        """The captions that hold, from the first answer and its repair; and (problem, detail, captions) refused."""
        with _answers.opened(self._file) as memory:
            answer = memory.get([ask.key]).get(ask.key)
            if answer is None:
                return [], [("no-answer", "not asked, or not answered", ask.n)]
            kept, wrong = judged(ask, answer)
            if wrong and len(kept) < ask.n and not answer.refused:
                again = repair(self._how, ask, answer, wrong)
                second = memory.get([again.key]).get(again.key)
                if second is not None:
                    more, wrong = judged(ask, second)
                    kept = list(dict.fromkeys([*kept, *more]))[: ask.n]
        missing = ask.n - len(kept)
        return kept, _counted(wrong, missing) if missing > 0 else []


def _counted(wrong: list[tuple[str, str]], missing: int) -> list[tuple[str, str, int]]:
    """Refused captions by their first problem, no more of them than are missing."""
    found: dict[str, list[Any]] = {}
    for problem, text in wrong[:missing]:
        name = problem.partition(":")[0].partition(",")[0]
        row = found.setdefault(name, [f"{problem}: {text}" if text else problem, 0])
        row[1] += missing if name in ("blocked", "malformed") else 1
    return [(name, detail, n) for name, (detail, n) in sorted(found.items())]


class Plan(NamedTuple):
    """What a run would ask and cost, at most: repairs count as one more question each in `worst`."""

    records: int
    known: int
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    worst: float | None
    minutes: float


def answer_tokens(n: int) -> int:
    """Tokens of an answer of n captions, about."""
    return 40 * n + 20


def total(how: Asking, requests: int, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """Cost and time of so many requests; cost is None where no price is known."""
    price = how.price()
    minutes = max(requests / how.rpm if how.rpm else 0.0, (tokens_in / how.tpm) if how.tpm else 0.0)
    return {
        "requests": requests,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": price.cost(tokens_in, tokens_out) if price else None,
        "worst": 2 * price.cost(2 * tokens_in, how.max_tokens * requests) if price else None,
        "minutes": round(minutes, 1),
    }


def plan(how: Asking, asks: Iterable[Ask], out: Path) -> Plan:
    """Count what is not answered yet, equal questions once. `worst`: every answer at its longest, and twice."""
    records = known = into = said = 0
    seen: set[int] = set()
    with _answers.opened(cache_file(how, out)) as memory:
        for chunk in chunks(iter(asks), CHUNK):
            there = memory.get(ask.key for ask in chunk)
            records += len(chunk)
            for ask in chunk:
                if ask.key in there:
                    known += 1
                elif (number := int(ask.key[:16], 16)) not in seen:
                    seen.add(number)
                    into, said = into + ask.question.tokens(), said + answer_tokens(ask.n)
    return Plan(records, known, **total(how, len(seen), into, said))


def export(how: Asking, asks: Iterable[Ask], out: Path, file: Path) -> int:
    """Write the questions that are not answered yet as a batch; first ones, or, where these are known, repairs."""
    from rsdata.services.llm import batch

    n = 0
    with _answers.opened(cache_file(how, out)) as memory, file.open("w", encoding="utf-8") as handle:
        for chunk in chunks(iter(asks), CHUNK):
            for todo in (chunk, _to_repair(how, chunk, memory)):
                known = memory.get(ask.key for ask in todo)
                for key, ask in {ask.key: ask for ask in todo if ask.key not in known}.items():
                    handle.write(batch.line(how.llm, how.model, key, ask.question) + "\n")
                    n += 1
    return n


def take_in(how: Asking, out: Path, file: Path) -> tuple[int, int]:
    """Remember the answers of a batch; returns how many, and how many questions failed there."""
    from rsdata.services.llm import batch

    n = failed = 0
    with _answers.opened(cache_file(how, out)) as memory:
        for key, answer in batch.answers(file):
            if answer is None:
                failed += 1
            else:
                memory.put(key, how.model, prompt_of(how.prompt).rule, answer)
                n += 1
    return n, failed
