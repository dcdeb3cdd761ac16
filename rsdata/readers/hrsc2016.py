"""HRSC2016: ships in six harbours, 31 classes in a tree, turned boxes (Liu et al., ICPRAM 2017).

Sources of the format: sysdata.xml of the dataset (class tree), mmrotate's hrsc.py and test XML. Images are bmp. Only
images of the lists in ImageSets/ are of the official splits; FullDataSet/ has others, and some of them are unlabelled
(no object and Annotated 0): these are counted drops, never images without ships. Classes are ids of three layers; the
classes 19, 20, 25 and 30 have drawings for names, and 28 is called "lute", so that captions take a wider concept.
`mbox_ang` is used as given, in radians, y downwards; BboxToolkit turns it the other way, which the bow points of real
files refute.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _hrsc, _lists
from rsdata.readers._info import Info
from rsdata.readers._objects import Shape, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="HRSC2016",
    task="detection",
    platform="satellite",
    classes={
        "100000001": "ship",
        "100000002": "aircraft_carrier",
        "100000003": "warship",
        "100000004": "merchant_ship",
        "100000005": "nimitz_carrier",
        "100000006": "enterprise_carrier",
        "100000007": "destroyer",
        "100000008": "landing_craft",
        "100000009": "frigate",
        "100000010": "transport_dock_ship",
        "100000011": "cruiser",
        "100000012": "kitty_hawk_carrier",
        "100000013": "kuznetsov_carrier",
        "100000014": "destroyer_escort",
        "100000015": "transport_dock_ship",
        "100000016": "tarawa_assault_ship",
        "100000017": "command_ship",
        "100000018": "container_ship",
        "100000019": "warship",
        "100000020": "car_carrier",
        "100000022": "hovercraft",
        "100000024": "yacht",
        "100000025": "container_ship",
        "100000026": "cruise_ship",
        "100000027": "submarine",
        "100000028": "warship",
        "100000029": "hospital_ship",
        "100000030": "car_carrier",
        "100000031": "ford_carrier",
        "100000032": "midway_carrier",
        "100000033": "invincible_carrier",
    },
    splits=("train", "val", "test"),
    licence="research-only",
    terms="The pictures can only be used for scientific research. They are of Google Earth.",
    homepage="https://sites.google.com/site/hrsc2016/",
    citation="Liu et al., A High Resolution Optical Satellite Image Dataset for Ship Recognition and Some New "
    "Baselines, ICPRAM 2017",
    obtain="Download the archives HRSC2016.part*.rar by the links of mmrotate (tools/data/hrsc) and unpack them there.",
    tree="""\
HRSC2016/FullDataSet/AllImages/100000001.bmp
HRSC2016/FullDataSet/Annotations/100000001.xml
HRSC2016/ImageSets/train.txt  val.txt  test.txt
(or Train/ and Test/ with AllImages/ and Annotations/, when there is no FullDataSet/)""",
    sizes_in_annotations=True,
)
DEPTH = 3
HALVES = {"train": "train", "test": "test"}  # folder -> split, where there are no lists


def find(root: Path, split: str | None = None, *, images: bool = True, boxes: str = "obb") -> list[Item]:
    """List the ids of the split lists and what no list names (split "").

    boxes: "obb" (turned, with corners; the box is their hull) or "hbb" (the upright boxes of the annotation).
    Without lists the folders Train and Test are the splits. Listed ids of which neither image nor XML is on disk are
    counted in one drop for each list (listed-but-absent).
    """
    if boxes not in _hrsc.BOXES:
        raise BadSource(f"HRSC2016: boxes is {boxes!r} where 'obb' or 'hbb' is wanted")
    root = _files.check_root(root, INFO)
    bases = _bases(root)
    if not bases:
        raise _files.missing(INFO, root, "folder FullDataSet/Annotations with XML files")
    lists = _lists.read_lists(root, root, DEPTH) or _folder_lists(root, bases)
    if split is not None and split not in lists:
        raise _files.wrong_split(INFO, split, lists)
    labels: dict[str, str] = {}
    pictures: dict[str, str] = {}
    for base in bases:
        labels |= _in(root, base / "Annotations", {".xml"})
        pictures |= _in(root, base / "AllImages", _files.IMAGE_SUFFIXES)
    prefix = _files.prefix_of(root, bases[0] / "AllImages")
    shown = pictures if images else None
    found = _lists.items(
        root, "hrsc2016/", shown, labels, lists, lambda _, stem: f"{prefix}{stem}.bmp", {"boxes": boxes}
    )
    return [item for item in found if split is None or item.split == split]


def read(item: Item) -> Iterator[Record | Drop]:
    """Read one XML file and the size of its image."""
    if "absent" in item.data:
        yield from _lists.absent(item)
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        sheet = _hrsc.parse(_files.read_bytes(item.root / item.label, item.label), item.label, item.data["boxes"])
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    if not sheet.annotated:
        yield Drop(
            item.id, "read", "missing-annotation", f"{item.label}: not annotated (Annotated is not 1, no object)"
        )
        return

    def where(shape: Shape) -> str:
        return f"{item.label}: object {shape.number}"

    yield from finish(item, INFO, sheet.page, INFO.concept, where)


def _bases(root: Path) -> list[Path]:
    """FullDataSet where its Annotations hold XML; else every other folder whose Annotations do."""
    found = [f.parent for f in _files.folders(root, _files.named("Annotations"), DEPTH) if any(f.glob("*.xml"))]
    return [base for base in found if base.name.lower() == "fulldataset"] or found


def _folder_lists(root: Path, bases: list[Path]) -> dict[str, list[str]]:
    halves = {base: HALVES.get(base.name.lower(), "") for base in bases}
    return {
        split: sorted(_in(root, base / "Annotations", {".xml"}) | _in(root, base / "AllImages", _files.IMAGE_SUFFIXES))
        for base, split in halves.items()
        if split
    }


def _in(root: Path, folder: Path, suffixes: frozenset[str] | set[str]) -> dict[str, str]:
    return _files.listing(folder, suffixes, _files.prefix_of(root, folder))
