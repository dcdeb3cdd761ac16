"""`rsdata eval ...` end to end, with a tiny model on drawn pictures: corpus, packed folder and dataset by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drawn
import numpy as np
import pytest
import tiny_train
import torch
from PIL import Image
from typer.testing import CliRunner

from rsdata.cli import app as cli
from rsdata.errors import BadCorpus, BadRecipe, RsdataError
from rsdata.evaluate import classes, data, features, provenance, report, sets, splits, zeroshot
from rsdata.train import config
from rsdata.train import provenance as kept
from rsdata.train.loop import train

cli._register()
CLASSES = {"Pond": (30, 60, 160), "Forest": (20, 120, 40), "Desert": (220, 190, 120)}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rsdata(*args: object) -> str:
    """Run a command here; its errors come as they are."""
    done = CliRunner().invoke(cli.app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def picture(path: Path, colour: tuple[int, int, int], seed: int) -> None:
    """A noisy picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-20, 20, (40, 40, 3))
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """data/aid with 3 x 20 pictures; data/rsicd with 12, of which 8 are train; a corpus of it, packed; a run of it."""
    home = tmp_path_factory.mktemp("world")
    for name, colour in CLASSES.items():
        for n in range(20):
            picture(home / f"data/aid/{name}/{name.lower()}_{n + 1}.png", colour, n)
    images = []
    for n in range(12):
        name, colour = list(CLASSES.items())[n % 3]
        picture(home / f"data/rsicd/RSICD_images/{name.lower()}_{n}.jpg", colour, 100 + n)
        texts = [f"a {name.lower()} number {n}", f"a {name.lower()} from above"]
        sentences = [{"raw": text, "tokens": text.split()} for text in texts]
        split = "train" if n < 8 else "test"
        images.append({"filename": f"{name.lower()}_{n}.jpg", "imgid": n, "split": split, "sentences": sentences})
    (home / "data/rsicd/dataset_rsicd.json").write_text(json.dumps({"images": images, "dataset": "rsicd"}))
    shutil.copytree(home / "data/aid/Pond", home / "bench")
    tiny_train.shards(home / "plain", (3,))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        rsdata("convert", "rsicd", "--split", "train")
        rsdata("decontaminate", "corpus/rsicd", "--against", "bench")
        rsdata("pack", "corpus/rsicd", "--format", "webdataset")
        given = {"shards": "corpus/rsicd", "model": str(tiny_train.model(home)), "out": "run", "batch": 4, "steps": 2}
        settings, sources = config.make({**given, "workers": 0, "warmup": 1, "lr": 1e-3})
        train(settings, sources)
    return home


@pytest.fixture(autouse=True)
def _at_home(world: Path, _alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)


def test_retrieval_of_a_run_on_a_protocols_test_split(tmp_path: Path) -> None:
    found = json.loads(rsdata("eval", "retrieval", "run", "--data", "rsicd", "--out", tmp_path, "--json"))
    assert (found["data"]["images"], found["rows"][0]["captions"]) == (4, 8)
    assert found["settings"] == {"ties": "pessimistic", "same": "own", "capitalize": True, "origins": ["human"]}
    assert found["rows"][0]["chance"]["t2i_r1"] == 25.0 and found["rows"][0]["metrics"]["t2i_r5"]["value"] == 100.0
    assert not found["comparable"] and found["published"] == []
    assert found["notes"][0].startswith("4 of the protocol's 1,093 test images are here")
    training = found["training"]
    assert training["decontaminated"] == "yes"
    assert "rsicd: compared with bench (distance <= 6, 0 dropped)" in training["line"]
    assert "it holds 8 images of rsicd itself (splits of the whole corpus: train 8)" in training["line"]
    assert "rsicd is not among what it was compared with" in training["line"]
    table = (tmp_path / "retrieval-rsicd-run.md").read_text()
    assert "| en | 4 |" in table and "Training corpus decontaminated: yes. Rsicd: compared with bench" in table
    assert json.loads((tmp_path / "retrieval-rsicd-run.json").read_text()) == found


