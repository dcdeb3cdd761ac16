"""Decontaminate: drop every image that a benchmark holds, so that its scores mean something.

Compared are hash lists (see `_hashlist`), which `rsdata fingerprint DATASET --to FILE` and the runner make. An image is
contaminated where its hash is near to one of the eight views or of the centre crops of a benchmark image, where one of
its own centre crops is near to a view of a whole benchmark image, where its file has the same bytes, or where its name
says that it shows the same scene (`_derived`). Not found: a crop away from the middle, a shift, and another image of
the same place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata.errors import BadRecipe
from rsdata.record import Drop, Output, Record
from rsdata.stages import _found, _hashlist, _leaks, _prints

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1
STAGE = "decontaminate"
FILTERS = ("contaminated",)
FILE = "leaks.parquet"
MOST_DISTANCE = 10


def prepare(
    parts: Sequence[Path],
    *,
    out: Path,
    against: Sequence[str],
    lists: Sequence[str] | None = None,
    distance: int = 6,
    views: bool = True,
    crops: bool = True,
    names: bool = True,
    progress: Any = None,
) -> dict[str, Any]:
    """Search the whole corpus for the images of every list; write what was found into `out`, return that file's name
    and, for each list, how many images it has and how many of them are in the corpus."""
    if not 0 <= distance <= MOST_DISTANCE:
        raise BadRecipe(f"decontaminate: distance {distance}; wanted 0 to {MOST_DISTANCE} differing bits of 64")
    beside = Path() if lists is None else out.parent.parent
    loaded = [(name, _loaded(name, beside)) for name in _resolved(against, lists)]
    images = _prints.read(parts, STAGE)
    columns: dict[str, list[Any]] = {key: [] for key in ("id", "list", "benchmark", "kind", "distance", "why")}
    summary: dict[str, Any] = {}
    if progress and loaded:
        progress.start(STAGE, len(loaded), 0)
    for name, bench in loaded:
        hits = _leaks.search(images, bench, distance, views, crops, names)
        ids = bench.column("id").take([hit.row for hit in hits]).to_pylist() if hits else []
        mine = images.ids.take([hit.image for hit in hits]).to_pylist() if hits else []
        columns["id"] += mine
        columns["list"] += [_file(name)] * len(hits)
        columns["benchmark"] += ids
        columns["kind"] += [hit.kind for hit in hits]
        columns["distance"] += [-1 if hit.distance is None else hit.distance for hit in hits]
        columns["why"] += [f"{hit.kind} {id}: {hit.why}" for hit, id in zip(hits, ids, strict=True)]
        summary[_file(name)] = {
            "images": len(bench),
            "leaked": len(set(ids)),
            "dropped": len(set(mine)),
            "kinds": dict(sorted(Counter(hit.kind for hit in hits).items())),
        }
        if progress:
            progress.advance()
    _found.write(out / FILE, columns)
    return {"file": FILE, "sha256": _found.digest(out / FILE), "images": len(images), "lists": summary}


def run(
    records: Iterable[Record],
    *,
    against: Sequence[str],
    lists: Sequence[str] | None = None,
    distance: int = 6,
    views: bool = True,
    crops: bool = True,
    names: bool = True,
    out: Path,
    state: Mapping[str, Any],
) -> Iterator[Output]:
    """Drop what a benchmark holds as `contaminated`, with every benchmark image and the reason.

    - `against`: benchmarks: a dataset or one split of it (`aid`, `rsicd:test`), a folder, a hash list (`.parquet`), or
      `found` for all known evaluation sets that lie beside the sources and are not read by the recipe itself
    - `lists`: the hash lists that stand for them, filled in by the runner: file, then @ and the digest of its rows
    - `distance`: 0 to 10 of 64 bits; distances come out even. Among 68,635 pairs of real images there is no false one
      up to 8. For a million images against ten thousand, unlike as random hashes, 12 false ones are to be expected at
      6, one in eight such runs at 4, 600 at 8; real hashes are up to three times as dense
    - `views`, `crops`: compare mirrored and turned images, and centre crops; `names`: scene names of derived datasets
    """
    why = _found.reasons(str(out / state["file"]), state["sha256"], STAGE)
    for record in records:
        if record.id in why:
            yield Drop(record.id, STAGE, "contaminated", why[record.id], objects=len(record.objects))
        else:
            yield record


def _resolved(against: Sequence[str], lists: Sequence[str] | None) -> Sequence[str]:
    if lists is not None:
        return lists
    named = [name for name in against if not name.endswith(".parquet")]
    if named or not against:
        what = f"{named[0]!r} is no hash list" if named else "against is empty"
        raise BadRecipe(f"decontaminate: {what}; run it by the runner, or give lists made by `rsdata fingerprint`")
    return against


def _file(name: str) -> str:
    return name.rpartition("@")[0] or name


def _loaded(name: str, folder: Path) -> pa.Table:
    """A list by `file@digest`; a relative file lies beside the corpus."""
    rows = _hashlist.read(folder / _file(name))
    wanted = name.rpartition("@")[2] if "@" in name else ""
    if wanted and not _hashlist.digest(rows).startswith(wanted):
        raise BadRecipe(
            f"{folder / _file(name)}: not the list that this corpus was compared with (digest {wanted});"
            f" give --out for a new corpus, or --replace to compare again"
        )
    return rows
