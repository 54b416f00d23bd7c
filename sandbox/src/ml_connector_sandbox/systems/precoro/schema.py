"""What a record of each resource consists of, in the order it is written.

The table is `schema.json`: a field's kind, and a `+` where only the record itself has it and a row of a list
has not. `money` and `money_text` are amounts; `ref` is an object, `collection` a list in `{"data": […]}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    name: str
    kind: str
    only_detail: bool


@cache
def fields(resource: str) -> tuple[Field, ...]:
    """The fields of a resource."""
    return tuple(
        Field(name, kind.rstrip("+"), kind.endswith("+")) for name, kind in _table()[resource].items()
    )


@cache
def plain_fields(resource: str) -> frozenset[str]:
    """Fields that hold one value."""
    return frozenset(field.name for field in fields(resource) if field.kind in ("plain", "bool"))


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    text = resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, str]] = json.loads(text)
    return found
