"""Running a sink: a stage, such as pack, whose pieces of work are not parts and whose files hold no records.

for names in module.rounds(parts, out=, seed=, key=, params=):    a round is work that can be done at once
    module.work(name, parts=, out=, roots=, seed=, **params)
module.finish(out=, seed=, params=, title=, sources=)             -> images, objects, drops
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdata import corpus, stages
from rsdata.errors import Conservation
from rsdata.execute import Each
from rsdata.part import LEDGER, by_reason, disk_error
from rsdata.recipe import Recipe, Step
from rsdata.record import write_drops
from rsdata.sources import Source


@dataclass(frozen=True)
class Piece:
    """One piece of a sink's work, all that a worker process needs."""

    stage: str
    name: str
    params: Mapping[str, Any]
    seed: int
    roots: Mapping[str, Path]
    parts: Sequence[Path]
    out: Path


def work(piece: Piece) -> str:
    """Do one piece."""
    module = stages.load(piece.stage)
    given = {"parts": piece.parts, "out": piece.out, "roots": piece.roots, "seed": piece.seed}
    try:
        module.work(piece.name, **given, **piece.params)
    except OSError as error:
        raise disk_error(error, piece.out) from error
    return piece.name


def run_sink(
    recipe: Recipe, step: Step, folder: Path, key: str, parts: Sequence[Path], into: Any, each: Each, progress: Any
) -> int:
    """Bring a sink up to date and return how many pieces were run; nothing to do when its key is the same.

    `into` is the counts that the stage before put out: every image and object of it must be packed or dropped.
    """
    done = folder / "stage.json"
    module = stages.load(step.name)
    if done.is_file() and corpus.read_json(done).get("key") == key and module.intact(folder):
        progress.start(step.name, len(parts), len(parts))
        return 0
    done.unlink(missing_ok=True)
    roots = {s.name: s.root for s in recipe.sources}
    ran = 0
    for names in module.rounds(parts, out=folder, seed=recipe.seed, key=key, params=step.params):
        pieces = [Piece(step.name, name, step.params, recipe.seed, roots, parts, folder) for name in names]
        progress.start(f"{step.name} {names[0].partition('-')[0]}" if names else step.name, len(pieces), 0)
        for _ in each(work, pieces):
            progress.advance()
        ran += len(pieces)
    try:
        packed = module.finish(
            out=folder,
            seed=recipe.seed,
            params=step.params,
            title=recipe.name,
            sources={s.name: card(s) for s in recipe.sources},
        )
        for note in packed.notes:
            progress.note(f"{step.name}: {note}")
        _write(folder, step, key, packed, into, roots)
    except OSError as error:
        raise disk_error(error, folder) from error
    return max(ran, 1)


def card(source: Source) -> dict[str, Any]:
    """What the dataset card says of a source; no path of this machine."""
    info = source.info
    reader = {"reader": str(source.options.get("of") or source.reader)}
    if source.drawn:
        terms = f"Scenes drawn by rsdata in the format of {info.title}; no real imagery. Free for any use."
        return {
            **reader,
            "title": f"drawn scenes ({source.name})",
            "licence": source.licence,
            "terms": terms,
            "homepage": "",
            "citation": "",
        }
    return reader | {key: getattr(info, key) for key in ("title", "licence", "terms", "homepage", "citation")}


def _write(
    folder: Path, step: Step, key: str, packed: Any, into: Mapping[str, Mapping[str, int]], roots: Mapping[str, Path]
) -> None:
    dropped = {"images": sum(d.images for d in packed.drops), "objects": sum(d.objects for d in packed.drops)}
    counts = {}
    for kind, out in (("images", packed.images), ("objects", packed.objects)):
        given = into[kind]["out"]
        if given != out + dropped[kind]:
            raise Conservation(
                f"{folder}: {step.name} lost count of {kind}: in {given} != packed {out} + dropped {dropped[kind]}."
                " This is a bug in the stage"
            )
        counts[kind] = dict(zip(LEDGER, (given, 0, out, dropped[kind]), strict=True))
    for drop in packed.drops:  # this folder may be published: no path of this machine
        for root in roots.values():
            drop.detail = drop.detail.replace(f"{root}/", "")
    write_drops(folder / "drops.parquet", packed.drops)
    version = stages.load(step.name).VERSION
    head = {"stage": step.name, "version": version, "key": key, "params": dict(step.params), "counts": counts}
    corpus.write_json(folder / "stage.json", {**head, "drops": by_reason(packed.drops), "sink": True})
