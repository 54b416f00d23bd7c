"""What one line of an expense report costs: amounts on accounts, with the VAT that is claimed of each.

    gross  =  net of each tax + VAT of each tax            as the receipt states it
           →  less the private part, in proportion         VAT first, and what remains is net
           →  VAT that may not be claimed is a cost        the share that may not, or all of it
           →  over the accounts of the mapping             net and VAT by themselves

Every step divides whole cents by `apportion` or `split_minor`: parts are cut to the cent below, and the cents
left over go to the largest fractions that were cut off, ties to the earlier part. Nothing is computed from a
percentage of VAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ml_connector.domain.dimension import Dimensions, code_on, dimensions
from ml_connector.domain.expense import ExpenseLine, ExpenseReport, Mileage, Vehicle
from ml_connector.domain.expense_checks import business
from ml_connector.domain.expense_policy import (
    ABOVE,
    COMMUTING,
    COMPANY_CAR,
    EXTRA,
    MILEAGE,
    PER_DIEM,
    ExpensePolicy,
)
from ml_connector.domain.mapping import Booking, MappingRule, Resolution, Resolver
from ml_connector.domain.mileage import KM, CountryRates, largest, without_tax
from ml_connector.domain.money import Money, split_minor
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase_build import ACCOUNT, ALL
from ml_connector.domain.vat import apportion

_AS_IT_IS = MappingRule(name="as the source has it", account="*", targets=())
_COMPANY_CARS = frozenset({Vehicle.COMPANY_CAR, Vehicle.COMPANY_CAR_ELECTRIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """A cost on an account of the ledger: net and VAT in minor units, the tax that the VAT is of, empty where
    none is claimed, and the codes. `line` is the number of the expense that it is of.
    """

    line: str
    account: str
    net: int
    vat: int
    tax: str
    dimensions: Dimensions
    text: str


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of a line before the mapping: the account where it is another than the line's own."""

    net: int
    vat: int = 0
    tax: str = ""
    account: str = ""


