"""What kind of landmark a map's row is: tags of OpenStreetMap, categories of Overture, types of Google, any table.

The kinds, ranked by how well they are seen from above, are data: `words/places.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata import words
from rsdata.errors import BadRecipe

FILE = Path(words.__file__).parent / "places.toml"
UNKNOWN = "landmark"
CATEGORY_KEYS = ("kind", "category", "class", "fclass", "type", "subtype", "subclass", "basic_category")
NAME_KEYS = ("name", "Name", "NAME", "name_en", "NAME_EN", "title")


class Kind(NamedTuple):
    """`rank` 1 is best seen, 0 is not seen; `metres` is the usual size; `line`: it is said as a line even if named."""

    name: str
    rank: int
    metres: float
    concept: str
    line: bool


class _Kinds(NamedTuple):
    kinds: dict[str, Kind]
    osm: dict[str, str]
    also: dict[str, str]
    google: dict[str, str]


@lru_cache(maxsize=1)
def _kinds() -> _Kinds:
    table = tomllib.loads(FILE.read_text("utf-8"))
    kinds = {
        name: Kind(name, row["rank"], float(row["metres"]), row.get("concept", ""), bool(row.get("line", False)))
        for name, row in table.items()
    }
    found = _Kinds(kinds, {}, {}, {})
    for name, row in sorted(table.items(), key=lambda item: item[1]["rank"] or 9):  # stable: the file's order decides
        for tag in row.get("osm", ()):
            found.osm.setdefault(tag, name)
        for spelling in (name, *row.get("also", ())):
            found.also.setdefault(words.fold(spelling), name)
        for spelling in row.get("google", ()):
            found.google.setdefault(spelling, name)
    return found


def kinds() -> dict[str, Kind]:
    """All kinds by name."""
    return _kinds().kinds


def kind(name: str) -> Kind:
    """One kind. Raises BadRecipe for a name that words/places.toml has not."""
    try:
        return _kinds().kinds[name]
    except KeyError:
        known = ", ".join(_kinds().kinds)
        raise BadRecipe(f"landmarks: no kind is called {name!r}; words/places.toml has {known}") from None


def osm_keys() -> list[str]:
    """The tag keys that matter, for the filter that reads OpenStreetMap."""
    return sorted({tag.partition("=")[0] for tag in _kinds().osm})


def of_osm(tags: Mapping[str, str]) -> str:
    """The kind of an OpenStreetMap object, "" for none: the best seen of all that its tags say.

    `{"amenity": "place_of_worship", "building": "church"}` is a church.
    """
    table = _kinds().osm
    found = []
    for key, value in tags.items():
        if value in ("", "no"):
            continue
        for part in value.split(";"):
            if name := table.get(f"{key}={part.strip()}"):
                found.append(name)
        if name := table.get(f"{key}=*"):
            found.append(name)
    return _best(found)


def of_google(types: Iterable[str]) -> str:
    """The kind of a Google place by its `types` (or primaryType), "" for none."""
    table = _kinds().google
    return _best([table[t] for t in types if t in table])


def of_words(categories: Iterable[Any]) -> str:
    """The kind of the first category that is known, most telling first; "" for none."""
    table = _kinds().also
    for category in categories:
        if isinstance(category, str) and (name := table.get(words.fold(category))):
            return name
    return ""


def of_overture(row: Mapping[str, Any]) -> str:
    """The kind of an Overture row: categories, then taxonomy, then basic_category, then class and subtype.

    `categories` may be null, and so may each of the others.
    """
    categories, taxonomy = _mapping(row.get("categories")), _mapping(row.get("taxonomy"))
    told = [categories.get("primary"), *_list(categories.get("alternate")), taxonomy.get("primary")]
    told += [*reversed(_list(taxonomy.get("hierarchy"))), row.get("basic_category"), row.get("class")]
    known = of_words([*told, row.get("subtype")])
    return known or ("building" if row.get("type") == "building" or "num_floors" in row else "")


def of_any(row: Mapping[str, Any]) -> str:
    """The kind of a row of any table: tags as columns, Overture's columns, or a column that names a category."""
    if "categories" in row or "taxonomy" in row or "basic_category" in row or isinstance(row.get("names"), Mapping):
        return of_overture(row)
    tags = {key: value for key, value in row.items() if isinstance(value, str) and value}
    return of_osm(tags) or of_words(tags[key] for key in CATEGORY_KEYS if key in tags)


def name_of(row: Mapping[str, Any]) -> str:
    """The name of a row of any table: `name`, or Overture's `names.primary`; "" for none. White space is tidied."""
    names = row.get("names")
    if isinstance(names, Mapping) and isinstance(names.get("primary"), str):
        return tidy(names["primary"])
    for key in NAME_KEYS:
        if isinstance(row.get(key), str) and row[key].strip():
            return tidy(row[key])
    return ""


def tidy(name: str) -> str:
    """One line, no control characters, at most 100 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:100]


def _best(names: list[str]) -> str:
    table = _kinds().kinds
    order = {name: place for place, name in enumerate(table)}
    return min(names, key=lambda name: (table[name].rank or 9, order[name]), default="")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def indoors(row: Mapping[str, Any]) -> bool:
    """Whether the row also names a shop, an office or the like: its name is that of a tenant, not of the building."""
    table = _kinds().osm
    tags = [f"{key}={part}" for key, value in row.items() if isinstance(value, str) for part in (value, "*")]
    return any(_kinds().kinds[table[tag]].rank == 0 for tag in tags if tag in table)
