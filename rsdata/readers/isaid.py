"""iSAID: instance masks for the images of DOTA v1.0 (Waqas Zamir et al., CVPR workshops 2019).

Source of the format: CAPTAIN-WHU/iSAID_Devkit (README; cityscapesScripts labels.py has colours and ids). Class masks
come as colours or, after mmseg's conversion, as indices under the same file name: the number of bands tells. Instance
ids (R + 256*G + 65536*B, 0 for none) are used where the file is there. Boxes are made from the masks by the stage m2b.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadSource
from rsdata.readers import _files, _masks
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

# Class as written in the dev kit -> colour (RGB; red is always 0), concept. The position is the index.
PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {
    "unlabeled": ((0, 0, 0), None),
    "ship": ((0, 0, 63), "ship"),
    "storage_tank": ((0, 63, 63), "storage_tank"),
    "baseball_diamond": ((0, 63, 0), "baseball_diamond"),
    "tennis_court": ((0, 63, 127), "tennis_court"),
    "basketball_court": ((0, 63, 191), "basketball_court"),
    "Ground_Track_Field": ((0, 63, 255), "ground_track_field"),
    "Bridge": ((0, 127, 63), "bridge"),
    "Large_Vehicle": ((0, 127, 127), "large_vehicle"),
    "Small_Vehicle": ((0, 0, 127), "small_vehicle"),
    "Helicopter": ((0, 0, 191), "helicopter"),
    "Swimming_pool": ((0, 0, 255), "swimming_pool"),
    "Roundabout": ((0, 191, 127), "roundabout"),
    "Soccer_ball_field": ((0, 127, 191), "soccer_field"),
    "plane": ((0, 127, 255), "airplane"),
    "Harbor": ((0, 100, 155), "harbor"),
}

INFO = Info(
    title="iSAID",
    task="segmentation",
    platform="aerial",
    classes={name: concept for name, (_, concept) in PALETTE.items()},
    splits=("train", "val", "test"),
    licence="academic-only",
    terms="Academic use only (not verified in a source). Google Earth images stay under Google's terms.",
    homepage="https://captain-whu.github.io/iSAID/",
    citation="Waqas Zamir et al., iSAID: A Large-scale Dataset for Instance Segmentation in Aerial Images, CVPRW 2019",
    obtain="Download the masks from https://captain-whu.github.io/iSAID/dataset.html and the images of DOTA v1.0.",
    tree="""\
iSAID/train/images/P0002.png
iSAID/train/images/P0002_instance_color_RGB.png
iSAID/train/images/P0002_instance_id_RGB.png   (may be absent: then components are taken for instances)
iSAID/val/...
iSAID/test/images/P0006.png                    (its masks are not public)
or masks apart: iSAID/train/Semantic_masks/images/, iSAID/train/Instance_masks/images/; or flat, without train/ val/""",
    sizes_in_annotations=True,
)

COLOUR, ID = "_instance_color_RGB", "_instance_id_RGB"
_INDEX = dict(enumerate(concept for _, concept in PALETTE.values()))
KINDS = {
    1: _masks.index_kind(_INDEX | {255: None}),  # 255 is mmseg's ignored value
    3: _masks.rgb_kind(dict(PALETTE.values())),
    4: _masks.rgb_kind(dict(PALETTE.values())),
}
DEPTH = 3


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List images and masks, one item for each name that has either; patches such as P0002_0_800_0_800 are names too.

    `images=False` lists the masks alone, and takes sizes from them. Images of train and val without mask are drops;
    those of test are records without mask.
    """
    root = _files.check_root(root, INFO)
    bases = {name: root / name for name in INFO.splits if (root / name).is_dir()} or {"": root}
    if split is not None and split not in bases:
        raise _files.wrong_split(INFO, split, bases)
    found: list[Item] = []
    for name, base in bases.items():
        if split is None or name == split:
            found += _items(root, name, base, images)
    if not any(item.label for item in found) and (split != "test" or not found):
        raise _files.missing(INFO, root, f"mask named P0002{COLOUR}.png, below {', '.join(bases) or 'the root'}")
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the headers of one image and its masks."""
    instances = item.data["instances"]
    yield from _masks.read(item, INFO, KINDS, instances=instances, unlabelled=item.split == "test")


def _items(root: Path, split: str, base: Path, images: bool) -> list[Item]:
    pictures: dict[str, str] = {}
    colours: dict[str, str] = {}
    ids: dict[str, str] = {}
    for folder in [base, *_files.folders(base, lambda _: True, DEPTH)]:
        for stem, path in _files.images_of(root, folder).items():
            if stem.endswith(COLOUR):
                _add(colours, stem.removesuffix(COLOUR), path)
            elif stem.endswith(ID):
                _add(ids, stem.removesuffix(ID), path)
            else:
                _add(pictures, stem, path)
    names = colours.keys() | (pictures.keys() if images else set())
    prefix = f"isaid/{split}/" if split else "isaid/"
    expected = _files.prefix_of(root, base / "images")
    return [
        Item(
            root, prefix + stem, split, pictures.get(stem, f"{expected}{stem}.png") if images else None,
            colours.get(stem), {"instances": ids.get(stem)},
        )
        for stem in names
    ]  # fmt: skip


def _add(into: dict[str, str], stem: str, path: str) -> None:
    if stem in into:
        raise BadSource(f"iSAID: {into[stem]} and {path} are two files of one name; keep one of them")
    into[stem] = path
