"""Stanford Drone Dataset: a campus from above, people and vehicles in tracks (Robicquet et al., ECCV 2016).

Source of the format: crowdbotp/OpenTraj, datasets/SDD. The dataset has videos and no frames: `extract` takes frames out
of video.mov into frames/<scene>/<video>/000000.jpg, where `find` looks for them:

    python -m rsdata.readers.stanford_drone ROOT --every 30        (needs PyAV: pip install 'rsdata[video]')
    rsdata convert stanford_drone --root ROOT --set every=30

reference.jpg is an example of the view and not frame 0 (its people stand elsewhere), so it is never an image here; only
its size is used, where images are left out and as a check. Rows are grouped by track. Rows with lost 1 (the object is
outside the view) are object drops; generated rows (interpolated) are kept; occluded ones are difficult.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadImage, BadSource
from rsdata.readers import _files, _frames, _tracks
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, Page, Shape, finish, number, refuse_file, refuse_image
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="Stanford Drone Dataset",
    task="detection",
    platform="uav",
    classes={
        "Pedestrian": "person",
        "Biker": "cyclist",
        "Skater": "skater",
        "Cart": "golf_cart",
        "Car": "car",
        "Bus": "bus",
    },
    splits=(),
    licence="CC-BY-NC-SA-3.0",
    terms="CC BY-NC-SA 3.0: non-commercial use, with citation.",
    homepage="https://cvgl.stanford.edu/projects/uav_data/",
    citation="Robicquet et al., Learning Social Etiquette: Human Trajectory Understanding in Crowded Scenes, ECCV 2016",
    obtain="Download it from https://cvgl.stanford.edu/projects/uav_data/ and unpack it there.",
    tree="""\
