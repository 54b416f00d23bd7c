"""One division's books: its master data, its entries, and the numbers and stamps every change gets.

Nothing here knows HTTP. A rule that is broken raises `Broken` with all messages, as the vendor lists them.
"""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Row
from ml_connector_sandbox.systems.exact_online.tables import Table

USER_ID = "7d0ef6f1-0c4d-4f27-9a43-3a5b1c1e0001"
USER_NAME = "Sandbox User"
STATUS_OPEN, STATUS_PROCESSED = 20, 50
STATUS_TEXT = {5: "Rejected", STATUS_OPEN: "Open", STATUS_PROCESSED: "Processed"}
TYPE_GENERAL_JOURNAL = 90
DELETED_KEPT_DAYS = 62
PEOPLE = frozenset({"departments", "employees", "employments", "organizations"})
OF_PURCHASE: Mapping[str, tuple[str, ...]] = {
    "purchases": ("EntryID", "EntryNumber", "Supplier", "YourRef"),
    "purchase_lines": ("ID", "EntryID"),
    "payments": ("ID", "Account", "TransactionEntryID", "TransactionID", "_match"),
    "bank_entries": ("EntryID", "JournalCode"),
    "bank_lines": ("ID", "EntryID"),
    "bank_accounts": ("ID", "Account"),
    "contacts": ("ID", "Account"),
    "conditions": ("ID", "Code"),
    "rates": ("ID", "SourceCurrency"),
    "documents": ("ID", "HID"),
    "attachments": ("ID", "Document"),
    "document_types": ("ID",),
}
"""The tables of the purchase side: the key, then what can be looked up without a scan."""
DELETED_TYPES = {
    "lines": 1,
    "relations": 2,
    "attachments": 4,
    "contacts": 5,
    "documents": 6,
    "accounts": 7,
    "payments": 10,
    "projects": 21,
    "employees": 42,
    "employments": 43,
    "organizations": 45,
}
"""`EntityType` in sync/Deleted, for the tables that are written there."""


