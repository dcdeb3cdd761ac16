"""Box to caption: golden sentences, and captions read back and held against the boxes they were made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsdata import words
from rsdata.errors import BadRecipe
from rsdata.geometry import hull
from rsdata.record import Caption, Drop, Obj, Record, labels_of
from rsdata.stages import b2c
from rsdata.stages._facts import share_of, two_digits
from rsdata.stages._groups import with_children
from rsdata.stages._places import CELLS
from rsdata.words import render as render_module
from rsdata.words.render import language

# -- drawn records


def thing(label: str, x: float, y: float, side: float = 20) -> Obj:
    """An object whose centre is (x, y)."""
    return Obj(label, (x - side / 2, y - side / 2, x + side / 2, y + side / 2), area=side * side)


def land(label: str, area: float) -> Obj:
    return Obj(label, (0, 0, 100, 100), area=area, origin="m2b")


def record(*objects: Obj, **more: Any) -> Record:
    return Record(**{"id": "drawn/1", "source": "drawn", "width": 900, "height": 600, "objects": list(objects), **more})


def captions(rec: Record, **params: Any) -> list[Caption]:
    (out,) = b2c.run([rec], **params)
    assert isinstance(out, Record)
    return out.captions


def texts(rec: Record, **params: Any) -> list[str]:
    return [caption.text for caption in captions(rec, **params)]


AIRFIELD = record(
    thing("airplane", 60, 50), thing("airplane", 150, 120), thing("small_vehicle", 850, 550),
    *(thing("ship", 450 + 3 * i, 300) for i in range(12)), platform="satellite", gsd=0.2556,
)  # fmt: skip
SHIP = record(thing("ship", 450, 300), id="drawn/ship")
TILE = record(
    land("forest", 300_000), land("farmland", 150_000), land("road", 5_000), land("water", 40_000),
    land("water", 14_000),
    *(thing("building", 700, 100 + 30 * i) for i in range(3)), id="drawn/tile", platform="aerial",
)  # fmt: skip


def test_golden_remoteclip() -> None:
    assert [(c.rule, c.text) for c in captions(AIRFIELD, rules="remoteclip")] == GOLDEN_REMOTECLIP


def test_golden_full() -> None:
    assert [(c.rule, c.text) for c in captions(AIRFIELD)] == GOLDEN_FULL
    assert [(c.rule, c.text) for c in captions(TILE)] == GOLDEN_TILE


def test_golden_single_object_and_scene() -> None:
    assert texts(SHIP, rules="remoteclip") == GOLDEN_SHIP_REMOTECLIP
    assert sorted(texts(SHIP)) == sorted(
        [
            "There is a ship in the image.",
            "The image shows a ship.",
            "A ship can be seen in the image.",
            "A ship is in the center of the image.",
            "In the center of the image there is a ship.",
        ]
    )
    scene = record(id="drawn/scene", label="dense_residential_area", platform="satellite", gsd=0.5)
    assert sorted(texts(scene)) == sorted(GOLDEN_SCENE)
    assert {c.rule.split("/")[0] for c in captions(scene)} == {"scene"}


# -- what RemoteCLIP says


def test_remoteclip_middle_is_the_middle_half_of_each_side() -> None:
    inside = [thing("ship", 225, 150), thing("ship", 675, 450)]
    outside = [thing("car", 224, 300), thing("car", 450, 451)]
    said = {c.rule: c.text for c in captions(record(*inside, *outside), rules="remoteclip")}
    assert re.fullmatch(r"2 ships (are )?in the middle of the picture\.", said["position/middle"])
    assert re.fullmatch(r"2 cars (are )?at the edge of the picture\.", said["position/edge"])
    wide = [c.rule for c in captions(record(*inside, *outside), rules="remoteclip", centre=1.0)]
    assert "position/edge" not in wide and len(wide) == 5


def test_remoteclip_says_ten_and_does_not_say_eleven() -> None:
    ten = texts(record(*(thing("ship", 450, 300) for _ in range(10))), rules="remoteclip")
    eleven = texts(record(*(thing("ship", 450, 300) for _ in range(11))), rules="remoteclip")
    assert all("10 ships" in text for text in ten)
    assert not any(re.search(r"\d", text) for text in eleven)
    assert any(
        "11 ships" in t
        for t in texts(record(*(thing("ship", 450, 300) for _ in range(11))), rules="remoteclip", many=11)
    )


def test_remoteclip_rules_of_the_paper_in_order() -> None:
    rules = [c.rule for c in captions(AIRFIELD, rules="remoteclip")]
    assert rules[:2] == ["position/middle", "position/edge"]
    assert len(rules) == 5 and all(rule.startswith("count/") for rule in rules[2:])


# -- what full says


def test_full_names_every_category_first_and_says_other_for_parents() -> None:
    rec = record(
        thing("vehicle", 100, 100), thing("vehicle", 300, 100), thing("car", 200, 200), thing("person", 800, 500)
    )
    assert "a car, a person, and two other vehicles" in texts(rec)[0].replace("A car", "a car")


def test_full_never_counts_stuff() -> None:
    for text in texts(TILE, per_image=40):
        assert not re.search(r"(two|three|areas|stretch\w*) (of )?(forests?|waters?|farmlands?|roads?)\b", text), text
    assert any(
        text == "The image is mostly covered by forest." or "Forest covers" in text
        for text in texts(TILE, per_image=40)
    )
    shares = next(text for text in texts(TILE, per_image=40) if "(" in text)
    assert re.search(
        r"forest \(about half\), farmland \(about a quarter\), water \(about a tenth\), and roads \(a tiny part\)",
        shares,
    )


def test_a_share_of_most_is_said_in_full_in_a_list() -> None:
    said = texts(record(land("forest", 470_000), land("water", 4_000)), per_image=20)
    assert any(text.endswith("forest (most of the image) and water (a tiny part).") for text in said)
    assert "Most of the image is covered by forest." in said and "Forest covers most of the image." in said


def test_stuff_without_area_is_named_without_share() -> None:
    assert not any(
        "about" in text or "cover" in text
        for text in texts(record(land("forest", 0)), per_image=20)
        if "land cover" not in text
    )
    assert "The image shows forest." in texts(record(land("forest", 0)), per_image=20)


def test_one_parent_is_not_placed_as_if_it_were_all() -> None:
    rec = record(*(thing("vehicle", 100, 100) for _ in range(3)), *(thing("car", 800, 500) for _ in range(2)))
    assert not any(re.search(r"\b[Aa]ll three vehicles", text) for text in texts(rec, per_image=40))
    assert "Both cars are in the bottom right of the image." in texts(rec, per_image=40)


def test_a_parent_is_never_drawn_without_its_children() -> None:
    counts = {"vehicle": 2, "car": 3, "ship": 1}
    assert with_children(["vehicle"], counts) == {"vehicle": 2, "car": 3}
    assert with_children(["car"], counts) == {"car": 3}
    assert with_children(["ship", "ship"], counts) == {"ship": 1}


def test_things_cover_a_share_only_where_masks_say_so() -> None:
    masks = [Obj("building", (0, 0, 300, 180), area=54_000.0, origin="m2b") for _ in range(2)]
    assert "About a fifth of the image" not in " ".join(texts(record(*masks), per_image=40))
    assert "Buildings cover about a fifth of the image." in texts(record(*masks), per_image=40)
    mixed = [*masks, Obj("building", (10, 10, 60, 60), area=2500.0)]
    assert not any("cover" in text for text in texts(record(*mixed), per_image=40))


def test_close_together_and_far_apart() -> None:
    packed = record(*(thing("car", 100 + 22 * (i % 4), 100 + 22 * (i // 4)) for i in range(12)))
    assert any(re.fullmatch(r"The cars are (close together|densely packed)\.", t) for t in texts(packed, per_image=40))
    apart = record(thing("ship", 50, 50), thing("ship", 850, 550), thing("ship", 850, 50))
    assert "The three ships are far apart from each other." in texts(apart, per_image=40)
    near = record(thing("ship", 50, 50), thing("ship", 850, 550), thing("ship", 800, 550))
    loose = record(*(thing("car", 100 * i, 60 * i) for i in range(9)))
    for rec in (near, loose):
        assert not any(c.rule in ("count/apart", "count/dense") for c in captions(rec, per_image=40))


def test_an_object_across_the_image_has_no_cell() -> None:
    rec = record(Obj("harbor", (0, 0, 900, 300)), thing("ship", 450, 300))
    assert not any("harbor" in c.text for c in captions(rec, per_image=40) if c.rule.startswith("position/"))


def test_images_without_a_size_get_no_positions() -> None:
    rec = record(thing("ship", 10, 10), thing("car", 30, 10), width=0, height=0)
    for rules in ("full", "remoteclip"):
        assert {c.rule.split("/")[0] for c in captions(rec, rules=rules)} == {"count"}


def test_platform_and_resolution_only_where_known() -> None:
    known = " ".join(texts(AIRFIELD, per_image=40))
    assert "satellite image" in known and "0.26 m per pixel" in known
    bare = record(thing("ship", 10, 10), thing("car", 30, 10))
    assert not re.search(r"satellite|aerial|drone|pixel", " ".join(texts(bare, per_image=40)))


@pytest.mark.parametrize(
    ("gsd", "said"), [(0.25559, 0.26), (0.1, 0.1), (30.0, 30), (10.0, 10), (112.4, 112), (1.04, 1)]
)
def test_resolution_is_rounded_to_two_digits(gsd: float, said: float) -> None:
    assert two_digits(gsd) == said and str(two_digits(gsd)) == str(said)


@pytest.mark.parametrize(
    ("share", "name"),
    [(0.005, "tiny"), (0.05, "small"), (0.1, "tenth"), (0.2, "fifth"), (0.25, "quarter"), (0.333, "third"),
     (0.5, "half"), (0.667, "two_thirds"), (0.75, "three_quarters"), (0.9, "most"), (1.0, "nearly_all")],
)  # fmt: skip
def test_share_names(share: float, name: str) -> None:
    assert share_of(share) == name


def test_objects_hidden_by_duplication_count_as_they_are() -> None:
    assert texts(record(thing("ship", 450, 300), thing("ship", 450, 300)), rules="remoteclip")[0].startswith("2 ships")


def test_difficult_objects_count_unless_told_otherwise() -> None:
    rec = record(thing("ship", 450, 300), Obj("ship", (10, 10, 20, 20), difficult=True))
    assert "two ships" in texts(rec)[0].lower()
    assert "a ship" in texts(rec, skip_difficult=True)[0].lower()


# -- bookkeeping


def test_empty_records_are_kept_without_a_caption_or_dropped_by_name() -> None:
    empty = record(platform="satellite", gsd=0.3)
    assert captions(empty) == [] and captions(empty, rules="remoteclip") == []
    assert list(b2c.run([empty], drop_empty=True)) == [
        Drop("drawn/1", "b2c", "no-facts", "no object, stuff or label", images=1, objects=0)
    ]
    hidden = record(Obj("ship", (1, 1, 9, 9), difficult=True))
    (drop,) = b2c.run([hidden], drop_empty=True, skip_difficult=True)
    assert isinstance(drop, Drop) and drop.objects == 1


def test_earlier_b2c_captions_are_replaced_and_others_kept_with_their_links() -> None:
    rec = record(thing("ship", 450, 300))
    rec.captions = [
        Caption("old", origin="b2c", rule="count/all"),
        Caption("A harbor scene.", origin="human"),
        Caption("alt", lang="fr", origin="b2c", of=0),
        Caption("Une scène de port.", lang="fr", origin="mt:x", of=1),
        Caption("translated from the old one", lang="de", origin="mt:x", of=0),
    ]
    before = list(rec.captions)
    out = captions(rec)
    assert [(c.text, c.of) for c in out[:2]] == [("A harbor scene.", None), ("Une scène de port.", 0)]
    assert all(c.origin == "b2c" for c in out[2:]) and len(out) == 7
    assert rec.captions == before
    again = captions(Record(**{**{f: getattr(rec, f) for f in rec.__slots__}, "captions": out}))
    assert again == out


def test_languages_say_the_same_facts_and_point_to_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (render_module.LANGS / "en.toml").read_text()
    (tmp_path / "en.toml").write_text(source)
    (tmp_path / "pt.toml").write_text(source.replace("airplane", "avião").replace("avião = {", "airplane = {"))
    monkeypatch.setattr(render_module, "LANGS", tmp_path)
    language.cache_clear()
    try:
        rec = record(*AIRFIELD.objects, id="drawn/two", platform="aerial")
        rec.captions = [Caption("Seen by a person.", origin="human")]
        both = captions(rec, langs=["pt", "en"])
        english, other = both[1:6], both[6:]
        assert [c.lang for c in both] == ["en"] + ["en"] * 5 + ["pt"] * 5
        assert [c.of for c in other] == [1, 2, 3, 4, 5] and [c.of for c in english] == [None] * 5
        assert [c.text for c in other] == [
            c.text.replace("airplane", "avião").replace("An av", "An av") for c in english
        ]
        assert [c.rule for c in other] == [c.rule for c in english]
        alone = captions(rec, langs=["pt"])[1:]
        assert [(c.text, c.of) for c in alone] == [(c.text, None) for c in other]
    finally:
        language.cache_clear()


def test_the_draw_depends_on_seed_and_id_alone() -> None:
    recs = [record(*AIRFIELD.objects, id=f"drawn/{i}", platform="uav") for i in range(30)]
    once = [out.captions for out in b2c.run(recs, rules="remoteclip", seed=3)]
    turned = [out.captions for out in b2c.run(recs[::-1], rules="remoteclip", seed=3)][::-1]
    other = [out.captions for out in b2c.run(recs, rules="remoteclip", seed=4)]
    assert once == turned and once != other
    assert len({caption.text for caps in once for caption in caps}) > 20
    assert captions(recs[0], per_image=3) == captions(recs[0], per_image=5)[:3]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"rules": "paper"}, "rules is 'paper'; it can be full or remoteclip"),
        ({"per_image": 0}, "per_image 0"),
        ({"many": 0}, "many 0"),
        ({"centre": 0.0}, "centre 0.0"),
        ({"centre": 1.5}, "centre 1.5"),
        ({"langs": []}, "langs is empty"),
        ({"langs": ["xx"]}, "no language 'xx'"),
    ],
)
def test_bad_parameters(params: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRecipe, match=re.escape(message)):
        list(b2c.run([], **params))


def test_a_label_that_is_no_concept_is_an_error_that_says_so() -> None:
    for rules in ("full", "remoteclip"):
        with pytest.raises(words.UnknownConcept, match="'plane' is not a concept"):
            list(b2c.run([record(thing("plane", 1, 1))], rules=rules))


# -- truth: captions read back

DIGITS = {form[""]: n for n, form in language("en")._numbers.items()}
RANGES = {
    "many": (8, 10**9), "more than ten": (11, 10**9), "more than twenty": (21, 10**9), "dozens of": (24, 10**9),
    "more than a hundred": (101, 10**9), "hundreds of": (200, 10**9),
    "lots of": (11, 10**9), "a quantity of": (11, 10**9), "a large number of": (11, 10**9), "a lot of": (11, 10**9),
}  # fmt: skip
NAMES = ["car", "ship", "airplane", "person", "cyclist", "vehicle", "storage_tank", "bus", "harbor", "small_vehicle"]
NOUNS = {
    form: name
    for name in [*NAMES, "large_vehicle"]
    for form in (language("en").noun(name)["one"], language("en").noun(name)["other"])
}
MANY = "|".join(sorted(RANGES, key=len, reverse=True))
NOUN = "|".join(sorted(NOUNS, key=len, reverse=True))
ITEM = re.compile(
    rf"(?:(?P<many>{MANY})|(?P<n>\d+|{'|'.join(DIGITS)})|(?P<a>an?|another)) (?:other )?(?P<noun>{NOUN})\b"
)


def read(text: str) -> dict[str, tuple[int, int]]:
    """The counts that a list says: concept -> smallest and largest number it is true of."""
    said: dict[str, tuple[int, int]] = {}
    for item in ITEM.finditer(text[:1].lower() + text[1:]):
        many, n, a = item["many"], item["n"], item["a"]
        number = 1 if a else (int(n) if n.isdigit() else DIGITS[n]) if n else 0
        noun = item["noun"]
        assert noun not in said
        assert (number == 1) == (noun == language("en").noun(NOUNS[noun])["one"]), text
        said[NOUNS[noun]] = RANGES[many] if many else (number, number)
    return said


def holds(said: dict[str, tuple[int, int]], counts: dict[str, int]) -> bool:
    return all(low <= counts.get(name, 0) <= high for name, (low, high) in said.items())


def cell_of(obj: Obj, rec: Record) -> str:
    """The cell of an object's centre, worked out in another way than the stage does."""
    x, y = (obj.box[0] + obj.box[2]) / 2, (obj.box[1] + obj.box[3]) / 2
    col = (x >= rec.width / 3) + (x >= 2 * rec.width / 3)
    row = (y >= rec.height / 3) + (y >= 2 * rec.height / 3)
    return CELLS[int(3 * row + col)]


