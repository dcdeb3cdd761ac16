"""Shards, the order of samples, captions and what they allow, views, settings."""

from __future__ import annotations

import io
import random
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tiny_train
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rsdata.errors import BadCorpus, BadRecipe
from rsdata.train import captions, config, shards, views
from rsdata.train.captions import ALL, Allow
from rsdata.train.data import Batch, Loader, Order, Sizes

# -- shards


def test_patterns() -> None:
    assert shards.expand("a/{008..011}.tar") == ["a/008.tar", "a/009.tar", "a/010.tar", "a/011.tar"]
    assert shards.expand("{a,b}/{0..1}.tar") == ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]
    assert shards.expand("x.tar::{y,z}.tar") == ["x.tar", "y.tar", "z.tar"]


def test_shards_are_found_in_folder_corpus_and_pattern(tmp_path: Path) -> None:
    folder = tiny_train.shards(tmp_path / "corpus/05-pack/shards")
    paths = [folder / "000000.tar", folder / "000001.tar"]
    for where in ("corpus", "corpus/05-pack", "corpus/05-pack/shards", "corpus/05-pack/shards/{000000..000001}.tar"):
        assert shards.find(str(tmp_path / where)) == paths
    assert shards.sizes(paths) == [30, 18]
    (folder / "sizes.json").unlink()
    assert shards.sizes(paths, tmp_path / "index") == [30, 18] and len(list((tmp_path / "index").iterdir())) == 2
    with pytest.raises(BadCorpus, match="no shards here"):
        shards.find(str(tmp_path / "nothing"))
    with pytest.raises(BadCorpus, match="copy them"):
        shards.find("s3://bucket/000000.tar")


def test_any_sample_by_its_number(tmp_path: Path) -> None:
    paths = shards.find(str(tiny_train.shards(tmp_path)))
    reader = shards.Reader(paths, tmp_path / "index")
    for shard, number, n in ((0, 0, 0), (1, 17, 47), (0, 29, 29), (1, 0, 30)):
        image, meta = tiny_train.sample(n)
        assert reader.sample(shard, number)[1:] == (image, meta)
    with pytest.raises(BadCorpus, match="promises more"):
        reader.sample(1, 18)


def test_shards_of_webdataset_and_of_tarfile_are_read_too(tmp_path: Path) -> None:
    import webdataset

    image, _ = tiny_train.sample(0)
    with webdataset.ShardWriter(str(tmp_path / "%06d.tar"), verbose=0) as sink:
        for n in range(3):
            sink.write({"__key__": f"k{n}", "jpg": image + bytes(n), "txt": f"caption {n}"})
    reader = shards.Reader(shards.find(str(tmp_path)), None)
    found = reader.sample(0, 2)
    assert found.image == image + bytes(2) and found.meta["captions"][0]["text"] == "caption 2"
    with tarfile.open(tmp_path / "other.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in (("ä/1.png", image), ("ä/1.txt", "größer".encode())):
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1.5
            tar.addfile(member, io.BytesIO(data))
    assert shards.Reader([tmp_path / "other.tar"], None).sample(0, 0).meta["captions"][0]["text"] == "größer"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda data: data[:-20000], "cut short"),
        (lambda data: data[:1024] + b"x" * 512 + data[1536:], None),
        (lambda data: b"not a tar at all" * 100, "no tar header"),
        (lambda data: data.replace(b".jpg", b".doc"), "has no image"),
    ],
)
def test_damaged_shards_are_named(tmp_path: Path, harm, said: str | None) -> None:
    path = tiny_train.shards(tmp_path, (5,)) / "000000.tar"
    path.write_bytes(harm(path.read_bytes()))
    if said is None:  # damage inside a picture: its decoder says so, with the sample's name
        for workers in (0, 1):  # one line, from a worker too
            loader = Loader(settings(tmp_path, shuffle="none", workers=workers), length, Sizes(32), cache=None)
            with pytest.raises(BadCorpus, match=r"squares/train/0\) cannot be read") as raised:
                some(loader, 0, 1)
            assert "\n" not in str(raised.value)
        return
    with pytest.raises(BadCorpus, match=f"000000.tar.*{said}"):
        shards.index(path)