class DivisionBook:
    """The tables of one division. Ids come from the seed, so two sandboxes with the same seed hold the same
    ids.
    """

    def __init__(
        self, *, code: int, title: str, currency: str, country: str, clock: Clock, seed: int
    ) -> None:
        self.code = code
        self.title = title
        self.currency = currency
        self.country = country
        self.clock = clock
        self.closed: set[tuple[str, int, int]] = set()
        self.numbers: dict[tuple[str, int], int] = {}
        self._random = random.Random(f"{seed} {code}")
        self._random_of_people = random.Random(f"{seed} {code} people")
        self._random_of_purchases = random.Random(f"{seed} {code} purchases")
        """Apart, so that the ids of journal entries do not depend on who works here and what is bought."""
        self.default_condition: str | None = None
        """The code of the payment condition that holds for suppliers without one."""
        self.last_relation = 0
        """The highest code a relation ever had here; the next one without a code follows it."""
        self._stamp = 15_000_000
        self._hids: Counter[str] = Counter()
        self._dates: tuple[list[datetime], list[Row], set[tuple[int, int]]] | None = None
        self.tables = {
            "accounts": Table("ID", ["Code"]),
            "cost_centers": Table("ID", ["Code", "_folded"]),
            "cost_units": Table("ID", ["Code", "_folded"]),
            "journals": Table("ID", ["Code"]),
            "periods": Table("ID"),
            "vat_codes": Table("ID", ["Code"]),
            "vat_percentages": Table("ID", ["VATCodeID"]),
            "relations": Table("ID", ["Code"]),
            "projects": Table("ID", ["Code"]),
            "currencies": Table("Code"),
            "entries": Table("EntryID", ["EntryNumber"]),
            "lines": Table("ID", ["EntryID", "OurRef", "EntryNumber"]),
            "deleted": Table("ID"),
            "subscriptions": Table("ID", ["Topic"]),
            "departments": Table("ID", ["Code"]),
            "employees": Table("ID", ["Code"]),
            "employments": Table("ID", ["Employee"]),
            "organizations": Table("ID", ["Employee", "Employment"]),
            "nothing": Table("ID"),
            **{name: Table(key, indexed) for name, (key, *indexed) in OF_PURCHASE.items()},
        }

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def now(self) -> datetime:
        """The present as rows hold it: naive, UTC, milliseconds."""
        now = self.clock.now().astimezone(UTC).replace(tzinfo=None)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def new_id(self, table: str = "") -> str:
        """A fresh guid, for a row of the table."""
        return str(uuid.UUID(int=self._chance(table).getrandbits(128), version=4))

    def _chance(self, table: str) -> random.Random:
        if table in OF_PURCHASE:
            return self._random_of_purchases
        return self._random_of_people if table in PEOPLE else self._random

    def next_hid(self, kind: str) -> int:
        """The next whole number of a kind: employees, employments, documents."""
        self._hids[kind] += 1
        return self._hids[kind]

    def next_stamp(self, table: str = "") -> int:
        """The next row version: grows, with gaps, for all sets of the division together."""
        self._stamp += self._chance(table).randint(1, 3)
        return self._stamp

    def stamp_before(self, moment: datetime) -> int:
        """The highest row version of anything changed before that moment."""
        rows = (row for name in DELETED_TYPES for row in self.tables[name])
        return max((row["Timestamp"] for row in rows if row["Modified"] < moment), default=1)

    def add(self, table: str, values: Mapping[str, Any]) -> Row:
        """Put a new row into a table, with its id, stamps and author."""
        now = self.now()
        row: Row = {
            "Created": now,
            "Creator": USER_ID,
            "CreatorFullName": USER_NAME,
            "Division": self.code,
            "Modified": now,
            "Modifier": USER_ID,
            "ModifierFullName": USER_NAME,
            "Timestamp": self.next_stamp(table),
            **values,
        }
        key = self.tables[table].key
        row.setdefault(key, self.new_id(table))
        self.tables[table].put(row)
        return row

    def change(self, table: str, row: Row, values: Mapping[str, Any]) -> None:
        """Change a row and give it a new stamp."""
        self.tables[table].change(
            row, {**values, "Modified": self.now(), "Timestamp": self.next_stamp(table)}
        )

    def remove(self, table: str, row: Row) -> None:
        """Take a row out and note that in the list of deleted ones, where the table is covered by it."""
        self.tables[table].remove(row[self.tables[table].key])
        if table in DELETED_TYPES:
            entry = {
                "EntityKey": row["ID"],
                "EntityType": DELETED_TYPES[table],
                "DeletedBy": USER_ID,
                "DeletedDate": self.now(),
            }
            self.add("deleted", entry)

    def forget_old_deletions(self) -> None:
        """Drop deletions older than the vendor remembers."""
        horizon = self.now() - timedelta(days=DELETED_KEPT_DAYS)
        for row in [row for row in self.tables["deleted"] if row["DeletedDate"] < horizon]:
            self.tables["deleted"].remove(row["ID"])

    def period_of(self, day: datetime) -> tuple[int, int] | None:
        """The (year, period) that day falls in; None outside the period-date table."""
        starts, rows, _ = self._calendar()
        at = bisect_right(starts, day) - 1
        if at < 0 or day >= rows[at]["EndDate"] + timedelta(days=1):
            return None
        return rows[at]["FinYear"], rows[at]["FinPeriod"]

    def has_period(self, year: int, period: int) -> bool:
        """Whether the period-date table knows that period."""
        return (year, period) in self._calendar()[2]

    def _calendar(self) -> tuple[list[datetime], list[Row], set[tuple[int, int]]]:
        """The period-date table by start date, as starts, rows and (year, period) pairs."""
        if self._dates is None:
            rows = sorted(self.tables["periods"], key=lambda row: row["StartDate"])
            self._dates = (
                [row["StartDate"] for row in rows],
                rows,
                {(row["FinYear"], row["FinPeriod"]) for row in rows},
            )
        return self._dates

    def is_closed(self, journal: str, year: int, period: int) -> bool:
        """Whether that period is closed for that journal."""
        return (journal, year, period) in self.closed

    def set_closed(self, journal: str | None, year: int, period: int, closed: bool) -> list[str]:
        """Close or open a period for one journal, or for all; returns the journals' codes. `KeyError` for an
        unknown one.
        """
        codes = [row["Code"] for row in self.tables["journals"] if journal in (None, "*", row["Code"])]
        if not codes or not self.has_period(year, period):
            raise KeyError(f"journal {journal}, period {year}-{period:02d}")
        changed = {(code, year, period) for code in codes}
        self.closed = self.closed | changed if closed else self.closed - changed
        return codes

    def entry_lines(self, entry: Row) -> list[Row]:
        """The lines of an entry by number, without the header row."""
        rows = (row for row in self.tables["lines"].all("EntryID", entry["EntryID"]) if row["LineNumber"])
        return sorted(rows, key=lambda row: row["LineNumber"])

    def delete_entry(self, entry: Row) -> None:
        """Remove an entry with its lines, whatever state it is in."""
        for table in ("lines", "purchase_lines", "bank_lines"):
            for line in self.tables[table].all("EntryID", entry["EntryID"]):
                self.remove(table, line)
        for row in self.tables["payments"].all("TransactionEntryID", entry["EntryID"]):
            self.remove("payments", row)
        for table in ("purchases", "bank_entries", "entries"):
            self.tables[table].remove(entry["EntryID"])

    def next_number(self, journal: str, year: int) -> int:
        """The next entry number: two digits of the year, the journal, a sequence of four digits or more."""
        digits = "".join(c for c in journal if c.isdigit()) or "0"
        while True:
            self.numbers[journal, year] = self.numbers.get((journal, year), 0) + 1
            number = int(f"{year % 100:02d}{digits}{self.numbers[journal, year]:04d}")
            taken = self.tables["entries"].all("EntryNumber", number)
            if not any(entry["JournalCode"] == journal for entry in taken):
                return number


def as_amount(value: Decimal) -> str:
    """An amount for the books: two decimals at least, no exponent."""
    return format(value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value, "f")
