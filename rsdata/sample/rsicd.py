"""The drawn world in the format of RSICD: 224 x 224 crops with five sentences each, in Karpathy's JSON.

The sentences are written from what the crop shows: things are counted when their middle lies in it, ground when it
covers enough of it. Where there is less to say than five sentences, the first ones come again, as in RSICD.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsdata.record import Window
from rsdata.sample.files import Shot, note, save_image, save_text, shots
from rsdata.sample.paint import paint
from rsdata.sample.world import COVERS, Scene, Thing, cover_map

SIZE = 224
SHOTS = tuple(
    Shot(kind, 512, 512, gsd)
    for kind, gsd in (
        ("airport", 0.9), ("port", 0.8), ("farmland", 0.8), ("residential", 0.4), ("parking", 0.3),
        ("playground", 0.5), ("storagetanks", 0.5), ("crossing", 0.12),
    )
)  # fmt: skip
PLACES = {  # kind of scene -> class in the file name (none: numbered), how sentences call it, what catches the eye
    "airport": ("airport", "at an airport", "airplane"),
    "port": ("port", "in a port", "ship"),
    "farmland": ("farmland", "in the countryside", "bridge"),
    "residential": ("mediumresidential", "in a residential area", "house"),
    "parking": ("parking", "in a parking lot", "car"),
    "playground": ("playground", "at a sports ground", "ground_track_field"),
    "storagetanks": ("storagetanks", "at a tank farm", "storage_tank"),
    "crossing": ("", "at a crossroads", "car"),
}
NOUNS = {
    "airplane": ("plane", "planes"),
    "helicopter": ("helicopter", "helicopters"),
    "ship": ("boat", "boats"),
    "harbor": ("pier", "piers"),
    "storage_tank": ("storage tank", "storage tanks"),
    "car": ("car", "cars"),
    "van": ("car", "cars"),
    "truck": ("truck", "trucks"),
    "bus": ("bus", "buses"),
    "bridge": ("bridge", "bridges"),
    "roundabout": ("roundabout", "roundabouts"),
    "swimming_pool": ("swimming pool", "swimming pools"),
    "ground_track_field": ("running track", "running tracks"),
    "soccer_field": ("football field", "football fields"),
    "tennis_court": ("tennis court", "tennis courts"),
    "basketball_court": ("basketball court", "basketball courts"),
    "baseball_diamond": ("baseball field", "baseball fields"),
}
LOOKS = {"house": ("house", "houses"), "roof": ("building", "buildings"), "hangar": ("building", "buildings")}
GROUND = {"water": "water", "road": "a road", "forest": "a forest", "farmland": "fields", "bare_land": "bare ground"}
NUMBERS = ("no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def write(root: Path, scenes: int, seed: int) -> int:
    """Write RSICD_images/<class>_<n>.jpg and dataset_rsicd.json."""
    note(root, "RSICD")
    entries: list[dict[str, Any]] = []
    for number, (split, scene) in enumerate(shots(SHOTS, scenes, seed, "rsicd"), 1):
        window = crop(scene)
        name = PLACES[scene.kind][0]
        file = f"{name}_{number}.jpg" if name else f"{number:05d}.jpg"
        x, y, width, height = window
        part = Image.fromarray(paint(scene)[y : y + height, x : x + width])
        save_image(root / "RSICD_images" / file, np.asarray(part.resize((SIZE, SIZE), Image.Resampling.LANCZOS)))
        sentences = [{"raw": text, "tokens": text[:-2].split()} for text in captions(scene, window)]
        entries.append({"filename": file, "imgid": number - 1, "sentences": sentences, "split": split})
    save_text(root / "dataset_rsicd.json", [json.dumps({"images": entries, "dataset": "rsicd"})])
    return scenes


def crop(scene: Scene) -> Window:
    """The square of 400 pixels, out of a few dozen, that shows the most annotated things."""
    rng = random.Random(scene.name)
    side = min(400, scene.width, scene.height)
    spots = [(rng.randrange(scene.width - side + 1), rng.randrange(scene.height - side + 1)) for _ in range(24)]
    windows = [Window(x, y, side, side) for x, y in spots]
    return max(windows, key=lambda window: len(seen(scene, window)))


def seen(scene: Scene, window: Window) -> list[Thing]:
    """The things with a noun whose middle lies in the window."""
    x, y, width, height = window
    inside = [t for t in scene.things if x <= t.x < x + width and y <= t.y < y + height]
    return [thing for thing in inside if thing.label in NOUNS or thing.look in LOOKS or thing.look == "tree"]


def captions(scene: Scene, window: Window) -> list[str]:
    """Five sentences in the manner of RSICD: lower case, a space before the full stop."""
    things = seen(scene, window)
    counts = _counts(things, PLACES[scene.kind][2])
    amounts = [_amount(noun, count) for noun, count in counts.items()]
    ground = _ground(scene, window)
    trees = ["some green trees"] if sum(thing.look == "tree" for thing in things) > 2 else []
    where = PLACES[scene.kind][1]
    place = where.split(" ", 1)[1]
    made = []
    if amounts:
        made.append(f"{amounts[0]} {_verb(amounts[:1])} {where}")
        made.append(f"there {_verb(amounts[:1])} {_list(amounts[:3])} {where}")
        main = next(iter(counts))
        around = trees + ground or amounts[1:2]
        if around:
            made.append(f"{_list(around[:2])} {_verb(around[:2])} near the {main[counts[main] > 1]}")
    if amounts[1:]:
        made.append(f"{_list(amounts[1:3])} {_verb(amounts[1:3])} {where}")
    if ground + amounts:
        made.append(f"this is {place} with {_list((amounts[-1:] + ground)[:3])}")
    made = [text + " ." for text in made or [f"this is {place}"]]
    return (made * 5)[:5]


def _counts(things: list[Thing], main: str) -> dict[tuple[str, str], int]:
    """How many of each noun, what catches the eye first, then by the ground they cover."""
    counts: dict[tuple[str, str], int] = {}
    areas: dict[tuple[str, str], float] = {}
    for thing in things:
        noun = NOUNS.get(thing.label) or LOOKS.get(thing.look)
        if noun:
            counts[noun] = counts.get(noun, 0) + 1
            areas[noun] = areas.get(noun, 0.0) + thing.length * thing.width
    first = NOUNS.get(main) or LOOKS[main]
    return {noun: counts[noun] for noun in sorted(counts, key=lambda noun: (noun != first, -areas[noun], noun))}


def _verb(parts: list[str]) -> str:
    return "is" if len(parts) == 1 and parts[0].split()[0] in ("a", "water", "bare") else "are"


def _amount(noun: tuple[str, str], count: int) -> str:
    if count == 1:
        return f"a {noun[0]}"
    return f"{NUMBERS[count] if count < len(NUMBERS) else 'many'} {noun[1]}"


def _ground(scene: Scene, window: Window) -> list[str]:
    x, y, width, height = window
    values = cover_map(scene)[y : y + height, x : x + width]
    shares = np.bincount(values.ravel(), minlength=len(COVERS)) / values.size
    order = sorted(range(1, len(COVERS)), key=lambda i: -shares[i])
    return [GROUND[COVERS[i]] for i in order if shares[i] >= 0.04 and COVERS[i] in GROUND]


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
