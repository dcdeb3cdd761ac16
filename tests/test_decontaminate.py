"""Decontamination: every way in which a benchmark's image hides in a corpus, and what is no leak."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import cut, picture, save
from PIL import Image
from typer.testing import CliRunner

from rsdata import benchmarks, corpus, phash, recipe
from rsdata.cli.app import _register, app
from rsdata.errors import BadCorpus, BadRecipe, BadSource
from rsdata.record import Drop, Record, Window, read_drops, write_part
from rsdata.run import extend, run
from rsdata.stages import _hashlist, _leaks, _lookup, decontaminate, fingerprint
from rsdata.stages._derived import scene

TRANSPOSE = Image.Transpose


def reencoded(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue()))


def leaks(
    tmp_path: Path, train: dict[str, Image.Image], bench: dict[str, Image.Image], **params: object
) -> dict[str, str]:
    """Id -> why, of train images (source "a") against benchmark images (source "b")."""
    records = []
    for name, image in train.items():
        save(image, tmp_path / f"a/{name}.png")
        records.append(Record(f"a/{name}", "a", path=f"{name}.png", width=image.width, height=image.height))
    for name, image in bench.items():
        save(image, tmp_path / f"b/{name}.png")
    records = list(fingerprint.run(records, roots={"a": tmp_path / "a"}))
    out = tmp_path / "corpora/c/01-decontaminate"
    out.mkdir(parents=True, exist_ok=True)
    write_part(out / "part-00000.parquet", records)
    benchmarks.hash_list(tmp_path / "b.parquet", [str(tmp_path / "b")], workers=1)
    against = [str(tmp_path / "b.parquet")]
    state = decontaminate.prepare([out / "part-00000.parquet"], out=out, against=against, **params)
    drops = [
        o for o in decontaminate.run(records, out=out, against=against, state=state, **params) if isinstance(o, Drop)
    ]
    assert {d.reason for d in drops} <= {"contaminated"} == set(decontaminate.FILTERS)
    assert sum(n["dropped"] for n in state["lists"].values()) == len(drops)
    return {d.id: d.detail for d in drops}


CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "the same": (lambda im: im, r"phash b/0: the same image, distance 0; sha256 b/0: the same file, byte for byte"),
    "encoded anew": (lambda im: reencoded(im, 40), r"phash b/0: the same image, distance [024]"),
    "half size": (lambda im: im.resize((160, 120)), r"phash b/0: the same image, distance [024]"),
    "mirrored": (
        lambda im: im.transpose(TRANSPOSE.FLIP_LEFT_RIGHT),
        r"rotation b/0: this image is it, mirrored left to right, distance [02]",
    ),
    "upside down": (
        lambda im: im.transpose(TRANSPOSE.FLIP_TOP_BOTTOM),
        r"rotation b/0: this image is it, mirrored top to bottom, distance [02]",
    ),
    "turned left": (
        lambda im: im.transpose(TRANSPOSE.ROTATE_90),
        r"rotation b/0: this image is it, turned left by 90, distance [02]",
    ),
    "turned right": (
        lambda im: im.transpose(TRANSPOSE.ROTATE_270),
        r"rotation b/0: this image is it, turned right by 90, distance [02]",
    ),
    "cut out": (lambda im: cut(im, 0.875), r"crop b/0: this image is the middle 0.875 of each side of it, distance 0"),
    "cut out, turned and encoded anew": (
        lambda im: reencoded(cut(im, 0.75).transpose(TRANSPOSE.ROTATE_180), 60),
        r"crop\+rotation b/0: this image is the middle 0.75 of each side of it, turned by 180, distance [024]",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_benchmark_image_is_found_and_says_how(tmp_path: Path, name: str) -> None:
    change, why = CHANGES[name]
    image = picture(0, 320, 240)
    bench = {str(seed): picture(seed, 320, 240) for seed in range(5)}
    train = {"leak": change(image), **{f"other{seed}": picture(100 + seed, 320, 240) for seed in range(5)}}
    (found,) = leaks(tmp_path, train, bench).items()
    assert found[0] == "a/leak" and re.fullmatch(why, found[1]), found[1]


def test_an_image_that_holds_the_benchmark_image_in_its_middle_is_found(tmp_path: Path) -> None:
    large = picture(0, 256, 256)
    bench = {"crop": cut(large, 0.875), "turned": cut(picture(1), 0.875).transpose(TRANSPOSE.ROTATE_90)}
    found = leaks(tmp_path, {"whole": large, "second": picture(1), "other": picture(2)}, bench)
    assert set(found) == {"a/whole", "a/second"}
    assert found["a/whole"].startswith("crop b/crop: it is the middle 0.875 of each side of this image, distance 0")
    wanted = r"crop\+rotation b/turned: it is the middle 0.875 of each side of this image, turned left by 90"
    assert re.match(wanted, found["a/second"])


def test_views_and_crops_can_be_left_out(tmp_path: Path) -> None:
    train = {"turned": picture(0).transpose(TRANSPOSE.ROTATE_90), "cut": cut(picture(1), 0.875), "same": picture(2)}
    bench = {str(seed): picture(seed) for seed in range(3)}
    assert set(leaks(tmp_path, train, bench)) == {"a/turned", "a/cut", "a/same"}
    assert set(leaks(tmp_path, train, bench, views=False)) == {"a/cut", "a/same"}
    assert set(leaks(tmp_path, train, bench, crops=False)) == {"a/turned", "a/same"}
    assert set(leaks(tmp_path, train, bench, crops=False, views=False)) == {"a/same"}


def test_flat_images_match_nothing(tmp_path: Path) -> None:
    blank, frame = Image.new("RGB", (200, 200), (3, 60, 120)), np.asarray(picture(4, 200, 200)).copy()
    frame[15:185, 15:185] = 60  # its middle is blank, too
    assert leaks(tmp_path, {"blank": blank, "framed": Image.fromarray(frame)}, {"blank": blank}) == {}
    assert leaks(tmp_path, {"blank": blank}, {"framed": Image.fromarray(frame), "blank": blank}) == {}


def test_unlike_pictures_are_no_leaks(tmp_path: Path) -> None:
    train = {str(seed): picture(seed, 96, 96) for seed in range(40)}
    bench = {str(seed): picture(1000 + seed, 96, 96) for seed in range(40)}
    assert leaks(tmp_path, train, bench, distance=10) == {}


# the search, held against comparing each with each


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 10), st.integers(0, 9), st.integers(0, 5), st.integers(1, 4))
def test_the_nearest_hash_is_that_of_comparing_each_with_each(seed: int, t: int, n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(seed)

    def some(count: int) -> list[int]:
        near = [0xF0F0A5A53C3C9696 ^ sum(1 << int(b) for b in rng.choice(64, 5, replace=False)) for _ in range(count)]
        return [0 if rng.random() < 0.15 else h for h in near]

    asked, bench = np.array(some(n), np.uint64), np.array(some(m * k), np.uint64).reshape(m, k)
    found = {a: (r, c, d) for a, r, c, d in zip(*(x.tolist() for x in _leaks.nearest(asked, bench, t)), strict=True)}
    wanted = {}
    for a, hash in enumerate(asked.tolist()):
        near = [
            ((hash ^ int(bench[r, c])).bit_count(), c, r) for r in range(m) for c in range(k) if hash and bench[r, c]
        ]
        if near and min(near)[0] <= t:
            d, c, r = min(near)
            wanted[a] = (r, c, d)
    assert found == wanted


# names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("rsicd", "rsicd/train/airport_4"), ("aid", "aid/Airport/airport_4")),
        (("rsicd", "rsicd/test/BareLand_12"), ("aid", "aid/BareLand/bareland_12")),
        (("isaid", "isaid/val/P0003@0,0,896,896"), ("dota", "dota/train/P0003")),
        (("dota-2", "dota-2/train/P0003"), ("dota", "dota/train/P0003")),
        (("rsicap", "rsicap/train/P0001_0002"), ("dota", "dota/train/P0001@512,0,512,512")),
        (("nwpu_captions", "nwpu_captions/test/airport_001"), ("resisc45", "resisc45/airport/airport_001")),
        (("ucm_captions", "ucm_captions/train/101"), ("ucmerced", "ucmerced/airplane/airplane00")),
        (("ucm_captions", "ucm_captions/test/2100"), ("ucmerced", "ucmerced/tenniscourt/tenniscourt99")),
        (("dior_r", "dior_r/train/00001"), ("dior", "dior/val/00001")),
        (("ai_tod", "ai_tod/train/2514__0_600"), ("xview", "xview/2514@0,0,800,800")),
        (("ai_tod", "ai_tod/train/P1234__1.0__600___0"), ("dota", "dota/val/P1234")),
        (("ai_tod", "ai_tod/val/00123__0_0"), ("dior", "dior/test/00123")),
        (("ai_tod", "ai_tod/val/9999952_00000_d_0000110__0_0"), ("visdrone", "visdrone/train/9999952_00000_d_0000110")),
        (("ai_tod", "ai_tod/val/0a1b7d6ec__0_0"), ("airbus_ship", "airbus_ship/train/0a1b7d6ec")),
    ],
)
def test_derived_datasets_share_the_names_of_scenes(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert scene(*one) == scene(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("rsicd", "rsicd/train/00001"), ("dior", "dior/train/00001")),
        (("levir", "levir/train/1"), ("levir", "levir/val/1")),
        (("rsicd", "rsicd/train/airport_4"), ("aid", "aid/Airport/airport_40")),
        (("rsicd", "rsicd/train/airport_4"), ("rsscn7", "rsscn7/airport_4")),
        (("dota", "dota/train/P0003"), ("dota", "dota/train/P00031")),
        (("ucm_captions", "ucm_captions/train/100"), ("ucmerced", "ucmerced/airplane/airplane00")),
        (("ai_tod", "ai_tod/train/25140__0_600"), ("xview", "xview/2514")),
    ],
)
def test_names_of_unrelated_images_are_no_evidence(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert scene(*one) != scene(*other)


# in a corpus


def rsscn7(root: Path, seeds: Sequence[int]) -> Path:
    for seed in seeds:
        save(picture(seed, 160, 160), root / f"rsscn7/aGrass/a{seed:03d}.png")
    return root


def aid(root: Path, images: dict[str, Image.Image]) -> Path:
    for name, image in images.items():
        save(image, root / f"aid/Airport/airport_{name}.png")
    return root


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """RSSCN7 with pictures 0 to 5; AID, of which one is picture 3 turned, one picture 5 cut out."""
    folder = rsscn7(tmp_path / "data", range(6))
    aid(
        folder,
        {
            "1": picture(3, 160, 160).transpose(TRANSPOSE.ROTATE_90),
            "2": cut(picture(5, 160, 160), 0.875),
            "3": picture(50),
        },
    )
    monkeypatch.setenv("RSDATA_DATA", str(folder))
    return folder


def made(tmp_path: Path, *steps: tuple[str, dict], name: str = "c") -> Path:
    plan = recipe.make("t", [recipe.source("rsscn7", None)], list(steps))
    plan = recipe.Recipe(plan.name, plan.sources, plan.steps, plan.seed, 4)
    run(plan, tmp_path / name, workers=1)
    return tmp_path / name


def why(stage: corpus.StageDir) -> dict[str, str]:
    return {d.id: d.detail for part in stage.path.glob("*.drops.parquet") for d in read_drops(part)}


def test_a_recipe_names_benchmarks_and_the_runner_makes_their_lists(data: Path, tmp_path: Path) -> None:
    path = made(tmp_path, ("fingerprint", {}), ("decontaminate", {"against": ["aid"]}))
    stage = corpus.open(path).stages[-1]
    assert stage.counts["images"] == {"in": 6, "made": 0, "out": 4, "dropped": 2}
    found = why(stage)
    assert found["rsscn7/aGrass/a003"].startswith("rotation aid/Airport/airport_1: this image is it, turned right")
    assert found["rsscn7/aGrass/a005"].startswith(
        "crop aid/Airport/airport_2: it is the middle 0.875 of each side of this image"
    )
    rows = _hashlist.read(tmp_path / "benchmarks/aid.parquet")
    assert stage.params["lists"] == [f"benchmarks/aid.parquet@{_hashlist.digest(rows)[:16]}"]
    state = corpus.read_json(stage.path / "prepare.json")["state"]["lists"]["benchmarks/aid.parquet"]
    assert state == {"images": 3, "leaked": 2, "dropped": 2, "kinds": {"crop": 1, "rotation": 1}}


def test_a_repeated_run_hashes_nothing_and_runs_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = ("fingerprint", {}), ("decontaminate", {"against": ["aid"]})
    path = made(tmp_path, *steps)
    before = (tmp_path / "benchmarks/aid.parquet").stat().st_mtime_ns
    monkeypatch.setattr(benchmarks, "work", lambda job: pytest.fail("hashed again"))
    made(tmp_path, *steps)
    extend(path, "decontaminate", {"against": ["aid"]}, workers=1)
    assert len(corpus.stage_dirs(path)) == 3
    assert (tmp_path / "benchmarks/aid.parquet").stat().st_mtime_ns == before


def test_a_benchmark_that_grew_is_compared_anew_when_asked(data: Path, tmp_path: Path) -> None:
    steps = ("fingerprint", {}), ("decontaminate", {"against": ["aid"]})
    path = made(tmp_path, *steps)
    aid(data, {"9": picture(0, 160, 160)})
    with pytest.raises(BadCorpus, match="--replace to make it again"):
        made(tmp_path, *steps)
    done = extend(path, "decontaminate", {"against": ["aid"]}, workers=1)
    assert [s.counts["images"]["dropped"] for s in done.stages] == [0, 0, 2, 1]


def test_folders_lists_and_datasets_together(data: Path, tmp_path: Path) -> None:
    save(picture(1, 160, 160), tmp_path / "mine/x.png")
    benchmarks.hash_list(tmp_path / "h.parquet", [str(tmp_path / "mine")], workers=1)
    save(picture(2, 160, 160), tmp_path / "other/y.png")
    path = made(tmp_path, ("fingerprint", {}))
    against = [str(tmp_path / "h.parquet"), str(tmp_path / "other"), "aid"]
    done = extend(path, "decontaminate", {"against": against}, workers=1)
    assert sorted(why(done.stages[-1])) == [f"rsscn7/aGrass/a00{n}" for n in (1, 2, 3, 5)]
    assert len(done.stages[-1].params["lists"]) == 3


class Notes:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def start(self, stage: str, total: int, done: int) -> None:
        pass

    def advance(self) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_found_takes_the_evaluation_sets_that_are_there_and_not_read(data: Path, tmp_path: Path) -> None:
    (data / "eurosat").mkdir()
    plan = recipe.make("t", [recipe.source("rsscn7", None)], [("decontaminate", {"against": ["found"]})])
    notes = Notes()
    steps = benchmarks.resolve(plan, tmp_path, workers=1, progress=notes).steps
    assert [text.partition("@")[0] for text in steps[0].params["lists"]] == ["benchmarks/aid.parquet"]
    assert len(notes.notes) == 2 and notes.notes[0].startswith("eurosat: not compared with: ")
    assert notes.notes[1] == "rsscn7: read by this recipe, so a model that learns from it cannot be measured on it"


def test_where_no_evaluation_set_is_found_nothing_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDATA_DATA", str(rsscn7(tmp_path / "data", range(2))))
    path = made(tmp_path, ("fingerprint", {}), ("decontaminate", {"against": ["found"]}))
    stage = corpus.open(path).stages[-1]
    assert stage.params["lists"] == [] and stage.counts["images"]["out"] == 2


def test_a_split_of_a_captions_set_is_compared_with_its_other_splits(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSDATA_DATA", str(shared_data))
    plan = recipe.make("t", [recipe.source("rsicd", None, "train")], [("decontaminate", {"against": ["rsicd:test"]})])
    lists = benchmarks.resolve(plan, tmp_path, workers=1).steps[0].params["lists"]
    rows = _hashlist.read(tmp_path / "benchmarks/rsicd-test.parquet")
    assert lists[0].startswith("benchmarks/rsicd-test.parquet@") and len(rows) == 150
    assert set(rows.column("split").to_pylist()) == {"test"}


@pytest.mark.parametrize(
    ("against", "error", "message"),
    [
        (["nowhere"], BadSource, "nowhere: no dataset, folder or hash list"),
        (["gone.parquet"], BadSource, "no such hash list"),
        (["resisc45"], BadSource, "no such folder for dataset resisc45"),
    ],
)
def test_a_benchmark_that_is_not_there_is_an_error(
    data: Path, tmp_path: Path, against: list[str], error: type[Exception], message: str
) -> None:
    path = made(tmp_path, ("fingerprint", {}))
    with pytest.raises(error, match=message):
        extend(path, "decontaminate", {"against": against}, workers=1)
    assert len(corpus.stage_dirs(path)) == 2


def test_the_stage_alone_takes_lists_only(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="'aid' is no hash list"):
        decontaminate.prepare([], out=tmp_path, against=["aid"])
    with pytest.raises(BadRecipe, match="against is empty"):
        decontaminate.prepare([], out=tmp_path, against=[])
    with pytest.raises(BadRecipe, match="distance 11; wanted 0 to 10"):
        decontaminate.prepare([], out=tmp_path, against=["x.parquet"], distance=11)


def test_a_changed_list_is_refused(data: Path, tmp_path: Path) -> None:
    rows = benchmarks.make("aid", workers=1).rows
    _hashlist.write(tmp_path / "benchmarks/aid.parquet", rows)
    out = tmp_path / "c/01-decontaminate"
    out.mkdir(parents=True)
    for digest, fine in ((_hashlist.digest(rows)[:16], True), ("0" * 16, False)):
        lists = [f"benchmarks/aid.parquet@{digest}"]
        if fine:
            assert decontaminate.prepare([], out=out, against=["aid"], lists=lists)["images"] == 0
        else:
            with pytest.raises(BadRecipe, match="not the list that this corpus was compared with"):
                decontaminate.prepare([], out=out, against=["aid"], lists=lists)


# the command and its report


def rsdata(*words: str) -> tuple[int, str]:
    if not app.registered_commands:
        _register()
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output


def test_the_command_drops_reports_and_fails_on_a_leak(data: Path, tmp_path: Path) -> None:
    made(tmp_path)
    words = ["decontaminate", "c", "--against", "aid", "--report", "leaks.html", "-j", "1"]
    code, text = rsdata(*words, "--fail-on-leak")
    assert code == 1 and "c: 2 images are in a benchmark" in text
    assert "dropped by decontaminate: contaminated: 2" in text
    assert rsdata(*words)[0] == 0
    assert [p.name for p in corpus.stage_dirs(Path("c"))] == ["00-read", "01-fingerprint", "02-decontaminate"]
    assert rsdata("decontaminate", "c", "--against", "rsscn7", "--out", "d", "-j", "1", "--fail-on-leak")[0] == 1
    html = Path("leaks.html").read_text()
    assert html.count("<img ") == html.count("data:image/jpeg;base64,") == 4
    assert "2 of 6 images are in a benchmark" in html
    assert "rsscn7/aGrass/a003" in html and "aid/Airport/airport_1" in html
    assert "rotation: this image is it, turned right by 90, distance" in html
    assert not re.search(r"https?://|<script|src=\"(?!data:)", html)


def test_a_clean_corpus_passes(data: Path, tmp_path: Path) -> None:
    made(tmp_path)
    save(picture(500), tmp_path / "other/x.png")
    words = f"decontaminate c --against {tmp_path}/other --report r.html --fail-on-leak -j 1".split()
    code, text = rsdata(*words)
    assert code == 0, text
    assert "0 of 6 images are in a benchmark" in Path("r.html").read_text()


def test_the_report_of_a_list_without_pixels_shows_what_it_can(data: Path, tmp_path: Path) -> None:
    made(tmp_path)
    benchmarks.hash_list(tmp_path / "h.parquet", ["aid"], workers=1)
    assert b"root" not in pq.read_schema(tmp_path / "h.parquet").metadata[b"rsdata"]
    assert rsdata(*["decontaminate", "c", "--against", "h.parquet", "--report", "r.html", "-j", "1"])[0] == 0
    html = Path("r.html").read_text()
    assert html.count("<img ") == 2 and html.count("no pixels in the hash list") == 2


def test_the_report_escapes_what_it_shows(tmp_path: Path) -> None:
    from rsdata.report import leaks as report

    assert "<b>" not in report._figure(None, None, "<b>", "<b>")
    assert report._window("a/x@1,2,3,4") == Window(1, 2, 3, 4) and report._window("a/x@y") is None


# real images


def test_the_aid_sources_of_rsicd_are_found_through_the_crop_and_missed_by_the_plain_hash(
    shared_data: Path, tmp_path: Path
) -> None:
    plan = recipe.make("r", [recipe.source("rsicd", shared_data / "rsicd")], [("fingerprint", {})])
    path = tmp_path / "c"
    run(plan, path, workers=1)
    benchmarks.hash_list(tmp_path / "aid.parquet", [str(shared_data / "aid_resized/AID")], workers=1)
    benchmarks.hash_list(tmp_path / "rsscn7.parquet", ["rsscn7"], root=shared_data / "rsscn7", workers=1)
    six = {f"rsicd/test/{name}_4" for name in ("airport", "bridge", "farmland", "mountain", "river", "storagetanks")}
    found = {}
    for crops in (True, False):
        params = {"against": [str(tmp_path / "aid.parquet")], "crops": crops, "names": False}
        done = extend(path, "decontaminate", params, out=tmp_path / f"crops-{crops}", workers=1)
        found[crops] = why(done.stages[-1])
    assert set(found[True]) == six and found[False] == {}
    for id, text in found[True].items():
        assert re.match(rf"crop aid/\w+/{id.rpartition('/')[2]}: this image is the middle 0\.\d+", text)
    params = {"against": [str(tmp_path / "rsscn7.parquet")], "distance": 10}
    assert why(extend(path, "decontaminate", params, workers=1).stages[-1]) == {}


def test_the_aid_images_are_found_in_the_other_direction_and_by_name(shared_data: Path, tmp_path: Path) -> None:
    images = benchmarks.images(str(shared_data / "aid_resized/AID"))[0]
    records = [Record(i.id, "aid", path=i.path, width=150, height=150) for i in images]
    records = list(fingerprint.run(records, roots={"aid": shared_data / "aid_resized/AID"}))
    out = tmp_path / "c/01-decontaminate"
    out.mkdir(parents=True)
    write_part(out / "part-00000.parquet", records)
    benchmarks.hash_list(tmp_path / "rsicd.parquet", ["rsicd:test"], root=shared_data / "rsicd", workers=1)
    against = [str(tmp_path / "rsicd.parquet")]
    state = decontaminate.prepare([out / "part-00000.parquet"], out=out, against=against)
    (counts,) = state["lists"].values()
    assert counts == {"images": 150, "leaked": 6, "dropped": 6, "kinds": {"crop": 6, "name": 6}}
    rows = pq.read_table(out / "leaks.parquet").to_pylist()
    assert all("it is the middle 0.8" in row["why"] or row["kind"] == "name" or row["distance"] for row in rows)


def test_the_version_of_the_hash_is_that_of_its_parts() -> None:
    assert phash.VERSION == "phash64/grey64/1" and phash.CROPS == (1.0, 0.97, 0.94, 0.905, 0.875, 0.75)


@pytest.mark.parametrize("t", range(11))
def test_many_asked_of_few_are_those_of_comparing_each_with_each(t: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(t)
    few = np.unique(rng.integers(0, 2**64, 60, dtype=np.uint64))
    many = np.concatenate([rng.integers(0, 2**64, 500, dtype=np.uint64), few[:20]])
    for k in range(400):
        turned = sum(1 << int(b) for b in rng.choice(64, rng.integers(0, 13), replace=False))
        many[k] = few[k % len(few)] ^ np.uint64(turned)
    bits = np.bitwise_count(many[:, None] ^ few[None, :])
    wanted = [(i, j, int(bits[i, j])) for i, j in zip(*(x.tolist() for x in np.nonzero(bits <= t)), strict=True)]
    for batch, most in ((1 << 16, 1 << 22), (37, 5)):
        monkeypatch.setattr(_lookup, "BATCH", batch)
        monkeypatch.setattr(_lookup, "MOST_PAIRS", most)
        found = _lookup.matches(many, few, t)
        assert list(zip(*(x.tolist() for x in found), strict=True)) == wanted
    assert len(wanted) > 20


def test_equal_bands_of_few_and_nothing_at_all() -> None:
    few = np.array([0xFFFF, 0xFFFF ^ 1 << 40, 0xFFFF ^ 1 << 41, 7 << 50], np.uint64)
    many = np.tile(few, 5)
    i, _, d = _lookup.matches(many, few, 2)
    assert len(i) == 5 * 10 and d.tolist()[:4] == [0, 1, 1, 1]
    for a, b in ((many[:0], few), (many, few[:0]), (many[:0], few[:0])):
        assert [len(x) for x in _lookup.matches(a, b, 3)] == [0, 0, 0]
