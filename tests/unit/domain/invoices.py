"""Invoices for tests, in few words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.domain.invoice import InvoiceKind, InvoiceLine, InvoiceState, StatedVat, SupplierInvoice
from ml_connector.domain.money import Money

TAXES = {"high": Decimal(21), "low": Decimal(9), "none": Decimal(0)}


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def stated(tax: str, amount: str = "0.00") -> StatedVat:
    return StatedVat(tax=tax, amount=eur(amount), percentage=TAXES[tax])


def line(net: str, tax: str = "high", vat: str = "0.00") -> InvoiceLine:
    return InvoiceLine(number="", text="", net=eur(net), taxes=(stated(tax, vat),))


def invoice(*lines: InvoiceLine, net: str, gross: str, **more: Any) -> SupplierInvoice:
    given: dict[str, Any] = {
        "identity": "77",
        "reference": "77/2026-03-20",
        "number": "F-1",
        "kind": InvoiceKind.INVOICE,
        "state": InvoiceState.APPROVED,
        "company": "NL01",
        "supplier": "S1",
        "currency": "EUR",
        "issued": date(2026, 3, 14),
        "net": eur(net),
        "gross": eur(gross),
        "lines": lines,
    }
    return SupplierInvoice(**{**given, **more})
