"""What a recipe would read and make, before anything is made: files found, windows, space, time; and what is missing.

Counts of items are what the readers find. Windows and bytes are worked out from image headers and file sizes, of all
items of a source or of an even sample of them (`sampled` says how many), and are estimates then. What each stage makes
and takes comes from a few images that go through it (`probe`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rsdata import pixels, readers, sources
from rsdata.errors import BadImage, RsdataError
from rsdata.recipe import Recipe
from rsdata.record import Item, Record
from rsdata.report import paper, ready
from rsdata.report import probe as probing
from rsdata.sources import Source

if TYPE_CHECKING:
    from rich.console import RenderableType

READ = 20  # items of a source that are read to see how they would be cut
SAMPLE = 200  # items of a source whose image is looked at
BYTES_PER_PIXEL = 0.45  # a JPEG of quality 92, as pack writes windows; seen on 1,024-pixel windows of aerial images
ROW_BYTES = 2000  # a record with its boxes and captions in a Parquet part, roughly


class Size(NamedTuple):
    """What one image will come to: windows, pixels in them, bytes of its file."""

    windows: int
    pixels: int
    bytes: int


def plan(
    recipe: Recipe, sample: int = SAMPLE, boxes: bool = False, probe: bool = False, out: Path | None = None
) -> dict[str, Any]:
    """Look at every source of a recipe. Nothing is written, and a missing source is reported, not raised.

    `disk_about` is bytes for the whole corpus: packed files (once per format, where the recipe packs) and parts.
    `boxes=True` reads every annotation to count the boxes, kept and dropped (masks are not searched). A recipe that
    names a paper (`compare`) gets `comparison`: its counts beside those of this disk. `probe=True` measures the stages
    on a few images of each source. `problems` says why a run into `out` could not end.
    """
    tiles = [step.params for step in recipe.steps if step.name == "tile"]
    pack = next((step.params for step in recipe.steps if step.name == "pack"), None)
    listed = [_source(source, tiles, sample, boxes) for source in recipe.sources]
    found = [row for row in listed if row["found"]]
    formats = len(pack.get("formats", ())) if pack else 0
    windows = sum(row["windows"] for row in found)
    rows = windows * ROW_BYTES * (1 + sum(step.name != "pack" for step in recipe.steps))
    asking = _asking(recipe, windows)
    disk = formats * sum(row["packed_bytes"] for row in found) + rows
    more: dict[str, Any] = {"comparison": paper.compare(recipe.compare, listed)} if recipe.compare else {}
    if probe:
        more["probe"] = probing.probe(recipe)
        disk = sum(row["bytes"] for row in more["probe"]["stages"]) or disk
    return more | {
        "name": recipe.name,
        "seed": recipe.seed,
        "sources": listed,
        "stages": [{"stage": step.name, "params": dict(step.params)} for step in recipe.steps],
        "items": sum(row["items"] for row in found),
        "windows": windows,
        "missing": [row["name"] for row in listed if not row["found"]],
        "asking": asking,
        "disk_about": disk,
        "licences": ready.terms(recipe),
        "problems": ready.problems(recipe, out or Path("corpus") / recipe.name, disk),
    }


def check(recipe: Recipe, out: Path) -> None:
    """Raises RsdataError where a run into `out` cannot end; of a corpus that is begun the space is not looked at."""
    begun = (out / "corpus.yaml").is_file()
    needs = 0 if begun or not recipe.sources else plan(recipe, sample=READ)["disk_about"]
    ready.refuse(ready.problems(recipe, out, needs))


def _source(source: Source, tiles: Sequence[Mapping[str, Any]], sample: int, boxes: bool) -> dict[str, Any]:
    """One source: what its reader finds, or the reason why it finds nothing and how to get the data."""
    row: dict[str, Any] = {"name": source.name or source.reader, "reader": source.reader, "root": str(source.root)}
    row |= {"split": source.split, "with_images": source.images}
    try:
        info = readers.get(source.reader).INFO
        row |= {"licence": info.licence, "terms": info.terms}
        if not source.root.is_dir():
            return row | {"found": False, "problem": f"{source.root}: no such folder", "obtain": info.obtain}
        items = sources.items(source)
    except RsdataError as error:
        return row | {"found": False, "problem": str(error), "obtain": ""}
    tile = next((t for t in tiles if not t.get("only") or source.name in t["only"]), None)
    row |= {"found": True} | _counts(items, tile, sample)
    return row | {"boxes": _boxes(source, items)} if boxes and info.task == "detection" else row


def _asking(recipe: Recipe, windows: int) -> list[dict[str, Any]]:
    """What the stages that ask a language model would ask and cost, of all the records that come to them."""
    from rsdata.stages import _landplan

    found = []
    for step in recipe.steps:
        if _landplan.asks(step.name, step.params):
            if step.name == "landmarks":
                windows = sum(_on_the_map(source, step.params) for source in recipe.sources)
            found.append(_landplan.cost(step.name, step.params, windows))
    return found


def _on_the_map(source: Source, params: Mapping[str, Any]) -> int:
    """Windows that `landmarks` would cut from a source, by an even sample of its georeferenced images."""
    from rsdata.stages import _landplan

    try:
        items = sources.items(source) if source.root.is_dir() else []
    except RsdataError:
        return 0
    chosen = items[:: max(1, -(-len(items) // READ))]
    read = readers.get(source.reader).read
    records = [output for item in chosen for output in read(item) if isinstance(output, Record)]
    return round(_landplan.windows(params, records) * len(items) / len(chosen)) if chosen else 0


def _boxes(source: Source, items: Sequence[Item]) -> int:
    """Every annotated box of a source, those that its reader refuses too."""
    read = readers.get(source.reader).read
    found = (output for item in items for output in read(item))
    return sum(len(output.objects) if isinstance(output, Record) else output.objects for output in found)


def _counts(items: Sequence[Item], tile: Mapping[str, Any] | None, sample: int) -> dict[str, Any]:
    """Items by split, images that are there and that are not, and the windows and bytes that they come to."""
    named = [item.root / item.image for item in items if item.image is not None]
    there = [path for path in named if path.is_file()]
    chosen = there[:: max(1, -(-len(there) // sample))]
    sizes = [size for path in chosen if (size := _size(path, tile)) is not None]
    share = len(there) / len(chosen) if chosen else 0.0
    windows = round(share * sum(size.windows for size in sizes))
    packed = sum(size.bytes if size.windows == 1 else size.pixels * BYTES_PER_PIXEL for size in sizes)
    return {
        "items": len(items),
        "by_split": dict(sorted(Counter(item.split or "none" for item in items).items())),
        "images": len(there),
        "images_missing": len(named) - len(there),
        "without_image": len(items) - len(named),
        "sampled": len(chosen),
        "unreadable": len(chosen) - len(sizes),
        "windows": windows + len(items) - len(named),
        "image_bytes": round(share * sum(size.bytes for size in sizes)),
        "packed_bytes": round(share * packed),
    }


def _size(path: Path, tile: Mapping[str, Any] | None) -> Size | None:
    """Windows, pixels and bytes of one image by its header; None when it cannot be read."""
    try:
        width, height = pixels.size(path)
        length = path.stat().st_size
    except (BadImage, OSError):
        return None
    if tile is None:
        return Size(1, width * height, length)
    from rsdata.stages.tile import grid

    windows = list(grid(width, height, tile["size"], tile["overlap"]))
    return Size(len(windows), sum(w.width * w.height for w in windows), length)


def render(found: Mapping[str, Any]) -> RenderableType:
    """The plan as tables that fit 80 columns, with what is missing last."""
    from rich.console import Group
    from rich.text import Text

    from rsdata.report import table

    rows = [_line(row) for row in found["sources"]]
    parts: list[RenderableType] = [
        table.title(f"recipe {found['name']}", f"seed {found['seed']}; nothing is written"),
        table.grid("sources", ["source", "splits", "items", "images", "windows", "images on disk"], rows),
        table.grid("stages", ["stage", "parameters"], [["read", ""], *(_stage(row) for row in found["stages"])]),
        Text(f"in all: {found['items']:,} items, about {found['windows']:,} records and {_space(found['disk_about'])}"),
    ]
    if any(row.get("images", 0) > row.get("sampled", 0) for row in found["sources"]):
        parts.append(Text(f"windows and space are estimates from {SAMPLE} images of each source"))
    if "probe" in found:
        parts += _probed(found["probe"])
    if "comparison" in found:
        parts.append(paper.render(found["comparison"]))
    parts += [Text(_asked(row)) for row in found["asking"]]
    if found["licences"]["sources"]:
        parts.append(Text(_terms(found["licences"])))
    for row in found["sources"]:
        if not row["found"]:
            parts.append(Text(f"missing: {row['name']}: {row['problem']}", style="red"))
            if row["obtain"]:
                parts.append(Text(f"  how to get it: {row['obtain']}"))
            continue
        if row["images_missing"]:
            parts.append(Text(f"{row['name']}: {row['images_missing']:,} images are listed and not there; they drop"))
        if row["unreadable"]:
            parts.append(Text(f"{row['name']}: {row['unreadable']:,} of {row['sampled']:,} images cannot be opened"))
    if not found["sources"]:
        parts.append(Text("no dataset is found: drawn sample scenes would be made and read"))
    parts += [Text(f"cannot end: {line}", style="red") for line in found["problems"] if "no such folder" not in line]
    return Group(*parts)


def _probed(found: Mapping[str, Any]) -> list[RenderableType]:
    """What each stage is expected to make and take."""
    from rich.text import Text

    from rsdata.report import table

    rows = [
        [row["stage"], *(f"{row[name]:,}" for name in ("images", "objects", "captions")), _space(row["bytes"]),
         _time(row["seconds"])]
        for row in found["stages"]
    ]  # fmt: skip
    seconds = sum(row["seconds"] for row in found["stages"])
    sure = "every image was tried" if found["exact"] else "from a few images of each source"
    names = ["stage", "images", "objects", "captions", "space", "time"]
    parts: list[RenderableType] = [
        table.grid("expected of each stage", names, rows),
        Text(f"in all about {_time(seconds)} on {found['cores']} cores ({sure})"),
    ]
    return parts + [Text(f"{name} was not tried: it {why}") for name, why in found["unprobed"].items()]


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def _terms(found: Mapping[str, Any]) -> str:
    names = Counter(found["sources"].values())
    said = ", ".join(f"{name} ({n} sources)" if n > 1 else name for name, n in sorted(names.items()))
    return f"licences: {said}; all of it fits: {', '.join(found['policies']) or 'no policy without more'}"


def _line(row: Mapping[str, Any]) -> list[str]:
    if not row["found"]:
        return [row["name"], "missing", "", "", "", ""]
    splits = " ".join(f"{name} {count:,}" for name, count in row["by_split"].items())
    numbers = [f"{row[name]:,}" for name in ("items", "images", "windows")]
    return [row["name"], splits, *numbers, _space(row["image_bytes"])]


def _stage(row: Mapping[str, Any]) -> list[str]:
    return [row["stage"], ", ".join(f"{name}={value}" for name, value in row["params"].items())]


def _asked(row: Mapping[str, Any]) -> str:
    cost = "cost unknown: give price_in and price_out"
    if row["cost"] is not None:
        cost = f"${row['cost']:,.2f}, at worst ${row['worst']:,.2f}"
        if row["budget"] and row["worst"] > row["budget"]:
            cost += f" (stops at the budget of ${row['budget']:,.2f})"
    return (
        f"{row['stage']} asks {row['model']} at most {row['requests']:,} questions: about {row['tokens_in']:,} tokens"
        f" in, {row['tokens_out']:,} out; {cost}; {row['minutes']:,.1f} minutes at least"
    )


def _space(count: float) -> str:
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
