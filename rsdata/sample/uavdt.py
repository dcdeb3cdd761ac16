"""The drawn world in the format of UAVDT: vehicles at a crossing, three txt files for each video."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.clips import Film, films, whole
from rsdata.sample.files import Shot, note, save_image, save_text
from rsdata.sample.paint import paint

SHOTS = (Shot("crossing", 1024, 540, 0.09), Shot("crossing", 1024, 540, 0.12))
CATEGORIES = {"car": 1, "van": 1, "truck": 2, "bus": 3}
IGNORED = (980, 0, 40, 30)  # left, top, width, height: a corner that nobody annotated


def write(root: Path, scenes: int, seed: int) -> int:
    """Write UAV-benchmark-M/, the GT folder, and the split lists of M_attr/."""
    note(root, "UAVDT")
    truth = root / "UAV-benchmark-MOTD_v1.0" / "GT"
    for film in films(SHOTS, scenes, seed, "uavdt", CATEGORIES):
        name = f"M{film.number + 1:02d}01"
        for n, scene in enumerate(film.frames, 1):
            save_image(root / "UAV-benchmark-M" / name / f"img{n:06d}.jpg", paint(scene))
        areas = [f"{n},1,{','.join(map(str, IGNORED))},1,-1,-1" for n in range(1, len(film.frames) + 1)]
        save_text(truth / f"{name}_gt_whole.txt", rows(film, classes=True))
        save_text(truth / f"{name}_gt.txt", rows(film, classes=False))
        save_text(truth / f"{name}_gt_ignore.txt", areas)
        split = "test" if film.split == "test" else "train"
        save_text(root / "M_attr" / split / f"{name}_attr.txt", ["1,0,0,0,0,0,1,0"])
    return scenes


def rows(film: Film, classes: bool) -> list[str]:
    """`frame,target,left,top,width,height,out_of_view,occlusion,category`; -1 for the category without classes."""
    return [
        f"{n},{target},{','.join(map(str, whole(box)))},1,1,{CATEGORIES[label] if classes else -1}"
        for target, (label, boxes) in enumerate(film.tracks, 1)
        for n, box in enumerate(boxes, 1)
        if box
    ]
