"""LoveDA: land cover of urban and rural scenes at 0.3 m (Wang et al., NeurIPS datasets and benchmarks 2021).

Source of the format: Junjue-Wang/LoveDA (README). Masks are one-band index images: 0 is no-data and 1 is background,
so the classes start at 2. The masks of Test are not public.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadSource
from rsdata.readers import _files, _masks
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

# In the order of their values, 0 to 7.
CLASSES: dict[str, str | None] = {
    "no-data": None,
    "background": None,
    "building": "building",
    "road": "road",
    "water": "water",
    "barren": "bare_land",
    "forest": "forest",
    "agriculture": "farmland",
}

INFO = Info(
    title="LoveDA",
    task="segmentation",
    platform="satellite",
    classes=CLASSES,
    splits=("train", "val", "test"),
    licence="CC-BY-NC-SA-4.0",
    terms="Academic use only; commercial use is prohibited. Google Earth images stay under Google's terms.",
    homepage="https://github.com/Junjue-Wang/LoveDA",
    citation="Wang et al., LoveDA: A Remote Sensing Land-Cover Dataset for Domain Adaptive Semantic Segmentation, 2021",
    obtain="Download Train.zip, Val.zip and Test.zip from https://zenodo.org/record/5706578 and unpack them there.",
    tree="""\
LoveDA/Train/Urban/images_png/1366.png
LoveDA/Train/Urban/masks_png/1366.png
LoveDA/Train/Rural/...  LoveDA/Val/...
LoveDA/Test/Urban/images_png/4191.png    (its masks are not public)
or without Train/ and Urban/; or img_dir/train/, ann_dir/train/ as mmseg lays it out; upper or lower case""",
    gsd=0.3,
    sizes_in_annotations=True,
)

KINDS = {1: _masks.index_kind(dict(enumerate(CLASSES.values())))}
IMAGES, MASKS = {"images_png", "images", "img_dir"}, {"masks_png", "masks", "ann_dir"}
DEPTH = 4  # LoveDA/Train/Urban/images_png


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks, one item for each name that has either; urban or rural goes to `extra["scene"]`.

    `images=False` lists the masks alone, and takes sizes from them. Images of train and val without mask are drops;
    those of test are records without mask. File numbers that urban and rural share get ids such as `12-urban`.
    """
    root = _files.check_root(root, INFO)
    pictures, masks = _listing(root, IMAGES), _listing(root, MASKS)
    keys = masks.keys() | (pictures.keys() if images else set())
    there = sorted({key[0] for key in keys})
    if split is not None and split not in there:
        raise _files.wrong_split(INFO, split, there)
    if not masks and split != "test":
        raise _files.missing(INFO, root, "folder masks_png with index masks (Train/Urban/masks_png)")
    shared = Counter((part, stem) for part, _, stem in keys)
    found = []
    for part, scene, stem in keys:
        if split is None or part == split:
            key = (part, scene, stem)
            name = f"{stem}-{scene}" if shared[part, stem] > 1 else stem
            mask = masks.get(key)
            image = (pictures.get(key) or _beside(mask or "")) if images else None
            data = {"scene": scene} if scene else {}
            found.append(Item(root, f"loveda/{part}/{name}" if part else f"loveda/{name}", part, image, mask, data))
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its mask."""
    yield from _masks.read(item, INFO, KINDS, extra=item.data, unlabelled=item.split == "test")


def _listing(root: Path, names: set[str]) -> dict[tuple[str, str, str], str]:
    """(split, urban or rural, stem) -> path, of every folder that is, or lies in, one with such a name."""
    found: dict[tuple[str, str, str], str] = {}
    for folder in _files.folders(root, lambda _: True, DEPTH):
        parts = [part.lower() for part in folder.relative_to(root).parts]
        if not names.intersection(parts):
            continue
        split = next((part for part in parts if part in INFO.splits), "")
        scene = next((part for part in parts if part in ("urban", "rural")), "")
        for stem, path in _files.images_of(root, folder).items():
            if (split, scene, stem) in found:
                other = found[split, scene, stem]
                raise BadSource(f"LoveDA: {other} and {path} are two files of one name; keep one of them")
            found[split, scene, stem] = path
    return found


def _beside(mask: str) -> str:
    """Where the missing image of a mask should lie."""
    return mask.replace("masks_png", "images_png").replace("/masks/", "/images/").replace("ann_dir", "img_dir")
