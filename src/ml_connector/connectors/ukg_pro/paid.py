"""Whom a pay run of the general ledger paid: first row of the run → its pay period → the pay register of it.
Of a check only its id, its worker and its company are decoded.

A check that was voided, and the record that takes it back, pay nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ml_connector.connectors.ukg_pro import client, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.errors import Refused

YES = (True, "Y", "true")


class UkgPaid:
    """As `ports.paid.PaidWorkers`."""

    def __init__(
        self, options: Options, ukg: UkgClient, pay_period: Callable[[str], wire.PayPeriodRow]
    ) -> None:
        self._options, self._ukg, self._pay_period = options, ukg, pay_period

    def paid(self, reference: str) -> Mapping[str, frozenset[str]]:
        """Of the companies that the connection reads. Raises `Refused` where the register holds no check."""
        period = self._pay_period(reference)
        query = {"payGroup": period.payGroup, "periodControl": period.periodControl}
        checks = list(self._ukg.rows(client.PAY_REGISTER, wire.PaidCheck, query, ahead=True))
        if not checks:
            text = (
                f"The pay register holds no checks of pay period {period.periodControl}, so nobody is known"
                " to be paid. Check whether the payroll was undone."
            )
            raise Refused(text, where="pay register", code="register.empty")
        taken_back = {check.checkId for check in checks if check.isVoidingRecord in YES}
        standing = [
            check
            for check in checks
            if check.isVoided not in YES
            and check.isVoidingRecord not in YES
            and check.checkId not in taken_back
        ]
        codes = {company.companyID: company.companyCode.strip() for company in self._ukg.companies()}
        found: dict[str, set[str]] = {}
        for check in standing:
            company = codes.get(check.companyId, check.companyId)
            if self._options.takes(company):
                found.setdefault(company, set()).add(check.employeeId)
        return {company: frozenset(keys) for company, keys in sorted(found.items())}
