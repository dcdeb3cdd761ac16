"""Export: a corpus for users of other tools, as COCO JSON or as the table that open_clip reads.

    coco    annotations/instances_train.json, captions_train.json, and so for each split (all: of no split)
    csv     captions_train.csv: filepath, title, lang, split by tabs, one row a caption

With `images="keep"` names point to the files where they lie: in coco relative to the folder of their source (with the
source's name in front where there are several), in csv the whole path on this machine, since open_clip opens it as it
is. A window is no file of its own: it is left out, and counted. With `images="write"` each image or window is written
to OUT/images, named from the record's id, and names are relative to OUT. Records stream: memory does not grow with
them. The same corpus gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rsdata.corpus import Corpus
from rsdata.errors import BadCorpus, BadImage, BadRecipe
from rsdata.export import coco, table
from rsdata.export.files import FORMS, IMAGES, Names, Seen, seen
from rsdata.record import Record, read_part
from rsdata.run import Progress

__all__ = ["FORMS", "IMAGES", "Exported", "export"]


class Writer(Protocol):
    """What writes one split in one form."""

    def add(self, record: Record, name: str) -> Counter[str]:
        """Write one record, whose image file has this name; return how many objects and captions were written."""


@dataclass
class Exported:
    """What was written. Images of the corpus (`given`) = written + all of `left_out` (reason -> count)."""

    out: Path
    files: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for --json."""
        counts = {name: self.counts[name] for name in ("given", "images", "objects", "captions")}
        return {"out": str(self.out), "files": self.files, **counts, "left_out": dict(sorted(self.left_out.items()))}

    def text(self) -> str:
        """A line a file, and one a reason."""
        n = self.counts
        lines = [str(self.out / name) for name in self.files]
        lines.append(f"{n['images']:,} of {n['given']:,} images, {n['objects']:,} objects, {n['captions']:,} captions")
        lines += [f"left out: {reason}: {k:,} images" for reason, k in sorted(self.left_out.items())]
        if self.left_out["window"] or self.left_out["in-archive"]:
            lines.append("these are no files of their own: --images write makes them files")
        return "\n".join(lines)


def export(
    corpus: Corpus,
    form: str,
    out: Path,
    *,
    langs: Sequence[str] | None = None,
    images: str = "keep",
    segmentation: str = "polygon",
    progress: Progress | None = None,
) -> Exported:
    """Write the newest records of a corpus to the folder `out`. Raises BadRecipe for parameters that cannot be.

    langs: captions of these languages only. images: keep or write. segmentation: of coco: polygon (corners as
    annotated), rle (pycocotools' run lengths of them) or none.

    Left out and counted: no-image (read without images), window and in-archive (with images="keep"), and with
    images="write" what cannot be read, by its reason. A file appears under its name only when it is whole.
    """
    _check(form=(form, FORMS), images=(images, IMAGES), segmentation=(segmentation, coco.SEGMENTATIONS))
    out.mkdir(parents=True, exist_ok=True)
    parts = corpus.last_records.parts
    found = seen(parts)
    done = Exported(out)
    if progress:
        progress.start(f"export {form}", len(parts), 0)
    with ExitStack() as stack:
        writers = {split: _writer(form, out, split, found, segmentation, langs, stack, done) for split in found.splits}
        names = Names(corpus.roots, form, out, write=images == "write")
        for part in parts:
            for record in read_part(part):
                _one(record, names, writers, done)
            if progress:
                progress.advance()
    return done


def _one(record: Record, names: Names, writers: dict[str, Writer], done: Exported) -> None:
    done.counts["given"] += 1
    try:
        name = names.of(record)
    except BadImage as error:
        done.left_out[error.reason] += 1
        return
    except KeyError as error:
        raise BadCorpus(f"{record.id}: no folder is known for the source {record.source!r}") from error
    done.counts["images"] += 1
    done.counts += writers[record.split].add(record, name)


def _writer(
    form: str,
    out: Path,
    split: str,
    found: Seen,
    segmentation: str,
    langs: Sequence[str] | None,
    stack: ExitStack,
    done: Exported,
) -> Writer:
    """The writer of one split; its files are whole when `stack` is left."""
    if form == "csv":
        done.files.append(name := f"captions_{split or 'all'}.csv")
        return stack.enter_context(table.opened(out / name, langs))
    (out / "annotations").mkdir(exist_ok=True)
    files = [f"annotations/{kind}_{split or 'all'}.json" for kind in ("instances", "captions")]
    done.files += files
    return stack.enter_context(coco.opened(out / files[0], out / files[1], found, segmentation, langs))


def _check(**given: tuple[str, Sequence[str]]) -> None:
    for what, (value, known) in given.items():
        if value not in known:
            raise BadRecipe(f"export: {what} wants {', '.join(known)}, got {value!r}")
