"""An approved expense report, as the source gives it, before anything is mapped.

    report  →  lines (receipt, mileage, per diem)  →  the VAT that a receipt states, by tax

What was spent is the truth: the gross amount of each line, in the currency that the employee is repaid in.
VAT is stated inside of it, and what it does not cover has none, such as a tip.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money, decimals


class ReportState(StrEnum):
    """How far a report is at the source. `TAKEN_BACK` was approved and is edited again; `CANCELED` is so for
    good. One whose export is under way is `APPROVED`.
    """

    OPEN = "open"
    APPROVED = "approved"
    TAKEN_BACK = "taken_back"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class PaidWith(StrEnum):
    """Whose money paid an expense: the employee's own, which is repaid; the company's card or account; or an
    advance that the employee was given before.
    """

    OWN_MONEY = "own_money"
    COMPANY_CARD = "company_card"
    COMPANY_ACCOUNT = "company_account"
    CASH_ADVANCE = "cash_advance"


class DistanceUnit(StrEnum):
    """What a distance is counted in. A Swedish or Norwegian `mil` is 10 km."""

    KM = "km"
    MIL = "mil"
    MILE = "mile"


class Vehicle(StrEnum):
    """What was driven. A company car counts here where the employee pays what it runs on."""

    PRIVATE_CAR = "private_car"
    PRIVATE_CAR_ELECTRIC = "private_car_electric"
    COMPANY_CAR = "company_car"
    COMPANY_CAR_ELECTRIC = "company_car_electric"
    MOTORCYCLE = "motorcycle"
    MOPED = "moped"
    BICYCLE = "bicycle"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mileage:
    """A drive: so many units of distance, a return counted already, at a rate for each unit in the currency
    of the line. `supplement` is what the source adds to that, for passengers for one. `tax_free` is what the
    source says that the rate may be without tax, for each unit. `route` names the places for people.
    """

    distance: Decimal
    unit: DistanceUnit
    rate: Decimal
    vehicle: Vehicle
    commuting: bool = False
    passengers: int = 0
    supplement: Money | None = None
    tax_free: Decimal | None = None
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerDiem:
    """An allowance for days away: days at a rate for each in the currency of the line, less what the source
    takes off for meals.
    """

    days: Decimal
    rate: Decimal
    deductions: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFile:
    """A file of a report or of one of its lines at the source: its key there, its name, which may stand more
    than once, and the SHA-256 of its bytes in hex where the source says it.
    """

    key: str
    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseLine:
    """One expense, or one part of an expense whose costs are divided.

    `number` is the source's id of it, and never changes; `expense` is that of the expense where this is a
    part, and parts have the files of the whole. `gross` is what was spent, in the currency of the report;
    negative for money that came back. `taxes` are what the receipt states of VAT, each with the net amount
    that it is on where that is stated; `deductible` is the percentage of it that may be claimed, all of it
    where there is none. `private` is the part of `gross` that is not the company's.

    `original` is what was spent in another currency, for a part that of the whole expense, and `rate` the
    units of the report's currency for one unit of it, with its source; a rate may be missing where a company
    card was charged in the report's.
    `country` is where it was spent, as two letters. `payroll_code` is there where wages repay it.
    `category` is what the source calls its kind; `codes` are the source's, on axes such as `account`,
    `cost_center`, `cost_unit` and `project`. `supplier` is the name on the receipt and `document` its number,
    `supplier_code` the ledger's code of the supplier where the source knows it. `mileage` is there for a
    drive and `per_diem` for an allowance, and never both. `missing_receipt` says why there is no file.
    """

    number: str
    date: date
    gross: Money
    paid_with: PaidWith
    text: str = ""
    expense: str = ""
    category: str = ""
    codes: Dimensions = ()
    taxes: tuple[StatedVat, ...] = ()
    deductible: Decimal | None = None
    private: Money | None = None
    original: Money | None = None
    rate: ExchangeRate | None = None
    country: str = ""
    supplier: str = ""
    supplier_code: str = ""
    document: str = ""
    payroll_code: str = ""
    mileage: Mileage | None = None
    per_diem: PerDiem | None = None
    files: tuple[ReceiptFile, ...] = ()
    missing_receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Money that the employee was given before, and that this report is set off against."""

    reference: str
    amount: Money
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseReport:
    """A report of one employee that was approved, at its `revision`: 1, and one more each time that it was
    approved again.

    `reference` is what its source takes for it, of this revision and no other; `report` is the source's own
    id, which never changes, and `number` what people know it by. `company` is the source's legal entity,
    `employee` the source's id of the employee, and `creditor` the ledger's code of them as a supplier where
    the source knows it. `gross`, and `vat`, `reimbursable` and `company_paid` where they are stated, are the
    totals of its head in `currency`; `reimbursable` is what the employee is owed, less `advances`. `rate` is
    for a legal entity with another currency of its own. `codes` count for lines without one on that axis.
    `journal` and `posting_date` are there where the source chooses them. `files` are those of the whole
    report.
    """

    reference: str
    report: str
    number: str
    state: ReportState
    company: str
    employee: str
    currency: str
    approved_at: datetime
    gross: Money
    lines: tuple[ExpenseLine, ...]
    revision: int = 1
    title: str = ""
    employee_number: str = ""
    employee_name: str = ""
    creditor: str = ""
    vat: Money | None = None
    reimbursable: Money | None = None
    company_paid: Money | None = None
    advances: tuple[Advance, ...] = ()
    codes: Dimensions = ()
    rate: ExchangeRate | None = None
    journal: str = ""
    posting_date: date | None = None
    files: tuple[ReceiptFile, ...] = ()


def rounded(amount: Fraction, currency: str) -> Money:
    """The amount as money, rounded to the nearest unit and half a unit away from zero. The one rule for
    whatever is multiplied by a rate.
    """
    scaled = abs(amount) * 10 ** decimals(currency)
    minor = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Money.from_minor(-minor if amount < 0 else minor, currency)


def converted(original: Money, rate: ExchangeRate) -> Money:
    """The amount at the rate, rounded by `rounded`: for a source that states no amount in the currency of the
    report. The rate is that of the day of the expense, and never that of the posting.
    """
    return rounded(Fraction(original.amount) * Fraction(rate.rate), rate.currency)


def explains(original: Money, rate: ExchangeRate, gross: Money) -> bool:
    """Whether the rate gives the gross amount, as exactly as a rate with so many decimals can: within half of
    its last decimal, and within a minor unit.
    """
    if rate.currency != gross.currency:
        return False
    exponent = rate.rate.as_tuple().exponent
    slack = Fraction(10) ** exponent / 2 if isinstance(exponent, int) else Fraction(0)
    unit = Fraction(1, 10 ** decimals(gross.currency))
    off = abs(Fraction(original.amount) * Fraction(rate.rate) - Fraction(gross.amount))
    return off <= abs(Fraction(original.amount)) * slack + unit
