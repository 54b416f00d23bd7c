"""Purchase entries and VAT codes for tests of the translation, and what a division books of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.connectors.exact_online import purchase_translate, purchase_wire
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry, PurchaseLine
from ml_connector.domain.vat import VatRate

KEY = "acme:invoice-77:0:1"
MARKER = Marker.of(KEY)
RATES = (VatRate(percentage=Decimal(21)),)
ROWS = {
    code: purchase_wire.VatCode(
        ID=code,
        Code=code,
        Type=kind,
        Percentage=rate,
        Charged=charged,
        GLToClaimCode="1500" if rate and code != "8" else None,
        GLToPayCode=pay,
    )
    for code, kind, rate, charged, pay in (
        ("5", "E", Decimal("0.21"), False, "1501"),
        ("6", "I", Decimal("0.21"), False, None),
        ("7", "E", Decimal("0.09"), False, None),
        ("8", "E", Decimal("0.0625"), False, None),
        ("0", "N", None, False, None),
        ("B", "B", None, False, None),
        ("RC", "E", Decimal("0.21"), True, "1501"),
    )
}
CODES = {code: purchase_translate.vat_code(row, []) for code, row in ROWS.items()}
ACCOUNTS = {"4100": "guid-4100", "4200": "guid-4200"}


def line(net: str, vat: str = "0.00", code: str = "5", **more: Any) -> PurchaseLine:
    given = {"account": "4100", "net": Money.parse(net, "EUR"), "vat": Money.parse(vat, "EUR")}
    return PurchaseLine(**{**given, "vat_code": code, **more})


def entry(*lines: PurchaseLine, **more: Any) -> PurchaseEntry:
    given = {
        "key": KEY,
        "entity": "1204",
        "journal": "60",
        "supplier": "20002",
        "number": "F-77",
        "invoice_date": date(2026, 3, 15),
        "currency": "EUR",
        "text": "Office goods",
        "lines": lines or (line("100.00", "21.01"),),
    }
    return PurchaseEntry(**{**given, **more})


def rows_of(document: PurchaseEntry) -> list[purchase_wire.PurchaseRow]:
    """What a division books of the entry, by its description of VAT codes."""
    sent = purchase_translate.to_wire(
        document, MARKER, supplier="s", accounts={"4100": "4100", "4200": "4200"}, projects={}, codes=CODES
    )
    rows, owed = [], Decimal(0)
    for number, one in enumerate(sent.PurchaseEntryLines):
        kind, vat = ROWS[one.VATCode].Type, one.VATAmountFC or Decimal(0)
        net = one.AmountFC - vat if kind == "I" else one.AmountFC
        rows.append(row(one.GLAccount, net, one.VATCode, 2 * number + 1))
        if ROWS[one.VATCode].Charged:
            tax = (net * Decimal("0.21")).quantize(Decimal("0.01"))
            rows.append(row("1500", tax, one.VATCode, 2 * number + 2))
            rows.append(row("1501", -tax, one.VATCode, 2 * number + 2))
        elif vat:
            rows.append(row("1500", vat, one.VATCode, 2 * number + 2))
        owed += net + vat
    return [row("1600", -owed, None, 0), *rows]


def row(account: str, amount: Decimal, code: str | None, number: int) -> purchase_wire.PurchaseRow:
    return purchase_wire.PurchaseRow(
        EntryID="e", GLAccountCode=account, AmountFC=amount, VATCode=code and f"{code:<3}", LineNumber=number
    )


def booked(
    document: PurchaseEntry,
    rows: Sequence[purchase_wire.PurchaseRow],
    payments: Sequence[purchase_wire.Payment] = (),
    **head: Any,
) -> BookedPurchase:
    given = {
        "EntryID": "e",
        "Journal": document.journal,
        "Supplier": "guid-s",
        "Currency": document.currency,
        "EntryDate": "/Date(1773532800000)/",
        "YourRef": document.number,
        "Description": f"Office goods #{MARKER.token}",
        "Type": 31 if document.payable.minor < 0 else 30,
    }
    return purchase_translate.booked(
        Receipt(reference="e", number="26600001", entity="1204", posted=True),
        purchase_wire.PurchaseEntry(**{**given, **head}),
        rows,
        supplier=document.supplier,
        own="EUR",
        payables={"1600"},
        taxes={"1500", "1501", "1509"},
        codes=ROWS,
        payments=payments,
    )
