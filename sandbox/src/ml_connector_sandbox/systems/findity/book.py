"""What the vendor keeps of its organizations: tables of rows by their id.

Nothing here knows HTTP. A reference is an id, an amount a Decimal with two decimals, a moment aware and in
UTC. Ids come from the seed, so two simulators with the same seed hold the same.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Row

MASTERS = (
    *("accounts", "vat_codes", "journals", "suppliers", "dimensions", "dimension_values"),
    *("categories", "payment_methods"),
)
TABLES = ("organizations", "users", *MASTERS, "reports", "expenses", "receipts", "exports", "vouchers")
NUMBERED = {"reports": 1_001, "exports": 101, "vouchers": 5_001}
"""Where the numbers of a table begin."""


class Book:
    """The tables, in the order their rows came."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self._random = random.Random(f"findity {seed}")
        self._numbers: Counter[str] = Counter(NUMBERED)

    def now(self) -> datetime:
        """The present, to the second."""
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def new_id(self) -> str:
        """The next id."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def add(self, table: str, values: Row) -> Row:
        """Put a row into a table, with its id and, where the table has them, its number."""
        row: Row = {"id": self.new_id(), **values}
        if table in NUMBERED:
            row["number"] = str(self._numbers[table])
            self._numbers[table] += 1
        self.tables[table][row["id"]] = row
        return row

    def rows(self, table: str, **where: Any) -> Iterator[Row]:
        """The rows of a table that have these values."""
        for row in self.tables[table].values():
            if all(row.get(name) == value for name, value in where.items()):
                yield row

    def get(self, table: str, key: str | None) -> Row | None:
        """The row of that id."""
        return None if key is None else self.tables[table].get(key)

    def one(self, table: str, **where: Any) -> Row:
        """The first row that has these values; `KeyError` for none."""
        for row in self.rows(table, **where):
            return row
        raise KeyError(f"{table} {', '.join(str(value) for value in where.values())}")

    def first(self, table: str, is_it: Callable[[Row], bool]) -> Row | None:
        """The first row of which that is true."""
        return next((row for row in self.rows(table) if is_it(row)), None)

    def expenses_of(self, report: Row) -> list[Row]:
        """The expenses of a report, in its order."""
        return [self.tables["expenses"][key] for key in report["expenses"]]

    def receipts_of(self, expense: Row) -> list[Row]:
        """The files of an expense."""
        return [self.tables["receipts"][key] for key in expense["receipts"]]