def test_a_corpus_and_its_shards_give_the_same_numbers(tmp_path: Path) -> None:
    rows = []
    for where in ("corpus/rsicd", sorted(Path("corpus/rsicd").glob("*-pack"))[0]):
        args = ("--data", where, "--langs", "en", "--origins", "human", "--features", tmp_path / "f.npz")
        rows.append(json.loads(rsdata("eval", "retrieval", "run", *args, "--out", tmp_path, "--json")))
    assert rows[0]["rows"] == rows[1]["rows"] and rows[0]["data"]["digest"] == rows[1]["data"]["digest"]
    assert rows[0]["rows"][0]["images"] == 8 and rows[0]["rows"][0]["unique_captions"] < 16


def test_a_row_for_each_language_and_their_mean(tmp_path: Path) -> None:
    drawn.dota(tmp_path / "dota", images=8)
    rsdata("convert", "dota", "--root", tmp_path / "dota", "--langs", "en,fr,ru", "--out", tmp_path / "c")
    args = ("--data", tmp_path / "c", "--same", "text", "--out", tmp_path, "--json")
    found = json.loads(rsdata("eval", "retrieval", "run", *args))
    assert [(row["lang"], row["images"], row["images_without"]) for row in found["rows"]] == [
        (lang, 7, 1) for lang in ("en", "fr", "ru")
    ]  # one picture has no object, and so no caption
    assert [mean["of"] for mean in found["means"]] == ["3 languages"]
    for name, value in found["means"][0]["metrics"].items():
        assert value == pytest.approx(np.mean([row["metrics"][name]["value"] for row in found["rows"]]), abs=1e-5)
    less = json.loads(rsdata("eval", "retrieval", "run", *args, "--langs", "ru", "--ties", "expected"))
    assert [row["lang"] for row in less["rows"]] == ["ru"] and "means" not in less


def test_the_images_dealt_anew_show_what_chance_is(tmp_path: Path) -> None:
    args = ("--data", "corpus/rsicd", "--langs", "en", "--shuffles", 5, "--rounds", 50, "--out", tmp_path)
    table = rsdata("eval", "retrieval", "tiny.json", "--pretrained", "random", *args)
    assert "| en, images dealt anew |  | " in table and "| chance |  | 12.50 |" in table
    assert "images drawn again 50 times." in table
    assert "Weights: random (seed 0)" in table and "Random weights have seen nothing." in table