# -- order


@given(st.lists(st.integers(0, 9), min_size=1, max_size=7).filter(any), st.integers(0, 5), st.integers(1, 3))
def test_each_epoch_takes_each_sample_once(sizes: list[int], seed: int, mix: int) -> None:
    every = {(n, k) for n, size in enumerate(sizes) for k in range(size)}
    orders = []
    for shuffle in ("full", "shards", "none"):
        order = Order(sizes, shuffle, mix, seed)
        places = [order.at(p) for p in range(2 * order.total)]
        for epoch in (0, 1):
            part = [place[1:] for place in places[epoch * order.total : (epoch + 1) * order.total]]
            assert len(part) == order.total and set(part) == every
            assert {place.epoch for place in places[epoch * order.total : (epoch + 1) * order.total]} == {epoch}
        orders.append(places)
        fresh = Order(sizes, shuffle, mix, seed)  # a place does not depend on those that were asked for before
        assert [fresh.at(p) for p in (order.total, 0)] == [places[order.total], places[0]]
    assert orders[2] == sorted(orders[2])


def test_a_shuffle_mixes_shards_and_changes_with_epoch_and_seed() -> None:
    order = Order([50, 50, 50, 50], "full", 2, seed=1)
    first, second = ([order.at(p)[1:] for p in range(200 * e, 200 * e + 200)] for e in (0, 1))
    assert first != second != sorted(second)
    assert len({shard for shard, _ in first[:20]}) == 2 and {s for s, _ in first[:100]} != {s for s, _ in first[100:]}
    assert [Order([50] * 4, "full", 2, seed=2).at(p)[1:] for p in range(200)] != first


# -- batches


def settings(folder: Path, **more: object) -> config.Settings:
    given = {"shards": str(folder), "batch": 8, "steps": 10, "workers": 0, **more}
    return config.make(given)[0]


def length(texts: list[str]):
    import torch

    return torch.tensor([len(text) for text in texts])


def some(loader: Loader, step: int, count: int) -> list[Batch]:
    batches = loader.batches(step)
    return [next(batches) for _ in range(count)]


def equal(one: Batch, two: Batch) -> bool:
    return all(a.equal(b) for a, b in zip(one[:5], two[:5], strict=True)) and one.counts == two.counts


def test_batches_do_not_depend_on_workers_and_begin_anywhere(tmp_path: Path) -> None:
    folder = tiny_train.shards(tmp_path / "s", (7, 3))
    alone = some(Loader(settings(folder), length, Sizes(32), cache=None), 0, 5)
    assert alone[0].images.shape == (1, 8, 32, 32, 3) and str(alone[0].images.dtype) == "torch.uint8"
    # one shard of seven samples and one of three feed two workers that never wait for a shard of their own
    two = some(Loader(settings(folder, workers=2), length, Sizes(32), cache=tmp_path / "i"), 0, 5)
    assert all(equal(a, b) for a, b in zip(alone, two, strict=True))
    later = some(Loader(settings(folder), length, Sizes(32), cache=None), 3, 2)
    assert all(equal(a, b) for a, b in zip(alone[3:], later, strict=True))
    loader = Loader(settings(folder), length, Sizes(32), cache=None)
    assert loader.place(3) == {**Order([7, 3]).at(24)._asdict(), "position": 24}


def test_two_processes_and_two_parts_share_a_batch(tmp_path: Path) -> None:
    folder = tiny_train.shards(tmp_path)
    (whole,) = some(Loader(settings(folder), length, Sizes(32), cache=None), 1, 1)
    parts = []
    for rank in (0, 1):
        loader = Loader(settings(folder, accumulate=2), length, Sizes(32), cache=None, rank=rank, world=2)
        parts += some(loader, 1, 2)
    assert [len(part.tokens) for part in parts] == [2, 2, 2, 2]
    assert np.concatenate([p.images.numpy() for p in parts], 1).tolist() == whole.images.tolist()
    assert [n for p in parts for n in p.image_ids.tolist()] == whole.image_ids.tolist()


