"""The entity sets this simulator serves: verbs, permission scope, page size and properties, as the vendor
lists them.

The table itself is `schema.json`; a property is written `Name:Type:flags:marks`, flags C (settable on POST)
and U (settable on PUT), marks k (key) and r (required on POST), a `*` before the type means a child
collection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

VERBS = {"GET": "G", "POST": "P", "PUT": "U", "DELETE": "D"}
_MODELS = {
    "Transactions": "Financial.Transaction",
    "TransactionLines": "Financial.TransactionLine",
    "Divisions": "System.Division",
    "AllDivisions": "System.Division",
    "Me": "System.Me",
    "JournalStatusList": "Financial.JournalStatus",
    "Currencies": "Currency",
}
_CHILDREN = {
    "PurchaseEntryLines": "purchaseentry/PurchaseEntryLines",
    "BankEntryLines": "financialtransaction/BankEntryLines",
    "BankAccounts": "crm/BankAccounts",
    "GeneralJournalEntryLines": "generaljournalentry/GeneralJournalEntryLines",
    "TransactionLines": "financialtransaction/TransactionLines",
    "VATPercentages": "vat/VatPercentages",
}


HR_WRITES: Mapping[str, tuple[str, ...]] = {
    "payroll/Employees": (
        *("Code", "FirstName", "MiddleName", "LastName", "Initials", "BusinessEmail", "BusinessPhone"),
        *("BusinessMobile", "Manager", "Language", "Country", "Notes"),
    ),
    "payroll/Employments": ("Employee", "StartDate", "EndDate", "StartDateOrganization", "ReasonEnd"),
}
"""What the unpublished write variant of the HR sets takes, as we imagine it: no list of it is public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property; `child` is the entity set a collection leads to (None when we do not model it)."""

    name: str
    type: str
    creatable: bool
    updatable: bool
    required: bool
    key: bool
    collection: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity set. `page` is 0 for reads that are not paged."""

    path: str
    verbs: str
    scope: str | None
    page: int
    properties: Mapping[str, Property]
    keys: tuple[str, ...]

    @property
    def service(self) -> str:
        """`sync` and `bulk` sets behave alike whatever they hold; others by their first segment."""
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]

    @property
    def model(self) -> str:
        """The type name in `__metadata`."""
        if self.name in _MODELS:
            return "Exact.Web.Api.Models." + _MODELS[self.name]
        single = self.name[:-3] + "y" if self.name.endswith("ies") else self.name.removesuffix("s")
        return "Exact.Web.Api.Models." + single


@cache
def entities() -> Mapping[str, Entity]:
    """All served sets by path."""
    raw = json.loads(resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8"))
    return {path: _entity(path, facts) for path, facts in raw.items()}


def find(path: str) -> Entity | None:
    """The set at that path. The case of the entity matters; that of the service does not for `sync` and
    `bulk`.
    """
    found = entities().get(path)
    if found is not None:
        return found
    parts = path.split("/")
    if parts[0] not in ("sync", "bulk") or len(parts) != 3:
        return None
    same = (known for known in entities().values() if known.service == parts[0] and known.name == parts[2])
    return next((known for known in same if known.path.lower() == path.lower()), None)


@cache
def writable(path: str) -> Entity:
    """One of `HR_WRITES` as a partner might see it: with the verbs P and U, and those fields settable."""
    entity, names = entities()[path], HR_WRITES[path]
    properties = {
        name: replace(known, creatable=name in names, updatable=name in names)
        for name, known in entity.properties.items()
    }
    return replace(entity, verbs="GPU", properties=properties)


@cache
def with_type(path: str) -> Entity:
    """The purchase entries as some say they are: `Type` can be set when one is made."""
    entity = entities()[path]
    kind = replace(entity.properties["Type"], creatable=True)
    return replace(entity, properties={**entity.properties, "Type": kind})


def child_of(collection: str) -> Entity | None:
    """The set a child collection's rows live in, if it is modelled."""
    path = _CHILDREN.get(collection)
    return entities()[path] if path else None


def _entity(path: str, facts: Mapping[str, object]) -> Entity:
    properties = {}
    for text in str(facts["props"]).split():
        name, kind, flags, marks = [*text.split(":"), "", "", ""][:4]
        properties[name] = Property(
            name=name,
            type=kind.removeprefix("*"),
            creatable="C" in flags,
            updatable="U" in flags,
            required="r" in marks,
            key="k" in marks,
            collection=kind.startswith("*") or kind == "Collection",
        )
    scope = facts["scope"]
    page = facts["page"]
    assert isinstance(page, int)
    return Entity(
        path=path,
        verbs=str(facts["verbs"]),
        scope=str(scope) if scope else None,
        page=page,
        properties=properties,
        keys=tuple(p.name for p in properties.values() if p.key),
    )
