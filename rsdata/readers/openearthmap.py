"""OpenEarthMap: land cover of 97 regions in 44 countries at 0.25 to 0.5 m (Xia et al., WACV 2023).

Source of the format: bao18/open_earth_map (dataset.py, utils.py, README, readme.txt of the data). A mask has the path
of its image with `labels` for `images`. Masks are indices (0 = unknown) or the colours of utils.py. The splits are
lists of file names in the root. The images that come from xBD are not handed out with it: until they are put in place
as the README says, their masks are drops (missing-image).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _files, _lists, _masks, _pairs
from rsdata.readers._info import Info
from rsdata.readers._pairs import IMAGE, MASK, Part
from rsdata.record import Drop, Item, Record

# Class as written in utils.py -> colour (RGB), concept. The position is the index.
PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {
    "unknown": ((0, 0, 0), None),
    "Bareland": ((128, 0, 0), "bare_land"),
    "Grass": ((0, 255, 36), "grass"),
    "Pavement": ((148, 148, 148), "pavement"),
    "Road": ((255, 255, 255), "road"),
    "Tree": ((34, 97, 38), "tree"),
    "Water": ((0, 69, 255), "water"),
    "Cropland": ((75, 181, 73), "farmland"),
    "buildings": ((222, 31, 7), "building"),
}

INFO = Info(
    title="OpenEarthMap",
    task="segmentation",
    platform="aerial",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "val", "test"),
    licence="CC-BY-NC-SA-4.0",
    terms="The licence of a label follows its image's source; where that says nothing, CC BY-NC-SA 4.0.",
    homepage="https://open-earth-map.org/",
    citation="Xia et al., OpenEarthMap: A Benchmark Dataset for Global High-Resolution Land Cover Mapping, WACV 2023",
    obtain="Download OpenEarthMap.zip by the link of https://github.com/bao18/open_earth_map and unpack it there.",
    tree="""\
OpenEarthMap/train.txt  val.txt  test.txt          (aachen_1.tif, one name a line)
OpenEarthMap/aachen/images/aachen_1.tif
OpenEarthMap/aachen/labels/aachen_1.tif            (test: not public)""",
    sizes_in_annotations=True,
)

_COLOURS = _masks.rgb_kind(dict(PALETTE.values()))
KINDS = {
    1: _masks.index_kind(dict(enumerate(concept for _, concept in PALETTE.values()))),
    3: _COLOURS,
    4: _COLOURS,
}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks of every region, one item for each name that has either; the region goes to `extra`.

    The split is that of the lists train.txt, val.txt and test.txt, else that of a folder. Listed names of which no
    file is on disk are counted in one drop for each list. `images=False` lists the masks alone.
    """
    root = _files.check_root(root, INFO)
    lists = _read_lists(root)
    of_name = {name: part for part, names in lists.items() for name in names}
    seen: set[str] = set()

    def sort(folders: tuple[str, ...], stem: str) -> Part | None:
        role = IMAGE if "images" in folders else MASK if "labels" in folders else None
        if role is None:
            return None
        seen.add(stem)
        region = {"region": stem.rpartition("_")[0]} if "_" in stem else {}
        return Part(role, of_name.get(stem) or _pairs.split_of(folders), stem, 0, region)

    wanted = "folder labels with masks (aachen/labels/aachen_1.tif)"
    here = None if split in lists else split
    found = _pairs.find(root, INFO, "openearthmap", sort, here, images, wanted=wanted, beside=_beside)
    for part, names in lists.items():
        lost = [name for name in names if name not in seen]
        if lost:
            detail = f"{len(lost):,} of the {len(names):,} names of {part}.txt have no file here, first {lost[0]}"
            data = {"absent": len(lost), "detail": detail}
            found.append(Item(root, f"openearthmap/{part}/{_lists.ABSENT}", part, data=data))
    return sorted((item for item in found if split is None or item.split == split), key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    yield from _pairs.read(item, INFO, KINDS)


def _read_lists(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder in [root, *_files.folders(root, lambda _: True, depth=1)]:
        for name in INFO.splits:
            path = folder / f"{name}.txt"
            if name not in found and path.is_file():
                found[name] = _files.split_list(path, path.relative_to(root).as_posix())
    return found


def _beside(mask: str) -> str:
    head, _, tail = mask.rpartition("labels/")
    return f"{head}images/{tail}"