def check_truth(rec: Record) -> None:
    places = {text[""]: key for key, text in language("en")._phrases["place"].items()}
    counts = labels_of(rec)
    for caption in captions(rec, per_image=30):
        rule, text = caption.rule, caption.text
        said = read(text) if rule != "position/two_cells" else {}
        if rule in ("count/all", "count/view", "count/view_gsd"):
            assert set(said) == set(counts) and holds(said, counts), text
        elif rule == "count/some":
            assert 0 < len(said) < len(counts) and holds(said, counts), text
        elif rule in ("position/cell", "position/two_cells"):
            halves = re.split(r"(?<=of the image), and |, and (?=in the )", text)
            assert len(halves) == (2 if rule == "position/two_cells" else 1), text
            for half in halves:
                (place,) = [key for phrase, key in places.items() if phrase in half[:1].lower() + half[1:]]
                here = [o for o in rec.objects if cell_of(o, rec) == place and o.box[2] - o.box[0] <= 0.6 * rec.width]
                local = labels_of(record(*here))
                assert set(read(half)) == set(local) and holds(read(half), local), (half, local)
        elif rule in ("position/together", "position/most"):
            check_group(rec, text, places)
        elif rule == "position/spread":
            name = next(name for form, name in NOUNS.items() if f"the {form} are" in text.lower())
            assert len({cell_of(o, rec) for o in rec.objects if o.label == name}) >= 7
    for caption in captions(rec, rules="remoteclip", per_image=12):
        check_remoteclip(rec, caption)


