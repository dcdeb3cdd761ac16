"""Join: captions without images (`rsdata pack --captions-only`) and the user's own copy of the images become a corpus.

The corpus has a source for each dataset, under the name that it had, with the folder of the user; from there on it is
as the one that the captions were made of: packed with the same parameters, it gives the same shards. Every caption is
accounted for: joined, or dropped by reason (missing-image, image-differs, size-mismatch, window-outside), or of a
dataset that was left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdata import corpus, readers, recipe
from rsdata.errors import BadCorpus, BadRecipe, BadSource, Conservation
from rsdata.report import _parts
from rsdata.run import Progress, Summary, run
from rsdata.sources import Source

READER = "captions_only"
KINDS = ("images", "captions")
Counts = dict[str, int]


@dataclass(frozen=True)
class Joined:
    """What became of the captions. `given` = `joined` + all of `dropped` + all of `skipped`, for images and captions.

    `dropped`: reason -> counts; `skipped`: dataset -> counts.
    """

    summary: Summary
    given: Counts
    joined: Counts
    dropped: dict[str, Counts]
    skipped: dict[str, Counts]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for --json."""
        found = {"given": self.given, "joined": self.joined, "dropped": self.dropped, "skipped": self.skipped}
        return {"corpus": str(self.summary.path), "ran": self.summary.ran, **found}

    def text(self) -> str:
        """A line a fate."""
        lines = [f"{self.given['captions']:,} captions of {self.given['images']:,} images were given"]
        rows = {"joined": self.joined}
        rows |= {f"dropped: {reason}": n for reason, n in self.dropped.items()}
        rows |= {f"left out: {name}": n for name, n in self.skipped.items()}
        lines += [f"{name}: {n['captions']:,} captions of {n['images']:,} images" for name, n in rows.items()]
        return "\n".join([*lines, f"next: rsdata stats {self.summary.path}", f"next: rsdata pack {self.summary.path}"])


def join(
    captions: Path,
    roots: Mapping[str, Path],
    out: Path,
    *,
    skip: Collection[str] = (),
    check: str = "bytes",
    workers: int = 0,
    replace: bool = False,
    progress: Progress | None = None,
) -> Joined:
    """Make the corpus `out`. `captions`: the folder that `pack` wrote, or the corpus that it lies in.

    roots: dataset -> folder of its images; one that is not named is looked for in $RSDATA_DATA. skip: datasets to leave
    out. check: how a copy of an image is told (see readers/captions_only.py). Raises BadRecipe, BadSource, BadCorpus.
    """
    folder = _folder(captions)
    manifest = corpus.read_json(folder / "manifest.json")
    datasets = manifest["sources"]
    _known([*roots, *skip], datasets)
    sources = [
        _source(name, str(card.get("reader") or ""), folder, roots, check)
        for name, card in datasets.items()
        if name not in skip
    ]
    if not sources:
        raise BadRecipe(f"{folder}: all of {', '.join(datasets)} are left out; nothing is there to join")
    made = recipe.Recipe(manifest["title"], tuple(sources), (), manifest["seed"])
    done = run(made, out, workers=workers, replace=replace, progress=progress)
    return _account(done, manifest, skip)


def _folder(captions: Path) -> Path:
    """The folder with the manifest of captions. Raises BadCorpus where there is none."""
    for folder in [captions, *sorted(captions.glob("[0-9][0-9]-pack"), reverse=True)]:
        if (folder / "manifest.json").is_file() and (folder / "captions").is_dir():
            return folder
    raise BadCorpus(
        f"{captions}: no captions without images here (manifest.json and captions/); make them with"
        " `rsdata pack CORPUS --captions-only`"
    )


def _known(named: Collection[str], datasets: Mapping[str, Any]) -> None:
    for name in named:
        if name not in datasets:
            raise BadRecipe(f"no captions of {name!r} here; there are those of {', '.join(datasets)}")


def _source(name: str, of: str, folder: Path, roots: Mapping[str, Path], check: str) -> Source:
    root = roots.get(name) or recipe.data_folder() / name
    if not root.is_dir():
        how = f" How to get it: {readers.get(of).INFO.obtain}" if of in readers.names() else ""
        raise BadSource(
            f"{root}: no such folder for the images of {name}; give --root {name}=FOLDER, or leave its captions out"
            f" with --skip {name}.{how}"
        )
    options = {"file": str((folder / "captions").absolute()), "dataset": name, "of": of, "check": check}
    return Source(READER, root.absolute(), name, options=options)


def _account(done: Summary, manifest: Mapping[str, Any], skip: Collection[str]) -> Joined:
    """Hold what the manifest promised against what was joined and dropped."""
    import pyarrow.compute as pc

    counts = manifest["counts"]
    given = {kind: int(counts[kind]) for kind in KINDS}
    skipped = {name: {kind: counts[f"{kind}_by_source"].get(name, 0) for kind in KINDS} for name in skip}
    read = done.stages[0]
    joined = dict.fromkeys(KINDS, 0)
    for part in read.parts:
        for batch in _parts.batches(part, ["captions.list.element.lang"]):
            joined["images"] += len(batch)
            joined["captions"] += pc.sum(pc.list_value_length(batch.column("captions"))).as_py() or 0
    dropped = {reason: {kind: n.get(kind, 0) for kind in KINDS} for reason, n in read.drops.items()}
    for kind in KINDS:
        found = joined[kind] + sum(n[kind] for n in [*dropped.values(), *skipped.values()])
        if found != given[kind]:
            raise Conservation(
                f"{done.path}: {given[kind]:,} {kind} were given, {found:,} joined, dropped or left out; the folder of"
                " captions is damaged (`rsdata check` on it), or this is a bug"
            )
    return Joined(done, given, joined, dropped, skipped)
