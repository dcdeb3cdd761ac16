"""xView: 60 classes, a million boxes in large satellite images (Lam et al., 2018).

Sources of the format: DIUx-xView/xView1_baseline (xview_class_labels.txt) and data_utilities (wv_util.py), fcakyon's
xview_to_coco.py. All labels stand in one GeoJSON of 0.7 GB: `find` goes through it once, element by element, and keeps
for each image where its features lie (`_jsonlist`); `read` fetches those. Known faults of the file, all counted: boxes
that are empty, or reach over the image's border; ids 75 and 82, which have no name; features of 1395.tif, which is not
among the images. Class 34, "Passenger Car", is a railway car. val_images/ has no labels and is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rsdata.errors import BadAnnotation, BadSource
from rsdata.readers import _files, _jsonlist, _xview
from rsdata.readers._info import Info
from rsdata.readers._objects import STAGE, Shape, finish, no_annotation, refuse_file
from rsdata.record import Drop, Item, Record

INFO = Info(
    title="xView",
    task="detection",
    platform="satellite",
    classes={
        "Fixed-wing Aircraft": "airplane",
        "Small Aircraft": "small_aircraft",
        "Passenger/Cargo Plane": "transport_plane",
        "Helicopter": "helicopter",
        "Passenger Vehicle": "passenger_vehicle",
        "Small Car": "car",
        "Bus": "bus",
        "Pickup Truck": "pickup_truck",
        "Utility Truck": "utility_truck",
        "Truck": "truck",
        "Cargo Truck": "cargo_truck",
        "Truck Tractor w/ Box Trailer": "truck_with_box_trailer",
        "Truck Tractor": "truck_tractor",
        "Trailer": "trailer",
        "Truck Tractor w/ Flatbed Trailer": "truck_with_flatbed_trailer",
        "Truck Tractor w/ Liquid Tank": "truck_with_tank_trailer",
        "Crane Truck": "crane_truck",
        "Railway Vehicle": "railway_vehicle",
        "Passenger Car": "passenger_railcar",
        "Cargo/Container Car": "cargo_railcar",
        "Flat Car": "flat_railcar",
        "Tank car": "tank_railcar",
        "Locomotive": "locomotive",
        "Maritime Vessel": "vessel",
        "Motorboat": "motorboat",
        "Sailboat": "sailboat",
        "Tugboat": "tugboat",
        "Barge": "barge",
        "Fishing Vessel": "fishing_boat",
        "Ferry": "ferry",
        "Yacht": "yacht",
        "Container Ship": "container_ship",
        "Oil Tanker": "oil_tanker",
        "Engineering Vehicle": "engineering_vehicle",
        "Tower crane": "tower_crane",
        "Container Crane": "container_crane",
        "Reach Stacker": "reach_stacker",
        "Straddle Carrier": "straddle_carrier",
        "Mobile Crane": "mobile_crane",
        "Dump Truck": "dump_truck",
        "Haul Truck": "haul_truck",
        "Scraper/Tractor": "scraper",
        "Front loader/Bulldozer": "front_loader",
        "Excavator": "excavator",
        "Cement Mixer": "cement_mixer",
        "Ground Grader": "ground_grader",
        "Hut/Tent": "hut",
        "Shed": "shed",
        "Building": "building",
        "Aircraft Hangar": "aircraft_hangar",
        "Damaged Building": "damaged_building",
        "Facility": "facility",
        "Construction Site": "construction_site",
        "Vehicle Lot": "vehicle_lot",
        "Helipad": "helipad",
        "Storage Tank": "storage_tank",
        "Shipping container lot": "shipping_container_lot",
        "Shipping Container": "shipping_container",
        "Pylon": "transmission_tower",
        "Tower": "tower",
    },
    splits=("train",),
    licence="CC-BY-NC-SA-4.0",
    terms="CC BY-NC-SA 4.0, no commercial use.",
    homepage="https://xviewdataset.org",
    citation="Lam et al., xView: Objects in Context in Overhead Imagery, 2018",
    obtain="Register at https://xviewdataset.org, download the training images and labels, and unpack them there.",
    tree="""\
xView/xView_train.geojson
xView/train_images/5.tif""",
)
FOLDER = "train_images"
ORPHANS = "features-without-image"


def find(root: Path, split: str | None = None, *, images: bool = True) -> list[Item]:
    """Go through the GeoJSON once and list the images that it names, and those of train_images/ that it does not."""
    root = _files.check_root(root, INFO)
    if not images:
        raise _files.no_sizes(INFO)
    if split not in (None, "train"):
        raise _files.wrong_split(INFO, str(split), ("train",))
    label = _index(root)
    spans, loose = _spans(root, label)
    pictures: dict[str, str] = {}
    for folder in _files.folders(root, _files.named(FOLDER), 3):  # the archive may unpack one inside the other
        pictures |= _files.images_of(root, folder)
    prefix = f"{next(iter(pictures.values())).rpartition('/')[0]}/" if pictures else f"{FOLDER}/"
    found = []
    for stem in {str(key) for key in spans.places} | pictures.keys():
        places = spans.of(stem)
        image = pictures.get(stem, f"{prefix}{stem}.tif")
        found.append(Item(root, f"xview/train/{stem}", "train", image, label if places else None, {"spans": places}))
    if loose:
        found.append(Item(root, f"xview/train/{ORPHANS}", "train", None, label, {"loose": loose}))
    return sorted(found, key=lambda item: item.id)


def read(item: Item) -> Iterator[Record | Drop]:
    """Fetch the features of one image from the GeoJSON, and read the size of the image."""
    if "loose" in item.data:
        detail = f"{item.label}: features that name no image"
        yield Drop(item.id, STAGE, "orphan-annotation", detail, images=0, objects=item.data["loose"])
        return
    if item.label is None:
        yield no_annotation(item)
        return
    try:
        features = _jsonlist.read_spans(item.root / item.label, item.label, item.data["spans"])
    except BadAnnotation as error:
        yield refuse_file(item, error)
        return
    page = _xview.parse(features, item.label)

    def where(shape: Shape) -> str:
        return f"{item.label}: {_xview.place(features[shape.number - 1].get('properties'), shape.number)}"

    yield from finish(item, INFO, page, INFO.concept, where)


def _index(root: Path) -> str:
    """The GeoJSON, relative to root."""
    for folder in [root, *_files.folders(root, lambda _: True, 2)]:
        listed = _files.listing(folder, {".geojson"}, _files.prefix_of(root, folder))
        named = [path for stem, path in listed.items() if "xview" in stem.lower() and "train" in stem.lower()]
        if named:
            return named[0]
    raise _files.missing(INFO, root, "xView_train.geojson")


def _spans(root: Path, label: str) -> tuple[_jsonlist.Spans, int]:
    """Where the features of each image lie, and the number of those that name none."""
    spans, loose = _jsonlist.Spans(), 0
    try:
        for element in _jsonlist.stream(root / label, label):
            if element.list == "features":
                image = _xview.image_of(element.value)
                if image is None:
                    loose += 1
                else:
                    spans.add(_files.stem_of(image), element)
    except BadAnnotation as error:
        raise BadSource(f"xView: {error}; get this file again") from error
    if not spans.places:
        raise BadSource(f"xView: {label} in {root} has no features that name an image; is it xView_train.geojson?")
    return spans, loose
