"""The entity tables: what sets there are, their keys, properties and verbs; read from `schema.json`.

A property is written `Name:Type[:flags]`. Types are Edm names, `Date` for a day (on the wire noon UTC),
`E.<enum>` for an enum. Flags: `k` part of the key, `r` written by the server only, `i` fixed once created,
`n` numbered by the server, `o` an enum that is null until somebody sets it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

NAMESPACE = "Microsoft.Dynamics.DataEntities"
BLANK_DATE = date(1900, 1, 1)
BLANK_MOMENT = datetime(1900, 1, 1)
LAST_MOMENT = datetime(2154, 12, 31, 23, 59, 59)
"""The end of what has no end."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """Where `$expand` leads from a set: another set, and whether to many of its rows or to one."""

    name: str
    target: str
    many: bool


NAVIGATION: Mapping[str, tuple[Navigation, ...]] = {
    "LedgerJournalHeaders": (
        Navigation("LedgerJournalLines", "LedgerJournalLines", many=True),
        Navigation("LegalEntities", "LegalEntities", many=False),
    )
}
"""By set; what is not listed cannot be expanded."""
_NAMES = (("_attributeNames", "Collection(Edm.String)"), ("_attributeValues", "Collection(Edm.String)"))
ACTIONS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "getSetDisplayValue": ("DimensionSets", _NAMES),
    "getCombinationDisplayValue": (
        "DimensionCombinations",
        (
            ("_entityName", "Edm.String"),
            ("_propertyName", "Edm.String"),
            *_NAMES,
            ("_accountType", f"{NAMESPACE}.LedgerJournalACType"),
        ),
    ),
}
"""Actions by name, with the set they belong to and their parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property; `enum` is the enum's name, or empty."""

    name: str
    type: str
    enum: str
    key: bool
    read_only: bool
    fixed: bool
    numbered: bool
    optional: bool

    @property
    def blank(self) -> Any:
        """What stands there when nothing was given."""
        if self.optional:
            return None
        if self.enum:
            return enums()[self.enum][0]
        return {"String": "", "Date": BLANK_DATE, "DateTime": BLANK_MOMENT, "Decimal": Decimal(0)}.get(
            self.type, 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity set. `verbs` are letters: G get, P post, U patch and put, D delete."""

    name: str
    type: str
    aot: str
    label: str
    table: str
    verbs: str
    properties: Mapping[str, Property]
    keys: tuple[str, ...]

    @property
    def company_field(self) -> str:
        """The property that says whose a row is, for rows that callers of another company do not see; empty
        for shared sets.
        """
        if "dataAreaId" in self.properties:
            return "dataAreaId"
        return "DataArea" if "DataArea" in self.properties and "DataArea" not in self.keys else ""


@cache
def enums() -> Mapping[str, tuple[str, ...]]:
    """The members of every enum."""
    return {name: tuple(members.split()) for name, members in _raw()["enums"].items()}


@cache
def entities() -> Mapping[str, Entity]:
    """All served sets by their name, which is case-sensitive."""
    return {name: _entity(name, facts) for name, facts in _raw()["entities"].items()}


@cache
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    )
    return raw


def _entity(name: str, facts: Mapping[str, str]) -> Entity:
    properties = {}
    for text in facts["props"].split():
        field, kind, flags = [*text.split(":"), ""][:3]
        properties[field] = Property(
            name=field,
            type="Enum" if kind.startswith("E.") else kind,
            enum=kind[2:] if kind.startswith("E.") else "",
            key="k" in flags,
            read_only="r" in flags,
            fixed="i" in flags or "k" in flags,
            numbered="n" in flags,
            optional="o" in flags,
        )
    return Entity(
        name=name,
        type=facts["type"],
        aot=facts["aot"],
        label=facts["label"],
        table=facts["table"],
        verbs=facts["verbs"],
        properties=properties,
        keys=tuple(field for field, known in properties.items() if known.key),
    )
