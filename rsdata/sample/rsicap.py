"""The drawn world in the format of RSICap and RSIEval: one long caption for each 512 x 512 image."""

from __future__ import annotations

import json
from pathlib import Path

from rsdata.sample.crops import crops, plain, save
from rsdata.sample.files import note, save_text

FOLDERS = {"train": ("RSICap", "captions.json"), "test": ("RSIEval", "annotations.json")}


def write(root: Path, scenes: int, seed: int) -> int:
    """Write RSICap/ (train) and RSIEval/ (test), each with images/ and its JSON."""
    note(root, "RSICap")
    entries: dict[str, list[dict[str, str]]] = {"train": [], "test": []}
    for found in crops(scenes, seed, "rsicap", 512):
        split = "test" if found.split == "test" else "train"
        file = f"P{found.number:04d}_0001.png"
        save(root / FOLDERS[split][0] / "images" / file, found.pixels)
        text = " ".join(dict.fromkeys(plain(sentence) for sentence in found.sentences))
        entries[split].append({"filename": file, "text_output": text})
    for split, (folder, name) in FOLDERS.items():
        if entries[split]:
            save_text(root / folder / name, [json.dumps({"annotations": entries[split]})])
    return scenes
