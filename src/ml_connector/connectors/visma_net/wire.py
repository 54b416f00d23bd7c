"""Shapes on the wire of the REST API, in the vendor's words. Only the fields we read or write; msgspec
ignores the others.

Reads have plain values; writes wrap every scalar as `{"value": …}`, but for a few fields that are not.
Amounts are JSON numbers and become exact decimals. Dates carry a time and no zone. Source: published OpenAPI
documents of May 2025 and September 2026.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec


class Metadata(msgspec.Struct):
    """What a row says of the whole list; for batches it counts lines."""

    totalCount: int


class Row(msgspec.Struct):
    """A row of a paged list."""

    metadata: Metadata | None = None


class IdAndName(msgspec.Struct):
    """A reference to another record."""

    id: str = ""
    description: str | None = None


class SegmentOfSubaccount(msgspec.Struct):
    """The value of one segment in a subaccount."""

    segmentId: int
    segmentDescription: str | None = None
    segmentValue: str | None = None


class Subaccount(Row):
    """A combination of segment values."""

    subaccountNumber: str = ""
    active: bool = True
    segments: list[SegmentOfSubaccount] | None = None


class Line(msgspec.Struct):
    """A line of a batch."""

    lineNumber: int
    accountNumber: str = ""
    subaccount: Subaccount | None = None
    referenceNumber: str | None = None
    transactionDescription: str | None = None
    debitAmountInCurrency: Decimal | None = None
    creditAmountInCurrency: Decimal | None = None
    branch: str | None = None
    project: IdAndName | None = None
    projectTask: IdAndName | None = None


class Batch(Row):
    """A batch of the general ledger. A list may hold it on several pages, each with some of its lines."""

    module: str = ""
    batchNumber: str = ""
    status: str = ""
    hold: bool | None = None
    transactionDate: str = ""
    financialPeriod: str = ""
    ledger: str = ""
    currencyId: str = ""
    exchangeRate: Decimal | None = None
    description: str | None = None
    branch: str | None = None
    debitTotal: Decimal | None = None
    debitTotalInCurrency: Decimal | None = None
    creditTotalInCurrency: Decimal | None = None
    lastModifiedDateTime: str = ""
    timeStamp: str = ""
    journalTransactionLines: list[Line] | None = None

    @property
    def lines(self) -> list[Line]:
        """Its lines, as far as this row has them."""
        return self.journalTransactionLines or []


class ActionResult(msgspec.Struct):
    """What came of an action, or that it will come."""

    actionResult: str
    errorInfo: str | None = None


class Branch(msgspec.Struct):
    """A branch of an organisation."""

    number: str
    name: str | None = None
    isMainBranch: bool = False
    isActive: bool = True


class BranchOfOrganization(msgspec.Struct):
    """A branch as its organisation names it."""

    number: str


class Organization(msgspec.Struct):
    """A legal entity in the company that the token leads into."""

    organizationCd: str
    name: str | None = None
    baseCurrency: str | None = None
    branches: list[BranchOfOrganization] | None = None


class Ledger(msgspec.Struct):
    """A ledger."""

    number: str
    description: str | None = None
    balanceType: str | None = None
    currencyId: str | None = None


class Period(msgspec.Struct):
    """A financial period; `period` is its year and number within it, as in 202606."""

    period: str
    startDate: str
    endDate: str
    active: bool = False
    closedInGeneralLedger: bool = True


class Currency(msgspec.Struct):
    """A currency that the company knows."""

    id: str
    decimalPrecision: int = 2
    isUsedForAccounting: bool = True


class Account(msgspec.Struct):
    """A GL account. `currency` is set where it takes no other."""

    accountCD: str
    description: str | None = None
    active: bool = True
    allowManualEntry: bool | None = None
    controlAccountModule: str | None = None
    currency: str | None = None


class SegmentValue(msgspec.Struct):
    """A value of a segment."""

    valueId: str
    active: bool = True
    description: str | None = None


class Segment(msgspec.Struct):
    """A segment of the subaccount. `timeStamp` is its version, which a change of any value moves on."""

    segmentId: int
    description: str | None = None
    segmentValues: list[SegmentValue] | None = None
    length: int | None = None
    isAutoNumber: bool = False
    timeStamp: str = ""


class Dimension(msgspec.Struct):
    """A segmented key; `length` is that of all segments."""

    segments: list[Segment] | None = None
    length: int | None = None


class Department(msgspec.Struct):
    """A department. `timeStamp` is its version."""

    departmentId: str
    description: str | None = None
    timeStamp: str = ""


class Contact(msgspec.Struct):
    """What is taken of the contact of an employee."""

    firstName: str | None = None
    midName: str | None = None
    lastName: str | None = None


class Employee(Row):
    """What is taken of an employee. `timeStamp` is its version. The status is read as OnHold and written as
    Hold, and never written back.
    """

    employeeNumber: str = ""
    employeeName: str | None = None
    status: str = ""
    contact: Contact | None = None
    timeStamp: str = ""


class Visibility(msgspec.Struct):
    """Where a project or a task may be used."""

    visibleInGl: bool = True


class Task(msgspec.Struct):
    """A task of a project."""

    taskId: str
    status: str = ""
    visibility: Visibility | None = None


class Project(Row):
    """A project with its tasks."""

    projectID: str = ""
    status: str = ""
    hold: bool | None = None
    visibility: Visibility | None = None
    tasks: list[Task] | None = None


def value(content: Any) -> dict[str, Any]:
    """A scalar as it is written."""
    return {"value": content}


def day(text: str) -> date:
    """The date of a time without a zone. Raises `ValueError`."""
    return date.fromisoformat(text[:10])


def moment(value: date) -> str:
    """A date as it is written."""
    return f"{value.isoformat()}T00:00:00"
