"""Checks of an expense report by itself, before anything is mapped: each returns every problem it finds, none
raises. What a report says is never corrected here; whoever approved it corrects it at the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from ml_connector.domain.expense import ExpenseLine, ExpenseReport, PaidWith, ReportState, explains, rounded
from ml_connector.domain.journal import total
from ml_connector.domain.mileage import KM, OFF_MAX, CountryRates, kilometers_by_day, stated_amount
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem

KM_PER_DAY_MAX = Decimal(1000)
"""Kilometers that one employee drives in a day; with more, the unit was mistaken."""
ALIKE = timedelta(days=7)
"""How far apart two records of one purchase may be."""
ALL = Decimal(100)


def check_report(report: ExpenseReport, km_per_day_max: Decimal = KM_PER_DAY_MAX) -> Iterator[Problem]:
    """What of a report's figures does not agree with its others, to the cent, and what no ledger should be
    told. Where amounts are in several currencies nothing else is looked at.
    """
    if report.state is not ReportState.APPROVED:
        yield _in_report(report, "expense.state", f"it is not approved, but {report.state.value}.")
    if not report.lines:
        yield _in_report(report, "expense.lines", "it has no expenses.")
    for number, times in Counter(line.number for line in report.lines).items():
        if times > 1:
            yield _in_report(report, "expense.twice", f"expense {number} is in it {times} times.")
    foreign = [*_foreign(report)]
    if foreign:
        yield from foreign
        return
    yield from _totals(report)
    yield from _advances(report)
    for line in report.lines:
        yield from _line(report, line)
    drives = ((line.date, line.mileage) for line in report.lines if line.mileage is not None)
    for day, distance in sorted(kilometers_by_day(drives).items()):
        if distance > Fraction(km_per_day_max):
            text = f"{round(distance)} km were driven on {day}, more than {km_per_day_max}. A mil is 10 km."
            yield _in_report(report, "expense.distance", text)


def business(line: ExpenseLine) -> Money:
    """What of a line is the company's."""
    return line.gross if line.private is None else line.gross - line.private


def own_money(report: ExpenseReport, *, with_payroll: bool = False) -> Money:
    """What the employee paid for the company, before advances; without what wages repay, unless asked for."""
    paid = (
        business(line)
        for line in report.lines
        if line.paid_with is PaidWith.OWN_MONEY and (with_payroll or not line.payroll_code)
    )
    return total(paid, report.currency)


def advanced(report: ExpenseReport) -> Money:
    """All advances that the report is set off against."""
    return total((advance.amount for advance in report.advances), report.currency)


def may_be_same(one: ExpenseLine, other: ExpenseLine) -> bool:
    """Whether two lines of one employee may be one purchase, such as a photographed receipt and what the card
    says of it: equal bytes of a file, or the same amount within a week. It is a question and never an answer.
    """
    if one.expense and one.expense == other.expense:
        return False
    if {file.sha256 for file in one.files if file.sha256} & {file.sha256 for file in other.files}:
        return True
    computed = any(line.mileage or line.per_diem for line in (one, other))
    same = one.gross == other.gross or (one.original is not None and one.original == other.original)
    return same and not computed and abs(one.date - other.date) <= ALIKE


def doubtful(report: ExpenseReport, rates: CountryRates | None) -> Iterator[str]:
    """Reasons to look at a report that is in order: a rate above what is agreed, a largest amount that no
    good source confirms, VAT that is not what its percentage comes to. None is a reason to book another
    amount.
    """
    for line in report.lines:
        mileage = line.mileage
        rate = rates.on(line.date, mileage.vehicle) if rates is not None and mileage is not None else None
        if rates is not None and mileage is not None and rate is not None:
            if not rate.confirmed:
                yield f"The largest rate without tax for {rates.country} {line.date.year} is not confirmed."
            above = rate.agreed is not None and (
                Fraction(mileage.rate) / KM[mileage.unit] > Fraction(rate.agreed) / KM[rates.unit]
            )
            if above:
                yield f"Expense {line.number}: its rate of {mileage.rate} is above the agreed {rate.agreed}."
        for tax in line.taxes:
            if tax.percentage is not None:
                base = tax.base or line.gross - tax.amount
                wanted = rounded(Fraction(base.amount) * Fraction(tax.percentage) / 100, report.currency)
                if abs(wanted.minor - tax.amount.minor) > 1:
                    text = f"Expense {line.number} states {tax.amount} VAT of {tax.tax}"
                    yield f"{text}; {tax.percentage} % come to {wanted}."


