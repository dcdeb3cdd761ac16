"""show: which record is picked, and pixels of the picture against golden colours."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image, ImageDraw, ImageFont

from rsdata import words
from rsdata.errors import BadCorpus, RsdataError
from rsdata.record import Caption, Obj, Record, Window
from rsdata.report import colours, draw, fonts, sheet, show

SHIP, PLANE, FOREST = (255, 82, 82), (0, 229, 255), (118, 255, 3)
GREY = (128, 128, 128)


def plain(record: Record, value: int = 128) -> np.ndarray:
    """The drawn picture of a record on a plain ground, as an array."""
    ground = np.full((record.height, record.width, 3), value, np.uint8)
    return np.asarray(draw.picture(record, ground, None))


def one(obj: Obj, width: int = 700, height: int = 650) -> np.ndarray:
    return plain(Record("x/1", "x", width=width, height=height, objects=[obj]))


def pixel(image: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(image[y, x].tolist())


# pictures


def test_upright_box_edges_lie_on_its_first_and_last_pixels() -> None:
    image = one(Obj("ship", (100, 200, 300, 400)))
    rows, columns = image[300], image[:, 250]
    assert [x for x in range(90, 310) if tuple(rows[x].tolist()) == SHIP] == [100, 101, 298, 299]
    assert [y for y in range(190, 410) if tuple(columns[y].tolist()) == SHIP] == [200, 201, 398, 399]
    dark = [x for x in range(90, 310) if max(rows[x].tolist()) < 50]
    assert dark == [99, 102, 297, 300]
    assert pixel(image, 200, 300) == GREY  # inside


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("origin", ["source", "m2b"])
def test_lines_of_every_width_stay_inside_the_box(width: int, origin: str) -> None:
    image = Image.new("RGB", (100, 100))
    draw._draw_outline(ImageDraw.Draw(image), Obj("ship", (20, 30, 60, 80), origin=origin), 1.0, SHIP, width)
    lit = (np.asarray(image) == SHIP).all(axis=2)
    ys, xs = np.nonzero(lit)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (20, 59, 30, 79)
    assert lit[30 : 30 + width, 20:27].all() and lit[80 - width : 80, 53:60].all()
    assert not lit[30 + width : 80 - width, 20 + width : 60 - width].any()


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_lines_are_seen_on_any_ground(ground: int) -> None:
    objects = [Obj("ship", (100, 200, 300, 400))]
    image = plain(Record("x/1", "x", width=700, height=650, objects=objects), ground)
    assert pixel(image, 200, 399) == SHIP
    profile = image[390:410, 200].astype(int).sum(axis=1)
    assert profile.max() - profile.min() > 200


def test_large_images_shrink_and_small_ones_grow() -> None:
    assert [draw.scale_of(*size) for size in ((3200, 100), (1600, 900), (600, 10), (599, 10), (224, 224), (1, 1))] == [
        0.5,
        1.0,
        1.0,
        2.0,
        3.0,
        600.0,
    ]
    large = one(Obj("ship", (400, 800, 1200, 1600)), 3200, 3200)
    assert large.shape == (1600, 1600, 3)
    assert pixel(large, 200, 600) == SHIP and pixel(large, 599, 600) == SHIP
    small = one(Obj("ship", (10, 20, 30, 40)), 100, 50)
    assert small.shape == (300, 600, 3)
    assert pixel(small, 60, 180) == SHIP and pixel(small, 179, 180) == SHIP


def test_outline_of_an_oriented_object() -> None:
    diamond = (200, 100, 300, 200, 200, 300, 100, 200)
    image = one(Obj("airplane", (100, 100, 300, 300), poly=diamond))
    assert pixel(image, 250, 150) == PLANE
    assert pixel(image, 150, 250) == PLANE
    hull = pixel(image, 299, 150)  # the upright box: a thin line that lets the ground through
    assert hull not in (GREY, PLANE) and hull == pixel(image, 299, 250)


def test_outline_that_nearly_fills_its_box_goes_without_the_thin_line() -> None:
    image = one(Obj("airplane", (100, 100, 300, 300), poly=(104, 104, 296, 104, 296, 296, 104, 296)))
    assert pixel(image, 200, 296) == PLANE
    assert pixel(image, 299, 150) == GREY


def test_boxes_found_in_masks_are_dashed() -> None:
    image = one(Obj("forest", (100, 200, 300, 400), origin="m2b"))
    top = [pixel(image, x, 399) == FOREST for x in range(110, 290)]
    assert 0.3 < sum(top) / len(top) < 0.8
    assert all(pixel(one(Obj("forest", (100, 200, 300, 400))), x, 399) == FOREST for x in range(110, 290))


def test_name_tag_stands_above_the_box_and_within_the_picture() -> None:
    image = one(Obj("ship", (100, 200, 300, 400)))
    assert pixel(image, 102, 185) == SHIP  # the tag's ground
    at_top = one(Obj("ship", (600, 0, 700, 100)))
    assert (at_top[2:15, 601:604] == SHIP).all(axis=2).any()


def test_crowded_objects_share_one_name() -> None:
    row = [Obj("ship", (20 * n, 300, 20 * n + 15, 310)) for n in range(30)]
    image = plain(Record("x/1", "x", width=700, height=650, objects=row))
    tags = (image[282:300] == SHIP).all(axis=2).any(axis=0)
    assert 0 < tags.sum() < 60


def test_mask_is_laid_over_by_value_and_zero_stays_clear() -> None:
    record = Record("x/1", "x", width=600, height=600)
    mask = np.zeros((600, 600), np.uint8)
    mask[:300] = 3
    image = np.asarray(draw.picture(record, np.full((600, 600, 3), 100, np.uint8), mask))
    colour = np.array(colours.of_value(3))
    assert pixel(image, 10, 400) == (100, 100, 100)
    assert np.abs(image[10, 10] - (100 + draw.MASK_SHARE * (colour - 100))).max() <= 1.5


def test_colour_masks_are_told_apart_by_their_colours() -> None:
    mask = np.zeros((2, 2, 3), np.uint8)
    mask[0, 1], mask[1, 0] = (0, 0, 127), (0, 127, 127)
    assert draw.values_of(mask).tolist() == [[0, 0x00007F], [0x007F7F, 0]]
    names = [entry.text for entry in sheet.legend(Record("x/1", "x", width=2, height=2), mask)]
    assert names == ["mask 0,0,127", "mask 0,127,127"]


def test_colours_that_are_not_exact_are_shown_as_they_are_read(tmp_path: Path) -> None:
    mask = np.zeros((60, 80, 3), np.uint8)
    mask[:, 40:] = (3, 250, 129)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    record = Record("x/1", "x", width=80, height=60, mask_path="mask.png", mask_kind="rgb128:000000=,00ffff=road")
    assert show._exact(mask, str(record.mask_kind))[0, 79].tolist() == [0, 255, 255]
    exact = show.draw(record, {"x": tmp_path}).image.tobytes()
    record.mask_kind = "rgb:000000=,00ffff=road"
    assert show.draw(record, {"x": tmp_path}).image.tobytes() != exact


# colours and fonts


def test_colours_are_stable_and_of_concepts() -> None:
    assert (colours.of_label("ship"), colours.of_label("airplane")) == (SHIP, PLANE)
    assert colours.of_label("gravestone") == colours.of_label("gravestone") in colours.COLOURS
    listed = [label for labels in colours.PALETTE.values() for label in labels.split()]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(words.concepts())


@pytest.mark.parametrize(
    "classes",
    [
        """airplane airport baseball_diamond basketball_court bridge container_crane ground_track_field harbor
        helicopter helipad large_vehicle roundabout ship small_vehicle soccer_field storage_tank swimming_pool
        tennis_court""",
        """airplane airport baseball_diamond basketball_court bridge chimney dam expressway_service_area
        expressway_toll_station golf_course ground_track_field harbor overpass ship stadium storage_tank tennis_court
        train_station vehicle windmill""",
        "awning_tricycle bicycle bus car motorcycle person tricycle truck van",
        "building road water bare_land forest farmland",
    ],
)
def test_classes_of_one_dataset_have_different_colours(classes: str) -> None:
    assert len({colours.of_label(label) for label in classes.split()}) == len(classes.split())


def test_mask_colours_leave_those_of_the_objects() -> None:
    used = frozenset({SHIP, PLANE})
    assert not {colours.of_value(v, used) for v in range(100)} & used
    assert len({colours.of_value(v) for v in range(1, 8)}) == 7


def test_letters_that_no_font_has_are_said_and_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "SYSTEM", [])
    assert fonts.for_text("ships", 14).getname() == ImageFont.load_default(14).getname()
    assert fonts.for_text("许多飞机", 14) is None
    record = Record("x/1", "x", width=50, height=50, captions=[Caption("许多飞机", "zh"), Caption("ships")])
    page = sheet.sheet(record, None, None)
    assert page.notes == [
        "no font of this machine has the letters of some captions (install Noto Sans CJK); it is printed as text"
    ]


def test_wrap() -> None:
    font = ImageFont.load_default(14)
    lines = sheet.wrap("many ships are in the harbor near " * 6, font, 200)
    assert len(lines) > 3
    assert " ".join(lines).split() == ("many ships are in the harbor near " * 6).split()
    assert all(font.getlength(line) <= 200 for line in lines)
    long = sheet.wrap("a " + "x" * 200, font, 200)
    assert "".join(long).replace(" ", "") == "a" + "x" * 200
    assert all(font.getlength(line) <= 200 for line in long)


# the sheet


def test_sheet_of_a_record_without_image(tmp_path: Path) -> None:
    record = Record("dior/1", "dior", width=800, height=800, objects=[Obj("ship", (100, 200, 300, 400))])
    drawn = show.draw(record, {})
    assert drawn.notes == ["read without its image (annotations only): objects on a plain ground"]
    image = np.asarray(drawn.image)
    assert (image == GREY).all(axis=2).sum() > 500_000
    assert (image == SHIP).all(axis=2).sum() > 700
    assert record.width == 800


def test_unknown_size_is_taken_from_the_objects() -> None:
    record = Record("x/1", "x", objects=[Obj("ship", (100, 20, 300.5, 40))])
    assert show.draw(record, {}).image.width >= 602  # 301 pixels, twice
    assert (record.width, record.height) == (0, 0)


def test_sheet_holds_the_pixels_of_the_window(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    tiny.picture(tmp_path / "data/dota/img/b.png", 100, 80, (10, 20, 200))
    record = Record("dota/b", "dota", path="img/b.png", width=600, height=600, window=Window(0, 0, 600, 600))
    wide = np.full((600, 700, 3), 30, np.uint8)
    wide[:, :100] = (10, 20, 200)
    Image.fromarray(wide).save(tmp_path / "data/dota/img/b.png")
    left = np.asarray(show.draw(record, made.roots).image)
    right = np.asarray(show.draw(replace(record, window=Window(100, 0, 600, 600)), made.roots).image)
    assert (left == (10, 20, 200)).all(axis=2).sum() == 100 * 600
    assert (right == (10, 20, 200)).all(axis=2).sum() == 0


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    (tmp_path / "data/loveda/1.png").unlink()
    (tmp_path / "data/loveda/m1.png").write_bytes(b"no mask")
    drawn = show.draw(show.pick(made, "loveda/val/1"), made.roots)
    assert [note.split(":")[0] for note in drawn.notes] == ["the image is not shown", "the mask is not shown"]


def test_save_writes_the_sheet(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    record = show.pick(made, "loveda/val/1")
    assert show.save(record, made.roots, tmp_path / "a.png") == []
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert image.width == 760 + 2 * 14
    show.save(record, made.roots, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with pytest.raises(RsdataError, match=r"nowhere/a\.png: cannot be written \(No such file or directory\)"):
        show.save(record, made.roots, tmp_path / "nowhere/a.png")


def test_legend_counts_classes(tmp_path: Path) -> None:
    record = tiny.records()[tiny.PARTS[0]][0]
    assert sheet.legend(record, None) == [(PLANE, "airplane x 1"), (SHIP, "ship x 1")]


def test_many_captions_are_cut_and_counted() -> None:
    record = Record("x/1", "x", width=50, height=50, captions=[Caption(f"caption {n}") for n in range(100)])
    few = replace(record, captions=record.captions[:10])
    tall, short = (show.draw(r, {}).image.height for r in (record, few))
    assert 5 * short > tall > short + 49 * 15


def test_data_and_text(tmp_path: Path) -> None:
    record = show.pick(tiny.build(tmp_path), "dota/train/a")
    found = json.loads(json.dumps(show.as_data(record)))
    assert found["objects_by_label"] == {"airplane": 1, "ship": 1}
    assert found["objects"][0]["box"] == [10, 5, 30, 15]
    assert show.text(record).plain.splitlines() == [
        "dota/train/a",
        "100 x 80 px, 0.25 m per pixel, aerial, split train, 2 objects, 2 captions, img/a.png, academic-only",
        "objects: airplane x 1, ship x 1",
        "  en b2c count/one: There is a ship.",
        "  pt b2c count/one: Há um navio.",
    ]


# which record


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "dota/train/a"),
        ({"which": "dota/train/a"}, "dota/train/a"),
        ({"which": "a"}, "dota/train/a"),  # the last part of an id, though other ids hold the letter
        ({"which": "b@50"}, "dota/train/b@50,0,50,80"),
        ({"which": "2"}, "loveda/val/1"),
        ({"which": 3}, "rsicd/test/s"),
        ({"label": "forest"}, "loveda/val/1"),
        ({"label": "Airport"}, "rsicd/test/s"),
        ({"label": "plane"}, "dota/train/a"),  # a dataset's word for an airplane
        ({"label": "ship", "which": 1}, "dota/train/b@50,0,50,80"),
        ({"source": "rsicd"}, "rsicd/test/s"),
        ({"source": "dota", "label": "airplane"}, "dota/train/a"),
    ],
)
def test_pick(tmp_path: Path, given: dict, wanted: str) -> None:
    made = tiny.build(tmp_path)
    every = {r.id: r for part in tiny.records().values() for r in part}
    found = show.pick(made, **given)
    assert found.id == wanted
    assert found == every[wanted]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"which": "zebra"}, "no record has the id 'zebra'"),
        ({"which": "train"}, "'train' fits 2 records: dota/train/a, dota/train/b@50,0,50,80; give more of the id"),
        ({"which": 4}, "no record number 4: it has 4, numbered from 0"),
        ({"which": 1, "source": "rsicd"}, "no record number 1: it has 1 of source rsicd, numbered from 0"),
        ({"label": "bridge"}, "no record with bridge; `rsdata stats"),
        ({"source": "coco", "random": True}, "no record of source coco"),
    ],
)
def test_pick_of_nothing(tmp_path: Path, given: dict, problem: str) -> None:
    with pytest.raises(BadCorpus) as error:
        show.pick(tiny.build(tmp_path), **given)
    assert problem in str(error.value)


def test_random_is_seeded_and_reaches_every_record(tmp_path: Path) -> None:
    made = tiny.build(tmp_path)
    picked = [show.pick(made, random=True, seed=seed).id for seed in range(40)]
    assert set(picked) == {r.id for part in tiny.records().values() for r in part}
    assert picked[:5] == [show.pick(made, random=True, seed=seed).id for seed in range(5)]
    assert {show.pick(made, random=True, seed=s, label="ship").source for s in range(10)} == {"dota"}


# the real thing


def test_real_ships_are_drawn_where_the_label_file_has_them(shared_data: Path) -> None:
    root = shared_data / "dota"
    objects = []
    for line in (root / "labelTxt/P1888.txt").read_text().splitlines():
        fields = line.split()
        if len(fields) >= 9:
            corners = tuple(float(v) for v in fields[:8])
            hull = (min(corners[0::2]), min(corners[1::2]), max(corners[0::2]), max(corners[1::2]))
            objects.append(Obj(fields[8].replace("-", "_"), hull, corners))
    record = Record("dota/P1888", "dota", path="images/P1888.png", width=712, height=557, objects=objects)
    bare = np.asarray(draw.picture(replace(record, objects=[]), show.pixels.load_record(record, root), None))
    image = np.asarray(draw.picture(record, show.pixels.load_record(record, root), None))
    assert len(objects) == 64
    assert np.array_equal(bare, show.pixels.load(root / "images/P1888.png"))
    for obj in objects:
        x, y = (int((obj.poly[0] + obj.poly[2]) / 2), int((obj.poly[1] + obj.poly[3]) / 2))
        near = image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3).tolist()
        assert list(colours.of_label(obj.label)) in near
