"""Checks on translations: what each catches, and what it lets pass."""

from __future__ import annotations

import pytest

from rsdata.words.quality import numbers, problems

EN = "there are three planes and 12 cars near the green buildings ."

GOOD = [
    (EN, "il y a trois avions et 12 voitures près des bâtiments verts .", "fr"),
    (EN, "es gibt drei Flugzeuge und 12 Autos in der Nähe der grünen Gebäude .", "de"),
    (EN, "绿色建筑物附近有三架飞机和12辆汽车。", "zh"),
    (EN, "녹색 건물 근처에 비행기 세 대와 자동차 12대가 있습니다.", "ko"),
    (EN, "рядом с зелёными зданиями стоят три самолёта и 12 машин .", "ru"),
    (EN, "há três aviões e 12 carros perto dos edifícios verdes .", "pt"),
    ("a beach .", "une plage .", "fr"),
    ("many many many trees", "muchos muchos muchos árboles", "es"),
]


@pytest.mark.parametrize(("source", "text", "lang"), GOOD)
def test_good_translations_pass(source: str, text: str, lang: str) -> None:
    assert problems(source, text, lang) == []


BAD = [
    (EN, "  ", "fr", ["empty"]),
    (EN, EN, "fr", ["copy"]),
    (EN, "There are three planes and 12 cars near the green buildings.", "zh", ["copy", "script"]),
    (EN, "il y a trois avions et 14 voitures près des bâtiments verts .", "fr", ["numbers"]),
    (EN, "il y a cinq avions et 12 voitures près des bâtiments verts .", "fr", ["numbers"]),
    (EN, "<2fr> il y a trois avions et 12 voitures près des bâtiments verts .", "fr", ["leftover"]),
    (EN, "Sure, here is: il y a trois avions et 12 voitures près des bâtiments", "fr", ["leftover"]),
    (EN, "trois avions 12", "fr", ["length"]),
    (EN, "trois 12 avions avions avions avions avions avions avions avions", "fr", ["repetition"]),
    (EN, "there stand three airplanes, also 12 vehicles close to green houses .", "fr", ["language"]),
    (EN, "hay tres aviones y 12 coches cerca de los edificios verdes de la ciudad .", "it", ["language"]),
    (EN, "три самолёта и 12 машин рядом с зелёными зданиями города .", "de", ["script"]),
]


@pytest.mark.parametrize(("source", "text", "lang", "wanted"), BAD)
def test_bad_translations_are_named(source: str, text: str, lang: str, wanted: list[str]) -> None:
    assert problems(source, text, lang) == wanted


def test_numbers_are_read_in_digits_and_words() -> None:
    assert numbers("dos aviones, tres coches y 21 barcos", "es") == {2, 3, 21}
    assert numbers("dosel y entretres", "es") == set()