def _foreign(report: ExpenseReport) -> Iterator[Problem]:
    heads = (report.gross, report.vat, report.reimbursable, report.company_paid)
    if any(amount is not None and amount.currency != report.currency for amount in heads):
        yield _in_report(report, "expense.currency", f"it is in {report.currency}, and its totals are not.")
    for advance in report.advances:
        if advance.amount.currency != report.currency:
            text = f"advance {advance.reference} is in {advance.amount.currency} and not {report.currency}."
            yield _in_report(report, "expense.currency", text)
    for line in report.lines:
        stated = [line.gross, *(tax.amount for tax in line.taxes)]
        stated += [tax.base for tax in line.taxes if tax.base is not None]
        stated += [] if line.private is None else [line.private]
        if line.mileage is not None and line.mileage.supplement is not None:
            stated.append(line.mileage.supplement)
        if line.per_diem is not None and line.per_diem.deductions is not None:
            stated.append(line.per_diem.deductions)
        others = sorted({amount.currency for amount in stated} - {report.currency})
        if others:
            text = f"expense {line.number} has amounts in {', '.join(others)} and not in {report.currency}."
            yield _in_report(report, "expense.currency", text)


def _totals(report: ExpenseReport) -> Iterator[Problem]:
    currency = report.currency
    company = (line.gross for line in report.lines if line.paid_with is not PaidWith.OWN_MONEY)
    vat = (tax.amount for line in report.lines for tax in line.taxes)
    owed = own_money(report) - advanced(report)
    either = (owed, own_money(report, with_payroll=True) - advanced(report))
    for name, head, found in (
        ("gross", report.gross, (total((line.gross for line in report.lines), currency),)),
        ("VAT", report.vat, (total(vat, currency),)),
        ("to repay", report.reimbursable, either),
        ("paid by the company", report.company_paid, (total(company, currency),)),
    ):
        if head is not None and head not in found:
            text = f"its expenses come to {found[0]} {name}, and its head says {head}."
            yield _in_report(report, "expense.totals", text)


def _advances(report: ExpenseReport) -> Iterator[Problem]:
    if any(advance.amount.minor <= 0 for advance in report.advances):
        yield _in_report(report, "expense.advance", "an advance in it is not above nought.")
    if report.advances and any(line.paid_with is PaidWith.CASH_ADVANCE for line in report.lines):
        text = (
            "it is set off against an advance, and an expense in it was paid from one. The advance would be"
            " subtracted twice."
        )
        yield _in_report(report, "expense.advance", text)


def _line(report: ExpenseReport, line: ExpenseLine) -> Iterator[Problem]:
    yield from _vat(report, line)
    yield from _computed(report, line)
    yield from _spent(report, line)


def _vat(report: ExpenseReport, line: ExpenseLine) -> Iterator[Problem]:
    """VAT is a part of the gross amount, of its sign; each of several taxes says what it is on."""
    sign = -1 if line.gross.minor < 0 else 1
    for tax in line.taxes:
        if tax.amount.minor * sign < 0:
            yield _in_expense(
                report,
                line,
                "expense.vat",
                f"{tax.amount} VAT of {tax.tax} has another sign than {line.gross} spent.",
            )
        elif tax.amount.minor * sign > line.gross.minor * sign:
            yield _in_expense(
                report,
                line,
                "expense.vat",
                f"{tax.amount} VAT of {tax.tax} is more than the {line.gross} spent.",
            )
        if tax.base is not None and tax.base.minor * sign < 0:
            yield _in_expense(
                report,
                line,
                "expense.vat",
                f"{tax.base} net of {tax.tax} has another sign than {line.gross} spent.",
            )
    bases = [tax.base for tax in line.taxes if tax.base is not None]
    if len(line.taxes) > 1 and len(bases) < len(line.taxes):
        yield _in_expense(
            report,
            line,
            "expense.vat_split",
            "it has several taxes and does not say how much each one is on.",
        )
    elif bases:
        whole = total((*bases, *(tax.amount for tax in line.taxes)), line.gross.currency)
        if whole != line.gross:
            yield _in_expense(
                report,
                line,
                "expense.gross",
                f"net amounts and VAT come to {whole}, and {line.gross} were spent.",
            )
    if line.deductible is not None and not 0 <= line.deductible <= ALL:
        yield _in_expense(
            report, line, "expense.vat", f"{line.deductible} % of its VAT may be claimed, which cannot be."
        )
    if line.taxes and (line.mileage is not None or line.per_diem is not None):
        yield _in_expense(
            report, line, "expense.vat", "it is a drive or an allowance and has VAT. There is never any."
        )


