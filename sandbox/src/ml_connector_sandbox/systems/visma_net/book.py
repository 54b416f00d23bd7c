"""One company's books: its master data, its batches, and the row version every change gets.

Nothing here knows HTTP. A rule that is broken raises `Broken` with all messages; a row that changed
meanwhile, `Stale`.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Row

SUBACCOUNT = "SUBACCOUNT"
SEPARATOR = "-"
NON_PROJECT = "X"
HOLD, BALANCED, UNPOSTED, POSTED = "Hold", "Balanced", "Unposted", "Posted"
UNRELEASED = (HOLD, BALANCED)
RELEASED = (UNPOSTED, POSTED)
MODULE = "ModuleGL"
FIRST_BATCH = 100_001


class Missing(LookupError):
    """There is no such row; the vendor answers 404."""


class Stale(Exception):
    """The row is no longer the version the caller wants to change; `resource` is how the vendor names its
    kind.
    """

    def __init__(self, resource: str) -> None:
        super().__init__(resource)
        self.resource = resource


class Company:
    """The tables of one company, each row by its code. The same seed gives the same ids."""

    def __init__(
        self,
        *,
        code: str,
        title: str,
        currency: str,
        tenant_id: str,
        clock: Clock,
        switches: Switches,
        seed: int,
    ) -> None:
        self.code = code
        self.title = title
        self.currency = currency
        self.tenant_id = tenant_id
        self.clock = clock
        self.switches = switches
        self.facts: Row = {}
        self.accounts: dict[str, Row] = {}
        self.subaccounts: dict[str, Row] = {}
        self.dimensions: dict[str, Row] = {}
        self.departments: dict[str, Row] = {}
        self.employees: dict[str, Row] = {}
        self.branches: dict[str, Row] = {}
        self.ledgers: dict[str, Row] = {}
        self.periods: dict[str, Row] = {}
        self.currencies: dict[str, Row] = {}
        self.projects: dict[str, Row] = {}
        self.tasks: dict[int, Row] = {}
        self.vat_codes: dict[str, Row] = {}
        self.batches: dict[str, Row] = {}
        self.attachments: dict[str, Row] = {}
        self.business_accounts: set[str] = set()
        """Numbers of customers and suppliers, which employees share."""
        self.conflicts = 0
        """So many guarded writes still meet another user's change."""
        self.next_batch = FIRST_BATCH
        self._random = Random(f"{seed} {code}")
        self._version = 0x4D18_0000
        self._ids: dict[str, int] = {}

    def now(self) -> datetime:
        """The present as rows hold it: naive, milliseconds, in whatever zone the server keeps."""
        moment = self.clock.now().astimezone(UTC).replace(tzinfo=None)
        moment += timedelta(minutes=int(self.switches["modified_offset_minutes"]))
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def touch(self, row: Row) -> Row:
        """Give a row that was made or changed its stamp and its next version."""
        self._version += 1 + self._random.randrange(3)
        row["_version"] = self._version
        row["_modified"] = self.now()
        return row

    def new_uuid(self) -> str:
        """A fresh guid."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def next_id(self, kind: str, first: int = 1) -> int:
        """The next whole-number id of a kind of row."""
        self._ids[kind] = self._ids.get(kind, first - 1) + 1
        return self._ids[kind]

    def take_batch_number(self) -> str:
        """The next batch number of the series that nobody took by hand."""
        while True:
            number = str(self.next_batch)
            self.next_batch += 1
            if number not in self.batches:
                return number

    def segments(self, dimension: str = SUBACCOUNT) -> list[Row]:
        """The segments of a segmented key, in order."""
        return list(self.dimensions[dimension]["segments"].values()) if dimension in self.dimensions else []

    def subaccount_number(self, values: Iterable[str]) -> str:
        """A combination of segment values as it is shown."""
        return SEPARATOR.join(values)

    def add_subaccount(self, values: list[str], description: str = "", *, active: bool = True) -> Row:
        """A new combination of segment values."""
        number = self.subaccount_number(values)
        row = {
            "subaccountNumber": number,
            "subaccountId": self.next_id("subaccount", 301),
            "description": description,
            "active": active,
            "values": values,
        }
        self.subaccounts[number] = self.touch(row)
        return row

    def period_of(self, day: datetime) -> Row | None:
        """The financial period that day falls in."""
        return next(
            (
                row
                for row in self.periods.values()
                if row["startDate"] <= day < row["endDate"] + timedelta(days=1)
            ),
            None,
        )

    def main_branch(self) -> Row:
        """The branch a batch belongs to when it names none."""
        return next(
            (row for row in self.branches.values() if row["isMainBranch"]), next(iter(self.branches.values()))
        )

    def precision(self, currency: str) -> Decimal:
        """The smallest amount of a currency."""
        digits = self.currencies[currency]["decimalPrecision"] if currency in self.currencies else 2
        return Decimal(1).scaleb(-int(digits))

    def task_of(self, project: Row, task_id: str) -> Row | None:
        """A project's task by its id."""
        return next(
            (
                t
                for t in self.tasks.values()
                if t["projectInternalId"] == project["internalID"] and t["taskId"] == task_id
            ),
            None,
        )


def fitting(book: Company, text: str | None, field: str, longest: int, problems: list[str]) -> str:
    """A text that fits its field: cut, or with a problem noted, as the switch says."""
    text = text or ""
    if len(text) > longest and book.switches["text_overflow"] == "refuse":
        problems.append(too_long(field, longest))
    return text[:longest]


def too_long(field: str, longest: int) -> str:
    """The vendor's words for a text that is too long."""
    return (
        f"An error occurred during processing of the field {field} : Error: The text is longer than {longest}"
        " characters."
    )


def etag(row: Row) -> str:
    """A row's version as the vendor shows it: base64 of eight bytes."""
    return base64.b64encode(int(row["_version"]).to_bytes(8, "big")).decode()


def check_version(row: Row, if_match: str | None, resource: str, *, lenient: bool = False) -> None:
    """`Stale` unless the caller's `If-Match` is absent, `*`, or this row's version: in quotes, or `lenient`
    bare or weak.
    """
    if if_match is None or if_match.strip() == "*":
        return
    tags = [part.strip() for part in if_match.split(",")]
    if lenient:
        tags = [f'"{part.removeprefix("W/").strip(chr(34))}"' for part in tags]
    if f'"{etag(row)}"' not in tags:
        raise Stale(resource)
