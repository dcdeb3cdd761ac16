"""Scores by a CLIP model: open_clip's own numbers, vectors kept, prompts and probes, a funnel that separates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clips
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rsdata import corpus, recipe, sample
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.record import Record
from rsdata.report import funnel, html
from rsdata.run import extend, run
from rsdata.services import clip
from rsdata.stages import _features, _probe, score


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other cost a small model more than they give."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return clips.model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five drawn scenes with captions, as RSICD is laid out."""
    folder = tmp_path_factory.mktemp("drawn")
    sample.write(folder, scenes=5, formats=["rsicd"])
    return folder / "rsicd"


def scored(drawn: Path, model: tuple[str, str], out: Path, **params: object) -> Path:
    run(recipe.make("x", [recipe.source("rsicd", drawn)], []), out, workers=1)
    extend(out, "score", {"model": model[0], "pretrained": model[1], **params}, workers=1)
    return out


def by_hand(model: tuple[str, str], file: Path, texts: list[str]) -> tuple[np.ndarray, np.ndarray, float]:
    """Unit vectors of one image and of texts, and the temperature, with nothing but open_clip."""
    import open_clip
    import torch

    open_clip.add_model_config(model[0])
    made, _, preprocess = open_clip.create_model_and_transforms("tiny", pretrained=model[1])
    made.eval()
    with torch.no_grad():
        image = made.encode_image(preprocess(Image.open(file)).unsqueeze(0))
        text = made.encode_text(open_clip.get_tokenizer("tiny")(texts))
        image, text = (v / v.norm(dim=-1, keepdim=True) for v in (image, text))
    return image.numpy()[0], text.numpy(), float(made.logit_scale.detach().exp())


def test_the_numbers_of_open_clip(drawn: Path, model: tuple[str, str], tmp_path: Path) -> None:
    records = list(corpus.open(scored(drawn, model, tmp_path / "c", batch=2)).records())
    assert len(records) == 5
    prompts = clip.read_prompts()
    for record in records:
        texts = [c.text for c in record.captions]
        listed = [text for entry in prompts.values() for text in entry["prompts"]]
        image, vectors, scale = by_hand(model, drawn / str(record.path), texts + listed)
        assert [c.score for c in record.captions] == pytest.approx((vectors[: len(texts)] @ image).tolist(), abs=2e-6)
        sums, first = {}, len(texts)
        for name, entry in prompts.items():
            mean = vectors[first : first + len(entry["prompts"])].mean(axis=0)
            sums[name] = np.exp(scale * (mean / np.linalg.norm(mean)) @ image)
            first += len(entry["prompts"])
        above = (sums["aerial"] + sums["satellite"]) / sum(sums.values())
        assert float(record.extra["above"]) == pytest.approx(above, abs=2e-6)
        assert record.extra["kind"] == max(sums, key=sums.__getitem__)
        assert record.extra["scored_by"] == "tiny.json tiny.pt"


