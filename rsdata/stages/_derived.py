"""Which datasets are made of others, and how an image's name says which scene it is of.

A scene key is (dataset of origin, name there). Two images of one key show the same scene, whatever was done to them.

    rsicd/train/airport_4   is aid/airport/airport_4       10,000 of 10,921 names (RSICD is cut from AID)
    isaid/val/P0003         is dota/val/P0003              the same images
    nwpu_captions/..        is resisc45/..                 the same images
    ucm_captions/train/101  is ucmerced/airplane00         numbered by class, classes in alphabetical order
    dior_r/..               is dior/..                     the same images
    rsicap/P0001_0002       is dota/P0001                  names from memory
    ai_tod/2514__0_600      is xview/2514; dota, dior, visdrone and airbus_ship by their names' forms (from memory)
"""

from __future__ import annotations

import re

SAME_NAMES = {"rsicd": "aid", "nwpu_captions": "resisc45", "dior_r": "dior"}
BY_STEM = {"aid", "resisc45", "dior", "xview", "visdrone", "airbus_ship", "ucmerced"}  # no two images of one stem
DOTA = {"dota", "isaid", "rsicap"}
UCM = (
    "agricultural",
    "airplane",
    "baseballdiamond",
    "beach",
    "buildings",
    "chaparral",
    "denseresidential",
    "forest",
    "freeway",
    "golfcourse",
    "harbor",
    "intersection",
    "mediumresidential",
    "mobilehomepark",
    "overpass",
    "parkinglot",
    "river",
    "runway",
    "sparseresidential",
    "storagetanks",
    "tenniscourt",
)

_DOTA = re.compile(r"(P\d{4})(?![0-9])")
_AI_TOD = (
    ("dota", _DOTA),
    ("visdrone", re.compile(r"(\d{7}_\d{5}_d_\d{7})")),
    ("airbus_ship", re.compile(r"([0-9a-f]{9})(?=_|$)")),
    ("dior", re.compile(r"(\d{5})(?=__|$)")),
    ("xview", re.compile(r"(\d{1,4})(?=__)")),
)


def scene(source: str, id: str) -> tuple[str, str]:
    """The scene key of an image by its source and id. A source called `dota-2` counts as `dota`."""
    dataset = source.partition("-")[0]
    whole = id.partition("@")[0]
    stem = whole.rpartition("/")[2]
    own = (dataset, whole.partition("/")[2])
    if dataset in DOTA:
        found = _DOTA.match(stem)
        return ("dota", found[1]) if found else own
    if dataset == "ai_tod":
        return next(((name, found[1]) for name, form in _AI_TOD if (found := form.match(stem))), own)
    if dataset == "ucm_captions" and stem.isdecimal() and 1 <= int(stem) <= 2100:
        return "ucmerced", f"{UCM[(int(stem) - 1) // 100]}{(int(stem) - 1) % 100:02d}"
    if dataset in SAME_NAMES:
        return SAME_NAMES[dataset], stem.lower()
    return (dataset, stem.lower()) if dataset in BY_STEM else own
