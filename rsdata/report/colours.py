"""One colour for each label, the same in every picture.

The classes of DOTA, DIOR, VisDrone, LoveDA and Potsdam are spread by hand over twenty bright colours, such that two
classes of one dataset differ; every other label gets its colour from a hash of its name.
"""

from __future__ import annotations

from hashlib import blake2b

Colour = tuple[int, int, int]

PALETTE: dict[Colour, str] = {
    (255, 214, 0): "small_vehicle vehicle car road",
    (255, 82, 82): "ship building truck",
    (0, 229, 255): "airplane tricycle",
    (255, 145, 0): "large_vehicle farmland bus expressway_service_area",
    (118, 255, 3): "storage_tank forest tree van",
    (234, 128, 252): "harbor bicycle",
    (64, 156, 255): "swimming_pool water dam motorcycle",
    (29, 233, 182): "tennis_court awning_tricycle",
    (255, 64, 180): "bridge",
    (205, 220, 57): "baseball_diamond",
    (255, 171, 145): "basketball_court bare_land person",
    (150, 110, 255): "ground_track_field",
    (0, 200, 83): "soccer_field windmill",
    (178, 235, 242): "helicopter overpass",
    (255, 236, 160): "roundabout golf_course",
    (244, 143, 177): "container_crane chimney",
    (200, 140, 90): "airport",
    (235, 235, 235): "helipad stadium impervious_surface",
    (90, 90, 255): "train_station",
    (170, 255, 210): "expressway_toll_station low_vegetation",
}
COLOURS = list(PALETTE)
_BY_LABEL = {label: colour for colour, labels in PALETTE.items() for label in labels.split()}


def of_label(label: str) -> Colour:
    """The colour of a label."""
    return _BY_LABEL.get(label) or COLOURS[blake2b(label.encode(), digest_size=2).digest()[0] % len(COLOURS)]


def of_value(value: int, used: frozenset[Colour] = frozenset()) -> Colour:
    """The colour of a mask value (a class index or 0xRRGGBB) that is none of `used`; neighbours differ."""
    free = [colour for colour in COLOURS if colour not in used] or COLOURS
    return free[(value * 7 if value < 256 else value * 2654435761 >> 8) % len(free)]
