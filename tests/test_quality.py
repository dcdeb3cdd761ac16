"""Checks on translations: what each catches, and what it lets pass."""

from __future__ import annotations

import builtins

import pytest

from rsdata.errors import MissingExtra
from rsdata.words import quality
from rsdata.words._numerals import kept, numbers
from rsdata.words.quality import problems

EN = "there are three planes and 12 cars near the green buildings ."
PLANES = "two white planes are parked beside a long terminal in the airport ."
ROAD = "a road goes between two rows of houses with red roofs ."
BASEBALL = "four baseball fields are surrounded by green trees and several parking lots ."
TANKS = "eight storage tanks of different sizes are near a river with a bridge over it ."

GOOD = [
    (EN, "há três aviões e 12 carros perto dos edifícios verdes .", "pt"),
    (EN, "hay tres aviones y 12 coches cerca de los edificios verdes .", "es"),
    (EN, "il y a trois avions et 12 voitures près des bâtiments verts .", "fr"),
    (EN, "es gibt drei Flugzeuge und 12 Autos in der Nähe der grünen Gebäude .", "de"),
    (EN, "er staan drie vliegtuigen en 12 auto's bij de groene gebouwen .", "nl"),
    (EN, "ci sono tre aerei e 12 auto vicino agli edifici verdi .", "it"),
    (EN, "绿色建筑物附近有三架飞机和12辆汽车。", "zh"),
    (EN, "绿色建筑物附近有三架飞机和十二辆汽车。", "zh"),
    (EN, "녹색 건물 근처에 비행기 세 대와 자동차 12대가 있습니다.", "ko"),
    (EN, "рядом с зелёными зданиями стоят три самолёта и 12 машин .", "ru"),
    (PLANES, "dois aviões brancos estão estacionados ao lado de um longo terminal no aeroporto .", "pt"),
    (PLANES, "deux avions blancs sont stationnés à côté d'un long terminal de l'aéroport .", "fr"),
    (PLANES, "twee witte vliegtuigen staan naast een lange terminal op de luchthaven .", "nl"),
    (PLANES, "机场里有两架白色飞机停在一座长长的航站楼旁边。", "zh"),
    (PLANES, "공항의 긴 터미널 옆에 흰색 비행기 두 대가 주차되어 있습니다.", "ko"),
    (ROAD, "uma estrada passa entre duas fileiras de casas com telhados vermelhos .", "pt"),
    (ROAD, "eine Straße führt zwischen zwei Häuserreihen mit roten Dächern hindurch .", "de"),
    (ROAD, "una strada passa tra due file di case con tetti rossi .", "it"),
    (ROAD, "дорога проходит между двумя рядами домов с красными крышами .", "ru"),
    (ROAD, "一条道路穿过两排红色屋顶的房屋。", "zh"),
    (ROAD, "빨간 지붕의 집들이 두 줄로 늘어선 사이로 도로가 지나갑니다.", "ko"),
    (BASEBALL, "cuatro campos de béisbol están rodeados de árboles verdes y varios aparcamientos .", "es"),
    (BASEBALL, "четыре бейсбольных поля окружены зелёными деревьями и несколькими парковками .", "ru"),
    (BASEBALL, "vier Baseballfelder sind von grünen Bäumen und mehreren Parkplätzen umgeben .", "de"),
    (BASEBALL, "四个棒球场被绿树和几个停车场包围。", "zh"),
    (TANKS, "восемь резервуаров разного размера стоят у реки , через которую перекинут мост .", "ru"),
    (TANKS, "acht opslagtanks van verschillende grootte staan bij een rivier met een brug erover .", "nl"),
    (TANKS, "otto serbatoi di diverse dimensioni sono vicino a un fiume attraversato da un ponte .", "it"),
    (TANKS, "다리가 놓인 강 근처에 크기가 다른 저장 탱크 8개가 있습니다.", "ko"),
    ("a beach .", "une plage .", "fr"),
    ("a beach .", "海滩。", "zh"),
    ("many green trees", "许多绿树", "zh"),
    ("it is a piece of green meadow .", "è un prato verde .", "it"),
    ("a T-shaped building", "T字形建筑", "zh"),
    ("many many many trees", "muchos muchos muchos árboles", "es"),
    ("a tennis court near a bar", "un court de tennis près d'un bar", "fr"),
    ("trees are on both sides of the road", "деревья стоят с двух сторон дороги", "ru"),
    ("trees are on both sides of the road", "il y a des arbres de chaque côté de la route", "fr"),
    ("a new building near the sea", "un bâtiment neuf près de la mer", "fr"),
    ("a boat lies behind the dock", "er ligt een boot achter de steiger", "nl"),
    ("a crossroads with many cars", "一个有许多汽车的十字路口", "zh"),
    ("houses stand all around the lake", "湖的四周都是房屋", "zh"),
    ("a four-lane road", "eine vierspurige Straße", "de"),
    ("a two-storey house is here", "здесь двухэтажный дом", "ru"),
    ("about 1,200 cars are parked", "environ 1\u202f200 voitures sont garées", "fr"),
    ("dozens of ships are in the port", "вдоль причала стоят десятки кораблей", "ru"),
    ("twenty two houses", "22 maisons", "fr"),
    ("half of the field is green", "1/2 del campo es verde", "es"),
]


@pytest.mark.parametrize(("source", "text", "lang"), GOOD)
def test_good_translations_pass(source: str, text: str, lang: str) -> None:
    assert problems(source, text, lang) == []