def _computed(report: ExpenseReport, line: ExpenseLine) -> Iterator[Problem]:
    """A drive or an allowance is what its figures come to; entitlement is not looked at."""
    size = abs(line.gross.minor)
    if line.private and (line.mileage is not None or line.per_diem is not None):
        yield _in_expense(report, line, "expense.private", "a part of a drive or an allowance is private.")
    if line.mileage is not None and line.per_diem is not None:
        yield _in_expense(report, line, "expense.kind", "it is a drive and an allowance at once.")
    if line.mileage is not None:
        mileage = line.mileage
        if mileage.distance < 0 or mileage.rate < 0 or (mileage.supplement and mileage.supplement.minor < 0):
            yield _in_expense(
                report, line, "expense.mileage", "its distance, its rate or what is added is below nought."
            )
        found = stated_amount(mileage, line.gross.currency)
        if abs(size - abs(found.minor)) > OFF_MAX:
            what = f"{mileage.distance} {mileage.unit.value} at {mileage.rate}"
            yield _in_expense(
                report, line, "expense.mileage", f"{what} come to {found}, and {line.gross} are claimed."
            )
    if line.per_diem is not None:
        allowance = line.per_diem
        found = rounded(Fraction(allowance.days) * Fraction(allowance.rate), line.gross.currency)
        if allowance.deductions is not None:
            found = found - allowance.deductions
        if abs(size - abs(found.minor)) > OFF_MAX:
            what = f"{allowance.days} days at {allowance.rate}"
            yield _in_expense(
                report,
                line,
                "expense.per_diem",
                f"{what}, less deductions, come to {found}, and not {line.gross}.",
            )


def _spent(report: ExpenseReport, line: ExpenseLine) -> Iterator[Problem]:
    """What it was paid with, in which currency, and how that is proved."""
    if not (line.files or line.missing_receipt or line.mileage or line.per_diem):
        yield _in_expense(report, line, "expense.receipt", "it has no receipt, and does not say why.")
    if line.private is not None:
        sign = -1 if line.gross.minor < 0 else 1
        if not 0 <= line.private.minor * sign <= line.gross.minor * sign:
            yield _in_expense(
                report,
                line,
                "expense.private",
                f"{line.private} of {line.gross} are private, which cannot be.",
            )
    spent = _whole(report, line)
    if line.rate is not None and line.rate.rate <= 0:
        yield _in_expense(report, line, "expense.rate", f"its exchange rate is {line.rate.rate}.")
    elif line.original is not None and line.original.currency != report.currency:
        charged = line.paid_with in (PaidWith.COMPANY_CARD, PaidWith.COMPANY_ACCOUNT)
        if line.rate is None and not charged:
            yield _in_expense(
                report,
                line,
                "expense.rate",
                f"{line.original} were spent, and it does not say at which rate.",
            )
        elif line.rate is not None and not explains(line.original, line.rate, spent):
            text = f"{line.original} at {line.rate.rate} {line.rate.currency} are not {spent}."
            yield _in_expense(report, line, "expense.rate", text)
    elif line.original is not None and line.original != spent:
        yield _in_expense(
            report, line, "expense.rate", f"{line.original} were spent, and {spent} are claimed."
        )


def _whole(report: ExpenseReport, line: ExpenseLine) -> Money:
    """What was spent on the whole expense that the line is a part of."""
    if not line.expense:
        return line.gross
    parts = (each.gross for each in report.lines if each.expense == line.expense)
    return total(parts, report.currency)


def _in_expense(report: ExpenseReport, line: ExpenseLine, code: str, why: str) -> Problem:
    text = (
        f"Expense {line.number} of report {report.number} cannot be booked: {why} Correct it there, and"
        " approve the report again."
    )
    return Problem(code, f"report {report.reference}, expense {line.number}", text, Owner.EXPENSES)


def _in_report(report: ExpenseReport, code: str, why: str) -> Problem:
    text = f"Report {report.number} cannot be booked: {why} Correct it there, and approve it again."
    return Problem(code, f"report {report.reference}", text, Owner.EXPENSES)
