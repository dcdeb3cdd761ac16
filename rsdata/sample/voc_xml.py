"""Pascal VOC XML of drawn scenes, as the writers of HRRSD and RSOD need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rsdata.sample.clips import whole
from rsdata.sample.world import Scene, Thing


def lines(filename: str, scene: Scene, things: Sequence[Thing], classes: Mapping[str, str]) -> list[str]:
    """One file: boxes are 1-based and inclusive whole pixels around the visible shape."""
    size = f"<width>{scene.width}</width><height>{scene.height}</height><depth>3</depth>"
    found = ["<annotation>", f"\t<filename>{filename}</filename>", "\t<source><database>drawn</database></source>"]
    found += [f"\t<size>{size}</size>", "\t<segmented>0</segmented>"]
    for thing in things:
        left, top, width, height = whole(thing.box)
        corners = {"xmin": left + 1, "ymin": top + 1, "xmax": left + width, "ymax": top + height}
        box = "".join(f"<{key}>{value}</{key}>" for key, value in corners.items())
        found += ["\t<object>", f"\t\t<name>{classes[thing.label]}</name>", "\t\t<pose>overlook</pose>"]
        found += ["\t\t<truncated>0</truncated>", "\t\t<difficult>0</difficult>"]
        found += [f"\t\t<bndbox>{box}</bndbox>", "\t</object>"]
    return [*found, "</annotation>"]
