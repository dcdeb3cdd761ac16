"""Holding Arrow rows against a JSON Schema, quickly and for real.

`suspects` reads the schema once per column instead of once per row and marks every row that might break it; what it
does not understand counts as broken. jsonschema then judges the marked rows alone and says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rsdata.record import json_schema

if TYPE_CHECKING:
    import pyarrow as pa

Marks = npt.NDArray[np.bool_]
Schema = Mapping[str, Any]
KEYWORDS = {"$schema", "title", "description", "type", "properties", "required", "additionalProperties"}
KEYWORDS |= {"items", "minItems", "maxItems", "minimum"}


@lru_cache(maxsize=1)
def _validator() -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(json_schema())


def broken(batch: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    """Row number and problem of every row that schemas/record.json does not allow."""
    for row in np.flatnonzero(suspects(batch.to_struct_array(), json_schema())).tolist():
        error = next(_validator().iter_errors(_plain(batch, row)), None)
        if error is not None:
            place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path)
            yield row, f"breaks the schema at {place.lstrip('.') or 'the row'}: {error.message[:160]}"


def _plain(batch: pa.RecordBatch, row: int) -> dict[str, Any]:
    """One row as JSON data; maps come out of Arrow as pairs."""
    data: dict[str, Any] = batch.slice(row, 1).to_pylist()[0]
    if isinstance(data.get("extra"), list):
        data["extra"] = dict(data["extra"])
    return data


def suspects(array: pa.Array, schema: Schema) -> Marks:
    """Which elements of an array may break a schema; never misses one."""
    if set(schema) - KEYWORDS:
        return np.ones(len(array), bool)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    null = array.is_null().to_numpy(zero_copy_only=False)
    bad = null.copy() if "null" not in kinds else np.zeros(len(array), bool)
    found = [kind for kind in kinds if kind != "null" and _is(array.type, kind)]
    if not found:
        bad |= ~null
    elif found[0] == "object":
        inside = _map(array, schema) if "additionalProperties" in schema and _is_map(array) else _struct(array, schema)
        bad |= inside & ~null
    elif found[0] == "array":
        bad |= _list(array, schema) & ~null
    elif "minimum" in schema:
        values = array.to_numpy(zero_copy_only=False)
        with np.errstate(invalid="ignore"):
            bad |= ~(values.astype(float) >= schema["minimum"]) & ~null
    return bad


def _is(kind: pa.DataType, name: str) -> bool:
    """Whether values of an Arrow type are JSON values of a kind."""
    import pyarrow.types as t

    tests = {
        "string": [t.is_string, t.is_large_string],
        "integer": [t.is_integer],
        "number": [t.is_integer, t.is_floating],
        "boolean": [t.is_boolean],
        "object": [t.is_struct, t.is_map],
        "array": [t.is_list, t.is_large_list, t.is_fixed_size_list],
    }
    return any(test(kind) for test in tests[name])


def _is_map(array: pa.Array) -> bool:
    import pyarrow.types as t

    return bool(t.is_map(array.type))


def _struct(array: pa.Array, schema: Schema) -> Marks:
    properties = schema.get("properties", {})
    names = [array.type.field(i).name for i in range(array.type.num_fields)]
    strangers = schema.get("additionalProperties", True) is not True and set(names) - set(properties)
    if strangers or set(schema.get("required", ())) - set(names):
        return np.ones(len(array), bool)
    bad = np.zeros(len(array), bool)
    for name in names:
        if name in properties:
            bad |= suspects(array.field(name), properties[name])
    return bad


def _list(array: pa.Array, schema: Schema) -> Marks:
    import pyarrow.compute as pc

    bad = np.zeros(len(array), bool)
    parents = pc.list_parent_indices(array).to_numpy()
    lengths = np.bincount(parents, minlength=len(array))
    bad |= (lengths < schema.get("minItems", 0)) | (lengths > schema.get("maxItems", np.inf))
    if "items" in schema:
        bad[parents[suspects(pc.list_flatten(array), schema["items"])]] = True
    return bad


def _map(array: pa.Array, schema: Schema) -> Marks:
    """A map as an object: keys are its properties, which the schema must leave free."""
    bad = np.zeros(len(array), bool)
    if schema.get("properties") or schema.get("required") or not isinstance(schema["additionalProperties"], dict):
        return ~bad
    ends = array.offsets.to_numpy()
    parents = np.repeat(np.arange(len(array)), np.diff(ends))
    keys, items = (side.slice(ends[0], ends[-1] - ends[0]) for side in (array.keys, array.items))
    wrong = suspects(items, schema["additionalProperties"]) | keys.is_null().to_numpy(zero_copy_only=False)
    bad[parents[wrong]] = True
    return bad
