"""What ISPRS Potsdam and Vaihingen share: six classes, in RGB and as the indices that mmsegmentation writes."""

from __future__ import annotations

from rsdata.readers import _masks

# Class -> colour (RGB), concept. The position is mmsegmentation's index; boundary is in the eroded variants only.
PALETTE: dict[str, tuple[tuple[int, int, int], str | None]] = {
    "boundary": ((0, 0, 0), None),
    "impervious surfaces": ((255, 255, 255), "impervious_surface"),
    "building": ((0, 0, 255), "building"),
    "low vegetation": ((0, 255, 255), "low_vegetation"),
    "tree": ((0, 255, 0), "tree"),
    "car": ((255, 255, 0), "car"),
    "clutter/background": ((255, 0, 0), None),
}
CLASSES = {name: concept for name, (_, concept) in PALETTE.items()}
_COLOURS = _masks.rgb_kind(dict(PALETTE.values()))
KINDS = {1: _masks.index_kind(dict(enumerate(CLASSES.values())) | {255: None}), 3: _COLOURS, 4: _COLOURS}


def is_mask(folders: tuple[str, ...]) -> bool:
    """Whether one of the folders, in lower case, is named as folders of masks are."""
    names = ("ann_dir", "masks", "gts", "labels", "label", "gt")
    return any(part in names or "ground_truth" in part or part.startswith("5_labels") for part in folders)


def is_image(folders: tuple[str, ...]) -> bool:
    """Whether one of the folders, in lower case, is named as folders of images are."""
    return any(part in ("img_dir", "images", "top") for part in folders)
