"""licence: what each allows, and that no name is taken for more than it says."""

from __future__ import annotations

import dataclasses
import re

import pytest

from rsdata import licence

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
