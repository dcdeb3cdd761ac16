"""A corpus drawn by hand, with known numbers: two parts, two stages, three sources, four records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsdata import corpus
from rsdata.record import Caption, Drop, Obj, Record, Window, write_drops, write_part

PARTS = ("part-00000", "part-00001")


def picture(path: Path, width: int, height: int, colour: tuple[int, int, int] = (60, 90, 60)) -> None:
    """A plain image with a bright square."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width, 3), colour, np.uint8)
    pixels[5:15, 10:30] = 240
    Image.fromarray(pixels).save(path)


def records() -> dict[str, list[Record]]:
    """The records of the newest stage, by part."""
    ship = Obj("ship", (10, 5, 30, 15), poly=(10, 5, 30, 5, 30, 15, 10, 15), area=200)
    plane = Obj("airplane", (40, 20, 60, 40), area=400, difficult=True)
    first = Record("dota/train/a", "dota", "train", "img/a.png", 100, 80, gsd=0.25, platform="aerial")
    first.objects, first.licence = [ship, plane], "academic-only"
    first.captions = [
        Caption("There is a ship.", "en", "b2c", "count/one"),
        Caption("Há um navio.", "pt", "b2c", "count/one"),
    ]
    window = Record("dota/train/b@50,0,50,80", "dota", "train", "img/b.png", 50, 80, Window(50, 0, 50, 80), gsd=0.5)
    window.objects, window.licence = [Obj("ship", (0, 0, 20, 10), area=200)], "academic-only"
    window.captions = [Caption("There is a ship.", "en", "b2c", "position/centre")]
    field = Record("loveda/val/1", "loveda", "val", "1.png", 64, 64, mask_path="m1.png", mask_kind="index")
    field.objects, field.licence = [Obj("forest", (0, 0, 64, 32), area=2048, origin="m2b")], "CC-BY-NC-SA-4.0"
    scene = Record("rsicd/test/s", "rsicd", "test", None, 224, 224, label="airport", licence="none-stated")
    scene.captions = [Caption("many planes"), Caption("许多飞机", "zh", "mt:nllb", of=0), Caption("many planes")]
    return {PARTS[0]: [first, window], PARTS[1]: [field, scene]}


def drops() -> dict[str, list[Drop]]:
    """What the newest stage refused, by part."""
    return {
        PARTS[0]: [
            Drop("dota/train/c", "read", "missing-image", "", 1, 3),
            Drop("dota/train/a", "read", "others", "", 0, 2),
        ],
        PARTS[1]: [],
    }


def build(folder: Path, made: Mapping[str, Sequence[Record]] | None = None) -> corpus.Corpus:
    """Write pictures and a corpus of the stages 00-read and 01-b2c (both hold the same records)."""
    made = made or records()
    roots = {name: folder / "data" / name for name in ("dota", "loveda", "rsicd")}
    picture(roots["dota"] / "img/a.png", 100, 80)
    picture(roots["dota"] / "img/b.png", 100, 80)
    picture(roots["loveda"] / "1.png", 64, 64)
    mask = np.zeros((64, 64), np.uint8)
    mask[:32] = 6
    Image.fromarray(mask).save(roots["loveda"] / "m1.png")
    out = folder / "corpus"
    (out / "00-read").mkdir(parents=True)
    (out / "01-b2c").mkdir()
    sources = [{"reader": name, "name": name, "root": str(root)} for name, root in roots.items()]
    corpus.write_recipe(out, {"name": "tiny", "seed": 0, "sources": sources, "stages": [{"b2c": {}}]})
    for part in made:
        refused = drops().get(part, [])
        stage(out / "00-read", part, made[part], refused, None)
        stage(out / "01-b2c", part, made[part], [], made[part])
    for name in ("read", "b2c"):
        finish(out / ("00-read" if name == "read" else "01-b2c"), name)
    return corpus.open(out)


def stage(
    folder: Path, part: str, made: Sequence[Record], refused: Sequence[Drop], given: Sequence[Record] | None
) -> None:
    """One part of a stage: records, drops, marker. Without `given` the stage makes everything, as read does."""
    write_part(folder / f"{part}.parquet", made)
    write_drops(folder / f"{part}.drops.parquet", refused)
    marker: dict[str, Any] = {"key": f"{folder.name}-{part}", "parent": "" if given is None else f"00-read-{part}"}
    counts = {"images": [1] * len(made), "objects": [len(r.objects) for r in made]}
    for kind in ("images", "objects"):
        out, dropped = sum(counts[kind]), sum(getattr(d, kind) for d in refused)
        into = 0 if given is None else out
        marker[kind] = {"in": into, "made": out + dropped - into, "out": out, "dropped": dropped}
    marker["drops"] = {d.reason: {"images": d.images, "objects": d.objects} for d in refused}
    corpus.write_json(folder / f"{part}.done.json", marker)


def finish(folder: Path, name: str) -> None:
    """stage.json from the markers."""
    markers = [corpus.read_json(path) for path in sorted(folder.glob("*.done.json"))]
    counts = {
        kind: {n: sum(m[kind][n] for m in markers) for n in ("in", "made", "out", "dropped")}
        for kind in ("images", "objects")
    }
    refused: dict[str, dict[str, int]] = {}
    for marker in markers:
        refused |= marker["drops"]
    data = {"stage": name, "version": 1, "params": {}, "counts": counts, "drops": refused, "sink": False}
    corpus.write_json(folder / "stage.json", data)