def test_pixels_are_looked_at_once(
    drawn: Path, model: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scored(drawn, model, tmp_path / "c")
    monkeypatch.setattr(_features, "encode", None)
    other = tmp_path / "prompts.toml"
    other.write_text('[above]\nabove = true\nprompts = ["from above"]\n[not]\nprompts = ["a dog"]\n')
    done = extend(path, "score", {"model": model[0], "pretrained": model[1], "prompts": str(other)}, workers=1)
    assert done.ran == 1 and {r.extra["kind"] for r in corpus.open(path).records()} <= {"above", "not"}
    before = {f.name: f.read_bytes() for f in path.rglob("*.parquet")}
    assert extend(path, "score", {"model": model[0], "pretrained": model[1], "prompts": str(other)}, workers=1).ran == 0
    assert {f.name: f.read_bytes() for f in path.rglob("*.parquet")} == before


def test_which_captions_are_scored(drawn: Path, model: tuple[str, str], tmp_path: Path) -> None:
    path = scored(drawn, model, tmp_path / "c", langs=["fr"])
    assert all(c.score is None for r in corpus.open(path).records() for c in r.captions)
    assert all(0 <= float(r.extra["above"]) <= 1 for r in corpus.open(path).records())


def test_images_that_cannot_be_read_are_dropped(model: tuple[str, str], drawn: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(drawn, tmp_path / "rsicd")
    out = tmp_path / "c"
    run(recipe.make("x", [recipe.source("rsicd", tmp_path / "rsicd")], []), out, workers=1)
    victim = tmp_path / "rsicd" / str(next(corpus.open(out).records()).path)
    victim.write_bytes(victim.read_bytes()[:4000])  # the header is sound: reading lets it pass
    done = extend(out, "score", {"model": model[0], "pretrained": model[1]}, workers=1)
    assert {reason: n["images"] for reason, n in done.stages[-1].drops.items()} == {"unreadable-image": 1}
    assert len(list(corpus.open(out).records())) == 4 and len(done.over) == 1


def test_scores_that_are_gone(model: tuple[str, str], drawn: Path, tmp_path: Path) -> None:
    path = scored(drawn, model, tmp_path / "c")
    for file in [*(path / "01-score").glob("scores-*.json"), *(path / "01-score").glob("part-*")]:
        file.unlink()
    with pytest.raises(BadCorpus, match=r"scores-00000\.json: the scores are gone; delete prepare\.json beside it"):
        extend(path, "score", {"model": model[0], "pretrained": model[1]}, workers=1)


def test_what_cannot_be_loaded(model: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="has no weights; give --pretrained a tag of open_clip or a file of this disk"):
        clip.load(model[0])
    with pytest.raises(BadRecipe, match="no model 'ViT-Q'"):
        clip.load("ViT-Q", model[1])
    file = tmp_path / "p.toml"
    for text, match in (
        ("[a]\nabove = true\n", r"\[a\] wants `prompts`, a list of texts"),
        ('[a]\nprompts = ["x"]\n', r"some classes want `above = true` and some none; found 0 of 1"),
        ("[[", "the prompts cannot be read"),
    ):
        file.write_text(text)
        with pytest.raises(BadRecipe, match=match):
            clip.read_prompts(file)


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 9, 60).astype(float), rng.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert _probe.auc(scores, positive) == pytest.approx(np.mean(pairs))


def test_a_probe_finds_the_direction(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(0, 1, (200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    above = vectors[:, 2] + 0.2 * rng.normal(0, 1, 200) > 0.1
    probe = _probe.fit(vectors, above, "m")
    assert int(np.argmax(probe.weights)) == 2 and 0.9 < probe.auc < 1 and probe.examples == (200, int(above.sum()))
    _probe.write(tmp_path / "p.json", probe)
    assert np.array_equal(_probe.read(tmp_path / "p.json", "m")(vectors), probe(vectors))
    with pytest.raises(BadRecipe, match=r"fitted on the vectors of another model \(m, not q\); fit it again"):
        _probe.read(tmp_path / "p.json", "q")
    with pytest.raises(BadRecipe, match="4 labelled examples of one kind; at least 5 of both"):
        _probe.fit(vectors[:9], np.arange(9) < 4, "m")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id,label\nx,2\n", r"l\.csv:2: label '2': wants 1 \(from above\) or 0"),
        ("name,label\nx,1\n", r"l\.csv:1: wants the columns id,label; found \['name', 'label'\]"),
        ("id,label\nrsicd/nothing,1\n", "1 ids are not in the corpus, such as rsicd/nothing"),
    ],
)
def test_bad_labels(text: str, match: str, tmp_path: Path, model: tuple[str, str]) -> None:
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(BadRecipe, match=match):
        score.fit([], {}, tmp_path / "l.csv", tmp_path / "p.json", model=model[0], pretrained=model[1])


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bool], tuple[str, str]]:
    """A folder as img2dataset leaves it, of windows of drawn scenes and of drawn streets, and a small CLIP trained on
    other windows and streets; which ids are from above."""
    folder = tmp_path_factory.mktemp("street")
    config, weights = clips.model(folder)
    prompts = clip.read_prompts()
    texts = [prompts["satellite"]["prompts"][:4] + prompts["aerial"]["prompts"][:4], prompts["ground"]["prompts"][:8]]
    above = [window for n in range(12) for window in clips.from_above(n)]
    half = len(above) // 2
    ground = [clips.from_ground(n) for n in range(len(above))]
    learnt = above[:half] + ground[:half]
    said = [texts[n >= half][n % 8] for n in range(2 * half)]
    clips.train(weights, config, learnt, said)
    images = folder / "w/images/00000"
    images.mkdir(parents=True)
    rows, truth = [], {}
    for n, picture in enumerate([*above[half:], *ground[half:]]):
        key = f"{n:09d}"
        Image.fromarray(picture).save(images / f"{key}.png")
        url = f"https://a.org/{key}"
        rows.append({"key": key, "status": "success", "error_message": "", "url": url, "caption": said[n]})
        truth[f"img2dataset/{key}"] = n < half
    pq.write_table(pa.Table.from_pylist(rows), images.parent / "00000.parquet")
    (images.parent / "00000_stats.json").write_text(json.dumps({"count": len(rows)}))
    return folder / "w", truth, (config, weights)


