"""The datasets that can be read: a list, and a card for each, with what is found on this disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdata import readers, recipe
from rsdata.errors import RsdataError
from rsdata.readers import _detect

if TYPE_CHECKING:
    from rich.console import RenderableType


def listing(data: Path | None = None) -> dict[str, Any]:
    """Every reader with its title, task, licence and whether a folder of its name lies in `data`."""
    folder = data or recipe.data_folder()
    rows = [
        {"name": name, "title": info.title, "task": info.task, "platform": info.platform, "licence": info.licence}
        | {"found": str(folder / name) if (folder / name).is_dir() else ""}
        for name, info in readers.infos().items()
    ]
    return {"data": str(folder), "datasets": rows}


def card(name: str, data: Path | None = None) -> dict[str, Any]:
    """All that is known of one dataset, and what `find` finds of it on this disk."""
    info = readers.get(name).INFO
    folder = (data or recipe.data_folder()) / name
    keys = ("title", "task", "platform", "licence", "terms", "homepage", "citation", "obtain", "tree", "gsd")
    facts = {key: getattr(info, key) for key in keys}
    classes, options = dict(info.classes), readers.options(name)
    return {"name": name, **facts, "splits": list(info.splits), "classes": classes, "options": options} | {
        "images_optional": info.sizes_in_annotations,
        "disk": on_disk(name, folder),
    }


def on_disk(name: str, folder: Path) -> dict[str, Any]:
    """What a reader finds in a folder: items in all and by split, or why it finds none."""
    if not folder.is_dir():
        return {"folder": str(folder), "found": False, "problem": "no such folder"}
    try:
        items = readers.get(name).find(folder)
    except RsdataError as error:
        return {"folder": str(folder), "found": False, "problem": str(error)}
    splits: dict[str, int] = {}
    for item in items:
        splits[item.split or "all"] = splits.get(item.split or "all", 0) + 1
    return {"folder": str(folder), "found": True, "items": len(items), "splits": splits}


def detect(folder: Path) -> dict[str, Any]:
    """Which readers fit a folder, best first: name, confidence from 0 to 1, why."""
    return {"folder": str(folder), "fits": [fit._asdict() for fit in _detect.guess(folder)]}


def layout(name: str, folder: Path) -> dict[str, Any]:
    """The tree that a reader looks for, what is there, and the readers that fit."""
    found = _detect.layout(name, folder)
    fits = [fit._asdict() for fit in found.fits]
    return {"reader": name, "folder": str(folder), "wanted": found.wanted, "found": found.found, "fits": fits}


def render_detect(found: Mapping[str, Any]) -> RenderableType:
    """The readers that fit, and the command to type."""
    from rich.text import Text

    if not found["fits"]:
        return Text(f"{found['folder']}: no reader fits; `rsdata datasets` lists them with the trees they look for")
    lines = [f"{fit['reader']:<16} {fit['confidence']:.2f}  {fit['why']}" for fit in found["fits"]]
    best = found["fits"][0]["reader"]
    return Text("\n".join([*lines, f"next: rsdata convert {best} --root {found['folder']}"]))


def render_layout(found: Mapping[str, Any]) -> RenderableType:
    """Wanted and found side by side, and what fits instead."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(f"{found['reader']} looks for", f"in {found['folder']} there is")
    table.add_row(Text("\n".join(found["wanted"])), Text("\n".join(found["found"])))
    fits = ", ".join(f"{fit['reader']} ({fit['confidence']:.2f})" for fit in found["fits"])
    return Group(table, Text(f"what fits: {fits or 'no reader that is known'}"))


def render(found: Mapping[str, Any]) -> RenderableType:
    """The list as a table of 80 columns."""
    from rich.table import Table

    table = Table("name", "what", "task", "licence", "here", title="datasets that can be read", title_justify="left")
    for row in found["datasets"]:
        table.add_row(row["name"], row["title"], row["task"], row["licence"], "yes" if row["found"] else "-")
    table.caption = f"here: found in {found['data']} (RSDATA_DATA). A card: rsdata datasets NAME"
    return table


def render_card(found: Mapping[str, Any]) -> RenderableType:
    """One dataset's card."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    disk = found["disk"]
    here = f"{disk['items']:,} items {disk['splits']}" if disk["found"] else disk["problem"]
    classes = ", ".join(_class(name, concept) for name, concept in found["classes"].items()) or "any class"
    rows = {key: found[key] for key in ("task", "platform", "licence", "terms", "homepage", "citation", "obtain")}
    rows |= {"splits": ", ".join(found["splits"]) or "none", "classes": classes, "options": _options(found["options"])}
    rows["without images"] = "yes (--no-images)" if found["images_optional"] else "no, sizes come from the images"
    rows[f"in {disk['folder']}"] = here
    lines = [Text.assemble((f"{key}: ", "bold"), str(value)) for key, value in rows.items() if value]
    tree = Padding(Text(found["tree"].strip("\n")), (0, 0, 0, 2))
    return Group(Text(f"{found['name']}: {found['title']}", "bold"), *lines, Text("on disk:", "bold"), tree)


def _class(name: str, concept: str | None) -> str:
    if concept is None:
        return f"{name} (left out, counted)"
    return name if concept == name else f"{name} ({concept.replace('_', ' ')})"


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"--set {key}={value}" for key, value in options.items())
