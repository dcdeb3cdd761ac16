"""German, Dutch and Russian: cases, articles, verbs that agree, counts at the edges, land cover and scenes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rsdata import words
from rsdata.stages._groups import things
from rsdata.words.render import Group, language, render

DE, NL, RU = "de", "nl", "ru"


def said(code: str, rule: str, *groups: Group, style: str = "full", pick: int = 0, **facts: Any) -> str:
    slot = {"area": "land", "scene": "scene"}.get(rule.split("/")[0], "things")
    return render(code, rule, {"style": style, "pick": pick, slot: groups, **facts})


def seen(code: str, counts: dict[str, int], pick: int = 0) -> str:
    """The sentence that names everything, counts up to 200 as numbers."""
    return said(code, "count/all", *things(counts, 200, 0), pick=pick)


@pytest.mark.parametrize(
    ("concept", "n", "sentence"),
    [
        ("ship", 1, "На снимке виден корабль."),
        ("ship", 2, "На снимке видны два корабля."),
        ("ship", 5, "На снимке видно пять кораблей."),
        ("ship", 11, "На снимке видно 11 кораблей."),
        ("ship", 21, "На снимке виден 21 корабль."),
        ("ship", 22, "На снимке видны 22 корабля."),
        ("ship", 101, "На снимке виден 101 корабль."),
        ("ship", 111, "На снимке видно 111 кораблей."),
        ("motorboat", 1, "На снимке видна моторная лодка."),
        ("motorboat", 2, "На снимке видны две моторные лодки."),
        ("motorboat", 21, "На снимке видна 21 моторная лодка."),
        ("car", 3, "На снимке видны три легковых автомобиля."),
        ("building", 1, "На снимке видно здание."),
        ("building", 2, "На снимке видны два здания."),
        ("damaged_building", 4, "На снимке видны четыре повреждённых здания."),
        ("person", 5, "На снимке видно пять человек."),
        ("person", 22, "На снимке видны 22 человека."),
        ("highway", 6, "На снимке видно шесть шоссе."),
        ("hut", 2, "На снимке видны две хижины или палатки."),
    ],
)
def test_russian_numbers(concept: str, n: int, sentence: str) -> None:
    assert seen(RU, {concept: n}) == sentence


def test_no_object_is_said_in_the_form_of_its_category() -> None:
    none = Group("ship", "count", 0)
    assert said(RU, "count/all", none) == "На снимке видно 0 кораблей."
    assert said(DE, "count/all", none) == "Auf dem Bild sind 0 Schiffe zu sehen."
    assert said(NL, "count/all", none) == "Op het beeld zijn 0 schepen te zien."


def test_a_russian_verb_follows_the_head_of_its_list() -> None:
    assert seen(RU, {"ship": 5, "bridge": 1}) == "На снимке видно пять кораблей и мост."
    assert seen(RU, {"bridge": 1, "ship": 5}) == "На снимке видны мост и пять кораблей."
    assert seen(RU, {"ship": 21, "bridge": 1}) == "На снимке видны 21 корабль и мост."
    many = things({"person": 60, "bridge": 1}, 10, 0)
    assert said(RU, "count/all", *many) == "На снимке видно много людей и мост."
    dozens = things({"person": 60, "bridge": 1}, 10, 1)
    assert said(RU, "count/all", *dozens) == "На снимке видны десятки людей и мост."
    more = things({"person": 12}, 10, 1)
    assert said(RU, "count/all", *more) == "На снимке видно более десяти человек."


@pytest.mark.parametrize(
    ("counts", "german", "dutch", "russian"),
    [
        ({"ship": 1, "oil_tanker": 1}, "einen Öltanker und ein weiteres Schiff", "een olietanker en een ander schip",
         "нефтяной танкер и ещё один корабль"),
        ({"bus": 1, "minibus": 2}, "zwei Kleinbusse und einen weiteren Bus", "twee minibussen en een andere bus",
         "два микроавтобуса и ещё один автобус"),
        ({"bridge": 1, "viaduct": 1}, "einen Viadukt und eine weitere Brücke", "een viaduct en een andere brug",
         "виадук и ещё один мост"),
        ({"boat": 2, "sailboat": 1}, "ein Segelboot und zwei weitere Boote", "een zeilboot en twee andere boten",
         "парусная лодка и ещё две лодки"),
        ({"person": 2, "cyclist": 3}, "drei Radfahrer und zwei weitere Personen",
         "drie fietsers en twee andere personen", "три велосипедиста и ещё два человека"),
    ],
)  # fmt: skip
def test_the_wider_concept_is_other(counts: dict[str, int], german: str, dutch: str, russian: str) -> None:
    assert seen(DE, counts, pick=2) == f"Das Bild zeigt {german}."
    assert seen(NL, counts, pick=2) == f"Het beeld toont {dutch}."
    assert seen(RU, counts, pick=2) == f"На снимке: {russian}."


@pytest.mark.parametrize(
    ("concept", "n", "nominative", "accusative", "dative"),
    [
        ("harbor", 1, "ein Hafen", "einen Hafen", "einem Hafen"),
        ("bridge", 1, "eine Brücke", "eine Brücke", "einer Brücke"),
        ("ship", 5, "fünf Schiffe", "fünf Schiffe", "fünf Schiffen"),
        ("car", 2, "zwei Autos", "zwei Autos", "zwei Autos"),
        ("elephant", 1, "ein Elefant", "einen Elefanten", "einem Elefanten"),
        ("damaged_building", 1, "ein beschädigtes Gebäude", "ein beschädigtes Gebäude", "einem beschädigten Gebäude"),
        ("damaged_building", 3, "drei beschädigte Gebäude", "drei beschädigte Gebäude", "drei beschädigten Gebäuden"),
        ("nimitz_carrier", 2, "zwei Flugzeugträger der Nimitz-Klasse", "zwei Flugzeugträger der Nimitz-Klasse",
         "zwei Flugzeugträgern der Nimitz-Klasse"),
        ("parking_lot_or_garage", 1, "ein Parkplatz oder ein Parkhaus", "einen Parkplatz oder ein Parkhaus",
         "einem Parkplatz oder einem Parkhaus"),
        ("airbus_a220", 2, "zwei Airbus A220", "zwei Airbus A220", "zwei Airbus A220"),
    ],
)  # fmt: skip
def test_german_cases(concept: str, n: int, nominative: str, accusative: str, dative: str) -> None:
    verb = "ist" if n == 1 else "sind"
    assert seen(DE, {concept: n}) == f"Auf dem Bild {verb} {nominative} zu sehen."
    assert seen(DE, {concept: n}, pick=2) == f"Das Bild zeigt {accusative}."
    group = things({concept: n}, 10, 0)
    assert said(DE, "count/view", *group, view="aerial") == f"Luftbild mit {dative}."


def test_german_quantifiers_decline() -> None:
    groups = [things({"building": 60}, 10, pick) for pick in (0, 1)] + [things({"ship": 250}, 10, 1)]
    assert [said(DE, "count/view", *group, view="uav") for group in groups] == [
        "Drohnenaufnahme mit vielen Gebäuden.",
        "Drohnenaufnahme mit Dutzenden Gebäuden.",
        "Drohnenaufnahme mit Hunderten Schiffen.",
    ]
    drawn = [said(DE, "count/drawn", *things({"ship": 30}, 10, pick), style="remoteclip") for pick in range(5)]
    assert drawn == [
        "Auf dem Bild sind viele Schiffe zu sehen.",
        "Auf dem Bild sind zahlreiche Schiffe zu sehen.",
        "Auf dem Bild ist eine große Zahl von Schiffen zu sehen.",
        "Auf dem Bild ist eine Vielzahl von Schiffen zu sehen.",
        "Auf dem Bild sind sehr viele Schiffe zu sehen.",
    ]


def test_whole_categories_take_the_definite_form() -> None:
    both, all_of = Group("damaged_building", "both", 2), Group("damaged_building", "all", 3)
    assert (
        said(DE, "position/together", both, place="top")
        == "Beide beschädigten Gebäude befinden sich oben mittig im Bild."
    )
    assert said(NL, "position/together", all_of, place="top_left") == (
        "Alle drie de beschadigde gebouwen bevinden zich linksboven in het beeld."
    )
    assert said(RU, "position/together", both, place="center") == "Оба повреждённых здания находятся в центре снимка."
    boats = Group("motorboat", "both", 2)
    assert said(RU, "position/together", boats, place="center") == "Обе моторные лодки находятся в центре снимка."
    people = Group("person", "most", 9)
    assert said(RU, "position/most", people, place="center") == "Большинство людей находится в центре снимка."


@pytest.mark.parametrize(
    ("concept", "german", "dutch", "russian"),
    [
        ("forest", "Wald nimmt", "Bos bedekt", "Лес занимает"),
        ("road", "Straßen nehmen", "Wegen bedekken", "Дороги занимают"),
        ("low_vegetation", "Niedrige Vegetation nimmt", "Lage vegetatie bedekt", "Низкая растительность занимает"),
        ("sparse_forest", "Lichter Wald nimmt", "Open bos bedekt", "Редколесье занимает"),
    ],
)
def test_land_cover_and_its_verb(concept: str, german: str, dutch: str, russian: str) -> None:
    mass = Group(concept, "mass")
    assert said(DE, "area/share", mass, share="most", pick=1) == f"{german} den größten Teil der Bildfläche ein."
    assert said(NL, "area/share", mass, share="most", pick=1) == f"{dutch} het grootste deel van het beeld."
    assert said(RU, "area/share", mass, share="most", pick=1) == f"{russian} большую часть снимка."


@pytest.mark.parametrize(
    ("concept", "german", "dutch", "russian"),
    [
        ("airport", "Satellitenbild eines Flughafens.", "Satellietbeeld van een luchthaven.",
         "Спутниковый снимок аэропорта."),
        ("dense_residential_area", "Satellitenbild eines dicht bebauten Wohngebiets.",
         "Satellietbeeld van een dichtbebouwde woonwijk.", "Спутниковый снимок жилого района с плотной застройкой."),
        ("farmland", "Satellitenbild von Ackerland.", "Satellietbeeld van landbouwgrond.",
         "Спутниковый снимок сельхозугодий."),
        ("river", "Satellitenbild eines Flusses.", "Satellietbeeld van een rivier.", "Спутниковый снимок реки."),
        ("storage_tank", "Satellitenbild von Lagertanks.", "Satellietbeeld van opslagtanks.",
         "Спутниковый снимок резервуаров."),
        ("bare_soil", "Satellitenbild von offenem Boden.", "Satellietbeeld van kale bodem.",
         "Спутниковый снимок оголённой почвы."),
    ],
)  # fmt: skip
def test_scenes(concept: str, german: str, dutch: str, russian: str) -> None:
    scene = Group(concept, "scene")
    assert [said(code, "scene/view", scene, view="satellite") for code in (DE, NL, RU)] == [german, dutch, russian]


@pytest.mark.parametrize("code", [DE, NL, RU])
@pytest.mark.parametrize("form", ["one", "mass"])
def test_no_two_concepts_share_a_name(code: str, form: str) -> None:
    """Or a list would read "a bridge and a bridge"."""
    owners: dict[str, list[str]] = {}
    for name in words.concepts():
        if text := language(code).noun(name).get(form):
            owners.setdefault(text, []).append(name)
    assert [names for names in owners.values() if len(names) > 1] == []


def test_german_forms_are_whole() -> None:
    """A noun with a dative has it for every form that it is said in, or the machinery would say dat.other."""
    for name in words.concepts():
        noun = language(DE).noun(name)
        asked = {"one", "other"} | ({"mass", "scene"} & set(noun))
        for case in ("dat", "acc"):
            given = {key.partition(".")[2] for key in noun if key.startswith(f"{case}.")}
            assert f"{case}.other" not in noun or given >= asked, name
        assert noun["gender"] in ("m", "f", "n"), name
        plural = noun.get("dat.other", noun["other"])
        head = re.split(r" (?:mit|der|von|kahler) ", plural)[0]
        assert head[-1] in "ns" or head[-1].isdigit() or head == "Paar Ski", plural