def check_group(rec: Record, text: str, places: dict[str, str]) -> None:
    forms = [form for form in NOUNS if re.search(rf"\b{form} are", text)]
    name = NOUNS[max(forms, key=len)]
    (place,) = [key for phrase, key in places.items() if phrase in text]
    cells = [cell_of(o, rec) for o in rec.objects if o.label == name]
    third = {"top": CELLS[:3], "bottom": CELLS[6:], "left": CELLS[::3], "right": CELLS[2::3]}
    region = third[place.removesuffix("_third")] if place.endswith("_third") else (place,)
    inside = sum(cell in region for cell in cells)
    if text.startswith("Most"):
        assert len(cells) / 2 < inside < len(cells)
        return
    assert inside == len(cells), text
    number = re.match(r"(Both|All of the|All (\w+)) ", text)
    assert number is not None
    assert {"Both": len(cells) == 2, "All of the": len(cells) > 10}.get(
        number[1], DIGITS.get(number[2] or "") == len(cells)
    )


def check_remoteclip(rec: Record, caption: Caption) -> None:
    middle = [
        o for o in rec.objects
        if 0.25 * rec.width <= (o.box[0] + o.box[2]) / 2 <= 0.75 * rec.width
        and 0.25 * rec.height <= (o.box[1] + o.box[3]) / 2 <= 0.75 * rec.height
    ]  # fmt: skip
    edge = [o for o in rec.objects if not any(o is m for m in middle)]
    said = read(caption.text)
    assert "  " not in caption.text and not caption.text.endswith(" .")
    if caption.rule == "count/kinds":
        pair = re.fullmatch(r"There are both (.+) and (.+) in the picture\.", caption.text)
        assert pair is not None and all(labels_of(rec)[NOUNS[noun]] > 1 for noun in pair.groups())
        return
    scope = {"position/middle": middle, "position/edge": edge}.get(caption.rule, rec.objects)
    counts = labels_of(record(*scope))
    assert holds(said, counts) and said, caption.text
    assert all(low == high for name, (low, high) in said.items() if counts[name] <= 10)
    if scope is not rec.objects:
        assert set(said) == set(counts)