def test_self_distillation_gets_two_large_views_and_small_ones(tmp_path: Path) -> None:
    s = settings(tiny_train.shards(tmp_path), objective="clip+dino", dino_locals=3)
    (batch,) = some(Loader(s, length, Sizes(32, 16), cache=None), 0, 1)
    assert batch.images.shape == (2, 8, 32, 32, 3) and batch.small.shape == (3, 8, 16, 16, 3)
    assert (batch.images[0] != batch.images[1]).any()


def test_samples_without_a_wanted_caption_are_counted_or_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    tiny_train.shards(folder, (4,))
    (batch,) = some(Loader(settings(folder, langs=["pt"]), length, Sizes(32), cache=None), 0, 1)
    assert batch.counts == {"lang/pt": 8, "no_caption": 0}
    with pytest.raises(BadCorpus, match="100 samples in a row have no caption in de"):
        some(Loader(settings(folder, langs=["de"]), length, Sizes(32), cache=None), 0, 1)
    # one sample of four has German: the others give their place to the next that has
    path = folder / "000000.tar"
    path.write_bytes(path.read_bytes().replace(b'"lang": "pt"', b'"lang": "de"', 1))
    (batch,) = some(Loader(settings(folder, langs=["de"], shuffle="none"), length, Sizes(32), cache=None), 0, 1)
    assert batch.counts == {"lang/de": 8, "no_caption": 2 * (0 + 3 + 2 + 1)}
    assert len(set(batch.image_ids.tolist())) == 1


# -- captions


def cap(text: str, lang: str = "en", origin: str = "human", rule: str = "", of: int | None = None) -> dict:
    return {"text": text, "lang": lang, "origin": origin, "rule": rule, "of": of, "score": None}


def test_languages_and_origins_are_drawn_by_weight() -> None:
    rows = [
        cap("a"),
        cap("b", origin="b2c"),
        cap("c", origin="b2c"),
        cap("d", origin="b2c"),
        cap("e", "pt", "mt:x", of=0),
    ]
    rng = random.Random(0)

    def drawn(langs: dict, origins: dict) -> Counter[str]:
        return Counter(captions.choose(rows, langs, origins, rng).text for _ in range(4000))

    alike = drawn({}, {})
    assert abs(alike["e"] - 2000) < 160 and abs(alike["a"] - 500) < 110  # languages alike, then captions alike
    mostly = drawn({"en": 3, "pt": 1}, {})
    assert abs(mostly["e"] - 1000) < 140
    human = drawn({"en": 1}, {"human": 3, "b2c": 1})
    assert abs(human["a"] - 3000) < 140 and human["e"] == 0 and abs(human["c"] - 333) < 90
    assert drawn({"pt": 1}, {"mt": 1}) == {"e": 4000}
    assert captions.choose(rows, {"fr": 1}, {}, rng) is None and captions.choose([cap("  ")], {}, {}, rng) is None


def test_a_translation_is_the_same_caption() -> None:
    rows = [cap("Two ships"), cap("Dois navios", "pt", "mt:x", of=0), cap("Ein Hafen", "de", "mt:x", of=1)]
    rng = random.Random(0)
    numbers = {captions.choose([*rows], {lang: 1}, {}, rng).same for lang in ("en", "pt", "de")}
    assert numbers == {captions.number("two ships ")} and captions.number("two ships") == 6874832039698148491


