"""The drawn world in the format of HRSC2016: ships in ports, turned boxes in radians, bmp images."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image

from rsdata.sample.clips import whole
from rsdata.sample.files import Shot, note, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import Scene, Thing

SHOTS = (Shot("port", 900, 640, 0.7), Shot("port", 720, 560, 0.6), Shot("port", 600, 600, 0.65))
FIRST = 100000000
SHIP = FIRST + 1


def write(root: Path, scenes: int, seed: int) -> int:
    """Write AllImages and Annotations of FullDataSet, and ImageSets."""
    note(root, "HRSC2016")
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "hrsc2016"), 1):
        stem = str(FIRST + number)
        lists[split].append(stem)
        path = root / "FullDataSet" / "AllImages" / f"{stem}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(paint(scene)).save(path, "BMP")
        save_text(root / "FullDataSet" / "Annotations" / f"{stem}.xml", xml(stem, scene))
    for split, stems in lists.items():
        save_text(root / "ImageSets" / f"{split}.txt", stems)
    return scenes


def xml(stem: str, scene: Scene) -> list[str]:
    """One file: size, resolution, and the ships."""
    head = {"Img_ID": stem, "Img_FileName": stem, "Img_FileFmt": "bmp", "Img_SizeWidth": scene.width}
    head |= {"Img_SizeHeight": scene.height, "Img_SizeDepth": 3, "Img_Resolution": scene.gsd, "Annotated": 1}
    lines = ["<HRSC_Image>", *(f"  <{key}>{value}</{key}>" for key, value in head.items()), "  <HRSC_Objects>"]
    for number, thing in enumerate(scene.annotated({"ship"}), FIRST + 1):
        fields = "".join(f"<{key}>{value}</{key}>" for key, value in _fields(thing, number).items())
        lines.append(f"    <HRSC_Object>{fields}</HRSC_Object>")
    return [*lines, "  </HRSC_Objects>", "</HRSC_Image>"]


def _fields(thing: Thing, number: int) -> dict[str, object]:
    """The upright box in whole pixels, and the turned one: `mbox_ang` in radians, half a turn at most."""
    left, top, width, height = whole(thing.box)
    angle = (thing.angle + math.pi / 2) % math.pi - math.pi / 2
    bow_x, bow_y = thing.at(0.5, 0.0)
    return {
        "Object_ID": number,
        "Class_ID": SHIP,
        "truncated": 0,
        "difficult": 0,
        "box_xmin": left,
        "box_ymin": top,
        "box_xmax": left + width,
        "box_ymax": top + height,
        "mbox_cx": f"{thing.x:.4f}",
        "mbox_cy": f"{thing.y:.4f}",
        "mbox_w": f"{thing.length:.4f}",
        "mbox_h": f"{thing.width:.4f}",
        "mbox_ang": f"{angle:.6f}",
        "header_x": round(bow_x),
        "header_y": round(bow_y),
    }
