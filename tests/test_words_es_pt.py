"""Spanish and Portuguese: agreement, contractions, articles of land cover, and counts at the edges."""

from __future__ import annotations

from typing import Any

import pytest

from rsdata import words
from rsdata.stages._groups import things
from rsdata.words.render import Group, Language, language, render

ES, PT = "es", "pt"


def said(code: str, rule: str, *groups: Group, style: str = "full", pick: int = 0, **facts: Any) -> str:
    slot = {"area": "land", "scene": "scene"}.get(rule.split("/")[0], "things")
    return render(code, rule, {"style": style, "pick": pick, slot: groups, **facts})


@pytest.mark.parametrize(
    ("n", "spanish", "portuguese"),
    [
        (0, "Hay 0 personas en la imagen.", "Há 0 pessoas na imagem."),
        (1, "Hay una persona en la imagen.", "Há uma pessoa na imagem."),
        (2, "Hay dos personas en la imagen.", "Há duas pessoas na imagem."),
        (10, "Hay diez personas en la imagen.", "Há dez pessoas na imagem."),
        (11, "Hay 11 personas en la imagen.", "Há 11 pessoas na imagem."),
        (21, "Hay 21 personas en la imagen.", "Há 21 pessoas na imagem."),
        (101, "Hay 101 personas en la imagen.", "Há 101 pessoas na imagem."),
    ],
)
def test_numbers_agree(n: int, spanish: str, portuguese: str) -> None:
    group = Group("person", "a" if n == 1 else "count", n)
    assert said(ES, "count/all", group) == spanish
    assert said(PT, "count/all", group) == portuguese


@pytest.mark.parametrize(
    ("concept", "n", "spanish", "portuguese"),
    [
        ("oil_tanker", 1, "un petrolero y otro barco", "um petroleiro e outro navio"),
        ("oil_tanker", 2, "dos petroleros y otros dos barcos", "dois petroleiros e outros dois navios"),
        ("oil_tanker", 11, "muchos petroleros y muchos otros barcos", "muitos petroleiros e muitos outros navios"),
        ("roundabout", 1, "una rotonda y otra intersección", "uma rotunda e outra interseção"),
    ],
)
def test_the_wider_concept_is_other(concept: str, n: int, spanish: str, portuguese: str) -> None:
    wider = "ship" if concept == "oil_tanker" else "intersection"
    amount = "a" if n == 1 else "count" if n <= 10 else "many"
    groups = (Group(concept, amount, n), Group(wider, f"other_{amount}", n))
    assert said(ES, "count/all", *groups) == f"Hay {spanish} en la imagen."
    assert said(PT, "count/all", *groups) == f"Há {portuguese} na imagem."


@pytest.mark.parametrize(
    ("concept", "share", "spanish", "portuguese"),
    [
        ("water", "half", "El agua cubre alrededor de la mitad", "A água cobre cerca de metade"),
        ("forest", "tenth", "El bosque cubre alrededor de una décima parte", "A floresta cobre cerca de um décimo"),
        ("tree", "most", "Los árboles cubren la mayor parte", "As árvores cobrem a maior parte"),
        ("road", "tiny", "Las carreteras cubren una parte muy pequeña", "As estradas cobrem uma parte muito pequena"),
    ],
)
def test_land_cover_as_subject_has_its_article(concept: str, share: str, spanish: str, portuguese: str) -> None:
    mass = Group(concept, "mass")
    assert said(ES, "area/share", mass, pick=1, share=share) == f"{spanish} de la imagen."
    assert said(PT, "area/share", mass, pick=1, share=share) == f"{portuguese} da imagem."


@pytest.mark.parametrize(
    ("share", "spanish", "portuguese"),
    [
        ("half", "Alrededor de la mitad * está cubierta", "Cerca de metade * está coberta"),
        ("third", "Alrededor de un tercio * está cubierto", "Cerca de um terço * está coberto"),
        ("two_thirds", "Alrededor de dos tercios * están cubiertos", "Cerca de dois terços * estão cobertos"),
        ("nearly_all", "Casi la totalidad * está cubierta", "A quase totalidade * está coberta"),
    ],
)
def test_the_participle_agrees_with_the_share(share: str, spanish: str, portuguese: str) -> None:
    assert said(ES, "area/share", Group("snow", "mass"), share=share) == f"{spanish} por nieve.".replace(
        "*", "de la imagen"
    )
    assert said(PT, "area/share", Group("snow", "mass"), share=share) == f"{portuguese} por neve.".replace(
        "*", "da imagem"
    )


