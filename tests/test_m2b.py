"""Objects from masks: class masks in three forms, instance ids, windows, faults; every pixel object accounted for."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from rsdata import pixels
from rsdata.errors import BadAnnotation, BadCorpus, BadRecipe
from rsdata.record import Drop, Made, Obj, Output, Record, Window, labels_of
from rsdata.stages import m2b

INDEX = "index:0=,1=building,2=road,9="


def record(
    mask: str = "mask.png", kind: str | None = INDEX, size: tuple[int, int] = (8, 6), **fields: object
) -> Record:
    return Record("s/train/a", "s", "train", None, *size, mask_path=mask, mask_kind=kind, **fields)  # type: ignore[arg-type]


def run(one: Record, root: Path, **params: object) -> list[Output]:
    """The stage's output, with its ledger checked."""
    out = list(m2b.run([one], roots={"s": root}, **params))  # type: ignore[arg-type]
    made = [o for o in out if isinstance(o, Made)]
    drops = [o for o in out if isinstance(o, Drop)]
    kept = [o for o in out if isinstance(o, Record)]
    assert 1 + sum(m.images for m in made) == len(kept) + sum(d.images for d in drops)
    objects = len(one.objects) + sum(m.objects for m in made)
    assert objects == sum(len(r.objects) for r in kept) + sum(d.objects for d in drops)
    assert all(d.stage == "m2b" and d.detail for d in drops)
    return out


def objects_of(out: list[Output]) -> list[tuple[str, tuple[float, ...], float]]:
    (kept,) = [o for o in out if isinstance(o, Record)]
    assert all(o.origin == "m2b" and not o.poly for o in kept.objects)
    return [(o.label, o.box, o.area) for o in kept.objects]


def drops_of(out: list[Output]) -> dict[str, tuple[int, int, str]]:
    return {d.reason: (d.images, d.objects, d.detail) for d in out if isinstance(d, Drop)}


def drawn(*lines: str) -> np.ndarray:
    return np.array([[int(c, 16) for c in line] for line in lines], np.uint8)


MASK = drawn("11100200", "10100200", "11100000", "00000010", "99000001", "99001000")


def save(root: Path, name: str, mask: np.ndarray) -> None:
    Image.fromarray(mask).save(root / name)


def coloured(ids: np.ndarray) -> np.ndarray:
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("text", "form", "concepts", "threshold"),
    [
        ("index:0=,1=,2=building", "index", {0: "", 1: "", 2: "building"}, 0),
        ("rgb:000000=,00003f=ship,FF0102=road", "rgb", {0: "", 0x3F0000: "ship", 0x0201FF: "road"}, 0),
        ("rgb128:000000=,00ffff=road", "rgb", {0: "", 0xFFFF00: "road"}, 128),
        ("binary:128=building", "binary", {0: "", 1: "building"}, 128),
    ],
)
def test_parse_mask_kind(text: str, form: str, concepts: dict[int, str], threshold: int) -> None:
    assert m2b.parse_mask_kind(text) == m2b.MaskKind(form, concepts, threshold)


@pytest.mark.parametrize("text", ["", "index", "index:", "index:1", "index:x=road", "colour:1=road", "binary:1=a,2=b"])
def test_a_mask_kind_nobody_knows(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadAnnotation, match="wanted index:"):
        m2b.parse_mask_kind(text)
    save(tmp_path, "mask.png", MASK)
    assert drops_of(run(record(kind=text), tmp_path))["unknown-mask-kind"][:2] == (1, 0)


@pytest.mark.parametrize("text", ["rgb:00ff=road", "rgb:12=road", "rgb:gggggg=road", "rgb0:000000=", "rgbx:000000="])
def test_a_colour_has_six_digits(text: str) -> None:
    with pytest.raises(BadAnnotation, match="wanted index:"):
        m2b.parse_mask_kind(text)


