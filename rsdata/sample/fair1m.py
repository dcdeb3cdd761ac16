"""The drawn world in the format of FAIR1M: TIFF images in parts, XML with points."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.classes import save_tiff
from rsdata.sample.files import Shot, note, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene

SHOTS = (Shot("airport", 900, 700, 0.6), Shot("port", 800, 700, 0.6), Shot("playground", 700, 600, 0.4))
CLASSES = {
    "airplane": "other-airplane",
    "ship": "other-ship",
    "car": "Small Car",
    "van": "Van",
    "bus": "Bus",
    "truck": "Cargo Truck",
    "baseball_diamond": "Baseball Field",
    "basketball_court": "Basketball Court",
    "tennis_court": "Tennis Court",
    "roundabout": "Roundabout",
    "bridge": "Bridge",
}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write train/part1, train/part2 and validation with labels, test without; every folder counts from 0."""
    note(root, "FAIR1M")
    numbers: dict[str, int] = {}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "fair1m")):
        base = {"train": f"train/part{number % 2 + 1}", "val": "validation", "test": "test"}[split]
        stem = numbers[base] = numbers.get(base, -1) + 1
        save_tiff(root / base / "images" / f"{stem}.tif", paint(scene))
        if split != "test":
            save_text(root / base / "labelXml" / f"{stem}.xml", xml(f"{stem}.tif", scene))
    return scenes


def xml(filename: str, scene: Scene) -> list[str]:
    """One file: five points for each object, the last as the first."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotation>"]
    lines += [f"  <source><filename>{filename}</filename><origin>drawn</origin></source>", "  <objects>"]
    for thing in scene.annotated(CLASSES):
        points = "".join(f"<point>{x:.6f},{y:.6f}</point>" for x, y in (*thing.poly, thing.poly[0]))
        lines += ["    <object><coordinate>pixel</coordinate><type>rectangle</type><description>None</description>"]
        lines += [f"      <possibleresult><name>{CLASSES[thing.label]}</name></possibleresult>"]
        lines += [f"      <points>{points}</points></object>"]
    return [*lines, "  </objects>", "</annotation>"]
