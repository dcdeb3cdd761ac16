"""The drawn world in the format of VisDrone2019-VID: short flights over streets, one txt file for each video."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.clips import Film, films, whole
from rsdata.sample.files import Shot, note, save_image, save_text
from rsdata.sample.paint import paint

SHOTS = (Shot("crossing", 640, 360, 0.1), Shot("crossing", 640, 360, 0.08), Shot("crossing", 640, 360, 0.12))
CATEGORIES = {"person": 1, "bicycle": 3, "car": 4, "van": 5, "truck": 6, "bus": 9, "motorcycle": 10}
FOLDERS = {"train": "VisDrone2019-VID-train", "val": "VisDrone2019-VID-val", "test": "VisDrone2019-VID-test-dev"}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write sequences/<video>/<frame>.jpg and annotations/<video>.txt of the three splits."""
    note(root, "VisDrone")
    for film in films(SHOTS, scenes, seed, "visdrone_vid", CATEGORIES):
        base, name = root / FOLDERS[film.split], f"uav{film.number + 1:07d}_00000_v"
        for n, scene in enumerate(film.frames, 1):
            save_image(base / "sequences" / name / f"{n:07d}.jpg", paint(scene))
        save_text(base / "annotations" / f"{name}.txt", rows(film))
    return scenes


def rows(film: Film) -> list[str]:
    """`frame,target,left,top,width,height,score,category,truncation,occlusion`; target 0 is an ignored region."""
    right = film.frames[0].width - 60
    found = [f"{n},0,{right},0,60,30,0,0,0,0" for n in range(1, len(film.frames) + 1)]
    for target, (label, boxes) in enumerate(film.tracks, 1):
        for n, box in enumerate(boxes, 1):
            if box:
                found.append(f"{n},{target},{','.join(map(str, whole(box)))},1,{CATEGORIES[label]},0,0")
    return found
