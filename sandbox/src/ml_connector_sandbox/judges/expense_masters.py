"""Compares the master data of the expense system with the ledger's, as both are now; it knows nothing of the
product.

    ledger's chart ─ scenario's entities ─► what people must be able to choose: by code, with its name, class
    expense system ───────────────────────► the same, and nothing that is closed or unknown in the ledger
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from types import ModuleType
from typing import Any

from ml_connector_sandbox.core.vendor import Json

TABLES = {
    "account": ("accounts", "number", "name"),
    "vat_code": ("vat_codes", "code", "description"),
    "journal": ("journals", "code", "description"),
    "supplier": ("suppliers", "number", "name"),
}
"""The expense system's table of each kind, its key and its text."""
AXES = ("cost_center", "cost_unit", "project")
KINDS = (*TABLES, *AXES)
CLASSES = {"profit and loss": "PROFIT_AND_LOSS", "balance sheet": "BALANCE_SHEET", "creditor": "CREDITOR"}


def wrong_masters(
    expense_books: Json, chart: Iterable[Json], scenario: ModuleType, kinds: Collection[str] = KINDS
) -> tuple[str, ...]:
    """What differs, a text for each code: it is missing, another, there twice, or can be chosen although the
    ledger has closed it or does not know it. Only values of dimensions that the scenario began with are
    compared. KeyError for a kind that is none.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise KeyError(f"kind {unknown[0]}; there are {', '.join(KINDS)}")
    entities = {row["id"]: scenario.ENTITY_OF[row["name"]] for row in expense_books["organizations"]}
    wanted = {
        (row["entity"], row["kind"], row["code"]): _told(row)
        for row in chart
        if row["open"] and row["kind"] in kinds and row["entity"] in entities.values()
    }
    held: dict[tuple[str, str, str], list[Any]] = {}
    for entity, kind, row in _rows(expense_books, entities, kinds):
        if row["active"]:
            held.setdefault((entity, kind, _key(kind, row)), []).append(_shown(kind, row))
    return tuple(_differences(wanted, held))


def _rows(books: Json, entities: Json, kinds: Collection[str]) -> Iterable[tuple[str, str, Json]]:
    for kind, (table, *_) in TABLES.items():
        if kind in kinds:
            yield from ((entities[row["organization"]], kind, row) for row in books[table])
    axes = {row["id"]: row.get("axis") for row in books["dimensions"]}
    for row in books["dimension_values"]:
        axis = axes[row["dimension"]]
        if axis in kinds:
            yield entities[row["organization"]], axis, row


def _key(kind: str, row: Json) -> str:
    return str(row[TABLES[kind][1] if kind in TABLES else "code"]).strip()


def _told(row: Json) -> tuple[Any, ...]:
    """What of a code the ledger says: its text, and of some more."""
    more = CLASSES[row["class"]] if row["kind"] == "account" else None
    return row["name"], Decimal(row["percentage"]) if row["kind"] == "vat_code" else more


def _shown(kind: str, row: Json) -> tuple[Any, ...]:
    """What of it people see."""
    more = row["class"] if kind == "account" else None
    text = row[TABLES[kind][2] if kind in TABLES else "name"]
    return text, Decimal(row["percentage"]) if kind == "vat_code" else more


def _differences(
    wanted: dict[tuple[str, str, str], Any], held: dict[tuple[str, str, str], list[Any]]
) -> Iterable[str]:
    for key in sorted({*wanted, *held}):
        entity, kind, code = key
        name = f"{kind} {code} of {entity}"
        shown = held.get(key, [])
        if key not in wanted:
            yield f"{name} can be chosen, and is closed or unknown in the ledger"
        elif not shown:
            yield f"{name} cannot be chosen"
        elif len(shown) > 1:
            yield f"{name} is there {len(shown)} times"
        elif shown[0] != wanted[key]:
            yield f"{name} is {_text(shown[0])}, and {_text(wanted[key])} in the ledger"


def _text(told: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in told if part is not None)