spots = st.tuples(st.sampled_from(NAMES[:6]), st.integers(30, 870), st.integers(30, 570))
crowds = st.tuples(
    st.sampled_from(NAMES), st.integers(1, 40), st.integers(30, 800), st.integers(30, 500), st.integers(0, 60)
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(spots, max_size=25),
    st.lists(crowds, max_size=3),
    st.sampled_from(["", "satellite", "uav"]),
    st.integers(0, 9),
)
def test_captions_are_true_of_the_boxes(
    points: list[tuple[str, int, int]], groups: list[tuple[str, int, int, int, int]], platform: str, turn: int
) -> None:
    objects = [thing(name, x, y) for name, x, y in points]
    objects += [thing(name, x + step * i % 70, y + step * i % 60) for name, n, x, y, step in groups for i in range(n)]
    check_truth(record(*objects, id=f"drawn/{turn}", platform=platform, gsd=0.3))


@settings(max_examples=100, deadline=None)
@given(st.lists(spots, max_size=12), st.sampled_from(["full", "remoteclip"]), st.integers(1, 8))
def test_no_two_captions_are_alike_and_there_are_enough(
    points: list[tuple[str, int, int]], rules: str, per_image: int
) -> None:
    rec = record(*(thing(name, x, y) for name, x, y in points))
    said = texts(rec, rules=rules, per_image=per_image)
    assert len(set(said)) == len(said) <= per_image
    assert len(said) >= min(per_image, 5) if points else said == []


