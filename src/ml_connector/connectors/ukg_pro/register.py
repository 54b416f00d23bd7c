"""Control totals of a pay run from the pay register: the second source that a journal is tied to.

Voids are counted as UKG lists them: the voided check stays, its counter-record takes it back. Employer taxes
stand in no register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from ml_connector.connectors.ukg_pro.translate import shown
from ml_connector.connectors.ukg_pro.wire import Check
from ml_connector.domain.money import AmountError, Money, minor_of
from ml_connector.domain.payroll import RegisterTotals
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused, VendorChanged

_AMOUNTS = ("totalEarningsAmount", "totalDeductionAmount", "totalTaxAmount", "netAmount")
_LEVELS = ("organizationLevel1", "organizationLevel2", "organizationLevel3", "organizationLevel4")


@dataclass(slots=True)
class Register:
    """Adds up the checks of one company; amounts in minor units, in the order of `_AMOUNTS`."""

    company: str
    currency: str
    sums: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    workers: set[str] = field(default_factory=set)
    codes: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def add(self, check: Check) -> None:
        """Count the check. Raises `Refused` for an amount that is no money or a currency that differs from
        the setting.
        """
        if check.currencyCode and check.currencyCode != self.currency:
            text = (
                f"Check {check.checkId} is in {check.currencyCode}, and the connection has {self.currency}"
                f" for {self.company}. Correct the setting."
            )
            raise Refused(text, where="currency", code="run.currency")
        for place, name in enumerate(_AMOUNTS):
            value: Decimal = getattr(check, name)
            try:
                self.sums[place] += minor_of(value, self.currency)
            except AmountError as error:
                text = (
                    f"{name} of check {check.checkId} is {shown(value)}, which is no amount in"
                    f" {self.currency}. Correct the check in UKG."
                )
                raise Refused(
                    text, where=name, support=str(error)[:500], owner=Owner.PAYROLL, code="register.amount"
                ) from error
        self.workers.add(check.employeeId)
        for level, name in enumerate(_LEVELS, 1):
            code = (getattr(check, name) or "").strip()
            if code:
                self.codes.setdefault((f"org_level_{level}", code), set()).add(check.employeeId)

    def totals(self) -> RegisterTotals:
        """The totals so far."""
        gross, deductions, taxes, net = (Money.from_minor(minor, self.currency) for minor in self.sums)
        by_code = tuple((axis, code, len(workers)) for (axis, code), workers in sorted(self.codes.items()))
        return RegisterTotals(
            company=self.company,
            gross=gross,
            deductions=deductions,
            employee_taxes=taxes,
            net=net,
            workers=len(self.workers),
            workers_by_code=by_code,
        )


def control_totals(
    checks: Iterable[Check],
    company_of: Callable[[str], str],
    currency_of: Callable[[str], str],
    takes: Callable[[str], bool],
    companies: Iterable[str],
) -> tuple[RegisterTotals, ...]:
    """Totals per company, sorted by code; a company of `companies` without a check has totals of zero.

    `company_of` gives the code for UKG's company id, `currency_of` the currency set for it. A check listed
    twice by drifting pages counts once. Raises `Refused` for no check at all, `VendorChanged` for a check
    that changed while it was read.
    """
    registers = {company: Register(company, currency_of(company)) for company in companies}
    seen: dict[tuple[str, bool], int] = {}
    for check in checks:
        key = (check.checkId, check.isVoidingRecord in (True, "Y", "true"))
        content = hash(check)
        if key in seen:
            if seen[key] != content:
                text = (
                    f"Check {check.checkId} came twice with different content while the register was read."
                    " Read the run again."
                )
                raise VendorChanged(text, where="pay register")
            continue
        seen[key] = content
        company = company_of(check.companyId)
        if not takes(company):
            continue
        if company not in registers:
            registers[company] = Register(company, currency_of(company))
        registers[company].add(check)
    if not seen:
        text = (
            "The pay register holds no checks of this pay period, so the run could not be reconciled with"
            " it. Check whether the payroll was undone. If this run has no "
        )
        raise Refused(
            text + "checks by intent, turn the register off in the connection.",
            where="pay register",
            code="register.empty",
        )
    return tuple(registers[company].totals() for company in sorted(registers))
