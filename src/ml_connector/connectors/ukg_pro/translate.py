"""From UKG's general-ledger rows to payroll GL lines: pure, and cheap enough for a million rows.

Debit positive, credit negative, exactly as UKG wrote the digits. A row that cannot be believed becomes a
`Problem` in its place; none is dropped, none is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern

from ml_connector.connectors.ukg_pro.wire import GlRow
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.money import AmountError, minor_of
from ml_connector.domain.payroll import GroupKey, GroupKeys, Lines
from ml_connector.domain.problem import Owner, Problem

REMEDY = "Correct it in UKG and run the general-ledger step again; nothing of this run is posted until then."
_PLACES_MAX = 100_000
_SHOWN = 40
_NO_AMOUNT = Decimal(0)


def shown(value: object) -> str:
    """A value as a text shows it, cut short."""
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@dataclass(slots=True, kw_only=True)
class _Place:
    """What rows of one company, account and codes have in common. `numbers` are those of its kinds: of debits
    and credits, not above zero and above.
    """

    company: str
    account: str
    currency: str
    dimensions: Dimensions
    numbers: list[int] = field(default_factory=lambda: [-1] * 4)

    def number(self, credit: bool, positive: bool, kinds: GroupKeys) -> int:
        found = self.numbers[2 * credit + positive]
        if found < 0:
            side = "credit" if credit else "debit"
            kind: GroupKey = (
                self.company,
                self.account,
                self.currency,
                self.dimensions,
                None,
                side,
                positive,
            )
            found = self.numbers[2 * credit + positive] = kinds.number(kind)
        return found


@dataclass(slots=True, kw_only=True)
class GlTranslator:
    """Translates the rows of one run. `currency_of` raises for a company without one; `whole_account` chooses
    the account field. Its lines are of these `kinds`.
    """

    reference: str
    pay_group: str
    period_end: str
    currency_of: Callable[[str], str]
    takes: Callable[[str], bool]
    whole_account: bool = False
    kinds: GroupKeys = field(default_factory=GroupKeys)
    _places: dict[tuple[str | None, ...], _Place] = field(default_factory=dict)
    _currencies: dict[str, str | None] = field(default_factory=dict)
    _strange: set[tuple[str, str]] = field(default_factory=set)

    def row(self, row: GlRow, lines: Lines, odd: tuple[str, str] | None = None) -> Problem | None:
        """Add the row to the lines, or say what is wrong with it; neither for a company that the connection
        does not read.
        """
        account = row.generalLedgerAccount if self.whole_account else row.baseSegment
        key = (
            row.companyCode,
            account,
            row.orgLevel1,
            row.orgLevel2,
            row.orgLevel3,
            row.orgLevel4,
            row.location,
            row.project,
            row.jobCode,
        )
        place = self._places.get(key)
        if place is None or odd is not None or row.runId != self.reference:
            company = (row.companyCode or "").strip()
            currency = self._currency(company)
            if currency is None:
                return (
                    None
                    if company
                    else self._problem(
                        row, "row.company", "companyCode", "empty", "The row names no company."
                    )
                )
            if odd is not None:
                return self._problem(row, "amount.unreadable", odd[0], odd[1], "It cannot be read.")
            if row.runId != self.reference:
                return self._problem(row, "row.run", "runId", row.runId, "The row belongs to another run.")
            place = self._new_place(key, company, (account or "").strip(), currency)
        minor = self._minor(row, place.currency)
        if isinstance(minor, Problem):
            return minor
        if not place.account:
            name = "generalLedgerAccount" if self.whole_account else "baseSegment"
            return self._problem(row, "row.account", name, "empty", "The row has no account.")
        lines.add(place.number(bool(row.creditAmt), minor > 0, self.kinds), minor, row.systemId)
        return None

    def stranger(self, row: GlRow) -> Problem | None:
        """A problem for the first row of another pay group or period than the run's: it would have another
        pay date.
        """
        found = (row.payGroup or "", (row.periodEndDate or "")[:10])
        if found in self._strange or found == (self.pay_group, self.period_end[:10]):
            return None
        self._strange.add(found)
        value = f"{found[0]} {found[1]}".strip() or "empty"
        text = (
            f"The run also holds rows of another pay group or period than {self.pay_group}"
            f" {self.period_end[:10]}, with a pay date of their own."
        )
        return self._problem(row, "row.period", "payGroup, periodEndDate", value, text)

    def duplicate(self, row: GlRow) -> Problem:
        """A row whose number was delivered before in its block."""
        return self._problem(
            row,
            "row.duplicate",
            "systemId",
            str(row.systemId),
            f"Block {row.blockId} holds this row number twice.",
        )

    def _currency(self, company: str) -> str | None:
        """Of a company that is read."""
        if company not in self._currencies:
            self._currencies[company] = self.currency_of(company) if company and self.takes(company) else None
        return self._currencies[company]

    def _minor(self, row: GlRow, currency: str) -> int | Problem:
        debit, credit = row.debitAmt, row.creditAmt
        if not isinstance(debit, Decimal) or not isinstance(credit, Decimal):
            for name, value in (("debitAmt", debit), ("creditAmt", credit)):
                if value is not None and not isinstance(value, Decimal):
                    return self._problem(row, "amount.missing", name, "missing", "The row lacks the field.")
            if debit is None and credit is None:
                return self._problem(
                    row, "amount.missing", "debitAmt, creditAmt", "null", "The row has no amount."
                )
            debit = debit if isinstance(debit, Decimal) else _NO_AMOUNT
            credit = credit if isinstance(credit, Decimal) else _NO_AMOUNT
        if debit and credit and debit.is_finite() and credit.is_finite():
            both = f"{shown(debit)} and {shown(credit)}"
            return self._problem(
                row,
                "amount.both_sides",
                "debitAmt, creditAmt",
                both,
                "A row is a debit or a credit, not both.",
            )
        try:
            if credit and debit.is_finite():
                return -minor_of(credit, currency)
            return minor_of(debit, currency)
        except AmountError as error:
            name, value = ("creditAmt", credit) if credit and debit.is_finite() else ("debitAmt", debit)
            return self._problem(row, "amount.invalid", name, shown(value), f"{_sentence(error)}.")

    def _new_place(self, key: tuple[str | None, ...], company: str, account: str, currency: str) -> _Place:
        """The place of the rows with these company, account and codes, kept for the next of them."""
        if len(self._places) >= _PLACES_MAX:
            self._places.clear()
        place = _Place(
            company=intern(company),
            account=intern(account),
            currency=currency,
            dimensions=axes(dict(zip(AXES, key[2:], strict=True))),
        )
        return self._places.setdefault(tuple(text and intern(text) for text in key), place)

    def _problem(self, row: GlRow, code: str, name: str, value: str, why: str) -> Problem:
        where = f"run {self.reference}, block {row.blockId}, row {row.systemId}: {name}"
        return Problem(code, where, f"{name} is {shown(value)}. {why} {REMEDY}", Owner.PAYROLL)


AXES = ("org_level_1", "org_level_2", "org_level_3", "org_level_4", "location", "project", "job_code")


def axes(codes: Mapping[str, str | None]) -> Dimensions:
    """Dimensions of the codes that are not empty, trimmed."""
    return dimensions({axis: (code or "").strip() for axis, code in codes.items()})


def _sentence(error: AmountError) -> str:
    text = str(error)
    return (
        text[:1].upper() + text[1:] if len(text) <= 200 else "It is not an amount of money that can be kept"
    )