# -- real labels


def dota(folder: Path, stem: str, width: int, height: int) -> Record:
    """Labels of one DOTA image, read roughly: eight corners and a class a line."""
    objects = []
    for line in next(folder.rglob(f"{stem}.txt")).read_text().splitlines():
        parts = line.split()
        if len(parts) >= 9:
            concept = words.resolve(parts[8])
            assert concept is not None
            corners = tuple(float(value) for value in parts[:8])
            objects.append(Obj(concept, hull(corners), corners))
    return record(*objects, id=f"dota/{stem}", width=width, height=height, platform="satellite", gsd=0.2)


@pytest.mark.parametrize(("stem", "width", "height"), [("P0706", 1111, 1182), ("P1888", 712, 557)])
def test_captions_of_real_labels_are_true(shared_data: Path, stem: str, width: int, height: int) -> None:
    rec = dota(shared_data / "dota", stem, width, height)
    assert len(rec.objects) > 50
    check_truth(rec)
    assert len(texts(rec)) == len(texts(rec, rules="remoteclip")) == 5


# -- golden sentences

GOLDEN_REMOTECLIP = [
    ("position/middle", "A lot of ships in the middle of the picture."),
    ("position/edge", "2 airplanes and a small vehicle are at the edge of the picture."),
    ("count/drawn", "There are 2 airplanes and many ships in the picture."),
    ("count/drawn", "Many ships are located in the picture."),
    ("count/drawn", "Lots of ships are located in this remote sensing picture."),
]
GOLDEN_FULL = [
    ("count/all", "There are many ships, two airplanes, and a small vehicle in the image."),
    ("position/together", "Both airplanes are in the top left of the image."),
    ("count/view", "A satellite image with more than ten ships, two airplanes, and a small vehicle."),
    (
        "position/two_cells",
        "Many ships are in the center of the image, and two airplanes are in the top left of the image.",
    ),
    ("position/cell", "A small vehicle is in the bottom right of the image."),
]
SHARES = "forest (about half), farmland (about a quarter), water (about a tenth), and roads (a tiny part)"
GOLDEN_TILE = [
    ("count/all_land", "Three buildings can be seen in the image, as well as forest, farmland, water, and roads."),
    ("position/together", "All three buildings are in the top right of the image."),
    ("area/shares", f"The image shows {SHARES}."),
    ("count/view", "An aerial image with three buildings."),
    ("position/cell", "Three buildings are in the top right of the image."),
]
GOLDEN_SHIP_REMOTECLIP = [
    "A ship is in the middle of the picture.",
    "There is a ship in this remote sensing picture.",
    "A ship can be seen in the picture.",
    "The picture shows a ship.",
    "There is a ship in the picture.",
]
GOLDEN_SCENE = [
    "A satellite image showing a dense residential area.",
    "This is a dense residential area seen from above.",
    "A satellite image of a dense residential area, taken at 0.5 m per pixel.",
    "A satellite image of a dense residential area.",
    "The image shows a dense residential area.",
]


def test_a_record_keeps_what_its_captions_were_made_with() -> None:
    from rsdata.stages._facts import Options, select

    record = Record("a/1", "a", width=100, height=100, objects=[Obj("ship", (1.0, 1.0, 9.0, 9.0))])
    (made,) = b2c.run([record], rules="remoteclip", centre=0.25, many=3, skip_difficult=True, seed=7, per_image=4)
    options = Options.of(made.extra["b2c"])
    assert options == Options("remoteclip", 4, 0.25, 3, True, 7)
    assert [c.text for c in made.captions] == [text for _, _, text in select(made, options)]
    with pytest.raises(ValueError, match="unknown rules"):
        Options.of("mine 5 0.5 10 0 0")
