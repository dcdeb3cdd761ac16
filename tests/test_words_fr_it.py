"""French and Italian: elisions, contractions and articles over every sentence, and what counts and genders change."""

from __future__ import annotations

import re
from typing import Any

import pytest
from test_words import sentences

from rsdata import words
from rsdata.stages._groups import things
from rsdata.words.render import Group, language, render

FRENCH_VOWEL = r"(?:[aeiouâàéèêîôûœ]|h(?!angar|utte|ot-dog))"
FRENCH_WRONG = {
    "a vowel without elision": rf"\b(?:[dl]e|la|que) {FRENCH_VOWEL}",
    "an elision before a consonant": rf"\b(?:[dl]|qu)'(?!{FRENCH_VOWEL})",
    "de + article": rf"\bde (?:les?|des|du|un|une)\b|\bdu {FRENCH_VOWEL}|\bà les?\b",
    "English list comma": r", et (?!(?:en|au|dans) )",
    "article of a plural with an adjective": r"(?<!plupart )\bdes (?:petits|grands|jeunes|petites|grandes) ",
    "decimal point": r"\d\.\d",
    "a word twice": r"\b([^\W\d]+) \1\b",
}
ITALIAN_IMPURE = r"(?:s[bcdfgklmnpqrtvwz]|z|gn|p[sn]|x|y)"
ITALIAN_WRONG = {
    "il, un, i before s + consonant": rf"\b(?:il|un|i|dei|nei|del) {ITALIAN_IMPURE}",
    "lo, uno, gli before a plain consonant": rf"\b(?:lo|uno|(?:de)?gli) (?!{ITALIAN_IMPURE}|[aeiouh]|8|11\b)",
    "a vowel without elision": r"\b(?:una|la|lo|il) [aeiou]|\b(?:i|dei) [aeiouh]",
    "an elision before a consonant": r"\b(?:un|l|dell|nell|dall|d)'(?![aeiouh])",
    "d of euphony": r"\be e|\ba a|\b(?:ed (?!e)|ad (?!a))",
    "preposition + article": r"\b(?:di|da|a|in|su) (?:il|lo|la|i|gli|le)\b",
    "list comma": r", e ",
    "decimal point": r"\d\.\d",
    "a word twice": r"\b([^\W\d]+) \1\b",
}


@pytest.mark.parametrize(("code", "wrong"), [("fr", FRENCH_WRONG), ("it", ITALIAN_WRONG)])
def test_no_sentence_breaks_a_rule_of_spelling(code: str, wrong: dict[str, str]) -> None:
    texts = {text.lower() for _, _, _, text in sentences(code)}
    texts |= {text.lower() for text in lists_of_land(code)}
    found = {name: [t for t in texts if re.search(pattern, t)][:3] for name, pattern in wrong.items()}
    assert {name: bad for name, bad in found.items() if bad} == {}


def lists_of_land(code: str) -> list[str]:
    """Every kind of land cover after another one, in every template that lists them."""
    stuff = [name for name in words.concepts() if words.kind(name) == "stuff"]
    facts: dict[str, Any] = {"style": "full", "view": "aerial", "things": things({"ship": 2}, 10, 0)}
    said = []
    for name in stuff:
        facts["land"] = (Group("sand", "mass"), Group(name, "mass"))
        for rule in ("area/kinds", "area/view", "count/all_land"):
            said += [render(code, rule, {**facts, "pick": pick}) for pick in range(3)]
    return said


@pytest.mark.parametrize("code", ["fr", "it"])
def test_no_two_nouns_of_one_source_are_alike(code: str) -> None:
    """DIOR's windmills are wind turbines, and the football fields of the sources are for soccer."""
    same = {frozenset({"windmill", "wind_turbine"}), frozenset({"soccer_field", "football_field"})}
    owners: dict[str, set[str]] = {}
    for name in words.concepts():
        owners.setdefault(language(code).noun(name)["one"], set()).add(name)
    assert [names for names in owners.values() if len(names) > 1 and frozenset(names) not in same] == []


@pytest.mark.parametrize(
    ("counts", "french", "italian"),
    [
        ({"island": 1}, "une île", "un'isola"),
        ({"church": 2, "school": 1}, "deux églises et une école", "due chiese e una scuola"),
        (
            {"stadium": 1, "backpack": 1, "yacht": 3, "car": 1},
            "un stade, un sac à dos, trois yachts et une voiture",
            "uno stadio, uno zaino, tre yacht e un'automobile",
        ),
        ({"oil_tanker": 1, "ship": 2}, "un pétrolier et deux autres navires", "una petroliera e altre due navi"),
        ({"car": 1, "vehicle": 1}, "une voiture et un autre véhicule", "un'automobile e un altro veicolo"),
        ({"elephant": 5, "helicopter": 10}, "cinq éléphants et dix hélicoptères", "cinque elefanti e dieci elicotteri"),
        ({"bear": 2, "elephant": 2}, "deux ours et deux éléphants", "due orsi e due elefanti"),
        ({"airplane": 1, "elephant": 1}, "un avion et un éléphant", "un aereo e un elefante"),
        ({"car": 20}, "de nombreuses voitures", "molte automobili"),
        ({"scissors": 1, "skis": 20}, "une paire de ciseaux et de nombreuses paires de skis", "un paio di forbici e"),
        ({"ship": 0}, "0 navire ", "0 navi"),
        ({"hut": 1}, "une hutte ou une tente", "una capanna o una tenda"),
    ],
)
def test_counts_and_articles(counts: dict[str, int], french: str, italian: str) -> None:
    facts = {"style": "full", "things": things(counts, 10, 0)}
    assert french in render("fr", "count/all", facts)
    assert italian in render("it", "count/all", facts)