@pytest.mark.parametrize(
    ("rule", "english", "allow"),
    [
        ("position/cell", "", Allow(False, False, 1.0)),
        ("position/edge", "", Allow(True, True, 1.0)),
        ("count/all", "", Allow(True, True, 0.9)),
        ("area/share", "", Allow(True, True, 0.9)),
        ("scene/label", "", ALL),
        ("scene/view_gsd", "", Allow(True, True, 0.9)),
        ("", "many planes are parked", ALL),
        ("", "a river runs to the north-west", Allow(False, False, 0.9)),
        ("", "A house on the LEFT", Allow(False, False, 0.9)),
        ("landmarks/v1", "a bridge above the river", Allow(False, False, 0.9)),
    ],
)
def test_what_a_caption_survives(rule: str, english: str, allow: Allow) -> None:
    assert captions.allowed(rule, english) == allow


def test_every_family_of_b2c_is_known() -> None:
    import re

    root = Path(captions.__file__).parents[1] / "stages"
    text = "".join((root / name).read_text() for name in ("_facts.py", "_places.py"))
    families = {found.split("/")[0] for found in re.findall(r'"([a-z]+/[a-z_]+)"', text)}
    assert families and families <= {"position", "count", "area", "scene"}
    assert all(f'"{rule}"' in text for rule in captions.ROUND)


# -- views


@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.4, 0.9, 1.0]), st.sampled_from([ALL, Allow(False, False, 0.9)]))
def test_crops_lie_inside_and_keep_their_share(seed: int, low: float, allow: Allow) -> None:
    view = views.plan(32, random.Random(seed), allow, scale=(low, 1.0))
    x0, y0, x1, y1 = view.box
    assert 0 <= x0 < x1 <= 1 + 1e-9 and 0 <= y0 < y1 <= 1 + 1e-9
    assert max(low, allow.scale) - 1e-9 <= (x1 - x0) * (y1 - y0) <= 1 + 1e-9
    assert 9 / 16 - 1e-9 <= (x1 - x0) / (y1 - y0) <= 16 / 9 + 1e-9
    if allow is not ALL:
        assert not view.flip and view.turns == 0


def test_left_and_a_quarter_turn_do_not_meet() -> None:
    allow = captions.allowed("position/cell")
    for seed in range(50):
        assert views.plan(32, random.Random(seed), allow, scale=(0.4, 1.0))[:4] == (views.WHOLE, 32, False, 0)
    free = [views.plan(32, random.Random(seed), ALL) for seed in range(50)]
    assert {view.turns for view in free} == {0, 1, 2, 3} and {view.flip for view in free} == {False, True}


def test_pixels_go_where_the_view_says() -> None:
    corners = np.zeros((64, 64, 3), np.uint8)
    corners[:32, :32], corners[:32, 32:], corners[32:, :32] = (200, 0, 0), (0, 200, 0), (0, 0, 200)
    out = io.BytesIO()
    Image.fromarray(corners).save(out, "PNG")

    def quarters(view: views.View) -> list[str]:
        (pixels,) = views.render(out.getvalue(), [view])
        spots = [pixels[8, 8], pixels[8, 24], pixels[24, 8], pixels[24, 24]]
        return ["rgbk"[int(spot.argmax())] if spot.max() > 100 else "k" for spot in spots]

    assert quarters(views.View(views.WHOLE, 32)) == ["r", "g", "b", "k"]
    assert quarters(views.View(views.WHOLE, 32, flip=True)) == ["g", "r", "k", "b"]
    assert quarters(views.View(views.WHOLE, 32, turns=1)) == ["g", "k", "r", "b"]  # against the clock
    assert quarters(views.View((0.5, 0.0, 1.0, 0.5), 32)) == ["g", "g", "g", "g"]
    assert quarters(views.View((0.0, 0.5, 1.0, 1.0), 32)) == ["b", "k", "b", "k"]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - two.astype(float)) ** 2))))


