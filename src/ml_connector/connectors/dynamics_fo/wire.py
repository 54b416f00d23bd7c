"""Shapes on the wire of the OData service, in the vendor's words. Only the fields we read or write; msgspec
ignores the others.

Amounts are JSON numbers and become exact decimals. Dates are noon UTC, and 1900-01-01 where there is none.
Strings are empty, not null; enum members come as their names. Source: entity descriptions of application
version 10.0.47 and recorded answers of July 2026.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec

Row = TypeVar("Row")
NO_DATE = date(1900, 1, 1)
YES, NO = "Yes", "No"
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Page(msgspec.Struct, Generic[Row]):
    """A page of a set."""

    value: list[Row]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class Header(msgspec.Struct):
    """A journal. Only daily journals are in this set."""

    dataAreaId: str
    JournalBatchNumber: str
    JournalName: str = ""
    Description: str = ""
    IsPosted: str = "No"


class Line(msgspec.Struct):
    """A journal line. `AccountDisplayValue` is the account with its dimensions in the active format;
    `ExchRate` is for 100 units.
    """

    JournalBatchNumber: str
    LineNumber: Decimal
    Voucher: str = ""
    Text: str = ""
    Document: str = ""
    TransDate: str = ""
    AccountType: str = ""
    AccountDisplayValue: str = ""
    OffsetAccountType: str = ""
    OffsetAccountDisplayValue: str = ""
    DebitAmount: Decimal = Decimal(0)
    CreditAmount: Decimal = Decimal(0)
    CurrencyCode: str = ""
    ExchRate: Decimal = Decimal(0)


class PostedVoucher(msgspec.Struct):
    """A voucher of the general ledger."""

    SourceKey: int
    SubledgerVoucher: str = ""
    AccountingDate: str = ""
    DocumentNumber: str = ""


class PostedEntry(msgspec.Struct):
    """A posted amount: signed, credit negative, in the currency of the transaction and in that of the books.
    `LedgerAccount` is the account with its dimensions, which `LedgerDimensionValuesJson` holds by name.
    """

    SourceKey: int
    GeneralJournalEntry: int
    LedgerAccount: str = ""
    LedgerDimensionValuesJson: str = ""
    TransactionCurrencyCode: str = ""
    TransactionCurrencyAmount: Decimal = Decimal(0)
    AccountingCurrencyAmount: Decimal = Decimal(0)
    Text: str = ""


class PublishedEntry(msgspec.Struct):
    """The same in the set that an environment may publish itself, with what is said of its voucher."""

    GeneralJournalAccountEntryRecId: int
    JournalNumber: str = ""
    Voucher: str = ""
    AccountingDate: str = ""
    DocumentNumber: str = ""
    AccountDisplayValue: str = ""
    TransactionCurrencyCode: str = ""
    TransactionCurrencyAmount: Decimal = Decimal(0)
    AccountingCurrencyAmount: Decimal = Decimal(0)
    Description: str = ""


class JournalName(msgspec.Struct):
    """A journal name, with the settings that decide whether our entries keep their shape."""

    Name: str
    Type: str
    Description: str = ""
    NewVoucher: str = ""
    DeleteLinesAfterPosting: str = "No"
    OffsetAccountDisplayValue: str = ""
    PostingLineLimit: int = 0


class Ledger(msgspec.Struct):
    """A company's ledger: its chart, its calendar, its currency."""

    LegalEntityId: str
    ChartOfAccounts: str
    FiscalCalendar: str
    AccountingCurrency: str = ""


class LegalEntity(msgspec.Struct):
    """A company."""

    LegalEntityId: str
    Name: str = ""


class AccountState(msgspec.Struct):
    """Whether an account may be posted to, by the company's own settings, which add to those of the chart."""

    MainAccountId: str
    DoNotAllowManualEntry: str | None = "No"
    IsSuspended: str | None = "No"
    ActiveFrom: str = ""
    ActiveTo: str = ""


class MainAccount(AccountState):
    """A main account of a chart, which companies share."""

    Name: str = ""
    MainAccountType: str = ""


