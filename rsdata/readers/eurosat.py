"""EuroSAT, the RGB images: land use in Sentinel-2 patches (Helber et al., JSTARS 2019).

Sources of the format: phelber/EuroSAT (README) and torchgeo (datasets/eurosat.py, whose split lists are read too). The
folder around the classes differs: 2750/, EuroSAT_RGB/, or the deep path of Microsoft's copy. The 13-band images of
EuroSAT_MS are GeoTIFFs of the same names; this reader is for the 8-bit RGB ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.readers import _scenes
from rsdata.readers._info import Info
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="EuroSAT (RGB)",
    task="scenes",
    platform="satellite",
    classes={
        "AnnualCrop": "annual_crop",
        "Forest": "forest",
        "HerbaceousVegetation": "herbaceous_vegetation",
        "Highway": "highway",
        "Industrial": "industrial_area",
        "Pasture": "pasture",
        "PermanentCrop": "permanent_crop",
        "Residential": "residential_area",
        "River": "river",
        "SeaLake": "sea_or_lake",
    },
    splits=(),
    licence="MIT",
    terms="MIT licence; the images are Copernicus Sentinel-2 data, free with attribution.",
    homepage="https://github.com/phelber/EuroSAT",
    citation="Helber et al., EuroSAT: A Novel Dataset and Deep Learning Benchmark for Land Use Classification, 2019",
    obtain="Download EuroSAT_RGB.zip by the link of https://github.com/phelber/EuroSAT and unpack it there.",
    tree="""\
EuroSAT/2750/AnnualCrop/AnnualCrop_1.jpg     (or EuroSAT_RGB/AnnualCrop/...)
EuroSAT/2750/SeaLake/SeaLake_1.jpg ...
optional: EuroSAT/eurosat-train.txt  eurosat-val.txt  eurosat-test.txt""",
    gsd=10.0,
)

ALIASES = {
    "Industrial Buildings": "Industrial",
    "Residential Buildings": "Residential",
    "Sea & Lake": "SeaLake",
    "Herbaceous Vegetation Land": "HerbaceousVegetation",
    "Annual Crop Land": "AnnualCrop",
    "Permanent Crop Land": "PermanentCrop",
    "Pasture Land": "Pasture",
}


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """List the images of all class folders; ids carry the class. Splits come from folders, or from the lists."""
    return _scenes.find(root, split, images, INFO, "eurosat", aliases=ALIASES, lists=True)


def read(item: Item) -> Iterator[Record | Drop]:
    """Read the size of one image."""
    yield from _scenes.read(item, INFO)
