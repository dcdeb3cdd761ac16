"""Words: class names to concepts, and the contract of every language file. Small grammars prove the machinery."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rsdata import words
from rsdata.errors import BadRecipe
from rsdata.stages._groups import ordered, things
from rsdata.stages._places import CELLS
from rsdata.words.render import Group, Language, available, language, render, variants

COUNTS = (1, 2, 5, 10, 11, 21, 22, 101)

# One class list a dataset, as its source spells it (formats.md names the sources).
CLASSES = {
    "dota": "plane,baseball-diamond,bridge,ground-track-field,small-vehicle,large-vehicle,ship,tennis-court,"
    "basketball-court,storage-tank,soccer-ball-field,roundabout,harbor,swimming-pool,helicopter,container-crane,"
    "airport,helipad",
    "dior": "airplane,airport,baseballfield,basketballcourt,bridge,chimney,dam,Expressway-Service-area,"
    "Expressway-toll-station,golffield,groundtrackfield,harbor,overpass,ship,stadium,storagetank,tenniscourt,"
    "trainstation,vehicle,windmill",
    "hrrsd": "ship,bridge,ground track field,storage tank,basketball court,tennis court,airplane,baseball diamond,"
    "harbor,vehicle,crossroad,T junction,parking lot",
    "rsod": "aircraft,oiltank,overpass,playground",
    "levir": "airplane,ship,oilpot",
    "fair1m": "Passenger Ship,Motorboat,Fishing Boat,Tugboat,other-ship,Engineering Ship,Liquid Cargo Ship,"
    "Dry Cargo Ship,Warship,Small Car,Bus,Cargo Truck,Dump Truck,other-vehicle,Van,Trailer,Tractor,Excavator,"
    "Truck Tractor,Boeing737,Boeing747,Boeing777,Boeing787,ARJ21,C919,A220,A321,A330,A350,other-airplane,"
    "Baseball Field,Basketball Court,Football Field,Tennis Court,Roundabout,Intersection,Bridge",
    "xview": "Fixed-wing Aircraft,Small Aircraft,Passenger/Cargo Plane,Truck Tractor w/ Box Trailer,Truck w/Flatbed,"
    "Passenger Car,Cargo/Container Car,Maritime Vessel,Front loader/Bulldozer,Hut/Tent,Pylon,Shipping container lot",
    "hrsc2016": "ship,warcraft,merchant ship,Car carrier([]==[]),Car carrier(======|,OXo|--),lute,"
    "Container ship(_|.--.--|_]=,USS Blue Ridge (LCC-19),Perry class frigate",
    "visdrone": "pedestrian,people,bicycle,car,van,truck,tricycle,awning-tricycle,bus,motor",
    "au_air": "Human,Car,Truck,Van,Motorbike,Bicycle,Bus,Trailer",
    "stanford_drone": "Pedestrian,Biker,Skater,Cart,Car,Bus",
    "simd": "car,truck,van,longvehicle,bus,airliner,propeller,trainer,chartered,fighter,stairtruck,pushbacktruck,"
    "helicopter,boat",
    "isaid": "ship,storage_tank,Ground_Track_Field,Large_Vehicle,Small_Vehicle,Soccer_ball_field,plane,Harbor",
    "loveda": "building,road,water,barren,forest,agriculture,agricultural",
    "isprs": "impervious surfaces,building,low vegetation,tree,car",
    "open_earth_map": "Bareland,Grass,Pavement,Road,Tree,Water,Cropland,buildings",
    "flair": "pervious surface,bare soil,coniferous,deciduous,brushwood,vineyard,herbaceous vegetation,plowed land,"
    "snow,clear cut,mixed,ligneous,greenhouse",
    "deepglobe": "urban_land,agriculture_land,rangeland,forest_land,water,barren_land",
    "voc": "aeroplane,bicycle,bird,boat,bottle,bus,car,cat,chair,cow,diningtable,dog,horse,motorbike,person,"
    "pottedplant,sheep,sofa,train,tvmonitor",
    "coco": "traffic light,sports ball,wine glass,hot dog,cell phone,hair drier,teddy bear,skis,scissors,tv",
    "aid": "Airport,BareLand,BaseballField,Center,DenseResidential,RailwayStation,StorageTanks,Viaduct,Port",
    "resisc45": "circular_farmland,commercial_area,sea_ice,snowberg,sparse_residential,terrace,thermal_power_station",
    "eurosat": "AnnualCrop,HerbaceousVegetation,PermanentCrop,SeaLake",
    "rsscn7": "aGrass,bField,cIndustry,dRiverLake,eForest,fResident,gParking",
    "rsicb": "airport_runway,hirst,residents,sandbeach,sapling,storage_room,grave,turning_circle,city_green_tree",
    "mlrsnet": "harbor&port,habor,swimmimg_pool,vegetable_greenhouse,transmission_tower",
    "fmow": "multi-unit_residential,factory_or_powerplant,ground_transportation_station,tunnel_opening,zoo",
}


@pytest.mark.parametrize(
    ("source_class", "concept"),
    [
        ("plane", "airplane"),
        ("aeroplane", "airplane"),
        ("baseball-diamond", "baseball_diamond"),
        ("baseballfield", "baseball_diamond"),
        ("BaseballField", "baseball_diamond"),
        ("pedestrian", "person"),
        ("people", "person"),
        ("motor", "motorcycle"),
        ("Soccer_ball_field", "soccer_field"),
        ("oiltank", "oil_tank"),
        ("storagetank", "storage_tank"),
        ("barren", "bare_land"),
        ("agriculture", "farmland"),
        (" Expressway-Service-area\n", "expressway_service_area"),
        ("Passenger Car", "passenger_railcar"),
        ("others", None),
        ("background", None),
        ("no such class", None),
    ],
)
def test_resolve(source_class: str, concept: str | None) -> None:
    assert words.resolve(source_class) == concept


@pytest.mark.parametrize("source", CLASSES)
def test_every_class_of_every_dataset_is_a_concept(source: str) -> None:
    names = CLASSES[source].split(",")
    assert [name for name in names if words.resolve(name) is None] == []


def test_ignored_is_apart_from_unknown() -> None:
    assert words.ignored("Ignored-Regions") and words.ignored("others") and words.ignored("background")
    assert not words.ignored("no such class") and not words.ignored("ship")
    clash = [name for name in words.concepts() if words.ignored(name)]
    assert clash == []


def test_no_spelling_belongs_to_two_concepts() -> None:
    owners: dict[str, set[str]] = {}
    for name, concept in words.concepts().items():
        for spelling in (name, *concept.aliases):
            owners.setdefault(words.fold(spelling), set()).add(name)
    assert {spelling: names for spelling, names in owners.items() if len(names) > 1} == {}


def test_ontology_is_sound() -> None:
    for name, concept in words.concepts().items():
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert concept.kind in ("thing", "stuff", "scene")
        assert name not in concept.parents and all(p in words.concepts() for p in concept.parents)
        assert all(words.kind(parent) == concept.kind for parent in concept.parents), name
    assert words.parents("dump_truck") == ("truck", "vehicle")
    assert words.parents("nimitz_carrier") == ("aircraft_carrier", "warship", "ship", "vessel")
    assert (words.kind("forest"), words.kind("ship"), words.kind("residential_area")) == ("stuff", "thing", "scene")


def test_unknown_label_says_what_to_do() -> None:
    with pytest.raises(words.UnknownConcept, match=r"'plane' is not a concept: it is spelled 'airplane'"):
        words.kind("plane")
    with pytest.raises(words.UnknownConcept, match=r"'ufo' is not a concept: map the class in its reader"):
        words.parents("ufo")


def test_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(BadRecipe, match=r"no language 'xx': langs can be en"):
        language("xx")


# -- the contract of every language file


def tables(code: str) -> dict[str, Any]:
    return language(code).table


@pytest.mark.parametrize("code", available())
def test_language_says_all_that_english_says(code: str) -> None:
    own, english = tables(code), tables("en")
    assert sorted(language(code).rules()) == sorted(language("en").rules())
    assert set(own["nouns"]) == set(words.concepts())
    assert set(own["np"]) == set(english["np"])
    assert {s: set(keys) for s, keys in own["phrases"].items()} == {
        s: set(keys) for s, keys in english["phrases"].items()
    }
    assert set(own["phrases"]["place"]) >= set(CELLS)
    for style in english["styles"]:
        assert set(own["styles"][style]) == set(english["styles"][style])
    assert set(range(1, 11)) <= {int(n) for n in own["numbers"]}


@pytest.mark.parametrize("code", available())
def test_every_noun_has_the_forms_its_language_counts_with(code: str) -> None:
    asked = {language(code).category(n) for n in range(1, 200)}
    for concept in words.concepts():
        noun = language(code).noun(concept)
        assert asked <= set(noun), concept
        assert words.kind(concept) != "stuff" or "mass" in noun, concept


def groups_for(rule: str, slot: str, concept: str, n: int) -> tuple[Group, ...]:
    """What a rule is given in a slot: the amounts that the stage uses there."""
    few = n <= 10
    if slot == "scene":
        return (Group(concept, "scene"),)
    if slot == "land":
        concept = concept if words.kind(concept) == "stuff" else "forest"
        return (Group(concept, "share", key="third"),) if rule == "area/shares" else (Group(concept, "mass"),)
    amount = {
        "position/together": "both" if n == 2 else "all" if few else "all_many",
        "position/most": "most",
        "position/spread": "the",
        "count/dense": "the",
        "count/apart": "the_count",
        "count/kinds": "bare",
        "area/things": "a" if n == 1 else "bare",
    }.get(rule)
    return (Group(concept, amount, n),) if amount else things({concept: n}, 10, 0)


def facts_for(code: str, rule: str, concept: str, n: int, pick: int) -> dict[str, Any]:
    template = language(code).templates(rule)[pick]
    facts: dict[str, Any] = {"pick": pick, "style": "full" if rule not in REMOTECLIP else "remoteclip"}
    for slot in re.findall(r"\{(?:[^{}@]*@)?([a-z]+[12]?)", template):
        name = slot.rstrip("12")
        if name in ("things", "land", "scene"):
            facts[slot] = groups_for(rule, name, concept, n)
        else:
            facts[slot] = {"place": "top_left", "share": "half", "view": "satellite", "gsd": 0.26, **LANDMARK}[name]
    return facts


LANDMARK = {"side": "north", "size": 1.2, "unit": "km"}
REMOTECLIP = {"position/middle", "position/edge", "count/drawn", "count/kinds"}


def applies(rule: str, concept: str, n: int) -> bool:
    stuff = words.kind(concept) == "stuff"
    if rule.startswith("scene/") or rule in ("area/view", "area/share", "area/shares", "area/mostly", "area/kinds"):
        return n == 1 and (stuff or rule.startswith("scene/"))
    if stuff:
        return rule in REMOTECLIP - {"count/kinds"}
    plural = {"position/together", "position/most", "position/spread", "count/dense", "count/apart", "count/kinds"}
    return n > 1 or rule not in plural


def sentences(code: str) -> list[tuple[str, str, int, str]]:
    return [
        (rule, concept, n, render(code, rule, facts_for(code, rule, concept, n, pick)))
        for rule in language(code).rules()
        for pick in range(variants(code, rule))
        for concept in words.concepts()
        for n in COUNTS
        if applies(rule, concept, n)
    ]


@pytest.mark.parametrize("code", available())
def test_every_template_with_every_concept_and_count(code: str) -> None:
    said = sentences(code)
    assert len(said) > 30_000
    for rule, concept, n, text in said:
        assert not re.search(r"[{}\[\]|]|  |^\s|\s$|\s[.,;:。]|\.\.", text), (rule, concept, n, text)
        assert text[-1] in ".。" and text[0] == text[0].upper(), (rule, concept, n, text)


@pytest.mark.parametrize("code", available())
def test_numbers_are_said(code: str) -> None:
    for concept in ("ship", "person", "storage_tank"):
        for n in (2, 5, 10):
            drawn = render(code, "count/drawn", {"style": "remoteclip", "things": things({concept: n}, 10, 0)})
            assert str(n) in drawn
            word = language(code)._numbers[n]
            said = render(code, "count/all", {"style": "full", "things": things({concept: n}, 10, 0)})
            assert any(form in said for form in word.values()), said
        assert "37" in render(code, "count/all", {"style": "full", "things": things({concept: 37}, 100, 0)})


def test_english_articles_plurals_and_verbs() -> None:
    vowel_sound = re.compile(r"\ba (?=[aeio]|u(?!tility|ni))", re.IGNORECASE)
    consonant_sound = re.compile(r"\ban (?![aeio]|u(?!tility|ni))", re.IGNORECASE)
    for rule, concept, n, text in sentences("en"):
        assert not vowel_sound.search(text) and not consonant_sound.search(text), text
        if rule in ("count/drawn", "count/all", "position/middle", "position/cell"):
            noun = language("en").noun(concept)
            assert noun["one" if n == 1 else "other"].lower() in text.lower(), text
            assert not re.search(r"\b(are)\b" if n == 1 else r"\b(is)\b", text), text


@pytest.mark.parametrize(
    ("rule", "facts", "sentence"),
    [
        (
            "position/edge",
            {"things": things({"large_vehicle": 4, "small_vehicle": 1, "airplane": 5}, 10, 0)},
            "4 large vehicles, a small vehicle and 5 airplanes at the edge of the picture.",
        ),
        ("position/middle", {"things": things({"airplane": 1}, 10, 0)}, "An airplane in the middle of the picture."),
        (
            "count/drawn",
            {"things": things({"forest": 3, "water": 1}, 10, 0)},
            "There are 3 areas of forest and an area of water in the picture.",
        ),
        (
            "count/drawn",
            {"things": things({"airplane": 11}, 10, 2), "pick": 1},
            "A quantity of airplanes are located in the picture.",
        ),
        (
            "count/drawn",
            {"things": things({"person": 2, "cyclist": 3}, 10, 0)},
            "There are 3 cyclists and 2 other people in the picture.",
        ),
    ],
)
def test_remoteclip_sentences(rule: str, facts: dict[str, Any], sentence: str) -> None:
    assert render("en", rule, {"style": "remoteclip", **facts}) == sentence


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"ship": 1}, "There is a ship in the image."),
        ({"ship": 2}, "There are two ships in the image."),
        ({"bus": 10, "utility_truck": 1}, "There are ten buses and a utility truck in the image."),
        ({"sheep": 3, "cow": 2, "umbrella": 1}, "There are three sheep, two cows, and an umbrella in the image."),
        ({"vehicle": 1, "car": 1}, "There is a car and another vehicle in the image."),
        (
            {"vehicle": 40, "truck": 12, "dump_truck": 3},
            "There are three dump trucks, many other trucks, and many other vehicles in the image.",
        ),
        ({"storage_tank": 250}, "There are many storage tanks in the image."),
    ],
)
def test_full_count_sentences(counts: dict[str, int], sentence: str) -> None:
    assert render("en", "count/all", {"style": "full", "things": things(counts, 10, 0)}) == sentence


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (11, {"many ships", "more than ten ships"}),
        (20, {"many ships"}),
        (21, {"many ships", "more than twenty ships"}),
        (60, {"many ships", "dozens of ships"}),
        (150, {"many ships", "dozens of ships", "more than a hundred ships"}),
        (531, {"many ships", "hundreds of ships"}),
    ],
)
def test_quantifiers_are_true_of_the_count(n: int, said: set[str]) -> None:
    texts = {
        render("en", "count/view", {"style": "full", "view": "aerial", "things": things({"ship": n}, 10, pick)})
        for pick in range(12)
    }
    assert texts == {f"An aerial image with {text}." for text in said}


def test_parents_come_after_their_children() -> None:
    assert ordered(("vehicle", "ship", "car")) == (("ship", False), ("car", False), ("vehicle", True))
    assert ordered(("vehicle", "truck", "dump_truck")) == (("dump_truck", False), ("truck", True), ("vehicle", True))
    assert ordered(("ship", "vehicle")) == (("ship", False), ("vehicle", False))


# -- other grammars, in miniature: what the machinery must carry without a change of code


def tiny(code: str, **table: Any) -> Language:
    base: dict[str, Any] = {"numbers": {}, "words": {}, "phrases": {}, "np": {}, "nouns": {}, "templates": {}}
    style = {
        "words_to": 10,
        "list": table.pop("list", {"two": " ", "more": ", ", "last": " "}),
        "many": [],
        "other_many": [],
    }
    style["many"] = table.pop("many", [])
    return Language(code, {**base, "styles": {"full": style}, **table})


def say(lang: Language, rule: str, counts: dict[str, int], **more: Any) -> str:
    return lang.sentence(rule, {"style": "full", "things": things(counts, 10, 0), **more})


def test_french_contracts_elides_and_agrees() -> None:
    french = tiny(
        "fr",
        list={"two": " et ", "more": ", ", "last": " et "},
        many=[{"text": "{nombreux@noun} {noun}"}],
        joints=[[r"\b([dD])e (?=[aeiouhéè])", r"\1'"], [r"\bde le ", "du "], [r"\bde les ", "des "]],
        mixed_gender="m",
        decimal=",",
        numbers={"1": {"m": "un", "f": "une"}, "2": "deux"},
        words={
            "article": {"m": "un", "f": "une"},
            "nombreux": {"m": "de nombreux", "f": "de nombreuses"},
            "visible": {"one.m": "est situé", "one.f": "est située",
                        "other.m": "sont situés", "other.f": "sont situées"},
            "couvert": {"m": "couvert", "f": "couverte"},
        },
        phrases={"share": {"half": {"text": "la moitié", "gender": "f"}, "third": {"text": "un tiers", "gender": "m"}}},
        np={
            "a": "{article@noun} {noun}",
            "count": "{number} {noun}",
            "the": "{noun.def}",
            "mass": "{noun.mass}",
        },
        nouns={
            "ship": {"gender": "m", "one": "navire", "other": "navires", "def": {"plural": "les navires"}},
            "building": {"gender": "m", "one": "bâtiment", "other": "bâtiments"},
            "boat": {"gender": "f", "one": "embarcation", "other": "embarcations"},
            "water": {"gender": "f", "mass": "eau"},
        },
        templates={
            "count": {"all": ["{things} {visible@things} ici."], "near": ["Au bord de {things}."]},
            "area": {"share": ["{share} de l'image est {couvert@share} de {land}."]},
            "scene": {"gsd": ["{gsd} m par pixel."]},
        },
    )  # fmt: skip
    assert say(french, "count/all", {"boat": 1}) == "Une embarcation est située ici."
    assert say(french, "count/all", {"boat": 12}) == "De nombreuses embarcations sont situées ici."
    assert say(french, "count/all", {"boat": 2, "ship": 1}) == "Deux embarcations et un navire sont situés ici."
    near = {"style": "full", "things": (Group("ship", "the", 3),)}
    assert french.sentence("count/near", near) == "Au bord des navires."
    water = {"style": "full", "land": (Group("water", "mass"),)}
    assert french.sentence("area/share", {**water, "share": "half"}) == "La moitié de l'image est couverte d'eau."
    assert french.sentence("area/share", {**water, "share": "third"}) == "Un tiers de l'image est couvert d'eau."
    assert french.sentence("scene/gsd", {"style": "full", "gsd": 0.26}) == "0,26 m par pixel."


def test_russian_plural_categories_cases_and_gender() -> None:
    russian = tiny(
        "ru",
        list={"two": " и ", "more": ", ", "last": " и "},
        many=[{"text": "много {noun.many}", "number": "one", "gender": "n"}],
        numbers={
            "1": {"m": "один", "f": "одна", "m.gen": "одного", "f.gen": "одной"},
            "2": {"m": "два", "f": "две", "gen": "двух"},
            "5": {"": "пять", "gen": "пяти"},
        },
        words={"seen": {"one.m": "виден", "one.f": "видна", "one.n": "видно", "other": "видны"}},
        np={"a": "{number} {noun}", "count": "{number} {noun}"},
        nouns={
            "airplane": {
                "gender": "m", "one": "самолёт", "few": "самолёта", "many": "самолётов", "other": "самолёта",
                "gen": {"one": "самолёта", "few": "самолётов", "many": "самолётов", "other": "самолётов"},
            },
            "car": {"gender": "f", "one": "машина", "few": "машины", "many": "машин", "other": "машины",
                    "gen": {"one": "машины", "other": "машин"}},
        },
        templates={"count": {"all": ["На снимке {seen@things} {things}."], "near": ["Возле {things.gen}."]}},
    )  # fmt: skip
    assert say(russian, "count/all", {"airplane": 1}) == "На снимке виден один самолёт."
    assert say(russian, "count/all", {"car": 2}) == "На снимке видны две машины."
    assert say(russian, "count/all", {"airplane": 5}) == "На снимке видны пять самолётов."
    assert say(russian, "count/all", {"airplane": 12}) == "На снимке видно много самолётов."
    few, one = Group("airplane", "count", 22), Group("airplane", "count", 21)
    assert russian.sentence("count/all", {"style": "full", "things": (few,)}) == "На снимке видны 22 самолёта."
    assert russian.sentence("count/all", {"style": "full", "things": (one,)}) == "На снимке виден 21 самолёт."
    assert say(russian, "count/near", {"airplane": 2, "car": 1}) == "Возле двух самолётов и одной машины."


def test_a_verb_agrees_by_plural_category_and_with_the_gender_of_the_mass_word() -> None:
    russian = tiny(
        "ru",
        list={"two": " и ", "more": ", ", "last": " и "},
        numbers={"2": {"": "два", "f": "две"}, "5": "пять"},
        words={"seen": {"one.m": "виден", "one.f": "видна", "many": "видно", "other": "видны"}},
        list_follows=["many"],
        np={"a": "{noun}", "count": "{number} {noun}", "mass": "{noun.mass}"},
        nouns={
            "boat": {"gender": "f", "one": "лодка", "few": "лодки", "many": "лодок"},
            "water": {"gender": "m", "one": "водоём", "mass": "вода", "mass_gender": "f"},
        },
        templates={"count": {"all": ["Здесь {seen@things} {things}."]}},
    )
    assert say(russian, "count/all", {"boat": 1}) == "Здесь видна лодка."
    assert say(russian, "count/all", {"boat": 2}) == "Здесь видны две лодки."
    assert say(russian, "count/all", {"boat": 5}) == "Здесь видно пять лодок."
    assert say(russian, "count/all", {"boat": 5, "water": 1}) == "Здесь видно пять лодок и водоём."
    assert say(russian, "count/all", {"water": 1, "boat": 5}) == "Здесь видны водоём и пять лодок."
    assert say(russian, "count/all", {"water": 1}) == "Здесь виден водоём."
    mass = {"style": "full", "things": (Group("water", "mass"),)}
    assert russian.sentence("count/all", mass) == "Здесь видна вода."


def test_an_article_agrees_with_the_gender_of_the_mass_word() -> None:
    french = tiny(
        "fr",
        words={"article": {"m": "un", "f": "une"}, "part": {"m": "du", "f": "de la"}},
        np={"a": "{article@noun} {noun}", "mass": "{part@noun} {noun.mass}"},
        nouns={"sand": {"gender": "f", "one": "zone de sable", "mass": "sable", "mass_gender": "m"}},
        templates={"count": {"all": ["On voit {things}."]}},
    )
    assert say(french, "count/all", {"sand": 1}) == "On voit une zone de sable."
    mass = {"style": "full", "things": (Group("sand", "mass"),)}
    assert french.sentence("count/all", mass) == "On voit du sable."


def test_the_plural_rule_is_that_of_the_locale_a_file_names() -> None:
    grammar: dict[str, Any] = {
        "np": {"count": "{number} {noun}"},
        "nouns": {"ship": {"one": "navio", "other": "navios"}},
        "templates": {"count": {"all": ["{things}."]}},
    }
    none = {"style": "full", "things": (Group("ship", "count", 0),)}
    assert tiny("pt", **grammar).sentence("count/all", none) == "0 navio."  # CLDR's pt is that of Brazil
    assert tiny("pt", **grammar, locale="pt_PT").sentence("count/all", none) == "0 navios."


def test_chinese_and_korean_counters_and_particles() -> None:
    chinese = tiny(
        "zh",
        list={"two": "和", "more": "、", "last": "和"},
        numbers={"1": "一", "2": "两", "3": "三"},
        words={"counter": "个"},
        phrases={"place": {"top_left": "图像的左上角"}},
        np={"a": "{number}{counter@noun}{noun}", "count": "{number}{counter@noun}{noun}"},
        nouns={"airplane": {"other": "飞机", "counter": "架"}, "roundabout": {"other": "环岛"}},
        templates={"position": {"cell": ["{place}有{things}。"]}},
    )
    counts = {"airplane": 2, "roundabout": 1}
    assert say(chinese, "position/cell", counts, place="top_left") == "图像的左上角有两架飞机和一个环岛。"
    korean = tiny(
        "ko",
        list={"two": ", ", "more": ", ", "last": ", "},
        sounds=True,
        numbers={"1": "한", "2": "두"},
        words={"counter": "개"},
        np={"a": "{noun} {number} {counter@noun}", "count": "{noun} {number} {counter@noun}", "the": "{noun}"},
        nouns={
            "airplane": {"other": "비행기", "counter": "대"},
            "ship": {"other": "선박", "counter": "척"},
        },
        templates={"count": {"all": ["이미지에 {things}[이|가] 있습니다."], "the": ["{things}[은|는] 가깝습니다."]}},
    )
    assert say(korean, "count/all", {"airplane": 2}) == "이미지에 비행기 두 대가 있습니다."
    assert say(korean, "count/all", {"ship": 1}) == "이미지에 선박 한 척이 있습니다."
    assert korean.sentence("count/the", {"style": "full", "things": (Group("ship", "the", 9),)}) == "선박은 가깝습니다."


def test_korean_particles_look_through_a_parenthesis_and_take_l_for_a_vowel() -> None:
    korean = tiny(
        "ko",
        sounds=True,
        np={"mass": "{noun.mass}"},
        nouns={"forest": {"mass": "숲"}, "water": {"mass": "물"}, "road": {"mass": "도로"}, "rock": {"mass": "737"}},
        templates={"area": {"by": ["{land}[으로|로] 덮임."], "aside": ["{land}(약 절반)[이|가] 보임."]}},
    )

    def by(rule: str, concept: str) -> str:
        return korean.sentence(f"area/{rule}", {"style": "full", "land": (Group(concept, "mass"),)})

    assert [by("by", name) for name in ("forest", "water", "road", "rock")] == [
        "숲으로 덮임.",
        "물로 덮임.",
        "도로로 덮임.",
        "737로 덮임.",
    ]
    assert [by("aside", name) for name in ("forest", "road")] == ["숲(약 절반)이 보임.", "도로(약 절반)가 보임."]


def test_a_language_may_name_a_scene_without_its_article() -> None:
    grammar: dict[str, Any] = {
        "np": {"a": "一座{noun}", "bare": "{noun}", "mass": "{noun.mass}"},
        "nouns": {"airport": {"other": "机场"}, "snow": {"other": "雪地", "mass": "积雪"}},
        "templates": {"scene": {"label": ["{scene}。"]}},
    }

    def label(concept: str, **more: str) -> str:
        facts = {"style": "full", "scene": (Group(concept, "scene"),)}
        return tiny("zh", **grammar, **more).sentence("scene/label", facts)

    assert label("airport") == "一座机场。"
    assert label("airport", scene="bare") == "机场。"
    assert label("snow", scene="bare") == "积雪。"


def test_german_accusative_articles() -> None:
    german = tiny(
        "de",
        list={"two": " und ", "more": ", ", "last": " und "},
        numbers={"2": "zwei"},
        words={"article": {"m": "ein", "f": "eine", "n": "ein", "m.acc": "einen", "dat": "einem", "f.dat": "einer"}},
        np={"a": "{article@noun} {noun}", "count": "{number} {noun}"},
        nouns={
            "port": {"gender": "m", "one": "Hafen", "other": "Häfen", "dat": {"one": "Hafen", "other": "Häfen"}},
            "ship": {"gender": "n", "one": "Schiff", "other": "Schiffe", "dat": {"one": "Schiff", "other": "Schiffen"}},
        },
        templates={"count": {"all": ["Es gibt {things.acc}."], "with": ["Bild mit {things.dat}."]}},
    )
    groups = (Group("port", "a", 1), Group("ship", "count", 2))
    facts = {"style": "full", "things": groups}
    assert german.sentence("count/all", facts) == "Es gibt einen Hafen und zwei Schiffe."
    assert german.sentence("count/with", facts) == "Bild mit einem Hafen und zwei Schiffen."


def test_a_missing_template_or_noun_is_named() -> None:
    lang = tiny("en", np={"a": "a {noun}"}, templates={"count": {"all": ["{things}."]}})
    with pytest.raises(BadRecipe, match=r"language en has no template for the rule 'scene/label'"):
        lang.sentence("scene/label", {"style": "full"})
    with pytest.raises(BadRecipe, match=r"words/langs/en.toml has no noun for the concept 'ship'"):
        say(lang, "count/all", {"ship": 1})
