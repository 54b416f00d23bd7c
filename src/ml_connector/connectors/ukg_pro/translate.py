"""From UKG's general-ledger rows to distributions: pure, and cheap enough for a million rows.

Debit positive, credit negative, exactly as UKG wrote the digits. A row that cannot be believed becomes a
`Problem` in its place; none is dropped, none is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ml_connector.connectors.ukg_pro.wire import GlRow
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem

REMEDY = "Correct it in UKG and run the general-ledger step again; nothing of this run is posted until then."
_CACHE_MAX = 100_000
_SHOWN = 40
_NO_AMOUNT = Decimal(0)


def shown(value: object) -> str:
    """A value as a text shows it, cut short."""
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@dataclass(slots=True, kw_only=True)
class GlTranslator:
    """Translates the rows of one run. `currency_of` raises for a company without one; `whole_account` chooses
    the account field.
    """

    reference: str
    pay_group: str
    period_end: str
    currency_of: Callable[[str], str]
    takes: Callable[[str], bool]
    whole_account: bool = False
    _dimensions: dict[tuple[str | None, ...], Dimensions] = field(default_factory=dict)
    _currencies: dict[str, str | None] = field(default_factory=dict)
    _strange: set[tuple[str, str]] = field(default_factory=set)

    def row(self, row: GlRow, odd: tuple[str, str] | None = None) -> Distribution | Problem | None:
        """The row as a distribution, what is wrong with it, or `None` for a company that the connection does
        not read.
        """
        company = (row.companyCode or "").strip()
        if company not in self._currencies:
            self._currencies[company] = self.currency_of(company) if company and self.takes(company) else None
        currency = self._currencies[company]
        if currency is None:
            return (
                None
                if company
                else self._problem(row, "row.company", "companyCode", "empty", "The row names no company.")
            )
        if odd is not None:
            return self._problem(row, "amount.unreadable", odd[0], odd[1], "It cannot be read.")
        if row.runId != self.reference:
            return self._problem(row, "row.run", "runId", row.runId, "The row belongs to another run.")
        amount = self._amount(row, currency)
        if isinstance(amount, Problem):
            return amount
        account = (row.generalLedgerAccount if self.whole_account else row.baseSegment) or ""
        account = account.strip()
        if not account:
            name = "generalLedgerAccount" if self.whole_account else "baseSegment"
            return self._problem(row, "row.account", name, "empty", "The row has no account.")
        return Distribution(
            company=company,
            account=account,
            amount=amount,
            dimensions=self._axes(row),
            pay_code=None,
            origin=f"{row.runId}/{row.blockId}/{row.systemId}",
            side="credit" if row.creditAmt else "debit",
        )

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

    def _amount(self, row: GlRow, currency: str) -> Money | Problem:
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
            return Money(credit.copy_negate() if credit and debit.is_finite() else debit, currency)
        except AmountError as error:
            name, value = ("creditAmt", credit) if credit and debit.is_finite() else ("debitAmt", debit)
            return self._problem(row, "amount.invalid", name, shown(value), f"{_sentence(error)}.")

    def _axes(self, row: GlRow) -> Dimensions:
        key = (
            row.orgLevel1,
            row.orgLevel2,
            row.orgLevel3,
            row.orgLevel4,
            row.location,
            row.project,
            row.jobCode,
        )
        found = self._dimensions.get(key)
        if found is None:
            if len(self._dimensions) >= _CACHE_MAX:
                self._dimensions.clear()
            found = self._dimensions[key] = axes(dict(zip(AXES, key, strict=True)))
        return found

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
