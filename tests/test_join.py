"""join: captions without images come back on the user's own copy; the same shards, and every caption accounted for."""

from __future__ import annotations

import shutil
from pathlib import Path

import drawn
import pytest
from PIL import Image

from rsdata import recipe
from rsdata.errors import BadCorpus, BadRecipe, BadSource
from rsdata.join import join
from rsdata.run import extend, run


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A corpus of two sources in windows, its images fingerprinted, packed as captions only."""
    sources = [recipe.source("dota", drawn.dota(tmp_path / "dota", 5))]
    sources.append(recipe.Source("dota", drawn.dota(tmp_path / "more", 4, seed=1), "more"))
    steps = [("tile", {"size": 64, "overlap": 8}), ("b2c", {"langs": ["en", "fr"]}), ("fingerprint", {})]
    run(recipe.make("two", sources, steps, seed=3), tmp_path / "c", workers=1)
    extend(tmp_path / "c", "pack", {"captions_only": True}, out=tmp_path / "captions", workers=1)
    return tmp_path


def roots(folder: Path) -> dict[str, Path]:
    return {"dota": folder / "dota", "more": folder / "more"}


def test_joined_and_packed_is_as_packed_directly(two: Path) -> None:
    shutil.copytree(two / "dota", two / "mine/dota")
    shutil.copytree(two / "more", two / "mine/more")
    found = join(two / "captions", roots(two / "mine"), two / "j", workers=1, check="hash")
    assert found.joined == found.given and found.dropped == {} and found.given["captions"] > 50
    direct = extend(two / "c", "pack", {}, workers=1).stages[-1].path
    joined = extend(two / "j", "pack", {}, workers=1).stages[-1].path
    names = sorted(p.relative_to(direct) for kind in ("shards", "parquet") for p in (direct / kind).iterdir())
    assert len(names) == 9
    for name in names:
        assert (joined / name).read_bytes() == (direct / name).read_bytes(), name
    assert join(two / "captions", roots(two / "mine"), two / "j", workers=1, check="hash").summary.ran == 0


def test_every_caption_is_accounted_for(two: Path) -> None:
    (two / "dota/images/P0001.png").unlink()
    with (two / "dota/images/P0002.png").open("ab") as file:
        file.write(b"x")
    Image.new("RGB", (60, 60)).save(two / "dota/images/P0003.png")
    found = join(two / "captions", {"dota": two / "dota"}, two / "j", skip=["more"], workers=1)
    assert set(found.dropped) == {"missing-image", "image-differs", "window-outside"}
    for kind in ("images", "captions"):
        gone = sum(n[kind] for n in [*found.dropped.values(), *found.skipped.values()])
        assert found.joined[kind] + gone == found.given[kind] and found.skipped["more"][kind] > 0
        assert all(n[kind] > 0 for n in found.dropped.values())
    assert found.summary.over != []


def test_a_copy_in_another_place_is_found_by_the_datasets_own_reader(two: Path) -> None:
    (two / "moved/train").mkdir(parents=True)
    shutil.move(two / "dota/images", two / "moved/images")
    shutil.move(two / "dota/labelTxt", two / "moved/labelTxt")
    found = join(two / "captions", {"dota": two / "moved"}, two / "j", skip=["more"], workers=1)
    assert found.dropped == {} and found.joined["images"] > 0


def test_what_is_wrong_is_said(two: Path) -> None:
    with pytest.raises(BadRecipe, match=r"no captions of 'dotta' here; there are those of dota, more"):
        join(two / "captions", {"dotta": two}, two / "j")
    with pytest.raises(BadSource, match=r"no such folder for the images of dota; give --root dota=FOLDER"):
        join(two / "captions", {}, two / "j")
    with pytest.raises(BadCorpus, match="no captions without images here"):
        join(two / "c", {}, two / "j")
    with pytest.raises(BadSource, match="check is 'eyes'; wanted size, bytes, hash, look"):
        join(two / "captions", roots(two), two / "j", check="eyes", workers=1)
    with pytest.raises(BadRecipe, match="nothing is there to join"):
        join(two / "captions", {}, two / "j", skip=["dota", "more"])
