"""licence: what each allows, and that no name is taken for more than it says."""

from __future__ import annotations

import dataclasses
import re

import pytest

from rsdata import licence, readers
from rsdata.services import models

ROWS = [  # name, commercial, redistribution, attribution, share alike, research only
    ("CC-BY-4.0", True, True, True, False, False),
    ("CC-BY-SA-4.0", True, True, True, True, False),
    ("CC-BY-NC-4.0", False, True, True, False, False),
    ("CC-BY-NC-SA-4.0", False, True, True, True, False),
    ("CC-BY-NC-SA-3.0", False, True, True, True, False),
    ("CC-BY-NC-SA-2.0", False, True, True, True, False),
    ("CC0-1.0", True, True, False, False, False),
    ("ODbL-1.0", True, True, True, True, False),
    ("etalab-2.0", True, True, True, False, False),
    ("MulanPSL-1.0", True, True, True, False, False),
    ("Apache-2.0", True, True, True, False, False),
    ("MIT", True, True, True, False, False),
    ("academic-only", False, None, True, None, True),
    ("research-only", False, None, True, None, True),
    ("ISPRS", False, False, True, None, True),
    ("competition", False, False, True, None, True),
    ("none-stated", None, None, None, None, None),
    ("unknown", None, None, None, None, None),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_rights(row: tuple) -> None:
    found = licence.TABLE[row[0]]
    rights = found.commercial, found.redistribution, found.attribution, found.share_alike, found.research_only
    assert rights == row[1:]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0"),
        ("CC_BY_SA_4.0", "CC-BY-SA-4.0"),
        ("academic use only (DOTA)", "academic-only"),
        ("Research use", "research-only"),
        ("Etalab Open Licence 2.0", "etalab-2.0"),
        ("Mulan PSL v1", "MulanPSL-1.0"),
        ("ODbL", "ODbL-1.0"),
        ("apache 2.0", "Apache-2.0"),
        ("", "unknown"),
        ("no licence stated", "none-stated"),
    ],
)
def test_lookup(written: str, name: str) -> None:
    assert licence.lookup(written) is licence.TABLE[name]


def test_what_is_not_in_the_table_allows_nothing_and_keeps_its_name() -> None:
    found = licence.lookup("Martian public licence 3")
    assert (found.name, found.title, found.known) == ("unknown", "Martian public licence 3", False)
    assert found.commercial is found.redistribution is None
    assert licence.summary(found) == "terms not known"


def test_creative_commons_need_their_version() -> None:
    assert not licence.lookup("CC BY 7.0").known
    assert not licence.lookup("CC BY").known


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CC-BY-NC-SA-4.0", "no commercial use, share alike, name the source"),
        ("academic-only", "research only, name the source"),
        ("ISPRS", "research only, not to be passed on, name the source"),
        ("CC0-1.0", "free"),
        ("none-stated", "terms not known"),
        ("owners", "terms not known"),
    ],
)
def test_summary(name: str, words: str) -> None:
    assert licence.summary(licence.TABLE[name]) == words


def test_aliases_lead_into_the_table_and_rows_cannot_be_changed() -> None:
    assert set(licence._ALIASES.values()) <= set(licence.TABLE)
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+", name) for name in licence.TABLE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        licence.TABLE["MIT"].commercial = False


@pytest.mark.parametrize("name", readers.names())
def test_every_reader_has_a_licence_of_the_table(name: str) -> None:
    written = readers.get(name).INFO.licence
    found = licence.lookup(written)
    assert found.name == written, f"{name}: {written} is not in the table"
    assert licence.TABLE[written] is found


def test_every_family_of_translation_models_has_its_licence() -> None:
    names = {"marian": "opus-mt-en-fr", "m2m100": "m2m100_418M", "nllb": "nllb-200-distilled-600M"}
    names |= {"madlad": "madlad400-3b-mt", "tower": "TowerInstruct-7B-v0.2"}
    assert names.keys() == models.LICENCES.keys()
    for family, model in names.items():
        found = licence.of_caption(f"mt:{model}")
        assert found is not None and found.name == models.LICENCES[family]


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("llm:gemini-2.5-flash", "gemini-terms"),
        ("llm:gpt-4o-mini", "openai-terms"),
        ("llm:o3", "openai-terms"),
        ("llm:qwen2.5-vl", "unknown"),
        ("llm:foo3", "unknown"),
        ("mt:scripted", "unknown"),
        ("something-else", "unknown"),
    ],
)
def test_models_behind_captions(origin: str, name: str) -> None:
    found = licence.of_caption(origin)
    assert found is not None and found.name == name


@pytest.mark.parametrize("origin", ["human", "alt", "b2c", "template"])
def test_captions_of_no_model_go_by_their_source(origin: str) -> None:
    assert licence.of_caption(origin) is None


FITS = [  # name, commercial, research, redistributable
    ("CC0-1.0", True, True, True),
    ("CC-BY-4.0", True, True, True),
    ("CC-BY-NC-SA-4.0", False, True, True),
    ("CC-BY-ND-4.0", True, True, False),
    ("MIT", True, True, True),
    ("academic-only", False, True, False),
    ("ISPRS", False, True, False),
    ("competition", False, True, False),
    ("non-commercial", False, True, False),
    ("gemini-terms", False, True, True),
    ("google-maps-content", False, False, False),
    ("ODbL-1.0", True, True, True),
    ("mixed", False, False, False),
    ("none-stated", False, False, False),
    ("unknown", False, False, False),
]


@pytest.mark.parametrize("row", FITS, ids=[row[0] for row in FITS])
def test_policies(row: tuple) -> None:
    found = licence.TABLE[row[0]]
    assert tuple(licence.fits(found, use) for use in ("commercial", "research", "redistributable")) == row[1:]


def test_what_is_accepted_by_name_fits() -> None:
    silent, strange = licence.TABLE["none-stated"], licence.lookup("Martian public licence 3")
    assert licence.fits(silent, "commercial", ["none-stated"]) and licence.fits(silent, "commercial", ["none stated"])
    assert not licence.fits(silent, "commercial", ["unknown", "MIT"])
    assert not licence.fits(strange, "research", ["unknown"])
    assert licence.fits(strange, "research", ["Martian public licence 3"])


def test_a_whole_has_the_rights_of_all_and_the_duties_of_any() -> None:
    parts = [licence.TABLE[name] for name in ("CC-BY-4.0", "CC-BY-NC-SA-4.0", "none-stated")]
    whole = licence.together([*parts, parts[0]])
    assert whole.name == "CC-BY-4.0 AND CC-BY-NC-SA-4.0 AND none-stated"
    assert licence.rights(whole) == {
        "commercial": False,
        "redistribution": None,
        "derivatives": None,
        "research": None,
        "attribution": True,
        "share_alike": True,
        "research_only": None,
    }
    assert licence.together(parts[:1]) is parts[0]
    assert licence.together([]).name == "none-stated"


def test_conflicts() -> None:
    alike = [licence.TABLE["CC-BY-SA-4.0"], licence.TABLE["CC-BY-NC-SA-4.0"]]
    (line,) = licence.conflicts(alike)
    assert line.startswith("CC-BY-NC-SA-4.0, CC-BY-SA-4.0 each want what is derived under their own terms")
    assert licence.conflicts([alike[0], licence.TABLE["MIT"]]) == []
    (line,) = licence.conflicts([licence.TABLE["CC-BY-ND-4.0"], licence.TABLE["ISPRS"]])
    assert line == "CC-BY-ND-4.0: cut, re-encoded or re-labelled copies may not be passed on"
