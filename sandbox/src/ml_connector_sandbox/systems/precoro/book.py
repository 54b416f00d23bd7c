"""What one company of the vendor keeps: tables of rows by their id, and the numbers of its documents.

Nothing here knows HTTP. A row holds the vendor's names; a reference is an id, an amount a Decimal, a moment
aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Row

FIRST_IDS = {
    "users": 311,
    "legalentities": 41,
    "locations": 71,
    "taxes": 901,
    "paymentterms": 601,
    "itemcustomfields": 21,
    "documentcustomfields": 31,
    "suppliercustomfields": 61,
    "itemcustomfields_options": 5_001,
    "documentcustomfields_options": 5_401,
    "suppliers": 20_401,
    "items": 33_001,
    "purchaseorders": 7_101,
    "receipts": 8_101,
    "expenses": 8_501,
    "invoices": 1_017,
    "lines": 90_001,
    "payments": 3_021,
    "expensepayments": 4_001,
    "contracts": 2_201,
    "attachments": 55_001,
    "units": 11,
    "warehouses": 51,
    "budgets": 81,
    "apdocuments": 6_001,
}
"""Where the ids of a table begin. Those of invoices and payments overlap with the numbers of documents, so
that one taken for the other finds another record.
"""
FIRST_NUMBERS = {
    "invoices": 1_001,
    "payments": 3_001,
    "purchaseorders": 501,
    "receipts": 301,
    "expenses": 401,
    "expensepayments": 4_501,
    "apdocuments": 201,
}
"""Where the document numbers (`idn`) of a table begin."""
DOCUMENTS = ("invoices", "purchaseorders", "receipts", "expenses")


class Book:
    """The tables, in the order their rows came."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in FIRST_IDS}
        self._ids = dict(FIRST_IDS)
        self._numbers = dict(FIRST_NUMBERS)
        self._payments_of: dict[int, list[int]] = {}
        self._by_number: dict[tuple[str, str], Row] = {}

    def now(self) -> datetime:
        """The present, to the second."""
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def rows(self, table: str) -> Iterator[Row]:
        """Every row of a table."""
        return iter(self.tables[table].values())

    def get(self, table: str, key: int | None) -> Row | None:
        """The row of that id."""
        return None if key is None else self.tables[table].get(key)

    def first(self, table: str, is_it: Callable[[Row], bool]) -> Row | None:
        """The first row of which that is true."""
        return next((row for row in self.rows(table) if is_it(row)), None)

    def new_id(self, table: str) -> int:
        """The next id of a table."""
        self._ids[table] += 1
        return self._ids[table] - 1

    def add(self, table: str, values: Row) -> Row:
        """Put a row into a table, with its id, number and dates."""
        now = self.now()
        row: Row = {"id": self.new_id(table), "createDate": now, "updateDate": now, "externalId": None}
        if table in FIRST_NUMBERS:
            row["idn"] = str(self._numbers[table])
            self._numbers[table] += 1
            self._by_number[table, row["idn"]] = row
        row |= values
        self.tables[table][row["id"]] = row
        if table == "payments" and row.get("invoice"):
            self.pay_with(row, self.tables["invoices"][row["invoice"]])
        return row

    def pay_with(self, payment: Row, invoice: Row) -> None:
        """From now on it is a payment of that invoice."""
        payment["invoice"] = invoice["id"]
        self._payments_of.setdefault(invoice["id"], []).append(payment["id"])

    def payments(self, invoice: Row) -> list[Row]:
        """The payments of an invoice, cancelled ones too."""
        return [self.tables["payments"][key] for key in self._payments_of.get(invoice["id"], ())]

    def numbered(self, table: str, idn: str) -> Row | None:
        """The document of that number."""
        return self._by_number.get((table, idn))

    def children(self, invoice: Row) -> list[Row]:
        """The invoices that hold a share of this one's costs."""
        return [row for row in self.rows("invoices") if row["parent"] == invoice["id"]]

    def options(self, family: str, field: int) -> list[Row]:
        """The options of a custom field, each behind its parent."""
        held: dict[Any, list[Row]] = {}
        for row in self.rows(f"{family}_options"):
            if row["field"] == field:
                held.setdefault(row["parent"], []).append(row)
        found: list[Row] = []
        waiting = list(reversed(held.get(None, [])))
        while waiting:
            row = waiting.pop()
            found.append(row)
            waiting += reversed(held.get(row["id"], []))
        return found