class LineParts:
    """The parts of the lines of a report. `problems` are those that were met, and `notes` what a person
    should see of what is booked.
    """

    def __init__(
        self,
        report: ExpenseReport,
        policy: ExpensePolicy,
        rates: Mapping[str, CountryRates],
        resolver: Resolver | None,
    ) -> None:
        self._report, self._policy, self._resolver = report, policy, resolver
        self._home = policy.countries.get(policy.entity_of(report.company), "")
        found = rates.get(self._home)
        self._rates = found if found is not None and found.currency == report.currency else None
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    @property
    def rates(self) -> CountryRates | None:
        """The rates of mileage of the legal entity's country, where they are in the report's currency."""
        return self._rates

    def of(self, lines: tuple[ExpenseLine, ...]) -> Iterator[CostPart]:
        """The parts of the lines, in their order; those of a line that cannot be booked are left out, and its
        problem is kept.
        """
        inside = self._inside(self._report.lines)
        for line in lines:
            shares = self._drive(line) if line.mileage is not None else self._taxed(line)
            account = self._account(line, inside=line.number in inside)
            if account and line.number in inside:
                text = "is parking or a toll inside of the largest amount without tax for a drive, and is pay"
                self.notes.append(f"Expense {line.number} {text}. It is booked on {account}.")
            for share in shares if account else ():
                yield from self._mapped(line, share, share.account or account)

    # --- VAT ------------------------------------------------------------------------------------------------

    def _taxed(self, line: ExpenseLine) -> list[_Share]:
        """Net and VAT of each tax, without the private part and with what may not be claimed in the net."""
        claimed, abroad = self._claimed(line), self._abroad(line)
        found = []
        for tax, net, vat in _business_shares(line):
            may = claimed and tax not in self._policy.no_vat_taxes
            deductible = ALL if line.deductible is None else line.deductible
            mine, lost = split_minor(vat, [deductible, ALL - deductible]) if may else (0, vat)
            found.append(_Share(net=net + lost, vat=mine, tax=tax if may else ""))
            if abroad and lost and self._has_receipt(line) and self._policy.foreign_vat_account:
                found[-1] = _Share(net=net)
                found.append(_Share(net=lost, account=self._policy.foreign_vat_account))
        return found

    def _claimed(self, line: ExpenseLine) -> bool:
        """VAT is claimed with a receipt that shows it, of the legal entity's own country."""
        filed = self._has_receipt(line)
        if any(tax.amount for tax in line.taxes) and not filed:
            self.notes.append(f"Expense {line.number} has no receipt, so its VAT is a cost.")
        barred = line.category in self._policy.no_vat_categories
        return filed and not barred and not self._abroad(line)

    def _has_receipt(self, line: ExpenseLine) -> bool:
        """A line that adds up several expenses has none of its own: theirs are with the whole report."""
        return bool(line.files or self._report.files)

    def _abroad(self, line: ExpenseLine) -> bool:
        if not line.country or not line.taxes:
            return False
        if not self._home:
            self._without_country(line)
        return line.country != self._home

    # --- drives ---------------------------------------------------------------------------------------------

    def _drive(self, line: ExpenseLine) -> list[_Share]:
        """What is without tax, and what is above it on its own account."""
        free, gross = self._free(line), line.gross
        if free is None:
            return []
        above = gross - free
        if not above:
            return [_Share(net=gross.minor)]
        account = self._policy.accounts.get(ABOVE, "")
        if not account:
            text = (
                f"{above} of expense {line.number} of report {self._report.number} are above the largest"
                f" amount without tax for the drive, and the flow has no account for that. Name one as"
                f" {ABOVE} in its settings, and tell payroll: it is pay."
            )
            self._add("expense.above", line, text, Owner.CONTROLLER)
            return []
        self.notes.append(f"{above} of expense {line.number} are pay: booked on {account}.")
        return [_Share(net=free.minor), _Share(net=above.minor, account=account)]

    def _free(self, line: ExpenseLine) -> Money | None:
        """How much of a drive is without tax, by the rate of the day of travel in the country of the legal
        entity; a rate that the source states counts where the table has none, and must agree with it else.
        """
        mileage, rates = line.mileage, self._rates
        assert mileage is not None
        if not self._home:
            self._without_country(line)
            return None
        rate = rates.on(line.date, mileage.vehicle) if rates is not None else None
        if rates is not None and rate is not None:
            per_km = rates.per_km(rate)
            if mileage.tax_free is not None and _per_km(mileage) != per_km:
                text = (
                    f"Expense {line.number} of report {self._report.number} says that {mileage.tax_free} for"
                    f" each {mileage.unit.value} are without tax, and on {line.date} it is"
                    f" {rate.maximum} {rates.currency} for each {rates.unit.value} in {self._home}. Correct"
                    " the one that is wrong."
                )
                self._add("expense.mileage_rate", line, text, Owner.CONTROLLER)
                return None
            return without_tax(mileage, line.gross, per_km)
        if mileage.tax_free is not None:
            return without_tax(mileage, line.gross, _per_km(mileage))
        text = (
            f"No rate is known of what a drive may cost without tax on {line.date} in {self._home}, with"
            f" {mileage.vehicle.value} and in {self._report.currency} (expense {line.number} of report"
            f" {self._report.number}). Let the source state it as the tax-free rate of the drive."
        )
        self._add("expense.mileage_rate", line, text, Owner.CONTROLLER)
        return None

    def _inside(self, lines: tuple[ExpenseLine, ...]) -> set[str]:
        """Numbers of tolls and parking that lie inside of the largest amount without tax of the drives of
        their day, and for which it leaves no room.
        """
        if self._rates is None or not self._rates.extras_inside:
            return set()
        room: dict[date, int] = {}
        for line in lines:
            rate = None if line.mileage is None else self._rates.on(line.date, line.mileage.vehicle)
            if line.mileage is not None and rate is not None and line.mileage.vehicle not in _COMPANY_CARS:
                per_km = self._rates.per_km(rate)
                most = largest(line.mileage, self._report.currency, per_km)
                left = most - without_tax(line.mileage, line.gross, per_km)
                room[line.date] = room.get(line.date, 0) + left.minor
        found = set()
        for line in lines:
            if line.date in room and line.category in self._policy.extras and line.mileage is None:
                room[line.date] -= business(line).minor
                if room[line.date] < 0:
                    found.add(line.number)
        return found

    # --- accounts -------------------------------------------------------------------------------------------

    def _account(self, line: ExpenseLine, *, inside: bool) -> str:
        """The account that the line is on before the mapping; empty where there is none."""
        named = EXTRA if inside else _category(line)
        own = None if inside else code_on(ACCOUNT, line.codes)
        account = own or self._policy.accounts.get(named, "")
        if not account:
            text = (
                f"Expense {line.number} of report {self._report.number} names no account, and the flow has"
                f" none for category {named or '(none)'}. Name one in its settings, or in the report."
            )
            self._add("expense.account", line, text, Owner.CONTROLLER)
        return account

    def _mapped(self, line: ExpenseLine, share: _Share, account: str) -> Iterator[CostPart]:
        """The share over the targets of the mapping, net and VAT each by itself."""
        found = self._resolution(line, share, account)
        if isinstance(found, Problem):
            self.problems.append(found)
            return
        nets, vats = found.split(share.net), found.split(share.vat)
        for booking, net, vat in zip(found.bookings, nets, vats, strict=True):
            if net or vat:
                yield CostPart(
                    line=line.number,
                    account=booking.account,
                    net=net,
                    vat=vat,
                    tax=share.tax,
                    dimensions=booking.dimensions,
                    text=booking.text or line_text(line, self._policy.line_text_max),
                )

    def _resolution(self, line: ExpenseLine, share: _Share, account: str) -> Resolution | Problem:
        codes = {value.axis: value.code for value in (*self._report.codes, *line.codes)}
        codes.pop(ACCOUNT, None)
        if self._resolver is None:
            kept = dimensions({axis: code for axis, code in codes.items() if axis in self._policy.axes})
            return Resolution(
                rule=_AS_IT_IS, bookings=(Booking(account=account, dimensions=kept, text="", percent=ALL),)
            )
        row = Distribution(
            company=self._report.company,
            account=account,
            amount=Money.from_minor(share.net + share.vat, self._report.currency),
            dimensions=dimensions(dict(codes)),
            pay_code=None,
            origin=line.number,
        )
        return self._resolver.resolve(row)

    # --- problems -------------------------------------------------------------------------------------------

    def _add(self, code: str, line: ExpenseLine, text: str, owner: Owner) -> None:
        where = f"report {self._report.reference}, expense {line.number}"
        self.problems.append(Problem(code, where, text, owner))

    def _without_country(self, line: ExpenseLine) -> None:
        entity = self._policy.entity_of(self._report.company) or self._report.company
        text = (
            f"The country of legal entity {entity} is not known, and expense {line.number} of report"
            f" {self._report.number} is a drive or was made abroad. Name it in the settings of the flow."
        )
        self._add("expense.country", line, text, Owner.ADMINISTRATOR)


