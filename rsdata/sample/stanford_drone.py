"""The drawn world in the format of the Stanford Drone Dataset: tracks on a crossing, frames already taken out."""

from __future__ import annotations

from pathlib import Path

from rsdata.sample.build import build
from rsdata.sample.clips import Film, films, whole
from rsdata.sample.files import Shot, note, save_image, save_text
from rsdata.sample.paint import paint

SHOT = Shot("crossing", 640, 480, 0.08)
NAMES = {"person": "Pedestrian", "bicycle": "Biker", "car": "Car", "van": "Car", "bus": "Bus"}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write annotations/quad/video<n>/ and frames/quad/video<n>/; reference.jpg shows another moment, as it does there.

    There is no video.mov: the frames are there instead.
    """
    note(root, "Stanford Drone Dataset")
    for film in films((SHOT,), scenes, seed, "stanford_drone", NAMES):
        name = f"quad/video{film.number}"
        for n, scene in enumerate(film.frames):
            save_image(root / "frames" / name / f"{n:06d}.jpg", paint(scene))
        other = build(SHOT.kind, f"reference-{film.number}", SHOT.width, SHOT.height, SHOT.gsd, seed)
        save_image(root / "annotations" / name / "reference.jpg", paint(other))
        save_text(root / "annotations" / name / "annotations.txt", rows(film))
    return scenes


def rows(film: Film) -> list[str]:
    """`track xmin ymin xmax ymax frame lost occluded generated "Label"`, grouped by track; lost rows repeat a box."""
    found = []
    for track, (label, boxes) in enumerate(film.tracks):
        last = (0, 0, 1, 1)
        for n, box in enumerate(boxes):
            last = whole(box) if box else last
            left, top, width, height = last
            corners = f"{left} {top} {left + width} {top + height}"
            found.append(f'{track} {corners} {n} {0 if box else 1} 0 {1 if n else 0} "{NAMES[label]}"')
    return found