StanfordDrone/annotations/quad/video1/annotations.txt  reference.jpg
StanfordDrone/videos/quad/video1/video.mov
StanfordDrone/frames/quad/video1/000000.jpg  (python -m rsdata.readers.stanford_drone ROOT makes them)""",
    sizes_in_annotations=True,
)

COLUMNS = "track xmin ymin xmax ymax frame lost occluded generated label"
FRAME = 5  # the column
LACKING = "frames-not-extracted"
NEAR = 16  # pixels by which a frame may differ from reference.jpg: video codecs round sizes up to whole blocks
EVERY = 30  # about one frame in a second
VIDEOS = ("video.mov", "video.mp4", "video.avi")
HOW = "take them out of the videos with: python -m rsdata.readers.stanford_drone ROOT --every 30"


def find(root: Path, split: str | None = None, *, images: bool = True, every: int = 1) -> list[Item]:
    """List the annotated frames; ids end in scene/video/frame. There are no splits.

    every: take frames 0, every, 2*every ... of each video; the frames between are not listed at all, so that every=30
    reads about one frame in a second. Give the `every` that the frames were extracted with: frames that are listed but
    not extracted are counted in one drop for each video. images=False takes sizes from reference.jpg.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    if split is not None:
        raise _files.wrong_split(INFO, split, ())
    found: list[Item] = []
    for name, folder in videos(root).items():
        frames = root / "frames" / name
        pictures = _tracks.frames_on_disk(root, frames) if images else None
        label = _files.prefix_of(root, folder) + "annotations.txt"
        expected = _files.prefix_of(root, frames) + "{:06d}.jpg"
        video = _tracks.Video(name, "", label, pictures, expected, 0, {"size": _size(folder / "reference.jpg")})
        listed = _tracks.items(root, "stanford_drone", video, FRAME, every)
        found += listed if pictures is None else _extracted(listed, set(pictures))
    if images and not any(item.image for item in found):
        raise _files.missing(INFO, root, "folder frames/<scene>/<video>/ with images", f"{HOW}; or use --no-images")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one frame: its rows, and the size of its image."""
    if "lacking" in item.data:
        yield _lacking(item)
        return
    page = _tracks.page(item, parse)
    if not isinstance(page, Page):
        yield from page
        return
    width, height = item.data["size"]
    size = None
    if item.image is not None and width:
        try:
            size = _near(item, width, height)
        except BadImage as error:
            yield refuse_image(item, error, len(page.shapes) + len(page.refused))
            return
    yield from finish(item, INFO, page._replace(width=width, height=height), INFO.concept, size=size)


def parse(text: str, shown: str) -> _tracks.Clip:
    """Parse one video's annotations.txt; `shown` is its name in messages.

        0 473 208 504 235 0 0 0 0 "Pedestrian"

    The columns are track, xmin, ymin, xmax, ymax (pixels, used as they are: no source states more), frame (from 0),
    lost, occluded, generated, label. Refused with a reason of their own: lost.
    """
    return _tracks.parse(text, shown, FRAME, _row)


def videos(root: Path) -> dict[str, Path]:
    """scene/video -> its folder with annotations.txt. Raises BadSource where there is none."""
    found: dict[str, Path] = {}
    for folder in _files.folders(root, lambda _: True, depth=4):
        if (folder / "annotations.txt").is_file():
            name = f"{folder.parent.name}/{folder.name}"
            if name in found:
                raise BadSource(f"{INFO.title}: {found[name]} and {folder} are both {name}; keep one of them")
            found[name] = folder
    if not found:
        raise _files.missing(INFO, root, "annotations/<scene>/<video>/annotations.txt")
    return found


def extract(root: Path, every: int = EVERY) -> Iterator[tuple[str, int]]:
    """Take frames 0, every, 2*every ... of all videos, as far as they are annotated; yields video, frames written.

    Frames go to root/frames/<scene>/<video>/000000.jpg; those that are there already stay. Videos of which only the
    annotations are on disk are left out. Raises MissingExtra without PyAV, BadSource where no video is found at all.
    """
    _tracks.checked(every, INFO.title)
    root = _files.check_root(root, INFO)
    there = {name: path for name, folder in videos(root).items() if (path := _video(root, name, folder))}
    if not there:
        raise _files.missing(INFO, root, "videos/<scene>/<video>/video.mov")
    for name, path in there.items():
        label = videos(root)[name] / "annotations.txt"
        annotated = _tracks.frames(_files.read_text(label, name), FRAME) - {-1}
        wanted = [f for f in range(max(annotated, default=-1) + 1) if f % every == 0 and f >= min(annotated)]
        yield name, _frames.extract(path, root / "frames" / name, wanted)


def _video(root: Path, name: str, folder: Path) -> Path | None:
    places = (root / "videos" / name, root / name, folder)
    return next((place / file for place in places for file in VIDEOS if (place / file).is_file()), None)


def _row(fields: list[str], n: int) -> Shape | tuple[str, str]:
    if len(fields) != 10:
        raise ValueError(f"{len(fields)} fields where 10 are wanted ({COLUMNS})")
    track, _, _, _, _, _, lost, occluded, _, label = fields
    if lost not in ("0", "1") or occluded not in ("0", "1"):
        raise ValueError(f"lost {lost[:20]!r}, occluded {occluded[:20]!r} where 0 or 1 is wanted")
    x0, y0, x1, y1 = (number(field) for field in fields[1:5])
    if lost == "1":
        return "lost", f"track {track} is out of view"
    return Shape(label.strip('"'), (x0, y0, x1, y1), (), occluded == "1", n)


def _size(reference: Path) -> tuple[int, int]:
    """The size of reference.jpg; 0, 0 where it cannot be read."""
    try:
        return pixels.size(reference)
    except BadImage:
        return 0, 0


def _near(item: Item, width: int, height: int) -> tuple[int, int]:
    """The size of a frame. Raises BadImage when it is not that of reference.jpg: the boxes would be wrong."""
    image = item.image or ""
    found = pixels.size(item.root / image)
    if abs(found[0] - width) > NEAR or abs(found[1] - height) > NEAR:
        problem = f"{found[0]} x {found[1]} pixels, but reference.jpg has {width} x {height}: the boxes would be wrong"
        raise BadImage(image, "size-mismatch", problem)
    return found


def _extracted(listed: list[Item], pictures: set[int]) -> list[Item]:
    """The items whose frame is on disk, and one item for all others of the video."""
    kept = [item for item in listed if item.data["frame"] < 0 or item.data["frame"] in pictures]
    lacking = tuple(item.data["frame"] for item in listed if 0 <= item.data["frame"] not in pictures)
    if lacking:
        first = listed[0]
        id = first.id.rpartition("/")[0] + "/" + LACKING
        kept.append(Item(first.root, id, "", None, first.label, {"lacking": lacking}))
    return kept


def _lacking(item: Item) -> Drop:
    """One drop that counts all annotated frames of a video that are not on disk, with their rows."""
    frames = item.data["lacking"]
    try:
        clip = _tracks.load(item.root, item.label or "", parse)
    except BadAnnotation as error:
        return refuse_file(item, error)
    pages = [clip.pages[frame] for frame in frames if frame in clip.pages]
    objects = sum(len(page.shapes) + len(page.refused) for page in pages)
    detail = f"{len(frames):,} annotated frames have no image, first {frames[0]}; {HOW}, and read with the same every"
    return Drop(item.id, STAGE, LACKING, detail, images=len(frames), objects=objects)


def main() -> None:
    """The command `python -m rsdata.readers.stanford_drone`."""
    import argparse
    import sys

    from rsdata.errors import RsdataError

    parser = argparse.ArgumentParser(description="Take frames out of the videos of the Stanford Drone Dataset.")
    parser.add_argument("root", type=Path, help="the dataset's folder")
    parser.add_argument("--every", type=int, default=EVERY, help="take every so many frames (default: %(default)s)")
    given = parser.parse_args()
    try:
        for name, count in extract(given.root, given.every):
            sys.stderr.write(f"{name}: {count:,} frames\n")
    except RsdataError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