def test_index_mask(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", MASK)
    out = run(record(), tmp_path, min_area=1)
    assert objects_of(out) == [
        ("building", (0.0, 0.0, 3.0, 3.0), 8.0),
        ("road", (5.0, 0.0, 6.0, 2.0), 2.0),
        ("building", (6.0, 3.0, 8.0, 5.0), 2.0),
        ("building", (4.0, 5.0, 5.0, 6.0), 1.0),
    ]
    assert drops_of(out) == {}


def test_min_area_is_counted(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", MASK)
    out = run(record(), tmp_path, min_area=3)
    assert objects_of(out) == [("building", (0.0, 0.0, 3.0, 3.0), 8.0)]
    assert drops_of(out) == {"below-min-area": (0, 3, "fewer than 3 pixels: 2 building; 1 road")}
    assert objects_of(run(record(), tmp_path)) == []


def test_unknown_values_are_found_and_counted(tmp_path: Path) -> None:
    mask = MASK.copy()
    mask[5, 6:] = 7
    mask[0, 3] = 7
    mask[3, 0] = 5
    save(tmp_path, "mask.png", mask)
    out = run(record(), tmp_path, min_area=1)
    assert drops_of(out) == {"unknown-mask-value": (0, 3, "5: 1 pixels; 7: 3 pixels")}
    assert len(objects_of(out)) == 4


def test_a_palette_file_is_read_by_its_indices(tmp_path: Path) -> None:
    im = Image.fromarray(MASK)
    im.putpalette([200, 10, 30] * 256)
    im.save(tmp_path / "mask.png")
    assert im.mode == "P"
    assert labels_of(run(record(), tmp_path, min_area=1)[-1]) == {"building": 3, "road": 1}  # type: ignore[arg-type]


def test_colour_mask_with_unknown_colours(tmp_path: Path) -> None:
    colours = np.zeros((16, 3), np.uint8)
    colours[1], colours[2], colours[9] = (0, 0, 63), (255, 1, 2), (1, 2, 3)
    save(tmp_path, "mask.png", colours[MASK])
    out = run(record(kind="rgb:000000=,00003f=ship,ff0102=road"), tmp_path, min_area=2)
    assert objects_of(out) == [
        ("ship", (0.0, 0.0, 3.0, 3.0), 8.0),
        ("road", (5.0, 0.0, 6.0, 2.0), 2.0),
        ("ship", (6.0, 3.0, 8.0, 5.0), 2.0),
    ]
    assert drops_of(out) == {
        "below-min-area": (0, 1, "fewer than 2 pixels: 1 ship"),
        "unknown-mask-value": (0, 1, "010203: 4 pixels"),
    }


def test_binary_mask_joins_all_values_from_the_threshold_on(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", np.array([[127, 128, 255, 0], [0, 0, 200, 3]], np.uint8))
    out = run(record(kind="binary:128=building", size=(4, 2)), tmp_path, min_area=1)
    assert objects_of(out) == [("building", (1.0, 0.0, 3.0, 2.0), 3.0)]


IDS = np.zeros((6, 8), np.int64)
IDS[:, 0:2], IDS[:, 2:4], IDS[2:4, 6:8], IDS[5, 7] = 70000, 2_000_000, 70000, 12
TOUCHING = drawn("11110000", "11110000", "11110011", "11110011", "11110000", "11110201")


def test_instances_split_what_touches_and_join_what_does_not(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", TOUCHING)
    save(tmp_path, "ids.png", coloured(IDS))
    one = record(extra={"instances": "ids.png"})
    out = run(one, tmp_path, min_area=1)
    assert objects_of(out) == [
        ("building", (0.0, 0.0, 8.0, 6.0), 16.0),
        ("building", (2.0, 0.0, 4.0, 6.0), 12.0),
        ("road", (5.0, 5.0, 6.0, 6.0), 1.0),  # a class pixel without an id: a component
    ]
    assert drops_of(out) == {"instance-id-too-small": (0, 1, "id 12: 1 pixels of value 1")}
    small = [d for d in run(one, tmp_path, min_area=13) if isinstance(d, Drop) and d.reason == "below-min-area"]
    assert [(d.objects, d.detail) for d in small] == [
        (1, "id 2000000: 12 pixels of value 1"),
        (1, "fewer than 13 pixels: 1 road"),
    ]
    assert [o[1] for o in objects_of(run(one, tmp_path, min_area=1, instances=False))] == [
        (0.0, 0.0, 4.0, 6.0),
        (6.0, 2.0, 8.0, 4.0),
        (5.0, 5.0, 6.0, 6.0),
        (7.0, 5.0, 8.0, 6.0),
    ]


def test_instances_of_two_classes_of_none_and_of_an_unknown_one(tmp_path: Path) -> None:
    mask = drawn("11120000", "66600000")
    ids = np.zeros((2, 8), np.int64)
    ids[0, :4], ids[1, :3], ids[0, 6:] = 5000, 6000, 7000
    save(tmp_path, "mask.png", mask)
    save(tmp_path, "ids.png", coloured(ids))
    out = run(record(size=(8, 2), extra={"instances": "ids.png"}), tmp_path, min_area=1)
    assert objects_of(out) == [("building", (0.0, 0.0, 4.0, 1.0), 4.0)]
    assert drops_of(out) == {
        "instance-with-two-classes": (0, 0, "id 5000: 1 of 4 pixels are not building"),
        "unknown-mask-value": (0, 1, "id 6000: 3 pixels of value 6"),
        "instance-without-class": (0, 1, "id 7000: 2 pixels of value 0"),
    }


def test_instances_do_not_depend_on_the_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.zeros((40, 30), np.int64)
    ids[3:9, 12:20], ids[9:17, 5:14], ids[20:22, 15:25] = 1000, 1000, 1000
    ids[30:37, 2:9] = 70000
    mask = np.full((40, 30), 2, np.uint8)
    mask[ids > 0] = 1
    mask[28, 3] = 0
    Image.fromarray(mask).save(tmp_path / "mask.tif")
    Image.fromarray(coloured(ids)).save(tmp_path / "ids.tif")
    one = record("mask.tif", size=(30, 40), extra={"instances": "ids.tif"})
    whole = pixels.mask_bands
    for rows in (1, 7, 1024):
        monkeypatch.setattr(pixels, "mask_bands", lambda path, window=None, rows=rows: whole(path, window, rows))
        assert objects_of(run(one, tmp_path)) == [
            ("building", (5.0, 3.0, 25.0, 22.0), 48.0 + 72.0 + 20.0),
            ("building", (2.0, 30.0, 9.0, 37.0), 49.0),
            ("road", (0.0, 0.0, 30.0, 40.0), 1200.0 - 140.0 - 49.0 - 1.0),
        ]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_windows_of_a_mask(tmp_path: Path, suffix: str) -> None:
    save(tmp_path, f"mask.{suffix}", MASK)
    save(tmp_path, "image.png", np.zeros((6, 8, 3), np.uint8))
    windows = [Window(0, 0, 8, 6), Window(1, 1, 5, 2), Window(4, 3, 4, 3)]
    records = [record(f"mask.{suffix}", size=w[2:], window=w) for w in windows]
    for one in records:
        one.path = "image.png"
    found = [objects_of(run(one, tmp_path, min_area=1)) for one in records]
    assert len(found[0]) == 4
    assert found[1] == [("building", (0.0, 0.0, 2.0, 2.0), 3.0), ("road", (4.0, 0.0, 5.0, 1.0), 1.0)]
    assert found[2] == [("building", (2.0, 0.0, 4.0, 2.0), 2.0), ("building", (0.0, 2.0, 1.0, 3.0), 1.0)]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_instances_in_a_window(tmp_path: Path, suffix: str) -> None:
    save(tmp_path, f"mask.{suffix}", TOUCHING)
    save(tmp_path, f"ids.{suffix}", coloured(IDS))
    window = Window(1, 3, 6, 3)
    one = record(f"mask.{suffix}", size=(6, 3), window=window, extra={"instances": f"ids.{suffix}"})
    out = run(one, tmp_path, min_area=1)
    assert objects_of(out) == [
        ("building", (0.0, 0.0, 6.0, 3.0), 4.0),  # column 1 of the id 70000, and its other part at column 6
        ("building", (1.0, 0.0, 3.0, 3.0), 6.0),
        ("road", (4.0, 2.0, 5.0, 3.0), 1.0),
    ]
    assert drops_of(out) == {}


def test_windows_of_one_file_decode_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "mask.png", MASK)
    save(tmp_path, "other.png", MASK)
    opened: list[str] = []
    load = pixels.load_mask
    monkeypatch.setattr(pixels, "load_mask", lambda path: opened.append(path.name) or load(path))
    windows = [Window(x, y, 4, 3) for x in (0, 4) for y in (0, 3)]
    records = [record(name, size=(4, 3), window=w) for name in ("mask.png", "other.png") for w in windows]
    out = list(m2b.run(records, roots={"s": tmp_path}, min_area=1))
    assert opened == ["mask.png", "other.png"]
    assert sum(len(o.objects) for o in out if isinstance(o, Record)) == 2 * 4


def test_faults_drop_the_image_with_its_objects(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", MASK)
    save(tmp_path, "image.png", np.zeros((7, 8, 3), np.uint8))
    save(tmp_path, "rgb.png", np.zeros((6, 8, 3), np.uint8))
    big = np.random.default_rng(0).integers(0, 255, (300, 300), np.uint8)
    save(tmp_path, "cut.png", big)
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:5000])
    (tmp_path / "text.png").write_text("no image")
    Image.fromarray(MASK.astype(np.float32)).save(tmp_path / "float.tif")
    box = [Obj("ship", (0.0, 0.0, 2.0, 2.0))]
    windowed = record(size=(4, 3), window=Window(0, 0, 4, 3), objects=box)
    windowed.path = "image.png"
    cases = [
        (record("none.png", objects=box), "missing-mask", "none.png"),
        (record("text.png", objects=box), "unreadable-mask", "text.png"),
        (record("cut.png", size=(300, 300), objects=box), "unreadable-mask", "cut.png"),
        (record(size=(9, 6), objects=box), "mask-size-differs", "8 x 6 pixels, its image 9 x 6"),
        (windowed, "mask-size-differs", "8 x 6 pixels, its image 8 x 7"),
        (record(size=(4, 3), window=Window(6, 4, 4, 3), objects=box), "mask-size-differs", "8 x 6 pixels"),
        (record("rgb.png", objects=box), "mask-kind-differs", "RGB colours"),
        (record(kind="rgb:000000=", objects=box), "mask-kind-differs", "one band of uint8"),
        (record("float.tif", objects=box), "mask-kind-differs", "one band of float32"),
        (record(extra={"instances": "none.png"}, objects=box), "missing-mask", "none.png"),
        (record(extra={"instances": "image.png"}, objects=box), "mask-size-differs", "8 x 7 pixels"),
        (record(kind=None, objects=box), "unknown-mask-kind", "wanted index:"),
    ]
    for one, reason, detail in cases:
        (drop,) = run(one, tmp_path)
        assert isinstance(drop, Drop)
        assert (drop.reason, drop.images, drop.objects) == (reason, 1, 1)
        assert detail in drop.detail


def test_a_record_without_a_mask_passes_as_it_is(tmp_path: Path) -> None:
    one = Record("s/a", "s", objects=[Obj("ship", (0.0, 0.0, 2.0, 2.0))])
    assert run(one, tmp_path) == [one]


def test_a_source_without_a_root_is_the_users_error() -> None:
    with pytest.raises(BadCorpus, match="no root folder is known for the source 's'"):
        list(m2b.run([record()], roots={}))


def test_min_area_below_one_is_refused() -> None:
    with pytest.raises(BadRecipe, match="min_area 0"):
        list(m2b.run([record()], roots={}, min_area=0))


def test_a_second_run_replaces_the_objects_of_the_first(tmp_path: Path) -> None:
    save(tmp_path, "mask.png", MASK)
    source = Obj("ship", (0.0, 0.0, 2.0, 2.0))
    first = run(record(objects=[source]), tmp_path, min_area=1)[-1]
    assert isinstance(first, Record)
    before = pickle.dumps(first)
    out = run(first, tmp_path, min_area=3)
    assert drops_of(out)["replaced"] == (0, 4, "objects of an earlier m2b")
    again = out[-1]
    assert isinstance(again, Record)
    assert again.objects[0] == source
    assert [(o.label, o.origin) for o in again.objects] == [("ship", "source"), ("building", "m2b")]
    assert pickle.dumps(first) == before


@given(
    arrays(np.uint8, (12, 15), elements=st.integers(0, 3)),
    arrays(np.int64, (12, 15), elements=st.sampled_from([0, 3, 1000, 70000])),
    st.integers(1, 20),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_every_pixel_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, mask: np.ndarray, ids: np.ndarray, min_area: int, with_ids: bool
) -> None:
    root = tmp_path_factory.mktemp("any")
    save(root, "mask.png", mask)
    save(root, "ids.png", coloured(ids))
    one = record(size=(15, 12), extra={"instances": "ids.png"} if with_ids else {})
    kept = objects_of(run(one, root, min_area=min_area))
    for _, (x0, y0, x1, y1), area in kept:
        assert 0 <= x0 < x1 <= 15 and 0 <= y0 < y1 <= 12
        assert min_area <= area <= (x1 - x0) * (y1 - y0)
    all_areas = sum(area for *_, area in objects_of(run(one, root, min_area=1)))
    if not with_ids:
        assert all_areas == np.isin(mask, [1, 2]).sum()


ISAID = "rgb:000000=,00003f=ship,003f3f=storage_tank,007f7f=large_vehicle,00007f=small_vehicle"


@pytest.mark.parametrize("name", ["train/images/P0002", "val/images/P0003", "val/images/P0004"])
def test_isaid_instances_and_components_equal_the_counts(shared_data: Path, counts: dict, name: str) -> None:
    facts = counts["isaid"]["per_image"][name]
    one = record(f"{name}_instance_color_RGB.png", ISAID, facts["mask_size"])
    one.extra = {"instances": f"{name}_instance_id_RGB.png"}
    (made, kept) = run(one, shared_data / "isaid")
    assert isinstance(made, Made) and isinstance(kept, Record)
    assert labels_of(kept) == {k.lower(): n for k, n in facts["instances_per_class"].items()}
    (_, kept) = run(one, shared_data / "isaid", instances=False)
    assert isinstance(kept, Record)
    classes = {k.lower(): c for k, c in facts["classes"].items() if c["value"]}
    assert labels_of(kept) == {k: c["components_ge_10px"] for k, c in classes.items()}
    for label, facts_of in classes.items():
        assert sum(o.area for o in kept.objects if o.label == label) == facts_of["pixels"]


@pytest.mark.parametrize(
    ("source", "mask", "image"),
    [
        ("loveda", "Train/Rural/masks_png/0.png", "0.png"),
        ("potsdam", "ann_dir/2_10_0_0_512_512.png", "2_10_0_0_512_512.png"),
        ("vaihingen", "ann_dir/area1_0_0_512_512.png", "area1_0_0_512_512.png"),
    ],
)
def test_class_masks_equal_the_counts(shared_data: Path, counts: dict, source: str, mask: str, image: str) -> None:
    facts = counts[source]["per_image"][image]
    kind = "index:" + ",".join(f"{c['value']}={name}" for name, c in facts["classes"].items())
    one = record(mask, kind, facts["mask"][:2])
    for min_area, key in ((1, "components_ge_1px"), (10, "components_ge_10px")):
        kept = run(one, shared_data / source, min_area=min_area)[-1]
        assert isinstance(kept, Record)
        assert labels_of(kept) == {name: c[key] for name, c in facts["classes"].items()}
    kept = run(one, shared_data / source, min_area=1)[-1]
    assert isinstance(kept, Record)
    for name, c in facts["classes"].items():
        assert sum(o.area for o in kept.objects if o.label == name) == c["pixels"]


def test_colours_that_are_not_exact(tmp_path: Path) -> None:
    mask = np.zeros((6, 8, 3), np.uint8)
    mask[1:3, 2:5] = (3, 250, 129)  # once (0, 255, 255), saved with loss
    mask[5, 7] = (127, 0, 128)
    save(tmp_path, "mask.png", mask)
    out = run(record(kind="rgb128:000000=,00ffff=road"), tmp_path, min_area=1)
    assert objects_of(out) == [("road", (2, 1, 5, 3), 6)]
    assert drops_of(out) == {"unknown-mask-value": (0, 1, "0000ff: 1 pixels")}
    exact = run(record(kind="rgb:000000=,00ffff=road"), tmp_path, min_area=1)
    assert objects_of(exact) == []
    assert drops_of(exact) == {"unknown-mask-value": (0, 2, "7f0080: 1 pixels; 03fa81: 6 pixels")}