@pytest.mark.parametrize("box", [views.WHOLE, (0.03, 0.01, 0.99, 0.96), (0.3, 0.2, 0.8, 0.7)])
def test_scaled_decode_stays_close_to_a_full_one(box: views.Box) -> None:
    rng = np.random.default_rng(0)
    base = Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).resize((801, 799), Image.Resampling.BICUBIC)
    noisy = np.clip(np.asarray(base).astype(int) + rng.integers(-8, 9, (799, 801, 3)), 0, 255).astype(np.uint8)
    data = tiny_train.jpeg(noisy)
    (ours,) = views.render(data, [views.View(box, 224)])
    edges = (box[0] * 801, box[1] * 799, box[2] * 801, box[3] * 799)
    full = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC, box=edges)
    assert ours.shape == (224, 224, 3) and psnr(ours, np.asarray(full)) > 35


def test_colour_changes_are_drawn_from_the_views_seed() -> None:
    image, _ = tiny_train.sample(0)
    plain, one, again, other = views.render(
        image,
        [
            views.View(views.WHOLE, 32),
            *(views.View(views.WHOLE, 32, colour=views.GLOBAL_TWO, seed=s) for s in (1, 1, 2)),
        ],
    )
    assert (one == again).all() and (one != other).any() and (one != plain).any()
    assert views.GLOBAL_ONE.scaled(0.0) == views.PLAIN


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16", "1"])
def test_other_pictures_become_rgb(mode: str) -> None:
    grey = np.linspace(0, 255, 40 * 40).reshape(40, 40)
    picture = (
        Image.fromarray((grey * 257).astype(np.uint16)) if mode == "I;16" else Image.fromarray(grey.astype(np.uint8))
    )
    out = io.BytesIO()
    (picture if mode == "I;16" else picture.convert(mode)).save(out, "PNG")
    (pixels,) = views.render(out.getvalue(), [views.View(views.WHOLE, 32)])
    assert pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8
    assert pixels[:4].mean() < 60 and pixels[-4:].mean() > 190


# -- settings


def test_flags_win_over_the_file_and_each_default_names_its_source(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("lr: 7e-5   # paper, table 1\nbatch: 256\nlangs: [en, pt]\n")
    found, sources = config.read(file, {"batch": 64, "pretrained": "openai"})
    assert (found.lr, found.batch, found.langs) == (7e-5, 64, {"en": 1.0, "pt": 1.0})
    assert (sources["lr"], sources["batch"], sources["beta2"]) == ("paper, table 1", "given", config.ITRA)
    config.write(tmp_path / "out.yaml", found, sources)
    again, told = config.read(tmp_path / "out.yaml", {})
    assert again == found and told == sources
    assert config.make({})[0].lr == 5e-4 and config.make({"pretrained": "x"})[0].lr == 4e-5
    assert config.make({"langs": "en=2,pt"})[0].langs == {"en": 2.0, "pt": 1.0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lrr": 1}, "did you mean lr"),
        ({"lr": "fast"}, "lr wants a number"),
        ({"batch": 1.5}, "batch wants a whole number"),
        ({"flip": "perhaps"}, "flip wants true or false"),
        ({"objective": "blip"}, "objective can be clip, siglip"),
        ({"langs": {"en": -1}}, "langs wants name: weight"),
        ({"scale": 0}, "share of the image's area"),
        ({"accumulate": 0}, "accumulate wants 1 or more"),
    ],
)
def test_wrong_settings_are_one_line(given: dict, said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        config.make(given)


RECIPES = sorted((Path(__file__).resolve().parents[1] / "recipes/train").glob("*.yaml"))


def test_the_recipes_are_there() -> None:
    assert {"remoteclip-rn50", "remoteclip-vit-b-32", "remoteclip-vit-l-14", "rs-m-clip"} <= {p.stem for p in RECIPES}


@pytest.mark.parametrize("path", [p for p in RECIPES if "demo" not in p.stem], ids=lambda p: p.stem)
def test_recipes_of_the_papers_are_read_and_name_their_sources(path: Path) -> None:
    found, sources = config.read(path, {"shards": "x"})
    assert found.pretrained
    assert [key for key, source in sources.items() if source == "given"] == ["shards"]
