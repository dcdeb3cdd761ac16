"""What stands beside packed samples: sizes.json for open_clip, the manifest, and the dataset card for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from rsdata import __version__, licence
from rsdata.licence import Licence
from rsdata.record import Drop
from rsdata.stages import _croissant
from rsdata.stages._whole import digest, write_json, write_text

FORMAT = 1
KNOWN = ("reader", "title", "licence", "terms", "homepage", "citation")  # what is kept of a source's card
STEPS = ["1K", "10K", "100K", "1M", "10M", "100M", "1B"]  # of size_categories on the hub
GROUPS = (
    "images_by_source",
    "images_by_split",
    "images_by_licence",
    "objects_by_source",
    "captions_by_source",
    "captions_by_lang",
    "captions_by_origin",
    "images_by_map_licence",  # of the map data behind captions of landmarks
    "images_by_credit",  # whom that data wants named
)
HUB_LICENCES = {  # ids that the Hugging Face hub knows, of those that readers use
    "apache-2.0", "mit", "odbl", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cdla-permissive-2.0", "etalab-2.0",
}  # fmt: skip


CARD = """
# {title}

{what}
Splits of the sources: {splits}.

## Sources

| source | images | objects | captions | licence |
|---|---|---|---|---|
{table}

{about}

## What it may be used for

| part | licence | commercial | passing on | research | share alike | name it |
|---|---|---|---|---|---|---|
{rights}

{whole}

The licence of a source covers what its authors could license, often the labels and not the pixels: its own terms
decide. This table is a summary to sort by, not legal advice.

## Captions

By language: {langs}. By origin: {origins}.
{where}

## Loading

{loading}

## Left out while packing

{dropped}

## Pixels

Boxes are x0, y0, x1, y1 in pixels of the stored image, 0-based, half open.
{pixels}

`manifest.json` lists every file with its sha256; `rsdata check` compares.
"""

WHAT = """\
Images of the earth from above with captions, packed by rsdata {version}. Samples are shuffled over the whole corpus."""
WHAT_ONLY = """\
Captions of images of the earth from above, without the images, packed by rsdata {version}."""
WHERE = """\
`.txt` (column `text`) holds one sentence: the first in `{text_lang}`, else the first of all. All captions stand in the
JSON text (column `captions`), each with its origin."""
WHERE_ONLY = """\
One row an image or window (column `captions`), keyed by `source`, `split` and `image`; `window` says which part of the
image. `file_bytes`, `file_sha256` and `phash`, where known, tell whether a copy of the image is the right one."""
PIXELS = """\
EXIF rotation is never applied. JPEG files of three bands without EXIF rotation are the bytes of the source; all else
was encoded once ({image_format}, JPEG quality {quality})."""
PIXELS_ONLY = """\
The images are not part of this: get them from their sources, and put the two together with `rsdata join`."""


def tally(meta: Mapping[str, Any]) -> Counter[str]:
    """What one sample adds to the counts of the corpus; `group/member` keys become nested ones in the manifest."""
    source, objects, captions = meta["source"], len(meta["objects"]), len(meta["captions"])
    counts = Counter({"images": 1, "objects": objects, "captions": captions})
    counts.update({f"images_by_source/{source}": 1, f"images_by_split/{meta['split'] or 'none'}": 1})
    counts.update({f"objects_by_source/{source}": objects, f"captions_by_source/{source}": captions})
    counts[f"images_by_licence/{meta['licence'] or 'none-stated'}"] += 1
    counts.update(f"captions_by_lang/{caption['lang']}" for caption in meta["captions"])
    counts.update(f"captions_by_origin/{caption['origin']}" for caption in meta["captions"])
    under = [name.strip() for name in meta["extra"].get("landmarks_licence", "").split(",")]
    counts.update(f"images_by_map_licence/{name}" for name in under if name)
    if credit := meta["extra"].get("attribution"):
        counts[f"images_by_credit/{credit}"] += 1
    return counts


def parsed(meta: bytes) -> dict[str, Any]:
    """The JSON text of a sample."""
    found: dict[str, Any] = json.loads(meta)
    return found


def write(
    out: Path,
    *,
    title: str,
    seed: int,
    params: Mapping[str, Any],
    sources: Mapping[str, Mapping[str, Any]],
    tally: Mapping[str, int],
    drops: Iterable[Drop],
    files: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write sizes.json, README.md, croissant.json and, last, manifest.json. No times and no paths of this machine."""
    counts = _nested(tally)
    used = {name: _source(name, sources.get(name, {}), counts) for name in counts["images_by_source"]}
    dropped = _dropped(drops)
    listed = dict(files)
    if any(name.startswith("shards/") for name in files):
        shards = {Path(name).name: entry["samples"] for name, entry in files.items() if name.endswith(".tar")}
        write_json(out / "shards/sizes.json", shards)
        listed["shards/sizes.json"] = digest(out / "shards/sizes.json")
    write_text(out / "README.md", _card(title, counts, used, dropped, files, params))
    write_json(out / "croissant.json", _croissant.describe(title, rights(counts), used, files))
    for name in ("README.md", "croissant.json"):
        listed[name] = digest(out / name)
    manifest = {
        "format": FORMAT,
        "rsdata": __version__,
        "title": title,
        "seed": seed,
        "params": dict(params),
        "counts": counts,
        "dropped": dropped,
        "sources": used,
        "rights": rights(counts),
        "files": [{"path": name, **entry} for name, entry in sorted(listed.items())],
    }
    write_json(out / "manifest.json", manifest)


