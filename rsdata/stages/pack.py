"""Pack a corpus into webdataset shards and Parquet: shuffled as a whole, byte-identical on every run, verified.

    shards/000000.tar ...  sizes.json      000000123.jpg .txt .json; as webdataset and open_clip read them
    parquet/000000.parquet ...             the same samples, image{bytes,path}, as Hugging Face datasets reads them
    README.md  croissant.json  manifest.json

A sink: it makes no records. The runner calls

    for names in rounds(parts, out=..., seed=..., key=..., params=...):   # the next round starts when one is done
        work(name, parts=..., out=..., roots=..., seed=..., **params)     # each name, in any process, in any order
    finish(out=..., seed=..., params=..., title=..., sources=...)

Round one, `cut-00000` and on, one per part: each record becomes a sentence, a JSON text and, unless its file goes
through untouched, an encoded image, appended to a spill file in the order of the part, in which windows of one image
stand together. So each picture is decoded once, although the shuffle tears its windows apart. Round two,
`shard-000000` and on: bytes are fetched by position and written. Shards and Parquet of one number hold the same
samples. Neither round holds the corpus: a cut holds one part, a shard one row group.

Disk: the spill takes the bytes of all encoded images and JSON texts until `finish` removes it; files that go through
untouched are not copied there. With 20 million windows of 40 kB, 800 GB once more while packing.

Resume: a piece is done when `.work/<name>.json` is there, written last; `rounds` names only what is not done. `key`
must change with the input, the seed and the parameters; another key starts anew.

With `captions_only` there is one round, `captions-00000` and on, one per part, and no image is opened: see
_captionsonly.py, and `rsdata join` for the way back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from rsdata import place
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Drop, read_part
from rsdata.stages import _captionsonly, _card, _samples, _shuffle, _tar
from rsdata.stages._parquet import ParquetShard
from rsdata.stages._verify import intact, verify
from rsdata.stages._whole import digest, read_json, replacing, write_json

__all__ = ["SINK", "VERSION", "Packed", "finish", "intact", "rounds", "verify", "work"]

VERSION = 2
SINK = True
FILTERS = ("no-captions",)  # drops that are this stage's work, not losses
FORMATS = ("webdataset", "parquet")
KINDS = {"shards": "tar", "parquet": "parquet", "captions": "parquet"}  # folder -> suffix of its files
OPEN_FILES = 256
Row = tuple[int, ...]  # the fields of _shuffle.ROW
Fetched = tuple[str, bytes, bytes, bytes, str]  # key, sentence, JSON text, image, extension


class Packed(NamedTuple):
    """What was packed. For the ledger: in = images + sum of drop.images, and the same for objects."""

    images: int
    objects: int
    shards: int
    drops: list[Drop]
    notes: list[str]


def rounds(
    parts: Sequence[Path], *, out: Path, seed: int = 0, key: str = "", params: Mapping[str, Any]
) -> Iterator[list[str]]:
    """Yield the names of pieces that can be worked on at once and are not done yet; ask for the next round only when
    all of them are done. Raises BadRecipe for parameters that cannot be, BadCorpus for an id that occurs twice."""
    params = _complete(params)
    _checked(params)
    _start(out, f"{key}:{seed}")
    if params["captions_only"]:
        yield _missing(out, [f"captions-{number:05d}" for number in range(len(parts))])
        return
    cuts = [f"cut-{number:05d}" for number in range(len(parts))]
    yield _missing(out, cuts)
    plan = _plan(out, cuts, params)
    yield _missing(out, [f"shard-{number:06d}" for number in range(plan["shards"])])


def work(
    name: str,
    *,
    parts: Sequence[Path],
    out: Path,
    roots: Mapping[str, Path],
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    shard_size: int = 10_000,
    shard_bytes: int = 1 << 30,
    gpus: int = 1,
    loader_workers: int = 4,
    image_format: str = "jpg",
    quality: int = 92,
    max_side: int = 0,
    check_images: bool = True,
    text_lang: str = "en",
    keep_uncaptioned: bool = False,
    captions_only: bool = False,
    with_objects: bool = True,
) -> list[Drop]:
    """Do one piece and return what it had to drop. The same bytes in whatever process and order.

    formats: "webdataset", "parquet" or both. shard_size: samples in a shard at most. shard_bytes: bytes in a shard,
    on average at most. gpus, loader_workers: the number of shards is a multiple of their product, as far as there are
    samples. image_format: "jpg" or "png", for what must be encoded. quality: of JPEG, 1 to 95. max_side: shrink larger
    images, with their boxes, to this longer side in pixels; 0 keeps every size. check_images: decode each file that
    goes through untouched; without it, only its end marker is looked at. text_lang: language of the sentence in .txt,
    the first caption of that language, else the first of all. keep_uncaptioned: keep images without a caption.
    captions_only: neither shards nor images: captions keyed by dataset, split and image id, for `rsdata join`.
    with_objects: false leaves the boxes out of captions_only.

    Drops: no-captions; objects-left-out; missing-image, unreadable-image, too-large, window-outside, no-image,
    size-mismatch; image-changed for a file that changed between the rounds.
    """
    kind, _, number = name.partition("-")
    if kind == "captions":
        given = {"objects": with_objects, "uncaptioned": keep_uncaptioned}
        drops, tally, files = _captionsonly.write(int(number), parts[int(number)], out, roots, **given)
        write_json(_work(out) / f"{name}.json", {"drops": _rows(drops), "tally": tally, "files": files})
        return drops
    if kind == "cut":
        rules = _samples.Rules(image_format, quality, max_side, check_images, text_lang, keep_uncaptioned)
        return _cut(int(number), parts[int(number)], out, roots, seed, rules)
    return _shard(int(number), out, roots, formats, image_format)


def finish(
    *, out: Path, seed: int = 0, params: Mapping[str, Any], title: str, sources: Mapping[str, Mapping[str, Any]]
) -> Packed:
    """Write sizes.json, the dataset card, croissant.json and manifest.json, and remove the spill.

    `title` names the corpus in the card. `sources`: source name -> title, licence, terms, homepage, citation, for the
    card; no path of this machine may stand in it, as the card is made to be published.
    """
    params = {n: list(v) if isinstance(v, tuple) else v for n, v in _complete(params).items()}
    state = _work(out)
    drops, tally, files = _gathered(state)
    notes: list[str] = [] if params["captions_only"] else read_json(state / "plan.json")["notes"]
    for kind, suffix in KINDS.items():
        for path in sorted([*(out / kind).glob(f"*.{suffix}"), *(out / kind).glob(f"*.{suffix}.*tmp")]):
            if f"{kind}/{path.name}" not in files:
                path.unlink()
    _card.write(out, title=title, seed=seed, params=params, sources=sources, tally=tally, drops=drops, files=files)
    place.remove(state)
    held_out = sum(tally[f"images_by_split/{split}"] for split in ("val", "test"))
    mixed = [f"{held_out:,} images are of val or test splits of their sources: drop them before training"]
    notes = [*notes, *(mixed if held_out else [])]
    if params["captions_only"]:
        notes += _captionsonly.notes(tally, params["with_objects"])
    shards = len({Path(name).stem for name in files})
    return Packed(tally["images"], tally["objects"], shards, drops, notes)


def _checked(params: Mapping[str, Any]) -> None:
    """Refuse parameters that no corpus can be packed with."""
    formats = params["formats"]
    if not formats or any(f not in FORMATS for f in formats):
        raise BadRecipe(f"pack: formats wants one or both of {', '.join(FORMATS)}, got {', '.join(formats) or 'none'}")
    if params["image_format"] not in ("jpg", "png"):
        raise BadRecipe(f"pack: image_format wants jpg or png, got {params['image_format']!r}")
    for name in ("shard_size", "shard_bytes", "gpus", "loader_workers"):
        if params[name] < 1:
            raise BadRecipe(f"pack: {name} wants 1 or more, got {params[name]}")
    if not 1 <= params["quality"] <= 95 or params["max_side"] < 0:
        raise BadRecipe("pack: quality wants 1 to 95, max_side 0 (any size) or more")
    if not params["with_objects"] and not params["captions_only"]:
        raise BadRecipe("pack: with_objects=false is for captions_only; samples with images keep their boxes")


def _work(out: Path) -> Path:
    return out / ".work"


def _start(out: Path, key: str) -> None:
    """Make the work folder; what another key left is removed first, and the manifest that no longer holds."""
    stamp = _work(out) / "key.json"
    if not stamp.is_file() or read_json(stamp) != key:
        place.remove(_work(out))
        (out / "manifest.json").unlink(missing_ok=True)
        write_json(stamp, key)


def _missing(out: Path, names: list[str]) -> list[str]:
    return [name for name in names if not (_work(out) / f"{name}.json").is_file()]


def _cut(number: int, part: Path, out: Path, roots: Mapping[str, Path], seed: int, rules: _samples.Rules) -> list[Drop]:
    """Round one: a part of records becomes a spill file and its index."""
    base = _work(out) / f"cut-{number:05d}"
    drops: list[Drop] = []
    rows: list[Row] = []
    tally: Counter[str] = Counter()
    with replacing(base.with_suffix(".bin")) as temporary, temporary.open("wb") as spill:
        for found in _samples.cut(read_part(part), roots, rules):
            if isinstance(found, Drop):
                drops.append(found)
                continue
            text, meta, offset = found.text.encode(), _samples.dumps(found.meta), spill.tell()
            file = b"" if found.image is not None else f"{found.record.source}\0{found.file}".encode()
            spill.write(b"".join((text, meta, found.image or file)))
            rank = _shuffle.rank(seed, found.record.id)
            rows.append((rank, offset, found.size, number, len(text), len(meta), len(file)))
            tally += _card.tally(found.meta)
    with replacing(base.with_suffix(".npy")) as temporary, temporary.open("wb") as index:
        np.save(index, np.array(rows, _shuffle.ROW))
    write_json(base.with_suffix(".json"), {"drops": _rows(drops), "tally": tally})
    return drops


def _plan(out: Path, cuts: list[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """Between the rounds: one order for all samples, and the number of shards."""
    state = _work(out)
    if (state / "plan.json").is_file():
        found: dict[str, Any] = read_json(state / "plan.json")
        return found
    with replacing(state / "plan.npy") as temporary:
        samples, size, equal = _shuffle.order([state / f"{name}.npy" for name in cuts], temporary)
    _refuse_twins(state, cuts, equal)
    wanted = {name: params[name] for name in ("gpus", "loader_workers", "shard_size", "shard_bytes")}
    shards = _shuffle.shard_count(samples, size, **wanted)
    loaders = wanted["gpus"] * wanted["loader_workers"]
    notes = [f"{samples} samples are too few for {loaders} loaders: one a shard"] if samples < loaders else []
    plan = {"samples": samples, "shards": shards, "notes": notes}
    write_json(state / "plan.json", plan)
    return plan


def _complete(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the defaults of `work` filled in."""
    given = {"seed", *params}
    return {**{n: v for n, v in (work.__kwdefaults__ or {}).items() if n not in given}, **params}


