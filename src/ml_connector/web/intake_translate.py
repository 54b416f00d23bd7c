"""From the wire to our own report: a pure function that accounts for every field.

Of an expense whose costs are divided, the private amount is divided among the parts in proportion to their
gross amounts, by `domain.vat.apportion`: to the last unit, so that the parts come to it exactly. The amount
in another currency and its rate are those of the whole, in each part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.expense import (
    Advance,
    DistanceUnit,
    ExpenseLine,
    ExpenseReport,
    Mileage,
    PaidWith,
    PerDiem,
    ReceiptFile,
    ReportState,
    Vehicle,
)
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money, decimals
from ml_connector.domain.vat import apportion
from ml_connector.web import intake_schema as wire

PAID_WITH = {
    "OUT_OF_POCKET": PaidWith.OWN_MONEY,
    "COMPANY_CARD": PaidWith.COMPANY_CARD,
    "COMPANY_ACCOUNT": PaidWith.COMPANY_ACCOUNT,
    "CASH_ADVANCE": PaidWith.CASH_ADVANCE,
}


def to_report(sent: wire.Report, hashes: dict[str, str]) -> ExpenseReport:
    """The report as it was approved; `hashes` are the SHA-256 of its files by part. Raises `AmountError` for
    what is no money in its currency.
    """

    def money(text: str) -> Money:
        return Money.parse(text, sent.currency)

    return ExpenseReport(
        reference="",
        report=sent.external_id,
        number=sent.report_number,
        revision=sent.revision,
        state=ReportState.APPROVED,
        company=sent.company,
        title=sent.title,
        employee=sent.employee.external_id,
        employee_number=sent.employee.employee_number,
        employee_name=sent.employee.name,
        creditor=sent.employee.creditor_code,
        currency=sent.currency,
        approved_at=sent.approved_at,
        gross=money(sent.totals.gross),
        vat=money(sent.totals.tax),
        reimbursable=money(sent.totals.reimbursable),
        company_paid=money(sent.totals.company_paid),
        lines=tuple(line for expense in sent.expenses for line in _lines(sent, expense, hashes)),
        advances=tuple(
            Advance(reference=one.external_id, amount=money(one.amount), text=one.description)
            for one in sent.advances
        ),
        codes=_codes(sent.dimensions),
        rate=_books_rate(sent.books_rate),
        journal=sent.journal_code,
        posting_date=sent.posting_date,
        files=_files(sent.receipts, hashes),
    )


def _lines(sent: wire.Report, expense: wire.Expense, hashes: dict[str, str]) -> Iterator[ExpenseLine]:
    """The expense, or each part of one whose costs are divided: a part has the files of the whole."""
    whole = wire.Part.model_construct(
        gross_amount=expense.gross_amount,
        gl_account=expense.gl_account,
        dimensions=expense.dimensions,
        taxes=expense.taxes,
        description=expense.description,
    )
    parts = expense.parts or [whole]
    for index, (part, private) in enumerate(zip(parts, _private(sent, expense, parts), strict=True), start=1):
        divided = bool(expense.parts)
        own = {"account": part.gl_account or expense.gl_account}
        codes = {**_by_axis(expense.dimensions), **_by_axis(part.dimensions), **own}
        yield ExpenseLine(
            number=f"{expense.external_id}/{index}" if divided else expense.external_id,
            expense=expense.external_id if divided else "",
            date=expense.date,
            gross=Money.parse(part.gross_amount, sent.currency),
            paid_with=PAID_WITH[expense.payment_method],
            text=part.description or expense.description,
            category=expense.category,
            codes=dimensions(dict(codes)),
            taxes=tuple(_tax(tax, sent.currency) for tax in part.taxes),
            deductible=_number(expense.deductible_percentage or ""),
            private=private,
            original=_original(expense.original),
            rate=_rate(expense.original, sent.currency),
            country=expense.country or "",
            supplier=expense.supplier.name,
            supplier_code=expense.supplier.code,
            document=expense.document_number,
            payroll_code=expense.payroll_code,
            mileage=_mileage(expense.mileage, sent.currency),
            per_diem=_per_diem(expense.per_diem, sent.currency),
            files=_files(expense.receipts, hashes),
            missing_receipt=expense.missing_receipt_reason,
        )


def _private(sent: wire.Report, expense: wire.Expense, parts: Sequence[wire.Part]) -> list[Money | None]:
    """The private amount of each part: see above."""
    whole = Money.parse(expense.private_amount, sent.currency)
    weights = [Money.parse(part.gross_amount, sent.currency).minor for part in parts]
    found = (Money.from_minor(minor, sent.currency) for minor in apportion(whole.minor, weights))
    return [each or None for each in found]


def _by_axis(codes: wire.Codes) -> dict[str, str]:
    """The codes that are there."""
    found = {"cost_center": codes.cost_center, "cost_unit": codes.cost_unit, "project": codes.project}
    return {axis: code for axis, code in found.items() if code}


def _codes(codes: wire.Codes) -> Dimensions:
    return dimensions(dict(_by_axis(codes)))


def _tax(tax: wire.Tax, currency: str) -> StatedVat:
    return StatedVat(
        tax=tax.tax_code,
        amount=Money.parse(tax.tax_amount, currency),
        base=Money.parse(tax.net_amount, currency),
        percentage=_number(tax.tax_rate),
    )


def _original(original: wire.Original | None) -> Money | None:
    return Money.parse(original.gross_amount, original.currency) if original is not None else None


def _rate(original: wire.Original | None, currency: str) -> ExchangeRate | None:
    if original is None or not original.exchange_rate:
        return None
    return ExchangeRate(currency=currency, rate=Decimal(original.exchange_rate), source=original.rate_source)


def _books_rate(books: wire.BooksRate | None) -> ExchangeRate | None:
    if books is None:
        return None
    decimals(books.currency)
    return ExchangeRate(currency=books.currency, rate=Decimal(books.exchange_rate), source=books.rate_source)


def _mileage(drive: wire.Mileage | None, currency: str) -> Mileage | None:
    if drive is None:
        return None
    return Mileage(
        distance=Decimal(drive.distance),
        unit=DistanceUnit(drive.unit.lower()),
        rate=Decimal(drive.rate_per_unit),
        vehicle=Vehicle(drive.vehicle_type.lower()),
        commuting=drive.commuting,
        passengers=drive.passengers,
        tax_free=_number(drive.tax_free_per_unit),
        supplement=_unless_nought(drive.supplement, currency),
        route=drive.route,
    )


def _per_diem(allowance: wire.PerDiem | None, currency: str) -> PerDiem | None:
    if allowance is None:
        return None
    return PerDiem(
        days=Decimal(allowance.days),
        rate=Decimal(allowance.rate_per_day),
        deductions=_unless_nought(allowance.deductions, currency),
    )


def _files(receipts: list[wire.Receipt], hashes: dict[str, str]) -> tuple[ReceiptFile, ...]:
    return tuple(
        ReceiptFile(key=hashes[one.part], name=one.file_name, sha256=hashes[one.part]) for one in receipts
    )


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _unless_nought(text: str, currency: str) -> Money | None:
    return Money.parse(text, currency) or None