def _nested(tally: Mapping[str, int]) -> dict[str, Any]:
    counts: dict[str, Any] = {name: tally.get(name, 0) for name in ("images", "objects", "captions")}
    counts |= {group: {} for group in GROUPS}
    for name, count in sorted(tally.items()):
        group, slash, member = name.partition("/")
        if slash and count:
            counts[group][member] = count
    return counts


def _source(name: str, info: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: str(info[key]) for key in KNOWN if info.get(key)}
    numbers = {kind: counts[f"{kind}_by_source"].get(name, 0) for kind in ("images", "objects", "captions")}
    return {"title": name, "licence": "none-stated", **known, **numbers}


def _dropped(drops: Iterable[Drop]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for drop in drops:
        row = found.setdefault(drop.reason, {"images": 0, "objects": 0})
        row["images"] += drop.images
        row["objects"] += drop.objects
    return dict(sorted(found.items()))


def rights(counts: Mapping[str, Any]) -> dict[str, Any]:
    """What a corpus of these counts allows: each part with its rights, the whole, what is in the way, whom to name."""
    parts = _parts(counts)
    every = [one for _, _, one in parts]
    return {
        "parts": [{"part": part, "licence": name, "url": one.url, **licence.rights(one)} for part, name, one in parts],
        "whole": licence.rights(licence.together(every)),
        "conflicts": licence.conflicts(every),
        "credits": list(counts["images_by_credit"]),
    }


def _parts(counts: Mapping[str, Any]) -> list[tuple[str, str, Licence]]:
    """What a corpus is made of that has a licence: images, models behind captions, map data."""
    found = [("images", name, licence.lookup(name)) for name in counts["images_by_licence"]]
    models = {name: licence.of_caption(name) for name in counts["captions_by_origin"]}
    found += [(f"captions {name}", one.name, one) for name, one in models.items() if one is not None]
    return found + [("map data", name, licence.lookup(name)) for name in counts["images_by_map_licence"]]


def _rights(counts: Mapping[str, Any]) -> str:
    names = ("commercial", "redistribution", "research", "share_alike", "attribution")
    rows = [
        f"| {part} | {name} | " + " | ".join(licence.word(getattr(one, right)) for right in names) + " |"
        for part, name, one in _parts(counts)
    ]
    whole = licence.together([one for _, _, one in _parts(counts)])
    return "\n".join([*rows, "| all | | " + " | ".join(licence.word(getattr(whole, right)) for right in names) + " |"])


def _whole(counts: Mapping[str, Any]) -> str:
    found = rights(counts)
    lines = [f"In the way: {line}." for line in found["conflicts"]]
    lines += [f"Map data: {credit}." for credit in found["credits"]]
    notes = dict.fromkeys(f"{one.title}: {one.note}." for _, _, one in _parts(counts) if one.note)
    return "\n".join(f"- {line}" for line in [*lines, *notes]) or "Nothing is in the way of that."


def _licence(counts: Mapping[str, Any]) -> tuple[str, str]:
    """The licence as the hub's id, and as text: all that occur, since a mixed corpus has no single one."""
    names = sorted(counts["images_by_licence"])
    text = ", ".join(names) or "none-stated"
    return (text.lower() if len(names) == 1 and text.lower() in HUB_LICENCES else "other"), text


def _header(title: str, counts: Mapping[str, Any], files: Mapping[str, Any]) -> str:
    licence, text = _licence(counts)
    power = max(0, len(str(counts["images"])) - 3)  # 999 -> 0, 1000 -> 1
    low, high = ["", *STEPS, "10B"][power : power + 2]
    category = f"{low}<n<{high}" if low else f"n<{high}"
    tables = next((kind for kind in ("parquet", "captions") if any(n.startswith(f"{kind}/") for n in files)), "")
    head: dict[str, Any] = {"pretty_name": title, "license": licence}
    if licence == "other":
        head |= {"license_name": text.lower().replace(", ", "-and-"), "license_link": "README.md"}
    head |= {"language": sorted(counts["captions_by_lang"]), "size_categories": [category]}
    head |= {"task_categories": ["image-to-text", "zero-shot-image-classification"]}
    shards = ["webdataset"] if any(name.startswith("shards/") for name in files) else []
    head |= {"tags": ["remote-sensing", "vision-language", "croissant", *shards]}
    if tables:  # datasets cannot guess the JSON column of shards, in which fields may be null
        data = [{"split": "train", "path": f"{tables}/*.parquet"}]
        head["configs"] = [{"config_name": "default", "data_files": data}]
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n"


def _card(
    title: str,
    counts: Mapping[str, Any],
    sources: Mapping[str, Mapping[str, Any]],
    dropped: Mapping[str, Mapping[str, int]],
    files: Mapping[str, Mapping[str, Any]],
    params: Mapping[str, Any],
) -> str:
    rows = [
        f"| {name} | {s['images']:,} | {s['objects']:,} | {s['captions']:,} | {s['licence']} |"
        for name, s in sources.items()
    ]
    total = f"| all | {counts['images']:,} | {counts['objects']:,} | {counts['captions']:,} | {_licence(counts)[1]} |"
    only = bool(params.get("captions_only"))
    shown = {"text_lang": "en", "image_format": "jpg", "quality": 92, **params}
    said = CARD.format(
        title=title,
        what=(WHAT_ONLY if only else WHAT).format(version=__version__),
        splits=_listing(counts["images_by_split"]),
        table="\n".join([*rows, total]),
        about="\n".join(_about(name, source) for name, source in sources.items()),
        langs=_listing(counts["captions_by_lang"]),
        origins=_listing(counts["captions_by_origin"]),
        rights=_rights(counts),
        whole=_whole(counts),
        where=(WHERE_ONLY if only else WHERE).format(**shown),
        pixels=(PIXELS_ONLY if only else PIXELS).format(**shown),
        loading=_loading(files),
        dropped="\n".join(f"- {r}: {n['images']:,} images, {n['objects']:,} objects" for r, n in dropped.items())
        or "Nothing.",
    )
    return _header(title, counts, files) + said


def _about(name: str, source: Mapping[str, Any]) -> str:
    words = [source[key] for key in ("title", "terms", "homepage", "citation") if source.get(key)]
    return f"- **{name}**: " + " ".join(
        " ".join(str(word).split()) + ("" if str(word).endswith(".") else ".") for word in words
    )


def _loading(files: Mapping[str, Any]) -> str:
    tars = [Path(name).stem for name in files if name.endswith(".tar")]
    lines = []
    if tars:
        brace = f"shards/{{{min(tars)}..{max(tars)}}}.tar" if len(tars) > 1 else f"shards/{tars[0]}.tar"
        lines += [f'webdataset.WebDataset("{brace}", shardshuffle=False).decode("pil").to_tuple("jpg;png", "txt")']
        trains = f'python -m open_clip_train.main --dataset-type webdataset --train-data "{brace}" ...'
        lines += [f"{trains}  # open_clip 3.3: webdataset<=0.2.86"]
    if any(name.startswith("captions/") for name in files):
        lines += ["rsdata join THIS_FOLDER --root NAME=FOLDER_OF_ITS_IMAGES --out corpus/joined"]
    if any(name.startswith("parquet/") for name in files):
        lines += [
            'datasets.load_dataset("parquet", data_files="parquet/*.parquet")  # image, text, captions, objects ...'
        ]
    return "\n".join(["```", *lines, "```"])


def _listing(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