def _refuse_twins(state: Path, cuts: list[str], equal: list[tuple[int, int]]) -> None:
    """Samples of equal rank are, but for chance, records of equal id."""
    if not equal:
        return
    rows = _shuffle.merged([state / f"{name}.npy" for name in cuts])
    with _Spills(state) as spills:
        for first, second in equal:
            one, other = (_card.parsed(spills.texts(rows[i].item())[1]) for i in (first, second))
            if one["id"] == other["id"]:
                raise BadCorpus(
                    f"two records have the id {one['id']!r} (images {one['path']} and {other['path']}): a source was"
                    " read twice, or two sources share a name; give one of them another name"
                )


class _Spills:
    """Reads samples out of the spill files; keeps a few of them open."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._open: dict[int, BinaryIO] = {}

    def __enter__(self) -> _Spills:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def texts(self, row: Row) -> tuple[bytes, bytes, bytes]:
        """Sentence, JSON text, and the third piece: the encoded image, or source and path of an image file."""
        _, offset, image, part, text, meta, file = row
        if part not in self._open:
            if len(self._open) >= OPEN_FILES:
                self.__exit__()
            self._open[part] = (self._state / f"cut-{part:05d}.bin").open("rb", place.exact(self._state))
        spill = self._open[part]
        spill.seek(offset)
        data = spill.read(text + meta + (file or image))
        return data[:text], data[text : text + meta], data[text + meta :]


def _shard(number: int, out: Path, roots: Mapping[str, Path], formats: Sequence[str], image_format: str) -> list[Drop]:
    """Round two: a slice of the shuffled corpus becomes a tar, a Parquet file, or both."""
    state = _work(out)
    plan = read_json(state / "plan.json")
    first, last = _shuffle.bounds(number, plan["samples"], plan["shards"])
    rows = np.load(state / "plan.npy", mmap_mode="r")[first:last].tolist()
    wanted = {"webdataset": out / f"shards/{number:06d}.tar", "parquet": out / f"parquet/{number:06d}.parquet"}
    targets = {name: path for name, path in wanted.items() if name in formats}
    keys: list[str] = []
    lost: list[tuple[dict[str, Any], Path]] = []
    with ExitStack() as stack:
        to = {name: stack.enter_context(replacing(path)) for name, path in targets.items()}
        spills = stack.enter_context(_Spills(state))
        _write(to, _fetched(first, rows, spills, roots, image_format, lost), keys)
        sums = {name: digest(path) for name, path in to.items()}
    drops = [_changed(meta, path) for meta, path in lost]
    tally: Counter[str] = Counter()
    for meta, _ in lost:
        tally.subtract(_card.tally(meta))
    about = {"samples": len(keys), "keys": [keys[0], keys[-1]] if keys else []}
    files = {path.relative_to(out).as_posix(): {**sums[name], **about} for name, path in targets.items()}
    write_json(state / f"shard-{number:06d}.json", {"drops": _rows(drops), "tally": tally, "files": files})
    return drops


def _fetched(
    first: int,
    rows: list[Row],
    spills: _Spills,
    roots: Mapping[str, Path],
    image_format: str,
    lost: list[tuple[dict[str, Any], Path]],
) -> Iterator[Fetched]:
    """The samples of a shard with their images; an image file that is not what it was goes to `lost`."""
    for position, row in enumerate(rows, first):
        text, meta, image = spills.texts(row)
        if not row[-1]:
            yield f"{position:09d}", text, meta, image, "jpg" if image.startswith(b"\xff\xd8") else image_format
            continue
        source, _, name = image.decode().partition("\0")
        path = place.place(roots[source]) / name
        try:
            image = path.read_bytes()
        except FileNotFoundError:
            image = b""
        if len(image) == row[2]:
            yield f"{position:09d}", text, meta, image, "jpg"
        else:
            lost.append((_card.parsed(meta), path))


def _write(to: Mapping[str, Path], fetched: Iterator[Fetched], keys: list[str]) -> None:
    """Write samples to the wanted files, and their keys to `keys`."""
    with ExitStack() as stack:
        file = stack.enter_context(to["webdataset"].open("wb")) if "webdataset" in to else None
        tar = _tar.TarWriter(file) if file is not None else None
        parquet = stack.enter_context(ParquetShard(to["parquet"])) if "parquet" in to else None
        for key, text, meta, image, extension in fetched:
            if tar is not None:
                words = [("txt", text)] if text else []
                tar.add(key, [(extension, image), *words, ("json", meta)])
            if parquet is not None:
                parquet.add(key, meta, image, extension)
            keys.append(key)
        if tar is not None:
            tar.close()


def _changed(meta: dict[str, Any], path: Path) -> Drop:
    detail = f"{path}: not the file that was read in the first round; leave images alone while packing"
    return Drop(meta["id"], "pack", "image-changed", detail, objects=len(meta["objects"]))


def _rows(drops: list[Drop]) -> list[list[Any]]:
    return [[d.id, d.stage, d.reason, d.detail, d.images, d.objects] for d in drops]


def _gathered(state: Path) -> tuple[list[Drop], Counter[str], dict[str, dict[str, Any]]]:
    """Drops, counts and files of all pieces, in the order of their names."""
    drops: list[Drop] = []
    tally: Counter[str] = Counter()
    files: dict[str, dict[str, Any]] = {}
    for path in [p for kind in ("cut", "shard", "captions") for p in sorted(state.glob(f"{kind}-*.json"))]:
        piece = read_json(path)
        drops += [Drop(*row) for row in piece["drops"]]
        tally.update(piece["tally"])
        files |= piece.get("files", {})
    return drops, tally, dict(sorted(files.items()))
