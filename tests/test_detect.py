"""Which reader fits a folder, and the tree that a reader looks for beside what is there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from reading import picture, text

from rsdata import readers, sample
from rsdata.errors import RsdataError
from rsdata.readers import _detect

NEW = ["eurosat", "ucmerced", "aid", "rsscn7", "patternnet", "rsi_cb256", "siri_whu", "mlrsnet", "fmow"]
NEW += ["geotiff", "tiles", "webdataset", "parquet"]
REAL = {
    "aid_resized": "aid", "rsscn7": "rsscn7", "dior": "dior", "dota": "dota", "isaid": "isaid", "loveda": "loveda",
    "rsicd": "rsicd", "voc_mini": "voc", "coco_mini": "coco", "simd_yolo": "yolo", "rasters": "geotiff",
    "fair_oam_osm": "tiles",
}  # fmt: skip


@pytest.mark.parametrize("name", [*sample.FORMATS, *(name for name in NEW if name not in sample.FORMATS)])
def test_drawn_datasets_are_known(name: str, tmp_path: Path) -> None:
    folder = tmp_path / (name if readers.get(name).INFO.task == "scenes" else "unnamed")
    import_module(f"rsdata.sample.{name}").write(folder, 4, 1)
    fits = _detect.guess(folder)
    best = next((fit for fit in fits if fit.reader == name), fits[0])
    assert best.reader == name and best.confidence >= fits[0].confidence - 0.03, fits  # some sets share their form
    assert 0.5 < best.confidence <= 1 and "sampled images read" in best.why


@pytest.mark.parametrize("folder", REAL)
def test_real_datasets_are_known(folder: str, shared_data: Path) -> None:
    assert _detect.guess(shared_data / folder)[0].reader == REAL[folder]


@pytest.mark.parametrize("folder", ["geoparquet", "google_places", "osm_extracts", "cc3m"])
def test_what_holds_no_images_fits_none(folder: str, shared_data: Path) -> None:
    assert _detect.guess(shared_data / folder) == []


def test_strange_folders(tmp_path: Path) -> None:
    assert _detect.guess(tmp_path) == []
    picture(tmp_path / "holiday/me.jpg")
    text(tmp_path / "notes.txt", "hello")
    assert _detect.guess(tmp_path) == []
    for root in (tmp_path / "nowhere", tmp_path / "notes.txt"):
        with pytest.raises(RsdataError, match="no such folder to look into"):
            _detect.guess(root)


def test_the_copy_is_small_and_keeps_pairs_together(tmp_path: Path) -> None:
    root = tmp_path / "big"
    for n in range(40):
        text(root / f"images/{n:03d}.jpg", "x")
        text(root / f"images/{n:03d}.txt", "x")
        text(root / f"labels/{n:03d}.xml", "x")
        text(root / f"classes/{n:03d}/a.png", "x")
    text(root / ".git/config", "x")
    _detect.small_copy(root, tmp_path / "copy")
    found = sorted(str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*") if p.is_file())
    stems = [f"{n:03d}" for n in range(_detect.FILES)]
    assert [p for p in found if p.startswith("images")] == sorted(
        f"images/{s}.{x}" for s in stems for x in ("jpg", "txt")
    )
    assert [p for p in found if p.startswith("labels")] == [f"labels/{s}.xml" for s in stems]
    assert len([p for p in found if p.startswith("classes")]) == 40
    assert not any(".git" in p for p in found)


def test_the_layout_beside_what_is_there(tmp_path: Path) -> None:
    import_module("rsdata.sample.aid").write(tmp_path / "AID", 3, 1)
    found = _detect.layout("dior", tmp_path / "AID")
    assert found.wanted == readers.get("dior").INFO.tree.splitlines()
    assert found.found == [
        "Airport/",
        "  airport_1.jpg",
        "Farmland/",
        "  farmland_1.jpg",
        "Port/",
        "  port_1.jpg",
        "README.txt",
    ]
    assert found.fits[0].reader == "aid"
    assert all(fit.reader != "dior" for fit in found.fits)
    assert _detect.layout("dior", tmp_path / "nowhere") == (found.wanted, [], [])


def test_long_folders_are_cut_short(tmp_path: Path) -> None:
    for n in range(9):
        text(tmp_path / f"a/{n}.txt", "")
        (tmp_path / f"d{n}").mkdir()
    lines = _detect.tree(tmp_path)
    assert lines[:8] == ["a/", *(f"  {n}.txt" for n in range(6)), "  ... 3 more files"]
    assert lines[-1] == "... 4 more folders"