BAD = [
    (EN, "  ", "fr", ["empty"]),
    (EN, "...", "fr", ["empty"]),
    ("a beach .", "。", "zh", ["empty"]),
    (EN, EN, "fr", ["copy"]),
    (EN, "There are three planes and 12 cars near the green buildings.", "zh", ["copy", "script"]),
    (EN, "il y a trois avions et 14 voitures près des bâtiments verts .", "fr", ["numbers"]),
    (EN, "il y a cinq avions et 12 voitures près des bâtiments verts .", "fr", ["numbers"]),
    (EN, "il y a des avions et 12 voitures près des bâtiments verts .", "fr", ["numbers"]),
    (EN, "绿色建筑物附近有五架飞机和12辆汽车。", "zh", ["numbers"]),
    (EN, "녹색 건물 근처에 비행기 다섯 대와 자동차 12대가 있습니다.", "ko", ["numbers"]),
    (EN, "рядом с зелёными зданиями стоят пять самолётов и 12 машин .", "ru", ["numbers"]),
    ("some planes are in the airport .", "cinq avions sont dans l'aéroport .", "fr", ["numbers"]),
    ("some planes are in the airport .", "机场里停着五架飞机。", "zh", ["numbers"]),
    ("some planes are in the airport .", "공항에 비행기 다섯 대가 있습니다.", "ko", ["numbers"]),
    ("some planes are in the airport .", "в аэропорту 7 самолётов .", "ru", ["numbers"]),
    (EN, "<2fr> il y a trois avions et 12 voitures près des bâtiments verts .", "fr", ["leftover"]),
    (EN, "fra_Latn il y a trois avions et 12 voitures près des bâtiments verts .", "fr", ["leftover"]),
    (EN, "il y a trois avions et 12 voitures près des bâtiments verts .<|im_end|>", "fr", ["leftover"]),
    (EN, "il y a trois avions et 12 voitures pr⁇s des bâtiments verts .", "fr", ["leftover"]),
    (EN, "il y a trois avions et 12 voitures près de l&apos;immeuble vert .", "fr", ["leftover"]),
    (EN, "Sure, here is: il y a trois avions et 12 voitures près des bâtiments", "fr", ["leftover"]),
    (EN, "Here's the French: il y a trois avions et 12 voitures près des bâtiments", "fr", ["leftover"]),
    (EN, "Français : il y a trois avions et 12 voitures près des bâtiments verts .", "fr", ["leftover"]),
    (EN, "« il y a trois avions et 12 voitures près des bâtiments verts »", "fr", ["leftover"]),
    (EN, "il y a trois avions et 12 voitures près des bâtiments .\nNote: avions can be jets", "fr", ["leftover"]),
    (EN, "翻译：绿色建筑物附近有三架飞机和12辆汽车。", "zh", ["leftover"]),
    (EN, "рядом с green buildings стоят три самолёта и 12 машин .", "ru", ["script"]),
    (EN, "绿色buildings附近有三架飞机和12辆汽车。", "zh", ["script"]),
    (EN, "trois avions 12", "fr", ["length"]),
    ("a beach .", "une plage avec du sable et beaucoup de gens sous des parasols .", "fr", ["length"]),
    (EN, "trois 12 avions avions avions avions avions avions avions avions", "fr", ["repetition"]),
    (EN, "trois avions et 12 " + "voitures près des bâtiments " * 3, "fr", ["repetition"]),
    (EN, "there stand three airplanes, also 12 vehicles close to green houses .", "fr", ["language"]),
    ("many green trees", "lots of trees around", "fr", ["language"]),
    (EN, "il y a trois avions and 12 voitures près des bâtiments verts .", "fr", ["language"]),
    (EN, "hay tres aviones y 12 coches cerca de los edificios verdes de la ciudad .", "it", ["language"]),
    (EN, "三架飞机和12辆汽车在绿色建筑物附近，停在机场的跑道旁边。", "de", ["script"]),
]


@pytest.mark.parametrize(("source", "text", "lang", "wanted"), BAD)
def test_bad_translations_are_named(source: str, text: str, lang: str, wanted: list[str]) -> None:
    assert problems(source, text, lang) == wanted


@pytest.mark.parametrize(
    ("text", "lang", "wanted"),
    [
        ("dos aviones, tres coches y 21 barcos", "es", {2, 3, 21}),
        ("dosel y entretres", "es", set()),
        ("三架飞机、二十一辆车和两座桥在第四条道路旁，四周有几十棵树", "zh", {3, 21, 2}),
        ("비행기 세 대, 배 열 척, 세계", "ko", {3, 10}),
        ("шесть кораблей и восьмиугольный дом", "ru", {6}),
        ("1.200 Schiffe und 0,25 m", "de", {1200, 0, 25}),
    ],
)
def test_numbers_that_a_text_surely_says(text: str, lang: str, wanted: set[int]) -> None:
    assert numbers(text, lang) == wanted


def test_a_language_without_a_list_of_numbers_is_held_to_its_digits() -> None:
    assert kept("there are 12 ships", "jest tu 12 statków", "pl")
    assert not kept("there are 12 ships", "jest tu 13 statków", "pl")


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: object, **kwargs: object) -> object:
        if name == "lingua":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    quality.detector.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"lingua-language-detector: pip install 'rsdata\[translate\]'"):
        quality.detector()
