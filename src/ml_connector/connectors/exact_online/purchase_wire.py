"""Shapes of the purchase side on Exact's wire, in Exact's words; see `wire`.

Source: Exact REST reference, PurchaseEntries, Payments, VATCodes, PaymentConditions, Documents and
DocumentAttachments, read 2025-07-14; recorded answers of June 2026.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ml_connector.connectors.exact_online import wire


class PurchaseJournal(wire.Journal):
    """A journal; type 22 is one of purchases. `GLAccountCode` is what suppliers are owed on."""

    GLAccountCode: str | None = None


class VatCode(msgspec.Struct):
    """A VAT code. `Type`: B base only, E excluding, I including, N none. `VATTransactionType`: B both, P
    purchase, S sales. `Percentage` is a fraction.
    """

    ID: str
    Code: str
    Type: str
    Description: str | None = None
    VATTransactionType: str | None = None
    Percentage: Decimal | None = None
    IsBlocked: bool | None = None
    Charged: bool | None = None
    GLToPayCode: str | None = None
    GLToClaimCode: str | None = None


class VatPercentage(msgspec.Struct):
    """A percentage of a VAT code, a fraction, from a day to a last day."""

    VATCodeID: str
    Percentage: Decimal
    StartDate: str | None = None
    EndDate: str | None = None


class PaymentCondition(msgspec.Struct):
    """When an invoice is due."""

    Code: str
    Description: str | None = None
    PaymentDays: int | None = None
    PaymentEndOfMonths: int | None = None


class PaymentConditionRow(PaymentCondition, kw_only=True):
    """The same with its GUID."""

    ID: str


class Supplier(msgspec.Struct):
    """A relation as a supplier. The code is filled up with blanks from the left; `GLAP` is the GUID of its
    own account of payables.
    """

    ID: str
    Code: str
    Name: str | None = None
    IsSupplier: bool | None = None
    Blocked: bool | None = None
    StartDate: str | None = None
    EndDate: str | None = None
    GLAP: str | None = None
    PaymentConditionPurchase: str | None = None


class Currency(msgspec.Struct):
    """A currency that the division has."""

    Code: str


class PurchaseEntry(msgspec.Struct):
    """The head of a purchase entry. `Status`: 5 rejected, 20 open, 50 processed; `Type`: 30 invoice, 31
    credit note.
    """

    EntryID: str
    Journal: str
    Supplier: str
    Currency: str
    EntryNumber: int | None = None
    EntryDate: str | None = None
    DueDate: str | None = None
    Description: str | None = None
    YourRef: str | None = None
    Rate: Decimal | None = None
    AmountFC: Decimal | None = None
    AmountDC: Decimal | None = None
    ReportingYear: int | None = None
    ReportingPeriod: int | None = None
    Status: int | None = None
    Type: int | None = None


class PurchaseRow(wire.TransactionLine):
    """A ledger line of a purchase entry: a cost, VAT, or what the supplier is owed."""

    VATCode: str | None = None


class Payment(msgspec.Struct):
    """A part of what a supplier is owed for an entry. `Status`: 20 open, 30 selected, 40 processed, 50
    matched.
    """

    TransactionEntryID: str
    Status: int
    AmountFC: Decimal | None = None
    TransactionAmountFC: Decimal | None = None


class Linked(msgspec.Struct):
    """An entry that has a document."""

    EntryID: str
    EntryNumber: int | None = None


class Document(msgspec.Struct):
    """What holds the files of an entry."""

    ID: str
    HID: int | None = None
    Subject: str | None = None
    Account: str | None = None
    FinancialTransactionEntryID: str | None = None


class DocumentAttachment(msgspec.Struct):
    """A file of a document. `FileSize` in bytes; the bytes themselves are not read."""

    ID: str
    Document: str
    FileName: str | None = None
    FileSize: Decimal | None = None


class NewPurchaseLine(msgspec.Struct, omit_defaults=True):
    """A line of a purchase entry as it is posted. `VATAmountFC` takes the place of what Exact would compute,
    also where it is nought.
    """

    GLAccount: str
    AmountFC: Decimal
    VATCode: str
    Description: str
    VATAmountFC: Decimal | None = None
    CostCenter: str | None = None
    CostUnit: str | None = None
    Project: str | None = None


class NewPurchaseEntry(msgspec.Struct, omit_defaults=True):
    """A purchase entry as it is posted."""

    Journal: str
    Supplier: str
    EntryDate: str
    YourRef: str
    Description: str
    Currency: str
    PurchaseEntryLines: list[NewPurchaseLine]
    DueDate: str | None = None
    PaymentCondition: str | None = None
    Rate: Decimal | None = None
    ReportingYear: int | None = None
    ReportingPeriod: int | None = None
    Document: str | None = None
    Type: int | None = None


class NewDocument(msgspec.Struct, omit_defaults=True):
    """A document as it is made. `FinancialTransactionEntryID` is the entry that it belongs to."""

    Subject: str
    Type: int
    DocumentDate: str
    Account: str | None = None
    FinancialTransactionEntryID: str | None = None


class CreatedDocument(msgspec.Struct):
    """What making a document answers."""

    ID: str
    HID: int | None = None