def test_features_are_kept_and_taken_and_never_of_another_model(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "f.npz"
    found = data.read("rsicd")
    first = features.load("run", features=file)
    images, texts = first.images(found), first.texts(["a", "b", "a"])
    assert first.store is not None
    first.store.save()
    again = features.load("run", features=file)
    monkeypatch.setattr(again, "_prepare", lambda *args: pytest.fail("an image was opened again"))
    monkeypatch.setattr(again, "_encode_texts", lambda texts, unit: [] if not texts else pytest.fail("encoded again"))
    assert (again.images(found).vectors == images.vectors).all() and (again.texts(["b", "a"]) == texts[1:]).all()
    assert (texts[0] == texts[2]).all() and np.allclose(np.linalg.norm(images.vectors, axis=1), 1)
    with pytest.raises(BadRecipe, match="features of other weights or preprocessing; give another --features"):
        features.load("tiny.json", "random", features=file)
    file.write_bytes(b"PK nothing")
    with pytest.raises(BadRecipe, match="no features of rsdata"):
        features.load("run", features=file)


def test_vectors_are_the_models_own() -> None:
    encoder = features.load("run")
    found = data.read("rsicd", "test")
    with torch.inference_mode():
        image = encoder.preprocess(Image.open(found.file(found.records[2])).convert("RGB"))
        wanted = encoder.model.encode_image(image[None])[0].numpy()
    got = encoder.images(found).vectors[2]
    np.testing.assert_allclose(got, wanted / np.linalg.norm(wanted), atol=1e-6)


def test_an_image_that_cannot_be_read_is_left_out_and_told_of(tmp_path: Path) -> None:
    shutil.copytree("data/rsicd", tmp_path / "rsicd")
    found = data.read("rsicd", "test", root=tmp_path / "rsicd")
    found.file(found.records[1]).write_bytes(b"nothing")
    embedded = features.load("run").images(found)
    assert [r.id for r in embedded.records] == [r.id for n, r in enumerate(found.records) if n != 1]
    assert len(embedded.unreadable) == 1 and "not an image file" in embedded.unreadable[0]


def test_zeroshot_rows_by_language(tmp_path: Path) -> None:
    args = ("--data", "aid", "--langs", "en,fr,ru", "--out", tmp_path, "--json")
    found = json.loads(rsdata("eval", "zeroshot", "run", *args))
    assert [(row["set"], row["lang"], row["images"], row["classes"]) for row in found["rows"]] == [
        ("aid", lang, 12, 30) for lang in ("en", "fr", "ru")
    ]
    assert found["rows"][0]["split"] == "remoteclip-1" and found["settings"]["prompts"] == "rsdata-1"
    assert (
        len({row["split_hash"] for row in found["rows"]}) == 1 and len({r["prompts_hash"] for r in found["rows"]}) == 3
    )
    assert found["means"][0]["of"] == "3 languages" and found["rows"][0]["chance"]["top1"] == pytest.approx(100 / 30)
    assert not found["comparable"] and found["published"] == []
    assert found["notes"] == ["aid: 60 images are here, the whole set has 10,000: no number of a paper fits"]
    table = next(tmp_path.glob("*.md")).read_text()
    assert f"- aid: split remoteclip-1, hash {found['rows'][0]['split_hash']}" in table
    assert table.count("most taken for another") == 1 and "| mean of 3 languages |  |  |" in table


def test_published_means_stand_beside_all_twelve_sets_alone(monkeypatch: Any, tmp_path: Path) -> None:
    twelve = splits.table()["sets"]
    row = {"lang": "en", "images": 1, "metrics": {"top1": {"value": 50.0}}, "chance": {"top1": 10.0}}
    monkeypatch.setattr(
        zeroshot, "run", lambda *a, **k: {"settings": {}, "rounds": 9, "rows": [{**row, "set": "x"}], "notes": []}
    )
    monkeypatch.setattr(sets.data, "read", lambda name, root: data.Data(name, [], {}))
    monkeypatch.setattr(sets.classes, "of", lambda found: (found, classes.Classes(found.name, [], [], np.zeros(0))))
    monkeypatch.setattr(
        data.Data, "about", lambda d: {"name": d.name, "images": twelve[d.name].get("images", 7), "left_out": {}}
    )
    for names, comparable in ((list(twelve), True), (list(twelve)[1:], False)):
        about, found, sources = sets.run("zeroshot", None, ",".join(names), None, {})  # type: ignore[arg-type]
        assert found["comparable"] is comparable and sources == names and len(about["sets"]) == len(names)
        assert found["means"][0] == {"of": f"{len(names)} sets, en", "metrics": {"top1": 50.0}}


def test_twelve_takes_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sets.names_of("twelve") == ["aid"] and sets.names_of("aid, eurosat") == ["aid", "eurosat"]
    found = json.loads(rsdata("eval", "knn", "run", "--data", "twelve", "--out", tmp_path, "--json"))
    assert "eurosat" in found["notes"][-1] and "no mean beside the paper's" in found["notes"][-1]
    monkeypatch.setenv("RSDATA_DATA", str(tmp_path))
    with pytest.raises(BadCorpus, match="none of RemoteCLIP's sets in"):
        sets.names_of("twelve")


@pytest.mark.parametrize("task", ["probe", "knn", "fewshot"])
def test_probes_tell_colours_apart(task: str, tmp_path: Path) -> None:
    """Even random weights keep blue, green and yellow apart, so that the way from pictures to numbers shows."""
    args = ["--data", "aid", "--pretrained", "random", "--features", "colours.npz", "--out", tmp_path, "--json"]
    found = json.loads(rsdata("eval", task, "tiny.json", *args, *(["--shots", "1,4"] if task == "fewshot" else [])))
    row = found["rows"][-1]
    assert row["metrics"]["top1"]["value"] == 100.0 and row["images"] == 12
    assert row["parts"] == "train 42, val 6, test 12"
    assert found["training"] == {
        "decontaminated": "yes", "why": "random weights have seen nothing", "packs": [], "began_with": "",
        "line": "random weights have seen nothing",
    }  # fmt: skip
    if task == "fewshot":
        assert [r["shots"] for r in found["rows"]] == [1, 4] and len(row["repeats"]) == 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("retrieval", "ViT-B-32", "--data", "rsicd"), "ViT-B-32 has no weights; give --pretrained"),
        (("retrieval", "run", "--data", "nowhere"), "nowhere: nothing to measure on here; wanted a corpus"),
        (("retrieval", "run", "--data", "bench"), "bench: no corpus.yaml, [*].tar or [*].parquet here"),
        (("retrieval", "run", "--data", "rsicd", "--langs", "fr"), "no captions in fr here; there are some in en"),
        (("retrieval", "run", "--data", "rsicd", "--origins", "mt"), "none of the images has a caption"),
        (("retrieval", "run", "--data", "aid"), "none of the images has a caption"),
        (("retrieval", "run", "--data", "rsicd", "--protocol", "x"), "no protocol 'x'; there are rsicd, rsitmd"),
        (("retrieval", "run", "--data", "rsicd", "--pretrained", "random"), "run brings its weights along"),
        (("zeroshot", "run", "--data", "plain"), "plain: no record with a class; wanted one set of scenes"),
        (("fewshot", "run", "--data", "corpus/rsicd", "--rule", "own-1"), "no test images by the rule own-1"),
        (("zeroshot", "run", "--data", "aid", "--langs", "ja"), "the prompts rsdata have no ja"),
        (("probe", "run", "--data", "aid", "--rule", "best"), "no split rule 'best'"),
        (("knn", "run", "--data", "aid,rsicd", "--root", "data/aid"), "--root is the folder of one dataset"),
    ],
)
def test_errors_say_what_was_found_and_wanted(args: tuple[str, ...], message: str) -> None:
    with pytest.raises(RsdataError, match=message):
        rsdata("eval", *args)


