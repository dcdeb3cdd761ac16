"""Drawn sample scenes: a small world seen from above, written in the on-disk formats of real datasets.

For newcomers without data, for examples, and for tests that need a known truth. `world` is what a scene is; `plan`,
`places`, `towns` and `build` lay it out; `paint`, `pen`, `looks` and `courts` draw it; one module for each format
writes it. Adding a format is one module with `write(root, scenes, seed)`. Nothing here is real imagery, and every
folder says so.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from rsdata.errors import RsdataError

BASIC = ("dota", "dior", "visdrone", "isaid", "loveda", "rsicd", "geotiff")  # what is drawn unless told
TRUTH = frozenset(  # modules that are no writers
    [
        "build",
        "city",
        "classes",
        "clips",
        "courts",
        "crops",
        "files",
        "looks",
        "paint",
        "pen",
        "places",
        "plan",
        "scene_sets",
        "towns",
        "voc_xml",
        "world",
    ]
)
FORMATS = tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in TRUTH))

README = """\
Drawn sample scenes, not real imagery.

`rsdata sample` drew these images from made-up geometry (seed {seed}) and wrote them in the on-disk formats of real
datasets, one folder each: {folders}. Use them to try the tools:

    rsdata convert dota --root {first} --to captions

Nothing was copied from any dataset. Never report a result on them.
"""


def write(root: Path, *, scenes: int = 8, seed: int = 0, formats: Sequence[str] | None = None) -> dict[str, int]:
    """Write `scenes` images for each format (default: BASIC) under root/<format>; returns the number of images of each.

    The same arguments write the same bytes on every run with one version of Pillow and numpy. Files of an
    earlier call are written over. Raises RsdataError for an unknown format, or fewer than one scene.
    """
    wanted = list(dict.fromkeys(BASIC if formats is None else formats))
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise RsdataError(f"no sample scenes in the format {unknown[0]!r}; there are: {', '.join(FORMATS)}")
    if scenes < 1:
        raise RsdataError(f"{scenes} scenes were asked for; at least 1 is needed")
    root = Path(root)
    made = {}
    for name in wanted:
        writer = importlib.import_module(f"{__name__}.{name}")
        made[name] = int(writer.write(root / name, scenes, seed))
    text = README.format(seed=seed, folders=", ".join(wanted), first=wanted[0] if wanted else "DIR")
    root.mkdir(parents=True, exist_ok=True)
    (root / "README.txt").write_text(text, encoding="utf-8", newline="\n")
    return made
