"""Master data of an organization: what there is, and how it is written.

An account is attached to categories (debit), payment methods (credit) and VAT codes (VAT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.findity.answers import Refused
from ml_connector_sandbox.systems.findity.body import flag_of, percent_of, text_of
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.switches import value_of

ACCOUNT_TYPES = ("DEBIT", "CREDIT", "VAT")
ACCOUNT_CLASSES = ("PROFIT_AND_LOSS", "BALANCE_SHEET", "CREDITOR")


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name on the wire, its column, and what it holds."""

    name: str
    column: str
    kind: str = "text"
    needed: bool = False
    most: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of master data: its fields, the column that is its key, and whether a client makes records."""

    fields: tuple[Field, ...]
    key: str
    made_by_client: bool = True


_ACTIVE = Field("active", "active", "flag")
_NUMBER = Field("number", "number", needed=True, most=40)
_CODE = Field("code", "code", needed=True, most=40)
_NAME = Field("name", "name", needed=True)
_TEXT = Field("description", "description", needed=True)
_ACCOUNT = Field("accountNumber", "account", "account")
RESOURCES: Mapping[str, Resource] = {
    "accounts": Resource(
        key="number",
        fields=(
            _NUMBER,
            _NAME,
            Field("accountType", "type", "account_type"),
            Field("accountClass", "class", "account_class"),
            _ACTIVE,
        ),
    ),
    "vat_codes": Resource(
        key="code",
        fields=(_CODE, _TEXT, Field("percentage", "percentage", "percent", needed=True), _ACCOUNT, _ACTIVE),
    ),
    "journals": Resource(key="code", fields=(_CODE, _TEXT, _ACTIVE)),
    "suppliers": Resource(
        key="number", fields=(_NUMBER, _NAME, Field("vatNumber", "vat_number", most=40), _ACTIVE)
    ),
    "dimensions": Resource(key="name", fields=(_NAME, _ACTIVE)),
    "dimension_values": Resource(key="code", fields=(_CODE, _NAME, _ACTIVE)),
    "categories": Resource(key="name", fields=(_NAME, _ACCOUNT, _ACTIVE), made_by_client=False),
    "payment_methods": Resource(
        key="name",
        fields=(_NAME, _ACCOUNT, Field("reimbursable", "reimbursable", "flag"), _ACTIVE),
        made_by_client=False,
    ),
}
_LOCKED = {"categories": ("name",), "payment_methods": ("name", "reimbursable")}
"""Fields that only a person changes."""


def create(book: Book, switches: Switches, table: str, owner: Row, given: Json) -> tuple[Row, bool]:
    """Make a record, or change the one that is there if a switch says so; whether it was made."""
    values = _values(book, switches, table, owner, given, whole=True)
    resource = RESOURCES[table]
    there = same_key(book, table, owner, values[resource.key])
    if there is not None and switches["key_taken"] == "refused":
        raise Refused(409, f"{resource.key} {values[resource.key]} exists already")
    if there is not None and switches["key_taken"] == "updates":
        there.update(values)
        return there, False
    return book.add(table, {**owner, **values}), True


def update(book: Book, switches: Switches, table: str, row: Row, given: Json) -> None:
    """Change a record."""
    owner = owner_of(table, row)
    whole = bool(switches["put_clears_missing"]) and switches["update_method"] == "PUT"
    allowed = {name: value for name, value in given.items() if name not in _LOCKED.get(table, ())}
    values = _values(book, switches, table, owner, allowed, whole=whole and table not in _LOCKED)
    key = RESOURCES[table].key
    there = same_key(book, table, owner, values.get(key, row[key]))
    if there is not None and there is not row and switches["key_taken"] != "doubled":
        raise Refused(409, f"{key} {there[key]} exists already")
    row.update(values)


def same_key(book: Book, table: str, owner: Row, key: Any) -> Row | None:
    """The record of that number or code."""
    return next(book.rows(table, **owner, **{RESOURCES[table].key: key}), None)


def owner_of(table: str, row: Row) -> Row:
    """What a record belongs to."""
    names = ("organization", "dimension") if table == "dimension_values" else ("organization",)
    return {name: row[name] for name in names}


def written(table: str, row: Row, switches: Switches) -> Json:
    """A record as answers hold it."""
    told: Json = {"id": row["id"]}
    for field in RESOURCES[table].fields:
        value = row.get(field.column)
        is_value = field.kind in ("account_type", "account_class") and value is not None
        told[field.name] = value_of(switches, str(value)) if is_value else value
    return told


def _values(book: Book, switches: Switches, table: str, owner: Row, given: Json, *, whole: bool) -> Row:
    """The columns that were sent; with `whole`, those that were not as they are when nothing is said."""
    found: Row = {}
    for field in RESOURCES[table].fields:
        if whole or field.name in given:
            found[field.column] = _value(book, switches, owner, field, given)
    return found


def _value(book: Book, switches: Switches, owner: Row, field: Field, given: Json) -> Any:
    if field.kind == "flag":
        return flag_of(given, field.name, True)
    if field.kind == "percent":
        return percent_of(given, field.name)
    text = text_of(given, field.name, needed=field.needed, most=field.most)
    if text is None or field.kind == "text":
        return text
    if field.kind == "account":
        account = next(book.rows("accounts", organization=owner["organization"], number=text), None)
        if account is None or not account["active"]:
            raise Refused(400, f"{field.name}: no active account {text}")
        return text
    choices = ACCOUNT_TYPES if field.kind == "account_type" else ACCOUNT_CLASSES
    found = next((name for name in choices if value_of(switches, name) == text), None)
    if found is None:
        raise Refused(400, f"{field.name}: {text} is not known")
    return found
