"""Score: a CLIP model says how well each caption fits its image, and whether the image shows the ground from above.

Nothing is dropped for its score: `keep` does that, with thresholds that can be changed without scoring again. Works on
any corpus, with pictures of the web or without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from rsdata import place
from rsdata.errors import BadCorpus
from rsdata.record import Caption, Drop, Output, Record, read_part
from rsdata.stages import _features, _probe

VERSION = 1
STORE = Path("cache/clip")  # in the corpus
ABOVE, KIND, MODEL = "above", "kind", "scored_by"  # keys of `extra`


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    roots: Mapping[str, Path],
    model: str,
    pretrained: str = "",
    device: str = "cpu",
    batch: int = 64,
    langs: Sequence[str] = ("en",),
    prompts: str = "",
    probe: str = "",
    progress: Any = None,
    each: Any = None,
) -> dict[str, Any]:
    """Score every part in this process, one model for all, or with `each` on a cluster, a model in each process there;
    scores are kept as scores-NNNNN.json beside the parts.

    Returns the file of each part by the id of its first record, and what the scores were made with.
    """
    how = _How(uuid4().hex, model, pretrained, device, batch, tuple(langs), prompts, probe)
    jobs = [_Job(number, part, out, roots, how) for number, part in enumerate(parts)]
    scorer = _model(how)[0]  # a model or probe that cannot be is told here, and not by a node
    if each:
        if progress:
            progress.start("score", len(jobs), 0)
        done = list(_counted(each(_part, jobs, device=device), progress))
    else:
        done = [_part(job, progress) for job in jobs]
    files = {id: _file(number) for number, id in sorted(done) if id}
    digest = hashlib.sha256()
    for file in files.values():
        digest.update((out / file).read_bytes())
    return {"files": files, "digest": digest.hexdigest()[:32], "model": scorer.id, "name": scorer.name}


class _How(NamedTuple):
    """What is scored with: the parameters of `run`. `call` tells apart two calls with other files of the same name."""

    call: str
    model: str
    pretrained: str
    device: str
    batch: int
    langs: tuple[str, ...]
    prompts: str
    probe: str


class _Job(NamedTuple):
    """One part to score, all that another process needs."""

    number: int
    part: Path
    out: Path
    roots: Mapping[str, Path]
    how: _How


@lru_cache(maxsize=1)  # a process that does many parts loads the model once
def _model(how: _How) -> tuple[Any, Any, Any]:
    """The scorer, its prompts' classes and the probe."""
    from rsdata.services import clip

    asked = clip.read_prompts(Path(how.prompts)) if how.prompts else clip.read_prompts()
    scorer = clip.load(how.model, how.pretrained, device=how.device)
    judge = _probe.read(Path(how.probe), scorer.id) if how.probe else None
    return scorer, scorer.classes(asked), judge


def _part(job: _Job, progress: Any = None) -> tuple[int, str]:
    """Score one part; its number and the id of its first record ("" where it has none)."""
    records = read_part(job.part)
    if not records:
        return job.number, ""
    if progress:
        progress.start(f"score {job.part.stem}", len(records), 0)
    scorer, classes, judge = _model(job.how)
    features = _features.of_part(records, job.roots, scorer, job.out.parent / STORE, job.how.batch, progress)
    found = _scores(records, features, scorer, classes, judge, job.how.langs)
    _write(job.out / _file(job.number), json.dumps(found, ensure_ascii=False))
    return job.number, records[0].id


def _file(number: int) -> str:
    return f"scores-{number:05d}.json"


def _counted(done: Iterable[Any], progress: Any) -> Iterator[Any]:
    for one in done:
        yield one
        if progress:
            progress.advance()