def test_shots_that_are_no_numbers_are_bad_arguments() -> None:
    done = CliRunner().invoke(cli.app, ["eval", "fewshot", "run", "--data", "aid", "--shots", "1,x"])
    assert done.exit_code == 2


def test_a_checkpoint_file_is_of_its_run_or_named_for_its_model(tmp_path: Path) -> None:
    step = sorted(Path("run").glob("step-*.pth"))[-1]
    assert features.load(str(step)).card["sha256"] == features.load("run").card["sha256"]
    stray = tmp_path / "mine.pt"
    shutil.copyfile(step, stray)
    with pytest.raises(BadRecipe, match="which model is it"):
        features.load(str(stray))
    named = tmp_path / "Own-ViT-B-32.pt"
    shutil.copyfile(step, named)
    with pytest.raises(BadRecipe, match="do not fit the model"):
        features.load(str(named))


def test_a_damaged_model_is_told_of() -> None:
    encoder = features.load("tiny.json", "random")
    with torch.no_grad():
        encoder.model.logit_scale.fill_(0)
        next(encoder.model.visual.parameters()).fill_(float("nan"))
    with pytest.raises(BadRecipe, match="vectors that are no numbers"):
        encoder.images(data.read("rsicd", "test"))


def test_a_run_keeps_what_it_learned_from() -> None:
    found = json.loads(Path("run/data.json").read_text())
    (pack,) = found["packs"]
    assert (pack["title"], pack["images"], pack["sources"], pack["splits"]) == ("rsicd", 8, {"rsicd": 8}, {"train": 8})
    assert pack["stages"][0] == "read" and "decontaminate" in pack["stages"] and "pack" not in pack["stages"]
    assert pack["decontaminated"] == [{"against": ["bench"], "distance": 6, "dropped": 0}]
    assert str(Path.cwd()) not in Path("run/data.json").read_text()


def test_a_pack_from_before_decontaminate_does_not_count(tmp_path: Path) -> None:
    shutil.copytree("corpus/rsicd", tmp_path / "rsicd")
    pack = next((tmp_path / "rsicd").glob("*-pack"))
    early = pack.rename(pack.with_name("01-pack"))
    (found,) = kept.describe(sorted(early.glob("shards/*.tar")))["packs"]
    assert found["decontaminated"] == [] and found["stages"] == ["read"]
    lone = shutil.copytree(early, tmp_path / "elsewhere")
    (found,) = kept.describe(sorted(lone.glob("shards/*.tar")))["packs"]
    assert found["decontaminated"] is None and found["images"] == 8


