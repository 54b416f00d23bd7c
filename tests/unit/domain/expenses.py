"""Expense reports for tests, in few words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expense import (
    DistanceUnit,
    ExpenseLine,
    ExpenseReport,
    Mileage,
    PaidWith,
    ReceiptFile,
    ReportState,
    Vehicle,
)
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money

DAY = date(2026, 3, 14)
RECEIPT = ReceiptFile(key="f1", name="receipt.pdf", sha256="0" * 64)


def money(text: str, currency: str = "EUR") -> Money:
    return Money.parse(text, currency)


def tax(name: str, amount: str, base: str = "") -> StatedVat:
    return StatedVat(tax=name, amount=money(amount), base=money(base) if base else None)


def line(
    gross: str, *taxes: StatedVat, account: str = "4500", currency: str = "EUR", **more: Any
) -> ExpenseLine:
    """A receipt that the employee paid, unless more is said."""
    given: dict[str, Any] = {
        "number": "x1",
        "date": DAY,
        "gross": money(gross, currency),
        "paid_with": PaidWith.OWN_MONEY,
        "taxes": taxes,
        "codes": dimensions({"account": account}),
        "files": (RECEIPT,),
    }
    return ExpenseLine(**{**given, **more})


def drive(
    gross: str,
    distance: str,
    rate: str,
    unit: DistanceUnit = DistanceUnit.KM,
    currency: str = "EUR",
    **more: Any,
) -> ExpenseLine:
    """A drive in the employee's own car."""
    kept = {
        name: more.pop(name) for name in ("vehicle", "commuting", "supplement", "tax_free") if name in more
    }
    mileage = Mileage(
        distance=Decimal(distance), unit=unit, rate=Decimal(rate), **{"vehicle": Vehicle.PRIVATE_CAR, **kept}
    )
    return line(gross, currency=currency, **{"account": "4700", "files": (), "mileage": mileage, **more})


def report(*lines: ExpenseLine, currency: str = "EUR", **more: Any) -> ExpenseReport:
    """An approved report whose head says what its lines come to, unless more is said."""
    given: dict[str, Any] = {
        "reference": "rep-1:1",
        "report": "rep-1",
        "number": "ER-1",
        "state": ReportState.APPROVED,
        "company": "NL01",
        "employee": "emp-19",
        "employee_name": "J. de Vries",
        "currency": currency,
        "approved_at": datetime(2026, 3, 20, 9, 12, tzinfo=UTC),
        "gross": total((each.gross for each in lines if each.gross.currency == currency), currency),
        "lines": lines,
    }
    return ExpenseReport(**{**given, **more})
