"""Shapes on Exact's wire, in Exact's words. Only the fields we read or write; msgspec ignores the others.

Lists come as `{"d": {"results": […], "__next": …}}` or, for small `$top`, as a bare `{"d": […]}`. Dates are
`/Date(ms)/` text, 64-bit integers are text, codes may be padded with blanks. Amounts are JSON numbers and
become exact decimals. Source: Exact REST reference, read 2025-07-14; recorded answers of June 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

Row = TypeVar("Row")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d+)\)/")


class Results(msgspec.Struct, Generic[Row]):
    """A list with its next page."""

    results: list[Row]
    next: str | None = msgspec.field(name="__next", default=None)


class Page(msgspec.Struct, Generic[Row]):
    """A page of a list, in either envelope."""

    d: Results[Row] | list[Row]

    @property
    def rows(self) -> list[Row]:
        return self.d if isinstance(self.d, list) else self.d.results

    @property
    def next(self) -> str | None:
        return None if isinstance(self.d, list) else self.d.next


class One(msgspec.Struct, Generic[Row]):
    """A single record."""

    d: Row


class Me(msgspec.Struct):
    """The user who signed in."""

    CurrentDivision: int


class Division(msgspec.Struct):
    """A company's books. Status 1 is active, BlockingStatus 0 is free; `Customer` is the owner's id."""

    Code: int
    Description: str | None = None
    Currency: str | None = None
    Customer: str | None = None
    Status: int | None = None
    BlockingStatus: int | None = None


class HasRights(msgspec.Struct):
    """The answer of `users/UserHasRights`."""

    UserHasRights: bool


class Journal(msgspec.Struct):
    """A journal; type 90 is a general one."""

    Code: str
    Type: int
    Description: str | None = None
    Currency: str | None = None
    AllowVariableCurrency: bool | None = None
    AllowVAT: bool | None = None
    IsBlocked: bool | None = None


class GLAccount(msgspec.Struct):
    """An account. `UseCostcenter` and `UseCostunit`: 0 optional, 1 mandatory, 2 not allowed. `Type`:
    22 payables, 24 VAT.
    """

    ID: str
    Code: str
    Description: str | None = None
    Type: int | None = None
    IsBlocked: bool | None = None
    UseCostcenter: int | None = None
    UseCostunit: int | None = None


class ListedAccount(msgspec.Struct):
    """An account as somebody chooses it. `BalanceType`: B balance sheet, W profit and loss."""

    ID: str
    Code: str
    Description: str | None = None
    Type: int | None = None
    BalanceType: str | None = None
    IsBlocked: bool | None = None


class ListedJournal(msgspec.Struct):
    """A journal as somebody chooses it."""

    ID: str
    Code: str
    Description: str | None = None
    Type: int | None = None
    IsBlocked: bool | None = None


class CostCode(msgspec.Struct):
    """A cost center, cost unit or project. Cost units have no `Active`, and only projects are referred to by
    `ID`.
    """

    Code: str
    ID: str | None = None
    Active: bool | None = None
    EndDate: str | None = None
    BlockEntry: bool | None = None
    BlockPurchasing: bool | None = None


class CostValue(msgspec.Struct):
    """A cost center or cost unit as it is kept. Cost units have no `Active`."""

    ID: str
    Code: str
    Description: str | None = None
    EndDate: str | None = None
    Active: bool | None = None


class ProjectValue(CostValue):
    """A project as documents choose it. It has no `Active`."""

    BlockEntry: bool | None = None
    BlockPurchasing: bool | None = None


class Relation(msgspec.Struct):
    """A relation as a payee. The code is filled up with blanks from the left."""

    ID: str
    Code: str
    Name: str | None = None
    EndDate: str | None = None
    Blocked: bool | None = None
    SearchCode: str | None = None


class Employee(msgspec.Struct):
    """A person of the division's HR."""

    ID: str
    Code: str | None = None
    FullName: str | None = None


class Employment(msgspec.Struct):
    """A time for which a person is employed."""

    ID: str
    Employee: str
    StartDate: str | None = None
    EndDate: str | None = None


