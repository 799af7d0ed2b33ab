"""Data classes as JSON and back, whatever their fields: operations, types, decisions.

Numbers, strings and None stand for themselves, arrays for tuples; everything else is a table with
one entry that says what it is, and one with what is in it.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import re
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from compiler.ir import DataType

_ROOT = __name__.split(".")[0]
_CLASS = re.compile(r"((?:[a-z_0-9]+\.)*[a-z_0-9]+)\.([A-Za-z_0-9]+)")


def encoded(value: object) -> Any:
    """What `json` can write. Raises TypeError for a value of an unknown kind."""
    if isinstance(value, np.generic):
        return encoded(cast(np.generic[Any], value).item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, tuple):
        return [encoded(item) for item in cast(tuple[object, ...], value)]
    if isinstance(value, frozenset):
        return {"set": sorted(encoded(item) for item in cast(frozenset[str], value))}
    if isinstance(value, Mapping):
        table = cast(Mapping[str, object], value)
        return {"table": {str(key): encoded(table[key]) for key in sorted(table)}}
    if isinstance(value, DataType):
        return {"type": value.value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        module = kind.__module__.removeprefix(f"{_ROOT}.")
        fields = {
            field.name: encoded(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
        return {"class": f"{module}.{kind.__qualname__}", "fields": fields}
    raise TypeError(f"a {type(value).__name__} is no plain data")


def decoded(data: Any) -> Any:
    """The inverse of `encoded`. Raises ValueError, TypeError or KeyError if `data` is none such."""
    if isinstance(data, list):
        return tuple(decoded(item) for item in cast(list[Any], data))
    if not isinstance(data, dict):
        return data
    table = cast(dict[str, Any], data)
    match table:
        case {"number": text}:
            return float(text)
        case {"set": items}:
            return frozenset(decoded(item) for item in items)
        case {"table": entries}:
            return {key: decoded(item) for key, item in entries.items()}
        case {"type": name}:
            return DataType(name)
        case {"class": name, "fields": fields}:
            return _class(name)(**{key: decoded(item) for key, item in fields.items()})
        case _:
            raise ValueError(f"unknown data: {sorted(table)}")


def _class(name: str) -> type[Any]:
    match = _CLASS.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no class")
    try:
        found: Any = getattr(importlib.import_module(f"{_ROOT}.{match[1]}"), match[2])
    except (ImportError, AttributeError) as error:
        raise ValueError(f"there is no class {name!r}") from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ValueError(f"{name!r} is no data class")
    return found
