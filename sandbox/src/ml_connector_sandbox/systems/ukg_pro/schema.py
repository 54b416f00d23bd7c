"""What the vendor's description lists for each endpoint: its filters, what they may look like, its fields.

The table is `schema.json`. A filter is written `name:kind[:pattern][!]`, `!` where it is required. Kinds:

    text     equal; a comma list, in brackets or not, means any of them; `*` where the pattern has it
    boolean  true or false, nothing else
    number   a whole number
    moment   an ISO date or date-time; only its day counts
    date     MM-DD-YYYY with an operator inside the value, or an ISO date

A field is written `name:type`. A row that is served has every field; what we do not model is null, or false.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.render import dump, value_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One query parameter of an endpoint."""

    name: str
    kind: str
    pattern: re.Pattern[str] | None
    required: bool

    @property
    def takes_wildcards(self) -> bool:
        """Whether `*` in a value stands for anything."""
        return self.pattern is not None and "*" in self.pattern.pattern.replace("]*", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One endpoint: its filters by lower-case name, and what a row looks like that holds nothing."""

    filters: Mapping[str, Filter]
    blank: Mapping[str, Any]

    forms: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = field(default_factory=dict, compare=False)
    """By the names of what rows hold: the text of such a row with a place for each value, and their names."""

    def whole(self, row: Json) -> Json:
        """The row with every field that the vendor lists."""
        return {**self.blank, **row}

    def text(self, row: Json) -> str:
        """The whole row as JSON."""
        held = tuple(row)
        if held not in self.forms:
            self.forms[held] = self._form(row)
        text, names = self.forms[held]
        return text % tuple([value_text(row[name]) for name in names])

    def _form(self, row: Json) -> tuple[str, tuple[str, ...]]:
        members = []
        for name, value in self.whole(row).items():
            place = "%s" if name in row else dump(value).replace("%", "%%")
            members.append(f"{dump(name).replace('%', '%%')}:{place}")
        return "{" + ",".join(members) + "}", tuple(name for name in self.whole(row) if name in row)


@cache
def schema_of(path: str) -> Schema:
    """What is known of the endpoint at that path, which starts with its root: `personnel/v1/…`."""
    facts = _raw()["endpoints"][path]
    filters = [_filter(text) for text in facts["filters"].split()]
    fields = [text.partition(":") for text in facts["fields"].split()]
    return Schema(
        filters={held.name.lower(): held for held in filters},
        blank={name: False if kind == "boolean" else None for name, _, kind in fields},
    )


@cache
def endpoints() -> tuple[str, ...]:
    """Every path there are facts about."""
    return tuple(_raw()["endpoints"])


def _filter(text: str) -> Filter:
    name, kind, pattern = [*text.rstrip("!").split(":"), ""][:3]
    return Filter(
        name=name,
        kind=kind,
        pattern=re.compile(_raw()["patterns"][pattern]) if pattern else None,
        required=text.endswith("!"),
    )


@cache
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    )
    return raw