class DimensionValue(msgspec.Struct):
    """A value of a financial dimension; `LegalEntityId` is empty where all companies share it."""

    FinancialDimension: str
    DimensionValue: str
    LegalEntityId: str = ""
    IsSuspended: str | None = "No"
    IsBlockedForManualEntry: str | None = "No"
    IsTotal: str | None = "No"
    ActiveFrom: str = ""
    ActiveTo: str = ""
    Description: str = ""


class HeldValue(DimensionValue):
    """A value with its version."""

    etag: str = msgspec.field(name="@odata.etag", default="")


class Attribute(msgspec.Struct):
    """A financial dimension: where its values come from, and what their codes look like."""

    DimensionName: str
    UseValuesFrom: str | None = ""
    DimensionValueMask: str | None = ""


class Unit(msgspec.Struct):
    """An organisation unit that is a dimension value."""

    code: str = msgspec.field(name="OperatingUnitNumber")
    title: str = msgspec.field(name="Name", default="")


class Worker(msgspec.Struct):
    """A worker who is a dimension value."""

    code: str = msgspec.field(name="PersonnelNumber")
    title: str = msgspec.field(name="Name", default="")


class Employment(msgspec.Struct):
    """An employment of a worker in a company, with its version. Start and end are instants: local midnight of
    the company in UTC, and one second before the next start. `DimensionDisplayValue` are the default
    dimensions in the active format.
    """

    PersonnelNumber: str
    LegalEntityId: str
    EmploymentId: str
    EmploymentStartDate: Moment
    EmploymentEndDate: Moment
    DimensionDisplayValue: str | None = ""
    etag: str = msgspec.field(name="@odata.etag", default="")


class OperatingUnit(msgspec.Struct):
    """A cost center, department or business unit."""

    OperatingUnitNumber: str


class Currency(msgspec.Struct):
    """A currency."""

    CurrencyCode: str


class IntegrationFormat(msgspec.Struct):
    """The order of dimensions in a display value; one of each type is active."""

    DimensionFormatType: str
    FinancialDimensionFormat: str
    IsActive: str | None = "No"


class DimensionParameters(msgspec.Struct):
    """The delimiter of display values, by name."""

    DimensionSegmentDelimiter: str


class FiscalPeriod(msgspec.Struct):
    """A period of a calendar, shared by companies."""

    FiscalYear: str
    PeriodName: str
    StartDate: str
    EndDate: str
    Type: str = "Operating"


class LedgerPeriod(msgspec.Struct):
    """The state of a period in one ledger."""

    Calendar: str
    YearName: str
    PeriodName: str
    PeriodStatus: str | None = None
    LedgerAccessLevel: str | None = None


class EntitySet(msgspec.Struct):
    """A set that the service offers."""

    name: str


class NewHeader(msgspec.Struct):
    """A journal as it is created."""

    dataAreaId: str
    JournalName: str
    Description: str


class NewLine(msgspec.Struct, omit_defaults=True):
    """A line as it is created; the server numbers it."""

    dataAreaId: str
    JournalBatchNumber: str
    AccountType: str = ""
    AccountDisplayValue: str = ""
    CurrencyCode: str = ""
    TransDate: str = ""
    DebitAmount: Decimal | None = None
    CreditAmount: Decimal | None = None
    ExchRate: Decimal | None = None
    Document: str = ""
    Text: str = ""


class InnerError(msgspec.Struct):
    """What the service knows of a failure."""

    message: str = ""
    type: str = ""


class ErrorDetail(msgspec.Struct):
    """The inside of an error body."""

    message: str = ""
    innererror: InnerError | None = None


class Error(msgspec.Struct):
    """The JSON body of a failure."""

    error: ErrorDetail


def day(text: str) -> date | None:
    """A date-only field; `None` for the vendor's blank. Raises `ValueError`."""
    found = date.fromisoformat(text[:10])
    return None if found == NO_DATE else found


def noon(value: date) -> str:
    """A date as the service keeps it."""
    return f"{value.isoformat()}T12:00:00Z"
