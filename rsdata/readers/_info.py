"""What a reader says about its dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rsdata.words import fold


@dataclass(frozen=True)
class Info:
    """The card of a dataset.

    `classes` maps a class as written in the source to its concept; None means known and refused on purpose, with a
    counted drop. It is empty for readers of a format with any classes (voc, coco, yolo), which ask `words.resolve`.
    `licence` is an SPDX id or a short name; `terms` is a sentence on use; `tree` is the expected folder tree.
    `gsd` is metres per pixel where one number holds for the whole set. `sizes_in_annotations` says that image sizes
    stand in the annotations, so that reading without images (`images=False`) works.
    """

    title: str
    task: str
    platform: str
    classes: Mapping[str, str | None]
    splits: tuple[str, ...]
    licence: str
    terms: str
    homepage: str
    citation: str
    obtain: str
    tree: str
    gsd: float | None = None
    sizes_in_annotations: bool = False

    @cached_property
    def _folded(self) -> dict[str, str | None]:
        return {fold(name): concept for name, concept in self.classes.items()}

    def concept(self, name: str) -> str | None:
        """The concept of a class name, upper and lower case and `- _ space` folded; None: refused on purpose.

        Raises KeyError for a class that this dataset is not known to have.
        """
        try:
            return self.classes[name]
        except KeyError:
            return self._folded[fold(name)]