@pytest.mark.parametrize(
    ("n", "french", "italian"),
    [
        (11, {"de nombreux hélicoptères", "plus de dix hélicoptères"}, {"molti elicotteri", "più di dieci elicotteri"}),
        (
            22,
            {"de nombreux hélicoptères", "plus de vingt hélicoptères"},
            {"molti elicotteri", "più di venti elicotteri"},
        ),
        (
            101,
            {"de nombreux hélicoptères", "des dizaines d'hélicoptères", "plus de cent hélicoptères"},
            {"molti elicotteri", "decine di elicotteri", "più di cento elicotteri"},
        ),
        (
            400,
            {"de nombreux hélicoptères", "des centaines d'hélicoptères"},
            {"molti elicotteri", "centinaia di elicotteri"},
        ),
    ],
)
def test_quantifiers_are_true_of_the_count(n: int, french: set[str], italian: set[str]) -> None:
    def texts(code: str) -> set[str]:
        facts = {"style": "full", "view": "satellite"}
        return {
            render(code, "count/view", {**facts, "things": things({"helicopter": n}, 10, pick)}) for pick in range(12)
        }

    assert texts("fr") == {f"Une image satellite avec {text}." for text in french}
    assert texts("it") == {f"Un'immagine satellitare con {text}." for text in italian}


@pytest.mark.parametrize(
    ("concept", "amount", "n", "french", "italian"),
    [
        ("church", "both", 2, "Les deux églises", "Entrambe le chiese"),
        ("airplane", "both", 2, "Les deux avions", "Entrambi gli aerei"),
        ("skater", "all", 8, "Les huit skateurs", "Tutti e otto gli skater"),
        ("car", "all", 3, "Les trois voitures", "Tutte e tre le automobili"),
        ("car", "all_many", 30, "Toutes les voitures", "Tutte le automobili"),
        ("aircraft_hangar", "all_many", 30, "Tous les hangars à avions", "Tutti gli hangar per aerei"),
    ],
)
def test_all_of_them(concept: str, amount: str, n: int, french: str, italian: str) -> None:
    facts = {"style": "full", "things": (Group(concept, amount, n),), "place": "top"}
    assert render("fr", "position/together", facts) == f"{french} se trouvent en haut au centre de l'image."
    assert render("it", "position/together", facts) == f"{italian} si trovano in alto al centro nell'immagine."


@pytest.mark.parametrize(
    ("share", "french", "italian"),
    [
        ("half", "Environ la moitié de l'image est couverte", "Circa la metà dell'immagine è coperta"),
        ("third", "Environ un tiers de l'image est couvert", "Circa un terzo dell'immagine è coperto"),
        ("two_thirds", "Environ les deux tiers de l'image sont couverts", "Circa due terzi dell'immagine sono coperti"),
    ],
)
def test_what_is_covered_agrees_with_the_share(share: str, french: str, italian: str) -> None:
    facts = {"style": "full", "land": (Group("grass", "mass"),), "share": share}
    assert render("fr", "area/share", facts) == f"{french} d'herbe."
    assert render("it", "area/share", facts) == f"{italian} da erba."


@pytest.mark.parametrize(
    ("concept", "french", "italian"),
    [
        ("grass", "L'herbe couvre", "L'erba copre"),
        ("sand", "Le sable couvre", "La sabbia copre"),
        ("forest", "La forêt couvre", "La foresta copre"),
        ("tree", "Les arbres couvrent", "Gli alberi coprono"),
        ("road", "Les routes couvrent", "Le strade coprono"),
    ],
)
def test_land_that_covers_has_its_article(concept: str, french: str, italian: str) -> None:
    facts = {"style": "full", "pick": 1, "land": (Group(concept, "mass"),), "share": "half"}
    assert render("fr", "area/share", facts) == f"{french} environ la moitié de l'image."
    assert render("it", "area/share", facts) == f"{italian} circa la metà dell'immagine."


@pytest.mark.parametrize(
    ("n", "french"),
    [
        (2, "Les deux églises sont éloignées l'une de l'autre."),
        (3, "Les trois églises sont éloignées les unes des autres."),
    ],
)
def test_french_two_are_far_from_each_other(n: int, french: str) -> None:
    assert render("fr", "count/apart", {"style": "full", "things": (Group("church", "the_count", n),)}) == french