class CreatedRow(msgspec.Struct):
    """What the creation of a row answers."""

    ID: str


class FinancialPeriod(msgspec.Struct):
    """A period of the period-date table."""

    FinYear: int
    FinPeriod: int
    StartDate: str
    EndDate: str


class JournalStatus(msgspec.Struct):
    """Whether a period is open (0) or closed (1) for a journal."""

    Journal: str
    Year: int
    Period: int
    Status: int


class EntryLine(msgspec.Struct):
    """A line of a general journal entry as a search shows it."""

    EntryID: str
    EntryNumber: int | None = None
    OurRef: int | None = None
    Description: str | None = None
    Notes: str | None = None


_TEXTS = (
    "EntryID",
    "JournalCode",
    "Date",
    "GLAccountCode",
    "Currency",
    "CostCenter",
    "CostUnit",
    "ProjectCode",
    "Description",
)


class TransactionLine(msgspec.Struct, gc=False):
    """A line of the ledger. A header row has line number 0."""

    EntryID: str
    EntryNumber: int | None = None
    LineNumber: int | None = None
    JournalCode: str | None = None
    Date: str | None = None
    FinancialYear: int | None = None
    FinancialPeriod: int | None = None
    Type: int | None = None
    GLAccountCode: str | None = None
    AmountFC: Decimal | None = None
    Currency: str | None = None
    ExchangeRate: Decimal | None = None
    CostCenter: str | None = None
    CostUnit: str | None = None
    ProjectCode: str | None = None
    Description: str | None = None
    Notes: str | None = None


Line = TypeVar("Line", bound=TransactionLine)


def sharing_texts(rows: Iterable[Line]) -> list[Line]:
    """The lines with each text kept once: those of a journal say the same again and again."""
    kept: dict[str, str] = {}
    found = []
    for row in rows:
        for name in _TEXTS:
            if text := getattr(row, name):
                setattr(row, name, kept.setdefault(text, text))
        found.append(row)
    return found


class SyncTimestamp(msgspec.Struct):
    """The position of the change feed at a time."""

    TimeStampAsBigInt: str | int


class CreatedEntry(msgspec.Struct):
    """What a posting answers."""

    EntryID: str
    EntryNumber: int | None = None
    Status: int | None = None


class NewLine(msgspec.Struct, omit_defaults=True):
    """A line as it is posted."""

    Date: str
    GLAccount: str
    AmountFC: Decimal
    Description: str
    CostCenter: str | None = None
    CostUnit: str | None = None
    Project: str | None = None
    OurRef: int | None = None
    Notes: str | None = None


class NewEntry(msgspec.Struct, omit_defaults=True):
    """A general journal entry as it is posted."""

    JournalCode: str
    Currency: str
    GeneralJournalEntryLines: list[NewLine]
    ExchangeRate: Decimal | None = None


class ErrorMessage(msgspec.Struct):
    """The text of a refusal."""

    value: str


class ErrorDetail(msgspec.Struct):
    """The inside of an error body."""

    message: ErrorMessage


class Error(msgspec.Struct):
    """The JSON body of a refusal."""

    error: ErrorDetail


class Content(msgspec.Struct):
    """The content of a notification. It holds no data: the record is read again."""

    Topic: str
    Division: int
    Action: str
    Key: str
    ClientId: str = ""
    ExactOnlineEndpoint: str = ""
    EventCreatedOn: str = ""


class Notification(msgspec.Struct):
    """`Content` stays raw: the hash is over its bytes as received."""

    Content: msgspec.Raw
    HashCode: str


def moment(text: str) -> datetime:
    """A date-time of Exact's, UTC. Raises `ValueError` for anything else."""
    if match := _DATE.fullmatch(text):
        try:
            return EPOCH + timedelta(milliseconds=int(match[1]))
        except OverflowError:
            raise ValueError(f"{text[:40]!r} is no time") from None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def day(text: str) -> date:
    """A date-only field, which is midnight UTC. Raises `ValueError`."""
    return moment(text).date()