def line_text(line: ExpenseLine, length_max: int) -> str:
    """What a line of the ledger says of an expense, cut to so many characters: what was bought, and of a
    drive the day, the distance and the rate, of another currency the amount and the rate. The figures are
    never cut.
    """
    said = " ".join(dict.fromkeys(filter(None, (line.supplier, line.text or line.category))))
    figures = []
    if line.mileage is not None:
        mileage = line.mileage
        said = " ".join(filter(None, (said, mileage.route)))
        figures.append(f"{line.date} {mileage.distance} {mileage.unit.value} at {mileage.rate}")
    if line.original is not None and line.original.currency != line.gross.currency:
        figures.append(f"{line.original} at {line.rate.rate}" if line.rate else f"{line.original}")
    behind = f" ({', '.join(figures)})" if figures else ""
    room = max(length_max - len(behind), 0)
    return f"{said if len(said) <= room else said[: max(room - 1, 0)].rstrip() + '…'}{behind}".strip()


def _per_km(mileage: Mileage) -> Fraction:
    """What the source says that a kilometer may cost without tax."""
    assert mileage.tax_free is not None
    return Fraction(mileage.tax_free) / KM[mileage.unit]


def _category(line: ExpenseLine) -> str:
    """What the settings call lines of its kind."""
    if line.mileage is not None:
        of_company = line.mileage.vehicle in _COMPANY_CARS
        return COMMUTING if line.mileage.commuting else COMPANY_CAR if of_company else MILEAGE
    return PER_DIEM if line.per_diem is not None else line.category


def _business_shares(line: ExpenseLine) -> list[tuple[str, int, int]]:
    """`(tax, net, VAT)` of the company's part of a line, in minor units; for a line of which `check_report`
    finds nothing. A line without a tax has one with none.
    """
    gross, private = line.gross.minor, (line.private.minor if line.private is not None else 0)
    if not line.taxes:
        return [("", gross - private, 0)]
    vats = [tax.amount.minor for tax in line.taxes]
    bases = [tax.base.minor for tax in line.taxes if tax.base is not None]
    nets = bases if len(bases) == len(vats) else [gross - vats[0]]
    if private:
        vats = [apportion(vat, [gross - private, private])[0] for vat in vats]
        nets = apportion(gross - private - sum(vats), nets)
    return [(tax.tax, net, vat) for tax, net, vat in zip(line.taxes, nets, vats, strict=True)]
