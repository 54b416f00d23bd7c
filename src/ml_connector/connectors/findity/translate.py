"""From the vouchers of a report to the report in our words, every amount as it was written.

    debit row  →  a line: its net amount, and the part of the VAT rows of its tax that falls on it
    credit row →  only checked: debit and VAT come to it

Rows that name their expense give lines with all that Findity says of it. Rows that add up several expenses
give lines without; then who paid has to be the same for all, and a drive or an allowance is told apart only
where all of its kind come to one row. Nothing is guessed: what cannot be told apart is refused, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ml_connector.connectors.findity import names as vendor
from ml_connector.connectors.findity.exports import Unit
from ml_connector.connectors.findity.rows import Debit, debits, grouping_problem, money
from ml_connector.connectors.findity.settings import VOUCHER, Options
from ml_connector.connectors.findity.wire import Record
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.expense import (
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
from ml_connector.domain.journal import ExchangeRate, total
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused

ADDED_UP = "Several expenses in one amount; their receipts are those of the report."
NO_RECEIPT_NEEDED = "A food benefit has no receipt."
SOURCE = "Findity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """An expense of a voucher, as Findity tells of it."""

    id: str
    record: Record
    kind: str
    gross: Money
    paid_with: PaidWith
    files: tuple[ReceiptFile, ...]

    @property
    def is_computed(self) -> bool:
        """Whether it is a drive or an allowance."""
        return self.kind in (vendor.DRIVE, vendor.ALLOWANCE)


def report_of(unit: Unit, options: Options) -> ExpenseReport:
    """The report. Raises `Refused` for one whose figures cannot be understood."""
    try:
        return Translator(unit, options).report()
    except ValueError as error:  # AmountError is one
        raise not_bookable(unit, "expense.figures", f"{error}.") from error


def not_bookable(unit: Unit, code: str, why: str, owner: Owner = Owner.EXPENSES) -> Refused:
    """The refusal of a report; people know it by the numbers of its reports."""
    try:
        number = ", ".join(_numbers(unit))
    except ValueError:
        number = unit.report
    return Refused(
        f"Report {number} cannot be booked: {why}", where=f"report {unit.reference}", owner=owner, code=code
    )


class Translator:
    """Of one report."""

    def __init__(self, unit: Unit, options: Options) -> None:
        self._unit, self._options, self._first = unit, options, unit.vouchers[0]
        self._currency = self._first.needed("currency")

    def report(self) -> ExpenseReport:
        """The report, whole."""
        unit, head = self._unit, self._first
        for voucher in unit.vouchers:
            if why := grouping_problem(voucher):
                raise not_bookable(unit, "expense.grouping", why, Owner.ADMINISTRATOR)
        lines = tuple(line for voucher in unit.vouchers for line in self._lines(voucher))
        spent = [each for voucher in unit.vouchers for each in self._spent(voucher)]
        own = (each.gross for each in spent if each.paid_with is PaidWith.OWN_MONEY)
        company = (each.gross for each in spent if each.paid_with is not PaidWith.OWN_MONEY)
        user = self._user()
        return ExpenseReport(
            reference=unit.reference,
            report=unit.key,
            number=", ".join(_numbers(unit)),
            title=", ".join(_texts(unit, "title")),
            state=ReportState.APPROVED,
            company=unit.export.organization,
            employee=user.needed("user_id"),
            employee_number=user.text("employee_number"),
            employee_name=user.text("name"),
            creditor=user.text("supplier_number"),
            currency=self._currency,
            approved_at=unit.approved_at,
            gross=total((each.gross for each in spent), self._currency),
            reimbursable=total(own, self._currency),
            company_paid=total(company, self._currency),
            lines=lines,
            journal=head.text("journal_code"),
            posting_date=self._posting_date(),
            files=self._files(lines),
        )

    def _user(self) -> Record:
        users = [voucher.part("user") for voucher in self._unit.vouchers]
        user = users[0]
        if user is None:
            raise ValueError(f"{self._first.names['user']} is missing")
        if any(each is None or each.text("user_id") != user.text("user_id") for each in users):
            raise ValueError("its vouchers are of several employees")
        return user

    def _posting_date(self) -> date | None:
        """The day that the vouchers agree on, where the connection takes it."""
        if self._options["posting_date"] != VOUCHER:
            return None
        days = {voucher.day("voucher_date") for voucher in self._unit.vouchers}
        return days.pop() if len(days) == 1 else None

    def _files(self, lines: Sequence[ExpenseLine]) -> tuple[ReceiptFile, ...]:
        """Those that no line has."""
        held = {file.key for line in lines for file in line.files}
        every = (file for voucher in self._unit.vouchers for file in self._attached(voucher))
        return tuple(dict.fromkeys(file for _, file in every if file.key not in held))

    def _attached(self, voucher: Record) -> Iterator[tuple[str, ReceiptFile]]:
        """Each receipt of a voucher, with the id of its expense."""
        for file in voucher.parts("attachments"):
            key = f"{self._unit.export.organization}/{file.needed('attachment_id')}"
            yield file.text("expense_id"), ReceiptFile(key=key, name=file.text("file_name"))

    # --- expenses -------------------------------------------------------------------------------------------

    def _spent(self, voucher: Record) -> list[Spent]:
        """The expenses of a voucher."""
        found = [self._expense(record, voucher) for record in voucher.parts("expenses")]
        if not found:
            why = (
                "its voucher does not hold the expenses behind its rows, so it does not say on which day they"
                " were and who paid. Ask Findity to send vouchers with expenses."
            )
            raise not_bookable(self._unit, "expense.details", why, Owner.ADMINISTRATOR)
        return found

    def _expense(self, record: Record, voucher: Record) -> Spent:
        identity, kind = record.needed("expense_id"), record.needed("expense_type")
        if kind not in (vendor.RECEIPT, vendor.DRIVE, vendor.ALLOWANCE, vendor.BENEFIT):
            raise ValueError(f"expense {identity} is of the type {kind}, which is not known")
        reimbursable = record.flag("reimbursable")
        if reimbursable is None:
            raise ValueError(f"expense {identity} does not say whether the employee gets it back")
        method = record.text("payment_method").lower()
        company = self._options.paid_with.get(method, PaidWith.COMPANY_CARD)
        return Spent(
            id=identity,
            record=record,
            kind=kind,
            gross=money(record, "gross_amount", self._currency, self._options),
            paid_with=PaidWith.OWN_MONEY if reimbursable else company,
            files=tuple(file for of, file in self._attached(voucher) if of == identity),
        )

    def _lines(self, voucher: Record) -> Iterator[ExpenseLine]:
        if voucher.needed("currency") != self._currency:
            raise ValueError("its vouchers are in several currencies")
        spent = {each.id: each for each in self._spent(voucher)}
        rows = debits(voucher, self._options, spent)
        rows = [part for row in rows for part in _told_apart(row, rows, spent)]
        for identity, each in spent.items():
            own = [row for row in rows if row.expenses == (identity,)]
            if own:
                yield from self._of_expense(each, own)
        several = [row for row in rows if len(row.expenses) > 1]
        for number, row in enumerate(several, 1):
            yield self._of_several(row, [spent[identity] for identity in row.expenses], number)

    def _of_expense(self, spent: Spent, rows: Sequence[Debit]) -> Iterator[ExpenseLine]:
        """The lines of an expense, one for each debit row."""
        if len(rows) > 1 and spent.is_computed:
            raise ValueError(f"expense {spent.id} is a drive or an allowance on several rows")
        found = total((row.gross for row in rows), self._currency)
        if found != spent.gross:
            raise ValueError(f"the rows of expense {spent.id} come to {found}, and it is of {spent.gross}")
        record, divided = spent.record, len(rows) > 1
        original, rate = self._foreign(spent)
        for number, row in enumerate(rows, 1):
            yield ExpenseLine(
                number=f"{spent.id}-{number}" if divided else spent.id,
                expense=spent.id if divided else "",
                date=record.day("expense_date"),
                gross=row.gross,
                paid_with=spent.paid_with,
                text=record.text("description") or row.text,
                category=record.text("category"),
                codes=self._codes(row),
                taxes=_taxes(row, is_computed=spent.is_computed),
                original=original,
                rate=rate,
                country=record.text("country"),
                supplier=record.text("merchant"),
                payroll_code=row.payroll_code,
                mileage=self._mileage(spent),
                per_diem=self._per_diem(spent),
                files=spent.files,
                missing_receipt=_missing(spent),
            )

    def _of_several(self, row: Debit, spent: Sequence[Spent], number: int) -> ExpenseLine:
        """The line of a row that adds up expenses."""
        paid, first = {each.paid_with for each in spent}, spent[0]
        if len(paid) > 1 or any(each.is_computed for each in spent):
            what = "were paid in several ways" if len(paid) > 1 else "are drives, allowances and others"
            why = (
                f"its row on account {row.account} adds up expenses that {what}, and does not say which."
                " Choose a grouping per expense for the recipient in Findity, such as REPORT_PER_EXPENSE, and"
                " send it again."
            )
            raise not_bookable(self._unit, "expense.added_up", why, Owner.ADMINISTRATOR)
        proved = all(each.files or _missing(each) for each in spent)
        categories = {each.record.text("category") for each in spent}
        return ExpenseLine(
            number=f"{self._unit.report}-{row.account}-{number}",
            date=max(each.record.day("expense_date") for each in spent),
            gross=row.gross,
            paid_with=first.paid_with,
            text=row.text or ", ".join(filter(None, (each.record.text("description") for each in spent))),
            category=categories.pop() if len(categories) == 1 else "",
            codes=self._codes(row),
            taxes=_taxes(row),
            payroll_code=row.payroll_code,
            missing_receipt=ADDED_UP if proved else "",
        )

    def _codes(self, row: Debit) -> Dimensions:
        codes = {self._options.axis(name): code for name, code in row.dimensions}
        if len(codes) < len(row.dimensions):
            raise ValueError("two dimensions of a row are the same axis")
        return dimensions({**codes, "account": row.account})

    def _foreign(self, spent: Spent) -> tuple[Money | None, ExchangeRate | None]:
        """What was spent in another currency, and at which rate."""
        currency, record = spent.record.text("original_currency"), spent.record
        if not currency or currency == self._currency:
            return None, None
        rate = record.number("exchange_rate")
        stated = None if rate is None else ExchangeRate(currency=self._currency, rate=rate, source=SOURCE)
        return money(record, "original_amount", currency, self._options), stated

    def _mileage(self, spent: Spent) -> Mileage | None:
        if spent.kind != vendor.DRIVE:
            return None
        if (drive := spent.record.part("mileage")) is None:
            raise ValueError(f"expense {spent.id} is a drive without a distance")
        unit, car = drive.needed("unit").lower(), drive.text("car_type").lower()
        return Mileage(
            distance=drive.some_number("distance"),
            unit=DistanceUnit(unit),
            rate=drive.some_number("rate"),
            vehicle=Vehicle(car) if car in {each.value for each in Vehicle} else Vehicle.OTHER,
            commuting=bool(drive.flag("commuting")),
            passengers=int(drive.number("passengers") or Decimal(0)),
            route=" - ".join(drive.texts("places")),
        )

    def _per_diem(self, spent: Spent) -> PerDiem | None:
        if spent.kind != vendor.ALLOWANCE:
            return None
        if (allowance := spent.record.part("allowance")) is None:
            raise ValueError(f"expense {spent.id} is an allowance without days")
        deducted = None
        if allowance.number("deducted") is not None:
            deducted = money(allowance, "deducted", self._currency, self._options)
        return PerDiem(
            days=allowance.some_number("days"), rate=allowance.some_number("rate"), deductions=deducted
        )


def _told_apart(row: Debit, rows: Sequence[Debit], spent: Mapping[str, Spent]) -> list[Debit]:
    """The row as it is, with fewer expenses behind it, or divided by its expenses: what the drives, or the
    allowances, of a voucher come to is their row, where there is one such and it has no VAT.
    """
    left = list(row.expenses)
    for kind in (vendor.DRIVE, vendor.ALLOWANCE) if len(row.expenses) > 1 else ():
        theirs = [spent[identity] for identity in row.expenses if spent[identity].kind == kind]
        whole = total((each.gross for each in theirs), row.gross.currency)
        alike = [one for one in rows if one.expenses == row.expenses and not one.vat and one.net == whole]
        if not theirs or len(alike) != 1:
            continue
        if alike[0] is row:
            return [replace(row, net=each.gross, expenses=(each.id,)) for each in theirs]
        left = [identity for identity in left if spent[identity].kind != kind]
    if not left:
        raise ValueError(f"a row on account {row.account} has no expense behind it")
    return [replace(row, expenses=tuple(left))]


def _taxes(row: Debit, *, is_computed: bool = False) -> tuple[StatedVat, ...]:
    """The VAT of a line. A code that means none is kept, so that the ledger does not take one of its own; a
    drive or an allowance without VAT has none to name.
    """
    if not row.tax:
        if row.vat:
            raise ValueError("a VAT row has no VAT code")
        return ()
    if is_computed and not row.vat and not row.percentage:
        return ()
    return (StatedVat(tax=row.tax, amount=row.vat, base=row.net, percentage=row.percentage),)


def _missing(spent: Spent) -> str:
    """Why there is no receipt."""
    stated = spent.record.text("missing_receipt_reason")
    return stated or (NO_RECEIPT_NEEDED if spent.kind == vendor.BENEFIT and not spent.files else "")


def _numbers(unit: Unit) -> list[str]:
    return _texts(unit, "report_number") or [unit.report]


def _texts(unit: Unit, name: str) -> list[str]:
    """What the reports of the unit say, each once, in order."""
    found = (report.text(name) for voucher in unit.vouchers for report in voucher.parts("reports"))
    return [*dict.fromkeys(filter(None, found))]
