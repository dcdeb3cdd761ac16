"""Answers of Google Places that a user saved: the older web service and Places API (New).

Google's terms forbid to store or to index what these answers hold, but for the place ids; rows of such origin carry the
licence `google-maps-content` and no caption is made of them unless the user states the right to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Row = tuple[Any, Mapping[str, Any]]


def places(data: Mapping[str, Any]) -> Iterator[Row] | None:
    """The places of an answer as points with name, types and business_status; None where it is no such answer.

    {"status": "OK", "results": [{"name": "Joe's Pizza", "types": ["restaurant"],
                                  "geometry": {"location": {"lat": 40.73, "lng": -74.0}}}]}
    {"places": [{"displayName": {"text": "Joe's Pizza"}, "primaryType": "restaurant",
                 "location": {"latitude": 40.73, "longitude": -74.0}}]}
    """
    if isinstance(data.get("places"), list):
        return iter([_new(place) for place in data["places"]])
    if not isinstance(data.get("status"), str):
        return None
    for key in ("results", "candidates"):
        if isinstance(data.get(key), list):
            return iter([_old(place) for place in data[key]])
    if isinstance(data.get("result"), dict):
        return iter([_old(data["result"])])
    return iter(())


def _old(place: Any) -> Row:
    if not isinstance(place, dict):
        return False, {}
    location = _mapping(_mapping(place.get("geometry")).get("location"))
    status = place.get("business_status") or ("CLOSED_PERMANENTLY" if place.get("permanently_closed") else None)
    row = {"name": place.get("name"), "types": _types(place.get("types")), "business_status": status}
    return _point(location.get("lng"), location.get("lat")), row


def _new(place: Any) -> Row:
    if not isinstance(place, dict):
        return False, {}
    location, name = _mapping(place.get("location")), _mapping(place.get("displayName"))
    types = _types([place.get("primaryType"), *_types(place.get("types"))])
    row = {"name": name.get("text"), "types": types, "business_status": place.get("businessStatus")}
    return _point(location.get("longitude"), location.get("latitude")), row


def _types(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _point(x: Any, y: Any) -> Any:
    import shapely

    if x is None or y is None:
        return None
    if not all(isinstance(v, (int, float)) for v in (x, y)) or not (-180 <= x <= 180 and -90 <= y <= 90):
        return False
    return shapely.Point(x, y)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