def test_crowds_agree_in_gender() -> None:
    both = Group("tennis_court", "both", 2)
    assert said(ES, "position/together", both, place="top") == (
        "Ambas canchas de tenis están en la parte superior central de la imagen."
    )
    assert said(PT, "position/together", both, place="top") == (
        "Ambos os campos de ténis estão na parte superior central da imagem."
    )
    boats = Group("vessel", "the", 9)
    assert said(ES, "position/spread", boats) == "Las embarcaciones están repartidas por toda la imagen."
    assert said(PT, "position/spread", boats) == "As embarcações estão espalhadas por toda a imagem."
    assert said(ES, "count/dense", boats) == "Las embarcaciones están muy juntas."
    assert said(PT, "count/dense", boats) == "As embarcações estão muito juntas."
    most = Group("vessel", "most", 9)
    assert said(ES, "position/most", most, place="center") == (
        "La mayoría de las embarcaciones están en el centro de la imagen."
    )
    assert said(PT, "position/most", most, place="center") == (
        "A maioria das embarcações encontra-se no centro da imagem."
    )


def test_a_verb_before_a_quantity_is_singular_and_before_a_list_plural() -> None:
    crowd = things({"car": 30}, 10, 2)
    more = things({"car": 30, "bus": 1}, 10, 2)
    rule, style = "count/drawn", "remoteclip"
    assert said(ES, rule, *crowd, style=style, pick=1) == "En la imagen se encuentra una gran cantidad de automóviles."
    assert said(PT, rule, *crowd, style=style, pick=1) == "Na imagem encontra-se uma grande quantidade de carros."
    assert said(ES, rule, *more, style=style, pick=1) == (
        "En la imagen se encuentran una gran cantidad de automóviles y un autobús."
    )
    assert said(PT, rule, *more, style=style, pick=1) == (
        "Na imagem encontram-se uma grande quantidade de carros e um autocarro."
    )


def test_spanish_el_before_a_stressed_a_and_contractions() -> None:
    assert said(ES, "count/all", *things({"bird": 1, "expressway_service_area": 1}, 10, 0)) == (
        "Hay un ave y un área de servicio de autopista en la imagen."
    )
    assert said(ES, "position/spread", Group("bird", "the", 9)) == "Las aves están repartidas por toda la imagen."
    sea = Group("sea", "scene")
    assert said(ES, "scene/view", sea, view="aerial") == "Imagen aérea del mar."
    assert said(PT, "scene/view", sea, view="aerial") == "Imagem aérea do mar."


def test_spanish_y_becomes_e_before_the_sound_i() -> None:
    table = language(ES).table
    nouns = {"a": {"mass": "agua"}, "island": {"mass": "islas"}, "ivy": {"mass": "hiedra"}, "son": {"mass": "hijuelos"}}
    spanish = Language(ES, {**table, "nouns": nouns})

    def both(name: str) -> str:
        land = (Group("a", "mass"), Group(name, "mass"))
        return spanish.sentence("area/kinds", {"style": "full", "land": land})

    assert both("island") == "La imagen muestra agua e islas."
    assert both("son") == "La imagen muestra agua e hijuelos."
    assert both("ivy") == "La imagen muestra agua y hiedra."


@pytest.mark.parametrize(("code", "articles"), [(ES, {"el", "la", "los", "las"}), (PT, {"o", "a", "os", "as"})])
def test_every_noun_has_a_gender_and_land_cover_its_article(code: str, articles: set[str]) -> None:
    for concept in words.concepts():
        noun = language(code).noun(concept)
        assert noun["gender"] in ("m", "f"), concept
        assert ("mass" in noun) == ("def.mass" in noun) == (words.kind(concept) == "stuff"), concept
        if "mass" in noun:
            article, _, bare = noun["def.mass"].partition(" ")
            number = "other" if article.endswith("s") else "one"
            assert article in articles and bare == noun["mass"] and number == noun.get("mass_number", "one"), concept
            assert bare.split()[0].endswith("s") == (number == "other"), concept
