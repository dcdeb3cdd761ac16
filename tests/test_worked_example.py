"""The worked example of rsdata/readers/README.md, run as it stands there: two files make a dataset."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_readers_contract as contract
from reading import labels, picture, read_all, text

from rsdata import corpus, readers, recipe, sample
from rsdata.report import check
from rsdata.run import run

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "rsdata/readers/README.md"
BLOCK = re.compile(r"^```python\n# rsdata/(readers|sample)/(lagoon)\.py\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def lagoon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the two files, which the packages take for their own."""
    for package, name, code in BLOCK.findall(README.read_text()):
        text(tmp_path / f"code/{package}/{name}.py", code)
    for package in (readers, sample):
        place = str(tmp_path / "code" / package.__name__.partition(".")[2])
        monkeypatch.setattr(package, "__path__", [*package.__path__, place])
    monkeypatch.setattr(sample, "FORMATS", (*sample.FORMATS, "lagoon"))
    importlib.invalidate_caches()
    yield tmp_path / "code"
    for package in (readers, sample):
        sys.modules.pop(f"{package.__name__}.lagoon", None)
        vars(package).pop("lagoon", None)


def test_the_page_holds_both_files() -> None:
    assert [found[:2] for found in BLOCK.findall(README.read_text())] == [("readers", "lagoon"), ("sample", "lagoon")]


def test_the_reader_keeps_the_contract(lagoon: Path, tmp_path: Path) -> None:
    assert "lagoon" in readers.names()
    contract.test_the_card_is_complete("lagoon")
    contract.test_the_interface("lagoon")
    contract.test_bad_roots_are_explained("lagoon", tmp_path)


def test_its_line_is_read_as_the_page_says(lagoon: Path, tmp_path: Path) -> None:
    line = re.search(r"marks/0001\.txt +(vessel .*)", README.read_text())
    assert line
    root = tmp_path / "Lagoon"
    text(root / "train/marks/0001.txt", f"{line[1]}\n\nunclear 9 9 4 4\nwhale 9 9 4 4\nvessel 1 2\nvessel 400 9 4 4\n")
    picture(root / "train/photos/0001.jpg", 200, 100)
    picture(root / "train/photos/0002.jpg")
    text(root / "test/marks/0003.txt", "")
    records, drops = read_all("lagoon", root)
    (record,) = records
    assert [(obj.label, obj.box) for obj in record.objects] == [("ship", (100.5, 80.0, 140.5, 96.0))]
    assert {drop.reason: (drop.id, drop.images, drop.objects) for drop in drops} == {
        "bad-annotation": ("lagoon/train/0001", 0, 1),
        "refused-class": ("lagoon/train/0001", 0, 1),
        "unknown-class": ("lagoon/train/0001", 0, 1),
        "outside-image": ("lagoon/train/0001", 0, 1),
        "missing-annotation": ("lagoon/train/0002", 1, 0),
        "missing-image": ("lagoon/test/0003", 1, 0),
    }


def test_drawn_scenes_become_captions(lagoon: Path, tmp_path: Path) -> None:
    assert sample.write(tmp_path / "data", scenes=3, seed=0, formats=["lagoon"]) == {"lagoon": 3}
    source = recipe.source("lagoon", tmp_path / "data/lagoon")
    run(recipe.make("lagoon", [source], [("m2b", {}), ("b2c", {})]), tmp_path / "c", workers=1)
    made = corpus.open(tmp_path / "c")
    records = list(made.records())
    assert sorted(record.split for record in records) == ["test", "train", "train"]
    assert set(labels(records)) == {"ship", "harbor"}
    assert check.check(made, workers=1) == []
    assert all("ship" in " ".join(caption.text for caption in record.captions) for record in records)


def test_the_command_line_finds_it(lagoon: Path, tmp_path: Path) -> None:
    """As a user runs it, in a process of its own: find, read and convert by name alone."""
    sample.write(tmp_path / "data", scenes=3, seed=0, formats=["lagoon"])
    start = "import sys, rsdata.readers as r; r.__path__.append(sys.argv[1] + '/readers')"
    code = f"{start}; from rsdata.cli.app import main; del sys.argv[1]; main()"
    command = [sys.executable, "-c", code, str(lagoon), "convert", "lagoon", "--root", str(tmp_path / "data/lagoon")]
    done = subprocess.run([*command, "--workers", "1", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stages = json.loads(done.stdout)["stages"]
    assert [(stage["stage"], stage["images"]["out"]) for stage in stages] == [
        ("00-read", 3),
        ("01-m2b", 3),
        ("02-b2c", 3),
    ]


def test_its_code_is_kept_as_ours(lagoon: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(ROOT / "pyproject.toml"),
        "--no-cache",
        str(lagoon),
    ]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "All checks passed!\n"
    command[3:4] = ["format", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