def run(
    records: Iterable[Record],
    *,
    model: str,
    pretrained: str = "",
    device: str = "cpu",
    batch: int = 64,
    langs: Sequence[str] = ("en",),
    prompts: str = "",
    probe: str = "",
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Write each caption's `score` (cosine of caption and image) and, into `extra`, `above` (probability that the image
    shows the ground from above, 0 to 1), `kind` (the likeliest class of the prompts) and `scored_by`.

    model, pretrained: any model of open_clip by name and tag, a config file, a folder, a run of `rsdata train`, with
    weights from a file (RemoteCLIP, GeoRSCLIP, your own). device: cpu, cuda, auto. batch: images encoded at a time.
    langs: captions that are scored; [] is all. Translations (`of`) are scored where their language is one of these and
    no other score stands there. prompts: a file in the form of words/prompts.toml. probe: a file from `rsdata score
    --fit`, whose probability takes the place of the prompts'. Images that cannot be read are dropped with the reason.
    """
    listed = list(records)
    if not listed:
        return
    file = out / str(state["files"].get(listed[0].id, "scores"))
    if not file.is_file():
        raise BadCorpus(f"{file}: the scores are gone; delete prepare.json beside it and run the same command again")
    found = json.loads(file.read_text("utf-8"))
    for record in listed:
        scores = found[record.id]
        if "reason" in scores:
            yield Drop(record.id, "score", scores["reason"], scores["problem"], 1, len(record.objects))
            continue
        texts = {int(n): value for n, value in scores["captions"].items()}
        captions = [replace(c, score=texts[n]) if n in texts else c for n, c in enumerate(record.captions)]
        extra = {ABOVE: f"{scores['above']:.6f}", KIND: scores["kind"], MODEL: state["name"]}
        yield replace(record, captions=captions, extra=record.extra | extra)


def _scores(
    records: Sequence[Record], features: _features.Features, scorer: Any, classes: Any, judge: Any, langs: Sequence[str]
) -> dict[str, Any]:
    """Record id -> its scores, or why its image cannot be read."""
    wanted = [(n, i) for n, r in enumerate(records) for i, c in enumerate(r.captions) if _wanted(c, langs)]
    wanted = [(n, i) for n, i in wanted if n not in features.bad]
    texts = list(dict.fromkeys(records[n].captions[i].text for n, i in wanted))
    place = {text: n for n, text in enumerate(texts)}
    vectors = scorer.texts(texts)
    similar: dict[int, dict[int, float]] = {}
    for n, i in wanted:
        value = float(features.vectors[n] @ vectors[place[records[n].captions[i].text]])
        similar.setdefault(n, {})[i] = round(value, 6)
    chances = scorer.probabilities(features.vectors, classes) if len(features.bad) < len(records) else None
    found: dict[str, Any] = {}
    for n, record in enumerate(records):
        if n in features.bad or chances is None:
            reason, problem = features.bad[n]
            found[record.id] = {"reason": reason, "problem": problem}
            continue
        above = float(judge(features.vectors[n : n + 1])[0]) if judge else float(chances[n, classes.above].sum())
        kind = classes.names[int(np.argmax(chances[n]))]
        found[record.id] = {"above": round(above, 6), "kind": kind, "captions": similar.get(n, {})}
    return found


def _wanted(caption: Caption, langs: Sequence[str]) -> bool:
    if langs and caption.lang not in langs:
        return False
    return caption.of is None or caption.score is None


def fit(
    records: Iterable[Record],
    roots: Mapping[str, Path],
    labels: Path,
    to: Path,
    *,
    model: str,
    pretrained: str = "",
    device: str = "cpu",
    batch: int = 64,
) -> _probe.Probe:
    """Fit a probe on the records that a CSV of labels names, and write it. Raises BadRecipe, also where it names
    records that are not there or whose images cannot be read."""
    from rsdata.errors import BadRecipe
    from rsdata.services import clip

    wanted = _probe.read_labels(labels)
    scorer = clip.load(model, pretrained, device=device)
    chosen = [record for record in records if record.id in wanted]
    if missing := sorted(set(wanted) - {record.id for record in chosen}):
        raise BadRecipe(f"{labels}: {len(missing)} ids are not in the corpus, such as {missing[0]}")
    found = _features.encode(chosen, roots, scorer, batch)
    if found.bad:
        n, (_, problem) = next(iter(found.bad.items()))
        raise BadRecipe(f"{labels}: {len(found.bad)} of these images cannot be read, such as {chosen[n].id}: {problem}")
    probe = _probe.fit(found.vectors, np.array([wanted[record.id] for record in chosen]), scorer.id)
    _probe.write(to, probe)
    return probe


def _write(path: Path, text: str) -> None:
    with place.replacing(path) as temporary:
        temporary.write_text(text, "utf-8")
