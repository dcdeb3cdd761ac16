"""PatternNet: 38 classes of 800 images (Zhou et al., ISPRS Journal 2018).

Source of the format: torchgeo (datasets/patternnet.py). File names glue what folders part: baseball_field/ holds
baseballfield001.jpg.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="PatternNet",
    task="scenes",
    platform="satellite",
    classes={
        "airplane": "airplane",
        "baseball_field": "baseball_diamond",
        "basketball_court": "basketball_court",
        "beach": "beach",
        "bridge": "bridge",
        "cemetery": "cemetery",
        "chaparral": "chaparral",
        "christmas_tree_farm": "christmas_tree_farm",
        "closed_road": "closed_road",
        "coastal_mansion": "coastal_mansion",
        "crosswalk": "crosswalk",
        "dense_residential": "dense_residential_area",
        "ferry_terminal": "ferry_terminal",
        "football_field": "football_field",
        "forest": "forest",
        "freeway": "freeway",
        "golf_course": "golf_course",
        "harbor": "harbor",
        "intersection": "intersection",
        "mobile_home_park": "mobile_home_park",
        "nursing_home": "nursing_home",
        "oil_gas_field": "oil_gas_field",
        "oil_well": "oil_well",
        "overpass": "overpass",
        "parking_lot": "parking_lot",
        "parking_space": "parking_space",
        "railway": "railway",
        "river": "river",
        "runway": "runway",
        "runway_marking": "runway_marking",
        "shipping_yard": "shipping_yard",
        "solar_panel": "solar_panel",
        "sparse_residential": "sparse_residential_area",
        "storage_tank": "storage_tank",
        "swimming_pool": "swimming_pool",
        "tennis_court": "tennis_court",
        "transformer_station": "electric_substation",
        "wastewater_treatment_plant": "wastewater_treatment_plant",
    },
    splits=(),
    licence="research-cite",
    terms="Research use with citation. The images are of Google Earth.",
    homepage="https://sites.google.com/view/zhouwx/dataset",
    citation="Zhou et al., PatternNet: A Benchmark for Performance Evaluation of Remote Sensing Image Retrieval, 2018",
    obtain="Download PatternNet.zip by the links of https://sites.google.com/view/zhouwx/dataset and unpack it there.",
    tree="""\
PatternNet/images/airplane/airplane001.jpg ... airplane800.jpg
PatternNet/images/baseball_field/baseballfield001.jpg ...""",
)


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class."""
    return _scenes.find(root, split, images, INFO, "patternnet")


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