PACK = {"title": "p", "images": 5, "sources": {"aid": 5}, "splits": {"none": 5}, "manifest": "", "stages": []}
CHECK = {"against": ["rsicd-test", "aid"], "distance": 4, "dropped": 1234}


@pytest.mark.parametrize(
    ("packs", "status", "line"),
    [
        (
            [{**PACK, "decontaminated": [CHECK]}],
            "yes",
            "p: compared with rsicd-test, aid (distance <= 4, 1,234 dropped)",
        ),
        ([{**PACK, "decontaminated": []}], "no", "p: not compared with any benchmark"),
        ([{**PACK, "decontaminated": None}], "unknown", "p: unknown, its shards came without their corpus"),
        (
            [{**PACK, "decontaminated": [CHECK]}, {**PACK, "title": "q", "decontaminated": []}],
            "no",
            "p: compared with rsicd-test, aid (distance <= 4, 1,234 dropped); q: not compared with any benchmark",
        ),
        ([], "unknown", provenance.UNKNOWN),
    ],
)
def test_the_state_of_a_training_corpus(packs: list[Any], status: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(json.dumps({"packs": packs}))
    found = provenance.training(str(tmp_path))
    assert (found["decontaminated"], found["why"]) == (status, line)
    assert provenance.of_sets(found, ["rsicd"]) == line
    (tmp_path / "config.yaml").write_text("pretrained: openai\n")
    began = provenance.training(str(tmp_path))
    assert began["decontaminated"] == ("unknown" if status == "yes" else status)
    assert began["why"].endswith("it began with the weights openai, whose training data are unknown")


def test_nothing_is_known_of_a_published_model(tmp_path: Path) -> None:
    assert provenance.training("ViT-B-32", "openai")["decontaminated"] == "unknown"
    (tmp_path / "data.json").write_text("{")
    assert "data.json is damaged" in provenance.training(str(tmp_path))["why"]


RESULT = {
    "task": "retrieval",
    "model": {"name": "x", "weights": "x.pth", "sha256": "ab" * 32, "quick_gelu": True, "size": 224},
    "data": {"name": "rsicd", "images": 1093, "splits": {"test": 1093}, "left_out": {"missing-image": 2}},
    "training": {"decontaminated": "no", "line": "p: not compared with any benchmark"},
    "settings": {"ties": "pessimistic", "capitalize": True, "origins": ["human", "mt"]},
    "rows": [
        {
            "lang": lang,
            "images": 1093,
            "metrics": {"t2i_r1": {"value": value, "low": value - 1, "high": value + 1}},
            "chance": {"t2i_r1": 0.09},
        }
        for lang, value in (("en", 12.345), ("fr", 10.0))
    ],
    "means": [{"of": "2 languages", "metrics": {"t2i_r1": 11.1725}}],
    "notes": ["one note"],
    "published": [
        {
            "model": "M",
            "set": "rsicd",
            "metric": "mean_recall",
            "value": 35.26,
            "paper": "P",
            "table": "T",
            "verified": True,
        }
    ],
}
MARKDOWN = """\
## retrieval: x on rsicd

- Weights: x.pth (sha256 abababababab); QuickGELU; 224 pixels.
- Data: 1,093 images (test 1,093); left out: 2 missing-image.
- Training corpus decontaminated: no. P: not compared with any benchmark.
- Settings: ties pessimistic, capitalize yes, origins human, mt.

| language | images | t2i R@1 |
| --- | --- | --- |
| en | 1,093 | 12.35 [11.35, 13.35] |
| fr | 1,093 | 10.00 [9.00, 11.00] |
| mean of 2 languages |  | 11.17 |
| chance |  | 0.09 |

Intervals: 95 %, images drawn again 1,000 times.

Published, of the whole protocol:

| model | set | metric | value | source | verified |
| --- | --- | --- | --- | --- | --- |
| M | rsicd | mean recall | 35.26 | P, T | yes |

- one note
"""


def test_the_table_as_it_is_printed() -> None:
    assert report.markdown(RESULT) == MARKDOWN


def test_data_without_any_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match=r"no image to measure on \(8 not of the split test"):
        data.read("corpus/rsicd", "test")