def test_a_small_clip_tells_scenes_from_streets(
    street: tuple[Path, dict[str, bool], tuple[str, str]], tmp_path: Path
) -> None:
    root, truth, (config, weights) = street
    run(recipe.make("x", [recipe.source("img2dataset", root)], []), tmp_path / "c", workers=1)
    extend(tmp_path / "c", "score", {"model": config, "pretrained": weights}, workers=1)
    records = list(corpus.open(tmp_path / "c").records())
    above = np.array([truth[r.id] for r in records])
    assert _probe.auc(np.array([float(r.extra["above"]) for r in records]), above) > 0.95
    done = extend(tmp_path / "c", "keep", {"above_percentile": 50}, workers=1)
    kept = [truth[r.id] for r in corpus.open(tmp_path / "c").records()]
    assert len(kept) == len(truth) // 2 and np.mean(kept) > 0.85 and done.over == []
    found = funnel.funnel(corpus.open(tmp_path / "c"))
    assert found["steps"][-1]["rule"] == "not-from-above" and found["images"] == len(kept)
    assert sum(found["scores"]["above"]["counts"]) == len(truth) and found["scores"]["above"]["cuts"]["img2dataset"] > 0
    page, samples = html.page(corpus.open(tmp_path / "c"), workers=1)
    assert samples == len(kept) and page.count("data:image/webp;base64,") == len(kept) + 6  # and six that were dropped
    assert "the line is the threshold" in page and f"{found['scores']['above']['cuts']['img2dataset']:.3f} img2" in page


def test_fit_on_the_command_line(street: tuple[Path, dict[str, bool], tuple[str, str]], tmp_path: Path) -> None:
    root, truth, (config, weights) = street
    run(recipe.make("x", [recipe.source("img2dataset", root)], []), tmp_path / "c", workers=1)
    learnt = [(id, above) for n, (id, above) in enumerate(truth.items()) if n % 2]
    (tmp_path / "l.csv").write_text("id,label\n" + "".join(f"{id},{int(above)}\n" for id, above in learnt))
    command = [sys.executable, "-m", "rsdata.cli.app", "score", "c", "--model", config, "--pretrained", weights]
    command += ["--fit", "l.csv", "--probe", "p.json", "--json"]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["examples"] == len(learnt) and told["above"] == sum(above for _, above in learnt) and told["auc"] > 0.9
    extend(tmp_path / "c", "score", {"model": config, "pretrained": weights, "probe": "p.json"}, workers=1)
    held_out = [r for r in corpus.open(tmp_path / "c").records() if r.id not in dict(learnt)]
    chance = np.array([float(r.extra["above"]) for r in held_out])
    assert _probe.auc(chance, np.array([truth[r.id] for r in held_out])) > 0.95


def test_windows_have_pixels_of_their_own(drawn: Path, model: tuple[str, str]) -> None:
    from rsdata.record import Window

    file = sorted((drawn).rglob("*.jpg"))[0]
    place = {"path": str(file.relative_to(drawn)), "width": 64, "height": 64}
    records = [Record(f"s/{x}", "s", window=Window(x, 0, 64, 64), **place) for x in (0, 100)]  # type: ignore[arg-type]
    scorer = clip.load(*model)
    found = _features.encode(records, {"s": drawn}, scorer, 8)
    wanted = scorer.images([np.asarray(Image.open(file))[:64, x : x + 64] for x in (0, 100)])
    assert np.allclose(found.vectors, wanted, atol=1e-6) and not found.bad
    assert np.abs(wanted[0] - wanted[1]).max() > 1e-3
